/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test framework: TAP lines on stdout, one per test, details as "# ..."
 * lines above it, and a summary as the last line.
 *
 * Rules: a test is a function without arguments; its first failed expectation
 * decides, the others are printed too (the first TAP_MAX_DETAILS of them).
 */
#ifndef TAP_H
#define TAP_H

#include <stdio.h>
#include <stdbool.h>
#include <stdint.h>

#define TAP_MAX_DETAILS	10

struct tap {
	unsigned int run, failed, skipped;	/* tests */
	unsigned int bad;			/* failed expectations of the present test */
	const char *skip;			/* reason, when the present test is skipped */
};

extern struct tap tap;
extern const char *tap_context;		/* printed with failures; NULL = nothing */

#define CHECK_THAT(cond, ...) \
	((cond) ? true : (tap_fail(__FILE__, __LINE__), printf(__VA_ARGS__), puts(""), false))
#define CHECK(cond)	CHECK_THAT(cond, "%s", #cond)
#define CHECK_EQ(got, want)	tap_equal(__FILE__, __LINE__, #got, (intmax_t)(got), (intmax_t)(want))

static inline void tap_fail(const char *file, int line)
{
	tap.bad++;
	printf("# %s:%d: %s%s", file, line, tap_context ? tap_context : "", tap_context ? ": " : "");
}

static inline bool tap_equal(const char *file, int line, const char *what, intmax_t got,
			     intmax_t want)
{
	if (got == want)
		return true;
	if (tap.bad++ < TAP_MAX_DETAILS)
		printf("# %s:%d: %s%s%s is %jd (0x%jx), not %jd (0x%jx)\n", file, line,
		       tap_context ? tap_context : "", tap_context ? ": " : "", what, got,
		       (uintmax_t)got, want, (uintmax_t)want);
	return false;
}

static inline void tap_run(const char *name, const char *variant, void (*test)(void))
{
	tap.bad = 0;
	tap.skip = NULL;
	tap_context = NULL;
	test();
	tap.run++;
	tap.failed += tap.bad != 0;
	tap.skipped += !tap.bad && tap.skip;
	printf("%sok %u - %s%s", tap.bad ? "not " : "", tap.run, name, variant);
	if (!tap.bad && tap.skip)
		printf(" # SKIP %s", tap.skip);
	puts("");
	fflush(stdout);
}

static inline int tap_end(void)
{
	printf("%u passed, %u failed, %u skipped\n", tap.run - tap.failed - tap.skipped, tap.failed,
	       tap.skipped);
	return tap.failed != 0;
}

#endif /* TAP_H */
