// SPDX-License-Identifier: GPL-2.0-only
/*
 * handles DIR: NFS file handles of every object, used while cached and after the caches were
 * dropped; a directory found by handle must know its path again; a handle that names nothing
 * is ESTALE.
 */
#include "eistool.h"

#include <fcntl.h>
#include <unistd.h>

struct handle {
	struct file_handle fh;
	uint8_t data[MAX_HANDLE_SZ];
};

static void use(struct tree *t, struct handle **h, int mnt, const char *when)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		struct ent *e = &t->e[i];
		bool plain = S_ISREG(e->st.st_mode) || S_ISDIR(e->st.st_mode);
		struct stat st;
		int fd;

		if (!h[i])
			continue;
		fd = open_by_handle_at(mnt, &h[i]->fh, (plain ? O_RDONLY : O_PATH) | O_CLOEXEC);
		if (fd < 0) {
			fail("/%s: open_by_handle_at %s: %s", e->rel, when, errname(errno));
			continue;
		}
		if (fstat(fd, &st))
			die("/%s: fstat: %s", e->rel, errname(errno));
		if (st.st_ino != e->st.st_ino || st.st_mode != e->st.st_mode ||
		    st.st_size != e->st.st_size || st.st_nlink != e->st.st_nlink ||
		    st.st_mtim.tv_sec != e->st.st_mtim.tv_sec)
			fail("/%s: the handle %s leads to inode %llu mode %o size %lld, should be %llu %o %lld",
			     e->rel, when, (unsigned long long)st.st_ino, st.st_mode,
			     (long long)st.st_size, (unsigned long long)e->st.st_ino, e->st.st_mode,
			     (long long)e->st.st_size);
		if (S_ISREG(e->st.st_mode) && e->st.st_size && e->st.st_size < 65536) {
			char a[65536], b[65536], *path = ent_path(t, e);
			int fd2 = open(path, O_RDONLY | O_CLOEXEC);
			ssize_t n = pread_full(fd, a, sizeof(a), 0), m = pread_full(fd2, b, sizeof(b), 0);

			if (n != m || n < 0 || memcmp(a, b, n))
				fail("/%s: the handle %s reads other bytes than the path", e->rel, when);
			close(fd2);
			free(path);
		}
		if (S_ISDIR(e->st.st_mode)) {
			char *proc = xasprintf("/proc/self/fd/%d", fd), got[8192], *want = ent_path(t, e);
			char *real = realpath(want, NULL);
			ssize_t n = readlink(proc, got, sizeof(got) - 1);

			if (n < 0)
				die("%s: %s", proc, errname(errno));
			got[n] = 0;
			if (!real || strcmp(got, real))
				fail("/%s: the handle %s has the path '%s'", e->rel, when, got);
			free(real);
			free(want);
			free(proc);
		}
		close(fd);
	}
}

static void expect_stale(int mnt, const struct handle *h, const char *what)
{
	struct handle copy = *h;
	int fd = open_by_handle_at(mnt, &copy.fh, O_PATH | O_CLOEXEC);

	if (fd >= 0) {
		fail("a handle with %s opens", what);
		close(fd);
	} else if (errno != ESTALE) {
		fail("a handle with %s: %s, not ESTALE", what, errname(errno));
	}
}

int cmd_handles(int argc, char **argv)
{
	bool drop = argc != 3 || strcmp(argv[2], "--no-drop");
	struct handle **h, bad;
	size_t i, count = 0;
	struct tree *t;
	int mnt;

	if (argc != 2 && (argc != 3 || drop))
		return EX_USAGE;
	t = tree_read(argv[1]);
	h = xmalloc(t->n * sizeof(*h));
	for (i = 0; i < t->n; i++) {
		char *path = ent_path(t, &t->e[i]);
		struct handle *p = xmalloc(sizeof(*p));
		int id;

		memset(p, 0, sizeof(*p));
		p->fh.handle_bytes = MAX_HANDLE_SZ;
		h[i] = p;
		if (name_to_handle_at(AT_FDCWD, path, &p->fh, &id, 0)) {
			fail("%s: name_to_handle_at: %s", path, errname(errno));
			free(p);
			h[i] = NULL;
		} else {
			count++;
		}
		free(path);
	}
	mnt = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mnt < 0)
		die("%s: %s", argv[1], errname(errno));
	use(t, h, mnt, "while cached");
	if (drop) {
		drop_caches(3);
		drop_caches(3);
		use(t, h, mnt, "after drop_caches");
	}
	if (h[0]) {
		/* an inode far outside of any image, and one between inodes' places */
		bad = *h[0];
		memset(bad.data, 0x3f, bad.fh.handle_bytes > 8 ? 8 : bad.fh.handle_bytes);
		expect_stale(mnt, &bad, "an inode number beyond the image");
		bad = *h[0];
		bad.fh.handle_bytes = 4;
		expect_stale(mnt, &bad, "half an inode number");
		bad = *h[0];
		bad.fh.handle_type = 0x7e;
		expect_stale(mnt, &bad, "an unknown type");
	}
	close(mnt);
	printf("checked %zu handles\n", count);
	return verdict();
}
