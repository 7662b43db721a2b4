// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code of the trace points declared in include/trace/erofs_ishare.h; the
 * one file that may say CREATE_TRACE_POINTS.
 */
#define CREATE_TRACE_POINTS
#include "trace/erofs_ishare.h"
