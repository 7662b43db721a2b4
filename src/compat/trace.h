/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events.
 */
#ifndef EIS_COMPAT_TRACE_H
#define EIS_COMPAT_TRACE_H

#include "compat/compat_config.h"

/*
 * In TP_fast_assign(), for a member declared by __string(dst, src). Expands where it
 * is used, because the kernel's macro changes from stage to stage of a trace header.
 */
#if HAVE_ASSIGN_STR_DST
#define eis_assign_str(dst, src)	__assign_str(dst)
#else
#define eis_assign_str(dst, src)	__assign_str(dst, src)
#endif

#endif /* EIS_COMPAT_TRACE_H */
