// SPDX-License-Identifier: GPL-2.0-only
/*
 * erofs_inode_read() and what takes a decoded inode only. Input: mode, block
 * size, features, position of the bytes, node id, then the bytes.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1);
	struct erofs_super sb = { .blkszbits = (u8)(9 + take(&in, 1) % 8) };
	struct erofs_diag diag = { 0 };
	struct erofs_inode inode;
	struct reader r;
	u64 base, nid;
	int err;

	sb.has_metabox = mode & 2;
	sb.algorithms = mode >> 4;
	sb.fixed_nsec = (u32)take(&in, 1) << 24;
	sb.meta_blkaddr = (u32)take(&in, 4);
	base = take(&in, 8);
	nid = take(&in, 8);
	if (mode & 4) {		/* the inode is there more often than not */
		base &= 0x7fffffffffffffe0ULL;
		nid = base / 32;
		sb.meta_blkaddr = 0;
	}
	r = take_reader(&in, nid >> 63 ? EROFS_MBOX : EROFS_DEV, base, sb.blkszbits, mode);
	err = erofs_inode_read(&r.src, &sb, nid, &inode, &diag);
	must_be_clean(&r, err, &diag);
	MUST(r.gets <= 2);
	if (err)
		return 0;
	MUST(inode.size <= 0x7fffffffffffffffULL && inode.tail_pos <= 0x7fffffffffffffffULL);
	MUST(inode.mtime_nsec < 1000000000 && inode.layout < EROFS_LAYOUT_COUNT);
	MUST(inode.xattr_size == 0 || inode.xattr_size >= 12);
	MUST(inode.space == (nid >> 63 ? EROFS_MBOX : EROFS_DEV));
	if (!erofs_inode_compressed(&inode))
		MUST(erofs_st_blocks(&sb, &inode) << 9 >= inode.size);
	erofs_ino(&sb, nid);
	erofs_role_check(&inode, EROFS_ROLE_ROOT, NULL);
	if (in.size <= 5000)
		erofs_symlink_check(&inode, in.data, in.size, NULL);
	return 0;
}
