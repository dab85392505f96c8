/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_stack.h"

#include <string.h>

#include "base/hash.h"

/* Where the code of @f is for @pc; as in symPC() of src/runtime/traceback.go. */
static uint64_t go_stack_inside(const struct gopclntab_func *f, uint64_t vaddr, bool exact)
{
	return exact || vaddr <= f->entry ? vaddr : vaddr - 1;
}

bool go_stack_vaddr(const struct go_code *c, uint64_t pc, uint64_t *ret_vaddr)
{
	uint64_t vaddr = (pc & ~GO_PC_EXACT) - c->bias;
	struct gopclntab_func f;

	if (gopclntab__find(c->table, vaddr, &f) || !f.is_go)
		return false;
	*ret_vaddr = go_stack_inside(&f, vaddr, pc & GO_PC_EXACT);
	return true;
}

/*
 * Functions that stacks end in: those with the flag, which came with Go 1.17; in all versions it is one of these.
 */
static bool go_stack_is_top(const struct gopclntab_func *f, const char *name)
{
	return f->flags & GOPCLNTAB_TOP_FRAME || !strcmp(name, "runtime.goexit") ||
	       !strcmp(name, "runtime.mstart") || !strcmp(name, "runtime.rt0_go");
}

/* Functions that are not called by what is below them but put there, wherever that was: by a signal. */
static bool go_stack_was_put(const char *name)
{
	return !strcmp(name, "runtime.asyncPreempt") || !strcmp(name, "runtime.sigpanic") ||
	       !strncmp(name, "runtime.debugCall", strlen("runtime.debugCall"));
}

static struct go_frame_size go_stack_size(const struct go_code *c, uint64_t pc)
{
	struct go_frame_size size = {.pc = pc};
	uint64_t vaddr = (pc & ~GO_PC_EXACT) - c->bias;
	struct gopclntab_func f;
	const char *name;

	if (gopclntab__find(c->table, vaddr, &f))
		return size;
	name = gopclntab__name(c->table, &f);
	size.known = gopclntab__frame_bytes(
		c->table, &f, go_stack_inside(&f, vaddr, pc & GO_PC_EXACT), &size.bytes);
	size.is_top = go_stack_is_top(&f, name);
	size.is_exact_below = go_stack_was_put(name);
	return size;
}

static const struct go_frame_size *go_stack_cached(const struct go_code *c,
						   struct go_frame_cache *cache, uint64_t pc)
{
	struct go_frame_size *size = &cache->sizes[hash_u64(pc) % GO_FRAME_CACHE_CNT];

	if (size->pc != pc)
		*size = go_stack_size(c, pc);
	return size;
}

void go_stack_walk(const struct go_code *c, struct go_frame_cache *cache, uint64_t pc, uint64_t sp,
		   uint64_t hi, const void *memory, size_t len, struct go_stack *ret)
{
	const uint8_t *bytes = memory;
	uint64_t at = 0; /* from @sp on */

	*ret = (struct go_stack){.end = GO_STACK_BROKEN};
	if (sp >= hi || hi - sp < sizeof(sp))
		return;
	for (;;) {
		const struct go_frame_size *size = go_stack_cached(c, cache, pc);
		uint64_t next;

		if (ret->cnt == GO_STACK_MAX_FRAMES) {
			ret->end = GO_STACK_DEEP;
			return;
		}
		if (!pc || (!size->known && !size->is_top))
			return;
		ret->pcs[ret->cnt++] = pc;
		if (size->is_top) {
			ret->end = GO_STACK_WHOLE;
			return;
		}
		/* The return address lies behind the frame, what the caller has behind that: it always goes up. */
		at += size->bytes;
		if (at > hi - sp - sizeof(next))
			return;
		if (at + sizeof(next) > GO_STACK_MAX_BYTES) {
			ret->end = GO_STACK_DEEP;
			return;
		}
		if (at + sizeof(next) > len) {
			ret->end = GO_STACK_MORE;
			return;
		}
		memcpy(&next, bytes + at, sizeof(next));
		at += sizeof(next);
		pc = (next & ~GO_PC_EXACT) | (size->is_exact_below ? GO_PC_EXACT : 0);
	}
}
