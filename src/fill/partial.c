// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large folios of which a part cannot be read: a bad sector, a corrupted
 * cluster. The rest of the folio is good, and read(2) of it must work.
 *
 * Rules: such a folio is never marked up to date. Its private data (PG_private
 * set) says which of its pages are good; the VFS asks eis_partial_uptodate().
 * Page faults want whole folios: they fail for all of it.
 *
 * Which ones are bad is found out by the first reader who comes after all of it
 * failed twice, as read-ahead and when it was needed, from his own storage. Every later one tries the bad pages again, so
 * what was only a temporary failure heals. Good pages are not touched any more:
 * others may be reading them.
 */
#include <linux/bitmap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "fill/internal.h"

/* The bitmap of good pages; taken off the folio, which is locked. New if there is none. */
static unsigned long *eis_partial_take(struct folio *folio)
{
	unsigned long *good = folio_test_private(folio) ? folio_detach_private(folio) : NULL;

	return good ? good : bitmap_zalloc(folio_nr_pages(folio), GFP_NOFS | __GFP_NOFAIL);
}

/* Try the pages @first to @end. What fails because of one bad sector is tried page by page. */
static void eis_partial_try(struct file *file, struct folio *folio, unsigned long *good,
			    unsigned int first, unsigned int end, struct eis_bad *bad)
{
	unsigned int i;

	bad->io = false;
	bitmap_clear(bad->pages, first, end - first);
	eis_fill_wait(file, folio, first * PAGE_SIZE, (end - first) * PAGE_SIZE, bad);
	for (i = first; i < end; i++) {
		if (!test_bit(i, bad->pages))
			__set_bit(i, good);
	}
	if (!bad->io || end - first == 1)
		return;
	for (i = first; i < end && !fatal_signal_pending(current); i++) {
		if (!test_bit(i, good) &&
		    eis_fill_wait(file, folio, i * PAGE_SIZE, PAGE_SIZE, bad))
			__set_bit(i, good);
	}
}

/**
 * eis_partial_read - read a large folio that failed as a whole
 * @file:  who reads, may be NULL
 * @folio: locked folio, not up to date; unlocked on return
 *
 * Context: may sleep. Return: 0: it is up to date; AOP_TRUNCATED_PAGE: more of it
 * is good than before, look again; -EIO; -EINTR: killed.
 */
int eis_partial_read(struct file *file, struct folio *folio)
{
	const unsigned int nr = folio_nr_pages(folio);
	unsigned long *good = eis_partial_take(folio);
	const unsigned int before = bitmap_weight(good, nr);
	struct eis_bad bad = {
		.pages = bitmap_zalloc(nr, GFP_NOFS | __GFP_NOFAIL),
	};
	unsigned int first, end, now;

	for_each_clear_bitrange(first, end, good, nr) {
		eis_partial_try(file, folio, good, first, end, &bad);
		if (fatal_signal_pending(current))
			break;
	}
	bitmap_free(bad.pages);
	now = bitmap_weight(good, nr);
	if (now == nr) {
		bitmap_free(good);
		folio_end_read(folio, true);
		return 0;
	}
	folio_attach_private(folio, good);
	folio_unlock(folio);
	if (now > before)
		return AOP_TRUNCATED_PAGE;
	return fatal_signal_pending(current) ? -EINTR : -EIO;
}

/**
 * eis_partial_uptodate - is this range of a folio good?
 * @folio: locked folio, not up to date
 * @from:  byte offset
 * @count: bytes; may reach beyond the folio
 */
bool eis_partial_uptodate(struct folio *folio, size_t from, size_t count)
{
	const unsigned long *good = folio_test_private(folio) ? folio->private : NULL;
	size_t end = min(from + count, folio_size(folio));
	unsigned int last = DIV_ROUND_UP(end, PAGE_SIZE);

	return good && find_next_zero_bit(good, last, from >> PAGE_SHIFT) >= last;
}

static void eis_partial_drop(struct folio *folio)
{
	if (folio_test_private(folio))
		bitmap_free(folio_detach_private(folio));
}

/**
 * eis_partial_release - the folio is about to be freed
 * @folio: locked folio
 * @gfp:   nothing is allocated
 *
 * Return: false: somebody else has a reference and may be reading what is good of it, which only
 * the bitmap keeps from being read anew.
 */
bool eis_partial_release(struct folio *folio, gfp_t gfp)
{
	/* The page cache's references, the bitmap's and the caller's. */
	if (folio_test_private(folio) && folio_ref_count(folio) > folio_nr_pages(folio) + 2)
		return false;
	eis_partial_drop(folio);
	return true;
}

/**
 * eis_partial_invalidate - a part of the folio is being truncated
 * @folio: locked folio
 * @off:   byte offset
 * @len:   bytes
 */
void eis_partial_invalidate(struct folio *folio, size_t off, size_t len)
{
	if (!off && len == folio_size(folio))
		eis_partial_drop(folio);
}
