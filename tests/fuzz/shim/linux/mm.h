/* SPDX-License-Identifier: GPL-2.0-only */
/* shim: memory; see compat/compat.h. */
#ifndef SHIM_MM_H
#define SHIM_MM_H

#include <stdlib.h>

#define GFP_KERNEL	0
#define GFP_NOFS	0
#define __GFP_NOWARN	0

#define kvmalloc(size, gfp)	malloc(size)
#define kvzalloc(size, gfp)	calloc(1, size)
#define kvfree(p)		free(p)

#endif /* SHIM_MM_H */
