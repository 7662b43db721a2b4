/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the commands say: errors and warnings on stderr, progress there too.
 *
 * Rules: every error says what, where, the value, and what to do; it ends with a
 * newline of its own making. Any thread may call complain(): a line of progress is
 * wiped before. Exit codes: SAY_OK, SAY_FAILED (image, sidecar, system), SAY_USAGE.
 */
#ifndef SAY_H
#define SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "erofs_format.h"

enum { SAY_OK = 0, SAY_FAILED = 1, SAY_USAGE = 2 };

/* complain - one line on stderr: "erofs-ishare: ...". Returns -1, for the caller to return. */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* complain_diag - a failed check of the decoders, or the errno of a source; returns -1 */
int complain_diag(const char *file, const char *what, int err, const struct erofs_diag *diag);

/* usage_error - a wrong command line: how it should be is told by --help. Returns SAY_USAGE */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* xalloc - zeroed memory for @n things of @size bytes; a lack of it ends the program */
void *xalloc(size_t n, size_t size);

/**
 * struct progress - a line that is written over
 * @on:    --progress, or stderr is a terminal
 * @tty:   stderr is a terminal
 */
struct progress {
	bool on;
	bool tty;
	uint64_t began;		/* of the clock, ns */
	uint64_t last;
};

void progress_begin(struct progress *p, bool wanted);
/* progress_show - at most five times a second on a terminal, once every two seconds elsewhere */
void progress_show(struct progress *p, const char *what, uint64_t files, uint64_t all_files,
		   uint64_t bytes, uint64_t all_bytes);
void progress_end(struct progress *p);

#endif /* SAY_H */
