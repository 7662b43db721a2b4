// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes and ACLs, as src/vfs uses them; unchanged on all kernels.
 *
 * @need extended attributes (xattr_handler, posix_acl_from_xattr)
 * @export posix_acl_from_xattr
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

static int xattr_get(const struct xattr_handler *handler, struct dentry *dentry, struct inode *inode,
	       const char *name, void *buf, size_t size)
{
	return -ENODATA;
}

static bool xattr_list(struct dentry *dentry)
{
	return true;
}

extern const struct xattr_handler xattr_handler;
const struct xattr_handler xattr_handler = {
	.prefix	= XATTR_USER_PREFIX,
	.get	= xattr_get,
	.list	= xattr_list,
};

struct posix_acl *xattr_probe(const void *buf, size_t size);

struct posix_acl *xattr_probe(const void *buf, size_t size)
{
	return posix_acl_from_xattr(&init_user_ns, buf, size);
}
