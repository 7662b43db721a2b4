// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's Zstandard decoder: an option; these lower-case names since 5.16.
 *
 * @export zstd_is_error zstd_get_frame_header zstd_find_frame_compressed_size
 * @export zstd_dstream_workspace_bound zstd_init_dstream zstd_reset_dstream
 * @export zstd_decompress_stream zstd_decompress_dctx
 */
#include <linux/zstd.h>

size_t (*const probe_header)(zstd_frame_header *, const void *, size_t) = zstd_get_frame_header;
size_t (*const probe_size)(const void *, size_t) = zstd_find_frame_compressed_size;
zstd_dstream *(*const probe_init)(size_t, void *, size_t) = zstd_init_dstream;
size_t (*const probe_stream)(zstd_dstream *, zstd_out_buffer *, zstd_in_buffer *) =
	zstd_decompress_stream;
/* A stream's context serves for whole frames as well. */
size_t (*const probe_whole)(zstd_dstream *, void *, size_t, const void *, size_t) =
	zstd_decompress_dctx;
