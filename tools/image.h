/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image in user space: files or block devices, read with pread(2).
 *
 * Rules: struct image is set up by image_open() and constant from then on; every
 * thread reads through a struct view of its own. The image is hostile: reads end
 * at the containers' ends, and depth is bounded as in the kernel (content of the
 * packed inode or the metabox needs nothing but the device). Files of a byte each may
 * lie in extents of megabytes, so that not only content is counted but what is decoded.
 * No map is believed to say the same to everybody who asks before zinode_prove() was asked.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include "erofs_sidecar.h"

/* Where an image is, and how much work it may be, as the command line says */
struct image_args {
	const char *path;
	u64 offset;			/* of the image in its container */
	const char **devices;		/* device=: PATH or TAG=PATH */
	u32 ndevices;
	u64 max_bytes;			/* content to read; 0 = what no honest image has */
};

struct container {
	int fd;
	u64 start, size;		/* bytes */
	const char *path;
};

/* A compressed inode with its map, constant once opened */
struct zinode {
	struct erofs_inode inode;
	struct erofs_zmap map;
};

struct image {
	const char *name;
	struct erofs_super sb;
	struct erofs_device *devs;
	struct erofs_prefix *prefixes;
	struct container *containers;	/* by device id; flat images have only the primary */
	u32 ncontainers;
	bool flat;
	u64 bytes;			/* of all containers */
	u64 max_bytes;			/* of content in all, and decoded by a view */
	u64 max_lookups;		/* by a view in zinode_prove() */
	struct zinode packed, metabox;	/* map: only if compressed and not empty */
	bool packed_ready, metabox_ready;
};

#define VIEW_BLOCKS	64		/* of metadata kept by a view */
#define VIEW_EXTENTS	16		/* decoded extents kept by a view */

struct view_extent {
	u64 nid, la, len;
	u64 used;			/* when */
	u8 *data;
};

struct codecs;

/* Buffers; reading a file may have to read the metabox meanwhile, which has its own */
struct view_buffers {
	u8 *data;			/* VIEW_PIECE bytes of plain content */
	u8 *encoded;			/* EROFS_PCLUSTER_MAX_PLEN */
};

#define VIEW_PIECE	(1U << 20)

/**
 * struct view - one thread's way into an image
 * @src:     what decoders get; has no EROFS_CONTENT
 * @blocks:  metadata of the primary device
 * @extents: decoded extents: slot 0 of the file being read, the others of the packed
 *           inode and the metabox
 */
struct view {
	struct erofs_source src;
	const struct image *image;
	struct {
		u64 nr;			/* + 1; 0 = nothing */
		u32 len;
		u8 data[4096];
	} blocks[VIEW_BLOCKS];
	struct view_extent extents[VIEW_EXTENTS];
	u64 clock;
	u64 decoded;			/* bytes, of all extents so far */
	u64 gets;			/* spans lent by @src */
	u64 lookups;			/* of those, for zinode_prove(); and records that it saw */
	u64 cursor_nid;			/* the inode of @cursor */
	struct erofs_zcursor cursor, packed_cursor, metabox_cursor;
	struct view_buffers buffers, metabox_buffers;
	u8 bounce[32];			/* a span across two extents */
	struct codecs *codecs;
};

/* Results besides errnos, negative like these: complain_image() has words for them */
enum {
	EIMAGE_AMBIGUOUS = 4096,	/* more than any errno */
	EIMAGE_LOOKUPS,
};

/* image_open - 0, or -1 with a complaint */
int image_open(struct image *image, const struct image_args *args);
void image_close(struct image *image);

struct view *view_new(const struct image *image);
void view_free(struct view *v);

/* complain_image - why @what of the image could not be read; returns -1 */
int complain_image(const struct image *image, const char *what, int err,
		   const struct erofs_diag *diag);

/* view_pread - bytes of the device address space, of inode @nid; 0, or -EIO and the like */
int view_pread(struct view *v, u64 nid, u16 device_id, u64 pa, void *buf, size_t len,
	       struct erofs_diag *diag);

/* zinode_open - decode the map of z->inode, when it has one */
int zinode_open(struct view *v, struct zinode *z, struct erofs_diag *diag);

/**
 * zinode_prove - does every lookup in the map of an opened inode say the same?
 * @diag: not NULL
 *
 * Before this, content is one possible content: the kernel, which reads from anywhere, may find
 * another. Return: 0; -EIMAGE_AMBIGUOUS; -EIMAGE_LOOKUPS: more work than an honest image is;
 * or what erofs_zmap_find() says about some byte.
 */
int zinode_prove(struct view *v, const struct zinode *z, struct erofs_diag *diag);

/**
 * view_piece - the longest piece of file content from @pos on that is at hand
 * @want:  bytes wanted, at least 1
 * @data:  result, until the next call on this view; NULL for a hole
 * @len:   result, at most @want
 */
int view_piece(struct view *v, const struct zinode *z, u64 pos, u64 want, const u8 **data,
	       u64 *len, struct erofs_diag *diag);

/* view_content - copy file content; inside the file */
int view_content(struct view *v, const struct zinode *z, u64 pos, void *buf, size_t len,
		 struct erofs_diag *diag);

#endif /* IMAGE_H */
