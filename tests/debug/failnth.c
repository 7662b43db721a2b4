// SPDX-License-Identifier: GPL-2.0-only
/*
 * failnth: makes the n-th fault point of one operation fail, for n = 1, 2, 3, ... until the operation
 * gets by without meeting it (/proc/thread-self/fail-nth: allocations, user copies, block requests).
 *
 * usage: failnth copy FROM TO       (no faults) write(2) FROM's mapping to TO, buffered and direct
 *        failnth [--max N] [--from FN:TO] [--must] OPERATION ARGS...
 *   mount TYPE SOURCE DIR OPTIONS    and unmount, fault-free, if it worked
 *   umount TYPE SOURCE DIR OPTIONS FILE  mount and read FILE below DIR fault-free, unmount with faults
 *   remount TYPE SOURCE DIR OPTIONS
 *   lookup FILE      stat after dropping the caches
 *   open FILE REF    first open of the inode; then everything read, fault-free
 *   read FILE REF    cold read
 *   direct FILE REF  O_DIRECT read
 *   mmap FILE REF    cold page faults
 *   readdir DIR  xattr FILE  readlink FILE  handle FILE  fiemap FILE
 *   load KO          load the module, and unload it if that worked
 * --from FN:TO  only fault points with a caller in this address range (hexadecimal): one module's
 * --must        the operation has to succeed whatever fails (opening with sharing: it falls back)
 *
 * Rules: a failed operation says so with an error; what it gave back before that is right; one that
 * did not fail gives back what it does without faults; the same operation without a fault succeeds right afterwards. Prints what was seen; exit 1 if a
 * rule was broken, 3 if this kernel has no fault injection.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static int nth_fd;
static char **args;
static uint8_t *ref, *buf;
static size_t ref_len;
static int broken;
static sigjmp_buf bus;

static void say_broken(const char *what, unsigned int n, int err)
{
	printf("FAIL n=%u: %s (%s)\n", n, what, strerror(err));
	broken = 1;
}

static void die(const char *what)
{
	printf("FAIL %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0) {
		printf("MISSING %s\n", path);
		exit(3);
	}
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		die(path);
	close(fd);
}

static void drop_caches(void)
{
	put("/proc/sys/vm/drop_caches", "3");
}

static void arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	/* The write that disarms may itself be the one that fails. */
	while (pwrite(nth_fd, text, len, 0) != len)
		if (errno != EFAULT || n)
			die("fail-nth");
}

/* Did the operation meet its fault? */
static bool disarm(void)
{
	char text[16] = "";
	ssize_t n = pread(nth_fd, text, sizeof(text) - 1, 0);

	arm(0);
	return n > 0 && atoi(text) == 0;
}

static void load_ref(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	ref_len = st.st_size;
	ref = malloc(ref_len + 1);
	buf = aligned_alloc(4096, (ref_len + 8191) & ~(size_t)4095);
	if (read(fd, ref, ref_len) != (ssize_t)ref_len)
		die(path);
	close(fd);
	/* No page fault of ours may meet the fault. */
	memset(buf, 1, ref_len + 1);
}

/* ---- What an operation told: the same with and without a fault that it survived ---- */

static uint64_t told;

static void tell(const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		told = (told ^ *p++) * 0x100000001b3ULL;
}

/* ---- Operations: 0 or an errno; -1 = wrong data ---- */

static int fd = -1;
static bool mounted;
static char scratch[65536];

static int do_mount(void)
{
	mounted = !mount(args[1], args[2], args[0], MS_RDONLY, args[3]);
	return mounted ? 0 : errno;
}

static void undo_mount(void)
{
	if (mounted && umount2(args[2], 0))
		die("umount");
	mounted = false;
}

static int do_umount(void)
{
	if (umount2(args[2], 0))
		return errno;
	mounted = false;
	return 0;
}

/* With something to give back: a file that was opened, shared or not, and its pages. */
static void prepare_umount(void)
{
	char path[4096];
	int file;

	if (!mounted && do_mount())
		die("mount");
	snprintf(path, sizeof(path), "%s/%s", args[2], args[4]);
	file = open(path, O_RDONLY);
	if (file < 0)
		die(path);
	while (read(file, scratch, sizeof(scratch)) > 0)
		;
	close(file);
}

static int do_remount(void)
{
	return mount(args[1], args[2], args[0], MS_RDONLY | MS_REMOUNT, args[3]) ? errno : 0;
}

static int do_lookup(void)
{
	struct stat st;

	if (lstat(args[0], &st))
		return errno;
	tell(&st.st_ino, sizeof(st.st_ino));
	tell(&st.st_mode, sizeof(st.st_mode));
	tell(&st.st_size, sizeof(st.st_size));
	return 0;
}

/* Names looked up, inode never opened. */
static void prepare_open(void)
{
	drop_caches();
	if (do_lookup())
		die(args[0]);
}

static int do_open(void)
{
	fd = open(args[0], O_RDONLY);
	return fd < 0 ? errno : 0;
}

static void close_fd(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static int read_all(void)
{
	size_t done = 0;

	while (done < ref_len) {
		ssize_t n = pread(fd, buf + done, (ref_len - done + 4095) & ~(size_t)4095, done);

		if (n < 0)
			return errno;
		/* An end that comes early is wrong data. */
		if (!n || done + n > ref_len || memcmp(buf + done, ref + done, n))
			return -1;
		done += n;
	}
	return 0;
}

static void undo_open(void)
{
	if (fd >= 0) {
		int err = read_all();

		if (err)
			say_broken("reading after an open that worked", 0, err < 0 ? EILSEQ : err);
	}
	close_fd();
}

static void prepare_read(void)
{
	drop_caches();
	if (fd < 0 && do_open())
		die(args[0]);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static void prepare_direct(void)
{
	drop_caches();
	if (fd < 0)
		fd = open(args[0], O_RDONLY | O_DIRECT);
	if (fd < 0)
		die(args[0]);
}

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

static int do_mmap(void)
{
	const volatile uint8_t *map = mmap(NULL, ref_len, PROT_READ, MAP_SHARED, fd, 0);
	volatile int err = 0;
	size_t i;

	if (map == MAP_FAILED)
		return errno;
	if (sigsetjmp(bus, 1)) {
		err = EIO;
	} else {
		for (i = 0; i < ref_len && !err; i += 509)
			if (map[i] != ref[i])
				err = -1;
	}
	munmap((void *)map, ref_len);
	return err;
}

static int do_readdir(void)
{
	static char dents[4096] __attribute__((aligned(8)));
	int dir = open(args[0], O_RDONLY | O_DIRECTORY), err = 0;
	long n = 0, pos;

	if (dir < 0)
		return errno;
	do {
		n = syscall(SYS_getdents64, dir, dents, sizeof(dents));
		if (n < 0)
			err = errno;
		for (pos = 0; pos < n; pos += ((struct dirent64 *)(dents + pos))->d_reclen) {
			const struct dirent64 *d = (const struct dirent64 *)(dents + pos);

			tell(&d->d_ino, sizeof(d->d_ino));
			tell(&d->d_type, sizeof(d->d_type));
			tell(d->d_name, strlen(d->d_name) + 1);
		}
	} while (n > 0);
	close(dir);
	return err;
}

static int do_xattr(void)
{
	static char names[65536], value[65536];
	ssize_t n = llistxattr(args[0], names, sizeof(names));
	char *name;

	if (n < 0)
		return errno;
	tell(names, n);
	for (name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t len = lgetxattr(args[0], name, value, sizeof(value));

		if (len < 0)
			return errno;
		tell(value, len);
	}
	return 0;
}

static int do_readlink(void)
{
	static char target[4096];

	ssize_t n = readlink(args[0], target, sizeof(target));

	if (n < 0)
		return errno;
	tell(target, n);
	return 0;
}

static union {
	struct file_handle h;
	char room[sizeof(struct file_handle) + 128];
} handle;
static int mount_fd = -1;

static void prepare_handle(void)
{
	int id;

	handle.h.handle_bytes = 128;
	if (name_to_handle_at(AT_FDCWD, args[0], &handle.h, &id, 0))
		die("name_to_handle_at");
	if (mount_fd < 0)
		mount_fd = open(args[1], O_RDONLY | O_DIRECTORY);
	drop_caches();
}

static int do_handle(void)
{
	fd = open_by_handle_at(mount_fd, &handle.h, O_RDONLY);
	return fd < 0 ? errno : 0;
}

static int do_fiemap(void)
{
	static union {
		struct fiemap f;
		char room[sizeof(struct fiemap) + 64 * sizeof(struct fiemap_extent)];
	} map;
	int err;

	fd = open(args[0], O_RDONLY);
	if (fd < 0)
		return errno;
	memset(&map, 0, sizeof(map.f));
	map.f.fm_length = ~0ULL;
	map.f.fm_extent_count = 64;
	err = ioctl(fd, FS_IOC_FIEMAP, &map.f) ? errno : 0;
	if (!err)
		tell(map.f.fm_extents, map.f.fm_mapped_extents * sizeof(map.f.fm_extents[0]));
	close_fd();
	return err;
}

static bool loaded;

static int do_load(void)
{
	int ko = open(args[0], O_RDONLY), err;

	if (ko < 0)
		return errno;
	err = syscall(SYS_finit_module, ko, "", 0) ? errno : 0;
	close(ko);
	loaded = !err;
	return err;
}

static void undo_load(void)
{
	if (loaded && syscall(SYS_delete_module, "erofs_ishare", O_NONBLOCK))
		die("delete_module");
	loaded = false;
}

static const struct operation {
	const char *name;
	int nargs, ref;
	bool tells;
	void (*prepare)(void);
	int (*run)(void);
	void (*undo)(void);
} operations[] = {
	{ "mount", 4, 0, false, NULL, do_mount, undo_mount },
	{ "umount", 5, 0, false, prepare_umount, do_umount, NULL },
	{ "remount", 4, 0, false, NULL, do_remount, NULL },
	{ "lookup", 1, 0, true, drop_caches, do_lookup, NULL },
	{ "open", 2, 1, false, prepare_open, do_open, undo_open },
	{ "read", 2, 1, false, prepare_read, read_all, NULL },
	{ "direct", 2, 1, false, prepare_direct, read_all, NULL },
	{ "mmap", 2, 1, false, prepare_read, do_mmap, NULL },
	{ "readdir", 1, 0, true, drop_caches, do_readdir, NULL },
	{ "xattr", 1, 0, true, drop_caches, do_xattr, NULL },
	{ "readlink", 1, 0, true, drop_caches, do_readlink, NULL },
	{ "handle", 2, 0, false, prepare_handle, do_handle, close_fd },
	{ "fiemap", 1, 0, true, drop_caches, do_fiemap, NULL },
	{ "load", 1, 0, false, NULL, do_load, undo_load },
};

/* ---- Writing from a mapping: the file system faults its source in with its own locks held ---- */

static int copy_mapped(const char *from, const char *to, int flags)
{
	int in = open(from, O_RDONLY), out = open(to, O_RDWR | O_CREAT | flags, 0600);
	size_t done = 0, len;
	struct stat st;
	uint8_t *map;

	if (in < 0 || out < 0 || fstat(in, &st))
		die(from);
	len = (st.st_size + 4095) & ~4095UL;
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, in, 0);
	if (map == MAP_FAILED)
		die("mmap");
	madvise(map, len, MADV_RANDOM);
	while (done < len) {
		ssize_t n = pwrite(out, map + done, len - done < 65536 ? len - done : 65536, done);

		if (n <= 0)
			die(to);
		done += n;
	}
	if (ftruncate(out, st.st_size))
		die(to);
	munmap(map, len);
	close(in);
	close(out);
	return 0;
}

/* ---- Setting up ---- */

static const char * const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy", "fail_make_request" };

static void setup(const char *range)
{
	char path[128], from[32] = "0", to[32] = "0xffffffffffffffff";
	size_t i;

	if (range && sscanf(range, "%31[^:]:%31s", from, to) != 2) {
		printf("FAIL --from wants START:END\n");
		exit(2);
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kinds[i]);
		put(path, "0");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/require-start", kinds[i]);
		put(path, from);
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/require-end", kinds[i]);
		put(path, to);
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/stacktrace-depth", kinds[i]);
		put(path, "32");
	}
	put("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	put("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_fd < 0) {
		printf("MISSING /proc/thread-self/fail-nth\n");
		exit(3);
	}
}

static int run_all(const struct operation *op, unsigned int max, bool must)
{
	unsigned int n, failed = 0, survived = 0, seen[256] = { 0 };
	uint64_t truth = 0;
	int err, i;
	bool hit;

	if (op->tells) {
		op->prepare();
		told = 0;
		if (op->run())
			die(op->name);
		truth = told;
	}
	for (n = 1; n <= max; n++) {
		if (op->prepare)
			op->prepare();
		told = 0;
		arm(n);
		err = op->run();
		hit = disarm();
		if (!err && told != truth)
			say_broken("told something else than without a fault", n, EILSEQ);
		if (err < 0)
			say_broken("wrong data", n, EILSEQ);
		else if (err && !hit)
			say_broken("failed without a fault", n, err);
		else if (err && must)
			say_broken("failed, but must not", n, err);
		if (err > 0 && err < 256)
			seen[err]++;
		failed += err != 0;
		survived += !err && hit;
		if (op->undo)
			op->undo();
		/* Nothing of the failure may stay. */
		if (err) {
			if (op->prepare)
				op->prepare();
			err = op->run();
			if (err)
				say_broken("fails again without a fault", n, err < 0 ? EILSEQ : err);
			if (op->undo)
				op->undo();
		}
		if (!hit)
			break;
	}
	printf("%s: %u fault points, %u failed, %u survived:", op->name, n - 1, failed, survived);
	for (i = 0; i < 256; i++)
		if (seen[i])
			printf(" %s=%u", strerrorname_np(i), seen[i]);
	printf("\n");
	if (n > max) {
		printf("FAIL %s: more than %u fault points; raise --max\n", op->name, max);
		broken = 1;
	}
	if (n == 1) {
		printf("FAIL %s: no fault point was met\n", op->name);
		broken = 1;
	}
	return broken;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_bus };
	const char *range = NULL;
	unsigned int max = 2000;
	bool must = false;
	size_t i;
	int a;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && !strcmp(argv[1], "copy")) {
		copy_mapped(argv[2], argv[3], 0);
		drop_caches();
		return copy_mapped(argv[2], argv[3], O_DIRECT);
	}
	for (a = 1; a < argc && !strncmp(argv[a], "--", 2); a++) {
		if (!strcmp(argv[a], "--must"))
			must = true;
		else if (!strcmp(argv[a], "--max") && a + 1 < argc)
			max = atoi(argv[++a]);
		else if (!strcmp(argv[a], "--from") && a + 1 < argc)
			range = argv[++a];
	}
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (a < argc && !strcmp(argv[a], operations[i].name) && argc - a - 1 == operations[i].nargs)
			break;
	if (i == sizeof(operations) / sizeof(operations[0])) {
		fprintf(stderr, "usage: failnth [--max N] [--from START:END] [--must] OPERATION ARGS (see the source)\n");
		return 2;
	}
	args = argv + a + 1;
	sigaction(SIGBUS, &sa, NULL);
	if (operations[i].ref)
		load_ref(args[1]);
	setup(range);
	return run_all(&operations[i], max, must);
}
