// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's LZ4 decoder: built in or a module in every distribution kernel, but an option.
 *
 * @export LZ4_decompress_safe LZ4_decompress_safe_partial
 */
#include <linux/lz4.h>

int (*const probe_whole)(const char *, char *, int, int) = LZ4_decompress_safe;
int (*const probe_part)(const char *, char *, int, int, int) = LZ4_decompress_safe_partial;
