/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sharing: trust domains, shared inodes, and their members.
 *
 * A domain is what a user trusts to share memory: a counted object named by
 * domain_id=. A shared inode lives on a private superblock and owns the page
 * cache of one (domain, size, fingerprint). A member is an ordinary inode of
 * some mount whose i_mapping was pointed at the shared inode's page cache at
 * its first open.
 *
 * Rules:
 *  - Knows neither the on-disk format nor storage. Key bytes and the
 *    address_space_operations are handed in.
 *  - Life cycle: a member holds a reference on its shared inode from
 *    eis_share_join() to eis_share_leave(), which its eviction calls. A shared
 *    inode holds its domain. A mount holds its domain. Open files and VMAs pin
 *    the member, so nothing else needs to pin the shared inode.
 *  - Locking: eis_shared.lock (a spinlock) protects the member list; inside it
 *    only inode->i_lock is taken (igrab). Domain list: eis_domains_lock
 *    (mutex); a domain's list of shared inodes: eis_domain.lock (spinlock),
 *    inside it only inode->i_lock; its list of mounts: eis_domain.mounts_lock
 *    (mutex). Readers of statistics take the last two and nothing above them.
 *    eis_shared.lock is taken before eis_domain.lock.
 *  - Cached pages of a file nobody has open any more live as they would on any
 *    filesystem: until reclaim, or until the last mount that has the file goes;
 *    with warm=, for some time longer (warm.c).
 */
#ifndef EIS_SHARE_H
#define EIS_SHARE_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct eis_domain;
struct eis_inflight;
struct eis_stats;
struct kobject;

/* Most that a file without users is kept for: warm=, seconds. */
#define EIS_WARM_MAX_SECS	86400U

/**
 * struct eis_domain_mount - a mount in a domain, embedded in the mount
 * @link:  in the domain's list of mounts
 * @dev:   device number of the mount
 * @stats: its counters; added to the domain's when it leaves
 * @warm:  its warm=, seconds; 0 = keep nothing
 */
struct eis_domain_mount {
	struct list_head link;
	dev_t dev;
	struct eis_stats *stats;
	unsigned int warm;
};

/**
 * struct eis_member - a joined inode, embedded in the mount's own inode
 * @link:     in the shared inode's member list
 * @inode:    the member
 * @inflight: reads-in-flight counter of the member's superblock
 * @shared:   the shared inode, NULL while not joined
 */
struct eis_member {
	struct list_head link;
	struct inode *inode;
	struct eis_inflight *inflight;
	struct inode *shared;
};

/**
 * struct eis_share_key - what makes two files the same, inside a domain
 * @size:   file size in bytes
 * @fp:     fingerprint bytes, compared in full
 * @fp_len: how many, at least 1
 */
struct eis_share_key {
	u64 size;
	const u8 *fp;
	u16 fp_len;
};

struct eis_domain *eis_domain_get(const char *name, struct eis_domain_mount *mount);
void eis_domain_put(struct eis_domain *domain, struct eis_domain_mount *mount);
void eis_domain_set_warm(struct eis_domain *domain, struct eis_domain_mount *mount,
			 unsigned int secs);
u64 eis_domain_number(const struct eis_domain *domain);
bool eis_domain_is(const struct eis_domain *domain, const char *name);

int eis_share_join(struct eis_domain *domain, const struct eis_share_key *key,
		   struct eis_member *member);
void eis_share_leave(struct eis_member *member, bool forget);
struct inode *eis_share_any_member(struct inode *shared);
bool eis_is_shared_inode(const struct inode *inode);

int eis_share_init(const struct address_space_operations *aops, struct kobject *sysfs);
void eis_share_exit(void);

#endif /* EIS_SHARE_H */
