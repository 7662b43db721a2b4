// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes seed inputs for every driver: seeds DIRECTORY IMAGE... (with one sub directory per driver in it, which
 * exist). They are made with the image builder of the unit tests, and from images of mkfs.erofs: each as a whole,
 * and cut out of it its inodes, directories, extended attributes, maps, device tables and encoded streams.
 *
 * Rules: a driver of cut_drivers[] for which the images had nothing is an error.
 */
#include "content.h"
#include "fuzz.h"
#include "image.h"
#include "sidecar.h"
#include "walk.h"

static const char *top;

/* The drivers whose seeds are cut out of images, and how many there were */
static struct {
	const char *driver;
	u32 cuts;
} cut_drivers[] = {
	{ "fuzz_super", 0 }, { "fuzz_inode", 0 }, { "fuzz_map", 0 }, { "fuzz_dir", 0 }, { "fuzz_xattr", 0 },
	{ "fuzz_device", 0 }, { "fuzz_zmap", 0 }, { "fuzz_lz4", 0 }, { "fuzz_microlzma", 0 },
	{ "fuzz_deflate", 0 }, { "fuzz_zstd", 0 },
};

#define CUT_DRIVERS	(sizeof(cut_drivers) / sizeof(cut_drivers[0]))

/* Numbers of seeds from images begin here; each image has a hundred of its own. */
#define FIRST_CUT	1000

static void save(const char *driver, int nr, const u8 *params, size_t nparams, const u8 *data,
		 size_t len)
{
	char path[4096];
	FILE *f;

	for (u32 i = 0; i < CUT_DRIVERS; i++)
		cut_drivers[i].cuts += nr >= FIRST_CUT && !strcmp(driver, cut_drivers[i].driver);
	snprintf(path, sizeof(path), "%s/%s/%d", top, driver, nr);
	f = fopen(path, "wb");
	if (!f || (nparams && fwrite(params, 1, nparams, f) != nparams) || fwrite(data, 1, len, f) != len ||
	    fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* The inode @nid of a sample and what follows it, up to @max bytes. */
static void save_inode(const struct sample *s, int nr, u64 nid, u32 bb)
{
	u8 params[32] = { 0 };
	u64 pos = img_nid_pos(&s->img, nid);
	size_t len = s->img.len - (size_t)pos;

	if (len > 600)
		len = 600;
	params[0] = 4 | 1 << 4;			/* mode: position follows the base */
	params[1] = (u8)(bb - 9);
	put_le(params + 7, 8, pos);
	save("fuzz_inode", nr, params, 23, s->img.data + pos, len);

	memset(params, 0, sizeof(params));
	params[1] = (u8)(bb - 9);
	put_le(params + 11, 8, ~0ULL >> 1);	/* la 0, everything */
	save("fuzz_map", nr, params, 19, s->img.data + pos, len);

	memset(params, 0, sizeof(params));
	params[0] = 4;
	params[1] = (u8)(bb - 9);
	put_le(params + 3, 2, 30);		/* i_xattr_icount */
	params[6] = 1;
	params[7] = 6;
	memcpy(params + 8, "common", 6);
	save("fuzz_xattr", nr, params, 14, s->img.data + pos + 32, len - 32);
}

static void save_dir(const struct sample *s, int nr, u32 bb)
{
	u8 params[] = { 0, (u8)(bb - 9), 4, 't', 'a', 'i', 'l' };
	u64 pos = img_nid_pos(&s->img, s->root) + 32;
	size_t len = s->img.len - (size_t)pos;

	save("fuzz_dir", nr, params, sizeof(params), s->img.data + pos, len > 300 ? 300 : len);
}

/* ---- Maps of compressed inodes: every form, by hand ------------------------------- */

/* @tail: byte position of the map, of which the lower six bits matter */
static void save_zmap_at(int nr, u8 layout, u32 bb, u64 size, u64 tail, const u8 *map, size_t len)
{
	u8 params[46] = { 0, (u8)(bb - 9), layout == 1, 15, 0 };

	put_le(params + 5, 8, size);
	put_le(params + 13, 8, size / 2);
	put_le(params + 21, 8, size - 1);
	put_le(params + 37, 8, 4096);
	params[45] = tail & 63;
	save("fuzz_zmap", nr, params, sizeof(params), map, len);
}

static void save_zmap(int nr, u8 layout, u32 bb, u64 size, const u8 *map, size_t len)
{
	save_zmap_at(nr, layout, bb, size, 32, map, len);
}

/* Full form: heads of each type, big clusters, a hole, a partial reference. */
static void save_zmap_full(int nr, u16 advise, u32 u0)
{
	static const u32 index[8][2] = {
		{ 1, 10 }, { 2, 0x802 | 2 << 16 }, { 2, 2 | 1 << 16 }, { 1 | 100 << 16, 12 },
		{ 200 << 16 | 0x8000, 20 }, { 3 | 100 << 16, 30 }, { 2, 0x801 | 2 << 16 },
		{ 1 | 77 << 16 | 0x4000, 3 },
	};
	u8 map[16 + 64 + 512] = { 0 };

	put_le(map, 4, u0);
	put_le(map + 4, 2, advise);
	put_le(map + 6, 1, 0x30);
	for (int i = 0; i < 8; i++) {
		put_le(map + 16 + 8 * i, 4, index[i][0]);
		put_le(map + 20 + 8 * i, 4, index[i][1]);
	}
	save_zmap(nr, 1, 9, 8 * 512, map, sizeof(map));
}

/* Compact form: 4-byte packs, and the 2-byte pack of appendix A.4. */
static void save_zmap_compact(int nr, u16 advise, u32 u0)
{
	static const u8 pack4[] = "\x00\x10\x02\x28\x0a\0\0\0" "\x02\x20\x01\x20\x0c\0\0\0"
				  "\x64\x10\x01\x28\x0c\0\0\0";
	static const u8 pack2[] = "\x4a\x80\x12\xa0\x04\x28\x01\x4a\x80\x12\xa0\x04\x28\x01"
				  "\x4a\x80\x12\xa0\x04\x28\x01\x4a\x80\x12\xa0\x04\x41\xa0"
				  "\x87\x05\0\0";
	u8 map[8 + 24 + 32 + 24 + 512] = { 0 };

	put_le(map, 4, u0);
	put_le(map + 4, 2, advise);
	memcpy(map + 8, pack4, 24);
	memcpy(map + 32, pack2, 32);
	memcpy(map + 64, pack4, 24);
	save_zmap(nr, 3, 9, 28 * 512, map, sizeof(map));
}

/* Records of 4 << @kind bytes. */
static void save_zmap_records(int nr, u32 kind, u16 advise)
{
	u32 size = 4U << kind, at = kind == 3 ? 32 : kind == 1 ? 8 : 16;
	u8 map[32 + 5 * 32] = { 0 };

	put_le(map, 4, 5);
	put_le(map + 4, 2, 1U | kind << 1 | advise);
	if (kind < 2)
		map[7] = 3;
	put_le(map + 8, 8, kind ? 0 : 4096);
	for (u32 i = 0; i < 5; i++) {
		u8 record[32] = { 0 };

		put_le(record, 4, i == 2 ? 0 : (500 + i * 12) | (i % 5) << 28 | (i & 1) << 27);
		put_le(record + 4, 8, 4096 + i * 512);
		put_le(record + 12, 8, i * 4096);
		memcpy(map + at + i * size, record, size);
	}
	save_zmap(nr, 1, 9, 4 * 4096 + 400, map, sizeof(map));
}

static void save_zmaps(void)
{
	static const u8 fragment[] = "\x39\x30\0\0\0\0\0\x80";
	int nr = 0;

	for (u16 advise = 0; advise < 64; advise += 2) {
		save_zmap_full(nr++, advise, 100 << 16);
		save_zmap_compact(nr++, advise, 100 << 16);
		save_zmap_compact(nr++, advise | 1, 100 << 16);
	}
	for (u32 kind = 0; kind < 4; kind++) {
		save_zmap_records(nr++, kind, 0);
		save_zmap_records(nr++, kind, 0x10);
		save_zmap_records(nr++, kind, 0x20);
	}
	save_zmap(nr, 1, 12, 123456, fragment, 8);
}

/* Two devices, one address that straddles them. */
static void save_device(int nr, u32 bb, u32 mode)
{
	u8 params[21] = { (u8)mode, (u8)(bb - 9), 8, 2, 0 };
	u8 table[256] = { 0 };

	put_le(params + 5, 8, 16ULL << bb);
	put_le(params + 13, 8, 5ULL << bb);
	put_le(table + 64, 4, 7);
	put_le(table + 68, 4, 10);
	put_le(table + 128 + 64, 4, 9);
	put_le(table + 128 + 68, 4, 17);
	save("fuzz_device", nr, params, sizeof(params), table, sizeof(table));
}

static void save_sample(u32 bb, u32 flags, int nr)
{
	static const u8 super_params[2] = { 0, 16 };
	struct sample s;

	sample_build(&s, bb, flags);
	save("fuzz_walk", nr, super_params, 0, s.img.data, s.img.len);
	save("fuzz_super", nr, super_params, 2, s.img.data + 1024, 600);
	save_device(nr, bb, flags);
	if (!(flags & SAMPLE_METABOX)) {
		save_inode(&s, nr * 8, s.tail, bb);
		save_inode(&s, nr * 8 + 1, s.chunks, bb);
		save_inode(&s, nr * 8 + 2, s.indexes, bb);
		save_inode(&s, nr * 8 + 3, s.chr, bb);
		save_inode(&s, nr * 8 + 4, s.plain, bb);
		save_inode(&s, nr * 8 + 5, s.sub, bb);
		save_dir(&s, nr, bb);
	}
	img_free(&s.img);
}

/* None, one leaf, an index above two leaves; asking for the second record. */
static void save_sidecars(void)
{
	static const u64 records[] = { 0, 2, 120 };

	for (int i = 0; i < 6; i++) {
		u8 params[9] = { (u8)i };
		struct mem_sidecar m;

		mem_sidecar_make(&m, records[i / 2], 36, 4);
		put_le(params + 1, 8, 40);
		save("fuzz_sidecar", i, params, sizeof(params), m.bytes, m.len);
		free(m.bytes);
	}
}

/* ---- Images of mkfs.erofs ----------------------------------------------------------- */

/* Up to @max bytes of a space, as far as there are any. */
static size_t cut(struct walk *w, enum erofs_space space, u64 pos, u8 *buf, size_t max)
{
	size_t len = 0;

	while (len < max) {
		size_t step = 32 - (size_t)((pos + len) % 32);

		if (step > max - len)
			step = max - len;
		if (erofs_read(&w->r->src, space, pos + len, buf + len, step))
			break;
		len += step;
	}
	return len;
}

/* The inode as it lies there, with what follows it. */
static void cut_inode(struct walk *w, const struct erofs_inode *inode, int nr)
{
	u64 base = inode->space == EROFS_DEV ? (u64)w->sb.meta_blkaddr << w->sb.blkszbits : 0;
	u64 pos = base + ((inode->nid & ~EROFS_NID_METABOX) << EROFS_NID_SLOT_BITS);
	u8 params[23] = { (u8)(w->sb.algorithms << 4 | w->sb.has_metabox << 1), (u8)(w->sb.blkszbits - 9) };
	u8 bytes[600];
	size_t len = cut(w, inode->space, pos, bytes, sizeof(bytes));

	put_le(params + 3, 4, w->sb.meta_blkaddr);
	put_le(params + 7, 8, pos);
	put_le(params + 15, 8, inode->nid);
	save("fuzz_inode", nr, params, sizeof(params), bytes, len);
	if (erofs_inode_compressed(inode))
		return;

	memset(params, 0, sizeof(params));
	params[1] = (u8)(w->sb.blkszbits - 9);
	params[2] = (u8)w->sb.extra_devices;
	put_le(params + 11, 8, ~0ULL >> 1);	/* la 0, everything */
	save("fuzz_map", nr, params, 19, bytes, len);
}

/* The attributes of an inode, the table of prefixes behind them, and the shared ones in a block of their own. */
static void cut_xattrs(struct walk *w, const struct erofs_inode *inode, int nr)
{
	static u8 bytes[8 << 10];
	u32 bb = w->sb.blkszbits, bs = 1U << bb;
	u64 pos = w->sb.prefix_pos;
	u8 params[14] = { 0 };
	size_t len;

	if (!inode->xattr_size || inode->xattr_size > 2048 || bb > 12)
		return;
	memset(bytes, 0, sizeof(bytes));
	len = cut(w, inode->space, inode->xattr_pos, bytes, inode->xattr_size);
	for (u32 i = 0; i < w->sb.xattr_prefix_count; i++) {
		struct erofs_prefix prefix;
		u64 from = (pos + 3) & ~3ULL;

		if (erofs_prefix_read(&w->r->src, &w->sb, &pos, &prefix, NULL))
			return;
		len = (len + 3) & ~(size_t)3;
		if (len + (pos - from) > sizeof(bytes) / 2)
			return;
		len += cut(w, erofs_prefix_space(&w->sb), from, bytes + len, (size_t)(pos - from));
	}
	params[0] = (u8)(w->sb.xattr_filter << 1 | w->sb.has_ishare << 2);
	params[1] = (u8)(bb - 9);
	params[2] = w->sb.xattr_prefix_count;
	put_le(params + 3, 2, (inode->xattr_size - 12) / 4 + 1);
	if (bytes[4]) {
		enum erofs_space space = w->sb.feature_compat & EROFS_COMPAT_SHARED_EA_IN_METABOX ? EROFS_MBOX
												  : EROFS_DEV;

		len = (len + bs - 1) & ~(size_t)(bs - 1);
		params[5] = (u8)(len >> bb);
		len += cut(w, space, (u64)w->sb.xattr_blkaddr << bb, bytes + len, sizeof(bytes) - len);
	}
	params[6] = 1;
	params[7] = 6;
	memcpy(params + 8, "common", 6);
	save("fuzz_xattr", nr, params, sizeof(params), bytes, len);
}

/* The first blocks of a directory, looked up by a name in its middle. */
static void cut_dir(struct walk *w, const struct erofs_inode *dir, int nr)
{
	static u8 bytes[8 << 10];
	u32 bs = 1U << w->sb.blkszbits;
	u8 params[3 + 255] = { 0, (u8)(w->sb.blkszbits - 9) };
	struct erofs_dirblock db;
	struct erofs_dirent de;
	size_t len = dir->size < sizeof(bytes) ? (size_t)dir->size : sizeof(bytes);

	content_begin();
	if (!len || reader_file(w->r, dir, 0, bytes, len, NULL) ||
	    erofs_dirblock_open(&db, bytes, len < bs ? (u32)len : bs, bs, dir->nid, 0, NULL) ||
	    erofs_dirblock_entry(&db, db.count / 2, &de, NULL))
		return;
	params[2] = (u8)de.namelen;
	memcpy(params + 3, de.name, de.namelen);
	save("fuzz_dir", nr, params, 3 + (size_t)de.namelen, bytes, len);
}

/* The device table, asked for a place on the first device, and for one by its unified address. */
static void cut_devices(struct walk *w, int nr)
{
	u8 table[128 * WALK_MAX_DEVICES];
	size_t len;

	if (!w->sb.extra_devices || w->sb.extra_devices > WALK_MAX_DEVICES)
		return;
	len = cut(w, EROFS_DEV, w->sb.devt_pos, table, 128 * (size_t)w->sb.extra_devices);
	for (int flat = 0; flat < 2; flat++) {
		u8 params[21] = { (u8)(flat << 1), (u8)(w->sb.blkszbits - 9),
				  (u8)(w->sb.feature_incompat >> 4), (u8)w->sb.extra_devices, !flat };

		put_le(params + 5, 8, (flat ? w->devs[0].uniaddr : 1) << w->sb.blkszbits);
		put_le(params + 13, 8, 3ULL << w->sb.blkszbits);
		save("fuzz_device", nr + flat, params, sizeof(params), table, len);
	}
}

static void save_stream(const u8 *image, size_t len, const struct erofs_super *sb,
			const struct erofs_zextent *ext)
{
	static const char *const drivers[] = { "fuzz_lz4", "fuzz_microlzma", "fuzz_deflate", "fuzz_zstd" };
	static int nr = FIRST_CUT;
	u8 params[5] = { ext->complete && !ext->partial };
	size_t skip;

	if (ext->format >= EROFS_ALG_COUNT || ext->pa >= len || ext->plen > len - ext->pa)
		return;
	put_le(params + 1, 3, ext->len - 1);
	params[4] = sb->zstd_windowlog;
	skip = erofs_zskip(image + ext->pa, ext->plen);
	save(drivers[ext->format], nr++, params, sizeof(params), image + ext->pa + skip,
	     ext->plen - skip);
}

static void save_compressed(struct walk *w, const struct erofs_inode *inode, int nr,
			    const u8 *image, size_t len)
{
	struct erofs_zcursor cur = { 0, 0 };
	struct erofs_zextent ext;
	struct erofs_zmap map;
	u8 bytes[300];
	u64 la = 0;

	if (!erofs_inode_compressed(inode) || !inode->size ||
	    erofs_zmap_open(&w->r->src, &w->sb, inode, &map, NULL))
		return;
	save_zmap_at(nr, inode->layout, w->sb.blkszbits, inode->size, inode->tail_pos, bytes,
		     cut(w, inode->space, inode->tail_pos, bytes, sizeof(bytes)));
	for (; la < inode->size; la = ext.la + ext.len) {
		if (erofs_zmap_find(&w->r->src, &w->sb, inode, &map, &cur, la, ~0ULL, &ext, NULL))
			break;
		if (ext.type == EROFS_Z_CLUSTER)
			save_stream(image, len, &w->sb, &ext);
	}
}

/* The walker asks for the uncompressed extents of all files; and the other devices are not there. */
static void must_be_good(struct walk *w, const char *call, int err, const struct erofs_diag *diag)
{
	if (diag->check == EROFS_CHECK_MAP_COMPRESSED || w->sb.extra_devices)
		return;
	fprintf(stderr, "a good image: %s: %d, %s\n", call, err, erofs_check_name(diag->check));
	exit(1);
}

static void cut_one(struct walk *w, const struct erofs_inode *inode, int nr, const u8 *image, size_t len)
{
	cut_inode(w, inode, nr);
	cut_xattrs(w, inode, nr);
	if ((inode->mode & 0170000) == 0040000)
		cut_dir(w, inode, nr);
	save_compressed(w, inode, nr, image, len);
}

static void save_image(const char *path, int nr)
{
	int first = FIRST_CUT + nr * 100;
	struct walk w = { .on_error = must_be_good };
	FILE *f = fopen(path, "rb");
	struct reader r;
	static u8 image[256 << 10];
	size_t len;

	if (!f || !(len = fread(image, 1, sizeof(image), f))) {
		perror(path);
		exit(1);
	}
	fclose(f);
	/* The second walk is for a few. */
	image[0] = nr % 4 ? 0 : 4;
	save("fuzz_content", nr, NULL, 0, image, len);
	save("fuzz_walk", FIRST_CUT + nr, NULL, 0, image, len);
	save("fuzz_super", FIRST_CUT + nr, (const u8 *)"\0\x10", 2, image + 1024, len < 5000 ? len - 1024 : 3976);
	content_begin();
	reader_init(&r, READER_EXACT, image, len);
	walk_image(&w, &r);
	for (u32 i = 0; i < w.ninodes; i++) {
		struct erofs_inode inode;

		if (!erofs_inode_read(&r.src, &w.sb, w.nids[i], &inode, NULL))
			cut_one(&w, &inode, first + (int)i, image, len);
	}
	if (w.sb.has_packed)
		cut_one(&w, &w.packed, first + 98, image, len);
	if (w.sb.has_metabox)
		cut_one(&w, &w.metabox, first + 99, image, len);
	cut_devices(&w, first);
	walk_free(&w);
}

int main(int argc, char **argv)
{
	int nr = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: %s DIRECTORY IMAGE...\n", argv[0]);
		return 2;
	}
	top = argv[1];
	for (u32 bb = 9; bb <= 12; bb += 3) {
		for (u32 flags = 0; flags < 8; flags++)
			save_sample(bb, flags, nr++);
	}
	save_zmaps();
	save_sidecars();
	for (int i = 2; i < argc; i++)
		save_image(argv[i], i - 2);
	for (u32 i = 0; i < CUT_DRIVERS; i++) {
		if (!cut_drivers[i].cuts) {
			fprintf(stderr, "%s: no seed for %s in any image\n", argv[0], cut_drivers[i].driver);
			return 1;
		}
		printf("%s: %u seeds from images\n", cut_drivers[i].driver, cut_drivers[i].cuts);
	}
	return 0;
}
