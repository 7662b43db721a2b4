// SPDX-License-Identifier: GPL-2.0-only
/*
 * __assign_str() in trace events.
 * Since 6.10: (dst). Before: (dst, src). Asked of the preprocessor: a macro called with too
 * few arguments is an error.
 */
#include <linux/types.h>
#include <trace/stages/stage6_event_callback.h>

#define TEXT_OF(...)	#__VA_ARGS__
#define EXPAND(...)	TEXT_OF(__VA_ARGS__)

extern const char probe[];
const char probe[] = EXPAND(__assign_str(dst));
