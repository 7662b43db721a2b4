// SPDX-License-Identifier: GPL-2.0-only
/*
 * Symlinks: the target is read at the first use and kept with the inode.
 *
 * Rules: i_link, once set, stays until the inode is freed (after a grace
 * period, so path walks under RCU may use it). A bad target fails readlink, not
 * lookup: the link can still be listed and looked at.
 */
#include <linux/slab.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "vfs/vfs.h"

static const char *eis_read_target(struct inode *inode)
{
	struct eis_inode *ei = eis_i(inode);
	struct erofs_diag diag = { };
	size_t len = min_t(u64, ei->fmt.size, PATH_MAX);
	char *target, *old;
	int err;

	target = kmalloc(len + 1, GFP_KERNEL);
	if (!target)
		return ERR_PTR(-ENOMEM);
	err = len < PATH_MAX ? eis_content_read(inode, 0, target, len) : 0;
	if (err)
		erofs_fail(&diag, EROFS_CHECK_SOURCE, ei->fmt.nid, 0, len);
	else
		err = erofs_symlink_check(&ei->fmt, target, len, &diag);
	if (err) {
		kfree(target);
		eis_report(ei->image, "readlink", &diag, err);
		return ERR_PTR(err);
	}
	target[len] = '\0';
	old = cmpxchg(&inode->i_link, NULL, target);
	if (old) {
		kfree(target);
		return old;
	}
	return target;
}

static const char *eis_get_link(struct dentry *dentry, struct inode *inode,
				struct delayed_call *done)
{
	/* In an RCU walk: come back when sleeping is allowed. */
	return dentry ? eis_read_target(inode) : ERR_PTR(-ECHILD);
}

const struct inode_operations eis_symlink_iops = {
	.get_link	= eis_get_link,
	.getattr	= eis_getattr,
	.listxattr	= eis_listxattr,
};
