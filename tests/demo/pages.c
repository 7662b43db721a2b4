/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pages: reads whole trees and counts the page frames behind them.
 *
 *   pages read DIR...        read every regular file once; prints "files bytes pages"
 *   pages frames DIR...      map every regular file; prints "pages frames" (frames: distinct)
 *   pages show FILE PAGE...  page frame number of some pages of one file, one per line
 *
 * Rules: a hard-linked file counts once, as in the page cache; a frame number comes from
 * /proc/self/pagemap of a shared read-only mapping, so it is the page every reader sees; any
 * error ends the program, since a count of less than everything would be no count.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE		4096ULL
#define PM_PRESENT	(1ULL << 63)
#define PM_PFN_MASK	((1ULL << 55) - 1)

struct seen {
	ino_t ino;
	dev_t dev;
};

static struct seen *seen;
static size_t seen_n, seen_size;
static uint64_t files, bytes, pages;
static uint64_t *frames;
static size_t frames_n, frames_size;
static int pagemap = -1;

static void fatal(const char *what, const char *name)
{
	fprintf(stderr, "pages: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static void *grow(void *p, size_t *size, size_t one)
{
	*size = *size ? *size * 2 : 4096;
	p = realloc(p, *size * one);
	if (!p)
		fatal("memory for", "tables");
	return p;
}

/* Only files with several names need remembering. */
static int seen_before(const struct stat *st)
{
	size_t i;

	if (st->st_nlink < 2)
		return 0;
	for (i = 0; i < seen_n; i++)
		if (seen[i].ino == st->st_ino && seen[i].dev == st->st_dev)
			return 1;
	if (seen_n == seen_size)
		seen = grow(seen, &seen_size, sizeof(*seen));
	seen[seen_n].ino = st->st_ino;
	seen[seen_n++].dev = st->st_dev;
	return 0;
}

static void do_read(const char *name, const struct stat *st)
{
	static char buf[1 << 20];
	uint64_t got = 0;
	ssize_t n;
	int fd = open(name, O_RDONLY | O_NOFOLLOW);

	if (fd < 0)
		fatal("open", name);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		got += n;
	if (n < 0)
		fatal("read", name);
	close(fd);
	if (got != (uint64_t)st->st_size) {
		fprintf(stderr, "pages: %s: read %llu bytes of %llu\n", name, (unsigned long long)got,
			(unsigned long long)st->st_size);
		exit(1);
	}
	bytes += got;
}

/* The kernel may unmap a page it moves between our touch and our look: touch again. */
static uint64_t frame_of(void *addr, const char *name)
{
	uint64_t e = 0;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		(void)*(volatile char *)addr;
		if (pread(pagemap, &e, 8, (uintptr_t)addr / PAGE * 8) != 8)
			fatal("pagemap of", name);
		if (e & PM_PRESENT)
			break;
		usleep(1000);
	}
	if (!(e & PM_PRESENT) || !(e & PM_PFN_MASK)) {
		errno = e & PM_PRESENT ? EPERM : EFAULT;
		fatal("no page frame for", name);
	}
	return e & PM_PFN_MASK;
}

static void *map(const char *name, uint64_t size)
{
	int fd = open(name, O_RDONLY | O_NOFOLLOW);
	void *p;

	if (fd < 0)
		fatal("open", name);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		fatal("mmap", name);
	close(fd);
	return p;
}

static void do_frames(const char *name, const struct stat *st)
{
	uint64_t i, n = (st->st_size + PAGE - 1) / PAGE;
	char *p = map(name, st->st_size);

	for (i = 0; i < n; i++) {
		if (frames_n == frames_size)
			frames = grow(frames, &frames_size, sizeof(*frames));
		frames[frames_n++] = frame_of(p + i * PAGE, name);
	}
	munmap(p, st->st_size);
}

static void walk(const char *dir, dev_t dev, void (*one)(const char *, const struct stat *))
{
	struct dirent *de;
	DIR *d = opendir(dir);

	if (!d)
		fatal("open directory", dir);
	while ((errno = 0, de = readdir(d))) {
		struct stat st;
		char *name;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (asprintf(&name, "%s/%s", dir, de->d_name) < 0 || lstat(name, &st))
			fatal("stat", de->d_name);
		if (S_ISDIR(st.st_mode) && st.st_dev == dev) {
			walk(name, dev, one);
		} else if (S_ISREG(st.st_mode) && st.st_size && !seen_before(&st)) {
			files++;
			pages += (st.st_size + PAGE - 1) / PAGE;
			one(name, &st);
		}
		free(name);
	}
	if (errno)
		fatal("read directory", dir);
	closedir(d);
}

static int cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void walk_all(char **dirs, void (*one)(const char *, const struct stat *))
{
	struct stat st;

	for (; *dirs; dirs++) {
		if (stat(*dirs, &st))
			fatal("stat", *dirs);
		walk(*dirs, st.st_dev, one);
	}
}

static void show(const char *name, char **list)
{
	struct stat st;
	char *p;

	if (stat(name, &st))
		fatal("stat", name);
	p = map(name, st.st_size);
	for (; *list; list++) {
		uint64_t i = strtoull(*list, NULL, 0);

		if (i * PAGE >= (uint64_t)st.st_size) {
			errno = ERANGE;
			fatal("page beyond the end of", name);
		}
		printf("0x%llx\n", (unsigned long long)frame_of(p + i * PAGE, name));
	}
}

int main(int argc, char **argv)
{
	size_t i, distinct = 0;

	if (argc < 3)
		goto usage;
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		fatal("open", "/proc/self/pagemap");
	if (!strcmp(argv[1], "read")) {
		walk_all(argv + 2, do_read);
		printf("%llu %llu %llu\n", (unsigned long long)files, (unsigned long long)bytes,
		       (unsigned long long)pages);
	} else if (!strcmp(argv[1], "frames")) {
		walk_all(argv + 2, do_frames);
		qsort(frames, frames_n, sizeof(*frames), cmp);
		for (i = 0; i < frames_n; i++)
			distinct += !i || frames[i] != frames[i - 1];
		printf("%zu %zu\n", frames_n, distinct);
	} else if (!strcmp(argv[1], "show") && argc > 3) {
		show(argv[2], argv + 3);
	} else {
		goto usage;
	}
	return 0;
usage:
	fprintf(stderr, "usage: pages read DIR... | frames DIR... | show FILE PAGE...\n");
	return 2;
}
