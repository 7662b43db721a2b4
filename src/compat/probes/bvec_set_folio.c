// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointing a bio_vec at a part of a folio. Since 6.3: bvec_set_folio().
 */
#include <linux/bvec.h>
#include <linux/mm.h>

void probe(struct bio_vec *bv, struct folio *folio);

void probe(struct bio_vec *bv, struct folio *folio)
{
	bvec_set_folio(bv, folio, (size_t)1, (size_t)2);
}
