// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding one physical cluster: its pages are made contiguous, the codec runs
 * from one to the other, the completion is called.
 *
 * Contiguous costs nothing when it already is: encoded bytes are read into one
 * folio where there is one to be had, and pages of a large folio (or those that
 * the allocator happened to give in order) have contiguous addresses. Otherwise
 * one mapping per cluster.
 *
 * Scratch: decoded bytes before the first one wanted have to be somewhere, since
 * streams refer back to them. No stream refers back further than its window, so
 * a ring of pages of that size, mapped again and again, holds any prefix.
 */
#include <linux/highmem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat/compat.h"
#include "zip/cluster.h"
#include "zip/decode.h"
#include "zip/spare.h"

/**
 * eis_cluster_alloc - start building a cluster
 * @b:      batch; the cluster becomes its last one
 * @nr_in:  pages its encoded bytes touch
 * @nr_out: pages its decoded bytes touch
 * @gfp:    allocation flags
 *
 * Context: builder only, may sleep as @gfp says. Return: the cluster, all pages
 * NULL, with the builder's reference; or NULL.
 */
struct eis_cluster *eis_cluster_alloc(struct eis_batch *b, unsigned int nr_in, unsigned int nr_out,
				      gfp_t gfp)
{
	/* Large arrays may come from vmalloc(), which does not know this flag. */
	struct eis_cluster *c = kvzalloc(struct_size(c, pages, nr_in + nr_out),
					 gfp & ~__GFP_NORETRY);

	if (!c)
		return NULL;
	c->batch = b;
	atomic_set(&c->pending, 1);
	c->nr_in = nr_in;
	c->nr_out = nr_out;
	c->in = c->pages;
	c->out = c->pages + nr_in;
	refcount_inc(&b->ref);
	if (b->last)
		b->last->next = c;
	else
		b->first = c;
	b->last = c;
	b->count++;
	return c;
}

/* Slots this far apart may share a scratch page: codecs write a little ahead. */
static unsigned int eis_cluster_ring(const struct eis_cluster *c)
{
	size_t window = PAGE_SIZE;

	if (c->format < EROFS_ALG_COUNT)
		window = eis_codec_window(c->format, c->batch->params);
	return DIV_ROUND_UP(window, PAGE_SIZE) + 2;
}

/**
 * eis_cluster_scratch - give the pages of @out that nobody asked for
 * @c:   cluster; its wanted pages are set and are the last ones
 * @gfp: allocation flags
 *
 * Return: 0 or -ENOMEM.
 */
int eis_cluster_scratch(struct eis_cluster *c, gfp_t gfp)
{
	const unsigned int ring = eis_cluster_ring(c);
	unsigned int i;

	for (i = 0; i < c->nr_out && !c->out[i]; i++) {
		if (i < ring) {
			struct folio *folio = eis_spare_get(gfp, 0);

			if (!folio)
				return -ENOMEM;
			c->out[i] = folio_page(folio, 0);
		} else {
			c->out[i] = c->out[i - ring];
		}
		c->nr_scratch = i + 1;
	}
	return 0;
}

static void eis_cluster_free(struct eis_cluster *c)
{
	unsigned int i, n = min(c->nr_scratch, eis_cluster_ring(c));

	for (i = 0; i < n; i++)
		eis_spare_put(page_folio(c->out[i]));
	if (c->in_folio)
		eis_spare_put(c->in_folio);
	else
		for (i = 0; i < c->nr_in && c->in[i]; i++)
			eis_spare_put(page_folio(c->in[i]));
	kvfree(c);
}

/* ---- Contiguous memory ---- */

/**
 * struct eis_view - pages at contiguous addresses
 * @addr:   first byte of the first page
 * @mapped: pages that a mapping was made for, 0 = they were contiguous
 */
struct eis_view {
	void *addr;
	unsigned int mapped;
};

static bool eis_contiguous(struct page **pages, unsigned int nr)
{
	unsigned int i;

	if (PageHighMem(pages[0]))
		return false;
	for (i = 1; i < nr; i++) {
		if (PageHighMem(pages[i]) ||
		    page_address(pages[i]) != page_address(pages[i - 1]) + PAGE_SIZE)
			return false;
	}
	return true;
}

static int eis_view_open(struct eis_view *view, struct page **pages, unsigned int nr)
{
	view->mapped = 0;
	if (eis_contiguous(pages, nr)) {
		view->addr = page_address(pages[0]);
		return 0;
	}
	view->addr = vm_map_ram(pages, nr, NUMA_NO_NODE);
	if (!view->addr)
		return -ENOMEM;
	view->mapped = nr;
	return 0;
}

static void eis_view_close(struct eis_view *view)
{
	if (view->mapped)
		vm_unmap_ram(view->addr, view->mapped);
}

/* ---- Decoding ---- */

/* FORMAT.md 8.4 */
static int eis_decode_plain(const struct eis_cluster *c, const u8 *in, u8 *out)
{
	u32 n = c->out_len, first = 0, at = 0;

	if (n > c->in_len)
		return -EFSCORRUPTED;
	if (c->format == EROFS_ZF_INTERLACED) {
		u32 cur = c->batch->blksize - (c->la & (c->batch->blksize - 1));

		if (cur > c->in_len)
			return -EFSCORRUPTED;
		first = min(cur, n);
		at = c->in_len - cur;
	}
	memcpy(out, in + at, first);
	memcpy(out + first, in, n - first);
	return 0;
}

static int eis_decode_stream(const struct eis_cluster *c, const u8 *in, u8 *out)
{
	size_t skip = erofs_zskip(in, c->pad_len);

	if (c->pad_len && skip == c->pad_len)
		return -EFSCORRUPTED;
	return eis_codec_decode(c->format, c->batch->params, in + skip, c->in_len - skip, out,
				c->out_len, c->exact);
}

static int eis_cluster_decode(struct eis_cluster *c)
{
	struct eis_view in = { }, out;
	u8 *from, *to;
	int err;

	if (c->in_folio) {
		in.addr = folio_address(c->in_folio);
	} else {
		err = eis_view_open(&in, c->in, c->nr_in);
		if (err)
			return err;
	}
	err = eis_view_open(&out, c->out, c->nr_out);
	if (!err) {
		from = in.addr + c->in_off;
		to = out.addr + offset_in_page(c->la);
		if (c->format >= EROFS_ALG_COUNT)
			err = eis_decode_plain(c, from, to);
		else
			err = eis_decode_stream(c, from, to);
		if (out.mapped)
			flush_kernel_vmap_range(out.addr, out.mapped << PAGE_SHIFT);
		eis_view_close(&out);
	}
	eis_view_close(&in);
	return err;
}

/**
 * eis_cluster_finish - decode a ready cluster, complete it, free it
 * @c: cluster; the caller drops its reference on the batch
 *
 * Context: process, may sleep; allocations inside are NOFS.
 */
void eis_cluster_finish(struct eis_cluster *c)
{
	unsigned int nofs = memalloc_nofs_save();
	int err = c->err;

	if (!err)
		err = eis_cluster_decode(c);
	memalloc_nofs_restore(nofs);
	c->batch->done(c, err);
	eis_cluster_free(c);
}
