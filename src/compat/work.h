/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workqueues. Every alloc_workqueue() gives WQ_UNBOUND or WQ_PERCPU: kernels from
 * 7.2 on warn about a queue that says neither.
 */
#ifndef EIS_COMPAT_WORK_H
#define EIS_COMPAT_WORK_H

#include <linux/workqueue.h>

#include "compat/compat_config.h"

#if !HAVE_WQ_PERCPU
#define WQ_PERCPU	0
#endif

#endif /* EIS_COMPAT_WORK_H */
