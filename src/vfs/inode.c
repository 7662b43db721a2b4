// SPDX-License-Identifier: GPL-2.0-only
/*
 * From nid to VFS inode, and attributes.
 *
 * Rules: the nid is the identity (inode hash and test); i_ino is what
 * FORMAT.md 3.8 derives from it. Nothing but the inode's own bytes is read
 * here: no xattr, no fingerprint, no data. That is what keeps a walk as cheap
 * with sharing on as without it.
 */
#include <linux/hash.h>
#include <linux/kdev_t.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "fill/fill.h"
#include "vfs/vfs.h"

static int eis_iget_test(struct inode *inode, void *data)
{
	return eis_i(inode)->fmt.nid == *(u64 *)data;
}

static int eis_iget_set(struct inode *inode, void *data)
{
	eis_i(inode)->fmt.nid = *(u64 *)data;
	return 0;
}

static void eis_init_inode(struct inode *inode)
{
	struct eis_inode *ei = eis_i(inode);
	const struct erofs_inode *fmt = &ei->fmt;

	inode->i_ino = erofs_ino(&ei->image->fmt, fmt->nid);
	inode->i_mode = fmt->mode;
	inode->i_size = fmt->size;
	inode->i_blocks = erofs_st_blocks(&ei->image->fmt, fmt);
	i_uid_write(inode, fmt->uid);
	i_gid_write(inode, fmt->gid);
	set_nlink(inode, fmt->nlink);
	inode_set_mtime(inode, fmt->mtime, fmt->mtime_nsec);
	inode_set_atime(inode, fmt->mtime, fmt->mtime_nsec);
	inode_set_ctime(inode, fmt->mtime, fmt->mtime_nsec);
	ei->member.inode = inode;
	ei->member.inflight = &ei->image->inflight;
	if (!fmt->xattr_size)
		cache_no_acl(inode);

	if (erofs_inode_compressed(fmt) && !S_ISREG(inode->i_mode)) {
		/* Decoded directories and symlink targets are cached like a file's data. */
		inode->i_mapping->a_ops = &eis_aops;
		mapping_set_gfp_mask(inode->i_mapping, GFP_NOFS | __GFP_HIGHMEM | __GFP_MOVABLE);
	}
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &eis_file_iops;
		inode->i_fop = &eis_file_fops;
		inode->i_mapping->a_ops = &eis_aops;
		/* One bad cluster of these would take its neighbours along in a large folio. */
		if (fmt->nid != ei->image->fmt.packed_nid && fmt->nid != ei->image->fmt.metabox_nid)
			mapping_set_large_folios(inode->i_mapping);
		break;
	case S_IFDIR:
		inode->i_op = &eis_dir_iops;
		inode->i_fop = &eis_dir_fops;
		break;
	case S_IFLNK:
		inode->i_op = &eis_symlink_iops;
		break;
	default:
		inode->i_op = &eis_special_iops;
		init_special_inode(inode, inode->i_mode,
				   MKDEV(fmt->rdev_major, fmt->rdev_minor));
		break;
	}
}

/**
 * eis_iget - the VFS inode of a nid
 * @sb: superblock
 * @nid: node id
 * @what: for the log if it cannot be read, e.g. "lookup"; NULL = stay silent
 *
 * Context: may sleep. Return: the inode with a reference, or ERR_PTR:
 * -EFSCORRUPTED, -EOPNOTSUPP, -EIO, -ENOMEM.
 */
struct inode *eis_iget(struct super_block *sb, u64 nid, const char *what)
{
	struct eis_image *image = &eis_sb(sb)->image;
	struct erofs_diag diag = { };
	struct erofs_inode fmt;
	struct eis_source es;
	struct inode *inode;
	int err;

	inode = iget5_locked(sb, hash_64(nid, 32), eis_iget_test, eis_iget_set, &nid);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(inode_state_read_once(inode) & I_NEW))
		return inode;

	eis_source_init(&es, image, NULL);
	err = erofs_inode_read(&es.src, &image->fmt, nid, &fmt, &diag);
	eis_source_exit(&es);
	if (err) {
		if (what)
			eis_report(image, what, &diag, err);
		iget_failed(inode);
		return ERR_PTR(err);
	}
	/* Not decoded in place: others compare our nid while we are new. */
	eis_i(inode)->fmt = fmt;
	eis_init_inode(inode);
	unlock_new_inode(inode);
	return inode;
}

/* Alignment for direct I/O: of the strictest storage the file may lie on. */
static void eis_dio_align(const struct inode *inode, struct kstat *stat)
{
	const struct eis_image *image = eis_i(inode)->image;
	u32 mem = 0, offset = 1U << image->fmt.blkszbits;
	unsigned int i;

	for (i = 0; i < image->nr_storage; i++) {
		mem = max(mem, image->storage[i]->dio_mem_align);
		offset = max(offset, image->storage[i]->dio_offset_align);
	}
	stat->result_mask |= STATX_DIOALIGN;
	/* 0: O_DIRECT goes through the page cache. */
	if (erofs_inode_compressed(&eis_i(inode)->fmt))
		return;
	stat->dio_mem_align = max_t(u32, mem, 1);
	stat->dio_offset_align = offset;
}

/**
 * eis_getattr - stat and statx
 * @idmap: of the mount
 * @path: what was named
 * @stat: result
 * @request_mask: STATX_* bits the caller wants
 * @query_flags: AT_STATX_*; nothing to synchronise here
 */
int eis_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
		u32 request_mask, unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);

	eis_generic_fillattr(idmap, request_mask, inode, stat);
	stat->attributes |= STATX_ATTR_IMMUTABLE;
	stat->attributes_mask |= STATX_ATTR_IMMUTABLE | STATX_ATTR_COMPRESSED;
	if (erofs_inode_compressed(&eis_i(inode)->fmt))
		stat->attributes |= STATX_ATTR_COMPRESSED;
	if ((request_mask & STATX_DIOALIGN) && S_ISREG(inode->i_mode))
		eis_dio_align(inode, stat);
	return 0;
}

const struct inode_operations eis_file_iops = {
	.getattr	= eis_getattr,
	.listxattr	= eis_listxattr,
	EIS_GET_INODE_ACL = eis_get_acl,
	.fiemap		= eis_fiemap,
};

const struct inode_operations eis_special_iops = {
	.getattr	= eis_getattr,
	.listxattr	= eis_listxattr,
	EIS_GET_INODE_ACL = eis_get_acl,
};
