// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directory blocks and name lookup (FORMAT.md section 5).
 *
 * Rules: a block is verified entry by entry, as entries are used: a damaged
 * entry does not hide the healthy ones before it. Nothing here trusts the
 * order of names for anything but finding them.
 */
#include "internal.h"

#define DIRENT_SIZE	((u32)sizeof(struct erofs_dirent_ondisk))

static const struct erofs_dirent_ondisk *dirent_at(const struct erofs_dirblock *db, u32 index)
{
	return (const struct erofs_dirent_ondisk *)(db->data + index * DIRENT_SIZE);
}

static u32 nameoff_at(const struct erofs_dirblock *db, u32 index)
{
	return le16_to_cpu(dirent_at(db, index)->nameoff);
}

/**
 * erofs_dirblock_open - verify the head of a directory block and count its entries
 *	(section 5)
 * @db:   result; refers to @data, which has to stay
 * @data: the block
 * @len:  valid bytes: min(@blksize, directory size - @pos)
 * @blksize: bytes of a full block
 * @nid:  the directory, for diagnostics
 * @pos:  byte position of the block in the directory, for diagnostics
 * @diag: named check on failure
 *
 * Context: any. Return: 0 with db->count at least 1, or -EFSCORRUPTED.
 */
int erofs_dirblock_open(struct erofs_dirblock *db, const void *data, u32 len, u32 blksize,
			u64 nid, u64 pos, struct erofs_diag *diag)
{
	u32 first;

	db->data = data;
	db->len = len;
	db->count = 0;
	db->nid = nid;
	db->pos = pos;

	if (len < DIRENT_SIZE)
		return erofs_fail(diag, EROFS_CHECK_DIR_NAMEOFF0, nid, pos, len);
	first = nameoff_at(db, 0);
	if (!first || first >= blksize || first > len || first % DIRENT_SIZE)
		return erofs_fail(diag, EROFS_CHECK_DIR_NAMEOFF0, nid, pos, first);
	db->count = first / DIRENT_SIZE;
	return 0;
}

/* End of the last name: the first NUL, or the end of the block. */
static u32 last_name_end(const struct erofs_dirblock *db, u32 start)
{
	/* One byte more than a name may have tells "too long" from "fits". */
	u32 max = (u32)erofs_min64(db->len, start + EROFS_NAME_LEN + 1);
	u32 end = start;

	while (end < max && db->data[end])
		end++;
	return end;
}

/* Why locate_name() refused entry @index. */
static int name_fail(const struct erofs_dirblock *db, u32 index, u32 start, u32 end,
		     struct erofs_diag *diag)
{
	u64 pos = db->pos + (u64)index * DIRENT_SIZE;

	if (start < db->count * DIRENT_SIZE || start >= db->len)
		return erofs_fail(diag, EROFS_CHECK_DIR_NAMEOFF, db->nid, pos, start);
	if (end > db->len)
		return erofs_fail(diag, EROFS_CHECK_DIR_NAMEOFF, db->nid, pos + DIRENT_SIZE, end);
	return erofs_fail(diag, EROFS_CHECK_DIR_NAMELEN, db->nid, pos, end - start);
}

/*
 * Where the name of entry @index is. Says nothing about the bytes of the name.
 * Inlined: a lookup does this for every name it compares with.
 */
static __erofs_inline int locate_name(const struct erofs_dirblock *db, u32 index, u32 *off,
				      u32 *len, struct erofs_diag *diag)
{
	u32 start = nameoff_at(db, index), end;

	if (index + 1 < db->count)
		end = nameoff_at(db, index + 1);
	else
		end = start < db->len ? last_name_end(db, start) : start;
	/* All are below 64 Ki: a decreasing offset comes out above the limit. */
	if (start < db->count * DIRENT_SIZE || start >= db->len || end > db->len ||
	    end - start - 1 >= EROFS_NAME_LEN)
		return name_fail(db, index, start, end, diag);
	*off = start;
	*len = end - start;
	return 0;
}

static void fill_dirent(const struct erofs_dirblock *db, u32 index, u32 off, u32 len,
			struct erofs_dirent *de)
{
	const struct erofs_dirent_ondisk *raw = dirent_at(db, index);

	de->nid = le64_to_cpu(raw->nid);
	de->name = (const char *)db->data + off;
	de->namelen = len;
	de->type = raw->file_type <= EROFS_FT_LNK ? raw->file_type : EROFS_FT_UNKNOWN;
}

#define BYTES_OF(c)	(0x0101010101010101ULL * (c))

/* Is one of the eight bytes of @v zero? */
static bool has_zero(u64 v)
{
	return (v - BYTES_OF(0x01)) & ~v & BYTES_OF(0x80);
}

/*
 * Position of the first byte that no name may have; @len if there is none.
 * Eight bytes at a time: readdir does this for every entry.
 */
static u32 bad_byte(const u8 *name, u32 len)
{
	u32 i = 0;
	u64 v;

	for (; len - i >= sizeof(v); i += sizeof(v)) {
		memcpy(&v, name + i, sizeof(v));
		if (has_zero(v) || has_zero(v ^ BYTES_OF('/')))
			break;
	}
	while (i < len && name[i] && name[i] != '/')
		i++;
	return i;
}

/**
 * erofs_dirblock_entry - decode and verify one entry (section 5)
 * @db:    an open block
 * @index: < db->count
 * @de:    result; de->name points into the block
 * @diag:  named check on failure
 *
 * Names with '/' or NUL are refused; "." and ".." are names like others.
 * Context: any. Return: 0 or -EFSCORRUPTED.
 */
int erofs_dirblock_entry(const struct erofs_dirblock *db, u32 index, struct erofs_dirent *de,
			 struct erofs_diag *diag)
{
	u32 off = 0, len = 0, bad;
	int err;

	err = locate_name(db, index, &off, &len, diag);
	if (err)
		return err;
	bad = bad_byte(db->data + off, len);
	if (bad < len)
		return erofs_fail(diag, EROFS_CHECK_DIR_NAME, db->nid, db->pos + off + bad,
				  db->data[off + bad]);
	fill_dirent(db, index, off, len, de);
	return 0;
}

/* The name looked for and, once found, what its entry says. */
struct wanted {
	const u8 *name;
	u32 len;
	u64 nid;
	u8 type;
};

/*
 * Take entry @index, whose name at @off equals the wanted one from byte @from
 * on. The bytes before are what the names around it have in common with it,
 * which is sound in a sorted block only: compare them here. Names that no entry
 * may have are refused.
 */
static int take_entry(const struct erofs_dirblock *db, u32 index, u32 off, u32 from,
		      struct wanted *want, struct erofs_diag *diag)
{
	struct erofs_dirent de;
	u32 bad;

	if (memcmp(db->data + off, want->name, from))
		return -ENOENT;
	bad = bad_byte(want->name, want->len);
	if (bad < want->len)
		return erofs_fail(diag, EROFS_CHECK_DIR_NAME, db->nid, db->pos + off + bad,
				  want->name[bad]);
	fill_dirent(db, index, off, want->len, &de);
	want->nid = de.nid;
	want->type = de.type;
	return 0;
}

/*
 * Set *cmp to the order of @want relative to entry @index: <0 before, 0 the same
 * (and taken), >0 after. *same: in: leading bytes known to agree; out: leading
 * bytes that agree.
 */
static __erofs_inline int compare_entry(const struct erofs_dirblock *db, u32 index,
					struct wanted *want, u32 *same, int *cmp,
					struct erofs_diag *diag)
{
	u32 off = 0, len = 0, n, from = *same, i = from;
	const u8 *name;
	int err;

	err = locate_name(db, index, &off, &len, diag);
	if (err)
		return err;
	name = db->data + off;
	n = want->len < len ? want->len : len;
	while (i < n && want->name[i] == name[i])
		i++;
	*same = i;
	*cmp = i < n ? want->name[i] - name[i] : (int)want->len - (int)len;
	return *cmp ? 0 : take_entry(db, index, off, from, want, diag);
}

/*
 * Binary search among entries @lo..@hi, which the name is known to lie between.
 * @lo_same, @hi_same: leading bytes it shares with the entries before and behind.
 * Return: 0, -ENOENT or -EFSCORRUPTED.
 */
static int search_entries(const struct erofs_dirblock *db, u32 lo, u32 hi, u32 lo_same,
			  u32 hi_same, struct wanted *want, struct erofs_diag *diag)
{
	/* [lo, hi) is what is left; it shrinks on every turn. */
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		u32 same = lo_same < hi_same ? lo_same : hi_same;
		int cmp, err;

		err = compare_entry(db, mid, want, &same, &cmp, diag);
		if (err || !cmp)
			return err;
		if (cmp < 0) {
			hi = mid;
			hi_same = same;
		} else {
			lo = mid + 1;
			lo_same = same;
		}
	}
	return -ENOENT;
}

/* What a block has to say about the name: in it or not, or before or after all of it. */
enum verdict { VERDICT_DONE, VERDICT_BEFORE, VERDICT_AFTER };

/*
 * Search one block. Unless it is the @only one left, look at its first and last
 * names before the others: the name may belong to another block.
 */
static int search_block(const struct erofs_dirblock *db, bool only, struct wanted *want,
			enum verdict *verdict, struct erofs_diag *diag)
{
	u32 lo_same = 0, hi_same = 0;
	int cmp, err;

	*verdict = VERDICT_DONE;
	if (only)
		return search_entries(db, 0, db->count, 0, 0, want, diag);

	err = compare_entry(db, 0, want, &lo_same, &cmp, diag);
	if (err || !cmp)
		return err;
	if (cmp < 0) {
		*verdict = VERDICT_BEFORE;
		return 0;
	}
	if (db->count > 1) {
		err = compare_entry(db, db->count - 1, want, &hi_same, &cmp, diag);
		if (err || !cmp)
			return err;
	}
	if (cmp > 0) {
		*verdict = VERDICT_AFTER;
		return 0;
	}
	return search_entries(db, 1, db->count - 1, lo_same, hi_same, want, diag);
}

/**
 * erofs_dir_lookup - find a name in a directory (section 5)
 * @content: source whose EROFS_CONTENT space is the content of @dir; asked for
 *	whole directory blocks (the last one may be short)
 * @sb:   the superblock
 * @dir:  the directory's inode
 * @name: bytes, not terminated
 * @namelen: how many
 * @nid:  result
 * @type: result: enum erofs_file_type; a hint, the inode decides
 * @diag: named check on failure
 *
 * Binary search over blocks, each lent at most once, then inside one block: at
 * most 55 spans for any directory size. In a directory whose names are not in
 * order a name may not be found. "." and ".." are names like others. Context:
 * may sleep if the source's get() may. Return: 0, -ENOENT, -ENAMETOOLONG for
 * more than 255 bytes, -EFSCORRUPTED, or the source's errno.
 */
int erofs_dir_lookup(struct erofs_source *content, const struct erofs_super *sb,
		     const struct erofs_inode *dir, const char *name, size_t namelen,
		     u64 *nid, u8 *type, struct erofs_diag *diag)
{
	struct wanted want = { .name = (const u8 *)name, .len = (u32)namelen };
	u32 blksize = 1U << sb->blkszbits;
	u64 lo = 0, hi = erofs_ceil_shift(dir->size, sb->blkszbits);

	if (namelen > EROFS_NAME_LEN)
		return -ENAMETOOLONG;
	if (!namelen)
		return -ENOENT;

	/* [lo, hi) is what is left; it shrinks on every turn. */
	while (lo < hi) {
		u64 mid = lo + (hi - lo) / 2;
		u64 pos = mid << sb->blkszbits;
		u32 len = (u32)erofs_min64(blksize, dir->size - pos);
		enum verdict verdict = VERDICT_DONE;
		struct erofs_dirblock db;
		struct erofs_span span;
		int err;

		err = content->get(content, EROFS_CONTENT, pos, len, &span);
		if (err)
			return erofs_source_fail(diag, err, dir->nid, pos);
		err = erofs_dirblock_open(&db, span.data, len, blksize, dir->nid, pos, diag);
		if (!err)
			err = search_block(&db, hi - lo == 1, &want, &verdict, diag);
		content->put(content, &span);
		if (err)
			return err;

		if (verdict == VERDICT_BEFORE) {
			hi = mid;
		} else if (verdict == VERDICT_AFTER) {
			lo = mid + 1;
		} else {
			*nid = want.nid;
			*type = want.type;
			return 0;
		}
	}
	return -ENOENT;
}
