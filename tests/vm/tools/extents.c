// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a file's data lies: fiemap, and holes (SEEK_DATA, SEEK_HOLE).
 *
 * The oracle is the content: what is called a hole must read as zeros, extents must be sorted,
 * must not overlap and must end with the last flag, and, given the image, the bytes at the
 * physical address must be the file's.
 */
#include "eistool.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool zeros(const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/*
 * Is [off, off + len) of the file all zeros? Reads in pieces; of a hole of many gigabytes both ends
 * and places between them.
 */
static bool reads_zero(int fd, uint64_t off, uint64_t len)
{
	static uint8_t buf[1 << 16];
	const uint64_t end = 1 << 20, places = 64;
	uint64_t i;

	if (len > 64 * end) {
		for (i = 0; i < places; i++)
			if (!reads_zero(fd, off + len / places * i, sizeof(buf)))
				return false;
		return reads_zero(fd, off, end) && reads_zero(fd, off + len - end, end);
	}

	while (len) {
		ssize_t n = pread(fd, buf, len < sizeof(buf) ? len : sizeof(buf), off);

		if (n <= 0)
			return n == 0;
		if (!zeros(buf, n))
			return false;
		off += n;
		len -= n;
	}
	return true;
}

/* All extents, asked for `batch` at a time. */
static struct fiemap_extent *extents(int fd, unsigned int batch, size_t *count, int *err)
{
	struct fiemap *fm = xmalloc(sizeof(*fm) + batch * sizeof(struct fiemap_extent));
	struct fiemap_extent *v = NULL;
	uint64_t pos = 0;

	*count = 0;
	*err = 0;
	for (;;) {
		unsigned int i;

		memset(fm, 0, sizeof(*fm));
		fm->fm_start = pos;
		fm->fm_length = FIEMAP_MAX_OFFSET - pos;
		fm->fm_extent_count = batch;
		if (ioctl(fd, FS_IOC_FIEMAP, fm)) {
			*err = errno;
			break;
		}
		if (!fm->fm_mapped_extents)
			break;
		v = xrealloc(v, (*count + fm->fm_mapped_extents) * sizeof(*v));
		for (i = 0; i < fm->fm_mapped_extents; i++)
			v[(*count)++] = fm->fm_extents[i];
		if (v[*count - 1].fe_flags & FIEMAP_EXTENT_LAST)
			break;
		pos = v[*count - 1].fe_logical + v[*count - 1].fe_length;
		if (*count > 1000000) {
			fail("fiemap does not end");
			break;
		}
	}
	free(fm);
	return v;
}

/*
 * The mapping, in the form that is the same for all drivers that agree on it: neighbours that touch
 * in the file and in the image are one extent (some drivers report every chunk), and inline data
 * has no address (some report it, some do not).
 */
static void print_mapping(const char *path, const struct fiemap_extent *v, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i = j) {
		uint64_t len = v[i].fe_length;
		bool in = v[i].fe_flags & FIEMAP_EXTENT_DATA_INLINE;

		for (j = i + 1; j < n && !in && !(v[j].fe_flags & FIEMAP_EXTENT_DATA_INLINE); j++) {
			if (v[j].fe_logical != v[i].fe_logical + len || v[j].fe_physical != v[i].fe_physical + len)
				break;
			len += v[j].fe_length;
		}
		if (in)
			printf("%s %llu inline %llu\n", path, (unsigned long long)v[i].fe_logical,
			       (unsigned long long)len);
		else
			printf("%s %llu at %llu %llu\n", path, (unsigned long long)v[i].fe_logical,
			       (unsigned long long)v[i].fe_physical, (unsigned long long)len);
	}
}

static void check_fiemap(const char *path, const char *image, uint64_t shift, bool print)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), img = -1, err, err2;
	struct fiemap_extent *v, *w;
	uint64_t pos = 0;
	size_t n, m, i;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, errname(errno));
	v = extents(fd, 64, &n, &err);
	if (err) {
		fail("%s: FIEMAP: %s", path, errname(err));
		goto out;
	}
	w = extents(fd, 1, &m, &err2);
	if (err2 || n != m)
		fail("%s: %zu extents 64 at a time, %zu one at a time (%s)", path, n, m, errname(err2));
	for (i = 0; i < n && i < m; i++)
		if (v[i].fe_logical != w[i].fe_logical || v[i].fe_physical != w[i].fe_physical)
			fail("%s: extent %zu differs when asked for one at a time", path, i);
	free(w);
	if (print)
		print_mapping(path, v, n);
	if (image) {
		img = open(image, O_RDONLY | O_CLOEXEC);
		if (img < 0)
			die("%s: %s", image, errname(errno));
	}
	for (i = 0; i < n; i++) {
		struct fiemap_extent *x = &v[i];
		bool last = x->fe_flags & FIEMAP_EXTENT_LAST;

		if (x->fe_logical < pos)
			fail("%s: extent %zu at %llu begins before %llu", path, i,
			     (unsigned long long)x->fe_logical, (unsigned long long)pos);
		if (!x->fe_length)
			fail("%s: extent %zu is empty", path, i);
		if (last != (i == n - 1))
			fail("%s: last flag %d on extent %zu of %zu", path, last, i, n);
		if (x->fe_logical >= (uint64_t)st.st_size)
			fail("%s: extent %zu begins at %llu, the file ends at %lld", path, i,
			     (unsigned long long)x->fe_logical, (long long)st.st_size);
		if (x->fe_logical > pos && !reads_zero(fd, pos, x->fe_logical - pos))
			fail("%s: no extent for %llu..%llu, but there is data", path,
			     (unsigned long long)pos, (unsigned long long)x->fe_logical);
		pos = x->fe_logical + x->fe_length;
		/* An inline extent may have no address; if it has one, it must be right. */
		if (img >= 0 && !(x->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_ENCODED)) &&
		    !((x->fe_flags & FIEMAP_EXTENT_DATA_INLINE) && !x->fe_physical)) {
			uint64_t off = x->fe_logical, end = pos < (uint64_t)st.st_size ? pos : (uint64_t)st.st_size;
			static uint8_t a[1 << 16], b[1 << 16];

			while (off < end) {
				size_t len = end - off < sizeof(a) ? end - off : sizeof(a);
				uint64_t phys = x->fe_physical + shift + (off - x->fe_logical);

				if (pread_full(fd, a, len, off) != (ssize_t)len ||
				    pread_full(img, b, len, phys) != (ssize_t)len || memcmp(a, b, len)) {
					fail("%s: extent %zu: bytes at %llu of the file are not those at %llu of the image",
					     path, i, (unsigned long long)off, (unsigned long long)phys);
					break;
				}
				off += len;
			}
		}
	}
	if (pos < (uint64_t)st.st_size && !reads_zero(fd, pos, st.st_size - pos))
		fail("%s: no extent after %llu, but there is data (size %lld)", path,
		     (unsigned long long)pos, (long long)st.st_size);
	if (img >= 0)
		close(img);
out:
	free(v);
	close(fd);
}

/* returns the number of hole bytes that are not the implicit one at the end */
static uint64_t check_holes(const char *path, bool print)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t holes = 0;
	off_t pos = 0, data, hole;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, errname(errno));
	while (pos < st.st_size) {
		data = lseek(fd, pos, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			data = st.st_size;
		if (data < pos || data > st.st_size) {
			fail("%s: SEEK_DATA from %lld: %lld (%s)", path, (long long)pos, (long long)data,
			     errname(errno));
			break;
		}
		if (print && data > pos)
			printf("%s hole %lld..%lld\n", path, (long long)pos, (long long)data);
		holes += data - pos;
		if (!reads_zero(fd, pos, data - pos))
			fail("%s: SEEK_DATA says %lld..%lld is a hole, but there is data", path,
			     (long long)pos, (long long)data);
		/* in the middle of a hole one is in a hole */
		if (data - pos > 1) {
			off_t mid = pos + (data - pos) / 2;

			if (lseek(fd, mid, SEEK_HOLE) != mid)
				fail("%s: SEEK_HOLE from %lld, within a hole, moves", path, (long long)mid);
		}
		if (data == st.st_size)
			break;
		hole = lseek(fd, data, SEEK_HOLE);
		if (hole <= data || hole > st.st_size) {
			fail("%s: SEEK_HOLE from %lld: %lld (%s)", path, (long long)data, (long long)hole,
			     errname(errno));
			break;
		}
		if (lseek(fd, data + (hole - data) / 2, SEEK_DATA) != data + (hole - data) / 2)
			fail("%s: SEEK_DATA from %lld, within data, moves", path,
			     (long long)(data + (hole - data) / 2));
		if (print)
			printf("%s data %lld..%lld\n", path, (long long)data, (long long)hole);
		pos = hole;
	}
	if (lseek(fd, st.st_size, SEEK_DATA) >= 0 || errno != ENXIO)
		fail("%s: SEEK_DATA from the end: %s, not ENXIO", path, errname(errno));
	if (lseek(fd, st.st_size, SEEK_HOLE) >= 0 || errno != ENXIO)
		fail("%s: SEEK_HOLE from the end: %s, not ENXIO", path, errname(errno));
	if (lseek(fd, -1, SEEK_DATA) >= 0 || errno != ENXIO)
		fail("%s: SEEK_DATA from -1: %s, not ENXIO", path, errname(errno));
	close(fd);
	return holes;
}

/* fiemap FILE|DIR [--image IMG [--shift BYTES]] [--print] [--max BYTES] */
int cmd_fiemap(int argc, char **argv)
{
	const char *what = NULL, *image = NULL;
	uint64_t shift = 0, max = 16 << 20;
	bool print = false;
	struct stat st;
	int a;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "--image") && a + 1 < argc)
			image = argv[++a];
		else if (!strcmp(argv[a], "--shift") && a + 1 < argc)
			shift = number(argv[++a], "--shift");
		else if (!strcmp(argv[a], "--max") && a + 1 < argc)
			max = number(argv[++a], "--max");
		else if (!strcmp(argv[a], "--print"))
			print = true;
		else if (argv[a][0] == '-' || what)
			return EX_USAGE;
		else
			what = argv[a];
	}
	if (!what)
		return EX_USAGE;
	if (lstat(what, &st))
		die("%s: %s", what, errname(errno));
	if (S_ISDIR(st.st_mode)) {
		struct tree *t = tree_read(what);
		unsigned long files = 0;
		size_t i;

		for (i = 0; i < t->n; i++) {
			char *path = ent_path(t, &t->e[i]);

			if (S_ISREG(t->e[i].st.st_mode) && t->e[i].first == (long)i &&
			    (uint64_t)t->e[i].st.st_size <= max) {
				check_fiemap(path, image, shift, print);
				files++;
			}
			free(path);
		}
		printf("checked %lu files\n", files);
	} else {
		check_fiemap(what, image, shift, print);
	}
	return verdict();
}

/* holes FILE|DIR [--print] [--expect BYTES]: at least so many hole bytes in all */
int cmd_holes(int argc, char **argv)
{
	uint64_t holes = 0, expect = 0, max = 16 << 20;
	const char *what = NULL;
	bool print = false;
	struct stat st;
	int a;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "--print"))
			print = true;
		else if (!strcmp(argv[a], "--expect") && a + 1 < argc)
			expect = number(argv[++a], "--expect");
		else if (!strcmp(argv[a], "--max") && a + 1 < argc)
			max = number(argv[++a], "--max");
		else if (argv[a][0] == '-' || what)
			return EX_USAGE;
		else
			what = argv[a];
	}
	if (!what)
		return EX_USAGE;
	if (lstat(what, &st))
		die("%s: %s", what, errname(errno));
	if (S_ISDIR(st.st_mode)) {
		struct tree *t = tree_read(what);
		unsigned long files = 0;
		size_t i;

		for (i = 0; i < t->n; i++) {
			char *path = ent_path(t, &t->e[i]);

			if (S_ISREG(t->e[i].st.st_mode) && t->e[i].first == (long)i &&
			    (uint64_t)t->e[i].st.st_size <= max) {
				holes += check_holes(path, print);
				files++;
			}
			free(path);
		}
		printf("checked %lu files\n", files);
	} else {
		holes = check_holes(what, print);
	}
	printf("holes: %llu bytes\n", (unsigned long long)holes);
	if (holes < expect)
		fail("%s: %llu bytes of holes, expected at least %llu", what, (unsigned long long)holes,
		     (unsigned long long)expect);
	return verdict();
}
