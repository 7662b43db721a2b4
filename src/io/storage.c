// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening and closing storages.
 *
 * Rules: a storage is opened while its superblock is being set up and closed
 * after eis_inflight_drain(), so nothing here races with reads.
 */
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "compat/compat.h"
#include "io/storage.h"

static struct eis_storage *eis_storage_new(const char *name, u64 start,
					   struct eis_inflight *inflight)
{
	struct eis_storage *st = kzalloc(sizeof(*st), GFP_KERNEL);

	if (!st)
		return NULL;
	st->name = kstrdup(name, GFP_KERNEL);
	if (!st->name) {
		kfree(st);
		return NULL;
	}
	st->start = start;
	st->inflight = inflight;
	return st;
}

/* Bytes of a container of @bytes from @start on. */
static u64 eis_size_from(u64 bytes, u64 start)
{
	return bytes > start ? bytes - start : 0;
}

static void eis_storage_set_bdev(struct eis_storage *st, struct block_device *bdev)
{
	st->bdev = bdev;
	st->size = eis_size_from(bdev_nr_bytes(bdev), st->start);
	st->dio_offset_align = bdev_logical_block_size(bdev);
	st->dio_mem_align = bdev_dma_alignment(bdev) + 1;
}

/**
 * eis_storage_from_sb - the block device that the VFS opened for a superblock
 * @sb: superblock
 * @start: byte position of the image on it
 * @inflight: counter of the superblock
 *
 * The device stays the superblock's: closing the storage does not close it.
 * Context: may sleep. Return: the storage or ERR_PTR(-ENOMEM).
 */
struct eis_storage *eis_storage_from_sb(struct super_block *sb, u64 start,
					struct eis_inflight *inflight)
{
	struct eis_storage *st = eis_storage_new(sb->s_id, start, inflight);

	if (!st)
		return ERR_PTR(-ENOMEM);
	eis_storage_set_bdev(st, sb->s_bdev);
	return st;
}

/**
 * eis_storage_from_bdev - open an extra block device
 * @path: its device node
 * @sb:   superblock it is opened for; several superblocks of one type may use it
 * @inflight: counter of the superblock
 *
 * Context: may sleep. Return: the storage, or what opening returned (-ENOENT,
 * -EACCES, -EBUSY, -ENOTBLK, ...), or -ENOMEM.
 */
struct eis_storage *eis_storage_from_bdev(const char *path, struct super_block *sb,
					  struct eis_inflight *inflight)
{
	struct eis_storage *st = eis_storage_new(path, 0, inflight);
	int err;

	if (!st)
		return ERR_PTR(-ENOMEM);
	err = eis_bdev_open(path, sb, sb->s_type, &st->handle);
	if (err) {
		st->handle = NULL;
		eis_storage_close(st);
		return ERR_PTR(err);
	}
	eis_storage_set_bdev(st, eis_bdev_get(st->handle));
	return st;
}

/**
 * eis_storage_from_file - use an open image file
 * @file:   readable regular file with ->read_iter; a reference is taken
 * @start:  byte position of the image in it
 * @direct: read data with direct I/O if the file can do it
 * @inflight: counter of the superblock
 *
 * Context: may sleep. Return: the storage, -ENOMEM, or what getattr returned.
 */
struct eis_storage *eis_storage_from_file(struct file *file, u64 start, bool direct,
					  struct eis_inflight *inflight)
{
	/* The file may be renamed meanwhile: vsnprintf() knows how to read a name. */
	char *name = kasprintf(GFP_KERNEL, "%pD", file);
	struct eis_storage *st;
	struct kstat stat;
	int err;

	if (!name)
		return ERR_PTR(-ENOMEM);
	st = eis_storage_new(name, start, inflight);
	kfree(name);
	if (!st)
		return ERR_PTR(-ENOMEM);
	st->file = get_file(file);
	/* No rescuer of its own: nothing that frees memory waits for a read. */
	st->wq = alloc_workqueue("eis-io/%.16s", WQ_UNBOUND, 0, st->name);
	err = st->wq ? 0 : -ENOMEM;
	if (!err)
		err = vfs_getattr(&file->f_path, &stat, STATX_SIZE | STATX_DIOALIGN,
				  AT_STATX_SYNC_AS_STAT);
	if (err) {
		eis_storage_close(st);
		return ERR_PTR(err);
	}
	st->size = eis_size_from(stat.size, start);
	st->keeps_lock = file_inode(file)->i_sb->s_magic == BTRFS_SUPER_MAGIC;
	if (file->f_mode & FMODE_CAN_ODIRECT) {
		/* Without STATX_DIOALIGN we try, and give up direct I/O when it is refused. */
		bool known = stat.result_mask & STATX_DIOALIGN;

		st->dio_offset_align = known ? stat.dio_offset_align : SECTOR_SIZE;
		st->dio_mem_align = known ? stat.dio_mem_align : SECTOR_SIZE;
	}
	st->direct = direct && st->dio_offset_align;
	return st;
}

/**
 * eis_storage_close - release a storage and what it holds
 * @st: NULL and ERR_PTR are fine
 *
 * Context: may sleep. eis_meta_exit() and the drain came before.
 */
void eis_storage_close(struct eis_storage *st)
{
	if (IS_ERR_OR_NULL(st))
		return;
	if (st->handle)
		eis_bdev_close(st->handle);
	if (st->wq)
		destroy_workqueue(st->wq);
	if (st->file)
		fput(st->file);
	kfree(st->name);
	kfree(st);
}
