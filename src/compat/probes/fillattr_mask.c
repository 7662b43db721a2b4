// SPDX-License-Identifier: GPL-2.0-only
/*
 * generic_fillattr().
 * Since 6.6: (idmap, request_mask, inode, stat).
 * 6.3 to 6.5: (idmap, inode, stat). Before: (user namespace, inode, stat).
 */
#include <linux/fs.h>

void probe(struct mnt_idmap *idmap, u32 mask, struct inode *inode, struct kstat *stat);

void probe(struct mnt_idmap *idmap, u32 mask, struct inode *inode, struct kstat *stat)
{
	generic_fillattr(idmap, mask, inode, stat);
}
