/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shim: zlib as the kernel has it, with a workspace of the caller's; see compat/compat.h. The library allocates for
 * itself, so the workspace is one byte that nobody looks at, and every stream has a state of its own.
 */
#ifndef SHIM_ZLIB_H
#define SHIM_ZLIB_H

#include <zlib.h>

#include "erofs_port.h"

struct shim_zlib_stream {
	const u8 *next_in;
	size_t avail_in;
	u8 *next_out;
	size_t avail_out;
	void *workspace;
	z_stream s;
};

/* The kernel's struct, not the library's. */
#define z_stream_s	shim_zlib_stream

static inline size_t zlib_inflate_workspacesize(void) { return 1; }

static inline int zlib_inflateInit2(struct shim_zlib_stream *z, int wbits)
{
	z->s = (z_stream){ 0 };
	return inflateInit2(&z->s, wbits);
}

static inline int zlib_inflate(struct shim_zlib_stream *z, int flush)
{
	int ret;

	z->s.next_in = (u8 *)z->next_in;
	z->s.avail_in = (uInt)z->avail_in;
	z->s.next_out = z->next_out;
	z->s.avail_out = (uInt)z->avail_out;
	ret = inflate(&z->s, flush);
	z->avail_in = z->s.avail_in;
	z->avail_out = z->s.avail_out;
	return ret;
}

static inline int zlib_inflateEnd(struct shim_zlib_stream *z) { return inflateEnd(&z->s); }

#endif /* SHIM_ZLIB_H */
