// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing sidecar indexes; see encode.h.
 */
#include <endian.h>

#include "encode.h"

void encode_header(struct erofs_sidecar *sc, struct erofs_sidecar_ondisk *block)
{
	memset(block, 0, sizeof(*block));
	memcpy(block->magic, EROFS_SIDECAR_MAGIC, sizeof(block->magic));
	block->version = htole16(EROFS_SIDECAR_VERSION);
	block->digest_len = htole16(EROFS_SIDECAR_DIGEST_LEN);
	block->records = htole64(sc->records);
	memcpy(block->algorithm, EROFS_SIDECAR_ALGORITHM, sizeof(EROFS_SIDECAR_ALGORITHM));
	memcpy(block->content, sc->content, sizeof(block->content));
	memcpy(block->uuid, sc->id.uuid, sizeof(block->uuid));
	block->blocks = htole64(sc->id.blocks);
	block->device_blocks = htole64(sc->id.device_blocks);
	block->sb_checksum = htole32(sc->id.sb_checksum);
	block->sb_crc = htole32(sc->id.sb_crc);
	block->devices_crc = htole32(sc->id.devices_crc);
	block->extra_devices = htole16(sc->id.extra_devices);
	block->blkszbits = sc->id.blkszbits;
	sc->checksum = erofs_sidecar_header_crc(block);
	block->checksum = htole32(sc->checksum);
	erofs_sidecar_shape(sc);
}

static void encode_leaf(const struct erofs_sidecar *sc,
			const struct erofs_sidecar_record_ondisk *records, u64 index,
			struct erofs_sidecar_block_ondisk *block)
{
	u64 from = index * EROFS_SIDECAR_LEAF_MAX, n = sc->records - from;

	if (n > EROFS_SIDECAR_LEAF_MAX)
		n = EROFS_SIDECAR_LEAF_MAX;
	memcpy(block->records, records + from, (size_t)n * sizeof(*records));
}

/* Every entry of an index is the first node id of a block one level below. */
static void encode_index(const struct erofs_sidecar *sc,
			 const struct erofs_sidecar_record_ondisk *records, u32 level, u64 index,
			 struct erofs_sidecar_block_ondisk *block)
{
	u64 leaves = 1;

	for (u32 l = 1; l < level; l++)
		leaves *= EROFS_SIDECAR_INDEX_MAX;
	for (u32 i = 0; i < EROFS_SIDECAR_INDEX_MAX; i++) {
		u64 child = index * EROFS_SIDECAR_INDEX_MAX + i;

		if (child >= sc->count[level - 1])
			break;
		block->first[i] = records[child * leaves * EROFS_SIDECAR_LEAF_MAX].nid;
	}
}

void encode_block(const struct erofs_sidecar *sc,
		  const struct erofs_sidecar_record_ondisk *records, u64 nr,
		  struct erofs_sidecar_block_ondisk *block)
{
	u32 level = 0;

	while (nr >= sc->start[level] + sc->count[level])
		level++;
	memset(block, 0, sizeof(*block));
	if (level)
		encode_index(sc, records, level, nr - sc->start[level], block);
	else
		encode_leaf(sc, records, nr - sc->start[0], block);
	block->checksum = htole32(erofs_sidecar_crc(sc->checksum, nr, block));
}
