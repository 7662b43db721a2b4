/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between domain.c and shared.c: the domain as an object.
 */
#ifndef EIS_SHARE_INTERNAL_H
#define EIS_SHARE_INTERNAL_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/refcount.h>

#include "io/stats.h"
#include "share/share.h"

/**
 * struct eis_domain - a trust domain
 * @link:   in the list of domains that have mounts; under eis_domains_lock
 * @users:  superblocks that named it; under eis_domains_lock
 * @number: its public name, never used twice
 * @ref:    one for having mounts, one per shared inode; the last one frees
 * @lock:   protects @inodes
 * @inodes: every shared inode of the domain
 * @mounts_lock: protects @mounts and @past
 * @mounts: struct eis_domain_mount of every mount
 * @past:   what mounts that left had counted
 * @kobj:   its directory in sysfs, while it has mounts
 * @kobj_gone: nobody uses @kobj any more
 * @name:   the credential: never printed, wiped when freed
 */
struct eis_domain {
	struct list_head link;
	unsigned int users;
	u64 number;
	refcount_t ref;
	spinlock_t lock;
	struct list_head inodes;
	struct mutex mounts_lock;
	struct list_head mounts;
	u64 past[EIS_STATS];
	struct kobject kobj;
	struct completion kobj_gone;
	char *name;
};

/**
 * struct eis_usage - what a domain holds, at one time
 * @inodes:   shared inodes
 * @members:  member inodes
 * @resident: bytes of page cache
 * @separate: bytes if every member had a page cache with the same pages of its own
 * @idle_inodes: shared inodes without a member
 * @idle:     of @resident: bytes of those
 */
struct eis_usage {
	u64 inodes;
	u64 members;
	u64 resident;
	u64 separate;
	u64 idle_inodes;
	u64 idle;
};

/* domain.c */
void eis_domain_drop(struct eis_domain *domain);

/* shared.c */
void eis_shared_forget_all(struct eis_domain *domain);
int eis_shared_usage(struct eis_domain *domain, struct eis_usage *usage);
struct backing_dev_info *eis_shared_bdi(void);

/* stats.c */
int eis_domain_show(struct eis_domain *domain);
void eis_domain_hide(struct eis_domain *domain);
int eis_share_sysfs_init(struct kobject *parent);
void eis_share_sysfs_exit(void);

#endif /* EIS_SHARE_INTERNAL_H */
