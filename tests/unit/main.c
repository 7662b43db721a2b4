// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs every unit test, first with a source that hands out exactly the bytes
 * asked for, then with one that hands out the rest of the block.
 */
#include "tests.h"

struct tap tap;
const char *tap_context;
enum reader_mode test_mode;
const char *test_variant;

int main(void)
{
	static const struct {
		enum reader_mode mode;
		const char *variant;
	} modes[] = {
		{ READER_EXACT, " (single pieces)" },
		{ READER_GENEROUS, " (whole blocks)" },
	};

	for (int i = 0; i < 2; i++) {
		test_mode = modes[i].mode;
		test_variant = modes[i].variant;
		tests_super();
		tests_device();
		tests_inode();
		tests_map();
		tests_zmap();
		tests_zmodel();
		tests_dir();
		tests_xattr();
		tests_sidecar();
		tests_checks();
		tests_hostile();
		tests_real();
	}
	return tap_end();
}
