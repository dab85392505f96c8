/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A process that runs a program of Go (fixtures/go_heap.h), with anything in its memory: its list of goroutines is looked for,
 * the state of the scheduler, they are read with their stacks, channels and labels, and again. The first byte of an input says whether
 * their layout is to be inferred; the memory from GO_HEAP_BASE on follows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "fixtures/go_heap.h"
#include "format/go_channel.h"
#include "format/go_labels.h"
#include "format/go_sched.h"
#include "format/go_stacks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static bool input_read(void *ctx, uint64_t addr, void *to, size_t len)
{
	const struct cursor *c = ctx;
	size_t have = cursor__left(c);

	if (addr < GO_HEAP_BASE || len > have || addr - GO_HEAP_BASE > have - len)
		return false;
	memcpy(to, c->pos + (addr - GO_HEAP_BASE), len);
	return true;
}

static size_t input_read_spans(void *ctx, const struct go_span *spans, size_t cnt, void *to)
{
	uint8_t *at = to;

	for (size_t i = 0; i < cnt; i++) {
		if (!input_read(ctx, spans[i].addr, at, spans[i].len))
			return i;
		at += spans[i].len;
	}
	return cnt;
}

/* Made once. Its data is the input. */
static struct go_code program(const struct go_memory *m)
{
	static struct elf_segment data = {
		.type = 1 /* PT_LOAD */, .flags = 6 /* PF_R | PF_W */, .vaddr = GO_HEAP_BASE};
	static struct gopclntab table;
	static struct buf file;
	static struct elf e;

	if (!file.data) {
		go_heap_program(&file);
		need(!elf__open_memory(&e, file.data, file.len) && !gopclntab__open(&table, &e));
		free(e.segments);
		e.segments = &data;
		e.segment_cnt = 1;
	}
	data.mem_bytes = cursor__left(m->ctx);
	return (struct go_code){.elf = &e, .table = &table, .memory = m};
}

static void check_goroutines(const struct goroutines *all, const struct go_stacks *stacks)
{
	const struct go_counts *c = &all->counts;

	need(all->cnt + c->ended + c->cut + c->unreadable + c->damaged == c->listed);
	for (size_t i = 0; i < all->cnt; i++) {
		const struct goroutine *g = &all->items[i];
		struct go_stack_view stack = go_stacks__get(stacks, g->stack);

		need(!i || g[-1].addr < g->addr);
		need(g->goid && g->status < GO_STATUS_CNT && g->since_ns <= all->now_ns);
		need(stack.cnt <= GO_STACK_MAX_FRAMES);
		need((g->stack == GO_STACK_NONE) == !stack.cnt);
	}
}

static void check_channels(const struct goroutines *all, const struct go_runtime *r)
{
	struct go_channels c;

	for (size_t i = 0; i < all->cnt; i++) {
		if (!go_channels__read(&c, r, &all->items[i]))
			continue;
		need(c.cnt && c.cnt <= GO_CHANNELS_MAX && all->items[i].waiting);
		for (size_t k = 0; k < c.cnt; k++) {
			need(c.items[k].len <= c.items[k].cap);
			need(!(c.items[k].is_alone && c.items[k].is_met));
		}
	}
}

/* Both forms of sets: what stands there may be either. */
static void check_labels(struct go_labels *labels, struct go_runtime *r, struct goroutines *all)
{
	unsigned int minor = r->minor;

	for (r->minor = 23; r->minor <= 24; r->minor++) {
		need(!go_labels__read(labels, r, all));
		for (size_t i = 0; i < all->cnt; i++) {
			uint32_t number = go_labels__number(labels, &all->items[i]);
			struct go_label_view v = go_labels__get(labels, number);

			need(v.cnt <= GO_LABELS_MAX && (number != GO_LABELS_NONE || !v.cnt));
			for (uint32_t k = 0; k < v.cnt; k++)
				need(strlen(v.items[k].key) <= GO_LABEL_MAX_BYTES &&
				     strlen(v.items[k].value) <= GO_LABEL_MAX_BYTES);
		}
		need(all->counts.unlabelled <= 2 * all->cnt);
	}
	r->minor = minor;
}

static void check_sched(const struct go_runtime *r)
{
	struct go_sched s;
	struct go_sched_stats stats;

	if (go_sched__find(&s, r, false))
		return;
	need(!go_sched__read(&s, r->code.memory, &stats));
	need(stats.threads > 0 && stats.idle_threads >= 0 && stats.idle_threads <= stats.threads);
	need(stats.created && go_histogram__quantile_ns(&stats.latency, 500) <=
				      go_histogram__quantile_ns(&stats.latency, 990));
	go_histogram__subtract(&stats.latency, &stats.latency);
	need(!go_histogram__total(&stats.latency));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_over(data, len);
	bool infer = cursor__u8(&c) & 1;
	struct go_memory m = {input_read, input_read_spans, &c};
	struct go_code code = program(&m);
	static struct go_runtime r;
	struct goroutines looks[2];
	struct go_stacks *stacks;
	struct go_labels *labels;

	if (go_runtime__open(&r, &code, infer ? GO_LAYOUT_MEMORY : GO_LAYOUT_TABLE))
		return 0;
	check_sched(&r);
	stacks = go_stacks__new();
	labels = go_labels__new();
	need(stacks && labels);
	for (size_t i = 0; i < 2; i++) {
		goroutines__init(&looks[i]);
		need(!goroutines__read(&looks[i], &r));
		goroutines__age(&looks[i], i ? &looks[0] : NULL, i + 1);
		need(!go_stacks__read(stacks, &r, &looks[i], i ? "select" : NULL));
		check_goroutines(&looks[i], stacks);
		check_channels(&looks[i], &r);
		check_labels(labels, &r, &looks[i]);
	}
	/* Nothing has changed. */
	need(looks[0].cnt == looks[1].cnt);
	for (size_t i = 0; i < looks[0].cnt; i++)
		need(looks[0].items[i].stack == looks[1].items[i].stack);
	goroutines__fini(&looks[0]);
	goroutines__fini(&looks[1]);
	go_stacks__free(stacks);
	go_labels__free(labels);
	return 0;
}
