/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_code.h"

#include <errno.h>
#include <stdlib.h>

#include "base/compiler.h"

#define CHUNK_BYTES   (1u << 20)
#define CHUNK_OVERLAP 4096 /* what begins in a chunk may go on so far */

#define SEGMENT_LOAD	 1 /* PT_LOAD */
#define SEGMENT_WRITABLE 2 /* PF_W */

bool go_code__is_entry(const struct go_code *c, uint64_t pc)
{
	struct gopclntab_func f;

	return !go_code__find(c, pc, &f) && f.entry + c->bias == pc;
}

/* @addr to @end, of one segment. */
static int go_code_scan(const struct go_code *c, uint64_t addr, uint64_t end, uint8_t *bytes,
			go_chunk_fn fn, void *arg)
{
	int ret = 0;

	for (; !ret && addr < end; addr += CHUNK_BYTES) {
		uint64_t left = end - addr;
		struct go_chunk chunk = {
			.addr = addr,
			.bytes = bytes,
			.len = left < CHUNK_BYTES + CHUNK_OVERLAP ? (size_t)left
								  : CHUNK_BYTES + CHUNK_OVERLAP,
			.step = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES,
		};

		if (go_memory__read(c->memory, addr, bytes, chunk.len))
			ret = fn(arg, &chunk);
	}
	return ret;
}

int go_code__each_chunk(const struct go_code *c, go_chunk_fn fn, void *arg)
{
	_cleanup_free_ uint8_t *bytes = malloc(CHUNK_BYTES + CHUNK_OVERLAP);
	uint64_t budget = GO_MAX_SCAN_BYTES;
	int ret = bytes ? 0 : -ENOMEM;

	for (size_t i = 0; !ret && i < c->elf->segment_cnt; i++) {
		const struct elf_segment *s = &c->elf->segments[i];
		uint64_t addr = (s->vaddr + c->bias) & ~15ull, len = s->mem_bytes;

		if (s->type != SEGMENT_LOAD || !(s->flags & SEGMENT_WRITABLE))
			continue;
		if (len > budget)
			len = budget;
		budget -= len;
		if (len <= UINT64_MAX - addr)
			ret = go_code_scan(c, addr, addr + len, bytes, fn, arg);
	}
	return ret;
}
