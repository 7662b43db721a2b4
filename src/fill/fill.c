// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios in, extents from src/format, bytes from src/io: one engine for
 * ->read_folio and ->readahead, for whole or partial blocks, small or large
 * folios.
 *
 * Who reads: a shared page cache is filled through the member that asks.
 * mapping->host is the shared inode (size, locks, read-ahead); the *reader* is
 * file_inode(file): its layout, block size, device and superblock. The two are
 * never confused: only eis_reader_get() looks at both.
 *
 * Every byte of every folio is accounted for exactly once: see folio.h.
 */
#include <linux/highmem.h>
#include <linux/ratelimit.h>

#include "compat/compat.h"
#include "fill/internal.h"
#include "trace/erofs_ishare.h"

/* ---- Who reads ---- */

static bool eis_reader_get(struct eis_reader *reader, struct address_space *mapping,
			   struct file *file)
{
	reader->pinned = false;
	if (!eis_is_shared_inode(mapping->host)) {
		reader->inode = mapping->host;
	} else if (file && file_inode(file)->i_mapping == mapping) {
		reader->inode = file_inode(file);
	} else {
		reader->inode = eis_share_any_member(mapping->host);
		reader->pinned = true;
	}
	return reader->inode;
}

static void eis_reader_put(struct eis_reader *reader)
{
	struct eis_inflight *inflight = &eis_i(reader->inode)->image->inflight;

	if (!reader->pinned)
		return;
	iput(reader->inode);
	eis_inflight_put(inflight);
}

/* ---- Data ---- */

/**
 * eis_fill_report_io - say that a read failed, rate-limited
 * @rd:  the read
 * @err: its errno
 *
 * Context: any.
 */
void eis_fill_report_io(const struct eis_read *rd, int err)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	if (__ratelimit(&limit))
		pr_err("erofs-ishare: %s (mount %u:%u): reading %llu bytes at image byte %llu failed (%d); check the device or image file\n",
		       rd->storage->name, MAJOR(rd->storage->dev), MINOR(rd->storage->dev),
		       rd->len, rd->pos, err);
}

/* A read ended: any context. */
static void eis_fill_done(struct eis_read *rd, int err)
{
	struct folio_iter fi;

	if (err)
		eis_fill_report_io(rd, err);
	bio_for_each_folio_all(fi, &rd->bio) {
		loff_t valid = i_size_read(fi.folio->mapping->host) - folio_pos(fi.folio);
		size_t end = fi.offset + fi.length;

		/* What the last block holds beyond the file's end is undefined. */
		if (valid < (loff_t)end)
			folio_zero_segment(fi.folio, max_t(loff_t, valid, fi.offset), end);
		if (err)
			eis_bad_mark(rd->private, fi.offset, fi.length, err);
		eis_folio_account(fi.folio, fi.length, !err);
	}
}

/**
 * eis_fill_submit - send the read that is being collected, if any
 * @fill: the fill
 */
void eis_fill_submit(struct eis_fill *fill)
{
	if (fill->rd)
		eis_read_submit(fill->rd);
	fill->rd = NULL;
	fill->z.locked = false;
}

static void eis_fill_add(struct eis_fill *fill, struct eis_storage *st, u64 pos,
			 struct folio *folio, size_t off, size_t len)
{
	struct eis_read *rd = fill->rd;

	if (rd && rd->done == eis_fill_done && rd->storage == st && rd->pos + rd->len == pos &&
	    eis_read_add(rd, folio, off, len))
		return;
	eis_fill_submit(fill);
	fill->rd = eis_read_alloc(st, pos, fill->pages, fill->kind, fill->opf, eis_fill_done,
				  fill->bad);
	eis_read_add(fill->rd, folio, off, len);
}

/* A piece of a data extent: @len is a multiple of the block size. */
static int eis_fill_data(struct eis_fill *fill, struct folio *folio, size_t off, size_t len,
			 size_t *filled, struct erofs_diag *diag)
{
	const u64 nid = eis_i(fill->reader.inode)->fmt.nid;

	while (*filled < len) {
		size_t at = off + *filled;
		struct erofs_location loc;
		struct eis_storage *st = eis_locate(fill->image, nid, &fill->ext,
						    folio_pos(folio) + at, len - *filled, &loc,
						    diag);

		if (IS_ERR(st))
			return PTR_ERR(st);
		eis_fill_add(fill, st, loc.pos, folio, at, loc.len);
		*filled += loc.len;
	}
	return 0;
}

/* A piece of an inline extent: inside one block, so inside one page. */
static int eis_fill_inline(struct eis_fill *fill, struct folio *folio, size_t off, size_t len,
			   struct erofs_diag *diag)
{
	const struct erofs_inode *fmt = &eis_i(fill->reader.inode)->fmt;
	u64 pa = fill->ext.pa + (folio_pos(folio) + off - fill->ext.la);
	size_t done = 0;

	while (done < len) {
		struct erofs_span span;
		size_t n;
		void *to;
		int err;

		err = fill->es.src.get(&fill->es.src, fmt->space, pa + done, 1, &span);
		if (err) {
			erofs_fail(diag, EROFS_CHECK_SOURCE, fmt->nid, pa + done, fmt->space);
			return err;
		}
		n = min_t(size_t, span.len, len - done);
		to = kmap_local_folio(folio, off + done);
		memcpy(to, span.data, n);
		kunmap_local(to);
		fill->es.src.put(&fill->es.src, &span);
		done += n;
	}
	flush_dcache_folio(folio);
	return 0;
}

/* ---- One folio ---- */

/* Make fill->ext cover @pos. */
static int eis_fill_map(struct eis_fill *fill, u64 pos, struct erofs_diag *diag)
{
	const struct erofs_extent *ext = &fill->ext;
	int err;

	if (pos >= ext->la && pos - ext->la < ext->len)
		return 0;
	if (fill->compressed)
		return eis_zfill_map(fill, pos, diag);
	err = erofs_map(&fill->es.src, &fill->image->fmt, &eis_i(fill->reader.inode)->fmt, pos,
			fill->end - pos, &fill->ext, diag);
	if (err)
		fill->ext.len = 0;
	return err;
}

/*
 * The piece of @folio at @off: up to @end, the end of the extent or of the
 * file. *filled says how many bytes were accounted for or handed to a read.
 */
static int eis_fill_piece(struct eis_fill *fill, struct folio *folio, size_t off, size_t end,
			  u64 size, size_t *filled, struct erofs_diag *diag)
{
	u64 pos = folio_pos(folio) + off;
	size_t len = end - off;
	int err;

	if (pos >= size) {
		folio_zero_range(folio, off, len);
		goto account;
	}
	err = eis_fill_map(fill, pos, diag);
	if (err)
		return err;
	len = min_t(u64, len, fill->ext.la + fill->ext.len - pos);
	switch (fill->ext.type) {
	case EROFS_EXTENT_HOLE:
		folio_zero_range(folio, off, len);
		break;
	case EROFS_EXTENT_INLINE:
		err = eis_fill_inline(fill, folio, off, len, diag);
		if (err)
			return err;
		break;
	case EROFS_EXTENT_FRAGMENT:
		err = eis_zfill_fragment(fill, folio, off, len, diag);
		if (err)
			return err;
		break;
	case EROFS_EXTENT_CLUSTER:
		err = eis_zfill_attach(fill, folio, off, len, diag);
		if (!err)
			*filled = len;
		return err;
	default:
		len = round_up(len, 1U << fill->image->fmt.blkszbits);
		return eis_fill_data(fill, folio, off, len, filled, diag);
	}
account:
	eis_folio_account(folio, len, true);
	*filled = len;
	return 0;
}

/*
 * A piece failed: the rest of its extent, or of its page if no extent was found.
 * Read-ahead fails silently: whoever wants these bytes comes back for them.
 */
static size_t eis_fill_fail(struct eis_fill *fill, struct folio *folio, size_t off, size_t end,
			    const struct erofs_diag *diag, int err)
{
	const u64 pos = folio_pos(folio) + off;
	const struct erofs_extent *ext = &fill->ext;
	size_t len = min_t(size_t, end - off, PAGE_SIZE - offset_in_page(off));

	if (pos >= ext->la && pos - ext->la < ext->len)
		len = min_t(u64, end - off, ext->la + ext->len - pos);
	if (!fill->reported && !(fill->opf & REQ_RAHEAD)) {
		eis_report(fill->image, "read", diag, err);
		fill->reported = true;
	}
	eis_bad_mark(fill->bad, off, len, err);
	eis_folio_account(folio, len, false);
	return len;
}

/* Bytes @off to @end of @folio, whose count has begun. */
static void eis_fill_range(struct eis_fill *fill, struct folio *folio, size_t off, size_t end)
{
	const u64 size = i_size_read(folio->mapping->host);

	while (off < end) {
		struct erofs_diag diag = { };
		size_t filled = 0;
		int err;

		/* Pieces may be as small as the image likes. */
		cond_resched();
		err = eis_fill_piece(fill, folio, off, end, size, &filled, &diag);
		off += filled;
		if (err)
			off += eis_fill_fail(fill, folio, off, end, &diag, err);
	}
}

static bool eis_fill_begin(struct eis_fill *fill, struct address_space *mapping,
			   struct file *file, blk_opf_t opf, gfp_t gfp)
{
	const struct inode *inode;

	if (!eis_reader_get(&fill->reader, mapping, file))
		return false;
	inode = fill->reader.inode;
	fill->image = eis_i(inode)->image;
	fill->compressed = erofs_inode_compressed(&eis_i(inode)->fmt);
	fill->kind = inode == fill->image->packed || inode == fill->image->mbox ?
		     EIS_READ_NAMED : EIS_READ_DATA;
	fill->bad = NULL;
	fill->reported = false;
	fill->opf = opf;
	fill->gfp = gfp;
	fill->ext.len = 0;
	fill->ext.la = 0;
	fill->rd = NULL;
	fill->z.request = NULL;
	fill->z.cluster = NULL;
	fill->z.tail = NULL;
	fill->z.locked = false;
	fill->z.killed = false;
	fill->z.done = 0;
	eis_source_init(&fill->es, fill->image, NULL);
	return true;
}

/* What is going to be read is settled. */
static void eis_fill_trace(const struct eis_fill *fill)
{
	trace_eis_fill(fill->image->sb->s_dev, eis_i(fill->reader.inode)->fmt.nid, fill->start,
		       fill->end - fill->start);
}

static void eis_fill_finish(struct eis_fill *fill)
{
	eis_fill_submit(fill);
	eis_source_exit(&fill->es);
	/* May decode: nothing is held that others need but the folios themselves. */
	eis_zfill_finish(fill);
	eis_reader_put(&fill->reader);
}

/* Send for a part of a folio, whose count has begun. False: there is no reader. */
static bool eis_fill_part(struct file *file, struct folio *folio, size_t off, size_t len,
			  struct eis_bad *bad)
{
	struct eis_fill fill;

	/* A reader waits for it and nobody tries again: memory has to be found. */
	if (!eis_fill_begin(&fill, folio->mapping, file, REQ_OP_READ, GFP_NOFS | __GFP_NOFAIL))
		return false;
	fill.start = folio_pos(folio) + off;
	fill.end = fill.start + len;
	fill.pages = DIV_ROUND_UP(len, PAGE_SIZE);
	fill.needed_now = true;
	fill.bad = bad;
	eis_fill_trace(&fill);
	eis_fill_range(&fill, folio, off, off + len);
	eis_fill_finish(&fill);
	return true;
}

/**
 * eis_fill_wait - fill a part of a locked folio and wait for it
 * @file:  who reads, may be NULL
 * @folio: locked folio without private data, not up to date
 * @off:   byte offset
 * @len:   bytes
 * @bad:   told about what fails
 *
 * Context: may sleep. Return: all of it is there.
 */
bool eis_fill_wait(struct file *file, struct folio *folio, size_t off, size_t len,
		   struct eis_bad *bad)
{
	eis_folio_begin(folio, len, EIS_FOLIO_WAITER);
	if (!eis_fill_part(file, folio, off, len, bad)) {
		folio->private = NULL;
		eis_bad_mark(bad, off, len, -EIO);
		return false;
	}
	return eis_folio_wait(folio);
}

/* Send off reads for all of a locked folio, whose last one unlocks it. Return: false: still locked, as it was. */
static bool eis_fill_folio(struct file *file, struct folio *folio)
{
	eis_folio_begin(folio, folio_size(folio), 0);
	if (eis_fill_part(file, folio, 0, folio_size(folio), NULL))
		return true;
	folio->private = NULL;
	return false;
}

/*
 * Only read-ahead makes large folios: one that comes here has failed before. It is read once more as
 * a whole, and the VFS waits for that, as it does for any folio: it can be killed, and the disk may
 * hang. Only what fails then, too, is looked at page by page. PG_checked says that it has come so far.
 */
static int eis_read_folio(struct file *file, struct folio *folio)
{
	if (folio_test_large(folio)) {
		if (folio_test_checked(folio))
			return eis_partial_read(file, folio);
		folio_set_checked(folio);
		/* Look again: it is up to date, or comes back here. */
		return eis_fill_folio(file, folio) ? AOP_TRUNCATED_PAGE :
						     eis_partial_read(file, folio);
	}
	if (!eis_fill_folio(file, folio)) {
		folio_unlock(folio);
		return -EIO;
	}
	return 0;
}

/*
 * Does somebody wait for the pages of this read-ahead? Not if the window was
 * started by the marker that an earlier one left: all of it is ahead then.
 */
static bool eis_needed_now(struct readahead_control *rac)
{
	const struct file_ra_state *ra = rac->ra;

	/* An IOCB_NOWAIT read: it may start reads, but must not wait for them. */
	if (current->flags & PF_MEMALLOC_NOIO)
		return false;
	return !ra || readahead_index(rac) - ra->start >= ra->size || ra->async_size < ra->size;
}

static void eis_readahead(struct readahead_control *rac)
{
	struct eis_fill fill;
	struct folio *folio;

	/* What fails here is read again, one folio at a time, when it is needed. */
	if (!eis_fill_begin(&fill, rac->mapping, rac->file, REQ_OP_READ | REQ_RAHEAD,
			    GFP_NOFS | __GFP_NORETRY | __GFP_NOWARN))
		return;
	fill.start = readahead_pos(rac);
	fill.end = fill.start + readahead_length(rac);
	fill.needed_now = eis_needed_now(rac);
	if (fill.compressed)
		eis_zfill_expand(&fill, rac);
	eis_fill_trace(&fill);
	while ((folio = readahead_folio(rac)) != NULL) {
		fill.pages = folio_nr_pages(folio) + readahead_count(rac);
		eis_folio_begin(folio, folio_size(folio), 0);
		eis_fill_range(&fill, folio, 0, folio_size(folio));
	}
	eis_fill_finish(&fill);
}

/*
 * FIBMAP names no file, so a shared page cache has no one answer: none. Nor has
 * a compressed file.
 */
static sector_t eis_bmap(struct address_space *mapping, sector_t block)
{
	if (eis_is_shared_inode(mapping->host) ||
	    erofs_inode_compressed(&eis_i(mapping->host)->fmt))
		return 0;
	return iomap_bmap(mapping, block, &eis_iomap_ops);
}

const struct address_space_operations eis_aops = {
	.read_folio	= eis_read_folio,
	.readahead	= eis_readahead,
	.is_partially_uptodate = eis_partial_uptodate,
	.release_folio	= eis_partial_release,
	.invalidate_folio = eis_partial_invalidate,
	.bmap		= eis_bmap,
	.direct_IO	= noop_direct_IO,
	.migrate_folio	= filemap_migrate_folio,
};
