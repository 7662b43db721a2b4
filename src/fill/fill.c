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
 * Folio life cycle: the folio comes locked. eis_folio_begin() sets its count of
 * outstanding bytes; every byte is accounted exactly once by
 * eis_folio_account(), with or without success, from any context; the last
 * byte ends the read. Until then folio->private is ours (PG_private stays
 * clear, so nobody else looks at it). A folio with a failed part is left not
 * up to date: the next reader fills it from its own storage.
 */
#include <linux/highmem.h>
#include <linux/ratelimit.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "fill/fill.h"
#include "trace/erofs_ishare.h"

/* In the count of outstanding bytes: a part failed. Folios are far smaller. */
#define EIS_FOLIO_FAILED	(1L << 30)

/**
 * struct eis_reader - on whose behalf folios are filled
 * @inode:  the member, or the file's own inode when it is not shared
 * @pinned: found without a file: references are held until the end
 */
struct eis_reader {
	struct inode *inode;
	bool pinned;
};

/**
 * struct eis_fill - one call of ->read_folio or ->readahead
 * @reader: who reads
 * @image:  the reader's image
 * @end:    file position the call reads up to; bounds what is mapped ahead
 * @pages:  pages the call still brings, sizes the reads
 * @opf:    request flags
 * @ext:    current extent, len 0 = none
 * @rd:     read being collected, or NULL
 * @es:     metadata source
 */
struct eis_fill {
	struct eis_reader reader;
	struct eis_image *image;
	u64 end;
	unsigned int pages;
	blk_opf_t opf;
	struct erofs_extent ext;
	struct eis_read *rd;
	struct eis_source es;
};

/* ---- Folio accounting ---- */

static atomic_long_t *eis_folio_left(struct folio *folio)
{
	BUILD_BUG_ON(sizeof(folio->private) != sizeof(atomic_long_t));
	return (atomic_long_t *)&folio->private;
}

static void eis_folio_begin(struct folio *folio)
{
	atomic_long_set(eis_folio_left(folio), folio_size(folio));
}

static void eis_folio_account(struct folio *folio, size_t len, bool ok)
{
	atomic_long_t *left = eis_folio_left(folio);
	long now;

	if (!ok)
		atomic_long_or(EIS_FOLIO_FAILED, left);
	now = atomic_long_sub_return(len, left);
	if (now & ~EIS_FOLIO_FAILED)
		return;
	folio->private = NULL;
	folio_end_read(folio, !(now & EIS_FOLIO_FAILED));
}

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

static void eis_fill_report_io(const struct eis_read *rd, int err)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	if (__ratelimit(&limit))
		pr_err("erofs-ishare: %s: reading %llu bytes at image byte %llu failed (%d); check the device or image file\n",
		       rd->storage->name, rd->len, rd->pos, err);
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
		eis_folio_account(fi.folio, fi.length, !err);
	}
}

static void eis_fill_submit(struct eis_fill *fill)
{
	if (fill->rd)
		eis_read_submit(fill->rd);
	fill->rd = NULL;
}

static void eis_fill_add(struct eis_fill *fill, struct eis_storage *st, u64 pos,
			 struct folio *folio, size_t off, size_t len)
{
	struct eis_read *rd = fill->rd;

	if (rd && rd->storage == st && rd->pos + rd->len == pos &&
	    eis_read_add(rd, folio, off, len))
		return;
	eis_fill_submit(fill);
	fill->rd = eis_read_alloc(st, pos, fill->pages, fill->opf, eis_fill_done, NULL);
	eis_read_add(fill->rd, folio, off, len);
}

/* A piece of a data extent: @len is a multiple of the block size. */
static int eis_fill_data(struct eis_fill *fill, struct folio *folio, size_t off, size_t len,
			 size_t *filled, struct erofs_diag *diag)
{
	while (*filled < len) {
		size_t at = off + *filled;
		struct erofs_location loc;
		struct eis_storage *st = eis_locate(fill->image, &fill->ext,
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
	err = erofs_map(&fill->es.src, &fill->image->fmt, &eis_i(fill->reader.inode)->fmt, pos,
			fill->end - pos, &fill->ext, diag);
	if (err)
		fill->ext.len = 0;
	return err;
}

/*
 * The piece of @folio at @off: up to the end of the extent, the folio or the
 * file. *filled says how many bytes were accounted for or handed to a read.
 */
static int eis_fill_piece(struct eis_fill *fill, struct folio *folio, size_t off, u64 size,
			  size_t *filled, struct erofs_diag *diag)
{
	u64 pos = folio_pos(folio) + off;
	size_t len = folio_size(folio) - off;
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
	default:
		len = round_up(len, 1U << fill->image->fmt.blkszbits);
		return eis_fill_data(fill, folio, off, len, filled, diag);
	}
account:
	eis_folio_account(folio, len, true);
	*filled = len;
	return 0;
}

static void eis_fill_folio(struct eis_fill *fill, struct folio *folio)
{
	const size_t folio_len = folio_size(folio);
	const u64 size = i_size_read(folio->mapping->host);
	size_t off = 0;

	eis_folio_begin(folio);
	while (off < folio_len) {
		struct erofs_diag diag = { };
		size_t filled = 0;
		int err;

		err = eis_fill_piece(fill, folio, off, size, &filled, &diag);
		off += filled;
		if (err) {
			eis_report(fill->image, "read", &diag, err);
			eis_folio_account(folio, folio_len - off, false);
			return;
		}
	}
}

static bool eis_fill_begin(struct eis_fill *fill, struct address_space *mapping,
			   struct file *file, u64 end, unsigned int pages, blk_opf_t opf)
{
	if (!eis_reader_get(&fill->reader, mapping, file))
		return false;
	fill->image = eis_i(fill->reader.inode)->image;
	fill->end = end;
	fill->pages = pages;
	fill->opf = opf;
	fill->ext.len = 0;
	fill->ext.la = 0;
	fill->rd = NULL;
	eis_source_init(&fill->es, fill->image, NULL);
	trace_eis_fill(fill->image->sb->s_dev, eis_i(fill->reader.inode)->fmt.nid,
		       end - ((u64)pages << PAGE_SHIFT), (u64)pages << PAGE_SHIFT);
	return true;
}

static void eis_fill_finish(struct eis_fill *fill)
{
	eis_fill_submit(fill);
	eis_source_exit(&fill->es);
	eis_reader_put(&fill->reader);
}

static int eis_read_folio(struct file *file, struct folio *folio)
{
	struct eis_fill fill;

	if (!eis_fill_begin(&fill, folio->mapping, file, folio_pos(folio) + folio_size(folio),
			    folio_nr_pages(folio), REQ_OP_READ)) {
		folio_unlock(folio);
		return -EIO;
	}
	eis_fill_folio(&fill, folio);
	eis_fill_finish(&fill);
	return 0;
}

static void eis_readahead(struct readahead_control *rac)
{
	struct eis_fill fill;
	struct folio *folio;

	if (!eis_fill_begin(&fill, rac->mapping, rac->file,
			    readahead_pos(rac) + readahead_length(rac), readahead_count(rac),
			    REQ_OP_READ | REQ_RAHEAD))
		return;
	while ((folio = readahead_folio(rac)) != NULL) {
		fill.pages = folio_nr_pages(folio) + readahead_count(rac);
		eis_fill_folio(&fill, folio);
	}
	eis_fill_finish(&fill);
}

/* FIBMAP names no file, so a shared page cache has no one answer: none. */
static sector_t eis_bmap(struct address_space *mapping, sector_t block)
{
	if (eis_is_shared_inode(mapping->host))
		return 0;
	return iomap_bmap(mapping, block, &eis_iomap_ops);
}

const struct address_space_operations eis_aops = {
	.read_folio	= eis_read_folio,
	.readahead	= eis_readahead,
	.bmap		= eis_bmap,
	.direct_IO	= noop_direct_IO,
	.migrate_folio	= filemap_migrate_folio,
};
