// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a block device, second generation (6.5, 6.6): BLK_OPEN_ flags, holder operations,
 * closed by its holder.
 *
 * @export blkdev_get_by_path blkdev_put
 */
#include <linux/fs.h>
#include <linux/blkdev.h>

void probe(const char *path, void *holder);

void probe(const char *path, void *holder)
{
	struct block_device *bdev = blkdev_get_by_path(path, BLK_OPEN_READ, holder, NULL);

	blkdev_put(bdev, holder);
}
