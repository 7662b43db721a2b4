/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzz drivers share: parameters out of the input, and assertions.
 *
 * Rules: a driver is deterministic, keeps no state between inputs and aborts
 * when an invariant of erofs_format.h is broken. The input begins with
 * parameters of a fixed size, the rest are the bytes of an address space.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "reader.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* What an input is, for mutator.c; a driver that is linked with it says so in fuzz_input. */
enum fuzz_input {
	FUZZ_IMAGE,		/* an image */
	FUZZ_SUPER,		/* two bytes, then the bytes from 1024 on */
	FUZZ_SIDECAR,		/* nine bytes, then a sidecar */
};

extern const enum fuzz_input fuzz_input;

#define MUST(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond); \
			abort(); \
		} \
	} while (0)

struct input {
	const u8 *data;
	size_t size;
};

/* Take @width bytes as a little-endian number; what is missing is 0. */
static inline u64 take(struct input *in, u32 width)
{
	u64 value = 0;

	for (u32 i = 0; i < width && in->size; i++) {
		value |= (u64)*in->data++ << 8 * i;
		in->size--;
	}
	return value;
}

/* A reader of the rest of the input at byte @base of @space. */
static inline struct reader take_reader(struct input *in, enum erofs_space space, u64 base,
					u32 blkszbits, u32 mode)
{
	struct reader r;

	reader_init(&r, mode & 1 ? READER_GENEROUS : READER_EXACT, NULL, 0);
	r.blkszbits = blkszbits;
	r.bytes[space].data = in->size ? in->data : (const u8 *)"";
	r.bytes[space].base = base;
	r.bytes[space].len = in->size;
	return r;
}

/* A failure comes with its check and errno, spans are back, the contract is kept. */
static inline void must_be_clean(const struct reader *r, int err, const struct erofs_diag *diag)
{
	MUST(!r->held);
	MUST(!r->violations);
	if (err < 0 && diag) {
		MUST(diag->check > EROFS_CHECK_OK && diag->check < EROFS_CHECK_COUNT);
		if (diag->check == EROFS_CHECK_SOURCE)
			MUST(err == -EIO);
		else
			MUST(err == erofs_fail(NULL, diag->check, 0, 0, 0));
	}
}

#endif /* FUZZ_H */
