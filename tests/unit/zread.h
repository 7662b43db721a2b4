/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Content of compressed inodes, decoded with the stock libraries of the host.
 *
 * Rules: 64-bit program only, where those libraries are. A file is decoded once,
 * from its first byte to its last, extent by extent; what was met on the way is
 * counted in zread_seen. Each extent is asked for again in other ways, and the
 * answers have to agree.
 */
#ifndef ZREAD_H
#define ZREAD_H

#include "reader.h"

/* Extents met so far, of images of mkfs.erofs. */
struct zread_seen {
	unsigned long full, compact_4b, compact_2b, whole_fragment;
	unsigned long records[4];		/* of 4, 8, 16 and 32 bytes */
	unsigned long format[EROFS_ZF_COUNT];
	unsigned long hole, fragment, inlined, partial, big, unaligned, metabox;
};

extern struct zread_seen zread_seen;

void zread_enable(void);		/* let reader_file() read compressed inodes */
void zread_forget(void);		/* content decoded so far: another image follows */

#endif /* ZREAD_H */
