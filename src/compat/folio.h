/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Folios.
 *
 * No wrapper can hide one difference, so callers must know it: look-ups such as
 * __filemap_get_folio() report a miss as NULL up to 6.2 and as ERR_PTR(-ENOENT)
 * later. Test with IS_ERR_OR_NULL().
 */
#ifndef EIS_COMPAT_FOLIO_H
#define EIS_COMPAT_FOLIO_H

#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/pagemap.h>

#include "compat/compat_config.h"

#if !HAVE_FOLIO_END_READ
/* The folio is locked and not up to date. */
static inline void folio_end_read(struct folio *folio, bool success)
{
	if (likely(success))
		folio_mark_uptodate(folio);
	folio_unlock(folio);
}
#endif

#if !HAVE_MEMCPY_FOLIO
/* kmap_local_folio() reaches to the end of one page where memory is not all mapped. */
static inline size_t eis_folio_reach(size_t offset, size_t len)
{
	return min_t(size_t, len, PAGE_SIZE - offset_in_page(offset));
}

static inline void memcpy_from_folio(char *to, struct folio *folio, size_t offset, size_t len)
{
	while (len) {
		size_t n = eis_folio_reach(offset, len);
		const char *from = kmap_local_folio(folio, offset);

		memcpy(to, from, n);
		kunmap_local(from);
		to += n;
		offset += n;
		len -= n;
	}
}

static inline void memcpy_to_folio(struct folio *folio, size_t offset, const char *from, size_t len)
{
	while (len) {
		size_t n = eis_folio_reach(offset, len);
		char *to = kmap_local_folio(folio, offset);

		memcpy(to, from, n);
		kunmap_local(to);
		from += n;
		offset += n;
		len -= n;
	}
	flush_dcache_folio(folio);
}
#endif

#if !HAVE_FOLIO_FILL_TAIL
/* Copy, then zero from there to the end of the folio. */
static inline void folio_fill_tail(struct folio *folio, size_t offset, const char *from, size_t len)
{
	memcpy_to_folio(folio, offset, from, len);
	folio_zero_segment(folio, offset + len, folio_size(folio));
}
#endif

#if !HAVE_BVEC_SET_FOLIO
static inline void bvec_set_folio(struct bio_vec *bv, struct folio *folio, size_t len,
				  size_t offset)
{
	bv->bv_page = folio_page(folio, 0);
	bv->bv_len = len;
	bv->bv_offset = offset;
}
#endif

#endif /* EIS_COMPAT_FOLIO_H */
