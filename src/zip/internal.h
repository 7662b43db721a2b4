/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a codec is to codec.c. Not for other rooms.
 *
 * Rules:
 *  - One object per algorithm; one that the kernel cannot do has no functions.
 *  - decode() allocates nothing, but in one case that zstd.c tells of, and returns 0, -EFSCORRUPTED or,
 *    there, -ENOMEM. Lengths are from 1 to INT_MAX.
 *  - A workspace serves one decode() at a time and carries nothing from one to the next.
 */
#ifndef EIS_ZIP_INTERNAL_H
#define EIS_ZIP_INTERNAL_H

#include "zip/codec.h"

/**
 * struct eis_codec - one algorithm
 * @decode: one stream, whole (exact) or its first @out_len bytes
 * @window: bytes, as eis_codec_window() tells it
 * @ws_size: bytes a workspace needs for this image; NULL when decode() needs none
 * @ws_alloc: a workspace of that many bytes or NULL; may sleep
 * @ws_free: its opposite; may sleep
 */
struct eis_codec {
	int (*decode)(void *ws, const struct eis_codec_params *params, const void *in,
		      size_t in_len, void *out, size_t out_len, bool exact);
	size_t (*window)(const struct eis_codec_params *params);
	size_t (*ws_size)(const struct eis_codec_params *params);
	void *(*ws_alloc)(size_t size);
	void (*ws_free)(void *ws);
};

extern const struct eis_codec eis_codec_lz4;
extern const struct eis_codec eis_codec_microlzma;
extern const struct eis_codec eis_codec_deflate;
extern const struct eis_codec eis_codec_zstd;

#endif /* EIS_ZIP_INTERNAL_H */
