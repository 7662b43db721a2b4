// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-check: true on every kernel. When this one says no, the compiler, the headers or
 * the probe machinery are broken, and no other answer can be believed.
 *
 * @export register_filesystem
 */
#include <linux/fs.h>

loff_t probe(struct inode *inode);

loff_t probe(struct inode *inode)
{
	return i_size_read(inode);
}
