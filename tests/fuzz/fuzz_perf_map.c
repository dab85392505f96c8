/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The text of a perf map, and the timeline of what it says. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/perf_map.h"
#include "model/timeline.h"
#include "symbol/js_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct fuzz {
	const char *text;
	size_t len;
	struct timeline *timeline;
	uint64_t last;
};

static int fuzz_take(void *arg, uint64_t start, uint64_t size, const char *name, size_t len)
{
	struct fuzz *f = arg;
	struct js_name n;

	if (!size || !len || name < f->text || name + len > f->text + f->len ||
	    memchr(name, 0, len))
		__builtin_trap();
	if (js_name_parse(name, len, &n) &&
	    (n.name < name || n.name + n.name_len > name + len ||
	     (n.file && (n.file < n.name || n.file + n.file_len > name + len))))
		__builtin_trap();
	if (!timeline__add(f->timeline, start, size, 0, 0))
		f->last = start;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz f = {(const char *)data, len, timeline__new(), 0};
	const struct timeline_entry *e;
	size_t used = len + 1;

	if (!f.timeline)
		return 0;
	if (perf_map_parse(f.text, len, fuzz_take, &f, &used) || used > len)
		__builtin_trap();
	if (used && data[used - 1] != '\n')
		__builtin_trap();
	if (!timeline__finish(f.timeline) && f.timeline->cnt) {
		/* The line that came last is the one that holds. */
		e = timeline__find(f.timeline, f.last, 0);
		if (!e || e->order != f.timeline->cnt - 1)
			__builtin_trap();
	}
	timeline__free(f.timeline);
	return 0;
}
