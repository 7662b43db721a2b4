// SPDX-License-Identifier: GPL-2.0-only
/*
 * vectors FILE: streams of every algorithm, made by the usual libraries, with what they hold, for
 * the test in the kernel. vectors --seeds DIR: MicroLZMA streams for the fuzzer to start from.
 *
 * The file: struct vectors_head, then for each stream struct vector, the stream, what it holds.
 */
#include <lz4.h>
#include <lz4hc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "ref.h"
#include "vectors.h"

static FILE *file;
static uint32_t count;
static const char *seeds;

static uint8_t plain[3 << 20], stream[4 << 20];

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "vectors: %s failed\n", what);
	exit(1);
}

static void emit(uint32_t alg, uint32_t window, size_t in_len, size_t out_len)
{
	struct vector v = { .alg = alg, .in_len = in_len, .out_len = out_len, .window = window };

	must(fwrite(&v, sizeof(v), 1, file) == 1 && fwrite(stream, in_len, 1, file) == 1 &&
	     fwrite(plain, out_len, 1, file) == 1, "write");
	count++;
}

static void lz4(size_t len)
{
	int n = LZ4_compress_HC((char *)plain, (char *)stream, len, sizeof(stream), 9);

	must(n > 0, "LZ4_compress_HC");
	emit(VECTOR_LZ4, 65535, n, len);
}

static void deflated(size_t len, int level)
{
	z_stream s = { .next_in = plain, .avail_in = len, .next_out = stream,
		       .avail_out = sizeof(stream) };

	must(deflateInit2(&s, level, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
	must(deflate(&s, Z_FINISH) == Z_STREAM_END, "deflate");
	emit(VECTOR_DEFLATE, 32768, s.total_out, len);
	deflateEnd(&s);
}

static void zstd(size_t len, int log, bool size, bool sum)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t n;

	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, 12);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, log);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, size);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, sum);
	n = ZSTD_compress2(c, stream, sizeof(stream), plain, len);
	must(!ZSTD_isError(n), "ZSTD_compress2");
	ZSTD_freeCCtx(c);
	emit(VECTOR_ZSTD, 1U << log, n, len);
}

static void microlzma(size_t len, int lc, int lp, int pb)
{
	size_t n = ref_encode(plain, &len, stream, sizeof(stream), lc, lp, pb);
	char path[4096];

	if (!seeds) {
		emit(VECTOR_MICROLZMA, 1 << 20, n, len);
		return;
	}
	snprintf(path, sizeof(path), "%s/%zu-%d%d%d", seeds, len, lc, lp, pb);
	file = fopen(path, "wb");
	must(file, path);
	fputc((len - 1) & 0xff, file);
	fputc((len - 1) >> 8 & 0xff, file);
	fputc(1, file);
	must(fwrite(stream, n, 1, file) == 1 && !fclose(file), path);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1, 2, 13, 100, 333, 700, 4096, 40000, 131072, 400000, 3 << 20 };
	struct vectors_head head = { .magic = VECTORS_MAGIC };
	size_t len;

	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		seeds = argv[2];
	else if (argc != 2)
		return 2;
	if (!seeds) {
		file = fopen(argv[1], "wb");
		must(file && fwrite(&head, sizeof(head), 1, file) == 1, argv[1]);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		len = sizes[i];
		ref_data(plain, len, 100 + i);
		if (seeds) {
			if (len <= 4096)
				microlzma(len, i % 5, i % 3 % (5 - i % 5), i % 5);
			continue;
		}
		lz4(len);
		deflated(len, 9);
		zstd(len, i % 2 ? 17 : 20, i % 3, i % 2);
		zstd(len, 10, false, false);
		microlzma(len, 3, 0, 2);
		microlzma(len, i % 5, i % 3 % (5 - i % 5), i % 5);
	}
	if (seeds)
		return 0;
	/* Nothing to compress: stored blocks, long literals. */
	len = 50000;
	for (size_t i = 0, seed = 7; i < len; i++)
		plain[i] = ref_random(&(uint32_t){ seed = seed * 69069 + i });
	lz4(len);
	deflated(len, 0);
	zstd(len, 16, true, true);
	microlzma(len, 0, 0, 0);
	head.count = count;
	must(!fseek(file, 0, SEEK_SET) && fwrite(&head, sizeof(head), 1, file) == 1 && !fclose(file),
	     argv[1]);
	return 0;
}
