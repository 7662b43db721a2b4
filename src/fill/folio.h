/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A folio being filled: how many of its bytes are still missing.
 *
 * The folio comes locked. eis_folio_begin() sets its count of outstanding
 * bytes; every byte is accounted exactly once by eis_folio_account(), with or
 * without success, from any context; the last byte ends the read. Until then
 * folio->private is ours (PG_private stays clear, so nobody else looks at it).
 * A folio with a failed part is left not up to date: the next reader fills it
 * from its own storage.
 *
 * A filler that waits (eis_folio_wait()) counts a part of the folio in the same
 * way; the folio then stays locked, and what becomes of it is the filler's
 * decision.
 */
#ifndef EIS_FILL_FOLIO_H
#define EIS_FILL_FOLIO_H

#include <linux/atomic.h>
#include <linux/wait_bit.h>

#include "compat/compat.h"

/* In the count of outstanding bytes: a part failed. Folios are smaller. */
#define EIS_FOLIO_FAILED	(1L << (BITS_PER_LONG - 2))
/* Somebody waits for the end and does the rest. */
#define EIS_FOLIO_WAITER	(1L << (BITS_PER_LONG - 3))
#define EIS_FOLIO_FLAGS		(EIS_FOLIO_FAILED | EIS_FOLIO_WAITER)

static inline atomic_long_t *eis_folio_left(struct folio *folio)
{
	BUILD_BUG_ON(sizeof(folio->private) != sizeof(atomic_long_t));
	return (atomic_long_t *)&folio->private;
}

/* @len bytes of @folio are going to be accounted for; @flags: 0 or EIS_FOLIO_WAITER. */
static inline void eis_folio_begin(struct folio *folio, size_t len, long flags)
{
	atomic_long_set(eis_folio_left(folio), len | flags);
}

static inline void eis_folio_account(struct folio *folio, size_t len, bool ok)
{
	atomic_long_t *left = eis_folio_left(folio);
	long now;

	if (!ok)
		atomic_long_or(EIS_FOLIO_FAILED, left);
	now = atomic_long_sub_return(len, left);
	if (now & ~EIS_FOLIO_FLAGS)
		return;
	if (now & EIS_FOLIO_WAITER) {
		/* Just an address from here on: the waiter may be gone with the folio. */
		wake_up_var(left);
		return;
	}
	folio->private = NULL;
	folio_end_read(folio, !(now & EIS_FOLIO_FAILED));
}

/* Wait for what eis_folio_begin() announced. Return: it is all there. */
static inline bool eis_folio_wait(struct folio *folio)
{
	atomic_long_t *left = eis_folio_left(folio);
	bool ok;

	___wait_var_event(left, !(atomic_long_read(left) & ~EIS_FOLIO_FLAGS), TASK_UNINTERRUPTIBLE,
			  0, 0, io_schedule());
	/* Pairs with the ordering of the last atomic_long_sub_return(). */
	smp_mb();
	ok = !(atomic_long_read(left) & EIS_FOLIO_FAILED);
	folio->private = NULL;
	return ok;
}

#endif /* EIS_FILL_FOLIO_H */
