// SPDX-License-Identifier: GPL-2.0-only
/*
 * prove [MAPS [SEED]]: is zinode_prove() right about random small maps?
 *
 * The truth is every lookup there is: each byte first, with many wishes. Two of them that say
 * different things about a byte make a map ambiguous. Rules: in a map that is proved no lookup
 * fails, and it is not ambiguous; any other is not proved (but for records, where equal ones are
 * refused although the last of them is found always).
 *
 * Output: how many maps of each kind were proved; exit 1 at the first error.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../tools/image.h"

#define BLKBITS		9
#define MAX_LCLUSTERS	7
#define MAX_SIZE	(MAX_LCLUSTERS << BLKBITS)
#define MAP_BYTES	1024

static u8 bytes[MAP_BYTES];

/* Byte 0 of the space is the map header. Spans are as short, or as long, as sources may make them. */
static int bytes_get(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
		     struct erofs_span *span)
{
	(void)src;
	if (space != EROFS_DEV || pos > sizeof(bytes) || min > sizeof(bytes) - pos)
		return -EIO;
	span->data = bytes + pos;
	span->len = rand() & 1 ? min : sizeof(bytes) - (size_t)pos;
	return 0;
}

static void bytes_put(struct erofs_source *src, struct erofs_span *span)
{
	(void)src;
	(void)span;
}

u32 erofs_xxh32(const void *data, size_t len, u32 seed)
{
	(void)data;
	return (u32)len ^ seed;
}

static u32 below(u32 n)
{
	return (u32)rand() % n;
}

static void put(u32 *at, u64 value, u32 len)
{
	for (u32 i = 0; i < len; i++)
		bytes[(*at)++] = (u8)(value >> 8 * i);
}

/* ---- Random maps: mostly honest, with a lie here and there ---- */

/* Heads and what is between them. */
static void random_indexes(u8 *type, u32 *back, u32 *ahead, u32 n)
{
	u32 last = 0, lies = below(3);

	for (u32 i = 0; i < n; i++) {
		type[i] = i && below(3) ? EROFS_LCLUSTER_NONHEAD : below(8) ? EROFS_LCLUSTER_HEAD1 :
									     EROFS_LCLUSTER_PLAIN;
		if (type[i] != EROFS_LCLUSTER_NONHEAD)
			last = i;
		back[i] = i - last;
	}
	for (u32 i = n, next = n; i-- > 0;) {
		if (type[i] != EROFS_LCLUSTER_NONHEAD)
			next = i;
		ahead[i] = next - i;
	}
	while (lies--) {
		back[below(n)] = 1 + below(4);
		ahead[below(n)] = below(5);
	}
}

static u32 random_offset(u32 lcn)
{
	static const u32 ofs[] = { 0, 0, 1, 100, 510, 511 };

	return lcn || !below(20) ? ofs[below(sizeof(ofs) / sizeof(ofs[0]))] : 0;
}

static void full_map(u32 n)
{
	u8 type[MAX_LCLUSTERS];
	u32 back[MAX_LCLUSTERS], ahead[MAX_LCLUSTERS], at = 16;

	random_indexes(type, back, ahead, n);
	for (u32 i = 0; i < n; i++) {
		bool is_head = type[i] != EROFS_LCLUSTER_NONHEAD;
		u32 flags = is_head && !below(4) ? EROFS_LCLUSTER_HOLE : 0;

		put(&at, type[i] | flags | (is_head ? EROFS_LCLUSTER_PARTIAL_REF : 0), 2);
		put(&at, random_offset(i), 2);
		put(&at, is_head ? 10 + i : back[i] | ahead[i] << 16, 4);
	}
}

/* Packs of two; the lower bits of the last one of a pack are the distance ahead. */
static void compact_map(u32 n)
{
	u8 type[MAX_LCLUSTERS + 1] = { 0 };
	u32 back[MAX_LCLUSTERS + 1] = { 0 }, ahead[MAX_LCLUSTERS + 1] = { 0 }, at = 8;

	random_indexes(type, back, ahead, n);
	for (u32 i = 0; i < n; i += 2) {
		for (u32 j = i; j < i + 2; j++) {
			u32 lo = type[j] == EROFS_LCLUSTER_NONHEAD ? (j & 1 ? ahead[j] : back[j]) :
								     random_offset(j);

			put(&at, (lo & 0xfff) | (u32)type[j] << 12, 2);
		}
		put(&at, 20 + i, 4);
	}
}

static void record_map(u32 bits, u32 n, u32 size)
{
	u32 la = 0, at = 1U << (bits < 3 ? 3 : bits), mostly = below(4);

	for (u32 i = 0; i < n; i++) {
		u32 end = at + (1U << bits);

		put(&at, below(5) ? 512 | EROFS_RECORD_PARTIAL_REF | 1U << 28 : 0, 4);
		put(&at, 512 * (10 + i), 8);
		put(&at, la, 4);
		at = end;
		la = mostly ? la + 1 + below(2 * size / n) : below(size);
		if (!below(8) && la)
			la -= 1 + below(la);
	}
}

/* ---- The truth ---- */

struct answer {
	bool known;
	struct erofs_zextent ext;
};

static bool same(const struct erofs_zextent *a, const struct erofs_zextent *b)
{
	return a->type == b->type && a->la == b->la && a->pa == b->pa && a->plen == b->plen &&
	       a->format == b->format;
}

/* All bytes around the ends of lclusters, where things change, and some of the others. */
static u64 step(u64 pos)
{
	u64 in = pos % (1 << BLKBITS), last = (1 << BLKBITS) - 3;

	return in < 3 || in >= last ? 1 : last - in < 49 ? last - in : 49;
}

/* Every lookup; *failed: some of them give nothing. */
static bool is_ambiguous(struct view *v, const struct zinode *z, bool *failed)
{
	static struct answer said[MAX_SIZE];
	static const u64 wants[] = { 1, 2, 100, 512, 513, 1024, 1536, 1537, ~0ULL };
	const u64 size = z->inode.size;
	bool differ = false;

	memset(said, 0, sizeof(said));
	*failed = false;
	for (u64 pos = 0; pos < size; pos += step(pos)) {
		for (u32 w = 0; w < sizeof(wants) / sizeof(wants[0]); w++) {
			struct erofs_zcursor cur = { below(8), 0 };
			struct erofs_zextent ext;

			if (erofs_zmap_find(&v->src, &v->image->sb, &z->inode, &z->map,
					    below(8) ? &cur : NULL, pos, wants[w], &ext, NULL)) {
				*failed = true;
				continue;
			}
			for (u64 at = pos; at < ext.la + ext.len && at - pos < wants[w]; at += step(at)) {
				if (said[at].known && !same(&said[at].ext, &ext))
					differ = true;
				said[at].known = true;
				said[at].ext = ext;
			}
		}
	}
	return differ;
}

/* ---- Maps ---- */

static int wrong(const char *kind, unsigned int nr, const char *what, int err)
{
	printf("%s map %u: %s (%d)\n", kind, nr, what, err);
	for (u32 i = 0; i < 200; i++)
		printf("%02x%s", bytes[i], i % 8 == 7 ? "\n" : " ");
	return 1;
}

static int test_map(struct view *v, unsigned int nr, u32 bits, unsigned int *proved)
{
	static const char *const kinds[] = { "full", "compact", "", "", "16 bytes", "32 bytes" };
	struct erofs_map_header_ondisk header = { 0 };
	struct erofs_diag diag = { 0 };
	u32 n = 2 + below(MAX_LCLUSTERS - 1);
	struct zinode z = { .inode = { .size = (n << BLKBITS) - below(2) * below(511),
				       .layout = bits == 1 ? EROFS_LAYOUT_COMPRESSED_COMPACT :
							     EROFS_LAYOUT_COMPRESSED_FULL } };
	bool failed, ambiguous;
	int err;

	memset(bytes, 0, sizeof(bytes));
	if (!bits) {
		full_map(n);
	} else if (bits == 1) {
		compact_map(n);
	} else {
		header.u0 = n;
		header.advise = (u16)(EROFS_ZADVISE_EXTENTS | (bits - 2) << 1);
		record_map(bits, n, (u32)z.inode.size);
	}
	if (!below(4))
		header.advise |= EROFS_ZADVISE_FRAGMENT;
	memcpy(bytes, &header, sizeof(header));
	/* The way to a tail may lead nowhere. Then there is no content at all. */
	err = erofs_zmap_open(&v->src, &v->image->sb, &z.inode, &z.map, NULL);
	if (err)
		return header.advise & EROFS_ZADVISE_FRAGMENT ? 0 :
			wrong(kinds[bits], nr, "does not open", err);
	v->lookups = 0;
	err = zinode_prove(v, &z, &diag);
	ambiguous = is_ambiguous(v, &z, &failed);
	if (!err && ambiguous)
		return wrong(kinds[bits], nr, "is ambiguous, but proved", 0);
	if (!err && failed)
		return wrong(kinds[bits], nr, "has lookups that fail, but is proved", 0);
	if (err && !ambiguous && !failed && (bits < 2 || err != -EIMAGE_AMBIGUOUS))
		return wrong(kinds[bits], nr, "is honest, but not proved", err);
	proved[bits] += !err;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int maps = argc > 1 ? (unsigned int)atoi(argv[1]) : 8000, proved[6] = { 0 };
	static const u32 kinds[] = { 0, 1, 4, 5 };
	struct image image = { .sb = { .blkszbits = BLKBITS, .algorithms = 1, .has_packed = true,
					.packed_nid = 1 }, .max_lookups = ~0ULL };
	struct view *v = calloc(1, sizeof(*v));

	srand(argc > 2 ? (unsigned int)atoi(argv[2]) : 1);
	v->image = &image;
	v->src.get = bytes_get;
	v->src.put = bytes_put;
	for (unsigned int i = 0; i < maps; i++) {
		if (test_map(v, i, kinds[i % 4], proved)) {
			free(v);
			return 1;
		}
	}
	free(v);
	printf("%u maps; proved: full %u, compact %u, records %u and %u\n", maps, proved[0],
	       proved[1], proved[4], proved[5]);
	/* Neither all nor none of a kind: else nothing was tested. */
	for (u32 i = 0; i < 4; i++) {
		if (proved[kinds[i]] < maps / 100 || proved[kinds[i]] > maps / 4 - maps / 100)
			return 1;
	}
	return 0;
}
