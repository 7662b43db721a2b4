// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sidecar indexes. Input: one byte of mode, a node id, then the file. By mode the
 * checksums are computed anew, or no mutation would come past them.
 */
#include "fuzz.h"
#include "sidecar.h"

const enum fuzz_input fuzz_input = FUZZ_SIDECAR;

static void must_be_named(const struct mem_sidecar *m, int err, const struct erofs_diag *diag)
{
	MUST(!m->held && !m->violations);
	if (err >= 0 || err == -ENODATA)
		return;
	MUST(diag->check > EROFS_CHECK_OK && diag->check < EROFS_CHECK_COUNT);
	if (diag->check == EROFS_CHECK_SOURCE)
		MUST(err == -EIO);
	else
		MUST(err == erofs_fail(NULL, diag->check, 0, 0, 0));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct erofs_sidecar_record_ondisk records[EROFS_SIDECAR_LEAF_MAX];
	struct erofs_image_id id = mem_sidecar_id();
	struct input in = { data, size };
	u32 mode = (u32)take(&in, 1);
	u64 nid = take(&in, 8);
	struct erofs_diag diag = { 0 };
	u8 fp[EROFS_SIDECAR_FP_LEN];
	struct erofs_sidecar sc;
	struct mem_sidecar m;
	u8 *copy = malloc(in.size + 1);
	int ret;

	memcpy(copy, in.data, in.size);
	mem_sidecar_init(&m, copy, in.size);
	m.remember = mode & 2;
	if ((mode & 1) && in.size >= EROFS_SIDECAR_BLKSIZE)
		mem_sidecar_seal(&m);
	ret = erofs_sidecar_open(&m.src, in.size, &sc, &diag);
	must_be_named(&m, ret, &diag);
	if (!ret) {
		MUST(sc.levels <= EROFS_SIDECAR_LEVELS);
		MUST(sc.blocks << EROFS_SIDECAR_BLKBITS == in.size);
		ret = erofs_sidecar_match(&sc, &id, &diag);
		must_be_named(&m, ret, &diag);
		m.gets = 0;
		ret = erofs_sidecar_fingerprint(&m.src, &sc, nid, fp, sizeof(fp), &diag);
		must_be_named(&m, ret, &diag);
		MUST(ret != 0 && m.gets <= EROFS_SIDECAR_LEVELS);
		for (u64 leaf = 0; sc.levels && leaf < sc.count[0]; leaf++) {
			ret = erofs_sidecar_leaf(&m.src, &sc, leaf, records, &diag);
			must_be_named(&m, ret, &diag);
			MUST(ret && ret <= (int)EROFS_SIDECAR_LEAF_MAX);
		}
	}
	free(copy);
	return 0;
}
