// SPDX-License-Identifier: GPL-2.0-only
/*
 * sidecar=: digests for an image that carries none (docs/SIDECAR.md).
 *
 * Rules:
 *  - At mount: the file is opened under the rules for image files, its header is
 *    verified and has to name this very image. Anything else fails the mount.
 *  - Later: blocks are read on demand, at the first open of a file, into a page
 *    cache of the mount's own (io/meta.c). Nobody else can write to those pages,
 *    so a block is verified when it enters memory and not again. A failure makes
 *    that file private, with one rate-limited line, and nothing else.
 *  - Constant after mount; look-ups may run in parallel.
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/namei.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "erofs_sidecar.h"
#include "fill/content.h"
#include "vfs/vfs.h"

/**
 * struct eis_sidecar - the sidecar of a mount
 * @fmt:     decoded header
 * @storage: the file, with its cache of blocks
 * @name:    path as the user gave it, or the file's
 */
struct eis_sidecar {
	struct erofs_sidecar fmt;
	struct eis_storage *storage;
	char *name;
};

/**
 * struct eis_sidecar_source - blocks for the decoder
 * @src:     what the decoder gets
 * @storage: where they come from
 */
struct eis_sidecar_source {
	struct erofs_sidecar_source src;
	struct eis_storage *storage;
};

/* A page that is one block remembers in its own flags that it was verified. */
static bool eis_page_is_block(void)
{
	return PAGE_SIZE == EROFS_SIDECAR_BLKSIZE;
}

static int eis_sidecar_get(struct erofs_sidecar_source *src, u64 nr,
			   struct erofs_sidecar_block *block)
{
	struct eis_sidecar_source *ss = container_of(src, struct eis_sidecar_source, src);
	u64 pos = nr << EROFS_SIDECAR_BLKBITS;
	struct folio *folio;

	if (pos >= ss->storage->size)
		return -EIO;
	folio = eis_cached_folio(ss->storage->meta->i_mapping, &ss->storage->meta_ra, pos);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	block->data = kmap_local_folio(folio, offset_in_page(pos));
	block->verified = eis_page_is_block() && folio_test_checked(folio);
	block->priv = folio;
	return 0;
}

static void eis_sidecar_put(struct erofs_sidecar_source *src, struct erofs_sidecar_block *block)
{
	struct folio *folio = block->priv;

	kunmap_local((void *)block->data);
	if (block->verified && eis_page_is_block() && !folio_test_checked(folio))
		folio_set_checked(folio);
	folio_put(folio);
}

static struct eis_sidecar_source eis_sidecar_source(const struct eis_sidecar *sc)
{
	return (struct eis_sidecar_source){
		.src.get = eis_sidecar_get,
		.src.put = eis_sidecar_put,
		.storage = sc->storage,
	};
}

/* ---- Mounting ---- */

/* Our own file for what the user named; ERR_PTR on failure, logged. */
static struct file *eis_sidecar_file(struct fs_context *fc)
{
	struct eis_context *ctx = fc->fs_private;
	struct file *file;
	struct path path;
	const char *why;
	int err;

	if (ctx->sidecar_file) {
		path = ctx->sidecar_file->f_path;
		path_get(&path);
	} else {
		err = kern_path(ctx->sidecar, LOOKUP_FOLLOW, &path);
		if (err)
			return ERR_PTR(eis_mount_error(fc, err, "sidecar %s: the path cannot be followed; check that it exists and may be searched",
						       ctx->sidecar));
	}
	/* Not ENOTBLK: no loop device would help. */
	why = eis_file_unfit(fc, d_backing_inode(path.dentry));
	if (why)
		file = ERR_PTR(eis_mount_error(fc, -EINVAL,
					       "sidecar %s: %s; copy it to another filesystem",
					       ctx->sidecar, why));
	else
		file = eis_open_file(&path, ctx->sidecar_file);
	path_put(&path);
	if (!why && IS_ERR(file))
		eis_mount_error(fc, PTR_ERR(file), "sidecar %s: cannot be opened; check its permissions",
				ctx->sidecar);
	if (!IS_ERR(file) && !file->f_op->read_iter) {
		fput(file);
		file = ERR_PTR(eis_mount_error(fc, -EINVAL,
					       "sidecar %s: cannot be read; copy it to another filesystem",
					       ctx->sidecar));
	}
	return file;
}

static const char *eis_sidecar_advice(enum erofs_check check)
{
	switch (check) {
	case EROFS_CHECK_SOURCE:
		return "check the file and its filesystem";
	case EROFS_CHECK_SC_MAGIC:
		return "give the file that 'erofs-ishare digest' made of this image";
	default:
		return "make it again with 'erofs-ishare digest'";
	}
}

static int eis_sidecar_verify(struct eis_sb *sbi, struct eis_sidecar *sc, struct erofs_diag *diag)
{
	struct eis_sidecar_source ss = eis_sidecar_source(sc);
	struct eis_image *image = &sbi->image;
	struct erofs_image_id id;
	struct eis_source es;
	int err;

	err = erofs_sidecar_open(&ss.src, sc->storage->size, &sc->fmt, diag);
	if (err)
		return err;
	eis_source_init(&es, image, NULL);
	err = erofs_image_id_read(&es.src, &image->fmt, image->devs, image->flat, &id, diag);
	eis_source_exit(&es);
	return err ? err : erofs_sidecar_match(&sc->fmt, &id, diag);
}

/**
 * eis_sidecar_open - open and verify what sidecar= names
 * @fc: mount in the making
 * @sb: superblock being set up; superblock and device table are decoded
 *
 * Context: may sleep. Return: 0, also when there is none; or a negative errno,
 * logged. eis_sidecar_drop() and eis_sidecar_free() come after both.
 */
int eis_sidecar_open(struct fs_context *fc, struct super_block *sb)
{
	struct eis_context *ctx = fc->fs_private;
	struct eis_sb *sbi = eis_sb(sb);
	struct erofs_diag diag = { };
	struct eis_sidecar *sc;
	struct file *file;
	int err;

	if (!ctx->sidecar)
		return 0;
	sc = kzalloc(sizeof(*sc), GFP_KERNEL);
	if (!sc)
		return -ENOMEM;
	sbi->sidecar = sc;
	sc->name = kstrdup(ctx->sidecar, GFP_KERNEL);
	if (!sc->name)
		return -ENOMEM;
	file = eis_sidecar_file(fc);
	if (IS_ERR(file))
		return PTR_ERR(file);
	sc->storage = eis_storage_from_file(file, 0, sbi->opts.directio, &sbi->image.inflight);
	fput(file);
	if (IS_ERR(sc->storage))
		return eis_mount_error(fc, PTR_ERR(sc->storage), "sidecar %s: cannot be used",
				       sc->name);
	err = eis_meta_init(sc->storage, sb, &sbi->image.stats);
	if (err)
		return err;
	err = eis_sidecar_verify(sbi, sc, &diag);
	if (err)
		return eis_mount_error(fc, err, "sidecar %s: %s: %s: value 0x%llx at byte %llu; %s",
				       sc->name, erofs_check_name(diag.check),
				       erofs_check_text(diag.check), diag.value, diag.pos,
				       eis_sidecar_advice(diag.check));
	return 0;
}

/**
 * eis_sidecar_drop - drop the cached blocks, before the superblock's inodes go
 * @sc: may be half set up, or NULL
 */
void eis_sidecar_drop(struct eis_sidecar *sc)
{
	if (sc && !IS_ERR_OR_NULL(sc->storage))
		eis_meta_exit(sc->storage);
}

/**
 * eis_sidecar_free - close the file, after the reads in flight are drained
 * @sc: may be half set up, or NULL
 */
void eis_sidecar_free(struct eis_sidecar *sc)
{
	if (!sc)
		return;
	eis_storage_close(sc->storage);
	kfree(sc->name);
	kfree(sc);
}

/**
 * eis_sidecar_name - what the user calls it
 * @sc: a mount's sidecar, or NULL
 */
const char *eis_sidecar_name(const struct eis_sidecar *sc)
{
	return sc ? sc->name : NULL;
}

/**
 * eis_sidecar_storage - where it lies
 * @sc: a mount's sidecar
 */
const struct eis_storage *eis_sidecar_storage(const struct eis_sidecar *sc)
{
	return sc->storage;
}

/**
 * eis_sidecar_is - is it the one of that name?
 * @sc: a mount's sidecar, or NULL
 * @name: path, or NULL for none
 */
bool eis_sidecar_is(const struct eis_sidecar *sc, const char *name)
{
	return sc && name ? !strcmp(sc->name, name) : !sc && !name;
}

/* ---- Looking up ---- */

static void eis_sidecar_report(const struct inode *inode, const struct eis_sidecar *sc,
			       const struct erofs_diag *diag, int err)
{
	static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL,
				      DEFAULT_RATELIMIT_BURST);

	if (err == -EINTR || err == -ENOMEM || !__ratelimit(&limit))
		return;
	pr_warn("erofs-ishare: %s: sidecar %s: digest of nid %llu (the file stays private) failed (%d): %s: %s: value 0x%llx at byte %llu; %s\n",
		inode->i_sb->s_id, sc->name, diag->nid, err, erofs_check_name(diag->check),
		erofs_check_text(diag->check), diag->value, diag->pos,
		eis_sidecar_advice(diag->check));
}

/**
 * eis_sidecar_fingerprint - the fingerprint of an inode
 * @sc:   the mount's sidecar
 * @inode: regular file
 * @buf:  result
 * @size: bytes of @buf, at least EROFS_SIDECAR_FP_LEN
 *
 * Context: may sleep. Return: its length; -ENODATA: it has none; another
 * negative errno, reported: the file stays private.
 */
int eis_sidecar_fingerprint(struct eis_sidecar *sc, struct inode *inode, void *buf, size_t size)
{
	struct eis_sidecar_source ss = eis_sidecar_source(sc);
	struct erofs_diag diag = { };
	int ret;

	ret = erofs_sidecar_fingerprint(&ss.src, &sc->fmt, eis_i(inode)->fmt.nid, buf, size, &diag);
	if (ret < 0 && diag.check)
		eis_sidecar_report(inode, sc, &diag, ret);
	return ret;
}
