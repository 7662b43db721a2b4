// SPDX-License-Identifier: GPL-2.0-only
/*
 * erofs_map(). Input: mode, block size, devices, first byte, bytes wanted, then
 * an image that begins with the inode.
 */
#include "fuzz.h"

#define MAX_RUNS	256

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1);
	struct erofs_super sb = { .blkszbits = (u8)(9 + take(&in, 1) % 8), .algorithms = 1 };
	u64 la, want;
	struct erofs_diag diag = { 0 };
	struct erofs_inode inode;
	struct reader r;

	sb.extra_devices = (u16)take(&in, 1);
	sb.device_id_mask = 0xff;
	la = take(&in, 8);
	want = take(&in, 8);
	r = take_reader(&in, EROFS_DEV, 0, sb.blkszbits, mode);
	if (erofs_inode_read(&r.src, &sb, 0, &inode, &diag))
		return 0;

	for (int i = 0; i < MAX_RUNS; i++) {
		struct erofs_extent ext, last;
		int err;

		diag.check = EROFS_CHECK_OK;
		err = erofs_map(&r.src, &sb, &inode, la, want, &ext, &diag);
		must_be_clean(&r, err, &diag);
		if (err)
			return 0;
		MUST(ext.la == la && ext.len >= 1 && ext.len <= (want ? want : 1));
		if (la >= inode.size)
			return 0;
		MUST(ext.len <= inode.size - la);
		if (ext.type != EROFS_EXTENT_HOLE)
			MUST(ext.pa <= 0x7fffffffffffffffULL - ext.len);
		if (ext.type == EROFS_EXTENT_INLINE)
			MUST(ext.pa >> sb.blkszbits == (ext.pa + ext.len - 1) >> sb.blkszbits);
		/* The last byte of the run by itself is where the run says. */
		MUST(!erofs_map(&r.src, &sb, &inode, la + ext.len - 1, 1, &last, NULL));
		MUST(last.type == ext.type && last.len == 1 && last.device_id == ext.device_id);
		if (ext.type != EROFS_EXTENT_HOLE)
			MUST(last.pa == ext.pa + ext.len - 1);
		la += ext.len;
	}
	return 0;
}
