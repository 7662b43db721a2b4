// SPDX-License-Identifier: GPL-2.0-only
/*
 * erofs_zmap_open() and erofs_zmap_find(). Input: mode, block size, layout,
 * algorithms, role, file size, three offsets, bytes wanted, distance of the map
 * header from a granule, then the bytes behind that distance.
 */
#include "fuzz.h"

#define MAX_EXTENTS	64
#define PACKED_NID	9
#define METABOX_NID	10

/*
 * Source requests that one lookup may need: each of the lclusters of 12 MiB and of the
 * 16384 far steps in both directions, and a few. Records: 2^24 in pieces of 32 bytes.
 */
static unsigned long request_limit(const struct erofs_zmap *map)
{
	return 2 * ((12UL << 20 >> map->lcluster_bits) + 16384) + 100 + (map->record_bits ? (1UL << 24) / 8 : 0);
}

static void must_be_an_extent(const struct erofs_super *sb, const struct erofs_inode *inode,
			      const struct erofs_zextent *ext, u64 la, u64 want)
{
	u64 bs = 1ULL << sb->blkszbits;

	MUST(ext->la <= la && ext->len && la - ext->la < ext->len);
	MUST(ext->len <= inode->size - ext->la);
	if (!ext->complete)
		MUST(ext->len - (la - ext->la) >= (want < bs ? want : 1));
	switch (ext->type) {
	case EROFS_Z_HOLE:
		MUST(!ext->inlined && !ext->partial);
		break;
	case EROFS_Z_FRAGMENT:
		MUST(sb->has_packed && inode->nid != PACKED_NID);
		MUST(!sb->has_metabox || inode->nid != METABOX_NID);
		MUST(ext->complete && ext->la + ext->len == inode->size);
		MUST(ext->pa <= 0x7fffffffffffffffULL - ext->len);
		break;
	default:
		MUST(ext->type == EROFS_Z_CLUSTER);
		MUST(ext->plen && ext->plen <= EROFS_PCLUSTER_MAX_PLEN);
		MUST(ext->len <= EROFS_PCLUSTER_MAX_LLEN);
		MUST(ext->format < EROFS_ZF_COUNT);
		if (ext->format < EROFS_ALG_COUNT)
			MUST(sb->algorithms >> ext->format & 1);
		else
			MUST(ext->len <= ext->plen);
		MUST(ext->pa <= 0x7fffffffffffffffULL - ext->plen);
		if (ext->format == EROFS_ZF_INTERLACED)
			MUST(!ext->inlined && !((ext->pa | ext->plen) & (bs - 1)));
		if (ext->inlined)
			MUST((ext->pa & (bs - 1)) + ext->plen <= bs);
	}
}

/* Wanting everything tells the same as wanting less, and more of it. */
static void must_agree(const struct erofs_zextent *part, const struct erofs_zextent *all)
{
	MUST(all->type == part->type && all->la == part->la && all->pa == part->pa);
	MUST(all->plen == part->plen && all->format == part->format);
	MUST(all->partial == part->partial && all->inlined == part->inlined);
	MUST(all->complete || all->type == EROFS_Z_HOLE);
	MUST(all->len >= part->len);
	if (part->complete)
		MUST(all->complete && all->len == part->len);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1);
	struct erofs_super sb = { .blkszbits = (u8)(9 + take(&in, 1) % 8), .packed_nid = PACKED_NID,
				  .metabox_nid = METABOX_NID, .feature_incompat = 0x1ff };
	struct erofs_inode inode = { 0 };
	struct erofs_zcursor cur = { 0, 0 };
	struct erofs_diag diag = { 0 };
	struct erofs_zmap map;
	struct reader r;
	u64 at[3], want, la = 0, tail;
	int err;

	inode.layout = take(&in, 1) & 1 ? EROFS_LAYOUT_COMPRESSED_FULL
					: EROFS_LAYOUT_COMPRESSED_COMPACT;
	sb.algorithms = take(&in, 1) & 15;
	inode.nid = 8 + take(&in, 1) % 4;
	sb.has_packed = !(mode & 2);
	sb.has_metabox = !(mode & 4);
	inode.size = take(&in, 8) & 0x7fffffffffffffffULL;
	for (int i = 0; i < 3; i++)
		at[i] = take(&in, 8);
	want = take(&in, 8);
	tail = take(&in, 1) & 63;
	if (!inode.size)
		return 0;
	inode.tail_pos = (mode & 8 ? 0x7ffffffffffff000ULL : 0) + tail;
	r = take_reader(&in, EROFS_DEV, inode.tail_pos, sb.blkszbits, mode);

	err = erofs_zmap_open(&r.src, &sb, &inode, &map, &diag);
	must_be_clean(&r, err, &diag);
	if (err)
		return 0;

	for (int i = 0; i < MAX_EXTENTS && la < inode.size; i++) {
		struct erofs_zextent ext, again;
		struct erofs_zcursor same;

		/* Here and there first, then forward. */
		if (i < 3)
			la = at[i] % inode.size;
		else if (i == 3)
			la = 0;
		/* In a table out of order, what is found depends on where the search begins. */
		same = cur;
		r.gets = 0;
		diag.check = EROFS_CHECK_OK;
		err = erofs_zmap_find(&r.src, &sb, &inode, &map, &cur, la, want, &ext, &diag);
		must_be_clean(&r, err, &diag);
		MUST(r.gets <= request_limit(&map));
		if (!err)
			must_be_an_extent(&sb, &inode, &ext, la, want);
		r.gets = 0;
		if (!err && !erofs_zmap_find(&r.src, &sb, &inode, &map, &same, la, ~0ULL, &again,
					     NULL)) {
			must_be_an_extent(&sb, &inode, &again, la, ~0ULL);
			must_agree(&ext, &again);
		}
		MUST(r.gets <= request_limit(&map));
		if (err && i >= 3)
			return 0;
		la = err ? la : ext.la + ext.len;
	}
	return 0;
}
