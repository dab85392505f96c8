/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A jitdump file, and the timeline of what it says. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/jitdump.h"
#include "model/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fuzz_check(struct timeline *t)
{
	if (timeline__finish(t))
		return;
	for (size_t i = 0; i < t->cnt && i < 100; i++) {
		const struct timeline_entry *e = &t->entries[i], *found;

		found = timeline__find(t, e->start, e->time_ns);
		if (!found || found->time_ns != e->time_ns || found->start > e->start ||
		    found->end <= e->start || !found->version)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct timeline *t = timeline__new();
	struct jitdump_record r;
	struct jitdump_line line;
	struct jitdump j;
	size_t cnt = 0;

	if (!t)
		return 0;
	if (jitdump__open_memory(&j, data, len))
		goto out;
	while (jitdump__next(&j, &r) > 0) {
		if (++cnt > len / 16 || (r.name && strnlen(r.name, r.name_len) != r.name_len))
			__builtin_trap();
		while (jitdump__next_line(&j, &line))
			if (strlen(line.file) > len)
				__builtin_trap();
		if (r.kind != JITDUMP_DEBUG)
			timeline__add(t, r.addr, r.size, r.time_ns, 0);
	}
	jitdump__close(&j);
	fuzz_check(t);
out:
	timeline__free(t);
	return 0;
}
