// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors and progress; see say.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

static bool line_open;		/* a line of progress has no newline yet; under stderr's lock */

/* Bytes of a control character at @text: of ASCII, or of Latin-1 (C1) in UTF-8; 0: it is none. */
static int control(const char *text)
{
	u8 c = (u8)text[0], next = c ? (u8)text[1] : 0;

	if (c == 0xc2 && next >= 0x80 && next < 0xa0)
		return 2;
	return c < ' ' || c == 127;
}

/* Messages quote names from images, and go to terminals: no control characters. */
static void vsay(const char *fmt, va_list args)
{
	char *text = NULL;
	int n = vasprintf(&text, fmt, args);

	flockfile(stderr);
	if (line_open)
		fputs("\r\033[K", stderr);
	line_open = false;
	fputs("erofs-ishare: ", stderr);
	for (int i = 0; i < n; i++) {
		int len = control(text + i);

		fputc(len ? '?' : text[i], stderr);
		i += len > 1;
	}
	if (n < 0)
		fputs("out of memory", stderr);
	fputc('\n', stderr);
	funlockfile(stderr);
	if (n >= 0)
		free(text);
}

int complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsay(fmt, args);
	va_end(args);
	return -1;
}

int complain_diag(const char *file, const char *what, int err, const struct erofs_diag *diag)
{
	if (!diag->check && err == -EUCLEAN)
		return complain("%s: %s: compressed data is damaged: the extent at byte %llu of nid %llu (cluster at byte %llu) does not decode; check the image with fsck.erofs",
				file, what, (unsigned long long)diag->pos,
				(unsigned long long)diag->nid, (unsigned long long)diag->value);
	if (!diag->check)
		return complain("%s: %s: %s", file, what, strerror(-err));
	if (diag->check == EROFS_CHECK_SOURCE)
		return complain("%s: %s: %s at byte %llu (nid %llu): %s; is the file complete, and are all its devices given?",
				file, what, erofs_check_text(diag->check),
				(unsigned long long)diag->pos, (unsigned long long)diag->nid,
				strerror(-err));
	return complain("%s: %s: %s: %s: value 0x%llx at byte %llu, nid %llu; %s",
			file, what, erofs_check_name(diag->check), erofs_check_text(diag->check),
			(unsigned long long)diag->value, (unsigned long long)diag->pos,
			(unsigned long long)diag->nid,
			diag->check == EROFS_CHECK_DEV_NOT_GIVEN ? "give it with --device" :
			"check the image with fsck.erofs");
}

int usage_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsay(fmt, args);
	va_end(args);
	fputs("Try 'erofs-ishare --help'.\n", stderr);
	return SAY_USAGE;
}

void *xalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		complain("out of memory (%zu times %zu bytes)", n, size);
		exit(SAY_FAILED);
	}
	return p;
}

/* ---- Progress ---- */

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

void progress_begin(struct progress *p, bool wanted)
{
	p->tty = isatty(STDERR_FILENO);
	p->on = wanted || p->tty;
	p->began = now();
	p->last = 0;
}

void progress_show(struct progress *p, const char *what, uint64_t files, uint64_t all_files,
		   uint64_t bytes, uint64_t all_bytes)
{
	uint64_t t = now();
	double mib = 1 << 20;

	if (!p->on || t - p->last < (p->tty ? 200000000U : 2000000000U))
		return;
	p->last = t;
	flockfile(stderr);
	if (line_open)
		fputs("\r\033[K", stderr);
	if (all_files)
		fprintf(stderr, "%s: %3u %%, %llu of %llu files, %.1f of %.1f MiB, %.0f MiB/s", what,
			all_bytes ? (unsigned int)(bytes * 100.0 / all_bytes) : 100,
			(unsigned long long)files, (unsigned long long)all_files, bytes / mib,
			all_bytes / mib, bytes / mib / ((t - p->began) / 1e9 + 0.001));
	else
		fprintf(stderr, "%s: %llu files", what, (unsigned long long)files);
	line_open = p->tty;
	if (!p->tty)
		fputc('\n', stderr);
	fflush(stderr);
	funlockfile(stderr);
}

void progress_end(struct progress *p)
{
	if (!p->on)
		return;
	flockfile(stderr);
	if (line_open)
		fputs("\r\033[K", stderr);
	line_open = false;
	fflush(stderr);
	funlockfile(stderr);
}
