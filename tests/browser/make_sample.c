/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writes a sample profile in the format of the file's name, for test_viewer.js:
 *
 *	make_sample small|wakers|waits|hostile|server|empty|change|COUNT FILE...
 *
 * A file for Perfetto has single waits that are made up. "change" is a comparison, of "small" with other times. A name that ends in .live.html is a page as `dwell serve` answers.
 * Prints the CPU time that each writer took, and "sanitized" when those times say nothing.
 */
#include <time.h>

#include "browser/sample_profile.h"
#include "model/profile_append.h"
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

/* Before and after, one behind the other: one stack with three times as much, one with a quarter, one of one side only. */
static struct profile *make_change(void)
{
	struct profile *p = profile__new(), *small = sample_small();
	size_t cnt = small->sample_cnt;

	profile__append(p, small);
	profile__append(p, small);
	p->samples[cnt].blocked_ns *= 3;
	p->samples[cnt + 2].blocked_ns = p->samples[cnt + 2].runnable_ns = 0;
	p->samples[cnt + 3].blocked_ns /= 4;
	p->title = sample_str(p, "before -> after");
	profile__free(small);
	return p;
}

static struct profile *make(const char *what)
{
	if (!strcmp(what, "change"))
		return make_change();
	if (!strcmp(what, "small"))
		return sample_small();
	if (!strcmp(what, "wakers"))
		return sample_wakers();
	if (!strcmp(what, "waits"))
		return sample_waits();
	if (!strcmp(what, "hostile"))
		return sample_hostile();
	if (!strcmp(what, "server"))
		return sample_server();
	if (!strcmp(what, "empty"))
		return sample_new("nothing happened", 1000000);
	return sample_big((uint32_t)strtoul(what, NULL, 10), 2000);
}

static int write_one(const struct profile *p, const struct profile *base, const char *path)
{
	const struct writer *w = writer_find_for_path(path);
	struct writer_opts opts = {.base = base, .live_s = strstr(path, ".live.html") ? 1 : 0};
	FILE *to = w ? fopen(path, "w") : NULL;
	double start;
	int err;

	if (!to) {
		fprintf(stderr, "make_sample: can't write %s\n", path);
		return 1;
	}
	start = cpu_s();
	err = w->write(p, &opts, to);
	if (fclose(to) || err) {
		fprintf(stderr, "make_sample: %s: failed\n", path);
		return 1;
	}
	printf("%s: %.3f s\n", w->name, cpu_s() - start);
	return 0;
}

static bool wants_waits(char **paths)
{
	for (; *paths; paths++) {
		const struct writer *w = writer_find_for_path(*paths);

		if (w && w->waits)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct profile *p, now, base;
	bool change;
	int failed = 0;

	if (argc < 3) {
		fprintf(stderr,
			"usage: make_sample small|wakers|waits|hostile|server|empty|change|COUNT "
			"FILE...\n");
		return 2;
	}
	if (SAMPLE_SANITIZED)
		puts("sanitized");
	p = make(argv[1]);
	if (!p->wait_cnt && wants_waits(argv + 2))
		sample_add_waits(p);
	change = !strcmp(argv[1], "change");
	now = base = *p;
	if (change) {
		base.sample_cnt /= 2;
		now.samples += base.sample_cnt;
		now.sample_cnt = base.sample_cnt;
	}
	for (int i = 2; i < argc; i++)
		failed |= write_one(&now, change ? &base : NULL, argv[i]);
	profile__free(p);
	return failed;
}
