/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests of all files of an image, on all CPUs.
 *
 * Rules: one file is one job; large ones first, so that the last CPU to finish has
 * not just begun with the largest. The first failure ends all threads.
 */
#ifndef HASH_H
#define HASH_H

#include "walk.h"

/**
 * hash_files - fill in the digest of every file
 * @threads: at least 1
 *
 * Return: 0, or -1 with a complaint: of an image whose files claim more content than
 * it may have, too.
 */
int hash_files(struct walk *w, const struct image *image, u32 threads,
	       struct progress *progress);

/* hash_content - SHA-256 of the records of a sidecar */
void hash_content(const void *records, size_t len, u8 *digest);

#endif /* HASH_H */
