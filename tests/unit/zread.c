// SPDX-License-Identifier: GPL-2.0-only
/*
 * Content of compressed inodes; see zread.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "tests.h"
#include "zread.h"

#define MAX_CACHED	4096

struct zread_seen zread_seen;

static struct {
	u64 nid;
	u8 *data;
} cache[MAX_CACHED];
static int cached;

void zread_forget(void)
{
	while (cached)
		free(cache[--cached].data);
}

/* ---- Streams --------------------------------------------------------------------- */

static bool decode_lz4(const u8 *in, size_t in_len, u8 *out, size_t out_len, bool partial)
{
	int n = partial ? LZ4_decompress_safe_partial((const char *)in, (char *)out, (int)in_len,
						      (int)out_len, (int)out_len)
			: LZ4_decompress_safe((const char *)in, (char *)out, (int)in_len,
					      (int)out_len);

	return n == (int)out_len;
}

static bool decode_lzma(const u8 *in, size_t in_len, u8 *out, size_t out_len, bool partial)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret ret = lzma_microlzma_decoder(&s, in_len, out_len, !partial, 8 << 20);

	s.next_in = in;
	s.avail_in = in_len;
	s.next_out = out;
	s.avail_out = out_len;
	if (ret == LZMA_OK)
		ret = lzma_code(&s, LZMA_FINISH);
	lzma_end(&s);
	return !s.avail_out && (partial || (ret == LZMA_STREAM_END && !s.avail_in));
}

static bool decode_deflate(const u8 *in, size_t in_len, u8 *out, size_t out_len, bool partial)
{
	z_stream s = { .next_in = (u8 *)in, .avail_in = (uInt)in_len,
		       .next_out = out, .avail_out = (uInt)out_len };
	int ret = inflateInit2(&s, -15);

	if (ret == Z_OK)
		ret = inflate(&s, Z_SYNC_FLUSH);
	inflateEnd(&s);
	return !s.avail_out && (partial || (ret == Z_STREAM_END && !s.avail_in));
}

static bool decode_zstd(const u8 *in, size_t in_len, u8 *out, size_t out_len, bool partial)
{
	ZSTD_inBuffer from = { in, in_len, 0 };
	ZSTD_outBuffer to = { out, out_len, 0 };
	ZSTD_DStream *s;
	size_t ret;

	if (!partial)
		return ZSTD_decompress(out, out_len, in, in_len) == out_len;
	s = ZSTD_createDStream();
	do
		ret = ZSTD_decompressStream(s, &to, &from);
	while (!ZSTD_isError(ret) && ret && to.pos < out_len && from.pos < in_len);
	ZSTD_freeDStream(s);
	return to.pos == out_len;
}

/* Section 8.4 */
static bool decode_interlaced(const u8 *in, size_t in_len, u64 la, u32 bs, u8 *out, size_t out_len)
{
	size_t cur = bs - (size_t)(la & (bs - 1));
	size_t c = cur < out_len ? cur : out_len;

	if (cur > in_len || out_len > in_len)
		return false;
	memcpy(out, in + in_len - cur, c);
	memcpy(out + c, in, out_len - c);
	return true;
}

static bool decode(const struct erofs_super *sb, const struct erofs_zextent *ext, const u8 *in,
		   u8 *out)
{
	u32 bs = 1U << sb->blkszbits;
	/* Else the padding is behind the stream, whose end shows in its output only. */
	bool padded_before = ext->format != EROFS_ZF_LZ4 ||
			     sb->feature_incompat & EROFS_INCOMPAT_LZ4_0PADDING;
	size_t len = (size_t)ext->len, block = bs - (size_t)(ext->pa & (bs - 1)), skip;

	if (ext->format == EROFS_ZF_INTERLACED)
		return decode_interlaced(in, ext->plen, ext->la, bs, out, len);
	if (ext->format == EROFS_ZF_SHIFTED) {
		memcpy(out, in, len);
		return true;
	}
	if (block > ext->plen)
		block = ext->plen;
	skip = padded_before ? erofs_zskip(in, block) : 0;
	if (skip == block)
		return false;
	switch (ext->format) {
	case EROFS_ZF_LZ4:
		return decode_lz4(in + skip, ext->plen - skip, out, len,
				  ext->partial || !padded_before);
	case EROFS_ZF_MICROLZMA:
		return decode_lzma(in + skip, ext->plen - skip, out, len, ext->partial);
	case EROFS_ZF_DEFLATE:
		return decode_deflate(in + skip, ext->plen - skip, out, len, ext->partial);
	default:
		return decode_zstd(in + skip, ext->plen - skip, out, len, ext->partial);
	}
}

/* ---- Extents ---------------------------------------------------------------------- */

static void count_extent(const struct erofs_zmap *map, const struct erofs_inode *inode,
			 const struct erofs_zextent *ext, u32 bs)
{
	bool records = inode->layout == EROFS_LAYOUT_COMPRESSED_FULL && map->advise & 1;

	if (records)
		zread_seen.records[map->record_bits - 2]++;
	else if (ext->type == EROFS_Z_FRAGMENT && !map->advise)
		zread_seen.whole_fragment++;
	else if (inode->layout == EROFS_LAYOUT_COMPRESSED_FULL)
		zread_seen.full++;
	else if (map->compact_2b)
		zread_seen.compact_2b++;
	else
		zread_seen.compact_4b++;
	zread_seen.metabox += inode->space == EROFS_MBOX;
	zread_seen.hole += ext->type == EROFS_Z_HOLE;
	zread_seen.fragment += ext->type == EROFS_Z_FRAGMENT;
	if (ext->type == EROFS_Z_CLUSTER) {
		zread_seen.format[ext->format]++;
		zread_seen.inlined += ext->inlined;
		zread_seen.partial += ext->partial;
		zread_seen.big += ext->plen > bs;
		zread_seen.unaligned += !ext->inlined && ext->pa & (bs - 1);
	}
}

static int read_cluster(struct reader *r, const struct erofs_inode *inode,
			const struct erofs_zextent *ext, u8 *out, struct erofs_diag *diag)
{
	u8 *in = malloc(ext->plen);
	int err;

	err = ext->inlined ? erofs_read(&r->src, inode->space, ext->pa, in, ext->plen)
			   : reader_device(r, 0, ext->pa, in, ext->plen, diag);
	if (!err && !decode(r->sb, ext, in, out)) {
		printf("# nid %llu: cluster at %llu (%u bytes, format %u%s%s) does not decode to %llu bytes at %llu\n",
		       (unsigned long long)inode->nid, (unsigned long long)ext->pa, ext->plen,
		       ext->format, ext->partial ? ", partial" : "", ext->inlined ? ", inline" : "",
		       (unsigned long long)ext->len, (unsigned long long)ext->la);
		err = -EFSCORRUPTED;
	}
	free(in);
	return err;
}

/* The same extent, asked for by one of its bytes, without a cursor and wanting less. */
static void ask_again(struct reader *r, const struct erofs_inode *inode,
		      const struct erofs_zmap *map, const struct erofs_zextent *ext)
{
	const u64 at[] = { 0, ext->len - 1, ext->len / 2, ext->len / 3 };
	struct erofs_zextent got;

	for (int i = 0; i < 4; i++) {
		CHECK_EQ(erofs_zmap_find(&r->src, r->sb, inode, map, NULL, ext->la + at[i], ~0ULL,
					 &got, NULL), 0);
		CHECK(got.la == ext->la && got.len == ext->len && got.pa == ext->pa &&
		      got.plen == ext->plen && got.type == ext->type && got.complete &&
		      got.format == ext->format && got.partial == ext->partial &&
		      got.inlined == ext->inlined);
		CHECK_EQ(erofs_zmap_find(&r->src, r->sb, inode, map, NULL, ext->la + at[i], 1,
					 &got, NULL), 0);
		CHECK(got.la == ext->la && got.pa == ext->pa && got.plen == ext->plen &&
		      got.type == ext->type && got.format == ext->format);
		CHECK(got.len > at[i] && got.len <= ext->len);
		CHECK(!got.complete || got.len == ext->len);
	}
}

static int decode_file(struct reader *r, const struct erofs_inode *inode, u8 *out,
		       struct erofs_diag *diag)
{
	struct erofs_zcursor cur = { 0, 0 };
	struct erofs_zextent ext;
	struct erofs_zmap map;
	u64 la = 0;
	int err;

	err = erofs_zmap_open(&r->src, r->sb, inode, &map, diag);
	for (; !err && la < inode->size; la += ext.len) {
		err = erofs_zmap_find(&r->src, r->sb, inode, &map, &cur, la, ~0ULL, &ext, diag);
		if (err)
			break;
		if (!CHECK_EQ(ext.la, la) || !CHECK(ext.complete) ||
		    !CHECK(ext.len && ext.len <= inode->size - la))
			return -EFSCORRUPTED;
		count_extent(&map, inode, &ext, 1U << r->sb->blkszbits);
		ask_again(r, inode, &map, &ext);
		if (ext.type == EROFS_Z_HOLE)
			memset(out + la, 0, (size_t)ext.len);
		else if (ext.type == EROFS_Z_FRAGMENT)
			err = reader_file(r, r->inodes[EROFS_PACKED], ext.pa, out + la,
					  (size_t)ext.len, diag);
		else
			err = read_cluster(r, inode, &ext, out + la, diag);
	}
	return err;
}

static int read_compressed(struct reader *r, const struct erofs_inode *inode, u64 pos, void *buf,
			   size_t len, struct erofs_diag *diag)
{
	int i = 0, err;
	u8 *data;

	while (i < cached && cache[i].nid != inode->nid)
		i++;
	if (i == cached) {
		data = malloc((size_t)inode->size);
		err = decode_file(r, inode, data, diag);
		if (err || i == MAX_CACHED) {
			free(data);
			return err ? err : -ENOMEM;
		}
		/* Decoding may have cached others. */
		i = cached++;
		cache[i].nid = inode->nid;
		cache[i].data = data;
	}
	if (pos > inode->size || len > inode->size - pos)
		return -EIO;
	memcpy(buf, cache[i].data + pos, len);
	return 0;
}

void zread_enable(void)
{
	reader_compressed = read_compressed;
}
