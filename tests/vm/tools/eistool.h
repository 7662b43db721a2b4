/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * eistool: what the VM suite needs to look at a mounted filesystem closely, in one static
 * program without dependencies.
 *
 * Rules:
 *  - Knows nothing of the driver under test: it speaks system calls, and compares with a
 *    reference that came from somewhere else (a source tree, a manifest, another mount).
 *  - The image reader (img.c) is written separately from the driver's, so that one error
 *    cannot hide in both.
 *  - Exit codes: 0 all is well, 1 a check failed (every failed check is one line on stdout,
 *    starting with "FAIL"), 2 wrong usage, 3 this kernel lacks what the command needs.
 */
#ifndef EISTOOL_H
#define EISTOOL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#define EX_OK		0
#define EX_FAIL		1
#define EX_USAGE	2
#define EX_MISSING	3

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* sha256.c */
struct sha256 {
	uint32_t h[8];
	uint64_t len;
	unsigned int fill;
	uint8_t buf[64];
};
void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_hex(struct sha256 *s, char out[65]);
void sha256_of(const void *data, size_t len, char out[65]);

/* util.c */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void missing(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int verdict(void);			/* EX_OK, or EX_FAIL after any fail() */
unsigned long fail_count(void);
void *xmalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *path_join(const char *dir, const char *rel);
char *escape(const void *data, size_t len);	/* printable, no blanks; caller frees */
const char *errname(int err);
uint64_t number(const char *s, const char *what);
uint64_t rnd(uint64_t *state);		/* small deterministic generator */
double now(void);
void drop_caches(int what);
ssize_t pread_full(int fd, void *buf, size_t len, off_t off);
void *load_file(const char *path, size_t *len);	/* dies on error */
int hash_file(const char *path, char out[65]);	/* 0 or -errno */

/* A directory tree, sorted by path. The root itself is the entry with rel "". */
struct ent {
	char *rel;
	struct stat st;
	unsigned char d_type;		/* as readdir told; root: DT_DIR */
	uint64_t d_ino;
	unsigned int subdirs;		/* of a directory */
	long first;			/* index of the first path of this inode */
};
struct tree {
	char *root;
	struct ent *e;
	size_t n;
};
struct tree *tree_read(const char *root);
struct ent *tree_find(struct tree *t, const char *rel);
char *ent_path(const struct tree *t, const struct ent *e);

/* A manifest file, reduced to what verify needs. */
struct manifest {
	struct manifest_line {
		char *path;		/* escaped */
		char sha[65];
		uint64_t size;
	} *l;
	size_t n;
};
struct manifest *manifest_load(const char *path);
const struct manifest_line *manifest_find(const struct manifest *m, const char *escaped);

/* pagecache.c */
#define PFN_ABSENT	(~0ULL)
uint64_t *pfn_of_map(const void *map, size_t npages, bool touch);
size_t resident_pages(int fd, size_t size);

/* prog.c */
void set_breakpoint(pid_t pid, uintptr_t addr);

/* One command per entry of the table in main.c; argv[0] is the command's own name. */
int cmd_manifest(int argc, char **argv);
int cmd_pfn(int argc, char **argv);
int cmd_resident(int argc, char **argv);
int cmd_unique(int argc, char **argv);
int cmd_readall(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_damaged(int argc, char **argv);
int cmd_dirs(int argc, char **argv);
int cmd_handles(int argc, char **argv);
int cmd_fiemap(int argc, char **argv);
int cmd_holes(int argc, char **argv);
int cmd_label(int argc, char **argv);
int cmd_statfs(int argc, char **argv);
int cmd_statx(int argc, char **argv);
int cmd_xattr(int argc, char **argv);
int cmd_mount(int argc, char **argv);
int cmd_umount(int argc, char **argv);
int cmd_mountfd(int argc, char **argv);
int cmd_idmap(int argc, char **argv);
int cmd_loop(int argc, char **argv);
int cmd_dm(int argc, char **argv);
int cmd_open(int argc, char **argv);
int cmd_direct_into(int argc, char **argv);
int cmd_direct_shapes(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_race_open(int argc, char **argv);
int cmd_race_mount(int argc, char **argv);
int cmd_outlive(int argc, char **argv);
int cmd_inflight(int argc, char **argv);
int cmd_module(int argc, char **argv);
int cmd_poke(int argc, char **argv);
int cmd_peek(int argc, char **argv);
int cmd_find(int argc, char **argv);
int cmd_sb(int argc, char **argv);
int cmd_sbfix(int argc, char **argv);
int cmd_img(int argc, char **argv);
int cmd_api(int argc, char **argv);
int cmd_self(int argc, char **argv);
int cmd_calls(int argc, char **argv);
int cmd_lib(int argc, char **argv);
int cmd_probe_at(int argc, char **argv);
int cmd_exec_pair(int argc, char **argv);
int cmd_isolate(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_landlock(int argc, char **argv);
int cmd_selftest(int argc, char **argv);

#endif
