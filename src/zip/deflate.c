// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raw DEFLATE streams (RFC 1951, FORMAT.md 8.5), by the kernel's zlib. The workspace is zlib's.
 */
#include <linux/mm.h>
#include <linux/zlib.h>

#include "compat/compat.h"
#include "zip/internal.h"

#if EIS_KERNEL_DEFLATE

/* Good for streams of any smaller window. */
#define EIS_DEFLATE_WBITS	15

static size_t eis_deflate_window(const struct eis_codec_params *params)
{
	return 1 << EIS_DEFLATE_WBITS;
}

static size_t eis_deflate_ws_size(const struct eis_codec_params *params)
{
	return zlib_inflate_workspacesize();
}

/* Zeroed: no bug of zlib's can show what was in this memory before. */
static void *eis_deflate_ws_alloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL);
}

static void eis_deflate_ws_free(void *ws)
{
	kvfree(ws);
}

static int eis_deflate_decode(void *ws, const struct eis_codec_params *params, const void *in,
			      size_t in_len, void *out, size_t out_len, bool exact)
{
	struct z_stream_s s = {
		.next_in	= in,
		.avail_in	= in_len,
		.next_out	= out,
		.avail_out	= out_len,
		.workspace	= ws,
	};
	int ret;

	/* Negative: no header, no checksum. */
	if (zlib_inflateInit2(&s, -EIS_DEFLATE_WBITS) != Z_OK)
		return -EFSCORRUPTED;
	ret = zlib_inflate(&s, exact ? Z_FINISH : Z_SYNC_FLUSH);
	zlib_inflateEnd(&s);
	if (s.avail_out)
		return -EFSCORRUPTED;
	if (exact)
		return ret == Z_STREAM_END && !s.avail_in ? 0 : -EFSCORRUPTED;
	return ret == Z_STREAM_END || ret == Z_OK ? 0 : -EFSCORRUPTED;
}

const struct eis_codec eis_codec_deflate = {
	.decode		= eis_deflate_decode,
	.window		= eis_deflate_window,
	.ws_size	= eis_deflate_ws_size,
	.ws_alloc	= eis_deflate_ws_alloc,
	.ws_free	= eis_deflate_ws_free,
};

#else

const struct eis_codec eis_codec_deflate;

#endif
