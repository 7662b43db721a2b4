// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walker; see walk.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "walk.h"

/* Errnos that a failed check or a source may produce. */
static bool errno_is_expected(int err, const struct erofs_diag *diag)
{
	static const struct {
		const char *name;
		int err;
	} checks[EROFS_CHECK_COUNT] = {
#define X(name, err, text)	[EROFS_CHECK_##name] = { #name, err },
		EROFS_CHECKS(X)
#undef X
	};

	if (diag->check <= EROFS_CHECK_OK || diag->check >= EROFS_CHECK_COUNT)
		return false;
	if (diag->check == EROFS_CHECK_SOURCE)
		return diag->value == (u64)-err;
	return err == -checks[diag->check].err;
}

static struct erofs_diag fresh_diag(void)
{
	return (struct erofs_diag){ .check = EROFS_CHECK_OK };
}

static int failed(struct walk *w, const char *call, int err, const struct erofs_diag *diag)
{
	if (!w->failures++) {
		w->first_check = diag->check;
		w->first_err = err;
	}
	if (!errno_is_expected(err, diag)) {
		if (!w->unnamed++)
			printf("# %s: %d without the check it belongs to (%s)\n", call, err,
			       erofs_check_name(diag->check));
	}
	if (w->on_error)
		w->on_error(w, call, err, diag);
	return err;
}

u64 walk_hash(const void *data, size_t len)
{
	const u8 *p = data;
	u64 hash = 0xcbf29ce484222325ULL;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

static void note(struct walk *w, const char *call, u64 a, u64 b, u64 hash)
{
	if (w->nnotes == w->room) {
		w->room = w->room ? 2 * w->room : 1024;
		w->notes = realloc(w->notes, w->room * sizeof(*w->notes));
		if (!w->notes)
			abort();
	}
	w->notes[w->nnotes++] = (struct walk_note){ call, a, b, hash };
}

static int note_order(const void *pa, const void *pb)
{
	const struct walk_note *a = pa, *b = pb;
	int order = strcmp(a->call, b->call);

	if (!order)
		order = (a->a > b->a) - (a->a < b->a);
	if (!order)
		order = (a->b > b->b) - (a->b < b->b);
	return order;
}

void walk_sort(struct walk *w)
{
	if (w->nnotes)
		qsort(w->notes, w->nnotes, sizeof(*w->notes), note_order);
}

const struct walk_note *walk_find(const struct walk *w, const char *call, u64 a, u64 b)
{
	struct walk_note key = { call, a, b, 0 };

	if (!w->nnotes)
		return NULL;
	return bsearch(&key, w->notes, w->nnotes, sizeof(*w->notes), note_order);
}

void walk_free(struct walk *w)
{
	free(w->notes);
	w->notes = NULL;
}

/* ---- One inode ---------------------------------------------------------------- */

static void add_nid(struct walk *w, u64 nid)
{
	for (u32 i = 0; i < w->ninodes; i++) {
		if (w->nids[i] == nid)
			return;
	}
	if (w->ninodes < WALK_MAX_INODES)
		w->nids[w->ninodes++] = nid;
}

static u64 hash_inode(const struct erofs_inode *inode)
{
	/* Field by field: padding has no value. */
	const u64 fields[] = {
		inode->nid, inode->size, (u64)inode->mtime, inode->mtime_nsec, inode->uid,
		inode->gid, inode->nlink, inode->rdev_major, inode->rdev_minor, inode->mode,
		inode->chunk_format, inode->layout, inode->chunk_bits, inode->dot_omitted,
		inode->flat_hole, inode->space, inode->xattr_size, inode->xattr_pos,
		inode->tail_pos, inode->startblk, inode->blocks,
	};

	return walk_hash(fields, sizeof(fields));
}

/* Extents with one byte, one block and everything wanted have to agree. */
static void walk_extents(struct walk *w, const struct erofs_inode *inode)
{
	u64 la = 0;

	for (int i = 0; i < WALK_MAX_EXTENTS && la < inode->size; i++) {
		struct erofs_diag diag = fresh_diag();
		struct erofs_extent ext;
		struct erofs_location loc;
		int err;

		err = erofs_map(&w->r->src, &w->sb, inode, la, 1ULL << 22, &ext, &diag);
		if (err) {
			failed(w, "map", err, &diag);
			return;
		}
		if (ext.type == EROFS_EXTENT_DATA) {
			err = erofs_locate(&w->sb, w->sb.extra_devices ? w->devs : NULL, true,
					   ext.device_id, ext.pa, ext.len, &loc, &diag);
			if (err)
				failed(w, "locate", err, &diag);
		}
		la += ext.len;
	}
}

static void walk_content(struct walk *w, const struct erofs_inode *inode)
{
	static u8 buf[1 << EROFS_BLKSZBITS_MAX];
	u32 blksize = 1U << w->sb.blkszbits;

	for (u64 blk = 0; blk < WALK_MAX_BLOCKS && blk << w->sb.blkszbits < inode->size; blk++) {
		struct erofs_diag diag = fresh_diag();
		u64 pos = blk << w->sb.blkszbits;
		size_t len = inode->size - pos < blksize ? (size_t)(inode->size - pos) : blksize;
		int err;

		err = reader_file(w->r, inode, pos, buf, len, &diag);
		if (!err)
			note(w, "content", inode->nid, blk, walk_hash(buf, len));
		if (!err && (inode->mode & 0170000) == 0120000 && len == inode->size) {
			err = erofs_symlink_check(inode, buf, len, &diag);
			if (err)
				failed(w, "symlink", err, &diag);
		}
	}
}

static void lookup(struct walk *w, const struct erofs_inode *dir, const char *name, size_t len,
		   u64 key)
{
	struct erofs_diag diag = fresh_diag();
	u64 nid = 0;
	u8 type = 0;
	int err;

	err = erofs_dir_lookup(&w->r->src, &w->sb, dir, name, len, &nid, &type, &diag);
	if (err && err != -ENOENT)
		failed(w, "lookup", err, &diag);
	else
		note(w, "lookup", dir->nid, key, err ? (u64)err : nid * 16 + type);
}

static void walk_dirblock(struct walk *w, const struct erofs_inode *dir, u64 pos, u8 *buf, u32 len)
{
	struct erofs_diag diag = fresh_diag();
	struct erofs_dirblock db;
	int err;

	err = erofs_dirblock_open(&db, buf, len, 1U << w->sb.blkszbits, dir->nid, pos, &diag);
	if (err) {
		failed(w, "dirblock", err, &diag);
		return;
	}
	for (u32 i = 0; i < db.count; i++) {
		struct erofs_dirent de;

		diag = fresh_diag();
		err = erofs_dirblock_entry(&db, i, &de, &diag);
		if (err) {
			failed(w, "dirent", err, &diag);
			continue;
		}
		note(w, "dirent", dir->nid, pos + i, walk_hash(de.name, de.namelen) ^ de.nid);
		add_nid(w, de.nid);
		lookup(w, dir, de.name, de.namelen, walk_hash(de.name, de.namelen));
	}
}

static void walk_dir(struct walk *w, const struct erofs_inode *dir)
{
	u32 blksize = 1U << w->sb.blkszbits;

	w->r->inodes[EROFS_CONTENT] = dir;
	for (u64 blk = 0; blk < WALK_MAX_BLOCKS && blk << w->sb.blkszbits < dir->size; blk++) {
		u64 pos = blk << w->sb.blkszbits;
		u32 len = dir->size - pos < blksize ? (u32)(dir->size - pos) : blksize;
		u8 *buf = malloc(len);
		int err;

		/* An exact-size copy here, too. */
		err = reader_file(w->r, dir, pos, buf, len, NULL);
		if (!err)
			walk_dirblock(w, dir, pos, buf, len);
		free(buf);
	}
	lookup(w, dir, "m-not-there", 11, 0);
	lookup(w, dir, "\xff\xff", 2, 1);
	lookup(w, dir, "!", 1, 2);
	w->r->inodes[EROFS_CONTENT] = NULL;
}

struct list_ctx {
	struct walk *w;
	u64 hash;
	u32 count;
	struct {
		u8 index;
		u8 len;
		char name[255];
	} found[16];
};

static int list_emit(void *opaque, u8 index, const char *name, size_t namelen)
{
	struct list_ctx *ctx = opaque;

	ctx->hash = ctx->hash * 31 + walk_hash(name, namelen) + index;
	if (ctx->count < 16) {
		ctx->found[ctx->count].index = index;
		ctx->found[ctx->count].len = (u8)namelen;
		memcpy(ctx->found[ctx->count].name, name, namelen);
		ctx->count++;
	}
	return 0;
}

static void walk_xattr(struct walk *w, const struct erofs_inode *inode, u8 index, const char *name,
		       size_t namelen)
{
	static u8 value[65535];
	struct erofs_diag diag = fresh_diag();
	u64 key = walk_hash(name, namelen) + index;
	int ret;

	ret = erofs_xattr_get(&w->r->src, &w->sb, w->prefixes, inode, index, name, namelen, value,
			      sizeof(value), &diag);
	if (ret >= 0)
		note(w, "xattr", inode->nid, key, walk_hash(value, (size_t)ret));
	else if (ret == -ENODATA)
		note(w, "xattr", inode->nid, key, (u64)ret);
	else
		failed(w, "xattr", ret, &diag);
}

static void walk_xattrs(struct walk *w, const struct erofs_inode *inode)
{
	struct list_ctx ctx = { .w = w };
	struct erofs_diag diag = fresh_diag();
	u8 print[1 << EROFS_BLKSZBITS_MAX];
	int ret;

	ret = erofs_xattr_list(&w->r->src, &w->sb, w->prefixes, inode, list_emit, &ctx, &diag);
	if (ret)
		failed(w, "list", ret, &diag);
	else
		note(w, "list", inode->nid, 0, ctx.hash);
	for (u32 i = 0; i < ctx.count; i++)
		walk_xattr(w, inode, ctx.found[i].index, ctx.found[i].name, ctx.found[i].len);
	walk_xattr(w, inode, 1, "not there", 9);
	walk_xattr(w, inode, 2, "", 0);

	diag = fresh_diag();
	ret = erofs_fingerprint_get(&w->r->src, &w->sb, w->prefixes, inode, print, sizeof(print),
				    &diag);
	if (ret > 0)
		note(w, "fingerprint", inode->nid, 0, walk_hash(print, (size_t)ret));
	else if (ret == -ENODATA)
		note(w, "fingerprint", inode->nid, 0, 0);
	else
		failed(w, "fingerprint", ret, &diag);
	erofs_xattr_may_have_acl(&w->r->src, &w->sb, inode);
}

static void walk_inode(struct walk *w, u64 nid)
{
	struct erofs_diag diag = fresh_diag();
	struct erofs_inode inode;
	int err;

	err = erofs_inode_read(&w->r->src, &w->sb, nid, &inode, &diag);
	if (err) {
		failed(w, "inode", err, &diag);
		return;
	}
	note(w, "inode", nid, erofs_st_blocks(&w->sb, &inode), hash_inode(&inode));
	walk_xattrs(w, &inode);
	walk_extents(w, &inode);
	if ((inode.mode & 0170000) == 0040000)
		walk_dir(w, &inode);
	else
		walk_content(w, &inode);
}

/* ---- Mounting -------------------------------------------------------------------- */

static int load_role(struct walk *w, u64 nid, enum erofs_role role, struct erofs_inode *inode)
{
	struct erofs_diag diag = fresh_diag();
	int err;

	err = erofs_inode_read(&w->r->src, &w->sb, nid, inode, &diag);
	if (!err)
		err = erofs_role_check(inode, role, &diag);
	return err ? failed(w, "role", err, &diag) : 0;
}

static u64 hash_super(const struct erofs_super *sb)
{
	const u64 fields[] = {
		sb->feature_compat, sb->feature_incompat, sb->size, sb->blkszbits,
		sb->xattr_prefix_count, sb->ishare_prefix_id, sb->has_ishare, sb->has_metabox,
		sb->has_packed, sb->xattr_filter, sb->extra_devices, sb->device_id_mask,
		sb->algorithms, sb->fixed_nsec, sb->xattr_blkaddr, sb->meta_blkaddr,
		(u64)sb->epoch, sb->build_time, sb->inos, sb->blocks, sb->root_nid,
		sb->packed_nid, sb->metabox_nid, sb->devt_pos, sb->prefix_pos, sb->cfg_pos,
	};

	return walk_hash(fields, sizeof(fields));
}

static int mount(struct walk *w)
{
	struct erofs_diag diag = fresh_diag();
	struct erofs_inode root;
	u64 pos;
	int err;

	err = erofs_super_read(&w->r->src, EROFS_BLKSZBITS_MAX, &w->sb, &diag);
	if (err)
		return failed(w, "super", err, &diag);
	note(w, "super", 0, 0, hash_super(&w->sb));
	w->r->blkszbits = w->sb.blkszbits;
	w->r->sb = &w->sb;

	for (u32 id = 1; id <= w->sb.extra_devices; id++) {
		struct erofs_device dev;

		err = erofs_device_read(&w->r->src, &w->sb, id, &dev, &diag);
		if (err)
			return failed(w, "device", err, &diag);
		note(w, "device", id, dev.blocks, walk_hash(dev.tag, strlen(dev.tag)) + dev.uniaddr);
		if (id > WALK_MAX_DEVICES)
			return -ENOMEM;	/* the walker's own limit */
		w->devs[id - 1] = dev;
	}
	if (w->sb.extra_devices)
		w->r->devs = w->devs;

	if (w->sb.has_packed) {
		err = load_role(w, w->sb.packed_nid, EROFS_ROLE_PACKED, &w->packed);
		if (err)
			return err;
		w->r->inodes[EROFS_PACKED] = &w->packed;
	}
	if (w->sb.has_metabox) {
		err = load_role(w, w->sb.metabox_nid, EROFS_ROLE_METABOX, &w->metabox);
		if (err)
			return err;
		w->r->inodes[EROFS_MBOX] = &w->metabox;
	}
	err = load_role(w, w->sb.root_nid, EROFS_ROLE_ROOT, &root);
	if (err)
		return err;

	pos = w->sb.prefix_pos;
	for (u32 i = 0; i < w->sb.xattr_prefix_count; i++) {
		err = erofs_prefix_read(&w->r->src, &w->sb, &pos, &w->prefixes[i], &diag);
		if (err)
			return failed(w, "prefix", err, &diag);
		note(w, "prefix", i, w->prefixes[i].base_index,
		     walk_hash(w->prefixes[i].infix, w->prefixes[i].len));
	}
	add_nid(w, w->sb.root_nid);
	return 0;
}

void walk_image(struct walk *w, struct reader *r)
{
	void (*on_error)(struct walk *, const char *, int, const struct erofs_diag *) = w->on_error;

	memset(w, 0, sizeof(*w));
	w->on_error = on_error;
	w->r = r;
	if (mount(w))
		return;
	for (u32 i = 0; i < w->ninodes; i++)
		walk_inode(w, w->nids[i]);
}
