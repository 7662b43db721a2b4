// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device table and address translation (FORMAT.md section 2).
 */
#include "tests.h"

static void device_slots(void)
{
	struct erofs_super sb = { .blkszbits = 12, .extra_devices = 3, .devt_pos = 128 };
	struct erofs_device dev;
	struct erofs_diag diag;
	struct reader r;
	struct img img;

	img_init_metabox(&img, 12);
	img_alloc(&img, 128 * 4, 1);
	memcpy(img.data + 128, "sha256:abc", 10);
	img_put(&img, 128 + 64, 4, 0x80000001);
	img_put(&img, 128 + 68, 4, 0x70000000);
	img_put(&img, 128 + 72, 2, 0x0001);
	img_put(&img, 128 + 74, 2, 0x0002);
	memset(img.data + 256, 'x', 64);
	r = open_img(&img);

	CHECK_EQ(erofs_device_read(&r.src, &sb, 1, &dev, NULL), 0);
	CHECK(!strcmp(dev.tag, "sha256:abc"));
	CHECK_EQ(dev.blocks, 0x80000001);
	CHECK_EQ(dev.uniaddr, 0x70000000);
	sb.feature_incompat = EROFS_INCOMPAT_48BIT;
	CHECK_EQ(erofs_device_read(&r.src, &sb, 1, &dev, NULL), 0);
	CHECK_EQ(dev.blocks, 0x180000001ULL);
	CHECK_EQ(dev.uniaddr, 0x270000000ULL);
	CHECK_EQ(erofs_device_read(&r.src, &sb, 2, &dev, NULL), 0);
	CHECK_EQ(strlen(dev.tag), 64);
	CHECK_EQ(erofs_device_read(&r.src, &sb, 3, &dev, NULL), 0);
	CHECK_EQ(dev.tag[0], 0);

	FAILS_WITH(erofs_device_read(&r.src, &sb, 0, &dev, &diag), -ENODEV, DEV_ID);
	FAILS_WITH(erofs_device_read(&r.src, &sb, 4, &dev, &diag), -ENODEV, DEV_ID);
	r.bytes[EROFS_DEV].len = 511;
	FAILS_WITH(erofs_device_read(&r.src, &sb, 3, &dev, &diag), -EIO, SOURCE);
	CHECK_READER(&r);
	img_free(&img);
}

/* Byte positions below 2^63 are fine, at every block size. */
static void device_ranges(void)
{
	u8 slot[128] = { 0 };
	struct reader r;
	struct erofs_diag diag;
	struct erofs_device dev;

	reader_init(&r, test_mode, slot, sizeof(slot));
	for (u32 bb = 9; bb <= 16; bb++) {
		struct erofs_super sb = { .blkszbits = bb, .extra_devices = 1,
					  .feature_incompat = EROFS_INCOMPAT_48BIT };
		u64 limit = POS_LIMIT >> bb;	/* blocks */

		for (int over = 0; over < 2; over++) {
			u64 blocks = 5 + over, uniaddr = limit - 5;

			if (uniaddr >> 48)
				uniaddr = (1ULL << 48) - 1;
			put_le(slot + 64, 4, blocks);
			put_le(slot + 68, 4, uniaddr);
			put_le(slot + 74, 2, uniaddr >> 32);
			if (uniaddr + blocks > limit)
				FAILS_WITH(erofs_device_read(&r.src, &sb, 1, &dev, &diag),
					   -EFSCORRUPTED, DEV_RANGE);
			else
				CHECK_EQ(erofs_device_read(&r.src, &sb, 1, &dev, NULL), 0);
		}
	}
	CHECK_READER(&r);
}

#define BS	4096ULL

static const struct erofs_device two[] = {
	{ .blocks = 10, .uniaddr = 100 },	/* bytes 409600 .. 450560 */
	{ .blocks = 20, .uniaddr = 110 },	/* bytes 450560 .. 532480 */
};

struct locate_case {
	u16 id;
	u64 pa, len;
	u32 device;
	u64 pos, got;
};

static void run_locate(const struct erofs_device *devs, u16 ndevs, bool flat,
		       const struct locate_case *cases, int n)
{
	struct erofs_super sb = { .blkszbits = 12, .extra_devices = ndevs };

	for (int i = 0; i < n; i++) {
		struct erofs_location loc = { 0 };
		char context[64];

		snprintf(context, sizeof(context), "case %d", i);
		tap_context = context;
		CHECK_EQ(erofs_locate(&sb, devs, flat, cases[i].id, cases[i].pa, cases[i].len,
				      &loc, NULL), 0);
		CHECK_EQ(loc.device, cases[i].device);
		CHECK_EQ(loc.pos, cases[i].pos);
		CHECK_EQ(loc.len, cases[i].got);
		tap_context = NULL;
	}
}

static void locate_explicit(void)
{
	static const struct locate_case cases[] = {
		{ 0, 0, 8192, 0, 0, 8192 },
		{ 0, 100 * BS - 1, 1, 0, 100 * BS - 1, 1 },
		{ 0, 100 * BS - 1, 2, 0, 100 * BS - 1, 1 },		/* primary ends here */
		{ 0, 100 * BS, 5, 1, 0, 5 },
		{ 0, 100 * BS + 7, 10 * BS, 1, 7, 10 * BS - 7 },	/* device 1 ends */
		{ 0, 110 * BS, BS, 2, 0, BS },
		{ 0, 130 * BS - 1, 9, 2, 20 * BS - 1, 1 },
		{ 0, 130 * BS, 9, 0, 130 * BS, 9 },			/* behind all */
		{ 1, 0, 10 * BS, 1, 0, 10 * BS },
		{ 1, 10 * BS - 1, 99, 1, 10 * BS - 1, 1 },
		{ 2, 3, 4, 2, 3, 4 },
	};

	run_locate(two, 2, false, cases, sizeof(cases) / sizeof(cases[0]));
}

static void locate_flat(void)
{
	static const struct locate_case cases[] = {
		{ 0, 100 * BS - 1, 1000 * BS, 0, 100 * BS - 1, 1000 * BS },
		{ 1, 5, 10, 0, 100 * BS + 5, 10 },
		{ 1, 10 * BS - 2, 10, 0, 110 * BS - 2, 2 },	/* stays inside device 1 */
		{ 2, 0, 10, 0, 110 * BS, 10 },
		{ 2, 0, POS_LIMIT, 0, 110 * BS, 20 * BS },
	};

	run_locate(two, 2, true, cases, sizeof(cases) / sizeof(cases[0]));
}

static void locate_without_devices(void)
{
	static const struct locate_case cases[] = {
		{ 0, 0, 1, 0, 0, 1 },
		{ 0, POS_LIMIT - 1, 1, 0, POS_LIMIT - 1, 1 },
	};

	run_locate(NULL, 0, false, cases, 2);
	run_locate(NULL, 0, true, cases, 2);
}

/* Odd tables: the first slot that has a byte gets it, empty and unplaced ones get none. */
static void locate_odd_tables(void)
{
	static const struct erofs_device devs[] = {
		{ .blocks = 4, .uniaddr = 12 },
		{ .blocks = 100, .uniaddr = 10 },	/* overlaps the first */
		{ .blocks = 5, .uniaddr = 0 },		/* not in the unified space */
		{ .blocks = 0, .uniaddr = 5 },		/* empty */
	};
	static const struct locate_case cases[] = {
		{ 0, 0, 99 * BS, 0, 0, 10 * BS },		/* until slot 2 */
		{ 0, 5 * BS, BS, 0, 5 * BS, BS },
		{ 0, 10 * BS, 99 * BS, 2, 0, 2 * BS },		/* until slot 1 */
		{ 0, 12 * BS, 99 * BS, 1, 0, 4 * BS },
		{ 0, 16 * BS, 99 * BS, 2, 6 * BS, 94 * BS },
		{ 3, 0, BS, 3, 0, BS },
		{ 4, 7 * BS, 9 * BS, 4, 7 * BS, 9 * BS },	/* of unstated size */
	};

	run_locate(devs, 4, false, cases, sizeof(cases) / sizeof(cases[0]));
}

/* Byte by byte, a straddling request means what single bytes mean. */
static void locate_is_consistent(void)
{
	static const struct erofs_device devs[] = {
		{ .blocks = 3, .uniaddr = 4 }, { .blocks = 9, .uniaddr = 2 },
		{ .blocks = 1, .uniaddr = 6 }, { .blocks = 2, .uniaddr = 12 },
	};
	struct erofs_super sb = { .blkszbits = 9, .extra_devices = 4 };
	struct erofs_location one, run = { 0 };
	u64 left = 0;

	for (u64 pa = 0; pa < 16 * 512; pa++) {
		if (!left) {
			CHECK_EQ(erofs_locate(&sb, devs, false, 0, pa, 100000, &run, NULL), 0);
			CHECK(run.len);
			left = run.len;
		}
		CHECK_EQ(erofs_locate(&sb, devs, false, 0, pa, 1, &one, NULL), 0);
		CHECK_EQ(one.device, run.device);
		CHECK_EQ(one.pos, run.pos + (run.len - left));
		CHECK_EQ(one.len, 1);
		left--;
	}
}

/* A device of unstated size has no end but that of the address space. */
static void locate_unstated_size(void)
{
	static const struct erofs_device dev = { .blocks = 0, .uniaddr = 100 };
	struct erofs_super sb = { .blkszbits = 12, .extra_devices = 1 };
	struct erofs_location loc;
	struct erofs_diag diag;

	CHECK_EQ(erofs_locate(&sb, &dev, false, 1, POS_LIMIT - 5, 5, &loc, NULL), 0);
	CHECK_EQ(loc.device, 1);
	CHECK_EQ(loc.pos, POS_LIMIT - 5);
	CHECK_EQ(loc.len, 5);
	CHECK_EQ(erofs_locate(&sb, &dev, true, 1, 5 * BS, BS, &loc, NULL), 0);
	CHECK_EQ(loc.device, 0);
	CHECK_EQ(loc.pos, 105 * BS);
	CHECK_EQ(erofs_locate(&sb, &dev, true, 1, POS_LIMIT - 105 * BS, 5 * BS, &loc, NULL), 0);
	CHECK_EQ(loc.len, 5 * BS);
	FAILS_WITH(erofs_locate(&sb, &dev, true, 1, POS_LIMIT - 105 * BS, 5 * BS + 1, &loc, &diag),
		   -EFSCORRUPTED, DEV_ADDRESS);
	FAILS_WITH(erofs_locate(&sb, &dev, true, 1, POS_LIMIT - 1, 1, &loc, &diag),
		   -EFSCORRUPTED, DEV_ADDRESS);
}

static void locate_refusals(void)
{
	static const struct erofs_device unplaced = { .blocks = 10 };
	struct erofs_super sb = { .blkszbits = 12, .extra_devices = 2 };
	struct erofs_location loc;
	struct erofs_diag diag;

	for (int flat = 0; flat < 2; flat++) {
		FAILS_WITH(erofs_locate(&sb, two, flat, 3, 0, 1, &loc, &diag), -ENODEV, DEV_ID);
		CHECK_EQ(diag.value, 3);
		FAILS_WITH(erofs_locate(&sb, two, flat, 1, 10 * BS, 1, &loc, &diag),
			   -EFSCORRUPTED, DEV_EXTENT);
		FAILS_WITH(erofs_locate(&sb, two, flat, 0, POS_LIMIT, 1, &loc, &diag),
			   -EFSCORRUPTED, DEV_ADDRESS);
		FAILS_WITH(erofs_locate(&sb, two, flat, 0, 1, POS_LIMIT, &loc, &diag),
			   -EFSCORRUPTED, DEV_ADDRESS);
		FAILS_WITH(erofs_locate(&sb, two, flat, 0, ~0ULL, 1, &loc, &diag),
			   -EFSCORRUPTED, DEV_ADDRESS);
	}
	/* One that is not placed behind the primary device is nowhere, if it is not given. */
	FAILS_WITH(erofs_locate(&sb, &unplaced, true, 1, 0, 1, &loc, &diag), -ENODEV, DEV_NOT_GIVEN);
	CHECK_EQ(diag.value, 1);
	CHECK_EQ(erofs_locate(&sb, &unplaced, false, 1, 0, 1, &loc, &diag), 0);
	sb.extra_devices = 0;
	FAILS_WITH(erofs_locate(&sb, NULL, false, 1, 0, 1, &loc, &diag), -ENODEV, DEV_ID);
}

void tests_device(void)
{
	RUN(device_slots);
	RUN(device_ranges);
	RUN(locate_explicit);
	RUN(locate_flat);
	RUN(locate_without_devices);
	RUN(locate_odd_tables);
	RUN(locate_is_consistent);
	RUN(locate_unstated_size);
	RUN(locate_refusals);
}
