// SPDX-License-Identifier: GPL-2.0-only
/*
 * load: many mounts with many readers each, while mounts go and come back, caches are dropped and memory
 * runs short.
 *
 * Rules:
 *  - Every byte read is compared with the reference. A reader holds its mount's lock, so an unmount with
 *    the lock held must succeed: if it is busy, somebody kept a reference.
 *  - Every reader must get on; one that does not end is reported by name and ends the run.
 *  - Each mount's readers are a process: in one address space they would wait for its lock, not for ours.
 *  - The memory eater stops as soon as the kernel reclaims, so that it never runs into the OOM killer.
 */
#include "eistool.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_MOUNTS	128
#define MAX_READERS	16
#define MAX_FILES	32
#define STUCK		100	/* seconds for a reader to begin, and to end */

static struct {
	const char *type, *base, *opts;
	char *source[16], *alone[16];
	int nsources, nalone, nmounts, nreaders;
	struct {
		const char *rel;
		uint8_t *ref;
		size_t size;
	} file[MAX_FILES];
	int nfiles;
	unsigned long remounts, detached, drops, eaten_mb, reclaims;
} ld;

struct slot {
	pthread_rwlock_t lock;
	char dir[256];
	int nr;
	pid_t pid;
	unsigned long ops[MAX_READERS];
};

/* Memory of all processes. */
static struct shared {
	volatile bool stop;
	struct slot slot[MAX_MOUNTS];
} *sh;

struct reader {
	pthread_t thread;
	struct slot *slot;
	int nr;
};

/*
 * Every eighth mount shares with nobody, if there are sources for that: a block device has one superblock,
 * so it is in one domain.
 */
static void mount_slot(struct slot *s, unsigned int which)
{
	bool alone = ld.nalone && s->nr % 8 == 7;
	const char *source = alone ? ld.alone[which % ld.nalone] : ld.source[which % ld.nsources];

	if (mount(source, s->dir, ld.type, MS_RDONLY, alone ? "" : ld.opts))
		die("mount %s at %s: %s", source, s->dir, errname(errno));
}

static void check(const char *path, const char *how, const uint8_t *got, int file, size_t off, size_t len)
{
	const uint8_t *want = ld.file[file].ref + off;
	size_t i;

	if (!memcmp(got, want, len))
		return;
	for (i = 0; got[i] == want[i]; i++)
		;
	fail("%s: %s: byte %zu is %02x, should be %02x", path, how, off + i, got[i], want[i]);
}

static void by_read(const char *path, int fd, int file, uint64_t *s)
{
	size_t size = ld.file[file].size, off = rnd(s) % size, end = off + 100000 < size ? off + 100000 : size;
	uint8_t buf[8192];

	while (off < end) {
		size_t len = end - off < sizeof(buf) ? end - off : sizeof(buf);
		ssize_t n = pread(fd, buf, len, off);

		if (n != (ssize_t)len) {
			fail("%s: read at %zu: %zd of %zu bytes (%s)", path, off, n, len, n < 0 ? errname(errno) : "short");
			return;
		}
		check(path, "read", buf, file, off, len);
		off += len;
	}
}

static void by_map(const char *path, int fd, int file, uint64_t *s, bool private)
{
	size_t size = ld.file[file].size, off = rnd(s) % size & ~4095UL;
	size_t len = size - off < 65536 ? size - off : 65536;
	uint8_t *m = mmap(NULL, len, private ? PROT_READ | PROT_WRITE : PROT_READ, private ? MAP_PRIVATE : MAP_SHARED,
			  fd, off);

	if (m == MAP_FAILED) {
		fail("%s: mmap: %s", path, errname(errno));
		return;
	}
	check(path, "mmap", m, file, off, len);
	if (private)
		memset(m, 0xee, len);
	munmap(m, len);
}

static void use(const char *path, int file, int nr, uint64_t *s)
{
	unsigned int how = rnd(s) % 8;
	int fd = open(path, O_RDONLY | O_CLOEXEC | (how == 7 ? O_DIRECT : 0));

	if (fd < 0) {
		fail("%s: open: %s", path, errname(errno));
		return;
	}
	switch (how) {
	case 0:
		/* The kernel lets one at a time do it in the whole machine: the last of 512 would wait for a minute. */
		if (nr == 0)
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		else
			by_read(path, fd, file, s);
		break;
	case 1:
		readahead(fd, 0, ld.file[file].size);
		break;
	case 2:
	case 3:
		by_map(path, fd, file, s, how == 3);
		break;
	case 7: {
		uint8_t buf[3 * 4096] __attribute__((aligned(4096)));
		size_t off = rnd(s) % ld.file[file].size & ~4095UL;
		ssize_t n = pread(fd, buf, sizeof(buf), off);

		if (n <= 0)
			fail("%s: direct read at %zu: %s", path, off, n ? errname(errno) : "nothing");
		else
			check(path, "direct read", buf, file, off, n);
		break;
	}
	default:
		by_read(path, fd, file, s);
	}
	close(fd);
}

static void *reader(void *arg)
{
	struct reader *r = arg;
	uint64_t s = 88172645463325252ULL + 104729 * (r->nr + MAX_READERS * r->slot->nr);
	char path[4096];

	while (!sh->stop) {
		int file = rnd(&s) % ld.nfiles;

		snprintf(path, sizeof(path), "%s/%s", r->slot->dir, ld.file[file].rel);
		pthread_rwlock_rdlock(&r->slot->lock);
		use(path, file, r->nr, &s);
		pthread_rwlock_unlock(&r->slot->lock);
		r->slot->ops[r->nr]++;
	}
	return NULL;
}

/* A mount goes away with a mapping still there, which must go on working; then comes another. */
static void detach(struct slot *s, uint64_t *seed)
{
	int file = rnd(seed) % ld.nfiles, fd;
	char *path = path_join(s->dir, ld.file[file].rel);
	uint8_t *m;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	m = fd < 0 ? MAP_FAILED : mmap(NULL, ld.file[file].size, PROT_READ, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		fail("%s: %s", path, errname(errno));
	if (umount2(s->dir, MNT_DETACH))
		fail("%s: lazy umount: %s", s->dir, errname(errno));
	mount_slot(s, rnd(seed));
	if (m != MAP_FAILED) {
		check(path, "mapping of a detached mount", m, file, 0, ld.file[file].size);
		munmap(m, ld.file[file].size);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	ld.detached++;
}

static void *remounter(void *arg)
{
	uint64_t seed = 0x9e3779b97f4a7c15ULL * ((intptr_t)arg + 1);

	while (!sh->stop && fail_count() < 20) {
		struct slot *s = &sh->slot[rnd(&seed) % ld.nmounts];

		pthread_rwlock_wrlock(&s->lock);
		if (rnd(&seed) % 4 == 0) {
			detach(s, &seed);
		} else if (umount2(s->dir, 0)) {
			fail("%s: umount with no reader: %s", s->dir, errname(errno));
			umount2(s->dir, MNT_DETACH);
			mount_slot(s, rnd(&seed));
		} else {
			mount_slot(s, rnd(&seed));
		}
		pthread_rwlock_unlock(&s->lock);
		ld.remounts++;
		usleep(2000);
	}
	return NULL;
}

static void *dropper(void *arg)
{
	uint64_t s = 362436069;

	(void)arg;
	while (!sh->stop) {
		drop_caches(1 + rnd(&s) % 3);
		ld.drops++;
		usleep(50000 + rnd(&s) % 200000);
	}
	return NULL;
}

/* The sum of all counters of /proc/FILE that begin with this. */
static unsigned long counter(const char *path, const char *begin)
{
	FILE *p = fopen(path, "re");
	unsigned long sum = 0, v;
	char line[256], *sep;

	if (!p)
		die("%s: %s", path, errname(errno));
	while (fgets(line, sizeof(line), p)) {
		if (strncmp(line, begin, strlen(begin)))
			continue;
		sep = strpbrk(line, " :");
		if (sep && sscanf(sep + 1, "%lu", &v) == 1)
			sum += v;
	}
	fclose(p);
	return sum;
}

static void *eater(void *arg)
{
	const size_t step = 2 << 20, max = 4096;
	uint8_t **piece = xmalloc(max * sizeof(*piece));
	size_t n, i;

	(void)arg;
	while (!sh->stop) {
		unsigned long scanned = counter("/proc/vmstat", "pgsteal_");

		for (n = 0; n < max && !sh->stop; n++) {
			if (counter("/proc/vmstat", "pgsteal_") > scanned + 2000) {
				ld.reclaims++;
				break;
			}
			if (counter("/proc/meminfo", "MemAvailable") < 24 << 10)
				break;
			piece[n] = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (piece[n] == MAP_FAILED)
				break;
			for (i = 0; i < step; i += 4096)
				piece[n][i] = 1;
		}
		ld.eaten_mb += n * 2;
		while (n)
			munmap(piece[--n], step);
		usleep(100000);
	}
	free(piece);
	return NULL;
}

static pthread_t start(void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t t;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	err = pthread_create(&t, &attr, fn, arg);
	if (err)
		die("pthread_create: %s", errname(err));
	return t;
}

static void make_slots(void)
{
	pthread_rwlockattr_t attr;
	int i;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		die("mmap: %s", errname(errno));
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	for (i = 0; i < ld.nmounts; i++) {
		struct slot *s = &sh->slot[i];

		pthread_rwlock_init(&s->lock, &attr);
		s->nr = i;
		snprintf(s->dir, sizeof(s->dir), "%s/m%d", ld.base, i);
		if (mkdir(s->dir, 0755) && errno != EEXIST)
			die("%s: %s", s->dir, errname(errno));
		mount_slot(s, i);
	}
}

/* A process with the readers of one mount. */
static void start_readers(struct slot *s)
{
	struct reader r[MAX_READERS];
	pid_t pid;
	int i;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %s", errname(errno));
	if (pid) {
		/* The child sees this memory, too: the parent alone writes it. */
		s->pid = pid;
		return;
	}
	for (i = 0; i < ld.nreaders; i++) {
		r[i].nr = i;
		r[i].slot = s;
		r[i].thread = start(reader, &r[i]);
	}
	for (i = 0; i < ld.nreaders; i++)
		pthread_join(r[i].thread, NULL);
	exit(verdict());
}

/* Every reader has read something. An emulated processor shared by hundreds may need a while for it. */
static bool all_got_on(void)
{
	int i, j;

	for (i = 0; i < ld.nmounts; i++)
		for (j = 0; j < ld.nreaders; j++)
			if (!sh->slot[i].ops[j])
				return false;
	return true;
}

/* Returns the number of reads. */
static unsigned long end_readers(void)
{
	double end = now() + STUCK;
	unsigned long ops = 0;
	int i, j, status;

	for (i = 0; i < ld.nmounts; i++) {
		struct slot *s = &sh->slot[i];
		pid_t pid = 0;

		while (!(pid = waitpid(s->pid, &status, WNOHANG)) && now() < end)
			usleep(20000);
		if (!pid) {
			fail("a reader of %s does not end", s->dir);
			kill(s->pid, SIGKILL);
			continue;
		}
		if (pid != s->pid || status)
			fail("readers of %s: status %x", s->dir, status);
		for (j = 0; j < ld.nreaders; j++) {
			if (!s->ops[j])
				fail("reader %d of %s never got on", j, s->dir);
			ops += s->ops[j];
		}
	}
	return ops;
}

static int parse(int argc, char **argv, const char **ref, double *seconds)
{
	int a;

	for (a = 1; a + 1 < argc && argv[a][0] == '-'; a += 2) {
		if (!strcmp(argv[a], "--ref"))
			*ref = argv[a + 1];
		else if (!strcmp(argv[a], "--mounts"))
			ld.nmounts = number(argv[a + 1], argv[a]);
		else if (!strcmp(argv[a], "--readers"))
			ld.nreaders = number(argv[a + 1], argv[a]);
		else if (!strcmp(argv[a], "--seconds"))
			*seconds = number(argv[a + 1], argv[a]);
		else if (!strcmp(argv[a], "--source") && ld.nsources < 16)
			ld.source[ld.nsources++] = argv[a + 1];
		else if (!strcmp(argv[a], "--alone") && ld.nalone < 16)
			ld.alone[ld.nalone++] = argv[a + 1];
		else
			return -1;
	}
	return a;
}

/* load --ref DIR [--mounts N] [--readers N] [--seconds S] [--alone IMG]... --source IMG... TYPE BASE OPTIONS REL... */
int cmd_load(int argc, char **argv)
{
	pthread_t helper[4];
	const char *ref = NULL;
	double seconds = 10;
	unsigned long ops;
	double begun;
	int a, i;

	ld.nmounts = 64;
	ld.nreaders = 8;
	a = parse(argc, argv, &ref, &seconds);
	if (a < 0 || argc - a < 4 || !ref || !ld.nsources || ld.nmounts < 1 || ld.nmounts > MAX_MOUNTS ||
	    ld.nreaders < 1 || ld.nreaders > MAX_READERS)
		return EX_USAGE;
	ld.type = argv[a++];
	ld.base = argv[a++];
	ld.opts = argv[a++];
	for (; a < argc && ld.nfiles < MAX_FILES; a++, ld.nfiles++) {
		ld.file[ld.nfiles].rel = argv[a];
		ld.file[ld.nfiles].ref = load_file(path_join(ref, argv[a]), &ld.file[ld.nfiles].size);
	}
	make_slots();
	for (i = 0; i < ld.nmounts; i++)
		start_readers(&sh->slot[i]);
	helper[0] = start(remounter, (void *)0);
	helper[1] = start(remounter, (void *)1);
	helper[2] = start(dropper, NULL);
	helper[3] = start(eater, NULL);
	begun = now();
	while ((now() < begun + seconds || (!all_got_on() && now() < begun + STUCK)) && fail_count() < 20)
		usleep(100000);
	sh->stop = true;
	ops = end_readers();
	for (i = 0; i < 4; i++)
		pthread_join(helper[i], NULL);
	for (i = 0; i < ld.nmounts; i++)
		if (umount2(sh->slot[i].dir, 0))
			fail("%s: last umount: %s", sh->slot[i].dir, errname(errno));
	printf("reads=%lu remounts=%lu detached=%lu drops=%lu eaten=%lu MB, reclaimed in %lu rounds\n", ops, ld.remounts,
	       ld.detached, ld.drops, ld.eaten_mb, ld.reclaims);
	return verdict();
}
