// SPDX-License-Identifier: GPL-2.0-only
/*
 * generic_setlease() is declared in <linux/filelock.h> since 6.3, in <linux/fs.h> before.
 */
#include <linux/fs.h>
#include <linux/filelock.h>

extern const struct file_operations fops;
const struct file_operations fops = {
	.setlease = generic_setlease,
};
