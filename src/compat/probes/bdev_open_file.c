// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a block device, fourth generation (since 6.9): a struct file.
 *
 * @export bdev_file_open_by_path bdev_fput file_bdev
 */
#include <linux/fs.h>
#include <linux/blkdev.h>

struct block_device *probe(const char *path, void *holder);

struct block_device *probe(const char *path, void *holder)
{
	struct file *file = bdev_file_open_by_path(path, BLK_OPEN_READ, holder, NULL);
	struct block_device *bdev = file_bdev(file);

	bdev_fput(file);
	return bdev;
}
