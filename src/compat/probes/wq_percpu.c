// SPDX-License-Identifier: GPL-2.0-only
/*
 * WQ_PERCPU, an enumerator, hence invisible to the preprocessor.
 * Since 6.17 and in some stable branches. From 7.2 on a workqueue that gives neither
 * WQ_UNBOUND nor WQ_PERCPU makes the kernel warn. Before: per-CPU is the default.
 */
#include <linux/workqueue.h>

unsigned int probe(void);

unsigned int probe(void)
{
	return WQ_PERCPU;
}
