// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: sysfs below /sys/fs, counters per CPU, walking and dropping a
 * superblock's inodes; unchanged on all supported kernels.
 *
 * @need sysfs, per-CPU counters and dropping caches (kobject_init_and_add, percpu_counter, s_inodes)
 * @export fs_kobj kobj_sysfs_ops kobject_init_and_add kobject_create_and_add kobject_del kobject_put
 * @export sysfs_create_group sysfs_create_groups sysfs_emit sysfs_emit_at percpu_counter_add_batch __percpu_counter_sum
 * @export shrink_dcache_sb invalidate_mapping_pages
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/pagemap.h>
#include <linux/percpu_counter.h>
#include <linux/sysfs.h>

static ssize_t sysfs_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "\n");
}

static struct kobj_attribute sysfs_attr = {
	.attr	= { .name = "probe", .mode = 0400 },
	.show	= sysfs_show,
};

static struct attribute *sysfs_probe_attrs[] = {
	&sysfs_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(sysfs_probe);

static const struct kobj_type sysfs_ktype = {
	.sysfs_ops	= &kobj_sysfs_ops,
	.default_groups	= sysfs_probe_groups,
};

s64 sysfs_probe(struct kobject *kobj, struct super_block *sb, struct percpu_counter *counter);

s64 sysfs_probe(struct kobject *kobj, struct super_block *sb, struct percpu_counter *counter)
{
	struct inode *inode;

	if (kobject_init_and_add(kobj, &sysfs_ktype, fs_kobj, "%u", 1))
		return 0;
	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		invalidate_mapping_pages(&inode->i_data, 0, -1);
	spin_unlock(&sb->s_inode_list_lock);
	shrink_dcache_sb(sb);
	percpu_counter_add_batch(counter, 1, 1 << 30);
	return percpu_counter_init(counter, 0, GFP_KERNEL) + percpu_counter_sum(counter);
}
