// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes (FORMAT.md section 3, A.1).
 */
#include "tests.h"

static struct erofs_super plain_sb(u32 bb)
{
	return (struct erofs_super){ .blkszbits = (u8)bb, .epoch = 1000, .fixed_nsec = 42 };
}

/* Build one inode and read it back. */
static int read_spec(const struct erofs_super *sb, const struct inode_spec *spec,
		     struct erofs_inode *inode, struct erofs_diag *diag)
{
	struct img img;
	struct reader r;
	u64 nid;
	int err;

	img_init_metabox(&img, sb->blkszbits);
	img.nid_flag = 0;
	img_alloc(&img, 64, 1);
	nid = img_inode(&img, spec);
	r = open_img(&img);
	err = erofs_inode_read(&r.src, sb, nid, inode, diag);
	/* The second half of an extended inode is asked for when it did not come along. */
	CHECK(r.gets <= (spec->extended && test_mode == READER_EXACT ? 2 : 1));
	CHECK_READER(&r);
	if (!err) {
		CHECK_EQ(inode->nid, nid);
		CHECK_EQ(inode->xattr_pos, nid * 32 + (spec->extended ? 64 : 32));
		CHECK_EQ(inode->tail_pos, inode->xattr_pos + inode->xattr_size);
		CHECK_EQ(inode->space, EROFS_DEV);
	}
	img_free(&img);
	return err;
}

static void inode_compact(void)
{
	struct erofs_super sb = plain_sb(12);
	struct erofs_inode inode;

	CHECK_EQ(read_spec(&sb, &(struct inode_spec){ .mode = 0106755, .nb = 7,
		.size = 0xffffffff, .u = 5, .uid = 65535, .gid = 1, .nlink = 99,
		.mtime = 0xffffffff }, &inode, NULL), 0);
	CHECK_EQ(inode.mode, 0106755);
	CHECK_EQ(inode.nlink, 7);
	CHECK_EQ(inode.size, 0xffffffff);
	CHECK_EQ(inode.uid, 65535);
	CHECK_EQ(inode.gid, 1);
	CHECK_EQ(inode.mtime, 1000 + 0xffffffffLL);
	CHECK_EQ(inode.mtime_nsec, 42);
	CHECK_EQ(inode.startblk, 5);
	CHECK_EQ(inode.xattr_size, 0);
	CHECK(!inode.flat_hole && !inode.dot_omitted);
}

static void inode_extended(void)
{
	struct erofs_super sb = plain_sb(12);
	struct erofs_inode inode;

	CHECK_EQ(read_spec(&sb, &(struct inode_spec){ .extended = true, .mode = 0100000,
		.nb = 0x1234, .size = 1ULL << 40, .u = 0x89abcdef, .uid = 0xfffffffe,
		.gid = 0x10000, .nlink = 0x10001, .mtime = (u64)-1, .nsec = 999999999 },
		&inode, NULL), 0);
	CHECK_EQ(inode.nlink, 0x10001);
	CHECK_EQ(inode.size, 1ULL << 40);
	CHECK_EQ(inode.uid, 0xfffffffe);
	CHECK_EQ(inode.gid, 0x10000);
	CHECK_EQ(inode.mtime, -1);
	CHECK_EQ(inode.mtime_nsec, 999999999);
	CHECK_EQ(inode.startblk, 0x123489abcdefULL);
}

/* Section 3.5: what bit 4 and i_nb mean. */
static void inode_nlink_and_high_bits(void)
{
	static const struct {
		bool extended, bit4;
		u16 mode;
		u32 nlink;
		u64 startblk;
		bool dot_omitted;
	} cases[] = {
		{ false, false, 0100644, 0x55, 0x11223344, false },
		{ false, true, 0100644, 1, 0x5511223344ULL, false },
		{ false, false, 0040755, 0x55, 0x11223344, false },
		{ false, true, 0040755, 0x55, 0x11223344, true },
		{ true, false, 0100644, 9, 0x5511223344ULL, false },
		{ true, true, 0100644, 9, 0x5511223344ULL, false },
		{ true, true, 0040755, 9, 0x5511223344ULL, true },
		{ false, true, 0120777, 1, 0x5511223344ULL, false },
	};
	struct erofs_super sb = plain_sb(9);

	for (int i = 0; i < 8; i++) {
		struct inode_spec spec = { .extended = cases[i].extended, .bit4 = cases[i].bit4,
			.mode = cases[i].mode, .nb = 0x55, .u = 0x11223344, .nlink = 9,
			.size = 10 };
		struct erofs_inode inode;

		CHECK_EQ(read_spec(&sb, &spec, &inode, NULL), 0);
		CHECK_EQ(inode.nlink, cases[i].nlink);
		CHECK_EQ(inode.startblk, cases[i].startblk);
		CHECK_EQ(inode.dot_omitted, cases[i].dot_omitted);
		/* The same bits as the block count of a compressed inode. */
		spec.layout = EROFS_LAYOUT_COMPRESSED_COMPACT;
		sb.algorithms = 1;
		CHECK_EQ(read_spec(&sb, &spec, &inode, NULL), 0);
		CHECK_EQ(inode.blocks, cases[i].startblk);
		CHECK_EQ(erofs_st_blocks(&sb, &inode), cases[i].startblk);
		CHECK(erofs_inode_compressed(&inode));
	}
}

static void inode_flat_holes(void)
{
	static const struct {
		bool extended, bit4;
		u16 nb;
		u32 u;
		bool hole;
	} cases[] = {
		{ false, false, 1, 0xffffffff, true },
		{ false, false, 0xffff, 0xffffffff, true },
		{ false, false, 1, 0xfffffffe, false },
		{ false, true, 0, 0xffffffff, false },
		{ false, true, 0xffff, 0xffffffff, true },
		{ true, false, 0, 0xffffffff, false },
		{ true, false, 0xffff, 0xffffffff, true },
		{ true, false, 0xffff, 0xfffffffe, false },
	};
	struct erofs_super sb = plain_sb(12);

	for (int i = 0; i < 8; i++) {
		struct erofs_inode inode;

		CHECK_EQ(read_spec(&sb, &(struct inode_spec){ .extended = cases[i].extended,
			.bit4 = cases[i].bit4, .mode = 0100644, .nb = cases[i].nb,
			.u = cases[i].u, .size = 5000 }, &inode, NULL), 0);
		CHECK_EQ(inode.flat_hole, cases[i].hole);
		CHECK_EQ(erofs_st_blocks(&sb, &inode), 16);
	}
}

static void inode_types(void)
{
	struct erofs_super sb = plain_sb(12);
	struct erofs_diag diag;

	for (u32 type = 0; type < 16; type++) {
		struct erofs_inode inode;
		u16 mode = (u16)(type << 12 | 0600);
		bool dev = type == 2 || type == 6, special = dev || type == 1 || type == 12;
		struct inode_spec spec = { .mode = mode, .nb = 1, .u = 0x1110c870, .size = 5 };

		if (!special && type != 4 && type != 8 && type != 10) {
			FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED,
				   INODE_MODE);
			CHECK_EQ(diag.value, mode);
			continue;
		}
		CHECK_EQ(read_spec(&sb, &spec, &inode, NULL), 0);
		CHECK_EQ(inode.size, special ? 0 : 5);
		CHECK_EQ(inode.rdev_major, dev ? 200 : 0);
		CHECK_EQ(inode.rdev_minor, dev ? 70000 : 0);
		CHECK_EQ(erofs_st_blocks(&sb, &inode), special ? 0 : 8);
	}
	/* Whatever the layout of a special file says, it has no data. */
	for (u8 layout = 0; layout < 5; layout++) {
		struct erofs_inode inode;

		CHECK_EQ(read_spec(&sb, &(struct inode_spec){ .mode = 0010600, .layout = layout,
			.size = 99999, .u = 0xffff, .nb = 3 }, &inode, NULL), 0);
		CHECK_EQ(inode.size, 0);
		CHECK_EQ(inode.nlink, 3);
		CHECK(!erofs_inode_compressed(&inode));
	}
}

static void inode_formats(void)
{
	struct erofs_super sb = plain_sb(12);
	struct erofs_inode inode;
	struct erofs_diag diag;

	sb.algorithms = 1;
	for (u32 bit = 5; bit < 16; bit++)
		FAILS_WITH(read_spec(&sb, &(struct inode_spec){ .mode = 0100644,
			.format_extra = (u16)(1U << bit) }, &inode, &diag), -EOPNOTSUPP,
			INODE_FORMAT);
	for (u8 layout = 0; layout < 8; layout++) {
		struct inode_spec spec = { .mode = 0100644, .layout = layout };

		if (layout > 4) {
			FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EOPNOTSUPP,
				   INODE_LAYOUT);
			CHECK_EQ(diag.value, layout);
		} else {
			CHECK_EQ(read_spec(&sb, &spec, &inode, NULL), 0);
			CHECK_EQ(inode.layout, layout);
		}
	}
	sb.algorithms = 0;
	for (u8 layout = 1; layout < 4; layout += 2)
		FAILS_WITH(read_spec(&sb, &(struct inode_spec){ .mode = 0100644,
			.layout = layout }, &inode, &diag), -EFSCORRUPTED, INODE_COMPRESSED);
}

static void inode_ranges(void)
{
	struct erofs_super sb = plain_sb(9);
	struct inode_spec spec = { .extended = true, .mode = 0100644, .size = POS_LIMIT };
	struct erofs_inode inode;
	struct erofs_diag diag;

	/* Size: 2^63 - 1 is the largest; all of it has to fit the address space. */
	CHECK_EQ(read_spec(&sb, &(struct inode_spec){ .extended = true, .mode = 0100644,
		.size = POS_LIMIT, .u = 0xffffffff, .nb = 0xffff }, &inode, NULL), 0);
	FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED, INODE_STARTBLK);
	spec.size = POS_LIMIT - 511;
	CHECK_EQ(read_spec(&sb, &spec, &inode, NULL), 0);
	spec.u = 1;
	FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED, INODE_STARTBLK);
	spec.size = POS_LIMIT + 1;
	FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED, INODE_SIZE);
	spec.size = ~0ULL;
	FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED, INODE_SIZE);

	/* An empty file's start block means nothing. */
	sb.blkszbits = 16;
	spec.size = 0;
	spec.u = 0xfffffffe;
	spec.nb = 0xffff;
	CHECK_EQ(read_spec(&sb, &spec, &inode, NULL), 0);
	spec.size = 1;
	FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED, INODE_STARTBLK);

	/* Nanoseconds */
	spec = (struct inode_spec){ .extended = true, .mode = 0100644, .nsec = 1000000000 };
	FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED, INODE_NSEC);
	sb.fixed_nsec = 1000000000;
	spec.extended = false;
	FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EFSCORRUPTED, INODE_NSEC);
}

/* Section 4.2: the tail, at every block size and around every boundary. */
static void inode_inline_tails(void)
{
	for (u32 bb = 9; bb <= 16; bb += bb < 12 ? 1 : 4) {
		struct erofs_super sb = plain_sb(bb);
		u64 bs = 1ULL << bb;
		const u64 sizes[] = { 0, 1, bs - 64, bs - 32, bs - 1, bs, bs + 1, 2 * bs - 32, 2 * bs };
		static u8 image[5 << 16];

		for (int slot = 0; slot < (int)(bs / 32) + 2; slot += slot < 20 ? 1 : slot / 2) {
			for (int i = 0; i < 9; i++) {
				struct reader r;
				struct erofs_inode inode;
				struct erofs_diag diag;
				u64 tail = sizes[i] ? (sizes[i] - 1) % bs + 1 : 0;
				u64 at = (u64)slot * 32;

				memset(image + at, 0, 32);
				put_le(image + at, 2, EROFS_LAYOUT_FLAT_INLINE << 1);
				put_le(image + at + 4, 2, 0100644);
				put_le(image + at + 8, 4, sizes[i]);
				reader_init(&r, test_mode, image, sizeof(image));
				r.blkszbits = bb;
				if ((at + 32) % bs + tail <= bs)
					CHECK_EQ(erofs_inode_read(&r.src, &sb, (u64)slot, &inode,
								  NULL), 0);
				else
					FAILS_WITH(erofs_inode_read(&r.src, &sb, (u64)slot, &inode,
								    &diag), -EFSCORRUPTED,
						   INODE_TAIL);
				CHECK_READER(&r);
			}
		}
	}
}

static void inode_xattr_sizes(void)
{
	static const u32 counts[] = { 0, 1, 2, 3, 100, 65535 };
	struct erofs_super sb = plain_sb(12);

	for (int i = 0; i < 6; i++) {
		u8 image[64] = { 0 };
		struct reader r;
		struct erofs_inode inode;

		put_le(image + 2, 2, counts[i]);
		put_le(image + 4, 2, 0100644);
		reader_init(&r, test_mode, image, sizeof(image));
		CHECK_EQ(erofs_inode_read(&r.src, &sb, 0, &inode, NULL), 0);
		CHECK_EQ(inode.xattr_size, counts[i] ? 12 + 4 * (counts[i] - 1) : 0);
		/* The area itself is not read: it may even be missing. */
		CHECK_EQ(r.gets, 1);
		CHECK_READER(&r);
	}
}

/* Node ids up to the end of the address space, and every one past it. */
static void inode_positions(void)
{
	struct erofs_super sb = plain_sb(16);
	u8 bytes[256] = { 0 };
	struct erofs_inode inode;
	struct erofs_diag diag;
	struct reader r;
	u64 last = (1ULL << 58) - 1;		/* at byte 2^63 - 32 */

	for (int i = 0; i < 8; i++)
		put_le(bytes + 32 * i + 4, 2, 0100644);
	reader_init(&r, test_mode, bytes, sizeof(bytes));
	r.bytes[EROFS_DEV].base = (1ULL << 63) - 256;

	/* Room for an extended inode is needed. */
	FAILS_WITH(erofs_inode_read(&r.src, &sb, last, &inode, &diag), -EFSCORRUPTED, INODE_NID);
	FAILS_WITH(erofs_inode_read(&r.src, &sb, last - 1, &inode, &diag), -EFSCORRUPTED,
		   INODE_NID);
	CHECK_EQ(erofs_inode_read(&r.src, &sb, last - 2, &inode, NULL), 0);
	FAILS_WITH(erofs_inode_read(&r.src, &sb, last + 1, &inode, &diag), -EFSCORRUPTED,
		   INODE_NID);
	FAILS_WITH(erofs_inode_read(&r.src, &sb, (1ULL << 63) - 1, &inode, &diag), -EFSCORRUPTED,
		   INODE_NID);
	FAILS_WITH(erofs_inode_read(&r.src, &sb, 5, &inode, &diag), -EIO, SOURCE);
	CHECK_EQ(diag.nid, 5);
	CHECK_EQ(diag.pos, 160);

	/* The largest meta_blkaddr is added first. */
	sb.meta_blkaddr = 0xffffffff;
	FAILS_WITH(erofs_inode_read(&r.src, &sb, last - 2, &inode, &diag), -EFSCORRUPTED,
		   INODE_NID);
	CHECK_EQ(erofs_inode_read(&r.src, &sb, last - 2 - (0xffffffffULL << 11), &inode, NULL), 0);
	CHECK_EQ(inode.xattr_pos, POS_LIMIT + 1 - 64);

	/* A xattr area that leaves the address space */
	sb.meta_blkaddr = 0;
	put_le(bytes + 5 * 32 + 2, 2, 15);
	CHECK(erofs_inode_read(&r.src, &sb, last - 2, &inode, NULL) == -EFSCORRUPTED);
	FAILS_WITH(erofs_inode_read(&r.src, &sb, last - 2, &inode, &diag), -EFSCORRUPTED,
		   INODE_XATTR_AREA);
	put_le(bytes + 5 * 32 + 2, 2, 13);
	CHECK_EQ(erofs_inode_read(&r.src, &sb, last - 2, &inode, NULL), 0);
	CHECK_READER(&r);
}

static void inode_in_metabox(void)
{
	struct erofs_super sb = plain_sb(12);
	u8 mbox[96] = { 0 };
	struct reader r;
	struct erofs_inode inode;
	struct erofs_diag diag;
	u64 nid = EROFS_NID_METABOX | 1;

	sb.meta_blkaddr = 77;			/* not added */
	put_le(mbox + 32, 2, 1);
	put_le(mbox + 32 + 4, 2, 0100644);
	put_le(mbox + 32 + 44, 4, 3);
	reader_init(&r, test_mode, NULL, 0);
	r.bytes[EROFS_MBOX] = (struct reader_bytes){ mbox, 0, sizeof(mbox) };
	FAILS_WITH(erofs_inode_read(&r.src, &sb, nid, &inode, &diag), -EFSCORRUPTED,
		   INODE_NO_METABOX);
	sb.has_metabox = true;
	CHECK_EQ(erofs_inode_read(&r.src, &sb, nid, &inode, NULL), 0);
	CHECK_EQ(inode.space, EROFS_MBOX);
	CHECK_EQ(inode.nlink, 3);
	CHECK_EQ(inode.xattr_pos, 96);
	CHECK_EQ(inode.nid, nid);
	/* The second half of an extended inode has to be there, too. */
	r.bytes[EROFS_MBOX].len = 95;
	FAILS_WITH(erofs_inode_read(&r.src, &sb, nid, &inode, &diag), -EIO, SOURCE);
	FAILS_WITH(erofs_inode_read(&r.src, &sb, nid + 5, &inode, &diag), -EIO, SOURCE);
	FAILS_WITH(erofs_inode_read(&r.src, &sb, ~0ULL, &inode, &diag), -EFSCORRUPTED, INODE_NID);
	CHECK_READER(&r);
}

static void inode_numbers(void)
{
	struct erofs_super sb = { .blkszbits = 12 };

	CHECK_EQ(erofs_ino(&sb, 0x8000000000000025ULL), 0x8000000000000025ULL);
	CHECK_EQ(erofs_ino(&sb, 36), 36);
	sb.has_metabox = true;
	CHECK_EQ(erofs_ino(&sb, 0x8000000000000025ULL), 0x80000025);
	CHECK_EQ(erofs_ino(&sb, 0x80000001ULL), 0x0000000100000001ULL);
	CHECK_EQ(erofs_ino(&sb, 36), 36);
	CHECK_EQ(erofs_ino(&sb, 0x7fffffff), 0x7fffffff);
}

static void inode_chunk_formats(void)
{
	struct erofs_super sb = plain_sb(16);
	struct erofs_inode inode;
	struct erofs_diag diag;

	for (u32 format = 0; format < 0x10000; format += format < 0x100 ? 1 : 0x100) {
		struct inode_spec spec = { .mode = 0100644, .layout = EROFS_LAYOUT_CHUNK_BASED,
			.u = 0xabcd0000 | format, .size = 1 };

		if (format & ~0x7fU) {
			FAILS_WITH(read_spec(&sb, &spec, &inode, &diag), -EOPNOTSUPP,
				   CHUNK_FORMAT);
			continue;
		}
		CHECK_EQ(read_spec(&sb, &spec, &inode, NULL), 0);
		CHECK_EQ(inode.chunk_bits, 16 + (format & 31));
		CHECK_EQ(inode.chunk_format, format);
	}

	/* A table that does not fit below 2^63 */
	{
		u8 bytes[64] = { 0 };
		struct reader r;

		put_le(bytes, 2, 1 | EROFS_LAYOUT_CHUNK_BASED << 1);
		put_le(bytes + 4, 2, 0100644);
		put_le(bytes + 8, 8, POS_LIMIT);
		put_le(bytes + 16, 4, 0x20);
		reader_init(&r, test_mode, bytes, sizeof(bytes));
		sb.blkszbits = 9;
		CHECK_EQ(erofs_inode_read(&r.src, &sb, 0, &inode, NULL), 0);
		r.bytes[EROFS_DEV].base = (1ULL << 63) - (1ULL << 57);
		FAILS_WITH(erofs_inode_read(&r.src, &sb, r.bytes[EROFS_DEV].base / 32, &inode,
					    &diag), -EFSCORRUPTED, CHUNK_TABLE);
		CHECK_EQ(diag.value, 1ULL << 54);
		CHECK_READER(&r);
	}
}

static void st_blocks(void)
{
	for (u32 bb = 9; bb <= 16; bb++) {
		struct erofs_super sb = plain_sb(bb);
		u64 bs = 1ULL << bb;
		const u64 sizes[] = { 0, 1, bs - 1, bs, bs + 1 }, blocks[] = { 0, 1, 1, 1, 2 };

		for (int i = 0; i < 5; i++) {
			struct erofs_inode inode = { .size = sizes[i] };

			CHECK_EQ(erofs_st_blocks(&sb, &inode), blocks[i] * bs / 512);
			inode.layout = EROFS_LAYOUT_COMPRESSED_FULL;
			inode.blocks = 3;
			CHECK_EQ(erofs_st_blocks(&sb, &inode), 3 * bs / 512);
		}
	}
}

static void symlink_targets(void)
{
	struct erofs_inode inode = { .nid = 5 };
	struct erofs_diag diag;
	char target[4096];

	memset(target, 'a', sizeof(target));
	CHECK_EQ(erofs_symlink_check(&inode, target, 1, NULL), 0);
	CHECK_EQ(erofs_symlink_check(&inode, target, 4095, NULL), 0);
	CHECK_EQ(erofs_symlink_check(&inode, NULL, 4095, NULL), 0);
	FAILS_WITH(erofs_symlink_check(&inode, target, 0, &diag), -EFSCORRUPTED, LINK_SIZE);
	FAILS_WITH(erofs_symlink_check(&inode, target, 4096, &diag), -EFSCORRUPTED, LINK_SIZE);
	FAILS_WITH(erofs_symlink_check(&inode, NULL, (size_t)-1, &diag), -EFSCORRUPTED, LINK_SIZE);
	for (int i = 0; i < 4095; i += i < 10 ? 1 : 817) {
		target[i] = 0;
		FAILS_WITH(erofs_symlink_check(&inode, target, 4095, &diag), -EFSCORRUPTED,
			   LINK_NUL);
		CHECK_EQ(diag.value, i);
		target[i] = 'a';
	}
}

static void inode_roles(void)
{
	struct erofs_diag diag;

	for (u32 type = 0; type < 16; type++) {
		struct erofs_inode inode = { .mode = (u16)(type << 12) };

		if (type == 4)
			CHECK_EQ(erofs_role_check(&inode, EROFS_ROLE_ROOT, NULL), 0);
		else
			FAILS_WITH(erofs_role_check(&inode, EROFS_ROLE_ROOT, &diag), -EINVAL,
				   ROLE_ROOT);
		if (type == 8) {
			CHECK_EQ(erofs_role_check(&inode, EROFS_ROLE_PACKED, NULL), 0);
			CHECK_EQ(erofs_role_check(&inode, EROFS_ROLE_METABOX, NULL), 0);
			continue;
		}
		FAILS_WITH(erofs_role_check(&inode, EROFS_ROLE_PACKED, &diag), -EFSCORRUPTED,
			   ROLE_PACKED);
		FAILS_WITH(erofs_role_check(&inode, EROFS_ROLE_METABOX, &diag), -EFSCORRUPTED,
			   ROLE_METABOX);
	}
}

void tests_inode(void)
{
	RUN(inode_compact);
	RUN(inode_extended);
	RUN(inode_nlink_and_high_bits);
	RUN(inode_flat_holes);
	RUN(inode_types);
	RUN(inode_formats);
	RUN(inode_ranges);
	RUN(inode_inline_tails);
	RUN(inode_xattr_sizes);
	RUN(inode_positions);
	RUN(inode_in_metabox);
	RUN(inode_numbers);
	RUN(inode_chunk_formats);
	RUN(st_blocks);
	RUN(symlink_targets);
	RUN(inode_roles);
}
