// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains: counted by name.
 *
 * Rules: the name is a credential. It is compared in full, never logged, and
 * wiped when the domain is freed. Two domains with one name are never listed at
 * the same time. A domain without mounts stays listed while it has warm inodes
 * (warm.c), so that a new mount finds it; then it is off the list for good, even
 * if inodes still hold the object, and a new mount makes a new one.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "share/internal.h"

static DEFINE_MUTEX(eis_domains_lock);
static LIST_HEAD(eis_domains);
static u64 eis_domain_last;

/* Under eis_domains_lock. Return: a domain without a mount, or ERR_PTR. */
static struct eis_domain *eis_domain_new(const char *name)
{
	struct eis_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	int err = -ENOMEM;

	if (!domain)
		return ERR_PTR(-ENOMEM);
	refcount_set(&domain->ref, 1);
	spin_lock_init(&domain->lock);
	INIT_LIST_HEAD(&domain->inodes);
	domain->warm = RB_ROOT_CACHED;
	mutex_init(&domain->mounts_lock);
	INIT_LIST_HEAD(&domain->mounts);
	domain->number = ++eis_domain_last;
	domain->name = kstrdup(name, GFP_KERNEL);
	if (domain->name)
		err = eis_domain_show(domain);
	if (err) {
		eis_domain_drop(domain);
		return ERR_PTR(err);
	}
	list_add(&domain->link, &eis_domains);
	domain->listed = true;
	return domain;
}

/* Drop one reference on the object. Context: may sleep. */
void eis_domain_drop(struct eis_domain *domain)
{
	if (!refcount_dec_and_test(&domain->ref))
		return;
	kfree_sensitive(domain->name);
	kfree(domain);
}

/**
 * eis_domain_is - is this the domain of that name?
 * @domain: NULL is no domain
 * @name:   NULL is no name
 */
bool eis_domain_is(const struct eis_domain *domain, const char *name)
{
	if (!domain || !name)
		return !domain && !name;
	return !strcmp(domain->name, name);
}

/**
 * eis_domain_number - what a domain is called where its name must not be seen
 * @domain: the domain
 */
u64 eis_domain_number(const struct eis_domain *domain)
{
	return domain->number;
}

/* Under eis_domains_lock. */
static struct eis_domain *eis_domain_find(const char *name)
{
	struct eis_domain *domain;

	list_for_each_entry(domain, &eis_domains, link)
		if (eis_domain_is(domain, name))
			return domain;
	return NULL;
}

/* Under mounts_lock. The last mount leaves its value behind. */
static void eis_domain_find_warm(struct eis_domain *domain)
{
	struct eis_domain_mount *mount;
	unsigned int secs = 0;

	if (list_empty(&domain->mounts))
		return;
	list_for_each_entry(mount, &domain->mounts, link)
		secs = max(secs, mount->warm);
	WRITE_ONCE(domain->warm_secs, secs);
}

/**
 * eis_domain_set_warm - a mount's warm= has changed
 * @domain: its domain
 * @mount:  the mount
 * @secs:   seconds, at most EIS_WARM_MAX_SECS
 *
 * What is warm already keeps the time it was given. Context: may sleep.
 */
void eis_domain_set_warm(struct eis_domain *domain, struct eis_domain_mount *mount,
			 unsigned int secs)
{
	mutex_lock(&domain->mounts_lock);
	mount->warm = secs;
	eis_domain_find_warm(domain);
	mutex_unlock(&domain->mounts_lock);
}

/**
 * eis_domain_get - a mount enters the domain of that name
 * @name:  the domain's name, a credential
 * @mount: the mount; ->dev, ->stats and ->warm are set
 *
 * Context: may sleep. Return: the domain, or ERR_PTR(-ENOMEM).
 */
struct eis_domain *eis_domain_get(const char *name, struct eis_domain_mount *mount)
{
	struct eis_domain *domain;

	mutex_lock(&eis_domains_lock);
	domain = eis_domain_find(name);
	if (!domain)
		domain = eis_domain_new(name);
	if (!IS_ERR(domain)) {
		domain->users++;
		mutex_lock(&domain->mounts_lock);
		list_add_tail(&mount->link, &domain->mounts);
		eis_domain_find_warm(domain);
		mutex_unlock(&domain->mounts_lock);
	}
	mutex_unlock(&eis_domains_lock);
	return domain;
}

/* The mount's counters stop here; what they counted stays. Return: it was the last mount. */
static bool eis_domain_remove(struct eis_domain *domain, struct eis_domain_mount *mount)
{
	unsigned int i;
	bool last;

	mutex_lock(&domain->mounts_lock);
	list_del(&mount->link);
	for (i = 0; i < EIS_STATS; i++)
		domain->past[i] += eis_stats_get(mount->stats, i);
	eis_domain_find_warm(domain);
	last = list_empty(&domain->mounts);
	mutex_unlock(&domain->mounts_lock);
	return last;
}

/* Under eis_domains_lock: take a domain that nothing keeps any more off the list. */
static bool eis_domain_unlist(struct eis_domain *domain, bool anyway)
{
	bool gone;

	spin_lock(&domain->lock);
	gone = !domain->users && (anyway || !domain->nr_warm);
	if (gone)
		domain->listed = false;
	spin_unlock(&domain->lock);
	if (gone)
		list_del(&domain->link);
	return gone;
}

/**
 * eis_domain_retire - end a domain that was taken off the list
 * @domain: the list's reference on it is dropped
 *
 * Context: may sleep, no lock of this room held.
 */
void eis_domain_retire(struct eis_domain *domain)
{
	eis_domain_hide(domain);
	eis_shared_forget_all(domain);
	eis_domain_drop(domain);
}

/**
 * eis_domain_put - a mount leaves its domain
 * @domain: NULL is fine
 * @mount:  what it entered with
 *
 * With the last mount the domain forgets what it cached, or keeps it for as
 * long as warm= said. Context: may sleep.
 */
void eis_domain_put(struct eis_domain *domain, struct eis_domain_mount *mount)
{
	bool gone;

	if (!domain)
		return;
	/* We count in ->users until the end, so the domain stays. */
	if (eis_domain_remove(domain, mount))
		eis_shared_settle(domain, READ_ONCE(domain->warm_secs));
	mutex_lock(&eis_domains_lock);
	domain->users--;
	gone = eis_domain_unlist(domain, false);
	if (!gone && READ_ONCE(domain->nr_warm))
		eis_warm_kick();
	mutex_unlock(&eis_domains_lock);
	if (gone)
		eis_domain_retire(domain);
}

/* Under eis_domains_lock. When is the next warm inode to go? False: there is none. */
static bool eis_domain_next(struct eis_domain *domain, unsigned long *when)
{
	struct rb_node *first;

	spin_lock(&domain->lock);
	first = rb_first_cached(&domain->warm);
	if (first)
		*when = rb_entry(first, struct eis_shared, warm_node)->warm_until;
	spin_unlock(&domain->lock);
	return first;
}

/**
 * eis_domain_due - a domain of which something has to go
 * @next: jiffies from now on until there will be one, at least 1; 0 = none is waiting
 * @gone: it has neither mounts nor warm inodes and was taken off the list:
 *        eis_domain_retire() it; else it comes with a reference to
 *        eis_domain_drop()
 *
 * Context: may sleep. Return: a domain, or NULL: none.
 */
struct eis_domain *eis_domain_due(unsigned long *next, bool *gone)
{
	struct eis_domain *domain;
	unsigned long now, when;

	*next = 0;
	mutex_lock(&eis_domains_lock);
	list_for_each_entry(domain, &eis_domains, link) {
		*gone = eis_domain_unlist(domain, false);
		if (*gone)
			goto found;
		if (!eis_domain_next(domain, &when))
			continue;
		now = jiffies;
		if (!time_before(now, when)) {
			refcount_inc(&domain->ref);
			goto found;
		}
		*next = *next ? min(*next, when - now) : when - now;
	}
	domain = NULL;
found:
	mutex_unlock(&eis_domains_lock);
	return domain;
}

/**
 * eis_domains_exit - end every domain; none has a mount
 *
 * Context: module exit. Afterwards no inode of a domain asks for the reaper.
 */
void eis_domains_exit(void)
{
	struct eis_domain *domain;

	for (;;) {
		mutex_lock(&eis_domains_lock);
		domain = list_first_entry_or_null(&eis_domains, struct eis_domain, link);
		if (domain)
			eis_domain_unlist(domain, true);
		mutex_unlock(&eis_domains_lock);
		if (!domain)
			return;
		eis_domain_retire(domain);
	}
}
