/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Storage: one block device or one image file that holds bytes of an image.
 *
 * Rules:
 *  - Knows nothing of EROFS structures. Positions are bytes from the start of
 *    the image inside the container (@start is added here and nowhere else).
 *  - Read only. Everything that can be in flight is counted in an
 *    eis_inflight; unmount drains it before devices and inodes go away.
 *  - Data read for files goes straight into the caller's folios
 *    (eis_read_*). Metadata is cached once, in a page cache of the storage's
 *    own (eis_meta_*), whatever lies below: so an image file is never cached
 *    twice, and a block device's own cache is left alone.
 */
#ifndef EIS_IO_STORAGE_H
#define EIS_IO_STORAGE_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/workqueue.h>

#include "io/inflight.h"
#include "io/stats.h"

struct eis_bdev;

/**
 * struct eis_storage - one opened container
 * @bdev:     block device, or NULL for an image file
 * @file:     image file opened by us, or NULL for a block device
 * @wq:       image file: runs what its submitters must not or could not do
 * @handle:   how an extra block device was opened; NULL for the primary one,
 *            which the superblock owns
 * @inflight: counter of the superblock that uses this storage
 * @stats:    counters of the same; set, as @dev, by eis_meta_init()
 * @dev:      its device number, for trace points
 * @meta:     inode whose page cache holds the metadata; NULL until eis_meta_init()
 * @meta_ra:  read-ahead state of @meta; unlocked as any shared file's: a race
 *            costs a less fitting window
 * @start:    byte position of the image in the container
 * @size:     bytes of the image's container from @start on, fixed at open
 * @direct:   image file: read data with direct I/O; turned off for good when
 *            the file's filesystem refuses it
 * @dio_offset_align: alignment of positions and lengths for direct I/O, bytes;
 *            0 = no direct I/O
 * @dio_mem_align: alignment of memory for direct I/O, bytes
 * @keeps_lock: image file: direct reads wait for its inode lock whatever IOCB_NOWAIT says,
 *            and fault memory in while they have it (Btrfs)
 * @name:     for messages
 */
struct eis_storage {
	struct block_device *bdev;
	struct file *file;
	struct workqueue_struct *wq;
	struct eis_bdev *handle;
	struct eis_inflight *inflight;
	struct eis_stats *stats;
	dev_t dev;
	struct inode *meta;
	struct file_ra_state meta_ra;
	u64 start;
	u64 size;
	bool direct;
	bool keeps_lock;
	u32 dio_offset_align;
	u32 dio_mem_align;
	char *name;
};

/* Reads may go so far: to the end of the last sector, or of the last page of an image file. */
static inline u64 eis_storage_end(const struct eis_storage *st)
{
	return round_up(st->size, st->bdev ? SECTOR_SIZE : PAGE_SIZE);
}

struct eis_storage *eis_storage_from_sb(struct super_block *sb, u64 start,
					struct eis_inflight *inflight);
struct eis_storage *eis_storage_from_bdev(const char *path, struct super_block *sb,
					  struct eis_inflight *inflight);
struct eis_storage *eis_storage_from_file(struct file *file, u64 start, bool direct,
					  struct eis_inflight *inflight);
void eis_storage_close(struct eis_storage *st);

/* ---- Metadata (meta.c) ---- */

int eis_meta_init(struct eis_storage *st, struct super_block *sb, struct eis_stats *stats);
void eis_meta_exit(struct eis_storage *st);
struct folio *eis_cached_folio(struct address_space *mapping, struct file_ra_state *ra, u64 pos);
struct folio *eis_meta_lookup(struct eis_storage *st, u64 pos);
struct folio *eis_meta_insert(struct eis_storage *st, u64 pos, gfp_t gfp);

/* ---- Data (read.c) ---- */

struct eis_read;

/**
 * typedef eis_read_done_t - completion of one read
 * @rd:  the read; its segments are in &rd->bio
 * @err: 0: every byte asked for is there; or a negative errno
 *
 * Any context, hard interrupt included. @rd is freed after the call.
 */
typedef void (*eis_read_done_t)(struct eis_read *rd, int err);

/**
 * struct eis_read - one contiguous read into folio segments
 * @storage: where from
 * @pos:     image byte position
 * @len:     bytes added so far
 * @done:    completion
 * @private: for @done, and so is @last
 * @iocb:    image files: the request
 * @attempt: image files: the submitter's attempt is over when its completion ran
 *           and ->read_iter() returned
 * @result:  image files: what the attempt returned, then bytes that are there
 * @work:    image files: what the submitter must not or could not do
 * @bio:     the segments, and on block devices the request. Last: it is
 *           allocated from a bioset with front padding, so that reads make
 *           progress when memory is short.
 */
struct eis_read {
	struct eis_storage *storage;
	u64 pos;
	u64 len;
	eis_read_done_t done;
	void *private;
	void *last;
	struct kiocb iocb;
	atomic_t attempt;
	ssize_t result;
	struct work_struct work;
	struct bio bio;
};

/*
 * What a read is for. While one is being collected, only reads of a later kind
 * may be made: content of the packed and the metabox inode says where file data
 * is, and metadata says where that content is.
 */
enum eis_read_kind {
	EIS_READ_DATA,		/* files, directories, symlinks */
	EIS_READ_NAMED,		/* the packed and the metabox inode */
	EIS_READ_META,		/* the metadata cache */
	EIS_READ_KINDS,
};

struct eis_read *eis_read_alloc(struct eis_storage *st, u64 pos, unsigned int nr_segs,
				enum eis_read_kind kind, blk_opf_t opf, eis_read_done_t done,
				void *private);
bool eis_read_full(const struct eis_read *rd);
bool eis_read_add(struct eis_read *rd, struct folio *folio, size_t off, size_t len);
void eis_read_submit(struct eis_read *rd);
ssize_t eis_read_iter(struct eis_storage *st, u64 pos, size_t len, struct iov_iter *to);

int eis_io_init(void);
void eis_io_exit(void);

#endif /* EIS_IO_STORAGE_H */
