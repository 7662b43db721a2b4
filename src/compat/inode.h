/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct inode and inode operations: state flags, time stamps, attributes, ACLs.
 *
 * Rule of this room: callers are written for the newest kernel. Names that the
 * kernel lacks are supplied here; where no newest-kernel spelling can be made to
 * work on old ones, there is one eis_ or EIS_ name. The eras of each API are told
 * in the probe that detects them (probes/).
 */
#ifndef EIS_COMPAT_INODE_H
#define EIS_COMPAT_INODE_H

#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

#include "compat/compat_config.h"

#if !HAVE_INODE_STATE_READ_ONCE
/* Flags of an inode as they are now, without i_lock. */
static inline unsigned long inode_state_read_once(const struct inode *inode)
{
	return READ_ONCE(inode->i_state);
}
#endif

/*
 * Inode operations see an idmapped mount as a struct mnt_idmap. Before that type
 * they saw the mount's user namespace; since we only pass the pointer on, renaming
 * the type is all it takes. Not for looking inside.
 */
#if !HAVE_MNT_IDMAP
#define mnt_idmap	user_namespace
#define nop_mnt_idmap	init_user_ns
#endif

static inline void eis_generic_fillattr(struct mnt_idmap *idmap, u32 request_mask,
					struct inode *inode, struct kstat *stat)
{
#if HAVE_FILLATTR_MASK
	generic_fillattr(idmap, request_mask, inode, stat);
#else
	generic_fillattr(idmap, inode, stat);
#endif
}

/*
 * The member of struct inode_operations for (inode, type, rcu), in initialisers:
 *
 *	EIS_GET_INODE_ACL = function,
 */
#if HAVE_GET_INODE_ACL
#define EIS_GET_INODE_ACL	.get_inode_acl
#else
#define EIS_GET_INODE_ACL	.get_acl
#endif

/* Entries of s_xattr by which listxattr() shows ACLs; VFS code answers the rest. */
#if !HAVE_NOP_POSIX_ACL
#define nop_posix_acl_access	posix_acl_access_xattr_handler
#define nop_posix_acl_default	posix_acl_default_xattr_handler
#endif

#if !HAVE_INODE_SET_MTIME
static inline struct timespec64 inode_set_atime(struct inode *inode, time64_t sec, long nsec)
{
	inode->i_atime.tv_sec = sec;
	inode->i_atime.tv_nsec = nsec;
	return inode->i_atime;
}

static inline struct timespec64 inode_set_mtime(struct inode *inode, time64_t sec, long nsec)
{
	inode->i_mtime.tv_sec = sec;
	inode->i_mtime.tv_nsec = nsec;
	return inode->i_mtime;
}
#endif

#if !HAVE_INODE_SET_CTIME
static inline struct timespec64 inode_set_ctime(struct inode *inode, time64_t sec, long nsec)
{
	inode->i_ctime.tv_sec = sec;
	inode->i_ctime.tv_nsec = nsec;
	return inode->i_ctime;
}
#endif

#if !HAVE_INODE_JUST_DROP
#define inode_just_drop	generic_delete_inode
#endif

#endif /* EIS_COMPAT_INODE_H */
