// SPDX-License-Identifier: GPL-2.0-only
/*
 * A block device's page cache.
 * Since 6.10: bdev->bd_mapping. Before: bdev->bd_inode->i_mapping (probe bd_inode).
 */
#include <linux/fs.h>
#include <linux/blkdev.h>

struct address_space *probe(struct block_device *bdev);

struct address_space *probe(struct block_device *bdev)
{
	return bdev->bd_mapping;
}
