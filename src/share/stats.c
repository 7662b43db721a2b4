// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains in sysfs: /sys/fs/erofs-ishare/domains. What each file means is told
 * in docs/STATISTICS.md.
 *
 * Rules:
 *  - A domain is called by its number. Everything in its directory is for root
 *    only: it tells who is in the domain, and what neighbours have cached.
 *  - Readers take eis_domain.mounts_lock or eis_domain.lock, never
 *    eis_domains_lock: removing a directory waits for its readers.
 *  - Nothing is maintained for a reader: sums are made when they are asked for.
 */
#include <linux/backing-dev.h>
#include <linux/kdev_t.h>
#include <linux/sysfs.h>

#include "share/internal.h"

static struct kobject *eis_domains_kobj;

/**
 * struct eis_domain_attr - a file in a domain's directory
 * @attr: the file
 * @at:   what it shows: an enum eis_stat, or a byte offset in struct eis_usage
 */
struct eis_domain_attr {
	struct kobj_attribute attr;
	unsigned int at;
};

static struct eis_domain *eis_domain_of(struct kobject *kobj)
{
	return container_of(kobj, struct eis_domain, kobj);
}

/* ---- Files of a domain ---- */

static ssize_t eis_counter_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const unsigned int which = container_of(attr, struct eis_domain_attr, attr)->at;
	struct eis_domain *domain = eis_domain_of(kobj);
	struct eis_domain_mount *mount;
	u64 sum;

	mutex_lock(&domain->mounts_lock);
	sum = domain->past[which];
	list_for_each_entry(mount, &domain->mounts, link)
		sum += eis_stats_get(mount->stats, which);
	mutex_unlock(&domain->mounts_lock);
	return sysfs_emit(buf, "%llu\n", sum);
}

static ssize_t eis_usage_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const unsigned int at = container_of(attr, struct eis_domain_attr, attr)->at;
	struct eis_usage usage;
	int err = eis_shared_usage(eis_domain_of(kobj), &usage);

	if (err)
		return err;
	return sysfs_emit(buf, "%llu\n", *(const u64 *)((const char *)&usage + at));
}

static ssize_t eis_saved_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct eis_usage usage;
	int err = eis_shared_usage(eis_domain_of(kobj), &usage);

	if (err)
		return err;
	/* Without members an inode is in neither term. */
	return sysfs_emit(buf, "%llu\n", usage.separate - (usage.resident - usage.idle));
}

static ssize_t eis_mounts_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct eis_domain *domain = eis_domain_of(kobj);
	struct eis_domain_mount *mount;
	ssize_t len = 0;

	mutex_lock(&domain->mounts_lock);
	list_for_each_entry(mount, &domain->mounts, link)
		len += sysfs_emit_at(buf, len, "%u:%u\n", MAJOR(mount->dev), MINOR(mount->dev));
	mutex_unlock(&domain->mounts_lock);
	return len;
}

static ssize_t eis_nr_mounts_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct eis_domain *domain = eis_domain_of(kobj);
	struct list_head *mount;
	unsigned int n = 0;

	mutex_lock(&domain->mounts_lock);
	list_for_each(mount, &domain->mounts)
		n++;
	mutex_unlock(&domain->mounts_lock);
	return sysfs_emit(buf, "%u\n", n);
}

static ssize_t eis_warm_seconds_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(eis_domain_of(kobj)->warm_secs));
}

#define EIS_DOMAIN_ATTR(_name, _show, _at)						\
	static struct eis_domain_attr eis_attr_##_name = {				\
		.attr = { .attr = { .name = #_name, .mode = 0400 }, .show = _show },	\
		.at = _at,								\
	}
#define EIS_USAGE_ATTR(_name, _field) \
	EIS_DOMAIN_ATTR(_name, eis_usage_show, offsetof(struct eis_usage, _field))

EIS_DOMAIN_ATTR(mounts, eis_mounts_show, 0);
EIS_DOMAIN_ATTR(nr_mounts, eis_nr_mounts_show, 0);
EIS_USAGE_ATTR(shared_inodes, inodes);
EIS_USAGE_ATTR(member_inodes, members);
EIS_USAGE_ATTR(idle_inodes, idle_inodes);
EIS_USAGE_ATTR(resident_bytes, resident);
EIS_USAGE_ATTR(separate_bytes, separate);
EIS_USAGE_ATTR(idle_bytes, idle);
EIS_USAGE_ATTR(warm_inodes, warm_inodes);
EIS_USAGE_ATTR(warm_bytes, warm);
EIS_DOMAIN_ATTR(warm_seconds, eis_warm_seconds_show, 0);
EIS_DOMAIN_ATTR(saved_bytes, eis_saved_show, 0);
EIS_DOMAIN_ATTR(data_bytes_read, eis_counter_show, EIS_STAT_DATA_BYTES);
EIS_DOMAIN_ATTR(meta_bytes_read, eis_counter_show, EIS_STAT_META_BYTES);
EIS_DOMAIN_ATTR(read_errors, eis_counter_show, EIS_STAT_READ_ERRORS);
EIS_DOMAIN_ATTR(joined, eis_counter_show, EIS_STAT_JOINED);
EIS_DOMAIN_ATTR(refused_no_fingerprint, eis_counter_show, EIS_STAT_REFUSED_NONE);
EIS_DOMAIN_ATTR(refused_corrupt, eis_counter_show, EIS_STAT_REFUSED_CORRUPT);
EIS_DOMAIN_ATTR(refused_io_error, eis_counter_show, EIS_STAT_REFUSED_IO);
EIS_DOMAIN_ATTR(refused_no_memory, eis_counter_show, EIS_STAT_REFUSED_MEMORY);

static struct attribute *eis_domain_attrs[] = {
	&eis_attr_mounts.attr.attr,
	&eis_attr_nr_mounts.attr.attr,
	&eis_attr_shared_inodes.attr.attr,
	&eis_attr_member_inodes.attr.attr,
	&eis_attr_idle_inodes.attr.attr,
	&eis_attr_resident_bytes.attr.attr,
	&eis_attr_separate_bytes.attr.attr,
	&eis_attr_saved_bytes.attr.attr,
	&eis_attr_idle_bytes.attr.attr,
	&eis_attr_warm_inodes.attr.attr,
	&eis_attr_warm_bytes.attr.attr,
	&eis_attr_warm_seconds.attr.attr,
	&eis_attr_data_bytes_read.attr.attr,
	&eis_attr_meta_bytes_read.attr.attr,
	&eis_attr_read_errors.attr.attr,
	&eis_attr_joined.attr.attr,
	&eis_attr_refused_no_fingerprint.attr.attr,
	&eis_attr_refused_corrupt.attr.attr,
	&eis_attr_refused_io_error.attr.attr,
	&eis_attr_refused_no_memory.attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(eis_domain);

static void eis_domain_kobj_release(struct kobject *kobj)
{
	complete(&eis_domain_of(kobj)->kobj_gone);
}

static const struct kobj_type eis_domain_ktype = {
	.release	= eis_domain_kobj_release,
	.sysfs_ops	= &kobj_sysfs_ops,
	.default_groups	= eis_domain_groups,
};

/**
 * eis_domain_show - make a domain's directory
 * @domain: has its number
 *
 * Context: may sleep. Return: 0 or a negative errno.
 */
int eis_domain_show(struct eis_domain *domain)
{
	int err;

	init_completion(&domain->kobj_gone);
	err = kobject_init_and_add(&domain->kobj, &eis_domain_ktype, eis_domains_kobj, "%llu",
				   domain->number);
	if (err) {
		kobject_put(&domain->kobj);
		wait_for_completion(&domain->kobj_gone);
	}
	return err;
}

/**
 * eis_domain_hide - remove a domain's directory
 * @domain: was shown
 *
 * Waits for readers that are in the middle of a file; open files stay open and
 * read nothing any more. Context: may sleep, no lock of this room held.
 */
void eis_domain_hide(struct eis_domain *domain)
{
	kobject_del(&domain->kobj);
	kobject_put(&domain->kobj);
	wait_for_completion(&domain->kobj_gone);
}

/* ---- Files of all domains ---- */

static ssize_t read_ahead_kb_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lu\n", eis_shared_bdi()->ra_pages << (PAGE_SHIFT - 10));
}

static ssize_t read_ahead_kb_store(struct kobject *kobj, struct kobj_attribute *attr,
				   const char *buf, size_t count)
{
	unsigned int kb;
	int err = kstrtouint(buf, 10, &kb);

	if (err)
		return err;
	eis_shared_bdi()->ra_pages = kb >> (PAGE_SHIFT - 10);
	return count;
}

static struct kobj_attribute eis_attr_read_ahead_kb = {
	.attr	= { .name = "read_ahead_kb", .mode = 0644 },
	.show	= read_ahead_kb_show,
	.store	= read_ahead_kb_store,
};

static ssize_t warm_max_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(eis_warm_max_inodes));
}

/* A lower bound takes effect when a mount of the domain goes. */
static ssize_t warm_max_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			      size_t count)
{
	unsigned int max;
	int err = kstrtouint(buf, 10, &max);

	if (err)
		return err;
	WRITE_ONCE(eis_warm_max_inodes, max);
	return count;
}

static struct kobj_attribute eis_attr_warm_max = {
	.attr	= { .name = "warm_inodes_max", .mode = 0644 },
	.show	= warm_max_show,
	.store	= warm_max_store,
};

static struct attribute *eis_domains_attrs[] = {
	&eis_attr_read_ahead_kb.attr,
	&eis_attr_warm_max.attr,
	NULL,
};

static const struct attribute_group eis_domains_group = {
	.attrs = eis_domains_attrs,
};

/**
 * eis_share_sysfs_init - make the directory of domains
 * @parent: the module's directory
 *
 * Context: module init. Return: 0 or -ENOMEM.
 */
int eis_share_sysfs_init(struct kobject *parent)
{
	int err;

	eis_domains_kobj = kobject_create_and_add("domains", parent);
	if (!eis_domains_kobj)
		return -ENOMEM;
	err = sysfs_create_group(eis_domains_kobj, &eis_domains_group);
	if (err)
		kobject_put(eis_domains_kobj);
	return err;
}

/**
 * eis_share_sysfs_exit - remove it; no domain is shown any more
 */
void eis_share_sysfs_exit(void)
{
	kobject_del(eis_domains_kobj);
	kobject_put(eis_domains_kobj);
}
