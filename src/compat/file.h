/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct file and file_operations.
 */
#ifndef EIS_COMPAT_FILE_H
#define EIS_COMPAT_FILE_H

#include <linux/fs.h>

#include "compat/compat_config.h"

/* generic_setlease(); naming it in .setlease is right on all kernels. */
#if HAVE_LINUX_FILELOCK
#include <linux/filelock.h>
#endif

#if !HAVE_FILEMAP_SPLICE_READ
#define filemap_splice_read	generic_file_splice_read
#endif

/*
 * FOP_BUFFER_RASYNC: buffered reads may be asynchronous (io_uring). It takes both
 * of these, for there is a member on new kernels and a mode bit on old ones:
 *
 *	EIS_FOP_FLAGS(FOP_BUFFER_RASYNC)	in the initialiser, no comma after it
 *	eis_file_set_rasync(file);		in ->open
 */
#if HAVE_FOP_FLAGS
#define EIS_FOP_FLAGS(flags)	.fop_flags = (flags),
static inline void eis_file_set_rasync(struct file *file)
{
}
#else
#define EIS_FOP_FLAGS(flags)
static inline void eis_file_set_rasync(struct file *file)
{
	file->f_mode |= FMODE_BUF_RASYNC;
}
#endif

#endif /* EIS_COMPAT_FILE_H */
