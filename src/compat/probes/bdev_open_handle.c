// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a block device, third generation (6.7, 6.8): a struct bdev_handle.
 *
 * @export bdev_open_by_path bdev_release
 */
#include <linux/fs.h>
#include <linux/blkdev.h>

struct block_device *probe(const char *path, void *holder);

struct block_device *probe(const char *path, void *holder)
{
	struct bdev_handle *handle = bdev_open_by_path(path, BLK_OPEN_READ, holder, NULL);
	struct block_device *bdev = handle->bdev;

	bdev_release(handle);
	return bdev;
}
