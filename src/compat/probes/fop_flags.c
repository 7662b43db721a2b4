// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling io_uring that buffered reads can be made asynchronous.
 * Since 6.10: fop_flags = FOP_BUFFER_RASYNC in file_operations.
 * Before: FMODE_BUF_RASYNC in f_mode, set by ->open.
 */
#include <linux/fs.h>

extern const struct file_operations fops;
const struct file_operations fops = {
	.fop_flags = FOP_BUFFER_RASYNC,
};
