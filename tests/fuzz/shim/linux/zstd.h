/* SPDX-License-Identifier: GPL-2.0-only */
/* shim: Zstandard, with the kernel's names for the library's functions; see compat/compat.h. */
#ifndef SHIM_ZSTD_H
#define SHIM_ZSTD_H

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

typedef ZSTD_DStream		zstd_dstream;
typedef ZSTD_frameHeader	zstd_frame_header;
typedef ZSTD_inBuffer		zstd_in_buffer;
typedef ZSTD_outBuffer		zstd_out_buffer;

#define zstd_is_error			ZSTD_isError
#define zstd_get_frame_header		ZSTD_getFrameHeader
#define zstd_find_frame_compressed_size	ZSTD_findFrameCompressedSize
#define zstd_dstream_workspace_bound	ZSTD_estimateDStreamSize
#define zstd_init_dstream(max, mem, n)	ZSTD_initStaticDStream(mem, n)
#define zstd_decompress_stream		ZSTD_decompressStream
#define zstd_decompress_dctx		ZSTD_decompressDCtx

static inline size_t zstd_reset_dstream(ZSTD_DStream *s)
{
	return ZSTD_DCtx_reset(s, ZSTD_reset_session_only);
}

#endif /* SHIM_ZSTD_H */
