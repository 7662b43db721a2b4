// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps of compressed inodes; see zimage.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests.h"
#include "zimage.h"

void zimage_init(struct zimage *z, u32 bb, u8 layout, u64 size, u64 tail)
{
	memset(z, 0, sizeof(*z));
	z->sb.blkszbits = (u8)bb;
	z->sb.algorithms = 15;
	z->sb.feature_incompat = 0x1ff;
	z->sb.has_packed = true;
	z->sb.packed_nid = 1000;
	z->inode.nid = 7;
	z->inode.size = size;
	z->inode.layout = layout;
	z->inode.mode = 0100644;
	z->inode.tail_pos = tail;
	z->len = (size_t)(tail + 7) / 8 * 8;
}

void zimage_put(struct zimage *z, u64 pos, u32 width, u64 value)
{
	if (pos + width > ZIMAGE_ROOM) {
		fprintf(stderr, "zimage: no room at %llu\n", (unsigned long long)pos);
		abort();
	}
	put_le(z->bytes + pos, width, value);
	if (z->len < pos + width)
		z->len = (size_t)pos + width;
}

void zimage_bytes(struct zimage *z, u64 pos, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		zimage_put(z, pos + i, 1, ((const u8 *)data)[i]);
}

u64 zimage_header(struct zimage *z, u32 u0, u16 advise, u8 algorithms, u8 clusterbits)
{
	u64 pos = (z->inode.tail_pos + 7) / 8 * 8;

	zimage_put(z, pos, 4, u0);
	zimage_put(z, pos + 4, 2, advise);
	zimage_put(z, pos + 6, 1, algorithms);
	zimage_put(z, pos + 7, 1, clusterbits);
	return pos + 8;
}

static void prepare(struct zimage *z)
{
	reader_init(&z->r, test_mode, NULL, 0);
	z->r.bytes[z->inode.space].data = z->bytes;
	z->r.bytes[z->inode.space].len = z->len;
	z->r.blkszbits = z->sb.blkszbits;
}

int zimage_open(struct zimage *z, struct erofs_diag *diag)
{
	int err;

	prepare(z);
	memset(&z->map, 0xa5, sizeof(z->map));
	err = erofs_zmap_open(&z->r.src, &z->sb, &z->inode, &z->map, diag);
	CHECK_READER(&z->r);
	return err;
}

int zimage_find(struct zimage *z, u64 la, u64 want, struct erofs_zextent *ext,
		struct erofs_diag *diag)
{
	int err;

	prepare(z);
	memset(ext, 0xa5, sizeof(*ext));
	err = erofs_zmap_find(&z->r.src, &z->sb, &z->inode, &z->map, NULL, la, want, ext, diag);
	CHECK_READER(&z->r);
	return err;
}
