// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZ4 blocks (FORMAT.md 8.5), by the kernel's library. No workspace.
 */
#include <linux/lz4.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "zip/internal.h"

/* Two bytes of offset. */
#define EIS_LZ4_WINDOW	65535

#if EIS_KERNEL_LZ4

static size_t eis_lz4_window(const struct eis_codec_params *params)
{
	return EIS_LZ4_WINDOW;
}

static int eis_lz4_decode(void *ws, const struct eis_codec_params *params, const void *in,
			  size_t in_len, void *out, size_t out_len, bool exact)
{
	int n;

	if (exact) {
		/* Fails unless it uses up all of its input. */
		n = LZ4_decompress_safe(in, out, in_len, out_len);
	} else {
		/*
		 * A match at distance 0 is an error that the library does not see. It then repeats
		 * a zero that it has written there before, but not when it decodes a part: what
		 * lay in @out would be handed out as data.
		 */
		memset(out, 0, out_len);
		n = LZ4_decompress_safe_partial(in, out, in_len, out_len, out_len);
	}
	return n >= 0 && (size_t)n == out_len ? 0 : -EFSCORRUPTED;
}

const struct eis_codec eis_codec_lz4 = {
	.decode	= eis_lz4_decode,
	.window	= eis_lz4_window,
};

#else

const struct eis_codec eis_codec_lz4;

#endif
