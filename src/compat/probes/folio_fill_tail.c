// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying data into the end of a folio, zeroing the rest.
 * Since 6.8: folio_fill_tail(). Before: by hand.
 */
#include <linux/pagemap.h>
#include <linux/highmem.h>

void probe(struct folio *folio, const char *buf);

void probe(struct folio *folio, const char *buf)
{
	folio_fill_tail(folio, (size_t)1, buf, (size_t)2);
}
