/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The walk by unwind tables over a table, mappings, registers and a stack that may hold anything
 * (fixtures/unwind_input.h): it reads nothing else, ends, and says the same with rules or the walk remembered.
 * fuzz_unwind_arm64.c is the same with the rules of that machine.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "fixtures/unwind_host.h"
#include "fixtures/unwind_input.h"

#define CACHE_ENTRIES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct unwind_input input;
static uint64_t *stack; /* without a spare byte */
static size_t stack_bytes;
static struct unwind_cached cache[CACHE_ENTRIES];

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static bool take(struct cursor *c, void *to, size_t bytes)
{
	if (cursor__left(c) < bytes)
		return false;
	memcpy(to, c->pos, bytes);
	c->pos += bytes;
	return true;
}

/* As user space gives them. Of others it is only asked that the walk survives. */
static bool mappings_disjoint(void)
{
	for (size_t i = 0; i < host.mapping_cnt; i++)
		for (size_t k = 0; k < i; k++)
			if (host.mappings[i].start < host.mappings[k].end &&
			    host.mappings[k].start < host.mappings[i].end)
				return false;
	return true;
}

static bool take_mappings(struct cursor *c)
{
	struct unwind_mapping m;

	if (input.mapping_cnt > UNWIND_INPUT_MAX_MAPPINGS)
		return false;
	for (int i = 0; i < input.mapping_cnt; i++) {
		if (!take(c, &m, sizeof(m)))
			return false;
		host.mappings[host.mapping_cnt++] = m;
	}
	return true;
}

static bool take_table(struct cursor *c)
{
	size_t bytes = input.table_bytes,
	       whole = (bytes + UNWIND_BLOCK_BYTES - 1) / UNWIND_BLOCK_BYTES * UNWIND_BLOCK_BYTES;
	char *table;

	if (cursor__left(c) < bytes || whole > 8 * UNWIND_BLOCK_BYTES)
		return false;
	table = calloc(1, whole + 1);
	need(table);
	take(c, table, bytes);
	host_add_table_bytes(UNWIND_INPUT_MODULE, table, whole);
	free(table);
	return true;
}

static bool take_input(struct cursor *c)
{
	if (!take(c, &input, sizeof(input)) || !take_mappings(c) || !take_table(c))
		return false;
	stack_bytes = cursor__left(c);
	stack = malloc(stack_bytes + !stack_bytes);
	need(stack);
	take(c, stack, stack_bytes);
	host_add_memory(input.stack_addr, stack, stack_bytes, false);
	host.regs.pc = input.pc;
	host.regs.lr = input.lr;
	host.regs.reg[UNWIND_REG_BX & 31] = input.bx;
	host.regs.reg[10] = input.r10;
	host.regs.reg[UNWIND_REG_FP] = input.fp;
	host.regs.reg[UNWIND_REG_SP] = input.sp;
	return true;
}

static uint32_t max_frames(void)
{
	return input.max_frames + 1u;
}

static uint32_t flags(void)
{
	return input.flags & (UNWIND_W_STALE | UNWIND_W_NO_REGS);
}

static void check_walk(void)
{
	static __u64 untouched[WIRE_MAX_FRAMES];
	uint32_t n = host.walk.frame_cnt;

	memset(untouched, HOST_RUBBISH, sizeof(untouched));
	need(n >= 1 && n <= max_frames());
	need(host.step_cnt < max_frames());
	need(host.walk.end < WIRE_END_CNT || host.walk.end == WIRE_END_PENDING);
	need(host.walk.end != WIRE_END_DEPTH_LIMIT || n == max_frames());
	need(host.walk.flags & UNWIND_W_DONE);
	need(host.walk.notes.cnt <= MEMO_MAX_SLOTS);
	need(!memcmp(host.ips + n, untouched, (WIRE_MAX_FRAMES - n) * sizeof(*host.ips)));
}

/* The id; the same whatever is in the cache of rules. */
static uint64_t walk(void)
{
	uint64_t id;

	host.cache = NULL;
	host_walk(max_frames(), flags());
	check_walk();
	id = host_id();
	for (int i = 0; i < 2 && mappings_disjoint(); i++) {
		host.cache = cache;
		host.cache_mask = CACHE_ENTRIES - 1;
		host_walk(max_frames(), flags());
		check_walk();
		need(host_id() == id);
	}
	host.cache = NULL;
	return id;
}

/* ---- the memo ---- */

static bool begin(struct memo_start *start)
{
	struct unwind_walk *w = &host.walk;

	host_begin(max_frames(), flags());
	*start = (struct memo_start){intern_mix(w->hash, w->set.id), w->sp, 0, w->fp, w->bx, w->lr};
	for (int i = 0; i < 3; i++)
		if (unwind_step(w, host.ips))
			return false;
	return true;
}

/* After a few frames, and before: both say the same, or the walk has ended between. */
static uint64_t find(const struct memo_entry *e, struct memo_start *start)
{
	struct window w = {0};
	struct memo_notes none;
	uint64_t first, later;
	uint32_t end_flags;
	bool more = begin(start);

	memo_begin(&none, start->base, 0);
	first = memo_recall(e, start, memo_hash_slots(e, &none, &w, false), &end_flags);
	if (!more)
		return first;
	later = memo_recall(e, start, memo_hash_slots(e, &host.walk.notes, &w, false), &end_flags);
	need(later == first);
	return first;
}

/* What is remembered is found; after a change, only if it is still true. */
static void check_memo(void)
{
	struct memo_entry e = {0};
	struct memo_start start;
	uint64_t id, found;

	if (!begin(&start))
		return;
	host_finish();
	/* Where registers are missing, what was loaded since counts, too: the probes have all of them. */
	if (flags() || host.walk.end == WIRE_END_FAULT || host.walk.end == WIRE_END_PENDING)
		return;
	id = host_id();
	memo_store(&e, &start, &host.walk.notes, 0, id);
	/* A hash of 0 stands for what can't be read. */
	need(!e.id || !host.walk.notes.hash || find(&e, &start) == id);
	if (!stack_bytes)
		return;
	if (stack_bytes >= 8)
		memcpy((char *)stack + input.changed % (stack_bytes / 8) * 8, &input.change, 8);
	found = find(&e, &start);
	need(!found || found == walk());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);

	host_reset();
	memset(cache, 0, sizeof(cache));
	if (take_input(&c)) {
		walk();
		if (mappings_disjoint())
			check_memo();
	}
	free(stack);
	stack = NULL;
	host_reset();
	return 0;
}
