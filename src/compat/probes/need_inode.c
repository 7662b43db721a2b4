// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes, names and directories, used as src/vfs uses them; unchanged on all kernels.
 *
 * @need inodes and directories (iget5_locked, d_splice_alias, dir_emit)
 * @export iget5_locked unlock_new_inode iget_failed d_splice_alias inode_init_once clear_inode
 * @export truncate_inode_pages_final simple_symlink_inode_operations
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>

static int inode_test(struct inode *inode, void *data)
{
	return 0;
}

static struct dentry *inode_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = iget5_locked(dir->i_sb, 1, inode_test, inode_test, NULL);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	unlock_new_inode(inode);
	iget_failed(inode);
	return d_splice_alias(inode, dentry);
}

static int inode_iterate(struct file *file, struct dir_context *ctx)
{
	if (!dir_emit(ctx, "name", 4, (u64)1, DT_REG))
		return -EINVAL;
	return 0;
}

static void inode_evict(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	inode_init_once(inode);
}

static void inode_free_one(struct inode *inode)
{
}

static struct inode *inode_alloc_one(struct super_block *sb)
{
	return alloc_inode_sb(sb, NULL, GFP_KERNEL);
}

extern const struct super_operations inode_super_ops;
const struct super_operations inode_super_ops = {
	.alloc_inode	= inode_alloc_one,
	.free_inode	= inode_free_one,
	.evict_inode	= inode_evict,
};

extern const struct inode_operations inode_ops;
const struct inode_operations inode_ops = {
	.lookup		= inode_lookup,
};

extern const struct file_operations inode_dir_ops;
const struct file_operations inode_dir_ops = {
	.iterate_shared	= inode_iterate,
};
