// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directory blocks and lookup (FORMAT.md section 5).
 */
#include "tests.h"

static char long_name[300];

static void fill_long_name(void)
{
	memset(long_name, 'L', sizeof(long_name));
}

/* Open @len bytes of @block from an exact-size copy and decode every entry. */
static int read_block(const u8 *block, u32 len, u32 bs, struct erofs_dirent *des, u32 *count,
		      struct erofs_diag *diag)
{
	u8 *copy = malloc(len ? len : 1);
	struct erofs_dirblock db;
	int err;

	memcpy(copy, block, len);
	err = erofs_dirblock_open(&db, copy, len, bs, 7, 4096, diag);
	*count = err ? 0 : db.count;
	for (u32 i = 0; !err && i < db.count; i++) {
		struct erofs_dirent de;

		err = erofs_dirblock_entry(&db, i, &de, diag);
		if (!err && des) {
			CHECK(de.name >= (char *)copy &&
			      de.name + de.namelen <= (char *)copy + len);
			de.name = (const char *)block + (de.name - (char *)copy);
			des[i] = de;
		}
	}
	free(copy);
	return err;
}

static void dirblock_entries(void)
{
	struct dent dents[] = {
		{ "!", 1, EROFS_FT_CHR, 0 }, { ".", 2, EROFS_FT_DIR, 0 },
		{ "..", 1ULL << 63 | 3, EROFS_FT_DIR, 0 }, { "a", 4, 8, 0 },
		{ long_name, 5, 255, 255 }, { "z\xff", ~0ULL, EROFS_FT_LNK, 0 },
	};
	static const u8 types[] = { 3, 2, 2, 0, 0, 7 };
	u8 block[4096];
	struct erofs_dirent des[6];
	u32 count;

	fill_long_name();
	for (u32 bs = 512; bs <= 4096; bs *= 2) {
		size_t size;

		memset(block, 0x55, sizeof(block));
		size = dir_pack(block, bs, dents, 6);
		/* Both as a last block that ends with the names and as a full, zero-padded one. */
		for (int full = 0; full < 2; full++) {
			CHECK_EQ(read_block(block, full ? bs : (u32)size, bs, des, &count, NULL), 0);
			CHECK_EQ(count, 6);
			for (int i = 0; i < 6; i++) {
				size_t len = dents[i].len ? dents[i].len : strlen(dents[i].name);

				CHECK_EQ(des[i].nid, dents[i].nid);
				CHECK_EQ(des[i].type, types[i]);
				CHECK_EQ(des[i].namelen, len);
				CHECK(!memcmp(des[i].name, dents[i].name, len));
			}
		}
	}
}

/* A 64 KiB block has name offsets up to 65535. */
static void dirblock_largest(void)
{
	static char names[4000][24];
	static struct dent dents[4000];
	static struct erofs_dirent des[4000];
	static u8 block[65536];
	size_t n = 0, used = 0;
	u32 count;

	while (n < 4000 && used + 12 + 5 <= 65536) {
		snprintf(names[n], sizeof(names[n]), "%05zu", n);
		dents[n] = (struct dent){ names[n], n, 1, 0 };
		used += 17;
		n++;
	}
	CHECK_EQ(dir_pack(block, 65536, dents, n), used);
	CHECK_EQ(read_block(block, 65536, 65536, des, &count, NULL), 0);
	CHECK_EQ(count, n);
	CHECK_EQ(des[n - 1].nid, n - 1);
	CHECK(!memcmp(des[n - 1].name, names[n - 1], 5));
}

static void dirblock_name_lengths(void)
{
	u8 block[4096];
	struct erofs_dirent des[4];
	struct erofs_diag diag;
	u32 count;

	fill_long_name();
	for (size_t len = 1; len <= 257; len += len == 1 || len > 250 ? 1 : 62) {
		/* As the only name, as the first, and as the last. */
		for (int place = 0; place < 3; place++) {
			struct dent dents[2] = { { long_name, 1, 1, len }, { "zz", 2, 1, 0 } };
			size_t size;

			if (place == 2) {
				dents[1] = dents[0];
				dents[0] = (struct dent){ "A", 2, 1, 0 };
			}
			size = dir_pack(block, 4096, dents, place ? 2 : 1);
			for (int full = 0; full < 2; full++) {
				u32 valid = full ? 4096 : (u32)size;

				if (len <= 255) {
					CHECK_EQ(read_block(block, valid, 4096, des, &count, NULL), 0);
					CHECK_EQ(des[place == 2].namelen, len);
				} else {
					FAILS_WITH(read_block(block, valid, 4096, des, &count, &diag),
						   -EFSCORRUPTED, DIR_NAMELEN);
					CHECK_EQ(diag.nid, 7);
				}
			}
		}
	}
}

/* One entry, every value of its name offset; then two entries. */
static void dirblock_offsets(void)
{
	u8 block[512] = { 0 };
	struct erofs_diag diag;
	u32 count;

	memset(block + 12, 'x', 100);
	for (u32 off = 0; off <= 0xffff; off++) {
		put_le(block + 8, 2, off);
		if (!off || off % 12 || off >= 512) {
			FAILS_WITH(read_block(block, 512, 512, NULL, &count, &diag), -EFSCORRUPTED,
				   DIR_NAMEOFF0);
			CHECK_EQ(diag.value, off);
			CHECK_EQ(diag.pos, 4096);
		} else if (off == 12) {
			CHECK_EQ(read_block(block, 512, 512, NULL, &count, NULL), 0);
			CHECK_EQ(count, 1);
		} else {
			CHECK(read_block(block, 512, 512, NULL, &count, &diag) == -EFSCORRUPTED);
			CHECK_EQ(count, off / 12);
		}
	}

	memset(block, 0, sizeof(block));
	memset(block + 24, 'x', 488);
	put_le(block + 8, 2, 24);
	for (u32 off = 0; off <= 0xffff; off += off < 600 ? 1 : 97) {
		enum erofs_check want = EROFS_CHECK_OK;

		put_le(block + 12 + 8, 2, off);
		if (off > 512)
			want = EROFS_CHECK_DIR_NAMEOFF;		/* ends the first name */
		else if (off <= 24 || off - 24 > 255)
			want = EROFS_CHECK_DIR_NAMELEN;		/* of the first name */
		else if (off == 512)
			want = EROFS_CHECK_DIR_NAMEOFF;
		else if (512 - off > 255)
			want = EROFS_CHECK_DIR_NAMELEN;		/* of the last name */
		diag.check = EROFS_CHECK_OK;
		CHECK_EQ(read_block(block, 512, 512, NULL, &count, &diag),
			 want ? -EFSCORRUPTED : 0);
		CHECK_THAT(diag.check == want, "offset %u: %s, not %s", off,
			   erofs_check_name(diag.check), erofs_check_name(want));
	}
}

static void dirblock_names(void)
{
	u8 block[512];
	struct erofs_diag diag;
	u32 count;

	for (int c = 0; c < 256; c++) {
		char name[] = "abc";
		struct dent dents[2] = { { name, 1, 1, 3 }, { "d", 2, 1, 0 } };
		size_t size;

		name[1] = (char)c;
		size = dir_pack(block, 512, dents, 2);
		if (!c || c == '/') {
			FAILS_WITH(read_block(block, (u32)size, 512, NULL, &count, &diag),
				   -EFSCORRUPTED, DIR_NAME);
			CHECK_EQ(diag.value, c);
			CHECK_EQ(diag.pos, 4096 + 24 + 1);
		} else {
			CHECK_EQ(read_block(block, (u32)size, 512, NULL, &count, NULL), 0);
		}
	}
	/* Long names: the bad byte at every place, harmless neighbours of it as well. */
	for (size_t len = 1; len <= 40; len++) {
		for (size_t at = 0; at < len; at++) {
			static const u8 bytes[] = { 0, '/', 0x01, 0x2e, 0x30, 0x7f, 0x80, 0x81,
						    0xae, 0xaf, 0xb0, 0xff };
			struct dent dents[2] = { { long_name, 1, 1, len }, { "z", 2, 1, 0 } };

			for (int i = 0; i < 12; i++) {
				size_t size;

				fill_long_name();
				long_name[at] = (char)bytes[i];
				size = dir_pack(block, 512, dents, 2);
				if (i > 1) {
					CHECK_EQ(read_block(block, (u32)size, 512, NULL, &count,
							    NULL), 0);
					continue;
				}
				/* Two bad ones: the first is named. */
				if (at + 1 < len)
					block[24 + len - 1] = '/';
				FAILS_WITH(read_block(block, (u32)size, 512, NULL, &count, &diag),
					   -EFSCORRUPTED, DIR_NAME);
				CHECK_EQ(diag.pos, 4096 + 24 + at);
				CHECK_EQ(diag.value, bytes[i]);
			}
		}
	}
	/* An empty last name, and a '/' in the last name */
	{
		struct dent dents[2] = { { "a", 1, 1, 0 }, { "b", 2, 1, 0 } };
		size_t size = dir_pack(block, 512, dents, 2);

		block[25] = 0;
		FAILS_WITH(read_block(block, (u32)size, 512, NULL, &count, &diag), -EFSCORRUPTED,
			   DIR_NAMELEN);
		block[25] = '/';
		FAILS_WITH(read_block(block, (u32)size, 512, NULL, &count, &diag), -EFSCORRUPTED,
			   DIR_NAME);
	}
}

static void dirblock_truncated(void)
{
	struct dent dents[] = { { "aa", 1, 1, 0 }, { "bbb", 2, 1, 0 }, { "cccc", 3, 1, 0 } };
	struct erofs_dirent des[3];
	u8 block[512];
	u32 size = (u32)dir_pack(block, 512, dents, 3), count;

	for (u32 len = 0; len < size; len++) {
		struct erofs_diag diag = { 0 };
		int err = read_block(block, len, 512, des, &count, &diag);

		if (len > size - 4) {
			/* The last name got shorter: nothing can tell. */
			CHECK_EQ(err, 0);
			CHECK_EQ(des[2].namelen, 4 - (size - len));
		} else {
			CHECK_EQ(err, -EFSCORRUPTED);
		}
		if (len < 36)
			CHECK_EQ(diag.check, EROFS_CHECK_DIR_NAMEOFF0);
	}
}

/* ---- Lookup --------------------------------------------------------------------- */

struct dir {
	u8 *content;
	struct erofs_inode inode;
	struct erofs_super sb;
	struct reader r;
};

static void dir_open(struct dir *d, u32 bb, const struct dent *dents, size_t n)
{
	memset(d, 0, sizeof(*d));
	d->content = malloc((n + 2) << (bb > 10 ? bb : 10));
	d->sb.blkszbits = (u8)bb;
	d->inode.nid = 9;
	d->inode.size = dir_pack(d->content, 1U << bb, dents, n);
	reader_init(&d->r, test_mode, NULL, 0);
	d->r.blkszbits = bb;
	d->r.bytes[EROFS_CONTENT] = (struct reader_bytes){ d->content, 0, d->inode.size };
}

static int dir_find(struct dir *d, const char *name, size_t len, u64 *nid, struct erofs_diag *diag)
{
	u8 type = 99;
	int err = erofs_dir_lookup(&d->r.src, &d->sb, &d->inode, name, len, nid, &type, diag);

	CHECK_READER(&d->r);
	if (!err)
		CHECK_EQ(type, EROFS_FT_REG);
	return err;
}

/* Directories of every small size: all names found, their neighbours not. */
static void lookup_everything(void)
{
	static char names[700][24];
	static struct dent dents[700];

	for (u32 bb = 9; bb <= 12; bb++) {
		for (size_t n = 0; n <= 700; n += n < 60 ? 1 : 160) {
			struct dir d;
			u64 nid;

			for (size_t i = 0; i < n; i++) {
				/* Even numbers only, with lengths from 4 to 20. */
				snprintf(names[i], sizeof(names[i]), "%04zu%.*s", 2 * i,
					 (int)(i * 7 % 17), "bbbbbbbbbbbbbbbbb");
				dents[i] = (struct dent){ names[i], i + 1, EROFS_FT_REG, 0 };
			}
			dir_open(&d, bb, dents, n);
			for (size_t i = 0; i < n; i++) {
				size_t len = strlen(names[i]);
				char other[24];

				nid = 0;
				CHECK_EQ(dir_find(&d, names[i], len, &nid, NULL), 0);
				CHECK_EQ(nid, i + 1);
				/* A prefix, a longer name, the odd number behind it. */
				CHECK_EQ(dir_find(&d, names[i], len - 1, &nid, NULL), -ENOENT);
				memcpy(other, names[i], sizeof(other));
				other[len] = 'a';
				CHECK_EQ(dir_find(&d, other, len + 1, &nid, NULL), -ENOENT);
				snprintf(other, sizeof(other), "%04zu", 2 * i + 1);
				CHECK_EQ(dir_find(&d, other, 4, &nid, NULL), -ENOENT);
			}
			CHECK_EQ(dir_find(&d, "!", 1, &nid, NULL), -ENOENT);
			CHECK_EQ(dir_find(&d, "\xff", 1, &nid, NULL), -ENOENT);
			free(d.content);
		}
	}
}

static void lookup_special_names(void)
{
	struct dent dents[] = {
		{ "!x", 1, 1, 0 }, { "-", 2, 1, 0 }, { ".", 3, 1, 0 }, { "..", 4, 1, 0 },
		{ "...", 5, 1, 0 }, { long_name, 6, 1, 255 }, { "\x80", 7, 1, 0 },
		{ "\xff\xff", 8, 1, 0 },
	};
	struct dir d;
	u64 nid;

	fill_long_name();
	dir_open(&d, 9, dents, 8);
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(dir_find(&d, dents[i].name, dents[i].len ? 255 : strlen(dents[i].name),
				  &nid, NULL), 0);
		CHECK_EQ(nid, i + 1);
	}
	CHECK_EQ(dir_find(&d, long_name, 254, &nid, NULL), -ENOENT);
	CHECK_EQ(dir_find(&d, long_name, 256, &nid, NULL), -ENAMETOOLONG);
	CHECK_EQ(dir_find(&d, long_name, (size_t)-1, &nid, NULL), -ENAMETOOLONG);
	CHECK_EQ(dir_find(&d, "", 0, &nid, NULL), -ENOENT);
	free(d.content);

	/* DOT_OMITTED: "." is just not there. */
	dir_open(&d, 9, dents + 3, 2);
	CHECK_EQ(dir_find(&d, ".", 1, &nid, NULL), -ENOENT);
	CHECK_EQ(dir_find(&d, "..", 2, &nid, NULL), 0);
	free(d.content);

	/* An empty directory */
	dir_open(&d, 9, NULL, 0);
	CHECK_EQ(d.inode.size, 0);
	CHECK_EQ(dir_find(&d, "..", 2, &nid, NULL), -ENOENT);
	CHECK_EQ(d.r.gets, 0);
	free(d.content);
}

/* A directory of 2^54 blocks that all say "later", or "earlier": 55 spans at most. */
static int endless_get(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
		       struct erofs_span *span)
{
	struct reader *r = (struct reader *)src;

	(void)space;
	(void)pos;
	r->gets++;
	r->held++;
	span->data = r->bytes[EROFS_CONTENT].data;
	span->len = min;
	return 0;
}

static void endless_put(struct erofs_source *src, struct erofs_span *span)
{
	(void)span;
	((struct reader *)src)->held--;
}

static void lookup_huge_directory(void)
{
	struct dent dents[] = { { "m", 1, 1, 0 }, { "n", 2, 1, 0 } };
	struct erofs_super sb = { .blkszbits = 9 };
	struct erofs_inode dir = { .size = POS_LIMIT };
	u8 block[512] = { 0 };
	struct reader r;
	u64 nid;
	u8 type;

	dir_pack(block, 512, dents, 2);
	reader_init(&r, test_mode, NULL, 0);
	r.src.get = endless_get;
	r.src.put = endless_put;
	r.bytes[EROFS_CONTENT].data = block;
	CHECK_EQ(erofs_dir_lookup(&r.src, &sb, &dir, "a", 1, &nid, &type, NULL), -ENOENT);
	CHECK_THAT(r.gets <= 55, "%lu spans", r.gets);
	r.gets = 0;
	CHECK_EQ(erofs_dir_lookup(&r.src, &sb, &dir, "z", 1, &nid, &type, NULL), -ENOENT);
	CHECK_THAT(r.gets <= 55, "%lu spans", r.gets);
	r.gets = 0;
	CHECK_EQ(erofs_dir_lookup(&r.src, &sb, &dir, "n", 1, &nid, &type, NULL), 0);
	CHECK_EQ(nid, 2);
	CHECK_EQ(r.gets, 1);
	CHECK_EQ(r.held, 0);
}

/* Damage in a block that lookup passes through is reported, elsewhere it is not. */
static void lookup_damaged(void)
{
	static char names[200][12];
	static struct dent dents[200];
	struct erofs_diag diag;
	struct dir d;
	u64 nid;

	for (int i = 0; i < 200; i++) {
		snprintf(names[i], sizeof(names[i]), "%04d", i);
		dents[i] = (struct dent){ names[i], (u64)i, EROFS_FT_REG, 0 };
	}
	dir_open(&d, 9, dents, 200);
	CHECK_EQ(d.inode.size, 6 * 512 + 8 * 16);	/* 32 entries of 16 bytes per block */

	/* Block 0 without entries: a name of the last block does not care. */
	put_le(d.content + 8, 2, 0);
	FAILS_WITH(dir_find(&d, "0003", 4, &nid, &diag), -EFSCORRUPTED, DIR_NAMEOFF0);
	CHECK_EQ(diag.nid, 9);
	CHECK_EQ(dir_find(&d, "0199", 4, &nid, NULL), 0);
	put_le(d.content + 8, 2, 384);

	/* A bad name offset in the last block */
	put_le(d.content + 6 * 512 + 3 * 12 + 8, 2, 5000);
	CHECK_EQ(dir_find(&d, "0003", 4, &nid, NULL), 0);
	CHECK_EQ(dir_find(&d, "0195", 4, &nid, &diag), -EFSCORRUPTED);
	put_le(d.content + 6 * 512 + 3 * 12 + 8, 2, 96 + 12);

	/* '/' in the name that is found */
	d.content[6 * 512 + 96 + 3 * 4] = '/';
	FAILS_WITH(dir_find(&d, "/195", 4, &nid, &diag), -ENOENT, OK);
	d.content[6 * 512 + 96 + 3 * 4] = '0';
	d.content[6 * 512 + 96 + 7 * 4 + 3] = '/';
	FAILS_WITH(dir_find(&d, "019/", 4, &nid, &diag), -ENOENT, OK);
	d.content[6 * 512 + 96 + 7 * 4 + 3] = '9';

	/* The content ends early */
	d.r.bytes[EROFS_CONTENT].len -= 1;
	FAILS_WITH(dir_find(&d, "0199", 4, &nid, &diag), -EIO, SOURCE);
	free(d.content);
}

/* A block that has been looked at is not asked for again. */
static void lookup_spans(void)
{
	static char names[64][12];
	static struct dent dents[64];
	struct dir d;
	u64 nid;

	for (int i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "%04d", i);
		dents[i] = (struct dent){ names[i], (u64)i, EROFS_FT_REG, 0 };
	}
	dir_open(&d, 9, dents, 64);
	CHECK_EQ(d.inode.size, 1024);		/* two blocks; the second one is asked first */
	CHECK_EQ(dir_find(&d, "9", 1, &nid, NULL), -ENOENT);
	CHECK_EQ(d.r.gets, 1);
	CHECK_EQ(dir_find(&d, "0040", 4, &nid, NULL), 0);
	CHECK_EQ(d.r.gets, 2);
	CHECK_EQ(dir_find(&d, "0010", 4, &nid, NULL), 0);
	CHECK_EQ(d.r.gets, 4);
	CHECK_EQ(dir_find(&d, "!", 1, &nid, NULL), -ENOENT);
	CHECK_EQ(d.r.gets, 6);
	free(d.content);
}

static void lookup_slash(void)
{
	struct dent dents[] = { { "a/b", 1, 1, 0 } };
	struct erofs_diag diag;
	struct dir d;
	u64 nid;

	dir_open(&d, 9, dents, 1);
	FAILS_WITH(dir_find(&d, "a/b", 3, &nid, &diag), -EFSCORRUPTED, DIR_NAME);
	free(d.content);
}

/* Names out of order: every answer is an answer, and found names have the right nid. */
static void lookup_unsorted(void)
{
	static char names[120][12];
	static struct dent dents[120];
	struct dir d;
	u32 seed = 4;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 120; i++) {
			seed = seed * 1103515245 + 12345;
			snprintf(names[i], sizeof(names[i]), "%u", seed >> 16);
			dents[i] = (struct dent){ names[i], seed >> 16, EROFS_FT_REG, 0 };
		}
		dir_open(&d, 9, dents, 120);
		for (int i = 0; i < 120; i++) {
			u64 nid = 0;
			int err = dir_find(&d, names[i], strlen(names[i]), &nid, NULL);

			CHECK(err == 0 || err == -ENOENT);
			if (!err)
				CHECK_EQ(nid, dents[i].nid);
		}
		free(d.content);
	}
}

/* Names out of order must not make a name match that only ends like the wanted one. */
static void lookup_unsorted_lookalikes(void)
{
	struct dent dents[5] = { { "A0", 1, 1, 0 }, { "A1", 2, 1, 0 }, { "aa", 3, 1, 0 },
				 { "xb", 4, 1, 0 }, { "ac", 5, 1, 0 } };
	struct dir d;
	u64 nid;

	/* "ab" lies between "aa" and "ac", which both begin with "a". */
	dir_open(&d, 9, dents, 5);
	CHECK_EQ(dir_find(&d, "ab", 2, &nid, NULL), -ENOENT);
	free(d.content);
	dents[3].name = "ab";
	dir_open(&d, 9, dents, 5);
	CHECK_EQ(dir_find(&d, "ab", 2, &nid, NULL), 0);
	CHECK_EQ(nid, 4);
	free(d.content);
}

void tests_dir(void)
{
	RUN(dirblock_entries);
	RUN(dirblock_largest);
	RUN(dirblock_name_lengths);
	RUN(dirblock_offsets);
	RUN(dirblock_names);
	RUN(dirblock_truncated);
	RUN(lookup_everything);
	RUN(lookup_special_names);
	RUN(lookup_huge_directory);
	RUN(lookup_damaged);
	RUN(lookup_spans);
	RUN(lookup_slash);
	RUN(lookup_unsorted);
	RUN(lookup_unsorted_lookalikes);
}
