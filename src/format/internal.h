/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the decoders of src/format share with each other and with nobody else.
 *
 * Rules: no state, nothing that erofs_format.h should offer. Positions are u64
 * byte positions and never exceed EROFS_POS_MAX, so that adding a length below
 * 2^62 to a checked position cannot wrap and every position fits a loff_t.
 */
#ifndef EROFS_FORMAT_INTERNAL_H
#define EROFS_FORMAT_INTERNAL_H

#include "erofs_format.h"

#define EROFS_POS_MAX		0x7fffffffffffffffULL

/* The granule of struct erofs_source: one request never crosses a multiple of it. */
#define EROFS_GRANULE		32U

static inline u64 erofs_min64(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* Round up to a multiple of @unit, a power of two. The caller bounds @pos. */
static inline u64 erofs_align(u64 pos, u32 unit)
{
	return (pos + unit - 1) & ~(u64)(unit - 1);
}

/* Bytes from @pos to the next granule boundary, at most @len. */
static inline size_t erofs_granule_len(u64 pos, u64 len)
{
	return (size_t)erofs_min64(len, EROFS_GRANULE - (pos & (EROFS_GRANULE - 1)));
}

/* Blocks (or chunks) of 1 << @bits bytes that hold @size bytes. */
static inline u64 erofs_ceil_shift(u64 size, u32 bits)
{
	return (size >> bits) + !!(size & ((1ULL << bits) - 1));
}

/* i_mode of every file type except these three describes a special file. */
static inline bool erofs_mode_has_data(u16 mode)
{
	u16 type = mode & EROFS_S_IFMT;

	return type == EROFS_S_IFREG || type == EROFS_S_IFDIR || type == EROFS_S_IFLNK;
}

/* Record that the source failed with @err at @pos; returns @err. */
int erofs_source_fail(struct erofs_diag *diag, int err, u64 nid, u64 pos);

/* ---- Maps of compressed inodes: zmap.c, zindex.c, zextents.c ----------------- */

/* erofs_zmap.kind */
enum erofs_zkind {
	EROFS_ZKIND_FULL,		/* lcluster indexes, section 7.3.1 */
	EROFS_ZKIND_COMPACT,		/* lcluster indexes, section 7.3.2 */
	EROFS_ZKIND_EXTENTS,		/* extent records, section 8.8 */
	EROFS_ZKIND_FRAGMENT,		/* nothing but a tail */
};

/* erofs_zmap.tail */
enum erofs_ztail {
	EROFS_ZTAIL_NONE,
	EROFS_ZTAIL_INLINE,
	EROFS_ZTAIL_FRAGMENT,
};

/*
 * Lclusters or records that one lookup may step over beyond the lclusters of the
 * largest cluster. Far steps, of 2047 lclusters, are what long holes and long
 * fragments take: enough for 16 GiB at 512 bytes, 128 GiB at 4 KiB. In the metabox, where
 * each of them may have another cluster decoded, for 1 GiB and 8 GiB.
 */
#define EROFS_ZSTEPS_FAR	16384U
#define EROFS_ZSTEPS_FAR_MBOX	1024U

/* One lookup: its arguments, and the one span it holds. */
struct erofs_zlook {
	struct erofs_source *src;
	const struct erofs_super *sb;
	const struct erofs_inode *inode;
	const struct erofs_zmap *map;
	struct erofs_diag *diag;
	struct erofs_span span;
	u64 span_pos;			/* byte position of span.data; nothing is held with span.len 0 */
	u64 pos;			/* of the index or record that heads the extent found */
	int err;			/* why erofs_zbytes() gave nothing */
};

static inline void erofs_zlook_init(struct erofs_zlook *z, struct erofs_source *src,
				    const struct erofs_super *sb, const struct erofs_inode *inode,
				    const struct erofs_zmap *map, struct erofs_diag *diag)
{
	z->src = src;
	z->sb = sb;
	z->inode = inode;
	z->map = map;
	z->diag = diag;
	z->span.data = NULL;
	z->span.len = 0;
	z->span_pos = 0;
	z->pos = 0;
	z->err = 0;
}

static inline void erofs_zlook_exit(struct erofs_zlook *z)
{
	if (z->span.len)
		z->src->put(z->src, &z->span);
}

/* Borrow @len bytes at @pos from the source, giving back what was borrowed before. */
const u8 *erofs_zbytes_slow(struct erofs_zlook *z, u64 pos, size_t len);

/*
 * @len bytes at @pos of the inode's space, inside one granule; NULL: z->err says
 * why not. Valid until the next call. One span mostly serves a whole lookup.
 */
static inline const u8 *erofs_zbytes(struct erofs_zlook *z, u64 pos, size_t len)
{
	u64 off = pos - z->span_pos;

	if (len <= z->span.len && off <= z->span.len - len)
		return z->span.data + off;
	return erofs_zbytes_slow(z, pos, len);
}

static inline int erofs_zfail(const struct erofs_zlook *z, enum erofs_check check, u64 pos,
			      u64 value)
{
	return erofs_fail(z->diag, check, z->inode->nid, pos, value);
}

/* Find the extent with byte @la, before the tail. Section 8.2 is left to the caller. */
int erofs_zindex_find(struct erofs_zlook *z, u64 la, u64 want, struct erofs_zextent *ext);
int erofs_zextents_find(struct erofs_zlook *z, struct erofs_zcursor *cur, u64 la,
			struct erofs_zextent *ext);

/*
 * Decode the header in @raw and what its kind needs further, tail included.
 * @map is z->map, still being filled: kind, advise and tail_la are set.
 */
int erofs_zindex_open(struct erofs_zlook *z, const struct erofs_map_header_ondisk *raw, u64 end,
		      struct erofs_zmap *map);
int erofs_zextents_open(struct erofs_zlook *z, const struct erofs_map_header_ondisk *raw, u64 end,
			struct erofs_zmap *map);

/* The last extent, from @la on, is a fragment: its bytes are at @pa of PACKED. */
int erofs_ztail_fragment(const struct erofs_zlook *z, struct erofs_zmap *map, u64 la, u64 pa);

#endif /* EROFS_FORMAT_INTERNAL_H */
