/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The memory of another process that runs Go, as those see it that look for goroutines in it. It may hold anything, and
 * changes while it is read.
 */
#ifndef FORMAT_GO_MEMORY_H
#define FORMAT_GO_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct go_span {
	uint64_t addr;
	size_t len;
};

struct go_memory {
	/* Reads all of @len bytes from @addr on; false: not all of them can be read. */
	bool (*read)(void *ctx, uint64_t addr, void *to, size_t len);
	/* Reads the spans, one behind the other, to @to: how many of them, from the first on, came whole. */
	size_t (*read_spans)(void *ctx, const struct go_span *spans, size_t cnt, void *to);
	void *ctx;
};

#define GO_MEMORY_MAX_SPANS 1024 /* of one read_spans() */

static inline bool go_memory__read(const struct go_memory *m, uint64_t addr, void *to, size_t len)
{
	return m->read(m->ctx, addr, to, len);
}

/*
 * Reads any number of spans, each to its own place, one behind the other, in @to; ret_whole[i]: span i came whole. Those behind one that
 * can't be read are read all the same.
 */
void go_memory__read_each(const struct go_memory *m, const struct go_span *spans, size_t cnt,
			  void *to, bool *ret_whole);

#endif
