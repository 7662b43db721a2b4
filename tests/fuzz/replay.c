// SPDX-License-Identifier: GPL-2.0-only
/*
 * main() for replaying inputs without libFuzzer: every file named on the command
 * line, every file in the directories named there. Exit status 0 says that no
 * input broke anything; without any input it is 2.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned long inputs;

static void replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	u8 *data = NULL;
	size_t size = 0, n;
	u8 buf[4096];

	if (!f) {
		perror(path);
		exit(1);
	}
	while ((n = fread(buf, 1, sizeof(buf), f))) {
		data = realloc(data, size + n);
		MUST(data);
		memcpy(data + size, buf, n);
		size += n;
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data ? data : (const u8 *)"", size);
	free(data);
	inputs++;
}

static void replay_dir(const char *path)
{
	struct dirent *de;
	DIR *dir = opendir(path);

	while (dir && (de = readdir(dir))) {
		char file[4096];
		struct stat st;

		snprintf(file, sizeof(file), "%s/%s", path, de->d_name);
		if (!stat(file, &st) && S_ISREG(st.st_mode))
			replay_file(file);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st)) {
			perror(argv[i]);
			return 1;
		}
		if (S_ISDIR(st.st_mode))
			replay_dir(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("%s: %lu inputs\n", argv[0], inputs);
	return inputs ? 0 : 2;
}
