// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps of compressed inodes in every form, made from random lists of extents,
 * read back byte by byte: what no mkfs.erofs makes (HEAD2, holes, partial
 * references, plain clusters of several blocks, large lclusters) comes from here.
 *
 * Rules: the encoder follows FORMAT.md sections 7.2, 7.3 and 8.8 and shares
 * nothing with the decoder. Random means the same on every run.
 */
#include "tests.h"
#include "zimage.h"

#define MAX_EXTENTS	400
#define SIZE_LIMIT	4000		/* lclusters */

struct mext {
	u64 la, len, pa;
	u8 type;			/* of its head: 0 plain, 1, 3 */
	u32 blocks;			/* records: bytes */
	bool hole, partial, big;
};

static struct zimage z;
static struct mext exts[MAX_EXTENTS];
static int nexts;
static u32 seed;

static u32 rnd(u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return (u32)((u64)(seed >> 4) * below >> 28);
}

/* ---- Lists of extents ---------------------------------------------------------------- */

struct shape {
	u8 layout;
	u32 bb, lb;
	u16 advise;
	u64 tail;		/* position of what comes before the map */
};

/* Extents that the form of @s can express, one beginning in an lcluster at most. */
static void make_extents(const struct shape *s)
{
	bool compact = s->layout == ZF_COMPACT;
	u64 bs = 1ULL << s->bb, lcn = 0, end = 0;
	u32 block = rnd(3), ls = 1U << s->lb;

	for (nexts = 0; nexts < MAX_EXTENTS - 1 && lcn < SIZE_LIMIT; nexts++) {
		struct mext *e = &exts[nexts];
		/* Lclusters to the next head; now and then more than a distance can say. */
		u32 span = 1 + (rnd(40) ? rnd(4) ? rnd(20) : 0 : rnd(2600));
		u64 next;

		memset(e, 0, sizeof(*e));
		e->hole = !compact && !rnd(6);
		/* The largest cluster is 12 MiB, a hole has no limit. */
		if (!e->hole && span >= (12U << 20) >> s->lb)
			span = ((12U << 20) >> s->lb) - 1;
		next = lcn + span;
		e->la = end;
		end = next * ls + (rnd(3) ? rnd(ls) : 0);
		e->len = end - e->la;
		e->type = rnd(2) ? 1 : rnd(2) ? 3 : 0;
		e->partial = !compact && !rnd(5);
		e->big = span > 1 && s->advise & (e->type == 1 ? ZA_BIG1 : ZA_BIG2);
		e->blocks = e->big ? 1 + rnd(5) : 1;
		/* Plain bytes take all their blocks, compressed ones have to gain. */
		if (e->type == 0 && e->len > e->blocks * bs) {
			if (e->big && e->len <= 2000 * bs && e->len <= EROFS_PCLUSTER_MAX_PLEN)
				e->blocks = (u32)((e->len + bs - 1) / bs);
			else
				e->type = 1 + 2 * (u8)!(s->advise & ZA_BIG1);
			e->big = span > 1 && s->advise & (e->type == 1 ? ZA_BIG1 : ZA_BIG2);
			if (!e->big)
				e->blocks = 1;
		}
		if (e->type && !e->partial && e->len < e->blocks * bs) {
			e->blocks = 1;
			if (e->len < bs)
				e->type = 0;
			e->big = span > 1 && s->advise & (e->type == 1 ? ZA_BIG1 : ZA_BIG2);
		}
		if (!compact)
			block = rnd(0x10000000);
		e->pa = (u64)block << s->bb;
		block += e->blocks;
		lcn = next;
	}
	z.inode.size = end;
}

/* ---- Indexes ---------------------------------------------------------------------------- */

/* What the index of lcluster @lcn says. */
struct minx {
	const struct mext *head;	/* NULL: NONHEAD or terminator */
	u32 type, cofs, d0, d1, cblk;
};

static struct minx model_index(const struct shape *s, u64 lcn)
{
	u64 count = (z.inode.size + (1ULL << s->lb) - 1) >> s->lb, next = count;
	struct minx x = { .type = 2 };
	int i = nexts - 1;

	while (i > 0 && exts[i].la >> s->lb > lcn)
		i--;
	if (i + 1 < nexts)
		next = exts[i + 1].la >> s->lb;
	else if (z.inode.size & ((1U << s->lb) - 1))
		next = count - 1;	/* the terminator */
	if (exts[i].la >> s->lb == lcn) {
		x.head = &exts[i];
		x.type = exts[i].type;
		x.cofs = (u32)(exts[i].la & ((1U << s->lb) - 1));
	} else if (lcn == next) {
		x.type = 0;
		x.cofs = (u32)(z.inode.size & ((1U << s->lb) - 1));
	} else {
		x.d0 = (u32)(lcn - (exts[i].la >> s->lb));
		x.d1 = (u32)(next - lcn);
		if (x.d0 == 1 && exts[i].big)
			x.cblk = exts[i].blocks;
	}
	return x;
}

static void encode_full(const struct shape *s, u64 end)
{
	for (u64 lcn = 0; lcn << s->lb < z.inode.size; lcn++) {
		struct minx x = model_index(s, lcn);
		u64 pos = end + 8 + 8 * lcn;

		zimage_put(&z, pos, 2, x.type | (x.head && x.head->hole ? 0x4000 : 0) |
				       (x.head && x.head->partial ? 0x8000 : 0));
		if (x.type != 2) {
			zimage_put(&z, pos + 2, 2, x.cofs);
			zimage_put(&z, pos + 4, 4, x.head ? x.head->pa >> s->bb : 0);
		} else {
			zimage_put(&z, pos + 4, 2, x.cblk ? 0x800 | x.cblk
							  : x.d0 < 2047 ? x.d0 : 2047);
			zimage_put(&z, pos + 6, 2, x.d1);
		}
	}
}

/* One pack of @count indexes from @lcn on; items are set bit by bit. */
static void encode_pack(const struct shape *s, u64 pos, u64 lcn, u32 count)
{
	u32 lobits = s->lb > 12 ? s->lb : 12, width = count == 2 ? 16 : 14, lo;
	u32 base = 0, before = 0;
	bool have_base = false, big = s->advise & ZA_BIG1;
	u8 pack[32] = { 0 };

	for (u32 j = 0; j < count; j++) {
		struct minx x = { .type = 0 };

		if ((lcn + j) << s->lb < z.inode.size)
			x = model_index(s, lcn + j);
		if (x.type != 2)
			lo = x.cofs;
		else if (x.cblk)
			lo = 0x800 | x.cblk;
		else
			lo = j < count - 1 ? x.d0 : x.d1;
		if (lo > 2047 && x.type == 2 && !x.cblk)
			lo = 2047;
		if (x.type == 2 && x.cblk && !have_base)
			before += x.cblk;
		if (x.head && !have_base) {
			have_base = true;
			base = (u32)(x.head->pa >> s->bb) - (big ? before : 1);
		}
		for (u32 bit = 0; bit < lobits + 2; bit++) {
			if ((lo | x.type << lobits) >> bit & 1)
				pack[(j * width + bit) / 8] |= (u8)(1 << (j * width + bit) % 8);
		}
	}
	put_le(pack + count * (count == 2 ? 4 : 2) - 4, 4, base);
	zimage_bytes(&z, pos, pack, count == 2 ? 8 : 32);
}

static void encode_compact(const struct shape *s, u64 end)
{
	u64 n = (z.inode.size + (1ULL << s->bb) - 1) >> s->bb;
	u64 c4i = (32 - end % 32) / 4 % 8, c2b = 0, lcn = 0, pos = end;

	if (s->advise & ZA_2B && c4i < n)
		c2b = (n - c4i) / 16 * 16;
	while (lcn << s->lb < z.inode.size) {
		bool in_2b = lcn >= c4i && lcn < c4i + c2b;

		encode_pack(s, pos, lcn, in_2b ? 16 : 2);
		lcn += in_2b ? 16 : 2;
		pos += in_2b ? 32 : 8;
	}
}

/* ---- Reading back -------------------------------------------------------------------------- */

static u8 model_format(const struct mext *e, u16 advise)
{
	if (e->type == 0)
		return advise & ZA_INTERLACED ? EROFS_ZF_INTERLACED : EROFS_ZF_SHIFTED;
	return e->type == 1 ? EROFS_ZF_MICROLZMA : EROFS_ZF_ZSTD;
}

static void expect_extent(const struct mext *e, u64 la, u64 want, u64 unit, u8 format, u32 plen)
{
	struct erofs_zextent ext;
	char context[100];

	snprintf(context, sizeof(context), "seed %u: %llu from byte %llu", seed,
		 (unsigned long long)want, (unsigned long long)la);
	tap_context = context;
	CHECK_EQ(zimage_find(&z, la, want, &ext, NULL), 0);
	CHECK_EQ(ext.la, e->la);
	if (want == ~0ULL)
		CHECK(ext.complete);
	if (ext.complete) {
		CHECK_EQ(ext.len, e->len);
	} else {
		/* As far as wanted, not further than an index or a distance may lead. */
		CHECK(ext.la + ext.len >= la + want);
		CHECK(ext.len <= e->len);
	}
	/* The end is within reach: it has to be found. */
	if (want > e->len && want - e->len > unit)
		CHECK(ext.complete);
	CHECK_EQ(ext.type, e->hole ? EROFS_Z_HOLE : EROFS_Z_CLUSTER);
	if (!e->hole) {
		CHECK_EQ(ext.pa, e->pa);
		CHECK_EQ(ext.plen, plen);
		CHECK_EQ(ext.format, format);
		CHECK_EQ(ext.partial, e->partial);
		CHECK(!ext.inlined);
	}
	tap_context = NULL;
}

static void read_back(const struct shape *s)
{
	for (int i = 0; i < nexts; i++) {
		const struct mext *e = &exts[i];
		const u64 at[] = { 0, e->len - 1, e->len / 2, rnd((u32)e->len), rnd((u32)e->len) };

		for (int k = 0; k < 5; k++) {
			u64 want = k % 2 ? 1 + rnd((u32)e->len * 2) : ~0ULL;

			expect_extent(e, e->la + at[k], want, 1ULL << s->lb,
				      model_format(e, s->advise), e->blocks << s->bb);
		}
	}
}

static void index_form(const struct shape *s)
{
	u64 end;

	zimage_init(&z, s->bb, s->layout, 0, s->tail);
	make_extents(s);
	end = zimage_header(&z, 0, s->advise, EROFS_ALG_MICROLZMA | EROFS_ALG_ZSTD << 4,
			    (u8)(s->lb - s->bb));
	if (s->layout == ZF_FULL)
		encode_full(s, end);
	else
		encode_compact(s, end);
	CHECK_EQ(zimage_open(&z, NULL), 0);
	read_back(s);
}

static void zmodel_full(void)
{
	for (u32 i = 0; i < 24; i++) {
		u32 bb = 9 + i % 4;
		struct shape s = { .layout = ZF_FULL, .bb = bb, .lb = bb + (i % 5 ? 0 : i % 3),
				   .advise = (u16)((i % 4) << 1 | (i & 8 ? ZA_INTERLACED : 0)),
				   .tail = 32 + 4 * i };

		seed = i + 1;
		index_form(&s);
	}
}

static void zmodel_compact(void)
{
	for (u32 i = 0; i < 64; i++) {
		u32 bb = 9 + i % 4;
		struct shape s = { .layout = ZF_COMPACT, .bb = bb,
				   .lb = i % 5 ? bb : i & 1 ? 12 : bb + i % 3,
				   .advise = (u16)((i & 2 ? ZA_BIG1 | ZA_BIG2 : 0) |
						   (i & 1 ? ZA_2B : 0) |
						   (i & 8 ? ZA_INTERLACED : 0)),
				   .tail = 32 + 4 * i };

		seed = 100 + i;
		index_form(&s);
	}
}

/* ---- Records ------------------------------------------------------------------------------------ */

static u8 record_format(const struct mext *e)
{
	return e->type ? e->type - 1 : EROFS_ZF_SHIFTED;
}

/* Records of 4 << @kind bytes; of kinds 0 and 1 all extents are @ls bytes. */
static void record_form(u32 kind, u32 bb, u32 ls)
{
	u64 la = 0, pa = 5000 + rnd(1000), pos, size;
	u32 rs = 4U << kind, n = 1 + rnd(200), clusterbits = 0;

	zimage_init(&z, bb, ZF_FULL, 0, 32 + 4 * rnd(20));
	if (kind > 1 && !rnd(2))
		la = 1 + rnd(10000);		/* begins with a hole */
	size = la;
	for (nexts = 0; nexts < (int)n; nexts++) {
		struct mext *e = &exts[nexts];

		memset(e, 0, sizeof(*e));
		e->la = size;
		e->len = kind < 2 ? ls : 1 + rnd(rnd(10) ? 70000 : 5000000);
		if (kind < 2 && nexts == (int)n - 1)
			e->len = 1 + rnd(ls);
		e->hole = !rnd(8);
		e->partial = !rnd(4);
		e->type = (u8)rnd(5);
		e->blocks = 1 + rnd((u32)e->len < 100000 ? (u32)e->len : 100000);
		if (!e->type && e->blocks < e->len) {
			if (e->len <= EROFS_PCLUSTER_MAX_PLEN)
				e->blocks = (u32)e->len;
			else
				e->type = 2;
		}
		if (e->hole)
			e->blocks = 0;
		e->pa = pa;
		pa += kind ? rnd(100000) : e->blocks;
		size += e->len;
	}
	z.inode.size = size;
	while (1ULL << (bb + clusterbits) < ls)
		clusterbits++;
	pos = zimage_header(&z, kind < 2 ? 0 : n, (u16)(ZA_EXTENTS | kind << 1), 0,
			    kind < 2 ? (u8)clusterbits : 0);
	pos = (pos + rs - 1) / rs * rs;
	if (!kind) {
		zimage_put(&z, pos, 8, exts[0].pa);
		pos += 8;
	}
	for (u32 i = 0; i < n; i++, pos += rs) {
		zimage_put(&z, pos, 4, exts[i].blocks | (exts[i].partial ? 1U << 27 : 0) |
				       (u32)exts[i].type << 28);
		if (kind)
			zimage_put(&z, pos + 4, kind == 1 ? 4 : 8, exts[i].pa);
		if (kind > 1)
			zimage_put(&z, pos + 12, kind == 2 ? 4 : 8, exts[i].la);
		if (kind > 2)
			zimage_put(&z, pos + 20, 12, ~0ULL);
	}
	CHECK_EQ(zimage_open(&z, NULL), 0);
	for (u32 i = 0; i < n; i++) {
		const struct mext *e = &exts[i];

		expect_extent(e, e->la, ~0ULL, 0, record_format(e), e->blocks);
		expect_extent(e, e->la + rnd((u32)e->len), 1, 0, record_format(e), e->blocks);
		expect_extent(e, e->la + e->len - 1, ~0ULL, 0, record_format(e), e->blocks);
	}
	if (exts[0].la) {
		struct mext hole = { .len = exts[0].la, .hole = true };

		expect_extent(&hole, rnd((u32)hole.len), ~0ULL, 0, 0, 0);
	}
}

static void zmodel_records(void)
{
	for (u32 i = 0; i < 60; i++) {
		u32 bb = 9 + i % 5;

		seed = 1000 + i;
		record_form(i % 4, bb, 1U << (bb + rnd(6)));
	}
}

/* Any order of lookups with one cursor tells what lookups without one tell. */
static void zmodel_cursor(void)
{
	for (u32 i = 0; i < 24; i++) {
		struct erofs_zcursor cur = { 0, 0 };
		u64 la = 0;

		seed = 2000 + i;
		record_form(i % 4, 12, 8192);
		for (int k = 0; k < 300; k++) {
			struct erofs_zextent with, without;
			unsigned long gets;

			CHECK_EQ(zimage_find(&z, la, ~0ULL, &without, NULL), 0);
			z.r.gets = 0;
			CHECK_EQ(erofs_zmap_find(&z.r.src, &z.sb, &z.inode, &z.map, &cur, la, ~0ULL,
						 &with, NULL), 0);
			gets = z.r.gets;
			CHECK(with.la == without.la && with.len == without.len &&
			      with.pa == without.pa && with.plen == without.plen &&
			      with.type == without.type && with.format == without.format);
			/* Forward is cheap: one place in the table. */
			if (k % 50 > 1)
				CHECK_THAT(gets <= (test_mode == READER_EXACT ? 3 : 2),
					   "%lu requests", gets);
			la = with.la + with.len;
			if (la >= z.inode.size || k % 50 == 49)
				la = rnd((u32)(z.inode.size < 1U << 27 ? z.inode.size : 1U << 27));
			if (la < with.la + with.len)
				k = k / 50 * 50 + 49;	/* begin anew */
		}
		CHECK_READER(&z.r);
	}
}

void tests_zmodel(void)
{
	RUN(zmodel_full);
	RUN(zmodel_compact);
	RUN(zmodel_records);
	RUN(zmodel_cursor);
}
