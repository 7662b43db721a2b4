// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared inodes, on a private superblock that nobody can mount.
 *
 * Invariants:
 *  - One shared inode per (domain, size, fingerprint) at any time: the VFS
 *    inode hash of the private superblock is the index. Its bucket is chosen
 *    by a keyed hash, so an image's author cannot pile up one bucket; equality
 *    compares every byte.
 *  - mapping->host is what the page cache, faults, read-ahead and loop look
 *    at: regular file mode, the right i_size, large folios, and a superblock
 *    with a real backing_dev_info (with the no-op one read-ahead is off and
 *    fadvise does nothing).
 *  - eis_shared.forget says what happens when the last reference goes: false:
 *    the inode stays as long as it has pages (a member was merely reclaimed);
 *    true: it goes at once (the last mount that had the file is gone).
 *  - A warm inode (in domain->warm) has no member and forget is false: join and
 *    leave change all three under eis_shared.lock.
 */
#include <linux/backing-dev.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "io/inflight.h"
#include "share/internal.h"

/* What iget5_locked() compares and, for a new inode, takes over. */
struct eis_shared_init {
	struct eis_domain *domain;
	u64 size;
	u8 *fp;
	u16 fp_len;
};

static struct kmem_cache *eis_shared_cachep;
static struct vfsmount *eis_shared_mnt;
static const struct address_space_operations *eis_shared_aops;
static siphash_key_t eis_shared_hash_key;

static struct eis_shared *eis_shared_of(struct inode *inode)
{
	return container_of(inode, struct eis_shared, inode);
}

/**
 * eis_is_shared_inode - is this inode one of the private superblock?
 * @inode: any inode
 */
bool eis_is_shared_inode(const struct inode *inode)
{
	return inode->i_sb == eis_shared_mnt->mnt_sb;
}

/* ---- The private superblock ---- */

static struct inode *eis_shared_alloc_inode(struct super_block *sb)
{
	struct eis_shared *shared = alloc_inode_sb(sb, eis_shared_cachep, GFP_KERNEL);

	if (!shared)
		return NULL;
	shared->domain = NULL;
	INIT_LIST_HEAD(&shared->domain_link);
	RB_CLEAR_NODE(&shared->warm_node);
	INIT_LIST_HEAD(&shared->members);
	shared->nr_members = 0;
	shared->forget = false;
	shared->fp = NULL;
	return &shared->inode;
}

static void eis_shared_free_inode(struct inode *inode)
{
	struct eis_shared *shared = eis_shared_of(inode);

	kfree(shared->fp);
	kmem_cache_free(eis_shared_cachep, shared);
}

static int eis_shared_drop_inode(struct inode *inode)
{
	return READ_ONCE(eis_shared_of(inode)->forget) || inode_unhashed(inode);
}

static void eis_shared_evict_inode(struct inode *inode)
{
	struct eis_shared *shared = eis_shared_of(inode);

	/*
	 * What a mount that is gone was still reading keeps its folios locked, on a disk that hangs
	 * for ever. Who opens the file meanwhile shall not wait for that, but make a new one.
	 */
	remove_inode_hash(inode);
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (!shared->domain)
		return;
	spin_lock(&shared->domain->lock);
	list_del_init(&shared->domain_link);
	/* A domain without mounts goes with its last warm inode. */
	if (eis_warm_del(shared) && !shared->domain->nr_warm && shared->domain->listed)
		eis_warm_kick();
	spin_unlock(&shared->domain->lock);
	eis_domain_drop(shared->domain);
}

static const struct super_operations eis_shared_sops = {
	.alloc_inode	= eis_shared_alloc_inode,
	.free_inode	= eis_shared_free_inode,
	.drop_inode	= eis_shared_drop_inode,
	.evict_inode	= eis_shared_evict_inode,
	.statfs		= simple_statfs,
};

static int eis_shared_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, ANON_INODE_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &eis_shared_sops;
	return 0;
}

/* No .owner: the mount is the module's own and must not pin it. */
static struct file_system_type eis_shared_fs_type = {
	.name		 = "erofs-ishare-cache",
	.init_fs_context = eis_shared_init_fs_context,
	.kill_sb	 = kill_anon_super,
};

/* ---- Finding and making shared inodes ---- */

static u64 eis_shared_hash(const struct eis_shared_init *init)
{
	u64 seed = siphash_2u64((unsigned long)init->domain, init->size, &eis_shared_hash_key);

	return seed ^ siphash(init->fp, init->fp_len, &eis_shared_hash_key);
}

static int eis_shared_test(struct inode *inode, void *data)
{
	const struct eis_shared *shared = eis_shared_of(inode);
	const struct eis_shared_init *init = data;

	return shared->domain == init->domain && inode->i_size == init->size &&
	       shared->fp_len == init->fp_len && !memcmp(shared->fp, init->fp, init->fp_len);
}

/* Under the inode hash lock. */
static int eis_shared_set(struct inode *inode, void *data)
{
	struct eis_shared *shared = eis_shared_of(inode);
	struct eis_shared_init *init = data;

	refcount_inc(&init->domain->ref);
	shared->domain = init->domain;
	inode->i_size = init->size;
	shared->fp = init->fp;
	shared->fp_len = init->fp_len;
	init->fp = NULL;
	return 0;
}

static struct inode *eis_shared_iget(struct eis_domain *domain, const struct eis_share_key *key)
{
	struct eis_shared_init init = {
		.domain	= domain,
		.size	= key->size,
		.fp_len	= key->fp_len,
	};
	struct inode *inode;

	init.fp = kmemdup(key->fp, key->fp_len, GFP_KERNEL);
	if (!init.fp)
		return NULL;
	inode = iget5_locked(eis_shared_mnt->mnt_sb, (unsigned long)eis_shared_hash(&init),
			     eis_shared_test, eis_shared_set, &init);
	kfree(init.fp);
	if (!inode || !(inode_state_read_once(inode) & I_NEW))
		return inode;

	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | 0444;
	inode->i_flags |= S_NOATIME | S_NOCMTIME | S_PRIVATE;
	set_nlink(inode, 1);
	inode->i_mapping->a_ops = eis_shared_aops;
	mapping_set_large_folios(inode->i_mapping);
	spin_lock(&domain->lock);
	list_add(&eis_shared_of(inode)->domain_link, &domain->inodes);
	spin_unlock(&domain->lock);
	unlock_new_inode(inode);
	return inode;
}

/**
 * eis_share_join - make an inode a member of the shared inode of its content
 * @domain: the mount's domain
 * @key:    size and fingerprint
 * @member: embedded in the inode; ->inode and ->inflight are set
 *
 * On success member->shared is set, and member->inode->i_mapping is published:
 * it does not change again before eviction. The caller makes sure that this
 * runs at most once per inode, before anyone used the inode's own page cache.
 * Context: may sleep. Return: 0 or -ENOMEM (nothing changed).
 */
int eis_share_join(struct eis_domain *domain, const struct eis_share_key *key,
		   struct eis_member *member)
{
	struct inode *inode = eis_shared_iget(domain, key);
	struct eis_shared *shared;

	if (!inode)
		return -ENOMEM;
	shared = eis_shared_of(inode);
	spin_lock(&shared->lock);
	shared->forget = false;
	eis_warm_end(shared);
	list_add(&member->link, &shared->members);
	shared->nr_members++;
	spin_unlock(&shared->lock);
	member->shared = inode;
	/* Pairs with readers of i_mapping: they see a complete address space. */
	smp_store_release(&member->inode->i_mapping, inode->i_mapping);
	return 0;
}

/* Nobody uses it any more: it stays for a while, or goes with the last reference. */
static void eis_shared_unused(struct eis_shared *shared, unsigned int secs)
{
	if (!secs || !eis_warm_add(shared, secs))
		shared->forget = true;
}

/**
 * eis_share_leave - a member is being evicted
 * @member: the member
 * @forget: its mount is going away, so cached pages are of no more use to it;
 *          false when the inode is merely reclaimed and may come back
 *
 * Context: may sleep (may drop the last reference on the page cache).
 */
void eis_share_leave(struct eis_member *member, bool forget)
{
	struct inode *inode = member->shared;
	struct eis_domain *domain;
	struct eis_shared *shared;

	if (!inode)
		return;
	shared = eis_shared_of(inode);
	domain = shared->domain;
	spin_lock(&shared->lock);
	list_del_init(&member->link);
	if (!--shared->nr_members && forget)
		eis_shared_unused(shared, READ_ONCE(domain->warm_secs));
	spin_unlock(&shared->lock);
	member->inode->i_mapping = &member->inode->i_data;
	member->shared = NULL;
	iput(inode);
	/* The mount that is going away still holds the domain. */
	if (forget)
		eis_warm_trim(domain);
}

/**
 * eis_share_any_member - a member to read through when the caller named no file
 * @inode: shared inode
 *
 * The member comes with an inode reference and with a reference on its
 * superblock's eis_inflight; the caller drops the inode first, then the
 * inflight reference (so the inode is never the one that holds up an unmount).
 * Context: atomic is fine. Return: the member inode, or NULL when none is left.
 */
struct inode *eis_share_any_member(struct inode *inode)
{
	struct eis_shared *shared = eis_shared_of(inode);
	struct inode *found = NULL;
	struct eis_member *member;

	spin_lock(&shared->lock);
	list_for_each_entry(member, &shared->members, link) {
		if (!eis_inflight_tryget(member->inflight))
			continue;
		found = igrab(member->inode);
		if (found)
			break;
		/* Never the last one: an inode of that superblock still exists. */
		eis_inflight_put(member->inflight);
	}
	spin_unlock(&shared->lock);
	return found;
}

/* The shared inode after @place (NULL: the first), with a reference; that of @place is dropped. */
static struct eis_shared *eis_shared_next(struct eis_domain *domain, struct eis_shared *place)
{
	struct eis_shared *shared, *found = NULL;

	spin_lock(&domain->lock);
	shared = list_prepare_entry(place, &domain->inodes, domain_link);
	list_for_each_entry_continue(shared, &domain->inodes, domain_link) {
		if (igrab(&shared->inode)) {
			found = shared;
			break;
		}
	}
	spin_unlock(&domain->lock);
	if (place)
		iput(&place->inode);
	cond_resched();
	return found;
}

/**
 * eis_shared_settle - the last mount of a domain is gone: what of its inodes?
 * @domain: the domain
 * @secs:   how long to keep them; 0 = drop them now
 *
 * Inodes that are warm already stay so. Context: may sleep.
 */
void eis_shared_settle(struct eis_domain *domain, unsigned int secs)
{
	struct eis_shared *shared = NULL;

	while ((shared = eis_shared_next(domain, shared)) != NULL) {
		spin_lock(&shared->lock);
		if (!shared->nr_members && RB_EMPTY_NODE(&shared->warm_node))
			eis_shared_unused(shared, secs);
		spin_unlock(&shared->lock);
	}
	eis_warm_trim(domain);
}

/* Drop every cached inode of a domain that is not listed any more. Context: may sleep. */
void eis_shared_forget_all(struct eis_domain *domain)
{
	struct eis_shared *shared = NULL;

	while ((shared = eis_shared_next(domain, shared)) != NULL) {
		spin_lock(&shared->lock);
		eis_warm_end(shared);
		shared->forget = true;
		spin_unlock(&shared->lock);
	}
}

/* Under domain->lock. */
static void eis_shared_add_usage(const struct eis_shared *shared, struct eis_usage *usage)
{
	const u64 bytes = (u64)READ_ONCE(shared->inode.i_data.nrpages) << PAGE_SHIFT;
	const unsigned int members = READ_ONCE(shared->nr_members);

	usage->inodes++;
	usage->members += members;
	usage->resident += bytes;
	usage->separate += bytes * members;
	if (!members) {
		usage->idle_inodes++;
		usage->idle += bytes;
	}
	if (!RB_EMPTY_NODE(&shared->warm_node)) {
		usage->warm_inodes++;
		usage->warm += bytes;
	}
}

/* Shared inodes looked at before others get a chance to take the domain's lock. */
#define EIS_USAGE_BATCH	256

/**
 * eis_shared_usage - add up what a domain holds
 * @domain: the domain
 * @usage:  result
 *
 * Takes time proportional to the domain's shared inodes, the domain's lock only
 * for some of them at a time; each is looked at once. Context: may sleep.
 * Return: 0 or -EINTR.
 */
int eis_shared_usage(struct eis_domain *domain, struct eis_usage *usage)
{
	struct inode *place = NULL;
	struct eis_shared *shared;
	unsigned int n = 0;
	int err = 0;

	memset(usage, 0, sizeof(*usage));
	spin_lock(&domain->lock);
	list_for_each_entry(shared, &domain->inodes, domain_link) {
		eis_shared_add_usage(shared, usage);
		/* The inode with our reference is where to go on after a rest. */
		if (++n < EIS_USAGE_BATCH || !igrab(&shared->inode))
			continue;
		spin_unlock(&domain->lock);
		n = 0;
		iput(place);
		place = &shared->inode;
		cond_resched();
		if (signal_pending(current))
			err = -EINTR;
		spin_lock(&domain->lock);
		if (err)
			break;
	}
	spin_unlock(&domain->lock);
	iput(place);
	return err;
}

/* The backing_dev_info of every shared page cache: its read-ahead. */
struct backing_dev_info *eis_shared_bdi(void)
{
	return eis_shared_mnt->mnt_sb->s_bdi;
}

static void eis_shared_init_once(void *obj)
{
	struct eis_shared *shared = obj;

	spin_lock_init(&shared->lock);
	inode_init_once(&shared->inode);
}

/**
 * eis_share_init - mount the private superblock
 * @aops: address_space_operations of every shared inode
 * @sysfs: the module's directory, where "domains" will be
 *
 * Context: module init. Return: 0 or a negative errno.
 */
int eis_share_init(const struct address_space_operations *aops, struct kobject *sysfs)
{
	int err;

	eis_shared_aops = aops;
	get_random_bytes(&eis_shared_hash_key, sizeof(eis_shared_hash_key));
	eis_shared_cachep = kmem_cache_create("eis_shared", sizeof(struct eis_shared), 0,
					      SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					      eis_shared_init_once);
	if (!eis_shared_cachep)
		return -ENOMEM;
	eis_shared_mnt = kern_mount(&eis_shared_fs_type);
	if (IS_ERR(eis_shared_mnt)) {
		err = PTR_ERR(eis_shared_mnt);
		goto free_cache;
	}
	err = super_setup_bdi(eis_shared_mnt->mnt_sb);
	if (!err)
		err = eis_warm_init();
	if (err)
		goto unmount;
	err = eis_share_sysfs_init(sysfs);
	if (err)
		goto exit_warm;
	return 0;
exit_warm:
	eis_warm_exit();
unmount:
	kern_unmount(eis_shared_mnt);
free_cache:
	/* Even a mount that failed may have had its root inode, which is freed after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(eis_shared_cachep);
	return err;
}

/**
 * eis_share_exit - undo eis_share_init(); no mount, so no member, is left
 *
 * Domains that were kept warm end here: nothing of them pins the module.
 */
void eis_share_exit(void)
{
	eis_domains_exit();
	eis_warm_exit();
	eis_share_sysfs_exit();
	kern_unmount(eis_shared_mnt);
	rcu_barrier();
	kmem_cache_destroy(eis_shared_cachep);
}
