// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unaligned access helpers: <linux/unaligned.h> since 6.12, <asm/unaligned.h> before.
 */
#include <linux/types.h>
#include <linux/unaligned.h>

u32 probe(const void *p);

u32 probe(const void *p)
{
	return get_unaligned_le32(p);
}
