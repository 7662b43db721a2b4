// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading an image file, used as src/io uses it; unchanged on all supported kernels.
 *
 * @need reading a file from the kernel (kiocb, iov_iter_bvec)
 * @export iov_iter_bvec filp_open fput
 */
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/uio.h>

static void kiocb_done(struct kiocb *iocb, long result)
{
}

ssize_t kiocb_probe(const char *path, struct bio_vec *bv, struct kiocb *iocb);

ssize_t kiocb_probe(const char *path, struct bio_vec *bv, struct kiocb *iocb)
{
	struct file *file = filp_open(path, O_RDONLY | O_LARGEFILE, 0);
	struct iov_iter iter;
	ssize_t ret;

	init_sync_kiocb(iocb, file);
	if (file->f_mode & FMODE_CAN_ODIRECT)
		iocb->ki_flags |= IOCB_DIRECT;
	iocb->ki_pos = 0;
	iocb->ki_complete = kiocb_done;
	iov_iter_bvec(&iter, ITER_DEST, bv, 1, bv->bv_len);
	ret = file->f_op->read_iter(iocb, &iter);
	fput(file);
	return ret == -EIOCBQUEUED ? 0 : ret;
}
