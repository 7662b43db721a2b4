// SPDX-License-Identifier: GPL-2.0-only
/*
 * A block device's page cache, to 6.9: through its inode.
 */
#include <linux/fs.h>
#include <linux/blkdev.h>

struct address_space *probe(struct block_device *bdev);

struct address_space *probe(struct block_device *bdev)
{
	return bdev->bd_inode->i_mapping;
}
