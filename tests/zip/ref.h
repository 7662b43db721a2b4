/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference: MicroLZMA by liblzma. And data to compress.
 *
 * Rules: same seed, same data. A failure of the library that is not about its input aborts.
 */
#ifndef REF_H
#define REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of @in as much as fits @out_max bytes; returns what the stream has, *@used what it holds. */
size_t ref_encode(const uint8_t *in, size_t *used, uint8_t *out, size_t out_max, int lc, int lp,
		  int pb);
/* As erofs_lzma_decode() is asked; true when all of @out is there. */
bool ref_decode(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len, bool exact);

/* Text, tables, repeats at all distances, noise: in pieces. */
void ref_data(uint8_t *out, size_t len, uint32_t seed);
uint32_t ref_random(uint32_t *seed);

#endif /* REF_H */
