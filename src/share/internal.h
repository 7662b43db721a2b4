/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between domain.c and shared.c: the domain as an object.
 */
#ifndef EIS_SHARE_INTERNAL_H
#define EIS_SHARE_INTERNAL_H

#include <linux/refcount.h>

#include "share/share.h"

/**
 * struct eis_domain - a trust domain
 * @link:   in the list of domains that have mounts; under eis_domains_lock
 * @mounts: superblocks that named it; under eis_domains_lock
 * @ref:    one for having mounts, one per shared inode; the last one frees
 * @lock:   protects @inodes
 * @inodes: every shared inode of the domain
 * @name:   the credential: never printed, wiped when freed
 */
struct eis_domain {
	struct list_head link;
	unsigned int mounts;
	refcount_t ref;
	spinlock_t lock;
	struct list_head inodes;
	char *name;
};

void eis_domain_drop(struct eis_domain *domain);
void eis_shared_forget_all(struct eis_domain *domain);

#endif /* EIS_SHARE_INTERNAL_H */
