/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Superblocks and mounting.
 */
#ifndef EIS_COMPAT_SUPER_H
#define EIS_COMPAT_SUPER_H

#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "compat/compat_config.h"

#if !HAVE_SUPER_SET_UUID
static inline void super_set_uuid(struct super_block *sb, const u8 *uuid, unsigned int len)
{
	memcpy(&sb->s_uuid, uuid, min_t(size_t, len, sizeof(sb->s_uuid)));
}
#endif

/* @handlers: NULL-terminated, and for as long as the superblock lives. */
static inline void eis_set_xattr_handlers(struct super_block *sb,
					  const struct xattr_handler * const *handlers)
{
#if HAVE_S_XATTR_CONST
	sb->s_xattr = handlers;
#else
	/* The kernel never wrote to the array; it just did not say so yet. */
	sb->s_xattr = (const struct xattr_handler **)handlers;
#endif
}

/* Without the quiet look-up, "not a block device" leaves a line in the mount's log. */
#if !HAVE_GET_TREE_BDEV_FLAGS
#define GET_TREE_BDEV_QUIET_LOOKUP	0x0001
static inline int get_tree_bdev_flags(struct fs_context *fc,
				      int (*fill_super)(struct super_block *sb,
							struct fs_context *fc),
				      unsigned int flags)
{
	return get_tree_bdev(fc, fill_super);
}
#endif

#endif /* EIS_COMPAT_SUPER_H */
