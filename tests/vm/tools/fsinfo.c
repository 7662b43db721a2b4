// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a filesystem says of itself: label, statfs, statx; and open, which tells the errno of
 * one open or read.
 */
#include "eistool.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef STATX_DIOALIGN
#define STATX_DIOALIGN 0x00002000U
#endif

int cmd_label(int argc, char **argv)
{
	char label[FSLABEL_MAX] = "";
	char *esc;
	int fd;

	if (argc != 2)
		return EX_USAGE;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", argv[1], errname(errno));
	if (ioctl(fd, FS_IOC_GETFSLABEL, label)) {
		printf("!%s\n", errname(errno));
		return EX_FAIL;
	}
	esc = escape(label, strnlen(label, sizeof(label)));
	printf("%s\n", esc);
	return EX_OK;
}

int cmd_statfs(int argc, char **argv)
{
	struct statfs s;
	uint32_t id[2];

	if (argc != 2)
		return EX_USAGE;
	if (statfs(argv[1], &s))
		die("%s: statfs: %s", argv[1], errname(errno));
	memcpy(id, &s.f_fsid, sizeof(id));
	printf("type=%lx bsize=%lu frsize=%lu blocks=%llu bfree=%llu bavail=%llu files=%llu ffree=%llu namelen=%lu fsid=%08x%08x flags=%lx\n",
	       (unsigned long)s.f_type, (unsigned long)s.f_bsize, (unsigned long)s.f_frsize,
	       (unsigned long long)s.f_blocks, (unsigned long long)s.f_bfree,
	       (unsigned long long)s.f_bavail, (unsigned long long)s.f_files,
	       (unsigned long long)s.f_ffree, (unsigned long)s.f_namelen, id[0], id[1],
	       (unsigned long)s.f_flags);
	return EX_OK;
}

int cmd_statx(int argc, char **argv)
{
	struct statx x = { 0 };

	if (argc != 2)
		return EX_USAGE;
	if (statx(AT_FDCWD, argv[1], AT_SYMLINK_NOFOLLOW,
		  STATX_BASIC_STATS | STATX_BTIME | STATX_DIOALIGN, &x))
		die("%s: statx: %s", argv[1], errname(errno));
	printf("mask=%x attributes=%llx attributes_mask=%llx size=%llu blocks=%llu blksize=%u",
	       x.stx_mask, (unsigned long long)x.stx_attributes,
	       (unsigned long long)x.stx_attributes_mask, (unsigned long long)x.stx_size,
	       (unsigned long long)x.stx_blocks, x.stx_blksize);
	if (x.stx_mask & STATX_DIOALIGN)
		printf(" dio_mem_align=%u dio_offset_align=%u", x.stx_dio_mem_align, x.stx_dio_offset_align);
	putchar('\n');
	return EX_OK;
}

/*
 * open FILE [--direct] [--write] [--read OFFSET LEN] [--sha]: prints "ok ..." or "!ERRNO at STEP".
 * Reading tells how many bytes came, so that a short read is not taken for success.
 */
int cmd_open(int argc, char **argv)
{
	uint64_t off = 0, len = 0;
	bool read = false;
	int flags = O_RDONLY, a, fd;

	if (argc < 2)
		return EX_USAGE;
	for (a = 2; a < argc; a++) {
		if (!strcmp(argv[a], "--direct")) {
			flags |= O_DIRECT;
		} else if (!strcmp(argv[a], "--write")) {
			flags |= O_RDWR;
		} else if (!strcmp(argv[a], "--dir")) {
			flags |= O_DIRECTORY;
		} else if (!strcmp(argv[a], "--read") && a + 2 < argc) {
			off = number(argv[++a], "offset");
			len = number(argv[++a], "length");
			read = true;
		} else {
			return EX_USAGE;
		}
	}
	fd = open(argv[1], flags | O_CLOEXEC);
	if (fd < 0) {
		printf("!%s at open\n", errname(errno));
		return EX_FAIL;
	}
	if (read) {
		void *buf;
		ssize_t n;
		char sha[65];

		if (posix_memalign(&buf, 4096, len + 4096))
			die("out of memory");
		n = pread(fd, buf, len, off);
		if (n < 0) {
			printf("!%s at read\n", errname(errno));
			return EX_FAIL;
		}
		sha256_of(buf, n, sha);
		printf("ok %zd bytes sha256 %s\n", n, sha);
	} else {
		printf("ok\n");
	}
	return EX_OK;
}

#define PIECES	16

/*
 * direct-into FILE OTHER: reads the first pages of FILE, past the page cache, into memory of which no page is there: private
 * mappings of pages of OTHER, not beside each other, in one call. Prints "ok", or what it got.
 */
int cmd_direct_into(int argc, char **argv)
{
	size_t page = sysconf(_SC_PAGESIZE), stride = 8 * page;
	char *map, *want = xmalloc(PIECES * page);
	struct iovec iov[PIECES];
	int fd, other;
	ssize_t n;

	if (argc != 3)
		return EX_USAGE;
	fd = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
	other = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || other < 0)
		die("%s: open: %s", fd < 0 ? argv[1] : argv[2], errname(errno));
	map = mmap(NULL, PIECES * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE, other, 0);
	/* Every page for itself: none comes with the one before. */
	if (map == MAP_FAILED || madvise(map, PIECES * stride, MADV_RANDOM))
		die("%s: mmap: %s", argv[2], errname(errno));
	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){ map + i * stride, page };
	n = preadv(fd, iov, PIECES, 0);
	if (n != (ssize_t)(PIECES * page))
		die("%s: read %zd bytes of %zu: %s", argv[1], n, PIECES * page, n < 0 ? errname(errno) : "short");
	close(fd);
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, want, PIECES * page, 0) != n)
		die("%s: cannot be read again", argv[1]);
	for (int i = 0; i < PIECES; i++) {
		if (memcmp(want + i * page, map + i * stride, page))
			die("%s: page %d is something else", argv[1], i);
	}
	puts("ok");
	return EX_OK;
}

/* Segments of one call: bytes, and how far from a page's beginning the memory of each is. */
struct shape {
	int n;
	struct {
		size_t len, off;
	} seg[4];
};

static bool shape_holds(const char *path, int fd, int cached, const struct shape *s, off_t pos)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct iovec iov[4];
	size_t total = 0, at = 0;
	bool good = true;
	char *want;
	ssize_t n;

	for (int i = 0; i < s->n; i++) {
		char *mem;

		if (posix_memalign((void **)&mem, page, s->seg[i].len + 2 * page))
			die("out of memory");
		memset(mem, 0xa5, s->seg[i].len + 2 * page);
		iov[i] = (struct iovec){ mem + s->seg[i].off, s->seg[i].len };
		total += s->seg[i].len;
	}
	want = xmalloc(total);
	if (pread(cached, want, total, pos) != (ssize_t)total)
		die("%s: cannot be read", path);
	n = preadv(fd, iov, s->n, pos);
	if (n != (ssize_t)total) {
		printf("%zd bytes of %zu at %lld: %s\n", n, total, (long long)pos, n < 0 ? errname(errno) : "short");
		good = false;
	}
	for (int i = 0; i < s->n; i++) {
		char *mem = (char *)iov[i].iov_base - s->seg[i].off;
		size_t len = s->seg[i].len, off = s->seg[i].off;

		for (size_t k = 0; good && k < len + 2 * page; k++) {
			char is = mem[k], should = k >= off && k < off + len ? want[at + k - off] : (char)0xa5;

			if (is != should) {
				printf("segment %d of %d at %lld: byte %zd is %#x, should be %#x\n", i, s->n, (long long)pos,
				       (ssize_t)(k - off), (unsigned char)is, (unsigned char)should);
				good = false;
			}
		}
		at += len;
		free(mem);
	}
	free(want);
	return good;
}

/*
 * direct-shapes FILE: reads past the page cache into memory of every alignment, in one piece and in several, some of which
 * are refused. FILE, of 3 MB at least, says the same in all of them, and nothing beside them is written.
 */
int cmd_direct_shapes(int argc, char **argv)
{
	static const struct shape shapes[] = {
		{ 1, { { 12288, 1 } } },
		{ 1, { { 12288, 512 } } },
		{ 1, { { 3000000, 1 } } },
		{ 2, { { 4096, 0 }, { 4096, 1 } } },
		{ 2, { { 4096, 1 }, { 4096, 0 } } },
		{ 2, { { 65536, 0 }, { 4096, 3 } } },
		{ 3, { { 4096, 0 }, { 100, 0 }, { 3996, 0 } } },
		{ 3, { { 8192, 0 }, { 1, 511 }, { 4095, 0 } } },
		{ 4, { { 512, 0 }, { 512, 512 }, { 512, 1024 }, { 2560, 0 } } },
		{ 4, { { 1048576, 0 }, { 4096, 2 }, { 1048576, 0 }, { 4096, 0 } } },
		{ 2, { { 1000, 0 }, { 7, 0 } } },
	};
	static const off_t places[] = { 0, 512, 4096, 1000, 12288 };
	int fd, cached, bad = 0;

	if (argc != 2)
		return EX_USAGE;
	fd = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
	cached = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || cached < 0)
		die("%s: open: %s", argv[1], errname(errno));
	for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
			bad += !shape_holds(argv[1], fd, cached, &shapes[i], places[p]);
	}
	if (!bad)
		puts("ok");
	return bad ? EX_FAIL : EX_OK;
}
