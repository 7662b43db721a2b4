// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stress: first opens at a barrier, mounts that come and go under readers, mappings that
 * outlive their descriptor and their mount, reads in flight at unmount.
 *
 * Rules: every byte read is compared with a reference on another filesystem, so wrong data
 * shared by all mounts is found too; everything is bounded by a number of seconds.
 */
#include "eistool.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

static volatile bool stop;
static double deadline;
static const uint8_t *ref;
static size_t ref_len;

struct noise {
	size_t bytes;
	bool drop;
	unsigned long drops, allocs;
};

static void *dropper(void *arg)
{
	struct noise *n = arg;
	uint64_t s = 88172645463325252ULL;

	while (!stop) {
		drop_caches(1 + rnd(&s) % 3);
		n->drops++;
		usleep(1000 + rnd(&s) % 20000);
	}
	return NULL;
}

static void *eater(void *arg)
{
	struct noise *n = arg;
	size_t i;

	while (!stop) {
		uint8_t *p = mmap(NULL, n->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			die("mmap %zu bytes: %s", n->bytes, errname(errno));
		for (i = 0; i < n->bytes && !stop; i += 4096)
			p[i] = 1;
		munmap(p, n->bytes);
		n->allocs++;
		usleep(5000);
	}
	return NULL;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, fn, arg);

	if (err)
		die("pthread_create: %s", errname(err));
	return t;
}

static bool compare(const char *what, const uint8_t *got, size_t off, size_t len)
{
	size_t i;

	if (!memcmp(got, ref + off, len))
		return true;
	for (i = 0; got[i] == ref[off + i]; i++)
		;
	fail("%s: byte %zu is %02x, should be %02x", what, off + i, got[i], ref[off + i]);
	return false;
}

/* One piece of the file by one access method. */
static void *use_file(const char *path, int fd, uint64_t *s, bool keep)
{
	switch (keep ? 3 : rnd(s) % 4) {
	case 0: {		/* all of it */
		uint8_t *buf = xmalloc(ref_len + 1);
		ssize_t n = pread_full(fd, buf, ref_len + 1, 0);

		if (n != (ssize_t)ref_len)
			fail("%s: read gives %zd of %zu bytes", path, n, ref_len);
		else
			compare(path, buf, 0, ref_len);
		free(buf);
		return NULL;
	}
	case 1: {		/* pieces */
		uint8_t buf[5000];
		int i;

		for (i = 0; i < 8; i++) {
			size_t off = rnd(s) % ref_len, len = ref_len - off < sizeof(buf) ? ref_len - off : sizeof(buf);
			ssize_t n = pread(fd, buf, len, off);

			if (n != (ssize_t)len)
				fail("%s: read at %zu gives %zd of %zu bytes (%s)", path, off, n, len,
				     n < 0 ? errname(errno) : "short");
			else
				compare(path, buf, off, len);
		}
		return NULL;
	}
	case 2:
		readahead(fd, 0, ref_len);
		return NULL;
	default: {
		uint8_t *map = mmap(NULL, ref_len, PROT_READ, MAP_SHARED, fd, 0);

		if (map == MAP_FAILED) {
			fail("%s: mmap: %s", path, errname(errno));
			return NULL;
		}
		compare(path, map, 0, ref_len);
		if (keep)
			return map;
		munmap(map, ref_len);
		return NULL;
	}
	}
}

/* ------------------------------------------------------------------ race-open */

static struct {
	char **file;
	int nfiles, nthreads, expect;	/* expect: 1 shared, 0 not, -1 either */
	pthread_barrier_t a, b, c;
	uint8_t **map;
	unsigned long rounds;
} ro;

static void *opener(void *arg)
{
	int id = (int)(intptr_t)arg;
	uint64_t s = 0x2545f4914f6cdd1dULL + 7919 * id;
	unsigned long round;

	for (round = 0;; round++) {
		const char *path = ro.file[(id + round) % ro.nfiles];
		bool keep = round % 4 == 3;
		int fd;

		pthread_barrier_wait(&ro.a);
		if (stop)
			return NULL;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			fail("%s: open: %s", path, errname(errno));
			ro.map[id] = NULL;
		} else {
			ro.map[id] = use_file(path, fd, &s, keep);
			close(fd);
		}
		/* all hold their mapping here; the master compares the frames */
		pthread_barrier_wait(&ro.b);
		pthread_barrier_wait(&ro.c);
		if (ro.map[id])
			munmap(ro.map[id], ref_len);
		ro.map[id] = NULL;
	}
}

static void compare_frames(void)
{
	size_t n = (ref_len + 4095) / 4096, bad = 0, j;
	int try, i;

	/* Pressure may take a page between two looks; a real difference stays. */
	for (try = 0; try < 10; try++) {
		uint64_t *v[64];

		bad = 0;
		for (i = 0; i < ro.nthreads; i++)
			v[i] = ro.map[i] ? pfn_of_map(ro.map[i], n, true) : NULL;
		for (i = 1; i < ro.nthreads; i++)
			for (j = 0; v[0] && v[i] && j < n; j++)
				bad += v[0][j] != v[i][j];
		for (i = 0; i < ro.nthreads; i++)
			free(v[i]);
		if (!bad)
			return;
		usleep(20000);
	}
	fail("round %lu: %zu page frames differ between mounts that should share", ro.rounds, bad);
}

static int usage_or_die(bool ok)
{
	return ok ? 0 : EX_USAGE;
}

/* Of first opens, at least. */
#define MIN_ROUNDS 4

/*
 * race-open --ref FILE [--threads N] [--seconds S] [--mem BYTES] [--no-drop] [--shared] FILE...
 * N threads open the same inode first, at a barrier, through all FILEs; inodes are evicted
 * between rounds.
 */
int cmd_race_open(int argc, char **argv)
{
	struct noise noise = { .drop = true };
	pthread_t *t, d = 0, e = 0;
	double seconds = 5;
	int i, a;

	ro.expect = -1;
	ro.nthreads = 6;
	for (a = 1; a < argc && argv[a][0] == '-'; a++) {
		if (!strcmp(argv[a], "--ref") && a + 1 < argc)
			ref = load_file(argv[++a], &ref_len);
		else if (!strcmp(argv[a], "--threads") && a + 1 < argc)
			ro.nthreads = number(argv[++a], "--threads");
		else if (!strcmp(argv[a], "--seconds") && a + 1 < argc)
			seconds = number(argv[++a], "--seconds");
		else if (!strcmp(argv[a], "--mem") && a + 1 < argc)
			noise.bytes = number(argv[++a], "--mem");
		else if (!strcmp(argv[a], "--no-drop"))
			noise.drop = false;
		else if (!strcmp(argv[a], "--shared"))
			ro.expect = 1;
		else
			return EX_USAGE;
	}
	if (!ref || !ref_len || a == argc || ro.nthreads < 1 || ro.nthreads > 64)
		return usage_or_die(false);
	ro.file = argv + a;
	ro.nfiles = argc - a;
	ro.map = xmalloc(ro.nthreads * sizeof(*ro.map));
	t = xmalloc(ro.nthreads * sizeof(*t));
	pthread_barrier_init(&ro.a, NULL, ro.nthreads + 1);
	pthread_barrier_init(&ro.b, NULL, ro.nthreads + 1);
	pthread_barrier_init(&ro.c, NULL, ro.nthreads + 1);
	for (i = 0; i < ro.nthreads; i++)
		t[i] = start(opener, (void *)(intptr_t)i);
	if (noise.drop)
		d = start(dropper, &noise);
	if (noise.bytes)
		e = start(eater, &noise);
	deadline = now() + seconds;
	for (;;) {
		drop_caches(3);
		/* A busy host slows the guest: a few rounds there must be, however long they take. */
		if ((now() > deadline && ro.rounds >= MIN_ROUNDS) || fail_count() > 20)
			break;
		pthread_barrier_wait(&ro.a);
		pthread_barrier_wait(&ro.b);
		if (ro.expect == 1 && ro.rounds % 4 == 3)
			compare_frames();
		pthread_barrier_wait(&ro.c);
		ro.rounds++;
	}
	stop = true;
	pthread_barrier_wait(&ro.a);
	for (i = 0; i < ro.nthreads; i++)
		pthread_join(t[i], NULL);
	if (d)
		pthread_join(d, NULL);
	if (e)
		pthread_join(e, NULL);
	printf("rounds=%lu drops=%lu allocs=%lu\n", ro.rounds, noise.drops, noise.allocs);
	return verdict();
}

/* ------------------------------------------------------------------ race-mount */

static struct {
	const char *type, *opts, *base, *rel;
	char *source[16];
	int nsources;
	unsigned long mounts, reads;
} rm;

static void do_mount(const char *source, const char *dir)
{
	if (mount(source, dir, rm.type, MS_RDONLY, rm.opts))
		die("mount %s at %s (%s): %s", source, dir, rm.opts, errname(errno));
}

static void *mounter(void *arg)
{
	int id = (int)(intptr_t)arg;
	char *dir = xasprintf("%s/m%d", rm.base, id), *path = xasprintf("%s/%s", dir, rm.rel);
	uint64_t s = 0x9e3779b97f4a7c15ULL * (id + 1);
	unsigned long n;

	mkdir(dir, 0755);
	for (n = 0; !stop && fail_count() < 20; n++) {
		void *map = NULL;
		int fd, err;

		do_mount(rm.source[(id + n) % rm.nsources], dir);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			fail("%s: open: %s", path, errname(errno));
			umount2(dir, MNT_DETACH);
			continue;
		}
		switch (rnd(&s) % 3) {
		case 0:		/* plain: use, close, unmount */
			use_file(path, fd, &s, false);
			close(fd);
			err = umount2(dir, 0) ? errno : 0;
			if (err) {
				fail("%s: umount: %s", dir, errname(err));
				umount2(dir, MNT_DETACH);
			}
			break;
		case 1:		/* detach under an open file, then use it */
			umount2(dir, MNT_DETACH);
			use_file(path, fd, &s, false);
			close(fd);
			break;
		default:	/* a mapping outlives descriptor and mount */
			map = use_file(path, fd, &s, true);
			close(fd);
			umount2(dir, MNT_DETACH);
			if (map) {
				madvise(map, ref_len, MADV_DONTNEED);
				compare(path, map, 0, ref_len);
				munmap(map, ref_len);
			}
		}
		__atomic_fetch_add(&rm.mounts, 1, __ATOMIC_RELAXED);
	}
	free(dir);
	free(path);
	return NULL;
}

static void *steady_reader(void *arg)
{
	const char *path = arg;
	uint64_t s = 42;

	while (!stop && fail_count() < 20) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0) {
			fail("%s: open: %s", path, errname(errno));
			break;
		}
		use_file(path, fd, &s, false);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
		rm.reads++;
	}
	return NULL;
}

/*
 * race-mount --ref FILE [--mounts N] [--seconds S] [--mem BYTES] [--drop] --source IMG...
 *            TYPE BASEDIR OPTIONS REL
 * One mount stays and is read all the time; N others come and go in three ways.
 */
int cmd_race_mount(int argc, char **argv)
{
	struct noise noise = { 0 };
	pthread_t t[64], reader, d = 0, e = 0;
	double seconds = 5;
	int n = 3, i, a;
	char *keep, *path;

	for (a = 1; a < argc && argv[a][0] == '-'; a++) {
		if (!strcmp(argv[a], "--ref") && a + 1 < argc)
			ref = load_file(argv[++a], &ref_len);
		else if (!strcmp(argv[a], "--mounts") && a + 1 < argc)
			n = number(argv[++a], "--mounts");
		else if (!strcmp(argv[a], "--seconds") && a + 1 < argc)
			seconds = number(argv[++a], "--seconds");
		else if (!strcmp(argv[a], "--mem") && a + 1 < argc)
			noise.bytes = number(argv[++a], "--mem");
		else if (!strcmp(argv[a], "--drop"))
			noise.drop = true;
		else if (!strcmp(argv[a], "--source") && a + 1 < argc && rm.nsources < 16)
			rm.source[rm.nsources++] = argv[++a];
		else
			return EX_USAGE;
	}
	if (!ref || !ref_len || argc - a != 4 || !rm.nsources || n < 1 || n > 64)
		return EX_USAGE;
	rm.type = argv[a];
	rm.base = argv[a + 1];
	rm.opts = argv[a + 2];
	rm.rel = argv[a + 3];
	keep = xasprintf("%s/keep", rm.base);
	mkdir(keep, 0755);
	do_mount(rm.source[0], keep);
	path = xasprintf("%s/%s", keep, rm.rel);
	reader = start(steady_reader, path);
	for (i = 0; i < n; i++)
		t[i] = start(mounter, (void *)(intptr_t)i);
	if (noise.drop)
		d = start(dropper, &noise);
	if (noise.bytes)
		e = start(eater, &noise);
	deadline = now() + seconds;
	/* A busy host slows the guest: something must have happened, however long it takes. */
	while ((now() < deadline || !rm.mounts || !rm.reads) && fail_count() < 20)
		usleep(50000);
	stop = true;
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	pthread_join(reader, NULL);
	if (d)
		pthread_join(d, NULL);
	if (e)
		pthread_join(e, NULL);
	if (umount2(keep, 0))
		fail("%s: umount: %s", keep, errname(errno));
	printf("mounts=%lu reads=%lu drops=%lu allocs=%lu\n", rm.mounts, rm.reads, noise.drops,
	       noise.allocs);
	return verdict();
}

/* ------------------------------------------------------------------ outlive, inflight, hold */

/*
 * outlive --ref FILE TYPE SOURCE TARGET OPTIONS REL
 * A mapping and, apart from it, a descriptor, both used after their mount is gone (lazily) and the
 * caches were dropped; then the same image is mounted again beside them.
 */
int cmd_outlive(int argc, char **argv)
{
	const char *type, *source, *target, *opts;
	uint64_t *p, *q;
	char *path;
	uint8_t *map, *map2;
	uint64_t s = 7;
	size_t n, i;
	int fd, fd2;

	if (argc != 8 || strcmp(argv[1], "--ref"))
		return EX_USAGE;
	ref = load_file(argv[2], &ref_len);
	type = argv[3];
	source = argv[4];
	target = argv[5];
	opts = argv[6];
	path = xasprintf("%s/%s", target, argv[7]);
	if (mount(source, target, type, MS_RDONLY, opts))
		die("mount %s: %s", source, errname(errno));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, errname(errno));
	map = mmap(NULL, ref_len, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("%s: mmap: %s", path, errname(errno));
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (umount2(target, 0) == 0 || errno != EBUSY)
		fail("umount of a busy mount: %s, not EBUSY", errname(errno));
	if (umount2(target, MNT_DETACH))
		die("lazy umount: %s", errname(errno));
	drop_caches(3);
	use_file("descriptor after lazy unmount", fd, &s, false);
	close(fd);
	drop_caches(3);
	compare("mapping after lazy unmount", map, 0, ref_len);
	madvise(map, ref_len, MADV_DONTNEED);
	drop_caches(3);
	compare("mapping, read again", map, 0, ref_len);

	if (mount(source, target, type, MS_RDONLY, opts))
		die("mount %s again: %s", source, errname(errno));
	fd2 = open(path, O_RDONLY | O_CLOEXEC);
	map2 = fd2 < 0 ? MAP_FAILED : mmap(NULL, ref_len, PROT_READ, MAP_SHARED, fd2, 0);
	if (map2 == MAP_FAILED)
		die("%s: %s", path, errname(errno));
	compare("second mount", map2, 0, ref_len);
	n = (ref_len + 4095) / 4096;
	p = pfn_of_map(map, n, true);
	q = pfn_of_map(map2, n, true);
	for (i = 0; i < n && p[i] == q[i]; i++)
		;
	printf("old mapping and new mount share frames: %s\n", i == n ? "yes" : "no");
	close(fd2);
	munmap(map, ref_len);
	compare("second mount after the first is gone", map2, 0, ref_len);
	munmap(map2, ref_len);
	if (umount2(target, 0))
		fail("last umount: %s", errname(errno));
	return verdict();
}

/* inflight DIR: starts read-ahead of every file, closes all, unmounts at once */
int cmd_inflight(int argc, char **argv)
{
	struct tree *t;
	double t0, t1;
	size_t i, files = 0;

	if (argc != 2)
		return EX_USAGE;
	t = tree_read(argv[1]);
	t0 = now();
	for (i = 0; i < t->n; i++) {
		char *path;
		int fd;

		if (!S_ISREG(t->e[i].st.st_mode) || !t->e[i].st.st_size || t->e[i].first != (long)i)
			continue;
		path = ent_path(t, &t->e[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die("%s: %s", path, errname(errno));
		readahead(fd, 0, t->e[i].st.st_size);
		close(fd);
		free(path);
		files++;
	}
	t1 = now();
	if (umount2(argv[1], 0))
		fail("umount with reads in flight: %s", errname(errno));
	printf("files=%zu started_in=%.3f unmounted_in=%.3f\n", files, t1 - t0, now() - t1);
	return verdict();
}

/*
 * hold FILE [--mmap]: opens (and maps) FILE, prints "ready", waits for the end of stdin, then reads it
 * all again through what it holds and prints the checksum.
 */
int cmd_hold(int argc, char **argv)
{
	bool by_map = argc == 3 && !strcmp(argv[2], "--mmap");
	char sha[65], c;
	struct stat st;
	uint8_t *buf;
	int fd;

	if (argc < 2 || (argc == 3 && !by_map) || argc > 3)
		return EX_USAGE;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", argv[1], errname(errno));
	if (by_map) {
		buf = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (buf == MAP_FAILED)
			die("%s: mmap: %s", argv[1], errname(errno));
		close(fd);
	} else {
		buf = xmalloc(st.st_size);
	}
	printf("ready\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	if (!by_map) {
		ssize_t n = pread_full(fd, buf, st.st_size, 0);

		if (n != st.st_size)
			die("%s: read gives %zd of %lld bytes", argv[1], n, (long long)st.st_size);
	}
	sha256_of(buf, st.st_size, sha);
	printf("sha256=%s\n", sha);
	return EX_OK;
}
