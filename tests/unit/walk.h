/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls every decoder on everything reachable in an image, in bounded steps.
 *
 * Rules: a failure ends only what depends on it. Every answer is noted as
 * (call, two keys, hash of the answer), so that the answers of two walks over
 * variants of an image can be compared one by one.
 */
#ifndef WALK_H
#define WALK_H

#include "reader.h"

#define WALK_MAX_INODES		64
#define WALK_MAX_BLOCKS		16	/* per file and directory */
#define WALK_MAX_EXTENTS	32	/* per file */
#define WALK_MAX_DEVICES	8

struct walk_note {
	const char *call;
	u64 a, b;
	u64 hash;
};

struct walk {
	struct reader *r;
	struct erofs_super sb;
	struct erofs_device devs[WALK_MAX_DEVICES];
	struct erofs_prefix prefixes[EROFS_XATTR_PREFIX_MAX];
	struct erofs_inode packed, metabox;

	u64 nids[WALK_MAX_INODES];
	u32 ninodes;

	struct walk_note *notes;	/* sorted by walk_sort() */
	u32 nnotes, room;

	unsigned long failures;
	unsigned long unnamed;		/* failures without a named check, or a wrong errno */
	enum erofs_check first_check;
	int first_err;
	/* Called for every failure; set it, or NULL, before walk_image(). */
	void (*on_error)(struct walk *w, const char *call, int err, const struct erofs_diag *diag);
};

void walk_image(struct walk *w, struct reader *r);
void walk_sort(struct walk *w);
void walk_free(struct walk *w);

/* A note of @w, or NULL. @w has to be sorted. */
const struct walk_note *walk_find(const struct walk *w, const char *call, u64 a, u64 b);

u64 walk_hash(const void *data, size_t len);

#endif /* WALK_H */
