// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counter of reads in flight: see inflight.h.
 *
 * Rules: init, use, one drain, exit. Taking and dropping references is cheap
 * (per CPU) and may happen in any context.
 */
#include "io/inflight.h"

static void eis_inflight_release(struct percpu_ref *ref)
{
	struct eis_inflight *inflight = container_of(ref, struct eis_inflight, ref);

	complete(&inflight->idle);
}

/**
 * eis_inflight_init - start counting
 * @inflight: counter of the superblock
 *
 * Context: may sleep. Return: 0 or -ENOMEM.
 */
int eis_inflight_init(struct eis_inflight *inflight)
{
	int err;

	init_completion(&inflight->idle);
	err = percpu_ref_init(&inflight->ref, eis_inflight_release, 0, GFP_KERNEL);
	inflight->live = !err;
	return err;
}

/**
 * eis_inflight_drain - refuse new readers and wait for those there are
 * @inflight: counter of the superblock
 *
 * Called once, when no file of the superblock is open any more and before its
 * inodes are evicted. Context: may sleep, until the slowest device answered.
 */
void eis_inflight_drain(struct eis_inflight *inflight)
{
	if (!inflight->live)
		return;
	percpu_ref_kill(&inflight->ref);
	wait_for_completion(&inflight->idle);
	inflight->live = false;
}

/**
 * eis_inflight_exit - free the counter; drains it if that was not done
 * @inflight: counter of the superblock
 */
void eis_inflight_exit(struct eis_inflight *inflight)
{
	eis_inflight_drain(inflight);
	percpu_ref_exit(&inflight->ref);
}
