/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of src/vfs share: the mount's private data, its options, and
 * the operation tables.
 *
 * Life cycle of struct eis_sb: made by get_tree, owned by the superblock from
 * sget on, freed at the end of kill_sb. Everything in it but @opts (remount) is
 * constant once fill_super succeeded.
 */
#ifndef EIS_VFS_H
#define EIS_VFS_H

#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/xattr.h>

#include "fill/image.h"

struct eis_sidecar;

/**
 * struct eis_options - options that stay with the mount
 * @user_xattr: user.* attributes are visible
 * @acl:        POSIX ACLs are honoured
 * @directio:   image files: read data with direct I/O
 * @share:      files join their domain at first open
 * @cache:      cache_strategy=
 * @fsoffset:   byte position of the image on the primary storage
 * @warm:       seconds that the domain keeps pages of files nobody has any more
 */
struct eis_options {
	bool user_xattr;
	bool acl;
	bool directio;
	bool share;
	enum eis_cache_strategy cache;
	u64 fsoffset;
	unsigned int warm;
};

/**
 * struct eis_device_arg - one device= option
 * @tag:  slot it belongs to by tag, or NULL: by position
 * @path: path, or NULL when given as a file descriptor
 * @file: opened by the user, or NULL
 */
struct eis_device_arg {
	struct list_head link;
	char *tag;
	char *path;
	struct file *file;
};

/* A device table has no more slots. */
#define EIS_DEVICES_MAX	65535U

/**
 * struct eis_context - a mount or remount in the making (fc->fs_private)
 * @opts:     options so far
 * @domain:   domain_id=, a credential; NULL = not given
 * @share_on/@share_off: inode_share / noinode_share given
 * @dax:      dax=always given
 * @source:   source= given as a file descriptor, or NULL
 * @sidecar:  sidecar=, a path or the name of @sidecar_file; NULL = not given
 * @sidecar_file: given as a file descriptor, or NULL
 * @devices:  struct eis_device_arg in the order given
 * @nr_devices: how many
 */
struct eis_context {
	struct eis_options opts;
	char *domain;
	bool share_on;
	bool share_off;
	bool dax;
	struct file *source;
	char *sidecar;
	struct file *sidecar_file;
	struct list_head devices;
	unsigned int nr_devices;
};

/**
 * struct eis_sb - a mount (sb->s_fs_info)
 * @image:  the image
 * @opts:   options in force
 * @domain: trust domain, NULL = none
 * @in_domain: the mount's place in it
 * @kobj:   its directory in sysfs
 * @kobj_gone: nobody uses @kobj any more
 * @shown:  @kobj is in sysfs
 * @drop_lock: serializes writers of drop_caches; a disk that hangs holds up its own mount's only
 * @dropper: task that is asked to keep no unused inode, NULL = none
 * @file:   image file behind the primary storage, NULL on a block device
 * @sidecar: digests for files that have none in the image, NULL = none
 */
struct eis_sb {
	struct eis_image image;
	struct eis_options opts;
	struct eis_domain *domain;
	struct eis_domain_mount in_domain;
	struct kobject kobj;
	struct completion kobj_gone;
	bool shown;
	struct mutex drop_lock;
	struct task_struct *dropper;
	struct file *file;
	struct eis_sidecar *sidecar;
};

static inline struct eis_sb *eis_sb(const struct super_block *sb)
{
	return sb->s_fs_info;
}

/* options.c */
int eis_init_fs_context(struct fs_context *fc);
int eis_options_check(struct fs_context *fc);
void eis_device_arg_free(struct eis_device_arg *arg);
int eis_show_options(struct seq_file *seq, struct dentry *root);
extern const struct fs_parameter_spec eis_parameters[];

/* source.c */
int eis_get_tree(struct fs_context *fc);
int eis_open_devices(struct fs_context *fc, struct super_block *sb);
struct file *eis_open_file(const struct path *path, const struct file *given);
const char *eis_file_unfit(const struct fs_context *fc, const struct inode *inode);
char *eis_file_name(struct file *file);

/* super.c */
int eis_fill_super(struct super_block *sb, struct fs_context *fc);
void eis_kill_sb(struct super_block *sb);
void eis_sb_free(struct eis_sb *sbi);
int eis_inode_cache_init(void);
void eis_inode_cache_exit(void);

/* sidecar.c */
int eis_sidecar_open(struct fs_context *fc, struct super_block *sb);
void eis_sidecar_drop(struct eis_sidecar *sc);
void eis_sidecar_free(struct eis_sidecar *sc);
const char *eis_sidecar_name(const struct eis_sidecar *sc);
const struct eis_storage *eis_sidecar_storage(const struct eis_sidecar *sc);
bool eis_sidecar_is(const struct eis_sidecar *sc, const char *name);
int eis_sidecar_fingerprint(struct eis_sidecar *sc, struct inode *inode, void *buf, size_t size);

/* inode.c */
struct inode *eis_iget(struct super_block *sb, u64 nid, const char *what);
int eis_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		u32 request_mask, unsigned int query_flags);

/* operation tables */
extern const struct inode_operations eis_dir_iops;
extern const struct inode_operations eis_file_iops;
extern const struct inode_operations eis_symlink_iops;
extern const struct inode_operations eis_special_iops;
extern const struct file_operations eis_dir_fops;
extern const struct file_operations eis_file_fops;
extern const struct export_operations eis_export_ops;
extern const struct xattr_handler * const eis_xattr_handlers[];

/* file.c */
long eis_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* xattr.c */
ssize_t eis_listxattr(struct dentry *dentry, char *buf, size_t size);
struct posix_acl *eis_get_acl(struct inode *inode, int type, bool rcu);

/* sysfs.c */
struct kobject *eis_sysfs_init(void);
void eis_sysfs_exit(struct kobject *root);
int eis_sysfs_show(struct super_block *sb);
void eis_sysfs_hide(struct eis_sb *sbi);

/* log.c */
__printf(3, 4) int eis_mount_error(struct fs_context *fc, int err, const char *fmt, ...);
__printf(2, 3) void eis_mount_info(struct fs_context *fc, const char *fmt, ...);
const char *eis_source_name(const struct fs_context *fc);

#endif /* EIS_VFS_H */
