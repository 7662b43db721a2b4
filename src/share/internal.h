/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of this room: the domain and the shared inode as objects.
 */
#ifndef EIS_SHARE_INTERNAL_H
#define EIS_SHARE_INTERNAL_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>

#include "io/stats.h"
#include "share/share.h"

/**
 * struct eis_domain - a trust domain
 * @link:   in the list of domains, while it has mounts or warm inodes; under
 *          eis_domains_lock
 * @users:  superblocks that named it; under eis_domains_lock
 * @number: its public name, never used twice
 * @ref:    one for being in that list, one per shared inode; the last one frees
 * @lock:   protects @inodes, @listed, @warm and @nr_warm
 * @listed: is in the list of domains, may have warm inodes
 * @inodes: every shared inode of the domain
 * @warm:   those kept though nobody uses them, by the time they are to go
 * @nr_warm: how many
 * @mounts_lock: protects @mounts, @warm_secs and @past
 * @mounts: struct eis_domain_mount of every mount
 * @warm_secs: the largest warm= of its mounts; without mounts, what it was
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
	bool listed;
	struct list_head inodes;
	struct rb_root_cached warm;
	unsigned int nr_warm;
	struct mutex mounts_lock;
	struct list_head mounts;
	unsigned int warm_secs;
	u64 past[EIS_STATS];
	struct kobject kobj;
	struct completion kobj_gone;
	char *name;
};

/**
 * struct eis_shared - a shared inode
 * @inode:       owns the page cache
 * @domain:      counted
 * @domain_link: in domain->inodes; under domain->lock
 * @warm_node:   in domain->warm, or empty; under domain->lock
 * @warm_until:  when it is to go, jiffies; while in domain->warm
 * @lock:        protects @members, @nr_members and @forget
 * @members:     struct eis_member of every live member
 * @nr_members:  how many
 * @forget: drop the inode with its last reference
 * @fp_len: its length in bytes
 * @fp: fingerprint
 */
struct eis_shared {
	struct inode inode;
	struct eis_domain *domain;
	struct list_head domain_link;
	struct rb_node warm_node;
	unsigned long warm_until;
	spinlock_t lock;
	struct list_head members;
	unsigned int nr_members;
	bool forget;
	u16 fp_len;
	u8 *fp;
};

/**
 * struct eis_usage - what a domain holds, at one time
 * @inodes:   shared inodes
 * @members:  member inodes
 * @resident: bytes of page cache
 * @separate: bytes if every member had a page cache with the same pages of its own
 * @idle_inodes: shared inodes without a member
 * @idle:     of @resident: bytes of those
 * @warm_inodes: of @idle_inodes: kept by warm=
 * @warm:     of @idle: bytes of those
 */
struct eis_usage {
	u64 inodes;
	u64 members;
	u64 resident;
	u64 separate;
	u64 idle_inodes;
	u64 idle;
	u64 warm_inodes;
	u64 warm;
};

/* domain.c */
void eis_domain_drop(struct eis_domain *domain);
struct eis_domain *eis_domain_due(unsigned long *next, bool *gone);
void eis_domain_retire(struct eis_domain *domain);
void eis_domains_exit(void);

/* shared.c */
void eis_shared_settle(struct eis_domain *domain, unsigned int secs);
void eis_shared_forget_all(struct eis_domain *domain);
int eis_shared_usage(struct eis_domain *domain, struct eis_usage *usage);
struct backing_dev_info *eis_shared_bdi(void);

/* warm.c */
extern unsigned int eis_warm_max_inodes;
bool eis_warm_add(struct eis_shared *shared, unsigned int secs);
void eis_warm_end(struct eis_shared *shared);
bool eis_warm_del(struct eis_shared *shared);
void eis_warm_trim(struct eis_domain *domain);
void eis_warm_kick(void);
int eis_warm_init(void);
void eis_warm_exit(void);

/* stats.c */
int eis_domain_show(struct eis_domain *domain);
void eis_domain_hide(struct eis_domain *domain);
int eis_share_sysfs_init(struct kobject *parent);
void eis_share_sysfs_exit(void);

#endif /* EIS_SHARE_INTERNAL_H */
