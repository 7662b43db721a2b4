// SPDX-License-Identifier: GPL-2.0-only
/*
 * Broken maps of compressed inodes; see zcases.h.
 *
 * Rules: every case is one change to a map that is healthy before, which is
 * checked. A map is used by opening it and reading all of it, byte after byte.
 */
#include "tests.h"
#include "zcases.h"
#include "zimage.h"

static struct zimage z;

/* Everything below is at these places: the header at 32, then indexes or records. */
#define ADVISE		36
#define ALGORITHMS	38
#define CLUSTERBITS	39
#define COMPACT		40
#define FULL(lcn)	(48 + 8 * (lcn))
#define RECORDS		48

static int read_all(struct erofs_diag *diag)
{
	int err = zimage_open(&z, diag);
	struct erofs_zextent ext;
	u64 la = 0;

	for (int i = 0; !err && la < z.inode.size && i < 100; i++) {
		err = zimage_find(&z, la, ~0ULL, &ext, diag);
		if (!err) {
			CHECK(ext.la <= la && ext.la + ext.len > la);
			la = ext.la + ext.len;
		}
	}
	return err;
}

/* Build a map, see that it is healthy, change @width bytes at @pos and read it. */
static int patched(void (*base)(void), u64 pos, u32 width, u64 value, struct erofs_diag *diag)
{
	base();
	CHECK_EQ(read_all(NULL), 0);
	zimage_put(&z, pos, width, value);
	return read_all(diag);
}

#define PATCHED(name, ...) \
	int name(struct erofs_diag *diag) \
	{ \
		return patched(__VA_ARGS__, diag); \
	}

/* ---- Healthy maps ------------------------------------------------------------------- */

static void put_head(u32 lcn, u32 type, u32 cofs, u32 block)
{
	zimage_put(&z, FULL(lcn), 2, type);
	zimage_put(&z, FULL(lcn) + 2, 2, cofs);
	zimage_put(&z, FULL(lcn) + 4, 4, block);
}

static void put_nonhead(u32 lcn, u32 delta0, u32 delta1)
{
	put_head(lcn, 2, 0, delta0 | delta1 << 16);
}

/* Every type; 8 lclusters of 512 bytes. */
static void base_full(void)
{
	zimage_init(&z, 9, ZF_FULL, 8 * 512, 32);
	zimage_header(&z, 0, ZA_BIG1 | ZA_BIG2, 3 << 4, 0);
	put_head(0, 1, 0, 10);
	put_nonhead(1, 0x800 | 2, 2);
	put_nonhead(2, 2, 1);
	put_head(3, 1, 100, 12);
	put_head(4, 0, 200, 20);
	put_head(5, 3, 100, 30);
	put_nonhead(6, 0x800 | 1, 2);
	put_nonhead(7, 2, 1);
}

/* Big clusters at lclusters 0 and 4, one block at 7. */
static void base_compact(void)
{
	zimage_init(&z, 9, ZF_COMPACT, 8 * 512, 32);
	zimage_header(&z, 0, ZA_BIG1 | ZA_BIG2, 0, 0);
	zimage_bytes(&z, COMPACT, "\x00\x10\x02\x28\x0a\0\0\0" "\x02\x20\x01\x20\x0c\0\0\0"
		     "\x64\x10\x01\x28\x0c\0\0\0" "\x02\x20\x32\x10\x0d\0\0\0", 32);
}

/* The same without big clusters. */
static void base_compact_small(void)
{
	base_compact();
	zimage_put(&z, ADVISE, 2, 0);
	zimage_bytes(&z, COMPACT, "\x00\x10\x03\x20\x0a\0\0\0" "\x02\x20\x01\x20\x0b\0\0\0"
		     "\x64\x10\x02\x20\x0b\0\0\0" "\x02\x20\x32\x10\x0c\0\0\0", 32);
}

/* 22 plain lclusters, the last 16 in a pack of 2-byte indexes. */
static void base_compact_2b(void)
{
	zimage_init(&z, 9, ZF_COMPACT, 22 * 512, 32);
	zimage_header(&z, 0, ZA_2B, 0, 0);
	zimage_put(&z, 95, 1, 0);
}

/* One inline cluster. */
static void base_inline(void)
{
	zimage_init(&z, 9, ZF_FULL, 500, 32);
	zimage_header(&z, 300 << 16, ZA_INLINE, 0, 0);
	put_head(0, 1, 0, 0);
	zimage_put(&z, 400, 1, 0);
}

static void base_inline_plain(void)
{
	base_inline();
	z.inode.size = 300;
	put_head(0, 0, 0, 0);
}

/* One cluster, then a fragment. */
static void base_tail(void)
{
	zimage_init(&z, 9, ZF_FULL, 1100, 32);
	zimage_header(&z, 5000, ZA_FRAGMENT, 0, 0);
	put_head(0, 1, 0, 10);
	put_head(1, 1, 100, 0);
	put_nonhead(2, 1, 1);
}

static void base_fragment(void)
{
	zimage_init(&z, 9, ZF_FULL, 4000, 32);
	zimage_put(&z, 32, 8, 1ULL << 63 | 12345);
	z.sb.has_metabox = true;
	z.sb.metabox_nid = 1001;
}

static void put_record(u32 nr, u32 word, u64 pa, u32 la)
{
	zimage_put(&z, RECORDS + 16 * nr, 4, word);
	zimage_put(&z, RECORDS + 16 * nr + 4, 8, pa);
	zimage_put(&z, RECORDS + 16 * nr + 12, 4, la);
}

/* LZ4, plain, Zstandard. */
static void base_records(void)
{
	zimage_init(&z, 9, ZF_FULL, 4000, 32);
	zimage_header(&z, 3, ZA_EXTENTS | 2 << 1, 0, 0);
	put_record(0, 600 | 1 << 28, 5000, 0);
	put_record(1, 512, 8192, 1000);
	put_record(2, 700 | 4U << 28, 9000, 1512);
}

static void base_record_tail(void)
{
	base_records();
	zimage_put(&z, ADVISE, 2, ZA_EXTENTS | 2 << 1 | ZA_FRAGMENT);
	put_record(2, 700, 9, 1512);
}

/* Three clusters of 1 KiB, with addresses that are sums. */
static void base_sums(void)
{
	zimage_init(&z, 9, ZF_FULL, 3 * 1024, 32);
	zimage_header(&z, 0, ZA_EXTENTS, 0, 1);
	zimage_put(&z, COMPACT, 8, 4096);
	for (u32 i = 0; i < 3; i++)
		zimage_put(&z, RECORDS + 4 * i, 4, (100 + i) | 1 << 28);
}

/* ---- The header ----------------------------------------------------------------------- */

PATCHED(z_head1_algorithm, base_full, ALGORITHMS, 1, 0x04)
PATCHED(z_head2_algorithm, base_full, ALGORITHMS, 1, 0xf0)
PATCHED(z_big_mismatch, base_compact, ADVISE, 2, ZA_BIG1)
PATCHED(z_lcluster, base_compact, CLUSTERBITS, 1, 6)
PATCHED(z_lcluster_2b, base_compact_2b, CLUSTERBITS, 1, 4)
PATCHED(z_inline, base_inline, 34, 2, 457)
PATCHED(z_fragment_range, base_fragment, 32, 8, ~0ULL - 3999)
PATCHED(z_tail_range, base_record_tail, RECORDS + 32 + 4, 4, 0x80000000)
PATCHED(z_fragment_without_record, base_record_tail, 32, 4, 0)
PATCHED(z_plain_inline, base_inline_plain, 34, 2, 299)

int z_big_feature(struct erofs_diag *diag)
{
	base_full();
	CHECK_EQ(read_all(NULL), 0);
	z.sb.feature_incompat = 0x1fd;
	return read_all(diag);
}

int z_header_position(struct erofs_diag *diag)
{
	base_full();
	CHECK_EQ(read_all(NULL), 0);
	z.inode.tail_pos = POS_LIMIT - 12;
	return read_all(diag);
}

static int far_away(void (*base)(void), struct erofs_diag *diag)
{
	u64 base_pos = POS_LIMIT - 0x1fff;

	base();
	CHECK_EQ(read_all(NULL), 0);
	reader_init(&z.r, test_mode, NULL, 0);
	z.r.bytes[EROFS_DEV].data = z.bytes;
	z.r.bytes[EROFS_DEV].base = base_pos;
	z.r.bytes[EROFS_DEV].len = z.len;
	z.r.blkszbits = 9;
	z.inode.tail_pos += base_pos;
	CHECK_EQ(erofs_zmap_open(&z.r.src, &z.sb, &z.inode, &z.map, NULL), 0);
	z.inode.size = 1ULL << 40;
	zimage_put(&z, 32, 4, 0xffffff);
	return erofs_zmap_open(&z.r.src, &z.sb, &z.inode, &z.map, diag);
}

int z_index_table(struct erofs_diag *diag)
{
	return far_away(base_full, diag);
}

int z_record_table(struct erofs_diag *diag)
{
	return far_away(base_records, diag);
}

int z_fragment_no_packed(struct erofs_diag *diag)
{
	base_fragment();
	CHECK_EQ(read_all(NULL), 0);
	z.sb.has_packed = false;
	return read_all(diag);
}

int z_tail_no_packed(struct erofs_diag *diag)
{
	base_tail();
	CHECK_EQ(read_all(NULL), 0);
	z.sb.has_packed = false;
	return read_all(diag);
}

static int fragment_in(u64 nid, struct erofs_diag *diag)
{
	base_fragment();
	CHECK_EQ(read_all(NULL), 0);
	z.inode.nid = nid;
	return read_all(diag);
}

int z_fragment_in_packed(struct erofs_diag *diag)
{
	return fragment_in(1000, diag);
}

int z_fragment_in_metabox(struct erofs_diag *diag)
{
	return fragment_in(1001, diag);
}

/* ---- Indexes ---------------------------------------------------------------------------- */

PATCHED(z_clusterofs, base_full, FULL(3) + 2, 2, 512)
PATCHED(z_clusterofs_compact, base_compact, COMPACT + 16, 2, 0x1200)
PATCHED(z_first_is_nonhead, base_full, FULL(0), 2, 2)
PATCHED(z_first_has_offset, base_full, FULL(0) + 2, 2, 1)
PATCHED(z_cblkcnt, base_full, ADVISE, 2, 0)
PATCHED(z_cblkcnt_compact, base_compact_small, COMPACT + 2, 2, 0x2801)
PATCHED(z_cblkcnt_missing, base_full, FULL(1) + 4, 2, 1)
PATCHED(z_pack_big, base_compact, COMPACT + 24, 2, 0x2001)
PATCHED(z_pack_small, base_compact_small, COMPACT + 24, 2, 0x2000)
PATCHED(z_plen, base_full, FULL(1) + 4, 2, 0x1800)
PATCHED(z_no_gain, base_full, FULL(1) + 4, 2, 0x800 | 4)
PATCHED(z_plain, base_full, FULL(5) + 2, 2, 300)

/* Lclusters that belong to the first extent are asked directly: reading skips them. */
static int nonhead_patched(void (*base)(void), u64 pos, u32 width, u64 value, u64 la,
			   struct erofs_diag *diag)
{
	struct erofs_zextent ext;

	base();
	CHECK_EQ(read_all(NULL), 0);
	zimage_put(&z, pos, width, value);
	CHECK_EQ(zimage_open(&z, NULL), 0);
	return zimage_find(&z, la, 1, &ext, diag);
}

int z_back_zero(struct erofs_diag *diag)
{
	return nonhead_patched(base_full, FULL(2) + 4, 2, 0, 1024, diag);
}

int z_back_too_far(struct erofs_diag *diag)
{
	return nonhead_patched(base_full, FULL(2) + 4, 2, 3, 1024, diag);
}

int z_back_compact(struct erofs_diag *diag)
{
	/* The last index of the pack takes its distance from the one before it. */
	return nonhead_patched(base_compact, COMPACT + 8, 2, 0x2003, 3 * 512, diag);
}

/* 20000 lclusters of 16 MiB, each says that its head is the one before. */
int z_long_way_back(struct erofs_diag *diag)
{
	struct erofs_zextent ext;
	int err;

	zimage_init(&z, 9, ZF_FULL, 20000ULL << 24, 32);
	zimage_header(&z, 0, 0, 0, 15);
	zimage_put(&z, FULL(0), 2, 1 | 0x4000);		/* a hole */
	zimage_put(&z, FULL(0) + 4, 4, 0);
	for (u32 lcn = 1; lcn < 20000; lcn++)
		put_nonhead(lcn, 1, 1);
	CHECK_EQ(zimage_open(&z, NULL), 0);
	CHECK_EQ(zimage_find(&z, 16384ULL << 24, 1, &ext, NULL), 0);
	CHECK_EQ(ext.type, EROFS_Z_HOLE);
	CHECK_EQ(ext.la, 0);
	err = zimage_find(&z, 16385ULL << 24, 1, &ext, diag);
	CHECK(z.r.gets <= 16386);
	return err;
}

/* A cluster of 13 MiB, whose distances forward are all 0. */
int z_llen(struct erofs_diag *diag)
{
	zimage_init(&z, 12, ZF_FULL, 12ULL << 20, 32);
	zimage_header(&z, 0, 0, 0, 0);
	put_head(0, 1, 0, 5);
	for (u32 lcn = 1; lcn < 13 << 8; lcn++)
		put_nonhead(lcn, lcn < 2047 ? lcn : 2047, 0);
	CHECK_EQ(read_all(NULL), 0);
	z.inode.size = 13ULL << 20;
	return read_all(diag);
}

int z_algorithm(struct erofs_diag *diag)
{
	base_full();
	CHECK_EQ(read_all(NULL), 0);
	z.sb.algorithms = 7;
	return read_all(diag);
}

/* The last blocks of 2^32 blocks are no problem, but 2^48 is the end. */
int z_address_48bit(struct erofs_diag *diag)
{
	base_full();
	zimage_put(&z, FULL(3) + 4, 4, 0xffffffff);
	CHECK_EQ(read_all(NULL), 0);
	base_records();
	put_record(0, 600 | 1 << 28, (1ULL << 57) - 600, 0);
	CHECK_EQ(read_all(NULL), 0);
	put_record(0, 600 | 1 << 28, (1ULL << 57) - 599, 0);
	return read_all(diag);
}

/* ---- Records ------------------------------------------------------------------------------ */

PATCHED(z_format, base_records, RECORDS + 3, 1, 0x50)
PATCHED(z_unsorted_high, base_records, RECORDS + 16 + 12, 4, 4001)
PATCHED(z_unsorted_low, base_records, RECORDS + 32 + 12, 4, 999)
PATCHED(z_unsorted_tail, base_record_tail, RECORDS + 32 + 12, 4, 4001)
PATCHED(z_plen_record, base_records, RECORDS, 4, 0x1fffff | 1 << 28)
PATCHED(z_address, base_records, RECORDS + 8, 4, 0x80000000)
PATCHED(z_address_sum, base_sums, COMPACT, 8, POS_LIMIT - 200)

int z_algorithm_record(struct erofs_diag *diag)
{
	base_records();
	CHECK_EQ(read_all(NULL), 0);
	z.sb.algorithms = 1;
	return read_all(diag);
}

int z_llen_record(struct erofs_diag *diag)
{
	base_records();
	z.inode.size = 1512 + (12 << 20);
	CHECK_EQ(read_all(NULL), 0);
	z.inode.size++;
	return read_all(diag);
}

/* A cursor goes on where the first call gave up. */
int z_distant(struct erofs_diag *diag)
{
	u64 far = (1 << 24) + 5, len = RECORDS + 4 * (far + 1);
	struct erofs_zcursor cur = { 0, 0 };
	struct erofs_zextent ext;
	u8 *bytes = calloc(1, (size_t)len);
	int err;

	base_sums();
	memcpy(bytes, z.bytes, z.len);
	put_le(bytes + len - 4, 4, 77 | 1 << 28);
	z.inode.size = (far + 1) << 10;
	/* Records in one piece: half a million pieces prove nothing else. */
	reader_init(&z.r, READER_GENEROUS, bytes, (size_t)len);
	z.r.blkszbits = 20;
	CHECK_EQ(erofs_zmap_open(&z.r.src, &z.sb, &z.inode, &z.map, NULL), 0);
	err = erofs_zmap_find(&z.r.src, &z.sb, &z.inode, &z.map, &cur, far << 10, 1, &ext, diag);
	CHECK_EQ(erofs_zmap_find(&z.r.src, &z.sb, &z.inode, &z.map, &cur, far << 10, 1, &ext,
				 NULL), 0);
	CHECK_EQ(ext.pa, 4096 + 100 + 101 + 102);
	CHECK_EQ(ext.plen, 77);
	CHECK_READER(&z.r);
	free(bytes);
	return err;
}
