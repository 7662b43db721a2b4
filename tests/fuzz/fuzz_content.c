// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole image with the content of its files, compressed ones too. The input is an image; the first byte, which
 * belongs to nobody, says how. Walked a second time, by a source that lends other pieces, every answer is the same.
 */
#include "content.h"
#include "fuzz.h"
#include "walk.h"

const enum fuzz_input fuzz_input = FUZZ_IMAGE;

static void walk_once(struct walk *w, struct reader *r, const u8 *image, size_t size, u32 mode)
{
	content_begin();
	reader_init(r, mode ? READER_GENEROUS : READER_EXACT, image, size);
	walk_image(w, r);
	MUST(!w->unnamed);
	must_be_clean(r, 0, NULL);
	MUST(content_spent() <= 2 * CONTENT_BUDGET + EROFS_PCLUSTER_MAX_LLEN);
}

static void must_be_the_same(const struct walk *a, const struct walk *b)
{
	MUST(a->nnotes == b->nnotes && a->failures == b->failures);
	for (u32 i = 0; i < a->nnotes; i++) {
		const struct walk_note *x = &a->notes[i], *y = &b->notes[i];

		MUST(!strcmp(x->call, y->call) && x->a == y->a && x->b == y->b && x->hash == y->hash);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct walk w = { 0 }, again = { 0 };
	struct reader r;
	u8 *copy;

	if (size < 1024 + 128)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	if (data[0] & 2)
		copy[1024 + 8] &= 0xfe;
	walk_once(&w, &r, copy, size, data[0] & 1);
	if (data[0] & 4) {
		walk_once(&again, &r, copy, size, !(data[0] & 1));
		must_be_the_same(&w, &again);
	}
	walk_free(&again);
	walk_free(&w);
	free(copy);
	return 0;
}
