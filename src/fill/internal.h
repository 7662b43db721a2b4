/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One call of ->read_folio or ->readahead, as fill.c and compressed.c share it.
 *
 * Rules for reads: one is collected at a time (@rd), data or encoded bytes. It is
 * submitted before the next one is allocated, so the bios' reserve is enough. One
 * with pages of the metadata cache, which are locked, is submitted before metadata
 * is looked at: that may be in the very same page.
 */
#ifndef EIS_FILL_INTERNAL_H
#define EIS_FILL_INTERNAL_H

#include "fill/content.h"
#include "fill/fill.h"
#include "fill/folio.h"
#include "zip/cluster.h"

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
 * struct eis_request - a batch of clusters and whom it is for
 * @batch: its clusters
 * @image: their image; a reference on its reads in flight is held
 * @nid:   the file, for messages
 * @bad:   see struct eis_fill
 * @held:    bytes that its clusters hold, about
 * @ahead: read-ahead: nobody misses what cannot be had
 */
struct eis_request {
	struct eis_batch batch;
	struct eis_image *image;
	u64 nid;
	struct eis_bad *bad;
	u64 held;
	bool ahead;
};

/**
 * struct eis_bad - what of a folio could not be filled
 * @pages: bitmap, set from any context
 * @io:    not all of it because the image is wrong: another try may help
 */
struct eis_bad {
	unsigned long *pages;
	bool io;
};

/* Bytes of the folio that a filler waits for failed. @bad may be NULL. Any context. */
static inline void eis_bad_mark(struct eis_bad *bad, size_t off, size_t len, int err)
{
	size_t i;

	if (!bad)
		return;
	for (i = off >> PAGE_SHIFT; i < DIV_ROUND_UP(off + len, PAGE_SIZE); i++)
		set_bit(i, bad->pages);
	if (err != -EFSCORRUPTED)
		WRITE_ONCE(bad->io, true);
}

/**
 * struct eis_zfill - the part of a fill that compressed files need
 * @ext:     current extent
 * @request: NULL until the first cluster
 * @cluster: of @ext, being built; NULL: none yet
 * @tail:    last page that is being read for @rd and its position @tail_pos: the
 *           next cluster may begin in it
 * @done:    end of the last extent whose end is known; the next one begins there
 * @locked:  the read being collected has pages of the metadata cache
 * @killed:  the task is, and has waited for clusters: it makes no more of them
 */
struct eis_zfill {
	struct erofs_zextent ext;
	struct eis_request *request;
	struct eis_cluster *cluster;
	struct page *tail;
	u64 tail_pos;
	u64 done;
	bool locked;
	bool killed;
};

/**
 * struct eis_fill - one call of ->read_folio or ->readahead
 * @reader: who reads
 * @image:  the reader's image
 * @compressed: the reader's file is
 * @start/@end: file range the call reads; bounds what is mapped ahead
 * @pages:  pages the call still brings, sizes the reads
 * @kind:   of its reads
 * @opf:    request flags
 * @gfp:    for what the request needs besides its folios
 * @needed_now: somebody waits for this range
 * @reported: a failed check was already told
 * @bad:    a filler waits and wants to know what fails; else NULL
 * @ext:    current extent, len 0 = none
 * @z:      more about it when it is compressed
 * @rd:     read being collected, or NULL
 * @es:     metadata source
 */
struct eis_fill {
	struct eis_reader reader;
	struct eis_image *image;
	u64 start;
	u64 end;
	unsigned int pages;
	enum eis_read_kind kind;
	blk_opf_t opf;
	gfp_t gfp;
	bool compressed;
	bool needed_now;
	bool reported;
	struct eis_bad *bad;
	struct erofs_extent ext;
	struct eis_zfill z;
	struct eis_read *rd;
	struct eis_source es;
};

/* fill.c */
void eis_fill_report_io(const struct eis_read *rd, int err);
void eis_fill_submit(struct eis_fill *fill);

bool eis_fill_wait(struct file *file, struct folio *folio, size_t off, size_t len,
		   struct eis_bad *bad);

/* partial.c */
int eis_partial_read(struct file *file, struct folio *folio);
bool eis_partial_uptodate(struct folio *folio, size_t from, size_t count);
bool eis_partial_release(struct folio *folio, gfp_t gfp);
void eis_partial_invalidate(struct folio *folio, size_t off, size_t len);

/* compressed.c */
int eis_zextent(struct inode *inode, struct eis_source *es, u64 pos, u64 want, gfp_t gfp,
		struct erofs_zextent *ext, struct erofs_diag *diag);
int eis_zfill_map(struct eis_fill *fill, u64 pos, struct erofs_diag *diag);
int eis_zfill_attach(struct eis_fill *fill, struct folio *folio, size_t off, size_t len,
		     struct erofs_diag *diag);
int eis_zfill_fragment(struct eis_fill *fill, struct folio *folio, size_t off, size_t len,
		       struct erofs_diag *diag);
void eis_zfill_expand(struct eis_fill *fill, struct readahead_control *rac);
void eis_zfill_finish(struct eis_fill *fill);

#endif /* EIS_FILL_INTERNAL_H */
