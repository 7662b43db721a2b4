// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's MicroLZMA decoder: built into some kernels only (CONFIG_XZ_DEC_MICROLZMA),
 * while the header declares it always, so only the exports tell.
 *
 * @export xz_dec_microlzma_alloc xz_dec_microlzma_reset xz_dec_microlzma_run xz_dec_microlzma_end
 */
#include <linux/xz.h>

struct xz_dec_microlzma *probe(void);

struct xz_dec_microlzma *probe(void)
{
	return xz_dec_microlzma_alloc(XZ_PREALLOC, 4096);
}
