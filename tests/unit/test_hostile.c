// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole images, healthy and damaged (FORMAT.md section 12): walks over a sample
 * that has a bit of everything.
 *
 * Rules: a walk over damage has to end within STEP_LIMIT spans, give every span
 * back, and name a check for every failure. What a truncated image answers has
 * to be what the whole image answers.
 */
#include "tests.h"
#include "walk.h"

#define STEP_LIMIT	60000UL

static const u32 variants[] = {
	0, SAMPLE_CHECKSUM, SAMPLE_METABOX, SAMPLE_PACKED | SAMPLE_DEVICES,
	SAMPLE_METABOX | SAMPLE_PACKED | SAMPLE_DEVICES | SAMPLE_CHECKSUM,
};

#define NVARIANTS	((int)(sizeof(variants) / sizeof(variants[0])))

static void walk_bytes(struct walk *w, struct reader *r, const struct img *img)
{
	*r = open_img(img);
	walk_image(w, r);
	CHECK_READER(r);
	CHECK_EQ(w->unnamed, 0);
	CHECK_THAT(r->gets < STEP_LIMIT, "%lu spans", r->gets);
}

/* ---- Healthy -------------------------------------------------------------------- */

static void expect_xattr(struct walk *w, const struct erofs_inode *inode, u8 index,
			 const char *name, const void *value, size_t len)
{
	u8 buf[64];

	CHECK_EQ(erofs_xattr_get(&w->r->src, &w->sb, w->prefixes, inode, index, name, strlen(name),
				 buf, sizeof(buf), NULL), len);
	CHECK(!memcmp(buf, value, len));
}

/* What the sample says, value by value, for every block size and variant. */
static void sample_is_read_right(void)
{
	static u8 want[40000], got[40000];

	for (int i = 0; i < NVARIANTS * 4; i++) {
		u32 bb = 9 + (u32)i % 4, bs = 1U << bb, flags = variants[i / 4];
		struct erofs_inode inode;
		struct walk w = { 0 };
		struct sample s;
		struct reader r;
		char context[64];

		snprintf(context, sizeof(context), "block size %u, variant %u", bs, flags);
		tap_context = context;
		sample_build(&s, bb, flags);
		walk_bytes(&w, &r, &s.img);
		CHECK_EQ(w.failures, 0);
		CHECK_THAT(!w.failures, "%s %d", erofs_check_name(w.first_check), w.first_err);
		CHECK_EQ(w.ninodes, 10);
		CHECK(!strcmp(w.sb.volume_name, "sample"));
		CHECK_EQ(w.prefixes[0].base_index, 1);
		CHECK_EQ(w.prefixes[0].len, 4);
		CHECK_EQ(w.prefixes[1].len, 17);
		if (flags & SAMPLE_DEVICES) {
			CHECK(!strcmp(w.devs[0].tag, "blob-one"));
			CHECK_EQ(w.devs[0].uniaddr, w.sb.blocks);
			CHECK_EQ(w.devs[1].blocks, 2);
		}

		CHECK_EQ(erofs_inode_read(&r.src, &w.sb, s.tail, &inode, NULL), 0);
		CHECK_EQ(inode.uid, 1000);
		CHECK_EQ(inode.mtime, 1700000060);
		CHECK_EQ(inode.mtime_nsec, 5);
		CHECK_EQ(inode.nlink, SAMPLE_SUB_NAMES + 1);
		expect_xattr(&w, &inode, 1, "common", "value", 5);
		expect_xattr(&w, &inode, 6, "selinux", "system_u:object_r", 17);
		expect_xattr(&w, &inode, 1, "app.x", "\0\1\2", 3);
		expect_xattr(&w, &inode, 4, "erofs.fingerprint", SAMPLE_PRINT, 39);
		CHECK_EQ(erofs_fingerprint_get(&r.src, &w.sb, w.prefixes, &inode, got, 64, NULL), 39);
		CHECK(!memcmp(got, SAMPLE_PRINT, 39));
		sample_pattern(want, bs + 100, 3);
		CHECK_EQ(reader_file(&r, &inode, 0, got, bs + 100, NULL), 0);
		CHECK(!memcmp(got, want, bs + 100));

		CHECK_EQ(erofs_inode_read(&r.src, &w.sb, s.chunks, &inode, NULL), 0);
		CHECK_EQ(reader_file(&r, &inode, 0, got, 5 * bs + 77, NULL), 0);
		sample_pattern(want, 3 * bs, 7);
		CHECK(!memcmp(got, want, 2 * bs));
		CHECK(!memcmp(got + 4 * bs, want, bs));
		CHECK(!memcmp(got + 5 * bs, want + 2 * bs, 77));
		for (u32 k = 2 * bs; k < 4 * bs; k++)
			CHECK_EQ(got[k], 0);

		CHECK_EQ(erofs_inode_read(&r.src, &w.sb, s.indexes, &inode, NULL), 0);
		CHECK_EQ(inode.mode, 0100640);
		CHECK_EQ(reader_file(&r, &inode, 0, got, 8 * bs - 1, NULL), 0);
		sample_pattern(want, 4 * bs, 9);
		CHECK(!memcmp(got, want, 4 * bs));
		if (flags & SAMPLE_DEVICES) {
			sample_pattern(want, 3 * bs, 11);
			CHECK(!memcmp(got + 6 * bs, want + bs, 2 * bs - 1));
		}

		CHECK_EQ(erofs_inode_read(&r.src, &w.sb, s.chr, &inode, NULL), 0);
		CHECK_EQ(inode.rdev_minor, 70000);
		CHECK_EQ(erofs_inode_read(&r.src, &w.sb, s.plain, &inode, NULL), 0);
		CHECK_EQ(inode.mtime, -5);
		CHECK_EQ(erofs_inode_read(&r.src, &w.sb, s.link, &inode, NULL), 0);
		CHECK_EQ(reader_file(&r, &inode, 0, got, 9, NULL), 0);
		CHECK(!memcmp(got, "../target", 9));
		tap_context = NULL;
		walk_free(&w);
		img_free(&s.img);
	}
}

/* ---- Truncated --------------------------------------------------------------------- */

static void only_eio(struct walk *w, const char *call, int err, const struct erofs_diag *diag)
{
	(void)w;
	CHECK_THAT(err == -EIO && diag->check == EROFS_CHECK_SOURCE, "%s: %d %s at %llu", call, err,
		   erofs_check_name(diag->check), (unsigned long long)diag->pos);
}

/* Every answer in @part is the answer of @whole. */
static void compare_walks(const struct walk *whole, const struct walk *part)
{
	for (u32 i = 0; i < part->nnotes; i++) {
		const struct walk_note *n = &part->notes[i];
		const struct walk_note *ref = walk_find(whole, n->call, n->a, n->b);

		CHECK_THAT(ref && ref->hash == n->hash, "%s (%llu, %llu) %s", n->call,
			   (unsigned long long)n->a, (unsigned long long)n->b,
			   ref ? "differs" : "is not an answer of the whole image");
	}
}

static void truncation_at_every_byte(void)
{
	for (int v = 0; v < NVARIANTS; v += NVARIANTS - 1) {
		struct walk whole = { 0 };
		struct sample s;
		struct reader r;
		size_t full;

		sample_build(&s, 9, variants[v] & ~(u32)SAMPLE_CHECKSUM);
		walk_bytes(&whole, &r, &s.img);
		walk_sort(&whole);
		CHECK_EQ(whole.failures, 0);
		full = s.img.len;
		for (s.img.len = 0; s.img.len < full && tap.bad < TAP_MAX_DETAILS; s.img.len++) {
			struct walk part = { .on_error = only_eio };
			char context[64];

			snprintf(context, sizeof(context), "variant %d cut at %zu", v, s.img.len);
			tap_context = context;
			walk_bytes(&part, &r, &s.img);
			compare_walks(&whole, &part);
			walk_free(&part);
		}
		tap_context = NULL;
		s.img.len = full;
		walk_free(&whole);
		img_free(&s.img);
	}
}

/* ---- Failing sources ----------------------------------------------------------------- */

static int injected_err;

static void only_injected(struct walk *w, const char *call, int err, const struct erofs_diag *diag)
{
	(void)w;
	CHECK_THAT(err == injected_err && diag->check == EROFS_CHECK_SOURCE, "%s: %d %s", call, err,
		   erofs_check_name(diag->check));
}

/* Every single get() fails once: that call reports it, all others answer as ever. */
static void injected_failures(void)
{
	for (int v = 0; v < NVARIANTS; v += NVARIANTS - 1) {
		struct walk whole = { 0 };
		struct sample s;
		struct reader r;
		unsigned long total;

		sample_build(&s, 9, variants[v]);
		walk_bytes(&whole, &r, &s.img);
		walk_sort(&whole);
		total = r.gets;
		for (unsigned long n = 1; n <= total && tap.bad < TAP_MAX_DETAILS; n++) {
			struct walk part = { .on_error = only_injected };
			char context[64];

			snprintf(context, sizeof(context), "variant %d, get %lu", v, n);
			tap_context = context;
			r = open_img(&s.img);
			r.fail_at = n;
			r.fail_err = injected_err = n & 1 ? -ENOMEM : -EINTR;
			walk_image(&part, &r);
			CHECK_READER(&r);
			CHECK_EQ(r.injected, 1);
			CHECK_EQ(part.unnamed, 0);
			compare_walks(&whole, &part);
			walk_free(&part);
		}
		tap_context = NULL;
		walk_free(&whole);
		img_free(&s.img);
	}
}

/* ---- Corrupted ------------------------------------------------------------------------ */

/* Every byte of the metadata gets a few other values. */
static void corruption_sweep(void)
{
	static const u8 flips[] = { 0x01, 0x80, 0xff };

	for (int v = 0; v < NVARIANTS; v += NVARIANTS - 1) {
		struct sample s;

		sample_build(&s, 9, variants[v] & ~(u32)SAMPLE_CHECKSUM);
		for (size_t pos = 1024; pos < s.img.len && tap.bad < TAP_MAX_DETAILS; pos++) {
			u8 old = s.img.data[pos];
			u8 flip = flips[pos % 3];
			struct walk w = { 0 };
			struct reader r;
			char context[64];

			/* All three in the superblock, one in the rest. */
			for (int k = 0; k < (pos < 1024 + 144 ? 3 : 1); k++) {
				s.img.data[pos] = old ^ (pos < 1024 + 144 ? flips[k] : flip);
				snprintf(context, sizeof(context), "variant %d, byte %zu is 0x%02x",
					 v, pos, s.img.data[pos]);
				tap_context = context;
				walk_bytes(&w, &r, &s.img);
				walk_free(&w);
			}
			s.img.data[pos] = old;
		}
		tap_context = NULL;
		img_free(&s.img);
	}
}

static u32 next_random(u32 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A few interesting bytes at a few random places, the superblock less often than the rest. */
static void mutate(struct img *img, u32 *seed)
{
	static const u64 interesting[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, ~0ULL,
	};
	u32 n = 1 + next_random(seed) % 6;

	while (n--) {
		u32 width = 1U << next_random(seed) % 4;
		u32 low = next_random(seed) % 4 ? 1024 + 144 : 1024;
		u64 pos = low + next_random(seed) % (u32)(img->len - low - width);
		u64 value = interesting[next_random(seed) % 16];

		if (next_random(seed) % 3 == 0)
			value = next_random(seed);
		if (next_random(seed) % 2)
			pos &= ~(u64)(width - 1);
		img_put(img, pos, width, value);
	}
}

static void random_mutations(void)
{
	enum { ROUNDS = 3000 };

	for (int v = 0; v < NVARIANTS; v++) {
		u32 seed = 0x1234567 + (u32)v;
		struct sample s;
		u8 *copy;

		sample_build(&s, 9, variants[v] & ~(u32)SAMPLE_CHECKSUM);
		copy = malloc(s.img.len);
		memcpy(copy, s.img.data, s.img.len);
		for (int round = 0; round < ROUNDS && tap.bad < TAP_MAX_DETAILS; round++) {
			struct walk w = { 0 };
			struct reader r;
			char context[64];

			snprintf(context, sizeof(context), "variant %d, round %d", v, round);
			tap_context = context;
			memcpy(s.img.data, copy, s.img.len);
			mutate(&s.img, &seed);
			walk_bytes(&w, &r, &s.img);
			walk_free(&w);
		}
		tap_context = NULL;
		free(copy);
		img_free(&s.img);
	}
}

void tests_hostile(void)
{
	RUN(sample_is_read_right);
	RUN(truncation_at_every_byte);
	RUN(injected_failures);
	RUN(corruption_sweep);
	RUN(random_mutations);
}
