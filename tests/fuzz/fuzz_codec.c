// SPDX-License-Identifier: GPL-2.0-only
/*
 * One codec of src/zip: FUZZ_ALG says which. Input: mode, output size (24 bits), log2 of the window in KiB, then the
 * stream. Rules that have to hold: nothing outside of the buffers; what a codec reports as decoded it has written,
 * whatever lay there before; the first part of a stream is what the whole begins with. MicroLZMA, which is our own:
 * says yes and no as liblzma does.
 *
 * Three kinds of bad streams are bad for one way of decoding only: LZ4 with a match at distance 0 (the bytes differ),
 * Zstandard with a block larger than its window, or with a window larger than the image's and of no stated size (the
 * first part is refused).
 */
#include "content.h"
#include "fuzz.h"

#define MAX_OUT	(256U << 10)

#if FUZZ_ALG == 1
#include "../zip/ref.h"
#elif FUZZ_ALG == 3
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#endif

struct stream {
	const u8 *in;
	size_t len;
	struct eis_codec_params params;
};

/* On the heap, exactly as large as asked for, and full of @fill. */
static u8 *decode(const struct stream *s, size_t out_len, bool exact, u8 fill, int *err)
{
	u8 *out = malloc(out_len);

	memset(out, fill, out_len);
	*err = content_decode(FUZZ_ALG, &s->params, s->in, s->len, out, out_len, exact);
	MUST(*err == 0 || *err == -EFSCORRUPTED || *err == -ENOMEM);
	return out;
}

#if FUZZ_ALG == 0
/* Whether the library finds no fault with a match at distance 0. */
static bool one_way_only(const struct stream *s, size_t len)
{
	const u8 *p = s->in, *end = p + s->len;

	(void)len;
	while (p < end) {
		u32 token = *p++, n = token >> 4, more = n == 15 ? 255 : 0;

		for (; more == 255 && p < end; n += more)
			more = *p++;
		if ((size_t)(end - p) < n + 2)
			return false;
		p += n;
		if (!p[0] && !p[1])
			return true;
		p += 2;
		for (more = (token & 15) == 15 ? 255 : 0; more == 255 && p < end; )
			more = *p++;
	}
	return false;
}
#elif FUZZ_ALG == 3
/*
 * Whether a decoder with all the memory it wants does not find that part either; or the frame asks for more memory than
 * the image declares and does not say what a whole one would take (mkfs.erofs makes no such frames).
 */
static bool one_way_only(const struct stream *s, size_t len)
{
	ZSTD_DStream *stream;
	ZSTD_frameHeader h;
	ZSTD_inBuffer src = { s->in, s->len, 0 };
	u8 *out = malloc(len);
	ZSTD_outBuffer dst = { out, len, 0 };
	size_t left, pos;

	if (!ZSTD_getFrameHeader(&h, s->in, s->len) && h.windowSize > s->params.zstd_window &&
	    h.frameContentSize == ZSTD_CONTENTSIZE_UNKNOWN) {
		free(out);
		return true;
	}
	stream = ZSTD_createDStream();
	do {
		pos = src.pos + dst.pos;
		left = ZSTD_decompressStream(stream, &dst, &src);
	} while (!ZSTD_isError(left) && left && dst.pos < len && pos != src.pos + dst.pos);
	ZSTD_freeDStream(stream);
	free(out);
	return dst.pos < len;
}
#else
static bool one_way_only(const struct stream *s, size_t len)
{
	(void)s;
	(void)len;
	return false;
}
#endif

static void must_begin_like(const struct stream *s, const u8 *whole, size_t len)
{
	u8 *part, *again;
	int err, err2;

	if (!len)
		return;
	part = decode(s, len, false, 0x33, &err);
	again = decode(s, len, false, 0xcc, &err2);
	MUST(err == err2 && (err || !memcmp(part, again, len)));
	MUST((!err && !memcmp(part, whole, len)) || one_way_only(s, len));
	free(again);
	free(part);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1);
	size_t out_len = 1 + take(&in, 3) % MAX_OUT;
	struct stream s = { .params = { 15, 1 << 20, 1024U << take(&in, 1) % 11 } };
	bool exact = mode & 1;
	u8 *a, *b, *copy;
	int err, again;

	if (!in.size)
		return 0;
	copy = malloc(in.size);
	memcpy(copy, in.data, in.size);
	s.in = copy;
	s.len = in.size;
	a = decode(&s, out_len, exact, 0x55, &err);
	b = decode(&s, out_len, exact, 0xaa, &again);
	MUST(err == again);
	if (!err) {
		MUST(!memcmp(a, b, out_len));
		must_begin_like(&s, a, out_len / 2);
		must_begin_like(&s, a, out_len - 1);
		must_begin_like(&s, a, out_len);
	}
#if FUZZ_ALG == 1
	MUST(ref_decode(s.in, s.len, b, out_len, exact) == !err);
	MUST(err || !memcmp(a, b, out_len));
#endif
	free(copy);
	free(b);
	free(a);
	return 0;
}
