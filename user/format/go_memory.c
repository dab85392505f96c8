/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_memory.h"

void go_memory__read_each(const struct go_memory *m, const struct go_span *spans, size_t cnt,
			  void *to, bool *ret_whole)
{
	uint8_t *at = to;
	size_t next = 0;

	while (next < cnt) {
		size_t left = cnt - next;
		size_t some = left < GO_MEMORY_MAX_SPANS ? left : GO_MEMORY_MAX_SPANS;
		size_t came = m->read_spans(m->ctx, spans + next, some, at);

		for (size_t i = 0; i < some && i <= came; i++, next++) {
			ret_whole[next] = i < came;
			at += spans[next].len;
		}
	}
}
