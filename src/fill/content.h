/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's struct erofs_source: metadata spans for the decoders.
 *
 * Usage: declare on the stack, eis_source_init(), call decoders, then
 * eis_source_exit(). Not for sharing between threads.
 */
#ifndef EIS_FILL_CONTENT_H
#define EIS_FILL_CONTENT_H

#include "fill/image.h"

/**
 * struct eis_source - spans of an image's address spaces
 * @src:     what decoders get
 * @image:   the image
 * @content: inode behind EROFS_CONTENT, or NULL
 * @folio:   page of the last span, kept: the next span is usually in it
 * @mapping: page cache @folio was found in
 * @page:    page of the last span
 */
struct eis_source {
	struct erofs_source src;
	struct eis_image *image;
	struct inode *content;
	struct folio *folio;
	struct address_space *mapping;
	struct page *page;
};

void eis_source_init(struct eis_source *es, struct eis_image *image, struct inode *content);
void eis_source_exit(struct eis_source *es);
struct page *eis_source_page(struct eis_source *es, enum erofs_space space, u64 pos, size_t len,
			     u32 *off);
int eis_content_read(struct inode *inode, u64 pos, void *buf, size_t len);

#endif /* EIS_FILL_CONTENT_H */
