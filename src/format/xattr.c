// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes, long name prefixes and content fingerprints
 * (FORMAT.md section 6).
 *
 * Rules: one walker serves get, list and fingerprints. It holds one span at a
 * time and asks for a byte only when it needs it. The inline area bounds the
 * inline entries, the shared count bounds the shared ones. Full names are
 * compared: whether an entry uses a long prefix makes no difference.
 */
#include "internal.h"

#define ENTRY_HEAD	((u32)sizeof(struct erofs_xattr_entry_ondisk))
#define IBODY_HEAD	((u32)sizeof(struct erofs_xattr_ibody_ondisk))

/* ---- Reading ------------------------------------------------------------- */

/* The span held at present: @len bytes from @pos of @space. */
struct cursor {
	struct erofs_source *src;
	struct erofs_span span;
	enum erofs_space space;
	bool held;
	u64 pos;
	u64 nid;
	struct erofs_diag *diag;
};

static void cursor_init(struct cursor *cur, struct erofs_source *src, u64 nid,
			struct erofs_diag *diag)
{
	cur->src = src;
	cur->space = EROFS_DEV;
	cur->held = false;
	cur->pos = 0;
	cur->nid = nid;
	cur->diag = diag;
}

static void cursor_release(struct cursor *cur)
{
	if (cur->held)
		cur->src->put(cur->src, &cur->span);
	cur->held = false;
}

/*
 * Make bytes at @pos readable: at least one, at most @len of them, never more
 * than one granule is asked for. *data and *have are good until the next call.
 */
static int cursor_get(struct cursor *cur, enum erofs_space space, u64 pos, size_t len,
		      const u8 **data, size_t *have)
{
	int err;

	if (!cur->held || cur->space != space || pos < cur->pos ||
	    pos - cur->pos >= cur->span.len) {
		cursor_release(cur);
		err = cur->src->get(cur->src, space, pos, erofs_granule_len(pos, len),
				    &cur->span);
		if (err)
			return erofs_source_fail(cur->diag, err, cur->nid, pos);
		cur->held = true;
		cur->space = space;
		cur->pos = pos;
	}
	*data = cur->span.data + (size_t)(pos - cur->pos);
	*have = (size_t)erofs_min64(cur->span.len - (pos - cur->pos), len);
	return 0;
}

static int cursor_read(struct cursor *cur, enum erofs_space space, u64 pos, void *buf, size_t len)
{
	u8 *dst = buf;

	while (len) {
		const u8 *data;
		size_t n;
		int err;

		err = cursor_get(cur, space, pos, len, &data, &n);
		if (err)
			return err;
		memcpy(dst, data, n);
		dst += n;
		pos += n;
		len -= n;
	}
	return 0;
}

/* Set *same when @len bytes at @pos equal those at @bytes. */
static int cursor_equal(struct cursor *cur, enum erofs_space space, u64 pos, const char *bytes,
			size_t len, bool *same)
{
	*same = false;
	while (len) {
		const u8 *data;
		size_t n;
		int err;

		err = cursor_get(cur, space, pos, len, &data, &n);
		if (err)
			return err;
		if (memcmp(data, bytes, n))
			return 0;
		bytes += n;
		pos += n;
		len -= n;
	}
	*same = true;
	return 0;
}

/* ---- Walking ------------------------------------------------------------- */

/* An entry of section 6.2, its name in terms of short index, infix and suffix. */
struct entry {
	enum erofs_space space;
	u8 index;			/* short index; a long prefix is resolved */
	u8 infix_len;
	u8 suffix_len;
	bool skip;			/* padding, or its long prefix does not exist */
	u16 value_size;
	const char *infix;
	u64 suffix_pos;
};

/* All attributes of one inode, inline ones first. */
struct walk {
	struct cursor cur;
	const struct erofs_super *sb;
	const struct erofs_prefix *prefixes;
	u32 filter;
	u32 shared_count;
	u32 shared_nr;			/* next shared entry */
	u64 ids_pos;			/* the array of shared ids */
	u64 pos;			/* next inline entry */
	u64 end;			/* end of the inline area */
	enum erofs_space space;		/* of the inode */
};

/*
 * Section 6.1: read the header of a xattr area. After success the walk may hold
 * a span: finish with cursor_release().
 */
static int walk_open(struct walk *walk, struct erofs_source *src, const struct erofs_super *sb,
		     const struct erofs_prefix *prefixes, const struct erofs_inode *inode,
		     struct erofs_diag *diag)
{
	struct erofs_xattr_ibody_ondisk raw;
	u64 pos = inode->xattr_pos;
	int err;

	if (inode->xattr_size <= IBODY_HEAD)
		return erofs_fail(diag, EROFS_CHECK_XATTR_AREA, inode->nid, pos,
				  inode->xattr_size);

	cursor_init(&walk->cur, src, inode->nid, diag);
	walk->sb = sb;
	walk->prefixes = prefixes;
	walk->space = (enum erofs_space)inode->space;
	err = cursor_read(&walk->cur, walk->space, pos, &raw, sizeof(raw));
	if (err)
		return err;

	walk->filter = le32_to_cpu(raw.name_filter);
	walk->shared_count = raw.shared_count;
	walk->shared_nr = 0;
	walk->ids_pos = pos + IBODY_HEAD;
	walk->pos = walk->ids_pos + 4 * walk->shared_count;
	walk->end = pos + inode->xattr_size;
	if (walk->pos > walk->end) {
		cursor_release(&walk->cur);
		return erofs_fail(diag, EROFS_CHECK_XATTR_SHARED_COUNT, inode->nid, pos,
				  walk->shared_count);
	}
	return 0;
}

/* Section 6.6: what the name_index byte means. */
static void resolve_index(const struct walk *walk, u8 raw_index, struct entry *ent)
{
	const struct erofs_prefix *prefix;
	u32 nr = raw_index & EROFS_XATTR_LONG_PREFIX_MASK;

	ent->index = raw_index;
	ent->infix = NULL;
	ent->infix_len = 0;
	if (!(raw_index & EROFS_XATTR_LONG_PREFIX))
		return;
	if (!walk->prefixes || nr >= walk->sb->xattr_prefix_count) {
		ent->skip = true;
		return;
	}
	prefix = &walk->prefixes[nr];
	ent->index = prefix->base_index;
	ent->infix = prefix->infix;
	ent->infix_len = prefix->len;
}

/* Decode the entry at @pos; *size is the number of bytes it takes. */
static int read_entry(struct walk *walk, enum erofs_space space, u64 pos, struct entry *ent,
		      u32 *size)
{
	struct erofs_xattr_entry_ondisk raw;
	int err;

	err = cursor_read(&walk->cur, space, pos, &raw, sizeof(raw));
	if (err)
		return err;

	ent->space = space;
	ent->suffix_len = raw.name_len;
	ent->suffix_pos = pos + ENTRY_HEAD;
	ent->value_size = le16_to_cpu(raw.value_size);
	/* Four zero bytes are padding, not a hidden attribute without a name. */
	ent->skip = !raw.name_index && !raw.name_len && !raw.value_size;
	resolve_index(walk, raw.name_index, ent);
	*size = (ENTRY_HEAD + ent->suffix_len + ent->value_size + 3) & ~3U;
	return 0;
}

/* Section 6.4: where shared entry @nr is. */
static int locate_shared(struct walk *walk, u32 nr, enum erofs_space *space, u64 *pos)
{
	const struct erofs_super *sb = walk->sb;
	u64 id_pos = walk->ids_pos + 4 * (u64)nr;
	__le32 raw;
	int err;

	*pos = 0;
	*space = EROFS_DEV;
	if (sb->feature_compat & EROFS_COMPAT_SHARED_EA_IN_METABOX) {
		if (!sb->has_metabox)
			return erofs_fail(walk->cur.diag, EROFS_CHECK_XATTR_SHARED_SPACE,
					  walk->cur.nid, id_pos, sb->feature_compat);
		*space = EROFS_MBOX;
	}
	err = cursor_read(&walk->cur, walk->space, id_pos, &raw, sizeof(raw));
	if (err)
		return err;
	*pos = ((u64)sb->xattr_blkaddr << sb->blkszbits) + 4 * (u64)le32_to_cpu(raw);
	return 0;
}

/* The next entry that is not to be skipped. Return: 1 with *ent, 0 at the end, or an errno. */
static int walk_next(struct walk *walk, struct entry *ent)
{
	u32 size;
	int err;

	while (walk->pos < walk->end) {
		/* What remains is a multiple of 4, so an entry's head always fits. */
		err = read_entry(walk, walk->space, walk->pos, ent, &size);
		if (err)
			return err;
		if (size > walk->end - walk->pos)
			return erofs_fail(walk->cur.diag, EROFS_CHECK_XATTR_ENTRY, walk->cur.nid,
					  walk->pos, size);
		walk->pos += size;
		if (!ent->skip)
			return 1;
	}

	while (walk->shared_nr < walk->shared_count) {
		enum erofs_space space;
		u64 pos;

		err = locate_shared(walk, walk->shared_nr, &space, &pos);
		if (err)
			return err;
		walk->shared_nr++;
		err = read_entry(walk, space, pos, ent, &size);
		if (err)
			return err;
		if (!ent->skip)
			return 1;
	}
	return 0;
}

/* ---- Looking up ------------------------------------------------------------ */

/* Section 6.3: the filter's bit for a name. */
static u32 filter_bit(u8 index, const char *name, size_t namelen)
{
	return 1U << (erofs_xxh32(name, namelen, EROFS_XATTR_FILTER_SEED + index) & 31);
}

/* Set *same when @ent is the attribute (@index, @name). */
static int entry_matches(struct walk *walk, const struct entry *ent, u8 index, const char *name,
			 size_t namelen, bool *same)
{
	*same = false;
	if (ent->index != index || (size_t)ent->infix_len + ent->suffix_len != namelen)
		return 0;
	if (ent->infix_len && memcmp(ent->infix, name, ent->infix_len))
		return 0;
	return cursor_equal(&walk->cur, ent->space, ent->suffix_pos, name + ent->infix_len,
			    ent->suffix_len, same);
}

/* Position an open @walk on an attribute. Return: 0 with *ent, -ENODATA, or another errno. */
static int find_entry(struct walk *walk, u8 index, const char *name, size_t namelen,
		      struct entry *ent)
{
	bool same;
	int ret;

	if (walk->sb->xattr_filter && (walk->filter & filter_bit(index, name, namelen)))
		return -ENODATA;

	while ((ret = walk_next(walk, ent)) > 0) {
		ret = entry_matches(walk, ent, index, name, namelen, &same);
		if (ret)
			return ret;
		if (same)
			return 0;
	}
	return ret ? ret : -ENODATA;
}

static int read_value(struct walk *walk, const struct entry *ent, void *buf)
{
	return cursor_read(&walk->cur, ent->space, ent->suffix_pos + ent->suffix_len, buf,
			   ent->value_size);
}

/**
 * erofs_xattr_get - value of one attribute (section 6)
 * @src:   the inode's space and that of shared attributes are read
 * @sb:    the superblock
 * @prefixes: sb->xattr_prefix_count decoded prefixes, NULL if none
 * @inode: an inode that erofs_inode_read() accepted
 * @index: short index (section 6.2); 0 reaches hidden attributes
 * @name:  name without the short prefix, not terminated; empty for the ACL indexes
 * @namelen: bytes of @name
 * @buf:   receives the value
 * @size:  bytes of @buf; 0 asks for the length only
 * @diag:  named check on failure
 *
 * The name filter is consulted when it is valid. Inline attributes first, then
 * shared ones; the first match wins. Work is bounded by the inode's xattr area
 * and 255 shared attributes. Context: may sleep if the source's get() may.
 * Return: bytes of the value; -ENODATA; -ERANGE: @namelen over 255 or @size too
 * small; -EOPNOTSUPP: xattr area without entries; -EFSCORRUPTED; the source's
 * errno.
 */
int erofs_xattr_get(struct erofs_source *src, const struct erofs_super *sb,
		    const struct erofs_prefix *prefixes, const struct erofs_inode *inode,
		    u8 index, const char *name, size_t namelen, void *buf, size_t size,
		    struct erofs_diag *diag)
{
	struct walk walk;
	struct entry ent;
	int ret;

	if (namelen > EROFS_XATTR_NAME_MAX)
		return -ERANGE;
	if (!inode->xattr_size)
		return -ENODATA;
	ret = walk_open(&walk, src, sb, prefixes, inode, diag);
	if (ret)
		return ret;

	ret = find_entry(&walk, index, name, namelen, &ent);
	if (!ret && size) {
		if (ent.value_size > size)
			ret = -ERANGE;
		else
			ret = read_value(&walk, &ent, buf);
	}
	cursor_release(&walk.cur);
	return ret ? ret : ent.value_size;
}

/* ---- Listing --------------------------------------------------------------- */

/* Whether users can ask for attributes of this namespace with @len bytes of name. */
static bool index_is_visible(u8 index, u32 len)
{
	switch (index) {
	case EROFS_XATTR_INDEX_USER:
	case EROFS_XATTR_INDEX_TRUSTED:
	case EROFS_XATTR_INDEX_SECURITY:
		return len <= EROFS_XATTR_NAME_MAX;
	case EROFS_XATTR_INDEX_ACL_ACCESS:
	case EROFS_XATTR_INDEX_ACL_DEFAULT:
		return !len;
	default:
		return false;
	}
}

static bool has_nul(const char *bytes, u32 len)
{
	while (len--) {
		if (!*bytes++)
			return true;
	}
	return false;
}

/**
 * erofs_xattr_list - call @emit for every attribute with a visible namespace (section 6)
 * @src:   the inode's space and that of shared attributes are read
 * @sb:    the superblock
 * @prefixes: sb->xattr_prefix_count decoded prefixes, NULL if none
 * @inode: an inode that erofs_inode_read() accepted
 * @emit:  index: short index; name: the name after the short prefix, with the
 *	infix of a long prefix, not terminated, valid during the call. A span is
 *	held: @emit must not use @src. A negative return ends the walk.
 * @ctx:   handed to @emit
 * @diag:  named check on failure
 *
 * Inline ones first, then shared ones in array order; duplicates are repeated.
 * Left out: hidden, Lustre and unknown namespaces, padding, entries whose long
 * prefix does not exist, and names that nobody could ask for (ACLs with a name,
 * over 255 bytes, a NUL inside). Context: may sleep if the source's get() may;
 * under 600 bytes of stack. Return: 0; what @emit returned when negative;
 * -EOPNOTSUPP: xattr area without entries; -EFSCORRUPTED; the source's errno.
 */
int erofs_xattr_list(struct erofs_source *src, const struct erofs_super *sb,
		     const struct erofs_prefix *prefixes, const struct erofs_inode *inode,
		     int (*emit)(void *ctx, u8 index, const char *name, size_t namelen), void *ctx,
		     struct erofs_diag *diag)
{
	char name[EROFS_XATTR_NAME_MAX + 1];
	struct walk walk;
	struct entry ent;
	int ret;

	if (!inode->xattr_size)
		return 0;
	ret = walk_open(&walk, src, sb, prefixes, inode, diag);
	if (ret)
		return ret;

	while ((ret = walk_next(&walk, &ent)) > 0) {
		u32 len = (u32)ent.infix_len + ent.suffix_len;

		if (!index_is_visible(ent.index, len))
			continue;
		if (ent.infix_len)
			memcpy(name, ent.infix, ent.infix_len);
		ret = cursor_read(&walk.cur, ent.space, ent.suffix_pos, name + ent.infix_len,
				  ent.suffix_len);
		if (ret)
			break;
		if (has_nul(name, len))
			continue;
		ret = emit(ctx, ent.index, name, len);
		if (ret < 0)
			break;
	}
	cursor_release(&walk.cur);
	return ret;
}

/**
 * erofs_xattr_may_have_acl - cheap test for POSIX ACLs (section 6.3)
 * @src:   the inode's space is read
 * @sb:    the superblock
 * @inode: an inode that erofs_inode_read() accepted
 *
 * Context: may sleep if the source's get() may. Return: false when there is no
 * xattr, or when the name filter proves that there is no ACL; true otherwise, a
 * failure included: whoever asks for the ACL then learns about it.
 */
bool erofs_xattr_may_have_acl(struct erofs_source *src, const struct erofs_super *sb,
			      const struct erofs_inode *inode)
{
	struct walk walk;
	u32 acls;

	if (!inode->xattr_size)
		return false;
	if (!sb->xattr_filter || walk_open(&walk, src, sb, NULL, inode, NULL))
		return true;
	cursor_release(&walk.cur);
	acls = filter_bit(EROFS_XATTR_INDEX_ACL_ACCESS, "", 0) |
	       filter_bit(EROFS_XATTR_INDEX_ACL_DEFAULT, "", 0);
	return (walk.filter & acls) != acls;
}

/* ---- Long prefixes and fingerprints ------------------------------------------ */

/**
 * erofs_prefix_space - the address space of the prefix table (section 6.6)
 * @sb: the superblock
 *
 * Context: any. Return: the space.
 */
enum erofs_space erofs_prefix_space(const struct erofs_super *sb)
{
	if (sb->feature_compat & EROFS_COMPAT_PLAIN_XATTR_PFX)
		return EROFS_DEV;
	if (sb->has_metabox)
		return EROFS_MBOX;
	if (sb->has_packed)
		return EROFS_PACKED;
	return EROFS_DEV;
}

/**
 * erofs_prefix_read - decode one entry of the prefix table (section 6.6)
 * @src:    erofs_prefix_space() is read
 * @sb:     the superblock
 * @pos:    in: byte position of the entry (first call: sb->prefix_pos); out: end
 *	of the entry, where the next call goes on
 * @prefix: result
 * @diag:   named check on failure
 *
 * Context: may sleep if the source's get() may. Return: 0; -EFSCORRUPTED;
 * the source's errno.
 */
int erofs_prefix_read(struct erofs_source *src, const struct erofs_super *sb, u64 *pos,
		      struct erofs_prefix *prefix, struct erofs_diag *diag)
{
	enum erofs_space space = erofs_prefix_space(sb);
	u64 at = erofs_align(*pos, 4);
	__le16 raw_len;
	u32 len;
	int err;

	err = erofs_read(src, space, at, &raw_len, sizeof(raw_len));
	if (err)
		return erofs_source_fail(diag, err, 0, at);
	len = le16_to_cpu(raw_len);
	if (!len || len > 1 + EROFS_XATTR_NAME_MAX)
		return erofs_fail(diag, EROFS_CHECK_XATTR_PREFIX_LEN, 0, at, len);

	at += sizeof(raw_len);
	err = erofs_read(src, space, at, &prefix->base_index, 1);
	if (!err)
		err = erofs_read(src, space, at + 1, prefix->infix, len - 1);
	if (err)
		return erofs_source_fail(diag, err, 0, at);
	prefix->len = (u8)(len - 1);
	*pos = at + len;
	return 0;
}

/*
 * A file that was copied with its attributes, and changed, may have an old digest besides that of its
 * content: nothing tells which one is which. Return: 0: there is no other value; -ENODATA; another errno.
 */
static int only_value(struct walk *walk, const struct erofs_prefix *prefix, const void *value,
		      u32 size)
{
	struct entry ent;
	int ret;

	while (!(ret = find_entry(walk, prefix->base_index, prefix->infix, prefix->len, &ent))) {
		bool same = ent.value_size == size;

		if (same)
			ret = cursor_equal(&walk->cur, ent.space, ent.suffix_pos + ent.suffix_len,
					   value, size, &same);
		if (ret)
			return ret;
		if (!same)
			return -ENODATA;
	}
	return ret == -ENODATA ? 0 : ret;
}

/**
 * erofs_fingerprint_get - content fingerprint of an inode (section 6.8)
 * @src:   the inode's space and that of shared attributes are read
 * @sb:    the superblock
 * @prefixes: sb->xattr_prefix_count decoded prefixes
 * @inode: an inode that erofs_inode_read() accepted
 * @buf:   receives the fingerprint
 * @size:  bytes of @buf
 * @diag:  named check on failure
 *
 * The value of the attribute that prefix sb->ishare_prefix_id names. Context:
 * may sleep if the source's get() may. Return: its length, 1..block size;
 * -ENODATA when the image or the inode has none, its length is out of bounds, or
 * there are two that differ; -ERANGE when @size is too small; otherwise as erofs_xattr_get().
 */
int erofs_fingerprint_get(struct erofs_source *src, const struct erofs_super *sb,
			  const struct erofs_prefix *prefixes, const struct erofs_inode *inode,
			  void *buf, size_t size, struct erofs_diag *diag)
{
	const struct erofs_prefix *prefix;
	struct walk walk;
	struct entry ent;
	int ret;

	if (!sb->has_ishare || !prefixes || !inode->xattr_size)
		return -ENODATA;
	prefix = &prefixes[sb->ishare_prefix_id];
	ret = walk_open(&walk, src, sb, prefixes, inode, diag);
	if (ret)
		return ret;

	ret = find_entry(&walk, prefix->base_index, prefix->infix, prefix->len, &ent);
	if (!ret) {
		if (!ent.value_size || ent.value_size > 1U << sb->blkszbits)
			ret = -ENODATA;
		else if (ent.value_size > size)
			ret = -ERANGE;
		else
			ret = read_value(&walk, &ent, buf);
	}
	if (!ret)
		ret = only_value(&walk, prefix, buf, ent.value_size);
	cursor_release(&walk.cur);
	return ret ? ret : ent.value_size;
}
