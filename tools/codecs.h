/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding one encoded stream with the libraries everybody has: liblz4, liblzma,
 * zlib, libzstd.
 *
 * Rules: never reads beyond @in_len, never writes beyond @out_len. A struct codecs
 * belongs to one thread; contexts are made at first use.
 */
#ifndef CODECS_H
#define CODECS_H

#include "erofs_format.h"

struct codecs;

struct codecs *codecs_new(const struct erofs_super *sb);
void codecs_free(struct codecs *c);

/**
 * codecs_decode - decode a stream of section 8.5
 * @exact: the stream yields exactly @out_len bytes and ends with @in_len; else its
 *         first @out_len bytes are wanted
 *
 * Return: 0, -EUCLEAN, or -ENOMEM.
 */
int codecs_decode(struct codecs *c, u8 format, const void *in, size_t in_len, void *out,
		  size_t out_len, bool exact);

#endif /* CODECS_H */
