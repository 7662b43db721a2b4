// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify: reads every regular file of a tree by every access method there is and compares
 * each byte with a reference (another tree, or the checksums of a manifest).
 * readall: reads everything once, by one method, to fill or to load the page cache; with --drop, to fill the
 * cache of what says where the data is, and that one only.
 *
 * Rule: before each method the file's clean pages are dropped, so that each one takes the
 * cold path; --warm leaves them.
 */
#include "eistool.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef STATX_DIOALIGN
#define STATX_DIOALIGN 0x00002000U
#endif

struct file {
	const char *path;
	int fd;
	const uint8_t *ref;
	size_t size;
	uint64_t seed;
	bool warm;
};

static sigjmp_buf bus;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

static bool same(const struct file *f, const char *how, const void *got, size_t off, size_t len)
{
	size_t i;

	if (!memcmp(got, f->ref + off, len))
		return true;
	for (i = 0; ((const uint8_t *)got)[i] == f->ref[off + i]; i++)
		;
	fail("%s: %s at %zu+%zu: byte %zu is %02x, should be %02x (size %zu)", f->path, how, off, len,
	     off + i, ((const uint8_t *)got)[i], f->ref[off + i], f->size);
	return false;
}

static void expect_len(const struct file *f, const char *how, ssize_t n, size_t want, size_t off)
{
	if (n < 0)
		fail("%s: %s at %zu: %s (size %zu)", f->path, how, off, errname(errno), f->size);
	else if ((size_t)n != want)
		fail("%s: %s at %zu: %zd bytes, should be %zu (size %zu)", f->path, how, off, n, want,
		     f->size);
}

/* one pread, checked against the reference, including where the file ends */
static bool check_pread(const struct file *f, int fd, const char *how, void *buf, size_t off, size_t len)
{
	size_t want = off >= f->size ? 0 : len < f->size - off ? len : f->size - off;
	ssize_t n = pread(fd, buf, len, off);

	expect_len(f, how, n, want, off);
	return n == (ssize_t)want && same(f, how, buf, off, want);
}

static void m_seq(const struct file *f)
{
	uint8_t buf[7777];
	size_t off = 0;
	ssize_t n;

	if (lseek(f->fd, 0, SEEK_SET))
		die("%s: lseek: %s", f->path, errname(errno));
	while ((n = read(f->fd, buf, sizeof(buf))) > 0) {
		if (off + n > f->size) {
			fail("%s: seq: longer than %zu bytes", f->path, f->size);
			return;
		}
		if (!same(f, "seq", buf, off, n))
			return;
		off += n;
	}
	if (n < 0)
		expect_len(f, "seq", n, 0, off);
	else if (off != f->size)
		fail("%s: seq: ends at %zu, size is %zu", f->path, off, f->size);
}

static void m_whole(const struct file *f)
{
	uint8_t *buf = xmalloc(f->size + 100);

	check_pread(f, f->fd, "whole", buf, 0, f->size + 100);
	free(buf);
}

static void m_rand(const struct file *f)
{
	uint8_t *buf = xmalloc(70000);
	uint64_t s = f->seed;
	int i, rounds = f->size < 4096 ? 4 : 24;

	posix_fadvise(f->fd, 0, 0, POSIX_FADV_RANDOM);
	for (i = 0; i < rounds; i++) {
		size_t off = rnd(&s) % (f->size + 1);
		size_t len = rnd(&s) % (i & 1 ? 300 : 70000) + 1;

		if (!check_pread(f, f->fd, "rand", buf, off, len))
			break;
	}
	posix_fadvise(f->fd, 0, 0, POSIX_FADV_NORMAL);
	free(buf);
}

/* Page after page, in pieces of one page: in a scattered order, each twice. */
static void m_pages(const struct file *f)
{
	size_t pages = (f->size + 4095) / 4096, i;
	uint8_t buf[4096];
	uint64_t s = f->seed;

	posix_fadvise(f->fd, 0, 0, POSIX_FADV_RANDOM);
	for (i = 0; i < 2 * pages && i < 512; i++)
		if (!check_pread(f, f->fd, "pages", buf, rnd(&s) % pages * 4096, 4096))
			break;
	posix_fadvise(f->fd, 0, 0, POSIX_FADV_NORMAL);
}

/* Single bytes: all of a small file; of a larger one its ends and places between them. */
static void m_onebyte(const struct file *f)
{
	size_t off = 0;
	uint8_t c;

	while (off <= f->size) {
		if (!check_pread(f, f->fd, "onebyte", &c, off, 1))
			break;
		off += off >= 300 && off + 301 < f->size && f->size > 8192 ? f->size / 64 : 1;
	}
}

/* From the front to the end in pieces of several sizes. */
static void m_chunks(const struct file *f)
{
	static const size_t sizes[] = { 1000, 4096, 16384, 65537, 1 << 20 };
	uint8_t *buf = xmalloc(1 << 20);
	size_t i, off;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (!f->warm)
			posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
		for (off = 0; off <= f->size; off += sizes[i])
			if (!check_pread(f, f->fd, "chunks", buf, off, sizes[i]))
				break;
	}
	free(buf);
}

static void m_edge(const struct file *f)
{
	static const long delta[] = { -8192, -4097, -4096, -4095, -1024, -513, -512, -511, -1, 0, 1,
				      511, 4095, 4096, 100000 };
	uint8_t buf[9000];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(delta); i++)
		if (delta[i] >= 0 || (size_t)-delta[i] <= f->size)
			check_pread(f, f->fd, "edge", buf, f->size + delta[i], sizeof(buf));
}

static void m_back(const struct file *f)
{
	uint8_t buf[4096];
	size_t off;

	for (off = f->size / 4096 * 4096 + 4096; off >= 4096; off -= 4096)
		if (!check_pread(f, f->fd, "back", buf, off - 4096, 4096))
			return;
}

enum order { FORWARDS, BACKWARDS, SCATTERED };

static void check_map(const struct file *f, const char *how, int flags, int advice, enum order order)
{
	size_t len = (f->size + 4095) / 4096 * 4096, i;
	uint64_t s = f->seed;
	uint8_t *map;

	if (!len)
		return;
	map = mmap(NULL, len, PROT_READ, flags, f->fd, 0);
	if (map == MAP_FAILED) {
		fail("%s: %s: mmap: %s", f->path, how, errname(errno));
		return;
	}
	if (advice)
		madvise(map, len, advice);
	if (sigsetjmp(bus, 1)) {
		fail("%s: %s: SIGBUS (size %zu)", f->path, how, f->size);
		munmap(map, len);
		return;
	}
	for (i = len; order != FORWARDS && i >= 4096; i -= 4096) {
		volatile uint8_t sink = map[order == BACKWARDS ? i - 4096 : rnd(&s) % len];

		(void)sink;
	}
	if (same(f, how, map, 0, f->size))
		for (i = f->size; i < len; i++)
			if (map[i]) {
				fail("%s: %s: byte %zu past the end (size %zu) is %02x, should be zero",
				     f->path, how, i, f->size, map[i]);
				break;
			}
	munmap(map, len);
}

static void m_mmap(const struct file *f)
{
	check_map(f, "mmap shared", MAP_SHARED, MADV_NORMAL, FORWARDS);
}

static void m_mmapback(const struct file *f)
{
	check_map(f, "mmap private, backwards", MAP_PRIVATE, MADV_RANDOM, BACKWARDS);
}

static void m_mmaprand(const struct file *f)
{
	check_map(f, "mmap shared, scattered", MAP_SHARED, MADV_RANDOM, SCATTERED);
}

static void m_populate(const struct file *f)
{
	check_map(f, "mmap populate", MAP_SHARED | MAP_POPULATE, 0, FORWARDS);
}

static void dio_align(const struct file *f, size_t *mem, size_t *off)
{
	struct statx stx = { 0 };

	*mem = 4096;
	*off = 4096;
	if (!statx(f->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) && (stx.stx_mask & STATX_DIOALIGN) &&
	    stx.stx_dio_offset_align) {
		*mem = stx.stx_dio_mem_align;
		*off = stx.stx_dio_offset_align;
	}
}

/*
 * Sectors, which may begin and end inside of a block. A device with larger ones refuses that. What is read is right,
 * and what comes behind the file's last page is nobody's bytes: untouched, or zeros.
 */
static void direct_sectors(const struct file *f, int fd)
{
	enum { SECTOR = 512, MOST = 24 * SECTOR };
	const size_t end = (f->size + 4095) & ~4095UL;
	uint64_t s = f->seed;
	uint8_t *buf;
	int i;

	if (posix_memalign((void **)&buf, 4096, MOST))
		die("out of memory");
	for (i = 0; i < 24; i++) {
		size_t len = (1 + rnd(&s) % (MOST / SECTOR)) * SECTOR;
		size_t off = rnd(&s) % (f->size / SECTOR + 1) * SECTOR, k;
		size_t want = off >= f->size ? 0 : len < f->size - off ? len : f->size - off;
		ssize_t n;

		memset(buf, 0xa5, MOST);
		n = pread(fd, buf, len, off);
		if (n < 0 && errno == EINVAL)
			continue;
		expect_len(f, "direct, sectors", n, want, off);
		if (n != (ssize_t)want || !same(f, "direct, sectors", buf, off, want))
			break;
		for (k = end > off ? end - off : 0; k < MOST && (buf[k] == 0xa5 || !buf[k]); k++)
			;
		if (k < MOST) {
			fail("%s: direct, sectors: %zu+%zu: bytes of others behind the end", f->path, off, len);
			break;
		}
	}
	free(buf);
}

static void m_direct(const struct file *f)
{
	size_t mem, al, off, i;
	static const size_t units[] = { 1, 3, 16, 64 };
	uint8_t *buf;
	int fd;

	dio_align(f, &mem, &al);
	fd = open(f->path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0) {
		fail("%s: direct: open: %s", f->path, errname(errno));
		return;
	}
	if (posix_memalign((void **)&buf, 4096, 64 * 4096 + 4096))
		die("out of memory");
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		size_t len = units[i] * (al < 4096 && i == 1 ? al : 4096);
		uint8_t *b = buf + (mem < 4096 && i == 1 ? mem : 0);

		for (off = 0; off <= f->size; off += len) {
			/* small pieces of a large file: at its beginning and at its end */
			if (i < 2 && off == 40 * len && f->size > 80 * len)
				off = f->size / len * len - 20 * len;
			if (!check_pread(f, fd, "direct", b, off, len))
				break;
		}
	}
	/* far past the end: nothing, and no error */
	check_pread(f, fd, "direct", buf, (f->size / 4096 + 5) * 4096, 4096);
	direct_sectors(f, fd);
	free(buf);
	close(fd);
}

static void m_splice(const struct file *f)
{
	uint8_t buf[65536];
	loff_t off = 0;
	int p[2];

	if (pipe(p))
		die("pipe: %s", errname(errno));
	for (;;) {
		ssize_t n = splice(f->fd, &off, p[1], NULL, 65536, 0), got = 0, r;

		if (n <= 0) {
			if (n < 0)
				fail("%s: splice at %lld: %s", f->path, (long long)off, errname(errno));
			else if ((size_t)off != f->size)
				fail("%s: splice ends at %lld, size is %zu", f->path, (long long)off, f->size);
			break;
		}
		while (got < n && (r = read(p[0], buf + got, n - got)) > 0)
			got += r;
		if ((size_t)off > f->size || !same(f, "splice", buf, off - n, n))
			break;
	}
	close(p[0]);
	close(p[1]);
}

static void m_sendfile(const struct file *f)
{
	int mfd = memfd_create("sendfile", MFD_CLOEXEC);
	off_t off = 0;
	ssize_t n;
	uint8_t *buf;

	if (mfd < 0)
		die("memfd_create: %s", errname(errno));
	while ((n = sendfile(mfd, f->fd, &off, 1 << 20)) > 0)
		;
	expect_len(f, "sendfile", n, 0, off);
	buf = xmalloc(f->size + 1);
	n = pread_full(mfd, buf, f->size + 1, 0);
	if (n != (ssize_t)f->size)
		fail("%s: sendfile gave %zd bytes, size is %zu", f->path, n, f->size);
	else
		same(f, "sendfile", buf, 0, f->size);
	free(buf);
	close(mfd);
}

static void m_cfr(const struct file *f)
{
	int mfd = memfd_create("cfr", MFD_CLOEXEC);
	loff_t in = 0, out = 0;
	uint8_t *buf;
	ssize_t n;

	if (mfd < 0)
		die("memfd_create: %s", errname(errno));
	while ((n = copy_file_range(f->fd, &in, mfd, &out, 1 << 20, 0)) > 0)
		;
	/* Between different filesystems most kernels refuse; what they copy must be right. */
	if (n < 0 && errno != EXDEV)
		fail("%s: copy_file_range: %s", f->path, errname(errno));
	if (n == 0) {
		buf = xmalloc(f->size + 1);
		n = pread_full(mfd, buf, f->size + 1, 0);
		expect_len(f, "copy_file_range", n, f->size, 0);
		if (n == (ssize_t)f->size)
			same(f, "copy_file_range", buf, 0, f->size);
		free(buf);
	}
	close(mfd);
}

static void m_readahead(const struct file *f)
{
	uint8_t *buf;

	if (readahead(f->fd, 0, f->size)) {
		fail("%s: readahead: %s", f->path, errname(errno));
		return;
	}
	buf = xmalloc(f->size + 1);
	check_pread(f, f->fd, "readahead", buf, 0, f->size);
	if (resident_pages(f->fd, f->size) != (f->size + 4095) / 4096)
		fail("%s: readahead and read: %zu of %zu pages in the cache", f->path,
		     resident_pages(f->fd, f->size), (f->size + 4095) / 4096);
	free(buf);
}

static void m_nowait(const struct file *f)
{
	uint8_t *buf = xmalloc(f->size + 1);
	struct iovec v = { buf, f->size };
	ssize_t n;

	/* warm: all there; a driver may not know RWF_NOWAIT, or say EAGAIN, but must not lie */
	check_pread(f, f->fd, "before nowait", buf, 0, f->size);
	memset(buf, 0x5a, f->size);
	n = preadv2(f->fd, &v, 1, 0, RWF_NOWAIT);
	if (n >= 0)
		same(f, "nowait", buf, 0, n);
	else if (errno != EAGAIN && errno != EOPNOTSUPP)
		fail("%s: RWF_NOWAIT: %s", f->path, errname(errno));
	free(buf);
}

static void m_vector(const struct file *f)
{
	uint8_t *buf = xmalloc(f->size + 1);
	struct iovec v[3];
	ssize_t n;

	v[0] = (struct iovec){ buf, f->size / 3 };
	v[1] = (struct iovec){ buf + v[0].iov_len, f->size / 2 };
	v[2] = (struct iovec){ buf + v[0].iov_len + v[1].iov_len,
			       f->size - v[0].iov_len - v[1].iov_len };
	n = preadv(f->fd, v, 3, 0);
	expect_len(f, "preadv", n, f->size, 0);
	if (n == (ssize_t)f->size)
		same(f, "preadv", buf, 0, n);
	free(buf);
}

static const struct method {
	const char *name;
	void (*run)(const struct file *f);
} methods[] = {
	{ "rand", m_rand }, { "pages", m_pages }, { "onebyte", m_onebyte }, { "chunks", m_chunks },
	{ "mmaprand", m_mmaprand }, { "mmapback", m_mmapback }, { "back", m_back }, { "edge", m_edge },
	{ "seq", m_seq }, { "whole", m_whole }, { "mmap", m_mmap }, { "populate", m_populate },
	{ "direct", m_direct }, { "splice", m_splice }, { "sendfile", m_sendfile }, { "cfr", m_cfr },
	{ "readahead", m_readahead }, { "nowait", m_nowait }, { "vector", m_vector },
};

static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; list && *list; list += strcspn(list, ","), list += *list == ',')
		if (!strncmp(list, name, n) && (list[n] == ',' || !list[n]))
			return true;
	return false;
}

int cmd_verify(int argc, char **argv)
{
	const char *dir = NULL, *ref = NULL, *only = NULL, *skip = NULL, *mpath = NULL;
	unsigned long files = 0, stride = 1, seen = 0;
	bool warm = false;
	size_t max = 16 << 20, i, j;
	struct manifest *man = NULL;
	uint64_t seed = 0x9e3779b97f4a7c15ULL;
	struct tree *t;
	int a;

	for (a = 1; a < argc; a++) {
		const char *s = argv[a];

		if (!strcmp(s, "--ref") && a + 1 < argc)
			ref = argv[++a];
		else if (!strcmp(s, "--manifest") && a + 1 < argc)
			mpath = argv[++a];
		else if (!strcmp(s, "--methods") && a + 1 < argc)
			only = argv[++a];
		else if (!strcmp(s, "--skip") && a + 1 < argc)
			skip = argv[++a];
		else if (!strcmp(s, "--max") && a + 1 < argc)
			max = number(argv[++a], s);
		else if (!strcmp(s, "--seed") && a + 1 < argc)
			seed = number(argv[++a], s) | 1;
		else if (!strcmp(s, "--every") && a + 1 < argc)
			stride = number(argv[++a], s);
		else if (!strcmp(s, "--warm"))
			warm = true;
		else if (*s == '-' || dir)
			return EX_USAGE;
		else
			dir = s;
	}
	if (!dir || (!ref && !mpath) || !stride)
		return EX_USAGE;
	if (mpath)
		man = manifest_load(mpath);
	signal(SIGBUS, on_bus);
	t = tree_read(dir);
	for (i = 0; i < t->n; i++) {
		struct ent *e = &t->e[i];
		struct file f = { .size = e->st.st_size, .warm = warm };
		const struct manifest_line *l = NULL;
		char *path, *esc, *buf, sha[65];

		/* other names of one inode are the manifest's business */
		if (!S_ISREG(e->st.st_mode) || e->first != (long)i || seen++ % stride)
			continue;
		/* Large sparse files are for the manifest and for `holes`. */
		if (f.size > max)
			continue;
		path = ent_path(t, e);
		if (man) {
			esc = escape(e->rel, strlen(e->rel));
			esc = xasprintf("/%s", esc);
			l = manifest_find(man, esc);
			if (!l) {
				fail("%s: not in the manifest", path);
				continue;
			}
			if (l->size != f.size) {
				fail("%s: size %zu, should be %llu", path, f.size,
				     (unsigned long long)l->size);
				continue;
			}
		}
		f.path = path;
		f.seed = seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		f.seed |= 1;
		f.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (f.fd < 0) {
			fail("%s: open: %s", path, errname(errno));
			continue;
		}
		if (ref) {
			char *rp = path_join(ref, e->rel);
			size_t len;

			buf = load_file(rp, &len);
			if (len != f.size) {
				fail("%s: size %zu, %s has %zu", path, f.size, rp, len);
				continue;
			}
			free(rp);
		} else {
			ssize_t n;

			/* the checksum makes this first read a reference */
			buf = xmalloc(f.size + 1);
			n = pread_full(f.fd, buf, f.size + 1, 0);
			if (n != (ssize_t)f.size) {
				fail("%s: read gives %zd bytes or error, size is %zu", path, n, f.size);
				continue;
			}
		}
		if (l) {
			sha256_of(buf, f.size, sha);
			if (strcmp(sha, l->sha)) {
				fail("%s: sha256 %s, should be %s", path, sha, l->sha);
				continue;
			}
		}
		f.ref = (uint8_t *)buf;
		for (j = 0; j < ARRAY_SIZE(methods); j++) {
			if ((only && !listed(only, methods[j].name)) || listed(skip, methods[j].name))
				continue;
			if (!warm)
				posix_fadvise(f.fd, 0, 0, POSIX_FADV_DONTNEED);
			methods[j].run(&f);
		}
		close(f.fd);
		free(path);
		free(buf);
		files++;
	}
	if (!files)
		fail("%s: no regular file was verified", dir);
	printf("verified %lu files\n", files);
	return verdict();
}

static void touch_map(const char *path, int fd, size_t size)
{
	volatile uint8_t sink, *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	size_t off;

	if (map == MAP_FAILED)
		die("%s: mmap: %s", path, errname(errno));
	if (sigsetjmp(bus, 1))
		fail("%s: SIGBUS", path);
	else
		for (off = 0; off < size; off += 4096)
			sink = map[off];
	(void)sink;
	munmap((void *)map, size);
}

int cmd_readall(int argc, char **argv)
{
	enum { READ, MMAP, DIRECT, ONEBYTE, WILLNEED, DROP } how = READ;
	unsigned long long bytes = 0, files = 0;
	const char *dir = NULL;
	struct tree *t;
	uint8_t *buf;
	size_t i;
	int a;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "--mmap"))
			how = MMAP;
		else if (!strcmp(argv[a], "--direct"))
			how = DIRECT;
		else if (!strcmp(argv[a], "--onebyte"))
			how = ONEBYTE;
		else if (!strcmp(argv[a], "--willneed"))
			how = WILLNEED;
		else if (!strcmp(argv[a], "--drop"))
			how = DROP;
		else if (argv[a][0] == '-' || dir)
			return EX_USAGE;
		else
			dir = argv[a];
	}
	if (!dir)
		return EX_USAGE;
	signal(SIGBUS, on_bus);
	if (posix_memalign((void **)&buf, 4096, 1 << 17))
		die("out of memory");
	t = tree_read(dir);
	for (i = 0; i < t->n; i++) {
		struct ent *e = &t->e[i];
		size_t off = 0, size = e->st.st_size;
		char *path;
		int fd;

		if (!S_ISREG(e->st.st_mode) || e->first != (long)i)
			continue;
		path = ent_path(t, e);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (how == DIRECT ? O_DIRECT : 0));
		if (fd < 0) {
			fail("%s: open: %s", path, errname(errno));
			free(path);
			continue;
		}
		files++;
		if (how == MMAP && size) {
			touch_map(path, fd, size);
			off = size;
		} else if (how == WILLNEED) {
			/* One call asks for no more than a read-ahead window. */
			for (; off < size; off += 1 << 17)
				posix_fadvise(fd, off, 1 << 17, POSIX_FADV_WILLNEED);
			off = size;
		} else if (how != MMAP) {
			ssize_t n;

			while ((n = read(fd, buf, how == ONEBYTE ? 1 : 1 << 17)) > 0)
				off += n;
			if (how == DROP)
				posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			if (n < 0)
				fail("%s: read at %zu: %s", path, off, errname(errno));
			else if (off != size)
				fail("%s: ends at %zu, size is %zu", path, off, size);
		}
		bytes += off;
		close(fd);
		free(path);
	}
	printf("read %llu files, %llu bytes\n", files, bytes);
	return verdict();
}
