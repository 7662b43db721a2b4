// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serving metadata spans: image bytes through the metadata cache of their
 * storage, and the content of directories, symlinks and unlisted inodes by way
 * of their extents.
 *
 * Content of compressed inodes comes from their own page cache, filled like any
 * file's. Content of uncompressed directories is lent straight from the metadata
 * cache: the tail of a small directory sits next to its inode, which the lookup
 * that led here just read, so no second copy of it is made.
 *
 * Depth is bounded without a counter: content of an inode in the metabox needs
 * the metabox inode's content, whose inode is on the device itself (checked
 * when the superblock is read), and device bytes need nothing.
 */
#include <linux/highmem.h>
#include <linux/mm.h>

#include "compat/compat.h"
#include "fill/content.h"

static int eis_content_get(struct eis_source *es, struct inode *inode, u64 pos, size_t min,
			   struct erofs_span *span);

/* Lend bytes of a page cache: at most to the end of their page, and to @size. */
static int eis_cached_get(struct eis_source *es, struct address_space *mapping,
			  struct file_ra_state *ra, u64 size, u64 pos, size_t min,
			  struct erofs_span *span)
{
	const size_t off = offset_in_page(pos);
	struct folio *folio = es->folio;

	if (pos >= size || min > size - pos || min > PAGE_SIZE - off)
		return -EIO;
	if (!folio || es->mapping != mapping || pos < folio_pos(folio) ||
	    pos - folio_pos(folio) >= folio_size(folio)) {
		folio = eis_cached_folio(mapping, ra, pos);
		if (IS_ERR(folio))
			return PTR_ERR(folio);
		if (es->folio)
			folio_put(es->folio);
		es->folio = folio;
		es->mapping = mapping;
	}
	es->page = folio_page(folio, offset_in_folio(folio, pos) >> PAGE_SHIFT);
	span->data = kmap_local_page(es->page) + off;
	span->len = min_t(u64, PAGE_SIZE - off, size - pos);
	span->priv = (void *)span->data;
	return 0;
}

/* Image bytes of one storage. */
static int eis_meta_get(struct eis_source *es, struct eis_storage *st, u64 pos, size_t min,
			struct erofs_span *span)
{
	return eis_cached_get(es, st->meta->i_mapping, &st->meta_ra, st->size, pos, min, span);
}

/* Decoded content of a compressed inode: from its own page cache. */
static int eis_decoded_get(struct eis_source *es, struct inode *inode, u64 pos, size_t min,
			   struct erofs_span *span)
{
	struct file_ra_state ra = { };

	file_ra_state_init(&ra, inode->i_mapping);
	return eis_cached_get(es, inode->i_mapping, &ra, i_size_read(inode), pos, min, span);
}

static int eis_space_get(struct eis_source *es, enum erofs_space space, u64 pos, size_t min,
			 struct erofs_span *span)
{
	struct inode *inode;

	switch (space) {
	case EROFS_DEV:
		return eis_meta_get(es, es->image->storage[0], pos, min, span);
	case EROFS_MBOX:
		inode = es->image->mbox;
		break;
	case EROFS_PACKED:
		inode = es->image->packed;
		break;
	default:
		inode = es->content;
		break;
	}
	return inode ? eis_content_get(es, inode, pos, min, span) : -EIO;
}

/* Lend file content: at most to the end of its block, page and extent. */
static int eis_content_get(struct eis_source *es, struct inode *inode, u64 pos, size_t min,
			   struct erofs_span *span)
{
	const struct eis_image *image = es->image;
	const struct erofs_inode *fmt = &eis_i(inode)->fmt;
	struct erofs_location loc;
	struct erofs_extent ext;
	struct eis_storage *st;
	struct eis_source map;
	u64 want;
	int err;

	if (pos >= fmt->size || min > fmt->size - pos)
		return -EIO;
	if (erofs_inode_compressed(fmt))
		return eis_decoded_get(es, inode, pos, min, span);
	want = min_t(u64, PAGE_SIZE - offset_in_page(pos), fmt->size - pos);
	eis_source_init(&map, es->image, NULL);
	err = erofs_map(&map.src, &image->fmt, fmt, pos, want, &ext, NULL);
	eis_source_exit(&map);
	if (err)
		return err;
	if (ext.len < min)
		return -EFSCORRUPTED;
	switch (ext.type) {
	case EROFS_EXTENT_HOLE:
		span->data = page_address(ZERO_PAGE(0));
		span->len = ext.len;
		span->priv = NULL;
		return 0;
	case EROFS_EXTENT_INLINE:
		err = eis_space_get(es, fmt->space, ext.pa, min, span);
		break;
	default:
		st = eis_locate(image, fmt->nid, &ext, pos, ext.len, &loc, NULL);
		if (IS_ERR(st))
			return PTR_ERR(st);
		if (loc.len < min)
			return -EFSCORRUPTED;
		err = eis_meta_get(es, st, loc.pos, min, span);
		ext.len = loc.len;
		break;
	}
	if (!err)
		span->len = min_t(u64, span->len, ext.len);
	return err;
}

static int eis_source_get(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
			  struct erofs_span *span)
{
	return eis_space_get(container_of(src, struct eis_source, src), space, pos, min, span);
}

static void eis_source_put(struct erofs_source *src, struct erofs_span *span)
{
	if (span->priv)
		kunmap_local(span->priv);
}

/**
 * eis_source_init - prepare a source
 * @es: source, on the stack
 * @image: the image
 * @content: inode that EROFS_CONTENT stands for, or NULL
 *
 * Context: decoders that use it may sleep.
 */
void eis_source_init(struct eis_source *es, struct eis_image *image, struct inode *content)
{
	es->src.get = eis_source_get;
	es->src.put = eis_source_put;
	es->image = image;
	es->content = content;
	es->folio = NULL;
	es->mapping = NULL;
}

/**
 * eis_source_exit - drop what the source kept; every span was put
 * @es: source, on the stack
 */
void eis_source_exit(struct eis_source *es)
{
	if (es->folio)
		folio_put(es->folio);
}

/**
 * eis_source_page - the page that holds metadata bytes
 * @es:    source
 * @space: address space
 * @pos:   first byte
 * @len:   bytes, inside one block
 * @off:   result: offset of the first byte in the page
 *
 * For bytes that are used after the source is gone. The page is up to date and
 * stays as it is while the caller holds it. Context: may sleep.
 * Return: the page with a reference, or ERR_PTR.
 */
struct page *eis_source_page(struct eis_source *es, enum erofs_space space, u64 pos, size_t len,
			     u32 *off)
{
	struct page *page = ERR_PTR(-EFSCORRUPTED);
	struct erofs_span span;
	int err = es->src.get(&es->src, space, pos, len, &span);

	if (err)
		return ERR_PTR(err);
	/* A hole has no page, and no stream. */
	if (span.priv) {
		page = es->page;
		*off = offset_in_page(span.data);
		get_page(page);
	}
	es->src.put(&es->src, &span);
	return page;
}

/**
 * eis_content_read - copy content of a directory, symlink or unlisted inode
 * @inode: directory, symlink or unlisted inode
 * @pos: first byte, inside the file
 * @buf: destination
 * @len: bytes, inside the file
 *
 * Context: may sleep. Return: 0 or a negative errno.
 */
int eis_content_read(struct inode *inode, u64 pos, void *buf, size_t len)
{
	struct eis_source es;
	int err;

	eis_source_init(&es, eis_i(inode)->image, inode);
	err = erofs_read(&es.src, EROFS_CONTENT, pos, buf, len);
	eis_source_exit(&es);
	return err;
}
