// SPDX-License-Identifier: GPL-2.0-only
/*
 * sb->s_xattr.
 * Since 6.7: pointer to const pointers. Before: pointer to pointers.
 */
#include <linux/fs.h>
#include <linux/xattr.h>

void probe(struct super_block *sb, const struct xattr_handler *const *handlers);

void probe(struct super_block *sb, const struct xattr_handler *const *handlers)
{
	sb->s_xattr = handlers;
}
