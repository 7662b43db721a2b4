/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters of one mount: always on, exact, per CPU.
 *
 * Here, at the bottom, so that every room may count; what a counter means is
 * told in docs/STATISTICS.md, and who shows it lies above (share, vfs).
 *
 * Rules: counting is a few instructions, in any context, and takes no lock that
 * others wait for; reading adds up all CPUs and may be slow. Counters only grow.
 */
#ifndef EIS_IO_STATS_H
#define EIS_IO_STATS_H

#include <linux/percpu_counter.h>
#include <linux/types.h>

/**
 * enum eis_stat - what is counted
 * @EIS_STAT_DATA_BYTES: bytes read from storage to fill page caches of files
 * @EIS_STAT_META_BYTES: bytes read from storage into the metadata cache
 * @EIS_STAT_READ_ERRORS: reads of storage that failed
 * @EIS_STAT_JOINED: files that joined a shared inode at their first open
 * @EIS_STAT_REFUSED_NONE: files kept private: no (usable) fingerprint
 * @EIS_STAT_REFUSED_CORRUPT: files kept private: their xattrs or the sidecar are corrupt
 * @EIS_STAT_REFUSED_IO: files kept private: reading the fingerprint failed
 * @EIS_STAT_REFUSED_MEMORY: files kept private: no memory to join
 * @EIS_STATS: how many there are
 */
enum eis_stat {
	EIS_STAT_DATA_BYTES,
	EIS_STAT_META_BYTES,
	EIS_STAT_READ_ERRORS,
	EIS_STAT_JOINED,
	EIS_STAT_REFUSED_NONE,
	EIS_STAT_REFUSED_CORRUPT,
	EIS_STAT_REFUSED_IO,
	EIS_STAT_REFUSED_MEMORY,
	EIS_STATS
};

/**
 * struct eis_stats - the counters of one mount
 * @n: by enum eis_stat
 */
struct eis_stats {
	struct percpu_counter n[EIS_STATS];
};

/* A CPU's part is 32 bits: folded into the sum long before it is full. */
#define EIS_STATS_BATCH	(1 << 30)

int eis_stats_init(struct eis_stats *stats);
void eis_stats_exit(struct eis_stats *stats);
u64 eis_stats_get(struct eis_stats *stats, enum eis_stat which);

/**
 * eis_stats_add - count
 * @stats: of the mount
 * @which: counter
 * @n:     events or bytes
 *
 * Context: any, hard interrupt included.
 */
static inline void eis_stats_add(struct eis_stats *stats, enum eis_stat which, u64 n)
{
	percpu_counter_add_batch(&stats->n[which], n, EIS_STATS_BATCH);
}

#endif /* EIS_IO_STATS_H */
