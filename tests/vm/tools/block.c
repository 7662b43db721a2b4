// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block devices for tests: loop devices, device-mapper targets, and modules loaded and
 * unloaded many times.
 */
#include "eistool.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int loop_attach(const char *file, uint64_t offset, uint32_t bs)
{
	struct loop_config cfg = { .block_size = bs };
	int ctl, fd, back, nr, try;
	char *path;

	back = open(file, O_RDONLY | O_CLOEXEC);
	if (back < 0)
		die("%s: %s", file, errname(errno));
	ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (ctl < 0)
		missing("/dev/loop-control: %s", errname(errno));
	cfg.fd = back;
	cfg.info.lo_flags = LO_FLAGS_READ_ONLY;
	cfg.info.lo_offset = offset;
	for (try = 0; try < 20; try++) {
		nr = ioctl(ctl, LOOP_CTL_GET_FREE);
		if (nr < 0)
			die("LOOP_CTL_GET_FREE: %s", errname(errno));
		path = xasprintf("/dev/loop%d", nr);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die("%s: %s", path, errname(errno));
		if (!ioctl(fd, LOOP_CONFIGURE, &cfg)) {
			printf("%s\n", path);
			return EX_OK;
		}
		if (errno != EBUSY)
			die("%s: LOOP_CONFIGURE: %s", path, errname(errno));
		close(fd);
		free(path);
	}
	die("no free loop device");
}

/* loop FILE [--offset N] [--bs N] | loop -d DEVICE */
int cmd_loop(int argc, char **argv)
{
	uint64_t offset = 0;
	uint32_t bs = 0;
	int a;

	if (argc == 3 && !strcmp(argv[1], "-d")) {
		int fd = open(argv[2], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || ioctl(fd, LOOP_CLR_FD, 0))
			die("%s: LOOP_CLR_FD: %s", argv[2], errname(errno));
		return EX_OK;
	}
	if (argc < 2)
		return EX_USAGE;
	for (a = 2; a + 1 < argc; a += 2) {
		if (!strcmp(argv[a], "--offset"))
			offset = number(argv[a + 1], argv[a]);
		else if (!strcmp(argv[a], "--bs"))
			bs = number(argv[a + 1], argv[a]);
		else
			return EX_USAGE;
	}
	return a == argc ? loop_attach(argv[1], offset, bs) : EX_USAGE;
}

static struct dm_ioctl *dm_new(const char *name)
{
	struct dm_ioctl *d = xmalloc(16384);

	memset(d, 0, 16384);
	d->version[0] = DM_VERSION_MAJOR;
	d->data_size = 16384;
	d->data_start = sizeof(*d);
	snprintf(d->name, sizeof(d->name), "%s", name);
	return d;
}

static void dm_call(int ctl, unsigned long cmd, struct dm_ioctl *d, const char *what)
{
	if (ioctl(ctl, cmd, d))
		die("%s %s: %s", what, d->name, errname(errno));
}

static void dm_suspend(int ctl, const char *name)
{
	struct dm_ioctl *d = dm_new(name);

	d->flags = DM_SUSPEND_FLAG | DM_SKIP_LOCKFS_FLAG | DM_NOFLUSH_FLAG;
	dm_call(ctl, DM_DEV_SUSPEND, d, "suspend");
}

/*
 * dm create|reload NAME SECTORS TARGET [PARAMS]: a table of one target; prints the device. It is
 * read-only, unless the target is called "TARGET-rw".
 * dm suspend|resume NAME: requests wait in between.
 * dm remove NAME
 */
int cmd_dm(int argc, char **argv)
{
	int ctl = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	struct dm_target_spec *spec;
	struct dm_ioctl *d;
	char *params;

	if (ctl < 0)
		missing("/dev/mapper/control: %s", errname(errno));
	if (argc == 3 && !strcmp(argv[1], "remove")) {
		dm_call(ctl, DM_DEV_REMOVE, dm_new(argv[2]), "remove");
		return EX_OK;
	}
	if (argc == 3 && !strcmp(argv[1], "suspend")) {
		dm_suspend(ctl, argv[2]);
		return EX_OK;
	}
	if (argc == 3 && !strcmp(argv[1], "resume")) {
		dm_call(ctl, DM_DEV_SUSPEND, dm_new(argv[2]), "resume");
		return EX_OK;
	}
	if (argc < 5 || argc > 6)
		return EX_USAGE;
	if (!strcmp(argv[1], "create"))
		dm_call(ctl, DM_DEV_CREATE, dm_new(argv[2]), "create");
	else if (strcmp(argv[1], "reload"))
		return EX_USAGE;
	d = dm_new(argv[2]);
	d->target_count = 1;
	d->flags = DM_READONLY_FLAG;
	spec = (void *)((char *)d + d->data_start);
	spec->length = number(argv[3], "sectors");
	snprintf(spec->target_type, sizeof(spec->target_type), "%s", argv[4]);
	if (strlen(argv[4]) > 3 && !strcmp(argv[4] + strlen(argv[4]) - 3, "-rw")) {
		d->flags &= ~DM_READONLY_FLAG;
		spec->target_type[strlen(spec->target_type) - 3] = 0;
	}
	params = (char *)(spec + 1);
	snprintf(params, 4096, "%s", argc == 6 ? argv[5] : "");
	spec->next = (sizeof(*spec) + strlen(params) + 1 + 7) & ~7UL;
	dm_call(ctl, DM_TABLE_LOAD, d, "load");
	if (!strcmp(argv[1], "reload"))
		dm_suspend(ctl, argv[2]);
	d = dm_new(argv[2]);
	dm_call(ctl, DM_DEV_SUSPEND, d, "resume");
	printf("/dev/dm-%u\n", minor(d->dev));
	return EX_OK;
}

static int load(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		die("%s: %s", path, errname(errno));
	rc = syscall(SYS_finit_module, fd, params, 0) ? errno : 0;
	close(fd);
	return rc;
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

/* module load PATH [PARAMS] | unload NAME | cycle PATH NAME TIMES */
int cmd_module(int argc, char **argv)
{
	int rc;

	if (argc >= 3 && argc <= 4 && !strcmp(argv[1], "load")) {
		rc = load(argv[2], argc == 4 ? argv[3] : "");
	} else if (argc == 3 && !strcmp(argv[1], "unload")) {
		rc = unload(argv[2]);
	} else if (argc == 5 && !strcmp(argv[1], "cycle")) {
		unsigned long i, n = number(argv[4], "times");

		for (i = 0; i < n; i++) {
			rc = load(argv[2], "");
			if (rc) {
				printf("!%s at load %lu\n", errname(rc), i + 1);
				return EX_FAIL;
			}
			rc = unload(argv[3]);
			if (rc) {
				printf("!%s at unload %lu\n", errname(rc), i + 1);
				return EX_FAIL;
			}
		}
		rc = 0;
	} else {
		return EX_USAGE;
	}
	if (rc) {
		printf("!%s\n", errname(rc));
		return EX_FAIL;
	}
	printf("ok\n");
	return EX_OK;
}
