// SPDX-License-Identifier: GPL-2.0-only
/*
 * src/zip in a kernel: streams from a file (see ../vectors.h), decoded whole, in part, cut,
 * damaged, into aliased memory, by many threads. Loading runs everything; verdicts are TAP lines
 * in the kernel log. Not part of the product.
 *
 * Rules: input and output end at the end of a vmalloc area, so that a byte beyond faults. Output
 * is decoded over two patterns: what was there before must not come through.
 */
#include <linux/completion.h>
#include <linux/kernel_read_file.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat/compat.h"
#include "zip/codec.h"
#include "zip/lzma_dec.h"
#include "vectors.h"

#define SMALL	5000	/* bytes of output up to which streams get the thorough tests */

static char *path = "/vectors";
module_param(path, charp, 0400);

static unsigned int tests, bad, bad_total;

#define CHECK(cond, fmt, ...) \
	do { \
		if (!(cond) && bad++ < 10) \
			pr_info("eis_zip_test: # line %d: " fmt "\n", __LINE__, ##__VA_ARGS__); \
	} while (0)

static void verdict(const char *name)
{
	pr_info("eis_zip_test: %sok %u - %s\n", bad ? "not " : "", ++tests, name);
	bad_total += bad;
	bad = 0;
}

/* ---- Streams and buffers ---- */

struct stream {
	struct vector v;
	const u8 *in;
	const u8 *plain;
};

static struct stream *streams;
static unsigned int nr_streams;
static u32 largest = PAGE_SIZE;

static const struct eis_codec_params all = {
	.algorithms	= 0xf,
	.lzma_dict_size	= 8 << 20,
	.zstd_window	= 1 << 20,
};

struct guarded {
	void *area;
	size_t size;
};

static int guarded_alloc(struct guarded *g, size_t len)
{
	g->size = PAGE_ALIGN(len) + PAGE_SIZE;
	g->area = vmalloc(g->size);
	return g->area ? 0 : -ENOMEM;
}

/* The last @len bytes: behind them is nothing mapped. */
static u8 *guarded_end(struct guarded *g, size_t len)
{
	return g->area + g->size - len;
}

struct buffers {
	struct guarded in, out;
};

static int buffers_alloc(struct buffers *b)
{
	b->in.area = NULL;
	b->out.area = NULL;
	return guarded_alloc(&b->in, largest) ?: guarded_alloc(&b->out, largest);
}

static void buffers_free(struct buffers *b)
{
	vfree(b->in.area);
	vfree(b->out.area);
}

/*
 * Decode @in_len bytes at @in to @out_len. The byte before the output must stay as it is.
 * Returns what the codec said, or -EIO for a broken promise.
 */
static int decode(struct buffers *b, u32 alg, const u8 *in, size_t in_len, size_t out_len,
		  bool exact, u8 fill)
{
	u8 *i = guarded_end(&b->in, in_len), *o = guarded_end(&b->out, out_len);
	int err;

	memcpy(i, in, in_len);
	memset(o, fill, out_len);
	o[-1] = 0x5a;
	err = eis_codec_decode(alg, &all, i, in_len, o, out_len, exact);
	return o[-1] != 0x5a || (err && err != -EFSCORRUPTED) ? -EIO : err;
}

static int decode_stream(struct buffers *b, const struct stream *s, size_t in_len, size_t out_len,
			 bool exact)
{
	return decode(b, s->v.alg, s->in, in_len, out_len, exact, 0x55);
}

static bool same(struct buffers *b, const struct stream *s, size_t len)
{
	return !memcmp(guarded_end(&b->out, len), s->plain, len);
}

/* ---- Tests ---- */

static void test_whole(struct buffers *b, const struct stream *s)
{
	u32 in = s->v.in_len, out = s->v.out_len;

	CHECK(!decode_stream(b, s, in, out, true) && same(b, s, out), "alg %u, %u bytes", s->v.alg,
	      out);
	CHECK(decode_stream(b, s, in, out + 1, true) == -EFSCORRUPTED, "alg %u, %u + 1", s->v.alg,
	      out);
	/* MicroLZMA has no end: the last bits of its code may do for one symbol more. */
	if (s->v.alg != VECTOR_MICROLZMA)
		CHECK(decode_stream(b, s, in, out + 1, false) == -EFSCORRUPTED,
		      "alg %u, %u + 1 of part", s->v.alg, out);
	if (out > 1)
		CHECK(decode_stream(b, s, in, out - 1, true) == -EFSCORRUPTED, "alg %u, %u - 1",
		      s->v.alg, out);
	/* The file goes on behind the stream: whatever comes there is too much. */
	CHECK(decode_stream(b, s, in + 1, out, true) == -EFSCORRUPTED, "alg %u, %u, extra byte",
	      s->v.alg, out);
}

static void test_prefix(struct buffers *b, const struct stream *s)
{
	u32 out = s->v.out_len, step = out <= 700 ? 1 : out <= SMALL ? 37 : out / 5, n;

	for (n = 1; n <= out; n += step)
		CHECK(!decode_stream(b, s, s->v.in_len, n, false) && same(b, s, n),
		      "alg %u, %u of %u bytes", s->v.alg, n, out);
	CHECK(!decode_stream(b, s, s->v.in_len, out, false) && same(b, s, out),
	      "alg %u, all of %u bytes", s->v.alg, out);
}

static void test_cut(struct buffers *b, const struct stream *s)
{
	u32 in = s->v.in_len, step = in <= 500 ? 1 : in <= SMALL ? 29 : in / 4, n;
	int err;

	for (n = 1; n < in; n += step) {
		CHECK(decode_stream(b, s, n, s->v.out_len, true) == -EFSCORRUPTED,
		      "alg %u, %u bytes, input %u of %u", s->v.alg, s->v.out_len, n, in);
		/* What can be had of a part must be right. */
		err = decode_stream(b, s, n, (s->v.out_len + 1) / 2, false);
		CHECK(err == -EFSCORRUPTED || (!err && same(b, s, (s->v.out_len + 1) / 2)),
		      "alg %u, part, input %u of %u: %d", s->v.alg, n, in, err);
	}
}

/* Decode damaged input over two patterns. */
static void test_twice(struct buffers *b, u32 alg, const u8 *in, size_t in_len, size_t out_len,
		       bool exact, u8 *first)
{
	int err = decode(b, alg, in, in_len, out_len, exact, 0x55), again;

	memcpy(first, guarded_end(&b->out, out_len), out_len);
	again = decode(b, alg, in, in_len, out_len, exact, 0xaa);
	CHECK(err == again && err != -EIO, "alg %u: %d, then %d", alg, err, again);
	CHECK(err || !memcmp(first, guarded_end(&b->out, out_len), out_len),
	      "alg %u, %zu bytes: what was there before comes through", alg, out_len);
}

static void test_damaged(struct buffers *b, const struct stream *s)
{
	static const u8 flips[] = { 0x01, 0x80, 0xff };
	u32 in = s->v.in_len, step = in <= 400 ? 1 : in <= SMALL ? 23 : in / 4, i, f;
	u8 *copy, *first;

	copy = kvmalloc(in, GFP_KERNEL);
	first = kvmalloc(s->v.out_len, GFP_KERNEL);
	if (copy && first) {
		memcpy(copy, s->in, in);
		for (i = 0; i < in; i += step) {
			for (f = 0; f < ARRAY_SIZE(flips); f++) {
				copy[i] ^= flips[f];
				test_twice(b, s->v.alg, copy, in, s->v.out_len, f & 1, first);
				test_twice(b, s->v.alg, copy, in, s->v.out_len, !(f & 1), first);
				copy[i] ^= flips[f];
			}
		}
	}
	CHECK(copy && first, "no memory");
	kvfree(copy);
	kvfree(first);
}

struct hostile {
	const char *what;
	u8 alg, len, out;
	bool leaks_only;	/* some libraries take it, but it must not show what was there */
	u8 in[40];
};

static const struct hostile hostile[] = {
	{ "LZ4 distance 0", VECTOR_LZ4, 19, 40, true,
	  { 0x4f, 'a', 'b', 'c', 'd', 0, 0, 1, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } },
	{ "LZ4 distance before the start", VECTOR_LZ4, 14, 17, false,
	  { 0x10, 'a', 2, 0, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
	{ "LZ4 literals beyond the input", VECTOR_LZ4, 3, 40, false, { 0xf0, 25, 'a' } },
	{ "MicroLZMA properties 225", VECTOR_MICROLZMA, 12, 4, false, { (u8)~225 } },
	{ "MicroLZMA lc + lp = 5", VECTOR_MICROLZMA, 12, 4, false, { (u8)~(9 + 4) } },
	{ "MicroLZMA of 4 bytes", VECTOR_MICROLZMA, 4, 1, false, { (u8)~93 } },
	{ "DEFLATE that gives nothing", VECTOR_DEFLATE, 15, 4, false,
	  { 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0xff, 0xff } },
	{ "DEFLATE block type 3", VECTOR_DEFLATE, 4, 4, false, { 7, 1, 2, 3 } },
	{ "DEFLATE distance before the start", VECTOR_DEFLATE, 4, 4, false, { 0x4b, 0x04, 0x12, 0 } },
	{ "Zstandard skippable frame first", VECTOR_ZSTD, 22, 1, false,
	  { 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7, 0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 'a' } },
	{ "Zstandard frame of 4 MiB of window", VECTOR_ZSTD, 10, 1, false,
	  { 0x28, 0xb5, 0x2f, 0xfd, 0, 12 << 3, 9, 0, 0, 'a' } },
	{ "Zstandard with a dictionary", VECTOR_ZSTD, 11, 1, false,
	  { 0x28, 0xb5, 0x2f, 0xfd, 0x21, 5, 1, 9, 0, 0, 'a' } },
	{ "Zstandard that gives nothing", VECTOR_ZSTD, 18, 1, false,
	  { 0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ "two Zstandard frames", VECTOR_ZSTD, 20, 2, false,
	  { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 'a',
	    0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 'b' } },
	{ "an algorithm that is none", 4, 4, 4, false, { 1, 2, 3, 4 } },
};

static void test_hostile(struct buffers *b)
{
	const struct hostile *h;
	u8 first[256];

	for (h = hostile; h < hostile + ARRAY_SIZE(hostile); h++) {
		test_twice(b, h->alg, h->in, h->len, h->out, true, first);
		test_twice(b, h->alg, h->in, h->len, h->out, false, first);
		CHECK(h->leaks_only ||
		      decode(b, h->alg, h->in, h->len, h->out, true, 0) == -EFSCORRUPTED,
		      "%s: taken as a whole", h->what);
		CHECK(h->leaks_only ||
		      decode(b, h->alg, h->in, h->len, h->out, false, 0) == -EFSCORRUPTED,
		      "%s: taken as a part", h->what);
	}
	CHECK(decode(b, VECTOR_LZ4, hostile[0].in, 1, 0, true, 0) == -EFSCORRUPTED, "no output");
}

/* The same pages again and again below the output, as near as eis_codec_window() allows. */
static void test_aliased(const struct stream *s, bool exact)
{
	struct eis_codec_params p = all;
	u32 len = exact ? s->v.out_len : s->v.out_len / 2 + 1, every, pages, i, tail;
	struct page **map;
	u8 *in, *out, *at;

	p.zstd_window = s->v.alg == VECTOR_ZSTD ? s->v.window : all.zstd_window;
	p.lzma_dict_size = s->v.window;
	every = DIV_ROUND_UP(eis_codec_window(s->v.alg, &p) + PAGE_SIZE + 64, PAGE_SIZE);
	pages = DIV_ROUND_UP(len, PAGE_SIZE);
	if (pages <= every)
		return;
	map = kvcalloc(pages, sizeof(*map), GFP_KERNEL);
	in = vmalloc(s->v.in_len);
	for (i = 0; map && i < pages; i++)
		map[i] = i < every ? alloc_page(GFP_KERNEL) : map[i - every];
	out = map ? vmap(map, pages, VM_MAP, PAGE_KERNEL) : NULL;
	CHECK(out && in, "no memory");
	if (out && in) {
		memcpy(in, s->in, s->v.in_len);
		CHECK(!eis_codec_decode(s->v.alg, &p, in, s->v.in_len, out, len, exact),
		      "alg %u, window %u, %u bytes: refused", s->v.alg, s->v.window, len);
		/* The last round of the pages is what is left. */
		tail = min_t(u32, len, (every - 1) * PAGE_SIZE);
		at = out + len - tail;
		for (i = 0; i < tail && at[i] == s->plain[len - tail + i]; i++)
			;
		CHECK(i == tail, "alg %u, window %u, %u bytes: wrong at %u", s->v.alg,
		      s->v.window, len, len - tail + i);
	}
	vunmap(out);
	for (i = 0; map && i < min(every, pages); i++)
		if (map[i])
			__free_page(map[i]);
	kvfree(map);
	vfree(in);
}

static void test_own_microlzma(struct buffers *b, const struct stream *s, void *state)
{
	u8 *in = guarded_end(&b->in, s->v.in_len), *out = guarded_end(&b->out, s->v.out_len);

	if (s->v.alg != VECTOR_MICROLZMA)
		return;
	memcpy(in, s->in, s->v.in_len);
	CHECK(!erofs_lzma_decode(state, in, s->v.in_len, out, s->v.out_len, true) &&
	      same(b, s, s->v.out_len), "own decoder, %u bytes", s->v.out_len);
}

/* How long each takes for the same bytes: a remark, not a verdict. */
static void compare_microlzma(struct buffers *b, void *state)
{
	u64 codec = 0, own = 0, t, bytes = 0;
	u8 *out = b->out.area;
	const struct stream *s;
	unsigned int round;

	for (round = 0; round < 3; round++) {
		for (s = streams; s < streams + nr_streams; s++) {
			if (s->v.alg != VECTOR_MICROLZMA || s->v.out_len <= SMALL)
				continue;
			t = ktime_get_ns();
			eis_codec_decode(s->v.alg, &all, s->in, s->v.in_len, out, s->v.out_len, true);
			codec += ktime_get_ns() - t;
			t = ktime_get_ns();
			erofs_lzma_decode(state, s->in, s->v.in_len, out, s->v.out_len, true);
			own += ktime_get_ns() - t;
			bytes += s->v.out_len;
			cond_resched();
		}
	}
	if (bytes)
		pr_info("eis_zip_test: # MicroLZMA: codec %llu ns, own decoder %llu ns per KiB\n",
			codec * 1024 / bytes, own * 1024 / bytes);
}

/* ---- Threads ---- */

struct worker {
	struct buffers b;
	struct completion done;
	unsigned int wrong;
	struct eis_codec_params params;
};

static int worker_run(void *data)
{
	struct worker *w = data;
	const struct stream *s;
	unsigned int round;
	u8 *in, *out;

	for (round = 0; round < 6; round++) {
		for (s = streams; s < streams + nr_streams; s++) {
			if (s->v.out_len > 50000 ||
			    (s->v.alg == VECTOR_ZSTD && s->v.window > w->params.zstd_window))
				continue;
			in = guarded_end(&w->b.in, s->v.in_len);
			out = guarded_end(&w->b.out, s->v.out_len);
			memcpy(in, s->in, s->v.in_len);
			w->wrong += eis_codec_decode(s->v.alg, &w->params, in, s->v.in_len, out,
						     s->v.out_len, !(round & 1)) ||
				    !same(&w->b, s, s->v.out_len);
			cond_resched();
		}
	}
	complete(&w->done);
	return 0;
}

/* Twice as many as workspaces are likely, while the pool grows below them. */
static void test_threads(void)
{
	unsigned int n = 4 * num_online_cpus() + 4, i, log;
	struct eis_codec_params small = all, grown[4];
	struct task_struct *task;
	struct worker *w;
	int err;

	small.zstd_window = 128 << 10;
	w = kcalloc(n, sizeof(*w), GFP_KERNEL);
	err = w ? eis_codec_get(&small) : -ENOMEM;
	CHECK(!err, "eis_codec_get: %d", err);
	if (err) {
		kfree(w);
		return;
	}
	for (i = 0; i < n; i++) {
		init_completion(&w[i].done);
		w[i].params = small;
		task = ERR_PTR(-ENOMEM);
		if (!buffers_alloc(&w[i].b))
			task = kthread_run(worker_run, &w[i], "eis_zip_test/%u", i);
		if (IS_ERR(task)) {
			w[i].wrong++;
			complete(&w[i].done);
		}
	}
	for (log = 17; log <= 20; log++) {
		grown[log - 17] = all;
		grown[log - 17].zstd_window = 1 << log;
		CHECK(!eis_codec_get(&grown[log - 17]), "the pool does not grow");
		schedule_timeout_uninterruptible(HZ / 20);
	}
	for (i = 0; i < n; i++) {
		wait_for_completion(&w[i].done);
		CHECK(!w[i].wrong, "thread %u: %u wrong", i, w[i].wrong);
		buffers_free(&w[i].b);
	}
	for (log = 17; log <= 20; log++)
		eis_codec_put(&grown[log - 17]);
	eis_codec_put(&small);
	kfree(w);
}

/* ---- All of it ---- */

static void test_users(void)
{
	struct eis_codec_params p = all;
	u8 byte = 0x10, out;
	int i;

	for (i = 0; i < EROFS_ALG_COUNT; i++)
		CHECK(eis_codec_supported(i), "algorithm %d is not supported", i);
	CHECK(!eis_codec_supported(EROFS_ALG_COUNT), "one too many is supported");
	p.algorithms = 0x1f;
	CHECK(eis_codec_get(&p) == -EOPNOTSUPP, "an unknown algorithm is not refused");
	p.algorithms = 0;
	CHECK(!eis_codec_get(&p), "no algorithms");
	/* Must not wait for a workspace that nobody made. */
	CHECK(eis_codec_decode(EROFS_ALG_ZSTD, &p, &byte, 1, &out, 1, true) == -EFSCORRUPTED,
	      "an algorithm that the image does not declare");
	eis_codec_put(&p);
	for (i = 0; i < 20; i++) {
		CHECK(!eis_codec_get(&all), "get");
		eis_codec_put(&all);
	}
}

static void each(void (*test)(struct buffers *, const struct stream *), struct buffers *b,
		 u32 out_max)
{
	unsigned int i;

	for (i = 0; i < nr_streams; i++) {
		if (streams[i].v.out_len <= out_max)
			test(b, &streams[i]);
		cond_resched();
	}
}

static void run(struct buffers *b, void *state)
{
	unsigned int i;

	each(test_whole, b, UINT_MAX);
	verdict("whole streams, and those a byte too long or short");
	each(test_prefix, b, 500000);
	verdict("prefixes");
	each(test_cut, b, 50000);
	verdict("truncated streams");
	each(test_damaged, b, 50000);
	verdict("damaged streams");
	test_hostile(b);
	verdict("hostile streams");
	for (i = 0; i < nr_streams; i++) {
		test_aliased(&streams[i], true);
		test_aliased(&streams[i], false);
	}
	verdict("output in aliased memory");
	for (i = 0; i < nr_streams; i++)
		test_own_microlzma(b, &streams[i], state);
	verdict("MicroLZMA by the decoder of our own");
	compare_microlzma(b, state);
}

static int load(const u8 *file, size_t size)
{
	const struct vectors_head *head = (const void *)file;
	size_t pos = sizeof(*head);
	unsigned int i;

	if (size < pos || head->magic != VECTORS_MAGIC || !head->count)
		return -EINVAL;
	streams = kcalloc(head->count, sizeof(*streams), GFP_KERNEL);
	if (!streams)
		return -ENOMEM;
	for (i = 0; i < head->count; i++) {
		memcpy(&streams[i].v, file + pos, sizeof(streams[i].v));
		pos += sizeof(streams[i].v);
		streams[i].in = file + pos;
		pos += streams[i].v.in_len;
		streams[i].plain = file + pos;
		pos += streams[i].v.out_len;
		if (pos > size)
			return -EINVAL;
		largest = max3(largest, streams[i].v.in_len, streams[i].v.out_len);
	}
	nr_streams = head->count;
	return 0;
}

static int test_all(const u8 *file, size_t size)
{
	void *state = kvmalloc(erofs_lzma_state_size(), GFP_KERNEL);
	struct buffers b = { };
	int err = state ? load(file, size) : -ENOMEM;

	if (!err)
		err = buffers_alloc(&b);
	if (!err) {
		test_users();
		verdict("users");
		err = eis_codec_get(&all);
	}
	if (!err) {
		run(&b, state);
		eis_codec_put(&all);
		test_threads();
		verdict("threads, with a pool that grows");
		pr_info("eis_zip_test: 1..%u\n", tests);
	}
	buffers_free(&b);
	kvfree(state);
	kfree(streams);
	return err;
}

static int __init eis_zip_test_init(void)
{
	void *file = NULL;
	size_t size;
	ssize_t n;
	int err;

	err = eis_codec_init();
	if (err)
		return err;
	n = kernel_read_file_from_path(path, 0, &file, INT_MAX, &size, READING_FIRMWARE);
	if (n < 0) {
		pr_err("eis_zip_test: cannot read %s: %zd\n", path, n);
		return n;
	}
	err = test_all(file, n);
	vfree(file);
	eis_codec_exit();
	return err ?: bad_total ? -EINVAL : 0;
}

static void __exit eis_zip_test_exit(void)
{
}

module_init(eis_zip_test_init);
module_exit(eis_zip_test_exit);

MODULE_DESCRIPTION("Test of the codecs of erofs_ishare");
MODULE_LICENSE("GPL");
