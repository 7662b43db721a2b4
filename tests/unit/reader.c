// SPDX-License-Identifier: GPL-2.0-only
/*
 * The strict source; see reader.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "reader.h"

static void violation(struct reader *r, const char *what, u64 pos, size_t min)
{
	if (!r->violations++)
		printf("# source contract: %s: %zu bytes at %llu\n", what, min,
		       (unsigned long long)pos);
}

static void verify_request(struct reader *r, enum erofs_space space, u64 pos, size_t min)
{
	u64 granule = space == EROFS_CONTENT ? 1ULL << r->blkszbits : 32;

	if (!min)
		violation(r, "empty request", pos, min);
	else if (min > granule || pos / granule != (pos + min - 1) / granule)
		violation(r, "request crosses a boundary", pos, min);
	if (r->held)
		violation(r, "request while a span is held", pos, min);
}

/* Copy bytes that are simply there. */
static int copy_bytes(const struct reader_bytes *bytes, u64 pos, void *buf, size_t len)
{
	if (pos < bytes->base || pos - bytes->base > bytes->len ||
	    len > bytes->len - (pos - bytes->base))
		return -EIO;
	memcpy(buf, bytes->data + (size_t)(pos - bytes->base), len);
	return 0;
}

static int copy_space(struct reader *r, enum erofs_space space, u64 pos, void *buf, size_t len)
{
	const struct erofs_inode *inode = r->inodes[space];

	if (r->bytes[space].data)
		return copy_bytes(&r->bytes[space], pos, buf, len);
	if (!inode || pos > inode->size || len > inode->size - pos)
		return -EIO;
	/* Only the inodes of MBOX and PACKED live in DEV for certain; CONTENT may live in MBOX. */
	return reader_file(r, inode, pos, buf, len, NULL);
}

/* Bytes of @space from @pos to the end of the block, @min at least. */
static size_t generous_len(const struct reader *r, enum erofs_space space, u64 pos, size_t min)
{
	u64 blksize = 1ULL << r->blkszbits;
	u64 len = blksize - (pos & (blksize - 1));
	u64 end = r->bytes[space].base + r->bytes[space].len;

	if (!r->bytes[space].data || end < pos)
		return min;
	if (len > end - pos)
		len = end - pos;
	return len > min ? (size_t)len : min;
}

static int reader_get(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
		      struct erofs_span *span)
{
	struct reader *r = (struct reader *)src;
	size_t len = min;
	u8 *copy;
	int err;

	verify_request(r, space, pos, min);
	if (++r->gets == r->fail_at) {
		r->injected++;
		return r->fail_err;
	}
	if (r->mode == READER_GENEROUS)
		len = generous_len(r, space, pos, min);
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	err = copy_space(r, space, pos, copy, len);
	if (err) {
		free(copy);
		return err;
	}
	span->data = copy;
	span->len = len;
	span->priv = copy;
	r->held++;
	return 0;
}

static void reader_put(struct erofs_source *src, struct erofs_span *span)
{
	struct reader *r = (struct reader *)src;

	if (r->held-- <= 0)
		violation(r, "put() without get()", 0, 0);
	free(span->priv);
	memset(span, 0xa5, sizeof(*span));
}

void reader_init(struct reader *r, enum reader_mode mode, const void *image, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->src.get = reader_get;
	r->src.put = reader_put;
	r->mode = mode;
	r->blkszbits = 9;
	r->bytes[EROFS_DEV].data = image;
	r->bytes[EROFS_DEV].len = len;
}

int (*reader_compressed)(struct reader *r, const struct erofs_inode *inode, u64 pos, void *buf,
			 size_t len, struct erofs_diag *diag);

int reader_device(struct reader *r, u16 device_id, u64 pa, u8 *buf, u64 len,
		  struct erofs_diag *diag)
{
	u64 done = 0;

	while (done < len) {
		struct erofs_location loc;
		int err;

		/* The tests have no second device: everything lies behind the primary one. */
		err = erofs_locate(r->sb, r->devs, true, device_id, pa + done, len - done, &loc,
				   diag);
		if (!err)
			err = copy_bytes(&r->bytes[EROFS_DEV], loc.pos, buf + done,
					 (size_t)loc.len);
		if (err)
			return err;
		done += loc.len;
	}
	return 0;
}

/* Copy the bytes of one extent. */
static int copy_extent(struct reader *r, const struct erofs_inode *inode,
		       const struct erofs_extent *ext, u8 *buf, struct erofs_diag *diag)
{
	switch (ext->type) {
	case EROFS_EXTENT_HOLE:
		memset(buf, 0, (size_t)ext->len);
		return 0;
	case EROFS_EXTENT_INLINE:
		return erofs_read(&r->src, inode->space, ext->pa, buf, (size_t)ext->len);
	default:
		return reader_device(r, ext->device_id, ext->pa, buf, ext->len, diag);
	}
}

int reader_file(struct reader *r, const struct erofs_inode *inode, u64 pos, void *buf, size_t len,
		struct erofs_diag *diag)
{
	u8 *dst = buf;

	if (len && erofs_inode_compressed(inode) && reader_compressed)
		return reader_compressed(r, inode, pos, buf, len, diag);
	while (len) {
		struct erofs_extent ext;
		int err;

		err = erofs_map(&r->src, r->sb, inode, pos, len, &ext, diag);
		if (err)
			return err;
		if (ext.la != pos || !ext.len || ext.len > len) {
			violation(r, "extent outside the range asked for", ext.la, (size_t)ext.len);
			return -EIO;
		}
		err = copy_extent(r, inode, &ext, dst, diag);
		if (err)
			return err;
		dst += ext.len;
		pos += ext.len;
		len -= (size_t)ext.len;
	}
	return 0;
}
