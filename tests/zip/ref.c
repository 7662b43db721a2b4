// SPDX-License-Identifier: GPL-2.0-only
/*
 * liblzma's MicroLZMA encoder and decoder, and data that exercises every kind of symbol.
 */
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "liblzma: %s\n", what);
	abort();
}

size_t ref_encode(const uint8_t *in, size_t *used, uint8_t *out, size_t out_max, int lc, int lp,
		  int pb)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_options_lzma opt;
	size_t len;

	must(!lzma_lzma_preset(&opt, 6), "preset");
	opt.dict_size = 1 << 20;
	opt.lc = lc;
	opt.lp = lp;
	opt.pb = pb;
	must(lzma_microlzma_encoder(&s, &opt) == LZMA_OK, "encoder");
	s.next_in = in;
	s.avail_in = *used;
	s.next_out = out;
	s.avail_out = out_max;
	must(lzma_code(&s, LZMA_FINISH) == LZMA_STREAM_END, "encode");
	*used = s.total_in;
	len = s.total_out;
	lzma_end(&s);
	return len;
}

bool ref_decode(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len, bool exact)
{
	static lzma_stream s = LZMA_STREAM_INIT;
	size_t in_pos, out_pos;
	lzma_ret ret;

	/* As large as the output: no distance that is decoded already is refused. */
	must(lzma_microlzma_decoder(&s, in_len, out_len, exact, out_len < 4096 ? 4096 : out_len) ==
	     LZMA_OK, "decoder");
	s.next_in = in;
	s.avail_in = in_len;
	s.next_out = out;
	s.avail_out = out_len;
	do {
		in_pos = s.total_in;
		out_pos = s.total_out;
		ret = lzma_code(&s, LZMA_RUN);
	} while (ret == LZMA_OK && (s.total_in != in_pos || s.total_out != out_pos));
	must(ret != LZMA_PROG_ERROR && ret != LZMA_MEM_ERROR, "decode");
	return ret == LZMA_STREAM_END && s.total_out == out_len && (!exact || s.total_in == in_len);
}

uint32_t ref_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

void ref_data(uint8_t *out, size_t len, uint32_t seed)
{
	static const char words[] = "the quick brown fox jumps over a lazy dog 0123456789\n{}();";
	size_t pos = 0, n, back, i;
	uint32_t kind, r;

	while (pos < len) {
		kind = ref_random(&seed) % 6;
		n = 1 + ref_random(&seed) % (1U << ref_random(&seed) % 12);
		if (n > len - pos)
			n = len - pos;
		back = pos ? 1 + ref_random(&seed) % pos : 0;
		r = ref_random(&seed);
		for (i = 0; i < n; i++, pos++) {
			if (kind == 0)
				out[pos] = ref_random(&seed);
			else if (kind == 1)
				out[pos] = words[(r + i) % (sizeof(words) - 1)];
			else if (kind == 2)
				out[pos] = i % 4 ? 0 : r + i / 4;
			else if (kind == 3)
				out[pos] = r;
			else
				out[pos] = back ? out[pos - (kind == 4 ? back : 1 + back % 9 % pos)] : 'x';
		}
	}
}
