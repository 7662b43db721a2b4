// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounting, used as src/vfs uses it; unchanged on all supported kernels.
 *
 * @need the mount API (fs_context, get_tree_bdev, get_tree_nodev)
 * @export get_tree_bdev get_tree_nodev super_setup_bdi kill_anon_super kill_block_super
 * @export sb_set_blocksize d_make_root logfc __fs_parse register_filesystem
 */
#include <linux/backing-dev.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/statfs.h>

static const struct fs_parameter_spec mount_spec[] = {
	fsparam_flag("a", 1),
	fsparam_flag_no("b", 2),
	fsparam_string("c", 3),
	fsparam_u64("d", 4),
	{}
};

static int mount_fill_super(struct super_block *sb, struct fs_context *fc)
{
	sb->s_flags |= SB_RDONLY;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_fs_info = fc->s_fs_info;
	sb->s_time_gran = 1;
	if (!sb_set_blocksize(sb, 512) || super_setup_bdi(sb))
		return -EINVAL;
	sb->s_root = d_make_root(NULL);
	errorf(fc, "text");
	return 0;
}

static int mount_get_tree(struct fs_context *fc)
{
	int err = get_tree_bdev(fc, mount_fill_super);

	return err == -ENOTBLK ? get_tree_nodev(fc, mount_fill_super) : err;
}

static int mount_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct fs_parse_result result;

	return fs_parse(fc, mount_spec, param, &result);
}

static const struct fs_context_operations mount_context_ops = {
	.parse_param	= mount_parse_param,
	.get_tree	= mount_get_tree,
	.reconfigure	= mount_get_tree,
};

static int mount_init_fs_context(struct fs_context *fc)
{
	fc->ops = &mount_context_ops;
	return 0;
}

static void mount_kill_sb(struct super_block *sb)
{
	if (sb->s_bdev)
		kill_block_super(sb);
	else
		kill_anon_super(sb);
}

extern struct file_system_type mount_type;
struct file_system_type mount_type = {
	.owner			= THIS_MODULE,
	.name			= "probe",
	.init_fs_context	= mount_init_fs_context,
	.parameters		= mount_spec,
	.kill_sb		= mount_kill_sb,
	.fs_flags		= FS_REQUIRES_DEV | FS_ALLOW_IDMAP,
};

static void mount_super_void(struct super_block *sb)
{
}

static int mount_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	return 0;
}

static int mount_show_options(struct seq_file *seq, struct dentry *root)
{
	return 0;
}

extern const struct super_operations mount_super_ops;
const struct super_operations mount_super_ops = {
	.put_super	= mount_super_void,
	.statfs		= mount_statfs,
	.show_options	= mount_show_options,
};

int mount_probe(void);

int mount_probe(void)
{
	return register_filesystem(&mount_type);
}
