// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed maps with one record per extent (FORMAT.md section 8.8).
 *
 * Records of 4 and 8 bytes are for extents of equal length, so that their number
 * follows from the file position; the address of a 4-byte one is a sum over all
 * records before it. Longer records say where their extent begins and are
 * searched for.
 *
 * Rules: a cursor says where to begin and is believed, not what is found there.
 * One lookup sums up ZSUM_LIMIT records at most, and leaves the cursor where it
 * got: the next one gets further. A search takes log2(records) steps and some.
 */
#include "internal.h"

#define ZSUM_LIMIT	(1ULL << 24)		/* records: 64 MiB of them */

enum {
	RECORD_BITS_4	= 2,
	RECORD_BITS_8	= 3,		/* 16 and 32: the same with bits 4 and 5 */
};

/* One record, fields that its size does not have are 0. */
struct zrecord {
	u64 pos;		/* byte position */
	u32 plen;		/* the word with all its bits */
	u64 pa;
	u64 la;
};

static int load_record(struct erofs_zlook *z, u64 nr, struct zrecord *rec)
{
	u32 bits = z->map->record_bits;
	struct erofs_extent_record raw;
	const u8 *bytes;

	rec->pos = z->map->index_pos + (nr << bits);
	bytes = erofs_zbytes(z, rec->pos, (size_t)1 << bits);
	if (!bytes)
		return z->err;
	memset(&raw, 0, sizeof(raw));
	memcpy(&raw, bytes, (size_t)1 << bits);
	rec->plen = le32_to_cpu(raw.plen);
	rec->pa = le32_to_cpu(raw.pstart_lo) | (u64)le32_to_cpu(raw.pstart_hi) << 32;
	rec->la = le32_to_cpu(raw.lstart_lo) | (u64)le32_to_cpu(raw.lstart_hi) << 32;
	return 0;
}

/* ---- Records of 4 bytes: addresses are sums ----------------------------------------- */

/* Encoded bytes of the records from @nr up to, not including, @end. */
static int sum_records(struct erofs_zlook *z, u64 nr, u64 end, u64 *sum)
{
	*sum = 0;
	while (nr < end) {
		u64 pos = z->map->index_pos + nr * sizeof(__le32);
		const u8 *bytes = erofs_zbytes(z, pos, erofs_granule_len(pos, sizeof(__le32) *
									     (end - nr)));
		u64 have;

		if (!bytes)
			return z->err;
		/* The span goes on behind what was asked for. */
		have = (z->span.len - (size_t)(pos - z->span_pos)) / sizeof(__le32);
		for (have = erofs_min64(have, end - nr); have; have--, nr++) {
			__le32 raw;

			memcpy(&raw, bytes, sizeof(raw));
			*sum += le32_to_cpu(raw) & EROFS_RECORD_PLEN_MASK;
			bytes += sizeof(raw);
		}
	}
	return 0;
}

/* Move the cursor to record @nr, which fixes the sum. */
static int move_cursor(struct erofs_zlook *z, struct erofs_zcursor *cur, u64 nr)
{
	u64 target = nr, sum;
	int err;

	if (nr < cur->record && nr < cur->record - nr) {
		cur->record = 0;
		cur->sum = 0;
	}
	if (nr >= cur->record) {
		target = erofs_min64(nr, cur->record + ZSUM_LIMIT);
		err = sum_records(z, cur->record, target, &sum);
		if (err)
			return err;
		cur->sum += sum;
	} else {
		if (cur->record - nr > ZSUM_LIMIT)
			target = cur->record - ZSUM_LIMIT;
		err = sum_records(z, target, cur->record, &sum);
		if (err)
			return err;
		cur->sum -= sum;
	}
	cur->record = target;
	if (target != nr)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_DISTANT, z->map->index_pos, nr);
	return 0;
}

/* The address of the extent of record @nr. */
static int sum_address(struct erofs_zlook *z, struct erofs_zcursor *cur, u64 nr, u64 *pa)
{
	struct erofs_zcursor local = { 0, 0 };
	const struct erofs_zmap *map = z->map;
	int err;

	if (!cur)
		cur = &local;
	err = move_cursor(z, cur, nr);
	if (err)
		return err;
	if (map->base > EROFS_POS_MAX || cur->sum > EROFS_POS_MAX - map->base)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_ADDRESS,
				   map->index_pos + (nr << map->record_bits), map->base);
	*pa = map->base + cur->sum;
	return 0;
}

/* ---- Finding a record ----------------------------------------------------------------- */

/* Records of 4 and 8 bytes, one per lcluster. *end is where the next extent begins. */
static int find_by_number(struct erofs_zlook *z, struct erofs_zcursor *cur, u64 la,
			  struct zrecord *rec, u64 *end)
{
	const struct erofs_zmap *map = z->map;
	bool sums = map->record_bits == RECORD_BITS_4;
	u64 nr = la >> map->lcluster_bits, pa = 0;
	int err;

	/* The sum first: reading forward, the span that it took has the record as well. */
	if (sums) {
		err = sum_address(z, cur, nr, &pa);
		if (err)
			return err;
	}
	err = load_record(z, nr, rec);
	if (err)
		return err;
	if (sums)
		rec->pa = pa;
	rec->la = nr << map->lcluster_bits;
	*end = erofs_min64((nr + 1) << map->lcluster_bits, map->tail_la);
	return 0;
}

/*
 * Records of 16 and 32 bytes: the last one that begins at or before @la. Around
 * the record of the last lookup first, then by bisection. Without such a record
 * rec->plen is 0: a hole.
 */
static int find_by_search(struct erofs_zlook *z, struct erofs_zcursor *cur, u64 la,
			  struct zrecord *rec, u64 *end)
{
	const struct erofs_zmap *map = z->map;
	u64 lo = 0, hi = map->indexes - (map->tail == EROFS_ZTAIL_FRAGMENT);
	u64 probe = cur ? cur->record + 1 : hi / 2;
	int guesses = cur ? 2 : 1;

	rec->pos = map->index_pos;
	rec->plen = 0;
	rec->pa = 0;
	rec->la = 0;
	*end = map->tail_la;
	while (lo < hi) {
		u64 mid = guesses-- > 0 ? erofs_min64(probe, hi - 1) : lo + (hi - lo) / 2;
		struct zrecord this;
		int err;

		err = load_record(z, mid, &this);
		if (err)
			return err;
		if (this.la > la ? this.la > *end : this.la < rec->la)
			return erofs_zfail(z, EROFS_CHECK_ZMAP_UNSORTED, this.pos, this.la);
		if (this.la > la) {
			*end = this.la;
			hi = mid;
			probe = mid ? mid - 1 : 0;
		} else {
			*rec = this;
			lo = mid + 1;
			probe = lo;
		}
	}
	if (cur)
		cur->record = lo ? lo - 1 : 0;
	return 0;
}

int erofs_zextents_find(struct erofs_zlook *z, struct erofs_zcursor *cur, u64 la,
			struct erofs_zextent *ext)
{
	const struct erofs_zmap *map = z->map;
	u32 blkmask = (1U << z->sb->blkszbits) - 1, format;
	struct zrecord rec;
	u64 end;
	int err;

	if (map->record_bits <= RECORD_BITS_8)
		err = find_by_number(z, cur, la, &rec, &end);
	else
		err = find_by_search(z, cur, la, &rec, &end);
	if (err)
		return err;

	z->pos = rec.pos;
	ext->type = EROFS_Z_HOLE;
	ext->format = 0;
	ext->partial = false;
	ext->inlined = false;
	ext->complete = true;
	ext->plen = rec.plen & EROFS_RECORD_PLEN_MASK;
	ext->la = rec.la;
	ext->len = end - rec.la;
	ext->pa = rec.pa;
	if (!ext->plen)
		return 0;

	ext->type = EROFS_Z_CLUSTER;
	ext->partial = rec.plen & EROFS_RECORD_PARTIAL_REF;
	format = rec.plen >> EROFS_RECORD_FORMAT_SHIFT;
	if (format > EROFS_ALG_COUNT)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_FORMAT, rec.pos, format);
	if (format)
		ext->format = (u8)(format - 1);
	else if (map->advise & EROFS_ZADVISE_INTERLACED && !((rec.pa | ext->plen) & blkmask))
		ext->format = EROFS_ZF_INTERLACED;
	else
		ext->format = EROFS_ZF_SHIFTED;
	return 0;
}

/* ---- The header ------------------------------------------------------------------------- */

/* The last record is a fragment: all its bits are the position. */
static int find_tail(struct erofs_zlook *z, struct erofs_zmap *map)
{
	struct zrecord rec;
	int err;

	if (!map->indexes)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_TABLE, map->index_pos, 0);
	err = load_record(z, map->indexes - 1, &rec);
	if (err)
		return err;
	if (map->record_bits <= RECORD_BITS_8)
		rec.la = (map->indexes - 1) << map->lcluster_bits;
	else if (rec.la > z->inode->size)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_UNSORTED, rec.pos, rec.la);
	if (rec.pa >> 32)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_FRAGMENT_RANGE, rec.pos, rec.pa);
	return erofs_ztail_fragment(z, map, rec.la, rec.plen | rec.pa << 32);
}

int erofs_zextents_open(struct erofs_zlook *z, const struct erofs_map_header_ondisk *raw, u64 end,
			struct erofs_zmap *map)
{
	u64 head = map->index_pos;

	map->record_bits = EROFS_RECORD_BITS_MIN +
			   (map->advise >> EROFS_ZADVISE_RECORD_SHIFT & EROFS_ZADVISE_RECORD_MASK);
	map->index_pos = erofs_align(end, 1U << map->record_bits);
	if (map->record_bits == RECORD_BITS_4) {
		const u8 *bytes = erofs_zbytes(z, map->index_pos, sizeof(__le64));
		__le64 base;

		if (!bytes)
			return z->err;
		memcpy(&base, bytes, sizeof(base));
		map->base = le64_to_cpu(base);
		map->index_pos += sizeof(base);
	}
	if (map->record_bits <= RECORD_BITS_8)
		map->indexes = erofs_ceil_shift(z->inode->size, map->lcluster_bits);
	else
		map->indexes = le32_to_cpu(raw->u0) | (u64)raw->algorithmtype << 32 |
			       (u64)raw->clusterbits << 40;
	/* At most 2^54 records of 8 bytes, or 2^48 of 32. */
	if (map->index_pos + (map->indexes << map->record_bits) > EROFS_POS_MAX)
		return erofs_zfail(z, EROFS_CHECK_ZMAP_TABLE, head, map->indexes);

	return map->advise & EROFS_ZADVISE_FRAGMENT ? find_tail(z, map) : 0;
}
