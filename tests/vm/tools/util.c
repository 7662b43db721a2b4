// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages, memory, walking a tree. Rule: an unexpected error of a system call ends the
 * program at once with the path and the errno; only checks about the filesystem under test
 * are collected with fail().
 */
#include "eistool.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

static unsigned long failures;

void die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("eistool: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EX_FAIL);
}

void missing(const char *fmt, ...)
{
	va_list ap;

	fputs("MISSING ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	exit(EX_MISSING);
}

void fail(const char *fmt, ...)
{
	char line[8192], *c;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* names may hold anything; the line must stay one line */
	for (c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '?';
	/* Threads call this as well: one line, one write; a flood tells nothing more. */
	if (__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED) < 50)
		printf("FAIL %s\n", line);
}

unsigned long fail_count(void)
{
	return __atomic_load_n(&failures, __ATOMIC_RELAXED);
}

int verdict(void)
{
	unsigned long n = fail_count();

	if (n > 50)
		printf("FAIL (%lu failures in all)\n", n);
	fflush(stdout);
	return n ? EX_FAIL : EX_OK;
}

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		die("out of memory (%zu bytes)", n);
	return p;
}

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		die("out of memory (%zu bytes)", n);
	return p;
}

char *xstrdup(const char *s)
{
	return strcpy(xmalloc(strlen(s) + 1), s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	return s;
}

char *path_join(const char *dir, const char *rel)
{
	return *rel ? xasprintf("%s/%s", dir, rel) : xstrdup(dir);
}

char *escape(const void *data, size_t len)
{
	const uint8_t *p = data;
	char *out = xmalloc(4 * len + 1), *q = out;
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] > 0x20 && p[i] < 0x7f && p[i] != '\\' && p[i] != '=')
			*q++ = p[i];
		else
			q += sprintf(q, "\\x%02x", p[i]);
	}
	*q = 0;
	return out;
}

const char *errname(int err)
{
	const char *n = strerrorname_np(err);

	return n ? n : err ? "unknown" : "0";
}

uint64_t number(const char *s, const char *what)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(s, &end, 0);
	switch (*end) {
	case 'k': case 'K': v <<= 10; end++; break;
	case 'm': case 'M': v <<= 20; end++; break;
	}
	if (errno || !*s || *end)
		die("%s: '%s' is not a number", what, s);
	return v;
}

uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void drop_caches(int what)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	char c = '0' + what;

	if (fd < 0 || write(fd, &c, 1) != 1)
		die("/proc/sys/vm/drop_caches: %s", errname(errno));
	close(fd);
}

ssize_t pread_full(int fd, void *buf, size_t len, off_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, off + done);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += n;
	}
	return done;
}

void *load_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;
	char *buf;

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, errname(errno));
	buf = xmalloc(st.st_size + 1);
	n = pread_full(fd, buf, st.st_size + 1, 0);
	if (n < 0)
		die("%s: read: %s", path, errname(-n));
	close(fd);
	*len = n;
	buf[n < st.st_size ? n : st.st_size] = 0;
	return buf;
}

int hash_file(const char *path, char out[65])
{
	static __thread char *buf;
	struct sha256 s;
	off_t off = 0;
	ssize_t n;
	int fd;

	if (!buf)
		buf = xmalloc(65536);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	sha256_init(&s);
	while ((n = read(fd, buf, 65536)) > 0) {
		sha256_update(&s, buf, n);
		off += n;
	}
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	sha256_hex(&s, out);
	return 0;
}

static struct ent *add(struct tree *t, char *rel, unsigned char d_type, uint64_t d_ino)
{
	struct ent *e;
	char *path;

	if (!(t->n & (t->n - 1)))
		t->e = xrealloc(t->e, (t->n ? 2 * t->n : 1) * sizeof(*t->e));
	e = &t->e[t->n++];
	memset(e, 0, sizeof(*e));
	e->rel = rel;
	e->d_type = d_type;
	e->d_ino = d_ino;
	path = path_join(t->root, rel);
	if (lstat(path, &e->st))
		die("%s: lstat: %s", path, errname(errno));
	free(path);
	return e;
}

static void walk(struct tree *t, size_t dir, int depth)
{
	char *path = path_join(t->root, t->e[dir].rel);
	DIR *d = opendir(path);
	size_t first = t->n, i, last;
	struct dirent *de;

	if (!d)
		die("%s: opendir: %s", path, errname(errno));
	/* A broken image may hold a cycle: a test tree is never this deep. */
	if (depth > 64)
		die("%s: more than 64 levels deep", path);
	for (;;) {
		errno = 0;
		de = readdir(d);
		if (!de)
			break;
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		add(t, path_join(t->e[dir].rel[0] ? t->e[dir].rel : ".", de->d_name),
		    de->d_type, de->d_ino);
	}
	if (errno)
		die("%s: readdir: %s", path, errname(errno));
	closedir(d);
	free(path);
	last = t->n;
	for (i = first; i < last; i++) {
		/* "./" of first-level names was only there to keep path_join simple */
		if (!strncmp(t->e[i].rel, "./", 2))
			memmove(t->e[i].rel, t->e[i].rel + 2, strlen(t->e[i].rel) - 1);
		if (S_ISDIR(t->e[i].st.st_mode)) {
			t->e[dir].subdirs++;
			walk(t, i, depth + 1);
		}
	}
}

static int by_rel(const void *a, const void *b)
{
	return strcmp(((const struct ent *)a)->rel, ((const struct ent *)b)->rel);
}

static struct tree *sorting;

static int by_inode(const void *a, const void *b)
{
	const struct ent *x = &sorting->e[*(const long *)a], *y = &sorting->e[*(const long *)b];

	if (x->st.st_ino != y->st.st_ino)
		return x->st.st_ino < y->st.st_ino ? -1 : 1;
	return *(const long *)a < *(const long *)b ? -1 : 1;
}

struct tree *tree_read(const char *root)
{
	struct tree *t = xmalloc(sizeof(*t));
	long *idx, first;
	size_t i;

	memset(t, 0, sizeof(*t));
	t->root = xstrdup(root);
	add(t, xstrdup(""), DT_DIR, 0);
	if (!S_ISDIR(t->e[0].st.st_mode))
		die("%s: not a directory", root);
	t->e[0].d_ino = t->e[0].st.st_ino;
	walk(t, 0, 0);
	qsort(t->e, t->n, sizeof(*t->e), by_rel);

	/* hard links: every path knows the first path of its inode */
	idx = xmalloc(t->n * sizeof(*idx));
	for (i = 0; i < t->n; i++)
		idx[i] = i;
	sorting = t;
	qsort(idx, t->n, sizeof(*idx), by_inode);
	for (i = 0, first = 0; i < t->n; i++) {
		if (!i || t->e[idx[i]].st.st_ino != t->e[idx[i - 1]].st.st_ino)
			first = idx[i];
		t->e[idx[i]].first = first;
	}
	free(idx);
	return t;
}

struct ent *tree_find(struct tree *t, const char *rel)
{
	struct ent key = { .rel = (char *)rel };

	return bsearch(&key, t->e, t->n, sizeof(*t->e), by_rel);
}

char *ent_path(const struct tree *t, const struct ent *e)
{
	return path_join(t->root, e->rel);
}
