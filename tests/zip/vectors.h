/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file that vectors.c writes and kmod/test.c reads, on machines of one byte order.
 */
#ifndef VECTORS_H
#define VECTORS_H

#define VECTORS_MAGIC	0x7a697665

/* Numbers of FORMAT.md 1.7. */
enum { VECTOR_LZ4, VECTOR_MICROLZMA, VECTOR_DEFLATE, VECTOR_ZSTD };

struct vectors_head {
	unsigned int magic;
	unsigned int count;
};

/* @in_len bytes of stream and @out_len of what it holds follow. @window: that it was made with. */
struct vector {
	unsigned int alg;
	unsigned int in_len;
	unsigned int out_len;
	unsigned int window;
};

#endif /* VECTORS_H */
