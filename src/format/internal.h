/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the decoders of src/format share with each other and with nobody else.
 *
 * Rules: no state, nothing that erofs_format.h should offer. Positions are u64
 * byte positions and never exceed EROFS_POS_MAX, so that adding a length below
 * 2^62 to a checked position cannot wrap and every position fits a loff_t.
 */
#ifndef EROFS_FORMAT_INTERNAL_H
#define EROFS_FORMAT_INTERNAL_H

#include "erofs_format.h"

#define EROFS_POS_MAX		0x7fffffffffffffffULL

/* The granule of struct erofs_source: one request never crosses a multiple of it. */
#define EROFS_GRANULE		32U

static inline u64 erofs_min64(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* Round up to a multiple of @unit, a power of two. The caller bounds @pos. */
static inline u64 erofs_align(u64 pos, u32 unit)
{
	return (pos + unit - 1) & ~(u64)(unit - 1);
}

/* Bytes from @pos to the next granule boundary, at most @len. */
static inline size_t erofs_granule_len(u64 pos, u64 len)
{
	return (size_t)erofs_min64(len, EROFS_GRANULE - (pos & (EROFS_GRANULE - 1)));
}

/* Blocks (or chunks) of 1 << @bits bytes that hold @size bytes. */
static inline u64 erofs_ceil_shift(u64 size, u32 bits)
{
	return (size >> bits) + !!(size & ((1ULL << bits) - 1));
}

/* i_mode of every file type except these three describes a special file. */
static inline bool erofs_mode_has_data(u16 mode)
{
	u16 type = mode & EROFS_S_IFMT;

	return type == EROFS_S_IFREG || type == EROFS_S_IFDIR || type == EROFS_S_IFLNK;
}

/* Record that the source failed with @err at @pos; returns @err. */
int erofs_source_fail(struct erofs_diag *diag, int err, u64 nid, u64 pos);

#endif /* EROFS_FORMAT_INTERNAL_H */
