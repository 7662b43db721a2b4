/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shim: what the codecs of src/zip find in the place of the kernel, on the host. Rules: the same names with the
 * same meaning, by the libraries that the kernel's are made from; nothing that src/zip does not use.
 *
 * The kernel of the shim can do everything but MicroLZMA, so that the module's own decoder is used.
 */
#ifndef SHIM_COMPAT_H
#define SHIM_COMPAT_H

#define EIS_KERNEL_LZ4		1
#define EIS_KERNEL_DEFLATE	1
#define EIS_KERNEL_ZSTD		1
#define EIS_KERNEL_MICROLZMA	0

#endif /* SHIM_COMPAT_H */
