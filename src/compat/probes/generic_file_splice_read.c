// SPDX-License-Identifier: GPL-2.0-only
/*
 * splice() out of the page cache before filemap_splice_read() (see there).
 *
 * @export generic_file_splice_read
 */
#include <linux/fs.h>

extern const struct file_operations fops;
const struct file_operations fops = {
	.splice_read = generic_file_splice_read,
};
