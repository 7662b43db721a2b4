// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying between a folio, perhaps of many highmem pages, and a buffer.
 * Since 6.3: memcpy_to_folio(), memcpy_from_folio(). Before: kmap_local_folio() by hand.
 */
#include <linux/pagemap.h>
#include <linux/highmem.h>

void probe(struct folio *folio, char *buf);

void probe(struct folio *folio, char *buf)
{
	memcpy_to_folio(folio, (size_t)1, buf, (size_t)2);
	memcpy_from_folio(buf, folio, (size_t)1, (size_t)2);
}
