// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spare folios, see spare.h.
 *
 * Locking: one lock, only ever tried: who does not get it asks the page allocator. Process context.
 */
#include <linux/list.h>
#include <linux/spinlock.h>

#include "compat/compat.h"
#include "zip/spare.h"

#define LIST(order)	LIST_HEAD_INIT(eis_spares.list[order])

/**
 * struct eis_spares - folios without a user
 * @lock:  protects the rest
 * @pages: in all lists
 * @list:  by order
 */
static struct eis_spares {
	spinlock_t lock;
	unsigned int pages;
	struct list_head list[EIS_SPARE_ORDER_MAX + 1];
} eis_spares = {
	.lock	= __SPIN_LOCK_UNLOCKED(eis_spares.lock),
	.list	= { LIST(0), LIST(1), LIST(2), LIST(3), LIST(4), LIST(5) },
};

/* Marks a folio of ours in folio->private, which nobody else uses in one without a mapping. */
#define EIS_SPARE_MARK	((void *)&eis_spares)

static struct folio *eis_spare_pop(unsigned int order)
{
	struct folio *folio;

	if (order > EIS_SPARE_ORDER_MAX || !spin_trylock(&eis_spares.lock))
		return NULL;
	folio = list_first_entry_or_null(&eis_spares.list[order], struct folio, lru);
	if (folio) {
		list_del(&folio->lru);
		eis_spares.pages -= 1U << order;
	}
	spin_unlock(&eis_spares.lock);
	return folio;
}

static bool eis_spare_push(struct folio *folio)
{
	const unsigned int order = folio_order(folio);
	bool kept;

	if (order > EIS_SPARE_ORDER_MAX || !spin_trylock(&eis_spares.lock))
		return false;
	kept = eis_spares.pages + (1U << order) <= EIS_SPARE_PAGES;
	if (kept) {
		list_add(&folio->lru, &eis_spares.list[order]);
		eis_spares.pages += 1U << order;
	}
	spin_unlock(&eis_spares.lock);
	return kept;
}

/**
 * eis_spare_get - a folio with undefined content
 * @gfp:   if it has to be allocated
 * @order: size, log2 pages
 *
 * Context: process; may sleep as @gfp says. Return: a folio with one reference, or NULL.
 */
struct folio *eis_spare_get(gfp_t gfp, unsigned int order)
{
	struct folio *folio = eis_spare_pop(order);

	if (!folio) {
		folio = folio_alloc(gfp, order);
		if (folio)
			folio->private = EIS_SPARE_MARK;
	}
	return folio;
}

/**
 * eis_spare_put - give back a reference of a folio
 * @folio: from eis_spare_get() or from anywhere else
 *
 * Context: process.
 */
void eis_spare_put(struct folio *folio)
{
	/* The last one: nobody can find it to take another reference. */
	if (folio->private == EIS_SPARE_MARK && folio_ref_count(folio) == 1) {
		if (eis_spare_push(folio))
			return;
		folio->private = NULL;
	}
	folio_put(folio);
}

/**
 * eis_spare_exit - free all of them; no cluster is left
 */
void eis_spare_exit(void)
{
	unsigned int order;

	for (order = 0; order <= EIS_SPARE_ORDER_MAX; order++) {
		struct folio *folio;

		while ((folio = eis_spare_pop(order)) != NULL) {
			folio->private = NULL;
			folio_put(folio);
		}
	}
}
