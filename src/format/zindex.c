// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed maps with one index per lcluster (FORMAT.md sections 7.2 to 7.4 and
 * 8.1), in full form and in compact form.
 *
 * An index is a head, in whose lcluster an extent begins, or says how far away
 * the heads before and behind it are. A lookup goes back to the head of its
 * extent, and forward to the next head as far as the caller wants to know.
 *
 * Rules: every step goes strictly back, or strictly forward, and there is a
 * limit to their number. Distances are hostile: those back have to end at an
 * index that exists, those forward are only believed to skip over indexes that
 * were not looked at, so that a lie makes extents overlap but no lookup fail to
 * have its byte. The bytes of an index are valid until the next one is loaded.
 */
#include "internal.h"

#define NO_LCLUSTER	(~0ULL)

/* One index, as far as it is decoded at once. */
struct zindex {
	u64 lcn;
	u64 pos;		/* byte position; compact: of the pack */
	const u8 *pack;		/* compact form: the pack, */
	u32 item;		/* the index's number in it, */
	u32 count;		/* and how many it has */
	u8 type;		/* enum erofs_lcluster_type */
	bool hole;
	bool partial;
	bool has_cblk;		/* NONHEAD */
	u32 cofs;		/* heads: cluster offset */
	u32 back;		/* NONHEAD: distance to its head, or some of the way */
	u32 ahead;		/* NONHEAD, full form: distance forward */
	u32 cblk;		/* NONHEAD: blocks of the extent's cluster */
	u32 block;		/* heads; compact form: set by compact_block() */
};

static bool is_head(const struct zindex *x)
{
	return x->type != EROFS_LCLUSTER_NONHEAD;
}

/* ---- Full form (section 7.3.1) ---------------------------------------------------- */

static int load_full(struct erofs_zlook *z, u64 lcn, struct zindex *x)
{
	struct erofs_lcluster_index raw;
	const u8 *bytes;
	u32 u, advise;

	x->pos = z->map->index_pos + lcn * sizeof(raw);
	bytes = erofs_zbytes(z, x->pos, sizeof(raw));
	if (!bytes)
		return z->err;
	memcpy(&raw, bytes, sizeof(raw));
	advise = le16_to_cpu(raw.advise);
	u = le32_to_cpu(raw.u);

	x->type = advise & EROFS_LCLUSTER_TYPE_MASK;
	if (is_head(x)) {
		x->hole = advise & EROFS_LCLUSTER_HOLE;
		x->partial = advise & EROFS_LCLUSTER_PARTIAL_REF;
		x->cofs = le16_to_cpu(raw.clusterofs);
		x->block = u;
		return 0;
	}

	x->back = u & 0xffff;
	x->ahead = u >> 16;
	x->has_cblk = x->back & EROFS_LCLUSTER_CBLKCNT;
	if (x->has_cblk) {
		x->cblk = x->back & ~EROFS_LCLUSTER_CBLKCNT;
		x->back = 1;
		if (!(z->map->advise &
		      (EROFS_ZADVISE_BIG_PCLUSTER_1 | EROFS_ZADVISE_BIG_PCLUSTER_2)))
			return erofs_zfail(z, EROFS_CHECK_ZMAP_CBLKCNT, x->pos, x->cblk);
	}
	return 0;
}

/* ---- Compact form (section 7.3.2) -------------------------------------------------- */

/* Where an index is: the position of its pack, the pack's indexes, its number in there. */
static u64 locate_pack(const struct erofs_zmap *map, u64 lcn, u32 *count, u32 *item)
{
	u64 pos = map->index_pos;
	u64 n = lcn;

	if (n >= map->compact_4b) {
		n -= map->compact_4b;
		pos += 4U * map->compact_4b;
		if (n < map->compact_2b) {
			*count = EROFS_PACK_2B_COUNT;
			*item = n & (EROFS_PACK_2B_COUNT - 1);
			return pos + 2 * (n - *item);
		}
		n -= map->compact_2b;
		pos += 2 * map->compact_2b;
	}
	*count = EROFS_PACK_4B_COUNT;
	*item = n & (EROFS_PACK_4B_COUNT - 1);
	return pos + 4 * (n - *item);
}

static u32 pack_bytes(u32 count)
{
	return count == EROFS_PACK_2B_COUNT ? EROFS_PACK_2B_BYTES : EROFS_PACK_4B_BYTES;
}

/* Item @j of the pack: its type, and in *lo what belongs to it. Never reads past the pack. */
static u32 unpack(const struct erofs_zmap *map, const struct zindex *x, u32 j, u32 *lo)
{
	u32 bit = j * (x->count == EROFS_PACK_2B_COUNT ? EROFS_PACK_2B_ITEM_BITS
						       : EROFS_PACK_4B_ITEM_BITS);
	u32 lobits = map->lcluster_bits > EROFS_PACK_LO_BITS_MIN ? map->lcluster_bits
								 : EROFS_PACK_LO_BITS_MIN;
	__le32 raw;
	u32 word;

	memcpy(&raw, x->pack + bit / 8, sizeof(raw));
	word = le32_to_cpu(raw) >> bit % 8;
	*lo = word & ((1U << lobits) - 1);
	return word >> lobits & EROFS_LCLUSTER_TYPE_MASK;
}

/* The last item of a pack has no room for both distances: the one before it knows. */
static u32 last_item_back(const struct erofs_zmap *map, const struct zindex *x)
{
	u32 lo, type = unpack(map, x, x->item - 1, &lo);

	if (type != EROFS_LCLUSTER_NONHEAD)
		return 1;
	return lo & EROFS_LCLUSTER_CBLKCNT ? 2 : lo + 1;
}

static int load_compact(struct erofs_zlook *z, u64 lcn, struct zindex *x)
{
	const struct erofs_zmap *map = z->map;
	u32 lo;

	x->pos = locate_pack(map, lcn, &x->count, &x->item);
	x->pack = erofs_zbytes(z, x->pos, pack_bytes(x->count));
	if (!x->pack)
		return z->err;
	x->type = (u8)unpack(map, x, x->item, &lo);
	if (is_head(x)) {
		x->hole = false;
		x->partial = false;
		x->cofs = lo;
		return 0;
	}

	x->has_cblk = lo & EROFS_LCLUSTER_CBLKCNT;
	if (x->has_cblk) {
		x->cblk = lo & ~EROFS_LCLUSTER_CBLKCNT;
		x->back = 1;
		if (!(map->advise & EROFS_ZADVISE_BIG_PCLUSTER_1))
			return erofs_zfail(z, EROFS_CHECK_ZMAP_CBLKCNT, x->pos, x->cblk);
	} else if (x->item == x->count - 1) {
		x->back = last_item_back(map, x);
	} else {
		x->back = lo;
	}
	return 0;
}

/* From a NONHEAD of compact form to the next head, or to the end of what its pack says. */
static u32 compact_ahead(const struct erofs_zmap *map, const struct zindex *x)
{
	u32 lo = 0, j;

	for (j = x->item; j < x->count; j++) {
		if (unpack(map, x, j, &lo) != EROFS_LCLUSTER_NONHEAD)
			return j - x->item;
	}
	if (lo & EROFS_LCLUSTER_CBLKCNT)
		return x->count - x->item;
	return x->count - x->item + lo - 1;
}

/*
 * The block number of head @x: clusters lie one behind the other, so it is the
 * pack's base and the blocks of all clusters in between.
 */
static int compact_block(const struct erofs_zlook *z, struct zindex *x)
{
	const struct erofs_zmap *map = z->map;
	bool big = map->advise & EROFS_ZADVISE_BIG_PCLUSTER_1;
	int j = (int)x->item;
	__le32 base;
	u32 lo;

	memcpy(&base, x->pack + pack_bytes(x->count) - sizeof(base), sizeof(base));
	x->block = le32_to_cpu(base);
	if (!big)
		x->block++;
	while (--j >= 0) {
		if (unpack(map, x, (u32)j, &lo) != EROFS_LCLUSTER_NONHEAD) {
			x->block++;
		} else if (!big) {
			/* On to the head. One before this pack is in the base already. */
			if (!lo)
				return erofs_zfail(z, EROFS_CHECK_ZMAP_PACK, x->pos, lo);
			j -= (int)lo;
			if (j >= 0)
				x->block++;
		} else if (lo & EROFS_LCLUSTER_CBLKCNT) {
			x->block += lo & ~EROFS_LCLUSTER_CBLKCNT;
			j--;
		} else {
			/* On to the index behind the head: it has the number of blocks. */
			if (lo <= 1)
				return erofs_zfail(z, EROFS_CHECK_ZMAP_PACK, x->pos, lo);
			j -= (int)lo - 2;
		}
	}
	return 0;
}

/* ---- Both forms ------------------------------------------------------------------- */

static int load(struct erofs_zlook *z, u64 lcn, struct zindex *x)
{
	int err;

	x->lcn = lcn;
	if (z->map->kind == EROFS_ZKIND_FULL)
		err = load_full(z, lcn, x);
	else
		err = load_compact(z, lcn, x);
	if (!err && is_head(x) && x->cofs >> z->map->lcluster_bits)
		err = erofs_zfail(z, EROFS_CHECK_ZMAP_CLUSTEROFS, x->pos, x->cofs);
	return err;
}

/* Lclusters from NONHEAD @x on that belong to its extent for certain. */
static u32 ahead(const struct erofs_zmap *map, const struct zindex *x)
{
	u32 n = map->kind == EROFS_ZKIND_FULL ? x->ahead : compact_ahead(map, x);

	return n ? n : 1;
}

/* Section 7.4: the byte behind the index, or its pack. */
static u64 next_pos(const struct erofs_zmap *map, u64 lcn)
{
	u32 count, item;
	u64 pos;

	if (map->kind == EROFS_ZKIND_FULL)
		return map->index_pos + (lcn + 1) * sizeof(struct erofs_lcluster_index);
	pos = locate_pack(map, lcn, &count, &item);
	return pos + pack_bytes(count);
}

/*
 * May a lookup look at an index @dist lclusters away from where it began? Near ones lie beside
 * each other; of those beyond the largest cluster there may be *far, which are counted.
 */
static bool may_step(const struct erofs_zmap *map, u64 dist, u32 *far)
{
	if (dist <= EROFS_PCLUSTER_MAX_LLEN >> map->lcluster_bits)
		return true;
	if (!*far)
		return false;
	--*far;
	return true;
}

static u32 far_steps(const struct erofs_zlook *z)
{
	return z->inode->space == EROFS_MBOX ? EROFS_ZSTEPS_FAR_MBOX : EROFS_ZSTEPS_FAR;
}

/*
 * From @x, which is not the head of the extent asked for, back to that head.
 * Distances of 2048 and more do not fit into an index: the way may have stations.
 */
static int look_back(struct erofs_zlook *z, struct zindex *x)
{
	const u64 from = x->lcn;
	u32 far = far_steps(z);

	do {
		u32 dist = is_head(x) ? 1 : x->back;
		int err;

		if (!dist || dist > x->lcn)
			return erofs_zfail(z, EROFS_CHECK_ZMAP_LOOKBACK, x->pos, dist);
		if (!may_step(z->map, from - (x->lcn - dist), &far))
			return erofs_zfail(z, EROFS_CHECK_ZMAP_LOOKBACK_STEPS, x->pos, x->lcn);
		err = load(z, x->lcn - dist, x);
		if (err)
			return err;
	} while (!is_head(x));
	return 0;
}

/*
 * Where the extent that has a byte ends, as far as is known: lclusters below
 * @next belong to it, and if @known, it ends at @end.
 */
struct zend {
	u64 next;
	u64 end;
	bool known;
};

/* Steps 1 and 2 of section 8.1: *x becomes the head. Up to @limit, *end is found out. */
static int find_head(struct erofs_zlook *z, u64 la, u64 limit, struct zindex *x, struct zend *end)
{
	u32 bits = z->map->lcluster_bits;
	u64 lcn = la >> bits;
	int err;

	err = load(z, lcn, x);
	if (err)
		return err;
	end->next = lcn + 1;
	end->known = false;
	if (is_head(x)) {
		if ((la & ((1ULL << bits) - 1)) >= x->cofs)
			return 0;
		end->known = true;
		end->end = lcn << bits | x->cofs;
	} else if ((end->next << bits) < limit) {
		end->next = lcn + ahead(z->map, x);
	}
	return look_back(z, x);
}

/* The format of clusters with head @x. */
static u8 head_format(const struct erofs_zmap *map, const struct zindex *x, bool inlined)
{
	if (x->type == EROFS_LCLUSTER_PLAIN)
		return map->advise & EROFS_ZADVISE_INTERLACED && !inlined ? EROFS_ZF_INTERLACED
									 : EROFS_ZF_SHIFTED;
	return map->algorithm[x->type == EROFS_LCLUSTER_HEAD2];
}

/*
 * Step 6 of section 8.1: the cluster of head @x. *y is a scratch index; when it
 * had to be loaded, it is the one behind the head.
 */
static int find_cluster(struct erofs_zlook *z, struct zindex *x, struct zindex *y,
			struct erofs_zextent *ext)
{
	const struct erofs_zmap *map = z->map;
	u32 big = x->type == EROFS_LCLUSTER_HEAD1 ? EROFS_ZADVISE_BIG_PCLUSTER_1
						  : EROFS_ZADVISE_BIG_PCLUSTER_2;
	u32 blocks = 1;
	int err;

	if (x->hole)
		return 0;
	if (map->kind == EROFS_ZKIND_COMPACT) {
		/* Before another index is loaded: that takes the pack away. */
		err = compact_block(z, x);
		if (err)
			return err;
	}

	if (map->advise & big && ((x->lcn + 1) << map->lcluster_bits) < z->inode->size) {
		err = load(z, x->lcn + 1, y);
		if (err)
			return err;
		if (!is_head(y)) {
			if (!y->has_cblk)
				return erofs_zfail(z, EROFS_CHECK_ZMAP_CBLKCNT_MISSING, y->pos,
						   y->back);
			blocks = y->cblk;
		}
	}
	if (!blocks)
		return 0;
	ext->type = EROFS_Z_CLUSTER;
	ext->format = head_format(map, x, false);
	ext->partial = x->partial;
	ext->pa = (u64)x->block << z->sb->blkszbits;
	/* At most 2^16 blocks of 2^16 bytes; 2^32 - 1 is as much too large as 2^32. */
	ext->plen = (u32)erofs_min64((u64)blocks << z->sb->blkszbits, 0xffffffffU);
	return 0;
}

/* Step 4 of section 8.1, up to @limit. *y is the index that was loaded last. */
static int find_end(struct erofs_zlook *z, u64 limit, struct zindex *y, struct zend *end)
{
	u32 bits = z->map->lcluster_bits;
	const u64 from = end->next;
	u32 far = far_steps(z);
	int err;

	while (!end->known && (end->next << bits) < limit &&
	       may_step(z->map, end->next - from, &far)) {
		if (y->lcn != end->next) {
			err = load(z, end->next, y);
			if (err)
				return err;
		}
		if (is_head(y)) {
			end->known = true;
			end->end = end->next << bits | y->cofs;
		} else {
			end->next += ahead(z->map, y);
		}
	}
	if (!end->known)
		end->end = end->next << bits;
	return 0;
}

int erofs_zindex_find(struct erofs_zlook *z, u64 la, u64 want, struct erofs_zextent *ext)
{
	const struct erofs_zmap *map = z->map;
	u64 limit = la + erofs_min64(want, map->tail_la - la);
	struct zindex x, y;
	struct zend end;
	int err;

	err = find_head(z, la, limit, &x, &end);
	if (err)
		return err;
	z->pos = x.pos;
	ext->type = EROFS_Z_HOLE;
	ext->format = 0;
	ext->partial = false;
	ext->inlined = false;
	ext->plen = 0;
	ext->la = x.lcn << map->lcluster_bits | x.cofs;
	ext->pa = 0;

	y.lcn = NO_LCLUSTER;
	err = find_cluster(z, &x, &y, ext);
	if (err)
		return err;
	/* One byte more than the largest cluster is enough to refuse it. */
	if (ext->type == EROFS_Z_CLUSTER)
		limit = erofs_min64(limit, ext->la + EROFS_PCLUSTER_MAX_LLEN + 1);
	err = find_end(z, limit, &y, &end);
	if (err)
		return err;

	/* The tail begins where the extent before it ends, whatever the distances say. */
	ext->complete = end.known || end.end >= map->tail_la;
	ext->len = erofs_min64(end.end, map->tail_la) - ext->la;
	return 0;
}

/* ---- The header ------------------------------------------------------------------- */

/* Step 5 of section 8.1, once: the extent that has the last byte of the file. */
static int find_tail(struct erofs_zlook *z, u64 fragment, struct erofs_zmap *map)
{
	u32 blkmask = (1U << z->sb->blkszbits) - 1;
	u64 last = z->inode->size - 1;
	struct zindex x;
	struct zend end;
	int err;

	err = find_head(z, last, 0, &x, &end);
	if (err)
		return err;
	if (map->advise & EROFS_ZADVISE_FRAGMENT) {
		if (map->kind == EROFS_ZKIND_FULL)
			fragment |= (u64)x.block << 32;
		return erofs_ztail_fragment(z, map, x.lcn << map->lcluster_bits | x.cofs,
					    fragment);
	}

	map->tail_pa = next_pos(map, last >> map->lcluster_bits);
	if ((map->tail_pa & blkmask) + map->idata_size > blkmask + 1)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_INLINE, map->tail_pa, map->idata_size);
	map->tail = EROFS_ZTAIL_INLINE;
	map->tail_la = x.lcn << map->lcluster_bits | x.cofs;
	map->tail_format = head_format(map, &x, true);
	map->tail_partial = x.partial;
	return 0;
}

/* The three regions of compact form, and the limits of its packs. */
static int open_compact(struct erofs_zlook *z, struct erofs_zmap *map)
{
	u32 before = EROFS_PACK_2B_BYTES - (map->index_pos & (EROFS_PACK_2B_BYTES - 1));

	map->compact_4b = before / 4 & 7;
	if (map->advise & EROFS_ZADVISE_COMPACTED_2B && map->compact_4b < map->indexes)
		map->compact_2b = (map->indexes - map->compact_4b) &
				  ~(u64)(EROFS_PACK_2B_COUNT - 1);
	if (map->lcluster_bits > EROFS_PACK_4B_LCLUSTER_MAX)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_LCLUSTER, map->index_pos,
				   map->lcluster_bits);
	if (map->compact_2b && map->lcluster_bits > EROFS_PACK_2B_LCLUSTER_MAX)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_LCLUSTER_2B, map->index_pos,
				   map->lcluster_bits);
	return 0;
}

int erofs_zindex_open(struct erofs_zlook *z, const struct erofs_map_header_ondisk *raw, u64 end,
		      struct erofs_zmap *map)
{
	bool big1 = map->advise & EROFS_ZADVISE_BIG_PCLUSTER_1;
	bool big2 = map->advise & EROFS_ZADVISE_BIG_PCLUSTER_2;
	bool compact = map->kind == EROFS_ZKIND_COMPACT;
	u64 pos = map->index_pos;
	u32 u0 = le32_to_cpu(raw->u0);
	int err;

	map->algorithm[0] = raw->algorithmtype & 15;
	map->algorithm[1] = raw->algorithmtype >> 4;
	if (map->algorithm[0] >= EROFS_ALG_COUNT || map->algorithm[1] >= EROFS_ALG_COUNT)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_HEAD_ALGORITHM, pos, raw->algorithmtype);
	if ((big1 || big2) && !(z->sb->feature_incompat & EROFS_INCOMPAT_BIG_PCLUSTER))
		return erofs_zfail(z, EROFS_CHECK_ZMAP_BIG_FEATURE, pos, map->advise);
	if (compact && big1 != big2)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_BIG_MISMATCH, pos, map->advise);

	/* At most 2^54 indexes of 8 bytes; a dummy index may fill the last pack. */
	map->indexes = erofs_ceil_shift(z->inode->size, z->sb->blkszbits);
	map->index_pos = compact ? end : end + sizeof(struct erofs_lcluster_index);
	if (map->index_pos + (map->indexes + 1) * sizeof(struct erofs_lcluster_index) >
	    EROFS_POS_MAX)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_TABLE, pos, map->indexes);
	if (compact) {
		err = open_compact(z, map);
		if (err)
			return err;
	}

	if (map->advise & EROFS_ZADVISE_FRAGMENT)
		return find_tail(z, u0, map);
	if (map->advise & EROFS_ZADVISE_INLINE_PCLUSTER)
		map->idata_size = u0 >> 16;
	return map->idata_size ? find_tail(z, 0, map) : 0;
}
