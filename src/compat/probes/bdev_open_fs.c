// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening a block device, fifth generation (since 7.3): a struct file, registered with the
 * superblock so that freezing and removing the device reach it.
 *
 * @export fs_bdev_file_open_by_path fs_bdev_file_release file_bdev
 */
#include <linux/fs.h>
#include <linux/blkdev.h>
#include <linux/fs/super.h>

struct block_device *probe(const char *path, void *holder, struct super_block *sb);

struct block_device *probe(const char *path, void *holder, struct super_block *sb)
{
	struct file *file = fs_bdev_file_open_by_path(path, BLK_OPEN_READ, holder, sb);
	struct block_device *bdev = file_bdev(file);

	fs_bdev_file_release(file, sb);
	return bdev;
}
