// SPDX-License-Identifier: GPL-2.0-only
/*
 * MicroLZMA streams (FORMAT.md 8.5): by the kernel's library, or by lzma_dec.c where the kernel
 * was built without.
 *
 * Either way the output is the dictionary: no copy of it, and distances are limited by what is
 * decoded, not by the size the image declares.
 */
#include <linux/mm.h>
#include <linux/xz.h>

#include "compat/compat.h"
#include "zip/internal.h"
#include "zip/lzma_dec.h"

static size_t eis_microlzma_window(const struct eis_codec_params *params)
{
	return params->lzma_dict_size;
}

#if EIS_KERNEL_MICROLZMA

/* Not allocated in single-call mode, only the farthest distance: more than any stream has. */
#define EIS_MICROLZMA_DICT	(1U << 30)

/* The library does not tell; "a little less than 30 KiB", says its header. */
static size_t eis_microlzma_ws_size(const struct eis_codec_params *params)
{
	return 30 * 1024;
}

static void *eis_microlzma_ws_alloc(size_t size)
{
	return xz_dec_microlzma_alloc(XZ_SINGLE, EIS_MICROLZMA_DICT);
}

static void eis_microlzma_ws_free(void *ws)
{
	xz_dec_microlzma_end(ws);
}

static int eis_microlzma_decode(void *ws, const struct eis_codec_params *params, const void *in,
				size_t in_len, void *out, size_t out_len, bool exact)
{
	struct xz_buf b = {
		.in	  = in,
		.in_size  = in_len,
		.out	  = out,
		.out_size = out_len,
	};
	enum xz_ret ret;

	xz_dec_microlzma_reset(ws, in_len, out_len, exact);
	ret = xz_dec_microlzma_run(ws, &b);
	/* XZ_OK asks for input or room that is not there. */
	if (ret != XZ_STREAM_END || b.out_pos != out_len)
		return -EFSCORRUPTED;
	return !exact || b.in_pos == in_len ? 0 : -EFSCORRUPTED;
}

#else

static size_t eis_microlzma_ws_size(const struct eis_codec_params *params)
{
	return erofs_lzma_state_size();
}

static void *eis_microlzma_ws_alloc(size_t size)
{
	return kvmalloc(size, GFP_KERNEL);
}

static void eis_microlzma_ws_free(void *ws)
{
	kvfree(ws);
}

static int eis_microlzma_decode(void *ws, const struct eis_codec_params *params, const void *in,
				size_t in_len, void *out, size_t out_len, bool exact)
{
	return erofs_lzma_decode(ws, in, in_len, out, out_len, exact);
}

#endif

const struct eis_codec eis_codec_microlzma = {
	.decode		= eis_microlzma_decode,
	.window		= eis_microlzma_window,
	.ws_size	= eis_microlzma_ws_size,
	.ws_alloc	= eis_microlzma_ws_alloc,
	.ws_free	= eis_microlzma_ws_free,
};
