// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous reads from a storage into folio segments.
 *
 * Rules:
 *  - One struct eis_read, one contiguous byte range, one completion. A read is
 *    allocated, filled by eis_read_add() and submitted before the caller
 *    allocates the next one: so the bioset's reserve guarantees progress.
 *  - A read holds the superblock's eis_inflight from allocation to the end of
 *    its completion.
 *  - Image files: direct I/O is asynchronous where the filesystem below makes
 *    it so; buffered reads run in the submitter. What a direct read leaves
 *    undone (refused alignment, short transfer) is finished by a buffered read
 *    in process context, so callers see either all bytes or an error.
 */
#include <linux/uio.h>
#include <linux/ratelimit.h>

#include "compat/compat.h"
#include "io/storage.h"

static struct bio_set eis_bioset;
static struct workqueue_struct *eis_io_wq;

static struct eis_read *eis_read_of(struct bio *bio)
{
	return container_of(bio, struct eis_read, bio);
}

/**
 * eis_read_alloc - start a read
 * @st:      storage
 * @pos:     image byte position, multiple of 512
 * @nr_segs: most segments the caller may add; capped to what one bio holds
 * @opf:     REQ_OP_READ and hints
 * @done:    completion, @private its argument
 * @private: @done's argument
 *
 * The caller keeps the superblock alive during this call (an open file or an
 * inflight reference). Context: may sleep, never fails.
 */
struct eis_read *eis_read_alloc(struct eis_storage *st, u64 pos, unsigned int nr_segs,
				blk_opf_t opf, eis_read_done_t done, void *private)
{
	struct bio *bio = bio_alloc_bioset(st->bdev, bio_max_segs(nr_segs), opf, GFP_NOFS,
					   &eis_bioset);
	struct eis_read *rd = eis_read_of(bio);

	eis_inflight_get(st->inflight);
	rd->storage = st;
	rd->pos = pos;
	rd->len = 0;
	rd->done = done;
	rd->private = private;
	return rd;
}

/**
 * eis_read_add - append a folio segment
 * @rd: the read
 * @folio: locked folio
 * @off: byte offset in @folio
 * @len: bytes, multiple of 512
 *
 * Return: false when the read is full: submit it and start another one.
 */
bool eis_read_add(struct eis_read *rd, struct folio *folio, size_t off, size_t len)
{
	struct page *page = folio_page(folio, off >> PAGE_SHIFT);

	if (bio_add_page(&rd->bio, page, len, offset_in_page(off)) != len)
		return false;
	rd->len += len;
	return true;
}

static void eis_read_complete(struct eis_read *rd, int err)
{
	struct eis_inflight *inflight = rd->storage->inflight;

	rd->done(rd, err);
	bio_put(&rd->bio);
	eis_inflight_put(inflight);
}

static void eis_read_end_bio(struct bio *bio)
{
	eis_read_complete(eis_read_of(bio), blk_status_to_errno(bio->bi_status));
}

/* ---- Image files ---- */

/* All segments from byte @skip on. */
static void eis_read_iov(struct eis_read *rd, struct iov_iter *iter, size_t skip)
{
	iov_iter_bvec(iter, ITER_DEST, rd->bio.bi_io_vec, rd->bio.bi_vcnt, rd->len);
	iov_iter_advance(iter, skip);
}

static void eis_read_iocb(struct eis_read *rd, size_t skip)
{
	struct eis_storage *st = rd->storage;

	init_sync_kiocb(&rd->iocb, st->file);
	rd->iocb.ki_pos = st->start + rd->pos + skip;
	rd->iocb.ki_flags &= ~IOCB_DIRECT;
}

/* Bytes that must arrive: what lies beyond the container's end reads as zeros. */
static size_t eis_read_wanted(const struct eis_read *rd)
{
	return min_t(u64, rd->len, rd->storage->size - rd->pos);
}

/* Complete a read of which the first rd->result bytes are there. */
static void eis_read_file_done(struct eis_read *rd)
{
	if (rd->result < rd->len) {
		struct iov_iter iter;

		eis_read_iov(rd, &iter, rd->result);
		iov_iter_zero(rd->len - rd->result, &iter);
	}
	eis_read_complete(rd, 0);
}

/* Finish with buffered reads what a direct read left. Process context. */
static void eis_read_file_rest(struct eis_read *rd)
{
	const size_t wanted = eis_read_wanted(rd);
	struct eis_storage *st = rd->storage;

	if (rd->result < 0) {
		if (xchg(&st->direct, false))
			pr_info("erofs-ishare: %s: direct I/O refused (%zd), using buffered reads; the image's data is now cached twice\n",
				st->name, rd->result);
		rd->result = 0;
	}
	while (rd->result < wanted) {
		struct iov_iter iter;
		ssize_t ret;

		eis_read_iov(rd, &iter, rd->result);
		eis_read_iocb(rd, rd->result);
		ret = st->file->f_op->read_iter(&rd->iocb, &iter);
		if (ret <= 0) {
			eis_read_complete(rd, ret ? ret : -EIO);
			return;
		}
		rd->result += ret;
	}
	eis_read_file_done(rd);
}

static void eis_read_file_work(struct work_struct *work)
{
	eis_read_file_rest(container_of(work, struct eis_read, work));
}

/* Direct I/O answers that a buffered read may improve on. */
static bool eis_read_retry(const struct eis_read *rd)
{
	if (rd->result < 0)
		return rd->result == -EINVAL || rd->result == -EOPNOTSUPP;
	return rd->result > 0 && rd->result < eis_read_wanted(rd);
}

/* A direct read ended in any context. */
static void eis_read_file_end(struct kiocb *iocb, long ret)
{
	struct eis_read *rd = container_of(iocb, struct eis_read, iocb);

	rd->result = ret;
	if (eis_read_retry(rd)) {
		INIT_WORK(&rd->work, eis_read_file_work);
		queue_work(eis_io_wq, &rd->work);
	} else if (rd->result < 0 || rd->result < eis_read_wanted(rd)) {
		eis_read_complete(rd, rd->result < 0 ? rd->result : -EIO);
	} else {
		eis_read_file_done(rd);
	}
}

static void eis_read_submit_file(struct eis_read *rd)
{
	struct eis_storage *st = rd->storage;
	struct iov_iter iter;
	ssize_t ret;

	rd->result = 0;
	if (!READ_ONCE(st->direct)) {
		eis_read_file_rest(rd);
		return;
	}
	eis_read_iov(rd, &iter, 0);
	eis_read_iocb(rd, 0);
	rd->iocb.ki_flags |= IOCB_DIRECT;
	rd->iocb.ki_complete = eis_read_file_end;
	ret = st->file->f_op->read_iter(&rd->iocb, &iter);
	if (ret == -EIOCBQUEUED)
		return;
	rd->result = ret;
	if (eis_read_retry(rd))
		eis_read_file_rest(rd);
	else
		eis_read_file_end(&rd->iocb, ret);
}

/**
 * eis_read_submit - send a read off
 * @rd: the read
 *
 * @rd must have at least one segment and is gone afterwards: the completion
 * may run before this returns. A range that begins or, rounded down to
 * sectors, ends beyond the storage completes with -EIO.
 * Context: may sleep.
 */
void eis_read_submit(struct eis_read *rd)
{
	struct eis_storage *st = rd->storage;

	if (rd->pos >= st->size || rd->pos + rd->len > round_up(st->size, SECTOR_SIZE)) {
		eis_read_complete(rd, -EIO);
	} else if (st->bdev) {
		rd->bio.bi_iter.bi_sector = (st->start + rd->pos) >> SECTOR_SHIFT;
		rd->bio.bi_end_io = eis_read_end_bio;
		submit_bio(&rd->bio);
	} else {
		eis_read_submit_file(rd);
	}
}

/**
 * eis_read_iter - direct read of an image file into a caller's iterator
 * @st: storage
 * @pos: image byte position
 * @len: bytes, at most what @to takes
 * @to: destination
 *
 * Synchronous; for O_DIRECT readers. Context: may sleep.
 * Return: bytes read, -EINVAL when the file's filesystem refuses the
 * alignment, or its error.
 */
ssize_t eis_read_iter(struct eis_storage *st, u64 pos, size_t len, struct iov_iter *to)
{
	size_t rest = iov_iter_count(to) - len;
	struct kiocb iocb;
	ssize_t ret;

	if (pos >= st->size || len > st->size - pos)
		return -EIO;
	init_sync_kiocb(&iocb, st->file);
	iocb.ki_pos = st->start + pos;
	iocb.ki_flags |= IOCB_DIRECT;
	iov_iter_truncate(to, len);
	ret = st->file->f_op->read_iter(&iocb, to);
	iov_iter_reexpand(to, iov_iter_count(to) + rest);
	return ret;
}

/**
 * eis_io_init - set up what all storages share
 *
 * Return: 0 or -ENOMEM.
 */
int eis_io_init(void)
{
	int err = bioset_init(&eis_bioset, BIO_POOL_SIZE, offsetof(struct eis_read, bio),
			      BIOSET_NEED_BVECS);

	if (err)
		return err;
	eis_io_wq = alloc_workqueue("erofs-ishare-io", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!eis_io_wq) {
		bioset_exit(&eis_bioset);
		return -ENOMEM;
	}
	return 0;
}

/**
 * eis_io_exit - undo eis_io_init(); no storage is left
 */
void eis_io_exit(void)
{
	destroy_workqueue(eis_io_wq);
	bioset_exit(&eis_bioset);
}
