// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page cache, used as src/fill and src/io use it; unchanged on all kernels.
 *
 * @need the page cache (read_folio, readahead, large folios)
 * @export read_cache_folio page_cache_sync_ra filemap_add_folio filemap_migrate_folio
 * @export noop_direct_IO errseq_sample
 */
#include <linux/pagemap.h>

static int pagecache_read_folio(struct file *file, struct folio *folio)
{
	folio_zero_segment(folio, 0, folio_size(folio));
	folio_mark_uptodate(folio);
	folio_unlock(folio);
	return 0;
}

static void pagecache_readahead(struct readahead_control *rac)
{
	struct file *file = rac->file;
	struct folio *folio;

	while ((folio = readahead_folio(rac)))
		pagecache_read_folio(file, folio);
}

extern const struct address_space_operations pagecache_aops;
const struct address_space_operations pagecache_aops = {
	.read_folio	= pagecache_read_folio,
	.readahead	= pagecache_readahead,
	.migrate_folio	= filemap_migrate_folio,
	.direct_IO	= noop_direct_IO,
};

struct folio *pagecache_probe(struct address_space *mapping, struct file_ra_state *ra, struct file *file);

struct folio *pagecache_probe(struct address_space *mapping, struct file_ra_state *ra, struct file *file)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, 0);

	mapping_set_large_folios(mapping);
	file->f_wb_err = errseq_sample(&mapping->wb_err);
	folio_attach_private(folio, ra);
	if (filemap_add_folio(mapping, folio, 0, GFP_KERNEL))
		return NULL;
	page_cache_sync_readahead(mapping, ra, file, 0, 1);
	return read_mapping_folio(mapping, 0, file);
}
