/* SPDX-License-Identifier: GPL-2.0-only */
/* shim: LZ4, under the library's own names; see compat/compat.h. */
#include <lz4.h>
