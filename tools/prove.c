// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has a compressed inode one content, wherever reading it begins? See zinode_prove().
 *
 * The kernel looks up any byte first, and wants any number of bytes from there; a digest is computed
 * from the beginning. In a hostile map both may find another extent with the same byte. So
 * every lookup that can make a difference is made before content is believed:
 *
 *  - Indexes. What a lookup finds depends on the lcluster of its byte, and on which side of the head
 *    in it the byte is. On its way to the extent's end it steps from index to index, and a smaller
 *    wish only makes it stop earlier. So it is enough that both sides of every lcluster belong to
 *    the extent that they are in, and that no single step leads past the end of that extent:
 *    then no row of steps does.
 *  - Records of 16 and 32 bytes. Where they ascend there is one that any search finds.
 *  - Records of 4 and 8 bytes, and tails: the byte's position alone says which it is. So does
 *    it in layouts that are not compressed, and each byte has one place on the devices.
 *
 * Rules: nothing is decoded here but the map. Lookups of one view have a limit, which honest images
 * are far from: what they ask the source for is counted, not the lookups, for an image can make
 * one of them take many thousand steps.
 */
#include "image.h"

/* Lookups of an lcluster: so many bytes that its step to the next index is made, and no other. */
#define ONE_STEP	2U

/**
 * struct run - an extent, as far as it was looked at
 * @head:  what every lookup of it has to find
 * @reach: no lookup went on behind this byte
 */
struct run {
	struct erofs_zextent head;
	u64 reach;
};

static int ambiguous(const struct zinode *z, u64 pos, u64 value, struct erofs_diag *diag)
{
	*diag = (struct erofs_diag){ .nid = z->inode.nid, .pos = pos, .value = value };
	return -EIMAGE_AMBIGUOUS;
}

static int count_lookups(struct view *v, const struct zinode *z, u64 n, struct erofs_diag *diag)
{
	v->lookups += n;
	if (v->lookups <= v->image->max_lookups)
		return 0;
	*diag = (struct erofs_diag){ .nid = z->inode.nid };
	return -EIMAGE_LOOKUPS;
}

/* ---- Indexes ---- */

static int look(struct view *v, const struct zinode *z, u64 pos, struct erofs_zextent *ext,
		struct erofs_diag *diag)
{
	u64 before = v->gets;
	int err;

	err = erofs_zmap_find(&v->src, &v->image->sb, &z->inode, &z->map, NULL, pos, ONE_STEP, ext,
			      diag);
	return err ? err : count_lookups(v, z, v->gets - before, diag);
}

static bool same_extent(const struct erofs_zextent *a, const struct erofs_zextent *b)
{
	return a->la == b->la && a->pa == b->pa && a->plen == b->plen && a->type == b->type &&
	       a->format == b->format && a->partial == b->partial && a->inlined == b->inlined;
}

/* @ext was found for byte @pos, which is in @run. */
static int add_to_run(struct run *run, const struct zinode *z, u64 pos,
		      const struct erofs_zextent *ext, struct erofs_diag *diag)
{
	u64 end = ext->la + ext->len;

	if (!same_extent(&run->head, ext))
		return ambiguous(z, pos, ext->la, diag);
	if (run->reach < end)
		run->reach = end;
	return 0;
}

/* The extent of @run ends at @end. None ended before: there would be a head, and lookups find it. */
static int end_run(const struct run *run, const struct zinode *z, u64 end, struct erofs_diag *diag)
{
	return run->reach > end ? ambiguous(z, end, run->head.la, diag) : 0;
}

/* An extent begins with @ext, in the lcluster at @start; the bytes before it are the last one's. */
static int next_run(struct view *v, struct run *run, const struct zinode *z, u64 start,
		    const struct erofs_zextent *ext, struct erofs_diag *diag)
{
	struct erofs_zextent before;
	int err = 0;

	if (ext->la > start) {
		err = look(v, z, ext->la - 1, &before, diag);
		if (!err)
			err = add_to_run(run, z, ext->la - 1, &before, diag);
	}
	if (!err && ext->la)
		err = end_run(run, z, ext->la, diag);
	*run = (struct run){ .head = *ext };
	return err;
}

static int prove_indexes(struct view *v, const struct zinode *z, struct erofs_diag *diag)
{
	const u64 end = z->map.tail_la, size = 1ULL << z->map.lcluster_bits;
	struct run run = { .reach = 0 };

	for (u64 start = 0; start < end; start += size) {
		u64 last = (size < end - start ? start + size : end) - 1;
		struct erofs_zextent ext;
		int err = look(v, z, last, &ext, diag);

		if (!err && ext.la >= start)
			err = next_run(v, &run, z, start, &ext, diag);
		if (!err)
			err = add_to_run(&run, z, last, &ext, diag);
		if (err)
			return err;
	}
	return end ? end_run(&run, z, end, diag) : 0;
}

/* ---- Records ---- */

/* The records that @span holds, from number *nr up to @count; *least: where the next may begin. */
static int prove_span(const struct zinode *z, const struct erofs_span *span, u64 *nr, u64 count,
		      u64 *least, struct erofs_diag *diag)
{
	const size_t size = (size_t)1 << z->map.record_bits;

	for (size_t off = 0; *nr < count && span->len - off >= size; off += size, ++*nr) {
		struct erofs_extent_record raw = { 0 };
		u64 la;

		memcpy(&raw, span->data + off, size);
		la = le32_to_cpu(raw.lstart_lo) | (u64)le32_to_cpu(raw.lstart_hi) << 32;
		if (la < *least || la > z->map.tail_la) {
			ambiguous(z, z->map.index_pos + *nr * size, la, diag);
			diag->check = EROFS_CHECK_ZMAP_UNSORTED;
			return -EIMAGE_AMBIGUOUS;
		}
		*least = la + 1;
	}
	return 0;
}

static int prove_records(struct view *v, const struct zinode *z, struct erofs_diag *diag)
{
	const struct erofs_zmap *map = &z->map;
	const u64 count = map->indexes - !!(map->advise & EROFS_ZADVISE_FRAGMENT);
	u64 nr = 0, least = 0;

	while (nr < count) {
		u64 pos = map->index_pos + (nr << map->record_bits), first = nr;
		struct erofs_span span;
		int err = v->src.get(&v->src, z->inode.space, pos, (size_t)1 << map->record_bits,
				     &span);

		if (err) {
			erofs_fail(diag, EROFS_CHECK_SOURCE, z->inode.nid, pos, (u64)-err);
			return err;
		}
		err = prove_span(z, &span, &nr, count, &least, diag);
		v->src.put(&v->src, &span);
		if (!err)
			err = count_lookups(v, z, nr - first, diag);
		if (err)
			return err;
	}
	return 0;
}

int zinode_prove(struct view *v, const struct zinode *z, struct erofs_diag *diag)
{
	/* Records of 16 bytes (log2) are the first that have to be searched for. */
	const u32 searched = 4;

	if (!z->inode.size || !erofs_inode_compressed(&z->inode))
		return 0;
	if (!z->map.record_bits)
		return prove_indexes(v, z, diag);
	return z->map.record_bits >= searched ? prove_records(v, z, diag) : 0;
}
