// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's DEFLATE decoder: an option that nearly everything selects.
 *
 * @export zlib_inflate_workspacesize zlib_inflateInit2 zlib_inflate zlib_inflateEnd
 */
#include <linux/zlib.h>

int (*const probe_workspacesize)(void) = zlib_inflate_workspacesize;
int (*const probe_init)(z_streamp, int) = zlib_inflateInit2;
int (*const probe_inflate)(z_streamp, int) = zlib_inflate;
