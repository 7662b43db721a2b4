// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench: how much work a mounted tree costs, in nanoseconds of a clock that
 * counts instructions (QEMU -icount, one CPU), so in instructions.
 *
 *   bench walk DIR      lstat every entry below DIR            -> total
 *   bench read DIR      read every regular file, 128 KiB reads -> total
 *   bench warm DIR      the same, after a first time that does not count
 *   bench random DIR N  N 4 KiB reads at pseudo-random places  -> total
 *   bench open DIR      open and close every regular file, 8 rounds, after a
 *                       first one that does not count          -> total
 *
 * Rules: prints one number. Any error ends the run: a benchmark of failures is
 * none. The caller drops caches where a cold run is wanted.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK		(128 * 1024)
#define OPEN_ROUNDS	8

static char **paths;
static size_t nr_paths;
static char buf[CHUNK];

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

static int collect(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)ftw;
	if (flag != FTW_F || !S_ISREG(st->st_mode) || !st->st_size)
		return 0;
	paths = realloc(paths, (nr_paths + 1) * sizeof(*paths));
	if (!paths)
		err(1, "realloc");
	paths[nr_paths++] = strdup(path);
	return 0;
}

static int visit(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)path; (void)st; (void)ftw;
	if (flag == FTW_NS || flag == FTW_DNR)
		errx(1, "%s: cannot be read", path);
	return 0;
}

static void walk(const char *dir, int (*fn)(const char *, const struct stat *, int, struct FTW *))
{
	if (nftw(dir, fn, 32, FTW_PHYS))
		err(1, "%s", dir);
}

static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void open_all(void)
{
	for (size_t i = 0; i < nr_paths; i++)
		close(open_path(paths[i]));
}

static void read_all(void)
{
	for (size_t i = 0; i < nr_paths; i++) {
		int fd = open_path(paths[i]);
		ssize_t n;

		while ((n = read(fd, buf, sizeof(buf))) > 0)
			;
		if (n < 0)
			err(1, "%s", paths[i]);
		close(fd);
	}
}

static void read_random(int count)
{
	uint32_t x = 12345;

	for (int i = 0; i < count; i++) {
		struct stat st;
		int fd;

		x = x * 1664525 + 1013904223;
		fd = open_path(paths[(x >> 8) % nr_paths]);
		if (fstat(fd, &st))
			err(1, "fstat");
		posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
		x = x * 1664525 + 1013904223;
		if (pread(fd, buf, 4096, (x % (st.st_size / 4096 + 1)) * 4096) < 0)
			err(1, "pread");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	bool random = argc == 4 && !strcmp(argv[1], "random");
	uint64_t start;

	if (argc != 3 && !random)
		errx(2, "usage: bench walk|read|warm|open DIR, bench random DIR COUNT");
	if (strcmp(argv[1], "walk"))
		walk(argv[2], collect);
	if (strcmp(argv[1], "walk") && !nr_paths)
		errx(1, "%s: no files", argv[2]);
	if (!strcmp(argv[1], "open"))
		open_all();
	if (!strcmp(argv[1], "warm"))
		read_all();
	start = now();
	if (!strcmp(argv[1], "walk"))
		walk(argv[2], visit);
	else if (!strcmp(argv[1], "read") || !strcmp(argv[1], "warm"))
		read_all();
	else if (random)
		read_random(atoi(argv[3]));
	else if (!strcmp(argv[1], "open"))
		for (int i = 0; i < OPEN_ROUNDS; i++)
			open_all();
	else
		errx(2, "%s: unknown", argv[1]);
	printf("%llu\n", (unsigned long long)(now() - start));
	return 0;
}
