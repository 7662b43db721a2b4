/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Damage to images and sidecars: aimed at what the decoders look at, and blind.
 *
 * Rules:
 *  - What a mutation does depends on nothing but the bytes, the regions and the seed: a number names it for ever.
 *    So this file, like seeds.tar.xz, changes only for a reason, and numbers told before are of no use then.
 *  - Checksums are right afterwards (in all cases but one in 64): wrong ones are found before anything else.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include "erofs_format.h"

enum region_kind {
	REGION_META,		/* bytes that a decoder asked for */
	REGION_STREAM,		/* an encoded cluster */
};

struct region {
	u32 pos;
	u32 len;
	u32 kind;
};

/* Pseudo-random numbers; the state is one number. */
static inline u64 mutate_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/*
 * mutate_regions - what of an image the decoders of src/format look at
 * @regions: at most @max, without doubles; those of clusters come last
 *
 * Everything that can be reached is walked, compressed content too where fuzz_content_enable() was called. Returns
 * the number of regions.
 */
u32 mutate_regions(const u8 *image, size_t len, struct region *regions, u32 max);

/* mutate_image - one to eight changes and, most often, the checksum; returns the new length, at most @len */
size_t mutate_image(u8 *image, size_t len, const struct region *regions, u32 count, u64 *state);

/* mutate_image_seal - the checksum of the superblock, if the image is large enough to have one */
void mutate_image_seal(u8 *image, size_t len);

/* mutate_sidecar - the same for a sidecar, whose length stays */
void mutate_sidecar(u8 *bytes, size_t len, u64 *state);

#endif /* MUTATE_H */
