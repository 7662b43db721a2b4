// SPDX-License-Identifier: GPL-2.0-only
/*
 * XXH32 for hosted programs, from libxxhash's header: inlined, so that a 32-bit
 * test needs no 32-bit library.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "erofs_port.h"

u32 erofs_xxh32(const void *data, size_t len, u32 seed)
{
	return XXH32(data, len, seed);
}
