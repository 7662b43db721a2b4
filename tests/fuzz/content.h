/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Content of compressed inodes for the fuzz drivers: extents by src/format, streams by the codecs of src/zip.
 *
 * Rules: memory and work have a budget per input, since an image may say that each of a hundred files takes
 * twelve megabytes to decode. What is over it fails like memory that is not there.
 */
#ifndef FUZZ_CONTENT_H
#define FUZZ_CONTENT_H

#include "reader.h"
#include "zip/internal.h"

/* Bytes decoded per input */
#define CONTENT_BUDGET	(3U << 20)

/* content_begin - from now on reader_file() reads compressed inodes; a new input, a new budget */
void content_begin(void);
u64 content_spent(void);

/* One stream by a codec of src/zip, with a workspace that is kept. Returns what the codec returns. */
int content_decode(u32 alg, const struct eis_codec_params *params, const void *in, size_t in_len,
		   void *out, size_t out_len, bool exact);

#endif /* FUZZ_CONTENT_H */
