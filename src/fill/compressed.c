// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed files: from extents to clusters, their encoded bytes from src/io,
 * decoded by src/zip straight into the folios being read.
 *
 * A request (one ->readahead or ->read_folio) makes one cluster of every extent
 * that it touches, in file order, each with the pages of the request that the
 * extent decodes to. What a cluster decodes to in front of the request goes to
 * scratch pages; what lies behind it is not decoded at all.
 *
 * Read-ahead is widened to whole extents: what has to be decoded anyway had
 * better be kept, and no extent is decoded twice because a window ended in it.
 *
 * Encoded bytes that only a part of was decoded may be wanted again: as
 * cache_strategy= says they are kept in the storage's page cache, where they
 * are reclaimed like any other. All others live in pages of their own until
 * they are decoded. They are not read into the folios that wait for the result
 * (in-place): decoding in place needs the end of an extent to lie on the end of
 * a page and a margin, which extents seldom have, and a copy in all other cases.
 */
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "fill/internal.h"
#include "trace/erofs_ishare.h"
#include "zip/spare.h"

/* Read-ahead is widened by so much at each end, at most. */
#define EIS_EXPAND_MAX	(1U << 20)

/*
 * Read ahead at least so far, where nobody waits. An extent seldom ends where a page does, so each
 * window decodes the beginning of the next window's first cluster, with some codecs all of it.
 */
#define EIS_AHEAD_MIN	(512U << 10)

/*
 * What the clusters of one request hold at a time, bytes, but for a single cluster's: pages of
 * encoded bytes and the clusters themselves.
 */
#define EIS_HELD_MAX	(4U << 20)

/* Encoded bytes are read into one piece of so many pages (log2) at most. */
#define EIS_IN_ORDER_MAX	8

/* ---- Finding extents ---- */

/* The map of a compressed inode, its header read once. */
static struct eis_zmap *eis_zmap(struct eis_inode *ei, struct eis_source *es, gfp_t gfp,
				 struct erofs_diag *diag)
{
	struct eis_zmap *zmap = smp_load_acquire(&ei->zmap), *old;
	int err;

	if (zmap)
		return zmap;
	zmap = kzalloc(sizeof(*zmap), gfp);
	if (!zmap)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&zmap->lock);
	err = erofs_zmap_open(&es->src, &ei->image->fmt, &ei->fmt, &zmap->map, diag);
	if (err) {
		kfree(zmap);
		return ERR_PTR(err);
	}
	/* Another reader may have been faster; headers do not change. */
	old = cmpxchg(&ei->zmap, NULL, zmap);
	if (old) {
		kfree(zmap);
		return old;
	}
	return zmap;
}

/**
 * eis_zextent - the extent of a compressed inode that has a file byte
 * @inode: member inode
 * @es:    metadata source
 * @pos:   file byte, below the file's size
 * @want:  see erofs_zmap_find()
 * @gfp:   for the inode's decoded header
 * @ext:   result
 * @diag:  check that failed
 *
 * Context: may sleep. Return: 0 or a negative errno.
 */
int eis_zextent(struct inode *inode, struct eis_source *es, u64 pos, u64 want, gfp_t gfp,
		struct erofs_zextent *ext, struct erofs_diag *diag)
{
	struct eis_inode *ei = eis_i(inode);
	struct eis_zmap *zmap = eis_zmap(ei, es, gfp, diag);
	struct erofs_zcursor cursor;
	int err;

	if (IS_ERR(zmap))
		return PTR_ERR(zmap);
	/* Indexes are found by their number; only records have to be looked for. */
	if (!zmap->map.record_bits)
		return erofs_zmap_find(&es->src, &ei->image->fmt, &ei->fmt, &zmap->map, NULL, pos,
				       want, ext, diag);
	spin_lock(&zmap->lock);
	cursor = zmap->cursor;
	spin_unlock(&zmap->lock);
	err = erofs_zmap_find(&es->src, &ei->image->fmt, &ei->fmt, &zmap->map, &cursor, pos, want,
			      ext, diag);
	spin_lock(&zmap->lock);
	zmap->cursor = cursor;
	spin_unlock(&zmap->lock);
	return err;
}

/*
 * Are the extent's bytes on the storage as they are in the file, block by block?
 * Then they are read into folios like those of any uncompressed file.
 */
static bool eis_zextent_is_raw(const struct eis_fill *fill, const struct erofs_zextent *ext,
			       u64 pos)
{
	const u64 mask = (1U << fill->image->fmt.blkszbits) - 1;
	const u64 end = ext->la + ext->len;

	/* @pos, too: metadata that changes under us may have any extent begin anywhere. */
	if (ext->format < EROFS_ALG_COUNT || ext->inlined || ((ext->la | ext->pa | pos) & mask))
		return false;
	/* Rotated by a whole block, which is not at all if there is just one. */
	if (ext->format == EROFS_ZF_INTERLACED && ext->plen > mask + 1)
		return false;
	return !(end & mask) || end == eis_i(fill->reader.inode)->fmt.size;
}

/**
 * eis_zfill_map - make fill->ext, and fill->z.ext, cover a file byte
 * @fill: the fill of a compressed inode
 * @pos:  file byte, below the file's size
 * @diag: check that failed
 *
 * Return: 0 or a negative errno; fill->ext is empty then.
 */
int eis_zfill_map(struct eis_fill *fill, u64 pos, struct erofs_diag *diag)
{
	struct erofs_zextent *z = &fill->z.ext;
	int err;

	/* The page with the next index may be one that we are about to read. */
	if (fill->z.locked)
		eis_fill_submit(fill);
	fill->z.cluster = NULL;
	fill->ext.len = 0;
	err = eis_zextent(fill->reader.inode, &fill->es, pos, fill->end - pos, fill->gfp, z, diag);
	if (err)
		return err;
	/*
	 * Extents follow each other. One that reaches back would have bytes decoded that were
	 * decoded already, by as many clusters as the image likes, all in memory at once.
	 */
	if (z->la < fill->z.done)
		return erofs_fail(diag, EROFS_CHECK_ZMAP_LOOKBACK,
				  eis_i(fill->reader.inode)->fmt.nid, pos, pos - z->la);
	if (z->complete)
		fill->z.done = z->la + z->len;
	fill->ext.device_id = 0;
	fill->ext.la = z->la;
	fill->ext.len = z->len;
	fill->ext.pa = z->pa;
	switch (z->type) {
	case EROFS_Z_HOLE:
		fill->ext.type = EROFS_EXTENT_HOLE;
		break;
	case EROFS_Z_FRAGMENT:
		fill->ext.type = EROFS_EXTENT_FRAGMENT;
		break;
	default:
		fill->ext.type = eis_zextent_is_raw(fill, z, pos) ? EROFS_EXTENT_DATA :
							       EROFS_EXTENT_CLUSTER;
		break;
	}
	return 0;
}

/**
 * eis_zfill_fragment - a piece that is content of the packed inode
 * @fill:  the fill; its extent is the fragment
 * @folio: locked folio
 * @off:   byte offset in @folio
 * @len:   bytes, inside @folio and the extent
 * @diag:  check that failed
 *
 * The packed inode's page cache is read: its clusters hold the ends of many
 * files. Context: may sleep. Return: 0 or a negative errno; the caller accounts.
 */
int eis_zfill_fragment(struct eis_fill *fill, struct folio *folio, size_t off, size_t len,
		       struct erofs_diag *diag)
{
	struct inode *packed = fill->image->packed;
	u64 pos = fill->ext.pa + (folio_pos(folio) + off - fill->ext.la);
	const u64 nid = eis_i(fill->reader.inode)->fmt.nid;
	size_t done = 0;

	if (!packed || len > i_size_read(packed) || pos > i_size_read(packed) - len)
		return erofs_fail(diag, EROFS_CHECK_FRAGMENT_RANGE, nid, pos,
				  packed ? i_size_read(packed) : 0);
	/* Reading the packed inode starts reads of its own. */
	eis_fill_submit(fill);
	while (done < len) {
		size_t n = min_t(size_t, len - done, PAGE_SIZE - offset_in_page(off + done));
		void *to = kmap_local_folio(folio, off + done);
		int err = eis_content_read(packed, pos + done, to, n);

		kunmap_local(to);
		if (err) {
			erofs_fail(diag, EROFS_CHECK_SOURCE, nid, pos + done, EROFS_PACKED);
			return err;
		}
		done += n;
	}
	flush_dcache_folio(folio);
	return 0;
}

/* ---- Encoded bytes ---- */

/* A read of encoded bytes ended: any context. */
static void eis_zfill_read_done(struct eis_read *rd, int err)
{
	struct folio_iter fi;

	if (err)
		eis_fill_report_io(rd, err);
	/* Those in the storage's page cache are locked; the others are nobody's but ours. */
	if (rd->len) {
		bio_for_each_folio_all(fi, &rd->bio) {
			if (fi.folio->mapping)
				folio_end_read(fi.folio, !err);
		}
	}
	eis_cluster_put(rd->private, rd->last, err);
}

/* The read that bytes at @pos of a cluster go on with, if there is one. */
static struct eis_read *eis_zfill_going(const struct eis_fill *fill, const struct eis_storage *st,
					const struct eis_cluster *c, u64 pos)
{
	struct eis_read *rd = fill->rd;
	const struct eis_cluster *last;

	if (!rd || rd->done != eis_zfill_read_done || rd->storage != st || rd->pos + rd->len != pos)
		return NULL;
	/* A read covers clusters that follow each other. */
	last = rd->last;
	return last == c || last->next == c ? rd : NULL;
}

static struct eis_read *eis_zfill_begin(struct eis_fill *fill, struct eis_storage *st,
					struct eis_cluster *c, u64 pos)
{
	eis_fill_submit(fill);
	fill->rd = eis_read_alloc(st, pos, max(fill->pages, c->nr_in), fill->kind, fill->opf,
				  eis_zfill_read_done, c);
	fill->rd->last = c;
	eis_cluster_get(c);
	/* The tail is in a read before this one. */
	fill->z.tail = NULL;
	return fill->rd;
}

static void eis_zfill_add(struct eis_fill *fill, struct eis_storage *st, struct eis_cluster *c,
			  u64 pos, struct folio *folio, size_t len)
{
	struct eis_read *rd = eis_zfill_going(fill, st, c, pos);

	len = min_t(u64, len, eis_storage_end(st) - pos);
	if (!rd || !eis_read_add(rd, folio, 0, len)) {
		rd = eis_zfill_begin(fill, st, c, pos);
		eis_read_add(rd, folio, 0, len);
	} else if (rd->last != c) {
		rd->last = c;
		eis_cluster_get(c);
	}
}

/*
 * A page of the storage's page cache to read into; locked. Whoever waits for it has a read of
 * his own that others may be waiting for: so ours is there before the page is.
 */
static struct folio *eis_zfill_insert(struct eis_fill *fill, struct eis_storage *st,
				      struct eis_cluster *c, u64 pos)
{
	struct eis_read *rd = eis_zfill_going(fill, st, c, pos);

	if (pos + PAGE_SIZE > st->size)
		return NULL;
	if (!rd || eis_read_full(rd))
		eis_zfill_begin(fill, st, c, pos);
	return eis_meta_insert(st, pos, fill->gfp);
}

/* All pages of the cluster from the storage's page cache, or none. */
static bool eis_zfill_cached(struct eis_cluster *c, struct eis_storage *st, u64 start)
{
	unsigned int i;

	for (i = 0; i < c->nr_in; i++) {
		struct folio *folio = eis_meta_lookup(st, start + i * PAGE_SIZE);

		if (!folio)
			break;
		c->in[i] = folio_page(folio, 0);
	}
	if (i == c->nr_in)
		return true;
	while (i--) {
		put_page(c->in[i]);
		c->in[i] = NULL;
	}
	return false;
}

/* Does the last page that is being read hold this cluster's first bytes, too? */
static bool eis_zfill_share_tail(struct eis_fill *fill, struct eis_storage *st,
				 struct eis_cluster *c, u64 start)
{
	struct eis_read *rd = fill->rd;
	struct eis_cluster *last;

	if (!rd || rd->done != eis_zfill_read_done || rd->storage != st || !fill->z.tail ||
	    fill->z.tail_pos != start)
		return false;
	last = rd->last;
	if (last->next != c)
		return false;
	get_page(fill->z.tail);
	c->in[0] = fill->z.tail;
	rd->last = c;
	eis_cluster_get(c);
	return true;
}

/* Will somebody want these encoded bytes again? */
static bool eis_zfill_keep(const struct eis_fill *fill)
{
	const struct erofs_zextent *ext = &fill->z.ext;

	switch (READ_ONCE(fill->image->cache_strategy)) {
	case EIS_CACHE_DISABLED:
		return false;
	case EIS_CACHE_READAROUND:
		if (ext->la < fill->start)
			return true;
		fallthrough;
	default:
		return !ext->complete || ext->la + ext->len > fill->end;
	}
}

/* Page @i of the cluster by itself. */
static int eis_zfill_read_page(struct eis_fill *fill, struct eis_storage *st,
			       struct eis_cluster *c, u64 pos, unsigned int i, bool keep)
{
	struct folio *folio = NULL;

	if (keep)
		folio = eis_zfill_insert(fill, st, c, pos);
	if (!folio)
		folio = eis_spare_get(fill->gfp, 0);
	if (!folio)
		return -ENOMEM;
	/* One reference is the cluster's; a cached one has the page cache's as well. */
	c->in[i] = folio_page(folio, 0);
	eis_zfill_add(fill, st, c, pos, folio, PAGE_SIZE);
	fill->z.locked |= folio->mapping != NULL;
	fill->z.tail = c->in[i];
	fill->z.tail_pos = pos;
	return 0;
}

/*
 * Several pages in one piece, if that can be had for nothing: without waking
 * anyone, and without more than a quarter of it going to waste.
 */
static struct folio *eis_zfill_folio(unsigned int nr)
{
	const unsigned int order = get_order((size_t)nr << PAGE_SHIFT);

	if (nr < 2 || order > EIS_IN_ORDER_MAX || nr <= (3U << order) / 4)
		return NULL;
	return eis_spare_get(__GFP_NOWARN | __GFP_NORETRY, order);
}

/* Send for the cluster's encoded bytes: pages from @start on. */
static int eis_zfill_read(struct eis_fill *fill, struct eis_storage *st, struct eis_cluster *c,
			  u64 start)
{
	const bool keep = eis_zfill_keep(fill);
	unsigned int i = 0;
	int err = 0;

	if (eis_zfill_cached(c, st, start))
		return 0;
	if (eis_zfill_share_tail(fill, st, c, start))
		i = 1;
	if (!i && !keep)
		c->in_folio = eis_zfill_folio(c->nr_in);
	if (c->in_folio) {
		eis_zfill_add(fill, st, c, start, c->in_folio, (size_t)c->nr_in << PAGE_SHIFT);
		fill->z.tail = folio_page(c->in_folio, c->nr_in - 1);
		fill->z.tail_pos = start + (c->nr_in - 1) * PAGE_SIZE;
		return 0;
	}
	for (; i < c->nr_in && !err; i++)
		err = eis_zfill_read_page(fill, st, c, start + i * PAGE_SIZE, i, keep);
	return err;
}

/* The inline cluster: in a page of the metadata, which stays up to date while we have it. */
static int eis_zfill_inline(struct eis_fill *fill, struct eis_cluster *c)
{
	const struct erofs_inode *fmt = &eis_i(fill->reader.inode)->fmt;
	struct page *page = eis_source_page(&fill->es, fmt->space, c->pa, c->in_len, &c->in_off);

	if (IS_ERR(page)) {
		struct erofs_diag diag = { };

		erofs_fail(&diag, EROFS_CHECK_SOURCE, fmt->nid, c->pa, fmt->space);
		eis_report(fill->image, "read", &diag, PTR_ERR(page));
		return PTR_ERR(page);
	}
	c->in[0] = page;
	return 0;
}

/* ---- Decoded bytes ---- */

static void eis_zfill_done(struct eis_cluster *c, int err)
{
	struct eis_request *req = container_of(c->batch, struct eis_request, batch);
	const u64 first = c->la >> PAGE_SHIFT;
	const u64 to = c->la + c->to;
	u64 pos = c->la + c->from;

	trace_eis_cluster(req->image->sb->s_dev, req->nid, c->format, c->la, c->in_len, c->out_len,
			  err);
	/* A failed read was reported when it failed; a reader comes back for what read-ahead missed. */
	if (err == -EFSCORRUPTED && !req->ahead) {
		struct erofs_diag diag = { };

		erofs_fail(&diag, EROFS_CHECK_CLUSTER_STREAM, req->nid, c->la, c->pa);
		eis_report(req->image, "read", &diag, err);
	}
	while (pos < to) {
		struct folio *folio = page_folio(c->out[(pos >> PAGE_SHIFT) - first]);
		u64 end = min_t(u64, to, folio_pos(folio) + folio_size(folio));

		if (!err)
			flush_dcache_folio(folio);
		else
			eis_bad_mark(req->bad, pos - folio_pos(folio), end - pos, err);
		eis_folio_account(folio, end - pos, !err);
		pos = end;
	}
}

static void eis_request_release(struct eis_batch *b)
{
	struct eis_request *req = container_of(b, struct eis_request, batch);
	struct eis_inflight *inflight = &req->image->inflight;

	kfree(req);
	eis_inflight_put(inflight);
}

static struct eis_request *eis_request_get(struct eis_fill *fill)
{
	struct eis_image *image = fill->image;
	struct eis_request *req = fill->z.request;

	if (req)
		return req;
	req = kmalloc(sizeof(*req), fill->gfp);
	if (!req)
		return NULL;
	eis_inflight_get(&image->inflight);
	req->image = image;
	req->nid = eis_i(fill->reader.inode)->fmt.nid;
	req->ahead = fill->opf & REQ_RAHEAD;
	req->bad = fill->bad;
	req->held = 0;
	eis_batch_init(&req->batch, &image->codec, 1U << image->fmt.blkszbits, eis_zfill_done,
		       eis_request_release);
	fill->z.request = req;
	return req;
}

/*
 * The request for one more cluster, of so many pages. An image may claim that every
 * byte of a file takes a cluster of its own, or a large one: so much is not held at
 * a time. What there is so far is decoded first.
 */
static struct eis_request *eis_request_for(struct eis_fill *fill, unsigned int nr_in,
					   unsigned int nr_out)
{
	const size_t bytes = nr_in * PAGE_SIZE + sizeof(struct eis_read) +
			     sizeof(struct eis_cluster) + (nr_in + nr_out) * sizeof(struct page *);
	struct eis_request *req = eis_request_get(fill);

	if (req && req->held && req->held + bytes > EIS_HELD_MAX) {
		eis_fill_submit(fill);
		eis_batch_submit(&req->batch, EIS_BATCH_WAIT, fill->gfp);
		fill->z.request = NULL;
		/* For the rest of this fill, too: it may go on for as long as the image likes. */
		fill->z.killed = fatal_signal_pending(current);
		if (fill->z.killed)
			return ERR_PTR(-EINTR);
		req = eis_request_get(fill);
	}
	if (!req)
		return ERR_PTR(-ENOMEM);
	req->held += bytes;
	return req;
}

/* Where the cluster is. A cluster that its device does not have whole is refused. */
static struct eis_storage *eis_zfill_locate(struct eis_fill *fill, u64 *pos,
					    struct erofs_diag *diag)
{
	const u64 nid = eis_i(fill->reader.inode)->fmt.nid;
	const struct erofs_zextent *z = &fill->z.ext;
	struct eis_storage *st;
	struct erofs_location loc;
	int err;

	st = eis_locate(fill->image, nid, &fill->ext, fill->ext.la, z->plen, &loc, diag);
	if (IS_ERR(st))
		return st;
	if (loc.len < z->plen) {
		err = erofs_fail(diag, EROFS_CHECK_CLUSTER_SPLIT, nid, z->la, loc.len);
		return ERR_PTR(err);
	}
	if (z->plen > st->size || loc.pos > st->size - z->plen) {
		err = erofs_fail(diag, EROFS_CHECK_CLUSTER_BEYOND, nid, z->la, z->pa);
		return ERR_PTR(err);
	}
	*pos = loc.pos;
	return st;
}

/* Start the cluster of the current extent. */
static int eis_zfill_open(struct eis_fill *fill, struct erofs_diag *diag)
{
	const struct erofs_zextent *z = &fill->z.ext;
	const u64 mask = (1U << fill->image->fmt.blkszbits) - 1;
	const u64 to = min(z->la + z->len, fill->end);
	struct eis_storage *st = NULL;
	unsigned int nr_in, nr_out;
	struct eis_request *req;
	struct eis_cluster *c;
	u32 plen = z->plen;
	u64 pos = z->pa;
	int err;

	if (fill->z.killed)
		return -EINTR;
	if (!z->inlined) {
		st = eis_zfill_locate(fill, &pos, diag);
		if (IS_ERR(st))
			return PTR_ERR(st);
	}
	/* Of plain bytes only those that are wanted are ever looked at. */
	if (z->format == EROFS_ZF_SHIFTED)
		plen = min_t(u64, plen, to - z->la);
	nr_in = DIV_ROUND_UP(offset_in_page(pos) + plen, PAGE_SIZE);
	nr_out = ((to - 1) >> PAGE_SHIFT) - (z->la >> PAGE_SHIFT) + 1;
	req = eis_request_for(fill, nr_in, nr_out);
	if (IS_ERR(req))
		return PTR_ERR(req);
	c = eis_cluster_alloc(&req->batch, nr_in, nr_out, fill->gfp);
	if (!c)
		return -ENOMEM;
	c->format = z->format;
	c->exact = z->complete && !z->partial && to == z->la + z->len;
	c->in_off = offset_in_page(pos);
	c->in_len = plen;
	c->pad_len = min_t(u64, plen, mask + 1 - (z->pa & mask));
	if (z->format == EROFS_ZF_LZ4 &&
	    !(fill->image->fmt.feature_incompat & EROFS_INCOMPAT_LZ4_0PADDING)) {
		/* Old writers put the padding behind the stream, whose end shows in its output only. */
		c->exact = false;
		c->pad_len = 0;
	}
	c->la = z->la;
	c->pa = z->pa;
	c->out_len = to - z->la;
	fill->z.cluster = c;
	err = st ? eis_zfill_read(fill, st, c, pos - c->in_off) : eis_zfill_inline(fill, c);
	/* From here on the cluster itself carries the error to its folios. */
	if (err)
		WRITE_ONCE(c->err, err);
	return 0;
}

/**
 * eis_zfill_attach - a piece that is decoded from a cluster
 * @fill:  the fill; its extent is the cluster's
 * @folio: locked folio
 * @off:   byte offset in @folio
 * @len:   bytes, inside @folio and the extent
 * @diag:  check that failed
 *
 * Pieces of one cluster come in order and without gaps. Context: may sleep.
 * Return: 0: the piece is accounted for when the cluster ends; or a negative
 * errno: the caller accounts.
 */
int eis_zfill_attach(struct eis_fill *fill, struct folio *folio, size_t off, size_t len,
		     struct erofs_diag *diag)
{
	const u64 la = fill->z.ext.la;
	const u64 from = folio_pos(folio) + off;
	struct eis_cluster *c = fill->z.cluster;
	unsigned int slot;
	size_t at;

	if (!c) {
		int err = eis_zfill_open(fill, diag);

		if (err)
			return err;
		c = fill->z.cluster;
		c->from = from - la;
	}
	c->to = from + len - la;
	slot = (from >> PAGE_SHIFT) - (la >> PAGE_SHIFT);
	for (at = round_down(off, PAGE_SIZE); at < off + len; at += PAGE_SIZE)
		c->out[slot++] = folio_page(folio, at >> PAGE_SHIFT);
	return 0;
}

/*
 * How far to read ahead for a reader who goes on: to the end of the extent that
 * the window ends in, and, where nobody waits for any of it, EIS_AHEAD_MIN or as far as
 * it takes to give every processor two clusters. One large cluster at a time keeps just
 * one busy.
 */
static u64 eis_zfill_ahead(struct eis_fill *fill, u64 size)
{
	const unsigned int cpus = num_online_cpus();
	const u64 max = fill->end + EIS_EXPAND_MAX;
	u64 end = fill->end, pos = end - 1, goal = 0;

	do {
		struct erofs_zextent ext;

		cond_resched();
		if (fatal_signal_pending(current) ||
		    eis_zextent(fill->reader.inode, &fill->es, pos, EIS_EXPAND_MAX, fill->gfp,
				&ext, NULL) || ext.type != EROFS_Z_CLUSTER)
			break;
		if (!goal && !fill->needed_now)
			goal = fill->start + max_t(u64, 2 * cpus * ext.len, EIS_AHEAD_MIN);
		end = max(end, ext.la + ext.len);
		pos = end;
	} while (end < min3(goal, size, max));
	return min3(round_up(min(end, size), PAGE_SIZE), round_up(size, PAGE_SIZE), max);
}

/**
 * eis_zfill_expand - widen a read-ahead to the extents at its ends
 * @fill: the fill, before its first folio
 * @rac:  its read-ahead
 *
 * In front, what has to be decoded anyway. Behind, only if the reader seems to
 * go on: a single page of a file is a random read. Context: may sleep.
 */
void eis_zfill_expand(struct eis_fill *fill, struct readahead_control *rac)
{
	const u64 size = i_size_read(fill->reader.inode);
	const u64 pos = fill->start;
	struct file_ra_state *ra = rac->ra;
	const unsigned int window = ra ? ra->size : 0;
	u64 start = pos, end = fill->end;

	if (pos >= size)
		return;
	if (!eis_zfill_map(fill, pos, NULL) && fill->ext.type == EROFS_EXTENT_CLUSTER) {
		start = min_t(u64, pos, round_up(fill->z.ext.la, PAGE_SIZE));
		if (pos - start > EIS_EXPAND_MAX)
			start = pos - EIS_EXPAND_MAX;
	}
	if ((readahead_count(rac) > 1 || !rac->file) && end < size)
		end = eis_zfill_ahead(fill, size);
	if (start == pos && end == fill->end)
		return;
	/* Behind first: in front it gives up at the first page that is there already. */
	if (end > fill->end)
		readahead_expand(rac, pos, end - pos);
	if (start < pos)
		readahead_expand(rac, start, readahead_pos(rac) + readahead_length(rac) - start);
	/*
	 * What was appended counts as read ahead, so that the next window begins behind it;
	 * but it does not make that window larger, or windows would grow without end.
	 */
	if (ra) {
		ra->start += ra->size - window;
		ra->size = window;
	}
	fill->start = readahead_pos(rac);
	fill->end = fill->start + readahead_length(rac);
	/* Ends are looked for up to fill->end; from the beginning again. */
	fill->ext.len = 0;
	fill->z.done = 0;
}

/**
 * eis_zfill_finish - all folios are there: decode
 * @fill: the fill; its last read is submitted
 */
void eis_zfill_finish(struct eis_fill *fill)
{
	if (fill->z.request)
		eis_batch_submit(&fill->z.request->batch,
				 fill->needed_now ? EIS_BATCH_NOW : EIS_BATCH_LATER, fill->gfp);
}
