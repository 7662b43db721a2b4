/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds EROFS images in memory, byte by byte.
 *
 * Rules: written from FORMAT.md without the help of erofs_ondisk.h's structures,
 * so that a wrong offset there is not repeated here. Nothing is verified:
 * tests ask for broken images.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "erofs_format.h"

/* An image, or the content of a metabox inode while it is being built. */
struct img {
	u8 *data;
	size_t len;
	size_t room;
	u32 bb;			/* log2 of the block size */
	u32 bs;
	u32 meta_blkaddr;
	u64 nid_flag;		/* EROFS_NID_METABOX for metabox content */
};

void img_init(struct img *img, u32 bb);		/* with room for superblock and checksum range */
void img_init_metabox(struct img *img, u32 bb);
void img_free(struct img *img);
u64 img_alloc(struct img *img, size_t len, u32 align);
u64 img_bytes(struct img *img, const void *data, size_t len, u32 align);
u32 img_blocks(struct img *img, const void *data, size_t len);	/* returns a block number */
void img_pad(struct img *img, u32 align);
void img_put(struct img *img, u64 pos, u32 width, u64 value);	/* little-endian */
void put_le(u8 *at, u32 width, u64 value);

/* Fields of section 1 that tests vary. */
struct super_spec {
	u32 compat, incompat;
	u8 extslots;
	u16 rb;
	u64 inos;
	s64 epoch;
	u32 fixed_nsec;
	u32 blocks;
	u32 xattr_blkaddr;
	const char *volume_name;
	u16 u1;
	u16 extra_devices;
	u16 devt_slotoff;
	u8 prefix_count;
	u32 prefix_start;	/* units of 4 bytes */
	u64 packed_nid;
	u8 filter_reserved;
	u8 ishare_id;
	u32 build_time;
	u64 rootnid_8b;
	u64 metabox_nid;
};

void img_super(struct img *img, const struct super_spec *spec);
void img_seal(struct img *img);			/* compute the checksum if there is one */
u32 ref_crc32c(u32 crc, const u8 *data, size_t len);

/* The xattr area of an inode. */
struct xattrs {
	u8 bytes[262160];
	size_t len;		/* 0 = no area */
	u32 filter;
};

void xattrs_init(struct xattrs *x);
void xattrs_shared(struct xattrs *x, u32 id);	/* before the first xattrs_add() */
void xattrs_add(struct xattrs *x, u8 index, const char *name, size_t name_len, const void *value,
		size_t value_len);
void xattrs_pad(struct xattrs *x, size_t len);	/* zeros up to @len bytes of area */
void xattrs_claim(struct xattrs *x, u8 base_index, const char *remainder);	/* in the filter */
void xattrs_set_filter(struct xattrs *x, u32 filter);
size_t xattr_entry(u8 *out, u8 index, const char *name, size_t name_len, const void *value,
		   size_t value_len);

struct inode_spec {
	bool extended;
	bool bit4;
	u16 format_extra;	/* OR-ed into i_format */
	u8 layout;
	u16 mode;
	u16 nb;
	u64 size;
	u32 u;
	u32 uid, gid, nlink;
	u64 mtime;
	u32 nsec;
	const struct xattrs *xattrs;
	const void *tail;	/* inline tail or chunk table */
	size_t tail_len;
	u32 tail_align;		/* 0 = none; chunk tables: 4 or 8 */
};

u64 img_inode(struct img *img, const struct inode_spec *spec);	/* returns the node id */
u64 img_nid_pos(const struct img *img, u64 nid);

/* Directory content. */
struct dent {
	const char *name;
	u64 nid;
	u8 type;
	size_t len;		/* 0 = strlen(name) */
};

void dents_sort(struct dent *dents, size_t n);
size_t dir_pack(u8 *out, u32 bs, const struct dent *dents, size_t n);	/* returns i_size */

/* A small image with a bit of everything. */
enum {
	SAMPLE_METABOX	= 1,	/* inodes in a metabox */
	SAMPLE_PACKED	= 2,	/* a packed inode holds the prefix table */
	SAMPLE_DEVICES	= 4,	/* two extra devices, flat */
	SAMPLE_CHECKSUM	= 8,
};

struct sample {
	struct img img;
	u64 root, sub, plain, tail, chunks, indexes, link, longlink, chr, empty;
};

#define SAMPLE_SUB_NAMES	40
#define SAMPLE_PRINT		"sha256:0123456789abcdef0123456789abcdef"	/* 39 bytes */

void sample_build(struct sample *s, u32 bb, u32 flags);
void sample_pattern(u8 *out, size_t len, u32 seed);

#endif /* IMAGE_H */
