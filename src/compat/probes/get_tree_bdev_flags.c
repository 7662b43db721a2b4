// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounting a block device without a complaint in the mount log when it is none.
 * Since 6.13 and in stable 6.12.y: get_tree_bdev_flags(). Before: get_tree_bdev().
 *
 * @export get_tree_bdev_flags
 */
#include <linux/fs.h>
#include <linux/fs_context.h>

int probe(struct fs_context *fc, int (*fill)(struct super_block *sb, struct fs_context *fc));

int probe(struct fs_context *fc, int (*fill)(struct super_block *sb, struct fs_context *fc))
{
	return get_tree_bdev_flags(fc, fill, GET_TREE_BDEV_QUIET_LOOKUP);
}
