// SPDX-License-Identifier: GPL-2.0-only
/*
 * The inode operation that returns a cached-or-read POSIX ACL for (inode, type, rcu).
 * Since 6.2: get_inode_acl, while get_acl became something else. Before: get_acl.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>

static struct posix_acl *get(struct inode *inode, int type, bool rcu)
{
	return NULL;
}

extern const struct inode_operations ops;
const struct inode_operations ops = {
	.get_inode_acl = get,
};
