// SPDX-License-Identifier: GPL-2.0-only
/*
 * erofs_super_read(). Input: mode, max_blkszbits, then the bytes from 1024 on.
 */
#include "fuzz.h"

const enum fuzz_input fuzz_input = FUZZ_SUPER;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1), max = (u32)take(&in, 1);
	struct reader r = take_reader(&in, EROFS_DEV, 1024, 12, mode);
	struct erofs_diag diag = { 0 };
	struct erofs_super sb;
	int err = erofs_super_read(&r.src, max, &sb, &diag);

	must_be_clean(&r, err, &diag);
	if (err)
		return 0;
	MUST(sb.blkszbits >= 9 && sb.blkszbits <= 16 && sb.blkszbits <= max);
	MUST(sb.size >= 128 && sb.size <= 4096 - 1024);
	MUST(!(sb.feature_incompat & ~0x1ffU));
	MUST(sb.xattr_prefix_count <= 128);
	MUST(!sb.has_ishare || sb.ishare_prefix_id < sb.xattr_prefix_count);
	MUST(sb.algorithms < 16);
	MUST(sb.extra_devices <= sb.device_id_mask);
	MUST(!(sb.packed_nid >> 63) && !(sb.metabox_nid >> 63));
	MUST(sb.lz4_max_pclusterblks && (u64)sb.lz4_max_pclusterblks << sb.blkszbits <= 1 << 20);
	MUST(sb.volume_name[16] == 0);
	return 0;
}
