// SPDX-License-Identifier: GPL-2.0-only
/*
 * How to ask for inode flags such as I_NEW.
 * Since 6.19: the i_state member is opaque, inode_state_read_once(inode) reads it.
 * Before: inode->i_state is a plain number.
 */
#include <linux/fs.h>

bool probe(struct inode *inode);

bool probe(struct inode *inode)
{
	return inode_state_read_once(inode) & I_NEW;
}
