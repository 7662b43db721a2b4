/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Codecs: one encoded stream in, its bytes out, both contiguous in memory.
 *
 * Rules:
 *  - A codec knows nothing of files, clusters or pages. It never reads beyond
 *    @in_len, never writes beyond @out_len, and never leaves bytes of @out that
 *    it reported as decoded unwritten. Input is hostile.
 *  - Workspaces are module-wide, one per CPU and algorithm (fewer when they are
 *    large), and are there from eis_codec_get() to the last eis_codec_put():
 *    decoding allocates nothing, so it makes progress when memory is short. With
 *    all of them busy a caller sleeps until one is free.
 *  - An algorithm that this kernel cannot do is a table entry without functions.
 */
#ifndef EIS_ZIP_CODEC_H
#define EIS_ZIP_CODEC_H

#include <linux/types.h>

#include "erofs_format.h"

/**
 * struct eis_codec_params - what an image declares about its streams
 * @algorithms: bitmap of enum erofs_algorithm
 * @lzma_dict_size: bytes, at most 8 MiB
 * @zstd_window: bytes, at most 1 MiB
 */
struct eis_codec_params {
	u16 algorithms;
	u32 lzma_dict_size;
	u32 zstd_window;
};

int eis_codec_init(void);
void eis_codec_exit(void);

bool eis_codec_supported(enum erofs_algorithm alg);
int eis_codec_get(const struct eis_codec_params *params);
void eis_codec_put(const struct eis_codec_params *params);

size_t eis_codec_window(enum erofs_algorithm alg, const struct eis_codec_params *params);
int eis_codec_decode(enum erofs_algorithm alg, const struct eis_codec_params *params,
		     const void *in, size_t in_len, void *out, size_t out_len, bool exact);

#endif /* EIS_ZIP_CODEC_H */
