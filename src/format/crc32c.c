// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRC-32C (Castagnoli), reflected polynomial 0x82F63B78, half a byte at a time.
 *
 * Rules: one small table and no other state. It runs over a few kilobytes per
 * mount; a faster one would not be noticed.
 */
#include "internal.h"

/* Entry i: the register after shifting four bits out of a register of value i. */
static const u32 crc_table[16] = {
	0x00000000U, 0x105ec76fU, 0x20bd8edeU, 0x30e349b1U,
	0x417b1dbcU, 0x5125dad3U, 0x61c69362U, 0x7198540dU,
	0x82f63b78U, 0x92a8fc17U, 0xa24bb5a6U, 0xb21572c9U,
	0xc38d26c4U, 0xd3d3e1abU, 0xe330a81aU, 0xf36e6f75U,
};

/**
 * erofs_crc32c - feed bytes to a CRC-32C register (section 1.2)
 * @crc:  the register; 0xFFFFFFFF to begin with
 * @data: bytes
 * @len:  how many
 *
 * Neither the initial value nor a final inversion is applied. Context: any.
 * Return: the new register.
 */
u32 erofs_crc32c(u32 crc, const void *data, size_t len)
{
	const u8 *p = data;

	while (len--) {
		crc ^= *p++;
		crc = (crc >> 4) ^ crc_table[crc & 15];
		crc = (crc >> 4) ^ crc_table[crc & 15];
	}
	return crc;
}
