/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A decoder of MicroLZMA streams (FORMAT.md 8.5) in one call: for kernels that come without.
 *
 * Rules: as erofs_port.h has them. No I/O, no allocation, no recursion, no state but the caller's.
 */
#ifndef EIS_ZIP_LZMA_DEC_H
#define EIS_ZIP_LZMA_DEC_H

#include "erofs_port.h"

size_t erofs_lzma_state_size(void);
int erofs_lzma_decode(void *state, const void *in, size_t in_len, void *out, size_t out_len,
		      bool exact);

#endif /* EIS_ZIP_LZMA_DEC_H */
