// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous reads from a storage into folio segments.
 *
 * Rules:
 *  - One struct eis_read, one contiguous byte range, one completion.
 *  - Progress when memory is short: a caller submits a read before it allocates
 *    the next one of the same kind. Each kind has a reserve of its own, because
 *    reads of a later kind are made while one of an earlier kind is collected.
 *  - A read holds the superblock's eis_inflight from allocation to the end of
 *    its completion.
 *  - Image files: the submitter only does what does not block (IOCB_NOWAIT);
 *    the rest is a worker's. So no lock of the image's filesystem is ever taken
 *    inside our page cache's locks: writers there may hold their inode's lock
 *    while they fault in a buffer that is mapped from us. Memory that a direct
 *    read goes to is faulted in before, for the same reason.
 *  - What the submitter's attempt leaves undone (refused alignment, short
 *    transfer, a signal) is finished by the worker, so callers see either all
 *    bytes or an error of the storage.
 *  - A read goes on, and ends, only after ->read_iter() returned: filesystems
 *    look at the kiocb when they have sent off what its completion waits for.
 *  - Workers of one image file wait for no other's: each has its own workqueue.
 *    So a file that hangs holds up none but its readers, and an image on a loop
 *    device on a file of another mount never waits for itself.
 */
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/ratelimit.h>

#include "compat/compat.h"
#include "io/storage.h"
#include "trace/erofs_ishare.h"

static struct bio_set eis_biosets[EIS_READ_KINDS];

static struct eis_read *eis_read_of(struct bio *bio)
{
	return container_of(bio, struct eis_read, bio);
}

/**
 * eis_read_alloc - start a read
 * @st:      storage
 * @pos:     image byte position, multiple of 512
 * @nr_segs: most segments the caller may add; capped to what one bio holds
 * @kind:    which reserve
 * @opf:     REQ_OP_READ and hints; REQ_META for metadata
 * @done:    completion, @private its argument
 * @private: @done's argument
 *
 * The caller keeps the superblock alive during this call (an open file or an
 * inflight reference). Context: may sleep, never fails.
 */
struct eis_read *eis_read_alloc(struct eis_storage *st, u64 pos, unsigned int nr_segs,
				enum eis_read_kind kind, blk_opf_t opf, eis_read_done_t done,
				void *private)
{
	struct bio *bio = bio_alloc_bioset(st->bdev, bio_max_segs(nr_segs), opf, GFP_NOFS,
					   &eis_biosets[kind]);
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
 * eis_read_full - can no segment be added any more?
 * @rd: the read
 */
bool eis_read_full(const struct eis_read *rd)
{
	return rd->bio.bi_vcnt >= rd->bio.bi_max_vecs;
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

static void eis_read_count(const struct eis_read *rd, int err)
{
	const struct eis_storage *st = rd->storage;
	const bool meta = rd->bio.bi_opf & REQ_META;

	if (!err) {
		eis_stats_add(st->stats, meta ? EIS_STAT_META_BYTES : EIS_STAT_DATA_BYTES, rd->len);
		return;
	}
	eis_stats_add(st->stats, EIS_STAT_READ_ERRORS, 1);
	trace_eis_read_error(st->dev, meta, rd->pos, rd->len, err);
}

static void eis_read_complete(struct eis_read *rd, int err)
{
	struct eis_inflight *inflight = rd->storage->inflight;

	eis_read_count(rd, err);
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

/* Read from byte @skip on, in the way @flags says. */
static ssize_t eis_read_call(struct eis_read *rd, size_t skip, int flags,
			     void (*complete)(struct kiocb *iocb, long ret))
{
	struct file *file = rd->storage->file;
	struct iov_iter iter;
	unsigned int nofs;
	ssize_t ret;

	eis_read_iov(rd, &iter, skip);
	init_sync_kiocb(&rd->iocb, file);
	rd->iocb.ki_pos = rd->storage->start + rd->pos + skip;
	rd->iocb.ki_flags &= ~IOCB_DIRECT;
	rd->iocb.ki_flags |= flags;
	rd->iocb.ki_complete = complete;
	/* Folios are locked until this is done: reclaim must not come back here and wait for one. */
	nofs = memalloc_nofs_save();
	ret = file->f_op->read_iter(&rd->iocb, &iter);
	memalloc_nofs_restore(nofs);
	return ret;
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

/* Is it worth trying direct I/O for what is left? Filesystems want its ends aligned, both of them. */
static bool eis_read_direct(const struct eis_read *rd)
{
	const struct eis_storage *st = rd->storage;
	const u64 first = st->start + rd->pos + rd->result, last = st->start + rd->pos + rd->len;

	return READ_ONCE(st->direct) && !((first | last) & (st->dio_offset_align - 1));
}

static void eis_read_no_direct(struct eis_storage *st, ssize_t err)
{
	if (!READ_ONCE(st->direct))
		return;
	/* Two at once: it is said twice. */
	WRITE_ONCE(st->direct, false);
	pr_info("erofs-ishare: %s: direct I/O refused (%zd), so the image's data is cached twice; put the image on a filesystem with direct I/O, or say nodirectio\n",
		st->name, err);
}

/* Read what is not there yet, blocking. */
static void eis_read_file_work(struct work_struct *work)
{
	struct eis_read *rd = container_of(work, struct eis_read, work);
	const size_t wanted = eis_read_wanted(rd);

	while (rd->result < wanted) {
		bool direct = eis_read_direct(rd);
		ssize_t ret = eis_read_call(rd, rd->result, direct ? IOCB_DIRECT : 0, NULL);

		if (direct && (ret == -EINVAL || ret == -EOPNOTSUPP)) {
			eis_read_no_direct(rd->storage, ret);
		} else if (ret <= 0) {
			eis_read_complete(rd, ret ? ret : -EIO);
			return;
		} else {
			rd->result += ret;
		}
	}
	eis_read_file_done(rd);
}

static void eis_read_queue(struct eis_read *rd)
{
	INIT_WORK(&rd->work, eis_read_file_work);
	queue_work(rd->storage->wq, &rd->work);
}

/* Does this error of the submitter's attempt say nothing about the storage? */
static bool eis_read_again(ssize_t err)
{
	switch (err) {
	case -EAGAIN:		/* it would have blocked */
	case -EINVAL:		/* not directly, or not without blocking */
	case -EOPNOTSUPP:
	case -EINTR:		/* the submitter is being killed; others may want the bytes */
	case -ERESTARTSYS:
	case -ENOMEM:
		return true;
	default:
		return false;
	}
}

/* The submitter's attempt ended with rd->result. Any context. */
static void eis_read_file_end(struct eis_read *rd)
{
	const ssize_t ret = rd->result;

	rd->result = max_t(ssize_t, ret, 0);
	if (ret >= (ssize_t)eis_read_wanted(rd))
		eis_read_file_done(rd);
	else if (ret > 0 || eis_read_again(ret))
		eis_read_queue(rd);
	else
		eis_read_complete(rd, ret ? ret : -EIO);
}

/* Whoever comes second goes on: the request's completion or its submitter. */
static void eis_read_file_step(struct eis_read *rd)
{
	if (atomic_dec_and_test(&rd->attempt))
		eis_read_file_end(rd);
}

/* Any context. */
static void eis_read_file_ended(struct kiocb *iocb, long ret)
{
	struct eis_read *rd = container_of(iocb, struct eis_read, iocb);

	rd->result = ret;
	eis_read_file_step(rd);
}

static void eis_read_submit_file(struct eis_read *rd)
{
	int flags = IOCB_NOWAIT;
	ssize_t ret;

	rd->result = 0;
	if (!(rd->storage->file->f_mode & FMODE_NOWAIT) || rd->storage->keeps_lock) {
		eis_read_queue(rd);
		return;
	}
	if (eis_read_direct(rd))
		flags |= IOCB_DIRECT;
	atomic_set(&rd->attempt, 2);
	ret = eis_read_call(rd, 0, flags, flags & IOCB_DIRECT ? eis_read_file_ended : NULL);
	if (ret != -EIOCBQUEUED)
		eis_read_file_ended(&rd->iocb, ret);
	eis_read_file_step(rd);
}

/**
 * eis_read_submit - send a read off
 * @rd: the read
 *
 * @rd is gone afterwards: the completion may run before this returns. One
 * without a segment has nothing to wait for. A range that begins beyond the storage, or ends
 * beyond eis_storage_end(), completes with -EIO.
 * Context: may sleep.
 */
void eis_read_submit(struct eis_read *rd)
{
	struct eis_storage *st = rd->storage;

	if (!rd->len) {
		eis_read_complete(rd, 0);
	} else if (rd->pos >= st->size || rd->pos + rd->len > eis_storage_end(st)) {
		eis_read_complete(rd, -EIO);
	} else if (st->bdev) {
		rd->bio.bi_iter.bi_sector = (st->start + rd->pos) >> SECTOR_SHIFT;
		rd->bio.bi_end_io = eis_read_end_bio;
		submit_bio(&rd->bio);
	} else {
		eis_read_submit_file(rd);
	}
}

/*
 * One call of a direct read, into memory that is there: -EFAULT if some is not. Pages that are
 * pinned are not faulted in, and neither are those that are written by the processor, of holes.
 */
static ssize_t eis_read_iter_nofault(struct eis_storage *st, u64 pos, size_t len,
				     struct iov_iter *to)
{
	const struct iov_iter before = *to;
	size_t rest = iov_iter_count(to) - len;
	struct kiocb iocb;
	ssize_t ret;

	init_sync_kiocb(&iocb, st->file);
	iocb.ki_pos = st->start + pos;
	iocb.ki_flags |= IOCB_DIRECT;
	iov_iter_truncate(to, len);
	pagefault_disable();
	to->nofault = true;
	ret = st->file->f_op->read_iter(&iocb, to);
	to->nofault = before.nofault;
	pagefault_enable();
	iov_iter_reexpand(to, iov_iter_count(to) + rest);
	/*
	 * Who fails has not always gone back: to the memory where an alignment is refused, for one.
	 * What a pipe has taken is not undone by an iterator.
	 */
	if (ret < 0 && (user_backed_iter(to) || iov_iter_is_bvec(to) || iov_iter_is_kvec(to)))
		*to = before;
	return ret;
}

/* What one call reads at most: what is faulted in at once, too. */
#define EIS_READ_ITER_MAX	SZ_4M
/* How often memory that was faulted in may have gone again */
#define EIS_READ_ITER_TRIES	3

/**
 * eis_read_iter - direct read of an image file into a caller's iterator
 * @st: storage
 * @pos: image byte position
 * @len: bytes, at most what @to takes
 * @to: destination
 *
 * The file's filesystem may hold its inode lock while it pins the pages of @to. Were one of them
 * faulted in then, it could be ours, which is read by a worker that takes that lock, too, and
 * waits behind whoever wants it exclusively and waits for us. So pages are faulted in before.
 * Synchronous; for O_DIRECT readers. After an error, @to is where it was. Context: may sleep.
 * Return: bytes read, perhaps fewer than @len; 0 when there is no reading directly; -EINVAL when
 * the file's filesystem refuses the alignment, or its error.
 */
ssize_t eis_read_iter(struct eis_storage *st, u64 pos, size_t len, struct iov_iter *to)
{
	int tries;

	if (pos >= st->size || len > st->size - pos)
		return -EIO;
	len = min_t(size_t, len, EIS_READ_ITER_MAX);
	/* What is not there yet it faults in by itself, under its lock. */
	if (st->keeps_lock)
		fault_in_iov_iter_writeable(to, len);
	for (tries = 0; tries < EIS_READ_ITER_TRIES && len; tries++) {
		ssize_t ret = eis_read_iter_nofault(st, pos, len, to);
		size_t missing;

		if (ret != -EFAULT)
			return ret;
		missing = fault_in_iov_iter_writeable(to, len);
		if (missing == len)
			return -EFAULT;
		len = round_down(len - missing, st->dio_offset_align);
	}
	return 0;
}

/**
 * eis_io_init - set up what all storages share
 *
 * Return: 0 or -ENOMEM.
 */
int eis_io_init(void)
{
	const unsigned int front = offsetof(struct eis_read, bio);
	unsigned int i;
	int err = 0;

	for (i = 0; i < EIS_READ_KINDS && !err; i++)
		err = bioset_init(&eis_biosets[i], BIO_POOL_SIZE, front, BIOSET_NEED_BVECS);
	if (err)
		eis_io_exit();
	return err;
}

/**
 * eis_io_exit - undo eis_io_init(), also one that failed; no storage is left
 */
void eis_io_exit(void)
{
	unsigned int i;

	/* One that was never set up is empty. */
	for (i = 0; i < EIS_READ_KINDS; i++)
		bioset_exit(&eis_biosets[i]);
}
