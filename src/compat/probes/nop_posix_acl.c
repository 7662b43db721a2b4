// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handlers that make POSIX ACLs show up in listxattr().
 * Since 6.3: nop_posix_acl_access, nop_posix_acl_default.
 * Before: posix_acl_access_xattr_handler, posix_acl_default_xattr_handler.
 *
 * @export nop_posix_acl_access nop_posix_acl_default
 */
#include <linux/fs.h>
#include <linux/xattr.h>
#include <linux/posix_acl_xattr.h>

extern const struct xattr_handler *const handlers[];
const struct xattr_handler *const handlers[] = {
	&nop_posix_acl_access,
	&nop_posix_acl_default,
	NULL,
};
