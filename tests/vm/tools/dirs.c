// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirs DIR: every directory below DIR through every door: readdir with large and with tiny
 * buffers, seeking to every position, lookup of every name and of names that are not there.
 */
#include "eistool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct de {
	uint64_t ino;
	int64_t off;			/* cookie of the position after this entry */
	unsigned char type;
	char *name;
};

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

static long next_batch(int fd, void *buf, size_t len)
{
	return syscall(SYS_getdents64, fd, buf, len);
}

/* The directory from the present position on; NULL with *n = -errno on error. */
static struct de *list(int fd, size_t bufsize, long *n, long max)
{
	char *buf = xmalloc(bufsize);
	struct de *v = NULL;
	long got, cnt = 0;

	while ((got = next_batch(fd, buf, bufsize)) > 0) {
		long pos = 0;

		while (pos < got) {
			struct linux_dirent64 *d = (void *)(buf + pos);

			if (!(cnt & (cnt - 1)))
				v = xrealloc(v, (cnt ? 2 * cnt : 1) * sizeof(*v));
			v[cnt++] = (struct de){ d->d_ino, d->d_off, d->d_type, xstrdup(d->d_name) };
			pos += d->d_reclen;
			if (cnt == max)
				goto out;
		}
	}
out:
	*n = got < 0 ? -errno : cnt;
	free(buf);
	return v;
}

static void release(struct de *v, long n)
{
	while (n-- > 0)
		free(v[n].name);
	free(v);
}

static void expect_absent(const char *dir, int fd, const char *name, int want)
{
	struct stat st;

	if (!fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
		fail("%s: lookup of absent '%.80s' finds inode %llu", dir, name,
		     (unsigned long long)st.st_ino);
	else if (errno != want)
		fail("%s: lookup of absent '%.80s': %s, not %s", dir, name, errname(errno), errname(want));
}

static int cmp_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void absent_names(const char *dir, int fd, const struct de *v, long n, long stride)
{
	static const char *const fixed[] = { "\x01", "\xff\xff\xff", "zzzzzzzzzzzzzzzzzzz-not-there", "-",
					     "0-not-there", "...", ".-", "~~~~~~~~~" };
	char **names = xmalloc((n + 1) * sizeof(*names)), *key, buf[260];
	size_t j;
	long i;

	for (i = 0; i < n; i++)
		names[i] = v[i].name;
	qsort(names, n, sizeof(*names), cmp_name);
	for (i = 0; i < n; i += stride) {
		size_t len = strlen(v[i].name);

		if (!strcmp(v[i].name, ".") || !strcmp(v[i].name, ".."))
			continue;
		/* a neighbour on each side: one longer, one shorter, last byte one up and one down */
		for (j = 0; j < 4; j++) {
			memcpy(buf, v[i].name, len + 1);
			if (j == 0 && len < 255)
				strcpy(buf + len, "\x01");
			else if (j == 1 && len > 1)
				buf[len - 1] = 0;
			else if (j == 2 && (uint8_t)buf[len - 1] < 0xff && buf[len - 1] != '/' - 1)
				buf[len - 1]++;
			else if (j == 3 && (uint8_t)buf[len - 1] > 1 && buf[len - 1] != '/' + 1)
				buf[len - 1]--;
			else
				continue;
			key = buf;
			if (!bsearch(&key, names, n, sizeof(*names), cmp_name))
				expect_absent(dir, fd, buf, ENOENT);
		}
	}
	for (j = 0; j < ARRAY_SIZE(fixed); j++) {
		key = (char *)fixed[j];
		if (!bsearch(&key, names, n, sizeof(*names), cmp_name))
			expect_absent(dir, fd, fixed[j], ENOENT);
	}
	memset(buf, 'q', 256);
	buf[256] = 0;
	expect_absent(dir, fd, buf, ENAMETOOLONG);
	buf[255] = 0;
	key = buf;
	if (!bsearch(&key, names, n, sizeof(*names), cmp_name))
		expect_absent(dir, fd, buf, ENOENT);
	free(names);
}

static void check_dir(const char *dir, const struct stat *self, const struct stat *parent, long samples)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static const size_t sizes[] = { 280, 312, 1000 };
	struct de *v, *w;
	long n, m, i, stride;
	size_t j;

	if (fd < 0) {
		fail("%s: open: %s", dir, errname(errno));
		return;
	}
	v = list(fd, 65536, &n, -1);
	if (n < 0) {
		fail("%s: readdir: %s", dir, errname(-n));
		return;
	}
	stride = n / samples + 1;

	/* "." and ".." are there once each, names are unique, inode and type tell the truth */
	{
		char **names = xmalloc((n + 1) * sizeof(*names));
		int dots = 0;

		for (i = 0; i < n; i++) {
			bool dot = !strcmp(v[i].name, "."), dotdot = !strcmp(v[i].name, "..");
			struct stat st;

			names[i] = v[i].name;
			if (dot || dotdot) {
				const struct stat *want = dot ? self : parent;

				dots++;
				if (want && v[i].ino != want->st_ino)
					fail("%s: readdir says %s is inode %llu, stat says %llu", dir,
					     v[i].name, (unsigned long long)v[i].ino,
					     (unsigned long long)want->st_ino);
				if (v[i].type != DT_DIR && v[i].type != DT_UNKNOWN)
					fail("%s: %s has d_type %d", dir, v[i].name, v[i].type);
				continue;
			}
			if (fstatat(fd, v[i].name, &st, AT_SYMLINK_NOFOLLOW)) {
				fail("%s: readdir lists '%s', lookup says %s", dir, v[i].name,
				     errname(errno));
				continue;
			}
			if (st.st_ino != v[i].ino)
				fail("%s/%s: d_ino %llu, st_ino %llu", dir, v[i].name,
				     (unsigned long long)v[i].ino, (unsigned long long)st.st_ino);
			if (v[i].type != DT_UNKNOWN && v[i].type != IFTODT(st.st_mode))
				fail("%s/%s: d_type %d, mode %o", dir, v[i].name, v[i].type, st.st_mode);
		}
		if (dots != 2)
			fail("%s: %d entries for . and .., not 2", dir, dots);
		qsort(names, n, sizeof(*names), cmp_name);
		for (i = 1; i < n; i++)
			if (!strcmp(names[i], names[i - 1]))
				fail("%s: '%s' is listed twice", dir, names[i]);
		free(names);
	}
	absent_names(dir, fd, v, n, stride);

	/* the same list through buffers that hold little more than one entry */
	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		if (n > 1000 && j)
			break;
		if (lseek(fd, 0, SEEK_SET) != 0)
			fail("%s: rewind: %s", dir, errname(errno));
		w = list(fd, sizes[j], &m, -1);
		if (m != n)
			fail("%s: %ld entries with a %zu-byte buffer, %ld with a large one", dir, m,
			     sizes[j], n);
		for (i = 0; i < n && i < m; i++)
			if (strcmp(v[i].name, w[i].name) || v[i].ino != w[i].ino || v[i].off != w[i].off) {
				fail("%s: entry %ld is '%s' with a %zu-byte buffer, '%s' with a large one",
				     dir, i, w[i].name, sizes[j], v[i].name);
				break;
			}
		release(w, m);
	}

	/* every position is a place to continue from, in any order */
	for (i = n - 1; i >= 0; i -= stride) {
		if (lseek(fd, v[i].off, SEEK_SET) != v[i].off) {
			fail("%s: seek to %lld (after '%s'): %s", dir, (long long)v[i].off, v[i].name,
			     errname(errno));
			break;
		}
		w = list(fd, 280, &m, 1);
		if (i == n - 1) {
			if (m)
				fail("%s: %ld entries after the last position", dir, m);
		} else if (m < 1 || strcmp(w[0].name, v[i + 1].name)) {
			fail("%s: after '%s' (position %lld) comes '%s', should be '%s'", dir, v[i].name,
			     (long long)v[i].off, m < 1 ? "nothing" : w[0].name, v[i + 1].name);
		}
		release(w, m);
	}
	release(v, n);
	close(fd);
}

int cmd_dirs(int argc, char **argv)
{
	unsigned long dirs = 0;
	const char *dir = NULL;
	long samples = 200;
	struct tree *t;
	size_t i;
	int a;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "--samples") && a + 1 < argc)
			samples = number(argv[++a], "--samples");
		else if (argv[a][0] == '-' || dir)
			return EX_USAGE;
		else
			dir = argv[a];
	}
	if (!dir || samples < 1)
		return EX_USAGE;
	t = tree_read(dir);
	for (i = 0; i < t->n; i++) {
		struct ent *e = &t->e[i];
		struct ent *up = NULL;
		char *path, *slash;

		if (i && e->d_ino != e->st.st_ino)
			fail("/%s: d_ino %llu, st_ino %llu", e->rel, (unsigned long long)e->d_ino,
			     (unsigned long long)e->st.st_ino);
		if (!S_ISDIR(e->st.st_mode))
			continue;
		path = ent_path(t, e);
		if (i) {
			char *rel = xstrdup(e->rel);

			slash = strrchr(rel, '/');
			if (slash)
				*slash = 0;
			up = tree_find(t, slash ? rel : "");
			free(rel);
		}
		check_dir(path, &e->st, up ? &up->st : NULL, samples);
		free(path);
		dirs++;
	}
	printf("checked %lu directories\n", dirs);
	return verdict();
}
