// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registering a shrinker.
 * Since 6.7: shrinker_alloc(), shrinker_register(), shrinker_free().
 * Before: register_shrinker() on a structure of the caller's.
 *
 * @export shrinker_alloc shrinker_register shrinker_free
 */
#include <linux/shrinker.h>

void probe(void *data);

void probe(void *data)
{
	struct shrinker *s = shrinker_alloc(0, "probe");

	s->private_data = data;
	shrinker_register(s);
	shrinker_free(s);
}
