// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents of compressed layouts (FORMAT.md sections 7 and 8).
 */
#include "tests.h"
#include "zimage.h"

static struct zimage z;

/* The extent that byte @la lies in, however much of it is wanted. */
static void expect(u64 la, u8 type, u8 format, u64 start, u64 len, u64 pa, u32 plen)
{
	struct erofs_zextent ext;
	char context[64];

	snprintf(context, sizeof(context), "at %llu", (unsigned long long)la);
	tap_context = context;
	CHECK_EQ(zimage_find(&z, la, ~0ULL, &ext, NULL), 0);
	CHECK_EQ(ext.type, type);
	CHECK_EQ(ext.la, start);
	CHECK_EQ(ext.len, len);
	CHECK(ext.complete);
	if (type != EROFS_Z_HOLE)
		CHECK_EQ(ext.pa, pa);
	if (type == EROFS_Z_CLUSTER) {
		CHECK_EQ(ext.format, format);
		CHECK_EQ(ext.plen, plen);
	}
	tap_context = NULL;
}

/* ---- Appendix A ------------------------------------------------------------------- */

static void expect_appendix_a(void)
{
	static const u64 first[] = { 0, 1, 4095, 4096, 8192, 12288, 40000, 65535, 65536, 66798 };
	static const u64 second[] = { 66799, 69631, 69632, 77824, 81919, 81920, 83914 };

	for (int i = 0; i < 10; i++)
		expect(first[i], EROFS_Z_CLUSTER, EROFS_ZF_LZ4, 0, 66799, 4096, 8192);
	for (int i = 0; i < 7; i++)
		expect(second[i], EROFS_Z_CLUSTER, EROFS_ZF_LZ4, 66799, 17116, 12288, 4096);
}

/* A.2: the packs that the text leaves out are filled in after its rules. */
static void zmap_appendix_a2(void)
{
	zimage_init(&z, 12, ZF_COMPACT, 83915, 1312);
	zimage_bytes(&z, 1312, "\x00\x00\x00\x00\x07\x00\x00\x00", 8);
	zimage_bytes(&z, 1320, "\x00\x10\x02\x28\x01\x00\x00\x00", 8);
	zimage_bytes(&z, 1328, "\x02\x20\x0d\x20\x03\x00\x00\x00", 8);
	for (u32 lcn = 4; lcn < 14; lcn += 2) {
		zimage_put(&z, 1320 + 4 * lcn, 2, 0x2000 | lcn);
		zimage_put(&z, 1322 + 4 * lcn, 2, 0x2000 | (15 - lcn));
		zimage_put(&z, 1324 + 4 * lcn, 4, 3);
	}
	zimage_bytes(&z, 1376, "\x0e\x20\x01\x20\x03\x00\x00\x00", 8);
	zimage_bytes(&z, 1384, "\xef\x14\x01\x28\x03\x00\x00\x00", 8);
	zimage_bytes(&z, 1392, "\x02\x20\x01\x20\x04\x00\x00\x00", 8);
	zimage_bytes(&z, 1400, "\xcb\x07\x00\x00\x04\x00\x00\x00", 8);
	CHECK_EQ(zimage_open(&z, NULL), 0);
	CHECK_EQ(z.map.compact_4b, 6);
	CHECK_EQ(z.map.compact_2b, 0);
	expect_appendix_a();
}

/* The same file without big clusters, its first two extents. */
static void zmap_appendix_a2_small(void)
{
	zimage_init(&z, 12, ZF_COMPACT, 83915, 1312);
	zimage_header(&z, 0, 1, 0, 0);
	zimage_bytes(&z, 1320, "\x00\x10\x05\x20\x00\x00\x00\x00", 8);
	zimage_bytes(&z, 1328, "\x02\x20\x03\x20\x01\x00\x00\x00", 8);
	zimage_bytes(&z, 1336, "\x04\x20\x01\x20\x01\x00\x00\x00", 8);
	zimage_bytes(&z, 1344, "\x2e\x1b\x09\x20\x01\x00\x00\x00", 8);
	for (u32 lcn = 8; lcn < 16; lcn += 2) {
		zimage_put(&z, 1320 + 4 * lcn, 2, 0x2000 | (lcn - 6));
		zimage_put(&z, 1322 + 4 * lcn, 2, 0x2000 | (15 - lcn));
		zimage_put(&z, 1324 + 4 * lcn, 4, 2);
	}
	zimage_bytes(&z, 1384, "\xef\x14\x01\x20\x02\x00\x00\x00", 8);
	CHECK_EQ(zimage_open(&z, NULL), 0);
	for (u64 la = 0; la < 6 * 4096 + 2862; la += 500)
		expect(la, EROFS_Z_CLUSTER, EROFS_ZF_LZ4, 0, 6 * 4096 + 2862, 4096, 4096);
	for (u64 la = 6 * 4096 + 2862; la < 66799; la += 500)
		expect(la, EROFS_Z_CLUSTER, EROFS_ZF_LZ4, 6 * 4096 + 2862, 66799 - 6 * 4096 - 2862,
		       8192, 4096);
}

static void zmap_appendix_a3(void)
{
	zimage_init(&z, 12, ZF_FULL, 83915, 1312);
	zimage_header(&z, 0, 2, 0, 0);
	zimage_bytes(&z, 1328, "\x01\x00\x00\x00\x01\x00\x00\x00", 8);
	zimage_bytes(&z, 1336, "\x02\x00\x00\x00\x02\x08\x0f\x00", 8);
	for (u32 lcn = 2; lcn < 16; lcn++) {
		zimage_put(&z, 1328 + 8 * lcn, 4, 2);
		zimage_put(&z, 1332 + 8 * lcn, 2, lcn);
		zimage_put(&z, 1334 + 8 * lcn, 2, 16 - lcn);
	}
	CHECK(!memcmp(z.bytes + 1344, "\x02\x00\x00\x00\x02\x00\x0e\x00", 8));
	zimage_bytes(&z, 1456, "\x01\x00\xef\x04\x03\x00\x00\x00", 8);
	zimage_bytes(&z, 1464, "\x02\x00\x00\x00\x01\x08\x03\x00", 8);
	zimage_bytes(&z, 1472, "\x02\x00\x00\x00\x02\x00\x02\x00", 8);
	zimage_bytes(&z, 1480, "\x02\x00\x00\x00\x03\x00\x01\x00", 8);
	zimage_bytes(&z, 1488, "\x00\x00\xcb\x07\x00\x00\x00\x00", 8);
	CHECK_EQ(zimage_open(&z, NULL), 0);
	expect_appendix_a();
}

/* A.4, with an extent before the pack and 13 lclusters more to the one that ends it. */
static void zmap_appendix_a4(void)
{
	zimage_init(&z, 9, ZF_COMPACT, 512 * 30, 40);
	zimage_header(&z, 0, 7, 0, 0);			/* E = 48: 4 indexes of 4 bytes */
	for (u32 lcn = 0; lcn < 4; lcn += 2) {
		zimage_put(&z, 48 + 4 * lcn, 2, lcn ? 74 : 0x1000);
		zimage_put(&z, 50 + 4 * lcn, 2, 74);
		zimage_put(&z, 52 + 4 * lcn, 4, 1411 + lcn);
	}
	zimage_bytes(&z, 64,
		     "\x4a\x80\x12\xa0\x04\x28\x01\x4a\x80\x12\xa0\x04\x28\x01"
		     "\x4a\x80\x12\xa0\x04\x28\x01\x4a\x80\x12\xa0\x04\x41\xa0\x87\x05\x00\x00", 32);
	for (u32 lcn = 20; lcn < 30; lcn += 2) {
		zimage_put(&z, 96 + 4 * (lcn - 20), 2, 0x2000 | (lcn - 18));
		zimage_put(&z, 98 + 4 * (lcn - 20), 2, 0x2000 | (29 - lcn));
		zimage_put(&z, 100 + 4 * (lcn - 20), 4, 1429 + 16);
	}
	CHECK_EQ(zimage_open(&z, NULL), 0);
	CHECK_EQ(z.map.compact_4b, 4);
	CHECK_EQ(z.map.compact_2b, 16);
	expect(0, EROFS_Z_CLUSTER, EROFS_ZF_LZ4, 0, 512 + 74, 1411 * 512, 512);
	for (u64 lcn = 4; lcn < 18; lcn++) {
		u64 start = lcn * 512 + 74;

		expect(start, EROFS_Z_CLUSTER, EROFS_ZF_SHIFTED, start, 512,
		       (1415 + lcn - 4) * 512, 512);
		expect(start + 511, EROFS_Z_CLUSTER, EROFS_ZF_SHIFTED, start, 512,
		       (1415 + lcn - 4) * 512, 512);
	}
	/* The cluster is larger than what is left of the file: it is the last one. */
	for (u64 la = 18 * 512 + 74; la < 512 * 30; la += 100)
		expect(la, EROFS_Z_CLUSTER, EROFS_ZF_LZ4, 18 * 512 + 74, 12 * 512 - 74, 1429 * 512,
		       16 * 512);
}

static void zmap_appendix_a5(void)
{
	zimage_init(&z, 12, ZF_FULL, 83915, 1312);
	zimage_bytes(&z, 1312, "\x00\x00\x00\x00\x01\x00\x00\x03", 8);
	zimage_bytes(&z, 1320, "\x00\x10\x00\x00\x00\x00\x00\x00", 8);
	zimage_bytes(&z, 1328, "\x70\x12\x00\x40\xf8\x09\x00\x40\xe8\x0f\x00\x40", 12);
	CHECK_EQ(zimage_open(&z, NULL), 0);
	expect(0, EROFS_Z_CLUSTER, EROFS_ZF_ZSTD, 0, 32768, 4096, 4720);
	expect(32767, EROFS_Z_CLUSTER, EROFS_ZF_ZSTD, 0, 32768, 4096, 4720);
	expect(32768, EROFS_Z_CLUSTER, EROFS_ZF_ZSTD, 32768, 32768, 8816, 2552);
	expect(65536, EROFS_Z_CLUSTER, EROFS_ZF_ZSTD, 65536, 18379, 11368, 4072);
	expect(83914, EROFS_Z_CLUSTER, EROFS_ZF_ZSTD, 65536, 18379, 11368, 4072);
}

/* ---- Section 8.5 -------------------------------------------------------------------- */

static void zskip_counts_zeros(void)
{
	for (size_t len = 0; len < 40; len++) {
		u8 *head = calloc(1, len + !len);

		CHECK_EQ(erofs_zskip(head, len), len);
		for (size_t at = len; at-- > 0;) {
			head[at] = (u8)(at % 255 + 1);
			CHECK_EQ(erofs_zskip(head, len), at);
		}
		free(head);
	}
}

void tests_zmap(void)
{
	RUN(zmap_appendix_a2);
	RUN(zmap_appendix_a2_small);
	RUN(zmap_appendix_a3);
	RUN(zmap_appendix_a4);
	RUN(zmap_appendix_a5);
	RUN(zskip_counts_zeros);
}
