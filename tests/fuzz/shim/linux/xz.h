/* SPDX-License-Identifier: GPL-2.0-only */
/* shim: this kernel has no MicroLZMA; see compat/compat.h. */
