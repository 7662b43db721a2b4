// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ending a read of a folio.
 * Since 6.7: folio_end_read(). Before: mark it up to date, then unlock it.
 *
 * @export folio_end_read
 */
#include <linux/pagemap.h>

void probe(struct folio *folio, bool success);

void probe(struct folio *folio, bool success)
{
	folio_end_read(folio, success);
}
