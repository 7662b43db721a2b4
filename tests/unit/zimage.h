/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of compressed inodes for tests: one inode in an address space of its own,
 * its map written byte by byte.
 *
 * Rules: written from FORMAT.md without the help of erofs_ondisk.h's structures.
 * Nothing is verified: tests ask for broken maps.
 */
#ifndef ZIMAGE_H
#define ZIMAGE_H

#include "reader.h"

#define ZIMAGE_ROOM	(192 * 1024)

enum { ZF_FULL = 1, ZF_COMPACT = 3 };		/* i_format layouts */

/* Header, advise bits of section 7.1 */
enum {
	ZA_2B = 1, ZA_EXTENTS = 1, ZA_BIG1 = 2, ZA_BIG2 = 4, ZA_INLINE = 8, ZA_INTERLACED = 16,
	ZA_FRAGMENT = 32,
};

struct zimage {
	u8 bytes[ZIMAGE_ROOM];
	size_t len;
	struct erofs_super sb;
	struct erofs_inode inode;
	struct erofs_zmap map;
	struct reader r;
};

/* An image that has every feature, and an inode of @size bytes whose map header goes to @tail. */
void zimage_init(struct zimage *z, u32 bb, u8 layout, u64 size, u64 tail);
/* The header; returns the position behind it. */
u64 zimage_header(struct zimage *z, u32 u0, u16 advise, u8 algorithms, u8 clusterbits);
void zimage_put(struct zimage *z, u64 pos, u32 width, u64 value);
void zimage_bytes(struct zimage *z, u64 pos, const void *data, size_t len);
int zimage_open(struct zimage *z, struct erofs_diag *diag);
int zimage_find(struct zimage *z, u64 la, u64 want, struct erofs_zextent *ext,
		struct erofs_diag *diag);

#endif /* ZIMAGE_H */
