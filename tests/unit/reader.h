/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A source of image bytes for tests and fuzzers, as strict as a source can be.
 *
 * Rules: every span is an exact-size heap copy, so that a sanitizer sees one
 * byte too far and every use after put(). Requests are checked against the
 * contract of struct erofs_source; breaking it is counted in @violations. Bytes
 * that do not exist are -EIO. An injected failure hits one get(), the n-th.
 */
#ifndef READER_H
#define READER_H

#include "erofs_format.h"

enum reader_mode {
	READER_EXACT,		/* spans of exactly the bytes asked for */
	READER_GENEROUS,	/* spans to the end of the block */
};

/* Bytes at [base, base + len) of a space. */
struct reader_bytes {
	const u8 *data;
	u64 base;
	u64 len;
};

struct reader {
	struct erofs_source src;
	enum reader_mode mode;
	u32 blkszbits;			/* what a block is to READER_GENEROUS */
	struct reader_bytes bytes[EROFS_SPACE_COUNT];

	/* Where MBOX, PACKED and CONTENT come from when bytes[] has no data for them. */
	const struct erofs_super *sb;
	const struct erofs_device *devs;
	const struct erofs_inode *inodes[EROFS_SPACE_COUNT];

	unsigned long gets;		/* served or failed */
	unsigned long fail_at;		/* this get() fails, counting from 1; 0 = none */
	int fail_err;
	unsigned long injected;		/* failures injected */
	long held;			/* spans not given back */
	unsigned long violations;	/* of the contract */
};

void reader_init(struct reader *r, enum reader_mode mode, const void *image, size_t len);

/* Copy file bytes through erofs_map() and erofs_locate(). Holes and bytes past the end are 0. */
int reader_file(struct reader *r, const struct erofs_inode *inode, u64 pos, void *buf, size_t len,
		struct erofs_diag *diag);

/* Copy bytes of the devices, found with erofs_locate(). */
int reader_device(struct reader *r, u16 device_id, u64 pa, u8 *buf, u64 len,
		  struct erofs_diag *diag);

/* What reader_file() does with compressed inodes; NULL: they are refused. */
extern int (*reader_compressed)(struct reader *r, const struct erofs_inode *inode, u64 pos,
				void *buf, size_t len, struct erofs_diag *diag);

#endif /* READER_H */
