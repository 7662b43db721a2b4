// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page cache by its physical page frames: pfn, resident, unique.
 *
 * Sharing is proved by equal frame numbers (/proc/self/pagemap), never by free memory.
 */
#include "eistool.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif

static void on_bus(int sig)
{
	static const char msg[] = "FAIL SIGBUS: a page could not be read\n";

	(void)sig;
	if (write(1, msg, sizeof(msg) - 1) < 0)
		abort();
	_exit(EX_FAIL);
}

uint64_t *pfn_of_map(const void *map, size_t npages, bool touch)
{
	uint64_t *v = xmalloc(npages * sizeof(*v));
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	volatile const uint8_t *p = map;
	volatile uint8_t sink;
	size_t i;

	if (fd < 0)
		die("/proc/self/pagemap: %s", errname(errno));
	if (touch)
		for (i = 0; i < npages; i++)
			sink = p[i * 4096];
	(void)sink;
	if (pread_full(fd, v, npages * 8, (uintptr_t)map / 4096 * 8) != (ssize_t)(npages * 8))
		die("/proc/self/pagemap: short read");
	close(fd);
	for (i = 0; i < npages; i++) {
		if (!(v[i] >> 63))
			v[i] = PFN_ABSENT;
		else
			v[i] &= (1ULL << 55) - 1;
		if (!v[i])
			die("/proc/self/pagemap hides frame numbers: needs CAP_SYS_ADMIN");
	}
	return v;
}

size_t resident_pages(int fd, size_t size)
{
	size_t n = (size + 4095) / 4096, i, count = 0;
	uint8_t *vec;
	void *map;

	if (!n)
		return 0;
	map = mmap(NULL, n * 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap: %s", errname(errno));
	vec = xmalloc(n);
	if (mincore(map, n * 4096, vec))
		die("mincore: %s", errname(errno));
	for (i = 0; i < n; i++)
		count += vec[i] & 1;
	munmap(map, n * 4096);
	free(vec);
	return count;
}

static void *map_file(const char *path, size_t *npages)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, errname(errno));
	*npages = (st.st_size + 4095) / 4096;
	if (!*npages)
		die("%s: is empty", path);
	map = mmap(NULL, *npages * 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("%s: mmap: %s", path, errname(errno));
	close(fd);
	return map;
}

static int compare(const char *a, const char *b)
{
	size_t na, nb, i, shared = 0, different = 0, absent = 0;
	void *ma = map_file(a, &na), *mb = map_file(b, &nb);
	uint64_t *pa, *pb;
	int try;

	/*
	 * Between the two looks memory pressure can take a page, and khugepaged can move one into a
	 * huge page: look again, a few times, until the answer is all one thing.
	 */
	for (try = 0; try < 5; try++) {
		shared = different = absent = 0;
		free(pfn_of_map(ma, na, true));
		pb = pfn_of_map(mb, nb, true);
		pa = pfn_of_map(ma, na, true);
		for (i = 0; i < na || i < nb; i++) {
			uint64_t x = i < na ? pa[i] : PFN_ABSENT, y = i < nb ? pb[i] : PFN_ABSENT;

			if (x == PFN_ABSENT || y == PFN_ABSENT)
				absent++;
			else if (x == y)
				shared++;
			else
				different++;
		}
		free(pa);
		free(pb);
		if (na != nb || (!absent && (!shared || !different)))
			break;
	}
	printf("shared=%zu different=%zu absent=%zu\n", shared, different, absent);
	return shared && !different && !absent ? EX_OK : EX_FAIL;
}

/* pfn FILE [OFFSET COUNT] | pfn --compare A B: the latter succeeds if every page is shared. */
int cmd_pfn(int argc, char **argv)
{
	size_t n, i, first = 0, count = SIZE_MAX;
	uint64_t *v;
	char *map;

	signal(SIGBUS, on_bus);
	if (argc == 4 && !strcmp(argv[1], "--compare"))
		return compare(argv[2], argv[3]);
	if (argc != 2 && argc != 4)
		return EX_USAGE;
	if (argc == 4) {
		first = number(argv[2], "offset");
		count = number(argv[3], "count");
	}
	map = map_file(argv[1], &n);
	if (first >= n)
		die("%s: has only %zu pages", argv[1], n);
	if (count > n - first)
		count = n - first;
	v = pfn_of_map(map + first * 4096, count, true);
	for (i = 0; i < count; i++)
		printf("%zu %llx\n", first + i, (unsigned long long)v[i]);
	return EX_OK;
}

struct cachestat {
	uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

/* resident FILE...: "FILE pages=P mincore=M cachestat=C" (C is "-" before Linux 6.5) */
int cmd_resident(int argc, char **argv)
{
	int a;

	if (argc < 2)
		return EX_USAGE;
	for (a = 1; a < argc; a++) {
		int fd = open(argv[a], O_RDONLY | O_CLOEXEC);
		uint64_t range[2] = { 0, 0 };
		struct cachestat cs;
		struct stat st;

		if (fd < 0 || fstat(fd, &st))
			die("%s: %s", argv[a], errname(errno));
		range[1] = st.st_size;
		printf("%s pages=%lld mincore=%zu", argv[a], (long long)(st.st_size + 4095) / 4096,
		       resident_pages(fd, st.st_size));
		if (!syscall(__NR_cachestat, fd, range, &cs, 0))
			printf(" cachestat=%llu\n", (unsigned long long)cs.nr_cache);
		else if (errno == ENOSYS)
			printf(" cachestat=-\n");
		else
			printf(" cachestat=!%s\n", errname(errno));
		close(fd);
	}
	return EX_OK;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct mapping {
	void *map;
	size_t npages;
};

/* One look at all frames of all mappings: sorted; *absent counts those that are not there. */
static uint64_t *look(const struct mapping *m, size_t maps, size_t pages, size_t *present)
{
	uint64_t *all = xmalloc(pages * sizeof(*all));
	size_t i, j, n = 0;

	for (i = 0; i < maps; i++) {
		uint64_t *v = pfn_of_map(m[i].map, m[i].npages, true);

		for (j = 0; j < m[i].npages; j++)
			if (v[j] != PFN_ABSENT)
				all[n++] = v[j];
		free(v);
	}
	if (n)
		qsort(all, n, sizeof(*all), by_value);
	*present = n;
	return all;
}

/*
 * unique DIR...: page frames that the regular files of all trees occupy together. All files stay
 * mapped until the end, so no frame is counted twice for having been reused; and two looks must
 * agree, for khugepaged moves pages into huge ones.
 */
int cmd_unique(int argc, char **argv)
{
	size_t pages = 0, present = 0, before, unique = 0, files = 0, i;
	uint64_t *all, *old;
	struct mapping *m = NULL;
	int a, try;

	if (argc < 2)
		return EX_USAGE;
	signal(SIGBUS, on_bus);
	for (a = 1; a < argc; a++) {
		struct tree *t = tree_read(argv[a]);

		for (i = 0; i < t->n; i++) {
			struct ent *e = &t->e[i];
			char *path;

			if (!S_ISREG(e->st.st_mode) || !e->st.st_size || e->first != (long)i)
				continue;
			/* the kernel's limit is 65530 mappings */
			if (files >= 60000)
				die("more than 60000 files: give smaller trees");
			path = ent_path(t, e);
			m = xrealloc(m, (files + 1) * sizeof(*m));
			m[files].map = map_file(path, &m[files].npages);
			pages += m[files++].npages;
			free(path);
		}
	}
	old = look(m, files, pages, &before);
	for (try = 0; try < 10; try++) {
		all = look(m, files, pages, &present);
		if (present == pages && before == pages && !memcmp(all, old, pages * sizeof(*all)))
			break;
		free(old);
		old = all;
		before = present;
		usleep(100000);
	}
	for (i = 0; i < present; i++)
		unique += !i || old[i] != old[i - 1];
	printf("files=%zu pages=%zu unique=%zu absent=%zu\n", files, pages, unique, pages - present);
	return pages != present ? EX_FAIL : EX_OK;
}
