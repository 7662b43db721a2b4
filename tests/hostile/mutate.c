// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damage; see mutate.h.
 */
#include <stdlib.h>

#include "mutate.h"
#include "reader.h"
#include "sidecar.h"
#include "walk.h"

/* ---- Regions ---------------------------------------------------------------------- */

/* A reader that notes what it is asked for. */
#define NOTE_BITS	13
static struct {
	struct region *regions;
	u32 count, max;
	u16 slots[1 << NOTE_BITS];	/* number of the region + 1, by position */
	int (*get)(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
		   struct erofs_span *span);
} note;

static void note_region(u64 pos, u64 len, u32 kind)
{
	u32 slot = (u32)(pos * 2 + kind) * 0x9e3779b1U >> (32 - NOTE_BITS);

	for (; note.slots[slot]; slot = (slot + 1) & ((1 << NOTE_BITS) - 1)) {
		struct region *r = &note.regions[note.slots[slot] - 1];

		if (r->pos == pos && r->kind == kind) {
			if (r->len < len)
				r->len = (u32)len;
			return;
		}
	}
	if (note.count >= note.max || !len)
		return;
	note.regions[note.count++] = (struct region){ (u32)pos, (u32)len, kind };
	note.slots[slot] = (u16)note.count;
}

/* Where the bytes of a metabox that is not compressed lie on the device. */
static void note_metabox(struct reader *r, u64 pos, size_t len)
{
	const struct erofs_inode *inode = r->inodes[EROFS_MBOX];
	struct erofs_extent ext;

	if (!inode || erofs_inode_compressed(inode) || inode->layout == EROFS_LAYOUT_CHUNK_BASED ||
	    erofs_map(&r->src, r->sb, inode, pos, len, &ext, NULL))
		return;
	if (ext.type != EROFS_EXTENT_HOLE)
		note_region(ext.pa, ext.len, REGION_META);
}

static int noting_get(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
		      struct erofs_span *span)
{
	int err = note.get(src, space, pos, min, span);

	if (!err && space == EROFS_DEV)
		note_region(pos, min, REGION_META);
	else if (!err && space == EROFS_MBOX)
		note_metabox((struct reader *)src, pos, min);
	return err;
}

/* The map of a compressed inode, and where its clusters lie. */
static void note_clusters(struct walk *w, const struct erofs_inode *inode, u64 len)
{
	struct erofs_zcursor cur = { 0, 0 };
	struct erofs_zextent ext;
	struct erofs_zmap map;
	u64 la = 0;

	if (!inode->size || erofs_zmap_open(&w->r->src, &w->sb, inode, &map, NULL))
		return;
	for (int i = 0; i < WALK_MAX_EXTENTS && la < inode->size; i++, la = ext.la + ext.len) {
		if (erofs_zmap_find(&w->r->src, &w->sb, inode, &map, &cur, la, ~0ULL, &ext, NULL))
			return;
		if (ext.type == EROFS_Z_CLUSTER && ext.pa < len && ext.plen <= len - ext.pa)
			note_region(ext.pa, ext.plen, REGION_STREAM);
	}
}

u32 mutate_regions(const u8 *image, size_t len, struct region *regions, u32 max)
{
	struct walk w = { 0 };
	struct reader r;

	reader_init(&r, READER_EXACT, image, len);
	note.regions = regions;
	note.count = 0;
	note.max = max < (1 << NOTE_BITS) / 2 ? max : (1 << NOTE_BITS) / 2;
	memset(note.slots, 0, sizeof(note.slots));
	note.get = r.src.get;
	r.src.get = noting_get;
	walk_image(&w, &r);
	for (u32 i = 0; i < w.ninodes; i++) {
		struct erofs_inode inode;

		if (!erofs_inode_read(&r.src, &w.sb, w.nids[i], &inode, NULL) &&
		    erofs_inode_compressed(&inode))
			note_clusters(&w, &inode, len);
	}
	if (w.sb.has_packed && erofs_inode_compressed(&w.packed))
		note_clusters(&w, &w.packed, len);
	if (w.sb.has_metabox && erofs_inode_compressed(&w.metabox))
		note_clusters(&w, &w.metabox, len);
	walk_free(&w);
	return note.count;
}

/* ---- Changes ------------------------------------------------------------------------ */

static u64 get_le(const u8 *at, u32 width)
{
	u64 value = 0;

	while (width--)
		value = value << 8 | at[width];
	return value;
}

static void set_le(u8 *at, u32 width, u64 value)
{
	for (u32 i = 0; i < width; i++, value >>= 8)
		at[i] = (u8)value;
}

static u32 below(u64 *state, u32 n) { return (u32)(mutate_random(state) % n); }

/* Values at which something begins or ends. */
static u64 edge(u64 *state, u64 old, u64 other)
{
	static const u64 values[] = {
		0, 1, 2, 3, 7, 8, 15, 16, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0xfff, 0x1000,
		0x7ff, 0x800, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xffff, 0x10000, 0xfffff, 0x100000,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0xffffffffffff, 1ULL << 62,
		0x7fffffffffffffff, 1ULL << 63, ~0ULL, ~0ULL - 4095,
	};

	switch (below(state, 8)) {
	case 0:
	case 1:
		return values[below(state, sizeof(values) / sizeof(*values))];
	case 2:
		return old ^ 1ULL << below(state, 64);
	case 3:
		return old ^ 1ULL << below(state, 16);
	case 4:
		return old + 1 + below(state, 16);
	case 5:
		return old - 1 - below(state, 16);
	case 6:
		return other;
	default:
		return mutate_random(state) >> below(state, 64);
	}
}

/* One field of 1, 2, 4 or 8 bytes in [pos, pos + len). */
static void change_field(u8 *bytes, size_t size, u64 pos, u64 len, u64 *state)
{
	u32 width = 1U << below(state, 4);
	u64 at, from;

	while (width > len)
		width /= 2;
	if (!width || pos + len > size)
		return;
	at = pos + below(state, (u32)(len / width)) * width;
	from = mutate_random(state) % (size - width + 1);
	set_le(bytes + at, width, edge(state, get_le(bytes + at, width), get_le(bytes + from, width)));
}

static const struct region *pick(const struct region *regions, u32 count, u32 kind, u64 *state)
{
	u32 i, n = 0;

	for (i = 0; i < count; i++)
		n += regions[i].kind == kind;
	if (!n)
		return NULL;
	n = below(state, n);
	for (i = 0; ; i++) {
		if (regions[i].kind == kind && !n--)
			return &regions[i];
	}
}

/* One region in the place of another. */
static void copy_region(u8 *image, size_t len, const struct region *to, const struct region *from)
{
	u32 n = to->len < from->len ? to->len : from->len;

	if ((u64)to->pos + n <= len && (u64)from->pos + n <= len)
		memmove(image + to->pos, image + from->pos, n);
}

static size_t change(u8 *image, size_t len, const struct region *regions, u32 count, u64 *state)
{
	u32 what = below(state, 100);
	const struct region *r = pick(regions, count, what < 75 ? REGION_META : REGION_STREAM, state);
	u64 pos;

	if (r && (what < 65 || (what >= 75 && what < 88))) {
		change_field(image, len, r->pos, r->len, state);
	} else if (r && what < 75) {
		copy_region(image, len, r, pick(regions, count, REGION_META, state));
	} else if (what < 90) {		/* the superblock */
		change_field(image, len, 1024, 256, state);
	} else if (what < 97 || len < 4096) {
		change_field(image, len, 0, len, state);
	} else if (what < 98) {
		return len - below(state, (u32)len / 2);
	} else {			/* a block */
		pos = mutate_random(state) % (len / 512) * 512;
		if (below(state, 2))
			memset(image + pos, below(state, 2) ? 0 : 0xff, 512);
		else
			memmove(image + pos, image + mutate_random(state) % (len / 512) * 512, 512);
	}
	return len;
}

/* Section 1.2; by the decoder's own function, which the unit tests prove. */
void mutate_image_seal(u8 *image, size_t len)
{
	u8 *sb = image + 1024;
	u32 bs;

	if (len < 1024 + 128 || !(sb[8] & 1))
		return;
	if (sb[12] < 9 || sb[12] > 16)
		return;
	bs = 1U << sb[12];
	bs = bs > 1024 ? bs - 1024 : bs;
	if (len - 1024 < bs)
		return;
	set_le(sb + 4, 4, 0);
	set_le(sb + 4, 4, erofs_crc32c(0xffffffff, sb, bs));
}

size_t mutate_image(u8 *image, size_t len, const struct region *regions, u32 count, u64 *state)
{
	u32 n = 1 + below(state, below(state, 4) ? 3 : 8);
	size_t size = len;

	if (len < 1024 + 256)
		return len;
	while (n--)
		size = change(image, size < 1024 + 256 ? len : size, regions, count, state);
	if (below(state, 64))
		mutate_image_seal(image, size);
	return size;
}

void mutate_sidecar(u8 *bytes, size_t len, u64 *state)
{
	struct mem_sidecar m;
	u32 n = 1 + below(state, 4);

	while (n-- && len >= EROFS_SIDECAR_BLKSIZE) {
		if (below(state, 2))
			change_field(bytes, len, 0, 120, state);
		else
			change_field(bytes, len, 0, len, state);
	}
	if (len < EROFS_SIDECAR_BLKSIZE || !below(state, 64))
		return;
	mem_sidecar_init(&m, bytes, len);
	mem_sidecar_seal(&m);
}
