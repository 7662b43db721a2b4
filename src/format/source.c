// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying bytes out of a source, whatever pieces it hands out.
 *
 * Rules: one span at a time, one granule per request, and no request for a byte
 * that the caller did not ask for: the next byte may be past the end.
 */
#include "internal.h"

/**
 * erofs_read - copy bytes of an address space
 * @src:   the source
 * @space: address space to read
 * @pos:   first byte
 * @buf:   destination, @len bytes
 * @len:   bytes to copy; 0 does nothing
 *
 * Context: may sleep if the source's get() may. Return: 0; -EIO when the range
 * wraps; what the source returned. @buf is undefined after a failure.
 */
int erofs_read(struct erofs_source *src, enum erofs_space space, u64 pos, void *buf, size_t len)
{
	u8 *dst = buf;

	if (pos > EROFS_POS_MAX || len > EROFS_POS_MAX - pos)
		return -EIO;

	while (len) {
		struct erofs_span span;
		size_t n;
		int err;

		err = src->get(src, space, pos, erofs_granule_len(pos, len), &span);
		if (err)
			return err;
		n = (size_t)erofs_min64(span.len, len);
		memcpy(dst, span.data, n);
		src->put(src, &span);
		dst += n;
		pos += n;
		len -= n;
	}
	return 0;
}
