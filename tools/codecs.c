// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding with libraries; see codecs.h.
 */
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "codecs.h"
#include "say.h"

/* FORMAT.md 1.7: images that were extended have frames with more than the superblock declares. */
#define ZSTD_WINDOWLOG	20

struct codecs {
	u32 lzma_dict;
	lzma_stream lzma;
	z_stream deflate;
	bool deflate_ready;
	ZSTD_DCtx *zstd;
};

struct codecs *codecs_new(const struct erofs_super *sb)
{
	struct codecs *c = xalloc(1, sizeof(*c));

	c->lzma_dict = sb->lzma_dict_size;
	c->lzma = (lzma_stream)LZMA_STREAM_INIT;
	return c;
}

void codecs_free(struct codecs *c)
{
	if (!c)
		return;
	lzma_end(&c->lzma);
	if (c->deflate_ready)
		inflateEnd(&c->deflate);
	ZSTD_freeDCtx(c->zstd);
	free(c);
}

/* A length that goes on as long as its bytes are 255; false at the end of the stream. */
static bool lz4_length(const u8 **at, const u8 *end, size_t *len)
{
	u8 byte;

	if (*len != 15)
		return true;
	do {
		if (*at == end)
			return false;
		byte = *(*at)++;
		*len += byte;
	} while (byte == 255);
	return true;
}

/*
 * Has the stream a match at distance 0, where the output is what it is? It decodes, to whatever lay
 * there: another digest each time, or the digest of a file that was decoded before. Other
 * damage is the library's to find, so a stream that ends early has none.
 */
static bool lz4_copies_itself(const u8 *in, size_t in_len, size_t out_len)
{
	const u8 *end = in + in_len;
	size_t done = 0;

	while (in < end) {
		size_t literals = *in >> 4, match = *in & 15;

		in++;
		if (!lz4_length(&in, end, &literals) || literals >= out_len - done ||
		    literals > (size_t)(end - in))
			return false;
		in += literals;
		done += literals;
		if (end - in < 2)
			return false;
		if (!in[0] && !in[1])
			return true;
		in += 2;
		if (!lz4_length(&in, end, &match) || match + 4 >= out_len - done)
			return false;
		done += match + 4;
	}
	return false;
}

static int lz4_decode(const void *in, size_t in_len, void *out, size_t out_len, bool exact)
{
	int n;

	if (lz4_copies_itself(in, in_len, out_len))
		return -EUCLEAN;
	if (exact)
		n = LZ4_decompress_safe(in, out, (int)in_len, (int)out_len);
	else
		n = LZ4_decompress_safe_partial(in, out, (int)in_len, (int)out_len, (int)out_len);
	return n >= 0 && (size_t)n == out_len ? 0 : -EUCLEAN;
}

static int lzma_decode(struct codecs *c, const void *in, size_t in_len, void *out, size_t out_len,
		       bool exact)
{
	lzma_ret ret;

	ret = lzma_microlzma_decoder(&c->lzma, in_len, out_len, exact, c->lzma_dict);
	if (ret != LZMA_OK)
		return ret == LZMA_MEM_ERROR ? -ENOMEM : -EUCLEAN;
	c->lzma.next_in = in;
	c->lzma.avail_in = in_len;
	c->lzma.next_out = out;
	c->lzma.avail_out = out_len;
	ret = lzma_code(&c->lzma, LZMA_FINISH);
	if (c->lzma.avail_out)
		return ret == LZMA_MEM_ERROR ? -ENOMEM : -EUCLEAN;
	return !exact || ret == LZMA_STREAM_END ? 0 : -EUCLEAN;
}

static int deflate_decode(struct codecs *c, const void *in, size_t in_len, void *out,
			  size_t out_len, bool exact)
{
	int ret;

	ret = c->deflate_ready ? inflateReset(&c->deflate) : inflateInit2(&c->deflate, -15);
	if (ret != Z_OK)
		return -ENOMEM;
	c->deflate_ready = true;
	c->deflate.next_in = (Bytef *)in;
	c->deflate.avail_in = (uInt)in_len;
	c->deflate.next_out = out;
	c->deflate.avail_out = (uInt)out_len;
	ret = inflate(&c->deflate, exact ? Z_FINISH : Z_SYNC_FLUSH);
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	if (c->deflate.avail_out)
		return -EUCLEAN;
	return !exact || (ret == Z_STREAM_END && !c->deflate.avail_in) ? 0 : -EUCLEAN;
}

static int zstd_decode(struct codecs *c, const void *in, size_t in_len, void *out, size_t out_len,
		       bool exact)
{
	ZSTD_inBuffer src = { in, in_len, 0 };
	ZSTD_outBuffer dst = { out, out_len, 0 };
	size_t ret;

	if (!c->zstd) {
		c->zstd = ZSTD_createDCtx();
		if (!c->zstd)
			return -ENOMEM;
		ZSTD_DCtx_setParameter(c->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOWLOG);
	}
	ZSTD_DCtx_reset(c->zstd, ZSTD_reset_session_only);
	do {
		size_t before = src.pos + dst.pos;

		ret = ZSTD_decompressStream(c->zstd, &dst, &src);
		if (ZSTD_isError(ret))
			return -EUCLEAN;
		if (src.pos + dst.pos == before)
			break;
	} while (ret && dst.pos < dst.size);
	if (dst.pos < dst.size)
		return -EUCLEAN;
	/* The frame may end with bytes that yield nothing (a checksum). */
	if (exact && ret) {
		ret = ZSTD_decompressStream(c->zstd, &dst, &src);
		if (ZSTD_isError(ret))
			return -EUCLEAN;
	}
	return !exact || (!ret && src.pos == src.size) ? 0 : -EUCLEAN;
}

int codecs_decode(struct codecs *c, u8 format, const void *in, size_t in_len, void *out,
		  size_t out_len, bool exact)
{
	switch (format) {
	case EROFS_ZF_LZ4:
		return lz4_decode(in, in_len, out, out_len, exact);
	case EROFS_ZF_MICROLZMA:
		return lzma_decode(c, in, in_len, out, out_len, exact);
	case EROFS_ZF_DEFLATE:
		return deflate_decode(c, in, in_len, out, out_len, exact);
	case EROFS_ZF_ZSTD:
		return zstd_decode(c, in, in_len, out, out_len, exact);
	default:
		return -EUCLEAN;
	}
}
