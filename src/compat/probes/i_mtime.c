// SPDX-License-Identifier: GPL-2.0-only
/*
 * atime and mtime as members of struct inode: before 6.7.
 */
#include <linux/fs.h>

void probe(struct inode *inode);

void probe(struct inode *inode)
{
	inode->i_atime.tv_sec = 1;
	inode->i_mtime.tv_nsec = 2;
}
