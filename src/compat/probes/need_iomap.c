// SPDX-License-Identifier: GPL-2.0-only
/*
 * iomap without its buffered reads (those changed shape in 6.19 and are not used).
 *
 * @need iomap (direct I/O, fiemap, SEEK_HOLE, bmap; CONFIG_FS_IOMAP)
 * @export iomap_dio_rw iomap_fiemap iomap_seek_hole iomap_seek_data iomap_bmap
 */
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/iomap.h>

static int iomap_begin(struct inode *inode, loff_t pos, loff_t len, unsigned int flags,
		 struct iomap *iomap, struct iomap *srcmap)
{
	iomap->addr = IOMAP_NULL_ADDR;
	iomap->offset = pos;
	iomap->length = len;
	iomap->type = IOMAP_HOLE;
	iomap->flags = 0;
	iomap->bdev = inode->i_sb->s_bdev;
	iomap->dax_dev = NULL;
	iomap->inline_data = NULL;
	iomap->private = NULL;
	return 0;
}

static int iomap_end(struct inode *inode, loff_t pos, loff_t len, ssize_t written, unsigned int flags,
	       struct iomap *iomap)
{
	return 0;
}

static const struct iomap_ops iomap_ops = {
	.iomap_begin	= iomap_begin,
	.iomap_end	= iomap_end,
};

ssize_t iomap_probe(struct kiocb *iocb, struct iov_iter *to, struct inode *inode,
	      struct fiemap_extent_info *fieinfo);

ssize_t iomap_probe(struct kiocb *iocb, struct iov_iter *to, struct inode *inode,
	      struct fiemap_extent_info *fieinfo)
{
	loff_t pos = iomap_seek_hole(inode, 0, &iomap_ops) + iomap_seek_data(inode, 0, &iomap_ops);

	if (iomap_fiemap(inode, fieinfo, 0, pos, &iomap_ops))
		return iomap_bmap(inode->i_mapping, 0, &iomap_ops);
	return iomap_dio_rw(iocb, to, &iomap_ops, NULL, 0, NULL, 0);
}
