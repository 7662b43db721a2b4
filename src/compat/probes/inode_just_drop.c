// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ->drop_inode that never keeps an unused inode.
 * Since 6.18: inode_just_drop(). Before: generic_delete_inode().
 *
 * @export inode_just_drop
 */
#include <linux/fs.h>

extern const struct super_operations ops;
const struct super_operations ops = {
	.drop_inode = inode_just_drop,
};
