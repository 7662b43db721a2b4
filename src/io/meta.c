// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metadata cache of a storage: page cache of an unlisted inode.
 *
 * Why not the block device's own page cache: image files have none of that
 * kind, and reading them through their own cache would keep data twice. One
 * cache for both keeps one code path, is dropped with the mount, and is
 * reclaimed and dropped by drop_caches like any other.
 *
 * Rules: folios are single pages, so whole blocks never straddle two of them.
 * Folio reference in, folio reference out; nothing is locked across calls.
 * Allocation is GFP_NOFS: metadata is also read while file folios are locked.
 */
#include <linux/lockdep.h>

#include "compat/compat.h"
#include "io/storage.h"

/*
 * Reading data may read metadata under the file's invalidate_lock. The locks of
 * both page caches have the class of their filesystem type, so lockdep has to be
 * told that the metadata cache's is the inner one.
 */
static struct lock_class_key eis_meta_invalidate_key;

/* Window, in pages, for metadata that is read in order (a walk). */
#define EIS_META_RA_PAGES	8

static void eis_meta_done(struct eis_read *rd, int err)
{
	struct folio_iter fi;

	bio_for_each_folio_all(fi, &rd->bio)
		folio_end_read(fi.folio, !err);
}

/* Bytes of the folio at @pos that can be read; the rest is zeroed. */
static size_t eis_meta_prepare(const struct eis_storage *st, struct folio *folio)
{
	u64 pos = folio_pos(folio);
	size_t len = folio_size(folio);

	if (pos >= st->size)
		return 0;
	len = min_t(u64, len, eis_storage_end(st) - pos);
	folio_zero_segment(folio, len, folio_size(folio));
	return len;
}

static int eis_meta_read_folio(struct file *file, struct folio *folio)
{
	struct eis_storage *st = folio->mapping->host->i_private;
	size_t len = eis_meta_prepare(st, folio);
	struct eis_read *rd;

	if (!len) {
		folio_unlock(folio);
		return -EIO;
	}
	rd = eis_read_alloc(st, folio_pos(folio), 1, EIS_READ_META, REQ_OP_READ | REQ_META,
			    eis_meta_done, NULL);
	eis_read_add(rd, folio, 0, len);
	eis_read_submit(rd);
	return 0;
}

static void eis_meta_readahead(struct readahead_control *rac)
{
	struct eis_storage *st = rac->mapping->host->i_private;
	struct eis_read *rd = NULL;
	struct folio *folio;

	while ((folio = readahead_folio(rac)) != NULL) {
		size_t len = eis_meta_prepare(st, folio);

		if (!len) {
			folio_unlock(folio);
			continue;
		}
		if (rd && eis_read_add(rd, folio, 0, len))
			continue;
		if (rd)
			eis_read_submit(rd);
		rd = eis_read_alloc(st, folio_pos(folio), readahead_count(rac) + 1, EIS_READ_META,
				    REQ_OP_READ | REQ_META | REQ_RAHEAD, eis_meta_done, NULL);
		eis_read_add(rd, folio, 0, len);
	}
	if (rd)
		eis_read_submit(rd);
}

static const struct address_space_operations eis_meta_aops = {
	.read_folio	= eis_meta_read_folio,
	.readahead	= eis_meta_readahead,
	.migrate_folio	= filemap_migrate_folio,
};

/**
 * eis_meta_init - create the metadata cache of a storage
 * @st: storage
 * @sb: superblock the cache's inode belongs to
 * @stats: counters of that superblock
 *
 * Context: may sleep. Return: 0 or -ENOMEM.
 */
int eis_meta_init(struct eis_storage *st, struct super_block *sb, struct eis_stats *stats)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return -ENOMEM;
	set_nlink(inode, 1);
	inode->i_size = min_t(u64, st->size, MAX_LFS_FILESIZE);
	inode->i_private = st;
	inode->i_mapping->a_ops = &eis_meta_aops;
	lockdep_set_class(&inode->i_mapping->invalidate_lock, &eis_meta_invalidate_key);
	mapping_set_gfp_mask(inode->i_mapping, GFP_NOFS | __GFP_HIGHMEM | __GFP_MOVABLE);
	file_ra_state_init(&st->meta_ra, inode->i_mapping);
	st->meta_ra.ra_pages = EIS_META_RA_PAGES;
	st->meta = inode;
	st->stats = stats;
	st->dev = sb->s_dev;
	return 0;
}

/**
 * eis_meta_exit - drop the metadata cache
 * @st: storage
 *
 * Before the superblock's inodes are checked for leftovers. Context: may sleep.
 */
void eis_meta_exit(struct eis_storage *st)
{
	iput(st->meta);
	st->meta = NULL;
}

/*
 * The folio at @index if it is there, read to its end. NULL: it is not, or reading it failed.
 * read_mapping_folio() would wait for a read-ahead of ours as well, but not so that it can be killed.
 */
static struct folio *eis_cached_wait(struct address_space *mapping, pgoff_t index, bool *there)
{
	struct folio *folio = filemap_get_folio(mapping, index);
	int err = 0;

	*there = !IS_ERR_OR_NULL(folio);
	if (!*there)
		return NULL;
	if (!folio_test_uptodate(folio))
		err = folio_wait_locked_killable(folio);
	if (!err && folio_test_uptodate(folio))
		return folio;
	folio_put(folio);
	return err ? ERR_PTR(err) : NULL;
}

/**
 * eis_cached_folio - the folio of a page cache that holds one byte
 * @mapping: page cache
 * @ra:  read-ahead state of the reader
 * @pos: byte position in it
 *
 * The folio is up to date. The caller drops the reference. Context: may sleep.
 * Return: the folio, or ERR_PTR: -EIO beyond the end or when the device
 * failed, -ENOMEM, -EINTR.
 */
struct folio *eis_cached_folio(struct address_space *mapping, struct file_ra_state *ra, u64 pos)
{
	pgoff_t index = pos >> PAGE_SHIFT;
	struct folio *folio;
	bool there;

	if (pos >= i_size_read(mapping->host))
		return ERR_PTR(-EIO);
	folio = eis_cached_wait(mapping, index, &there);
	if (!there) {
		/* What is read may be decoded here, and an image may send us from one place to the next. */
		cond_resched();
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		page_cache_sync_readahead(mapping, ra, NULL, index, 1);
		ra->prev_pos = pos;
		folio = eis_cached_wait(mapping, index, &there);
	}
	return folio ? folio : read_mapping_folio(mapping, index, NULL);
}

/*
 * Encoded bytes of compressed files are kept here, too, when they are kept at
 * all. Both functions are for those: they start no read and wait for none.
 */

/**
 * eis_meta_lookup - a page that is there and up to date
 * @st:  storage
 * @pos: image byte position
 *
 * Context: any but interrupts. Return: the folio with a reference, or NULL.
 */
struct folio *eis_meta_lookup(struct eis_storage *st, u64 pos)
{
	struct folio *folio;

	if (pos >= i_size_read(st->meta))
		return NULL;
	folio = filemap_get_folio(st->meta->i_mapping, pos >> PAGE_SHIFT);
	if (IS_ERR_OR_NULL(folio))
		return NULL;
	if (folio_test_uptodate(folio))
		return folio;
	folio_put(folio);
	return NULL;
}

/**
 * eis_meta_insert - a new page that the caller is going to read
 * @st:  storage
 * @pos: image byte position; the storage has all of its page
 * @gfp: allocation flags
 *
 * Context: may sleep as @gfp says. Return: the folio, locked, not up to date,
 * with a reference; or NULL: no memory, or somebody else has just put one there.
 */
struct folio *eis_meta_insert(struct eis_storage *st, u64 pos, gfp_t gfp)
{
	struct folio *folio;

	if (pos >= i_size_read(st->meta))
		return NULL;
	folio = folio_alloc(gfp | __GFP_MOVABLE, 0);
	if (!folio)
		return NULL;
	if (!filemap_add_folio(st->meta->i_mapping, folio, pos >> PAGE_SHIFT, gfp))
		return folio;
	folio_put(folio);
	return NULL;
}
