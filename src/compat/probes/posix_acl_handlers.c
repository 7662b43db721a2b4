// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handlers of the era before nop_posix_acl (see there).
 *
 * @export posix_acl_access_xattr_handler posix_acl_default_xattr_handler
 */
#include <linux/fs.h>
#include <linux/xattr.h>
#include <linux/posix_acl_xattr.h>

extern const struct xattr_handler *const handlers[];
const struct xattr_handler *const handlers[] = {
	&posix_acl_access_xattr_handler,
	&posix_acl_default_xattr_handler,
	NULL,
};
