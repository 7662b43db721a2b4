/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clusters: one physical cluster on its way from encoded pages to decoded ones,
 * and batches: the clusters of one read request, decoded on all CPUs.
 *
 * Rules:
 *  - Knows pages, not files. Who builds a cluster hands in where its encoded
 *    bytes will be, which pages take the decoded ones, and a completion.
 *  - Life cycle: eis_cluster_alloc() -> pages are set -> eis_batch_submit() gives
 *    the builder's reference back. A cluster whose last read has ended is
 *    *ready*; the batch decodes it, calls done() in process context, frees it.
 *  - A batch is decoded either by its builder (small requests: nothing is handed
 *    over, the data is needed now) or by workers, one per so many ready bytes and
 *    never more than CPUs. A builder never waits for workers.
 *  - Memory is bounded and all of it is there before anything is decoded: per
 *    cluster its encoded pages (at most 1 MiB and the two pages at its ends), and
 *    scratch pages for decoded bytes that nobody asked for: at most the codec's
 *    window and two pages (LZ4: 72 KiB). Decoding itself allocates nothing but
 *    the page tables of a mapping.
 */
#ifndef EIS_ZIP_CLUSTER_H
#define EIS_ZIP_CLUSTER_H

#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "zip/codec.h"

struct eis_batch;

/**
 * struct eis_cluster - one physical cluster
 * @next:     next of the batch, in file order; constant once a read covers both
 * @ready:    next of the ready list
 * @batch:    the request it belongs to
 * @pending:  reads under way, plus the builder's reference
 * @err:      0, or why its encoded bytes are not there
 * @format:   enum erofs_zformat
 * @exact:    the stream ends exactly at @out_len; false: it goes on
 * @in_off:   first encoded byte, from the start of the first encoded page
 * @in_len:   encoded bytes
 * @pad_len:  how many of them may be leading zeros (FORMAT.md 8.5)
 * @la:       file position of decoded byte 0; diagnostics and alignment
 * @pa:       address of the cluster; diagnostics
 * @out_len:  bytes to decode
 * @from/@to: range of decoded bytes that somebody waits for
 * @in_folio: encoded pages in one piece, not in high memory; or NULL: @in
 * @nr_in/@nr_out: pages
 * @nr_scratch: this many first pages of @out are scratch
 * @in/@out:  pages, each with a reference for @in and for scratch pages. A page
 *            that is nobody's yet is NULL.
 */
struct eis_cluster {
	struct eis_cluster *next;
	struct eis_cluster *ready;
	struct eis_batch *batch;
	atomic_t pending;
	int err;
	u8 format;
	bool exact;
	u32 in_off;
	u32 in_len;
	u32 pad_len;
	u32 out_len;
	u32 from;
	u32 to;
	u64 la;
	u64 pa;
	struct folio *in_folio;
	unsigned int nr_in;
	unsigned int nr_out;
	unsigned int nr_scratch;
	struct page **in;
	struct page **out;
	struct page *pages[];
};

/* Most workers on one batch: more do not pay at the size of a read request. */
#define EIS_BATCH_WORKERS	8

struct eis_batch_worker {
	struct work_struct work;
	struct eis_batch *batch;
};

/**
 * struct eis_batch - the clusters of one read request
 * @params:  of the image's streams
 * @blksize: block size, bytes
 * @done:    a cluster ended with @err: account for its range @from..@to. Process context.
 * @release: everything ended: free the batch. Process context.
 * @first/@last: all clusters; the builder's until eis_batch_submit()
 * @count:   how many
 * @ref:     the builder, every unfinished cluster, every worker
 * @lock:    protects the rest; any context
 * @ready/@ready_tail/@ready_bytes: clusters to decode
 * @here:    the builder decodes
 * @busy:    bitmap of @worker
 * @wait:    the builder, in need of a ready cluster
 */
struct eis_batch {
	const struct eis_codec_params *params;
	u32 blksize;
	void (*done)(struct eis_cluster *c, int err);
	void (*release)(struct eis_batch *b);
	struct eis_cluster *first;
	struct eis_cluster *last;
	unsigned int count;
	refcount_t ref;
	spinlock_t lock;
	struct eis_cluster *ready;
	struct eis_cluster **ready_tail;
	u64 ready_bytes;
	bool here;
	unsigned long busy;
	wait_queue_head_t wait;
	struct eis_batch_worker worker[EIS_BATCH_WORKERS];
};

void eis_batch_init(struct eis_batch *b, const struct eis_codec_params *params, u32 blksize,
		    void (*done)(struct eis_cluster *c, int err),
		    void (*release)(struct eis_batch *b));
/* Who decodes a batch */
enum eis_batch_mode {
	EIS_BATCH_LATER,	/* workers */
	EIS_BATCH_NOW,		/* somebody waits for the bytes: the builder if it is little */
	EIS_BATCH_WAIT,		/* the builder: it needs the memory back */
};

void eis_batch_submit(struct eis_batch *b, enum eis_batch_mode mode, gfp_t gfp);

struct eis_cluster *eis_cluster_alloc(struct eis_batch *b, unsigned int nr_in, unsigned int nr_out,
				      gfp_t gfp);
void eis_cluster_put(struct eis_cluster *first, struct eis_cluster *last, int err);

static inline void eis_cluster_get(struct eis_cluster *c)
{
	atomic_inc(&c->pending);
}

int eis_cluster_init(void);
void eis_cluster_exit(void);

#endif /* EIS_ZIP_CLUSTER_H */
