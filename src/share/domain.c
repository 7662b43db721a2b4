// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains: counted by name.
 *
 * Rules: the name is a credential. It is compared in full, never logged, and
 * wiped when the domain is freed. Two domains with one name never exist at the
 * same time: a domain whose last mount went is off the list for good, even if
 * inodes still hold the object, and a new mount makes a new one.
 */
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

/**
 * eis_domain_get - a mount enters the domain of that name
 * @name:  the domain's name, a credential
 * @mount: the mount; ->dev and ->stats are set
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
		mutex_unlock(&domain->mounts_lock);
	}
	mutex_unlock(&eis_domains_lock);
	return domain;
}

/* The mount's counters stop here; what they counted stays with the domain. */
static void eis_domain_remove(struct eis_domain *domain, struct eis_domain_mount *mount)
{
	unsigned int i;

	mutex_lock(&domain->mounts_lock);
	list_del(&mount->link);
	for (i = 0; i < EIS_STATS; i++)
		domain->past[i] += eis_stats_get(mount->stats, i);
	mutex_unlock(&domain->mounts_lock);
}

/**
 * eis_domain_put - a mount leaves its domain
 * @domain: NULL is fine
 * @mount:  what it entered with
 *
 * With the last mount the domain forgets what it cached. Context: may sleep.
 */
void eis_domain_put(struct eis_domain *domain, struct eis_domain_mount *mount)
{
	bool last;

	if (!domain)
		return;
	eis_domain_remove(domain, mount);
	mutex_lock(&eis_domains_lock);
	last = !--domain->users;
	if (last)
		list_del(&domain->link);
	mutex_unlock(&eis_domains_lock);
	if (!last)
		return;
	eis_domain_hide(domain);
	eis_shared_forget_all(domain);
	eis_domain_drop(domain);
}
