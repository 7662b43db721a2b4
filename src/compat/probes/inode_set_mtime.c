// SPDX-License-Identifier: GPL-2.0-only
/*
 * Setting atime and mtime.
 * Since 6.7: accessors. Before: members of struct inode (probe i_mtime).
 */
#include <linux/fs.h>

void probe(struct inode *inode);

void probe(struct inode *inode)
{
	inode_set_atime(inode, (time64_t)1, 2L);
	inode_set_mtime(inode, (time64_t)1, 2L);
}
