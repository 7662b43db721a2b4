// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/fs/erofs-ishare: what the module can do (features), and every mount, by
 * its device number as in /proc/self/mountinfo. Domains are share/stats.c's.
 * What each file means is told in docs/STATISTICS.md.
 *
 * Rules:
 *  - A mount is shown when it is complete and hidden before anything of it is
 *    taken down. Hiding waits for readers that are in the middle of a file and
 *    runs under s_umount, so nothing here takes s_umount.
 *  - Files that tell what is shared or cached are for root only.
 */
#include <linux/backing-dev.h>
#include <linux/dcache.h>
#include <linux/kdev_t.h>
#include <linux/pagemap.h>
#include <linux/sysfs.h>

#include "compat/compat.h"
#include "vfs/vfs.h"
#include "zip/codec.h"

/**
 * struct eis_mount_attr - a file in a mount's directory
 * @attr: the file
 * @at:   the enum eis_stat it shows
 */
struct eis_mount_attr {
	struct kobj_attribute attr;
	enum eis_stat at;
};

/**
 * struct eis_codec_attr - a compression algorithm among the features
 * @attr: the file
 * @alg:  the algorithm
 */
struct eis_codec_attr {
	struct kobj_attribute attr;
	enum erofs_algorithm alg;
};

static struct eis_sb *eis_sb_of(struct kobject *kobj)
{
	return container_of(kobj, struct eis_sb, kobj);
}

/* ---- What the image and the mount are ---- */

static const struct {
	u32 compat;
	u32 incompat;
	const char *name;
} eis_image_features[] = {
	{ EROFS_COMPAT_SB_CHKSUM,	0, "checksum" },
	{ EROFS_COMPAT_XATTR_FILTER,	0, "xattr_filter" },
	{ EROFS_COMPAT_PLAIN_XATTR_PFX,	0, "plain_xattr_prefixes" },
	{ EROFS_COMPAT_ISHARE_XATTRS,	0, "fingerprints" },
	{ 0, EROFS_INCOMPAT_CHUNKED_FILE,	"chunks" },
	{ 0, EROFS_INCOMPAT_ZTAILPACKING,	"ztailpacking" },
	{ 0, EROFS_INCOMPAT_FRAGMENTS,		"fragments" },
	{ 0, EROFS_INCOMPAT_XATTR_PREFIXES,	"xattr_prefixes" },
	{ 0, EROFS_INCOMPAT_48BIT,		"48bit" },
	{ 0, EROFS_INCOMPAT_METABOX,		"metabox" },
};

static ssize_t eis_features_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct erofs_super *fmt = &eis_sb_of(kobj)->image.fmt;
	ssize_t len = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(eis_image_features); i++)
		if ((fmt->feature_compat & eis_image_features[i].compat) ||
		    (fmt->feature_incompat & eis_image_features[i].incompat))
			len += sysfs_emit_at(buf, len, "%s\n", eis_image_features[i].name);
	for (i = 0; i < EROFS_ALG_COUNT; i++)
		if (fmt->algorithms & (1U << i))
			len += sysfs_emit_at(buf, len, "%s\n", erofs_algorithm_name(i));
	if (fmt->extra_devices)
		len += sysfs_emit_at(buf, len, "devices\n");
	return len;
}

static ssize_t eis_uuid_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%pUb\n", eis_sb_of(kobj)->image.fmt.uuid);
}

static ssize_t eis_block_size_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", 1U << eis_sb_of(kobj)->image.fmt.blkszbits);
}

static ssize_t eis_domain_number_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct eis_domain *domain = eis_sb_of(kobj)->domain;

	return domain ? sysfs_emit(buf, "%llu\n", eis_domain_number(domain)) :
			sysfs_emit(buf, "none\n");
}

static ssize_t eis_stat_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const enum eis_stat at = container_of(attr, struct eis_mount_attr, attr)->at;

	return sysfs_emit(buf, "%llu\n", eis_stats_get(&eis_sb_of(kobj)->image.stats, at));
}

/* ---- Knobs ---- */

static ssize_t eis_read_ahead_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	const struct backing_dev_info *bdi = eis_sb_of(kobj)->image.sb->s_bdi;

	return sysfs_emit(buf, "%lu\n", bdi->ra_pages << (PAGE_SHIFT - 10));
}

static ssize_t eis_read_ahead_store(struct kobject *kobj, struct kobj_attribute *attr,
				    const char *buf, size_t count)
{
	unsigned int kb;
	int err = kstrtouint(buf, 10, &kb);

	if (err)
		return err;
	eis_sb_of(kobj)->image.sb->s_bdi->ra_pages = kb >> (PAGE_SHIFT - 10);
	return count;
}

/* What of a file's pages can go: clean, not mapped, not locked. Shared ones included. */
static void eis_drop_pages(struct inode *inode)
{
	struct address_space *mapping = READ_ONCE(inode->i_mapping);

	invalidate_mapping_pages(&inode->i_data, 0, -1);
	if (S_ISREG(inode->i_mode) && mapping != &inode->i_data)
		invalidate_mapping_pages(mapping, 0, -1);
}

/* Taking and dropping a reference is what makes an unused inode go. */
static void eis_drop_nothing(struct inode *inode)
{
}

/* Every inode of a superblock, with a reference; they may come and go meanwhile. */
static void eis_each_inode(struct super_block *sb, void (*fn)(struct inode *inode))
{
	struct inode *inode, *place = NULL;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		if (!igrab(inode))
			continue;
		spin_unlock(&sb->s_inode_list_lock);
		fn(inode);
		iput(place);
		place = inode;
		cond_resched();
		spin_lock(&sb->s_inode_list_lock);
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(place);
}

static void eis_drop_inodes(struct eis_sb *sbi)
{
	WRITE_ONCE(sbi->dropper, current);
	shrink_dcache_sb(sbi->image.sb);
	eis_each_inode(sbi->image.sb, eis_drop_nothing);
	WRITE_ONCE(sbi->dropper, NULL);
}

/* Bits as of /proc/sys/vm/drop_caches. */
#define EIS_DROP_PAGES	1U
#define EIS_DROP_INODES	2U

static ssize_t eis_drop_caches_store(struct kobject *kobj, struct kobj_attribute *attr,
				     const char *buf, size_t count)
{
	struct eis_sb *sbi = eis_sb_of(kobj);
	unsigned int what;
	int err = kstrtouint(buf, 10, &what);

	if (err)
		return err;
	if (!what || what & ~(EIS_DROP_PAGES | EIS_DROP_INODES))
		return -EINVAL;
	/* One at a time, or one ends what the other one has begun. */
	if (mutex_lock_interruptible(&sbi->drop_lock))
		return -EINTR;
	if (what & EIS_DROP_PAGES)
		eis_each_inode(sbi->image.sb, eis_drop_pages);
	if (what & EIS_DROP_INODES)
		eis_drop_inodes(sbi);
	mutex_unlock(&sbi->drop_lock);
	return count;
}

/* ---- A mount's directory ---- */

#define EIS_MOUNT_ATTR(_name, _mode, _show, _store, _at)			\
	static struct eis_mount_attr eis_attr_##_name = {			\
		.attr = {							\
			.attr	= { .name = #_name, .mode = _mode },		\
			.show	= _show,					\
			.store	= _store,					\
		},								\
		.at = _at,							\
	}
#define EIS_STAT_ATTR(_name, _at) EIS_MOUNT_ATTR(_name, 0400, eis_stat_show, NULL, _at)

EIS_MOUNT_ATTR(features, 0444, eis_features_show, NULL, 0);
EIS_MOUNT_ATTR(uuid, 0444, eis_uuid_show, NULL, 0);
EIS_MOUNT_ATTR(block_size, 0444, eis_block_size_show, NULL, 0);
EIS_MOUNT_ATTR(read_ahead_kb, 0644, eis_read_ahead_show, eis_read_ahead_store, 0);
EIS_MOUNT_ATTR(drop_caches, 0200, NULL, eis_drop_caches_store, 0);
EIS_MOUNT_ATTR(domain, 0400, eis_domain_number_show, NULL, 0);
EIS_STAT_ATTR(data_bytes_read, EIS_STAT_DATA_BYTES);
EIS_STAT_ATTR(meta_bytes_read, EIS_STAT_META_BYTES);
EIS_STAT_ATTR(read_errors, EIS_STAT_READ_ERRORS);
EIS_STAT_ATTR(joined, EIS_STAT_JOINED);
EIS_STAT_ATTR(refused_no_fingerprint, EIS_STAT_REFUSED_NONE);
EIS_STAT_ATTR(refused_corrupt, EIS_STAT_REFUSED_CORRUPT);
EIS_STAT_ATTR(refused_io_error, EIS_STAT_REFUSED_IO);
EIS_STAT_ATTR(refused_no_memory, EIS_STAT_REFUSED_MEMORY);

static struct attribute *eis_mount_attrs[] = {
	&eis_attr_features.attr.attr,
	&eis_attr_uuid.attr.attr,
	&eis_attr_block_size.attr.attr,
	&eis_attr_read_ahead_kb.attr.attr,
	&eis_attr_drop_caches.attr.attr,
	&eis_attr_domain.attr.attr,
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
ATTRIBUTE_GROUPS(eis_mount);

static void eis_mount_kobj_release(struct kobject *kobj)
{
	complete(&eis_sb_of(kobj)->kobj_gone);
}

static const struct kobj_type eis_mount_ktype = {
	.release	= eis_mount_kobj_release,
	.sysfs_ops	= &kobj_sysfs_ops,
	.default_groups	= eis_mount_groups,
};

static struct kobject *eis_root_kobj;
static struct kobject *eis_features_kobj;

/**
 * eis_sysfs_show - make a mount's directory
 * @sb: complete superblock
 *
 * Context: may sleep. Return: 0 or a negative errno.
 */
int eis_sysfs_show(struct super_block *sb)
{
	struct eis_sb *sbi = eis_sb(sb);
	int err;

	init_completion(&sbi->kobj_gone);
	err = kobject_init_and_add(&sbi->kobj, &eis_mount_ktype, eis_root_kobj, "%u:%u",
				   MAJOR(sb->s_dev), MINOR(sb->s_dev));
	if (err) {
		kobject_put(&sbi->kobj);
		wait_for_completion(&sbi->kobj_gone);
	}
	sbi->shown = !err;
	return err;
}

/**
 * eis_sysfs_hide - remove a mount's directory
 * @sbi: may never have been shown
 *
 * Waits for readers that are in the middle of a file; open files stay open and
 * give ENODEV. Context: may sleep.
 */
void eis_sysfs_hide(struct eis_sb *sbi)
{
	if (!sbi->shown)
		return;
	kobject_del(&sbi->kobj);
	kobject_put(&sbi->kobj);
	wait_for_completion(&sbi->kobj_gone);
	sbi->shown = false;
}

/* ---- What the module can do ---- */

static ssize_t eis_supported_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "supported\n");
}

#define EIS_FEATURE_ATTR(_name)							\
	static struct kobj_attribute eis_feature_##_name = {			\
		.attr	= { .name = #_name, .mode = 0444 },			\
		.show	= eis_supported_show,					\
	}

EIS_FEATURE_ATTR(sharing);
EIS_FEATURE_ATTR(warm);
EIS_FEATURE_ATTR(image_files);
EIS_FEATURE_ATTR(devices);
EIS_FEATURE_ATTR(chunks);
EIS_FEATURE_ATTR(48bit);
EIS_FEATURE_ATTR(metabox);
EIS_FEATURE_ATTR(xattr_prefixes);
EIS_FEATURE_ATTR(xattr_filter);
EIS_FEATURE_ATTR(fingerprints);

/* As erofs_algorithm_name() calls them; there if this kernel's codecs are. */
#define EIS_CODEC_ATTR(_name, _alg)						\
	static struct eis_codec_attr eis_feature_##_name = {			\
		.attr = {							\
			.attr	= { .name = #_name, .mode = 0444 },		\
			.show	= eis_supported_show,				\
		},								\
		.alg = _alg,							\
	}

EIS_CODEC_ATTR(lz4, EROFS_ALG_LZ4);
EIS_CODEC_ATTR(microlzma, EROFS_ALG_MICROLZMA);
EIS_CODEC_ATTR(deflate, EROFS_ALG_DEFLATE);
EIS_CODEC_ATTR(zstandard, EROFS_ALG_ZSTD);

static struct attribute *eis_codec_attrs[] = {
	&eis_feature_lz4.attr.attr,
	&eis_feature_microlzma.attr.attr,
	&eis_feature_deflate.attr.attr,
	&eis_feature_zstandard.attr.attr,
	NULL,
};

static umode_t eis_codec_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	const struct eis_codec_attr *codec = container_of(attr, struct eis_codec_attr, attr.attr);

	return eis_codec_supported(codec->alg) ? attr->mode : 0;
}

static const struct attribute_group eis_codecs_group = {
	.attrs		= eis_codec_attrs,
	.is_visible	= eis_codec_visible,
};

static struct attribute *eis_feature_attrs[] = {
	&eis_feature_sharing.attr,
	&eis_feature_warm.attr,
	&eis_feature_image_files.attr,
	&eis_feature_devices.attr,
	&eis_feature_chunks.attr,
	&eis_feature_48bit.attr,
	&eis_feature_metabox.attr,
	&eis_feature_xattr_prefixes.attr,
	&eis_feature_xattr_filter.attr,
	&eis_feature_fingerprints.attr,
	NULL,
};

static const struct attribute_group eis_features_group = {
	.attrs = eis_feature_attrs,
};

static const struct attribute_group *eis_features_groups[] = {
	&eis_features_group,
	&eis_codecs_group,
	NULL,
};

/**
 * eis_sysfs_init - make the module's directory
 *
 * Context: module init. Return: the directory, or ERR_PTR(-ENOMEM).
 */
struct kobject *eis_sysfs_init(void)
{
	eis_root_kobj = kobject_create_and_add("erofs-ishare", fs_kobj);
	if (!eis_root_kobj)
		return ERR_PTR(-ENOMEM);
	eis_features_kobj = kobject_create_and_add("features", eis_root_kobj);
	if (!eis_features_kobj)
		goto put_root;
	if (sysfs_create_groups(eis_features_kobj, eis_features_groups))
		goto put_features;
	return eis_root_kobj;
put_features:
	kobject_put(eis_features_kobj);
put_root:
	kobject_put(eis_root_kobj);
	return ERR_PTR(-ENOMEM);
}

/**
 * eis_sysfs_exit - remove it; nothing is in it any more but features
 * @root: what eis_sysfs_init() returned
 */
void eis_sysfs_exit(struct kobject *root)
{
	kobject_put(eis_features_kobj);
	kobject_put(root);
}
