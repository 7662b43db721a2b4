// SPDX-License-Identifier: GPL-2.0-only
/*
 * File handles (name_to_handle_at, NFS): 64-bit nid and a generation of 0.
 *
 * Rules: a handle comes from outside: its length and type are checked, and a
 * nid that is no inode is ESTALE, without a line in the log.
 */
#include <linux/exportfs.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "vfs/vfs.h"

/* The kernel's numbers for "64-bit inode number, generation[, same of parent]". */
enum {
	EIS_FILEID		= 0x81,
	EIS_FILEID_PARENT	= 0x82,
};

/* Words per inode: nid (low, high), generation. */
#define EIS_FH_WORDS	3

static void eis_fh_put(u32 *fh, const struct inode *inode)
{
	u64 nid = eis_i(inode)->fmt.nid;

	fh[0] = lower_32_bits(nid);
	fh[1] = upper_32_bits(nid);
	fh[2] = inode->i_generation;
}

static int eis_encode_fh(struct inode *inode, u32 *fh, int *max_len, struct inode *parent)
{
	int len = parent ? 2 * EIS_FH_WORDS : EIS_FH_WORDS;

	if (*max_len < len) {
		*max_len = len;
		return FILEID_INVALID;
	}
	*max_len = len;
	eis_fh_put(fh, inode);
	if (parent)
		eis_fh_put(fh + EIS_FH_WORDS, parent);
	return parent ? EIS_FILEID_PARENT : EIS_FILEID;
}

static struct dentry *eis_fh_get(struct super_block *sb, const u32 *fh)
{
	struct inode *inode;

	inode = eis_iget(sb, fh[0] | (u64)fh[1] << 32, NULL);
	if (!IS_ERR(inode) && inode->i_generation != fh[2]) {
		iput(inode);
		return ERR_PTR(-ESTALE);
	}
	if (IS_ERR(inode) && PTR_ERR(inode) != -ENOMEM)
		return ERR_PTR(-ESTALE);
	return d_obtain_alias(inode);
}

static struct dentry *eis_fh_to_dentry(struct super_block *sb, struct fid *fid, int len, int type)
{
	if ((type != EIS_FILEID && type != EIS_FILEID_PARENT) || len < EIS_FH_WORDS)
		return NULL;
	return eis_fh_get(sb, fid->raw);
}

static struct dentry *eis_fh_to_parent(struct super_block *sb, struct fid *fid, int len, int type)
{
	if (type != EIS_FILEID_PARENT || len < 2 * EIS_FH_WORDS)
		return NULL;
	return eis_fh_get(sb, fid->raw + EIS_FH_WORDS);
}

static struct dentry *eis_get_parent(struct dentry *child)
{
	struct inode *dir = d_inode(child);
	struct eis_image *image = eis_i(dir)->image;
	struct erofs_diag diag = { };
	struct eis_source es;
	u64 nid;
	u8 type;
	int err;

	eis_source_init(&es, image, dir);
	err = erofs_dir_lookup(&es.src, &image->fmt, &eis_i(dir)->fmt, "..", 2, &nid, &type,
			       &diag);
	eis_source_exit(&es);
	if (err)
		return ERR_PTR(err);
	return d_obtain_alias(eis_iget(dir->i_sb, nid, "get_parent"));
}

const struct export_operations eis_export_ops = {
	.encode_fh	= eis_encode_fh,
	.fh_to_dentry	= eis_fh_to_dentry,
	.fh_to_parent	= eis_fh_to_parent,
	.get_parent	= eis_get_parent,
};
