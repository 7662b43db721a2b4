// SPDX-License-Identifier: GPL-2.0-only
/*
 * mount, umount, mountfd, idmap: the mount system calls, old and new, with the errno by name
 * and what the kernel wrote into the context's log. Nothing is tried twice and no loop device
 * is made behind the caller's back, as mount(8) would.
 */
#include "eistool.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers are the same on every architecture, glibc's wrappers are younger than some systems. */
#define sys_open_tree(...)	((int)syscall(428, __VA_ARGS__))
#define sys_move_mount(...)	((int)syscall(429, __VA_ARGS__))
#define sys_fsopen(...)		((int)syscall(430, __VA_ARGS__))
#define sys_fsconfig(...)	((int)syscall(431, __VA_ARGS__))
#define sys_fsmount(...)	((int)syscall(432, __VA_ARGS__))
#define sys_mount_setattr(...)	((int)syscall(442, __VA_ARGS__))

static const struct {
	const char *name;
	unsigned long set, clear;
} flag_options[] = {
	{ "ro", MS_RDONLY, 0 }, { "rw", 0, MS_RDONLY }, { "nosuid", MS_NOSUID, 0 },
	{ "nodev", MS_NODEV, 0 }, { "noexec", MS_NOEXEC, 0 }, { "noatime", MS_NOATIME, 0 },
	{ "remount", MS_REMOUNT, 0 }, { "bind", MS_BIND, 0 }, { "silent", MS_SILENT, 0 },
};

/* Splits "a,b,ro" into mount flags and the rest, which is the filesystem's. */
static unsigned long split(const char *opts, char *rest)
{
	char *copy = xstrdup(opts), *save = NULL, *o;
	unsigned long flags = 0;
	size_t i;

	*rest = 0;
	for (o = strtok_r(copy, ",", &save); o; o = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < ARRAY_SIZE(flag_options); i++)
			if (!strcmp(o, flag_options[i].name))
				break;
		if (i < ARRAY_SIZE(flag_options)) {
			flags |= flag_options[i].set;
			flags &= ~flag_options[i].clear;
		} else {
			if (*rest)
				strcat(rest, ",");
			strcat(rest, o);
		}
	}
	free(copy);
	return flags;
}

/* mount [-o OPTIONS] TYPE SOURCE TARGET: "ok" or "!ERRNO" */
int cmd_mount(int argc, char **argv)
{
	const char *opts = "";
	unsigned long flags;
	char *rest;
	int a = 1;

	if (argc > 2 && !strcmp(argv[1], "-o")) {
		opts = argv[2];
		a = 3;
	}
	if (argc - a != 3)
		return EX_USAGE;
	rest = xmalloc(strlen(opts) + 2);
	flags = split(opts, rest);
	if (mount(argv[a + 1], argv[a + 2], argv[a], flags, rest)) {
		printf("!%s\n", errname(errno));
		return EX_FAIL;
	}
	printf("ok\n");
	return EX_OK;
}

/* umount [-l] TARGET */
int cmd_umount(int argc, char **argv)
{
	bool lazy = argc == 3 && !strcmp(argv[1], "-l");

	if (argc != 2 + lazy)
		return EX_USAGE;
	if (umount2(argv[argc - 1], lazy ? MNT_DETACH : 0)) {
		printf("!%s\n", errname(errno));
		return EX_FAIL;
	}
	return EX_OK;
}

static void print_log(int fsfd)
{
	char msg[1024];
	ssize_t n;

	while ((n = read(fsfd, msg, sizeof(msg) - 1)) > 0) {
		msg[n] = 0;
		if (msg[n - 1] == '\n')
			msg[n - 1] = 0;
		printf("log: %s\n", msg);
	}
}

static int step_failed(int fsfd, const char *step, const char *arg)
{
	int err = errno;

	print_log(fsfd);
	printf("!%s at %s%s%s\n", errname(err), step, *arg ? " " : "", arg);
	return EX_FAIL;
}

static int set_param(int fs, const char *param)
{
	char *key = xstrdup(param), *val = strpbrk(key, "=@");
	bool by_fd = val && *val == '@';
	int rc, fd;

	if (val)
		*val++ = 0;
	if (by_fd) {
		fd = open(val, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die("%s: %s", val, errname(errno));
		rc = sys_fsconfig(fs, FSCONFIG_SET_FD, key, NULL, fd);
		close(fd);
	} else {
		rc = val ? sys_fsconfig(fs, FSCONFIG_SET_STRING, key, val, 0) :
			   sys_fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
	}
	free(key);
	return rc;
}

/*
 * mountfd [--source-fd] TYPE SOURCE TARGET [KEY[=VALUE]|KEY@PATH]...
 * KEY@PATH gives a descriptor of that file.
 * The new mount API; "log: " lines are the context's messages, then "ok" or "!ERRNO at STEP".
 */
int cmd_mountfd(int argc, char **argv)
{
	bool by_fd = argc > 1 && !strcmp(argv[1], "--source-fd");
	int a = 1 + by_fd, fs, mnt, i;
	const char *type, *source, *target;

	if (argc - a < 3)
		return EX_USAGE;
	type = argv[a];
	source = argv[a + 1];
	target = argv[a + 2];
	fs = sys_fsopen(type, 1 /* FSOPEN_CLOEXEC */);
	if (fs < 0) {
		printf("!%s at fsopen\n", errname(errno));
		return EX_FAIL;
	}
	if (by_fd) {
		int src = open(source, O_RDONLY | O_CLOEXEC);

		if (src < 0)
			die("%s: %s", source, errname(errno));
		if (sys_fsconfig(fs, FSCONFIG_SET_FD, "source", NULL, src))
			return step_failed(fs, "fsconfig", "source (by descriptor)");
		close(src);
	} else if (sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0)) {
		return step_failed(fs, "fsconfig", "source");
	}
	for (i = a + 3; i < argc; i++) {
		if (set_param(fs, argv[i]))
			return step_failed(fs, "fsconfig", argv[i]);
	}
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return step_failed(fs, "create", "");
	mnt = sys_fsmount(fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	if (mnt < 0)
		return step_failed(fs, "fsmount", "");
	print_log(fs);
	if (sys_move_mount(mnt, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH))
		die("move_mount to %s: %s", target, errname(errno));
	printf("ok\n");
	return EX_OK;
}

static void write_map(pid_t pid, const char *file, const char *line)
{
	char *path = xasprintf("/proc/%d/%s", pid, file);
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		die("%s: %s", path, errname(errno));
	close(fd);
	free(path);
}

/* idmap SRC DST SHIFT: SRC again at DST, every owner raised by SHIFT */
int cmd_idmap(int argc, char **argv)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int tree, ns, go[2], ready[2];
	uint64_t shift;
	char *line, c;
	pid_t pid;

	if (argc != 4)
		return EX_USAGE;
	shift = number(argv[3], "shift");
	if (pipe(go) || pipe(ready))
		die("pipe: %s", errname(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", errname(errno));
	if (!pid) {
		close(go[1]);
		if (unshare(CLONE_NEWUSER))
			_exit(1);
		if (write(ready[1], "r", 1) != 1 || read(go[0], &c, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		missing("user namespaces");
	line = xasprintf("0 %llu %llu\n", (unsigned long long)shift,
			 (unsigned long long)(0xfffffffeULL - shift));
	write_map(pid, "uid_map", line);
	write_map(pid, "gid_map", line);
	free(line);
	line = xasprintf("/proc/%d/ns/user", pid);
	ns = open(line, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		die("%s: %s", line, errname(errno));
	close(go[1]);
	waitpid(pid, NULL, 0);
	tree = sys_open_tree(AT_FDCWD, argv[1], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		die("open_tree %s: %s", argv[1], errname(errno));
	attr.userns_fd = ns;
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr))) {
		printf("!%s at mount_setattr\n", errname(errno));
		return EX_FAIL;
	}
	if (sys_move_mount(tree, "", AT_FDCWD, argv[2], MOVE_MOUNT_F_EMPTY_PATH))
		die("move_mount to %s: %s", argv[2], errname(errno));
	printf("ok\n");
	return EX_OK;
}
