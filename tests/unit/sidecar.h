/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sidecars in memory: made by the encoder of tools/, read through a source as
 * strict as reader.h's.
 *
 * Rules: blocks are exact-size heap copies; a block that does not exist is -EIO;
 * holding two, or giving one back twice, is counted in @violations.
 */
#ifndef SIDECAR_H
#define SIDECAR_H

#include "encode.h"

struct mem_sidecar {
	struct erofs_sidecar_source src;
	u8 *bytes;
	size_t len;
	u64 remembered;		/* bit n: block n was verified before; only with @remember */
	bool remember;
	unsigned long gets;
	unsigned long fail_at;	/* this get() fails with -EIO, counting from 1; 0 = none */
	long held;
	unsigned long violations;
};

/* A source over @len bytes, which the caller owns. */
void mem_sidecar_init(struct mem_sidecar *m, u8 *bytes, size_t len);

/* The image that mem_sidecar_make() binds to. */
struct erofs_image_id mem_sidecar_id(void);

/* @records files with node ids first, first + step...; bytes are on the heap. */
void mem_sidecar_make(struct mem_sidecar *m, u64 records, u64 first, u64 step);

/* What mem_sidecar_make() gives @nid. */
void mem_sidecar_digest(u64 nid, u8 *digest);

/* Compute the checksums of all blocks anew: what a forger would do. */
void mem_sidecar_seal(struct mem_sidecar *m);

#endif /* SIDECAR_H */
