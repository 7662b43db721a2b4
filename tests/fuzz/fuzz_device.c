// SPDX-License-Identifier: GPL-2.0-only
/*
 * erofs_device_read() and erofs_locate(). Input: mode, block size, features,
 * number of devices, one address with its device id, then the device table.
 */
#include "fuzz.h"

#define MAX_DEVICES	16

static void check_location(const struct erofs_super *sb, const struct erofs_device *devs, bool flat,
			   u16 id, u64 pa, u64 len)
{
	struct erofs_diag diag = { 0 };
	struct erofs_location loc, last;
	int err = erofs_locate(sb, devs, flat, id, pa, len, &loc, &diag);

	if (err) {
		MUST(diag.check == EROFS_CHECK_DEV_ID || diag.check == EROFS_CHECK_DEV_ADDRESS ||
		     diag.check == EROFS_CHECK_DEV_EXTENT ||
		     diag.check == EROFS_CHECK_DEV_NOT_GIVEN);
		return;
	}
	MUST(loc.len >= 1 && loc.len <= len);
	MUST(loc.device <= sb->extra_devices && (!flat || !loc.device));
	MUST(loc.pos <= 0x7fffffffffffffffULL - loc.len);
	/* The last byte of the run by itself is where the run says. */
	MUST(!erofs_locate(sb, devs, flat, id, pa + loc.len - 1, 1, &last, NULL));
	MUST(last.device == loc.device && last.pos == loc.pos + loc.len - 1);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct erofs_device devs[MAX_DEVICES];
	u32 mode = (u32)take(&in, 1);
	struct erofs_super sb = { .blkszbits = (u8)(9 + take(&in, 1) % 8) };
	u16 id;
	u64 pa, len;
	struct reader r;

	sb.feature_incompat = (u32)take(&in, 1) << 4;
	sb.extra_devices = (u16)(take(&in, 1) % (MAX_DEVICES + 1));
	id = (u16)(take(&in, 1) % (MAX_DEVICES + 2));
	pa = take(&in, 8);
	len = take(&in, 8) | 1;
	r = take_reader(&in, EROFS_DEV, 0, sb.blkszbits, mode);
	for (u32 i = 1; i <= sb.extra_devices; i++) {
		struct erofs_diag diag = { 0 };
		int err = erofs_device_read(&r.src, &sb, i, &devs[i - 1], &diag);

		must_be_clean(&r, err, &diag);
		if (err)
			return 0;
		MUST(devs[i - 1].tag[64] == 0);
	}
	check_location(&sb, sb.extra_devices ? devs : NULL, mode & 2, id, pa, len);
	return 0;
}
