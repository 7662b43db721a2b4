// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile: mounts damaged images, one after the other, beside a healthy one of the same domain, and uses them as
 * hard as a user can. Runs in the guest; see usage().
 *
 * Rules:
 *  - A number says everything about an image: which seed, what damage, how it is mounted. "write" makes that image
 *    again, on any machine.
 *  - Nobody is believed: what the healthy image holds was decoded by src/format from its bytes at the start.
 *  - Shared pages that the healthy image has filled stay as they are: they are mapped and locked, and compared after
 *    each image. Files of the healthy image that a damaged one filled first may hold its lies while both are
 *    mounted (docs/SECURITY.md, "A forged fingerprint"), but reading them never fails, and once the liar is gone
 *    and its pages are dropped the bytes are right again.
 *  - One image gets ten seconds for all of it, of the time in which this machine runs: a host that is suspended or busy
 *    elsewhere is no fault. Whoever needs more is reported with the stacks of all tasks, and the machine is stopped:
 *    there is nothing to clean up with.
 *  - Too few images for a verdict are told so: a single one, mounted again, is judged by all the others.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "content.h"
#include "mutate.h"
#include "reader.h"
#include "walk.h"

#define TYPE		"erofs-ishare"
#define LIMIT_SECONDS	10
#define TICK_US		200000		/* the watchdog's */
#define MAX_SEEDS	128
#define MAX_REGIONS	3000
#define MAX_SEED	(256 << 10)
#define MAX_INODES	80		/* looked at per image */
#define MAX_NAMES	200		/* per directory */
#define MAX_DEPTH	6
#define READ_MAX	(96 << 10)	/* bytes of a file */
#define FEW		50		/* images, with which some things cannot be told */
#define WARM		500		/* images, after which caches and quarantines are as full as they get */
/* kB that one image may take away from what is available */
#define IMAGE_KB	(64 << 10)
/*
 * kB of pages that belong to no slab, and of unreclaimable slabs, that a run may add once it is warm. Clean runs were
 * seen to change by up to 4800 (stock kernels: 450) and 800, whether of a hundred images or of thousands; one page lost
 * with each mount is 20000 in the usual run.
 */
#define PAGES_KB	(8 << 10)
#define SLAB_KB		(8 << 10)

static const char *work = "/tmp/hostile";
static unsigned long failures;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fflush(stdout);
}

static void die(const char *what)
{
	say("not ok - %s # %s\n", what, strerror(errno));
	exit(1);
}

/* ---- The image under test ------------------------------------------------------------- */

static struct {
	u64 number;
	const char *seed;
	const char *step;
} now;
static atomic_ulong under_way;		/* counts images; 0: nobody waits */

static unsigned long seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long)ts.tv_sec;
}

/* Where the time goes, for the end of the run. */
static struct {
	const char *step;
	u64 us;
} spent[32];
static u64 step_began;

static void step(const char *name)
{
	struct timespec ts;
	u64 us;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	us = (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
	for (u32 i = 0; now.step && i < 32; i++) {
		if (!spent[i].step)
			spent[i].step = now.step;
		if (spent[i].step == now.step) {
			spent[i].us += us - step_began;
			break;
		}
	}
	step_began = us;
	now.step = name;
}

static void wrong(const char *what, const char *detail)
{
	if (failures++ < 20)
		say("# image %llu (%s), %s: %s: %s\n", (unsigned long long)now.number, now.seed, now.step,
		    what, detail);
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			perror(path);
		close(fd);
	}
}

/* Counts how often it has woken up since the image began: the clock also runs while the machine stands still. */
static void *watchdog(void *unused)
{
	unsigned long image, last = 0, ticks = 0;

	(void)unused;
	for (;;) {
		usleep(TICK_US);
		image = atomic_load(&under_way);
		ticks = image && image == last ? ticks + 1 : 0;
		last = image;
		if (ticks <= LIMIT_SECONDS * 1000000UL / TICK_US)
			continue;
		say("not ok - image %llu (%s): more than %d seconds, in %s\n", (unsigned long long)now.number,
		    now.seed, LIMIT_SECONDS, now.step);
		put_file("/proc/sysrq-trigger", "w");
		put_file("/proc/sysrq-trigger", "l");
		sleep(2);
		put_file("/proc/sysrq-trigger", "c");
		ticks = 0;
	}
	return NULL;
}

/* ---- Seeds ------------------------------------------------------------------------------ */

struct file {
	u8 *data;
	size_t len;
};

static struct seed {
	char name[64];
	struct file image, device, sidecar;
	struct region *regions;
	u32 nregions;
} seeds[MAX_SEEDS];
static u32 nseeds;
static struct file healthy;

static struct file load(const char *dir, const char *name, const char *suffix)
{
	struct file f = { NULL, 0 };
	char path[4096];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return f;
	if (fstat(fd, &st) || st.st_size > MAX_SEED)
		die(path);
	f.len = (size_t)st.st_size;
	f.data = malloc(f.len);
	if (read(fd, f.data, f.len) != (ssize_t)f.len)
		die(path);
	close(fd);
	return f;
}

static int seed_order(const void *a, const void *b)
{
	return strcmp(((const struct seed *)a)->name, ((const struct seed *)b)->name);
}

static void load_seeds(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;

	if (!d)
		die(dir);
	while ((de = readdir(d)) && nseeds < MAX_SEEDS) {
		struct seed *s = &seeds[nseeds];
		char *dot = strrchr(de->d_name, '.');

		if (!dot || strcmp(dot, ".erofs") || !strncmp(de->d_name, "healthy.", 8))
			continue;
		snprintf(s->name, sizeof(s->name), "%.*s", (int)(dot - de->d_name), de->d_name);
		nseeds++;
	}
	closedir(d);
	qsort(seeds, nseeds, sizeof(*seeds), seed_order);
	for (struct seed *s = seeds; s < seeds + nseeds; s++) {
		s->image = load(dir, s->name, ".erofs");
		s->device = load(dir, s->name, ".dev");
		s->sidecar = load(dir, s->name, ".sidecar");
	}
	healthy = load(dir, "healthy", ".erofs");
	if (!nseeds || !healthy.len)
		die("no seeds");
}

static void find_regions(struct seed *s)
{
	if (s->regions)
		return;
	content_begin();
	s->regions = malloc(MAX_REGIONS * sizeof(*s->regions));
	s->nregions = mutate_regions(s->image.data, s->image.len, s->regions, MAX_REGIONS);
}

/* What a number stands for. */
struct image {
	const struct seed *seed;
	u8 data[MAX_SEED], device[MAX_SEED], sidecar[MAX_SEED];
	size_t len;
	bool loop, sharing;
	char options[400];
};

static void build(struct image *img, u64 number)
{
	static const char *const cache[] = { "", ",cache_strategy=disabled", ",cache_strategy=readahead", "" };
	struct seed *s = &seeds[number % nseeds];
	u64 state = number * 0x2545f4914f6cdd1dULL + 1, how = mutate_random(&state);
	bool sidecar = s->sidecar.len && how & 1;

	find_regions(s);
	img->seed = s;
	img->loop = !(how >> 8 & 7);
	img->sharing = how >> 12 & 7;
	snprintf(img->options, sizeof(img->options), "%s%s%s", img->sharing ? "domain_id=d" : "noinode_share",
		 how >> 16 & 3 ? "" : ",nodirectio", cache[how >> 20 & 3]);
	memcpy(img->data, s->image.data, s->image.len);
	memcpy(img->device, s->device.data ? s->device.data : (u8 *)"", s->device.len);
	memcpy(img->sidecar, s->sidecar.data ? s->sidecar.data : (u8 *)"", s->sidecar.len);
	img->len = s->image.len;
	if (sidecar)
		mutate_sidecar(img->sidecar, s->sidecar.len, &state);
	if (!sidecar || how & 2)
		img->len = mutate_image(img->data, img->len, s->regions, s->nregions, &state);
}

/* ---- Files of the guest --------------------------------------------------------------------- */

static char *at(const char *name)
{
	static char paths[4][512];
	static unsigned int n;
	char *p = paths[n++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", work, name);
	return p;
}

static void store(const char *name, const void *data, size_t len)
{
	const char *path = at(name);
	int fd;

	/* A new file: no page of the one before is left. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		die(path);
	close(fd);
}

static int loop_fd = -1;
static char loop_path[64];

static const char *loop_attach(const char *file)
{
	struct loop_config cfg = { .block_size = 512, .info.lo_flags = LO_FLAGS_READ_ONLY };
	int ctl, back, nr;

	if (!loop_path[0]) {
		ctl = open("/dev/loop-control", O_RDWR);
		nr = ctl < 0 ? -1 : ioctl(ctl, LOOP_CTL_GET_FREE);
		if (nr < 0)
			die("/dev/loop-control");
		close(ctl);
		snprintf(loop_path, sizeof(loop_path), "/dev/loop%d", nr);
	}
	loop_fd = open(loop_path, O_RDONLY);
	back = open(file, O_RDONLY);
	cfg.fd = back;
	/* Udev or a late closing may hold it for a moment. */
	for (int i = 0; ioctl(loop_fd, LOOP_CONFIGURE, &cfg); i++) {
		if (errno != EBUSY || i == 50)
			die("LOOP_CONFIGURE");
		usleep(20000);
	}
	close(back);
	return loop_path;
}

/* ---- Using an image as hard as one can -------------------------------------------------------- */

static struct {
	unsigned long mounted, sharing, refused, inodes, thorough, errors[256];
	unsigned long inodes_left;
	u64 choice;
} count;

static void note_error(const char *what, int err)
{
	count.errors[err & 255]++;
	/* What no damage explains. */
	if (err == ENOMEM || err == EFAULT || err == EINTR || err == ETIMEDOUT || err == EAGAIN || err == EBUSY)
		wrong(what, strerror(err));
}

static sigjmp_buf bus;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus, 1);
}

static void touch_mapping(int fd, u64 size)
{
	size_t len = size > READ_MAX ? READ_MAX : (size_t)size;
	volatile u8 *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	volatile unsigned int sum = 0;

	if (p == MAP_FAILED) {
		note_error("mmap", errno);
		return;
	}
	for (volatile size_t i = 0; i < len; i += 4096) {
		if (sigsetjmp(bus, 1))
			continue;
		sum += p[i];
		/* Behind the end there is nothing but zeros. */
		if (size <= len && size - i < 4096) {
			for (size_t k = (size_t)size; k & 4095; k++) {
				if (p[k])
					wrong("a mapping's bytes behind the end", "not zero");
			}
		}
	}
	munmap((void *)p, len);
}

/*
 * Memory that nobody has written. A debug kernel fills free pages with PAGE_POISON (page_poison=1), objects of
 * kmalloc() with SLAB_POISON (slub_debug=P) and variables on the stack with STACK_POISON (INIT_STACK_ALL_PATTERN,
 * by GCC); other kernels give zeros, or what was there. No seed has two of them in a row, but in what a damaged
 * stream decodes to anything can be repeated: hence SHORT_RUN for what metadata say, LONG_RUN for content.
 */
#define PAGE_POISON	0xaa
#define SLAB_POISON	0x6b
#define STACK_POISON	0xfe
#define SHORT_RUN	4
#define LONG_RUN	64

static void must_be_written(const char *what, const u8 *buf, size_t len, u8 poison, size_t run)
{
	/* No run of that length lies between two places looked at. */
	for (size_t i = run - 1; i < len; i += run) {
		size_t begin = i, end = i;

		while (end < len && buf[end] == poison)
			end++;
		while (end > i && begin && buf[begin - 1] == poison)
			begin--;
		if (end - begin >= run) {
			char detail[120];

			snprintf(detail, sizeof(detail), "at %zu of %zu: %zu times %#x, which nobody wrote", begin,
				 len, end - begin, poison);
			wrong(what, detail);
			return;
		}
	}
}

/*
 * Calls that hand out bytes made of metadata. They get more room than any slab has, so that the kernel's own buffer, where
 * it has one, is made of whole pages, which are poisoned each time. (Not that for values of xattrs, which the kernel
 * clears: what a driver leaves out of a value comes out as zeros.)
 */
#define ANSWER_MAX	(12 << 10)
typedef ssize_t answer_fn(const char *path, const char *name, void *buf, size_t size);

static void must_be_untouched(const char *what, const u8 *buf, size_t from, u8 fill)
{
	for (size_t i = from; i < ANSWER_MAX; i++) {
		if (buf[i] != fill) {
			wrong(what, "it wrote behind the end of what it returned");
			return;
		}
	}
}

/*
 * Asks twice, with room that holds other bytes before, and the second time with no more of it than the answer takes: the
 * answers are the same and as long as the call says, no byte of them was there before or in memory that nobody wrote,
 * and nothing behind them has changed. A failure writes nothing.
 * Returns what the first call did, with errno; @buf has a 0 behind it.
 */
static ssize_t ask(const char *what, answer_fn *get, const char *path, const char *name, char buf[ANSWER_MAX + 1])
{
	static u8 again[ANSWER_MAX];
	u8 *first = (u8 *)buf;
	ssize_t n, m;
	size_t len;
	int err;

	memset(first, 0x11, ANSWER_MAX);
	buf[ANSWER_MAX] = 0;
	n = get(path, name, first, ANSWER_MAX);
	err = errno;
	len = n > 0 ? (size_t)n : 0;
	must_be_untouched(what, first, len, 0x11);
	if (n > 0) {
		memset(again, 0x22, ANSWER_MAX);
		m = get(path, name, again, len);
		if (m != n)
			wrong(what, m < 0 ? strerror(errno) : "another length when asked again");
		else if (memcmp(first, again, len))
			wrong(what, "other bytes when asked again, or not all of them written");
		else
			must_be_untouched(what, again, len, 0x22);
		must_be_written(what, first, len, PAGE_POISON, SHORT_RUN);
		must_be_written(what, first, len, SLAB_POISON, SHORT_RUN);
		must_be_written(what, first, len, STACK_POISON, SHORT_RUN);
	}
	errno = err;
	return n;
}

static ssize_t names_of(const char *path, const char *unused, void *buf, size_t size)
{
	(void)unused;
	return llistxattr(path, buf, size);
}

static ssize_t target_of(const char *path, const char *unused, void *buf, size_t size)
{
	(void)unused;
	return readlink(path, buf, size);
}

/* The first entries of a directory. What lies between a name's end and the next entry is nobody's: zeros, here. */
static ssize_t entries_of(const char *path, const char *unused, void *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY), err;
	const size_t head = offsetof(struct dirent64, d_name);
	ssize_t n = fd < 0 ? -1 : syscall(SYS_getdents64, fd, buf, size);

	(void)unused;
	err = errno;
	for (ssize_t at = 0; at < n;) {
		struct dirent64 *de = (struct dirent64 *)((char *)buf + at);
		size_t room = de->d_reclen - head, len;

		if (de->d_reclen <= head || at + de->d_reclen > n) {
			wrong("getdents", "an entry of an impossible length");
			break;
		}
		len = strnlen(de->d_name, room);
		if (!len || len == room)
			wrong("getdents", "a name that is empty or does not end");
		memset(de->d_name + len, 0, room - len);
		at += de->d_reclen;
	}
	if (fd >= 0)
		close(fd);
	errno = err;
	return n;
}

static void read_file(int fd, u64 size)
{
	static u8 buf[16 << 10];
	const u64 places[] = { size / 2, size - (size > 100 ? 100 : size), 1ULL << 32, 1ULL << 62 };
	u64 pos = 0;
	ssize_t n;

	while (pos < READ_MAX) {
		n = pread(fd, buf, sizeof(buf), (off_t)pos);
		if (n < 0)
			note_error("read", errno);
		if (!n)
			break;
		if (n > 0)
			must_be_written("read", buf, (size_t)n, PAGE_POISON, LONG_RUN);
		pos += sizeof(buf);
	}
	for (u32 i = 0; i < 4; i++) {
		if (places[i] >= size)
			continue;
		n = pread(fd, buf, 5000, (off_t)places[i]);
		if (n < 0)
			note_error("read", errno);
		else
			must_be_written("read", buf, (size_t)n, PAGE_POISON, LONG_RUN);
	}
}

static void read_map(int fd)
{
	static union {
		struct fiemap fm;
		u8 room[sizeof(struct fiemap) + 40 * sizeof(struct fiemap_extent)];
	} f;

	memset(&f.fm, 0, sizeof(f.fm));
	f.fm.fm_length = FIEMAP_MAX_OFFSET;
	f.fm.fm_extent_count = 40;
	if (ioctl(fd, FS_IOC_FIEMAP, &f.fm) && errno != EOPNOTSUPP)
		note_error("fiemap", errno);
	lseek(fd, 1, SEEK_HOLE);
	lseek(fd, 1, SEEK_DATA);
}

static void use_direct(const char *path)
{
	static u8 buf[8192] __attribute__((aligned(4096)));
	int fd = open(path, O_RDONLY | O_DIRECT | O_NOATIME);
	ssize_t n;

	if (fd < 0)
		return;
	n = pread(fd, buf, sizeof(buf), 0);
	if (n < 0 && errno != EINVAL)
		note_error("direct read", errno);
	if (n > 0)
		must_be_written("direct read", buf, (size_t)n, PAGE_POISON, LONG_RUN);
	close(fd);
}

static void use_file(const char *path, const struct stat *st)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		note_error("open", errno);
		return;
	}
	step("read");
	read_file(fd, (u64)st->st_size);
	step("mmap");
	if (st->st_size)
		touch_mapping(fd, (u64)st->st_size);
	step("map");
	read_map(fd);
	close(fd);
	step("direct read");
	use_direct(path);
}

static void use_xattrs(const char *path)
{
	static char names[ANSWER_MAX + 1], value[ANSWER_MAX + 1];
	ssize_t n = ask("listxattr", names_of, path, NULL, names);

	if (n < 0 && errno != ERANGE && errno != E2BIG)
		note_error("listxattr", errno);
	if (n > 0 && names[n - 1])
		wrong("listxattr", "the last name does not end");
	for (char *p = names; n > 0 && p < names + n; p += strlen(p) + 1) {
		if (ask("getxattr", lgetxattr, path, p, value) < 0 && errno != ERANGE && errno != ENODATA &&
		    errno != E2BIG)
			note_error("getxattr", errno);
	}
	lgetxattr(path, "user.not-there", value, sizeof(value));
}

static void use_dir(const char *path, int depth);

static void use(const char *path, int depth)
{
	static char target[ANSWER_MAX + 1];
	struct stat st;

	if (!count.inodes_left)
		return;
	count.inodes_left--;
	count.inodes++;
	step("stat");
	if (lstat(path, &st)) {
		note_error("stat", errno);
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		step("xattr");
		use_xattrs(path);
		use_dir(path, depth);
		return;
	}
	/* Of every image other files, and fewer of the empty ones. */
	if (mutate_random(&count.choice) % 8 > (st.st_size > 10 ? 3 : 0))
		return;
	count.thorough++;
	step("xattr");
	use_xattrs(path);
	step("use");
	if (S_ISREG(st.st_mode))
		use_file(path, &st);
	else if (S_ISLNK(st.st_mode) && ask("readlink", target_of, path, NULL, target) < 0)
		note_error("readlink", errno);
}

static void use_dir(const char *path, int depth)
{
	static char entries[ANSWER_MAX + 1];
	DIR *d = opendir(path);
	char sub[4096];
	struct dirent *de;
	int names = 0;

	if (!d) {
		note_error("opendir", errno);
		return;
	}
	if (depth == MAX_DEPTH) {
		closedir(d);
		return;
	}
	step("getdents");
	if (ask("getdents", entries_of, path, NULL, entries) < 0)
		note_error("getdents", errno);
	for (;;) {
		step("readdir");
		errno = 0;
		de = readdir(d);
		if (!de || names++ == MAX_NAMES)
			break;
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		/* One third of what lies deeper is left out, other names of every image. */
		if (depth && !(mutate_random(&count.choice) % 3))
			continue;
		if (snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name) < (int)sizeof(sub))
			use(sub, depth + 1);
	}
	if (!de && errno)
		note_error("readdir", errno);
	closedir(d);
	snprintf(sub, sizeof(sub), "%s/%s", path, "no such name");
	step("lookup");
	if (!access(sub, F_OK))
		wrong("a name that is not there", sub);
}

/* ---- The healthy neighbour ---------------------------------------------------------------------- */

/* Files of the healthy image: shared with the seeds and locked in memory; shared and cold; its own. */
static struct neighbour {
	const char *name;
	enum { HOT, COLD, OWN } kind;
	int fd;
	u8 *want;
	size_t len;
	const u8 *map;
} files[] = {
	{ "big", HOT, -1, NULL, 0, NULL }, { "mid", HOT, -1, NULL, 0, NULL },
	{ "noise", HOT, -1, NULL, 0, NULL }, { "small", HOT, -1, NULL, 0, NULL },
	{ "d/tail", HOT, -1, NULL, 0, NULL },
	{ "again", COLD, -1, NULL, 0, NULL }, { "runs", COLD, -1, NULL, 0, NULL },
	{ "sparse", COLD, -1, NULL, 0, NULL },
	{ "own/1", OWN, -1, NULL, 0, NULL }, { "own/2", OWN, -1, NULL, 0, NULL },
	{ "own/3", OWN, -1, NULL, 0, NULL },
};
#define for_each_file(f) for (struct neighbour *f = files; f < files + sizeof(files) / sizeof(*files); f++)

/* The file's bytes by src/format alone. */
static void decode_neighbour(struct neighbour *f)
{
	struct walk w = { 0 };
	struct erofs_inode inode;
	const char *p = f->name;
	struct reader r;
	u64 nid;
	u8 type;

	content_begin();
	reader_init(&r, READER_EXACT, healthy.data, healthy.len);
	walk_image(&w, &r);
	nid = w.sb.root_nid;
	for (;;) {
		size_t n = strcspn(p, "/");

		if (erofs_inode_read(&r.src, &w.sb, nid, &inode, NULL))
			die(f->name);
		r.inodes[EROFS_CONTENT] = &inode;
		if (erofs_dir_lookup(&r.src, &w.sb, &inode, p, n, &nid, &type, NULL))
			die(f->name);
		if (!p[n])
			break;
		p += n + 1;
	}
	if (erofs_inode_read(&r.src, &w.sb, nid, &inode, NULL))
		die(f->name);
	f->len = (size_t)inode.size;
	f->want = malloc(f->len);
	if (reader_file(&r, &inode, 0, f->want, f->len, NULL))
		die(f->name);
	walk_free(&w);
}

static void same_bytes(struct neighbour *f, bool compare, const char *what)
{
	static u8 buf[64 << 10];
	ssize_t n = pread(f->fd, buf, sizeof(buf), 0);

	if (n < 0)
		wrong(what, strerror(errno));
	else if ((size_t)n != f->len)
		wrong(what, "short");
	else if (compare && memcmp(buf, f->want, f->len))
		wrong(what, f->name);
}

static void forget(struct neighbour *f) { posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED); }

static void neighbour_begin(void)
{
	char path[600];

	store("healthy", healthy.data, healthy.len);
	mkdir(at("h"), 0700);
	if (mount(at("healthy"), at("h"), TYPE, MS_RDONLY, "domain_id=d"))
		die("the healthy image cannot be mounted");
	for_each_file(f) {
		decode_neighbour(f);
		snprintf(path, sizeof(path), "%s/h/%s", work, f->name);
		f->fd = open(path, O_RDONLY);
		if (f->fd < 0)
			die(path);
		same_bytes(f, true, "before anything happened");
		if (f->kind != HOT)
			continue;
		f->map = mmap(NULL, f->len, PROT_READ, MAP_SHARED, f->fd, 0);
		if (f->map == MAP_FAILED || mlock(f->map, f->len))
			die("mlock");
	}
}

static void neighbour_while_mounted(void)
{
	step("reading the neighbour's files");
	for_each_file(f) {
		if (f->kind == COLD)
			same_bytes(f, false, "a neighbour's file that the damaged image filled first");
		else
			same_bytes(f, true, "a neighbour's file while the damaged image is there");
		if (f->map && memcmp(f->map, f->want, f->len))
			wrong("a neighbour's mapping has changed", f->name);
	}
}

static void neighbour_after(bool thoroughly)
{
	step("reading the neighbour's files afterwards");
	if (thoroughly)
		put_file("/proc/sys/vm/drop_caches", "3");
	for_each_file(f) {
		if (f->kind == COLD)
			forget(f);
		if (f->kind == COLD || thoroughly)
			same_bytes(f, true, "a neighbour's file, the damaged image being gone");
		if (f->kind == COLD)
			forget(f);
	}
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static long meminfo(const char *key)
{
	static int fd = -1;
	static char buf[4096];
	const char *p;
	ssize_t n;

	if (fd < 0)
		fd = open("/proc/meminfo", O_RDONLY);
	n = pread(fd, buf, sizeof(buf) - 1, 0);
	buf[n > 0 ? n : 0] = 0;
	p = strstr(buf, key);
	return p ? atol(p + strlen(key)) : 0;
}

/* What cannot be given back, in kB: slabs, and everything else, be it a page that belongs to nobody any more. */
struct usage {
	unsigned long images;
	long pages, slab;
};

static struct {
	long image_max;			/* kB less available with an image mounted */
	struct usage first, last;
} memory;

static struct usage memory_in_use(unsigned long images)
{
	/* Twice: what the first time lets go of may wait for RCU and workers. */
	for (int i = 0; i < 2; i++) {
		put_file("/proc/sys/vm/drop_caches", "3");
		put_file("/proc/sys/vm/compact_memory", "1");
		usleep(200000);
	}
	return (struct usage){ images, meminfo("MemTotal:") - meminfo("MemFree:") - meminfo("Slab:"),
			       meminfo("SUnreclaim:") };
}

/* ---- One image ----------------------------------------------------------------------------------- */

static void one(struct image *img, u64 number, bool thoroughly)
{
	const char *source;
	char file[600], options[512];
	long before, used;
	int n;

	build(img, number);
	now.number = number;
	now.seed = img->seed->name;
	step("writing");
	store("img", img->data, img->len);
	n = snprintf(options, sizeof(options), "%s", img->options);
	if (img->seed->device.len) {
		store("dev", img->device, img->seed->device.len);
		n += snprintf(options + n, sizeof(options) - (size_t)n, ",device=%s", at("dev"));
	}
	if (img->seed->sidecar.len) {
		store("sidecar", img->sidecar, img->seed->sidecar.len);
		snprintf(options + n, sizeof(options) - (size_t)n, ",sidecar=%s", at("sidecar"));
	}
	snprintf(file, sizeof(file), "%s/img", work);
	source = file;
	before = meminfo("MemAvailable:");
	atomic_store(&under_way, count.mounted + count.refused + 1);
	step("mount");
	/* Extra devices are block devices beside a block device. */
	if (img->loop && !img->seed->device.len)
		source = loop_attach(file);
	if (mount(source, at("m"), TYPE, MS_RDONLY, options)) {
		count.refused++;
		note_error("mount", errno);
	} else {
		struct statfs sf;

		count.mounted++;
		count.sharing += img->sharing;
		count.inodes_left = MAX_INODES;
		count.choice = number;
		step("statfs");
		statfs(at("m"), &sf);
		use(at("m"), 0);
		neighbour_while_mounted();
		used = before - meminfo("MemAvailable:");
		if (used > memory.image_max)
			memory.image_max = used;
		if (used > IMAGE_KB)
			wrong("memory", "more than it may take");
		step("umount");
		if (umount2(at("m"), 0)) {
			wrong("umount", strerror(errno));
			umount2(at("m"), MNT_DETACH);
		}
	}
	neighbour_after(thoroughly);
	if (source == loop_path) {
		if (ioctl(loop_fd, LOOP_CLR_FD))
			die("LOOP_CLR_FD");
		/* It is let go of with the last one who has it open. */
		close(loop_fd);
	}
	atomic_store(&under_way, 0);
	unlink(at("img"));
	unlink(at("dev"));
	unlink(at("sidecar"));
}

static void summary(u64 from, u64 done, unsigned long began)
{
	struct usage u = memory_in_use((unsigned long)done);

	say("# images %llu..%llu: %lu mounted, %lu of them with sharing, %lu refused, %lu inodes, %lu of them used thoroughly, %lu s; at most %ld kB for one; in use: %ld kB, slabs %ld kB\n",
	    (unsigned long long)from, (unsigned long long)(from + done - 1), count.mounted, count.sharing,
	    count.refused, count.inodes, count.thorough, seconds() - began, memory.image_max, u.pages, u.slab);
	memory.last = u;
}

static void verdict(const char *name, bool good)
{
	say("%s - %s\n", good ? "ok" : "not ok", name);
	failures += !good;
}

/* A verdict that takes more images than these. */
static bool too_few(const char *name, u64 total)
{
	if (total < FEW)
		say("ok - %s # SKIP fewer than %d images\n", name, FEW);
	return total < FEW;
}

static void verdict_on_mounting(u64 total)
{
	const char *name = "some images mount, some are refused";

	if (!too_few(name, total))
		verdict(name, count.mounted > total / 4 && count.refused);
}

static void verdict_on_memory(u64 total)
{
	const char *name = "memory is bounded";
	long pages = memory.last.pages - memory.first.pages, slab = memory.last.slab - memory.first.slab;
	long slab_max = SLAB_KB;

	if (too_few(name, total))
		return;
	/* KASAN's quarantine may still be filling, up to this part of the memory. */
	if (memory.first.images < WARM)
		slab_max += meminfo("MemTotal:") / 32;
	say("# images %lu to %lu added %+ld kB of pages (limit %d), %+ld kB of slabs (limit %ld)\n", memory.first.images,
	    memory.last.images, pages, PAGES_KB, slab, slab_max);
	verdict(name, pages <= PAGES_KB && slab <= slab_max);
}

static int run(u64 from, u64 total)
{
	static struct image img;
	struct sigaction sa = { .sa_handler = on_bus };
	unsigned long began = seconds();
	u64 i, warm = total / 2 < WARM ? total / 2 : WARM;
	pthread_t thread;
	char name[120];

	sigaction(SIGBUS, &sa, NULL);
	mkdir(work, 0700);
	mkdir(at("m"), 0700);
	neighbour_begin();
	if (pthread_create(&thread, NULL, watchdog, NULL))
		die("pthread_create");
	for (i = 0; i < total; i++) {
		if (i == warm)
			memory.first = memory_in_use((unsigned long)i);
		one(&img, from + i, i % 100 == 99 || i == total - 1);
		if (i % 500 == 499 && i != total - 1)
			summary(from, i + 1, began);
	}
	summary(from, total, began);
	for (u32 e = 0; e < 256; e++) {
		if (count.errors[e])
			say("#   %lu x %s\n", count.errors[e], strerror((int)e));
	}
	for (u32 i = 0; i < 32 && spent[i].step; i++)
		say("#   %llu ms: %s\n", (unsigned long long)spent[i].us / 1000, spent[i].step);
	snprintf(name, sizeof(name), "no image broke anything: errors, the neighbour's bytes, unmounting; %lu mounted with sharing",
		 count.sharing);
	verdict(name, !failures);
	verdict_on_mounting(total);
	verdict_on_memory(total);
	for_each_file(f) {
		if (f->map)
			munmap((void *)f->map, f->len);
		close(f->fd);
	}
	verdict("the healthy image can be unmounted", !umount2(at("h"), 0));
	return failures ? 1 : 0;
}

static int write_out(u64 number, const char *out)
{
	static struct image img;

	work = out;
	mkdir(out, 0755);
	build(&img, number);
	store("img", img.data, img.len);
	if (img.seed->device.len)
		store("dev", img.device, img.seed->device.len);
	if (img.seed->sidecar.len)
		store("sidecar", img.sidecar, img.seed->sidecar.len);
	printf("seed %s, %s, -o %s\n", img.seed->name, img.loop ? "block device" : "file", img.options);
	for (size_t i = 0, shown = 0; i < img.len && shown < 100; i++) {
		if (img.data[i] != img.seed->image.data[i]) {
			printf("  %zu: %02x -> %02x\n", i, img.seed->image.data[i], img.data[i]);
			shown++;
		}
	}
	printf("  %zu bytes, the seed has %zu\n", img.len, img.seed->image.len);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: hostile SEEDS run FROM COUNT    mount COUNT images, from number FROM on\n"
			"       hostile SEEDS write NUMBER DIR  write that image (img, dev, sidecar) and say what it is\n"
			"       hostile SEEDS list              the seeds and their regions\n");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return usage();
	load_seeds(argv[1]);
	if (argc == 5 && !strcmp(argv[2], "run"))
		return run(strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
	if (argc == 5 && !strcmp(argv[2], "write"))
		return write_out(strtoull(argv[3], NULL, 0), argv[4]);
	if (argc != 3 || strcmp(argv[2], "list"))
		return usage();
	for (struct seed *s = seeds; s < seeds + nseeds; s++) {
		find_regions(s);
		printf("%-12s %6zu bytes, %u regions\n", s->name, s->image.len, s->nregions);
	}
	return 0;
}
