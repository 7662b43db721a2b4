// SPDX-License-Identifier: GPL-2.0-only
/*
 * The superblock and the compression configuration behind it (FORMAT.md
 * section 1).
 *
 * Rules: checks run in the order of section 1.1, so that an image that fails
 * several of them always reports the same one; a field is looked at only when
 * the image declares it (features, extension slots).
 */
#include "internal.h"

/* Positions of superblock fields, for diagnostics. */
#define SB_POS(field) \
	(EROFS_SUPER_OFFSET + (u64)__builtin_offsetof(struct erofs_super_ondisk, field))

/* CRC-32C register after the magic and four zero bytes in place of the checksum. */
#define SB_CRC_SEED		0x5045B54AU

#define LZMA_DICT_MIN		4096U
#define LZMA_DICT_MAX		(8U * 1024U * 1024U)
#define DEFLATE_WINDOWBITS_MAX	15U
#define ZSTD_WINDOWLOG_MAX	10U

static const char *const algorithm_names[EROFS_ALG_COUNT] = {
	[EROFS_ALG_LZ4]		= "LZ4",
	[EROFS_ALG_MICROLZMA]	= "MicroLZMA",
	[EROFS_ALG_DEFLATE]	= "DEFLATE",
	[EROFS_ALG_ZSTD]	= "Zstandard",
};

/**
 * erofs_algorithm_name - name of a compression algorithm, for people
 * @alg: any value
 *
 * Context: any. Return: a constant string, "?" for a value outside the enum.
 */
const char *erofs_algorithm_name(enum erofs_algorithm alg)
{
	return (u32)alg < EROFS_ALG_COUNT ? algorithm_names[alg] : "?";
}

/* Section 1.2: the first block, or all of a block-sized piece when blocks are small. */
static int verify_checksum(struct erofs_source *src, const struct erofs_super *sb,
			   struct erofs_diag *diag)
{
	u32 blksize = 1U << sb->blkszbits;
	u64 pos = SB_POS(feature_compat);
	u64 end = EROFS_SUPER_OFFSET + blksize;
	u32 crc = SB_CRC_SEED;

	if (blksize > EROFS_SUPER_OFFSET)
		end = blksize;

	while (pos < end) {
		struct erofs_span span;
		size_t n;
		int err;

		err = src->get(src, EROFS_DEV, pos, erofs_granule_len(pos, end - pos), &span);
		if (err)
			return erofs_source_fail(diag, err, 0, pos);
		n = (size_t)erofs_min64(span.len, end - pos);
		crc = erofs_crc32c(crc, span.data, n);
		src->put(src, &span);
		pos += n;
	}
	if (crc != sb->checksum)
		return erofs_fail(diag, EROFS_CHECK_SB_CHECKSUM, 0, SB_POS(checksum), crc);
	return 0;
}

/* One record of the configuration area; @rec holds the minimum length of its kind. */
static int decode_config(struct erofs_super *sb, u32 alg, const void *rec, u64 pos,
			 struct erofs_diag *diag)
{
	switch (alg) {
	case EROFS_ALG_LZ4: {
		const struct erofs_lz4_cfg_ondisk *lz4 = rec;
		u16 blks = le16_to_cpu(lz4->max_pclusterblks);

		if (blks > EROFS_PCLUSTER_MAX_PLEN >> sb->blkszbits)
			return erofs_fail(diag, EROFS_CHECK_CFG_LZ4_PCLUSTER, 0, pos, blks);
		sb->lz4_max_distance = le16_to_cpu(lz4->max_distance);
		sb->lz4_max_pclusterblks = blks ? blks : 1;
		return 0;
	}
	case EROFS_ALG_MICROLZMA: {
		const struct erofs_lzma_cfg_ondisk *lzma = rec;
		u16 format = le16_to_cpu(lzma->format);
		u32 dict = le32_to_cpu(lzma->dict_size);

		if (format)
			return erofs_fail(diag, EROFS_CHECK_CFG_LZMA_FORMAT, 0, pos, format);
		if (dict < LZMA_DICT_MIN || dict > LZMA_DICT_MAX)
			return erofs_fail(diag, EROFS_CHECK_CFG_LZMA_DICT, 0, pos, dict);
		sb->lzma_dict_size = dict;
		return 0;
	}
	case EROFS_ALG_DEFLATE: {
		const struct erofs_deflate_cfg_ondisk *deflate = rec;

		if (deflate->windowbits > DEFLATE_WINDOWBITS_MAX)
			return erofs_fail(diag, EROFS_CHECK_CFG_DEFLATE_WINDOW, 0, pos,
					  deflate->windowbits);
		sb->deflate_windowbits = deflate->windowbits;
		return 0;
	}
	default: {
		const struct erofs_zstd_cfg_ondisk *zstd = rec;

		if (zstd->format)
			return erofs_fail(diag, EROFS_CHECK_CFG_ZSTD_FORMAT, 0, pos,
					  zstd->format);
		if (zstd->windowlog > ZSTD_WINDOWLOG_MAX)
			return erofs_fail(diag, EROFS_CHECK_CFG_ZSTD_WINDOW, 0, pos,
					  zstd->windowlog);
		sb->zstd_windowlog = zstd->windowlog;
		return 0;
	}
	}
}

/* Section 1.7: one record per algorithm of the bitmap, in ascending order. */
static int read_configs(struct erofs_source *src, struct erofs_super *sb, struct erofs_diag *diag)
{
	static const u8 min_len[EROFS_ALG_COUNT] = {
		[EROFS_ALG_LZ4]		= sizeof(struct erofs_lz4_cfg_ondisk),
		[EROFS_ALG_MICROLZMA]	= sizeof(struct erofs_lzma_cfg_ondisk),
		[EROFS_ALG_DEFLATE]	= sizeof(struct erofs_deflate_cfg_ondisk),
		[EROFS_ALG_ZSTD]	= sizeof(struct erofs_zstd_cfg_ondisk),
	};
	u64 pos = sb->cfg_pos;
	u32 alg;

	for (alg = 0; alg < EROFS_ALG_COUNT; alg++) {
		u8 rec[sizeof(struct erofs_lz4_cfg_ondisk)];
		__le16 raw_len;
		u32 len;
		int err;

		if (!(sb->algorithms & (1U << alg)))
			continue;

		pos = erofs_align(pos, 4);
		err = erofs_read(src, EROFS_DEV, pos, &raw_len, sizeof(raw_len));
		if (err)
			return erofs_source_fail(diag, err, 0, pos);
		len = le16_to_cpu(raw_len);
		if (!len)
			len = 65536;
		if (len < min_len[alg])
			return erofs_fail(diag, EROFS_CHECK_CFG_LENGTH, 0, pos, len);

		pos += sizeof(raw_len);
		err = erofs_read(src, EROFS_DEV, pos, rec, min_len[alg]);
		if (err)
			return erofs_source_fail(diag, err, 0, pos);
		err = decode_config(sb, alg, rec, pos, diag);
		if (err)
			return err;
		pos += len;
	}
	return 0;
}

/* Sections 1.7 and 1.4: which algorithms may occur, and where their parameters are. */
static int decode_algorithms(struct erofs_super *sb, u16 u1, struct erofs_diag *diag)
{
	sb->lz4_max_pclusterblks = 1;
	if (!(sb->feature_incompat & EROFS_INCOMPAT_COMPR_CFGS)) {
		sb->lz4_max_distance = u1;
		if (u1 || (sb->feature_incompat & EROFS_INCOMPAT_LZ4_0PADDING))
			sb->algorithms = 1U << EROFS_ALG_LZ4;
		return 0;
	}

	if (u1 >> EROFS_ALG_COUNT)
		return erofs_fail(diag, EROFS_CHECK_SB_ALGORITHMS, 0, SB_POS(u1), u1);
	sb->algorithms = u1;
	sb->cfg_pos = (u64)EROFS_SUPER_OFFSET + sb->size;
	return 0;
}

/* Fields that no check looks at before they are used. */
static void decode_fields(struct erofs_super *sb, const struct erofs_super_ondisk *raw)
{
	u32 incompat = le32_to_cpu(raw->feature_incompat);
	u16 rb = le16_to_cpu(raw->rb);

	sb->xattr_prefix_count = raw->xattr_prefix_count;
	sb->ishare_prefix_id = raw->ishare_xattr_prefix_id;
	sb->has_ishare = sb->feature_compat & EROFS_COMPAT_ISHARE_XATTRS;
	sb->xattr_filter = (sb->feature_compat & EROFS_COMPAT_XATTR_FILTER) &&
			   !raw->xattr_filter_reserved;
	sb->fixed_nsec = le32_to_cpu(raw->fixed_nsec);
	sb->xattr_blkaddr = le32_to_cpu(raw->xattr_blkaddr);
	sb->meta_blkaddr = le32_to_cpu(raw->meta_blkaddr);
	sb->epoch = (s64)le64_to_cpu(raw->epoch);
	sb->build_time = le64_to_cpu(raw->epoch) + le32_to_cpu(raw->build_time);
	sb->inos = le64_to_cpu(raw->inos);
	sb->prefix_pos = (u64)le32_to_cpu(raw->xattr_prefix_start) * 4;
	memcpy(sb->uuid, raw->uuid, EROFS_UUID_LEN);
	memcpy(sb->volume_name, raw->volume_name, EROFS_VOLUME_NAME_LEN);

	/* Section 1.5 */
	sb->blocks = le32_to_cpu(raw->blocks_lo);
	sb->root_nid = rb;
	if ((incompat & EROFS_INCOMPAT_48BIT) && le64_to_cpu(raw->rootnid_8b)) {
		sb->root_nid = le64_to_cpu(raw->rootnid_8b);
		sb->blocks |= (u64)rb << 32;
	}

	/* Section 2 */
	if (incompat & EROFS_INCOMPAT_DEVICE_TABLE)
		sb->extra_devices = le16_to_cpu(raw->extra_devices);
	if (sb->extra_devices) {
		u32 mask = sb->extra_devices;

		/* All ones below and at the highest bit of the largest device id. */
		mask |= mask >> 1;
		mask |= mask >> 2;
		mask |= mask >> 4;
		mask |= mask >> 8;
		sb->device_id_mask = mask;
		sb->devt_pos = (u64)le16_to_cpu(raw->devt_slotoff) * EROFS_DEVT_SLOT_SIZE;
	}

	sb->has_metabox = incompat & EROFS_INCOMPAT_METABOX;
	sb->has_packed = (incompat & EROFS_INCOMPAT_FRAGMENTS) && le64_to_cpu(raw->packed_nid);
	if (sb->has_packed)
		sb->packed_nid = le64_to_cpu(raw->packed_nid);
}

/* Section 1.1, checks 8 and 9, and the node ids of section 11. */
static int verify_references(struct erofs_source *src, struct erofs_super *sb,
			     struct erofs_diag *diag)
{
	__le64 raw;
	int err;

	if (sb->xattr_prefix_count > EROFS_XATTR_PREFIX_MAX)
		return erofs_fail(diag, EROFS_CHECK_SB_PREFIX_COUNT, 0,
				  SB_POS(xattr_prefix_count), sb->xattr_prefix_count);
	if (sb->has_ishare && sb->ishare_prefix_id >= sb->xattr_prefix_count)
		return erofs_fail(diag, EROFS_CHECK_SB_ISHARE_PREFIX, 0,
				  SB_POS(ishare_xattr_prefix_id), sb->ishare_prefix_id);

	if (sb->has_metabox) {
		if (sb->size <= EROFS_SUPER_BASE_SIZE)
			return erofs_fail(diag, EROFS_CHECK_SB_METABOX_SIZE, 0,
					  SB_POS(sb_extslots), sb->size);
		err = erofs_read(src, EROFS_DEV, SB_POS(metabox_nid), &raw, sizeof(raw));
		if (err)
			return erofs_source_fail(diag, err, 0, SB_POS(metabox_nid));
		sb->metabox_nid = le64_to_cpu(raw);
		if (sb->metabox_nid & EROFS_NID_METABOX)
			return erofs_fail(diag, EROFS_CHECK_SB_METABOX_NID, 0,
					  SB_POS(metabox_nid), sb->metabox_nid);
		if (!sb->metabox_nid)
			return erofs_fail(diag, EROFS_CHECK_SB_METABOX_ZERO, 0,
					  SB_POS(metabox_nid), 0);
	}
	if (sb->packed_nid & EROFS_NID_METABOX)
		return erofs_fail(diag, EROFS_CHECK_SB_PACKED_NID, 0, SB_POS(packed_nid),
				  sb->packed_nid);
	return 0;
}

/**
 * erofs_super_read - read and verify the superblock and the compression
 *	configuration (section 1.1, checks 1 to 10; sections 1.2 to 1.7)
 * @src:  EROFS_DEV is read
 * @max_blkszbits: log2 of the largest block size, in bytes, that the caller can
 *	handle; more than 16 counts as 16
 * @sb:   result; undefined after a failure
 * @diag: named check on failure
 *
 * The device table, the packed, metabox and root inodes and the prefix table
 * come next and are the caller's to load. Context: may sleep if the source's
 * get() may. Return: 0; -EINVAL: not this filesystem, a block size or feature
 * that is not supported, or bad configuration; -EBADMSG: checksum;
 * -EOPNOTSUPP: unknown algorithm; -EFSCORRUPTED; the source's errno.
 */
int erofs_super_read(struct erofs_source *src, u32 max_blkszbits, struct erofs_super *sb,
		     struct erofs_diag *diag)
{
	struct erofs_super_ondisk raw;
	int err;

	memset(sb, 0, sizeof(*sb));
	memset(&raw, 0, sizeof(raw));
	err = erofs_read(src, EROFS_DEV, EROFS_SUPER_OFFSET, &raw, EROFS_SUPER_BASE_SIZE);
	if (err)
		return erofs_source_fail(diag, err, 0, EROFS_SUPER_OFFSET);

	if (le32_to_cpu(raw.magic) != EROFS_SUPER_MAGIC)
		return erofs_fail(diag, EROFS_CHECK_SB_MAGIC, 0, SB_POS(magic),
				  le32_to_cpu(raw.magic));
	if (raw.blkszbits < EROFS_BLKSZBITS_MIN || raw.blkszbits > EROFS_BLKSZBITS_MAX ||
	    raw.blkszbits > max_blkszbits)
		return erofs_fail(diag, EROFS_CHECK_SB_BLKSZBITS, 0, SB_POS(blkszbits),
				  raw.blkszbits);
	if (raw.dirblkbits)
		return erofs_fail(diag, EROFS_CHECK_SB_DIRBLKBITS, 0, SB_POS(dirblkbits),
				  raw.dirblkbits);

	sb->blkszbits = raw.blkszbits;
	sb->checksum = le32_to_cpu(raw.checksum);
	sb->feature_compat = le32_to_cpu(raw.feature_compat);
	sb->feature_incompat = le32_to_cpu(raw.feature_incompat);
	if (sb->feature_compat & EROFS_COMPAT_SB_CHKSUM) {
		err = verify_checksum(src, sb, diag);
		if (err)
			return err;
	}
	if (sb->feature_incompat & ~EROFS_INCOMPAT_ALL)
		return erofs_fail(diag, EROFS_CHECK_SB_INCOMPAT, 0, SB_POS(feature_incompat),
				  sb->feature_incompat & ~EROFS_INCOMPAT_ALL);

	sb->size = EROFS_SUPER_BASE_SIZE + EROFS_SB_EXTSLOT_SIZE * raw.sb_extslots;
	if (EROFS_SUPER_OFFSET + sb->size > EROFS_SUPER_END_MAX)
		return erofs_fail(diag, EROFS_CHECK_SB_SIZE, 0, SB_POS(sb_extslots), sb->size);

	decode_fields(sb, &raw);
	err = verify_references(src, sb, diag);
	if (err)
		return err;
	err = decode_algorithms(sb, le16_to_cpu(raw.u1), diag);
	if (err)
		return err;
	return sb->cfg_pos ? read_configs(src, sb, diag) : 0;
}
