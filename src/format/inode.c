// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes (FORMAT.md section 3).
 *
 * Rules: what this file accepts needs no second look. Flat layouts have all
 * their blocks, tails and tables inside the address space, so that erofs_map()
 * only has to add. The xattr area is located but not read: most inodes are
 * never asked for an attribute.
 */
#include "internal.h"

#define NSEC_PER_SECOND		1000000000U

/* Both forms begin alike; the second half of a compact one stays unused. */
union raw_inode {
	struct erofs_inode_compact c;
	struct erofs_inode_extended e;
	u8 bytes[sizeof(struct erofs_inode_extended)];
};

/* Section 3.1: the byte position of a node id in its space. */
static int locate_inode(const struct erofs_super *sb, u64 nid, enum erofs_space *space, u64 *pos,
			struct erofs_diag *diag)
{
	u64 slot = nid & ~EROFS_NID_METABOX;
	u64 base = 0;

	*pos = 0;
	*space = EROFS_DEV;
	if (nid & EROFS_NID_METABOX) {
		if (!sb->has_metabox)
			return erofs_fail(diag, EROFS_CHECK_INODE_NO_METABOX, nid, 0, nid);
		*space = EROFS_MBOX;
	} else {
		base = (u64)sb->meta_blkaddr << sb->blkszbits;
	}

	if (slot > (EROFS_POS_MAX - base - sizeof(union raw_inode)) >> EROFS_NID_SLOT_BITS)
		return erofs_fail(diag, EROFS_CHECK_INODE_NID, nid, base, nid);
	*pos = base + (slot << EROFS_NID_SLOT_BITS);
	return 0;
}

/* One span for a compact inode, at most two for an extended one. */
static int load_inode(struct erofs_source *src, enum erofs_space space, u64 nid, u64 pos,
		      union raw_inode *raw, bool *extended, struct erofs_diag *diag)
{
	struct erofs_span span;
	size_t have;
	int err;

	*extended = false;
	err = src->get(src, space, pos, sizeof(raw->c), &span);
	if (err)
		return erofs_source_fail(diag, err, nid, pos);
	have = (size_t)erofs_min64(span.len, sizeof(raw->e));
	memcpy(raw->bytes, span.data, have);
	src->put(src, &span);

	*extended = le16_to_cpu(raw->c.i_format) & EROFS_I_EXTENDED;
	if (*extended && have < sizeof(raw->e)) {
		err = erofs_read(src, space, pos + sizeof(raw->c),
				 raw->bytes + sizeof(raw->c), sizeof(raw->e) - sizeof(raw->c));
		if (err)
			return erofs_source_fail(diag, err, nid, pos + sizeof(raw->c));
	}
	return 0;
}

/* Section 4.1 and 4.2: blocks and tail of a flat layout. */
static int decode_flat(const struct erofs_super *sb, struct erofs_inode *inode, u64 pos,
		       u32 lo, u32 hi, bool have_hi, struct erofs_diag *diag)
{
	u64 nblk = erofs_ceil_shift(inode->size, sb->blkszbits);
	u32 blksize = 1U << sb->blkszbits;
	u64 tail;

	inode->startblk = lo | (u64)hi << 32;
	if (inode->layout == EROFS_LAYOUT_FLAT_PLAIN) {
		inode->flat_hole = lo == 0xffffffffU && (!have_hi || hi == 0xffffU);
		if (inode->flat_hole)
			return 0;
	} else if (nblk) {
		nblk--;
		tail = inode->size - (nblk << sb->blkszbits);
		if ((inode->tail_pos & (blksize - 1)) + tail > blksize)
			return erofs_fail(diag, EROFS_CHECK_INODE_TAIL, inode->nid, pos,
					  inode->tail_pos);
	}

	if (nblk && inode->startblk + nblk > EROFS_POS_MAX >> sb->blkszbits)
		return erofs_fail(diag, EROFS_CHECK_INODE_STARTBLK, inode->nid, pos,
				  inode->startblk);
	return 0;
}

/* Section 4.3: chunk format and the place of the chunk table. */
static int decode_chunked(const struct erofs_super *sb, struct erofs_inode *inode, u64 pos,
			  u16 format, struct erofs_diag *diag)
{
	u32 unit = format & EROFS_CHUNK_INDEXES ? sizeof(struct erofs_chunk_index)
						: sizeof(__le32);
	u64 table, chunks;

	if (format & ~EROFS_CHUNK_ALL)
		return erofs_fail(diag, EROFS_CHECK_CHUNK_FORMAT, inode->nid, pos, format);

	inode->chunk_format = format;
	inode->chunk_bits = sb->blkszbits + (format & EROFS_CHUNK_BITS_MASK);

	/* At most 2^54 chunks of 2^9 bytes: neither product nor sum can wrap. */
	chunks = erofs_ceil_shift(inode->size, inode->chunk_bits);
	table = erofs_align(inode->tail_pos, unit);
	if (table + chunks * unit > EROFS_POS_MAX)
		return erofs_fail(diag, EROFS_CHECK_CHUNK_TABLE, inode->nid, table, chunks);
	return 0;
}

/* Section 3.6: what i_u and the high bits of i_nb mean. */
static int decode_data(const struct erofs_super *sb, struct erofs_inode *inode, u64 pos, u32 u,
		       u32 hi, bool have_hi, struct erofs_diag *diag)
{
	switch (inode->layout) {
	case EROFS_LAYOUT_FLAT_PLAIN:
	case EROFS_LAYOUT_FLAT_INLINE:
		return decode_flat(sb, inode, pos, u, hi, have_hi, diag);
	case EROFS_LAYOUT_CHUNK_BASED:
		return decode_chunked(sb, inode, pos, (u16)u, diag);
	default:
		if (!sb->algorithms)
			return erofs_fail(diag, EROFS_CHECK_INODE_COMPRESSED, inode->nid, pos,
					  inode->layout);
		inode->blocks = u | (u64)hi << 32;
		return 0;
	}
}

/* Section 3.7: no data, whatever size and layout say. */
static void decode_special(struct erofs_inode *inode, u32 u)
{
	u16 type = inode->mode & EROFS_S_IFMT;

	inode->size = 0;
	inode->layout = EROFS_LAYOUT_FLAT_PLAIN;
	inode->flat_hole = true;
	if (type == EROFS_S_IFCHR || type == EROFS_S_IFBLK) {
		inode->rdev_major = (u >> 8) & 0xfff;
		inode->rdev_minor = (u & 0xff) | ((u >> 12) & 0xfff00);
	}
}

static bool mode_is_known(u16 mode)
{
	switch (mode & EROFS_S_IFMT) {
	case EROFS_S_IFREG:
	case EROFS_S_IFDIR:
	case EROFS_S_IFLNK:
	case EROFS_S_IFCHR:
	case EROFS_S_IFBLK:
	case EROFS_S_IFIFO:
	case EROFS_S_IFSOCK:
		return true;
	default:
		return false;
	}
}

/**
 * erofs_inode_read - read and verify one inode (section 3)
 * @src:   EROFS_DEV or EROFS_MBOX is read, as the node id says
 * @sb:    the superblock
 * @nid:   node id
 * @inode: result; undefined after a failure
 * @diag:  named check on failure
 *
 * Special files come out with size 0 and layout FLAT_PLAIN. Compressed layouts
 * are decoded, their maps are not looked at. Reads 32 bytes, or 64 for an
 * extended inode. Context: may sleep if the source's get() may. Return: 0;
 * -EOPNOTSUPP: reserved format bits or unknown layout; -EFSCORRUPTED; the
 * source's errno (-EIO for a node id past the end of its space).
 */
int erofs_inode_read(struct erofs_source *src, const struct erofs_super *sb, u64 nid,
		     struct erofs_inode *inode, struct erofs_diag *diag)
{
	union raw_inode raw;
	enum erofs_space space;
	bool extended, is_dir, have_hi;
	u32 u, hi, icount, isize;
	u16 format, nb;
	u64 pos;
	int err;

	err = locate_inode(sb, nid, &space, &pos, diag);
	if (err)
		return err;
	err = load_inode(src, space, nid, pos, &raw, &extended, diag);
	if (err)
		return err;

	format = le16_to_cpu(raw.c.i_format);
	if (format & ~EROFS_I_ALL)
		return erofs_fail(diag, EROFS_CHECK_INODE_FORMAT, nid, pos, format);

	memset(inode, 0, sizeof(*inode));
	inode->nid = nid;
	inode->space = space;
	inode->layout = (format >> EROFS_I_LAYOUT_SHIFT) & EROFS_I_LAYOUT_MASK;
	if (inode->layout >= EROFS_LAYOUT_COUNT)
		return erofs_fail(diag, EROFS_CHECK_INODE_LAYOUT, nid, pos, inode->layout);
	inode->mode = le16_to_cpu(raw.c.i_mode);
	if (!mode_is_known(inode->mode))
		return erofs_fail(diag, EROFS_CHECK_INODE_MODE, nid, pos, inode->mode);

	is_dir = (inode->mode & EROFS_S_IFMT) == EROFS_S_IFDIR;
	inode->dot_omitted = is_dir && (format & EROFS_I_BIT4);
	nb = le16_to_cpu(raw.c.i_nb);
	if (extended) {
		isize = sizeof(raw.e);
		u = le32_to_cpu(raw.e.i_u);
		have_hi = true;
		inode->size = le64_to_cpu(raw.e.i_size);
		inode->uid = le32_to_cpu(raw.e.i_uid);
		inode->gid = le32_to_cpu(raw.e.i_gid);
		inode->nlink = le32_to_cpu(raw.e.i_nlink);
		inode->mtime = (s64)le64_to_cpu(raw.e.i_mtime);
		inode->mtime_nsec = le32_to_cpu(raw.e.i_mtime_nsec);
	} else {
		isize = sizeof(raw.c);
		u = le32_to_cpu(raw.c.i_u);
		/* Section 3.5: i_nb is either the link count or high address bits. */
		have_hi = !is_dir && (format & EROFS_I_BIT4);
		inode->size = le32_to_cpu(raw.c.i_size);
		inode->uid = le16_to_cpu(raw.c.i_uid);
		inode->gid = le16_to_cpu(raw.c.i_gid);
		inode->nlink = have_hi ? 1 : nb;
		inode->mtime = (s64)((u64)sb->epoch + le32_to_cpu(raw.c.i_mtime));
		inode->mtime_nsec = sb->fixed_nsec;
	}
	hi = have_hi ? nb : 0;

	if (inode->size > EROFS_POS_MAX)
		return erofs_fail(diag, EROFS_CHECK_INODE_SIZE, nid, pos, inode->size);
	if (inode->mtime_nsec >= NSEC_PER_SECOND)
		return erofs_fail(diag, EROFS_CHECK_INODE_NSEC, nid, pos, inode->mtime_nsec);

	/* Section 3.9 */
	icount = le16_to_cpu(raw.c.i_xattr_icount);
	if (icount)
		inode->xattr_size = sizeof(struct erofs_xattr_ibody_ondisk) + 4 * (icount - 1);
	inode->xattr_pos = pos + isize;
	inode->tail_pos = inode->xattr_pos + inode->xattr_size;
	if (inode->tail_pos > EROFS_POS_MAX)
		return erofs_fail(diag, EROFS_CHECK_INODE_XATTR_AREA, nid, inode->xattr_pos,
				  inode->xattr_size);

	if (!erofs_mode_has_data(inode->mode)) {
		decode_special(inode, u);
		return 0;
	}
	return decode_data(sb, inode, pos, u, hi, have_hi, diag);
}

/**
 * erofs_role_check - verify the type of an inode that the superblock names
 *	(section 1.1, check 11)
 * @inode: the inode
 * @role:  what it is used as
 * @diag:  named check on failure
 *
 * Context: any. Return: 0; -EINVAL: the root is not a directory; -EFSCORRUPTED:
 * the packed or metabox inode is not a regular file.
 */
int erofs_role_check(const struct erofs_inode *inode, enum erofs_role role,
		     struct erofs_diag *diag)
{
	static const struct {
		u16 type;
		u16 check;
	} want[] = {
		[EROFS_ROLE_ROOT]	= { EROFS_S_IFDIR, EROFS_CHECK_ROLE_ROOT },
		[EROFS_ROLE_PACKED]	= { EROFS_S_IFREG, EROFS_CHECK_ROLE_PACKED },
		[EROFS_ROLE_METABOX]	= { EROFS_S_IFREG, EROFS_CHECK_ROLE_METABOX },
	};

	if ((inode->mode & EROFS_S_IFMT) == want[role].type)
		return 0;
	return erofs_fail(diag, (enum erofs_check)want[role].check, inode->nid, 0, inode->mode);
}

/**
 * erofs_ino - st_ino of a node id, of inodes and directory entries alike (section 3.8)
 * @sb:  the superblock
 * @nid: node id
 *
 * Context: any. Return: the inode number.
 */
u64 erofs_ino(const struct erofs_super *sb, u64 nid)
{
	if (!sb->has_metabox)
		return nid;
	return ((nid << 1) & 0xffffffff00000000ULL) | (nid & 0x7fffffffULL) | ((nid >> 63) << 31);
}

/**
 * erofs_st_blocks - st_blocks (section 10)
 * @sb:    the superblock
 * @inode: the inode
 *
 * Context: any. Return: units of 512 bytes.
 */
u64 erofs_st_blocks(const struct erofs_super *sb, const struct erofs_inode *inode)
{
	u64 blocks = inode->blocks;

	if (!erofs_inode_compressed(inode))
		blocks = erofs_ceil_shift(inode->size, sb->blkszbits);
	return blocks << (sb->blkszbits - 9);
}

/**
 * erofs_symlink_check - verify a complete symlink target (section 3.10)
 * @inode:  the symlink, for the diagnostics
 * @target: @len bytes, not terminated; not looked at when @len is out of range,
 *	so a caller may pass NULL with inode->size before it reads anything
 * @len:    bytes
 * @diag:   named check on failure
 *
 * Context: any. Return: 0, or -EFSCORRUPTED (empty, 4096 bytes or more, NUL inside).
 */
int erofs_symlink_check(const struct erofs_inode *inode, const void *target, size_t len,
			struct erofs_diag *diag)
{
	const char *p = target;
	size_t i;

	if (!len || len >= EROFS_SYMLINK_MAX)
		return erofs_fail(diag, EROFS_CHECK_LINK_SIZE, inode->nid, 0, len);
	if (!p)
		return 0;
	for (i = 0; i < len; i++) {
		if (!p[i])
			return erofs_fail(diag, EROFS_CHECK_LINK_NUL, inode->nid, i, i);
	}
	return 0;
}
