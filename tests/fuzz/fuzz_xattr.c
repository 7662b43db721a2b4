// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended attributes, prefixes and fingerprints. Input: mode, block size,
 * number of prefixes, size of the area, place of the shared attributes, name,
 * then an image: area at 0, prefix table at its end.
 */
#include "fuzz.h"

struct found {
	struct reader *r;
	u32 count;
	u8 index[8];
	u8 len[8];
	char name[8][255];
};

static int collect(void *ctx, u8 index, const char *name, size_t namelen)
{
	struct found *f = ctx;

	MUST(namelen <= 255 && !memchr(name, 0, namelen));
	MUST(index == 1 || index == 4 || index == 6 || ((index == 2 || index == 3) && !namelen));
	if (f->count < 8) {
		f->index[f->count] = index;
		f->len[f->count] = (u8)namelen;
		memcpy(f->name[f->count++], name, namelen);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct erofs_prefix prefixes[128];
	static u8 value[65535];
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1);
	struct erofs_super sb = { .blkszbits = (u8)(9 + take(&in, 1) % 8) };
	struct erofs_inode inode = { .nid = 1 };
	struct erofs_diag diag = { 0 };
	struct found found = { 0 };
	u32 namelen, icount;
	const char *name;
	struct reader r;
	u8 index;
	u64 pos;
	int ret;

	sb.xattr_prefix_count = (u8)(take(&in, 1) % 129);
	icount = (u32)take(&in, 2);
	sb.xattr_blkaddr = (u32)take(&in, 1);
	sb.ishare_prefix_id = 0;
	sb.xattr_filter = mode & 2;
	sb.has_ishare = (mode & 4) && sb.xattr_prefix_count;
	sb.feature_compat = mode & 8 ? EROFS_COMPAT_SHARED_EA_IN_METABOX : 0;
	index = (u8)take(&in, 1);
	namelen = (u32)take(&in, 1);
	if (namelen > in.size)
		namelen = (u32)in.size;
	name = (const char *)in.data;
	in.data += namelen;
	in.size -= namelen;
	inode.xattr_size = icount ? 12 + 4 * (icount - 1) : 0;
	sb.prefix_pos = ((u64)inode.xattr_size + 3) & ~3ULL;
	r = take_reader(&in, EROFS_DEV, 0, sb.blkszbits, mode);

	pos = sb.prefix_pos;
	for (u32 i = 0; i < sb.xattr_prefix_count; i++) {
		ret = erofs_prefix_read(&r.src, &sb, &pos, &prefixes[i], &diag);
		must_be_clean(&r, ret, &diag);
		if (ret) {
			sb.xattr_prefix_count = (u8)i;
			sb.has_ishare &= i > 0;
			break;
		}
	}

	diag.check = EROFS_CHECK_OK;
	ret = erofs_xattr_get(&r.src, &sb, prefixes, &inode, index, name, namelen, value,
			      sizeof(value), &diag);
	must_be_clean(&r, ret, ret == -ENODATA ? NULL : &diag);
	MUST(ret <= 65535);

	diag.check = EROFS_CHECK_OK;
	r.gets = 0;
	ret = erofs_xattr_list(&r.src, &sb, prefixes, &inode, collect, &found, &diag);
	must_be_clean(&r, ret, &diag);
	/* The header; of each shared entry its number, it and its name, of each inline one (4 bytes, at least) the last two. */
	MUST(r.gets <= 1 + 3 * 255 + 2 * (inode.xattr_size / 4));
	/* What is listed can be had, unless the filter lies. */
	sb.xattr_filter = false;
	for (u32 i = 0; i < found.count; i++) {
		ret = erofs_xattr_get(&r.src, &sb, prefixes, &inode, found.index[i], found.name[i],
				      found.len[i], NULL, 0, NULL);
		MUST(ret >= 0);
	}

	diag.check = EROFS_CHECK_OK;
	ret = erofs_fingerprint_get(&r.src, &sb, prefixes, &inode, value, sizeof(value), &diag);
	must_be_clean(&r, ret, ret == -ENODATA ? NULL : &diag);
	MUST(ret && (ret < 0 || ret <= 1 << sb.blkszbits));
	erofs_xattr_may_have_acl(&r.src, &sb, &inode);
	must_be_clean(&r, 0, NULL);
	return 0;
}
