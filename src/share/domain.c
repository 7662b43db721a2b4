// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust domains: counted by name.
 *
 * Rules: the name is a credential. It is compared in full, never logged, and
 * wiped when the domain is freed. Two domains with one name never exist at the
 * same time: a domain whose last mount went is off the list for good, even if
 * inodes still hold the object, and a new mount makes a new one.
 */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "share/internal.h"

static DEFINE_MUTEX(eis_domains_lock);
static LIST_HEAD(eis_domains);

static struct eis_domain *eis_domain_new(const char *name)
{
	struct eis_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (!domain)
		return NULL;
	domain->name = kstrdup(name, GFP_KERNEL);
	if (!domain->name) {
		kfree(domain);
		return NULL;
	}
	refcount_set(&domain->ref, 1);
	spin_lock_init(&domain->lock);
	INIT_LIST_HEAD(&domain->inodes);
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
 * eis_domain_get - a mount enters the domain of that name
 * @name: the domain's name, a credential
 *
 * Context: may sleep. Return: the domain, or ERR_PTR(-ENOMEM).
 */
struct eis_domain *eis_domain_get(const char *name)
{
	struct eis_domain *domain;

	mutex_lock(&eis_domains_lock);
	list_for_each_entry(domain, &eis_domains, link) {
		if (eis_domain_is(domain, name)) {
			domain->mounts++;
			goto out;
		}
	}
	domain = eis_domain_new(name);
	if (!domain) {
		domain = ERR_PTR(-ENOMEM);
		goto out;
	}
	domain->mounts = 1;
	list_add(&domain->link, &eis_domains);
out:
	mutex_unlock(&eis_domains_lock);
	return domain;
}

/**
 * eis_domain_put - a mount leaves its domain
 * @domain: NULL is fine
 *
 * With the last mount the domain forgets what it cached. Context: may sleep.
 */
void eis_domain_put(struct eis_domain *domain)
{
	bool last;

	if (!domain)
		return;
	mutex_lock(&eis_domains_lock);
	last = !--domain->mounts;
	if (last)
		list_del(&domain->link);
	mutex_unlock(&eis_domains_lock);
	if (!last)
		return;
	eis_shared_forget_all(domain);
	eis_domain_drop(domain);
}
