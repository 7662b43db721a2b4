// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of codecs, and the pools of their workspaces.
 *
 * Rules:
 *  - eis_codec_mutex: users, and whether a pool has workspaces at all. Decoding never takes it.
 *  - A pool's spinlock: the free list and the size a workspace has to have. Held for a few
 *    instructions, never around a decode or an allocation.
 *  - A pool grows by new workspaces beside the old. Those in use stay good for the images that
 *    they were taken for, and are freed instead of given back.
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "compat/compat.h"
#include "zip/internal.h"

/* What the workspaces of one algorithm may take together, but for the least number of them. */
#define EIS_POOL_BYTES	(16U << 20)
#define EIS_POOL_LEAST	4U

struct eis_ws {
	struct list_head node;
	size_t size;
	void *mem;
};

struct eis_pool {
	spinlock_t lock;
	struct list_head free;
	size_t size;
	wait_queue_head_t wait;
	unsigned int users;
};

static const struct eis_codec * const eis_codecs[EROFS_ALG_COUNT] = {
	[EROFS_ALG_LZ4]		= &eis_codec_lz4,
	[EROFS_ALG_MICROLZMA]	= &eis_codec_microlzma,
	[EROFS_ALG_DEFLATE]	= &eis_codec_deflate,
	[EROFS_ALG_ZSTD]	= &eis_codec_zstd,
};

static struct eis_pool eis_pools[EROFS_ALG_COUNT];
static DEFINE_MUTEX(eis_codec_mutex);

/* ---- Workspaces ---- */

static void eis_ws_free(const struct eis_codec *codec, struct eis_ws *ws)
{
	codec->ws_free(ws->mem);
	kfree(ws);
}

static void eis_ws_free_all(const struct eis_codec *codec, struct list_head *list)
{
	struct eis_ws *ws, *next;

	list_for_each_entry_safe(ws, next, list, node)
		eis_ws_free(codec, ws);
	INIT_LIST_HEAD(list);
}

static int eis_ws_add(const struct eis_codec *codec, size_t size, struct list_head *list)
{
	struct eis_ws *ws = kmalloc(sizeof(*ws), GFP_KERNEL);

	if (!ws)
		return -ENOMEM;
	ws->size = size;
	ws->mem = codec->ws_alloc(size);
	if (!ws->mem) {
		kfree(ws);
		return -ENOMEM;
	}
	list_add(&ws->node, list);
	return 0;
}

static unsigned int eis_pool_count(size_t size)
{
	unsigned int fit = EIS_POOL_BYTES / size;

	return min_t(unsigned int, num_possible_cpus(), max(fit, EIS_POOL_LEAST));
}

/* New workspaces of @size bytes in place of what is there. Under eis_codec_mutex. */
static int eis_pool_grow(struct eis_pool *pool, const struct eis_codec *codec, size_t size)
{
	unsigned int n = eis_pool_count(size);
	LIST_HEAD(fresh);
	LIST_HEAD(stale);

	while (n--) {
		if (eis_ws_add(codec, size, &fresh)) {
			eis_ws_free_all(codec, &fresh);
			return -ENOMEM;
		}
	}
	spin_lock(&pool->lock);
	list_splice_init(&pool->free, &stale);
	list_splice(&fresh, &pool->free);
	pool->size = size;
	spin_unlock(&pool->lock);
	wake_up_all(&pool->wait);
	eis_ws_free_all(codec, &stale);
	return 0;
}

static struct eis_ws *eis_ws_try(struct eis_pool *pool)
{
	struct eis_ws *ws;

	spin_lock(&pool->lock);
	ws = list_first_entry_or_null(&pool->free, struct eis_ws, node);
	if (ws)
		list_del(&ws->node);
	spin_unlock(&pool->lock);
	return ws;
}

/* Last in, first out: the workspace that is still in a CPU's cache. */
static struct eis_ws *eis_ws_take(struct eis_pool *pool)
{
	struct eis_ws *ws = eis_ws_try(pool);

	if (!ws)
		wait_event_exclusive_cmd(pool->wait, (ws = eis_ws_try(pool)) != NULL, , );
	return ws;
}

static void eis_ws_give(struct eis_pool *pool, const struct eis_codec *codec, struct eis_ws *ws)
{
	bool stale;

	spin_lock(&pool->lock);
	stale = ws->size != pool->size;
	if (!stale)
		list_add(&ws->node, &pool->free);
	spin_unlock(&pool->lock);
	if (stale)
		eis_ws_free(codec, ws);
	else if (wq_has_sleeper(&pool->wait))
		wake_up(&pool->wait);
}

/* ---- Users ---- */

static int eis_codec_get_one(unsigned int alg, const struct eis_codec_params *params)
{
	const struct eis_codec *codec = eis_codecs[alg];
	struct eis_pool *pool = &eis_pools[alg];
	size_t size = codec->ws_size ? codec->ws_size(params) : 0;
	int err = 0;

	if (size > pool->size)
		err = eis_pool_grow(pool, codec, size);
	if (!err)
		pool->users++;
	return err;
}

/* Under eis_codec_mutex. @algorithms: those of which a user goes. */
static void eis_codec_put_some(unsigned int algorithms)
{
	struct eis_pool *pool = eis_pools;
	unsigned int alg;

	for (alg = 0; alg < EROFS_ALG_COUNT; alg++, pool++) {
		if (!(algorithms & BIT(alg)) || --pool->users)
			continue;
		/* Nobody decodes any more: all of them are in the list. */
		eis_ws_free_all(eis_codecs[alg], &pool->free);
		pool->size = 0;
	}
}

/**
 * eis_codec_supported - whether this kernel can decode an algorithm
 * @alg: any value
 *
 * Any context. Images that name another one in their bitmap are refused with -EOPNOTSUPP
 * (FORMAT.md 1.7).
 */
bool eis_codec_supported(enum erofs_algorithm alg)
{
	return (unsigned int)alg < EROFS_ALG_COUNT && eis_codecs[alg]->decode;
}

/**
 * eis_codec_get - make decoding possible for an image
 * @params: what it declares (FORMAT.md 1.7); hand the same to eis_codec_put()
 *
 * Allocates the workspaces that are missing, or larger ones. May sleep; not from where memory is
 * reclaimed. Returns 0, -ENOMEM, or -EOPNOTSUPP when the bitmap has an algorithm that
 * eis_codec_supported() denies. After an error nothing is held.
 */
int eis_codec_get(const struct eis_codec_params *params)
{
	unsigned int alg, got = 0;
	int err = 0;

	for (alg = 0; alg < BITS_PER_BYTE * sizeof(params->algorithms); alg++)
		if (params->algorithms & BIT(alg) && !eis_codec_supported(alg))
			return -EOPNOTSUPP;

	mutex_lock(&eis_codec_mutex);
	for (alg = 0; alg < EROFS_ALG_COUNT && !err; alg++) {
		if (!(params->algorithms & BIT(alg)))
			continue;
		err = eis_codec_get_one(alg, params);
		if (!err)
			got |= BIT(alg);
	}
	if (err)
		eis_codec_put_some(got);
	mutex_unlock(&eis_codec_mutex);
	return err;
}

/**
 * eis_codec_put - the opposite of eis_codec_get()
 * @params: as they were then
 *
 * No decode of this image may be running or come later. May sleep. The last one of an algorithm
 * frees its workspaces.
 */
void eis_codec_put(const struct eis_codec_params *params)
{
	mutex_lock(&eis_codec_mutex);
	eis_codec_put_some(params->algorithms);
	mutex_unlock(&eis_codec_mutex);
}

/* ---- Decoding ---- */

/**
 * eis_codec_window - how much output a codec needs to have around the byte it is at
 * @alg: one that eis_codec_supported() grants
 * @params: what the image declares
 *
 * A caller that does not want the output of a stream as a whole may map the same physical pages
 * again every W bytes of @out, W being a multiple of the page size and at least this + one page
 * + 64: what is read back then is still there, and what a codec writes ahead of the byte it is
 * at (Zstandard keeps literals there) hits nothing that is. A stream that reaches further back
 * than its image declares is refused, or is wrong data of that image.
 *
 * Any context. Returns bytes.
 */
size_t eis_codec_window(enum erofs_algorithm alg, const struct eis_codec_params *params)
{
	return eis_codecs[alg]->window(params);
}

/**
 * eis_codec_decode - decode one stream (FORMAT.md 8.3, 8.5)
 * @alg: any value
 * @params: what the image declares; between its eis_codec_get() and eis_codec_put()
 * @in: the stream from its first byte that is not zero; not inside @out
 * @in_len: bytes up to the end of the physical cluster
 * @out: where its bytes go
 * @out_len: bytes
 * @exact: the stream must end here, giving @out_len bytes and using up @in_len; otherwise its
 *         first @out_len bytes are wanted and it may go on
 *
 * Sleeps when all workspaces are in use; allocates nothing. Any number of callers at a time.
 * Returns 0 when all of @out is decoded, else -EFSCORRUPTED, and then @out holds rubbish.
 */
int eis_codec_decode(enum erofs_algorithm alg, const struct eis_codec_params *params,
		     const void *in, size_t in_len, void *out, size_t out_len, bool exact)
{
	const struct eis_codec *codec;
	struct eis_ws *ws;
	int err;

	/* Only what the image declared has workspaces to wait for. */
	if ((unsigned int)alg >= EROFS_ALG_COUNT || !(params->algorithms & BIT(alg)))
		return -EFSCORRUPTED;
	if (!in_len || in_len > INT_MAX || !out_len || out_len > INT_MAX)
		return -EFSCORRUPTED;

	codec = eis_codecs[alg];
	if (!codec->ws_size)
		return codec->decode(NULL, params, in, in_len, out, out_len, exact);
	ws = eis_ws_take(&eis_pools[alg]);
	err = codec->decode(ws->mem, params, in, in_len, out, out_len, exact);
	eis_ws_give(&eis_pools[alg], codec, ws);
	return err;
}

/**
 * eis_codec_init - at module init, before the file system is registered
 *
 * Returns 0.
 */
int eis_codec_init(void)
{
	struct eis_pool *pool;

	for (pool = eis_pools; pool < eis_pools + EROFS_ALG_COUNT; pool++) {
		spin_lock_init(&pool->lock);
		INIT_LIST_HEAD(&pool->free);
		init_waitqueue_head(&pool->wait);
	}
	return 0;
}

/**
 * eis_codec_exit - at module exit, when no image is mounted and no decode is running
 */
void eis_codec_exit(void)
{
	struct eis_pool *pool;

	for (pool = eis_pools; pool < eis_pools + EROFS_ALG_COUNT; pool++)
		WARN_ON_ONCE(pool->users);
}
