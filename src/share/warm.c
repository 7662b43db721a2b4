// SPDX-License-Identifier: GPL-2.0-only
/*
 * Warm restarts: with warm=SECONDS, a shared inode whose last user is gone
 * stays for that time, so that a container that is started again finds its
 * files in memory.
 *
 * Rules:
 *  - Warm means: in domain->warm, no member, nobody's reference. So its pages
 *    are reclaimed as any page cache, and the inode when it has none left;
 *    drop_caches drops both. Only the time of going is kept here.
 *  - The time is the domain's largest warm= at the moment the last user goes.
 *  - Bounded: in time by EIS_WARM_MAX_SECS, in number by eis_warm_max_inodes per
 *    domain; beyond that, what would go first goes.
 *  - One reaper for all domains. Every mount that leaves a domain wakes it, and
 *    so does the last warm inode that goes of itself. Nothing here pins the
 *    module: at its exit all domains are ended first, then the reaper.
 *  - Locking: domain->lock for the tree; changes that go with a change of
 *    members or forget are made under eis_shared.lock, which comes first.
 */
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "share/internal.h"

/* Warm inodes per domain at most; an inode takes about 1 KiB beside its pages. */
unsigned int eis_warm_max_inodes = 65536;

static void eis_warm_reap(struct work_struct *work);

static struct workqueue_struct *eis_warm_wq;
static DECLARE_DELAYED_WORK(eis_warm_work, eis_warm_reap);

static bool eis_warm_before(struct rb_node *a, const struct rb_node *b)
{
	return time_before(rb_entry(a, struct eis_shared, warm_node)->warm_until,
			   rb_entry(b, struct eis_shared, warm_node)->warm_until);
}

/**
 * eis_warm_add - keep a shared inode
 * @shared: has no member, is not warm; its lock is held
 * @secs:   how long
 *
 * Context: atomic. Return: false if its domain is ending.
 */
bool eis_warm_add(struct eis_shared *shared, unsigned int secs)
{
	struct eis_domain *domain = shared->domain;
	bool listed;

	spin_lock(&domain->lock);
	listed = domain->listed;
	if (listed) {
		shared->warm_until = jiffies + secs * HZ;
		rb_add_cached(&shared->warm_node, &domain->warm, eis_warm_before);
		domain->nr_warm++;
	}
	spin_unlock(&domain->lock);
	return listed;
}

/**
 * eis_warm_del - take a shared inode out of the tree
 * @shared: may be warm or not; its domain's lock is held
 *
 * Return: it was warm.
 */
bool eis_warm_del(struct eis_shared *shared)
{
	struct eis_domain *domain = shared->domain;

	if (RB_EMPTY_NODE(&shared->warm_node))
		return false;
	rb_erase_cached(&shared->warm_node, &domain->warm);
	RB_CLEAR_NODE(&shared->warm_node);
	domain->nr_warm--;
	return true;
}

/**
 * eis_warm_end - a shared inode is in use again, or is going
 * @shared: may be warm or not; its lock is held
 */
void eis_warm_end(struct eis_shared *shared)
{
	spin_lock(&shared->domain->lock);
	eis_warm_del(shared);
	spin_unlock(&shared->domain->lock);
}

/* Under domain->lock: is it the turn of a warm inode to go? */
static bool eis_warm_over(const struct eis_shared *shared)
{
	return !time_before(jiffies, shared->warm_until) ||
	       shared->domain->nr_warm > READ_ONCE(eis_warm_max_inodes);
}

/* A warm inode whose turn it is, with a reference. */
static struct eis_shared *eis_warm_first_over(struct eis_domain *domain)
{
	struct eis_shared *shared = NULL;
	struct rb_node *node;

	spin_lock(&domain->lock);
	while ((node = rb_first_cached(&domain->warm)) != NULL) {
		shared = rb_entry(node, struct eis_shared, warm_node);
		if (!eis_warm_over(shared)) {
			shared = NULL;
			break;
		}
		if (igrab(&shared->inode))
			break;
		/* Reclaim was faster. */
		eis_warm_del(shared);
		shared = NULL;
	}
	spin_unlock(&domain->lock);
	return shared;
}

/**
 * eis_warm_trim - drop the warm inodes of a domain whose time is over or that are too many
 * @domain: held by the caller
 *
 * Context: may sleep.
 */
void eis_warm_trim(struct eis_domain *domain)
{
	struct eis_shared *shared;

	while ((shared = eis_warm_first_over(domain)) != NULL) {
		spin_lock(&shared->lock);
		spin_lock(&domain->lock);
		/* A mount may have taken it since, and may even have left it again. */
		if (!RB_EMPTY_NODE(&shared->warm_node) && eis_warm_over(shared)) {
			eis_warm_del(shared);
			shared->forget = true;
		}
		spin_unlock(&domain->lock);
		spin_unlock(&shared->lock);
		iput(&shared->inode);
		cond_resched();
	}
}

static void eis_warm_reap(struct work_struct *work)
{
	struct eis_domain *domain;
	unsigned long next;
	bool gone;

	while ((domain = eis_domain_due(&next, &gone)) != NULL) {
		if (gone) {
			eis_domain_retire(domain);
			continue;
		}
		eis_warm_trim(domain);
		eis_domain_drop(domain);
	}
	/* Inodes of one mount go one by one: wait for more of them. */
	if (next)
		queue_delayed_work(eis_warm_wq, &eis_warm_work, max_t(unsigned long, next, HZ));
}

/**
 * eis_warm_kick - have the reaper look at all domains soon
 *
 * Context: atomic. Not any more once no domain is listed in module exit.
 */
void eis_warm_kick(void)
{
	mod_delayed_work(eis_warm_wq, &eis_warm_work, 0);
}

/**
 * eis_warm_init - set up the reaper
 *
 * Return: 0 or -ENOMEM.
 */
int eis_warm_init(void)
{
	eis_warm_wq = alloc_workqueue("erofs-ishare-warm", WQ_UNBOUND, 1);
	return eis_warm_wq ? 0 : -ENOMEM;
}

/**
 * eis_warm_exit - stop the reaper; no domain is listed any more
 */
void eis_warm_exit(void)
{
	cancel_delayed_work_sync(&eis_warm_work);
	destroy_workqueue(eis_warm_wq);
}
