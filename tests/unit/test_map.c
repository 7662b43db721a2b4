// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents of uncompressed layouts (FORMAT.md section 4).
 */
#include "tests.h"

#define HOLE32	0xffffffffULL
#define HOLE48	0xffffffffffffULL

static void map_flat_plain(void)
{
	for (u32 bb = 9; bb <= 16; bb++) {
		struct erofs_super sb = { .blkszbits = (u8)bb };
		u64 bs = 1ULL << bb;
		const u64 sizes[] = { 1, bs - 1, bs, bs + 1, 10 * bs };
		struct reader r;

		reader_init(&r, test_mode, NULL, 0);
		for (int i = 0; i < 5; i++) {
			struct erofs_inode inode = { .size = sizes[i], .startblk = 0x123456789 };
			const u64 at[] = { 0, 1, sizes[i] - 1 };
			struct erofs_extent ext;

			for (int k = 0; k < 3; k++) {
				if (at[k] >= sizes[i])
					continue;
				CHECK_EQ(erofs_map(&r.src, &sb, &inode, at[k], POS_LIMIT, &ext,
						   NULL), 0);
				CHECK_EQ(ext.type, EROFS_EXTENT_DATA);
				CHECK_EQ(ext.la, at[k]);
				CHECK_EQ(ext.len, sizes[i] - at[k]);
				CHECK_EQ(ext.pa, (0x123456789ULL << bb) + at[k]);
				CHECK_EQ(ext.device_id, 0);
				CHECK_EQ(erofs_map(&r.src, &sb, &inode, at[k], 1, &ext, NULL), 0);
				CHECK_EQ(ext.len, 1);
			}
			inode.flat_hole = true;
			CHECK_EQ(erofs_map(&r.src, &sb, &inode, 0, 7 * bs, &ext, NULL), 0);
			CHECK_EQ(ext.type, EROFS_EXTENT_HOLE);
			CHECK_EQ(ext.len, sizes[i] < 7 * bs ? sizes[i] : 7 * bs);
		}
		CHECK_EQ(r.gets, 0);
	}
}

static void map_flat_inline(void)
{
	for (u32 bb = 9; bb <= 16; bb++) {
		struct erofs_super sb = { .blkszbits = (u8)bb };
		u64 bs = 1ULL << bb;
		const u64 sizes[] = { 1, bs - 1, bs, bs + 1, 2 * bs, 2 * bs + 1, 5 * bs - 1 };
		struct reader r;

		reader_init(&r, test_mode, NULL, 0);
		for (int i = 0; i < 7; i++) {
			struct erofs_inode inode = { .size = sizes[i], .startblk = 9,
				.layout = EROFS_LAYOUT_FLAT_INLINE, .tail_pos = 1000 * bs,
				.space = EROFS_MBOX };
			u64 flat = (sizes[i] - 1) / bs * bs;
			struct erofs_extent ext;

			for (u64 la = 0; la < sizes[i]; la += bs / 4 - 1) {
				CHECK_EQ(erofs_map(&r.src, &sb, &inode, la, POS_LIMIT, &ext,
						   NULL), 0);
				CHECK_EQ(ext.la, la);
				if (la < flat) {
					CHECK_EQ(ext.type, EROFS_EXTENT_DATA);
					CHECK_EQ(ext.pa, 9 * bs + la);
					CHECK_EQ(ext.len, flat - la);
				} else {
					CHECK_EQ(ext.type, EROFS_EXTENT_INLINE);
					CHECK_EQ(ext.pa, 1000 * bs + la - flat);
					CHECK_EQ(ext.len, sizes[i] - la);
				}
			}
		}
		CHECK_EQ(r.gets, 0);
	}
}

static void map_past_the_end(void)
{
	static const u64 sizes[] = { 0, 1, 512, 5000 };
	struct erofs_super sb = { .blkszbits = 9 };
	struct reader r;

	reader_init(&r, test_mode, NULL, 0);
	for (int i = 0; i < 4; i++) {
		for (u8 layout = 0; layout < EROFS_LAYOUT_COUNT; layout++) {
			struct erofs_inode inode = { .size = sizes[i], .layout = layout,
						     .chunk_bits = 9 };
			const u64 at[] = { sizes[i], sizes[i] + 1, POS_LIMIT, ~0ULL };

			for (int k = 0; k < 4; k++) {
				struct erofs_extent ext;

				CHECK_EQ(erofs_map(&r.src, &sb, &inode, at[k], 333, &ext, NULL), 0);
				CHECK_EQ(ext.type, EROFS_EXTENT_HOLE);
				CHECK_EQ(ext.la, at[k]);
				CHECK_EQ(ext.len, 333);
			}
		}
	}
	CHECK_EQ(r.gets, 0);
}

static void map_compressed(void)
{
	struct erofs_super sb = { .blkszbits = 12, .algorithms = 1 };
	struct erofs_inode inode = { .size = 1, .nid = 3 };
	struct erofs_extent ext;
	struct erofs_diag diag;
	struct reader r;

	reader_init(&r, test_mode, NULL, 0);
	for (u8 layout = 1; layout < 4; layout += 2) {
		inode.layout = layout;
		FAILS_WITH(erofs_map(&r.src, &sb, &inode, 0, 1, &ext, &diag), -EOPNOTSUPP,
			   MAP_COMPRESSED);
		CHECK_EQ(diag.value, layout);
		CHECK_EQ(diag.nid, 3);
	}
}

/* A chunk table in memory and the inode it belongs to. */
struct table {
	u8 bytes[4096];
	size_t len;
	struct erofs_inode inode;
	struct erofs_super sb;
	struct reader r;
};

static void table_init(struct table *t, u32 bb, u32 format, u64 size, u64 tail)
{
	memset(t, 0, sizeof(*t));
	t->sb.blkszbits = (u8)bb;
	t->sb.extra_devices = 5;
	t->sb.device_id_mask = 7;
	t->inode = (struct erofs_inode){ .nid = 1, .size = size, .layout = EROFS_LAYOUT_CHUNK_BASED,
		.chunk_format = (u16)format, .chunk_bits = (u8)(bb + (format & 31)),
		.tail_pos = tail };
}

static void table_add(struct table *t, u64 addr, u16 device)
{
	u64 unit = t->inode.chunk_format & 0x20 ? 8 : 4;

	if (!t->len)
		t->len = (t->inode.tail_pos + unit - 1) / unit * unit;
	if (unit == 8) {
		put_le(t->bytes + t->len, 2, addr >> 32);
		put_le(t->bytes + t->len + 2, 2, device);
		put_le(t->bytes + t->len + 4, 4, addr);
	} else {
		put_le(t->bytes + t->len, 4, addr);
	}
	t->len += unit;
	reader_init(&t->r, test_mode, t->bytes, t->len);
	t->r.blkszbits = t->sb.blkszbits;
}

static void expect(struct table *t, u64 la, u64 want, enum erofs_extent_type type, u16 device,
		   u64 pa, u64 len)
{
	struct erofs_extent ext;
	char context[64];

	snprintf(context, sizeof(context), "at %llu", (unsigned long long)la);
	tap_context = context;
	CHECK_EQ(erofs_map(&t->r.src, &t->sb, &t->inode, la, want, &ext, NULL), 0);
	CHECK_EQ(ext.la, la);
	CHECK_EQ(ext.type, type);
	CHECK_EQ(ext.device_id, device);
	CHECK_EQ(ext.len, len);
	if (type == EROFS_EXTENT_DATA)
		CHECK_EQ(ext.pa, pa);
	CHECK_READER(&t->r);
	tap_context = NULL;
}

/* Every alignment of the table's beginning, both kinds of entries. */
static void map_chunk_merging(void)
{
	for (u64 tail = 32; tail <= 100; tail += 4) {
		for (u32 indexes = 0; indexes <= 0x20; indexes += 0x20) {
			struct table t;
			u64 c = 1024;		/* chunk size */

			table_init(&t, 9, indexes | 1, 11 * c + 100, tail);
			table_add(&t, 10, 0);
			table_add(&t, 12, 0);
			table_add(&t, 14, 0);		/* contiguous so far */
			table_add(&t, HOLE32, 3);
			table_add(&t, HOLE32, 0);
			table_add(&t, HOLE32, 4);
			table_add(&t, 16, 0);
			table_add(&t, 16, 0);		/* the same again */
			table_add(&t, 18, 0);
			table_add(&t, 17, 0);		/* overlaps by a block */
			table_add(&t, HOLE32, 0);
			table_add(&t, 100, 0);
			expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 0, 5120, 3 * c);
			expect(&t, 5, POS_LIMIT, EROFS_EXTENT_DATA, 0, 5125, 3 * c - 5);
			expect(&t, 5, 2 * c, EROFS_EXTENT_DATA, 0, 5125, 2 * c);
			expect(&t, c + 1, 1, EROFS_EXTENT_DATA, 0, 5120 + c + 1, 1);
			expect(&t, 3 * c - 1, 2, EROFS_EXTENT_DATA, 0, 5120 + 3 * c - 1, 1);
			expect(&t, 3 * c, POS_LIMIT, EROFS_EXTENT_HOLE, 0, 0, 3 * c);
			expect(&t, 3 * c + 9, 2 * c, EROFS_EXTENT_HOLE, 0, 0, 2 * c);
			expect(&t, 5 * c, POS_LIMIT, EROFS_EXTENT_HOLE, 0, 0, c);
			expect(&t, 6 * c, POS_LIMIT, EROFS_EXTENT_DATA, 0, 8192, c);
			expect(&t, 7 * c, POS_LIMIT, EROFS_EXTENT_DATA, 0, 8192, 2 * c);
			expect(&t, 9 * c, POS_LIMIT, EROFS_EXTENT_DATA, 0, 17 * 512, c);
			expect(&t, 10 * c, POS_LIMIT, EROFS_EXTENT_HOLE, 0, 0, c);
			expect(&t, 11 * c, POS_LIMIT, EROFS_EXTENT_DATA, 0, 51200, 100);
			expect(&t, 11 * c + 99, POS_LIMIT, EROFS_EXTENT_DATA, 0, 51299, 1);
			expect(&t, 11 * c + 100, 5, EROFS_EXTENT_HOLE, 0, 0, 5);
			expect(&t, 0, 0, EROFS_EXTENT_DATA, 0, 5120, 1);
		}
	}
}

static void map_chunk_devices(void)
{
	struct table t;

	table_init(&t, 12, 0x20, 5 * 4096, 40);
	table_add(&t, 7, 1);
	table_add(&t, 8, 1);
	table_add(&t, 9, 2);			/* contiguous number, other device */
	table_add(&t, 10, 2 | 0xfff8);		/* masked to 2 */
	table_add(&t, 1ULL << 32 | 11, 2);	/* high bits do not count without 48BIT */
	expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 1, 7 * 4096, 2 * 4096);
	expect(&t, 8192, POS_LIMIT, EROFS_EXTENT_DATA, 2, 9 * 4096, 3 * 4096);

	t.inode.chunk_format |= 0x40;
	expect(&t, 8192, POS_LIMIT, EROFS_EXTENT_DATA, 2, 9 * 4096, 2 * 4096);
	expect(&t, 16384, POS_LIMIT, EROFS_EXTENT_DATA, 2, ((1ULL << 32) + 11) << 12, 4096);

	/* No device table: every id is 0. */
	t.sb.device_id_mask = 0;
	expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 0, 7 * 4096, 4 * 4096);
}

static void map_chunk_48bit_holes(void)
{
	struct table t;

	table_init(&t, 12, 0x60, 4 * 4096, 32);
	table_add(&t, HOLE32, 0);		/* an address here */
	table_add(&t, HOLE48, 1);
	table_add(&t, HOLE48, 2);
	table_add(&t, 0, 0);
	expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 0, HOLE32 << 12, 4096);
	expect(&t, 4096, POS_LIMIT, EROFS_EXTENT_HOLE, 0, 0, 8192);
	expect(&t, 3 * 4096, POS_LIMIT, EROFS_EXTENT_DATA, 0, 0, 4096);

	/* A block map ignores the 48-bit flag. */
	table_init(&t, 12, 0x40, 2 * 4096, 32);
	table_add(&t, HOLE32, 0);
	table_add(&t, 5, 0);
	expect(&t, 0, POS_LIMIT, EROFS_EXTENT_HOLE, 0, 0, 4096);
	expect(&t, 4096, POS_LIMIT, EROFS_EXTENT_DATA, 0, 5 * 4096, 4096);
}

/* The largest chunks: 2^31 blocks of 64 KiB. */
static void map_largest_chunks(void)
{
	struct erofs_extent ext;
	struct erofs_diag diag;
	struct table t;

	table_init(&t, 16, 0x60 | 31, (3ULL << 47) - 5, 32);
	table_add(&t, 0, 0);
	table_add(&t, 1ULL << 31, 0);
	table_add(&t, 1ULL << 47, 0);
	expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 0, 0, 2ULL << 47);
	expect(&t, (1ULL << 47) + 3, POS_LIMIT, EROFS_EXTENT_DATA, 0, (1ULL << 47) + 3,
	       (1ULL << 47) - 3);
	/* 2^47 blocks of 64 KiB are at byte 2^63. */
	FAILS_WITH(erofs_map(&t.r.src, &t.sb, &t.inode, 2ULL << 47, 1, &ext, &diag),
		   -EFSCORRUPTED, CHUNK_ADDRESS);
	CHECK_EQ(diag.value, 1ULL << 47);
	CHECK_EQ(diag.pos, 48);
	CHECK_READER(&t.r);
}

/* The chunk itself has to end below 2^63, as far as the file uses it. */
static void map_chunk_address_limit(void)
{
	struct erofs_extent ext;
	struct erofs_diag diag;
	u64 last = (1ULL << 47) - 1;		/* blocks of 64 KiB below 2^63 */

	for (u64 blocks = 1; blocks <= 4; blocks++) {
		for (u64 addr = last - 5; addr <= last + 2; addr++) {
			struct table t;

			table_init(&t, 16, 0x60 | 2, blocks << 16, 32);
			table_add(&t, addr, 0);
			if (addr + blocks <= last)
				expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 0, addr << 16,
				       blocks << 16);
			else
				FAILS_WITH(erofs_map(&t.r.src, &t.sb, &t.inode, 0, 1, &ext, &diag),
					   -EFSCORRUPTED, CHUNK_ADDRESS);
		}
	}
}

/* Trouble behind the first run belongs to the call that asks for it. */
static void map_keeps_healthy_chunks(void)
{
	struct erofs_extent ext;
	struct erofs_diag diag;
	struct table t;

	table_init(&t, 16, 0x60, 12 << 16, 32);
	for (u64 i = 0; i < 10; i++)
		table_add(&t, i, 0);
	/* Two more entries that the image does not have any more. */
	expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 0, 0, test_mode == READER_EXACT ? 8 << 16 : 10 << 16);
	FAILS_WITH(erofs_map(&t.r.src, &t.sb, &t.inode, 10 << 16, 1, &ext, &diag), -EIO, SOURCE);

	/* A bad address behind good ones. */
	put_le(t.bytes + 32 + 2 * 8, 2, 0xffff);
	expect(&t, 0, 5 << 16, EROFS_EXTENT_DATA, 0, 0, 2 << 16);
	FAILS_WITH(erofs_map(&t.r.src, &t.sb, &t.inode, 2 << 16, 5, &ext, &diag), -EFSCORRUPTED,
		   CHUNK_ADDRESS);
	CHECK_READER(&t.r);
}

/* One request per granule, and none beyond what is wanted. */
static void map_touches_entries_once(void)
{
	struct table t;

	table_init(&t, 9, 0x20, 100 * 512, 40);
	for (u64 i = 0; i < 100; i++)
		table_add(&t, 50 + i, 0);
	expect(&t, 0, POS_LIMIT, EROFS_EXTENT_DATA, 0, 50 * 512, 100 * 512);
	if (test_mode == READER_EXACT)
		CHECK_EQ(t.r.gets, (40 + 800 + 31) / 32 - 1);
	else
		CHECK(t.r.gets <= 3);
	t.r.gets = 0;
	expect(&t, 7 * 512, 1, EROFS_EXTENT_DATA, 0, 57 * 512, 1);
	CHECK_EQ(t.r.gets, 1);
	t.r.gets = 0;
	expect(&t, 0, 512, EROFS_EXTENT_DATA, 0, 50 * 512, 512);
	CHECK_EQ(t.r.gets, 1);
}

/* Single bytes and runs agree, for a pseudo-random table. */
static void map_runs_agree_with_bytes(void)
{
	struct erofs_extent run, one;
	struct table t;
	u32 seed = 1;
	u64 size = 60 * 512 - 7;

	table_init(&t, 9, 0x20, size, 36);
	for (u64 i = 0, addr = 0; i < 60; i++) {
		seed = seed * 1103515245 + 12345;
		addr = seed >> 28 > 11 ? HOLE32 : seed >> 28 > 7 ? seed >> 20 & 15 : addr + 1;
		table_add(&t, addr, (seed >> 24) % 16 == 0);
	}
	for (u64 la = 0; la < size; la += run.len) {
		CHECK_EQ(erofs_map(&t.r.src, &t.sb, &t.inode, la, size, &run, NULL), 0);
		if (!run.len)
			break;
		for (u64 i = 0; i < run.len; i += 101) {
			CHECK_EQ(erofs_map(&t.r.src, &t.sb, &t.inode, la + i, 1, &one, NULL), 0);
			CHECK_EQ(one.type, run.type);
			CHECK_EQ(one.device_id, run.device_id);
			CHECK_EQ(one.len, 1);
			if (run.type == EROFS_EXTENT_DATA)
				CHECK_EQ(one.pa, run.pa + i);
		}
		/* The next byte does not continue the run. */
		if (la + run.len < size) {
			CHECK_EQ(erofs_map(&t.r.src, &t.sb, &t.inode, la + run.len, 1, &one, NULL),
				 0);
			CHECK(one.type != run.type || one.device_id != run.device_id ||
			      (one.type == EROFS_EXTENT_DATA && one.pa != run.pa + run.len));
		}
	}
	CHECK_READER(&t.r);
}

void tests_map(void)
{
	RUN(map_flat_plain);
	RUN(map_flat_inline);
	RUN(map_past_the_end);
	RUN(map_compressed);
	RUN(map_chunk_merging);
	RUN(map_chunk_devices);
	RUN(map_chunk_48bit_holes);
	RUN(map_largest_chunks);
	RUN(map_chunk_address_limit);
	RUN(map_keeps_healthy_chunks);
	RUN(map_touches_entries_once);
	RUN(map_runs_agree_with_bytes);
}
