// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes and POSIX ACLs.
 *
 * Rules: names and values are decoded by src/format on every call (they sit in
 * the metadata cache); ACLs are cached by the VFS. trusted.* is listed for
 * CAP_SYS_ADMIN only. Hidden attributes cannot be reached by name.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "vfs/vfs.h"

/* Length, or a negative errno; corruption is logged. @size 0 asks for the length. */
static int eis_xattr_value(struct inode *inode, u8 index, const char *name, void *buf,
			   size_t size)
{
	struct eis_inode *ei = eis_i(inode);
	struct eis_image *image = ei->image;
	struct erofs_diag diag = { };
	struct eis_source es;
	int ret;

	eis_source_init(&es, image, NULL);
	ret = erofs_xattr_get(&es.src, &image->fmt, image->prefixes, &ei->fmt, index, name,
			      strlen(name), buf, size, &diag);
	eis_source_exit(&es);
	if (ret < 0 && diag.check)
		eis_report(image, "getxattr", &diag, ret);
	return ret;
}

static int eis_xattr_get(const struct xattr_handler *handler, struct dentry *dentry,
			 struct inode *inode, const char *name, void *buf, size_t size)
{
	if (handler->flags == EROFS_XATTR_INDEX_USER && !eis_sb(inode->i_sb)->opts.user_xattr)
		return -EOPNOTSUPP;
	return eis_xattr_value(inode, handler->flags, name, buf, size);
}

static bool eis_xattr_user_list(struct dentry *dentry)
{
	return eis_sb(dentry->d_sb)->opts.user_xattr;
}

static bool eis_xattr_trusted_list(struct dentry *dentry)
{
	return capable(CAP_SYS_ADMIN);
}

static const struct xattr_handler eis_xattr_user_handler = {
	.prefix	= XATTR_USER_PREFIX,
	.flags	= EROFS_XATTR_INDEX_USER,
	.list	= eis_xattr_user_list,
	.get	= eis_xattr_get,
};

static const struct xattr_handler eis_xattr_trusted_handler = {
	.prefix	= XATTR_TRUSTED_PREFIX,
	.flags	= EROFS_XATTR_INDEX_TRUSTED,
	.list	= eis_xattr_trusted_list,
	.get	= eis_xattr_get,
};

static const struct xattr_handler eis_xattr_security_handler = {
	.prefix	= XATTR_SECURITY_PREFIX,
	.flags	= EROFS_XATTR_INDEX_SECURITY,
	.get	= eis_xattr_get,
};

const struct xattr_handler * const eis_xattr_handlers[] = {
	&eis_xattr_user_handler,
	&nop_posix_acl_access,
	&nop_posix_acl_default,
	&eis_xattr_trusted_handler,
	&eis_xattr_security_handler,
	NULL
};

/* ---- listxattr ---- */

/**
 * struct eis_list - a listxattr in progress
 * @dentry: whose attributes
 * @buf:    the caller's, NULL asks for the size only
 * @size:   bytes of @buf
 * @len:    bytes so far
 */
struct eis_list {
	struct dentry *dentry;
	char *buf;
	size_t size;
	size_t len;
};

/* Short prefix of an index, NULL if this caller does not get to see it. */
static const char *eis_visible_prefix(struct dentry *dentry, u8 index)
{
	switch (index) {
	case EROFS_XATTR_INDEX_USER:
		return eis_xattr_user_list(dentry) ? XATTR_USER_PREFIX : NULL;
	case EROFS_XATTR_INDEX_TRUSTED:
		return eis_xattr_trusted_list(dentry) ? XATTR_TRUSTED_PREFIX : NULL;
	case EROFS_XATTR_INDEX_SECURITY:
		return XATTR_SECURITY_PREFIX;
	case EROFS_XATTR_INDEX_ACL_ACCESS:
		return IS_POSIXACL(d_inode(dentry)) ? XATTR_NAME_POSIX_ACL_ACCESS : NULL;
	case EROFS_XATTR_INDEX_ACL_DEFAULT:
		return IS_POSIXACL(d_inode(dentry)) ? XATTR_NAME_POSIX_ACL_DEFAULT : NULL;
	default:
		return NULL;
	}
}

static int eis_list_emit(void *ctx, u8 index, const char *name, size_t namelen)
{
	struct eis_list *list = ctx;
	const char *prefix = eis_visible_prefix(list->dentry, index);
	size_t prefixlen, len;
	char *to;

	if (!prefix)
		return 0;
	prefixlen = strlen(prefix);
	len = prefixlen + namelen + 1;
	if (list->buf) {
		if (len > list->size - list->len)
			return -ERANGE;
		to = list->buf + list->len;
		memcpy(to, prefix, prefixlen);
		memcpy(to + prefixlen, name, namelen);
		to[prefixlen + namelen] = '\0';
	}
	list->len += len;
	return 0;
}

/**
 * eis_listxattr - names of the attributes the caller may see
 * @dentry: whose attributes
 * @buf: NULL asks for the size
 * @size: bytes of @buf
 *
 * Return: bytes, -ERANGE, or -EFSCORRUPTED and the like, logged.
 */
ssize_t eis_listxattr(struct dentry *dentry, char *buf, size_t size)
{
	struct eis_inode *ei = eis_i(d_inode(dentry));
	struct eis_image *image = ei->image;
	struct eis_list list = { .dentry = dentry, .buf = size ? buf : NULL, .size = size };
	struct erofs_diag diag = { };
	struct eis_source es;
	int err;

	if (!ei->fmt.xattr_size)
		return 0;
	eis_source_init(&es, image, NULL);
	err = erofs_xattr_list(&es.src, &image->fmt, image->prefixes, &ei->fmt, eis_list_emit,
			       &list, &diag);
	eis_source_exit(&es);
	if (err && diag.check)
		eis_report(image, "listxattr", &diag, err);
	return err ? err : list.len;
}

/* ---- ACLs ---- */

/**
 * eis_get_acl - the access or default ACL, for the VFS to cache
 * @inode: whose ACL
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 * @rcu: in an RCU walk: not here
 */
struct posix_acl *eis_get_acl(struct inode *inode, int type, bool rcu)
{
	u8 index = type == ACL_TYPE_ACCESS ? EROFS_XATTR_INDEX_ACL_ACCESS :
					     EROFS_XATTR_INDEX_ACL_DEFAULT;
	struct posix_acl *acl;
	void *value;
	int len;

	if (rcu)
		return ERR_PTR(-ECHILD);
	/* Not with noacl: the VFS asks only where IS_POSIXACL(), and would keep a NULL beyond a remount. */
	len = eis_xattr_value(inode, index, "", NULL, 0);
	if (len == -ENODATA || len == 0)
		return NULL;
	if (len < 0)
		return ERR_PTR(len);
	value = kmalloc(len, GFP_KERNEL);
	if (!value)
		return ERR_PTR(-ENOMEM);
	len = eis_xattr_value(inode, index, "", value, len);
	acl = len < 0 ? ERR_PTR(len) : posix_acl_from_xattr(&init_user_ns, value, len);
	kfree(value);
	return acl;
}
