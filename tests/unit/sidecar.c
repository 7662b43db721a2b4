// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sidecars in memory; see sidecar.h.
 */
#include <endian.h>
#include <stdlib.h>

#include "sidecar.h"

static int mem_get(struct erofs_sidecar_source *src, u64 nr, struct erofs_sidecar_block *block)
{
	struct mem_sidecar *m = (struct mem_sidecar *)src;
	u8 *copy;

	if (m->held)
		m->violations++;
	if (++m->gets == m->fail_at || nr >= m->len >> EROFS_SIDECAR_BLKBITS)
		return -EIO;
	copy = malloc(EROFS_SIDECAR_BLKSIZE);
	if (!copy)
		abort();
	memcpy(copy, m->bytes + (size_t)(nr << EROFS_SIDECAR_BLKBITS), EROFS_SIDECAR_BLKSIZE);
	block->data = copy;
	block->priv = copy;
	block->verified = m->remember && nr < 64 && (m->remembered >> nr & 1);
	m->held = (long)nr + 1;
	return 0;
}

static void mem_put(struct erofs_sidecar_source *src, struct erofs_sidecar_block *block)
{
	struct mem_sidecar *m = (struct mem_sidecar *)src;

	if (!m->held)
		m->violations++;
	else if (block->verified && m->held <= 64)
		m->remembered |= 1ULL << (m->held - 1);
	m->held = 0;
	free(block->priv);
	memset(block, 0xa5, sizeof(*block));
}

void mem_sidecar_init(struct mem_sidecar *m, u8 *bytes, size_t len)
{
	memset(m, 0, sizeof(*m));
	m->src.get = mem_get;
	m->src.put = mem_put;
	m->bytes = bytes;
	m->len = len;
}

struct erofs_image_id mem_sidecar_id(void)
{
	return (struct erofs_image_id){
		.uuid = "0123456789abcde", .blocks = 1000, .device_blocks = 77,
		.sb_checksum = 0x11223344, .sb_crc = 0x55667788, .devices_crc = 0x99aabbcc,
		.extra_devices = 2, .blkszbits = 12,
	};
}

void mem_sidecar_digest(u64 nid, u8 *digest)
{
	for (u32 i = 0; i < EROFS_SIDECAR_DIGEST_LEN; i++)
		digest[i] = (u8)(nid * 2654435761U >> (i % 8) * 8) ^ (u8)i;
}

void mem_sidecar_make(struct mem_sidecar *m, u64 records, u64 first, u64 step)
{
	struct erofs_sidecar_record_ondisk *all = calloc((size_t)records + 1, sizeof(*all));
	struct erofs_sidecar sc = { .records = records, .id = mem_sidecar_id() };
	u8 *bytes;

	for (u64 i = 0; i < records; i++) {
		all[i].nid = htole64(first + i * step);
		mem_sidecar_digest(first + i * step, all[i].digest);
	}
	memcpy(sc.content, "content of thirty-two bytes.....", 32);
	erofs_sidecar_shape(&sc);
	bytes = malloc((size_t)sc.blocks << EROFS_SIDECAR_BLKBITS);
	if (!bytes || !all)
		abort();
	encode_header(&sc, (void *)bytes);
	for (u64 nr = 1; nr < sc.blocks; nr++)
		encode_block(&sc, all, nr, (void *)(bytes + (nr << EROFS_SIDECAR_BLKBITS)));
	free(all);
	mem_sidecar_init(m, bytes, (size_t)sc.blocks << EROFS_SIDECAR_BLKBITS);
}

void mem_sidecar_seal(struct mem_sidecar *m)
{
	struct erofs_sidecar_ondisk *header = (void *)m->bytes;
	u32 crc = erofs_sidecar_header_crc(header);

	header->checksum = htole32(crc);
	for (u64 nr = 1; nr < m->len >> EROFS_SIDECAR_BLKBITS; nr++) {
		struct erofs_sidecar_block_ondisk *block =
			(void *)(m->bytes + (nr << EROFS_SIDECAR_BLKBITS));

		block->checksum = htole32(erofs_sidecar_crc(crc, nr, block));
	}
}
