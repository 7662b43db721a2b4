// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compatibility code that is too large for a header: opening block devices, which
 * has had five generations. Each is told in its probe, probes/bdev_open_*.c.
 *
 * Rules: read only. All opens pass
 * no holder operations except in the last generation, where the kernel supplies
 * them: opens with equal holders must agree on them.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "compat/compat.h"

#if HAVE_BDEV_OPEN_FS
#include <linux/fs/super.h>
#endif

struct eis_bdev {
	struct block_device *bdev;
	struct super_block *sb;
	void *holder;
#if HAVE_BDEV_OPEN_FS || HAVE_BDEV_OPEN_FILE
	struct file *file;
#elif HAVE_BDEV_OPEN_HANDLE
	struct bdev_handle *handle;
#endif
};

/* Newest generation first: kernels keep the previous one for a while. */
static int eis_bdev_do_open(struct eis_bdev *eb, const char *path)
{
#if HAVE_BDEV_OPEN_FS || HAVE_BDEV_OPEN_FILE
#if HAVE_BDEV_OPEN_FS
	eb->file = fs_bdev_file_open_by_path(path, BLK_OPEN_READ, eb->holder, eb->sb);
#else
	eb->file = bdev_file_open_by_path(path, BLK_OPEN_READ, eb->holder, NULL);
#endif
	if (IS_ERR(eb->file))
		return PTR_ERR(eb->file);
	eb->bdev = file_bdev(eb->file);
#elif HAVE_BDEV_OPEN_HANDLE
	eb->handle = bdev_open_by_path(path, BLK_OPEN_READ, eb->holder, NULL);
	if (IS_ERR(eb->handle))
		return PTR_ERR(eb->handle);
	eb->bdev = eb->handle->bdev;
#else
#if HAVE_BDEV_OPEN_HOPS
	eb->bdev = blkdev_get_by_path(path, BLK_OPEN_READ, eb->holder, NULL);
#else
	eb->bdev = blkdev_get_by_path(path, FMODE_READ | FMODE_EXCL, eb->holder);
#endif
	if (IS_ERR(eb->bdev))
		return PTR_ERR(eb->bdev);
#endif
	return 0;
}

int eis_bdev_open(const char *path, struct super_block *sb, void *holder, struct eis_bdev **out)
{
	struct eis_bdev *eb = kzalloc(sizeof(*eb), GFP_KERNEL);
	int err;

	if (!eb)
		return -ENOMEM;
	eb->sb = sb;
	eb->holder = holder;
	err = eis_bdev_do_open(eb, path);
	if (err) {
		kfree(eb);
		return err;
	}
	*out = eb;
	return 0;
}

struct block_device *eis_bdev_get(const struct eis_bdev *eb)
{
	return eb->bdev;
}

void eis_bdev_close(struct eis_bdev *eb)
{
	if (!eb)
		return;
#if HAVE_BDEV_OPEN_FS
	fs_bdev_file_release(eb->file, eb->sb);
#elif HAVE_BDEV_OPEN_FILE
	bdev_fput(eb->file);
#elif HAVE_BDEV_OPEN_HANDLE
	bdev_release(eb->handle);
#elif HAVE_BDEV_OPEN_HOPS
	blkdev_put(eb->bdev, eb->holder);
#else
	blkdev_put(eb->bdev, FMODE_READ | FMODE_EXCL);
#endif
	kfree(eb);
}
