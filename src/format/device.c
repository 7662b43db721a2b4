// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device table and the translation of extent addresses to devices
 * (FORMAT.md section 2).
 *
 * Rules: only file data is translated; metadata never comes through here.
 */
#include "internal.h"

/**
 * erofs_device_read - decode one slot of the device table (section 2)
 * @src:  EROFS_DEV is read
 * @sb:   the superblock
 * @id:   slot, 1 <= @id <= sb->extra_devices
 * @dev:  result
 * @diag: named check on failure
 *
 * The high halves of the 48-bit fields count only in images with 48BIT.
 * Context: may sleep if the source's get() may. Return: 0; -ENODEV for an @id
 * that does not exist; -EFSCORRUPTED when the device's unified byte range does
 * not fit 63 bits; the source's errno.
 */
int erofs_device_read(struct erofs_source *src, const struct erofs_super *sb, u32 id,
		      struct erofs_device *dev, struct erofs_diag *diag)
{
	struct erofs_device_ondisk raw;
	u64 pos;
	int err;

	if (!id || id > sb->extra_devices)
		return erofs_fail(diag, EROFS_CHECK_DEV_ID, 0, sb->devt_pos, id);

	pos = sb->devt_pos + (u64)(id - 1) * EROFS_DEVT_SLOT_SIZE;
	err = erofs_read(src, EROFS_DEV, pos, &raw, sizeof(raw));
	if (err)
		return erofs_source_fail(diag, err, 0, pos);

	memcpy(dev->tag, raw.tag, EROFS_DEVICE_TAG_LEN);
	dev->tag[EROFS_DEVICE_TAG_LEN] = '\0';
	dev->blocks = le32_to_cpu(raw.blocks_lo);
	dev->uniaddr = le32_to_cpu(raw.uniaddr_lo);
	if (sb->feature_incompat & EROFS_INCOMPAT_48BIT) {
		dev->blocks |= (u64)le16_to_cpu(raw.blocks_hi) << 32;
		dev->uniaddr |= (u64)le16_to_cpu(raw.uniaddr_hi) << 32;
	}

	/* Two 48-bit numbers: the sum cannot wrap, its byte position could. */
	if (dev->uniaddr + dev->blocks > EROFS_POS_MAX >> sb->blkszbits)
		return erofs_fail(diag, EROFS_CHECK_DEV_RANGE, 0, pos,
				  dev->uniaddr + dev->blocks);
	return 0;
}

/* An address with a device id: inside that device, wherever its bytes are. */
static int locate_device(const struct erofs_super *sb, const struct erofs_device *devs, bool flat,
			 u16 device_id, u64 pa, u64 len, struct erofs_location *loc,
			 struct erofs_diag *diag)
{
	const struct erofs_device *dev;
	u64 end, base = 0;

	if (!devs || device_id > sb->extra_devices)
		return erofs_fail(diag, EROFS_CHECK_DEV_ID, 0, pa, device_id);

	dev = &devs[device_id - 1];
	/* Old writers leave the slot empty: then only the device itself is the limit. */
	end = dev->blocks ? dev->blocks << sb->blkszbits : EROFS_POS_MAX;
	if (pa >= end)
		return erofs_fail(diag, EROFS_CHECK_DEV_EXTENT, 0, pa, device_id);
	if (flat) {
		/* Old writers do not place it. Block 0 is the superblock's. */
		if (!dev->uniaddr)
			return erofs_fail(diag, EROFS_CHECK_DEV_NOT_GIVEN, 0, pa, device_id);
		base = dev->uniaddr << sb->blkszbits;
	}

	loc->device = flat ? 0 : device_id;
	loc->pos = base + pa;
	loc->len = erofs_min64(len, end - pa);
	/* erofs_locate() bounded @pa + @len, a stated size bounds the sum: this is for the rest. */
	if (loc->len > EROFS_POS_MAX - base || pa > EROFS_POS_MAX - base - loc->len)
		return erofs_fail(diag, EROFS_CHECK_DEV_ADDRESS, 0, pa, device_id);
	return 0;
}

/**
 * erofs_locate - translate (device id, address) to a physical location (section 2)
 * @sb:   the superblock
 * @devs: sb->extra_devices slots that erofs_device_read() accepted, device 1
 *        first; NULL if none
 * @flat: the user named no extra device: their content lies behind the primary
 * @device_id: 0 = unified address space, else the device that @pa is on
 * @pa:   byte address
 * @len:  bytes wanted, at least 1
 * @loc:  result; loc->len says how many bytes are contiguous there
 * @diag: named check on failure (nid 0: the caller knows the inode)
 *
 * A unified address belongs to the first slot whose range contains it, byte by
 * byte: loc->len ends where an earlier slot, or any slot when none contains
 * @pa, takes over. O(extra devices) for unified addresses, O(1) otherwise.
 * Context: any. Return: 0; -ENODEV for a device that does not exist, or that
 * was not given and has no place behind the primary one either;
 * -EFSCORRUPTED when the range wraps or starts past the end of its device.
 */
int erofs_locate(const struct erofs_super *sb, const struct erofs_device *devs, bool flat,
		 u16 device_id, u64 pa, u64 len, struct erofs_location *loc,
		 struct erofs_diag *diag)
{
	u32 i;

	if (pa > EROFS_POS_MAX || len > EROFS_POS_MAX - pa)
		return erofs_fail(diag, EROFS_CHECK_DEV_ADDRESS, 0, pa, len);

	if (device_id)
		return locate_device(sb, devs, flat, device_id, pa, len, loc, diag);

	loc->device = 0;
	loc->pos = pa;
	loc->len = len;
	if (flat || !devs)
		return 0;

	for (i = 0; i < sb->extra_devices; i++) {
		u64 start = devs[i].uniaddr << sb->blkszbits;
		u64 end = (devs[i].uniaddr + devs[i].blocks) << sb->blkszbits;

		if (!start || pa >= end)
			continue;
		if (pa < start) {
			/* An empty range takes nothing over. */
			if (start < end)
				loc->len = erofs_min64(loc->len, start - pa);
			continue;
		}
		loc->device = i + 1;
		loc->pos = pa - start;
		loc->len = erofs_min64(loc->len, end - pa);
		break;
	}
	return 0;
}
