/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All regular files of an image that have content, each inode once.
 *
 * Rules: work is bounded by the image's size, whatever its directories say: every
 * inode is visited once (so cycles end), and the bytes of all directories together
 * have a limit. No recursion.
 */
#ifndef WALK_H
#define WALK_H

#include "image.h"
#include "say.h"

#define WALK_NO_PARENT	0xffffffffU

struct walk_name {
	u32 parent;		/* index of a directory, or WALK_NO_PARENT */
	u32 len;
	size_t at;		/* in walk.names */
};

struct walk_file {
	u64 nid;
	u64 size;
	struct walk_name name;	/* of the first link found */
	u8 digest[EROFS_SIDECAR_DIGEST_LEN];
};

struct walk_dir {
	u64 nid;
	struct walk_name name;
};

struct walk {
	struct walk_file *files;	/* by node id, once walk_image() is done */
	u32 nfiles, files_room;
	struct walk_dir *dirs;
	u32 ndirs, dirs_room;
	char *names;
	size_t names_len, names_room;
	u64 bytes;			/* of all files */
	u64 *seen;			/* node ids + 1, hashed; 0 = free */
	size_t nseen, seen_room;
	u64 seed;
	u64 dir_bytes;
};

/* walk_image - find all files; 0, or -1 with a complaint */
int walk_image(struct walk *w, const struct image *image, struct progress *progress);
void walk_free(struct walk *w);

/* walk_path - path of a file in the image, in @buf, shortened from the left if need be */
const char *walk_path(const struct walk *w, const struct walk_name *name, char *buf, size_t size);

#endif /* WALK_H */
