/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Stacks as text, to a profile and back: what we write of anything we read again, and then it stays as it is. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/folded_profile.h"
#include "output/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* NULL when it is refused. */
static struct profile *fuzz_load(const void *text, size_t len, struct folded_source *from)
{
	struct profile *p;

	from->file = fmemopen((void *)(len ? text : " "), len ? len : 1, "r");
	from->name = "fuzz";
	p = folded_profile_load(from);
	fclose(from->file);
	return p;
}

static char *fuzz_write(const struct profile *p, bool kinds, size_t *ret_len)
{
	struct writer_opts opts = {.kinds = kinds};
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	if (folded_writer.write(p, &opts, f))
		__builtin_trap();
	fclose(f);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct folded_source from = {0}, again = {0};
	struct profile *p = fuzz_load(data, len, &from), *q;
	size_t first_len, second_len;
	char *first, *second;

	if (!p)
		return 0;
	first = fuzz_write(p, from.kinds, &first_len);
	q = fuzz_load(first, first_len, &again);
	if (!q)
		__builtin_trap();
	/* Suffixes of rows that were too short to be written are gone. */
	if (again.kinds && !from.kinds)
		__builtin_trap();
	second = fuzz_write(q, again.kinds, &second_len);
	if (first_len != second_len || memcmp(first, second, first_len) != 0)
		__builtin_trap();
	free(first);
	free(second);
	profile__free(p);
	profile__free(q);
	return 0;
}
