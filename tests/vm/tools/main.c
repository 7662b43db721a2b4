// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands, usage, and the self-test of what the verdicts rest on. */
#include "eistool.h"

static const struct command {
	const char *name, *usage;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "manifest", "DIR [--all] [--count-links] [--no-nsec] [--no-nlink] [--no-xattr] [--no-content] [--content-max BYTES] [--whiteout-origin] [--no-root] [--mtime SEC.NSEC] [--owner U:G] [--uid-shift N] [--skip-xattr NAME]...", cmd_manifest },
	{ "verify", "DIR (--ref DIR | --manifest FILE) [--methods A,B] [--skip A,B] [--max BYTES] [--every N] [--seed N] [--warm]", cmd_verify },
	{ "readall", "DIR [--mmap|--direct|--onebyte|--willneed|--drop]", cmd_readall },
	{ "damaged", "FILE REFERENCE FROM TO FROM TO [any]", cmd_damaged },
	{ "dirs", "DIR [--samples N]", cmd_dirs },
	{ "handles", "DIR [--no-drop]", cmd_handles },
	{ "fiemap", "FILE|DIR [--image IMG [--shift BYTES]] [--max BYTES] [--print]", cmd_fiemap },
	{ "holes", "FILE|DIR [--expect BYTES] [--max BYTES] [--print]", cmd_holes },
	{ "xattr", "get FILE NAME | list FILE | set FILE NAME VALUE", cmd_xattr },
	{ "label", "DIR", cmd_label },
	{ "statfs", "DIR", cmd_statfs },
	{ "statx", "FILE", cmd_statx },
	{ "open", "FILE [--direct] [--write] [--dir] [--read OFFSET LEN]", cmd_open },
	{ "direct-into", "FILE OTHER", cmd_direct_into },
	{ "direct-shapes", "FILE", cmd_direct_shapes },
	{ "pfn", "FILE [FIRST COUNT] | --compare A B", cmd_pfn },
	{ "resident", "FILE...", cmd_resident },
	{ "unique", "DIR...", cmd_unique },
	{ "mount", "[-o OPTIONS] TYPE SOURCE TARGET", cmd_mount },
	{ "umount", "[-l] TARGET", cmd_umount },
	{ "mountfd", "[--source-fd] TYPE SOURCE TARGET [KEY[=VALUE]]...", cmd_mountfd },
	{ "idmap", "SRC DST SHIFT", cmd_idmap },
	{ "loop", "FILE [--offset N] [--bs N] | -d DEVICE", cmd_loop },
	{ "dm", "create|reload NAME SECTORS TARGET [PARAMS] | suspend|resume|remove NAME", cmd_dm },
	{ "module", "load PATH [PARAMS] | unload NAME | cycle PATH NAME TIMES", cmd_module },
	{ "hold", "FILE [--mmap]", cmd_hold },
	{ "race-open", "--ref FILE [--threads N] [--seconds S] [--mem BYTES] [--no-drop] [--shared] FILE...", cmd_race_open },
	{ "race-mount", "--ref FILE [--mounts N] [--seconds S] [--mem BYTES] [--drop] --source IMG... TYPE BASEDIR OPTIONS REL", cmd_race_mount },
	{ "outlive", "--ref FILE TYPE SOURCE TARGET OPTIONS REL", cmd_outlive },
	{ "inflight", "DIR", cmd_inflight },
	{ "poke", "FILE OFFSET HEX", cmd_poke },
	{ "peek", "FILE OFFSET LENGTH", cmd_peek },
	{ "find", "FILE HEX", cmd_find },
	{ "sb", "IMAGE [NAME | NAME=VALUE | NAME|=BITS]...", cmd_sb },
	{ "sbfix", "IMAGE", cmd_sbfix },
	{ "img", "IMAGE PATH", cmd_img },
	{ "api", "METHOD FILE REF [--peer FILE | --alone FILE]", cmd_api },
	{ "self", "", cmd_self },
	{ "calls", "(numbers of calls on stdin)", cmd_calls },
	{ "lib", "FILE OFFSET (numbers of calls on stdin)", cmd_lib },
	{ "probe-at", "", cmd_probe_at },
	{ "exec-pair", "--shared|--alone PROGRAM PROGRAM", cmd_exec_pair },
	{ "isolate", "--ref FILE [--seconds S] [--break COMMAND] [--never-fails] --healthy FILE... --sick FILE...", cmd_isolate },
	{ "load", "--ref DIR [--mounts N] [--readers N] [--seconds S] [--alone IMG]... --source IMG... TYPE BASE OPTIONS REL...", cmd_load },
	{ "watch", "FILE OTHER", cmd_watch },
	{ "landlock", "DIR OTHER-DIR REL PROGRAM", cmd_landlock },
	{ "selftest", "", cmd_selftest },
};

int cmd_selftest(int argc, char **argv)
{
	static const struct {
		const char *in;
		unsigned int times;
		const char *sha;
	} v[] = {
		{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};
	size_t i;
	char *e;

	(void)argv;
	if (argc != 1)
		return EX_USAGE;
	for (i = 0; i < ARRAY_SIZE(v); i++) {
		struct sha256 s;
		char out[65];
		unsigned int j;

		sha256_init(&s);
		for (j = 0; j < v[i].times; j++)
			sha256_update(&s, v[i].in, strlen(v[i].in));
		sha256_hex(&s, out);
		if (strcmp(out, v[i].sha))
			fail("sha256 of example %zu: %s", i, out);
	}
	e = escape("a b\\=\n\xff", 7);
	if (strcmp(e, "a\\x20b\\x5c\\x3d\\x0a\\xff"))
		fail("escape: %s", e);
	free(e);
	return verdict();
}

int main(int argc, char **argv)
{
	size_t i;
	int rc;

	setvbuf(stdout, NULL, _IOFBF, 65536);
	for (i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		rc = commands[i].run(argc - 1, argv + 1);
		fflush(stdout);
		if (rc == EX_USAGE)
			fprintf(stderr, "usage: eistool %s %s\n", commands[i].name, commands[i].usage);
		return rc;
	}
	fprintf(stderr, "usage: eistool COMMAND ...\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].usage);
	return EX_USAGE;
}
