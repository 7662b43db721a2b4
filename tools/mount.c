// SPDX-License-Identifier: GPL-2.0-only
/*
 * mount.erofs-ishare: what mount(8) calls for "mount -t erofs-ishare".
 *
 * What it adds to the system call: paths of sidecar= and device= are made absolute, so
 * that they mean the same to whoever reads them later (sidecar= in /proc/mounts); an image that
 * the kernel cannot read directly (ENOTBLK) is mounted through a loop device; and
 * the kernel's own words about a failure are shown, with every version of
 * libmount. Everything else is libmount's.
 *
 * mount(8) gives up root's rights before it calls a helper for somebody else, so that this
 * one mounts for root only; "user" lines of fstab need "mount -i", which goes without it.
 *
 * Exit codes are those of mount(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libmount.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME	"mount.erofs-ishare"
#define FSTYPE	"erofs-ishare"

/* What mount(8) says: source, target, and its options. */
struct request {
	const char *source;
	const char *target;
	char *options;
	bool fake, sloppy, verbose, no_mtab;
};

/* ---- Options ---- */

/* "PATH" or "TAG=/PATH": is it a path from here? */
static bool is_relative(const char *value, size_t len)
{
	return len && value[0] != '/' && value[0] != '"' && !memmem(value, len, "=/", 2);
}

/*
 * Can @dir be the beginning of an option's value? A comma would end it: mount(2) knows no
 * way to quote one. And libmount takes what follows a double quote for quoted.
 */
static bool fits_option(const char *dir)
{
	return !strpbrk(dir, ",\"");
}

/*
 * The options with absolute paths; NULL without memory. In a directory whose name cannot be
 * given in an option they stay relative: the kernel looks them up from here as well.
 */
static char *absolute_options(const char *options)
{
	char *in = strdup(options), *next = in, *name, *value, *out = strdup("");
	size_t namelen, valuelen;
	char cwd[PATH_MAX];
	bool ok = in && out && getcwd(cwd, sizeof(cwd));

	while (ok && !mnt_optstr_next_option(&next, &name, &namelen, &value, &valuelen)) {
		bool path = (namelen == 7 && !memcmp(name, "sidecar", 7)) ||
			    (namelen == 6 && !memcmp(name, "device", 6));
		char *n = strndup(name, namelen), *v = NULL;

		if (value && path && is_relative(value, valuelen) && fits_option(cwd)) {
			if (asprintf(&v, "%s/%.*s", cwd, (int)valuelen, value) < 0)
				v = NULL;
		} else if (value) {
			v = strndup(value, valuelen);
		}
		ok = n && (v || !value) && !mnt_optstr_append_option(&out, n, v);
		free(n);
		free(v);
	}
	free(in);
	if (ok)
		return out;
	free(out);
	return NULL;
}

/* ---- What the kernel says ---- */

/* The messages of a context, one per read; errors only. Returns how many. */
static int print_log(int fs)
{
	char text[1024];
	ssize_t n;
	int lines = 0;

	while ((n = read(fs, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		text[strcspn(text, "\n")] = '\0';
		if (strncmp(text, "e ", 2))
			continue;
		fprintf(stderr, NAME ": %s\n", text + 2);
		lines++;
	}
	return lines;
}

static long set_option(int fs, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0);
}

static bool is_remount(const struct request *req)
{
	char *value;
	size_t len;

	return !mnt_optstr_get_option(req->options, "remount", &value, &len);
}

/*
 * Ask again, through the call that has a log, and show it. Nothing is mounted: a
 * context that can be created after all is dropped. Not for a remount, where asking again
 * could change something; the kernel's log has the same words.
 */
static void explain(const struct request *req)
{
	char *fsopts = NULL, *next, *name, *value;
	size_t namelen, valuelen;
	int fs = (int)syscall(SYS_fsopen, FSTYPE, FSOPEN_CLOEXEC);
	long err;

	if (fs < 0) {
		if (errno == ENODEV)
			fprintf(stderr, NAME ": the kernel has no filesystem type " FSTYPE
				": is erofs-ishare-dkms installed, did it build ('dkms status'), and what does 'modprobe erofs_ishare' say? With Secure Boot, the key of DKMS has to be enrolled\n");
		return;
	}
	err = set_option(fs, "source", req->source) ||
	      mnt_split_optstr(req->options, NULL, NULL, &fsopts, 0, 0) ||
	      set_option(fs, "ro", NULL);
	next = fsopts;
	while (!err && next && !mnt_optstr_next_option(&next, &name, &namelen, &value, &valuelen)) {
		char *n = strndup(name, namelen), *v = value ? strndup(value, valuelen) : NULL;

		err = !n || (value && !v) || set_option(fs, n, v);
		free(n);
		free(v);
	}
	if (!err)
		syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	print_log(fs);
	free(fsopts);
	close(fs);
}

/* ---- Mounting ---- */

/* One attempt. Exit code; *err is the errno of a mount call that failed, else 0. */
static int try_mount(const struct request *req, const char *extra, int *err, char *text, size_t size)
{
	struct libmnt_context *cxt = mnt_new_context();
	int rc;

	*err = 0;
	text[0] = '\0';
	if (!cxt)
		return MNT_EX_SYSERR;
	mnt_context_disable_helpers(cxt, 1);
	mnt_context_enable_fake(cxt, req->fake);
	mnt_context_enable_sloppy(cxt, req->sloppy);
	mnt_context_enable_verbose(cxt, req->verbose);
	mnt_context_disable_mtab(cxt, req->no_mtab);
	rc = mnt_context_set_fstype(cxt, FSTYPE);
	if (!rc)
		rc = mnt_context_set_source(cxt, req->source);
	if (!rc)
		rc = mnt_context_set_target(cxt, req->target);
	if (!rc)
		rc = mnt_context_set_options(cxt, req->options);
	if (!rc && extra)
		rc = mnt_context_append_options(cxt, extra);
	if (!rc)
		rc = mnt_context_mount(cxt);
	if (mnt_context_syscall_called(cxt))
		*err = mnt_context_get_syscall_errno(cxt);
	rc = mnt_context_get_excode(cxt, rc, text, size);
	mnt_free_context(cxt);
	return rc;
}

static int do_mount(const struct request *req)
{
	char text[BUFSIZ];
	int err, ret;

	ret = try_mount(req, NULL, &err, text, sizeof(text));
	if (ret && err == ENOTBLK) {
		if (req->verbose)
			fprintf(stderr, NAME ": %s cannot be read directly, trying a loop device\n",
				req->source);
		ret = try_mount(req, "ro,loop", &err, text, sizeof(text));
	}
	if (ret) {
		fprintf(stderr, NAME ": %s: %s\n", req->target,
			text[0] ? text : err ? strerror(err) : "mount failed");
		if (geteuid())
			fprintf(stderr, NAME ": called without root's rights, as mount(8) does for \"user\" lines of "
				"fstab: try 'mount -i %s'\n", req->target);
		else if (err && is_remount(req))
			fputs(NAME ": the kernel log may say why: see 'dmesg'\n", stderr);
		else if (err)
			explain(req);
	}
	return ret;
}

static int usage(FILE *to)
{
	fputs("usage: " NAME " SOURCE DIRECTORY [-fnsv] [-o OPTIONS]\n"
	      "Called by mount(8): mount -t " FSTYPE " [-o OPTIONS] SOURCE DIRECTORY\n", to);
	return to == stdout ? MNT_EX_SUCCESS : MNT_EX_USAGE;
}

int main(int argc, char **argv)
{
	struct request req = { 0 };
	const char *options = "";
	int opt, ret;

	while ((opt = getopt(argc, argv, "fno:st:vN:Vh")) != -1) {
		switch (opt) {
		case 'f':
			req.fake = true;
			break;
		case 'n':
			req.no_mtab = true;
			break;
		case 'o':
			options = optarg;
			break;
		case 's':
			req.sloppy = true;
			break;
		case 'v':
			req.verbose = true;
			break;
		case 't':
			break;	/* the type is ours */
		case 'N':
			fputs(NAME ": -N is not supported; use nsenter(1)\n", stderr);
			return MNT_EX_USAGE;
		case 'V':
			puts(NAME " " EIS_VERSION);
			return MNT_EX_SUCCESS;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (argc - optind != 2)
		return usage(stderr);
	req.source = argv[optind];
	req.target = argv[optind + 1];
	req.options = absolute_options(options);
	if (!req.options) {
		fputs(NAME ": out of memory, or the present directory is gone\n", stderr);
		return MNT_EX_SYSERR;
	}
	mnt_init_debug(0);
	ret = do_mount(&req);
	free(req.options);
	return ret;
}
