// SPDX-License-Identifier: GPL-2.0-only
/*
 * isolate: readers of one file's content through several mounts, some of which fail.
 *
 * Rules: a healthy reader never sees an error or a wrong byte; a sick one may see EIO (or SIGBUS), and
 * never a wrong byte; every order of arrival is tried, with cold caches and warm ones. If the sick ones
 * never fail, nothing was proved, and the command fails.
 */
#include "eistool.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_READERS	64
#define MIN_ROUNDS	6

enum { TOGETHER, HEALTHY_FIRST, SICK_FIRST, ORDERS };

static struct {
	uint8_t *ref;
	size_t size;
	int order, evict;
	bool stop;
	pthread_barrier_t start, end;
} run;

struct reader {
	pthread_t thread;
	const char *path;
	bool sick;
	int fd;				/* open since before the failure */
	uint64_t seed;
	unsigned long good, bad;
};

static __thread sigjmp_buf bus;
static __thread volatile bool in_map;

static void on_bus(int sig)
{
	signal(sig, on_bus);
	if (!in_map)
		abort();
	siglongjmp(bus, 1);
}

/* Returns 0, or the errno of what failed; wrong bytes are a failure for everybody. */
static int check(const struct reader *r, const char *how, ssize_t n, const uint8_t *got, size_t off, size_t len)
{
	size_t i;

	if (n < 0)
		return errno;
	if ((size_t)n != len) {
		/* what precedes the error is given out, as POSIX has it */
		if (!r->sick)
			fail("%s: %s at %zu: %zd of %zu bytes", r->path, how, off, n, len);
	}
	if (!memcmp(got, run.ref + off, n))
		return (size_t)n == len ? 0 : EIO;
	for (i = 0; got[i] == run.ref[off + i]; i++)
		;
	fail("%s: %s: byte %zu is %02x, should be %02x", r->path, how, off + i, got[i], run.ref[off + i]);
	return 0;
}

static int by_read(struct reader *r, int fd)
{
	uint8_t *buf = xmalloc(run.size);
	size_t off = 0;
	int err = 0;

	while (off < run.size && !err) {
		size_t len = run.size - off < 60000 ? run.size - off : 60000;

		err = check(r, "read", pread(fd, buf, len, off), buf, off, len);
		off += len;
	}
	free(buf);
	return err;
}

static int by_pieces(struct reader *r, int fd)
{
	uint8_t buf[5000];
	int i, err = 0;

	for (i = 0; i < 20 && !err; i++) {
		size_t off = rnd(&r->seed) % run.size;
		size_t len = run.size - off < sizeof(buf) ? run.size - off : sizeof(buf);

		err = check(r, "pieces", pread(fd, buf, len, off), buf, off, len);
	}
	return err;
}

static int by_map(struct reader *r, int fd)
{
	uint8_t *map = mmap(NULL, run.size, PROT_READ, MAP_SHARED, fd, 0);
	int err;

	if (map == MAP_FAILED)
		return errno;
	if (sigsetjmp(bus, 1)) {
		in_map = false;
		munmap(map, run.size);
		return EIO;
	}
	in_map = true;
	err = check(r, "mmap", run.size, map, 0, run.size);
	in_map = false;
	munmap(map, run.size);
	return err;
}

static int by_readahead(struct reader *r, int fd)
{
	readahead(fd, 0, run.size);
	return by_pieces(r, fd);
}

static int read_once(struct reader *r)
{
	static int (*const how[])(struct reader *r, int fd) = { by_read, by_pieces, by_map, by_readahead };
	/* Half of the rounds by a new open, which may itself fail on a sick mount. */
	bool reopen = rnd(&r->seed) % 2;
	int fd = reopen ? open(r->path, O_RDONLY | O_CLOEXEC) : r->fd, err;

	if (fd < 0)
		return errno;
	err = how[rnd(&r->seed) % ARRAY_SIZE(how)](r, fd);
	if (reopen)
		close(fd);
	return err;
}

static void *reader(void *arg)
{
	struct reader *r = arg;
	int err;

	for (;;) {
		pthread_barrier_wait(&run.start);
		if (run.stop)
			return NULL;
		if ((run.order == HEALTHY_FIRST && r->sick) || (run.order == SICK_FIRST && !r->sick))
			usleep(30000);
		err = read_once(r);
		if (!err)
			r->good++;
		else
			r->bad++;
		if (err && !r->sick)
			fail("%s: %s through a healthy mount, order %d", r->path, errname(err), run.order);
		else if (err && err != EIO)
			fail("%s: %s, a failing mount should give EIO", r->path, errname(err));
		pthread_barrier_wait(&run.end);
	}
}

static void start_reader(struct reader *r, const char *path, bool sick, int nr)
{
	r->path = path;
	r->sick = sick;
	r->seed = 88172645463325252ULL + 7919 * nr;
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		die("%s: %s", path, errname(errno));
	if (pthread_create(&r->thread, NULL, reader, r))
		die("no thread");
}

/* isolate --ref FILE [--seconds S] [--break COMMAND] [--never-fails] --healthy FILE... --sick FILE... */
int cmd_isolate(int argc, char **argv)
{
	static struct reader readers[MAX_READERS];
	const char *breaker = NULL;
	bool sick = false, never = false;
	unsigned long rounds, good = 0, bad = 0, errors = 0;
	double seconds = 4, end;
	char *path[MAX_READERS];
	bool is_sick[MAX_READERS];
	int a, i, n = 0;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "--ref") && a + 1 < argc)
			run.ref = load_file(argv[++a], &run.size);
		else if (!strcmp(argv[a], "--seconds") && a + 1 < argc)
			seconds = number(argv[++a], "--seconds");
		else if (!strcmp(argv[a], "--break") && a + 1 < argc)
			breaker = argv[++a];
		else if (!strcmp(argv[a], "--never-fails"))
			never = true;
		else if (!strcmp(argv[a], "--healthy"))
			sick = false;
		else if (!strcmp(argv[a], "--sick"))
			sick = true;
		else if (argv[a][0] == '-' || n + 2 > MAX_READERS)
			return EX_USAGE;
		else
			/* two readers of each */
			for (i = 0; i < 2; i++, n++) {
				path[n] = argv[a];
				is_sick[n] = sick;
			}
	}
	if (!run.ref || !run.size || !n)
		return EX_USAGE;
	signal(SIGBUS, on_bus);
	pthread_barrier_init(&run.start, NULL, n + 1);
	pthread_barrier_init(&run.end, NULL, n + 1);
	for (i = 0; i < n; i++)
		start_reader(&readers[i], path[i], is_sick[i], i);
	if (breaker && system(breaker))
		die("'%s' failed", breaker);
	end = now() + seconds;
	for (rounds = 0; (now() < end || rounds < MIN_ROUNDS) && fail_count() < 20; rounds++) {
		/* pages; inodes and names too; nothing */
		run.evict = rounds % 4;
		if (run.evict)
			drop_caches(run.evict == 3 ? 3 : 1);
		run.order = rounds % ORDERS;
		pthread_barrier_wait(&run.start);
		pthread_barrier_wait(&run.end);
	}
	run.stop = true;
	pthread_barrier_wait(&run.start);
	for (i = 0; i < n; i++) {
		pthread_join(readers[i].thread, NULL);
		if (readers[i].sick)
			errors += readers[i].bad;
		else
			bad += readers[i].bad, good += readers[i].good;
	}
	if (never && errors)
		fail("%lu reads fail", errors);
	if (!never && !errors)
		fail("no read fails in %lu rounds: nothing was proved", rounds);
	printf("rounds=%lu healthy reads=%lu errors=%lu; errors of failing mounts=%lu\n", rounds, good, bad, errors);
	return verdict();
}
