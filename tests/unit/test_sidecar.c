// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sidecar indexes: what the encoder writes is found, and nothing else is.
 */
#include "sidecar.h"
#include "tests.h"

#define BLK	EROFS_SIDECAR_BLKSIZE

static int opened(struct mem_sidecar *m, struct erofs_sidecar *sc, struct erofs_diag *diag)
{
	return erofs_sidecar_open(&m->src, m->len, sc, diag);
}

/* Everything is back and nothing was asked for twice. */
static void clean(struct mem_sidecar *m)
{
	CHECK_EQ(m->held, 0);
	CHECK_EQ(m->violations, 0);
}

static void find_is(struct mem_sidecar *m, const struct erofs_sidecar *sc, u64 nid, int want)
{
	struct erofs_diag diag = { .check = EROFS_CHECK_OK };
	u8 digest[EROFS_SIDECAR_DIGEST_LEN], right[EROFS_SIDECAR_DIGEST_LEN];
	int err = erofs_sidecar_find(&m->src, sc, nid, digest, &diag);

	CHECK_THAT(err == want, "nid %llu: %d, not %d", (unsigned long long)nid, err, want);
	CHECK_EQ(diag.check, EROFS_CHECK_OK);
	mem_sidecar_digest(nid, right);
	if (!err)
		CHECK(!memcmp(digest, right, sizeof(right)));
}

/* ---- Round trip --------------------------------------------------------------- */

static void round_trip(u64 records, u64 first, u64 step)
{
	struct erofs_image_id id = mem_sidecar_id();
	u64 stride = records > 3000 ? 1021 : 1;
	struct erofs_sidecar sc;
	struct mem_sidecar m;

	mem_sidecar_make(&m, records, first, step);
	m.remember = test_mode == READER_GENEROUS;
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	CHECK_EQ(sc.records, records);
	CHECK_EQ(sc.blocks << 12, m.len);
	CHECK(!memcmp(sc.content, m.bytes + 40, 32));
	CHECK_EQ(erofs_sidecar_match(&sc, &id, NULL), 0);
	for (u64 i = 0; i < records; i += stride) {
		find_is(&m, &sc, first + i * step, 0);
		if (step > 1)
			find_is(&m, &sc, first + i * step + 1, -ENODATA);
	}
	if (records) {
		find_is(&m, &sc, first + (records - 1) * step, 0);
		find_is(&m, &sc, first + (records - 1) * step + 1, -ENODATA);
	}
	find_is(&m, &sc, first - 1, -ENODATA);
	find_is(&m, &sc, 0, first || !records ? -ENODATA : 0);
	find_is(&m, &sc, ~0ULL, -ENODATA);
	clean(&m);
	free(m.bytes);
}

static void round_trips(void)
{
	static const u64 sizes[] = { 0, 1, 2, 101, 102, 103, 204, 205, 102 * 511, 102 * 511 + 1 };

	for (u32 i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		round_trip(sizes[i], 36, 3);
		round_trip(sizes[i], (1ULL << 63) - sizes[i] / 2 * 5, 5);	/* across bit 63 */
		if (sizes[i] < 3000)
			round_trip(sizes[i], ~0ULL - 1 - sizes[i], 1);
	}
}

static void blocks_read(void)
{
	struct erofs_sidecar sc;
	struct mem_sidecar m;

	mem_sidecar_make(&m, 60000, 1, 2);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	CHECK_EQ(sc.levels, 3);
	CHECK_EQ(m.gets, 1);
	find_is(&m, &sc, 77777, 0);
	CHECK_EQ(m.gets, 1 + 3);
	free(m.bytes);
}

/* Shape and positions of the largest one, which no memory holds. */
static void largest(void)
{
	struct erofs_sidecar sc = { .records = EROFS_SIDECAR_RECORDS_MAX };

	erofs_sidecar_shape(&sc);
	CHECK_EQ(sc.levels, EROFS_SIDECAR_LEVELS);
	CHECK_EQ(sc.count[0], (EROFS_SIDECAR_RECORDS_MAX + 101) / 102);
	for (u32 l = 1; l < sc.levels; l++) {
		CHECK_EQ(sc.count[l], (sc.count[l - 1] + 510) / 511);
		CHECK_EQ(sc.start[l], sc.start[l - 1] + sc.count[l - 1]);
	}
	CHECK_EQ(sc.count[sc.levels - 1], 1);
	CHECK_EQ(sc.blocks, sc.start[sc.levels - 1] + 1);
}

static void fingerprints(void)
{
	u8 fp[EROFS_SIDECAR_FP_LEN + 1], right[EROFS_SIDECAR_DIGEST_LEN];
	struct erofs_sidecar sc;
	struct mem_sidecar m;

	mem_sidecar_make(&m, 10, 5, 5);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	fp[39] = 0x77;
	CHECK_EQ(erofs_sidecar_fingerprint(&m.src, &sc, 20, fp, 39, NULL), 39);
	mem_sidecar_digest(20, right);
	CHECK(!memcmp(fp, "sha256:", 7) && !memcmp(fp + 7, right, 32) && fp[39] == 0x77);
	CHECK_EQ(erofs_sidecar_fingerprint(&m.src, &sc, 20, fp, 38, NULL), -ERANGE);
	CHECK_EQ(erofs_sidecar_fingerprint(&m.src, &sc, 21, fp, 39, NULL), -ENODATA);
	clean(&m);
	free(m.bytes);
}

static void leaves(void)
{
	struct erofs_sidecar_record_ondisk records[EROFS_SIDECAR_LEAF_MAX];
	struct erofs_sidecar sc;
	struct mem_sidecar m;

	mem_sidecar_make(&m, 205, 1000, 7);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	CHECK_EQ(erofs_sidecar_leaf(&m.src, &sc, 0, records, NULL), 102);
	CHECK_EQ(le64_to_cpu(records[101].nid), 1000 + 101 * 7);
	CHECK_EQ(erofs_sidecar_leaf(&m.src, &sc, 2, records, NULL), 1);
	CHECK_EQ(le64_to_cpu(records[0].nid), 1000 + 204 * 7);
	clean(&m);
	free(m.bytes);
}

/* ---- Damage ------------------------------------------------------------------- */

/* Look everything up: only right digests, -ENODATA and named failures may come out. */
static unsigned int hostile_lookups(struct mem_sidecar *m, const struct erofs_sidecar *sc, u64 first,
				    u64 step)
{
	u8 digest[EROFS_SIDECAR_DIGEST_LEN], right[EROFS_SIDECAR_DIGEST_LEN];
	unsigned int found = 0;

	for (u64 i = 0; i < sc->records; i += 51) {
		struct erofs_diag diag = { .check = EROFS_CHECK_OK };
		u64 nid = first + i * step;
		int err = erofs_sidecar_find(&m->src, sc, nid, digest, &diag);

		mem_sidecar_digest(nid, right);
		if (!err) {
			found++;
			CHECK(!memcmp(digest, right, sizeof(right)));
		} else {
			CHECK(diag.check == EROFS_CHECK_SOURCE || diag.check == EROFS_CHECK_SC_BLOCK);
			CHECK_EQ(diag.nid, nid);
		}
	}
	return found;
}

/* Cut off at every byte: refused at open; cut off later: the rest is still right. */
static void truncations(void)
{
	struct mem_sidecar m, cut;
	struct erofs_sidecar sc;
	size_t len;

	mem_sidecar_make(&m, 255, 9, 3);
	for (len = 0; len < m.len; len++) {
		mem_sidecar_init(&cut, m.bytes, len);
		CHECK(opened(&cut, &sc, NULL) < 0);
		clean(&cut);
	}
	mem_sidecar_init(&cut, m.bytes, m.len + 1);
	CHECK_EQ(opened(&cut, &sc, NULL), -EUCLEAN);

	CHECK_EQ(opened(&m, &sc, NULL), 0);
	CHECK_EQ(hostile_lookups(&m, &sc, 9, 3), 5);
	for (len = 0; len < m.len; len += BLK) {
		mem_sidecar_init(&cut, m.bytes, len);
		CHECK_EQ(hostile_lookups(&cut, &sc, 9, 3), 0);	/* the root is the last block */
		clean(&cut);
	}
	free(m.bytes);
}

/* Every bit of the header's fields, and bits all over the blocks. */
static void bit_flips(void)
{
	struct erofs_sidecar sc, damaged;
	struct mem_sidecar m;

	mem_sidecar_make(&m, 255, 9, 3);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	for (u32 bit = 0; bit < BLK * 8; bit += bit < 130 * 8 ? 1 : 61) {
		m.bytes[bit / 8] ^= 1 << bit % 8;
		CHECK(opened(&m, &damaged, NULL) < 0);
		m.bytes[bit / 8] ^= 1 << bit % 8;
	}
	/* In every block: checksum, reserved, first entry, and places all over it. */
	for (size_t at = BLK; at < m.len; at += at % BLK < 50 ? 1 : 37) {
		u8 flip = 1 << at % 8;

		m.bytes[at] ^= flip;
		m.remembered = 0;
		CHECK(hostile_lookups(&m, &sc, 9, 3) < 5);
		m.bytes[at] ^= flip;
	}
	CHECK_EQ(hostile_lookups(&m, &sc, 9, 3), 5);
	clean(&m);
	free(m.bytes);
}

/* Whole blocks that are right somewhere else: of another sidecar, or of another place. */
static void blocks_out_of_place(void)
{
	struct mem_sidecar a, b;
	struct erofs_sidecar sc;

	mem_sidecar_make(&a, 255, 9, 3);
	mem_sidecar_make(&b, 256, 9, 3);
	CHECK_EQ(a.len, b.len);
	CHECK_EQ(opened(&a, &sc, NULL), 0);
	memcpy(a.bytes + BLK, b.bytes + BLK, BLK);
	CHECK_EQ(hostile_lookups(&a, &sc, 9, 3), 3);	/* not those of the first leaf */
	memcpy(a.bytes + BLK, a.bytes + 2 * BLK, BLK);
	CHECK_EQ(hostile_lookups(&a, &sc, 9, 3), 3);	/* not those of the first leaf */
	/* The file was replaced as a whole while it was in use. */
	memcpy(a.bytes, b.bytes, a.len);
	CHECK_EQ(hostile_lookups(&a, &sc, 9, 3), 0);
	clean(&a);
	free(a.bytes);
	free(b.bytes);
}

static void forged_order(void)
{
	struct erofs_sidecar_record_ondisk records[EROFS_SIDECAR_LEAF_MAX];
	u8 digest[EROFS_SIDECAR_DIGEST_LEN];
	struct erofs_diag diag;
	struct erofs_sidecar sc;
	struct mem_sidecar m;

	mem_sidecar_make(&m, 255, 9, 3);
	put_le(m.bytes + BLK + 8 + 40, 8, 9);		/* the second record, as the first */
	put_le(m.bytes + 4 * BLK + 8 + 8, 8, 10);	/* the second leaf begins elsewhere */
	mem_sidecar_seal(&m);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	FAILS_WITH(erofs_sidecar_leaf(&m.src, &sc, 0, records, &diag), -EUCLEAN, SC_ORDER);
	FAILS_WITH(erofs_sidecar_find(&m.src, &sc, 9 + 150 * 3, digest, &diag), -EUCLEAN, SC_ORDER);
	/* Rubbish in every block: bounded, and no answer that is not in there. */
	for (size_t at = BLK; at < m.len; at++)
		m.bytes[at] = (u8)(at * 131 >> 3);
	mem_sidecar_seal(&m);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	m.gets = 0;
	for (u64 nid = 0; nid < 1000; nid++)
		CHECK(erofs_sidecar_find(&m.src, &sc, nid << 54, digest, NULL) < 0);
	CHECK(m.gets <= 2000);
	clean(&m);
	free(m.bytes);
}

static void failing_source(void)
{
	u8 digest[EROFS_SIDECAR_DIGEST_LEN];
	struct erofs_diag diag;
	struct erofs_sidecar sc;
	struct mem_sidecar m;

	mem_sidecar_make(&m, 255, 9, 3);
	m.fail_at = 1;
	FAILS_WITH(opened(&m, &sc, &diag), -EIO, SOURCE);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
	for (u32 n = 1; n <= 2; n++) {
		m.gets = 0;
		m.fail_at = n;
		FAILS_WITH(erofs_sidecar_find(&m.src, &sc, 9, digest, &diag), -EIO, SOURCE);
		CHECK_EQ(diag.nid, 9);
	}
	clean(&m);
	free(m.bytes);
}

/* ---- The image ---------------------------------------------------------------- */

static int id_of(struct img *img, struct erofs_image_id *id)
{
	struct erofs_super sb;
	struct reader r = open_img(img);
	int err = erofs_super_read(&r.src, 12, &sb, NULL);

	if (!err)
		err = erofs_image_id_read(&r.src, &sb, NULL, true, id, NULL);
	CHECK_READER(&r);
	return err;
}

/* Any byte of the superblock's block makes another image, with and without a checksum. */
static void image_ids(void)
{
	for (u32 compat = 0; compat <= 1; compat++) {
		for (u32 bb = 9; bb <= 12; bb++) {
			struct erofs_image_id id, other;
			struct img img;

			img_init(&img, bb);
			img_super(&img, &(struct super_spec){ .compat = compat, .blocks = 5,
							      .inos = 3 });
			CHECK_EQ(id_of(&img, &id), 0);
			CHECK_EQ(id.blocks, 5);
			CHECK_EQ(id.blkszbits, bb);
			CHECK_EQ(id.devices_crc, 0);
			img_put(&img, 1024 + 128 + 100, 1, 0x5a);
			img_seal(&img);
			CHECK_EQ(id_of(&img, &other), 0);
			CHECK(id.sb_crc != other.sb_crc);
			CHECK_EQ(id.sb_checksum != other.sb_checksum, compat);
			img_free(&img);
		}
	}
}

/* With its devices and without them, an image has other bytes in its files. */
static void image_id_devices(void)
{
	static const struct erofs_device dev = { .tag = "one", .blocks = 10, .uniaddr = 100 };
	struct erofs_image_id given, flat;
	struct erofs_super sb;
	struct reader r;
	struct img img;

	img_init(&img, 12);
	img_super(&img, &(struct super_spec){ .blocks = 5, .inos = 3 });
	img_seal(&img);
	r = open_img(&img);
	CHECK_EQ(erofs_super_read(&r.src, 12, &sb, NULL), 0);
	sb.extra_devices = 1;
	CHECK_EQ(erofs_image_id_read(&r.src, &sb, &dev, false, &given, NULL), 0);
	CHECK_EQ(erofs_image_id_read(&r.src, &sb, &dev, true, &flat, NULL), 0);
	CHECK(given.devices_crc != flat.devices_crc);
	CHECK_EQ(given.device_blocks, flat.device_blocks);
	CHECK_READER(&r);
	img_free(&img);
}

static void other_images(void)
{
	struct erofs_image_id id = mem_sidecar_id();
	struct erofs_diag diag;
	struct erofs_sidecar sc;
	struct mem_sidecar m;

	mem_sidecar_make(&m, 1, 1, 1);
	CHECK_EQ(opened(&m, &sc, NULL), 0);
#define OTHER(field, name) \
	do { \
		id = mem_sidecar_id(); \
		id.field ^= 1; \
		FAILS_WITH(erofs_sidecar_match(&sc, &id, &diag), -EINVAL, name); \
	} while (0)
	OTHER(uuid[0], SC_IMAGE_UUID);
	OTHER(uuid[15], SC_IMAGE_UUID);
	OTHER(blocks, SC_IMAGE_SIZE);
	OTHER(blkszbits, SC_IMAGE_SIZE);
	OTHER(device_blocks, SC_IMAGE_DEVICES);
	OTHER(devices_crc, SC_IMAGE_DEVICES);
	OTHER(extra_devices, SC_IMAGE_DEVICES);
	OTHER(sb_checksum, SC_IMAGE_SUPER);
	OTHER(sb_crc, SC_IMAGE_SUPER);
#undef OTHER
	free(m.bytes);
}

void tests_sidecar(void)
{
	RUN(round_trips);
	RUN(blocks_read);
	RUN(largest);
	RUN(fingerprints);
	RUN(leaves);
	RUN(truncations);
	RUN(bit_flips);
	RUN(blocks_out_of_place);
	RUN(forged_order);
	RUN(failing_source);
	RUN(image_ids);
	RUN(image_id_devices);
	RUN(other_images);
}
