/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shrinkers: one that belongs to the module, not to a superblock.
 *
 *	s = eis_shrinker_register(name, count, scan);	NULL: no memory
 *	eis_shrinker_free(s);				NULL is fine
 *
 * Callbacks get no private pointer: old kernels have none. Keep the state in a
 * static, or one shrinker per state.
 */
#ifndef EIS_COMPAT_SHRINKER_H
#define EIS_COMPAT_SHRINKER_H

#include <linux/shrinker.h>
#include <linux/slab.h>

#include "compat/compat_config.h"

typedef unsigned long (*eis_shrink_t)(struct shrinker *shrinker, struct shrink_control *sc);

static inline struct shrinker *eis_shrinker_register(const char *name, eis_shrink_t count,
						     eis_shrink_t scan)
{
	struct shrinker *s;

#if HAVE_SHRINKER_ALLOC
	s = shrinker_alloc(0, "%s", name);
#else
	s = kzalloc(sizeof(*s), GFP_KERNEL);
#endif
	if (!s)
		return NULL;
	s->count_objects = count;
	s->scan_objects = scan;
	s->seeks = DEFAULT_SEEKS;
#if HAVE_SHRINKER_ALLOC
	shrinker_register(s);
#else
	if (register_shrinker(s, "%s", name)) {
		kfree(s);
		return NULL;
	}
#endif
	return s;
}

static inline void eis_shrinker_free(struct shrinker *s)
{
	if (!s)
		return;
#if HAVE_SHRINKER_ALLOC
	shrinker_free(s);
#else
	unregister_shrinker(s);
	kfree(s);
#endif
}

#endif /* EIS_COMPAT_SHRINKER_H */
