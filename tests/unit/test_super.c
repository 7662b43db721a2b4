// SPDX-License-Identifier: GPL-2.0-only
/*
 * Superblock, checksum, compression configuration (FORMAT.md section 1, A.1).
 */
#include "tests.h"

static struct img make(u32 bb, struct super_spec spec)
{
	struct img img;

	img_init(&img, bb);
	img_super(&img, &spec);
	return img;
}

static int read_super(const struct img *img, struct erofs_super *sb, struct erofs_diag *diag)
{
	struct reader r = open_img(img);
	int err = erofs_super_read(&r.src, 16, sb, diag);

	CHECK_READER(&r);
	return err;
}

static void crc32c_vectors(void)
{
	static const u8 head[] = { 0xe2, 0xe1, 0xf5, 0xe0, 0, 0, 0, 0 };
	u8 buf[80];

	CHECK_EQ(erofs_crc32c(0xffffffff, head, 8), 0x5045b54a);
	/* The well-known check value, which has a final inversion. */
	CHECK_EQ(~erofs_crc32c(0xffffffff, "123456789", 9), ~0u & 0xe3069283);
	CHECK_EQ(erofs_crc32c(0x12345678, NULL, 0), 0x12345678);
	sample_pattern(buf, sizeof(buf), 1);
	for (size_t len = 0; len <= sizeof(buf); len++)
		CHECK_EQ(erofs_crc32c(0xdeadbeef, buf, len), ref_crc32c(0xdeadbeef, buf, len));
}

static void super_fields(void)
{
	for (u32 bb = 9; bb <= 16; bb++) {
		struct img img = make(bb, (struct super_spec){
			.compat = 0x01 | 0x04 | 0x20 | 0x80000000, .incompat = 0x0c,
			.rb = 36, .inos = 0x123456789, .epoch = -7, .fixed_nsec = 77,
			.blocks = 0xfffffff0, .xattr_blkaddr = 3, .volume_name = "sixteen-bytes-ab",
			.u1 = 0, .extra_devices = 5, .devt_slotoff = 0xffff, .prefix_count = 128,
			.prefix_start = 0xffffffff, .packed_nid = 9, .ishare_id = 127,
			.build_time = 10 });
		struct erofs_super sb;

		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		CHECK_EQ(sb.feature_compat, 0x80000025);
		CHECK_EQ(sb.feature_incompat, 0x0c);
		CHECK_EQ(sb.blkszbits, bb);
		CHECK_EQ(sb.size, 128);
		CHECK_EQ(sb.root_nid, 36);
		CHECK_EQ(sb.inos, 0x123456789);
		CHECK_EQ(sb.epoch, -7);
		CHECK_EQ(sb.fixed_nsec, 77);
		CHECK_EQ(sb.build_time, 3);
		CHECK_EQ(sb.blocks, 0xfffffff0);
		CHECK_EQ(sb.xattr_blkaddr, 3);
		CHECK(!strcmp(sb.volume_name, "sixteen-bytes-ab"));
		CHECK(!memcmp(sb.uuid, "0123456789ABCDEF", 16));
		CHECK_EQ(sb.extra_devices, 5);
		CHECK_EQ(sb.device_id_mask, 7);
		CHECK_EQ(sb.devt_pos, 0xffffULL * 128);
		CHECK_EQ(sb.xattr_prefix_count, 128);
		CHECK_EQ(sb.prefix_pos, 0xffffffffULL * 4);
		CHECK_EQ(sb.ishare_prefix_id, 127);
		CHECK(sb.has_ishare && sb.xattr_filter && !sb.has_metabox && !sb.has_packed);
		CHECK_EQ(sb.packed_nid, 0);
		CHECK_EQ(sb.algorithms, 0);
		CHECK_EQ(sb.cfg_pos, 0);
		img_free(&img);
	}
}

static void super_block_sizes(void)
{
	for (u32 bb = 0; bb < 256; bb++) {
		struct img img = make(9, (struct super_spec){ 0 });
		struct erofs_diag diag;
		struct erofs_super sb;

		img_put(&img, 1024 + 12, 1, bb);
		for (u32 max = 8; max <= 17; max++) {
			struct reader r = open_img(&img);

			if (bb >= 9 && bb <= 16 && bb <= max) {
				CHECK_EQ(erofs_super_read(&r.src, max, &sb, &diag), 0);
				continue;
			}
			FAILS_WITH(erofs_super_read(&r.src, max, &sb, &diag), -EINVAL,
				   SB_BLKSZBITS);
			CHECK_EQ(diag.value, bb);
			CHECK_EQ(diag.pos, 1036);
		}
		img_free(&img);
	}
}

/* Every byte of the range counts, the first one behind it does not. */
static void super_checksum_range(void)
{
	static const u32 sizes[] = { 9, 10, 11, 12 };

	for (int i = 0; i < 4; i++) {
		struct img img = make(sizes[i], (struct super_spec){ .compat = 1 });
		size_t end = 1024 + (img.bs > 1024 ? img.bs - 1024 : img.bs);
		struct erofs_super sb;
		struct erofs_diag diag;

		img_alloc(&img, 1, 1);
		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		for (size_t pos = 1024 + 16; pos < end; pos += pos < 1200 ? 1 : 61) {
			img.data[pos] ^= 0x10;
			if (pos != 1024 + 90)	/* dirblkbits is checked before */
				FAILS_WITH(read_super(&img, &sb, &diag), -EBADMSG, SB_CHECKSUM);
			img.data[pos] ^= 0x10;
		}
		img.data[end - 1] ^= 1;
		FAILS_WITH(read_super(&img, &sb, &diag), -EBADMSG, SB_CHECKSUM);
		img.data[end - 1] ^= 1;
		img.data[end] ^= 1;
		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		/* The range has to be there completely. */
		img.len = end;
		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		img.len = end - 1;
		FAILS_WITH(read_super(&img, &sb, &diag), -EIO, SOURCE);
		img_free(&img);
	}
}

static void super_root_and_blocks(void)
{
	static const struct {
		u32 incompat;
		u64 wide;
		u64 root, blocks;
	} cases[] = {
		{ 0x00, 0, 0x1234, 0x89abcdef },
		{ 0x00, 0x55, 0x1234, 0x89abcdef },	/* the wide field is not announced */
		{ 0x80, 0, 0x1234, 0x89abcdef },	/* announced, not used */
		{ 0x80, 0x55, 0x55, 0x123489abcdefULL },
		{ 0x80, 1ULL << 63 | 5, 1ULL << 63 | 5, 0x123489abcdefULL },
	};

	for (int i = 0; i < 5; i++) {
		struct img img = make(12, (struct super_spec){ .incompat = cases[i].incompat,
			.rb = 0x1234, .blocks = 0x89abcdef, .rootnid_8b = cases[i].wide });
		struct erofs_super sb;

		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		CHECK_EQ(sb.root_nid, cases[i].root);
		CHECK_EQ(sb.blocks, cases[i].blocks);
		img_free(&img);
	}
}

static void super_extension_slots(void)
{
	struct erofs_diag diag;
	struct erofs_super sb;
	struct img img;

	img = make(12, (struct super_spec){ .extslots = 184 });
	CHECK_EQ(read_super(&img, &sb, NULL), 0);
	CHECK_EQ(sb.size, 128 + 184 * 16);
	img_put(&img, 1024 + 13, 1, 185);
	FAILS_WITH(read_super(&img, &sb, &diag), -EINVAL, SB_SIZE);
	img_free(&img);

	/* metabox_nid is not looked at without the feature. */
	img = make(12, (struct super_spec){ .extslots = 1, .metabox_nid = ~0ULL });
	CHECK_EQ(read_super(&img, &sb, NULL), 0);
	CHECK_EQ(sb.metabox_nid, 0);
	img_free(&img);

	img = make(12, (struct super_spec){ .incompat = 0x100, .extslots = 1, .metabox_nid = 77 });
	CHECK_EQ(read_super(&img, &sb, NULL), 0);
	CHECK(sb.has_metabox);
	CHECK_EQ(sb.metabox_nid, 77);
	CHECK_EQ(sb.size, 144);
	/* The slot has to be there. */
	img.len = 1024 + 135;
	FAILS_WITH(read_super(&img, &sb, &diag), -EIO, SOURCE);
	img_free(&img);
}

static void super_features(void)
{
	struct erofs_diag diag;
	struct erofs_super sb;

	for (u32 bit = 0; bit < 32; bit++) {
		struct img img = make(12, (struct super_spec){ .incompat = 1U << bit,
			.extslots = 1, .metabox_nid = 1, .packed_nid = 3 });

		if (bit > 8) {
			FAILS_WITH(read_super(&img, &sb, &diag), -EINVAL, SB_INCOMPAT);
			CHECK_EQ(diag.value, 1U << bit);
		} else {
			CHECK_EQ(read_super(&img, &sb, NULL), 0);
			CHECK_EQ(sb.has_metabox, bit == 8);
			CHECK_EQ(sb.has_packed, bit == 5);
			CHECK_EQ(sb.packed_nid, bit == 5 ? 3 : 0);
		}
		img_free(&img);

		/* Compatible bits are never refused. */
		img = make(12, (struct super_spec){ .compat = 1U << bit, .prefix_count = 1 });
		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		CHECK_EQ(sb.xattr_filter, bit == 2);
		img_put(&img, 1024 + 104, 1, 1);	/* xattr_filter_reserved */
		img_seal(&img);
		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		CHECK(!sb.xattr_filter);
		img_free(&img);
	}
}

static void super_device_masks(void)
{
	static const struct {
		u16 devices, mask;
	} cases[] = {
		{ 0, 0 }, { 1, 1 }, { 2, 3 }, { 3, 3 }, { 4, 7 }, { 7, 7 }, { 8, 15 },
		{ 255, 255 }, { 256, 511 }, { 32767, 32767 }, { 32768, 65535 }, { 65535, 65535 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct img img = make(12, (struct super_spec){ .incompat = 8,
			.extra_devices = cases[i].devices });
		struct erofs_super sb;

		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		CHECK_EQ(sb.extra_devices, cases[i].devices);
		CHECK_EQ(sb.device_id_mask, cases[i].mask);
		img_put(&img, 1024 + 80, 4, 0);		/* without the feature */
		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		CHECK_EQ(sb.extra_devices, 0);
		CHECK_EQ(sb.device_id_mask, 0);
		img_free(&img);
	}
}

/* Section 1.7 without a configuration area. */
static void super_lz4_by_default(void)
{
	static const struct {
		u32 incompat;
		u16 distance;
		u16 algorithms;
	} cases[] = { { 0, 0, 0 }, { 1, 0, 1 }, { 0, 4096, 1 }, { 1, 65535, 1 } };

	for (int i = 0; i < 4; i++) {
		struct img img = make(12, (struct super_spec){ .incompat = cases[i].incompat,
			.u1 = cases[i].distance });
		struct erofs_super sb;

		CHECK_EQ(read_super(&img, &sb, NULL), 0);
		CHECK_EQ(sb.algorithms, cases[i].algorithms);
		CHECK_EQ(sb.lz4_max_distance, cases[i].distance);
		CHECK_EQ(sb.lz4_max_pclusterblks, 1);
		CHECK_EQ(sb.cfg_pos, 0);
		img_free(&img);
	}
}

/* Append the records of the algorithms in @bitmap, each @extra bytes too long. */
static size_t put_configs(struct img *img, size_t pos, u32 bitmap, u32 extra)
{
	static const u32 len[] = { 14, 14, 6, 6 };

	for (u32 alg = 0; alg < 4; alg++) {
		if (!(bitmap & 1U << alg))
			continue;
		pos = (pos + 3) / 4 * 4;
		img_put(img, pos, 2, len[alg] + extra);
		pos += 2;
		memset(img->data + pos, 0, len[alg] + extra);
		switch (alg) {
		case 0:
			img_put(img, pos, 2, 1000);
			img_put(img, pos + 2, 2, 16);
			break;
		case 1:
			img_put(img, pos, 4, 65536);
			break;
		case 2:
			img_put(img, pos, 1, 15);
			break;
		default:
			img_put(img, pos + 1, 1, 10);
		}
		pos += len[alg] + extra;
	}
	return pos;
}

static void super_configurations(void)
{
	for (u32 bitmap = 0; bitmap < 16; bitmap++) {
		for (u32 extra = 0; extra < 8; extra++) {
			struct img img = make(9, (struct super_spec){ .incompat = 3, .u1 = bitmap,
				.extslots = extra });
			struct erofs_super sb;
			struct erofs_diag diag;
			size_t end = put_configs(&img, 1024 + 128 + 16 * extra, bitmap, extra);

			CHECK_EQ(read_super(&img, &sb, NULL), 0);
			CHECK_EQ(sb.algorithms, bitmap);
			CHECK_EQ(sb.cfg_pos, 1024 + 128 + 16 * extra);
			CHECK_EQ(sb.lz4_max_distance, bitmap & 1 ? 1000 : 0);
			CHECK_EQ(sb.lz4_max_pclusterblks, bitmap & 1 ? 16 : 1);
			CHECK_EQ(sb.lzma_dict_size, bitmap & 2 ? 65536 : 0);
			CHECK_EQ(sb.deflate_windowbits, bitmap & 4 ? 15 : 0);
			CHECK_EQ(sb.zstd_windowlog, bitmap & 8 ? 10 : 0);
			if (bitmap && !extra) {
				/* The minimum of the last record has to be there. */
				img.len = end;
				CHECK_EQ(read_super(&img, &sb, NULL), 0);
				img.len = end - 1;
				FAILS_WITH(read_super(&img, &sb, &diag), -EIO, SOURCE);
			}
			img_free(&img);
		}
	}
}

static void super_configuration_limits(void)
{
	static const struct {
		u16 bitmap;
		u32 off, width;
		u64 good[2], bad[2];
		enum erofs_check check;
	} cases[] = {
		{ 1, 0, 2, { 14, 0 }, { 13, 1 }, EROFS_CHECK_CFG_LENGTH },
		{ 2, 0, 2, { 14, 0 }, { 13, 1 }, EROFS_CHECK_CFG_LENGTH },
		{ 4, 0, 2, { 6, 0 }, { 5, 1 }, EROFS_CHECK_CFG_LENGTH },
		{ 8, 0, 2, { 6, 65535 }, { 5, 1 }, EROFS_CHECK_CFG_LENGTH },
		{ 1, 4, 2, { 0, 2048 }, { 2049, 65535 }, EROFS_CHECK_CFG_LZ4_PCLUSTER },
		{ 2, 2, 4, { 4096, 8 << 20 }, { 4095, (8 << 20) + 1 }, EROFS_CHECK_CFG_LZMA_DICT },
		{ 2, 2, 4, { 4096, 4097 }, { 0, 0xffffffff }, EROFS_CHECK_CFG_LZMA_DICT },
		{ 2, 6, 2, { 0, 0 }, { 1, 0xffff }, EROFS_CHECK_CFG_LZMA_FORMAT },
		{ 4, 2, 1, { 0, 15 }, { 16, 255 }, EROFS_CHECK_CFG_DEFLATE_WINDOW },
		{ 8, 2, 1, { 0, 0 }, { 1, 255 }, EROFS_CHECK_CFG_ZSTD_FORMAT },
		{ 8, 3, 1, { 0, 10 }, { 11, 255 }, EROFS_CHECK_CFG_ZSTD_WINDOW },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct img img = make(9, (struct super_spec){ .incompat = 3,
			.u1 = cases[i].bitmap });
		struct erofs_super sb;

		put_configs(&img, 1152, cases[i].bitmap, 0);
		for (int k = 0; k < 2; k++) {
			struct erofs_diag diag = { 0 };

			img_put(&img, 1152 + cases[i].off, cases[i].width, cases[i].good[k]);
			CHECK_EQ(read_super(&img, &sb, NULL), 0);
			/* No LZ4 limit means one block. */
			CHECK(sb.lz4_max_pclusterblks >= 1);
			img_put(&img, 1152 + cases[i].off, cases[i].width, cases[i].bad[k]);
			CHECK(read_super(&img, &sb, &diag) < 0);
			CHECK_THAT(diag.check == cases[i].check, "%s", erofs_check_name(diag.check));
			CHECK_EQ(diag.value, cases[i].bad[k]);
		}
		img_free(&img);
	}
}

static void super_truncated(void)
{
	struct img img = make(9, (struct super_spec){ 0 });
	struct erofs_super sb;
	struct erofs_diag diag;

	for (size_t len = 0; len < 1024 + 128; len += len < 1020 ? 60 : 1) {
		img.len = len;
		FAILS_WITH(read_super(&img, &sb, &diag), -EIO, SOURCE);
	}
	img.len = 1024 + 128;
	CHECK_EQ(read_super(&img, &sb, NULL), 0);
	img_free(&img);
}

static void algorithm_names(void)
{
	CHECK(!strcmp(erofs_algorithm_name(EROFS_ALG_LZ4), "LZ4"));
	CHECK(!strcmp(erofs_algorithm_name(EROFS_ALG_MICROLZMA), "MicroLZMA"));
	CHECK(!strcmp(erofs_algorithm_name(EROFS_ALG_DEFLATE), "DEFLATE"));
	CHECK(!strcmp(erofs_algorithm_name(EROFS_ALG_ZSTD), "Zstandard"));
	CHECK(!strcmp(erofs_algorithm_name(EROFS_ALG_COUNT), "?"));
}

/* erofs_read() copies any range, and refuses ranges that wrap. */
static void read_ranges(void)
{
	u8 data[300], buf[300];
	struct img img = { .data = data, .len = sizeof(data), .bb = 9 };
	struct reader r = open_img(&img);

	sample_pattern(data, sizeof(data), 5);
	for (size_t pos = 0; pos <= 70; pos++) {
		for (size_t len = 0; pos + len <= sizeof(data); len += 1 + len / 20) {
			CHECK_EQ(erofs_read(&r.src, EROFS_DEV, pos, buf, len), 0);
			CHECK(!memcmp(buf, data + pos, len));
		}
	}
	CHECK_EQ(erofs_read(&r.src, EROFS_DEV, 250, buf, 51), -EIO);
	/* The source is not bothered with positions that cannot be. */
	r.gets = 0;
	CHECK_EQ(erofs_read(&r.src, EROFS_DEV, POS_LIMIT, buf, 1), -EIO);
	CHECK_EQ(erofs_read(&r.src, EROFS_DEV, ~0ULL, buf, 1), -EIO);
	CHECK_EQ(erofs_read(&r.src, EROFS_DEV, ~0ULL - 3, buf, 8), -EIO);
	CHECK_EQ(r.gets, 0);
	CHECK_READER(&r);
}

void tests_super(void)
{
	RUN(crc32c_vectors);
	RUN(read_ranges);
	RUN(super_fields);
	RUN(super_block_sizes);
	RUN(super_checksum_range);
	RUN(super_root_and_blocks);
	RUN(super_extension_slots);
	RUN(super_features);
	RUN(super_device_masks);
	RUN(super_lz4_by_default);
	RUN(super_configurations);
	RUN(super_configuration_limits);
	RUN(super_truncated);
	RUN(algorithm_names);
}
