// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [FILE...]: CPU time per output byte of the MicroLZMA decoder and of liblzma's, on the same
 * streams in turns.
 *
 * With OWN=1 or LIBLZMA=1 in the environment only that one runs, for a tool that counts
 * instructions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ref.h"
#include "zip/lzma_dec.h"

#define ROUNDS	8

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void run(const char *name, const uint8_t *data, size_t size, size_t cluster)
{
	size_t n, used, in_pos, out_pos, count = 0, pos = 0, streams = 0;
	uint8_t *in = malloc(size + size / 2 + cluster), *out = malloc(size);
	size_t (*ext)[2] = malloc((size / 64 + 2) * sizeof(*ext));
	void *state = malloc(erofs_lzma_state_size());
	double own = 0, lib = 0, t;

	for (n = 0; n < size; n += used, count++) {
		used = size - n;
		ext[count][0] = ref_encode(data + n, &used, in + pos, cluster, 3, 0, 2);
		ext[count][1] = used;
		pos += ext[count][0];
	}
	for (int round = 0; round < ROUNDS; round++) {
		t = now();
		in_pos = out_pos = 0;
		for (streams = 0; !getenv("LIBLZMA") && streams < count; streams++) {
			if (erofs_lzma_decode(state, in + in_pos, ext[streams][0], out + out_pos,
					      ext[streams][1], true))
				abort();
			in_pos += ext[streams][0];
			out_pos += ext[streams][1];
		}
		own += now() - t;
		t = now();
		in_pos = out_pos = 0;
		for (streams = 0; !getenv("OWN") && streams < count; streams++) {
			if (!ref_decode(in + in_pos, ext[streams][0], out + out_pos, ext[streams][1], true))
				abort();
			in_pos += ext[streams][0];
			out_pos += ext[streams][1];
		}
		lib += now() - t;
	}
	if (memcmp(out, data, size))
		abort();
	own /= size * ROUNDS;
	lib /= size * ROUNDS;
	printf("%-16s cluster %7zu ratio %4.2f, ns per byte: own %6.2f, liblzma %6.2f, %.2f times\n",
	       name, cluster, (double)size / pos, own, lib, own ? lib / own : 0);
	free(in);
	free(out);
	free(ext);
	free(state);
}

int main(int argc, char **argv)
{
	static uint8_t data[4 << 20];
	size_t size;
	FILE *f;

	for (int i = 1; i < argc; i++) {
		f = fopen(argv[i], "rb");
		size = f ? fread(data, 1, sizeof(data), f) : 0;
		if (!size) {
			perror(argv[i]);
			return 1;
		}
		fclose(f);
		for (size_t cluster = 4096; cluster <= 65536; cluster *= 16)
			run(strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i], data, size, cluster);
	}
	if (argc == 1) {
		ref_data(data, 1 << 20, 1);
		run("(made)", data, 1 << 20, 65536);
	}
	return 0;
}
