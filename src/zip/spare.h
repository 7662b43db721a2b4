/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spare folios: memory for encoded bytes and scratch, used again and again.
 *
 * Kernels are built to clear what they allocate; for a page that lives as long as a read, that costs more than
 * the read. So what one cluster gives back the next one takes, uncleared: what is in it was in an image before
 * and is overwritten before it is looked at; it never gets into a page cache.
 *
 * Rules: at most EIS_SPARE_PAGES pages are kept, by the module as a whole, until it is unloaded. Only folios
 * that came from eis_spare_get() are kept; eis_spare_put() takes any.
 */
#ifndef EIS_ZIP_SPARE_H
#define EIS_ZIP_SPARE_H

#include <linux/mm.h>

/* 1 MiB with pages of 4 KiB */
#define EIS_SPARE_PAGES		256U
/* The largest of them, log2 pages; larger ones are not worth keeping. */
#define EIS_SPARE_ORDER_MAX	5U

struct folio *eis_spare_get(gfp_t gfp, unsigned int order);
void eis_spare_put(struct folio *folio);
void eis_spare_exit(void);

#endif /* EIS_ZIP_SPARE_H */
