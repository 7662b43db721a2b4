// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image builder; see image.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "image.h"

/* ---- Bytes ------------------------------------------------------------------ */

void put_le(u8 *at, u32 width, u64 value)
{
	while (width--) {
		*at++ = (u8)value;
		value >>= 8;
	}
}

static void img_reserve(struct img *img, size_t len)
{
	size_t room = img->room ? img->room : 4096;

	while (room < len)
		room *= 2;
	if (room == img->room)
		return;
	img->data = realloc(img->data, room);
	if (!img->data) {
		perror("realloc");
		exit(1);
	}
	memset(img->data + img->room, 0, room - img->room);
	img->room = room;
}

u64 img_alloc(struct img *img, size_t len, u32 align)
{
	u64 pos = (img->len + align - 1) / align * align;

	img_reserve(img, (size_t)pos + len);
	img->len = (size_t)pos + len;
	return pos;
}

u64 img_bytes(struct img *img, const void *data, size_t len, u32 align)
{
	u64 pos = img_alloc(img, len, align);

	memcpy(img->data + pos, data, len);
	return pos;
}

void img_pad(struct img *img, u32 align)
{
	img_alloc(img, 0, align);
}

u32 img_blocks(struct img *img, const void *data, size_t len)
{
	u64 pos = img_bytes(img, data, len, img->bs);

	img_pad(img, img->bs);
	return (u32)(pos / img->bs);
}

void img_put(struct img *img, u64 pos, u32 width, u64 value)
{
	put_le(img->data + pos, width, value);
}

void img_init_metabox(struct img *img, u32 bb)
{
	memset(img, 0, sizeof(*img));
	img->bb = bb;
	img->bs = 1U << bb;
	img->nid_flag = EROFS_NID_METABOX;
	img_reserve(img, 1);
}

void img_init(struct img *img, u32 bb)
{
	img_init_metabox(img, bb);
	img->nid_flag = 0;
	img_alloc(img, img->bs > 1024 ? img->bs : 1024 + 512 + img->bs, 1);
}

void img_free(struct img *img)
{
	free(img->data);
	memset(img, 0, sizeof(*img));
}

/* ---- Superblock --------------------------------------------------------------- */

void img_super(struct img *img, const struct super_spec *spec)
{
	u8 *sb = img->data + 1024;

	put_le(sb + 0, 4, 0xe0f5e1e2);
	put_le(sb + 8, 4, spec->compat);
	put_le(sb + 12, 1, img->bb);
	put_le(sb + 13, 1, spec->extslots);
	put_le(sb + 14, 2, spec->rb);
	put_le(sb + 16, 8, spec->inos);
	put_le(sb + 24, 8, (u64)spec->epoch);
	put_le(sb + 32, 4, spec->fixed_nsec);
	put_le(sb + 36, 4, spec->blocks);
	put_le(sb + 40, 4, img->meta_blkaddr);
	put_le(sb + 44, 4, spec->xattr_blkaddr);
	memcpy(sb + 48, "0123456789ABCDEF", 16);
	if (spec->volume_name)
		memcpy(sb + 64, spec->volume_name, strnlen(spec->volume_name, 16));
	put_le(sb + 80, 4, spec->incompat);
	put_le(sb + 84, 2, spec->u1);
	put_le(sb + 86, 2, spec->extra_devices);
	put_le(sb + 88, 2, spec->devt_slotoff);
	put_le(sb + 91, 1, spec->prefix_count);
	put_le(sb + 92, 4, spec->prefix_start);
	put_le(sb + 96, 8, spec->packed_nid);
	put_le(sb + 104, 1, spec->filter_reserved);
	put_le(sb + 105, 1, spec->ishare_id);
	put_le(sb + 108, 4, spec->build_time);
	put_le(sb + 112, 8, spec->rootnid_8b);
	if (spec->extslots)
		put_le(sb + 128, 8, spec->metabox_nid);
	img_seal(img);
}

/* Bit by bit, so that it shares nothing with the table of the decoder. */
u32 ref_crc32c(u32 crc, const u8 *data, size_t len)
{
	while (len--) {
		crc ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return crc;
}

void img_seal(struct img *img)
{
	u8 *sb = img->data + 1024;

	put_le(sb + 4, 4, 0);
	if (sb[8] & 1)
		put_le(sb + 4, 4, ref_crc32c(0xffffffff, sb,
					     img->bs > 1024 ? img->bs - 1024 : img->bs));
}

/* ---- Extended attributes -------------------------------------------------------- */

void xattrs_init(struct xattrs *x)
{
	memset(x, 0, sizeof(*x));
	x->len = 12;
	x->filter = 0xffffffff;
}

void xattrs_set_filter(struct xattrs *x, u32 filter)
{
	x->filter = filter;
	put_le(x->bytes, 4, filter);
}

void xattrs_claim(struct xattrs *x, u8 base_index, const char *remainder)
{
	u32 hash = erofs_xxh32(remainder, strlen(remainder), 0x25bbe08f + base_index);

	xattrs_set_filter(x, x->filter & ~(1U << (hash & 31)));
}

void xattrs_shared(struct xattrs *x, u32 id)
{
	put_le(x->bytes + x->len, 4, id);
	x->len += 4;
	x->bytes[4]++;
}

size_t xattr_entry(u8 *out, u8 index, const char *name, size_t name_len, const void *value,
		   size_t value_len)
{
	put_le(out, 1, name_len);
	put_le(out + 1, 1, index);
	put_le(out + 2, 2, value_len);
	memcpy(out + 4, name, name_len);
	memcpy(out + 4 + name_len, value, value_len);
	return (4 + name_len + value_len + 3) / 4 * 4;
}

void xattrs_add(struct xattrs *x, u8 index, const char *name, size_t name_len, const void *value,
		size_t value_len)
{
	x->len += xattr_entry(x->bytes + x->len, index, name, name_len, value, value_len);
}

void xattrs_pad(struct xattrs *x, size_t len)
{
	if (x->len < len)
		x->len = len;
}

/* ---- Inodes ------------------------------------------------------------------------ */

static void put_compact(u8 *at, const struct inode_spec *spec)
{
	put_le(at + 8, 4, spec->size);
	put_le(at + 12, 4, spec->mtime);
	put_le(at + 16, 4, spec->u);
	put_le(at + 24, 2, spec->uid);
	put_le(at + 26, 2, spec->gid);
}

static void put_extended(u8 *at, const struct inode_spec *spec)
{
	put_le(at + 8, 8, spec->size);
	put_le(at + 16, 4, spec->u);
	put_le(at + 24, 4, spec->uid);
	put_le(at + 28, 4, spec->gid);
	put_le(at + 32, 8, spec->mtime);
	put_le(at + 40, 4, spec->nsec);
	put_le(at + 44, 4, spec->nlink);
}

u64 img_inode(struct img *img, const struct inode_spec *spec)
{
	size_t isize = spec->extended ? 64 : 32;
	size_t xsize = spec->xattrs ? spec->xattrs->len : 0;
	u32 align = spec->tail_align ? spec->tail_align : 1;
	u64 pos, tail;
	u8 *at;

	/* Find a slot from which an inline tail does not cross a block. */
	for (pos = (img->len + 31) / 32 * 32; ; pos += 32) {
		tail = (pos + isize + xsize + align - 1) / align * align;
		if (spec->layout != EROFS_LAYOUT_FLAT_INLINE ||
		    tail % img->bs + spec->tail_len <= img->bs)
			break;
	}
	img_reserve(img, (size_t)tail + spec->tail_len);
	img->len = (size_t)tail + spec->tail_len;

	at = img->data + pos;
	put_le(at, 2, (spec->extended ? 1 : 0) | spec->layout << 1 | (spec->bit4 ? 0x10 : 0) |
	       spec->format_extra);
	put_le(at + 2, 2, xsize ? (xsize - 12) / 4 + 1 : 0);
	put_le(at + 4, 2, spec->mode);
	put_le(at + 6, 2, spec->nb);
	if (spec->extended)
		put_extended(at, spec);
	else
		put_compact(at, spec);
	if (xsize)
		memcpy(at + isize, spec->xattrs->bytes, xsize);
	if (spec->tail_len)
		memcpy(img->data + tail, spec->tail, spec->tail_len);
	return (pos - (u64)img->meta_blkaddr * img->bs) / 32 | img->nid_flag;
}

u64 img_nid_pos(const struct img *img, u64 nid)
{
	return (nid & ~img->nid_flag) * 32 + (u64)img->meta_blkaddr * img->bs;
}

/* ---- Directories --------------------------------------------------------------------- */

static size_t dent_len(const struct dent *d)
{
	return d->len ? d->len : strlen(d->name);
}

static int dent_order(const void *pa, const void *pb)
{
	const struct dent *a = pa, *b = pb;
	size_t la = dent_len(a), lb = dent_len(b);
	int order = memcmp(a->name, b->name, la < lb ? la : lb);

	return order ? order : (la > lb) - (la < lb);
}

void dents_sort(struct dent *dents, size_t n)
{
	qsort(dents, n, sizeof(*dents), dent_order);
}

size_t dir_pack(u8 *out, u32 bs, const struct dent *dents, size_t n)
{
	size_t done = 0, block = 0, used = 0;

	while (done < n) {
		size_t k = 0, name;

		used = 0;
		while (done + k < n && used + 12 + dent_len(&dents[done + k]) <= bs)
			used += 12 + dent_len(&dents[done + k++]);
		memset(out + block, 0, bs);
		name = 12 * k;
		for (size_t i = 0; i < k; i++) {
			const struct dent *d = &dents[done + i];
			u8 *at = out + block + 12 * i;

			put_le(at, 8, d->nid);
			put_le(at + 8, 2, name);
			put_le(at + 10, 1, d->type);
			memcpy(out + block + name, d->name, dent_len(d));
			name += dent_len(d);
		}
		done += k;
		if (done < n)
			block += bs;
	}
	return n ? block + used : 0;
}

/* ---- The sample -------------------------------------------------------------------------- */

void sample_pattern(u8 *out, size_t len, u32 seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		out[i] = (u8)(seed >> 24);
	}
}

/* Shared attributes and the prefix table; returns the position of the first shared entry. */
static u64 sample_shared(struct img *img)
{
	u8 entry[64];
	size_t len;
	u64 pos;

	len = xattr_entry(entry, 6, "selinux", 7, "system_u:object_r", 17);
	pos = img_bytes(img, entry, len, 32);
	len = xattr_entry(entry, 4, "overlay.opaque", 14, "y", 1);
	img_bytes(img, entry, len, 4);
	return pos;
}

static u64 sample_prefixes(struct img *img)
{
	static const u8 table[] = "\x05\0\1app.\0\x12\0\4erofs.fingerprint";

	return img_bytes(img, table, sizeof(table) - 1, 4);
}

/* The names of the sub directory: n00, nn01, nnn02, ... */
static size_t sample_subdir(u8 *out, u32 bs, u64 nid, u64 self, u64 parent)
{
	static char names[SAMPLE_SUB_NAMES][64];
	struct dent dents[SAMPLE_SUB_NAMES + 2] = {
		{ ".", self, EROFS_FT_DIR, 0 }, { "..", parent, EROFS_FT_DIR, 0 },
	};

	for (int i = 0; i < SAMPLE_SUB_NAMES; i++) {
		memset(names[i], 'n', 60);
		sprintf(names[i] + 1 + i % 30, "%02d", i);
		dents[i + 2] = (struct dent){ names[i], nid, EROFS_FT_REG, 0 };
	}
	dents_sort(dents, SAMPLE_SUB_NAMES + 2);
	return dir_pack(out, bs, dents, SAMPLE_SUB_NAMES + 2);
}

/* Full blocks of flat content go to the data area, the rest behind the inode. */
static u64 sample_inline(struct img *data, struct img *meta, struct inode_spec spec,
			 const u8 *content, size_t len)
{
	size_t full = len ? (len - 1) / data->bs * data->bs : 0;

	spec.layout = EROFS_LAYOUT_FLAT_INLINE;
	spec.size = len;
	spec.u = full ? img_blocks(data, content, full) : 0xffffffff;
	spec.tail = content + full;
	spec.tail_len = len - full;
	return img_inode(meta, &spec);
}

static u64 sample_chunks(struct img *data, struct img *meta)
{
	static u8 content[8 * 4096];
	u32 bs = data->bs, blk;
	u8 table[6 * 4];

	sample_pattern(content, 3 * bs, 7);
	blk = img_blocks(data, content, 3 * bs);
	put_le(table + 0, 4, blk);
	put_le(table + 4, 4, blk + 1);		/* contiguous */
	put_le(table + 8, 4, 0xffffffff);
	put_le(table + 12, 4, 0xffffffff);
	put_le(table + 16, 4, blk);		/* the same block again */
	put_le(table + 20, 4, blk + 2);
	return img_inode(meta, &(struct inode_spec){
		.layout = EROFS_LAYOUT_CHUNK_BASED, .mode = 0100644, .nb = 1,
		.size = 5 * (u64)bs + 77, .u = 0, .tail = table, .tail_len = 24, .tail_align = 4 });
}

static u64 sample_indexes(struct img *data, struct img *meta, u32 flags)
{
	static u8 content[4 * 4096];
	u32 bs = data->bs, blk;
	u8 table[4 * 8] = { 0 };

	sample_pattern(content, 4 * bs, 9);
	blk = img_blocks(data, content, 4 * bs);
	put_le(table + 4, 4, blk);
	put_le(table + 12, 4, blk + 2);
	put_le(table + 20, 4, 0xffffffff);
	put_le(table + 28, 4, 0);
	if (flags & SAMPLE_DEVICES)
		put_le(table + 26, 2, 2);	/* block 0 of device 2 */
	return img_inode(meta, &(struct inode_spec){
		.extended = true, .layout = EROFS_LAYOUT_CHUNK_BASED, .mode = 0100640, .nlink = 1,
		.size = 8 * (u64)bs - 1, .u = 0x20 | 1, .tail = table, .tail_len = 32,
		.tail_align = 8 });
}

void sample_build(struct sample *s, u32 bb, u32 flags)
{
	static struct xattrs x, xdir;
	static u8 content[64 * 1024];
	struct super_spec sb = { .incompat = 0x004 | 0x040, .compat = 0x04 | 0x20 | 0x10,
				 .epoch = 1700000000, .fixed_nsec = 5, .inos = 10,
				 .volume_name = "sample", .prefix_count = 2, .ishare_id = 1 };
	struct img mbox, *img = &s->img, *meta = img;
	u64 shared, pos;
	u32 bs, id;

	img_init(img, bb);
	img_init_metabox(&mbox, bb);
	bs = img->bs;
	if (flags & SAMPLE_METABOX)
		meta = &mbox;
	if (flags & SAMPLE_CHECKSUM)
		sb.compat |= 1;

	/* Tables. */
	shared = sample_shared(img);
	sb.xattr_blkaddr = (u32)(shared / bs);
	id = (u32)(shared % bs / 4);
	if (flags & SAMPLE_PACKED) {
		struct img packed;

		sb.compat &= ~0x10U;
		sb.incompat |= 0x020;
		img_init_metabox(&packed, bb);
		sb.prefix_start = (u32)(sample_prefixes(&packed) / 4);
		sb.packed_nid = sample_inline(img, img,
			(struct inode_spec){ .mode = 0100000, .nb = 1 }, packed.data, packed.len);
		img_free(&packed);
		/* The metabox is asked first; it gets other bytes in front. */
		if (flags & SAMPLE_METABOX) {
			img_alloc(&mbox, 100, 1);
			sb.prefix_start = (u32)(sample_prefixes(&mbox) / 4);
		}
	} else {
		sb.prefix_start = (u32)(sample_prefixes(img) / 4);
	}

	/* Files. */
	xattrs_init(&x);
	xattrs_shared(&x, id);
	xattrs_add(&x, 1, "common", 6, "value", 5);
	xattrs_add(&x, 0x80, "x", 1, "\0\1\2", 3);
	xattrs_add(&x, 0x81, "", 0, SAMPLE_PRINT, 39);
	xattrs_claim(&x, 6, "selinux");
	xattrs_claim(&x, 1, "common");
	xattrs_claim(&x, 1, "app.x");
	xattrs_claim(&x, 4, "erofs.fingerprint");

	sample_pattern(content, sizeof(content), 3);
	s->tail = sample_inline(img, meta, (struct inode_spec){
		.mode = 0100644, .nb = SAMPLE_SUB_NAMES + 1, .uid = 1000, .gid = 100, .mtime = 60,
		.xattrs = &x }, content, bs + 100);
	s->plain = img_inode(meta, &(struct inode_spec){
		.extended = true, .layout = EROFS_LAYOUT_FLAT_PLAIN, .mode = 0104755, .nlink = 1,
		.uid = 70000, .size = 2 * (u64)bs, .u = img_blocks(img, content, 2 * bs),
		.mtime = (u64)-5, .nsec = 999999999 });
	s->empty = img_inode(meta, &(struct inode_spec){
		.layout = EROFS_LAYOUT_FLAT_PLAIN, .mode = 0100600, .nb = 1, .u = 0xffffffff });
	s->chunks = sample_chunks(img, meta);
	s->indexes = sample_indexes(img, meta, flags);
	s->chr = img_inode(meta, &(struct inode_spec){
		.mode = 0020666, .nb = 1, .u = 0x1110c870 });
	s->link = sample_inline(img, meta, (struct inode_spec){ .mode = 0120777, .nb = 1 },
				(const u8 *)"../target", 9);
	memset(content, 'l', bs + 20);
	s->longlink = sample_inline(img, meta, (struct inode_spec){ .mode = 0120777, .nb = 1 },
				    content, bs + 20);

	/* Directories name each other, so they are built twice, at the same places. */
	xattrs_init(&xdir);
	xattrs_shared(&xdir, id + 7);
	xattrs_shared(&xdir, id);
	xattrs_claim(&xdir, 6, "selinux");
	xattrs_claim(&xdir, 4, "overlay.opaque");
	s->root = s->sub = 0;
	for (int pass = 0; pass < 2; pass++) {
		struct dent root[] = {
			{ ".", s->root, EROFS_FT_DIR, 0 }, { "..", s->root, EROFS_FT_DIR, 0 },
			{ "chr", s->chr, EROFS_FT_CHR, 0 }, { "chunks", s->chunks, 1, 0 },
			{ "empty", s->empty, 1, 0 }, { "indexes", s->indexes, 1, 0 },
			{ "link", s->link, 7, 0 }, { "longlink", s->longlink, 7, 0 },
			{ "plain", s->plain, 1, 0 }, { "sub", s->sub, 2, 0 },
			{ "tail", s->tail, 1, 0 },
		};
		size_t mark = meta->len, data_mark = img->len, len;

		len = sample_subdir(content, bs, s->tail, s->sub, s->root);
		s->sub = sample_inline(img, meta, (struct inode_spec){
			.mode = 0040755, .nb = 2, .xattrs = &xdir }, content, len);
		len = dir_pack(content, bs, root, sizeof(root) / sizeof(root[0]));
		s->root = sample_inline(img, meta, (struct inode_spec){
			.mode = 0040755, .nb = 3 }, content, len);
		if (!pass) {
			memset(meta->data + mark, 0, meta->len - mark);
			meta->len = mark;
			if (meta != img) {
				memset(img->data + data_mark, 0, img->len - data_mark);
				img->len = data_mark;
			}
		}
	}

	if (flags & SAMPLE_METABOX) {
		sb.incompat |= 0x100 | 0x080;
		sb.extslots = 1;
		sb.metabox_nid = sample_inline(img, img,
			(struct inode_spec){ .extended = true, .mode = 0100000, .nlink = 1 },
			mbox.data, mbox.len);
		sb.rootnid_8b = s->root;
	} else {
		sb.rb = (u16)s->root;
	}
	img_free(&mbox);

	if (flags & SAMPLE_DEVICES) {
		u8 slot[256] = { 0 };

		sb.incompat |= 0x008;
		sb.extra_devices = 2;
		memcpy(slot, "blob-one", 8);
		memset(slot + 128, 'T', 64);
		pos = img_alloc(img, 256, 128);
		sb.devt_slotoff = (u16)(pos / 128);
		img_pad(img, bs);
		sb.blocks = (u32)(img->len / bs);
		put_le(slot + 64, 4, 1);
		put_le(slot + 68, 4, sb.blocks);
		put_le(slot + 128 + 64, 4, 2);
		put_le(slot + 128 + 68, 4, sb.blocks + 1);
		memcpy(img->data + pos, slot, 256);
		sample_pattern(content, 3 * bs, 11);
		img_blocks(img, content, 3 * bs);
	} else {
		img_pad(img, bs);
		sb.blocks = (u32)(img->len / bs);
	}
	img_super(img, &sb);
}
