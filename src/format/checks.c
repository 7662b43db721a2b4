// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names, texts and errnos of the checks listed in erofs_format.h.
 *
 * Rules: the three tables are generated from the one list; nothing is printed.
 */
#include "internal.h"

static const char *const check_names[EROFS_CHECK_COUNT] = {
	[EROFS_CHECK_OK] = "OK",
#define X(name, err, text)	[EROFS_CHECK_##name] = #name,
	EROFS_CHECKS(X)
#undef X
};

static const char *const check_texts[EROFS_CHECK_COUNT] = {
	[EROFS_CHECK_OK] = "no check failed",
#define X(name, err, text)	[EROFS_CHECK_##name] = text,
	EROFS_CHECKS(X)
#undef X
};

static const u16 check_errnos[EROFS_CHECK_COUNT] = {
#define X(name, err, text)	[EROFS_CHECK_##name] = err,
	EROFS_CHECKS(X)
#undef X
};

/**
 * erofs_check_name - identifier of a check
 * @check: any value
 *
 * Context: any. Return: a constant string, "?" for a value outside the list.
 */
const char *erofs_check_name(enum erofs_check check)
{
	return (u32)check < EROFS_CHECK_COUNT ? check_names[check] : "?";
}

/**
 * erofs_check_text - description of a check, for people
 * @check: any value
 *
 * Context: any. Return: a constant string, "?" for a value outside the list.
 */
const char *erofs_check_text(enum erofs_check check)
{
	return (u32)check < EROFS_CHECK_COUNT ? check_texts[check] : "?";
}

/**
 * erofs_fail - report a failed check
 * @diag:  filled in; may be NULL
 * @check: the check, neither EROFS_CHECK_OK nor EROFS_CHECK_COUNT
 * @nid:   node id concerned, 0 for the superblock and tables
 * @pos:   byte position of the offending bytes
 * @value: the offending value
 *
 * Context: any. Return: the check's errno, negative.
 */
int erofs_fail(struct erofs_diag *diag, enum erofs_check check, u64 nid, u64 pos, u64 value)
{
	if (diag) {
		diag->check = check;
		diag->nid = nid;
		diag->pos = pos;
		diag->value = value;
	}
	return -(int)check_errnos[check];
}

int erofs_source_fail(struct erofs_diag *diag, int err, u64 nid, u64 pos)
{
	erofs_fail(diag, EROFS_CHECK_SOURCE, nid, pos, (u64)-(s64)err);
	return err;
}
