/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The text of /proc/kallsyms, and lookups in what it gives. */
#include <stddef.h>
#include <stdint.h>

#include "symbol/kernel_resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct kallsyms_counts counts;
	struct symtab t;

	symtab__init(&t);
	if (kallsyms_parse((const char *)data, len, &t, &counts) ||
	    counts.hidden_cnt > counts.text_cnt)
		__builtin_trap();
	symtab__finish(&t, counts.highest);
	for (size_t i = 0; i < t.cnt; i++) {
		const struct symbol *s = &t.symbols[i];

		if (!s->size || (i && s[-1].start >= s->start))
			__builtin_trap();
		if (symtab__find(&t, s->start) != s)
			__builtin_trap();
	}
	symtab__fini(&t);
	return 0;
}
