/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Any bytes as a recording file. Checksums would stop nearly all of them, so each input is also packed
 * as the records of a sound file: then the records inside are what is fuzzed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "format/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(FILE *fp)
{
	struct recording_reader *r = recording_reader__new(fp);
	uint64_t sum = 0;
	struct event e;

	while (r && recording_reader__next(r, &e) == 1)
		for (uint32_t i = 0; i < e.h->size / sizeof(uint64_t); i++)
			sum += ((const uint64_t *)e.h)[i];
	recording_reader__free(r);
	__asm__ volatile("" : : "r"(sum));
}

static void pack(FILE *fp, const uint64_t *words, size_t cnt)
{
	struct recording_writer *w = recording_writer__new(fp);
	int err = 0;

	for (size_t i = 0, len; i < cnt && !err; i += len) {
		struct event e = {.h = (const void *)(words + i)};

		len = e.h->size / sizeof(*words);
		err = !len || len > cnt - i ? -1 : recording_writer__add(w, &e);
	}
	recording_writer__finish(w);
	recording_writer__free(w);
}

static void read_packed(const uint8_t *data, size_t size)
{
	size_t cnt = size / sizeof(uint64_t);
	_cleanup_free_ uint64_t *words = calloc(cnt + 1, sizeof(*words)); /* aligned */
	FILE *fp = tmpfile();

	memcpy(words, data, cnt * sizeof(*words));
	pack(fp, words, cnt);
	rewind(fp);
	read_all(fp);
	fclose(fp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *fp;

	if (!size)
		return 0;
	fp = fmemopen((void *)data, size, "rb");
	read_all(fp);
	fclose(fp);
	read_packed(data, size);
	return 0;
}
