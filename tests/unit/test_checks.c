// SPDX-License-Identifier: GPL-2.0-only
/*
 * One should-fail case, at least, for every named check. A check that gets a
 * name without a case here fails the test.
 *
 * Rules: a case starts from something healthy, breaks one thing, and has to get
 * exactly the check and the errno written beside it.
 */
#include "sidecar.h"
#include "tests.h"
#include "zcases.h"

/* ---- Superblock -------------------------------------------------------------- */

/* A healthy superblock with @width bytes at offset @off of it set to @value. */
static int patched_super(struct super_spec spec, u32 off, u32 width, u64 value, bool seal,
			 struct erofs_diag *diag)
{
	struct erofs_super sb;
	struct reader r;
	struct img img;
	int err;

	img_init(&img, 12);
	img_super(&img, &spec);
	r = open_img(&img);
	CHECK_EQ(erofs_super_read(&r.src, 12, &sb, NULL), 0);
	img_put(&img, 1024 + off, width, value);
	if (seal)
		img_seal(&img);
	err = erofs_super_read(&r.src, 12, &sb, diag);
	CHECK_READER(&r);
	img_free(&img);
	return err;
}

#define SUPER_CASE(name, off, width, value, ...) \
	static int name(struct erofs_diag *diag) \
	{ \
		return patched_super((struct super_spec){ __VA_ARGS__ }, off, width, value, true, \
				     diag); \
	}

SUPER_CASE(sb_magic, 0, 4, 0xe0f5e1e3, 0)
SUPER_CASE(sb_blkszbits, 12, 1, 13, 0)
SUPER_CASE(sb_dirblkbits, 90, 1, 1, 0)
SUPER_CASE(sb_incompat, 80, 4, 0x200, 0)
SUPER_CASE(sb_size, 13, 1, 255, 0)
SUPER_CASE(sb_ishare_prefix, 105, 1, 2, .compat = 0x20, .prefix_count = 2)
SUPER_CASE(sb_metabox_size, 80, 4, 0x100, 0)
SUPER_CASE(sb_metabox_nid, 135, 1, 0x80, .incompat = 0x100, .extslots = 1, .metabox_nid = 5)
SUPER_CASE(sb_metabox_zero, 128, 8, 0, .incompat = 0x100, .extslots = 1, .metabox_nid = 5)
SUPER_CASE(sb_packed_nid, 103, 1, 0x80, .incompat = 0x20, .packed_nid = 5)
SUPER_CASE(sb_algorithms, 84, 2, 0x10, .incompat = 2)
SUPER_CASE(sb_prefix_count, 91, 1, 129, .prefix_count = 128)

static int sb_checksum(struct erofs_diag *diag)
{
	return patched_super((struct super_spec){ .compat = 1 }, 3000, 1, 1, false, diag);
}

static int source(struct erofs_diag *diag)
{
	struct erofs_super sb;
	struct reader r;

	reader_init(&r, test_mode, "", 0);
	return erofs_super_read(&r.src, 12, &sb, diag);
}

/* A configuration record of @len bytes for @alg, with @width bytes at @off set to @value. */
static int patched_config(u32 alg, u32 len, u32 off, u32 width, u64 value, struct erofs_diag *diag)
{
	struct erofs_super sb;
	struct reader r;
	struct img img;
	int err;

	img_init(&img, 12);
	img_super(&img, &(struct super_spec){ .incompat = 3, .u1 = (u16)(1U << alg) });
	img_put(&img, 1152, 2, alg < 2 ? 14 : 6);
	if (alg == 1)
		img_put(&img, 1154, 4, 4096);
	r = open_img(&img);
	CHECK_EQ(erofs_super_read(&r.src, 12, &sb, NULL), 0);
	img_put(&img, 1152, 2, len);
	img_put(&img, 1154 + off, width, value);
	err = erofs_super_read(&r.src, 12, &sb, diag);
	CHECK_READER(&r);
	img_free(&img);
	return err;
}

#define CONFIG_CASE(name, ...) \
	static int name(struct erofs_diag *diag) \
	{ \
		return patched_config(__VA_ARGS__, diag); \
	}

CONFIG_CASE(cfg_too_short, 0, 13, 0, 2, 0)
CONFIG_CASE(cfg_lz4_pcluster, 0, 14, 2, 2, 257)
CONFIG_CASE(cfg_lzma_format, 1, 14, 4, 2, 1)
CONFIG_CASE(cfg_lzma_dict, 1, 14, 0, 4, 0xffffffff)
CONFIG_CASE(cfg_deflate_window, 2, 6, 0, 1, 16)
CONFIG_CASE(cfg_zstd_format, 3, 6, 0, 1, 1)
CONFIG_CASE(cfg_zstd_window, 3, 6, 1, 1, 255)

/* ---- Devices ----------------------------------------------------------------- */

static int dev_range(struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 16, .extra_devices = 1,
				  .feature_incompat = EROFS_INCOMPAT_48BIT };
	struct erofs_device dev;
	u8 slot[128] = { 0 };
	struct reader r;

	reader_init(&r, test_mode, slot, sizeof(slot));
	CHECK_EQ(erofs_device_read(&r.src, &sb, 1, &dev, NULL), 0);
	put_le(slot + 74, 2, 0x8000);
	return erofs_device_read(&r.src, &sb, 1, &dev, diag);
}

static int locate(u16 id, u64 pa, u64 len, struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 12, .extra_devices = 1 };
	struct erofs_device dev = { .blocks = 2, .uniaddr = 50 };
	struct erofs_location loc;

	CHECK_EQ(erofs_locate(&sb, &dev, false, 1, 8191, 1, &loc, NULL), 0);
	return erofs_locate(&sb, &dev, false, id, pa, len, &loc, diag);
}

static int dev_address(struct erofs_diag *diag)
{
	return locate(0, 1ULL << 63, 1, diag);
}

static int dev_extent(struct erofs_diag *diag)
{
	return locate(1, 8192, 1, diag);
}

static int dev_id(struct erofs_diag *diag)
{
	return locate(2, 0, 1, diag);
}

static int dev_not_given(struct erofs_diag *diag)
{
	struct erofs_device unplaced = { .blocks = 10 };
	struct erofs_super sb = { .blkszbits = 9, .extra_devices = 1 };
	struct erofs_location loc;

	CHECK_EQ(erofs_locate(&sb, &unplaced, false, 1, 0, 1, &loc, NULL), 0);
	return erofs_locate(&sb, &unplaced, true, 1, 0, 1, &loc, diag);
}

/* ---- Inodes -------------------------------------------------------------------- */

/* A healthy extended inode at byte 64 with one field changed. */
static int patched_inode(u8 layout, u32 off, u32 width, u64 value, u64 nid,
			 struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 9 };
	struct erofs_inode inode;
	struct reader r;
	struct img img;
	int err;

	img_init_metabox(&img, 9);
	img.nid_flag = 0;
	img_alloc(&img, 64, 1);
	CHECK_EQ(img_inode(&img, &(struct inode_spec){ .extended = true, .layout = layout,
		.mode = 0100644, .nlink = 1, .size = 700, .u = layout == 4 ? 0x20 : 1,
		.tail = "x", .tail_len = 1 }), 2);
	r = open_img(&img);
	CHECK_EQ(erofs_inode_read(&r.src, &sb, 2, &inode, NULL), 0);
	img_put(&img, 64 + off, width, value);
	err = erofs_inode_read(&r.src, &sb, nid, &inode, diag);
	CHECK_READER(&r);
	img_free(&img);
	return err;
}

#define INODE_CASE(name, ...) \
	static int name(struct erofs_diag *diag) \
	{ \
		return patched_inode(__VA_ARGS__, diag); \
	}

INODE_CASE(inode_nid, 0, 0, 0, 0, 1ULL << 60)
INODE_CASE(inode_no_metabox, 0, 0, 0, 0, 1ULL << 63 | 2)
INODE_CASE(inode_format, 0, 1, 1, 0x80, 2)
INODE_CASE(inode_layout, 0, 0, 2, 1 | 5 << 1, 2)
INODE_CASE(inode_mode, 0, 4, 2, 0, 2)
INODE_CASE(inode_size, 0, 15, 1, 0x80, 2)
INODE_CASE(inode_nsec, 0, 40, 4, 1000000000, 2)
INODE_CASE(inode_tail, 2, 8, 8, 512 + 400, 2)
INODE_CASE(inode_startblk, 0, 8, 8, POS_LIMIT, 2)
INODE_CASE(inode_compressed, 0, 0, 2, 1 | 3 << 1, 2)
INODE_CASE(chunk_format, 4, 16, 2, 0x80, 2)

static int inode_xattr_area(struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 9 };
	struct erofs_inode inode;
	u8 bytes[96] = { 0 };
	struct reader r;

	put_le(bytes + 4, 2, 0100644);
	reader_init(&r, test_mode, bytes, sizeof(bytes));
	r.bytes[EROFS_DEV].base = (1ULL << 63) - 96;
	CHECK_EQ(erofs_inode_read(&r.src, &sb, (1ULL << 58) - 3, &inode, NULL), 0);
	put_le(bytes + 2, 2, 65535);
	return erofs_inode_read(&r.src, &sb, (1ULL << 58) - 3, &inode, diag);
}

static int chunk_table(struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 9 };
	struct erofs_inode inode;
	u8 bytes[96] = { 0 };
	struct reader r;

	put_le(bytes, 2, 4 << 1);
	put_le(bytes + 4, 2, 0100644);
	put_le(bytes + 8, 4, 1);
	reader_init(&r, test_mode, bytes, sizeof(bytes));
	r.bytes[EROFS_DEV].base = (1ULL << 63) - 96;
	CHECK_EQ(erofs_inode_read(&r.src, &sb, (1ULL << 58) - 3, &inode, NULL), 0);
	put_le(bytes + 8, 4, 0xffffffff);
	return erofs_inode_read(&r.src, &sb, (1ULL << 58) - 3, &inode, diag);
}

static int role(enum erofs_role which, u16 good, struct erofs_diag *diag)
{
	struct erofs_inode inode = { .mode = good };

	CHECK_EQ(erofs_role_check(&inode, which, NULL), 0);
	inode.mode = 0120777;
	return erofs_role_check(&inode, which, diag);
}

static int role_root(struct erofs_diag *diag)
{
	return role(EROFS_ROLE_ROOT, 0040755, diag);
}

static int role_packed(struct erofs_diag *diag)
{
	return role(EROFS_ROLE_PACKED, 0100644, diag);
}

static int role_metabox(struct erofs_diag *diag)
{
	return role(EROFS_ROLE_METABOX, 0100644, diag);
}

static int link_size(struct erofs_diag *diag)
{
	struct erofs_inode inode = { .size = 0 };

	return erofs_symlink_check(&inode, "", 0, diag);
}

static int link_nul(struct erofs_diag *diag)
{
	struct erofs_inode inode = { .size = 3 };

	CHECK_EQ(erofs_symlink_check(&inode, "a", 1, NULL), 0);
	return erofs_symlink_check(&inode, "a\0b", 3, diag);
}

/* ---- Extents -------------------------------------------------------------------- */

static int map_compressed(struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 12, .algorithms = 1 };
	struct erofs_inode inode = { .size = 10, .layout = EROFS_LAYOUT_COMPRESSED_COMPACT };
	struct erofs_extent ext;
	struct reader r;

	reader_init(&r, test_mode, NULL, 0);
	return erofs_map(&r.src, &sb, &inode, 0, 1, &ext, diag);
}

static int chunk_address(struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 16 };
	struct erofs_inode inode = { .size = 10, .layout = EROFS_LAYOUT_CHUNK_BASED,
				     .chunk_format = 0x60, .chunk_bits = 16 };
	struct erofs_extent ext;
	u8 table[8] = { 0 };
	struct reader r;

	reader_init(&r, test_mode, table, sizeof(table));
	CHECK_EQ(erofs_map(&r.src, &sb, &inode, 0, 1, &ext, NULL), 0);
	put_le(table, 2, 0x8000);
	return erofs_map(&r.src, &sb, &inode, 0, 1, &ext, diag);
}

/* ---- Directories ------------------------------------------------------------------ */

/* Three healthy entries with @width bytes at @off of the block set to @value. */
static int patched_dir(u32 off, u32 width, u64 value, struct erofs_diag *diag)
{
	static const struct dent dents[] = { { "aa", 1, 1, 0 }, { "bb", 2, 1, 0 },
					     { "cc", 3, 1, 0 } };
	u8 block[512];
	int err = 0;

	dir_pack(block, 512, dents, 3);
	for (int pass = 0; pass < 2; pass++) {
		struct erofs_dirblock db;
		struct erofs_dirent de;

		if (pass)
			put_le(block + off, width, value);
		err = erofs_dirblock_open(&db, block, 512, 512, 1, 0, pass ? diag : NULL);
		for (u32 i = 0; !err && i < db.count; i++)
			err = erofs_dirblock_entry(&db, i, &de, pass ? diag : NULL);
		if (!pass)
			CHECK_EQ(err, 0);
	}
	return err;
}

#define DIR_CASE(name, ...) \
	static int name(struct erofs_diag *diag) \
	{ \
		return patched_dir(__VA_ARGS__, diag); \
	}

DIR_CASE(dir_nameoff0, 8, 2, 13)
DIR_CASE(dir_nameoff0_zero, 8, 2, 0)
DIR_CASE(dir_nameoff, 12 + 8, 2, 513)
DIR_CASE(dir_namelen_empty, 12 + 8, 2, 36)
DIR_CASE(dir_namelen_negative, 24 + 8, 2, 37)
DIR_CASE(dir_namelen_long, 12 + 8, 2, 36 + 256)
DIR_CASE(dir_name_slash, 36, 1, '/')
DIR_CASE(dir_name_nul, 38, 1, 0)

/* The last of two entries by itself, with another name offset. */
static int last_nameoff(u16 off, struct erofs_diag *diag)
{
	static const struct dent dents[] = { { "aa", 1, 1, 0 }, { "bb", 2, 1, 0 } };
	struct erofs_dirblock db;
	struct erofs_dirent de;
	u8 block[512];

	dir_pack(block, 512, dents, 2);
	CHECK_EQ(erofs_dirblock_open(&db, block, 512, 512, 1, 0, NULL), 0);
	CHECK_EQ(erofs_dirblock_entry(&db, 1, &de, NULL), 0);
	put_le(block + 12 + 8, 2, off);
	return erofs_dirblock_entry(&db, 1, &de, diag);
}

static int dir_nameoff_in_entries(struct erofs_diag *diag)
{
	return last_nameoff(23, diag);
}

static int dir_nameoff_last(struct erofs_diag *diag)
{
	return last_nameoff(512, diag);
}

/* ---- Extended attributes ------------------------------------------------------------ */

/* A healthy area with one shared and one inline attribute, changed at @off. */
static int patched_xattrs(u32 off, u32 width, u64 value, u32 size, u32 compat,
			  struct erofs_diag *diag)
{
	static struct xattrs x;
	struct erofs_super sb = { .blkszbits = 9, .feature_compat = compat };
	struct erofs_inode inode = { 0 };
	struct reader r;

	xattrs_init(&x);
	xattrs_shared(&x, 0);
	xattrs_add(&x, 1, "a", 1, "b", 1);
	inode.xattr_size = (u32)x.len;
	reader_init(&r, test_mode, x.bytes, x.len);
	CHECK_EQ(erofs_xattr_get(&r.src, &sb, NULL, &inode, 1, "a", 1, NULL, 0, NULL), 1);
	put_le(x.bytes + off, width, value);
	if (size)
		inode.xattr_size = size;
	return erofs_xattr_get(&r.src, &sb, NULL, &inode, 1, "other", 5, NULL, 0, diag);
}

static int xattr_area(struct erofs_diag *diag)
{
	return patched_xattrs(0, 0, 0, 12, 0, diag);
}

static int xattr_shared_count(struct erofs_diag *diag)
{
	return patched_xattrs(4, 1, 255, 0, 0, diag);
}

static int xattr_entry_size(struct erofs_diag *diag)
{
	return patched_xattrs(18, 2, 65535, 0, 0, diag);
}

static int xattr_shared_space(struct erofs_diag *diag)
{
	return patched_xattrs(0, 0, 0, 0, EROFS_COMPAT_SHARED_EA_IN_METABOX, diag);
}

static int xattr_prefix_len(struct erofs_diag *diag)
{
	struct erofs_super sb = { .blkszbits = 9 };
	struct erofs_prefix prefix;
	u8 table[300] = { 2, 0, 1, 'a' };
	struct reader r;
	u64 pos = 0;

	reader_init(&r, test_mode, table, sizeof(table));
	CHECK_EQ(erofs_prefix_read(&r.src, &sb, &pos, &prefix, NULL), 0);
	pos = 0;
	put_le(table, 2, 257);
	return erofs_prefix_read(&r.src, &sb, &pos, &prefix, diag);
}

/* ---- Sidecars ---- */

/* A healthy sidecar of two leaves with @width bytes at @off set to @value; @seal: checksums again. */
static int patched_sidecar(u32 off, u32 width, u64 value, bool seal, struct erofs_diag *diag)
{
	u8 digest[EROFS_SIDECAR_DIGEST_LEN];
	struct erofs_sidecar sc;
	struct mem_sidecar m;
	int err;

	mem_sidecar_make(&m, 150, 10, 1);
	CHECK_EQ(erofs_sidecar_open(&m.src, m.len, &sc, NULL), 0);
	CHECK_EQ(erofs_sidecar_find(&m.src, &sc, 150, digest, NULL), 0);
	put_le(m.bytes + off, width, value);
	if (seal)
		mem_sidecar_seal(&m);
	err = erofs_sidecar_open(&m.src, m.len, &sc, diag);
	if (!err)
		err = erofs_sidecar_find(&m.src, &sc, 150, digest, diag);
	CHECK_EQ(m.held, 0);
	free(m.bytes);
	return err;
}

#define SIDECAR_CASE(name, ...) \
	static int name(struct erofs_diag *diag) \
	{ \
		return patched_sidecar(__VA_ARGS__, diag); \
	}

SIDECAR_CASE(sc_magic, 0, 1, 'e', true)
SIDECAR_CASE(sc_version, 12, 2, 2, true)
SIDECAR_CASE(sc_checksum, 3000, 1, 1, false)
SIDECAR_CASE(sc_algorithm, 24, 6, 0x323135616873, true)
SIDECAR_CASE(sc_digest_len, 14, 2, 64, true)
SIDECAR_CASE(sc_records, 16, 8, ~0ULL, true)
SIDECAR_CASE(sc_size, 16, 8, 103 * 102, true)
SIDECAR_CASE(sc_block, 2 * 4096 + 100, 1, 1, false)
SIDECAR_CASE(sc_order, 2 * 4096 + 8, 8, 113, true)

/* Matching against an image whose id differs in one place. */
static int other_image(size_t off, struct erofs_diag *diag)
{
	struct erofs_image_id id = mem_sidecar_id();
	struct erofs_sidecar sc = { .id = id };

	CHECK_EQ(erofs_sidecar_match(&sc, &id, NULL), 0);
	((u8 *)&id)[off] ^= 1;
	return erofs_sidecar_match(&sc, &id, diag);
}

#define IMAGE_CASE(name, field) \
	static int name(struct erofs_diag *diag) \
	{ \
		return other_image(offsetof(struct erofs_image_id, field), diag); \
	}

IMAGE_CASE(sc_image_uuid, uuid)
IMAGE_CASE(sc_image_size, blocks)
IMAGE_CASE(sc_image_devices, device_blocks)
IMAGE_CASE(sc_image_super, sb_crc)

/* ---- The list --------------------------------------------------------------------------- */

#define CASE(check, err, run)	{ EROFS_CHECK_##check, err, #run, run }
#define CASE_LINE(check, err, run)	CASE(check, err, run),

static const struct {
	enum erofs_check check;
	int err;
	const char *name;
	int (*run)(struct erofs_diag *diag);
} cases[] = {
	CASE(SOURCE, -EIO, source),
	CASE(SB_MAGIC, -EINVAL, sb_magic),
	CASE(SB_BLKSZBITS, -EINVAL, sb_blkszbits),
	CASE(SB_DIRBLKBITS, -EINVAL, sb_dirblkbits),
	CASE(SB_CHECKSUM, -EBADMSG, sb_checksum),
	CASE(SB_INCOMPAT, -EINVAL, sb_incompat),
	CASE(SB_SIZE, -EINVAL, sb_size),
	CASE(SB_ISHARE_PREFIX, -EUCLEAN, sb_ishare_prefix),
	CASE(SB_METABOX_SIZE, -EUCLEAN, sb_metabox_size),
	CASE(SB_METABOX_NID, -EUCLEAN, sb_metabox_nid),
	CASE(SB_METABOX_ZERO, -EUCLEAN, sb_metabox_zero),
	CASE(SB_PACKED_NID, -EUCLEAN, sb_packed_nid),
	CASE(SB_ALGORITHMS, -EOPNOTSUPP, sb_algorithms),
	CASE(SB_PREFIX_COUNT, -EUCLEAN, sb_prefix_count),
	CASE(CFG_LENGTH, -EINVAL, cfg_too_short),
	CASE(CFG_LZ4_PCLUSTER, -EINVAL, cfg_lz4_pcluster),
	CASE(CFG_LZMA_FORMAT, -EINVAL, cfg_lzma_format),
	CASE(CFG_LZMA_DICT, -EINVAL, cfg_lzma_dict),
	CASE(CFG_DEFLATE_WINDOW, -EOPNOTSUPP, cfg_deflate_window),
	CASE(CFG_ZSTD_FORMAT, -EINVAL, cfg_zstd_format),
	CASE(CFG_ZSTD_WINDOW, -EINVAL, cfg_zstd_window),
	CASE(DEV_RANGE, -EUCLEAN, dev_range),
	CASE(DEV_ADDRESS, -EUCLEAN, dev_address),
	CASE(DEV_EXTENT, -EUCLEAN, dev_extent),
	CASE(DEV_ID, -ENODEV, dev_id),
	CASE(DEV_NOT_GIVEN, -ENODEV, dev_not_given),
	CASE(INODE_NID, -EUCLEAN, inode_nid),
	CASE(INODE_NO_METABOX, -EUCLEAN, inode_no_metabox),
	CASE(INODE_FORMAT, -EOPNOTSUPP, inode_format),
	CASE(INODE_LAYOUT, -EOPNOTSUPP, inode_layout),
	CASE(INODE_MODE, -EUCLEAN, inode_mode),
	CASE(INODE_SIZE, -EUCLEAN, inode_size),
	CASE(INODE_NSEC, -EUCLEAN, inode_nsec),
	CASE(INODE_TAIL, -EUCLEAN, inode_tail),
	CASE(INODE_XATTR_AREA, -EUCLEAN, inode_xattr_area),
	CASE(INODE_STARTBLK, -EUCLEAN, inode_startblk),
	CASE(INODE_COMPRESSED, -EUCLEAN, inode_compressed),
	CASE(ROLE_ROOT, -EINVAL, role_root),
	CASE(ROLE_PACKED, -EUCLEAN, role_packed),
	CASE(ROLE_METABOX, -EUCLEAN, role_metabox),
	CASE(MAP_COMPRESSED, -EOPNOTSUPP, map_compressed),
	ZCASES(CASE_LINE)
	CASE(CHUNK_FORMAT, -EOPNOTSUPP, chunk_format),
	CASE(CHUNK_TABLE, -EUCLEAN, chunk_table),
	CASE(CHUNK_ADDRESS, -EUCLEAN, chunk_address),
	CASE(DIR_NAMEOFF0, -EUCLEAN, dir_nameoff0),
	CASE(DIR_NAMEOFF0, -EUCLEAN, dir_nameoff0_zero),
	CASE(DIR_NAMEOFF, -EUCLEAN, dir_nameoff),
	CASE(DIR_NAMEOFF, -EUCLEAN, dir_nameoff_last),
	CASE(DIR_NAMEOFF, -EUCLEAN, dir_nameoff_in_entries),
	CASE(DIR_NAMELEN, -EUCLEAN, dir_namelen_empty),
	CASE(DIR_NAMELEN, -EUCLEAN, dir_namelen_negative),
	CASE(DIR_NAMELEN, -EUCLEAN, dir_namelen_long),
	CASE(DIR_NAME, -EUCLEAN, dir_name_slash),
	CASE(DIR_NAME, -EUCLEAN, dir_name_nul),
	CASE(LINK_SIZE, -EUCLEAN, link_size),
	CASE(LINK_NUL, -EUCLEAN, link_nul),
	CASE(XATTR_AREA, -EOPNOTSUPP, xattr_area),
	CASE(XATTR_SHARED_COUNT, -EUCLEAN, xattr_shared_count),
	CASE(XATTR_ENTRY, -EUCLEAN, xattr_entry_size),
	CASE(XATTR_SHARED_SPACE, -EUCLEAN, xattr_shared_space),
	CASE(XATTR_PREFIX_LEN, -EUCLEAN, xattr_prefix_len),
	CASE(SC_MAGIC, -EINVAL, sc_magic),
	CASE(SC_VERSION, -EOPNOTSUPP, sc_version),
	CASE(SC_CHECKSUM, -EBADMSG, sc_checksum),
	CASE(SC_ALGORITHM, -EOPNOTSUPP, sc_algorithm),
	CASE(SC_ALGORITHM, -EOPNOTSUPP, sc_digest_len),
	CASE(SC_RECORDS, -EUCLEAN, sc_records),
	CASE(SC_SIZE, -EUCLEAN, sc_size),
	CASE(SC_BLOCK, -EBADMSG, sc_block),
	CASE(SC_ORDER, -EUCLEAN, sc_order),
	CASE(SC_IMAGE_UUID, -EINVAL, sc_image_uuid),
	CASE(SC_IMAGE_SIZE, -EINVAL, sc_image_size),
	CASE(SC_IMAGE_DEVICES, -EINVAL, sc_image_devices),
	CASE(SC_IMAGE_SUPER, -EINVAL, sc_image_super),
};

#define NCASES	(sizeof(cases) / sizeof(cases[0]))

static void every_case_fails_as_named(void)
{
	for (unsigned int i = 0; i < NCASES; i++) {
		struct erofs_diag diag = { .check = EROFS_CHECK_OK };
		int err;

		err = cases[i].run(&diag);
		tap_context = cases[i].name;
		CHECK_EQ(err, cases[i].err);
		CHECK_THAT(diag.check == cases[i].check, "check %s, not %s",
			   erofs_check_name(diag.check), erofs_check_name(cases[i].check));
		/* Without a diag the errno is the same. */
		CHECK_EQ(cases[i].run(NULL), cases[i].err);
		tap_context = NULL;
	}
}

/*
 * Not found by src/format but by src/fill, while content is read: tests/vm/suite/zbad.t wants
 * to see each of them in the kernel's log.
 */
static const enum erofs_check fill_checks[] = {
	EROFS_CHECK_FRAGMENT_RANGE,
	EROFS_CHECK_CLUSTER_SPLIT,
	EROFS_CHECK_CLUSTER_BEYOND,
	EROFS_CHECK_CLUSTER_STREAM,
};

static bool found_by_fill(int check)
{
	for (unsigned int i = 0; i < sizeof(fill_checks) / sizeof(fill_checks[0]); i++)
		if ((int)fill_checks[i] == check)
			return true;
	return false;
}

static void every_check_has_a_case(void)
{
	for (int check = EROFS_CHECK_OK + 1; check < EROFS_CHECK_COUNT; check++) {
		bool found = found_by_fill(check);

		for (unsigned int i = 0; i < NCASES; i++)
			found |= (int)cases[i].check == check;
		CHECK_THAT(found, "no case for %s", erofs_check_name((enum erofs_check)check));
	}
}

static void names_and_texts(void)
{
	for (int a = 0; a < EROFS_CHECK_COUNT; a++) {
		const char *name = erofs_check_name((enum erofs_check)a);
		const char *text = erofs_check_text((enum erofs_check)a);

		CHECK(name && *name && text && *text);
		for (int b = 0; b < a; b++) {
			CHECK(strcmp(name, erofs_check_name((enum erofs_check)b)));
			CHECK(strcmp(text, erofs_check_text((enum erofs_check)b)));
		}
	}
	CHECK(!strcmp(erofs_check_name(EROFS_CHECK_OK), "OK"));
	CHECK(!strcmp(erofs_check_name(EROFS_CHECK_DIR_NAMELEN), "DIR_NAMELEN"));
	CHECK(!strcmp(erofs_check_name(EROFS_CHECK_COUNT), "?"));
	CHECK(!strcmp(erofs_check_text((enum erofs_check)-1), "?"));
	CHECK_EQ(erofs_fail(NULL, EROFS_CHECK_DEV_ID, 0, 0, 0), -ENODEV);
}

void tests_checks(void)
{
	RUN(names_and_texts);
	RUN(every_check_has_a_case);
	RUN(every_case_fails_as_named);
}
