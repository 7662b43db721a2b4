// SPDX-License-Identifier: GPL-2.0-only
/*
 * erofs-ishare: the command line.
 *
 * Rules: exit 0 = done, 1 = failed (told on stderr), 2 = wrong usage. Results go to
 * stdout, everything else to stderr.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"

static const char usage[] =
"usage: erofs-ishare COMMAND [OPTIONS] FILE...\n"
"  digest IMAGE            make a sidecar: digests of all files of an EROFS image\n"
"  check SIDECAR IMAGE     prove that a sidecar is undamaged and right for its image\n"
"  check IMAGE             prove that the digests which an image carries are right\n"
"  info IMAGE|SIDECAR      tell what a file is\n"
"options:\n"
"  -o, --output=FILE       digest: write to FILE (default: IMAGE.sidecar)\n"
"  -d, --device=PATH       extra device of the image, in the order of its table, or\n"
"                          --device=TAG=PATH; without any, they lie behind the image\n"
"      --offset=BYTES      the image begins there in its file\n"
"  -j, --jobs=N            use N threads (default: one per CPU)\n"
"  -l, --list              digest: print the digests as sha256sum does, write no sidecar\n"
"  -q, --quick             check SIDECAR: do not compute the digests again\n"
"  -p, --progress          show progress though stderr is no terminal\n"
"      --max-bytes=BYTES   refuse an image whose files claim more content\n"
"      --help, --version\n"
"No root and no mount is needed. Exit: 0 done, 1 failed, 2 wrong usage.\n"
"Mount with: mount -t erofs-ishare -o domain_id=NAME,sidecar=FILE IMAGE DIR\n";

enum { OPT_OFFSET = 256, OPT_MAX_BYTES, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
	{ "output",	required_argument, NULL, 'o' },
	{ "device",	required_argument, NULL, 'd' },
	{ "offset",	required_argument, NULL, OPT_OFFSET },
	{ "jobs",	required_argument, NULL, 'j' },
	{ "list",	no_argument, NULL, 'l' },
	{ "quick",	no_argument, NULL, 'q' },
	{ "progress",	no_argument, NULL, 'p' },
	{ "max-bytes",	required_argument, NULL, OPT_MAX_BYTES },
	{ "help",	no_argument, NULL, OPT_HELP },
	{ "version",	no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static bool number(const char *text, u64 max, u64 *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *value <= max;
}

/* 0; -1: done (help, version); or SAY_USAGE */
static int parse(struct options *opts, int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	u64 value;
	int opt;

	opts->threads = cpus > 0 ? (u32)cpus : 1;
	opts->image.devices = xalloc((size_t)argc, sizeof(*opts->image.devices));
	while ((opt = getopt_long(argc, argv, "o:d:j:lqp", long_options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			opts->output = optarg;
			break;
		case 'd':
			opts->image.devices[opts->image.ndevices++] = optarg;
			break;
		case OPT_OFFSET:
			if (!number(optarg, 1ULL << 62, &opts->image.offset))
				return usage_error("--offset=%s: must be a number of bytes", optarg);
			break;
		case 'j':
			if (!number(optarg, 1024, &value) || !value)
				return usage_error("--jobs=%s: must be 1 to 1024", optarg);
			opts->threads = (u32)value;
			break;
		case 'l':
			opts->list = true;
			break;
		case 'q':
			opts->quick = true;
			break;
		case 'p':
			opts->progress = true;
			break;
		case OPT_MAX_BYTES:
			if (!number(optarg, ~0ULL, &opts->image.max_bytes) || !opts->image.max_bytes)
				return usage_error("--max-bytes=%s: must be a number of bytes", optarg);
			break;
		case OPT_HELP:
			fputs(usage, stdout);
			return -1;
		case OPT_VERSION:
			puts("erofs-ishare " EIS_VERSION);
			return -1;
		default:
			fputs("Try 'erofs-ishare --help'.\n", stderr);
			return SAY_USAGE;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *opts, char **args);
	} commands[] = {
		{ "digest", command_digest },
		{ "check", command_check },
		{ "info", command_info },
	};
	struct options opts = { 0 };
	int ret = parse(&opts, argc, argv);

	if (ret) {
		ret = ret < 0 ? SAY_OK : ret;
	} else if (optind == argc) {
		fputs(usage, stderr);
		ret = SAY_USAGE;
	} else {
		ret = -1;
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			if (!strcmp(argv[optind], commands[i].name))
				ret = commands[i].run(&opts, argv + optind + 1);
		}
		if (ret < 0)
			ret = usage_error("%s: no such command", argv[optind]);
	}
	free(opts.image.devices);
	if (fflush(stdout) || ferror(stdout)) {
		complain("stdout: cannot be written");
		return ret ? ret : SAY_FAILED;
	}
	return ret;
}
