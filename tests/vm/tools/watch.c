// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch: fanotify and inotify on a file of one mount, while another mount that shares its pages is used.
 * landlock: a process that may use one of the two mounts only.
 *
 * Rules: events name the user's file, by its path and by its filesystem; what was not watched makes no
 * event; a refusal for one mount is none for the other, even with every page cached.
 */
#include "eistool.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS	(FAN_OPEN | FAN_ACCESS | FAN_CLOSE_NOWRITE)

static void use(const char *path)
{
	char buf[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, errname(errno));
	if (read(fd, buf, sizeof(buf)) <= 0)
		fail("%s: read: %s", path, errname(errno));
	close(fd);
}

static int group(unsigned int flags)
{
	int fd = fanotify_init(flags | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_LARGEFILE);

	if (fd < 0)
		missing("fanotify: %s", errname(errno));
	return fd;
}

/* All events that are there; each must be about this path. Returns the union of their masks. */
static uint64_t events(int fan, const char *path, const char *what)
{
	char buf[8192] __attribute__((aligned(8))), link[64], name[4096];
	uint64_t mask = 0;
	ssize_t n;

	while ((n = read(fan, buf, sizeof(buf))) > 0) {
		struct fanotify_event_metadata *e = (void *)buf;

		for (; FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
			ssize_t l;

			mask |= e->mask;
			snprintf(link, sizeof(link), "/proc/self/fd/%d", e->fd);
			l = readlink(link, name, sizeof(name) - 1);
			name[l < 0 ? 0 : l] = 0;
			close(e->fd);
			if (strcmp(name, path))
				fail("%s: an event about '%s', should be '%s'", what, name, path);
		}
	}
	return mask;
}

static void check_marks(const char *a, const char *b, unsigned int flags, const char *what)
{
	int fan = group(FAN_CLASS_NOTIF);
	uint64_t mask;

	if (fanotify_mark(fan, FAN_MARK_ADD | flags, EVENTS, AT_FDCWD, a))
		die("%s: fanotify_mark: %s", a, errname(errno));
	use(b);
	mask = events(fan, a, what);
	if (mask)
		fail("%s of %s: events %llx although only %s was used", what, a, (unsigned long long)mask, b);
	use(a);
	mask = events(fan, a, what);
	if (mask != EVENTS)
		fail("%s of %s: events %llx, should be %llx", what, a, (unsigned long long)mask, (unsigned long long)EVENTS);
	close(fan);
}

/* Events by file handle: the filesystem's id is its own, and the handle leads to the file. */
static void check_handles(const char *a, const char *b)
{
	char buf[8192] __attribute__((aligned(8)));
	int fan = group(FAN_CLASS_NOTIF | FAN_REPORT_FID), mnt = open(a, O_RDONLY | O_CLOEXEC), seen = 0, fd;
	struct statfs fs, fs_b;
	struct stat want, st;
	ssize_t n;

	if (statfs(a, &fs) || statfs(b, &fs_b) || stat(a, &want))
		die("%s: %s", a, errname(errno));
	if (!memcmp(&fs.f_fsid, &fs_b.f_fsid, sizeof(fs.f_fsid)))
		fail("%s and %s have one filesystem id", a, b);
	if (fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, EVENTS, AT_FDCWD, a))
		die("%s: fanotify_mark of the filesystem: %s", a, errname(errno));
	use(b);
	if (read(fan, buf, sizeof(buf)) > 0)
		fail("filesystem of %s: events although only %s was used", a, b);
	use(a);
	while ((n = read(fan, buf, sizeof(buf))) > 0) {
		struct fanotify_event_metadata *e = (void *)buf;

		for (; FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
			struct fanotify_event_info_fid *info = (void *)(e + 1);

			seen++;
			if (memcmp(&info->fsid, &fs.f_fsid, sizeof(fs.f_fsid)))
				fail("%s: an event with another filesystem's id", a);
			fd = open_by_handle_at(mnt, (struct file_handle *)info->handle, O_PATH | O_CLOEXEC);
			if (fd < 0 || fstat(fd, &st) || st.st_ino != want.st_ino || st.st_dev != want.st_dev)
				fail("%s: the handle in an event leads elsewhere (%s)", a, fd < 0 ? errname(errno) : "another inode");
			close(fd);
		}
	}
	if (!seen)
		fail("%s: no event by handle", a);
	close(fan);
	close(mnt);
}

/* What a process in the middle of open or read gets to hear. */
static int child_reads(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return read(fd, &c, 1) == 1 ? 0 : errno ? errno : EIO;
}

/* Every question is answered with this; returns what the child got. */
static int with_permission(int fan, const char *path, uint64_t deny)
{
	char buf[4096] __attribute__((aligned(8)));
	struct pollfd p = { .fd = fan, .events = POLLIN };
	int status, try;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(child_reads(path));
	for (try = 0; try < 2000; try++) {
		struct fanotify_event_metadata *e = (void *)buf;
		ssize_t n;

		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
		if (poll(&p, 1, 10) <= 0)
			continue;
		for (n = read(fan, buf, sizeof(buf)); n > 0 && FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
			struct fanotify_response r = { e->fd, e->mask & deny ? FAN_DENY : FAN_ALLOW };

			if (write(fan, &r, sizeof(r)) != sizeof(r))
				die("fanotify answer: %s", errname(errno));
			close(e->fd);
		}
	}
	fail("%s: a reader waits for permission for ever", path);
	kill(pid, SIGKILL);
	return EIO;
}

static void check_permission(const char *a, const char *b)
{
	static const struct {
		uint64_t deny;
		int err;
		const char *what;
	} v[] = {
		{ 0, 0, "all allowed" }, { FAN_OPEN_PERM, EPERM, "open denied" },
		{ FAN_ACCESS_PERM, EPERM, "read denied" },
	};
	int fan = group(FAN_CLASS_CONTENT), err;
	size_t i;

	if (fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_PERM | FAN_ACCESS_PERM, AT_FDCWD, a)) {
		if (errno == EINVAL)
			missing("fanotify permission events");
		die("%s: fanotify_mark for permissions: %s", a, errname(errno));
	}
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		err = with_permission(fan, a, v[i].deny);
		if (err != v[i].err)
			fail("%s: %s, and reading gives %s", a, v[i].what, errname(err));
		err = with_permission(fan, b, v[i].deny);
		if (err)
			fail("%s: %s for the other mount, and reading gives %s", b, v[i].what, errname(err));
	}
	close(fan);
}

static void check_inotify(const char *a, const char *b)
{
	char buf[4096] __attribute__((aligned(8)));
	int in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (in < 0 || inotify_add_watch(in, a, IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE) < 0)
		die("%s: inotify: %s", a, errname(errno));
	use(b);
	if (read(in, buf, sizeof(buf)) > 0)
		fail("inotify of %s: events although only %s was used", a, b);
	use(a);
	if (read(in, buf, sizeof(buf)) <= 0)
		fail("inotify of %s: no event", a);
	close(in);
}

/* watch FILE OTHER: both are cached when this ends; paths as the kernel prints them */
int cmd_watch(int argc, char **argv)
{
	int i;

	if (argc != 3)
		return EX_USAGE;
	for (i = 0; i < 2; i++) {
		const char *a = argv[1 + i], *b = argv[2 - i];

		check_marks(a, b, FAN_MARK_MOUNT, "fanotify mark of a mount");
		check_marks(a, b, 0, "fanotify mark of an inode");
		check_marks(a, b, FAN_MARK_FILESYSTEM, "fanotify mark of a filesystem");
		check_handles(a, b);
		check_inotify(a, b);
		check_permission(a, b);
	}
	return verdict();
}

/* ------------------------------------------------------------------ landlock */

static void restrict_to(const char *dir)
{
	uint64_t rights = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	struct landlock_ruleset_attr attr = { .handled_access_fs = rights };
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	int set = syscall(__NR_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (set < 0)
		missing("Landlock: %s", errname(errno));
	rule.parent_fd = open(dir, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0 || syscall(__NR_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		die("%s: landlock_add_rule: %s", dir, errname(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(__NR_landlock_restrict_self, set, 0))
		die("landlock_restrict_self: %s", errname(errno));
	close(rule.parent_fd);
	close(set);
}

static void expect_exec(const char *path, bool works)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		execl(path, path, "selftest", NULL);
		_exit(errno);
	}
	if (waitpid(pid, &status, 0) != pid || status != (works ? 0 : EACCES << 8))
		fail("%s: execve: status %x", path, status);
}

/* landlock DIR OTHER-DIR REL PROGRAM: after it is restricted to DIR, OTHER-DIR is out of reach */
int cmd_landlock(int argc, char **argv)
{
	char *mine, *other;
	int fd;

	if (argc != 5)
		return EX_USAGE;
	mine = path_join(argv[1], argv[3]);
	other = path_join(argv[2], argv[3]);
	use(other);
	restrict_to(argv[1]);
	use(mine);
	fd = open(other, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES)
		fail("%s: open gives %s, should be EACCES", other, fd >= 0 ? "a descriptor" : errname(errno));
	expect_exec(path_join(argv[1], argv[4]), true);
	expect_exec(path_join(argv[2], argv[4]), false);
	return verdict();
}
