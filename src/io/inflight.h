/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting the reads in flight of one superblock.
 *
 * Why: eviction waits for reads by waiting for locked folios in an inode's own
 * page cache, and a member of a shared inode has none there. So every read is
 * counted, and unmount waits for zero before inodes, devices and codecs go.
 */
#ifndef EIS_IO_INFLIGHT_H
#define EIS_IO_INFLIGHT_H

#include <linux/completion.h>
#include <linux/percpu-refcount.h>

/**
 * struct eis_inflight - reads in flight of one superblock
 *
 * Holders: every submitted read until its completion, and every reader that
 * uses a superblock without holding one of its files. After eis_inflight_drain()
 * there is none and there will be none.
 */
struct eis_inflight {
	struct percpu_ref ref;
	struct completion idle;
	bool live;
};

int eis_inflight_init(struct eis_inflight *inflight);
void eis_inflight_drain(struct eis_inflight *inflight);
void eis_inflight_exit(struct eis_inflight *inflight);

/* A reader that does not hold a file of the superblock: false = it is going away. */
static inline bool eis_inflight_tryget(struct eis_inflight *inflight)
{
	return percpu_ref_tryget_live(&inflight->ref);
}

/* Only while something else (an open file, another reference) keeps it alive. */
static inline void eis_inflight_get(struct eis_inflight *inflight)
{
	percpu_ref_get(&inflight->ref);
}

static inline void eis_inflight_put(struct eis_inflight *inflight)
{
	percpu_ref_put(&inflight->ref);
}

#endif /* EIS_IO_INFLIGHT_H */
