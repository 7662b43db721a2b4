// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sidecar indexes (docs/SIDECAR.md): a header and a tree of blocks, leaves
 * first, whose shape follows from the number of records alone.
 *
 * Rules: a block is verified before anything else of it is looked at. Its
 * checksum begins with the header's checksum and the block's number, so that a
 * block of another sidecar, or from another place, is as wrong as a damaged one.
 */
#include "internal.h"
#include "erofs_sidecar.h"

#define CRC_SEED	0xffffffffU
#define CHECKSUM_POS	((u32)__builtin_offsetof(struct erofs_sidecar_ondisk, checksum))
#define SC_POS(field)	((u64)__builtin_offsetof(struct erofs_sidecar_ondisk, field))

_Static_assert(sizeof(struct erofs_sidecar_ondisk) == EROFS_SIDECAR_BLKSIZE, "the header is a block");
_Static_assert(__builtin_offsetof(struct erofs_sidecar_ondisk, uuid) == 72, "the image at byte 72");
_Static_assert(__builtin_offsetof(struct erofs_sidecar_ondisk, reserved_120) == 120, "end of fields");
_Static_assert(sizeof(struct erofs_sidecar_block_ondisk) == EROFS_SIDECAR_BLKSIZE, "a block");

/* ---- The image ------------------------------------------------------------ */

static u32 crc_u64(u32 crc, u64 value)
{
	u8 bytes[8];
	u32 i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(value >> 8 * i);
	return erofs_crc32c(crc, bytes, sizeof(bytes));
}

/* The bytes of section 1.2, whether or not the image has a checksum. */
static int crc_super(struct erofs_source *src, const struct erofs_super *sb, u32 *crc,
		     struct erofs_diag *diag)
{
	u64 pos = EROFS_SUPER_OFFSET, end = 1ULL << sb->blkszbits;

	if (end <= EROFS_SUPER_OFFSET)
		end += EROFS_SUPER_OFFSET;
	*crc = CRC_SEED;
	while (pos < end) {
		u8 bytes[EROFS_GRANULE];
		size_t n = erofs_granule_len(pos, end - pos);
		int err = erofs_read(src, EROFS_DEV, pos, bytes, n);

		if (err)
			return erofs_source_fail(diag, err, 0, pos);
		*crc = erofs_crc32c(*crc, bytes, n);
		pos += n;
	}
	return 0;
}

/**
 * erofs_image_id_read - identify an image
 * @src:  EROFS_DEV is read
 * @sb:   its superblock
 * @devs: array of sb->extra_devices decoded slots, NULL if none
 * @flat: the extra devices' content is looked for behind the primary one
 * @id:   result
 * @diag: named check on failure
 *
 * The same image with and without its devices has other bytes in its files: two images.
 * Context: may sleep if the source's get() may. Return: 0 or the source's errno.
 */
int erofs_image_id_read(struct erofs_source *src, const struct erofs_super *sb,
			const struct erofs_device *devs, bool flat, struct erofs_image_id *id,
			struct erofs_diag *diag)
{
	u32 i, crc = CRC_SEED;

	memset(id, 0, sizeof(*id));
	memcpy(id->uuid, sb->uuid, sizeof(id->uuid));
	id->blocks = sb->blocks;
	id->sb_checksum = sb->checksum;
	id->extra_devices = sb->extra_devices;
	id->blkszbits = sb->blkszbits;
	for (i = 0; i < sb->extra_devices; i++) {
		/* 65535 slots of at most 2^48 blocks each do not overflow. */
		id->device_blocks += devs[i].blocks;
		crc = erofs_crc32c(crc, devs[i].tag, sizeof(devs[i].tag));
		crc = crc_u64(crc, devs[i].blocks);
		crc = crc_u64(crc, devs[i].uniaddr);
	}
	id->devices_crc = sb->extra_devices ? crc_u64(crc, flat) : 0;
	return crc_super(src, sb, &id->sb_crc, diag);
}

/* ---- Blocks --------------------------------------------------------------- */

bool erofs_sidecar_is(const void *data)
{
	return !memcmp(data, EROFS_SIDECAR_MAGIC, EROFS_SIDECAR_MAGIC_LEN);
}

u32 erofs_sidecar_header_crc(const void *block)
{
	const u8 *bytes = block;
	u32 crc = erofs_crc32c(CRC_SEED, bytes, CHECKSUM_POS);

	crc = erofs_crc32c(crc, "\0\0\0", 4);
	return erofs_crc32c(crc, bytes + CHECKSUM_POS + 4,
			    EROFS_SIDECAR_BLKSIZE - CHECKSUM_POS - 4);
}

u32 erofs_sidecar_crc(u32 header, u64 nr, const void *block)
{
	u32 crc = crc_u64(CRC_SEED, header);

	crc = crc_u64(crc, nr);
	return erofs_crc32c(crc, (const u8 *)block + 4, EROFS_SIDECAR_BLKSIZE - 4);
}

/* Bytes of a block's first byte in the file. */
static u64 block_pos(u64 nr)
{
	return nr << EROFS_SIDECAR_BLKBITS;
}

/* Lend block @nr of the tree, verified. */
static int get_block(struct erofs_sidecar_source *src, const struct erofs_sidecar *sc, u64 nr,
		     u64 nid, struct erofs_sidecar_block *block, struct erofs_diag *diag)
{
	const struct erofs_sidecar_block_ondisk *raw;
	u32 crc;
	int err;

	block->verified = false;
	err = src->get(src, nr, block);
	if (err)
		return erofs_source_fail(diag, err, nid, block_pos(nr));
	if (block->verified)
		return 0;
	raw = (const void *)block->data;
	crc = erofs_sidecar_crc(sc->checksum, nr, raw);
	if (crc == le32_to_cpu(raw->checksum)) {
		block->verified = true;
		return 0;
	}
	src->put(src, block);
	return erofs_fail(diag, EROFS_CHECK_SC_BLOCK, nid, block_pos(nr), crc);
}

/* ---- The header ----------------------------------------------------------- */

/* Blocks of @max entries for @n of them; in halves, for 32-bit kernels do not divide 64 bits. */
static u64 blocks_for(u64 n, u32 max)
{
	u32 high, low;

	/* At most RECORDS_MAX, 2^40, so each half and what it leaves to the next fit 32 bits. */
	n += max - 1;
	high = (u32)(n >> 20);
	low = (high % max) << 20 | ((u32)n & 0xfffff);
	return ((u64)(high / max) << 20) + low / max;
}

void erofs_sidecar_shape(struct erofs_sidecar *sc)
{
	u64 count = blocks_for(sc->records, EROFS_SIDECAR_LEAF_MAX);

	sc->levels = 0;
	sc->blocks = 1;
	while (count) {
		sc->start[sc->levels] = sc->blocks;
		sc->count[sc->levels] = count;
		sc->levels++;
		sc->blocks += count;
		if (count == 1)
			break;
		count = blocks_for(count, EROFS_SIDECAR_INDEX_MAX);
	}
}

static void decode_id(const struct erofs_sidecar_ondisk *raw, struct erofs_image_id *id)
{
	memcpy(id->uuid, raw->uuid, sizeof(id->uuid));
	id->blocks = le64_to_cpu(raw->blocks);
	id->device_blocks = le64_to_cpu(raw->device_blocks);
	id->sb_checksum = le32_to_cpu(raw->sb_checksum);
	id->sb_crc = le32_to_cpu(raw->sb_crc);
	id->devices_crc = le32_to_cpu(raw->devices_crc);
	id->extra_devices = le16_to_cpu(raw->extra_devices);
	id->blkszbits = raw->blkszbits;
}

static int decode_header(const struct erofs_sidecar_ondisk *raw, u64 size, struct erofs_sidecar *sc,
			 struct erofs_diag *diag)
{
	static const u8 algorithm[EROFS_SIDECAR_ALGORITHM_LEN] = EROFS_SIDECAR_ALGORITHM;
	u32 crc;

	if (!erofs_sidecar_is(raw->magic))
		return erofs_fail(diag, EROFS_CHECK_SC_MAGIC, 0, 0, raw->magic[0]);
	if (le16_to_cpu(raw->version) != EROFS_SIDECAR_VERSION)
		return erofs_fail(diag, EROFS_CHECK_SC_VERSION, 0, SC_POS(version),
				  le16_to_cpu(raw->version));
	crc = erofs_sidecar_header_crc(raw);
	if (crc != le32_to_cpu(raw->checksum))
		return erofs_fail(diag, EROFS_CHECK_SC_CHECKSUM, 0, SC_POS(checksum), crc);
	if (memcmp(raw->algorithm, algorithm, sizeof(algorithm)) ||
	    le16_to_cpu(raw->digest_len) != EROFS_SIDECAR_DIGEST_LEN)
		return erofs_fail(diag, EROFS_CHECK_SC_ALGORITHM, 0, SC_POS(algorithm),
				  le16_to_cpu(raw->digest_len));
	sc->records = le64_to_cpu(raw->records);
	if (sc->records > EROFS_SIDECAR_RECORDS_MAX)
		return erofs_fail(diag, EROFS_CHECK_SC_RECORDS, 0, SC_POS(records), sc->records);
	erofs_sidecar_shape(sc);
	if (size != block_pos(sc->blocks))
		return erofs_fail(diag, EROFS_CHECK_SC_SIZE, 0, block_pos(sc->blocks), size);
	sc->checksum = crc;
	memcpy(sc->content, raw->content, sizeof(sc->content));
	decode_id(raw, &sc->id);
	return 0;
}

/**
 * erofs_sidecar_open - read and verify the header
 * @src:  the file
 * @size: bytes of the file
 * @sc:   result; undefined after a failure
 * @diag: named check on failure
 *
 * Context: may sleep if the source's get() may. Return: 0; -EINVAL: no sidecar;
 * -EOPNOTSUPP: version or algorithm; -EBADMSG: checksum; -EFSCORRUPTED: number of
 * records or file size; the source's errno.
 */
int erofs_sidecar_open(struct erofs_sidecar_source *src, u64 size, struct erofs_sidecar *sc,
		       struct erofs_diag *diag)
{
	struct erofs_sidecar_block block = { .verified = false };
	int err;

	memset(sc, 0, sizeof(*sc));
	err = src->get(src, 0, &block);
	if (err)
		return erofs_source_fail(diag, err, 0, 0);
	err = decode_header((const void *)block.data, size, sc, diag);
	src->put(src, &block);
	return err;
}

/**
 * erofs_sidecar_match - was this sidecar made of that image?
 * @sc:   decoded header
 * @id:   the image
 * @diag: what differs, with the image's value
 *
 * Context: any. Return: 0 or -EINVAL.
 */
int erofs_sidecar_match(const struct erofs_sidecar *sc, const struct erofs_image_id *id,
			struct erofs_diag *diag)
{
	const struct erofs_image_id *made = &sc->id;
	u32 i;

	for (i = 0; i < EROFS_UUID_LEN; i++) {
		if (made->uuid[i] != id->uuid[i])
			return erofs_fail(diag, EROFS_CHECK_SC_IMAGE_UUID, 0, SC_POS(uuid) + i,
					  id->uuid[i]);
	}
	if (made->blkszbits != id->blkszbits || made->blocks != id->blocks)
		return erofs_fail(diag, EROFS_CHECK_SC_IMAGE_SIZE, 0, SC_POS(blocks), id->blocks);
	if (made->extra_devices != id->extra_devices ||
	    made->device_blocks != id->device_blocks || made->devices_crc != id->devices_crc)
		return erofs_fail(diag, EROFS_CHECK_SC_IMAGE_DEVICES, 0, SC_POS(device_blocks),
				  id->device_blocks);
	if (made->sb_checksum != id->sb_checksum || made->sb_crc != id->sb_crc)
		return erofs_fail(diag, EROFS_CHECK_SC_IMAGE_SUPER, 0, SC_POS(sb_checksum),
				  id->sb_crc);
	return 0;
}

/* ---- The tree ------------------------------------------------------------- */

/* Entries of block @index of @level. */
static u32 entries_of(const struct erofs_sidecar *sc, u32 level, u64 index)
{
	u64 all = level ? sc->count[level - 1] : sc->records;
	u32 max = level ? EROFS_SIDECAR_INDEX_MAX : EROFS_SIDECAR_LEAF_MAX;

	return (u32)erofs_min64(max, all - index * max);
}

static u64 entry_nid(const struct erofs_sidecar_block_ondisk *raw, u32 level, u32 entry)
{
	return level ? le64_to_cpu(raw->first[entry]) : le64_to_cpu(raw->records[entry].nid);
}

/* The last of @n entries that is not above @nid; the caller knows that the first is not. */
static u32 search(const struct erofs_sidecar_block_ondisk *raw, u32 level, u32 n, u64 nid)
{
	u32 low = 0, high = n;

	while (high - low > 1) {
		u32 mid = low + (high - low) / 2;

		if (entry_nid(raw, level, mid) <= nid)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/**
 * erofs_sidecar_find - the digest of one inode
 * @src:    the file
 * @sc:     its header
 * @nid:    node id
 * @digest: result, EROFS_SIDECAR_DIGEST_LEN bytes
 * @diag:   named check on failure
 *
 * Reads one block per level. Context: may sleep if the source's get() may.
 * Return: 0; -ENODATA: the sidecar has none; -EBADMSG: a block's checksum;
 * -EFSCORRUPTED: a child does not begin as its parent says; the source's errno.
 */
int erofs_sidecar_find(struct erofs_sidecar_source *src, const struct erofs_sidecar *sc, u64 nid,
		       u8 *digest, struct erofs_diag *diag)
{
	u32 level = sc->levels;
	u64 index = 0, parent = 0;

	while (level--) {
		const struct erofs_sidecar_block_ondisk *raw;
		struct erofs_sidecar_block block;
		u64 nr = sc->start[level] + index, first, found;
		u32 entry;
		int err;

		err = get_block(src, sc, nr, nid, &block, diag);
		if (err)
			return err;
		raw = (const void *)block.data;
		first = entry_nid(raw, level, 0);
		entry = search(raw, level, entries_of(sc, level, index), nid);
		found = entry_nid(raw, level, entry);
		if (!level && found == nid)
			memcpy(digest, raw->records[entry].digest, EROFS_SIDECAR_DIGEST_LEN);
		src->put(src, &block);

		if (level + 1 < sc->levels && first != parent)
			return erofs_fail(diag, EROFS_CHECK_SC_ORDER, nid, block_pos(nr), first);
		if (found > nid || (!level && found != nid))
			return -ENODATA;
		parent = found;
		index = index * EROFS_SIDECAR_INDEX_MAX + entry;
		if (!level)
			return 0;
	}
	return -ENODATA;
}

/**
 * erofs_sidecar_fingerprint - the fingerprint of one inode, as the image's own would be
 * @src:  the file
 * @sc:   its header
 * @nid:  node id
 * @buf:  result
 * @size: bytes of @buf
 * @diag: named check on failure
 *
 * Context: as erofs_sidecar_find(). Return: EROFS_SIDECAR_FP_LEN; -ERANGE when
 * @size is less; otherwise as erofs_sidecar_find().
 */
int erofs_sidecar_fingerprint(struct erofs_sidecar_source *src, const struct erofs_sidecar *sc,
			      u64 nid, void *buf, size_t size, struct erofs_diag *diag)
{
	static const u8 prefix[] = { 's', 'h', 'a', '2', '5', '6', ':' };
	u8 *bytes = buf;
	int err;

	if (size < EROFS_SIDECAR_FP_LEN)
		return -ERANGE;
	err = erofs_sidecar_find(src, sc, nid, bytes + sizeof(prefix), diag);
	if (err)
		return err;
	memcpy(bytes, prefix, sizeof(prefix));
	return EROFS_SIDECAR_FP_LEN;
}

/**
 * erofs_sidecar_leaf - copy the records of one leaf, verified to be in order
 * @src:     the file
 * @sc:      its header
 * @leaf:    which one, below sc->count[0]
 * @records: EROFS_SIDECAR_LEAF_MAX of them
 * @diag:    named check on failure
 *
 * Context: may sleep if the source's get() may. Return: how many, -EBADMSG,
 * -EFSCORRUPTED or the source's errno.
 */
int erofs_sidecar_leaf(struct erofs_sidecar_source *src, const struct erofs_sidecar *sc, u64 leaf,
		       struct erofs_sidecar_record_ondisk *records, struct erofs_diag *diag)
{
	u32 i, n = entries_of(sc, 0, leaf);
	struct erofs_sidecar_block block;
	u64 nr = sc->start[0] + leaf;
	int err;

	err = get_block(src, sc, nr, 0, &block, diag);
	if (err)
		return err;
	memcpy(records, ((const struct erofs_sidecar_block_ondisk *)block.data)->records,
	       n * sizeof(*records));
	src->put(src, &block);
	for (i = 1; i < n; i++) {
		if (le64_to_cpu(records[i].nid) <= le64_to_cpu(records[i - 1].nid))
			return erofs_fail(diag, EROFS_CHECK_SC_ORDER, le64_to_cpu(records[i].nid),
					  block_pos(nr), le64_to_cpu(records[i - 1].nid));
	}
	return (int)n;
}
