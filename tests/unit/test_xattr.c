// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes, prefixes, fingerprints (FORMAT.md section 6, A.1).
 */
#include "tests.h"

#define XPOS	96		/* the xattr area of the inode under test */
#define SHARED	(3 * 512)	/* shared attributes */

static struct xattrs x;
static struct erofs_prefix prefixes[EROFS_XATTR_PREFIX_MAX];

/* An inode with the area @x at XPOS, shared entries at SHARED. */
struct area {
	struct img img;
	struct erofs_super sb;
	struct erofs_inode inode;
	struct reader r;
};

static void area_open(struct area *a)
{
	memset(a, 0, sizeof(*a));
	img_init_metabox(&a->img, 9);
	img_alloc(&a->img, XPOS, 1);
	if (x.len)
		img_bytes(&a->img, x.bytes, x.len, 1);
	a->sb.blkszbits = 9;
	a->sb.xattr_blkaddr = SHARED / 512;
	a->inode.nid = 2;
	a->inode.xattr_pos = XPOS;
	a->inode.xattr_size = (u32)x.len;
	a->r = open_img(&a->img);
}

/* After img_alloc() the data may be elsewhere. */
static void area_sync(struct area *a)
{
	a->r.bytes[EROFS_DEV].data = a->img.data;
	a->r.bytes[EROFS_DEV].len = a->img.len;
}

static u32 add_shared(struct area *a, u8 index, const char *name, const void *value, size_t len)
{
	u8 entry[512];
	u64 pos;

	if (a->img.len < SHARED)
		img_alloc(&a->img, SHARED - a->img.len, 1);
	pos = img_bytes(&a->img, entry, xattr_entry(entry, index, name, strlen(name), value, len), 4);
	area_sync(a);
	return (u32)((pos - SHARED) / 4);
}

static int get(struct area *a, u8 index, const char *name, void *buf, size_t size,
	       struct erofs_diag *diag)
{
	int ret = erofs_xattr_get(&a->r.src, &a->sb, prefixes, &a->inode, index, name, strlen(name),
				  buf, size, diag);

	CHECK_READER(&a->r);
	return ret;
}

static void expect_value(struct area *a, u8 index, const char *name, const char *value)
{
	size_t len = strlen(value);
	char *buf = malloc(len + 1);

	tap_context = name;
	CHECK_EQ(get(a, index, name, NULL, 0, NULL), len);
	CHECK_EQ(get(a, index, name, buf, len ? len : 1, NULL), len);
	CHECK(!memcmp(buf, value, len));
	if (len > 1)
		CHECK_EQ(get(a, index, name, buf, len - 1, NULL), -ERANGE);
	tap_context = NULL;
	free(buf);
}

struct listing {
	char text[4096];
	int limit;		/* emit() fails after this many */
};

static int collect(void *ctx, u8 index, const char *name, size_t namelen)
{
	struct listing *l = ctx;
	size_t used = strlen(l->text);

	if (l->limit-- == 0)
		return -E2BIG;
	snprintf(l->text + used, sizeof(l->text) - used, "%u:%.*s ", index, (int)namelen, name);
	return 0;
}

static void expect_list(struct area *a, const char *want)
{
	struct listing l = { .limit = -1 };

	CHECK_EQ(erofs_xattr_list(&a->r.src, &a->sb, prefixes, &a->inode, collect, &l, NULL), 0);
	CHECK_THAT(!strcmp(l.text, want), "listed \"%s\", not \"%s\"", l.text, want);
	CHECK_READER(&a->r);
}

static void set_prefix(u32 nr, u8 base, const char *infix)
{
	prefixes[nr].base_index = base;
	prefixes[nr].len = (u8)strlen(infix);
	memcpy(prefixes[nr].infix, infix, strlen(infix));
}

/* Appendix A.1: XXH32 and the seed. */
static void bloom_vectors(void)
{
	static const struct {
		u8 index;
		const char *name;
		u32 hash, bit;
	} cases[] = {
		{ 1, "common", 0x92b37d4d, 13 }, { 4, "overlay.opaque", 0x4ce0a7f4, 20 },
		{ 6, "selinux", 0x9490146b, 11 }, { 2, "", 0x0857597e, 30 },
		{ 3, "", 0x59eeabb5, 21 }, { 0, "erofs.fingerprint.v1", 0x8a8c0408, 8 },
	};

	for (int i = 0; i < 6; i++) {
		struct area a;

		CHECK_EQ(erofs_xxh32(cases[i].name, strlen(cases[i].name),
				     EROFS_XATTR_FILTER_SEED + cases[i].index), cases[i].hash);
		CHECK_EQ(cases[i].hash & 31, cases[i].bit);

		/* The decoder uses exactly this bit. */
		xattrs_init(&x);
		xattrs_add(&x, cases[i].index, cases[i].name, strlen(cases[i].name), "v", 1);
		xattrs_set_filter(&x, ~(1U << cases[i].bit));
		area_open(&a);
		a.sb.xattr_filter = true;
		expect_value(&a, cases[i].index, cases[i].name, "v");
		img_free(&a.img);

		xattrs_set_filter(&x, 1U << cases[i].bit);
		area_open(&a);
		a.sb.xattr_filter = true;
		CHECK_EQ(get(&a, cases[i].index, cases[i].name, NULL, 0, NULL), -ENODATA);
		/* Without a valid filter the lie does not matter. */
		a.sb.xattr_filter = false;
		expect_value(&a, cases[i].index, cases[i].name, "v");
		img_free(&a.img);
	}
}

static void get_inline(void)
{
	struct area a;
	char buf[8];

	xattrs_init(&x);
	xattrs_add(&x, 1, "one", 3, "1", 1);
	xattrs_add(&x, 1, "oneone", 6, "", 0);
	xattrs_add(&x, 6, "one", 3, "security value", 14);
	xattrs_add(&x, 2, "", 0, "acl", 3);
	xattrs_add(&x, 1, "one", 3, "again", 5);
	xattrs_add(&x, 0, "hidden", 6, "h", 1);
	area_open(&a);
	expect_value(&a, 1, "one", "1");
	expect_value(&a, 1, "oneone", "");
	expect_value(&a, 6, "one", "security value");
	expect_value(&a, 2, "", "acl");
	expect_value(&a, 0, "hidden", "h");
	CHECK_EQ(get(&a, 1, "on", buf, 8, NULL), -ENODATA);
	CHECK_EQ(get(&a, 1, "onf", buf, 8, NULL), -ENODATA);
	CHECK_EQ(get(&a, 4, "one", buf, 8, NULL), -ENODATA);
	CHECK_EQ(get(&a, 3, "", buf, 8, NULL), -ENODATA);
	expect_list(&a, "1:one 1:oneone 6:one 2: 1:one ");
	img_free(&a.img);
}

static void get_without_area(void)
{
	struct erofs_diag diag;
	struct listing l = { .limit = -1 };
	struct area a;

	x.len = 0;
	area_open(&a);
	CHECK_EQ(get(&a, 1, "a", NULL, 0, NULL), -ENODATA);
	expect_list(&a, "");
	CHECK(!erofs_xattr_may_have_acl(&a.r.src, &a.sb, &a.inode));
	CHECK_EQ(a.r.gets, 0);
	img_free(&a.img);

	/* i_xattr_icount 1: a header and nothing else is undefined. */
	xattrs_init(&x);
	area_open(&a);
	FAILS_WITH(get(&a, 1, "a", NULL, 0, &diag), -EOPNOTSUPP, XATTR_AREA);
	FAILS_WITH(erofs_xattr_list(&a.r.src, &a.sb, prefixes, &a.inode, collect, &l, &diag),
		   -EOPNOTSUPP, XATTR_AREA);
	CHECK(erofs_xattr_may_have_acl(&a.r.src, &a.sb, &a.inode));
	img_free(&a.img);
}

static void get_name_lengths(void)
{
	char name[300], value[5];
	struct area a;

	memset(name, 'n', sizeof(name));
	for (size_t len = 1; len <= 255; len += len == 1 || len > 250 ? 1 : 31) {
		xattrs_init(&x);
		xattrs_add(&x, 1, name, len, "value", 5);
		area_open(&a);
		CHECK_EQ(erofs_xattr_get(&a.r.src, &a.sb, NULL, &a.inode, 1, name, len, value, 5,
					 NULL), 5);
		CHECK(!memcmp(value, "value", 5));
		CHECK_EQ(erofs_xattr_get(&a.r.src, &a.sb, NULL, &a.inode, 1, name, len - 1, value, 5,
					 NULL), -ENODATA);
		CHECK_EQ(erofs_xattr_get(&a.r.src, &a.sb, NULL, &a.inode, 1, name, len + 1, value, 5,
					 NULL), len == 255 ? -ERANGE : -ENODATA);
		CHECK_READER(&a.r);
		img_free(&a.img);
	}
	x.len = 0;
	area_open(&a);
	CHECK_EQ(erofs_xattr_get(&a.r.src, &a.sb, NULL, &a.inode, 1, name, 256, value, 5, NULL),
		 -ERANGE);
	img_free(&a.img);
}

static void get_large_values(void)
{
	static u8 value[65535], buf[65535];
	static const size_t sizes[] = { 0, 1, 3, 27, 28, 29, 500, 65534, 65535 };
	struct area a;

	sample_pattern(value, sizeof(value), 8);
	for (int i = 0; i < 9; i++) {
		xattrs_init(&x);
		xattrs_add(&x, 4, "big", 3, value, sizes[i]);
		xattrs_add(&x, 4, "next", 4, "n", 1);
		area_open(&a);
		memset(buf, 0xee, sizeof(buf));
		CHECK_EQ(get(&a, 4, "big", buf, sizeof(buf), NULL), sizes[i]);
		CHECK(!memcmp(buf, value, sizes[i]));
		if (sizes[i] < sizeof(buf))
			CHECK_EQ(buf[sizes[i]], 0xee);
		expect_value(&a, 4, "next", "n");
		img_free(&a.img);
	}
}

static void get_shared(void)
{
	struct area a;
	u32 ids[3];

	/* Ids first: the area needs them. */
	x.len = 0;
	area_open(&a);
	ids[0] = add_shared(&a, 6, "selinux", "context", 7);
	ids[1] = add_shared(&a, 1, "dup", "second", 6);
	ids[2] = add_shared(&a, 1, "only", "shared", 6);
	img_free(&a.img);

	xattrs_init(&x);
	for (int i = 0; i < 3; i++)
		xattrs_shared(&x, ids[i]);
	xattrs_shared(&x, ids[1]);
	xattrs_add(&x, 1, "dup", 3, "first", 5);
	area_open(&a);
	CHECK_EQ(add_shared(&a, 6, "selinux", "context", 7), ids[0]);
	add_shared(&a, 1, "dup", "second", 6);
	add_shared(&a, 1, "only", "shared", 6);
	expect_value(&a, 6, "selinux", "context");
	expect_value(&a, 1, "dup", "first");
	expect_value(&a, 1, "only", "shared");
	CHECK_EQ(get(&a, 1, "none", NULL, 0, NULL), -ENODATA);
	expect_list(&a, "1:dup 6:selinux 1:dup 1:only 1:dup ");
	img_free(&a.img);
}

static void shared_only_and_most(void)
{
	struct area a;
	u32 id;

	/* 255 shared ids, no inline entry. */
	xattrs_init(&x);
	for (int i = 0; i < 254; i++)
		xattrs_shared(&x, 0);
	xattrs_shared(&x, 4);
	area_open(&a);
	CHECK_EQ(add_shared(&a, 1, "a", "aaaaaaaaa", 9), 0);
	id = add_shared(&a, 1, "last", "found", 5);
	CHECK_EQ(id, 4);
	expect_value(&a, 1, "last", "found");
	img_free(&a.img);
}

static void shared_spaces(void)
{
	struct erofs_diag diag;
	struct area a;
	u8 mbox[2048] = { 0 };

	xattrs_init(&x);
	xattrs_shared(&x, 1);
	area_open(&a);
	a.sb.feature_compat = EROFS_COMPAT_SHARED_EA_IN_METABOX;
	FAILS_WITH(get(&a, 1, "a", NULL, 0, &diag), -EFSCORRUPTED, XATTR_SHARED_SPACE);
	CHECK_EQ(diag.nid, 2);
	a.sb.has_metabox = true;
	a.r.bytes[EROFS_MBOX] = (struct reader_bytes){ mbox, 0, sizeof(mbox) };
	xattr_entry(mbox + SHARED + 4, 1, "a", 1, "metabox", 7);
	expect_value(&a, 1, "a", "metabox");
	/* Inline attributes are found before the shared ones get in the way. */
	img_free(&a.img);

	xattrs_init(&x);
	xattrs_shared(&x, 0xffffffff);
	xattrs_add(&x, 1, "inline", 6, "yes", 3);
	area_open(&a);
	expect_value(&a, 1, "inline", "yes");
	FAILS_WITH(get(&a, 1, "other", NULL, 0, &diag), -EIO, SOURCE);
	CHECK_EQ(diag.pos, SHARED + 4 * 0xffffffffULL);
	img_free(&a.img);
}

/* An inode in the metabox: its area is read there, shared entries from the device. */
static void area_in_metabox(void)
{
	struct area a;

	xattrs_init(&x);
	xattrs_shared(&x, 0);
	xattrs_add(&x, 1, "in", 2, "mbox", 4);
	area_open(&a);
	add_shared(&a, 1, "sh", "dev", 3);
	a.r.bytes[EROFS_MBOX] = (struct reader_bytes){ a.img.data, 0, XPOS + x.len };
	a.inode.space = EROFS_MBOX;
	expect_value(&a, 1, "in", "mbox");
	expect_value(&a, 1, "sh", "dev");

	/* The same position in both spaces: where the id is, the device has the entry. */
	{
		u8 mbox[XPOS + 64];

		memcpy(mbox, a.img.data, sizeof(mbox));
		put_le(mbox + XPOS + 12, 4, (XPOS + 12) / 4);
		a.r.bytes[EROFS_MBOX].data = mbox;
		a.sb.xattr_blkaddr = 0;
		xattr_entry(a.img.data + XPOS + 12, 1, "same", 4, "place", 5);
		expect_value(&a, 1, "same", "place");
	}
	img_free(&a.img);
}

static void padding_is_ignored(void)
{
	struct area a;

	xattrs_init(&x);
	xattrs_pad(&x, x.len + 40);
	xattrs_add(&x, 1, "a", 1, "b", 1);
	xattrs_pad(&x, x.len + 4);
	area_open(&a);
	expect_value(&a, 1, "a", "b");
	expect_list(&a, "1:a ");
	CHECK_EQ(get(&a, 0, "", NULL, 0, NULL), -ENODATA);
	img_free(&a.img);

	/* The largest area, nothing but padding. */
	xattrs_init(&x);
	xattrs_pad(&x, 262152);
	area_open(&a);
	CHECK_EQ(get(&a, 1, "a", NULL, 0, NULL), -ENODATA);
	/* Each entry once: by itself, or with its neighbours when they come for free. */
	CHECK(a.r.gets <= (test_mode == READER_EXACT ? 262152 / 4 : 262152 / 512 + 2));
	expect_list(&a, "");
	img_free(&a.img);
}

static void damaged_areas(void)
{
	struct listing l = { .limit = -1 };
	struct erofs_diag diag;
	struct area a;

	/* The entry is exactly as large as the area, then larger by one, then by much. */
	for (u32 len = 8; len <= 12; len++) {
		xattrs_init(&x);
		xattrs_add(&x, 1, "abc", 3, "12345", 5);
		area_open(&a);
		put_le(a.img.data + XPOS + 14, 2, len - 7 + 4);
		if (len == 8) {
			CHECK_EQ(get(&a, 1, "abc", NULL, 0, NULL), 5);
		} else {
			FAILS_WITH(get(&a, 1, "abc", NULL, 0, &diag), -EFSCORRUPTED, XATTR_ENTRY);
			CHECK_EQ(diag.pos, XPOS + 12);
			FAILS_WITH(erofs_xattr_list(&a.r.src, &a.sb, prefixes, &a.inode, collect, &l,
						    &diag), -EFSCORRUPTED, XATTR_ENTRY);
		}
		put_le(a.img.data + XPOS + 14, 2, 65535);
		FAILS_WITH(get(&a, 1, "abc", NULL, 0, &diag), -EFSCORRUPTED, XATTR_ENTRY);
		CHECK_READER(&a.r);
		img_free(&a.img);
	}

	/* Shared counts up to what the area holds, and beyond. */
	for (u32 count = 0; count < 256; count++) {
		xattrs_init(&x);
		xattrs_pad(&x, 12 + 4 * 10);
		area_open(&a);
		a.img.data[XPOS + 4] = (u8)count;
		if (count <= 10) {
			add_shared(&a, 1, "s", "v", 1);
			CHECK_EQ(get(&a, 1, "s", NULL, 0, NULL), count ? 1 : -ENODATA);
		} else {
			FAILS_WITH(get(&a, 1, "s", NULL, 0, &diag), -EFSCORRUPTED,
				   XATTR_SHARED_COUNT);
			CHECK_EQ(diag.value, count);
			CHECK(erofs_xattr_may_have_acl(&a.r.src, &a.sb, &a.inode));
		}
		img_free(&a.img);
	}
}

/* A good attribute in front of damage is still found; the list stops at the damage. */
static void damage_behind(void)
{
	struct listing l = { .limit = -1 };
	struct erofs_diag diag;
	struct area a;

	xattrs_init(&x);
	xattrs_add(&x, 1, "good", 4, "1", 1);
	xattrs_add(&x, 1, "bad", 3, "2", 1);
	area_open(&a);
	put_le(a.img.data + XPOS + 12 + 12 + 2, 2, 999);
	expect_value(&a, 1, "good", "1");
	FAILS_WITH(get(&a, 1, "bad", NULL, 0, &diag), -EFSCORRUPTED, XATTR_ENTRY);
	FAILS_WITH(erofs_xattr_list(&a.r.src, &a.sb, prefixes, &a.inode, collect, &l, &diag),
		   -EFSCORRUPTED, XATTR_ENTRY);
	CHECK(!strcmp(l.text, "1:good "));
	CHECK_READER(&a.r);
	img_free(&a.img);
}

static void long_prefixes(void)
{
	char infix255[256];
	struct area a;

	set_prefix(0, 1, "app.");
	set_prefix(1, 4, "overlay.");
	set_prefix(2, 0, "hidden.");
	set_prefix(3, 255, "unknown.");
	set_prefix(4, 6, "");
	memset(infix255, 'i', 255);
	infix255[255] = 0;
	set_prefix(5, 1, infix255);

	xattrs_init(&x);
	xattrs_add(&x, 0x80, "x", 1, "prefixed", 8);
	xattrs_add(&x, 1, "app.y", 5, "plain", 5);
	xattrs_add(&x, 0x81, "opaque", 6, "y", 1);
	xattrs_add(&x, 0x82, "h", 1, "hid", 3);
	xattrs_add(&x, 0x83, "u", 1, "unk", 3);
	xattrs_add(&x, 0x84, "capability", 10, "cap", 3);
	xattrs_add(&x, 0x85, "", 0, "long", 4);
	xattrs_add(&x, 0x85, "z", 1, "too long", 8);
	xattrs_add(&x, 0x86, "n", 1, "no such prefix", 14);
	xattrs_add(&x, 0xff, "n", 1, "no such prefix", 14);
	xattrs_add(&x, 5, "lustre", 6, "l", 1);
	xattrs_add(&x, 7, "seven", 5, "7", 1);
	xattrs_add(&x, 0x7f, "many", 4, "m", 1);
	area_open(&a);
	a.sb.xattr_prefix_count = 6;
	expect_value(&a, 1, "app.x", "prefixed");
	expect_value(&a, 1, "app.y", "plain");
	expect_value(&a, 4, "overlay.opaque", "y");
	expect_value(&a, 0, "hidden.h", "hid");
	expect_value(&a, 6, "capability", "cap");
	expect_value(&a, 1, infix255, "long");
	CHECK_EQ(get(&a, 1, "app.", NULL, 0, NULL), -ENODATA);
	CHECK_EQ(get(&a, 1, "app.z", NULL, 0, NULL), -ENODATA);
	CHECK_EQ(get(&a, 1, "bpp.x", NULL, 0, NULL), -ENODATA);
	CHECK_EQ(get(&a, 1, "n", NULL, 0, NULL), -ENODATA);
	{
		char want[400];

		snprintf(want, sizeof(want), "1:app.x 1:app.y 4:overlay.opaque 6:capability 1:%s ",
			 infix255);
		expect_list(&a, want);
	}
	/* A full filter for the whole name finds it, too. */
	xattrs_claim(&x, 1, "app.x");
	put_le(a.img.data + XPOS, 4, x.filter);
	a.sb.xattr_filter = true;
	expect_value(&a, 1, "app.x", "prefixed");

	/* No prefix at all: those entries do not exist. */
	a.sb.xattr_filter = false;
	a.sb.xattr_prefix_count = 0;
	CHECK_EQ(get(&a, 1, "app.x", NULL, 0, NULL), -ENODATA);
	expect_list(&a, "1:app.y ");
	a.sb.xattr_prefix_count = 6;
	CHECK_EQ(erofs_xattr_get(&a.r.src, &a.sb, NULL, &a.inode, 1, "app.x", 5, NULL, 0, NULL),
		 -ENODATA);
	img_free(&a.img);
}

static void list_odd_names(void)
{
	struct listing l = { .limit = 1 };
	struct area a;

	xattrs_init(&x);
	xattrs_add(&x, 2, "name", 4, "an ACL has none", 15);
	xattrs_add(&x, 3, "", 0, "acl", 3);
	xattrs_add(&x, 1, "a\0b", 3, "NUL", 3);
	xattrs_add(&x, 0, "h", 1, "hidden", 6);
	xattrs_add(&x, 6, "last", 4, "", 0);
	area_open(&a);
	expect_list(&a, "3: 6:last ");
	CHECK_EQ(erofs_xattr_list(&a.r.src, &a.sb, prefixes, &a.inode, collect, &l, NULL), -E2BIG);
	CHECK(!strcmp(l.text, "3: "));
	CHECK_READER(&a.r);
	img_free(&a.img);
}

static void acl_filter(void)
{
	static const struct {
		bool valid;
		u32 filter;
		bool maybe;
	} cases[] = {
		{ true, 0, true }, { true, 0xffffffff, false },
		{ true, 1U << 30 | 1U << 21, false }, { true, 1U << 30, true },
		{ true, 1U << 21, true }, { true, ~(1U << 30), true }, { false, 0xffffffff, true },
	};
	struct area a;

	for (int i = 0; i < 7; i++) {
		xattrs_init(&x);
		xattrs_pad(&x, 16);
		xattrs_set_filter(&x, cases[i].filter);
		area_open(&a);
		a.sb.xattr_filter = cases[i].valid;
		CHECK_EQ(erofs_xattr_may_have_acl(&a.r.src, &a.sb, &a.inode), cases[i].maybe);
		CHECK_READER(&a.r);
		/* A failure to read is no proof. */
		a.r.bytes[EROFS_DEV].len = XPOS + 3;
		CHECK_EQ(erofs_xattr_may_have_acl(&a.r.src, &a.sb, &a.inode), true);
		CHECK_READER(&a.r);
		img_free(&a.img);
	}
}

static void prefix_table(void)
{
	static const u32 lens[] = { 1, 2, 3, 255, 256, 7 };
	struct erofs_super sb = { .blkszbits = 9 };
	struct erofs_prefix prefix;
	struct erofs_diag diag;
	struct reader r;
	struct img img;
	u64 pos = 4;

	img_init_metabox(&img, 9);
	img_alloc(&img, 3, 1);
	for (int i = 0; i < 6; i++) {
		u8 entry[258];

		put_le(entry, 2, lens[i]);
		entry[2] = (u8)i;
		memset(entry + 3, 'a' + i, 255);
		img_bytes(&img, entry, lens[i] + 2, 4);
	}
	r = open_img(&img);
	for (int i = 0; i < 6; i++) {
		CHECK_EQ(erofs_prefix_read(&r.src, &sb, &pos, &prefix, NULL), 0);
		CHECK_EQ(prefix.base_index, i);
		CHECK_EQ(prefix.len, lens[i] - 1);
		for (u32 k = 0; k < prefix.len; k++)
			CHECK_EQ(prefix.infix[k], 'a' + i);
	}
	CHECK_EQ(pos, img.len);
	FAILS_WITH(erofs_prefix_read(&r.src, &sb, &pos, &prefix, &diag), -EIO, SOURCE);

	/* Lengths */
	for (u32 len = 0; len <= 65535; len += len < 300 ? 1 : 777) {
		put_le(img.data + 4, 2, len);
		pos = 4;
		if (!len || len > 256)
			FAILS_WITH(erofs_prefix_read(&r.src, &sb, &pos, &prefix, &diag),
				   -EFSCORRUPTED, XATTR_PREFIX_LEN);
		else
			CHECK_EQ(erofs_prefix_read(&r.src, &sb, &pos, &prefix, NULL), 0);
	}
	/* Cut inside the infix */
	put_le(img.data + 4, 2, 200);
	r.bytes[EROFS_DEV].len = 4 + 2 + 199;
	pos = 4;
	FAILS_WITH(erofs_prefix_read(&r.src, &sb, &pos, &prefix, &diag), -EIO, SOURCE);
	CHECK_READER(&r);
	img_free(&img);
}

static void prefix_spaces(void)
{
	for (u32 i = 0; i < 8; i++) {
		struct erofs_super sb = {
			.feature_compat = i & 4 ? EROFS_COMPAT_PLAIN_XATTR_PFX : 0,
			.has_metabox = i & 2, .has_packed = i & 1 };
		enum erofs_space want = i & 4 ? EROFS_DEV : i & 2 ? EROFS_MBOX :
					i & 1 ? EROFS_PACKED : EROFS_DEV;
		u8 table[] = { 3, 0, 1, 'h', 'i' };
		struct erofs_prefix prefix;
		struct reader r;
		u64 pos = 0;

		CHECK_EQ(erofs_prefix_space(&sb), want);
		reader_init(&r, test_mode, NULL, 0);
		r.bytes[want] = (struct reader_bytes){ table, 0, sizeof(table) };
		CHECK_EQ(erofs_prefix_read(&r.src, &sb, &pos, &prefix, NULL), 0);
		CHECK_EQ(prefix.len, 2);
		CHECK_EQ(pos, 5);
	}
}

static int fingerprint(struct area *a, void *buf, size_t size, struct erofs_diag *diag)
{
	int ret = erofs_fingerprint_get(&a->r.src, &a->sb, prefixes, &a->inode, buf, size, diag);

	CHECK_READER(&a->r);
	return ret;
}

static void fingerprints(void)
{
	static u8 value[1024], buf[1024];
	static const size_t sizes[] = { 0, 1, 39, 511, 512, 513 };
	struct erofs_diag diag;
	struct area a;

	set_prefix(0, 4, "other");
	set_prefix(1, 0, "erofs.fingerprint.v1");
	sample_pattern(value, sizeof(value), 77);
	for (int i = 0; i < 6; i++) {
		size_t n = sizes[i];
		int want = n >= 1 && n <= 512 ? (int)n : -ENODATA;

		/* Once with the long prefix, once with the full hidden name, filter on. */
		for (int plain = 0; plain < 2; plain++) {
			xattrs_init(&x);
			xattrs_add(&x, 0x80, "", 0, "wrong", 5);
			if (plain)
				xattrs_add(&x, 0, "erofs.fingerprint.v1", 20, value, n);
			else
				xattrs_add(&x, 0x81, "", 0, value, n);
			xattrs_claim(&x, 0, "erofs.fingerprint.v1");
			area_open(&a);
			a.sb.xattr_prefix_count = 2;
			a.sb.has_ishare = true;
			a.sb.ishare_prefix_id = 1;
			a.sb.xattr_filter = true;
			CHECK_EQ(fingerprint(&a, buf, sizeof(buf), NULL), want);
			if (want > 0) {
				CHECK(!memcmp(buf, value, n));
				CHECK_EQ(fingerprint(&a, buf, n, NULL), n);
				CHECK_EQ(fingerprint(&a, buf, n - 1, NULL), -ERANGE);
			}
			/* It is hidden from users. */
			expect_list(&a, "4:other ");
			a.sb.has_ishare = false;
			CHECK_EQ(fingerprint(&a, buf, sizeof(buf), NULL), -ENODATA);
			a.sb.has_ishare = true;
			CHECK_EQ(erofs_fingerprint_get(&a.r.src, &a.sb, NULL, &a.inode, buf, 1024,
						       NULL), -ENODATA);
			a.r.bytes[EROFS_DEV].len = XPOS + 11;
			FAILS_WITH(fingerprint(&a, buf, sizeof(buf), &diag), -EIO, SOURCE);
			a.inode.xattr_size = 0;
			CHECK_EQ(fingerprint(&a, buf, sizeof(buf), NULL), -ENODATA);
			img_free(&a.img);
		}
	}
}

/* Two of the same name: the same value, another one of that length, a longer one; the right one first or last. */
static void two_fingerprints(void)
{
	static const u8 right[] = "sha256: of the content", old[] = "sha256: of another one", longer[] =
		"sha256: of the content and more";
	static const struct {
		const u8 *first, *second;
		size_t nfirst, nsecond;
		int want;
	} cases[] = {
		{ right, right, sizeof(right), sizeof(right), sizeof(right) },
		{ right, old, sizeof(right), sizeof(old), -ENODATA },
		{ old, right, sizeof(old), sizeof(right), -ENODATA },
		{ right, longer, sizeof(right), sizeof(longer), -ENODATA },
	};
	struct area a;
	u8 buf[64];

	set_prefix(0, 4, "erofs.fingerprint");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		xattrs_init(&x);
		xattrs_add(&x, 0x80, "", 0, cases[i].first, cases[i].nfirst);
		xattrs_add(&x, 1, "between", 7, "x", 1);
		xattrs_add(&x, 4, "erofs.fingerprint", 17, cases[i].second, cases[i].nsecond);
		area_open(&a);
		a.sb.xattr_prefix_count = 1;
		a.sb.has_ishare = true;
		a.sb.ishare_prefix_id = 0;
		CHECK_EQ(fingerprint(&a, buf, sizeof(buf), NULL), cases[i].want);
		img_free(&a.img);
	}
}

void tests_xattr(void)
{
	RUN(bloom_vectors);
	RUN(get_inline);
	RUN(get_without_area);
	RUN(get_name_lengths);
	RUN(get_large_values);
	RUN(get_shared);
	RUN(shared_only_and_most);
	RUN(shared_spaces);
	RUN(area_in_metabox);
	RUN(padding_is_ignored);
	RUN(damaged_areas);
	RUN(damage_behind);
	RUN(long_prefixes);
	RUN(list_odd_names);
	RUN(acl_filter);
	RUN(prefix_table);
	RUN(prefix_spaces);
	RUN(fingerprints);
	RUN(two_fingerprints);
}
