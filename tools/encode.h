/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing sidecar indexes (docs/SIDECAR.md), a block at a time.
 *
 * Rules: pure, like src/format, whose decoder it is the mirror of; the unit tests
 * build it too. The caller has all records, sorted by node id, in memory.
 */
#ifndef ENCODE_H
#define ENCODE_H

#include "erofs_sidecar.h"

/**
 * encode_header - block 0, which every other block's checksum depends on
 * @sc:    in: records, id, content; out: everything else
 * @block: result
 */
void encode_header(struct erofs_sidecar *sc, struct erofs_sidecar_ondisk *block);

/**
 * encode_block - one block of the tree
 * @sc:      after encode_header()
 * @records: all of them
 * @nr:      1 <= nr < sc->blocks
 * @block:   result
 */
void encode_block(const struct erofs_sidecar *sc,
		  const struct erofs_sidecar_record_ondisk *records, u64 nr,
		  struct erofs_sidecar_block_ondisk *block);

#endif /* ENCODE_H */
