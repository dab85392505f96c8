/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "format/elf_object.h"
#include "format/go_sched_part.h"

#define WORD 8
#define LIMIT \
	10000 /* of threads, unless the program sets one: schedinit() of src/runtime/proc.go */
#define MAX_CANDIDATES 4096

struct go_sched_search {
	const struct go_code *code;
	const struct go_sched_layout *layout;
	uint64_t max_goid; /* of some goroutines */
	uint64_t addr,
		changed_addr; /* the last one that may be it; with another limit of threads */
	unsigned int cnt, changed_cnt;
	unsigned int candidate_cnt;
};

static uint64_t go_sched_max_goid(const struct go_runtime *r)
{
	struct go_slice slice;
	struct go_sample sample;
	uint64_t max = 0;

	if (!go_memory__read(r->code.memory, r->allgs, &slice, sizeof(slice)) ||
	    !go_slice_is_sane(&slice) ||
	    !go_sample__read(&sample, r->code.memory, slice.data, slice.len))
		return 0;
	for (size_t i = 0; i < sample.cnt; i++) {
		uint64_t goid = go_g_u64(sample.bytes[i], r->layout.goid);

		if (goid > max)
			max = goid;
	}
	return max;
}

static bool go_sched_is_at(const struct go_sched_search *s, uint64_t addr)
{
	struct go_sched sched = {.addr = addr, .layout = s->layout};
	struct go_sched_stats stats;

	return !go_sched__read(&sched, s->code->memory, &stats) && stats.created >= s->max_goid;
}

static int32_t go_sched_limit(const struct go_sched_layout *l, const uint8_t *bytes)
{
	int32_t limit;

	memcpy(&limit, bytes + l->limit, sizeof(limit));
	return limit;
}

/* Is it runtime.m, of a thread? It has a goroutine of its own, which knows it. */
static bool go_sched_is_thread(const struct go_memory *m, uint64_t addr)
{
	uint64_t g0, back;

	return addr && !(addr & 7) && go_memory__read(m, addr, &g0, sizeof(g0)) && g0 &&
	       go_memory__read(m, g0 + GO_G_M, &back, sizeof(back)) && back == addr;
}

/* By the limit of threads; where a program has set another one, by a thread that is idle, which most have. */
static void go_sched_take_candidate(struct go_sched_search *s, uint64_t addr, const uint8_t *bytes)
{
	uint64_t idle;

	if (go_sched_limit(s->layout, bytes) == LIMIT) {
		if (!go_sched_is_at(s, addr))
			return;
		s->addr = addr;
		s->cnt++;
	} else if (s->candidate_cnt++ < MAX_CANDIDATES) {
		memcpy(&idle, bytes + s->layout->idle, sizeof(idle));
		if (!go_sched_is_thread(s->code->memory, idle) || !go_sched_is_at(s, addr))
			return;
		s->changed_addr = addr;
		s->changed_cnt++;
	}
}

static int go_sched_scan(void *arg, const struct go_chunk *c)
{
	struct go_sched_search *s = arg;
	struct go_sched_stats stats;

	for (size_t at = 0; at < c->step && c->len - at >= GO_SCHED_HEAD_BYTES; at += WORD)
		if (go_sched_take_head(s->layout, c->bytes + at, &stats) &&
		    stats.created >= s->max_goid)
			go_sched_take_candidate(s, c->addr + at, c->bytes + at);
	return 0;
}

/* 0; -ENOENT: it has no name, or is not what it should be; -ENOMEM. */
static int go_sched_find_by_symbol(struct go_sched_search *s, struct go_sched *ret)
{
	struct elf_object object = {.name = "runtime.sched"};
	uint8_t head[GO_SCHED_HEAD_BYTES];
	int err = elf_objects_find(s->code->elf, &object, 1);

	if (err)
		return err;
	ret->addr = object.vaddr + s->code->bias;
	if (!object.vaddr || object.size < go_sched_bytes(s->layout) ||
	    !go_sched_is_at(s, ret->addr) ||
	    !go_memory__read(s->code->memory, ret->addr, head, sizeof(head)))
		return -ENOENT;
	ret->by_symbol = true;
	ret->limit_changed = go_sched_limit(s->layout, head) != LIMIT;
	return 0;
}

static int go_sched_find_by_scan(struct go_sched_search *s, struct go_sched *ret)
{
	int err = go_code__each_chunk(s->code, go_sched_scan, s);

	if (err)
		return err;
	ret->limit_changed = !s->cnt;
	ret->addr = s->cnt ? s->addr : s->changed_addr;
	if (s->cnt == 1 || (!s->cnt && s->changed_cnt == 1))
		return 0;
	log_debug("the scheduler: %u places, and %u with another limit of threads", s->cnt,
		  s->changed_cnt);
	return error_set(
		-ENOENT,
		"the scheduler's state was not found in its memory: try again in a moment (if it "
		"calls debug.SetMaxThreads() while no thread is idle), or leave the program its "
		"symbols");
}

int go_sched__find(struct go_sched *s, const struct go_runtime *r, bool scan)
{
	struct go_sched_search search = {.code = &r->code, .layout = go_sched_layout_of(r->minor)};
	int err = -ENOENT;

	*s = (struct go_sched){.layout = search.layout};
	if (!search.layout)
		return error_set(
			-ENOTSUP,
			"how the scheduler of %s keeps its state is not known: it is of Go 1.19 "
			"to 1.27",
			*r->version ? r->version : "this Go");
	search.max_goid = go_sched_max_goid(r);
	if (!scan)
		err = go_sched_find_by_symbol(&search, s);
	return err == -ENOENT ? go_sched_find_by_scan(&search, s) : err;
}
