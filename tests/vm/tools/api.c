// SPDX-License-Identifier: GPL-2.0-only
/*
 * api: what programs rely on besides reading, checked on one file and on what another mount sees of
 * it: readahead(2), fadvise, cachestat, O_DIRECT beside the cache, io_uring, mlock, private writable
 * mappings.
 *
 * Rules: with --peer the other file shares its pages with FILE and must show every effect; with
 * --alone it holds the same bytes, shares nothing and must show none. Every byte is compared with the
 * reference.
 */
#include "eistool.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif

static struct {
	const char *path, *other_path;
	int fd, other;			/* other: -1 if there is none */
	bool shared;
	uint8_t *ref;
	size_t size, pages;
} f;

/* Read-ahead goes on after the call, dropping pages may have to wait for it: 5 s at most. */
static size_t settle(int fd, size_t want)
{
	size_t n = 0;
	int try;

	for (try = 0; try < 250; try++) {
		n = resident_pages(fd, f.size);
		if (n == want)
			break;
		usleep(20000);
	}
	return n;
}

static void expect_resident(const char *when, int fd, const char *path, size_t want)
{
	size_t n = settle(fd, want);

	if (n != want)
		fail("%s: %s: %zu pages in the cache, should be %zu of %zu", path, when, n, want, f.pages);
}

static void drop(int fd)
{
	int err = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);

	if (err)
		fail("fadvise DONTNEED: %s", errname(err));
}

/* Both files without a cached page. */
static void both_cold(const char *when)
{
	drop(f.fd);
	expect_resident(when, f.fd, f.path, 0);
	if (f.other < 0)
		return;
	drop(f.other);
	expect_resident(when, f.other, f.other_path, 0);
}

static void compare_all(const char *how, const char *path, const uint8_t *got)
{
	size_t i;

	if (!memcmp(got, f.ref, f.size))
		return;
	for (i = 0; got[i] == f.ref[i]; i++)
		;
	fail("%s: %s: byte %zu is %02x, should be %02x", path, how, i, got[i], f.ref[i]);
}

static void check_bytes(const char *how, int fd, const char *path)
{
	uint8_t *buf = xmalloc(f.size + 1);
	ssize_t n = pread_full(fd, buf, f.size + 1, 0);

	if (n != (ssize_t)f.size)
		fail("%s: %s: read gives %zd of %zu bytes", path, how, n, f.size);
	else
		compare_all(how, path, buf);
	free(buf);
}

static uint8_t *map_of(int fd, int prot, int flags, const char *path)
{
	uint8_t *m = mmap(NULL, f.pages * 4096, prot, flags, fd, 0);

	if (m == MAP_FAILED)
		die("%s: mmap: %s", path, errname(errno));
	return m;
}

/* ------------------------------------------------------------------ filling and dropping */

static void fills(const char *how, int (*fill)(int fd))
{
	int err;

	both_cold("before");
	err = fill(f.fd);
	if (err)
		fail("%s: %s: %s", f.path, how, errname(err));
	expect_resident(how, f.fd, f.path, f.pages);
	if (f.other >= 0)
		expect_resident(how, f.other, f.other_path, f.shared ? f.pages : 0);
	check_bytes(how, f.fd, f.path);
}

/* The kernel takes at most one read-ahead window per call. */
static int by_readahead(int fd)
{
	size_t at;

	for (at = 0; at < f.size; at += 128 << 10)
		if (readahead(fd, at, 128 << 10))
			return errno;
	return 0;
}

static int by_willneed(int fd)
{
	size_t at;
	int err = 0;

	for (at = 0; at < f.size && !err; at += 128 << 10)
		err = posix_fadvise(fd, at, 128 << 10, POSIX_FADV_WILLNEED);
	return err;
}

static int by_populate(int fd)
{
	munmap(map_of(fd, PROT_READ, MAP_SHARED | MAP_POPULATE, f.path), f.pages * 4096);
	return 0;
}

static int by_madvise(int fd)
{
	uint8_t *m = map_of(fd, PROT_READ, MAP_SHARED, f.path);
	int err = madvise(m, f.pages * 4096, MADV_POPULATE_READ) ? errno : 0;

	munmap(m, f.pages * 4096);
	return err;
}

static void m_readahead(void)
{
	fills("readahead", by_readahead);
}

static void m_willneed(void)
{
	fills("fadvise WILLNEED", by_willneed);
}

static void m_populate(void)
{
	fills("MAP_POPULATE", by_populate);
	fills("MADV_POPULATE_READ", by_madvise);
}

/* DONTNEED of a part, then of all. */
static void m_dontneed(void)
{
	size_t part = f.pages / 4, left = f.pages - part;
	int err;

	check_bytes("before", f.fd, f.path);
	if (f.other >= 0)
		check_bytes("before", f.other, f.other_path);
	/* Whole pages, from a place where no large folio reaches across. */
	both_cold("before");
	posix_fadvise(f.fd, 0, 0, POSIX_FADV_RANDOM);
	check_bytes("filled", f.fd, f.path);
	err = posix_fadvise(f.fd, left * 4096, 0, POSIX_FADV_DONTNEED);
	if (err)
		fail("fadvise DONTNEED: %s", errname(err));
	if (settle(f.fd, left) < left)
		fail("%s: DONTNEED of the last %zu pages leaves %zu of %zu", f.path, part,
		     resident_pages(f.fd, f.size), f.pages);
	drop(f.fd);
	expect_resident("DONTNEED", f.fd, f.path, 0);
	if (f.other >= 0 && !f.shared) {
		check_bytes("the other one", f.other, f.other_path);
		drop(f.fd);
		expect_resident("DONTNEED of another file", f.other, f.other_path, f.pages);
	} else if (f.other >= 0) {
		expect_resident("DONTNEED through its peer", f.other, f.other_path, 0);
		check_bytes("filled again", f.other, f.other_path);
		drop(f.fd);
		expect_resident("DONTNEED through its peer", f.other, f.other_path, 0);
	}
	check_bytes("after DONTNEED", f.fd, f.path);
}

/* ------------------------------------------------------------------ what the kernel tells */

struct cachestat {
	uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

static uint64_t cached(int fd, size_t off, size_t len)
{
	uint64_t range[2] = { off, len };
	struct cachestat cs;

	if (syscall(__NR_cachestat, fd, range, &cs, 0)) {
		if (errno == ENOSYS)
			missing("cachestat(2)");
		die("cachestat: %s", errname(errno));
	}
	if (cs.nr_dirty || cs.nr_writeback)
		fail("cachestat: %llu dirty pages, %llu in write-back", (unsigned long long)cs.nr_dirty,
		     (unsigned long long)cs.nr_writeback);
	return cs.nr_cache;
}

static void expect_cached(const char *when, int fd, const char *path, size_t off, size_t len, size_t want)
{
	uint64_t n = cached(fd, off, len);

	if (n != want)
		fail("%s: %s: cachestat of %zu bytes at %zu: %llu pages, should be %zu", path, when, len, off,
		     (unsigned long long)n, want);
}

static void m_cachestat(void)
{
	uint8_t buf[3 * 4096];
	size_t in = f.other >= 0 && f.shared ? 3 : 0;

	(void)cached(f.fd, 0, 4096);
	both_cold("before");
	/* With random access nothing beyond the request is read. */
	posix_fadvise(f.fd, 0, 0, POSIX_FADV_RANDOM);
	if (pread_full(f.fd, buf, sizeof(buf), 2 * 4096) != sizeof(buf) ||
	    memcmp(buf, f.ref + 2 * 4096, sizeof(buf)))
		fail("%s: three pages cannot be read, or are wrong", f.path);
	expect_resident("three pages read", f.fd, f.path, 3);
	expect_cached("three pages read", f.fd, f.path, 0, f.size, 3);
	expect_cached("three pages read", f.fd, f.path, 0, 2 * 4096, 0);
	expect_cached("three pages read", f.fd, f.path, 3 * 4096, 4096, 1);
	if (f.other >= 0)
		expect_cached("three pages read elsewhere", f.other, f.other_path, 0, f.size, in);
	check_bytes("all", f.fd, f.path);
	expect_cached("all read", f.fd, f.path, 0, f.size, f.pages);
	if (f.other >= 0)
		expect_cached("all read elsewhere", f.other, f.other_path, 0, f.size, in ? f.pages : 0);
	both_cold("after");
	expect_cached("dropped", f.fd, f.path, 0, f.size, 0);
}

/*
 * A direct read takes nothing from the cache's place and puts nothing there. Whole pages: the odd end of
 * a file may be read through the cache, as on any filesystem.
 */
static void m_direct(void)
{
	int fd = open(f.path, O_RDONLY | O_DIRECT | O_CLOEXEC), round;
	size_t len = f.size / 4096 * 4096;
	uint8_t *buf;
	ssize_t n;

	if (fd < 0) {
		fail("%s: open with O_DIRECT: %s", f.path, errname(errno));
		return;
	}
	if (posix_memalign((void **)&buf, 4096, len))
		die("out of memory");
	for (round = 0; round < 2; round++) {
		both_cold("before");
		if (round)
			check_bytes("filled", f.fd, f.path);
		n = pread_full(fd, buf, len, 0);
		if (n != (ssize_t)len)
			fail("%s: direct read: %zd of %zu bytes (%s)", f.path, n, len, n < 0 ? errname(-n) : "short");
		else if (memcmp(buf, f.ref, n))
			fail("%s: direct read: wrong bytes", f.path);
		expect_resident("direct read", f.fd, f.path, round ? f.pages : 0);
	}
	free(buf);
	close(fd);
}

/* ------------------------------------------------------------------ io_uring */

#define RING	32
#define PIECE	24000		/* no multiple of anything */

struct ring {
	int fd;
	uint32_t *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
};

static void ring_open(struct ring *r)
{
	struct io_uring_params p = { 0 };
	uint8_t *sq, *cq;

	r->fd = syscall(__NR_io_uring_setup, RING, &p);
	if (r->fd < 0)
		missing("io_uring: %s", errname(errno));
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		  r->fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*r->cqe), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, p.sq_entries * sizeof(*r->sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      r->fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || r->sqe == MAP_FAILED)
		die("mmap of the rings: %s", errname(errno));
	r->sq_tail = (uint32_t *)(sq + p.sq_off.tail);
	r->sq_mask = (uint32_t *)(sq + p.sq_off.ring_mask);
	r->sq_array = (uint32_t *)(sq + p.sq_off.array);
	r->cq_head = (uint32_t *)(cq + p.cq_off.head);
	r->cq_tail = (uint32_t *)(cq + p.cq_off.tail);
	r->cq_mask = (uint32_t *)(cq + p.cq_off.ring_mask);
	r->cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

static void ring_read(struct ring *r, int fd, uint8_t *buf, size_t off, size_t len)
{
	uint32_t tail = *r->sq_tail, i = tail & *r->sq_mask;

	memset(&r->sqe[i], 0, sizeof(r->sqe[i]));
	r->sqe[i].opcode = IORING_OP_READ;
	r->sqe[i].fd = fd;
	r->sqe[i].addr = (uintptr_t)(buf + off);
	r->sqe[i].len = len;
	r->sqe[i].off = off;
	r->sqe[i].user_data = off;
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

/* All of the file, many reads in flight; a short read is asked for again, as programs do. */
static void ring_file(struct ring *r, int fd, const char *path, const char *how)
{
	uint8_t *buf = xmalloc(f.size + PIECE);
	size_t off = 0, done = 0;
	unsigned int busy = 0, fresh = 0;

	memset(buf, 0x5a, f.size);
	while (done < f.size) {
		for (; off < f.size && busy < RING; off += PIECE, busy++, fresh++)
			ring_read(r, fd, buf, off, f.size - off < PIECE ? f.size - off : PIECE);
		if (syscall(__NR_io_uring_enter, r->fd, fresh, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
			die("io_uring_enter: %s", errname(errno));
		fresh = 0;
		while (*r->cq_head != __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE)) {
			struct io_uring_cqe *c = &r->cqe[*r->cq_head & *r->cq_mask];
			size_t at = c->user_data, end = (at / PIECE + 1) * PIECE;

			if (end > f.size)
				end = f.size;
			if (c->res <= 0) {
				fail("%s: io_uring read, %s, at %zu: %s", path, how, at,
				     c->res ? errname(-c->res) : "end of file");
				free(buf);
				return;
			}
			done += c->res;
			at += c->res;
			__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
			if (at < end) {
				ring_read(r, fd, buf, at, end - at);
				fresh++;
			} else {
				busy--;
			}
		}
	}
	compare_all(how, path, buf);
	free(buf);
}

static void m_uring(void)
{
	struct ring r;

	ring_open(&r);
	both_cold("before");
	ring_file(&r, f.fd, f.path, "cold");
	ring_file(&r, f.fd, f.path, "warm");
	expect_resident("io_uring", f.fd, f.path, f.pages);
	if (f.other >= 0) {
		expect_resident("io_uring elsewhere", f.other, f.other_path, f.shared ? f.pages : 0);
		ring_file(&r, f.other, f.other_path, "the other file");
	}
	close(r.fd);
}

/* Without dropping anything first: works on a file whose storage is dead, if its pages are cached. */
static void m_uring_warm(void)
{
	struct ring r;

	ring_open(&r);
	ring_file(&r, f.fd, f.path, "warm");
	close(r.fd);
}

/* ------------------------------------------------------------------ mappings */

static size_t frames_differ(const uint64_t *a, const uint64_t *b)
{
	size_t i, n = 0;

	for (i = 0; i < f.pages; i++)
		n += a[i] != b[i];
	return n;
}

/* Locked pages stay, the very same ones, whatever is asked for through either mount. */
static void m_mlock(void)
{
	uint64_t *before, *after, *other;
	uint8_t *m, *o;
	size_t n;

	both_cold("before");
	m = map_of(f.fd, PROT_READ, MAP_SHARED, f.path);
	if (mlock(m, f.size)) {
		fail("%s: mlock of %zu bytes: %s", f.path, f.size, errname(errno));
		return;
	}
	before = pfn_of_map(m, f.pages, false);
	for (n = 0; n < f.pages && before[n] != PFN_ABSENT; n++)
		;
	if (n < f.pages)
		fail("%s: mlock did not bring in page %zu", f.path, n);
	drop(f.fd);
	if (f.other >= 0)
		drop(f.other);
	drop_caches(3);
	after = pfn_of_map(m, f.pages, false);
	n = frames_differ(before, after);
	if (n)
		fail("%s: %zu locked pages are gone or moved", f.path, n);
	compare_all("locked", f.path, m);
	if (f.other >= 0) {
		o = map_of(f.other, PROT_READ, MAP_SHARED, f.other_path);
		other = pfn_of_map(o, f.pages, true);
		n = frames_differ(after, other);
		if (n != (f.shared ? 0 : f.pages))
			fail("%s: %zu of %zu frames differ from the locked ones", f.other_path, n, f.pages);
		munmap(o, f.pages * 4096);
		free(other);
	}
	if (munlock(m, f.size))
		fail("munlock: %s", errname(errno));
	munmap(m, f.pages * 4096);
	free(before);
	free(after);
	/* It was the lock that kept them. */
	both_cold("after munlock");
}

static uint8_t flipped(size_t i)
{
	return f.ref[i] ^ 0xff;
}

/*
 * Private writable mappings: what one process writes is its own, whether the page was there before or
 * is first touched by the write; nobody else ever sees it.
 */
static void m_cow(void)
{
	uint8_t *mine = map_of(f.fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, f.path), *peer = NULL, *copy;
	uint8_t *late = map_of(f.fd, PROT_READ, MAP_PRIVATE, f.path), *plain;
	uint64_t *a, *b;
	size_t i, same = 0;
	int status;
	pid_t pid;

	plain = map_of(f.fd, PROT_READ, MAP_SHARED, f.path);
	if (f.other >= 0)
		peer = map_of(f.other, PROT_READ, MAP_SHARED, f.other_path);
	both_cold("before");
	for (i = 0; i < f.size; i += 4096) {
		if (i / 4096 % 2)	/* half of them read first */
			(void)*(volatile uint8_t *)(mine + i);
		mine[i] = flipped(i);
	}
	if (mprotect(late, f.pages * 4096, PROT_READ | PROT_WRITE))
		fail("mprotect of a private mapping: %s", errname(errno));
	late[f.size - 1] ^= 0xff;
	compare_all("beside a written private mapping", f.path, plain);
	if (peer)
		compare_all("beside a written private mapping elsewhere", f.other_path, peer);
	a = pfn_of_map(mine, f.pages, true);
	b = pfn_of_map(plain, f.pages, true);
	for (i = 0; i < f.pages; i++)
		same += a[i] == b[i];
	if (same)
		fail("%s: %zu written pages are still the cache's", f.path, same);
	/* A child sees its parent's pages, and writes its own. */
	pid = fork();
	if (!pid) {
		for (i = 0; i < f.size; i += 4096) {
			if (mine[i] != flipped(i))
				_exit(1);
			mine[i] = 0x33;
		}
		_exit(memcmp(plain, f.ref, f.size) ? 2 : 0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		fail("%s: a child of the writer sees other bytes (status %x)", f.path, status);
	for (i = 0; i < f.size; i += 4096)
		if (mine[i] != flipped(i)) {
			fail("%s: a child's write is in its parent's private mapping, byte %zu", f.path, i);
			break;
		}
	/* The debugger's way around a read-only mapping makes a copy, too. */
	copy = map_of(f.fd, PROT_READ, MAP_PRIVATE, f.path);
	pid = fork();
	if (!pid) {
		while (*(volatile uint8_t *)copy != 0xcc)
			usleep(1000);
		_exit(0);
	}
	set_breakpoint(pid, (uintptr_t)copy);
	if (waitpid(pid, &status, 0) != pid || status)
		fail("%s: a byte written by a debugger is not seen by its process", f.path);
	if (*copy != f.ref[0])
		fail("%s: a byte written by a debugger is seen by another process", f.path);
	check_bytes("after private writes", f.fd, f.path);
	compare_all("after private writes", f.path, plain);
	if (f.other >= 0)
		check_bytes("after private writes elsewhere", f.other, f.other_path);
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f.fd, 0) != MAP_FAILED || errno != EACCES)
		fail("%s: a shared writable mapping is not refused with EACCES", f.path);
	drop_caches(3);
	for (i = 0; i < f.size; i += 4096)
		if (mine[i] != flipped(i)) {
			fail("%s: drop_caches took a privately written page, byte %zu", f.path, i);
			break;
		}
	munmap(mine, f.pages * 4096);
	munmap(late, f.pages * 4096);
	munmap(plain, f.pages * 4096);
	munmap(copy, f.pages * 4096);
	if (peer)
		munmap(peer, f.pages * 4096);
	both_cold("after");
	check_bytes("read again", f.fd, f.path);
	free(a);
	free(b);
}

static const struct {
	const char *name;
	void (*run)(void);
} methods[] = {
	{ "readahead", m_readahead }, { "willneed", m_willneed }, { "dontneed", m_dontneed },
	{ "populate", m_populate }, { "cachestat", m_cachestat }, { "direct", m_direct },
	{ "uring", m_uring }, { "uring-warm", m_uring_warm }, { "mlock", m_mlock }, { "cow", m_cow },
};

/* api METHOD FILE REF [--peer FILE | --alone FILE] */
int cmd_api(int argc, char **argv)
{
	struct stat st;
	size_t i;

	if (argc != 4 && argc != 6)
		return EX_USAGE;
	f.path = argv[2];
	f.other = -1;
	f.fd = open(f.path, O_RDONLY | O_CLOEXEC);
	if (f.fd < 0 || fstat(f.fd, &st))
		die("%s: %s", f.path, errname(errno));
	f.ref = load_file(argv[3], &f.size);
	f.pages = (f.size + 4095) / 4096;
	if ((size_t)st.st_size != f.size || f.pages < 16)
		die("%s: has %lld bytes, the reference %zu; 16 pages are needed", f.path,
		    (long long)st.st_size, f.size);
	if (argc == 6) {
		f.shared = !strcmp(argv[4], "--peer");
		if (!f.shared && strcmp(argv[4], "--alone"))
			return EX_USAGE;
		f.other_path = argv[5];
		f.other = open(f.other_path, O_RDONLY | O_CLOEXEC);
		if (f.other < 0)
			die("%s: %s", f.other_path, errname(errno));
	}
	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(argv[1], methods[i].name)) {
			methods[i].run();
			return verdict();
		}
	return EX_USAGE;
}
