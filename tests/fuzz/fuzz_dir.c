// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directory blocks and erofs_dir_lookup(). Input: mode, block size, length of a
 * name, the name, then the content of the directory.
 */
#include "fuzz.h"

static void read_block(const u8 *data, u32 len, u32 bs, u64 pos)
{
	struct erofs_diag diag = { 0 };
	struct erofs_dirblock db;
	u8 *copy = malloc(len);

	memcpy(copy, data, len);
	if (!erofs_dirblock_open(&db, copy, len, bs, 1, pos, &diag)) {
		MUST(db.count && db.count * 12 <= len);
		for (u32 i = 0; i < db.count; i++) {
			struct erofs_dirent de;

			if (erofs_dirblock_entry(&db, i, &de, &diag))
				continue;
			MUST(de.namelen >= 1 && de.namelen <= 255 && de.type <= 7);
			MUST((const u8 *)de.name >= copy + db.count * 12);
			MUST((const u8 *)de.name + de.namelen <= copy + len);
			MUST(!memchr(de.name, '/', de.namelen) && !memchr(de.name, 0, de.namelen));
		}
	} else {
		MUST(diag.check == EROFS_CHECK_DIR_NAMEOFF0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1);
	struct erofs_super sb = { .blkszbits = (u8)(9 + take(&in, 1) % 8) };
	struct erofs_inode dir = { .nid = 1 };
	struct erofs_diag diag = { 0 };
	u32 namelen = (u32)take(&in, 1), bs = 1U << sb.blkszbits;
	const char *name = (const char *)in.data;
	struct reader r;
	u64 nid;
	u8 type;
	int err;

	if (namelen > in.size)
		namelen = (u32)in.size;
	in.data += namelen;
	in.size -= namelen;
	dir.size = in.size;
	if (mode & 2)		/* larger than what is there */
		dir.size += (u64)mode << 40;
	r = take_reader(&in, EROFS_CONTENT, 0, sb.blkszbits, mode);

	for (size_t pos = 0; pos < in.size; pos += bs)
		read_block(in.data + pos, in.size - pos < bs ? (u32)(in.size - pos) : bs, bs, pos);
	err = erofs_dir_lookup(&r.src, &sb, &dir, name, namelen, &nid, &type, &diag);
	must_be_clean(&r, err, err == -ENOENT ? NULL : &diag);
	MUST(r.gets <= 55);
	if (!err)
		MUST(type <= 7);
	return 0;
}
