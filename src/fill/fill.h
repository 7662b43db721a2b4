/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filling file folios: the address_space_operations of every regular file,
 * shared or not, and the iomap view for direct I/O, FIEMAP and SEEK_HOLE.
 */
#ifndef EIS_FILL_H
#define EIS_FILL_H

#include <linux/fiemap.h>
#include <linux/iomap.h>

#include "fill/image.h"

extern const struct address_space_operations eis_aops;
extern const struct iomap_ops eis_iomap_ops;

ssize_t eis_direct_read(struct kiocb *iocb, struct iov_iter *to);
bool eis_direct_possible(const struct inode *inode);
int eis_fiemap(struct inode *inode, struct fiemap_extent_info *info, u64 start, u64 len);

#endif /* EIS_FILL_H */
