// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-check: compiles everywhere, but the symbol is exported by no kernel. When this one
 * says yes, the export look-up does not work.
 *
 * @export eis_no_such_symbol
 */
#include <linux/fs.h>
