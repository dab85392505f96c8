/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writes a sample profile in the format of the file's name, for test_viewer.js:
 *
 *	make_sample small|hostile|server|empty|COUNT FILE...
 *
 * Prints the CPU time that each writer took, and "sanitized" when those times say nothing.
 */
#include <time.h>

#include "browser/sample_profile.h"
#include "output/writer.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SAMPLE_SANITIZED true
#else
#define SAMPLE_SANITIZED false
#endif

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct profile *make(const char *what)
{
	if (!strcmp(what, "small"))
		return sample_small();
	if (!strcmp(what, "hostile"))
		return sample_hostile();
	if (!strcmp(what, "server"))
		return sample_server();
	if (!strcmp(what, "empty"))
		return sample_new("nothing happened", 1000000);
	return sample_big((uint32_t)strtoul(what, NULL, 10), 2000);
}

static int write_one(const struct profile *p, const char *path)
{
	const struct writer *w = writer_find_for_path(path);
	struct writer_opts opts = {0};
	FILE *to = w ? fopen(path, "w") : NULL;
	double start = cpu_s();
	int err;

	if (!to) {
		fprintf(stderr, "make_sample: can't write %s\n", path);
		return 1;
	}
	err = w->write(p, &opts, to);
	if (fclose(to) || err) {
		fprintf(stderr, "make_sample: %s: failed\n", path);
		return 1;
	}
	printf("%s: %.3f s\n", w->name, cpu_s() - start);
	return 0;
}

int main(int argc, char **argv)
{
	struct profile *p;
	int failed = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: make_sample small|hostile|server|empty|COUNT FILE...\n");
		return 2;
	}
	if (SAMPLE_SANITIZED)
		puts("sanitized");
	p = make(argv[1]);
	for (int i = 2; i < argc; i++)
		failed |= write_one(p, argv[i]);
	profile__free(p);
	return failed;
}
