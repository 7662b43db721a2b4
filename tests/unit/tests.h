/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test files share. Every test runs once per reader mode.
 */
#ifndef TESTS_H
#define TESTS_H

#include <stdlib.h>

#include "tap.h"
#include "image.h"
#include "reader.h"

extern enum reader_mode test_mode;
extern const char *test_variant;	/* appended to test names */

#define RUN(test)	tap_run(#test, test_variant, test)

void tests_super(void);
void tests_device(void);
void tests_inode(void);
void tests_map(void);
void tests_zmap(void);
void tests_zmodel(void);
void tests_dir(void);
void tests_xattr(void);
void tests_sidecar(void);
void tests_checks(void);
void tests_hostile(void);
void tests_real(void);

/* A reader of @img in the present mode. */
static inline struct reader open_img(const struct img *img)
{
	struct reader r;

	reader_init(&r, test_mode, img->data, img->len);
	r.blkszbits = img->bb;
	return r;
}

/* Every span came back and the contract was kept. */
#define CHECK_READER(r) \
	do { \
		CHECK_EQ((r)->held, 0); \
		CHECK_EQ((r)->violations, 0); \
	} while (0)

#define FAILS_WITH(expr, errno_value, name) \
	do { \
		diag = (struct erofs_diag){ .check = EROFS_CHECK_OK }; \
		CHECK_EQ(expr, errno_value); \
		CHECK_THAT(diag.check == EROFS_CHECK_##name, "%s: check %s, not %s", #expr, \
			   erofs_check_name(diag.check), #name); \
	} while (0)

#define POS_LIMIT	0x7fffffffffffffffULL	/* last valid byte position */

#endif /* TESTS_H */
