// SPDX-License-Identifier: GPL-2.0-only
/*
 * manifest DIR: all that a user can see of a tree, one line per path, so that two trees are
 * equal exactly when their manifests are. Also `xattr`, and reading a manifest back.
 *
 * Columns that depend on the filesystem and not on the tree (inode numbers, blocks, the size
 * of a directory) appear only with --all, for comparing two drivers on one image.
 */
#include "eistool.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct opts {
	bool all, count_links, no_nsec, no_nlink, no_xattr, no_content, origin, no_root;
	uint64_t content_max;		/* larger files: no checksum */
	const char *mtime;		/* print this instead */
	int64_t uid_shift;
	const char *owner;		/* "uid:gid", print this instead */
	const char **skip_xattr;
	size_t nskip;
};

static char type_char(mode_t m)
{
	switch (m & S_IFMT) {
	case S_IFREG: return 'f';
	case S_IFDIR: return 'd';
	case S_IFLNK: return 'l';
	case S_IFCHR: return 'c';
	case S_IFBLK: return 'b';
	case S_IFIFO: return 'p';
	case S_IFSOCK: return 's';
	}
	return '?';
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool skipped(const struct opts *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->nskip; i++)
		if (!strcmp(o->skip_xattr[i], name))
			return true;
	return false;
}

static void print_xattrs(const char *path, const struct opts *o, bool add_origin)
{
	static char *list, *value, origin[] = "trusted.overlay.origin";
	ssize_t len, n, need;
	char **names = NULL;
	size_t cnt = 0, i;
	char *p;

	if (!list) {
		list = xmalloc(65536);
		value = xmalloc(65536);
	}
	len = llistxattr(path, list, 65536);
	if (len < 0) {
		printf(" xattrs=!%s", errname(errno));
		return;
	}
	need = len ? llistxattr(path, NULL, 0) : 0;
	if (need != len)
		fail("%s: listxattr says %zd bytes without a buffer, %zd with one", path, need, len);
	for (p = list; p < list + len; p += strlen(p) + 1) {
		names = xrealloc(names, (cnt + 1) * sizeof(*names));
		names[cnt++] = p;
	}
	if (add_origin) {
		names = xrealloc(names, (cnt + 1) * sizeof(*names));
		names[cnt++] = origin;
	}
	if (cnt)
		qsort(names, cnt, sizeof(*names), by_name);
	for (i = 0; i < cnt; i++) {
		char *esc;

		if (names[i] == origin) {
			printf(" x:%s=0:", origin);
			continue;
		}
		if (skipped(o, names[i]))
			continue;
		if (i && !strcmp(names[i], names[i - 1]))
			fail("%s: xattr %s is listed twice", path, names[i]);
		need = lgetxattr(path, names[i], NULL, 0);
		n = lgetxattr(path, names[i], value, 65536);
		esc = escape(names[i], strlen(names[i]));
		if (n < 0) {
			printf(" x:%s=!%s", esc, errname(errno));
		} else if (n > 64) {
			char sha[65];

			sha256_of(value, n, sha);
			printf(" x:%s=%zd:sha256:%s", esc, n, sha);
		} else {
			ssize_t j;

			printf(" x:%s=%zd:", esc, n);
			for (j = 0; j < n; j++)
				printf("%02x", (uint8_t)value[j]);
		}
		free(esc);
		if (n >= 0 && need != n)
			fail("%s: getxattr %s says %zd bytes without a buffer, %zd with one",
			     path, names[i], need, n);
		if (n > 1 && (lgetxattr(path, names[i], value, n - 1) >= 0 || errno != ERANGE))
			fail("%s: getxattr %s into %zd bytes: no ERANGE", path, names[i], n - 1);
	}
	/* asking for what is not there, with and without a known prefix */
	if (lgetxattr(path, "user.eistool.not-there", value, 65536) >= 0 ||
	    (errno != ENODATA && errno != EOPNOTSUPP))
		fail("%s: absent user xattr: %s, not ENODATA", path, errname(errno));
	if (len && (lgetxattr(path, "trusted.eistool.not-there", value, 65536) >= 0 ||
		    (errno != ENODATA && errno != EOPNOTSUPP)))
		fail("%s: absent trusted xattr: %s, not ENODATA", path, errname(errno));
	free(names);
}

/*
 * What newer writers add to a tree (--whiteout-origin, on the source side): a directory that holds
 * a whiteout gets an empty xattr.
 */
static bool has_whiteout(const struct tree *t, const struct ent *dir)
{
	size_t i, len = strlen(dir->rel);

	for (i = 0; S_ISDIR(dir->st.st_mode) && i < t->n; i++) {
		const struct ent *e = &t->e[i];

		if (S_ISCHR(e->st.st_mode) && !e->st.st_rdev && !strncmp(e->rel, dir->rel, len) &&
		    e->rel[len] == '/' && !strchr(e->rel + len + 1, '/'))
			return true;
	}
	return false;
}

static void print_ent(const struct tree *t, const struct ent *e, const struct opts *o)
{
	char *path = ent_path(t, e), *esc;
	const struct stat *st = &e->st;
	mode_t m = st->st_mode;

	esc = escape(e->rel, strlen(e->rel));
	printf("/%s type=%c mode=%04o", esc, type_char(m), m & 07777);
	free(esc);
	if (o->owner)
		printf(" owner=%s", o->owner);
	else
		printf(" owner=%lld:%lld", (long long)st->st_uid - o->uid_shift,
		       (long long)st->st_gid - o->uid_shift);
	if (!o->no_nlink)
		printf(" nlink=%llu", S_ISDIR(m) && o->count_links ? 2ULL + e->subdirs :
		       (unsigned long long)st->st_nlink);
	if (!S_ISDIR(m) || o->all)
		printf(" size=%lld", (long long)st->st_size);
	if (S_ISCHR(m) || S_ISBLK(m))
		printf(" rdev=%u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (o->mtime)
		printf(" mtime=%s", o->mtime);
	else
		printf(" mtime=%lld.%09ld", (long long)st->st_mtim.tv_sec,
		       o->no_nsec ? 0L : (long)st->st_mtim.tv_nsec);
	if (!S_ISDIR(m) && st->st_nlink > 1) {
		esc = escape(t->e[e->first].rel, strlen(t->e[e->first].rel));
		printf(" inode-of=/%s", esc);
		free(esc);
	}
	if (o->all)
		printf(" ino=%llu blocks=%lld blksize=%ld atime=%lld.%09ld ctime=%lld.%09ld",
		       (unsigned long long)st->st_ino, (long long)st->st_blocks, (long)st->st_blksize,
		       (long long)st->st_atim.tv_sec, (long)st->st_atim.tv_nsec,
		       (long long)st->st_ctim.tv_sec, (long)st->st_ctim.tv_nsec);
	if (S_ISLNK(m)) {
		static char target[8192];
		ssize_t n = readlink(path, target, sizeof(target));

		if (n < 0) {
			printf(" link=!%s", errname(errno));
		} else {
			if (n != st->st_size)
				fail("%s: readlink gives %zd bytes, st_size is %lld", path, n,
				     (long long)st->st_size);
			esc = escape(target, n);
			if (n <= 200) {
				printf(" link=%s", esc);
			} else {
				char sha[65];

				sha256_of(target, n, sha);
				printf(" link=%zd:sha256:%s", n, sha);
			}
			free(esc);
		}
	}
	/* Another name of an inode already told: that it is the same one says all. */
	if (!S_ISDIR(m) && st->st_nlink > 1 && e != &t->e[e->first]) {
		putchar('\n');
		free(path);
		return;
	}
	if (S_ISREG(m) && !o->no_content && (uint64_t)st->st_size <= o->content_max) {
		char sha[65];
		int err = hash_file(path, sha);

		if (err)
			printf(" sha256=!%s", errname(-err));
		else
			printf(" sha256=%s", sha);
	}
	if (!o->no_xattr)
		print_xattrs(path, o, o->origin && has_whiteout(t, e));
	putchar('\n');
	free(path);
}

int cmd_manifest(int argc, char **argv)
{
	struct opts o = { .content_max = UINT64_MAX };
	const char *dir = NULL;
	struct tree *t;
	size_t i;
	int a;

	for (a = 1; a < argc; a++) {
		const char *s = argv[a];

		if (!strcmp(s, "--all"))
			o.all = true;
		else if (!strcmp(s, "--count-links"))
			o.count_links = true;
		else if (!strcmp(s, "--no-nsec"))
			o.no_nsec = true;
		else if (!strcmp(s, "--no-nlink"))
			o.no_nlink = true;
		else if (!strcmp(s, "--no-xattr"))
			o.no_xattr = true;
		else if (!strcmp(s, "--whiteout-origin"))
			o.origin = true;
		else if (!strcmp(s, "--no-root"))
			o.no_root = true;
		else if (!strcmp(s, "--no-content"))
			o.no_content = true;
		else if (!strcmp(s, "--content-max") && a + 1 < argc)
			o.content_max = number(argv[++a], s);
		else if (!strcmp(s, "--mtime") && a + 1 < argc)
			o.mtime = argv[++a];
		else if (!strcmp(s, "--owner") && a + 1 < argc)
			o.owner = argv[++a];
		else if (!strcmp(s, "--uid-shift") && a + 1 < argc)
			o.uid_shift = number(argv[++a], s);
		else if (!strcmp(s, "--skip-xattr") && a + 1 < argc) {
			o.skip_xattr = xrealloc(o.skip_xattr, (o.nskip + 1) * sizeof(*o.skip_xattr));
			o.skip_xattr[o.nskip++] = argv[++a];
		} else if (*s == '-' || dir)
			return EX_USAGE;
		else
			dir = s;
	}
	if (!dir)
		return EX_USAGE;
	t = tree_read(dir);
	for (i = o.no_root; i < t->n; i++)
		print_ent(t, &t->e[i], &o);
	return verdict();
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct manifest_line *)a)->path, ((const struct manifest_line *)b)->path);
}

struct manifest *manifest_load(const char *path)
{
	struct manifest *m = xmalloc(sizeof(*m));
	size_t len;
	char *text = load_file(path, &len), *line, *save = NULL;

	memset(m, 0, sizeof(*m));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *sp = strchr(line, ' '), *sha, *size;
		struct manifest_line *l;

		if (*line != '/' || !sp)
			continue;
		sha = strstr(sp, " sha256=");
		size = strstr(sp, " size=");
		if (!sha || !size || strlen(sha) < 8 + 64)
			continue;
		if (!(m->n & (m->n - 1)))
			m->l = xrealloc(m->l, (m->n ? 2 * m->n : 1) * sizeof(*m->l));
		l = &m->l[m->n++];
		*sp = 0;
		l->path = line;
		l->size = strtoull(size + 6, NULL, 10);
		memcpy(l->sha, sha + 8, 64);
		l->sha[64] = 0;
	}
	if (m->n)
		qsort(m->l, m->n, sizeof(*m->l), by_path);
	return m;
}

const struct manifest_line *manifest_find(const struct manifest *m, const char *escaped)
{
	struct manifest_line key = { .path = (char *)escaped };

	return m->n ? bsearch(&key, m->l, m->n, sizeof(*m->l), by_path) : NULL;
}

/* xattr get FILE NAME | list FILE: raw value or names on stdout; errors by name. */
int cmd_xattr(int argc, char **argv)
{
	static char buf[65536];
	ssize_t n;

	if (argc == 4 && !strcmp(argv[1], "get")) {
		n = lgetxattr(argv[2], argv[3], buf, sizeof(buf));
	} else if (argc == 3 && !strcmp(argv[1], "list")) {
		ssize_t i;

		n = llistxattr(argv[2], buf, sizeof(buf));
		for (i = 0; i < n; i++)
			if (!buf[i])
				buf[i] = '\n';
	} else if (argc == 5 && !strcmp(argv[1], "set")) {
		n = lsetxattr(argv[2], argv[3], argv[4], strlen(argv[4]), 0);
	} else {
		return EX_USAGE;
	}
	if (n < 0) {
		printf("!%s\n", errname(errno));
		return EX_FAIL;
	}
	if (argv[1][0] != 's' && fwrite(buf, 1, n, stdout) != (size_t)n)
		die("cannot write to stdout");
	return EX_OK;
}
