// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories: lookup and readdir.
 *
 * Rules: blocks are lent by the content source (no copy for uncompressed
 * directories) and verified by src/format entry by entry. A readdir position is
 * a byte offset into the directory (FORMAT.md 5), so seekdir works across any
 * gap. Hostile directories end in EFSCORRUPTED; huge ones stay interruptible.
 * The inode is trusted for a file's type, never the directory entry.
 */
#include <linux/sched/signal.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "vfs/vfs.h"

static struct dentry *eis_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct eis_image *image = eis_i(dir)->image;
	struct erofs_diag diag = { };
	struct inode *inode = NULL;
	struct eis_source es;
	u64 nid;
	u8 type;
	int err;

	if (dentry->d_name.len > EROFS_NAME_LEN)
		return ERR_PTR(-ENAMETOOLONG);
	eis_source_init(&es, image, dir);
	err = erofs_dir_lookup(&es.src, &image->fmt, &eis_i(dir)->fmt, dentry->d_name.name,
			       dentry->d_name.len, &nid, &type, &diag);
	eis_source_exit(&es);
	if (!err) {
		inode = eis_iget(dir->i_sb, nid, "lookup");
	} else if (err != -ENOENT) {
		eis_report(image, "lookup", &diag, err);
		return ERR_PTR(err);
	}
	return d_splice_alias(inode, dentry);
}

static unsigned char eis_dtype(u8 type)
{
	static const unsigned char table[] = {
		[EROFS_FT_UNKNOWN] = DT_UNKNOWN,
		[EROFS_FT_REG]	= DT_REG,
		[EROFS_FT_DIR]	= DT_DIR,
		[EROFS_FT_CHR]	= DT_CHR,
		[EROFS_FT_BLK]	= DT_BLK,
		[EROFS_FT_FIFO]	= DT_FIFO,
		[EROFS_FT_SOCK]	= DT_SOCK,
		[EROFS_FT_LNK]	= DT_LNK,
	};

	return type < ARRAY_SIZE(table) ? table[type] : DT_UNKNOWN;
}

/* Emit what @db has from ctx->pos on. 1 = the caller's buffer is full. */
static int eis_emit_block(struct inode *dir, const struct erofs_dirblock *db,
			  struct dir_context *ctx, struct erofs_diag *diag)
{
	const struct erofs_super *fmt = &eis_i(dir)->image->fmt;
	const u32 size = sizeof(struct erofs_dirent_ondisk);
	u32 i = DIV_ROUND_UP((u32)(ctx->pos - db->pos), size);

	for (; i < db->count; i++) {
		struct erofs_dirent de;
		int err;

		/* First: an error is told by the next call, which must not emit what came before again. */
		ctx->pos = db->pos + i * size;
		err = erofs_dirblock_entry(db, i, &de, diag);
		if (err)
			return err;
		if (!dir_emit(ctx, de.name, de.namelen, erofs_ino(fmt, de.nid),
			      eis_dtype(de.type)))
			return 1;
	}
	return 0;
}

static int eis_read_block(struct eis_source *es, struct inode *dir, struct dir_context *ctx,
			  struct erofs_diag *diag)
{
	const u32 blksize = 1U << es->image->fmt.blkszbits;
	const struct erofs_inode *fmt = &eis_i(dir)->fmt;
	u64 start = round_down((u64)ctx->pos, blksize);
	u32 len = min_t(u64, blksize, fmt->size - start);
	struct erofs_dirblock db;
	struct erofs_span span;
	int err;

	err = es->src.get(&es->src, EROFS_CONTENT, start, len, &span);
	if (err) {
		erofs_fail(diag, EROFS_CHECK_SOURCE, fmt->nid, start, len);
		return err;
	}
	err = erofs_dirblock_open(&db, span.data, len, blksize, fmt->nid, start, diag);
	if (!err)
		err = eis_emit_block(dir, &db, ctx, diag);
	es->src.put(&es->src, &span);
	if (!err)
		ctx->pos = start + len;
	return err;
}

static int eis_readdir(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file_inode(file);
	const struct erofs_inode *fmt = &eis_i(dir)->fmt;
	struct eis_image *image = eis_i(dir)->image;
	struct erofs_diag diag = { };
	struct eis_source es;
	int err = 0;

	eis_source_init(&es, image, dir);
	while (!err && ctx->pos < fmt->size) {
		if (fatal_signal_pending(current))
			err = -EINTR;
		else
			err = eis_read_block(&es, dir, ctx, &diag);
		cond_resched();
	}
	eis_source_exit(&es);
	if (err < 0) {
		if (diag.check)
			eis_report(image, "readdir", &diag, err);
		return err;
	}
	/* An image may leave "." out; it then comes last. */
	if (!err && fmt->dot_omitted && ctx->pos == fmt->size) {
		if (dir_emit(ctx, ".", 1, dir->i_ino, DT_DIR))
			ctx->pos++;
	}
	return 0;
}

const struct inode_operations eis_dir_iops = {
	.lookup		= eis_lookup,
	.getattr	= eis_getattr,
	.listxattr	= eis_listxattr,
	EIS_GET_INODE_ACL = eis_get_acl,
};

const struct file_operations eis_dir_fops = {
	.llseek		= generic_file_llseek,
	.read		= generic_read_dir,
	.iterate_shared	= eis_readdir,
	.fsync		= noop_fsync,
	.unlocked_ioctl	= eis_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.setlease	= generic_setlease,
};
