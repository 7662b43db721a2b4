/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mounted image and its inodes, as the read paths see them.
 *
 * Rules: everything in struct eis_image is set up before the first inode of the
 * mount is visible and constant until the reads in flight are drained. An
 * inode's decoded fields are constant from unlock_new_inode() to eviction.
 */
#ifndef EIS_FILL_IMAGE_H
#define EIS_FILL_IMAGE_H

#include <linux/fs.h>

#include "erofs_format.h"
#include "io/storage.h"
#include "share/share.h"
#include "zip/codec.h"

/* cache_strategy= : which encoded blocks of compressed files are kept for later reads */
enum eis_cache_strategy {
	EIS_CACHE_DISABLED,	/* none */
	EIS_CACHE_READAHEAD,	/* of the cluster that a request ends in */
	EIS_CACHE_READAROUND,	/* of the clusters that it begins and ends in */
};

/**
 * struct eis_image - one image
 * @fmt:      the superblock
 * @storage:  storages by device id: 0 = primary, then extra devices; flat
 *            images have only the primary
 * @nr_storage: how many
 * @flat:     extra devices, if any, lie behind the primary one
 * @all_bdev: every storage is a block device
 * @devs:     device table, fmt.extra_devices slots
 * @prefixes: long xattr prefixes, fmt.xattr_prefix_count
 * @codec:    what the image declares about its compressed streams
 * @cache_strategy: enum eis_cache_strategy; changes at remount
 * @packed/@mbox: unlisted inodes, NULL if the image has none
 * @inflight: reads in flight of the whole mount
 * @stats:    counters of the whole mount
 * @sb:       the VFS superblock
 */
struct eis_image {
	struct erofs_super fmt;
	struct eis_storage **storage;
	unsigned int nr_storage;
	bool flat;
	bool all_bdev;
	struct erofs_device *devs;
	struct erofs_prefix *prefixes;
	struct eis_codec_params codec;
	u8 cache_strategy;
	struct inode *packed;
	struct inode *mbox;
	struct eis_inflight inflight;
	struct eis_stats stats;
	struct super_block *sb;
};

/* eis_inode.flags */
enum {
	EIS_I_PRIVATE,		/* decided at first open: keeps its own page cache */
};

/**
 * struct eis_zmap - what is kept of a compressed inode's extents
 * @map:    decoded header, constant
 * @lock:   protects @cursor
 * @cursor: where the last lookup in extent records ended, whoever made it
 */
struct eis_zmap {
	struct erofs_zmap map;
	spinlock_t lock;
	struct erofs_zcursor cursor;
};

/**
 * struct eis_inode - an inode of a mount
 * @fmt:    decoded on-disk inode
 * @zmap:   compressed; NULL until it is first needed
 * @image:  the image it belongs to
 * @member: sharing
 * @flags:  EIS_I_*
 */
struct eis_inode {
	struct erofs_inode fmt;
	struct eis_zmap *zmap;
	struct eis_image *image;
	struct eis_member member;
	unsigned long flags;
	struct inode inode;
};

static inline struct eis_inode *eis_i(const struct inode *inode)
{
	return container_of(inode, struct eis_inode, inode);
}

struct eis_storage *eis_locate(const struct eis_image *image, u64 nid,
			       const struct erofs_extent *ext, u64 la, u64 len,
			       struct erofs_location *loc, struct erofs_diag *diag);
const char *eis_advice(enum erofs_check check);
void eis_report(const struct eis_image *image, const char *what, const struct erofs_diag *diag,
		int err);

#endif /* EIS_FILL_IMAGE_H */
