// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compile-time proof that erofs_ondisk.h says what FORMAT.md says: the size of
 * every structure and the offset of every field. Nothing here makes code.
 *
 * Rules: one line per field, in the order of the tables of FORMAT.md, written
 * from those tables and not from the header.
 */
#include "erofs_ondisk.h"

#define SIZE(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), #type " is " #bytes " bytes")
#define FIELD(type, field, offset, bytes) \
	_Static_assert(__builtin_offsetof(struct type, field) == (offset) && \
		       sizeof(((struct type *)0)->field) == (bytes), \
		       #type "." #field " is " #bytes " bytes at " #offset)

/* Section 1: superblock		offset	bytes */
SIZE(erofs_super_ondisk,			144);
FIELD(erofs_super_ondisk, magic,		0,	4);
FIELD(erofs_super_ondisk, checksum,		4,	4);
FIELD(erofs_super_ondisk, feature_compat,	8,	4);
FIELD(erofs_super_ondisk, blkszbits,		12,	1);
FIELD(erofs_super_ondisk, sb_extslots,		13,	1);
FIELD(erofs_super_ondisk, rb,			14,	2);
FIELD(erofs_super_ondisk, inos,			16,	8);
FIELD(erofs_super_ondisk, epoch,		24,	8);
FIELD(erofs_super_ondisk, fixed_nsec,		32,	4);
FIELD(erofs_super_ondisk, blocks_lo,		36,	4);
FIELD(erofs_super_ondisk, meta_blkaddr,		40,	4);
FIELD(erofs_super_ondisk, xattr_blkaddr,	44,	4);
FIELD(erofs_super_ondisk, uuid,			48,	16);
FIELD(erofs_super_ondisk, volume_name,		64,	16);
FIELD(erofs_super_ondisk, feature_incompat,	80,	4);
FIELD(erofs_super_ondisk, u1,			84,	2);
FIELD(erofs_super_ondisk, extra_devices,	86,	2);
FIELD(erofs_super_ondisk, devt_slotoff,		88,	2);
FIELD(erofs_super_ondisk, dirblkbits,		90,	1);
FIELD(erofs_super_ondisk, xattr_prefix_count,	91,	1);
FIELD(erofs_super_ondisk, xattr_prefix_start,	92,	4);
FIELD(erofs_super_ondisk, packed_nid,		96,	8);
FIELD(erofs_super_ondisk, xattr_filter_reserved, 104,	1);
FIELD(erofs_super_ondisk, ishare_xattr_prefix_id, 105,	1);
FIELD(erofs_super_ondisk, reserved_106,		106,	2);
FIELD(erofs_super_ondisk, build_time,		108,	4);
FIELD(erofs_super_ondisk, rootnid_8b,		112,	8);
FIELD(erofs_super_ondisk, reserved_120,		120,	8);
FIELD(erofs_super_ondisk, metabox_nid,		128,	8);
FIELD(erofs_super_ondisk, reserved_136,		136,	8);

/* Section 1.7: compression configuration records */
SIZE(erofs_lz4_cfg_ondisk,			14);
FIELD(erofs_lz4_cfg_ondisk, max_distance,	0,	2);
FIELD(erofs_lz4_cfg_ondisk, max_pclusterblks,	2,	2);
FIELD(erofs_lz4_cfg_ondisk, reserved_4,		4,	10);
SIZE(erofs_lzma_cfg_ondisk,			14);
FIELD(erofs_lzma_cfg_ondisk, dict_size,		0,	4);
FIELD(erofs_lzma_cfg_ondisk, format,		4,	2);
FIELD(erofs_lzma_cfg_ondisk, reserved_6,	6,	8);
SIZE(erofs_deflate_cfg_ondisk,			6);
FIELD(erofs_deflate_cfg_ondisk, windowbits,	0,	1);
FIELD(erofs_deflate_cfg_ondisk, reserved_1,	1,	5);
SIZE(erofs_zstd_cfg_ondisk,			6);
FIELD(erofs_zstd_cfg_ondisk, format,		0,	1);
FIELD(erofs_zstd_cfg_ondisk, windowlog,		1,	1);
FIELD(erofs_zstd_cfg_ondisk, reserved_2,	2,	4);

/* Section 2: device slot */
SIZE(erofs_device_ondisk,			128);
FIELD(erofs_device_ondisk, tag,			0,	64);
FIELD(erofs_device_ondisk, blocks_lo,		64,	4);
FIELD(erofs_device_ondisk, uniaddr_lo,		68,	4);
FIELD(erofs_device_ondisk, blocks_hi,		72,	2);
FIELD(erofs_device_ondisk, uniaddr_hi,		74,	2);
FIELD(erofs_device_ondisk, reserved_76,		76,	52);

/* Section 3.3: compact inode */
SIZE(erofs_inode_compact,			32);
FIELD(erofs_inode_compact, i_format,		0,	2);
FIELD(erofs_inode_compact, i_xattr_icount,	2,	2);
FIELD(erofs_inode_compact, i_mode,		4,	2);
FIELD(erofs_inode_compact, i_nb,		6,	2);
FIELD(erofs_inode_compact, i_size,		8,	4);
FIELD(erofs_inode_compact, i_mtime,		12,	4);
FIELD(erofs_inode_compact, i_u,			16,	4);
FIELD(erofs_inode_compact, i_ino,		20,	4);
FIELD(erofs_inode_compact, i_uid,		24,	2);
FIELD(erofs_inode_compact, i_gid,		26,	2);
FIELD(erofs_inode_compact, reserved_28,		28,	4);

/* Section 3.4: extended inode */
SIZE(erofs_inode_extended,			64);
FIELD(erofs_inode_extended, i_format,		0,	2);
FIELD(erofs_inode_extended, i_xattr_icount,	2,	2);
FIELD(erofs_inode_extended, i_mode,		4,	2);
FIELD(erofs_inode_extended, i_nb,		6,	2);
FIELD(erofs_inode_extended, i_size,		8,	8);
FIELD(erofs_inode_extended, i_u,		16,	4);
FIELD(erofs_inode_extended, i_ino,		20,	4);
FIELD(erofs_inode_extended, i_uid,		24,	4);
FIELD(erofs_inode_extended, i_gid,		28,	4);
FIELD(erofs_inode_extended, i_mtime,		32,	8);
FIELD(erofs_inode_extended, i_mtime_nsec,	40,	4);
FIELD(erofs_inode_extended, i_nlink,		44,	4);
FIELD(erofs_inode_extended, reserved_48,	48,	16);

/* Section 4.3: chunk index */
SIZE(erofs_chunk_index,				8);
FIELD(erofs_chunk_index, startblk_hi,		0,	2);
FIELD(erofs_chunk_index, device_id,		2,	2);
FIELD(erofs_chunk_index, startblk_lo,		4,	4);

/* Section 5: directory entry */
SIZE(erofs_dirent_ondisk,			12);
FIELD(erofs_dirent_ondisk, nid,			0,	8);
FIELD(erofs_dirent_ondisk, nameoff,		8,	2);
FIELD(erofs_dirent_ondisk, file_type,		10,	1);
FIELD(erofs_dirent_ondisk, reserved_11,		11,	1);

/* Sections 6.1 and 6.2: extended attributes */
SIZE(erofs_xattr_ibody_ondisk,			12);
FIELD(erofs_xattr_ibody_ondisk, name_filter,	0,	4);
FIELD(erofs_xattr_ibody_ondisk, shared_count,	4,	1);
FIELD(erofs_xattr_ibody_ondisk, reserved_5,	5,	7);
SIZE(erofs_xattr_entry_ondisk,			4);
FIELD(erofs_xattr_entry_ondisk, name_len,	0,	1);
FIELD(erofs_xattr_entry_ondisk, name_index,	1,	1);
FIELD(erofs_xattr_entry_ondisk, value_size,	2,	2);

/* Section 7.1: map header */
SIZE(erofs_map_header_ondisk,			8);
FIELD(erofs_map_header_ondisk, u0,		0,	4);
FIELD(erofs_map_header_ondisk, advise,		4,	2);
FIELD(erofs_map_header_ondisk, algorithmtype,	6,	1);
FIELD(erofs_map_header_ondisk, clusterbits,	7,	1);

/* Section 7.3.1: index of full form */
SIZE(erofs_lcluster_index,			8);
FIELD(erofs_lcluster_index, advise,		0,	2);
FIELD(erofs_lcluster_index, clusterofs,		2,	2);
FIELD(erofs_lcluster_index, u,			4,	4);

/* Section 8.8: extent record */
SIZE(erofs_extent_record,			32);
FIELD(erofs_extent_record, plen,		0,	4);
FIELD(erofs_extent_record, pstart_lo,		4,	4);
FIELD(erofs_extent_record, pstart_hi,		8,	4);
FIELD(erofs_extent_record, lstart_lo,		12,	4);
FIELD(erofs_extent_record, lstart_hi,		16,	4);
FIELD(erofs_extent_record, reserved_20,		20,	12);
