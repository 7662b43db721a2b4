// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches: who decodes the clusters of a read request, and when.
 *
 * A request whose data is needed now and that decodes to little is decoded by
 * whoever builds it: handing it over would cost more than it gains. Otherwise
 * clusters are decoded by workers as their reads end, and the builder goes on:
 * it waits for the folio it wants, as any reader does, and for nothing else.
 *
 * Locking: eis_batch.lock, taken in any context, nothing but queueing and
 * waking inside it. Whoever makes a cluster ready must not touch the batch
 * after unlocking: the cluster's reference went with it.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "zip/cluster.h"
#include "zip/decode.h"
#include "zip/spare.h"

/* Up to here a request is decoded where it was made, if it is needed now. */
#define EIS_DECODE_HERE		(64U << 10)
/* One more worker for so many decoded bytes that are ready. */
#define EIS_WORKER_BYTES	(32U << 10)

static struct workqueue_struct *eis_zip_wq;

static void eis_batch_put(struct eis_batch *b)
{
	if (refcount_dec_and_test(&b->ref))
		b->release(b);
}

/* Lock held. */
static struct eis_cluster *eis_batch_pop(struct eis_batch *b)
{
	struct eis_cluster *c = b->ready;

	if (!c)
		return NULL;
	b->ready = c->ready;
	if (!b->ready)
		b->ready_tail = &b->ready;
	b->ready_bytes -= c->out_len;
	return c;
}

/* Lock held. */
static void eis_batch_kick(struct eis_batch *b)
{
	unsigned int limit = min_t(unsigned int, num_online_cpus(), EIS_BATCH_WORKERS);
	unsigned int want = min_t(u64, DIV_ROUND_UP_ULL(b->ready_bytes, EIS_WORKER_BYTES), limit);

	if (b->ready && !want)
		want = 1;
	while (hweight_long(b->busy) < want) {
		unsigned int i = ffz(b->busy);

		__set_bit(i, &b->busy);
		refcount_inc(&b->ref);
		queue_work(eis_zip_wq, &b->worker[i].work);
	}
}

static void eis_batch_work(struct work_struct *work)
{
	struct eis_batch_worker *w = container_of(work, struct eis_batch_worker, work);
	struct eis_batch *b = w->batch;
	struct eis_cluster *c;

	spin_lock_irq(&b->lock);
	while ((c = eis_batch_pop(b)) != NULL) {
		spin_unlock_irq(&b->lock);
		eis_cluster_finish(c);
		eis_batch_put(b);
		cond_resched();
		spin_lock_irq(&b->lock);
	}
	__clear_bit(w - b->worker, &b->busy);
	spin_unlock_irq(&b->lock);
	eis_batch_put(b);
}

/**
 * eis_cluster_put - give back a reference of each of a row of clusters
 * @first: first one
 * @last:  last one, @first or reached from it by @next
 * @err:   0, or why bytes of theirs are not there
 *
 * Those without another reference become ready to decode. Context: any.
 */
void eis_cluster_put(struct eis_cluster *first, struct eis_cluster *last, int err)
{
	struct eis_cluster *head = NULL, **tail = &head, *c = first, *next;
	struct eis_batch *b = first->batch;
	unsigned long flags;
	u64 bytes = 0;

	for (;; c = next) {
		/* A cluster that is not ours to complete may be gone at once. */
		next = c == last ? NULL : c->next;
		if (err)
			WRITE_ONCE(c->err, err);
		if (atomic_dec_and_test(&c->pending)) {
			c->ready = NULL;
			*tail = c;
			tail = &c->ready;
			bytes += c->out_len;
		}
		if (!next)
			break;
	}
	if (!head)
		return;
	spin_lock_irqsave(&b->lock, flags);
	*b->ready_tail = head;
	b->ready_tail = tail;
	b->ready_bytes += bytes;
	if (b->here)
		wake_up(&b->wait);
	else
		eis_batch_kick(b);
	spin_unlock_irqrestore(&b->lock, flags);
}

/* Wait for a cluster that is ready. Return: 0, or -ERESTARTSYS: killed. */
static int eis_batch_wait(struct eis_batch *b)
{
	return ___wait_event(b->wait, READ_ONCE(b->ready), TASK_KILLABLE, 0, 0, io_schedule());
}

/*
 * Decode all of it in this context. Who is killed meanwhile leaves the rest to workers: a disk that
 * hangs would keep him for ever.
 */
static void eis_batch_decode_here(struct eis_batch *b)
{
	unsigned int left = b->count;

	while (left) {
		struct eis_cluster *c;

		spin_lock_irq(&b->lock);
		c = eis_batch_pop(b);
		spin_unlock_irq(&b->lock);
		if (!c) {
			if (!eis_batch_wait(b))
				continue;
			spin_lock_irq(&b->lock);
			b->here = false;
			eis_batch_kick(b);
			spin_unlock_irq(&b->lock);
			return;
		}
		eis_cluster_finish(c);
		eis_batch_put(b);
		cond_resched();
		left--;
	}
}

/**
 * eis_batch_init - prepare a batch
 * @b:       batch, part of the builder's own structure
 * @params:  of the image's streams; outlives the batch
 * @blksize: block size of the image, bytes
 * @done:    completion of one cluster
 * @release: end of the batch
 */
void eis_batch_init(struct eis_batch *b, const struct eis_codec_params *params, u32 blksize,
		    void (*done)(struct eis_cluster *c, int err),
		    void (*release)(struct eis_batch *b))
{
	unsigned int i;

	memset(b, 0, sizeof(*b));
	b->params = params;
	b->blksize = blksize;
	b->done = done;
	b->release = release;
	b->ready_tail = &b->ready;
	refcount_set(&b->ref, 1);
	spin_lock_init(&b->lock);
	init_waitqueue_head(&b->wait);
	for (i = 0; i < EIS_BATCH_WORKERS; i++) {
		b->worker[i].batch = b;
		INIT_WORK(&b->worker[i].work, eis_batch_work);
	}
}

/**
 * eis_batch_submit - all clusters are built and their reads sent
 * @b: batch; gone afterwards as far as the caller is concerned
 * @mode: who decodes
 * @gfp: flags for scratch pages
 *
 * What the builder decodes is decoded when this returns, which includes waiting
 * for its reads; unless it is killed.
 * Context: may sleep.
 */
void eis_batch_submit(struct eis_batch *b, enum eis_batch_mode mode, gfp_t gfp)
{
	struct eis_cluster *c;
	u64 bytes = 0;

	for (c = b->first; c; c = c->next) {
		int err = eis_cluster_scratch(c, gfp);

		if (err)
			WRITE_ONCE(c->err, err);
		bytes += c->out_len;
	}
	spin_lock_irq(&b->lock);
	b->here = mode == EIS_BATCH_WAIT ||
		  (mode == EIS_BATCH_NOW && (b->count == 1 || bytes <= EIS_DECODE_HERE));
	spin_unlock_irq(&b->lock);

	if (b->first)
		eis_cluster_put(b->first, b->last, 0);
	if (b->here)
		eis_batch_decode_here(b);
	eis_batch_put(b);
}

/**
 * eis_cluster_init - set up what all batches share
 *
 * Return: 0 or -ENOMEM.
 */
int eis_cluster_init(void)
{
	eis_zip_wq = alloc_workqueue("erofs-ishare-zip", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return eis_zip_wq ? 0 : -ENOMEM;
}

/**
 * eis_cluster_exit - undo eis_cluster_init(); no batch is left
 */
void eis_cluster_exit(void)
{
	destroy_workqueue(eis_zip_wq);
	eis_spare_exit();
}
