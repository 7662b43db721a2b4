// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a block device, first generation (to 6.4): FMODE_ flags, a bare block device.
 *
 * @export blkdev_get_by_path blkdev_put
 */
#include <linux/fs.h>
#include <linux/blkdev.h>

void probe(const char *path, void *holder);

void probe(const char *path, void *holder)
{
	struct block_device *bdev = blkdev_get_by_path(path, FMODE_READ | FMODE_EXCL, holder);

	blkdev_put(bdev, FMODE_READ | FMODE_EXCL);
}
