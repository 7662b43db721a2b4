// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz driver: src/zip/lzma_dec.c and liblzma must agree about any stream.
 *
 * The input begins with 3 bytes: output size (16 bits), bit 0 of the third: whole stream or part.
 */
#include <stdlib.h>
#include <string.h>

#include "ref.h"
#include "zip/lzma_dec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *state;
	uint8_t *in, *a, *b;
	size_t out_len;
	bool exact, want, good;

	if (size < 4)
		return 0;
	if (!state)
		state = malloc(erofs_lzma_state_size());
	out_len = 1 + (data[0] | data[1] << 8);
	exact = data[2] & 1;
	size -= 3;
	in = malloc(size);
	a = malloc(out_len);
	b = malloc(out_len);
	memcpy(in, data + 3, size);
	memset(a, 0x55, out_len);
	want = ref_decode(in, size, b, out_len, exact);
	good = !erofs_lzma_decode(state, in, size, a, out_len, exact);
	if (good != want || (good && memcmp(a, b, out_len)))
		abort();
	free(in);
	free(a);
	free(b);
	return 0;
}
