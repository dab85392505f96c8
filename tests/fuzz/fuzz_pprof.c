/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* pprof files of anybody, to a profile; what is read is written and read again, and then the times are the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/pprof_profile.h"
#include "base/gzip.h"
#include "output/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t fuzz_total(const struct profile *p)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < p->sample_cnt; i++)
		if (__builtin_add_overflow(ns, profile_sample__total_ns(&p->samples[i]), &ns) ||
		    ns > INT64_MAX)
			return UINT64_MAX; /* the writer stops there */
	return ns;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pprof_source from = {.data = data, .len = len, .name = "fuzz"},
			    again = {.name = "again"};
	struct profile *p = pprof_profile_load(&from), *q;
	uint64_t total = p ? fuzz_total(p) : UINT64_MAX;
	char *packed = NULL;
	struct buf text;
	size_t packed_len;
	FILE *f;

	if (total != UINT64_MAX) {
		f = open_memstream(&packed, &packed_len);
		if (pprof_writer.write(p, &(struct writer_opts){0}, f))
			__builtin_trap();
		fclose(f);
		buf__init(&text, 1u << 28);
		if (gzip_unpack(packed, packed_len, &text))
			__builtin_trap();
		again.data = text.data;
		again.len = text.len;
		q = pprof_profile_load(&again);
		if (!q || fuzz_total(q) != total)
			__builtin_trap();
		profile__free(q);
		buf__fini(&text);
		free(packed);
	}
	profile__free(p);
	return 0;
}
