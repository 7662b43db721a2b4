// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module init and exit, in exact reverse of each other.
 *
 * Nothing but mounts pins the module; at exit there are none. The private
 * superblock of shared inodes goes first, then RCU-delayed frees, then caches.
 */
#include <linux/module.h>

#include "compat/compat.h"
#include "fill/fill.h"
#include "vfs/vfs.h"
#include "zip/cluster.h"

static struct file_system_type eis_fs_type = {
	.owner		 = THIS_MODULE,
	.name		 = "erofs-ishare",
	.init_fs_context = eis_init_fs_context,
	.parameters	 = eis_parameters,
	.kill_sb	 = eis_kill_sb,
	.fs_flags	 = FS_REQUIRES_DEV | FS_ALLOW_IDMAP,
};

static struct kobject *eis_sysfs_root;

static int __init eis_init(void)
{
	int err = eis_io_init();

	if (err)
		return err;
	err = eis_codec_init();
	if (err)
		goto exit_io;
	err = eis_cluster_init();
	if (err)
		goto exit_codecs;
	err = eis_inode_cache_init();
	if (err)
		goto exit_clusters;
	eis_sysfs_root = eis_sysfs_init();
	if (IS_ERR(eis_sysfs_root)) {
		err = PTR_ERR(eis_sysfs_root);
		goto exit_inodes;
	}
	err = eis_share_init(&eis_aops, eis_sysfs_root);
	if (err)
		goto exit_sysfs;
	err = register_filesystem(&eis_fs_type);
	if (err)
		goto exit_share;
	return 0;
exit_share:
	eis_share_exit();
exit_sysfs:
	eis_sysfs_exit(eis_sysfs_root);
exit_inodes:
	eis_inode_cache_exit();
exit_clusters:
	eis_cluster_exit();
exit_codecs:
	eis_codec_exit();
exit_io:
	eis_io_exit();
	return err;
}

static void __exit eis_exit(void)
{
	unregister_filesystem(&eis_fs_type);
	eis_share_exit();
	eis_sysfs_exit(eis_sysfs_root);
	eis_inode_cache_exit();
	eis_cluster_exit();
	eis_codec_exit();
	eis_io_exit();
}

module_init(eis_init);
module_exit(eis_exit);

MODULE_DESCRIPTION("EROFS with page cache shared between mounts");
MODULE_AUTHOR("The erofs-ishare authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(EIS_VERSION);
MODULE_ALIAS_FS("erofs-ishare");
