// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading metadata and file content; see image.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "codecs.h"
#include "image.h"
#include "say.h"

/* ---- Devices ---- */

/* Bytes of a container; how many there are, at most @len, or a negative errno. */
static ssize_t container_read(const struct container *c, u64 pos, void *buf, size_t len)
{
	size_t done = 0;

	if (pos >= c->size)
		return 0;
	if (len > c->size - pos)
		len = (size_t)(c->size - pos);
	while (done < len) {
		ssize_t n = pread(c->fd, (u8 *)buf + done, len - done,
				  (off_t)(c->start + pos + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Where bytes of a data extent are; *len is clipped to what is contiguous there. */
static int locate(const struct image *image, u16 device_id, u64 pa, u64 *len,
		  const struct container **c, u64 *pos, struct erofs_diag *diag)
{
	struct erofs_location loc;
	int err;

	err = erofs_locate(&image->sb, image->devs, image->flat, device_id, pa, *len, &loc, diag);
	if (err)
		return err;
	if (loc.device >= image->ncontainers)
		return erofs_fail(diag, EROFS_CHECK_DEV_ID, 0, pa, loc.device);
	*c = &image->containers[loc.device];
	*pos = loc.pos;
	*len = loc.len;
	return 0;
}

int view_pread(struct view *v, u64 nid, u16 device_id, u64 pa, void *buf, size_t len,
	       struct erofs_diag *diag)
{
	while (len) {
		const struct container *c = NULL;
		u64 n = len, pos = 0;
		ssize_t got;
		int err;

		err = locate(v->image, device_id, pa, &n, &c, &pos, diag);
		if (err) {
			/* A place knows no inode. */
			if (diag)
				diag->nid = nid;
			return err;
		}
		got = container_read(c, pos, buf, (size_t)n);
		if (got != (ssize_t)n) {
			err = got < 0 ? (int)got : -EIO;
			erofs_fail(diag, EROFS_CHECK_SOURCE, nid, pos, (u64)-err);
			return err;
		}
		pa += n;
		buf = (u8 *)buf + n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- Spans for the decoders ---- */

static int device_span(struct view *v, u64 pos, size_t min, struct erofs_span *span)
{
	u64 nr = pos / sizeof(v->blocks[0].data);
	u32 off = pos % sizeof(v->blocks[0].data), slot = nr % VIEW_BLOCKS;

	if (v->blocks[slot].nr != nr + 1) {
		ssize_t n;

		v->blocks[slot].nr = 0;
		n = container_read(&v->image->containers[0], pos - off, v->blocks[slot].data,
				   sizeof(v->blocks[slot].data));
		if (n < 0)
			return (int)n;
		v->blocks[slot].len = (u32)n;
		v->blocks[slot].nr = nr + 1;
	}
	if (off > v->blocks[slot].len || min > v->blocks[slot].len - off)
		return -EIO;
	span->data = v->blocks[slot].data + off;
	span->len = v->blocks[slot].len - off;
	return 0;
}

static int content_span(struct view *v, const struct zinode *z, u64 pos, size_t min,
			struct erofs_span *span)
{
	static const u8 zeros[32];
	u64 want, len;
	int err;

	if (pos >= z->inode.size || min > z->inode.size - pos)
		return -EIO;
	want = 4096 - (pos & 4095);
	if (want > z->inode.size - pos)
		want = z->inode.size - pos;
	err = view_piece(v, z, pos, want, &span->data, &len, NULL);
	if (err)
		return err;
	if (len < min) {
		/* Compressed extents end anywhere, in the middle of an inode too. */
		span->data = v->bounce;
		span->len = min;
		return min > sizeof(v->bounce) ? -EIO :
			view_content(v, z, pos, v->bounce, min, NULL);
	}
	span->len = (size_t)len;
	if (!span->data) {
		span->data = zeros;
		if (span->len > sizeof(zeros))
			span->len = sizeof(zeros);
	}
	return 0;
}

static int view_get(struct erofs_source *src, enum erofs_space space, u64 pos, size_t min,
		    struct erofs_span *span)
{
	struct view *v = (struct view *)src;

	v->gets++;
	switch (space) {
	case EROFS_DEV:
		return device_span(v, pos, min, span);
	case EROFS_MBOX:
		return v->image->metabox_ready ?
			content_span(v, &v->image->metabox, pos, min, span) : -EIO;
	case EROFS_PACKED:
		return v->image->packed_ready ?
			content_span(v, &v->image->packed, pos, min, span) : -EIO;
	default:
		return -EIO;
	}
}

static void view_put(struct erofs_source *src, struct erofs_span *span)
{
	(void)src;
	(void)span;
}

/* ---- Plain content ---- */

static struct view_buffers *buffers_of(struct view *v, const struct zinode *z)
{
	return z == &v->image->metabox ? &v->metabox_buffers : &v->buffers;
}

static int plain_piece(struct view *v, const struct zinode *z, u64 pos, u64 want, const u8 **data,
		       u64 *len, struct erofs_diag *diag)
{
	u8 *buf = buffers_of(v, z)->data;
	struct erofs_extent ext;
	int err;

	err = erofs_map(&v->src, &v->image->sb, &z->inode, pos, want, &ext, diag);
	if (err)
		return err;
	*data = NULL;
	*len = ext.len;
	if (ext.type == EROFS_EXTENT_HOLE)
		return 0;
	if (*len > VIEW_PIECE)
		*len = VIEW_PIECE;
	*data = buf;
	if (ext.type == EROFS_EXTENT_DATA)
		return view_pread(v, z->inode.nid, ext.device_id, ext.pa, buf, (size_t)*len, diag);
	err = erofs_read(&v->src, z->inode.space, ext.pa, buf, (size_t)*len);
	if (err)
		erofs_fail(diag, EROFS_CHECK_SOURCE, z->inode.nid, ext.pa, (u64)-err);
	return err;
}

/* ---- Compressed content ---- */

/* Damaged data is no named check: complain_diag() knows it by its errno. */
static int decode_failed(const struct zinode *z, const struct erofs_zextent *ext, int err,
			 struct erofs_diag *diag)
{
	if (err != -EUCLEAN) {
		erofs_fail(diag, EROFS_CHECK_SOURCE, z->inode.nid, ext->la, (u64)-err);
	} else if (diag) {
		diag->check = EROFS_CHECK_OK;
		diag->nid = z->inode.nid;
		diag->pos = ext->la;
		diag->value = ext->pa;
	}
	return err;
}

/* Section 8.4 */
static int decode_plain(u32 blksize, const struct erofs_zextent *ext, const u8 *in, u8 *out)
{
	u64 cur, n;

	if (ext->len > ext->plen)
		return -EUCLEAN;
	if (ext->format == EROFS_ZF_SHIFTED) {
		memcpy(out, in, (size_t)ext->len);
		return 0;
	}
	cur = blksize - (ext->la & (blksize - 1));
	if (cur > ext->plen)
		return -EUCLEAN;
	n = cur < ext->len ? cur : ext->len;
	memcpy(out, in + (ext->plen - cur), (size_t)n);
	memcpy(out + n, in, (size_t)(ext->len - n));
	return 0;
}

/* The whole extent into @out, ext->len bytes. */
static int decode_extent(struct view *v, const struct zinode *z, const struct erofs_zextent *ext,
			 u8 *out, struct erofs_diag *diag)
{
	u32 blksize = 1U << v->image->sb.blkszbits;
	u32 head = blksize - (u32)(ext->pa & (blksize - 1));
	u8 *in = buffers_of(v, z)->encoded;
	bool exact = !ext->partial && ext->complete;
	size_t skip;
	int err;

	if (ext->plen > EROFS_PCLUSTER_MAX_PLEN)
		return decode_failed(z, ext, -EUCLEAN, diag);
	if (ext->inlined) {
		err = erofs_read(&v->src, z->inode.space, ext->pa, in, ext->plen);
		if (err)
			return decode_failed(z, ext, err, diag);
	} else {
		err = view_pread(v, z->inode.nid, 0, ext->pa, in, ext->plen, diag);
		if (err)
			return err;
	}
	if (ext->format >= EROFS_ZF_SHIFTED) {
		err = decode_plain(blksize, ext, in, out);
	} else {
		if (head > ext->plen)
			head = ext->plen;
		skip = erofs_zskip(in, head);
		if (ext->format == EROFS_ZF_LZ4 &&
		    !(v->image->sb.feature_incompat & EROFS_INCOMPAT_LZ4_0PADDING)) {
			/* mkfs.erofs -Elegacy-compress: the padding is behind, its begin unknown */
			skip = 0;
			exact = false;
		}
		err = skip == head ? -EUCLEAN :
			codecs_decode(v->codecs, ext->format, in + skip, ext->plen - skip, out,
				      (size_t)ext->len, exact);
	}
	return err ? decode_failed(z, ext, err, diag) : 0;
}

/* The decoded extent that begins at @la of inode @nid, if it is kept. */
static struct view_extent *kept_extent(struct view *v, u64 nid, u64 pos)
{
	for (u32 i = 0; i < VIEW_EXTENTS; i++) {
		struct view_extent *e = &v->extents[i];

		if (e->data && e->nid == nid && pos >= e->la && pos - e->la < e->len) {
			e->used = ++v->clock;
			return e;
		}
	}
	return NULL;
}

/* A slot to decode into: the file's own, or the one not used for longest. */
static struct view_extent *free_slot(struct view *v, const struct zinode *z)
{
	struct view_extent *e = &v->extents[0];

	if (z == &v->image->packed || z == &v->image->metabox) {
		e = &v->extents[1];
		for (u32 i = 2; i < VIEW_EXTENTS; i++) {
			if (v->extents[i].used < e->used)
				e = &v->extents[i];
		}
	}
	free(e->data);
	memset(e, 0, sizeof(*e));
	return e;
}

/* Where the last look-up in this inode ended; every file read begins anew. */
static struct erofs_zcursor *cursor_of(struct view *v, const struct zinode *z)
{
	if (z == &v->image->packed)
		return &v->packed_cursor;
	if (z == &v->image->metabox)
		return &v->metabox_cursor;
	if (v->cursor_nid != z->inode.nid)
		memset(&v->cursor, 0, sizeof(v->cursor));
	v->cursor_nid = z->inode.nid;
	return &v->cursor;
}

/* What an image makes us decode is limited: -EDQUOT, for complain_image(). */
static int count_decoded(struct view *v, const struct zinode *z, const struct erofs_zextent *ext,
			 struct erofs_diag *diag)
{
	if (ext->len > EROFS_PCLUSTER_MAX_LLEN)
		return decode_failed(z, ext, -EUCLEAN, diag);
	v->decoded += ext->len;
	if (v->decoded <= v->image->max_bytes)
		return 0;
	erofs_fail(diag, EROFS_CHECK_SOURCE, z->inode.nid, ext->la, EDQUOT);
	return -EDQUOT;
}

static int compressed_piece(struct view *v, const struct zinode *z, u64 pos, u64 want,
			    const u8 **data, u64 *len, struct erofs_diag *diag)
{
	struct view_extent *e = kept_extent(v, z->inode.nid, pos);
	struct erofs_zextent ext;
	u64 left;
	int err;

	if (!e) {
		err = erofs_zmap_find(&v->src, &v->image->sb, &z->inode, &z->map,
				      cursor_of(v, z), pos, ~0ULL, &ext, diag);
		if (err)
			return err;
		left = ext.la + ext.len - pos;
		*len = left < want ? left : want;
		*data = NULL;
		if (ext.type == EROFS_Z_HOLE)
			return 0;
		if (ext.type == EROFS_Z_FRAGMENT) {
			u64 from = ext.pa + (pos - ext.la);

			/* The packed inode itself has no fragments: erofs_zmap_open() saw to it. */
			if (!v->image->packed_ready || from >= v->image->packed.inode.size ||
			    *len > v->image->packed.inode.size - from)
				return erofs_fail(diag, EROFS_CHECK_ZMAP_FRAGMENT_RANGE,
						  z->inode.nid, pos, from);
			return view_piece(v, &v->image->packed, from, *len, data, len, diag);
		}
		err = count_decoded(v, z, &ext, diag);
		if (err)
			return err;
		e = free_slot(v, z);
		/* Zeros: no codec's mistake may bring back what was decoded before. */
		e->data = calloc(1, (size_t)ext.len);
		err = e->data ? decode_extent(v, z, &ext, e->data, diag) :
				decode_failed(z, &ext, -ENOMEM, diag);
		if (err) {
			free(e->data);
			e->data = NULL;
			return err;
		}
		e->nid = z->inode.nid;
		e->la = ext.la;
		e->len = ext.len;
		e->used = ++v->clock;
	}
	left = e->la + e->len - pos;
	*len = left < want ? left : want;
	*data = e->data + (pos - e->la);
	return 0;
}

/* ---- Content ---- */

int zinode_open(struct view *v, struct zinode *z, struct erofs_diag *diag)
{
	if (!z->inode.size || !erofs_inode_compressed(&z->inode))
		return 0;
	return erofs_zmap_open(&v->src, &v->image->sb, &z->inode, &z->map, diag);
}

int view_piece(struct view *v, const struct zinode *z, u64 pos, u64 want, const u8 **data,
	       u64 *len, struct erofs_diag *diag)
{
	if (erofs_inode_compressed(&z->inode))
		return compressed_piece(v, z, pos, want, data, len, diag);
	return plain_piece(v, z, pos, want, data, len, diag);
}

int view_content(struct view *v, const struct zinode *z, u64 pos, void *buf, size_t len,
		 struct erofs_diag *diag)
{
	while (len) {
		const u8 *data;
		u64 n;
		int err = view_piece(v, z, pos, len, &data, &n, diag);

		if (err)
			return err;
		if (data)
			memcpy(buf, data, (size_t)n);
		else
			memset(buf, 0, (size_t)n);
		buf = (u8 *)buf + n;
		pos += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- Views ---- */

struct view *view_new(const struct image *image)
{
	struct view *v = xalloc(1, sizeof(*v));

	v->src.get = view_get;
	v->src.put = view_put;
	v->image = image;
	v->buffers.data = xalloc(1, VIEW_PIECE);
	v->buffers.encoded = xalloc(1, EROFS_PCLUSTER_MAX_PLEN);
	v->metabox_buffers.data = xalloc(1, VIEW_PIECE);
	v->metabox_buffers.encoded = xalloc(1, EROFS_PCLUSTER_MAX_PLEN);
	/* The superblock, which declares what the codecs need, may not be known yet. */
	v->codecs = codecs_new(&image->sb);
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	for (u32 i = 0; i < VIEW_EXTENTS; i++)
		free(v->extents[i].data);
	free(v->buffers.data);
	free(v->buffers.encoded);
	free(v->metabox_buffers.data);
	free(v->metabox_buffers.encoded);
	codecs_free(v->codecs);
	free(v);
}
