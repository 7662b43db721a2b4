// SPDX-License-Identifier: GPL-2.0-only
/*
 * damaged: a file of which a part cannot be read. The rest must read right, by every method, before and
 * after the failures; in the part there must be an error or, where that is allowed, the right bytes:
 * never wrong ones.
 */
#include "eistool.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

static bool any_bytes;

struct part {
	size_t from, to;
};

static sigjmp_buf bus;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

static bool touches(const struct part *p, size_t off, size_t len)
{
	return p->from < p->to && off < p->to && off + len > p->from;
}

/* One page's result: bytes read, or a negative errno. */
static void judge(const char *how, const struct part *must, const struct part *may, const uint8_t *ref, size_t size,
		  size_t off, const uint8_t *got, ssize_t n)
{
	size_t want = off + PAGE > size ? size - off : PAGE;

	if (n < 0) {
		if (!touches(may, off, want))
			fail("%s: page at %zu: %s, should be right", how, off, errname(-n));
		else if (n != -EIO && n != -EUCLEAN && n != -EOPNOTSUPP)
			fail("%s: page at %zu: %s, should be EIO or EUCLEAN", how, off, errname(-n));
	} else if ((size_t)n != want) {
		fail("%s: page at %zu: %zd bytes, should be %zu", how, off, n, want);
	} else if (any_bytes && touches(may, off, want)) {
		return;
	} else if (memcmp(got, ref + off, want)) {
		fail("%s: page at %zu: wrong bytes", how, off);
	} else if (touches(must, off, want)) {
		fail("%s: page at %zu: reads right, should fail", how, off);
	}
}

static void by_pread(const char *path, int flags, const char *how, const struct part *must, const struct part *may,
		     const uint8_t *ref, size_t size, bool scattered)
{
	size_t pages = (size + PAGE - 1) / PAGE, i, step = scattered ? 7 : 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	uint8_t *buf;

	if (fd < 0) {
		fail("%s: open: %s", how, errname(errno));
		return;
	}
	if (posix_memalign((void **)&buf, PAGE, PAGE))
		die("out of memory");
	while (scattered && pages % step == 0)
		step += 2;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	for (i = 0; i < pages; i++) {
		size_t off = i * step % pages * PAGE;
		ssize_t n = pread(fd, buf, PAGE, off);

		judge(how, must, may, ref, size, off, buf, n < 0 ? -errno : n);
	}
	free(buf);
	close(fd);
}

/*
 * Scattered access, so that every page has a folio of its own: a mapping shows whole folios or nothing, and
 * a large one that touches the damage could show nothing.
 */
static void by_map(const char *path, const struct part *must, const struct part *may, const uint8_t *ref, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	volatile size_t off;
	uint8_t *map;

	if (fd < 0)
		die("%s: %s", path, errname(errno));
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("%s: mmap: %s", path, errname(errno));
	madvise(map, size, MADV_RANDOM);
	for (off = 0; off < size; off += PAGE) {
		volatile uint8_t sink;

		if (sigsetjmp(bus, 1)) {
			judge("mmap", must, may, ref, size, off, NULL, -EIO);
			continue;
		}
		sink = map[off];
		(void)sink;
		judge("mmap", must, may, ref, size, off, map + off, off + PAGE > size ? size - off : PAGE);
	}
	munmap(map, size);
	close(fd);
}

/* A large read that meets the damage gives what is before it, or the error. */
static void by_stream(const char *path, const struct part *may, const uint8_t *ref, size_t size)
{
	const size_t piece = 100000;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *buf = xmalloc(piece);
	size_t off = 0;

	if (fd < 0)
		die("%s: %s", path, errname(errno));
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	while (off < size) {
		size_t want = size - off < piece ? size - off : piece;
		ssize_t n = pread(fd, buf, want, off);

		if (n > 0 && !(any_bytes && touches(may, off, n)) && memcmp(buf, ref + off, n))
			fail("stream: wrong bytes in %zu+%zd", off, n);
		if (n < (ssize_t)want && !touches(may, off, want))
			fail("stream: %zd (%s) of %zu bytes at %zu", n, errname(errno), want, off);
		off += n > 0 ? (size_t)n : PAGE - off % PAGE;
	}
	free(buf);
	close(fd);
}

/* damaged FILE REFERENCE FROM TO FROM TO [any]: the bytes that must fail; those that may [or be any] */
int cmd_damaged(int argc, char **argv)
{
	struct part must, may;
	uint8_t *ref;
	size_t size;

	if (argc != 7 && !(argc == 8 && !strcmp(argv[7], "any")))
		return EX_USAGE;
	any_bytes = argc == 8;
	must = (struct part){ number(argv[3], "from"), number(argv[4], "to") };
	may = (struct part){ number(argv[5], "from"), number(argv[6], "to") };
	ref = load_file(argv[2], &size);
	signal(SIGBUS, on_bus);
	by_pread(argv[1], 0, "scattered", &must, &may, ref, size, true);
	by_stream(argv[1], &may, ref, size);
	by_map(argv[1], &must, &may, ref, size);
	by_pread(argv[1], 0, "pages", &must, &may, ref, size, false);
	by_pread(argv[1], O_DIRECT, "direct", &must, &may, ref, size, false);
	return verdict();
}
