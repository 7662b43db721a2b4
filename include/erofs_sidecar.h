/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sidecar indexes: digests for images that carry none. The format is told in
 * docs/SIDECAR.md; this is its structs and the API of src/format/sidecar.c.
 *
 * Rules: those of erofs_format.h. A sidecar is hostile input: nothing of a block
 * is believed before its checksum was verified, no position is stored in the
 * file (all of them follow from the number of records), and a look-up reads at
 * most EROFS_SIDECAR_LEVELS blocks.
 */
#ifndef EROFS_SIDECAR_H
#define EROFS_SIDECAR_H

#include "erofs_format.h"

#define EROFS_SIDECAR_MAGIC		"EISHARE\n"	/* 8 bytes, not terminated */
#define EROFS_SIDECAR_MAGIC_LEN		8U
#define EROFS_SIDECAR_VERSION		1U
#define EROFS_SIDECAR_BLKBITS		12U
#define EROFS_SIDECAR_BLKSIZE		(1U << EROFS_SIDECAR_BLKBITS)
#define EROFS_SIDECAR_DIGEST_LEN	32U
#define EROFS_SIDECAR_ALGORITHM		"sha256"
#define EROFS_SIDECAR_ALGORITHM_LEN	16U
/* A fingerprint as mkfs.erofs stores it (FORMAT.md 6.8): "sha256:" and the raw digest */
#define EROFS_SIDECAR_FP_LEN		(7U + EROFS_SIDECAR_DIGEST_LEN)
#define EROFS_SIDECAR_RECORDS_MAX	(1ULL << 40)
#define EROFS_SIDECAR_LEVELS		5U		/* what that many records need */

/* Block 0 */
struct erofs_sidecar_ondisk {
	__u8   magic[EROFS_SIDECAR_MAGIC_LEN];
	__le32 checksum;		/* CRC-32C of the block, this field as zeros */
	__le16 version;
	__le16 digest_len;
	__le64 records;
	__u8   algorithm[EROFS_SIDECAR_ALGORITHM_LEN];	/* NUL padded */
	__u8   content[32];		/* SHA-256 of all records, as they lie in the leaves */
	/* byte 72: the image */
	__u8   uuid[EROFS_UUID_LEN];
	__le64 blocks;			/* primary device */
	__le64 device_blocks;		/* all extra devices */
	__le32 sb_checksum;		/* as stored in the image */
	__le32 sb_crc;			/* see struct erofs_image_id */
	__le32 devices_crc;
	__le16 extra_devices;
	__u8   blkszbits;
	__u8   reserved_119;
	__u8   reserved_120[EROFS_SIDECAR_BLKSIZE - 120];
} __erofs_packed;

struct erofs_sidecar_record_ondisk {
	__le64 nid;
	__u8   digest[EROFS_SIDECAR_DIGEST_LEN];
} __erofs_packed;

#define EROFS_SIDECAR_LEAF_MAX	102U
#define EROFS_SIDECAR_INDEX_MAX	511U

/* Every other block. Bytes behind the last entry are zero. */
struct erofs_sidecar_block_ondisk {
	__le32 checksum;		/* CRC-32C, see docs/SIDECAR.md */
	__le32 reserved_4;
	union {
		struct erofs_sidecar_record_ondisk records[EROFS_SIDECAR_LEAF_MAX];
		__le64 first[EROFS_SIDECAR_INDEX_MAX];
	};
} __erofs_packed;

/**
 * struct erofs_image_id - what a sidecar recognises its image by
 * @uuid:          of the superblock
 * @blocks:        blocks of the primary device
 * @device_blocks: blocks of all extra devices
 * @sb_checksum:   the superblock's checksum field, whether or not the image uses it
 * @sb_crc:        CRC-32C of the bytes from 1024 on that this checksum covers, the field
 *                 itself included: for images that have no checksum
 * @devices_crc:   CRC-32C of tag, blocks and uniaddr of every device slot and of whether they lie
 *                 behind the primary device; 0 = no slot
 * @extra_devices: slots
 * @blkszbits:     log2 of the block size
 */
struct erofs_image_id {
	u8  uuid[EROFS_UUID_LEN];
	u64 blocks;
	u64 device_blocks;
	u32 sb_checksum;
	u32 sb_crc;
	u32 devices_crc;
	u16 extra_devices;
	u8  blkszbits;
};

/**
 * erofs_image_id_read - identify an image
 * @src:  EROFS_DEV is read
 * @devs: array of sb->extra_devices decoded slots, NULL if none
 * @flat: the extra devices' content is looked for behind the primary one
 * @id:   result
 *
 * Return: 0, or the source's errno.
 */
int erofs_image_id_read(struct erofs_source *src, const struct erofs_super *sb,
			const struct erofs_device *devs, bool flat, struct erofs_image_id *id,
			struct erofs_diag *diag);

/**
 * struct erofs_sidecar_block - one block of the file, lent by a source
 * @data:     EROFS_SIDECAR_BLKSIZE bytes, which do not change until put()
 * @verified: set by a decoder that has verified these bytes. A source that keeps
 *            the very bytes may remember it and set it at the next get()
 * @priv:     the source's own
 */
struct erofs_sidecar_block {
	const u8 *data;
	bool verified;
	void *priv;
};

/**
 * struct erofs_sidecar_source - where blocks of a sidecar come from
 * @get: lend block @nr. 0, or -EIO (beyond the end, or it cannot be read), -ENOMEM, -EINTR...
 * @put: give it back
 *
 * One block is held at a time.
 */
struct erofs_sidecar_source {
	int (*get)(struct erofs_sidecar_source *src, u64 nr, struct erofs_sidecar_block *block);
	void (*put)(struct erofs_sidecar_source *src, struct erofs_sidecar_block *block);
};

/**
 * struct erofs_sidecar - a decoded header
 * @records:  how many files have a digest
 * @blocks:   blocks of the file, the header included
 * @checksum: of the header; part of every other block's checksum
 * @levels:   levels of the tree: level 0 = leaves; 0 = no records
 * @start/@count: first block and number of blocks of each level
 * @id:       the image it was made of
 * @content:  SHA-256 of all records
 */
struct erofs_sidecar {
	u64 records;
	u64 blocks;
	u32 checksum;
	u32 levels;
	u64 start[EROFS_SIDECAR_LEVELS];
	u64 count[EROFS_SIDECAR_LEVELS];
	struct erofs_image_id id;
	u8  content[32];
};

/* erofs_sidecar_is - do these bytes (at least 8) begin a sidecar, of any version? */
bool erofs_sidecar_is(const void *data);

/* erofs_sidecar_shape - fill in @levels, @start, @count and @blocks for sc->records */
void erofs_sidecar_shape(struct erofs_sidecar *sc);

/* erofs_sidecar_crc - checksum of block @nr > 0 of the file whose header has checksum @header */
u32 erofs_sidecar_crc(u32 header, u64 nr, const void *block);

/* erofs_sidecar_header_crc - checksum of block 0 */
u32 erofs_sidecar_header_crc(const void *block);

/**
 * erofs_sidecar_open - read and verify the header
 * @src:  the file
 * @size: bytes of the file; has to be what the number of records needs
 * @sc:   result
 *
 * Return: 0; -EINVAL: no sidecar; -EOPNOTSUPP: version or algorithm; -EBADMSG: checksum;
 * -EFSCORRUPTED; the source's errno.
 */
int erofs_sidecar_open(struct erofs_sidecar_source *src, u64 size, struct erofs_sidecar *sc,
		       struct erofs_diag *diag);

/**
 * erofs_sidecar_match - was this sidecar made of that image?
 *
 * Return: 0 or -EINVAL with the check that tells what differs; diag->value is
 * the image's.
 */
int erofs_sidecar_match(const struct erofs_sidecar *sc, const struct erofs_image_id *id,
			struct erofs_diag *diag);

/**
 * erofs_sidecar_find - the digest of one inode
 * @nid:    node id
 * @digest: result, EROFS_SIDECAR_DIGEST_LEN bytes
 *
 * Return: 0; -ENODATA: the sidecar has none; -EBADMSG, -EFSCORRUPTED, the source's errno.
 */
int erofs_sidecar_find(struct erofs_sidecar_source *src, const struct erofs_sidecar *sc, u64 nid,
		       u8 *digest, struct erofs_diag *diag);

/**
 * erofs_sidecar_fingerprint - the fingerprint of one inode, as the image's own would be
 * @buf/@size: at least EROFS_SIDECAR_FP_LEN bytes
 *
 * Return: EROFS_SIDECAR_FP_LEN; -ERANGE; otherwise as erofs_sidecar_find().
 */
int erofs_sidecar_fingerprint(struct erofs_sidecar_source *src, const struct erofs_sidecar *sc,
			      u64 nid, void *buf, size_t size, struct erofs_diag *diag);

/**
 * erofs_sidecar_leaf - copy the records of one leaf, verified to be in order
 * @leaf:    0 <= leaf < sc->count[0]
 * @records: EROFS_SIDECAR_LEAF_MAX of them
 *
 * Return: how many, or a negative errno.
 */
int erofs_sidecar_leaf(struct erofs_sidecar_source *src, const struct erofs_sidecar *sc, u64 leaf,
		       struct erofs_sidecar_record_ondisk *records, struct erofs_diag *diag);

#endif /* EROFS_SIDECAR_H */
