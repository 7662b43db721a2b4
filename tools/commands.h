/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands of erofs-ishare.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "image.h"
#include "say.h"

/**
 * struct options - what the command line says
 * @image:   --device, --offset, --max-bytes; the path is set by the command
 * @output:  -o
 * @progress: --progress
 * @quick:   check --quick
 * @list:    digest --list
 * @threads: -j, default: all CPUs
 */
struct options {
	struct image_args image;
	const char *output;
	bool progress;
	bool quick;
	bool list;
	u32 threads;
};

/* Each returns an exit code. @args: what is left of the command line. */
int command_digest(const struct options *opts, char **args);
int command_check(const struct options *opts, char **args);
int command_info(const struct options *opts, char **args);

#endif /* COMMANDS_H */
