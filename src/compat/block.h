/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices other than the one a superblock is mounted from, and the page
 * cache of a block device.
 */
#ifndef EIS_COMPAT_BLOCK_H
#define EIS_COMPAT_BLOCK_H

#include <linux/blkdev.h>
#include <linux/fs.h>

#include "compat/compat_config.h"

/* One extra block device, opened read-only. */
struct eis_bdev;

/**
 * eis_bdev_open - open an extra block device read-only
 * @path:   of the device node, looked up in the caller's namespace
 * @sb:     superblock that will read from it; is told when the device is frozen
 *          or removed, where the kernel can do that
 * @holder: who claims the device exclusively. Opens with equal holders share it:
 *          pass the file_system_type to let several mounts use one device.
 * @out:    set on success only
 *
 * May sleep. Return: 0, -ENOMEM, -ENOTBLK when @path is no block device, -EBUSY
 * when someone else holds it, or what opening it says.
 */
int eis_bdev_open(const char *path, struct super_block *sb, void *holder, struct eis_bdev **out);

/* The device, valid until eis_bdev_close(). */
struct block_device *eis_bdev_get(const struct eis_bdev *eb);

/**
 * eis_bdev_close - close what eis_bdev_open() opened
 * @eb: may be NULL
 *
 * May sleep. Nothing may be in flight on the device. Not before the superblock
 * is shut down: call it from ->kill_sb after kill_block_super() or
 * kill_anon_super(), or when filling the superblock failed.
 */
void eis_bdev_close(struct eis_bdev *eb);

/* The page cache of @bdev: what read(2) on the device node goes through. */
static inline struct address_space *eis_bdev_mapping(struct block_device *bdev)
{
#if HAVE_BD_MAPPING
	return bdev->bd_mapping;
#else
	return bdev->bd_inode->i_mapping;
#endif
}

#endif /* EIS_COMPAT_BLOCK_H */
