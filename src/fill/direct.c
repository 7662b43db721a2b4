// SPDX-License-Identifier: GPL-2.0-only
/*
 * File ranges without the page cache: O_DIRECT, FIEMAP, SEEK_HOLE/SEEK_DATA.
 *
 * Rules: works on the member inode, whatever page cache it shares; nothing is
 * written anywhere, so cached and direct readers need no coherence between
 * them. On block devices O_DIRECT is iomap's; image files have no block device
 * to hand to iomap, so their extents are read from the file directly.
 */
#include <linux/highmem.h>
#include <linux/uio.h>

#include "compat/compat.h"
#include "fill/internal.h"

/* So many chunks are looked at for one iomap. */
#define EIS_IOMAP_CHUNKS	(1U << 18)

static void eis_iomap_hole(struct iomap *iomap)
{
	iomap->type = IOMAP_HOLE;
	iomap->addr = IOMAP_NULL_ADDR;
}

/* Inline data stays mapped from begin to end; @iomap->private is its page. */
static int eis_iomap_inline(struct inode *inode, const struct erofs_extent *ext,
			    unsigned int flags, struct iomap *iomap)
{
	const struct erofs_inode *fmt = &eis_i(inode)->fmt;
	struct eis_image *image = eis_i(inode)->image;
	struct erofs_span span;
	struct eis_source es;
	int err;

	iomap->type = IOMAP_INLINE;
	iomap->addr = fmt->space == EROFS_DEV ? image->storage[0]->start + ext->pa :
						IOMAP_NULL_ADDR;
	if (flags & IOMAP_REPORT)
		return 0;
	eis_source_init(&es, image, NULL);
	err = es.src.get(&es.src, fmt->space, ext->pa, ext->len, &span);
	if (err) {
		eis_source_exit(&es);
		return err;
	}
	iomap->inline_data = (void *)span.data;
	/* The source's page reference moves to the iomap until eis_iomap_end(). */
	iomap->private = es.folio;
	return 0;
}

/*
 * An extent of a compressed file: only to be reported, never to be read this
 * way. Encoded bytes are where they are; a fragment has no place of its own.
 */
static int eis_iomap_compressed(struct inode *inode, u64 pos, u64 length, struct iomap *iomap)
{
	struct eis_image *image = eis_i(inode)->image;
	struct erofs_diag diag = { };
	struct erofs_zextent ext;
	struct eis_source es;
	int err = 0;

	memset(iomap, 0, sizeof(*iomap));
	iomap->offset = pos;
	iomap->length = length;
	eis_iomap_hole(iomap);
	if (pos >= eis_i(inode)->fmt.size)
		return 0;
	eis_source_init(&es, image, NULL);
	err = eis_zextent(inode, &es, pos, U64_MAX, GFP_KERNEL, &ext, &diag);
	eis_source_exit(&es);
	if (err) {
		eis_report(image, "mapping", &diag, err);
		return err;
	}
	iomap->offset = ext.la;
	iomap->length = ext.len;
	if (ext.type == EROFS_Z_FRAGMENT || (ext.type == EROFS_Z_CLUSTER && ext.inlined)) {
		iomap->type = IOMAP_INLINE;
	} else if (ext.type == EROFS_Z_CLUSTER) {
		const struct erofs_extent at = {
			.type = EROFS_EXTENT_CLUSTER, .la = ext.la, .len = ext.len, .pa = ext.pa,
		};
		struct erofs_location loc;
		struct eis_storage *st = eis_locate(image, eis_i(inode)->fmt.nid, &at, ext.la,
						    ext.plen, &loc, &diag);

		if (IS_ERR(st)) {
			eis_report(image, "mapping", &diag, PTR_ERR(st));
			return PTR_ERR(st);
		}
		iomap->type = IOMAP_MAPPED;
		iomap->addr = st->start + loc.pos;
	}
	return 0;
}

static int eis_iomap_begin(struct inode *inode, loff_t pos, loff_t length, unsigned int flags,
			   struct iomap *iomap, struct iomap *srcmap)
{
	const struct erofs_inode *fmt = &eis_i(inode)->fmt;
	struct eis_image *image = eis_i(inode)->image;
	struct erofs_location loc;
	struct erofs_diag diag = { };
	struct erofs_extent ext;
	struct eis_storage *st;
	struct eis_source es;
	int err;

	/* A caller may come for each of millions of extents. */
	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;
	if (erofs_inode_compressed(fmt))
		return eis_iomap_compressed(inode, pos, length, iomap);
	/* A table of chunks may be as long as the image likes: the rest of it comes next time. */
	if (fmt->layout == EROFS_LAYOUT_CHUNK_BASED && pos < fmt->size &&
	    length >> fmt->chunk_bits > EIS_IOMAP_CHUNKS)
		length = (u64)EIS_IOMAP_CHUNKS << fmt->chunk_bits;
	eis_source_init(&es, image, NULL);
	err = erofs_map(&es.src, &image->fmt, fmt, pos, length, &ext, &diag);
	eis_source_exit(&es);
	if (err)
		goto report;
	iomap->offset = pos;
	iomap->length = ext.len;
	iomap->flags = 0;
	iomap->bdev = NULL;
	iomap->dax_dev = NULL;
	iomap->private = NULL;
	if (ext.type == EROFS_EXTENT_HOLE) {
		eis_iomap_hole(iomap);
		return 0;
	}
	if (ext.type == EROFS_EXTENT_INLINE)
		return eis_iomap_inline(inode, &ext, flags, iomap);
	st = eis_locate(image, eis_i(inode)->fmt.nid, &ext, pos, ext.len, &loc, &diag);
	if (IS_ERR(st)) {
		err = PTR_ERR(st);
		goto report;
	}
	if (loc.pos >= st->size)
		return -EIO;
	iomap->type = IOMAP_MAPPED;
	/*
	 * Only the end of the file cuts a block: direct I/O wants it whole. @pos may lie inside of
	 * a block, so it is the end that is rounded, not the length.
	 */
	iomap->length = round_up(pos + loc.len, 1U << image->fmt.blkszbits) - pos;
	iomap->bdev = st->bdev;
	iomap->addr = st->start + loc.pos;
	return 0;
report:
	eis_report(image, "mapping", &diag, err);
	return err;
}

static int eis_iomap_end(struct inode *inode, loff_t pos, loff_t length, ssize_t written,
			 unsigned int flags, struct iomap *iomap)
{
	if (iomap->type == IOMAP_INLINE && iomap->private) {
		kunmap_local(iomap->inline_data);
		folio_put(iomap->private);
		iomap->private = NULL;
	}
	return written;
}

const struct iomap_ops eis_iomap_ops = {
	.iomap_begin	= eis_iomap_begin,
	.iomap_end	= eis_iomap_end,
};

/**
 * eis_fiemap - FIEMAP of a member inode
 * @inode: member inode
 * @info: where extents are reported
 * @start: first file byte
 * @len: bytes from there
 *
 * Physical addresses are bytes on the storage that holds the extent.
 * Context: may sleep.
 */
int eis_fiemap(struct inode *inode, struct fiemap_extent_info *info, u64 start, u64 len)
{
	return iomap_fiemap(inode, info, start, len, &eis_iomap_ops);
}

/* One extent of a file on image files, straight into @to. 0 = nothing more to do directly. */
static ssize_t eis_direct_extent(struct inode *inode, u64 pos, struct iov_iter *to)
{
	struct eis_inode *ei = eis_i(inode);
	struct eis_image *image = ei->image;
	u64 want = min_t(u64, iov_iter_count(to), ei->fmt.size - pos);
	struct erofs_diag diag = { };
	struct erofs_location loc;
	struct erofs_extent ext;
	struct eis_storage *st;
	struct eis_source es;
	ssize_t ret;

	eis_source_init(&es, image, NULL);
	ret = erofs_map(&es.src, &image->fmt, &ei->fmt, pos, want, &ext, &diag);
	eis_source_exit(&es);
	if (ret) {
		eis_report(image, "direct read", &diag, ret);
		return ret;
	}
	if (ext.type == EROFS_EXTENT_HOLE)
		return iov_iter_zero(ext.len, to);
	if (ext.type == EROFS_EXTENT_INLINE)
		return 0;
	st = eis_locate(image, eis_i(inode)->fmt.nid, &ext, pos, ext.len, &loc, &diag);
	if (IS_ERR(st)) {
		eis_report(image, "direct read", &diag, PTR_ERR(st));
		return PTR_ERR(st);
	}
	if (!READ_ONCE(st->direct))
		return 0;
	/* A tail that is no whole unit of direct I/O goes through the cache. */
	loc.len = round_down(loc.len, st->dio_offset_align);
	return loc.len ? eis_read_iter(st, loc.pos, loc.len, to) : 0;
}

static ssize_t eis_direct_read_files(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t done = 0;

	while (iov_iter_count(to) && iocb->ki_pos < i_size_read(inode)) {
		ssize_t ret;

		/* Extents may be many, and small. */
		cond_resched();
		if (fatal_signal_pending(current))
			return done ? done : -EINTR;
		ret = eis_direct_extent(inode, iocb->ki_pos, to);
		/* Refused alignment, or a part that has no direct way. */
		if (ret == 0 || ret == -EINVAL || ret == -EOPNOTSUPP)
			break;
		if (ret < 0)
			return done ? done : ret;
		iocb->ki_pos += ret;
		done += ret;
	}
	if (iov_iter_count(to) && iocb->ki_pos < i_size_read(inode)) {
		ssize_t ret;

		iocb->ki_flags &= ~IOCB_DIRECT;
		ret = generic_file_read_iter(iocb, to);
		iocb->ki_flags |= IOCB_DIRECT;
		if (ret < 0)
			return done ? done : ret;
		done += ret;
	}
	return done;
}

/**
 * eis_direct_possible - can this file be read around the page cache?
 * @inode: member inode
 */
bool eis_direct_possible(const struct inode *inode)
{
	return !erofs_inode_compressed(&eis_i(inode)->fmt);
}

/**
 * eis_direct_read - O_DIRECT read
 * @iocb: request
 * @to: destination
 *
 * Block devices: asynchronous if the request is, alignment as the device asks
 * (-EINVAL otherwise). Image files: synchronous; parts that cannot be read
 * directly (inline tails, alignment that the file's filesystem refuses) come
 * through the page cache. Context: may sleep.
 * Return: bytes read or a negative errno.
 */
ssize_t eis_direct_read(struct kiocb *iocb, struct iov_iter *to)
{
	const struct inode *inode = file_inode(iocb->ki_filp);

	if (!iov_iter_count(to) || iocb->ki_pos >= i_size_read(inode))
		return 0;
	if (eis_i(inode)->image->all_bdev)
		return iomap_dio_rw(iocb, to, &eis_iomap_ops, NULL, 0, NULL, 0);
	return eis_direct_read_files(iocb, to);
}
