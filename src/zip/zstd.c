// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zstandard frames (RFC 8878, FORMAT.md 8.5), by the kernel's library.
 *
 * Rules:
 *  - The frame's header is looked at first: one frame, no dictionary, a window that the format
 *    allows, a size that fits what the map says.
 *  - Whole streams go straight to the output. The first part of one goes by way of a window in
 *    the workspace, as the library offers it: that is what a workspace is so large for.
 *  - Images that were extended by a later mkfs.erofs run have frames with larger windows than
 *    the superblock declares. Whole, they are like any other; the first part of one is taken
 *    from a whole one, in memory that has to be allocated.
 */
#include <linux/mm.h>
#include <linux/zstd.h>

#include "compat/compat.h"
#include "zip/internal.h"

#if EIS_KERNEL_ZSTD

/*
 * The library keeps the literals of a block in the output, behind the room for the block itself;
 * a block has at most 128 KiB, and copies may overshoot by 32 bytes.
 */
#define EIS_ZSTD_AHEAD	(2 * (128U * 1024 + 64))

/* FORMAT.md 1.7 */
#define EIS_ZSTD_WINDOW_MAX	(1U << 20)

struct eis_zstd_ws {
	zstd_dstream *stream;
	u64 mem[];
};

static size_t eis_zstd_window(const struct eis_codec_params *params)
{
	return EIS_ZSTD_WINDOW_MAX + EIS_ZSTD_AHEAD;
}

static size_t eis_zstd_ws_size(const struct eis_codec_params *params)
{
	return sizeof(struct eis_zstd_ws) + zstd_dstream_workspace_bound(params->zstd_window);
}

static void *eis_zstd_ws_alloc(size_t size)
{
	struct eis_zstd_ws *ws = kvzalloc(size, GFP_KERNEL);
	size_t bytes = size - sizeof(*ws);

	if (!ws)
		return NULL;
	/* Once, not per stream: it asks the CPU what it is, which is slow in a virtual machine. */
	ws->stream = zstd_init_dstream(bytes, ws->mem, bytes);
	if (!ws->stream) {
		kvfree(ws);
		return NULL;
	}
	return ws;
}

static void eis_zstd_ws_free(void *ws)
{
	kvfree(ws);
}

static bool eis_zstd_frame_fits(zstd_frame_header *h, const void *in, size_t in_len,
				size_t out_len, bool exact)
{
	/* More than 0 bytes wanted is an error as well as an error is. */
	if (zstd_get_frame_header(h, in, in_len))
		return false;
	if (h->frameType != ZSTD_frame || h->dictID || h->windowSize > EIS_ZSTD_WINDOW_MAX)
		return false;
	if (h->frameContentSize != ZSTD_CONTENTSIZE_UNKNOWN &&
	    (exact ? h->frameContentSize != out_len : h->frameContentSize < out_len))
		return false;
	return !exact || zstd_find_frame_compressed_size(in, in_len) == in_len;
}

static int eis_zstd_prefix(zstd_dstream *stream, const void *in, size_t in_len, void *out,
			   size_t out_len)
{
	zstd_in_buffer src = { .src = in, .size = in_len };
	zstd_out_buffer dst = { .dst = out, .size = out_len };
	size_t left, src_pos, dst_pos;

	if (zstd_is_error(zstd_reset_dstream(stream)))
		return -EFSCORRUPTED;
	do {
		src_pos = src.pos;
		dst_pos = dst.pos;
		left = zstd_decompress_stream(stream, &dst, &src);
		if (zstd_is_error(left))
			return -EFSCORRUPTED;
		/* The end of the frame, or of what can be had. */
	} while (dst.pos < dst.size && left && (src.pos != src_pos || dst.pos != dst_pos));
	return dst.pos == dst.size ? 0 : -EFSCORRUPTED;
}

/* The first part of a frame whose window is larger than the workspace's. */
static int eis_zstd_prefix_of_whole(zstd_dstream *stream, const void *in, size_t in_len, void *out,
				    size_t out_len, u64 whole)
{
	void *buf;
	int err = 0;

	if (whole > EROFS_PCLUSTER_MAX_LLEN)
		return -EFSCORRUPTED;
	buf = kvmalloc(whole, GFP_NOFS | __GFP_NOWARN);
	if (!buf)
		return -ENOMEM;
	if (zstd_decompress_dctx(stream, buf, whole, in, in_len) == whole)
		memcpy(out, buf, out_len);
	else
		err = -EFSCORRUPTED;
	kvfree(buf);
	return err;
}

static int eis_zstd_decode(void *mem, const struct eis_codec_params *params, const void *in,
			   size_t in_len, void *out, size_t out_len, bool exact)
{
	struct eis_zstd_ws *ws = mem;
	zstd_frame_header h;

	if (!eis_zstd_frame_fits(&h, in, in_len, out_len, exact))
		return -EFSCORRUPTED;
	if (!exact && h.windowSize > params->zstd_window)
		return eis_zstd_prefix_of_whole(ws->stream, in, in_len, out, out_len,
						h.frameContentSize);
	if (!exact)
		return eis_zstd_prefix(ws->stream, in, in_len, out, out_len);
	/* Errors are numbers that no length is. */
	return zstd_decompress_dctx(ws->stream, out, out_len, in, in_len) == out_len ?
		0 : -EFSCORRUPTED;
}

const struct eis_codec eis_codec_zstd = {
	.decode		= eis_zstd_decode,
	.window		= eis_zstd_window,
	.ws_size	= eis_zstd_ws_size,
	.ws_alloc	= eis_zstd_ws_alloc,
	.ws_free	= eis_zstd_ws_free,
};

#else

const struct eis_codec eis_codec_zstd;

#endif
