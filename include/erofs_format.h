/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * API of src/format: decoders of the EROFS on-disk format. Bytes in, structures
 * out. The same code runs in the module, the tools, the unit tests and the
 * fuzzers.
 *
 * Rules, for every function here unless it says otherwise:
 *
 *  - Input is hostile. Every length, offset, count and address is checked
 *    before use; work per call is bounded by the arguments; no recursion.
 *  - No allocation, no I/O except through struct erofs_source, no global state,
 *    no locking: calls on different objects may run in parallel, and decoded
 *    structures may be shared read-only.
 *  - May sleep exactly if the source's get() may sleep.
 *  - Result: 0 (or a length) or a negative errno. When the errno is about the
 *    image, *diag names the check that failed; errnos that the source returned
 *    (-EIO, -ENOMEM, -EINTR, ...) are passed through with EROFS_CHECK_SOURCE.
 *    diag may be NULL. "Not found" results (-ENOENT, -ENODATA, -ERANGE for a
 *    short buffer) are answers, not failed checks: *diag is left alone.
 */
#ifndef EROFS_FORMAT_H
#define EROFS_FORMAT_H

#include "erofs_ondisk.h"

/* ---- Named checks ------------------------------------------------------- */

/*
 * X(NAME, errno, text). One list for the kernel log, the tools, the should-fail
 * tests and fuzz triage. Unsupported, corrupted and I/O are never mixed.
 */
#define EROFS_CHECKS(X) \
	X(SOURCE,		EIO,		"metadata cannot be read") \
	X(SB_MAGIC,		EINVAL,		"not an EROFS image (superblock magic)") \
	X(SB_BLKSZBITS,		EINVAL,		"unsupported block size (log2)") \
	X(SB_DIRBLKBITS,	EINVAL,		"unsupported directory block size (dirblkbits)") \
	X(SB_CHECKSUM,		EBADMSG,	"superblock checksum mismatch (computed)") \
	X(SB_INCOMPAT,		EINVAL,		"unknown incompatible features (bits)") \
	X(SB_SIZE,		EINVAL,		"superblock larger than a page (bytes)") \
	X(SB_ISHARE_PREFIX,	EFSCORRUPTED,	"ishare_xattr_prefix_id out of range") \
	X(SB_METABOX_SIZE,	EFSCORRUPTED,	"metabox feature without metabox_nid (superblock size)") \
	X(SB_METABOX_NID,	EFSCORRUPTED,	"metabox_nid refers into the metabox") \
	X(SB_METABOX_ZERO,	EFSCORRUPTED,	"metabox feature with metabox_nid 0") \
	X(SB_PACKED_NID,	EFSCORRUPTED,	"packed_nid refers into the metabox") \
	X(SB_ALGORITHMS,	EOPNOTSUPP,	"unknown compression algorithms (bitmap)") \
	X(SB_PREFIX_COUNT,	EFSCORRUPTED,	"too many long xattr prefixes") \
	X(CFG_LENGTH,		EINVAL,		"compression configuration record too short") \
	X(CFG_LZ4_PCLUSTER,	EINVAL,		"LZ4 max_pclusterblks too large") \
	X(CFG_LZMA_FORMAT,	EINVAL,		"MicroLZMA configuration format") \
	X(CFG_LZMA_DICT,	EINVAL,		"MicroLZMA dictionary size") \
	X(CFG_DEFLATE_WINDOW,	EOPNOTSUPP,	"DEFLATE windowbits") \
	X(CFG_ZSTD_FORMAT,	EINVAL,		"Zstandard configuration format") \
	X(CFG_ZSTD_WINDOW,	EINVAL,		"Zstandard windowlog") \
	X(DEV_RANGE,		EFSCORRUPTED,	"extra device's block range overflows") \
	X(DEV_ADDRESS,		EFSCORRUPTED,	"extent past the end of the address space") \
	X(DEV_EXTENT,		EFSCORRUPTED,	"extent starts past the end of its device") \
	X(DEV_ID,		ENODEV,		"extent on a device that does not exist (device id)") \
	X(DEV_NOT_GIVEN,	ENODEV,		"extent on an extra device that was not given (device id)") \
	X(INODE_NID,		EFSCORRUPTED,	"node id out of range") \
	X(INODE_NO_METABOX,	EFSCORRUPTED,	"node id in a metabox that the image does not have") \
	X(INODE_FORMAT,		EOPNOTSUPP,	"reserved i_format bits") \
	X(INODE_LAYOUT,		EOPNOTSUPP,	"unknown data layout") \
	X(INODE_MODE,		EFSCORRUPTED,	"unknown file type in i_mode") \
	X(INODE_SIZE,		EFSCORRUPTED,	"file size out of range") \
	X(INODE_NSEC,		EFSCORRUPTED,	"nanoseconds out of range") \
	X(INODE_TAIL,		EFSCORRUPTED,	"inline tail crosses a block boundary (position)") \
	X(INODE_XATTR_AREA,	EFSCORRUPTED,	"xattr area past the end of the address space") \
	X(INODE_STARTBLK,	EFSCORRUPTED,	"data blocks past the end of the address space") \
	X(INODE_COMPRESSED,	EFSCORRUPTED,	"compressed inode in an image without algorithms (layout)") \
	X(ROLE_ROOT,		EINVAL,		"root inode is not a directory (i_mode)") \
	X(ROLE_PACKED,		EFSCORRUPTED,	"packed inode is not a regular file (i_mode)") \
	X(ROLE_METABOX,		EFSCORRUPTED,	"metabox inode is not a regular file (i_mode)") \
	X(FRAGMENT_RANGE,	EFSCORRUPTED,	"fragment past the end of the packed inode (packed size)") \
	X(CLUSTER_SPLIT,	EFSCORRUPTED,	"physical cluster crosses the end of its device (bytes there)") \
	X(CLUSTER_BEYOND,	EIO,		"physical cluster past the end of the device or image file (address)") \
	X(CLUSTER_STREAM,	EFSCORRUPTED,	"bad compressed stream (address of the cluster)") \
	X(MAP_COMPRESSED,	EOPNOTSUPP,	"extents of a compressed layout (layout)") \
	X(ZMAP_HEAD_ALGORITHM,	EOPNOTSUPP,	"unknown algorithms in a map header (algorithmtype)") \
	X(ZMAP_BIG_FEATURE,	EFSCORRUPTED,	"big clusters in an image without that feature (advise)") \
	X(ZMAP_BIG_MISMATCH,	EFSCORRUPTED,	"compact indexes with one kind of big clusters (advise)") \
	X(ZMAP_LCLUSTER,	EINVAL,		"lclusters too large for compact indexes (log2)") \
	X(ZMAP_LCLUSTER_2B,	EOPNOTSUPP,	"lclusters too large for 2-byte indexes (log2)") \
	X(ZMAP_TABLE,		EFSCORRUPTED,	"extent map past the end of the address space") \
	X(ZMAP_CLUSTEROFS,	EFSCORRUPTED,	"extent begins outside its lcluster (offset)") \
	X(ZMAP_LOOKBACK,	EFSCORRUPTED,	"no head of an extent at this distance (lclusters)") \
	X(ZMAP_LOOKBACK_STEPS,	EOPNOTSUPP,	"head of an extent is too many steps away (lcluster)") \
	X(ZMAP_CBLKCNT,		EFSCORRUPTED,	"cluster size in an inode without big clusters (blocks)") \
	X(ZMAP_CBLKCNT_MISSING,	EFSCORRUPTED,	"big cluster without its size (distance)") \
	X(ZMAP_PACK,		EFSCORRUPTED,	"distance inside a pack of compact indexes") \
	X(ZMAP_INLINE,		EFSCORRUPTED,	"inline cluster crosses a block boundary (bytes)") \
	X(ZMAP_FRAGMENT_NO_PACKED, EFSCORRUPTED, "fragment in an image without packed inode") \
	X(ZMAP_FRAGMENT_NESTED,	EFSCORRUPTED,	"fragment in the packed or metabox inode") \
	X(ZMAP_FRAGMENT_RANGE,	EFSCORRUPTED,	"fragment past the end of the address space (position)") \
	X(ZMAP_FORMAT,		EOPNOTSUPP,	"unknown format of an extent record") \
	X(ZMAP_UNSORTED,	EFSCORRUPTED,	"extent records out of order (file offset)") \
	X(ZMAP_DISTANT,		EOPNOTSUPP,	"extent record too far away from the last one (number)") \
	X(ZMAP_ALGORITHM,	EFSCORRUPTED,	"cluster of an algorithm that the image does not declare") \
	X(ZMAP_PLEN,		EOPNOTSUPP,	"encoded cluster too large (bytes)") \
	X(ZMAP_LLEN,		EOPNOTSUPP,	"decoded cluster too large (bytes)") \
	X(ZMAP_NO_GAIN,		EFSCORRUPTED,	"cluster decodes to less than its size (bytes)") \
	X(ZMAP_PLAIN,		EFSCORRUPTED,	"plain cluster shorter than its extent (bytes)") \
	X(ZMAP_ADDRESS,		EFSCORRUPTED,	"cluster past the end of the address space") \
	X(CHUNK_FORMAT,		EOPNOTSUPP,	"reserved chunk format bits") \
	X(CHUNK_TABLE,		EFSCORRUPTED,	"chunk table past the end of the address space") \
	X(CHUNK_ADDRESS,	EFSCORRUPTED,	"chunk address out of range") \
	X(DIR_NAMEOFF0,		EFSCORRUPTED,	"directory block: first name offset") \
	X(DIR_NAMEOFF,		EFSCORRUPTED,	"directory block: name offset") \
	X(DIR_NAMELEN,		EFSCORRUPTED,	"directory block: name length") \
	X(DIR_NAME,		EFSCORRUPTED,	"directory block: name with '/' or NUL") \
	X(LINK_SIZE,		EFSCORRUPTED,	"symlink target size") \
	X(LINK_NUL,		EFSCORRUPTED,	"NUL inside a symlink target (position)") \
	X(XATTR_AREA,		EOPNOTSUPP,	"xattr area without entries (i_xattr_icount 1)") \
	X(XATTR_SHARED_COUNT,	EFSCORRUPTED,	"more shared xattrs than the xattr area holds") \
	X(XATTR_ENTRY,		EFSCORRUPTED,	"xattr entry larger than its area") \
	X(XATTR_SHARED_SPACE,	EFSCORRUPTED,	"shared xattrs in a metabox that the image does not have") \
	X(XATTR_PREFIX_LEN,	EFSCORRUPTED,	"long xattr prefix length") \
	X(SC_MAGIC,		EINVAL,		"not a sidecar index (magic)") \
	X(SC_VERSION,		EOPNOTSUPP,	"sidecar of an unknown version") \
	X(SC_CHECKSUM,		EBADMSG,	"sidecar header checksum mismatch (computed)") \
	X(SC_ALGORITHM,		EOPNOTSUPP,	"sidecar with an unknown digest algorithm (digest length)") \
	X(SC_RECORDS,		EFSCORRUPTED,	"sidecar with too many records") \
	X(SC_SIZE,		EFSCORRUPTED,	"sidecar file of the wrong size (bytes)") \
	X(SC_BLOCK,		EBADMSG,	"sidecar block checksum mismatch (computed)") \
	X(SC_ORDER,		EFSCORRUPTED,	"sidecar records out of order (node id)") \
	X(SC_IMAGE_UUID,	EINVAL,		"sidecar of another image (uuid)") \
	X(SC_IMAGE_SIZE,	EINVAL,		"sidecar of another image (blocks)") \
	X(SC_IMAGE_DEVICES,	EINVAL,		"sidecar of another image (extra devices)") \
	X(SC_IMAGE_SUPER,	EINVAL,		"sidecar of another image (superblock checksum)")

enum erofs_check {
	EROFS_CHECK_OK,
#define EROFS_CHECK_ENUM(name, err, text)	EROFS_CHECK_##name,
	EROFS_CHECKS(EROFS_CHECK_ENUM)
#undef EROFS_CHECK_ENUM
	EROFS_CHECK_COUNT,
};

/**
 * struct erofs_diag - which check failed, and on what
 * @check: the named check
 * @nid:   node id concerned; 0 for the superblock and tables
 * @pos:   byte position of the offending bytes in their address space or file
 * @value: the offending value
 */
struct erofs_diag {
	enum erofs_check check;
	u64 nid;
	u64 pos;
	u64 value;
};

/* erofs_check_name - "DIR_NAMELEN"; erofs_check_text - the text of the list */
const char *erofs_check_name(enum erofs_check check);
const char *erofs_check_text(enum erofs_check check);

/* erofs_fail - fill *diag (may be NULL) and return the check's negative errno */
int erofs_fail(struct erofs_diag *diag, enum erofs_check check, u64 nid, u64 pos, u64 value);

/* ---- Sources ------------------------------------------------------------ */

/* The byte address spaces of section 0 that decoders read metadata from. */
enum erofs_space {
	EROFS_DEV,		/* primary device; byte 0 = first byte of the image */
	EROFS_MBOX,		/* content of the metabox inode */
	EROFS_PACKED,		/* content of the packed inode */
	EROFS_CONTENT,		/* content of one directory or symlink; see erofs_dir_lookup() */
	EROFS_SPACE_COUNT,
};

/**
 * struct erofs_span - contiguous bytes lent by a source
 * @data: the bytes; valid until put()
 * @len:  how many, at least what was asked for
 * @priv: the source's own
 */
struct erofs_span {
	const u8 *data;
	size_t len;
	void *priv;
};

/**
 * struct erofs_source - where decoders get bytes from
 * @get: lend at least @min contiguous bytes at byte @pos of @space. 0, or
 *       -EIO (beyond the end, or the device failed), -ENOMEM, -EINTR...
 *       Returns a larger span when that costs nothing (the rest of a block).
 * @put: give the span back. Safe exactly once per successful get().
 *
 * A decoder holds at most one span per source at a time and never asks for a
 * range that crosses a 32-byte boundary of @space (for EROFS_CONTENT: a block
 * boundary), so a source that hands out pieces of blocks can always serve it.
 */
struct erofs_source {
	int (*get)(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
		   struct erofs_span *span);
	void (*put)(struct erofs_source *src, struct erofs_span *span);
};

/* erofs_read - copy @len bytes at @pos of @space into @buf, span by span */
int erofs_read(struct erofs_source *src, enum erofs_space space, u64 pos, void *buf, size_t len);

/* ---- Superblock (section 1) ---------------------------------------------- */

/**
 * struct erofs_super - the decoded superblock
 * @has_metabox/@has_packed: the image declares such an inode; loading it is the
 *	caller's job (order of section 1.1: packed, metabox, root)
 * @algorithms: bitmap of enum erofs_algorithm the image may use; 0 = uncompressed
 * @size: bytes of the superblock, extension slots included
 */
struct erofs_super {
	u32 feature_compat;
	u32 feature_incompat;
	u32 checksum;
	u32 size;
	u8  blkszbits;
	u8  xattr_prefix_count;
	u8  ishare_prefix_id;
	bool has_ishare;
	bool has_metabox;
	bool has_packed;
	bool xattr_filter;		/* name filters are valid */
	u16 extra_devices;
	u16 device_id_mask;
	u16 algorithms;
	u16 lz4_max_distance;		/* 0 = the LZ4 default, 65535 */
	u16 lz4_max_pclusterblks;	/* at least 1 */
	u8  deflate_windowbits;
	u8  zstd_windowlog;		/* window = 1 << (windowlog + 10) bytes */
	u32 lzma_dict_size;		/* bytes */
	u32 fixed_nsec;
	u32 xattr_blkaddr;
	u32 meta_blkaddr;
	s64 epoch;
	u64 build_time;
	u64 inos;
	u64 blocks;			/* primary device */
	u64 root_nid;
	u64 packed_nid;
	u64 metabox_nid;
	u64 devt_pos;			/* byte position of the device table */
	u64 prefix_pos;			/* byte position of the prefix table in its space */
	u64 cfg_pos;			/* byte position of the configuration area, 0 = none */
	u8  uuid[EROFS_UUID_LEN];
	char volume_name[EROFS_VOLUME_NAME_LEN + 1];
};

/**
 * erofs_super_read - read and verify the superblock and the compression
 *	configuration (section 1.1, checks 1 to 10; the device table is
 *	erofs_device_read()'s)
 * @src:     EROFS_DEV is read
 * @max_blkszbits: largest log2 block size the caller can handle (page size)
 * @sb:      result
 * @diag:    named check on failure
 *
 * Verifies the checksum when the image has one. Unknown compatible bits are
 * ignored. Return: 0, -EINVAL, -EBADMSG, -EOPNOTSUPP, -EFSCORRUPTED, -EIO.
 */
int erofs_super_read(struct erofs_source *src, u32 max_blkszbits, struct erofs_super *sb,
		     struct erofs_diag *diag);

/* erofs_algorithm_name - "LZ4", "MicroLZMA", "DEFLATE", "Zstandard" */
const char *erofs_algorithm_name(enum erofs_algorithm alg);

/* erofs_crc32c - CRC-32C register update: no initial or final inversion (section 1.2) */
u32 erofs_crc32c(u32 crc, const void *data, size_t len);

/* ---- Devices (section 2) -------------------------------------------------- */

/**
 * struct erofs_device - one slot of the device table
 * @tag:     NUL-terminated identifier, may be empty
 * @blocks:  size in blocks, 0 = not stated (old writers)
 * @uniaddr: first block in the unified address space, 0 = not in it
 */
struct erofs_device {
	char tag[EROFS_DEVICE_TAG_LEN + 1];
	u64 blocks;
	u64 uniaddr;
};

/* erofs_device_read - decode slot @id, 1 <= id <= sb->extra_devices */
int erofs_device_read(struct erofs_source *src, const struct erofs_super *sb, u32 id,
		      struct erofs_device *dev, struct erofs_diag *diag);

/**
 * struct erofs_location - where bytes of an extent really are
 * @device: 0 = primary, 1.. = extra device
 * @pos:    byte position on that device
 * @len:    bytes contiguous from there, 1..len asked for
 */
struct erofs_location {
	u32 device;
	u64 pos;
	u64 len;
};

/**
 * erofs_locate - translate (device id, address) to a physical location
 * @devs: array of sb->extra_devices slots (device id 1 first); NULL if none
 * @flat: no device was given by the user: all of them lie behind the primary
 *
 * loc->len is clipped where the next byte is on another device: call again for
 * the rest. Return: 0; -ENODEV for an unknown device id; -EFSCORRUPTED when the
 * address overflows or is past the end of the device that it names.
 */
int erofs_locate(const struct erofs_super *sb, const struct erofs_device *devs, bool flat,
		 u16 device_id, u64 pa, u64 len, struct erofs_location *loc,
		 struct erofs_diag *diag);

/* ---- Inodes (section 3) --------------------------------------------------- */

/**
 * struct erofs_inode - a decoded inode
 * @space: address space of the inode and of everything that trails it
 * @xattr_pos/@xattr_size: the xattr area, size 0 = none
 * @tail_pos: T of section 3.9: inline tail, chunk table or map header follow here
 * @startblk: flat layouts: first data block (meaningless when @flat_hole)
 * @flat_hole: FLAT_PLAIN: the whole file is a hole
 * @blocks:   compressed layouts: blocks used, for st_blocks
 * @chunk_format/@chunk_bits: CHUNK_BASED: raw format, log2 of the chunk size in bytes
 */
struct erofs_inode {
	u64 nid;
	u64 size;
	s64 mtime;
	u32 mtime_nsec;
	u32 uid;
	u32 gid;
	u32 nlink;
	u32 rdev_major;
	u32 rdev_minor;
	u16 mode;
	u16 chunk_format;
	u8  layout;			/* enum erofs_layout */
	u8  chunk_bits;
	bool dot_omitted;
	bool flat_hole;
	u8  space;			/* enum erofs_space */
	u32 xattr_size;
	u64 xattr_pos;
	u64 tail_pos;
	u64 startblk;
	u64 blocks;
};

/**
 * erofs_inode_read - read and verify one inode
 *
 * Compressed layouts are decoded (not followed) and refused with
 * INODE_COMPRESSED when sb->algorithms is 0. Special files have size 0.
 * Return: 0, -EFSCORRUPTED, -EOPNOTSUPP or what the source returned.
 */
int erofs_inode_read(struct erofs_source *src, const struct erofs_super *sb, u64 nid,
		     struct erofs_inode *inode, struct erofs_diag *diag);

/* The inodes that the superblock names, and what they have to be (section 1.1, 11) */
enum erofs_role {
	EROFS_ROLE_ROOT,		/* a directory */
	EROFS_ROLE_PACKED,		/* a regular file */
	EROFS_ROLE_METABOX,		/* a regular file */
};

/* erofs_role_check - verify the file type of an inode that the superblock names */
int erofs_role_check(const struct erofs_inode *inode, enum erofs_role role,
		     struct erofs_diag *diag);

/* erofs_ino - st_ino of a nid (section 3.8) */
u64 erofs_ino(const struct erofs_super *sb, u64 nid);

/* erofs_st_blocks - 512-byte units for st_blocks (section 10) */
u64 erofs_st_blocks(const struct erofs_super *sb, const struct erofs_inode *inode);

static inline bool erofs_inode_compressed(const struct erofs_inode *inode)
{
	return inode->layout == EROFS_LAYOUT_COMPRESSED_FULL ||
	       inode->layout == EROFS_LAYOUT_COMPRESSED_COMPACT;
}

/**
 * erofs_symlink_check - verify a complete symlink target (section 3.10)
 * @target: @len bytes, not terminated
 *
 * Return: 0, or -EFSCORRUPTED (empty, 4096 bytes or more, NUL inside).
 */
int erofs_symlink_check(const struct erofs_inode *inode, const void *target, size_t len,
			struct erofs_diag *diag);

/* ---- Extents of uncompressed layouts (section 4) -------------------------- */

enum erofs_extent_type {
	EROFS_EXTENT_HOLE,		/* reads as zeros */
	EROFS_EXTENT_DATA,		/* bytes at @pa of device @device_id: erofs_locate() */
	EROFS_EXTENT_INLINE,		/* bytes at @pa of the inode's own space */
	/* Of compressed inodes, never from erofs_map(): see struct erofs_zextent */
	EROFS_EXTENT_FRAGMENT,
	EROFS_EXTENT_CLUSTER,
};

/**
 * struct erofs_extent - where a run of file bytes is
 * @la:  first file byte: exactly the one asked for
 * @len: bytes of the run, clipped to the file size
 * @pa:  byte address, see the type
 */
struct erofs_extent {
	enum erofs_extent_type type;
	u16 device_id;
	u64 la;
	u64 len;
	u64 pa;
};

/**
 * erofs_map - map file bytes of a flat or chunk-based inode
 * @la:   first byte wanted
 * @want: bytes wanted, at least 1; bounds the work and the result
 * @ext:  result: one run from @la on, 1 <= len <= want. Adjacent chunks that are
 *        physically contiguous on one device, and adjacent holes, are merged.
 *
 * At or beyond the file size: a hole of @want bytes. An inline extent never
 * crosses a block. Return: 0, -EFSCORRUPTED, -EOPNOTSUPP or the source's errno.
 */
int erofs_map(struct erofs_source *src, const struct erofs_super *sb,
	      const struct erofs_inode *inode, u64 la, u64 want, struct erofs_extent *ext,
	      struct erofs_diag *diag);

/* ---- Extents of compressed layouts (sections 7 and 8) ---------------------- */

enum erofs_zextent_type {
	EROFS_Z_HOLE,			/* reads as zeros */
	EROFS_Z_CLUSTER,		/* decoded from a physical cluster */
	EROFS_Z_FRAGMENT,		/* bytes of the packed inode from @pa on */
};

/* How a physical cluster is encoded: an algorithm, or plain bytes (section 8.4) */
enum erofs_zformat {
	EROFS_ZF_LZ4		= EROFS_ALG_LZ4,
	EROFS_ZF_MICROLZMA	= EROFS_ALG_MICROLZMA,
	EROFS_ZF_DEFLATE	= EROFS_ALG_DEFLATE,
	EROFS_ZF_ZSTD		= EROFS_ALG_ZSTD,
	EROFS_ZF_SHIFTED	= EROFS_ALG_COUNT,
	EROFS_ZF_INTERLACED,
	EROFS_ZF_COUNT,
};

/**
 * struct erofs_zmap - the decoded map header of one compressed inode (section 7.1)
 * @kind:     how extents are recorded; private to src/format, like all but @idata_size
 * @lcluster_bits: log2 of the lcluster size in bytes
 * @record_bits: extent records: log2 of the record size in bytes
 * @algorithm: of HEAD1 and HEAD2
 * @advise:   as on disk
 * @idata_size: bytes of the inline physical cluster, 0 = none
 * @tail:     what the last extent is, when it is found without looking at the map
 * @tail_format/@tail_partial: an inline tail: see struct erofs_zextent
 * @compact_4b/@compact_2b: compact indexes: how many in the first 4-byte run and in the 2-byte run
 * @index_pos: byte position of the first index or record in the inode's space
 * @indexes:  number of indexes or records
 * @base:     records of 4 bytes: address of the first extent
 * @tail_la:  first file byte of that last extent; without one, the file size
 * @tail_pa:  its byte position in the inode's own space (inline) or in PACKED (fragment)
 *
 * Constant once decoded: may be shared read-only.
 */
struct erofs_zmap {
	u8  kind;
	u8  lcluster_bits;
	u8  record_bits;
	u8  tail;
	u8  tail_format;
	bool tail_partial;
	u8  compact_4b;
	u8  algorithm[2];
	u16 advise;
	u16 idata_size;
	u64 compact_2b;
	u64 index_pos;
	u64 indexes;
	u64 base;
	u64 tail_la;
	u64 tail_pa;
};

/**
 * struct erofs_zextent - one extent of a compressed inode
 * @type:     what the bytes are
 * @format:   EROFS_Z_CLUSTER: how they are encoded
 * @partial:  the physical cluster decodes to more than the extent (section 8.3)
 * @inlined:  @pa is a position in the inode's own space, within one block; else
 *            a unified device address (device id 0)
 * @complete: the extent ends at @la + @len; false: it goes on, the caller did
 *            not want to know how far
 * @la:       first file byte of the extent, at or before the byte asked for. A
 *            cluster decodes from its first byte to here
 * @len:      bytes of the extent, clipped to the file size and, if not @complete,
 *            to about what was wanted; reaches beyond the byte asked for
 * @pa/@plen: the physical cluster, in bytes; a fragment: @pa is the position of
 *            file byte @la in the packed inode
 */
struct erofs_zextent {
	u8  type;
	u8  format;
	bool partial;
	bool inlined;
	bool complete;
	u32 plen;
	u64 la;
	u64 len;
	u64 pa;
};

/**
 * struct erofs_zcursor - where the last lookup ended
 * @record: extent record found last
 * @sum: records of 4 bytes: encoded bytes of all records before that one
 *
 * Makes reading forward cheap where extents are records: the address of a
 * 4-byte one is the sum over all before it, the others are searched for. All
 * zeros at first; belongs to one caller and one inode, and never goes stale:
 * any lookup may follow any other.
 */
struct erofs_zcursor {
	u64 record;
	u64 sum;
};

/**
 * erofs_zmap_open - decode and verify the map header of a compressed inode
 * @src:   the inode's space is read
 * @inode: an inode with erofs_inode_compressed() and size > 0
 * @map:   result
 *
 * Finds the tail extent too when it is inline or a fragment, so lookups need not.
 * Return: 0, -EFSCORRUPTED, -EOPNOTSUPP, -EINVAL or the source's errno.
 */
int erofs_zmap_open(struct erofs_source *src, const struct erofs_super *sb,
		    const struct erofs_inode *inode, struct erofs_zmap *map,
		    struct erofs_diag *diag);

/**
 * erofs_zmap_find - the extent of a compressed inode that has a file byte
 * @map:  decoded header of @inode
 * @cur:  cursor of this caller, or NULL
 * @la:   the byte; below the file size
 * @want: bytes from @la on that the caller is about to read, at least 1: the end of
 *        the extent is looked for no further than that, and @ext->complete says
 *        whether it was found. With U64_MAX it always is, but for holes longer than
 *        the largest cluster.
 * @ext:  result, verified (section 8.2). That a fragment lies inside the packed
 *        inode is the caller's to check: only it knows that inode's size.
 *
 * Work is bounded by the largest decoded size of a cluster, whatever the image says.
 * Return: 0, -EFSCORRUPTED, -EOPNOTSUPP or the source's errno.
 */
int erofs_zmap_find(struct erofs_source *src, const struct erofs_super *sb,
		    const struct erofs_inode *inode, const struct erofs_zmap *map,
		    struct erofs_zcursor *cur, u64 la, u64 want, struct erofs_zextent *ext,
		    struct erofs_diag *diag);

/**
 * erofs_zskip - leading zero bytes of an encoded stream (section 8.5)
 * @head: the first min(@plen, bytes to the end of its block) bytes of the cluster
 * @len:  how many those are
 *
 * Return: bytes to skip; @len when there is nothing but zeros (corrupted).
 */
size_t erofs_zskip(const u8 *head, size_t len);

/* ---- Directories (section 5) ---------------------------------------------- */

/**
 * struct erofs_dirblock - a directory block being read
 * @data/@len: its valid bytes: min(block size, directory size - block start)
 * @count: number of entries
 * @nid/@pos: for diagnostics: the directory, byte position of the block
 */
struct erofs_dirblock {
	const u8 *data;
	u32 len;
	u32 count;
	u64 nid;
	u64 pos;
};

/**
 * struct erofs_dirent - one entry
 * @name/@namelen: 1..255 bytes inside the block, not terminated
 * @type: enum erofs_file_type; unknown values are EROFS_FT_UNKNOWN
 */
struct erofs_dirent {
	u64 nid;
	const char *name;
	u32 namelen;
	u8 type;
};

/* erofs_dirblock_open - verify the head of a block and count its entries */
int erofs_dirblock_open(struct erofs_dirblock *db, const void *data, u32 len, u32 blksize,
			u64 nid, u64 pos, struct erofs_diag *diag);

/* erofs_dirblock_entry - decode and verify entry @index < db->count */
int erofs_dirblock_entry(const struct erofs_dirblock *db, u32 index, struct erofs_dirent *de,
			 struct erofs_diag *diag);

/**
 * erofs_dir_lookup - find a name by binary search over the blocks and inside one
 * @content: source whose EROFS_CONTENT space is the content of @dir; asked for
 *           whole directory blocks (the last one may be short)
 *
 * Bounded by O(log blocks) spans and terminates on any input. Return: 0 with *nid
 * and *type set, -ENOENT, -EFSCORRUPTED or the source's errno. -ENAMETOOLONG
 * when namelen > 255.
 */
int erofs_dir_lookup(struct erofs_source *content, const struct erofs_super *sb,
		     const struct erofs_inode *dir, const char *name, size_t namelen,
		     u64 *nid, u8 *type, struct erofs_diag *diag);

/* ---- Extended attributes (section 6) --------------------------------------- */

/**
 * struct erofs_prefix - one long name prefix
 * @base_index: short index (0 = hidden namespace)
 * @len:        bytes of @infix, not terminated
 */
struct erofs_prefix {
	u8 base_index;
	u8 len;
	char infix[EROFS_XATTR_NAME_MAX];
};

/* erofs_prefix_space - the address space of the prefix table (section 6.6) */
enum erofs_space erofs_prefix_space(const struct erofs_super *sb);

/**
 * erofs_prefix_read - decode one entry of the prefix table
 * @pos: in: byte position of the entry (first call: sb->prefix_pos);
 *       out: position of the next one
 */
int erofs_prefix_read(struct erofs_source *src, const struct erofs_super *sb, u64 *pos,
		      struct erofs_prefix *prefix, struct erofs_diag *diag);

/**
 * erofs_xattr_get - value of one attribute
 * @prefixes: sb->xattr_prefix_count decoded prefixes, NULL if none
 * @index:    short index (section 6.2); 0 reaches hidden attributes
 * @name:     name without the short prefix; empty for the ACL indexes
 * @buf/@size: value buffer; size 0 asks for the length only
 *
 * Uses the name filter when it is valid. Inline attributes first, then shared,
 * first match wins. Return: length of the value; -ENODATA; -ERANGE (name over
 * 255 bytes, or buffer too small); -EOPNOTSUPP; -EFSCORRUPTED; source's errno.
 */
int erofs_xattr_get(struct erofs_source *src, const struct erofs_super *sb,
		    const struct erofs_prefix *prefixes, const struct erofs_inode *inode,
		    u8 index, const char *name, size_t namelen, void *buf, size_t size,
		    struct erofs_diag *diag);

/**
 * erofs_xattr_list - call @emit for every attribute with a known, visible namespace
 * @emit: index: short index; name: full remainder after the short prefix, long
 *        prefix infix included, not terminated, valid during the call. A
 *        negative return ends the walk and is returned.
 *
 * Inline ones first, then shared in array order. Hidden, unknown and padding
 * entries, and entries whose long prefix does not exist, are left out. Uses
 * under 600 bytes of stack.
 */
int erofs_xattr_list(struct erofs_source *src, const struct erofs_super *sb,
		     const struct erofs_prefix *prefixes, const struct erofs_inode *inode,
		     int (*emit)(void *ctx, u8 index, const char *name, size_t namelen), void *ctx,
		     struct erofs_diag *diag);

/* erofs_xattr_may_have_acl - false: the filter proves that there is no ACL at all */
bool erofs_xattr_may_have_acl(struct erofs_source *src, const struct erofs_super *sb,
			      const struct erofs_inode *inode);

/**
 * erofs_fingerprint_get - content fingerprint of an inode (section 6.8)
 *
 * The attribute named by prefix sb->ishare_prefix_id. Return: its length
 * (1..block size), -ENODATA when the image or the inode has none or its length
 * is out of bounds, -ERANGE when @size is too small, or another errno.
 */
int erofs_fingerprint_get(struct erofs_source *src, const struct erofs_super *sb,
			  const struct erofs_prefix *prefixes, const struct erofs_inode *inode,
			  void *buf, size_t size, struct erofs_diag *diag);

#endif /* EROFS_FORMAT_H */
