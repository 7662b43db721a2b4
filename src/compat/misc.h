/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small things: error numbers, unaligned access, optional decoders of the kernel.
 */
#ifndef EIS_COMPAT_MISC_H
#define EIS_COMPAT_MISC_H

#include <linux/errno.h>
#include <linux/types.h>

#include "compat/compat_config.h"

#if HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* The kernel's own name for it since 7.0; file systems had private ones before. */
#ifndef EFSCORRUPTED
#define EFSCORRUPTED	EUCLEAN
#endif

/* Which decoders this kernel exports; zip/ refuses what it cannot do. */
#define EIS_KERNEL_LZ4		HAVE_LZ4_DECOMPRESS
#define EIS_KERNEL_DEFLATE	HAVE_ZLIB_INFLATE
#define EIS_KERNEL_ZSTD		HAVE_ZSTD_DECOMPRESS

/* Whether this kernel exports xz_dec_microlzma_alloc() and its three siblings. */
#define EIS_KERNEL_MICROLZMA	HAVE_XZ_MICROLZMA

#endif /* EIS_COMPAT_MISC_H */
