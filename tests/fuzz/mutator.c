// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutations that know what they change: fields of metadata where the decoders look, and checksums made right again,
 * without which no change of a superblock or a sidecar would be looked at. For libFuzzer.
 */
#include "../hostile/mutate.h"
#include "fuzz.h"
#include "sidecar.h"

#define MAX_REGIONS	2000
#define SIDECAR_PARAMS	9
#define SUPER_PARAMS	2

size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed);

/* libFuzzer's own ideas about a few bytes, so that the others stay where they are. */
static void mutate_window(u8 *data, size_t size, u64 pos, u64 len)
{
	u8 window[64];

	len = len > sizeof(window) ? sizeof(window) : len;
	if (!len || pos + len > size)
		return;
	memcpy(window, data + pos, len);
	LLVMFuzzerMutate(window, len, len);
	memcpy(data + pos, window, len);
}

static size_t mutate_an_image(u8 *data, size_t size, u64 state)
{
	static struct region regions[MAX_REGIONS];
	u32 count = mutate_regions(data, size, regions, MAX_REGIONS);
	u32 n = 1 + (u32)(mutate_random(&state) % 3);

	if (mutate_random(&state) % 4 || !count)
		return mutate_image(data, size, regions, count, &state);
	while (n--) {
		const struct region *r = &regions[mutate_random(&state) % count];

		mutate_window(data, size, r->pos, r->len);
	}
	mutate_image_seal(data, size);
	return size;
}

/* The bytes of a driver's input that begin with the superblock, as mutate_image_seal() wants them. */
static void seal_super(u8 *data, size_t size)
{
	size_t len = size - SUPER_PARAMS;
	u8 *image;

	if (size <= SUPER_PARAMS)
		return;
	image = calloc(1, 1024 + len);
	memcpy(image + 1024, data + SUPER_PARAMS, len);
	mutate_image_seal(image, 1024 + len);
	memcpy(data + SUPER_PARAMS, image + 1024, len);
	free(image);
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed)
{
	u64 state = seed;

	switch (fuzz_input) {
	case FUZZ_IMAGE:
		/* How to walk, and an image to begin with. */
		if (size < 1024 + 256)
			return LLVMFuzzerMutate(data, size, max_size);
		if (!(mutate_random(&state) & 15))
			data[0] = (u8)mutate_random(&state);
		return mutate_an_image(data, size, state);
	case FUZZ_SUPER:
		size = LLVMFuzzerMutate(data, size, max_size);
		seal_super(data, size);
		return size;
	default:
		if (size <= SIDECAR_PARAMS || mutate_random(&state) & 1)
			return LLVMFuzzerMutate(data, size, max_size);
		mutate_sidecar(data + SIDECAR_PARAMS, size - SIDECAR_PARAMS, &state);
		return size;
	}
}
