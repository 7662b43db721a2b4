// SPDX-License-Identifier: GPL-2.0-only
/*
 * The superblock: from an opened source to a mounted image and back.
 *
 * Order of setting up (FORMAT.md 1.1): storage and its metadata cache,
 * superblock, features, devices, sidecar, domain, packed inode, metabox inode,
 * root, long xattr prefixes. Taking down is the reverse, after the reads in flight are
 * drained: see eis_kill_sb().
 */
#include <linux/buffer_head.h>
#include <linux/exportfs.h>
#include <linux/kdev_t.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "compat/compat.h"
#include "fill/content.h"
#include "trace/erofs_ishare.h"
#include "vfs/vfs.h"

static struct kmem_cache *eis_inode_cachep;

/* ---- Inodes' memory ---- */

static struct inode *eis_alloc_inode(struct super_block *sb)
{
	struct eis_inode *ei = alloc_inode_sb(sb, eis_inode_cachep, GFP_KERNEL);

	if (!ei)
		return NULL;
	ei->image = &eis_sb(sb)->image;
	ei->zmap = NULL;
	ei->member.shared = NULL;
	ei->flags = 0;
	return &ei->inode;
}

static void eis_free_inode(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
	kfree(eis_i(inode)->zmap);
	kmem_cache_free(eis_inode_cachep, eis_i(inode));
}

/*
 * As the VFS does it, and for who drops the mount's caches. Not for lack of links: nothing is deleted
 * here, and images say what they like. The last user may be reclaim, and to evict an inode is to wait
 * for its reads: those of a disk that hangs, or of the very worker that reclaims.
 */
static int eis_drop_inode(struct inode *inode)
{
	return inode_unhashed(inode) || READ_ONCE(eis_sb(inode->i_sb)->dropper) == current;
}

static void eis_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	eis_share_leave(&eis_i(inode)->member, !(inode->i_sb->s_flags & SB_ACTIVE));
}

static void eis_inode_init_once(void *obj)
{
	struct eis_inode *ei = obj;

	INIT_LIST_HEAD(&ei->member.link);
	inode_init_once(&ei->inode);
}

int eis_inode_cache_init(void)
{
	eis_inode_cachep = kmem_cache_create("eis_inode", sizeof(struct eis_inode), 0,
					     SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					     eis_inode_init_once);
	return eis_inode_cachep ? 0 : -ENOMEM;
}

void eis_inode_cache_exit(void)
{
	/* Inodes are freed after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(eis_inode_cachep);
}

/* ---- statfs ---- */

static int eis_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct super_block *sb = dentry->d_sb;
	const struct eis_image *image = &eis_sb(sb)->image;
	u64 fsid[2];
	u32 i;

	buf->f_type = sb->s_magic;
	buf->f_bsize = sb->s_blocksize;
	buf->f_blocks = image->fmt.blocks;
	for (i = 0; i < image->fmt.extra_devices; i++)
		buf->f_blocks += image->devs[i].blocks;
	buf->f_bfree = 0;
	buf->f_bavail = 0;
	buf->f_files = ULLONG_MAX;
	buf->f_ffree = ULLONG_MAX - image->fmt.inos;
	buf->f_namelen = EROFS_NAME_LEN;
	memcpy(fsid, image->fmt.uuid, sizeof(fsid));
	if (fsid[0] | fsid[1])
		buf->f_fsid = u64_to_fsid(le64_to_cpu((__force __le64)fsid[0]) ^
					  le64_to_cpu((__force __le64)fsid[1]));
	else
		buf->f_fsid = u64_to_fsid(huge_encode_dev(sb->s_dev));
	return 0;
}

/* ---- Setting up ---- */

static int eis_diag_error(struct fs_context *fc, const struct erofs_diag *diag, int err,
			  const char *what)
{
	return eis_mount_error(fc, err, "%s: %s: %s: value 0x%llx at byte %llu; %s", what,
			       erofs_check_name(diag->check), erofs_check_text(diag->check),
			       diag->value, diag->pos, eis_advice(diag->check));
}

static int eis_setup_storage(struct fs_context *fc, struct super_block *sb)
{
	struct eis_sb *sbi = eis_sb(sb);
	struct eis_image *image = &sbi->image;
	struct eis_storage *st;
	int err;

	image->cache_strategy = sbi->opts.cache;
	err = eis_inflight_init(&image->inflight);
	if (!err)
		err = eis_stats_init(&image->stats);
	if (err)
		return err;
	image->storage = kcalloc(1, sizeof(*image->storage), GFP_KERNEL);
	if (!image->storage)
		return -ENOMEM;
	if (sbi->file) {
		err = super_setup_bdi(sb);
		if (err)
			return err;
		/* It may be renamed meanwhile. */
		snprintf(sb->s_id, sizeof(sb->s_id), "%pD", sbi->file);
		st = eis_storage_from_file(sbi->file, sbi->opts.fsoffset, sbi->opts.directio,
					   &image->inflight);
	} else {
		st = eis_storage_from_sb(sb, sbi->opts.fsoffset, &image->inflight);
	}
	if (IS_ERR(st))
		return eis_mount_error(fc, PTR_ERR(st),
				       "the size of the image cannot be found out; check the filesystem it lies on, and free memory");
	image->storage[image->nr_storage++] = st;
	return eis_meta_init(st, sb, &image->stats);
}

/* What cannot be decoded is refused here, by name, and not at the first read. */
static int eis_setup_codecs(struct fs_context *fc, struct eis_image *image)
{
	const struct erofs_super *fmt = &image->fmt;
	struct eis_codec_params params = {
		.algorithms	= fmt->algorithms,
		.lzma_dict_size	= fmt->lzma_dict_size,
		.zstd_window	= 1U << (fmt->zstd_windowlog + 10),
	};
	int i, err;

	for (i = 0; i < EROFS_ALG_COUNT; i++) {
		if ((params.algorithms & (1U << i)) && !eis_codec_supported(i))
			return eis_mount_error(fc, -EOPNOTSUPP,
					       "the image uses %s compression, which this kernel has no decoder for; rebuild it with another algorithm (-z)",
					       erofs_algorithm_name(i));
	}
	err = eis_codec_get(&params);
	if (err)
		return eis_mount_error(fc, err, "no memory for decompression workspaces");
	/* From here on eis_sb_free() gives them back. */
	image->codec = params;
	return 0;
}

static int eis_setup_format(struct fs_context *fc, struct super_block *sb)
{
	struct eis_sb *sbi = eis_sb(sb);
	struct eis_image *image = &sbi->image;
	struct erofs_super *fmt = &image->fmt;
	struct erofs_diag diag = { };
	struct eis_source es;
	int err;

	eis_source_init(&es, image, NULL);
	err = erofs_super_read(&es.src, PAGE_SHIFT, fmt, &diag);
	eis_source_exit(&es);
	if (err)
		return eis_diag_error(fc, &diag, err, "superblock");
	if (sbi->opts.fsoffset & ((1U << fmt->blkszbits) - 1))
		return eis_mount_error(fc, -EINVAL,
				       "fsoffset=%llu: must be a multiple of the image's block size, %u",
				       sbi->opts.fsoffset, 1U << fmt->blkszbits);
	err = eis_setup_codecs(fc, image);
	if (err)
		return err;
	/*
	 * Not sb_set_blocksize(): we do not use the device's own page cache, so
	 * there is no reason to throw away what others have in it.
	 */
	sb->s_blocksize_bits = fmt->blkszbits;
	sb->s_blocksize = 1UL << fmt->blkszbits;
	super_set_uuid(sb, fmt->uuid, sizeof(fmt->uuid));
	return 0;
}

/* Blocks smaller than what a device can read would need reads in pieces. */
static int eis_check_block_size(struct fs_context *fc, const struct eis_image *image)
{
	unsigned int i;

	for (i = 0; i < image->nr_storage; i++) {
		const struct eis_storage *st = image->storage[i];

		if (st->bdev && bdev_logical_block_size(st->bdev) >> image->fmt.blkszbits > 1)
			return eis_mount_error(fc, -EINVAL,
					       "%s: logical block size %u is larger than the image's block size %u; copy the image to a file",
					       st->name, bdev_logical_block_size(st->bdev),
					       1U << image->fmt.blkszbits);
	}
	return 0;
}

static int eis_setup_devices(struct fs_context *fc, struct super_block *sb)
{
	struct eis_image *image = &eis_sb(sb)->image;
	const u32 nr = image->fmt.extra_devices;
	struct erofs_diag diag = { };
	struct eis_storage **storage;
	struct eis_source es;
	unsigned int i;
	int err = 0;

	if (nr) {
		image->devs = kvcalloc(nr, sizeof(*image->devs), GFP_KERNEL);
		storage = kvcalloc(nr + 1, sizeof(*storage), GFP_KERNEL);
		if (!image->devs || !storage) {
			kvfree(storage);
			return -ENOMEM;
		}
		storage[0] = image->storage[0];
		kfree(image->storage);
		image->storage = storage;
	}
	eis_source_init(&es, image, NULL);
	for (i = 1; i <= nr && !err; i++) {
		err = erofs_device_read(&es.src, &image->fmt, i, &image->devs[i - 1], &diag);
		if (fatal_signal_pending(current))
			err = -EINTR;
	}
	eis_source_exit(&es);
	if (err)
		return eis_diag_error(fc, &diag, err, "device table");
	err = eis_open_devices(fc, sb);
	if (err)
		return err;
	image->all_bdev = true;
	for (i = 0; i < image->nr_storage; i++) {
		if (i) {
			err = eis_meta_init(image->storage[i], sb, &image->stats);
			if (err)
				return err;
		}
		image->all_bdev &= !!image->storage[i]->bdev;
	}
	return eis_check_block_size(fc, image);
}

/*
 * Files and directories are filled from the packed inode, and all of these, the packed inode too, are
 * described in the metabox: that is the order of their page caches' locks. No way leads back: neither
 * of the two may have fragments, and the metabox inode itself lies on the device.
 */
static struct lock_class_key eis_packed_invalidate_key;
static struct lock_class_key eis_mbox_invalidate_key;

static void eis_inner_mapping(struct inode *inode, enum erofs_role role)
{
	struct address_space *mapping = inode->i_mapping;

	if (role == EROFS_ROLE_ROOT)
		return;
	/* It stays their own even if a directory lists them and somebody opens them. */
	set_bit(EIS_I_PRIVATE, &eis_i(inode)->flags);
	if (role == EROFS_ROLE_PACKED)
		lockdep_set_class(&mapping->invalidate_lock, &eis_packed_invalidate_key);
	else
		lockdep_set_class(&mapping->invalidate_lock, &eis_mbox_invalidate_key);
	/* Read while folios of files are locked. */
	mapping_set_gfp_mask(mapping, GFP_NOFS | __GFP_HIGHMEM | __GFP_MOVABLE);
}

/* An inode that the superblock names. *out holds a reference only on success. */
static int eis_setup_named(struct fs_context *fc, struct super_block *sb, u64 nid,
			   enum erofs_role role, const char *what, struct inode **out)
{
	struct inode *inode = eis_iget(sb, nid, what);
	struct erofs_diag diag = { };
	int err;

	if (IS_ERR(inode))
		return eis_mount_error(fc, PTR_ERR(inode), "%s inode: nid %llu cannot be read; check the image with fsck.erofs, and its storage",
				       what, nid);
	err = erofs_role_check(&eis_i(inode)->fmt, role, &diag);
	if (err) {
		iput(inode);
		return eis_diag_error(fc, &diag, err, what);
	}
	eis_inner_mapping(inode, role);
	*out = inode;
	return 0;
}

static int eis_setup_prefixes(struct fs_context *fc, struct eis_image *image)
{
	u64 pos = image->fmt.prefix_pos;
	struct erofs_diag diag = { };
	struct eis_source es;
	unsigned int i;
	int err = 0;

	if (!image->fmt.xattr_prefix_count)
		return 0;
	image->prefixes = kvcalloc(image->fmt.xattr_prefix_count, sizeof(*image->prefixes),
				   GFP_KERNEL);
	if (!image->prefixes)
		return -ENOMEM;
	eis_source_init(&es, image, NULL);
	for (i = 0; i < image->fmt.xattr_prefix_count && !err; i++)
		err = erofs_prefix_read(&es.src, &image->fmt, &pos, &image->prefixes[i], &diag);
	eis_source_exit(&es);
	return err ? eis_diag_error(fc, &diag, err, "long xattr prefixes") : 0;
}

static int eis_setup_inodes(struct fs_context *fc, struct super_block *sb)
{
	struct eis_image *image = &eis_sb(sb)->image;
	struct inode *root = NULL;
	int err = 0;

	if (image->fmt.has_packed)
		err = eis_setup_named(fc, sb, image->fmt.packed_nid, EROFS_ROLE_PACKED, "packed",
				      &image->packed);
	if (!err && image->fmt.has_metabox)
		err = eis_setup_named(fc, sb, image->fmt.metabox_nid, EROFS_ROLE_METABOX,
				      "metabox", &image->mbox);
	if (!err)
		err = eis_setup_named(fc, sb, image->fmt.root_nid, EROFS_ROLE_ROOT, "root", &root);
	if (!err)
		err = eis_setup_prefixes(fc, image);
	if (err) {
		iput(root);
		return err;
	}
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int eis_setup_domain(struct fs_context *fc, struct super_block *sb)
{
	struct eis_sb *sbi = eis_sb(sb);
	struct eis_context *ctx = fc->fs_private;
	struct eis_domain *domain;

	if (!sbi->opts.share)
		return 0;
	sbi->in_domain.dev = sb->s_dev;
	sbi->in_domain.stats = &sbi->image.stats;
	sbi->in_domain.warm = sbi->opts.warm;
	domain = eis_domain_get(ctx->domain, &sbi->in_domain);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	sbi->domain = domain;
	if (!sbi->image.fmt.has_ishare && !sbi->sidecar)
		eis_mount_info(fc, "the image carries no content digests, so its files are not shared; build it with mkfs.erofs --xattr-inode-digest, or make a sidecar with 'erofs-ishare digest' and add sidecar=FILE");
	return 0;
}

/* Inodes that no dentry holds. */
static void eis_put_inodes(struct eis_sb *sbi)
{
	struct eis_image *image = &sbi->image;
	unsigned int i;

	iput(image->packed);
	iput(image->mbox);
	image->packed = NULL;
	image->mbox = NULL;
	for (i = 0; i < image->nr_storage; i++)
		eis_meta_exit(image->storage[i]);
	eis_sidecar_drop(sbi->sidecar);
}

static void eis_put_super(struct super_block *sb)
{
	eis_put_inodes(eis_sb(sb));
}

static const struct super_operations eis_sops = {
	.alloc_inode	= eis_alloc_inode,
	.free_inode	= eis_free_inode,
	.drop_inode	= eis_drop_inode,
	.evict_inode	= eis_evict_inode,
	.put_super	= eis_put_super,
	.statfs		= eis_statfs,
	.show_options	= eis_show_options,
};

static int eis_setup(struct super_block *sb, struct fs_context *fc)
{
	int err;

	err = eis_setup_storage(fc, sb);
	if (!err)
		err = eis_setup_format(fc, sb);
	if (!err)
		err = eis_setup_devices(fc, sb);
	if (!err)
		err = eis_sidecar_open(fc, sb);
	if (!err)
		err = eis_setup_domain(fc, sb);
	if (!err)
		err = eis_setup_inodes(fc, sb);
	if (!err)
		err = eis_sysfs_show(sb);
	return err;
}

/**
 * eis_fill_super - make a superblock of the opened source
 * @sb: superblock
 * @fc: mount or remount in the making
 *
 * Context: may sleep, s_umount held for writing. Return: 0 or a negative
 * errno, logged; the VFS then calls eis_kill_sb().
 */
int eis_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct eis_sb *sbi = eis_sb(sb);
	int err;

	sbi->image.sb = sb;
	sb->s_magic = EROFS_SUPER_MAGIC;
	sb->s_flags |= SB_RDONLY | SB_NOATIME;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_time_gran = 1;
	sb->s_op = &eis_sops;
	sb->s_export_op = &eis_export_ops;
	eis_set_xattr_handlers(sb, eis_xattr_handlers);
	if (sbi->opts.acl)
		sb->s_flags |= SB_POSIXACL;
	err = eis_setup(sb, fc);
	trace_eis_mount(sb->s_dev, sbi->image.fmt.root_nid, sbi->domain, err);
	/* Without a root the VFS will not call put_super. */
	if (err && !sb->s_root)
		eis_put_inodes(sbi);
	return err;
}

/* ---- Taking down ---- */

/**
 * eis_sb_free - free a mount's private data
 * @sbi: may be half set up, or NULL
 *
 * No superblock uses it any more. Context: may sleep.
 */
void eis_sb_free(struct eis_sb *sbi)
{
	struct eis_image *image;
	unsigned int i;

	if (!sbi)
		return;
	image = &sbi->image;
	eis_domain_put(sbi->domain, &sbi->in_domain);
	for (i = 0; i < image->nr_storage; i++)
		eis_storage_close(image->storage[i]);
	eis_sidecar_free(sbi->sidecar);
	eis_inflight_exit(&image->inflight);
	eis_stats_exit(&image->stats);
	eis_codec_put(&image->codec);
	kvfree(image->storage);
	kvfree(image->devs);
	kvfree(image->prefixes);
	if (sbi->file)
		fput(sbi->file);
	kfree(sbi);
}

/**
 * eis_kill_sb - unmount
 * @sb: superblock
 *
 * Eviction cannot wait for reads into shared page caches (the members' own are
 * empty), so the reads in flight are drained first, while inodes, devices and
 * codecs are all still there. Context: may sleep.
 */
void eis_kill_sb(struct super_block *sb)
{
	struct eis_sb *sbi = eis_sb(sb);

	eis_sysfs_hide(sbi);
	eis_inflight_drain(&sbi->image.inflight);
	if (sbi->file)
		kill_anon_super(sb);
	else
		kill_block_super(sb);
	eis_sb_free(sbi);
	sb->s_fs_info = NULL;
}
