// SPDX-License-Identifier: GPL-2.0-only
/*
 * Setting ctime.
 * Since 6.6, and in stable 6.1.y: an accessor. Before: the member i_ctime.
 * Asked apart from mtime because stable branches have one without the other.
 */
#include <linux/fs.h>

void probe(struct inode *inode);

void probe(struct inode *inode)
{
	inode_set_ctime(inode, (time64_t)1, 2L);
}
