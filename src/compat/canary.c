// SPDX-License-Identifier: GPL-2.0-only
/*
 * Canaries: every wrapper of this room, and the kernel functions whose arguments would
 * silently convert into each other, assigned to a pointer of the type we rely on. A changed
 * shape breaks the build here, where the name says what changed.
 *
 * Nothing here is ever called, and nothing of it is in the module: the compiler checks and
 * then drops it. What is a macro on some kernels is called instead of assigned.
 */
#include <linux/dax.h>
#include <linux/iomap.h>
#include <linux/mount.h>
#include <linux/percpu-refcount.h>
#include <linux/pseudo_fs.h>

#include "compat/compat.h"

#define CANARY(name, ret, ...) \
	static ret (* const canary_##name)(__VA_ARGS__) __maybe_unused = name

/* ---- Wrappers: the newest kernel's shape on every kernel ---- */

CANARY(eis_bdev_open, int, const char *, struct super_block *, void *, struct eis_bdev **);
CANARY(eis_bdev_get, struct block_device *, const struct eis_bdev *);
CANARY(eis_bdev_close, void, struct eis_bdev *);
CANARY(eis_bdev_mapping, struct address_space *, struct block_device *);
CANARY(eis_file_set_rasync, void, struct file *);
CANARY(eis_generic_fillattr, void, struct mnt_idmap *, u32, struct inode *, struct kstat *);
CANARY(eis_set_xattr_handlers, void, struct super_block *, const struct xattr_handler * const *);
CANARY(folio_end_read, void, struct folio *, bool);
CANARY(folio_fill_tail, void, struct folio *, size_t, const char *, size_t);
CANARY(memcpy_from_folio, void, char *, struct folio *, size_t, size_t);
CANARY(memcpy_to_folio, void, struct folio *, size_t, const char *, size_t);
CANARY(bvec_set_folio, void, struct bio_vec *, struct folio *, size_t, size_t);
CANARY(inode_set_atime, struct timespec64, struct inode *, time64_t, long);
CANARY(inode_set_mtime, struct timespec64, struct inode *, time64_t, long);
CANARY(inode_set_ctime, struct timespec64, struct inode *, time64_t, long);
CANARY(inode_just_drop, int, struct inode *);
CANARY(super_set_uuid, void, struct super_block *, const u8 *, unsigned int);
CANARY(get_tree_bdev_flags, int, struct fs_context *,
       int (*)(struct super_block *, struct fs_context *), unsigned int);
CANARY(filemap_splice_read, ssize_t, struct file *, loff_t *, struct pipe_inode_info *, size_t,
       unsigned int);

static int __maybe_unused canary_getattr(struct mnt_idmap *idmap, const struct path *path,
					 struct kstat *stat, u32 request_mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);

	eis_generic_fillattr(idmap, request_mask, inode, stat);
	return inode_state_read_once(inode) & I_NEW ? -EFSCORRUPTED : 0;
}

static struct posix_acl *canary_get_acl(struct inode *inode, int type, bool rcu)
{
	return ERR_PTR(-ECHILD);
}

static const struct inode_operations canary_inode_ops __maybe_unused = {
	.getattr		= canary_getattr,
	EIS_GET_INODE_ACL	= canary_get_acl,
};

static const struct file_operations canary_fops __maybe_unused = {
	.splice_read	= filemap_splice_read,
	.setlease	= generic_setlease,
	EIS_FOP_FLAGS(FOP_BUFFER_RASYNC)
};

static const struct xattr_handler * const canary_xattr_handlers[] __maybe_unused = {
	&nop_posix_acl_access,
	&nop_posix_acl_default,
	NULL,
};

static struct workqueue_struct __maybe_unused *canary_workqueue(void)
{
	return alloc_workqueue("canary", WQ_PERCPU | WQ_MEM_RECLAIM, 0);
}

static u32 __maybe_unused canary_unaligned(const void *p)
{
	return get_unaligned_le32(p);
}

/* ---- Kernel functions used as they are ---- */

CANARY(iomap_dio_rw, ssize_t, struct kiocb *, struct iov_iter *, const struct iomap_ops *,
       const struct iomap_dio_ops *, unsigned int, void *, size_t);
CANARY(iomap_fiemap, int, struct inode *, struct fiemap_extent_info *, u64, u64,
       const struct iomap_ops *);
CANARY(iomap_seek_hole, loff_t, struct inode *, loff_t, const struct iomap_ops *);
CANARY(iomap_seek_data, loff_t, struct inode *, loff_t, const struct iomap_ops *);
CANARY(iomap_bmap, sector_t, struct address_space *, sector_t, const struct iomap_ops *);
CANARY(bio_add_page, int, struct bio *, struct page *, unsigned int, unsigned int);
CANARY(submit_bio, void, struct bio *);
CANARY(page_cache_sync_readahead, void, struct address_space *, struct file_ra_state *,
       struct file *, pgoff_t, unsigned long);
CANARY(read_mapping_folio, struct folio *, struct address_space *, pgoff_t, struct file *);
CANARY(filemap_add_folio, int, struct address_space *, struct folio *, pgoff_t, gfp_t);
CANARY(iov_iter_bvec, void, struct iov_iter *, unsigned int, const struct bio_vec *, unsigned long,
       size_t);
CANARY(init_pseudo, struct pseudo_fs_context *, struct fs_context *, unsigned long);
CANARY(kern_mount, struct vfsmount *, struct file_system_type *);
CANARY(super_setup_bdi, int, struct super_block *);
CANARY(posix_acl_from_xattr, struct posix_acl *, struct user_namespace *, const void *, size_t);
CANARY(d_splice_alias, struct dentry *, struct inode *, struct dentry *);

/* The only DAX faults we ask for are of one page; the null pointer fits both of its types. */
static vm_fault_t __maybe_unused canary_dax_fault(struct vm_fault *vmf, const struct iomap_ops *ops)
{
#ifdef CONFIG_FS_DAX
	return dax_iomap_fault(vmf, 0, NULL, NULL, ops);
#else
	return VM_FAULT_SIGBUS;
#endif
}
