// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regular files: open (where sharing is decided), read, mmap, seek, ioctl.
 *
 * Sharing at open:
 *  - Before its first open an inode is ordinary: nobody has used its page
 *    cache (no page and no VMA exists without an open), so its i_mapping can
 *    still be pointed elsewhere.
 *  - The first open decides, once, under i_rwsem: the inode joins the shared
 *    inode of its fingerprint, or is EIS_I_PRIVATE for the rest of its life.
 *    Nothing on that way makes the open fail.
 *  - The VFS copied i_mapping into file->f_mapping before ->open, so every
 *    open sets it again, and resamples the write-back error that goes with it.
 *    (Its read-ahead state is initialised after ->open, from f_mapping.)
 */
#include <linux/compat.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "fill/fill.h"
#include "trace/erofs_ishare.h"
#include "vfs/vfs.h"

/* Fingerprints in use are 39 bytes; longer ones, up to a block, are allocated. */
#define EIS_FP_ON_STACK	64

static int eis_join_with(struct inode *inode, const u8 *fp, int len)
{
	struct eis_share_key key = {
		.size	= i_size_read(inode),
		.fp	= fp,
		.fp_len	= len,
	};

	return eis_share_join(eis_sb(inode->i_sb)->domain, &key, &eis_i(inode)->member);
}

static void eis_joined(struct inode *inode)
{
	struct eis_image *image = eis_i(inode)->image;

	eis_stats_add(&image->stats, EIS_STAT_JOINED, 1);
	trace_eis_join(inode->i_sb->s_dev, eis_i(inode)->fmt.nid, i_size_read(inode),
		       (u64)inode->i_mapping->nrpages << PAGE_SHIFT);
}

/* What a failure to join is called in the statistics and in traces. */
static enum eis_refusal eis_refusal_of(int err, const struct erofs_diag *diag)
{
	if (err == -ENODATA)
		return EIS_REFUSED_NONE;
	if (err == -ENOMEM)
		return EIS_REFUSED_MEMORY;
	if (err == -EIO || err == -EINTR || diag->check == EROFS_CHECK_SOURCE)
		return EIS_REFUSED_IO;
	return EIS_REFUSED_CORRUPT;
}

static void eis_refused(struct inode *inode, int err, const struct erofs_diag *diag)
{
	static const enum eis_stat stat_of[] = {
		[EIS_REFUSED_NONE]	= EIS_STAT_REFUSED_NONE,
		[EIS_REFUSED_CORRUPT]	= EIS_STAT_REFUSED_CORRUPT,
		[EIS_REFUSED_IO]	= EIS_STAT_REFUSED_IO,
		[EIS_REFUSED_MEMORY]	= EIS_STAT_REFUSED_MEMORY,
	};
	const enum eis_refusal why = eis_refusal_of(err, diag);
	struct eis_image *image = eis_i(inode)->image;

	eis_stats_add(&image->stats, stat_of[why], 1);
	trace_eis_refusal(inode->i_sb->s_dev, eis_i(inode)->fmt.nid, why, err);
	if (diag->check)
		eis_report(image, "fingerprint (the file stays private)", diag, err);
}

static int eis_try_join(struct inode *inode)
{
	struct eis_inode *ei = eis_i(inode);
	const struct eis_image *image = ei->image;
	const size_t max = 1U << image->fmt.blkszbits;
	u8 on_stack[EIS_FP_ON_STACK], *fp = on_stack;
	struct erofs_diag diag = { };
	struct eis_source es;
	int ret;

	eis_source_init(&es, ei->image, NULL);
	ret = erofs_fingerprint_get(&es.src, &image->fmt, image->prefixes, &ei->fmt, fp,
				    sizeof(on_stack), &diag);
	if (ret == -ERANGE) {
		fp = kmalloc(max, GFP_KERNEL);
		ret = fp ? erofs_fingerprint_get(&es.src, &image->fmt, image->prefixes, &ei->fmt,
						 fp, max, &diag) : -ENOMEM;
	}
	eis_source_exit(&es);
	if (ret == -ENODATA && eis_sb(inode->i_sb)->sidecar)
		ret = eis_sidecar_fingerprint(eis_sb(inode->i_sb)->sidecar, inode, fp,
					      sizeof(on_stack));
	if (ret > 0)
		ret = eis_join_with(inode, fp, ret);
	if (!ret)
		eis_joined(inode);
	else if (ret != -EINTR)
		eis_refused(inode, ret, &diag);
	if (fp != on_stack)
		kfree(fp);
	return ret;
}

/*
 * First open: decide where this inode's pages live. A lack of memory decides
 * too: this open is going to use the inode's own page cache. Being killed does
 * not: the next one decides. Return: 0 or -EINTR.
 */
static int eis_decide(struct inode *inode)
{
	struct eis_inode *ei = eis_i(inode);
	int err = 0;

	/* Whoever has it may be waiting for a slow disk. */
	if (down_write_killable(&inode->i_rwsem))
		return -EINTR;
	if (!ei->member.shared && !test_bit(EIS_I_PRIVATE, &ei->flags)) {
		err = eis_try_join(inode);
		if (err && err != -EINTR)
			set_bit(EIS_I_PRIVATE, &ei->flags);
	}
	inode_unlock(inode);
	return err == -EINTR ? err : 0;
}

static int eis_file_open(struct inode *inode, struct file *file)
{
	struct eis_inode *ei = eis_i(inode);
	int err = generic_file_open(inode, file);

	if (err)
		return err;
	file->f_mode |= FMODE_NOWAIT;
	eis_file_set_rasync(file);
	if (!eis_sb(inode->i_sb)->domain || test_bit(EIS_I_PRIVATE, &ei->flags))
		return 0;
	/* Pairs with the release in eis_share_join(). */
	if (smp_load_acquire(&inode->i_mapping) == &inode->i_data)
		err = eis_decide(inode);
	if (err)
		return err;
	if (file->f_mapping != inode->i_mapping) {
		file->f_mapping = inode->i_mapping;
		file->f_wb_err = filemap_sample_wb_err(file->f_mapping);
	}
	return 0;
}

static ssize_t eis_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	if (iocb->ki_flags & IOCB_DIRECT) {
		/* Finding the extents may have to read metadata. */
		if (iocb->ki_flags & IOCB_NOWAIT)
			return -EAGAIN;
		if (eis_direct_possible(file_inode(iocb->ki_filp)))
			return eis_direct_read(iocb, to);
		/* Nothing on disk is what the file holds: read through the cache. */
		iocb->ki_flags &= ~IOCB_DIRECT;
	}
	return generic_file_read_iter(iocb, to);
}

static loff_t eis_file_llseek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file_inode(file);

	switch (whence) {
	case SEEK_HOLE:
		offset = iomap_seek_hole(inode, offset, &eis_iomap_ops);
		break;
	case SEEK_DATA:
		offset = iomap_seek_data(inode, offset, &eis_iomap_ops);
		break;
	default:
		return generic_file_llseek(file, offset, whence);
	}
	return offset < 0 ? offset : vfs_setpos(file, offset, inode->i_sb->s_maxbytes);
}

static int eis_get_label(const struct super_block *sb, char __user *to)
{
	char label[FSLABEL_MAX] = { };

	BUILD_BUG_ON(sizeof(eis_sb(sb)->image.fmt.volume_name) > sizeof(label));
	strscpy(label, eis_sb(sb)->image.fmt.volume_name, sizeof(label));
	return copy_to_user(to, label, sizeof(label)) ? -EFAULT : 0;
}

/**
 * eis_ioctl - FS_IOC_GETFSLABEL, on files and directories
 * @file: open file or directory
 * @cmd: ioctl number
 * @arg: its argument
 */
long eis_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case FS_IOC_GETFSLABEL:
		return eis_get_label(file_inode(file)->i_sb, (char __user *)arg);
	default:
		return -ENOTTY;
	}
}

const struct file_operations eis_file_fops = {
	.open		= eis_file_open,
	.llseek		= eis_file_llseek,
	.read_iter	= eis_file_read_iter,
	.splice_read	= filemap_splice_read,
	.mmap		= generic_file_readonly_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.fsync		= noop_fsync,
	.unlocked_ioctl	= eis_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.setlease	= generic_setlease,
	EIS_FOP_FLAGS(FOP_BUFFER_RASYNC)
};
