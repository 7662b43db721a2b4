// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: the input is an image. The checksum is not verified, or
 * no mutation would come past it.
 */
#include "fuzz.h"
#include "walk.h"

const enum fuzz_input fuzz_input = FUZZ_IMAGE;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct walk w = { 0 };
	struct reader r;
	u8 *copy;

	if (size < 1024 + 128)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	copy[1024 + 8] &= 0xfe;
	reader_init(&r, data[0] & 1 ? READER_GENEROUS : READER_EXACT, copy, size);
	walk_image(&w, &r);
	MUST(!w.unnamed);
	must_be_clean(&r, 0, NULL);
	walk_free(&w);
	free(copy);
	return 0;
}
