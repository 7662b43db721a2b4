/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The EROFS on-disk format as C structures and constants.
 *
 * Rules of this file: facts about bytes only, no code. Every multi-byte field
 * is little-endian (__le*), every gap is a named reserved field, no structure
 * depends on the compiler's padding. Sizes and offsets are proved at compile
 * time in src/format/ondisk_check.c. Section numbers refer to FORMAT.md.
 */
#ifndef EROFS_ONDISK_H
#define EROFS_ONDISK_H

#include "erofs_port.h"

#define EROFS_SUPER_OFFSET	1024U		/* byte position of the superblock */
#define EROFS_SUPER_MAGIC	0xE0F5E1E2U
#define EROFS_SUPER_BASE_SIZE	128U
#define EROFS_SB_EXTSLOT_SIZE	16U
#define EROFS_SUPER_END_MAX	4096U		/* the superblock ends at this byte or before */

/* Section 1.6: limits */
#define EROFS_BLKSZBITS_MIN	9U
#define EROFS_BLKSZBITS_MAX	16U
#define EROFS_NAME_LEN		255U
#define EROFS_XATTR_NAME_MAX	255U
#define EROFS_PCLUSTER_MAX_PLEN	(1024U * 1024U)
#define EROFS_PCLUSTER_MAX_LLEN	(12U * 1024U * 1024U)
#define EROFS_XATTR_PREFIX_MAX	128U
#define EROFS_VOLUME_NAME_LEN	16U
#define EROFS_UUID_LEN		16U
#define EROFS_DEVICE_TAG_LEN	64U

/* Section 1.3: feature_compat */
#define EROFS_COMPAT_SB_CHKSUM			0x00000001U
#define EROFS_COMPAT_MTIME			0x00000002U
#define EROFS_COMPAT_XATTR_FILTER		0x00000004U
#define EROFS_COMPAT_SHARED_EA_IN_METABOX	0x00000008U
#define EROFS_COMPAT_PLAIN_XATTR_PFX		0x00000010U
#define EROFS_COMPAT_ISHARE_XATTRS		0x00000020U

/* Section 1.4: feature_incompat. Some bits announce two features at once. */
#define EROFS_INCOMPAT_LZ4_0PADDING		0x00000001U
#define EROFS_INCOMPAT_COMPR_CFGS		0x00000002U
#define EROFS_INCOMPAT_BIG_PCLUSTER		0x00000002U
#define EROFS_INCOMPAT_CHUNKED_FILE		0x00000004U
#define EROFS_INCOMPAT_DEVICE_TABLE		0x00000008U
#define EROFS_INCOMPAT_COMPR_HEAD2		0x00000008U
#define EROFS_INCOMPAT_ZTAILPACKING		0x00000010U
#define EROFS_INCOMPAT_FRAGMENTS		0x00000020U
#define EROFS_INCOMPAT_DEDUPE			0x00000020U
#define EROFS_INCOMPAT_XATTR_PREFIXES		0x00000040U
#define EROFS_INCOMPAT_48BIT			0x00000080U
#define EROFS_INCOMPAT_METABOX			0x00000100U
#define EROFS_INCOMPAT_ALL			0x000001ffU

/* Section 1.7: compression algorithms */
enum erofs_algorithm {
	EROFS_ALG_LZ4		= 0,
	EROFS_ALG_MICROLZMA	= 1,
	EROFS_ALG_DEFLATE	= 2,
	EROFS_ALG_ZSTD		= 3,
	EROFS_ALG_COUNT		= 4,
};

/* Bit 63 of a node id: the inode lives in the metabox (section 3.1) */
#define EROFS_NID_METABOX	(1ULL << 63)
#define EROFS_NID_SLOT_BITS	5		/* inode slots are 32 bytes */

/* Section 1 */
struct erofs_super_ondisk {
	__le32 magic;
	__le32 checksum;
	__le32 feature_compat;
	__u8   blkszbits;
	__u8   sb_extslots;
	__le16 rb;			/* root nid, or bits 32..47 of the block count */
	__le64 inos;
	__le64 epoch;			/* signed seconds */
	__le32 fixed_nsec;
	__le32 blocks_lo;
	__le32 meta_blkaddr;
	__le32 xattr_blkaddr;
	__u8   uuid[EROFS_UUID_LEN];
	__u8   volume_name[EROFS_VOLUME_NAME_LEN];
	__le32 feature_incompat;
	__le16 u1;			/* algorithm bitmap, or lz4_max_distance */
	__le16 extra_devices;
	__le16 devt_slotoff;
	__u8   dirblkbits;
	__u8   xattr_prefix_count;
	__le32 xattr_prefix_start;
	__le64 packed_nid;
	__u8   xattr_filter_reserved;
	__u8   ishare_xattr_prefix_id;
	__u8   reserved_106[2];
	__le32 build_time;
	__le64 rootnid_8b;
	__u8   reserved_120[8];
	/* end of the 128-byte base; extension slot 1: */
	__le64 metabox_nid;
	__u8   reserved_136[8];
} __erofs_packed;

/* Section 1.7: records of the configuration area, after their u16 length */
struct erofs_lz4_cfg_ondisk {
	__le16 max_distance;
	__le16 max_pclusterblks;
	__u8   reserved_4[10];
} __erofs_packed;

struct erofs_lzma_cfg_ondisk {
	__le32 dict_size;
	__le16 format;
	__u8   reserved_6[8];
} __erofs_packed;

struct erofs_deflate_cfg_ondisk {
	__u8   windowbits;
	__u8   reserved_1[5];
} __erofs_packed;

struct erofs_zstd_cfg_ondisk {
	__u8   format;
	__u8   windowlog;
	__u8   reserved_2[4];
} __erofs_packed;

/* Section 2 */
#define EROFS_DEVT_SLOT_SIZE	128U

struct erofs_device_ondisk {
	__u8   tag[EROFS_DEVICE_TAG_LEN];
	__le32 blocks_lo;
	__le32 uniaddr_lo;
	__le16 blocks_hi;
	__le16 uniaddr_hi;
	__u8   reserved_76[52];
} __erofs_packed;

/* Section 3.2: i_format */
#define EROFS_I_EXTENDED	0x0001U
#define EROFS_I_LAYOUT_SHIFT	1
#define EROFS_I_LAYOUT_MASK	0x7U
#define EROFS_I_BIT4		0x0010U	/* NLINK_1, or DOT_OMITTED on a directory */
#define EROFS_I_ALL		0x001fU

enum erofs_layout {
	EROFS_LAYOUT_FLAT_PLAIN		= 0,
	EROFS_LAYOUT_COMPRESSED_FULL	= 1,
	EROFS_LAYOUT_FLAT_INLINE	= 2,
	EROFS_LAYOUT_COMPRESSED_COMPACT	= 3,
	EROFS_LAYOUT_CHUNK_BASED	= 4,
	EROFS_LAYOUT_COUNT		= 5,
};

/* Section 3.7: i_mode carries the POSIX file types */
#define EROFS_S_IFMT	0170000
#define EROFS_S_IFSOCK	0140000
#define EROFS_S_IFLNK	0120000
#define EROFS_S_IFREG	0100000
#define EROFS_S_IFBLK	0060000
#define EROFS_S_IFDIR	0040000
#define EROFS_S_IFCHR	0020000
#define EROFS_S_IFIFO	0010000

/* Section 3.10: symlink targets are shorter than this */
#define EROFS_SYMLINK_MAX	4096U

/* Section 3.3 */
struct erofs_inode_compact {
	__le16 i_format;
	__le16 i_xattr_icount;
	__le16 i_mode;
	__le16 i_nb;
	__le32 i_size;
	__le32 i_mtime;			/* seconds after the superblock's epoch */
	__le32 i_u;
	__le32 i_ino;
	__le16 i_uid;
	__le16 i_gid;
	__u8   reserved_28[4];
} __erofs_packed;

/* Section 3.4 */
struct erofs_inode_extended {
	__le16 i_format;
	__le16 i_xattr_icount;
	__le16 i_mode;
	__le16 i_nb;
	__le64 i_size;
	__le32 i_u;
	__le32 i_ino;
	__le32 i_uid;
	__le32 i_gid;
	__le64 i_mtime;			/* signed absolute seconds */
	__le32 i_mtime_nsec;
	__le32 i_nlink;
	__u8   reserved_48[16];
} __erofs_packed;

/* Section 4.3 */
#define EROFS_CHUNK_BITS_MASK	0x001fU
#define EROFS_CHUNK_INDEXES	0x0020U
#define EROFS_CHUNK_48BIT	0x0040U
#define EROFS_CHUNK_ALL		0x007fU

struct erofs_chunk_index {
	__le16 startblk_hi;
	__le16 device_id;
	__le32 startblk_lo;
} __erofs_packed;

/* Section 5 */
struct erofs_dirent_ondisk {
	__le64 nid;
	__le16 nameoff;
	__u8   file_type;
	__u8   reserved_11;
} __erofs_packed;

enum erofs_file_type {
	EROFS_FT_UNKNOWN	= 0,
	EROFS_FT_REG		= 1,
	EROFS_FT_DIR		= 2,
	EROFS_FT_CHR		= 3,
	EROFS_FT_BLK		= 4,
	EROFS_FT_FIFO		= 5,
	EROFS_FT_SOCK		= 6,
	EROFS_FT_LNK		= 7,
};

/* Section 6 */
struct erofs_xattr_ibody_ondisk {
	__le32 name_filter;
	__u8   shared_count;
	__u8   reserved_5[7];
	/* followed by __le32 shared ids */
} __erofs_packed;

struct erofs_xattr_entry_ondisk {
	__u8   name_len;
	__u8   name_index;
	__le16 value_size;
	/* followed by the name suffix and the value */
} __erofs_packed;

#define EROFS_XATTR_INDEX_HIDDEN	0
#define EROFS_XATTR_INDEX_USER		1
#define EROFS_XATTR_INDEX_ACL_ACCESS	2
#define EROFS_XATTR_INDEX_ACL_DEFAULT	3
#define EROFS_XATTR_INDEX_TRUSTED	4
#define EROFS_XATTR_INDEX_LUSTRE	5
#define EROFS_XATTR_INDEX_SECURITY	6
#define EROFS_XATTR_LONG_PREFIX		0x80U
#define EROFS_XATTR_LONG_PREFIX_MASK	0x7fU
#define EROFS_XATTR_FILTER_SEED		0x25BBE08FU

/* Section 7.1 */
struct erofs_map_header_ondisk {
	__le32 u0;			/* fragmentoff_lo, idata_size << 16, or extents_lo */
	__le16 advise;
	__u8   algorithmtype;
	__u8   clusterbits;
} __erofs_packed;

/* All 8 bytes as one number: the file is one fragment, the other bits are its position. */
#define EROFS_ZHEADER_FRAGMENT		(1ULL << 63)
#define EROFS_ZHEADER_LCLUSTER_MASK	0x0fU	/* of clusterbits */

#define EROFS_ZADVISE_COMPACTED_2B	0x0001U	/* layout COMPRESSED_COMPACT */
#define EROFS_ZADVISE_EXTENTS		0x0001U	/* layout COMPRESSED_FULL */
#define EROFS_ZADVISE_BIG_PCLUSTER_1	0x0002U
#define EROFS_ZADVISE_BIG_PCLUSTER_2	0x0004U
#define EROFS_ZADVISE_RECORD_SHIFT	1	/* with EXTENTS: 4 bytes << these two bits */
#define EROFS_ZADVISE_RECORD_MASK	0x3U
#define EROFS_ZADVISE_INLINE_PCLUSTER	0x0008U
#define EROFS_ZADVISE_INTERLACED	0x0010U
#define EROFS_ZADVISE_FRAGMENT		0x0020U

/* Section 7.2 */
enum erofs_lcluster_type {
	EROFS_LCLUSTER_PLAIN	= 0,
	EROFS_LCLUSTER_HEAD1	= 1,
	EROFS_LCLUSTER_NONHEAD	= 2,
	EROFS_LCLUSTER_HEAD2	= 3,
};

#define EROFS_LCLUSTER_TYPE_MASK	0x3U

/* Section 7.3.1: an index of full form */
struct erofs_lcluster_index {
	__le16 advise;
	__le16 clusterofs;
	__le32 u;			/* heads: block; NONHEAD: delta0 | delta1 << 16 */
} __erofs_packed;

#define EROFS_LCLUSTER_HOLE		0x4000U
#define EROFS_LCLUSTER_PARTIAL_REF	0x8000U
/* In delta0, and in the low bits of a compact NONHEAD: the rest is a number of blocks */
#define EROFS_LCLUSTER_CBLKCNT		0x0800U

/* Section 7.3.2: packs of compact indexes; the last 4 bytes of a pack are its block base */
#define EROFS_PACK_4B_BYTES		8U
#define EROFS_PACK_4B_COUNT		2U
#define EROFS_PACK_4B_ITEM_BITS		16U
#define EROFS_PACK_4B_LCLUSTER_MAX	14U	/* log2 */
#define EROFS_PACK_2B_BYTES		32U
#define EROFS_PACK_2B_COUNT		16U
#define EROFS_PACK_2B_ITEM_BITS		14U
#define EROFS_PACK_2B_LCLUSTER_MAX	12U	/* log2 */
#define EROFS_PACK_LO_BITS_MIN		12U

/* Section 8.8: shorter records are the beginning of this one */
struct erofs_extent_record {
	__le32 plen;
	__le32 pstart_lo;
	__le32 pstart_hi;
	__le32 lstart_lo;
	__le32 lstart_hi;
	__u8   reserved_20[12];
} __erofs_packed;

#define EROFS_RECORD_BITS_MIN		2	/* log2 of the smallest record's size */
#define EROFS_RECORD_PLEN_MASK		0x001fffffU
#define EROFS_RECORD_PARTIAL_REF	0x08000000U
#define EROFS_RECORD_FORMAT_SHIFT	28	/* 0 = plain, else algorithm + 1 */

/* Section 8.2: physical addresses are below this many blocks */
#define EROFS_BLOCK_BITS		48

#endif /* EROFS_ONDISK_H */
