// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of one mount: see stats.h.
 */
#include "io/stats.h"

/**
 * eis_stats_init - start counting from zero
 * @stats: zeroed memory
 *
 * Context: may sleep. Return: 0 or -ENOMEM; eis_stats_exit() is right after both.
 */
int eis_stats_init(struct eis_stats *stats)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < EIS_STATS && !err; i++)
		err = percpu_counter_init(&stats->n[i], 0, GFP_KERNEL);
	return err;
}

/**
 * eis_stats_exit - free the counters; nobody counts any more
 * @stats: may be half set up or still zeroed
 */
void eis_stats_exit(struct eis_stats *stats)
{
	unsigned int i;

	for (i = 0; i < EIS_STATS; i++)
		percpu_counter_destroy(&stats->n[i]);
}

/**
 * eis_stats_get - a counter's value
 * @stats: of the mount
 * @which: counter
 *
 * Exact for what was counted before the call. Context: any but hard interrupt;
 * takes time proportional to the number of CPUs.
 */
u64 eis_stats_get(struct eis_stats *stats, enum eis_stat which)
{
	return percpu_counter_sum(&stats->n[which]);
}
