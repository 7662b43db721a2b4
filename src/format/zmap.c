// SPDX-License-Identifier: GPL-2.0-only
/*
 * From file bytes to extents, for compressed layouts: the map header (FORMAT.md
 * section 7.1), what is verified about every cluster (8.2), and tails. How
 * extents are recorded is zindex.c's (one index per lcluster) and zextents.c's
 * (one record per extent) to know.
 *
 * Rules: the map header is decoded once per inode, and the tail extent is found
 * then if it is inline or a fragment; struct erofs_zmap has no state after that.
 * A lookup holds one span and borrows another only for bytes that are not in it.
 */
#include "internal.h"

const u8 *erofs_zbytes_slow(struct erofs_zlook *z, u64 pos, size_t len)
{
	int err;

	erofs_zlook_exit(z);
	err = z->src->get(z->src, (enum erofs_space)z->inode->space, pos, len, &z->span);
	if (err) {
		z->span.len = 0;
		z->err = erofs_source_fail(z->diag, err, z->inode->nid, pos);
		return NULL;
	}
	z->span_pos = pos;
	return z->span.data;
}

/* ---- The header ----------------------------------------------------------------- */

int erofs_ztail_fragment(const struct erofs_zlook *z, struct erofs_zmap *map, u64 la, u64 pa)
{
	const struct erofs_super *sb = z->sb;
	u64 nid = z->inode->nid;

	if (!sb->has_packed)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_FRAGMENT_NO_PACKED, map->index_pos, pa);
	/* Section 8.6: the packed inode would be needed to read the packed inode. */
	if (nid == sb->packed_nid || (sb->has_metabox && nid == sb->metabox_nid))
		return erofs_zfail(z, EROFS_CHECK_ZMAP_FRAGMENT_NESTED, map->index_pos, pa);
	if (pa > EROFS_POS_MAX - (z->inode->size - la))
		return erofs_zfail(z, EROFS_CHECK_ZMAP_FRAGMENT_RANGE, map->index_pos, pa);
	map->tail = EROFS_ZTAIL_FRAGMENT;
	map->tail_la = la;
	map->tail_pa = pa;
	return 0;
}

static int open_map(struct erofs_zlook *z, struct erofs_zmap *map)
{
	const struct erofs_inode *inode = z->inode;
	struct erofs_map_header_ondisk raw;
	u64 pos = erofs_align(inode->tail_pos, 8);
	const u8 *bytes;
	__le64 whole;

	if (pos > EROFS_POS_MAX - sizeof(raw))
		return erofs_zfail(z, EROFS_CHECK_ZMAP_TABLE, pos, inode->tail_pos);
	bytes = erofs_zbytes(z, pos, sizeof(raw));
	if (!bytes)
		return z->err;
	memcpy(&raw, bytes, sizeof(raw));
	memcpy(&whole, bytes, sizeof(whole));

	memset(map, 0, sizeof(*map));
	map->index_pos = pos;
	map->tail_la = inode->size;
	if (le64_to_cpu(whole) & EROFS_ZHEADER_FRAGMENT) {
		map->kind = EROFS_ZKIND_FRAGMENT;
		return erofs_ztail_fragment(z, map, 0,
					    le64_to_cpu(whole) & ~EROFS_ZHEADER_FRAGMENT);
	}

	map->advise = le16_to_cpu(raw.advise);
	map->lcluster_bits = z->sb->blkszbits + (raw.clusterbits & EROFS_ZHEADER_LCLUSTER_MASK);
	pos += sizeof(raw);
	if (inode->layout == EROFS_LAYOUT_COMPRESSED_COMPACT) {
		map->kind = EROFS_ZKIND_COMPACT;
	} else if (map->advise & EROFS_ZADVISE_EXTENTS) {
		map->kind = EROFS_ZKIND_EXTENTS;
		return erofs_zextents_open(z, &raw, pos, map);
	}
	return erofs_zindex_open(z, &raw, pos, map);
}

/**
 * erofs_zmap_open - decode and verify the map header of a compressed inode (section 7.1)
 * @src:   the inode's space is read: the header, and what leads to the tail extent
 *	if that is inline or a fragment
 * @sb:    the superblock
 * @inode: an inode with erofs_inode_compressed() and size > 0
 * @map:   result; undefined after a failure
 * @diag:  named check on failure
 *
 * Context: may sleep if the source's get() may. Return: 0; -EOPNOTSUPP or -EINVAL:
 * an encoding that this code does not know; -EFSCORRUPTED; the source's errno.
 */
int erofs_zmap_open(struct erofs_source *src, const struct erofs_super *sb,
		    const struct erofs_inode *inode, struct erofs_zmap *map,
		    struct erofs_diag *diag)
{
	struct erofs_zlook z;
	int err;

	erofs_zlook_init(&z, src, sb, inode, map, diag);
	err = open_map(&z, map);
	erofs_zlook_exit(&z);
	return err;
}

/* ---- Lookups -------------------------------------------------------------------- */

/* Section 8.2, for a mapped cluster. */
static int verify_cluster(const struct erofs_zlook *z, const struct erofs_zextent *ext)
{
	const struct erofs_super *sb = z->sb;

	if (ext->plen > EROFS_PCLUSTER_MAX_PLEN)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_PLEN, z->pos, ext->plen);
	if (ext->len > EROFS_PCLUSTER_MAX_LLEN)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_LLEN, z->pos, ext->len);
	if (ext->format >= EROFS_ALG_COUNT) {
		if (ext->len > ext->plen)
			return erofs_zfail(z, EROFS_CHECK_ZMAP_PLAIN, z->pos, ext->plen);
	} else {
		if (!(sb->algorithms >> ext->format & 1))
			return erofs_zfail(z, EROFS_CHECK_ZMAP_ALGORITHM, z->pos, ext->format);
		if (ext->len < ext->plen && ext->complete && !ext->partial &&
		    ext->la + ext->len < z->inode->size)
			return erofs_zfail(z, EROFS_CHECK_ZMAP_NO_GAIN, z->pos, ext->len);
	}
	if (ext->pa > EROFS_POS_MAX - ext->plen ||
	    (ext->pa + ext->plen - 1) >> sb->blkszbits >> EROFS_BLOCK_BITS)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_ADDRESS, z->pos, ext->pa);
	return 0;
}

/* The extent that erofs_zmap_open() has found. */
static void fill_tail(const struct erofs_inode *inode, const struct erofs_zmap *map,
		      struct erofs_zextent *ext)
{
	ext->type = EROFS_Z_FRAGMENT;
	ext->format = map->tail_format;
	ext->partial = map->tail_partial;
	ext->inlined = false;
	ext->complete = true;
	ext->plen = 0;
	ext->la = map->tail_la;
	ext->len = inode->size - map->tail_la;
	ext->pa = map->tail_pa;
	if (map->tail == EROFS_ZTAIL_INLINE) {
		ext->type = EROFS_Z_CLUSTER;
		ext->inlined = true;
		ext->plen = map->idata_size;
	}
}

static void fill_hole(struct erofs_zextent *ext, u64 la, u64 len)
{
	memset(ext, 0, sizeof(*ext));
	ext->type = EROFS_Z_HOLE;
	ext->la = la;
	ext->len = len;
}

/**
 * erofs_zmap_find - the extent of a compressed inode that has a file byte (section 8.1, 8.8)
 * @src:   the inode's space is read; not for the tail extent
 * @sb:    the superblock
 * @inode: the inode
 * @map:   its header, from erofs_zmap_open()
 * @cur:   cursor of this caller, or NULL
 * @la:    the byte; at or beyond the file size the answer is a hole of @want bytes
 * @want:  bytes from @la on that the caller is about to read, at least 1
 * @ext:   result; undefined after a failure
 * @diag:  named check on failure; its position is that of the index or record
 *
 * ext->la <= @la < ext->la + ext->len. The end of the extent is looked for up to
 * @la + @want; not found there, ext->complete is false and ext->len reaches to a
 * place at or behind @la + @want where the extent still goes on. A hole longer
 * than that may be handed out in parts whatever @want is. A fragment's bytes may
 * lie beyond the end of the packed inode: that check is the caller's.
 *
 * Steps over the lclusters of 12 MiB each way at most, and over EROFS_ZSTEPS_FAR indexes
 * beyond (EROFS_ZSTEPS_FAR_MBOX if they are in the metabox); over 2^24 records of 4 bytes, from the cursor on (or from the
 * beginning, if nearer), which moves even if that was not enough. Context: may
 * sleep if the source's get() may. Return: 0; -EOPNOTSUPP: unknown encoding, or
 * a cluster beyond the limits of section 1.6; -EFSCORRUPTED; the source's errno.
 */
int erofs_zmap_find(struct erofs_source *src, const struct erofs_super *sb,
		    const struct erofs_inode *inode, const struct erofs_zmap *map,
		    struct erofs_zcursor *cur, u64 la, u64 want, struct erofs_zextent *ext,
		    struct erofs_diag *diag)
{
	struct erofs_zlook z;
	int err = 0;

	erofs_zlook_init(&z, src, sb, inode, map, diag);
	if (la >= map->tail_la) {
		if (la >= inode->size)
			fill_hole(ext, la, want);
		else
			fill_tail(inode, map, ext);
	} else if (map->kind == EROFS_ZKIND_EXTENTS) {
		err = erofs_zextents_find(&z, cur, la, ext);
	} else {
		err = erofs_zindex_find(&z, la, want, ext);
	}
	erofs_zlook_exit(&z);
	if (err || ext->type != EROFS_Z_CLUSTER)
		return err;
	return verify_cluster(&z, ext);
}

/**
 * erofs_zskip - leading zero bytes of an encoded stream (section 8.5)
 * @head: the first min(@plen, bytes to the end of its block) bytes of the cluster
 * @len:  how many those are
 *
 * Context: any. Return: bytes to skip; @len when there is nothing but zeros
 * (corrupted).
 */
size_t erofs_zskip(const u8 *head, size_t len)
{
	size_t n = 0;

	while (len - n >= sizeof(u64)) {
		u64 word;

		memcpy(&word, head + n, sizeof(word));
		if (word)
			break;
		n += sizeof(word);
	}
	while (n < len && !head[n])
		n++;
	return n;
}
