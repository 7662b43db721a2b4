// SPDX-License-Identifier: GPL-2.0-only
/*
 * src/zip/lzma_dec.c against liblzma: the same verdict and the same bytes for every stream, be it
 * good, cut or damaged.
 *
 * Rules: input and output lie in heap buffers of exactly their size, so that the address
 * sanitizer sees the first byte beyond. Both prefilled outputs of a decode must agree: nothing
 * that was there before comes through.
 */
#include <stdlib.h>
#include <string.h>

#include "ref.h"
#include "tap.h"
#include "zip/lzma_dec.h"

struct tap tap;
const char *tap_context;

static uint8_t plain[1 << 20], stream[(1 << 20) + (1 << 17)];

static void *copy_of(const void *data, size_t len)
{
	void *p = malloc(len ? len : 1);

	if (!p)
		abort();
	memcpy(p, data, len);
	return p;
}

/* Decode by both; true when it is good. */
static bool both(const uint8_t *data, size_t len, size_t out_len, bool exact)
{
	uint8_t *in = copy_of(data, len), *a = malloc(out_len), *b = malloc(out_len);
	static void *state;
	bool good, want;

	if (!state)
		state = malloc(erofs_lzma_state_size());
	/* The state's former contents must not matter either. */
	memset(state, 0xa5, erofs_lzma_state_size());
	memset(a, 0x55, out_len);
	memset(b, 0xaa, out_len);
	want = ref_decode(in, len, b, out_len, exact);
	good = !erofs_lzma_decode(state, in, len, a, out_len, exact);
	CHECK_THAT(good == want, "input %zu, output %zu, %s: %d, liblzma says %d", len, out_len,
		   exact ? "whole" : "part", good, want);
	CHECK_THAT(!good || !want || !memcmp(a, b, out_len), "input %zu, output %zu: bytes differ", len,
		   out_len);
	free(in);
	free(a);
	free(b);
	return good;
}

/* A stream of the first @len bytes of plain[]; CHECKs that it decodes to them. */
static size_t encode(size_t *len, size_t limit, int lc, int lp, int pb)
{
	size_t n = ref_encode(plain, len, stream, limit, lc, lp, pb);
	uint8_t *out = malloc(*len), *in = copy_of(stream, n);
	void *state = malloc(erofs_lzma_state_size());

	CHECK_EQ(erofs_lzma_decode(state, in, n, out, *len, true), 0);
	CHECK(!memcmp(out, plain, *len));
	CHECK(both(stream, n, *len, true));
	free(out);
	free(in);
	free(state);
	return n;
}

static void test_known(void)
{
	/* Written down, so that an error of encoder and decoder alike would show. */
	static const uint8_t hello[] = {
		0xa2, 0x34, 0x19, 0x49, 0xee, 0x8d, 0xef, 0x8c, 0x87, 0x31, 0xef, 0x90, 0x00,
	};
	uint8_t out[19], *in;
	void *state = malloc(erofs_lzma_state_size());

	in = copy_of(hello, sizeof(hello));
	CHECK_EQ(erofs_lzma_decode(state, in, sizeof(hello), out, sizeof(out), true), 0);
	CHECK(!memcmp(out, "hello, hello, hello", sizeof(out)));
	free(in);
	free(state);
}

static void test_properties(void)
{
	size_t len, n;

	for (int props = 0; props < 256; props++) {
		int lc = props % 9, lp = props / 9 % 5, pb = props / 45;

		len = 3000;
		ref_data(plain, len, props);
		if (props < 225 && lc + lp <= 4) {
			encode(&len, sizeof(stream), lc, lp, pb);
			continue;
		}
		n = ref_encode(plain, &len, stream, sizeof(stream), 3, 0, 2);
		stream[0] = ~props;
		CHECK_THAT(!both(stream, n, len, true), "properties %d are accepted", props);
		CHECK_THAT(!both(stream, n, 1, false), "properties %d are accepted", props);
	}
}

static void test_sizes(void)
{
	static const size_t large[] = { 4096, 65535, 65536, 65537, 300000, 1 << 20 };
	size_t len;

	for (size_t i = 1; i <= 260; i++) {
		len = i;
		ref_data(plain, len, 1000 + i);
		encode(&len, sizeof(stream), 3, 0, 2);
		CHECK_EQ(len, i);
	}
	for (size_t i = 0; i < sizeof(large) / sizeof(*large); i++) {
		len = large[i];
		ref_data(plain, len, 2000 + i);
		encode(&len, sizeof(stream), i % 5, i % 3 % (5 - i % 5), i % 5);
		CHECK_EQ(len, large[i]);
	}
	memset(plain, 0, sizeof(plain));
	len = sizeof(plain);
	encode(&len, sizeof(stream), 3, 0, 2);
}

/* As mkfs makes them: what fits a cluster. */
static void test_clusters(void)
{
	size_t len, n;

	for (size_t limit = 512; limit <= 65536; limit *= 2) {
		len = sizeof(plain);
		ref_data(plain, len, limit);
		n = encode(&len, limit, 3, 0, 2);
		CHECK(n <= limit);
		CHECK(!both(stream, n, len + 1, true));
		CHECK(!both(stream, n, len - 1, true));
		CHECK(!both(stream, n, len + 300, false));
		CHECK(both(stream, n, len, false));
		CHECK(both(stream, n, len / 2, false));
	}
}

static void test_prefixes(void)
{
	size_t len, n, good;

	for (uint32_t seed = 0; seed < 12; seed++) {
		len = 700;
		ref_data(plain, len, 3000 + seed);
		n = encode(&len, sizeof(stream), 3, 0, 2);
		good = 0;
		for (size_t want = 1; want <= len; want++)
			good += both(stream, n, want, false);
		CHECK_EQ(good, len);
		for (size_t want = 1; want < len; want++)
			CHECK(!both(stream, n, want, true));
	}
}

static void test_cut(void)
{
	size_t len, n;

	for (uint32_t seed = 0; seed < 12; seed++) {
		len = 900;
		ref_data(plain, len, 4000 + seed);
		n = encode(&len, sizeof(stream), 3, 0, 2);
		for (size_t cut = 1; cut < n; cut++) {
			CHECK(!both(stream, cut, len, true));
			both(stream, cut, len / 2, false);
			both(stream, cut, len, false);
		}
		stream[n] = 0;
		CHECK(!both(stream, n + 1, len, true));
		stream[n] = 0xff;
		CHECK(!both(stream, n + 1, len, true));
	}
}

static void test_damaged(void)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff, 0x10, 0x5a };
	size_t len, n;

	for (uint32_t seed = 0; seed < 6; seed++) {
		len = 600 + 900 * (seed % 3);
		ref_data(plain, len, 5000 + seed);
		n = encode(&len, sizeof(stream), 3, seed % 2, 2);
		for (size_t i = 0; i < n; i++) {
			for (size_t f = 0; f < sizeof(flips); f++) {
				stream[i] ^= flips[f];
				both(stream, n, len, true);
				both(stream, n, len, false);
				stream[i] ^= flips[f];
			}
		}
	}
}

/* The first bytes decide over the code; the rest is noise. */
static void test_noise(void)
{
	uint32_t seed = 6000;
	size_t len;

	for (int i = 0; i < 4000; i++) {
		len = 1 + ref_random(&seed) % 80;
		for (size_t k = 0; k < len; k++)
			stream[k] = ref_random(&seed);
		if (i % 4)
			stream[0] = ~(93 + i % 7);
		if (i % 16 == 1 && len > 5)
			memset(stream + 1, 0xff, 4);
		both(stream, len, 1 + ref_random(&seed) % 400, i % 2);
	}
}

int main(void)
{
	tap_run("known stream", "", test_known);
	tap_run("every properties byte", "", test_properties);
	tap_run("sizes from 1 byte to 1 MiB", "", test_sizes);
	tap_run("streams cut by the size of a cluster", "", test_clusters);
	tap_run("every prefix", "", test_prefixes);
	tap_run("every truncation, and a byte too many", "", test_cut);
	tap_run("every byte damaged", "", test_damaged);
	tap_run("noise", "", test_noise);
	return tap_end();
}
