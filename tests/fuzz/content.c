// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compressed content; see content.h.
 */
#include <stdlib.h>

#include "content.h"

/* Extents up to this size are decoded as a whole and kept: metadata is read from them in pieces of 32 bytes. */
#define KEPT		8
#define KEPT_MAX	(64U << 10)

static u64 spent;
static struct {
	struct erofs_zextent ext;
	u8 *data;
} kept[KEPT];
static u32 next_kept;

static const struct eis_codec *const codecs[EROFS_ALG_COUNT] = {
	[EROFS_ALG_LZ4]		= &eis_codec_lz4,
	[EROFS_ALG_MICROLZMA]	= &eis_codec_microlzma,
	[EROFS_ALG_DEFLATE]	= &eis_codec_deflate,
	[EROFS_ALG_ZSTD]	= &eis_codec_zstd,
};

int content_decode(u32 alg, const struct eis_codec_params *params, const void *in, size_t in_len,
		   void *out, size_t out_len, bool exact)
{
	static struct {
		size_t size;
		void *mem;
	} ws[EROFS_ALG_COUNT];
	const struct eis_codec *codec = codecs[alg];
	size_t size = codec->ws_size ? codec->ws_size(params) : 0;

	if (size != ws[alg].size) {
		if (ws[alg].mem)
			codec->ws_free(ws[alg].mem);
		ws[alg].mem = codec->ws_alloc(size);
		ws[alg].size = size;
		if (!ws[alg].mem)
			abort();
	}
	return codec->decode(ws[alg].mem, params, in, in_len, out, out_len, exact);
}

static int over_budget(struct erofs_diag *diag)
{
	erofs_fail(diag, EROFS_CHECK_SOURCE, 0, 0, ENOMEM);
	return -ENOMEM;
}

/* Section 8.4: plain bytes, rotated to the block */
static int interlaced(const u8 *in, size_t in_len, u64 la, u32 bs, u8 *out, size_t out_len)
{
	size_t cur = bs - (size_t)(la & (bs - 1)), c = cur < out_len ? cur : out_len;

	if (cur > in_len || out_len > in_len)
		return -EFSCORRUPTED;
	memcpy(out, in + in_len - cur, c);
	memcpy(out + c, in, out_len - c);
	return 0;
}

static int decode(struct reader *r, const struct erofs_zextent *ext, const u8 *in, u8 *out,
		  size_t out_len)
{
	const struct eis_codec_params params = {
		.algorithms	= r->sb->algorithms,
		.lzma_dict_size	= r->sb->lzma_dict_size,
		.zstd_window	= 1U << (r->sb->zstd_windowlog + 10),
	};
	u32 bs = 1U << r->sb->blkszbits;
	size_t head = bs - (size_t)(ext->pa & (bs - 1)), skip;

	if (ext->format == EROFS_ZF_INTERLACED)
		return interlaced(in, ext->plen, ext->la, bs, out, out_len);
	if (ext->format == EROFS_ZF_SHIFTED) {
		memcpy(out, in, out_len);
		return 0;
	}
	if (head > ext->plen)
		head = ext->plen;
	skip = erofs_zskip(in, head);
	if (skip == head)
		return -EFSCORRUPTED;
	return content_decode(ext->format, &params, in + skip, ext->plen - skip, out, out_len,
			      ext->complete && !ext->partial && out_len == ext->len);
}

/* The first @len bytes of the extent, on the heap; exactly as many, for the sanitizer's sake. */
static int decode_extent(struct reader *r, const struct erofs_inode *inode,
			 const struct erofs_zextent *ext, size_t len, u8 **data,
			 struct erofs_diag *diag)
{
	u8 *in, *out;
	int err;

	spent += len + ext->plen;
	if (spent > CONTENT_BUDGET)
		return over_budget(diag);
	in = malloc(ext->plen);
	out = malloc(len);
	err = ext->inlined ? erofs_read(&r->src, inode->space, ext->pa, in, ext->plen)
			   : reader_device(r, 0, ext->pa, in, ext->plen, diag);
	if (!err && decode(r, ext, in, out, len))
		err = erofs_fail(diag, EROFS_CHECK_CLUSTER_STREAM, inode->nid, ext->la, ext->pa);
	free(in);
	if (err)
		free(out);
	else
		*data = out;
	return err;
}

static bool same_cluster(const struct erofs_zextent *a, const struct erofs_zextent *b)
{
	return a->pa == b->pa && a->plen == b->plen && a->len == b->len && a->la == b->la &&
	       a->format == b->format && a->partial == b->partial && a->complete == b->complete;
}

/* @len bytes at @skip of the extent */
static int read_cluster(struct reader *r, const struct erofs_inode *inode,
			const struct erofs_zextent *ext, u64 skip, u8 *buf, size_t len,
			struct erofs_diag *diag)
{
	bool keep = ext->len <= KEPT_MAX && !ext->inlined;
	u8 *data;
	int err;

	for (u32 i = 0; keep && i < KEPT; i++) {
		if (kept[i].data && same_cluster(&kept[i].ext, ext)) {
			memcpy(buf, kept[i].data + skip, len);
			return 0;
		}
	}
	err = decode_extent(r, inode, ext, keep ? (size_t)ext->len : (size_t)skip + len, &data, diag);
	if (err)
		return err;
	memcpy(buf, data + skip, len);
	if (!keep) {
		free(data);
		return 0;
	}
	free(kept[next_kept].data);
	kept[next_kept].data = data;
	kept[next_kept].ext = *ext;
	next_kept = (next_kept + 1) % KEPT;
	return 0;
}

static int read_fragment(struct reader *r, const struct erofs_inode *inode, u64 pos, u8 *buf,
			 size_t len, struct erofs_diag *diag)
{
	const struct erofs_inode *packed = r->inodes[EROFS_PACKED];

	if (!packed || pos > packed->size || len > packed->size - pos)
		return erofs_fail(diag, EROFS_CHECK_FRAGMENT_RANGE, inode->nid, pos, len);
	return reader_file(r, packed, pos, buf, len, diag);
}

static int read_compressed(struct reader *r, const struct erofs_inode *inode, u64 pos, void *buf,
			   size_t len, struct erofs_diag *diag)
{
	struct erofs_zcursor cur = { 0, 0 };
	struct erofs_zmap map;
	u8 *to = buf;
	int err;

	if (pos > inode->size || len > inode->size - pos)
		return -EIO;
	err = erofs_zmap_open(&r->src, r->sb, inode, &map, diag);
	while (!err && len) {
		struct erofs_zextent ext;
		size_t n;

		/* Empty files and lookups cost, too. */
		spent += 64;
		if (spent > CONTENT_BUDGET)
			return over_budget(diag);
		err = erofs_zmap_find(&r->src, r->sb, inode, &map, &cur, pos, ~0ULL, &ext, diag);
		if (err)
			break;
		if (ext.la > pos || ext.la + ext.len <= pos || ext.len > inode->size - ext.la)
			abort();
		n = (size_t)(ext.la + ext.len - pos);
		n = n < len ? n : len;
		if (ext.type == EROFS_Z_HOLE)
			memset(to, 0, n);
		else if (ext.type == EROFS_Z_FRAGMENT)
			err = read_fragment(r, inode, ext.pa + (pos - ext.la), to, n, diag);
		else
			err = read_cluster(r, inode, &ext, pos - ext.la, to, n, diag);
		pos += n;
		to += n;
		len -= n;
	}
	return err;
}

void content_begin(void)
{
	reader_compressed = read_compressed;
	spent = 0;
	for (u32 i = 0; i < KEPT; i++) {
		free(kept[i].data);
		kept[i].data = NULL;
	}
}

u64 content_spent(void) { return spent; }
