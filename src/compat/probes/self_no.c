// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-check: false on every kernel. When this one says yes, errors go unnoticed.
 */
#include <linux/fs.h>

int probe(struct inode *inode);

int probe(struct inode *inode)
{
	return inode->eis_no_such_member;
}
