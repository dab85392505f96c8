/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stands in for libFuzzer: feeds every file below tests/fuzz/corpus/NAME to the target once, where NAME
 * is what follows "replay_" in the program's name; or the files and directories given as arguments.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

#define INPUT_MAX_BYTES (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_file(const char *path, FILE *f)
{
	uint8_t *all = malloc(INPUT_MAX_BYTES), *exact;
	size_t size;

	if (!all)
		abort();
	size = fread(all, 1, INPUT_MAX_BYTES, f);
	/* A buffer without a spare byte, so that ASan sees reads past the end. */
	exact = realloc(all, size ? size : 1);
	if (exact)
		all = exact;
	LLVMFuzzerTestOneInput(all, size);
	free(all);
	printf("%s: %zu bytes\n", path, size);
}

/* How many inputs were found at @path, a file or a directory of files. */
static int feed(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int cnt = 0;

	if (!dir) {
		FILE *f = fopen(path, "rb");

		if (!f)
			return 0;
		feed_file(path, f);
		fclose(f);
		return 1;
	}
	while ((entry = readdir(dir))) {
		char below[4096];

		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			cnt += feed(below);
	}
	closedir(dir);
	return cnt;
}

int main(int argc, char **argv)
{
	const char *name;
	char corpus[256];
	int cnt = 0;

	if (argc > 1) {
		while (*++argv)
			cnt += feed(*argv);
	} else {
		name = strstr(argv[0], "replay_") ? strstr(argv[0], "replay_") + 7 : "";
		snprintf(corpus, sizeof(corpus), "tests/fuzz/corpus/%s", name);
		cnt = feed(corpus);
	}
	/* The empty input and a single zero are part of every corpus. */
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 1);
	printf("%d inputs\n", cnt);
	return cnt ? EXIT_SUCCESS : EXIT_FAILURE;
}
