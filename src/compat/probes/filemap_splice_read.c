// SPDX-License-Identifier: GPL-2.0-only
/*
 * splice() out of the page cache.
 * Since 6.5: filemap_splice_read(); in 6.3 and 6.4 it is not exported.
 * Before: generic_file_splice_read().
 *
 * @export filemap_splice_read
 */
#include <linux/fs.h>

extern const struct file_operations fops;
const struct file_operations fops = {
	.splice_read = filemap_splice_read,
};
