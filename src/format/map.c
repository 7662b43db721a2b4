// SPDX-License-Identifier: GPL-2.0-only
/*
 * From file bytes to extents, for the layouts that are not compressed
 * (FORMAT.md section 4).
 *
 * Rules: one call reads each chunk table entry it needs once, and none past the
 * bytes wanted. A problem behind the first run is left to the call that asks
 * for those bytes: it must not spoil the healthy bytes before it.
 */
#include "internal.h"

/* A chunk table, as far as one call needs it. */
struct chunk_table {
	u64 pos;		/* byte position of entry 0 */
	u32 unit;		/* bytes per entry */
	u64 null_addr;		/* block address that means "hole" */
};

/* One decoded entry. */
struct chunk {
	bool hole;
	u16 device_id;
	u64 pa;
};

static void open_table(const struct erofs_inode *inode, struct chunk_table *tab)
{
	tab->null_addr = 0xffffffffULL;
	tab->unit = sizeof(__le32);
	if (inode->chunk_format & EROFS_CHUNK_INDEXES) {
		tab->unit = sizeof(struct erofs_chunk_index);
		if (inode->chunk_format & EROFS_CHUNK_48BIT)
			tab->null_addr = 0xffffffffffffULL;
	}
	tab->pos = erofs_align(inode->tail_pos, tab->unit);
}

/* Decode entry @nr at @data. The chunk has to lie in the address space up to @len. */
static int decode_chunk(const struct erofs_super *sb, const struct erofs_inode *inode,
			const struct chunk_table *tab, const u8 *data, u64 nr, u64 len,
			struct chunk *chunk, struct erofs_diag *diag)
{
	u64 addr;

	chunk->device_id = 0;
	if (inode->chunk_format & EROFS_CHUNK_INDEXES) {
		struct erofs_chunk_index idx;

		memcpy(&idx, data, sizeof(idx));
		addr = le32_to_cpu(idx.startblk_lo) | (u64)le16_to_cpu(idx.startblk_hi) << 32;
		addr &= tab->null_addr;
		chunk->device_id = le16_to_cpu(idx.device_id) & sb->device_id_mask;
	} else {
		__le32 raw;

		memcpy(&raw, data, sizeof(raw));
		addr = le32_to_cpu(raw);
	}

	chunk->hole = addr == tab->null_addr;
	chunk->pa = 0;
	if (chunk->hole) {
		chunk->device_id = 0;
		return 0;
	}
	/* Divided by the block size first: a 48-bit address times 64 KiB would wrap. */
	if (addr + erofs_ceil_shift(len, sb->blkszbits) > EROFS_POS_MAX >> sb->blkszbits)
		return erofs_fail(diag, EROFS_CHECK_CHUNK_ADDRESS, inode->nid,
				  tab->pos + nr * tab->unit, addr);
	chunk->pa = addr << sb->blkszbits;
	return 0;
}

/* Add chunk @chunk, whose part from @skip to @len is wanted. False: it does not continue @ext. */
static bool append_chunk(struct erofs_extent *ext, const struct chunk *chunk, u64 skip, u64 len)
{
	if (!ext->len) {
		ext->type = chunk->hole ? EROFS_EXTENT_HOLE : EROFS_EXTENT_DATA;
		ext->device_id = chunk->device_id;
		ext->pa = chunk->hole ? 0 : chunk->pa + skip;
	} else if (chunk->hole) {
		if (ext->type != EROFS_EXTENT_HOLE)
			return false;
	} else if (ext->type == EROFS_EXTENT_HOLE || ext->device_id != chunk->device_id ||
		   ext->pa + ext->len != chunk->pa) {
		return false;
	}
	ext->len += len - skip;
	return true;
}

/* Section 4.3. @ext covers nothing yet; @n bytes from ext->la are wanted, all inside the file. */
static int map_chunks(struct erofs_source *src, const struct erofs_super *sb,
		      const struct erofs_inode *inode, u64 n, struct erofs_extent *ext,
		      struct erofs_diag *diag)
{
	u64 end = ext->la + n;
	u64 nr = ext->la >> inode->chunk_bits;
	u64 last = (end - 1) >> inode->chunk_bits;
	struct chunk_table tab;

	open_table(inode, &tab);
	while (nr <= last) {
		u64 pos = tab.pos + nr * tab.unit;
		struct erofs_span span;
		u32 off;
		int err;

		err = src->get(src, inode->space, pos,
			       erofs_granule_len(pos, (last - nr + 1) * tab.unit), &span);
		if (err)
			return ext->len ? 0 : erofs_source_fail(diag, err, inode->nid, pos);

		for (off = 0; nr <= last && span.len - off >= tab.unit; off += tab.unit, nr++) {
			u64 start = nr << inode->chunk_bits;
			u64 used = erofs_min64(inode->size - start, 1ULL << inode->chunk_bits);
			u64 skip = ext->len ? 0 : ext->la - start;
			struct chunk chunk;

			err = decode_chunk(sb, inode, &tab, span.data + off, nr, used, &chunk,
					   ext->len ? NULL : diag);
			if (err || !append_chunk(ext, &chunk, skip,
						 erofs_min64(used, end - start))) {
				src->put(src, &span);
				return ext->len ? 0 : err;
			}
		}
		src->put(src, &span);
	}
	return 0;
}

/* Sections 4.1 and 4.2. erofs_inode_read() has verified every sum in here. */
static void map_flat(const struct erofs_super *sb, const struct erofs_inode *inode, u64 n,
		     struct erofs_extent *ext)
{
	u64 flat_len = inode->size;

	ext->len = n;
	if (inode->layout == EROFS_LAYOUT_FLAT_INLINE) {
		flat_len = ((inode->size - 1) >> sb->blkszbits) << sb->blkszbits;
		if (ext->la >= flat_len) {
			ext->type = EROFS_EXTENT_INLINE;
			ext->pa = inode->tail_pos + (ext->la - flat_len);
			return;
		}
	} else if (inode->flat_hole) {
		return;
	}
	ext->type = EROFS_EXTENT_DATA;
	ext->pa = (inode->startblk << sb->blkszbits) + ext->la;
	ext->len = erofs_min64(n, flat_len - ext->la);
}

/**
 * erofs_map - map file bytes of a flat or chunk-based inode (section 4)
 * @src:   the inode's space is read, for chunk-based inodes only
 * @sb:    the superblock
 * @inode: an inode that erofs_inode_read() accepted
 * @la:    first byte wanted
 * @want:  bytes wanted, at least 1 (0 counts as 1)
 * @ext:   result: one run from @la on, 1 <= len <= @want; undefined after a failure
 * @diag:  named check on failure
 *
 * Adjacent chunks that are contiguous on one device, and adjacent holes, are
 * merged. Reads at most one table entry per chunk that @want touches. At or
 * beyond the file size: a hole of @want bytes. ext->device_id is masked, not
 * verified: that is erofs_locate()'s part. Context: may sleep if the source's
 * get() may. Return: 0; -EFSCORRUPTED: chunk past the end of the address space;
 * -EOPNOTSUPP: compressed layout; the source's errno.
 */
int erofs_map(struct erofs_source *src, const struct erofs_super *sb,
	      const struct erofs_inode *inode, u64 la, u64 want, struct erofs_extent *ext,
	      struct erofs_diag *diag)
{
	u64 n = want ? want : 1;

	ext->type = EROFS_EXTENT_HOLE;
	ext->device_id = 0;
	ext->la = la;
	ext->len = 0;
	ext->pa = 0;
	if (la >= inode->size) {
		ext->len = n;
		return 0;
	}
	if (erofs_inode_compressed(inode))
		return erofs_fail(diag, EROFS_CHECK_MAP_COMPRESSED, inode->nid, la,
				  inode->layout);

	n = erofs_min64(n, inode->size - la);
	if (inode->layout == EROFS_LAYOUT_CHUNK_BASED)
		return map_chunks(src, sb, inode, n, ext, diag);
	map_flat(sb, inode, n, ext);
	return 0;
}
