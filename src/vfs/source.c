// SPDX-License-Identifier: GPL-2.0-only
/*
 * From source= and device= to storages: what a path or file descriptor is, and
 * whether an image may be read from it.
 *
 * Rules:
 *  - A block device is opened by the VFS, an image file by us, read-only, with
 *    a struct file of our own.
 *  - What cannot be mounted directly gives ENOTBLK: callers key on it to set up
 *    a loop device.
 *  - Nesting is bounded: an image file does not lie on this filesystem type, on
 *    an EROFS mount that itself has no block device, or on a stacked
 *    filesystem. So the depth of filesystems below one read stays one.
 *  - One superblock per block device is the VFS's rule. A second mount that
 *    asks for another domain or offset is refused instead of silently getting
 *    the first one's.
 */
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "vfs/vfs.h"

/**
 * eis_file_unfit - may we read from this file?
 * @fc: mount in the making
 * @inode: what would be opened
 *
 * Return: NULL, or why not (half a sentence about the file).
 */
const char *eis_file_unfit(const struct fs_context *fc, const struct inode *inode)
{
	const struct super_block *sb = inode->i_sb;

	if (!S_ISREG(inode->i_mode))
		return "is no regular file";
	if (sb->s_type == fc->fs_type)
		return "lies on an erofs-ishare mount";
	if (sb->s_magic == EROFS_SUPER_MAGIC && !sb->s_bdev)
		return "lies on an EROFS mount that has no block device";
	if (sb->s_stack_depth)
		return "lies on a stacked filesystem";
	return NULL;
}

/* May an image lie in this file, which is no block device? 0 or -ENOTBLK, logged. */
static int eis_check_image_file(struct fs_context *fc, const struct inode *inode,
				const char *name)
{
	const char *why = eis_file_unfit(fc, inode);

	if (!why)
		return 0;
	return eis_mount_error(fc, -ENOTBLK, "%s: %s; use a loop device or copy it elsewhere", name,
			       why);
}

/**
 * eis_open_file - open a file that we are going to read for as long as a mount lives
 * @path: regular file
 * @given: the descriptor that @path is from, or NULL: who was given one that can be read may read
 *
 * Without times of access: nobody asks when an image was read; and a time that is updated is a
 * write to the file's filesystem, with its locks, by whoever reads a page of ours. The flag is set
 * afterwards: a filesystem may refuse it to who does not own the file.
 * Context: may sleep. Return: the file, or ERR_PTR of what opening returned.
 */
struct file *eis_open_file(const struct path *path, const struct file *given)
{
	struct file *file = dentry_open(path, O_RDONLY | O_LARGEFILE, current_cred());
	int err = 0;

	if (IS_ERR(file))
		return file;
	/* dentry_open() leaves that to its callers. */
	if (!given || !(given->f_mode & FMODE_READ))
		err = file_permission(file, MAY_READ);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	spin_lock(&file->f_lock);
	file->f_flags |= O_NOATIME;
	spin_unlock(&file->f_lock);
	return file;
}

/* Our own file for @path; with our own position, flags and lifetime. */
static struct file *eis_open_image(struct fs_context *fc, const struct path *path,
				   const struct file *given, const char *name)
{
	struct file *file;
	int err;

	/* Before opening: opening a FIFO waits, and a device may act on it. */
	err = eis_check_image_file(fc, d_backing_inode(path->dentry), name);
	if (err)
		return ERR_PTR(err);
	file = eis_open_file(path, given);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		return ERR_PTR(eis_mount_error(fc, err, "%s: cannot be opened; check its permissions",
					       name));
	}
	if (!file->f_op->read_iter) {
		fput(file);
		return ERR_PTR(eis_mount_error(fc, -ENOTBLK, "%s: cannot be read; use a loop device or copy it elsewhere",
					       name));
	}
	return file;
}

/* ---- What device= names ---- */

/* The device= option of slot @id (1-based): by tag if one names it, else the next untagged. */
static struct eis_device_arg *eis_pick_device(struct eis_context *ctx,
					      const struct erofs_device *dev)
{
	struct eis_device_arg *arg, *first = NULL;

	list_for_each_entry(arg, &ctx->devices, link) {
		if (arg->tag && !strcmp(arg->tag, dev->tag))
			return arg;
		if (!arg->tag && !first)
			first = arg;
	}
	return first;
}

/* The path behind it, however it was given. */
static int eis_device_path(const struct eis_device_arg *arg, struct path *path)
{
	if (!arg->file)
		return kern_path(arg->path, LOOKUP_FOLLOW, path);
	*path = arg->file->f_path;
	path_get(path);
	return 0;
}

/* ---- The primary storage ---- */

/* Give back what get_tree_bdev() got. */
static void eis_drop_tree(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;

	dput(fc->root);
	fc->root = NULL;
	deactivate_locked_super(sb);
}

/* Is it what the storage has open? */
static bool eis_storage_is(const struct eis_storage *st, const struct path *path)
{
	const struct inode *inode = d_backing_inode(path->dentry);

	if (st->bdev)
		return S_ISBLK(inode->i_mode) && inode->i_rdev == st->bdev->bd_dev;
	return inode == file_inode(st->file);
}

/* Does sidecar= lead to the mount's own? */
static bool eis_same_sidecar(const struct eis_sb *sbi, const struct eis_context *ctx)
{
	struct path path;
	bool same;

	if (!sbi->sidecar || !ctx->sidecar)
		return !sbi->sidecar && !ctx->sidecar;
	if (ctx->sidecar_file)
		return eis_storage_is(eis_sidecar_storage(sbi->sidecar), &ctx->sidecar_file->f_path);
	if (kern_path(ctx->sidecar, LOOKUP_FOLLOW, &path))
		return false;
	same = eis_storage_is(eis_sidecar_storage(sbi->sidecar), &path);
	path_put(&path);
	return same;
}

/* Does device= lead, slot by slot, to the mount's own? */
static bool eis_same_devices(const struct eis_sb *sbi, struct eis_context *ctx)
{
	const struct eis_image *image = &sbi->image;
	bool same = ctx->nr_devices == image->nr_storage - 1;
	u32 id;

	for (id = 1; same && id < image->nr_storage; id++) {
		struct eis_device_arg *arg = eis_pick_device(ctx, &image->devs[id - 1]);
		struct path path;

		same = arg && !eis_device_path(arg, &path);
		if (!same)
			break;
		same = eis_storage_is(image->storage[id], &path);
		path_put(&path);
		eis_device_arg_free(arg);
	}
	return same;
}

/* The VFS found the device mounted already and handed out that superblock. */
static int eis_check_reused(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	const struct eis_context *ctx = fc->fs_private;
	const struct eis_sb *sbi = eis_sb(sb);
	const char *what = NULL;

	if (!eis_domain_is(sbi->domain, ctx->opts.share ? ctx->domain : NULL))
		what = "sharing options or domain_id";
	else if (sbi->opts.fsoffset != ctx->opts.fsoffset)
		what = "fsoffset";
	else if (!eis_same_sidecar(sbi, ctx))
		what = "sidecar";
	else if (!eis_same_devices(sbi, fc->fs_private))
		what = "device";
	if (!what)
		return 0;
	eis_drop_tree(fc);
	return eis_mount_error(fc, -EBUSY,
			       "already mounted with other %s; unmount it first, or mount the image as a file",
			       what);
}

static int eis_get_tree_bdev(struct fs_context *fc, dev_t dev)
{
	int err = get_tree_bdev(fc, eis_fill_super);

	if (err)
		return err;
	/* It was looked up by name, which may lead elsewhere from here than from where it was opened. */
	if (fc->root->d_sb->s_bdev->bd_dev != dev) {
		eis_drop_tree(fc);
		return eis_mount_error(fc, -ENODEV, "%s: another device has this name here than the one that was opened; give its path",
				       fc->source);
	}
	/* sget took s_fs_info if it made a new superblock. */
	return fc->s_fs_info ? eis_check_reused(fc) : 0;
}

static int eis_get_tree_file(struct fs_context *fc, const struct path *path)
{
	const struct eis_context *ctx = fc->fs_private;
	struct eis_sb *sbi = fc->s_fs_info;

	sbi->file = eis_open_image(fc, path, ctx->source, eis_source_name(fc));
	if (IS_ERR(sbi->file)) {
		int err = PTR_ERR(sbi->file);

		sbi->file = NULL;
		return err;
	}
	return get_tree_nodev(fc, eis_fill_super);
}

/**
 * eis_file_name - what an open file is called
 * @file: given by the user
 *
 * Context: may sleep. Return: a string that the caller frees, or ERR_PTR.
 */
char *eis_file_name(struct file *file)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	char *name;

	if (!buf)
		return ERR_PTR(-ENOMEM);
	name = file_path(file, buf, PATH_MAX);
	if (!IS_ERR(name)) {
		name = kstrdup(name, GFP_KERNEL);
		if (!name)
			name = ERR_PTR(-ENOMEM);
	}
	kfree(buf);
	return name;
}

/* The path behind source=, however it was given; fc->source names it afterwards. */
static int eis_source_path(struct fs_context *fc, struct path *path)
{
	struct eis_context *ctx = fc->fs_private;
	char *name;
	int err;

	if (!ctx->source) {
		if (!fc->source)
			return eis_mount_error(fc, -EINVAL,
					       "source: missing; name an image file or block device");
		err = kern_path(fc->source, LOOKUP_FOLLOW, path);
		if (err)
			return eis_mount_error(fc, err, "source: the path cannot be followed; check that it exists and may be searched");
		return 0;
	}
	name = eis_file_name(ctx->source);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fc->source = name;
	*path = ctx->source->f_path;
	path_get(path);
	return 0;
}

/**
 * eis_get_tree - open the source and get a superblock for it
 * @fc: mount or remount in the making
 *
 * Context: may sleep. Return: 0 with fc->root set, or a negative errno.
 */
int eis_get_tree(struct fs_context *fc)
{
	struct eis_context *ctx = fc->fs_private;
	struct eis_sb *sbi;
	struct path path;
	int err;

	err = eis_options_check(fc);
	if (err)
		return err;
	/* Whatever "rw" said: the device is opened for reading, and mounts of it agree on that. */
	fc->sb_flags |= SB_RDONLY;
	sbi = kzalloc(sizeof(*sbi), GFP_KERNEL);
	if (!sbi)
		return -ENOMEM;
	sbi->opts = ctx->opts;
	mutex_init(&sbi->drop_lock);
	fc->s_fs_info = sbi;

	err = eis_source_path(fc, &path);
	if (err)
		return err;
	if (S_ISBLK(d_backing_inode(path.dentry)->i_mode))
		err = eis_get_tree_bdev(fc, d_backing_inode(path.dentry)->i_rdev);
	else
		err = eis_get_tree_file(fc, &path);
	path_put(&path);
	return err;
}

/* ---- Extra devices ---- */

static struct eis_storage *eis_open_device_bdev(struct super_block *sb, dev_t dev,
						const char *name)
{
	struct eis_storage *st = eis_storage_from_bdev(name, sb, &eis_sb(sb)->image.inflight);

	/* It was opened by name, which may lead elsewhere by now, or from here. */
	if (!IS_ERR(st) && st->bdev->bd_dev != dev) {
		eis_storage_close(st);
		return ERR_PTR(-ENODEV);
	}
	return st;
}

static struct eis_storage *eis_open_device(struct fs_context *fc, struct super_block *sb,
					   const struct path *path, const struct file *given,
					   const char *name)
{
	const struct inode *inode = d_backing_inode(path->dentry);
	struct eis_sb *sbi = eis_sb(sb);
	struct eis_storage *st;
	struct file *file;

	if (S_ISBLK(inode->i_mode))
		return eis_open_device_bdev(sb, inode->i_rdev, name);
	file = eis_open_image(fc, path, given, name);
	if (IS_ERR(file))
		return ERR_CAST(file);
	st = eis_storage_from_file(file, 0, sbi->opts.directio, &sbi->image.inflight);
	fput(file);
	return st;
}

static struct eis_storage *eis_open_device_arg(struct fs_context *fc, struct super_block *sb,
					       const struct eis_device_arg *arg)
{
	char *name = arg->file ? eis_file_name(arg->file) : arg->path;
	struct eis_storage *st;
	struct path path;
	int err;

	if (IS_ERR(name))
		return ERR_CAST(name);
	err = eis_device_path(arg, &path);
	if (err) {
		st = ERR_PTR(err);
	} else {
		st = eis_open_device(fc, sb, &path, arg->file, name);
		path_put(&path);
	}
	if (arg->file)
		kfree(name);
	return st;
}

static int eis_open_slot(struct fs_context *fc, struct super_block *sb, u32 id)
{
	struct eis_context *ctx = fc->fs_private;
	struct eis_image *image = &eis_sb(sb)->image;
	const struct erofs_device *dev = &image->devs[id - 1];
	struct eis_device_arg *arg = eis_pick_device(ctx, dev);
	struct eis_storage *st;
	int err = 0;

	if (!arg)
		return eis_mount_error(fc, -EINVAL,
				       "device: none given for slot %u (tag \"%*pE\"); add device=PATH or device=TAG=PATH",
				       id, (int)strlen(dev->tag), dev->tag);
	st = eis_open_device_arg(fc, sb, arg);
	if (IS_ERR(st)) {
		err = eis_mount_error(fc, PTR_ERR(st), "device %u (\"%*pE\"): cannot open %s; check that it exists, that its name leads to it, and that nobody has it for himself",
				      id, (int)strlen(dev->tag), dev->tag,
				      arg->path ? arg->path : "the file descriptor");
	} else {
		image->storage[image->nr_storage++] = st;
		if (st->size >> image->fmt.blkszbits < dev->blocks)
			err = eis_mount_error(fc, -EINVAL,
					      "device %u (%s): has %llu blocks, the image needs %llu; give the right device",
					      id, st->name, st->size >> image->fmt.blkszbits,
					      dev->blocks);
	}
	eis_device_arg_free(arg);
	return err;
}

/**
 * eis_open_devices - open what device= names, slot by slot
 * @fc: mount or remount in the making
 * @sb: superblock being set up
 *
 * image->devs is decoded; none given means a flat image. Context: may sleep.
 * Return: 0, or a negative errno, logged.
 */
int eis_open_devices(struct fs_context *fc, struct super_block *sb)
{
	struct eis_context *ctx = fc->fs_private;
	struct eis_image *image = &eis_sb(sb)->image;
	u32 id;
	int err;

	image->flat = !ctx->nr_devices;
	if (ctx->nr_devices && ctx->nr_devices != image->fmt.extra_devices)
		return eis_mount_error(fc, -EINVAL,
				       "device: %u given, the image has %u extra devices; give each one once",
				       ctx->nr_devices, image->fmt.extra_devices);
	for (id = 1; !image->flat && id <= image->fmt.extra_devices; id++) {
		err = eis_open_slot(fc, sb, id);
		if (err)
			return err;
	}
	return 0;
}
