/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/goroutine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/log.h"

#define GO_DECODE_TRIES 8
#define GO_G_MIN_BYTES \
	256 /* runtime.g is larger in every version: no two begin nearer to each other */
#define LIST_CHUNK_CNT 131072 /* addresses read at once */
#define MAX_GAP_BYTES  2048   /* between structs that are read as one span */
#define MAX_SPAN_BYTES 65536
#define MAX_READ_BYTES \
	(256u << 10) /* at once: what was copied is still in the second cache when it is decoded */

void goroutines__init(struct goroutines *g)
{
	*g = (struct goroutines){0};
}

void goroutines__fini(struct goroutines *g)
{
	free(g->items);
	free(g->list);
	free(g->sorted);
	*g = (struct goroutines){0};
}

/* ---- one ---- */

/* Where it was when it stopped: a system call's caller stands apart. */
static void goroutine_decode_place(const struct go_layout *l, const uint8_t *bytes,
				   struct goroutine *g)
{
	bool in_syscall = g->status == GO_SYSCALL;

	if (in_syscall)
		g->sp = go_g_u64(bytes, l->syscall_sp);
	/* The runtime clears it on the way back. */
	if (in_syscall && g->sp) {
		g->pc = go_g_u64(bytes, l->syscall_sp + 8u);
		return;
	}
	g->sp = go_g_u64(bytes, GO_G_SP);
	g->pc = go_g_u64(bytes, GO_G_PC);
}

bool goroutine_decode(const struct go_layout *l, uint64_t addr, const uint8_t bytes[GO_G_BYTES],
		      struct goroutine *ret, bool *ret_damaged)
{
	uint32_t status = go_g_status(bytes, l);
	uint64_t goid = go_g_u64(bytes, l->goid), stack_hi = go_g_u64(bytes, GO_G_STACK_HI);

	*ret_damaged = status >= GO_STATUS_CNT || status == 5 || status == 7;
	if (*ret_damaged || status == GO_IDLE || status == GO_DEAD || status == GO_DEAD_EXTRA)
		return false;
	*ret_damaged = !goid || go_g_u64(bytes, GO_G_STACK_LO) >= stack_hi;
	/* runtime.newproc1() says that it can run, and gives it its number after that. */
	if (!goid && status == GO_RUNNABLE)
		*ret_damaged = false;
	if (!goid || *ret_damaged)
		return false;
	*ret = (struct goroutine){
		.addr = addr,
		.goid = goid,
		.gopc = go_g_u64(bytes, l->gopc),
		.startpc = go_g_u64(bytes, l->startpc),
		.stack_hi = stack_hi,
		.status = (uint8_t)status,
		.stack = GO_STACK_NONE,
	};
	goroutine_decode_place(l, bytes, ret);
	if (status == GO_WAITING || status == GO_LEAKED) {
		ret->wait_since_ns = go_g_u64(bytes, l->wait_since);
		ret->wait_reason = bytes[l->wait_reason];
		ret->waiting = go_g_u64(bytes, l->waiting);
	}
	if (l->parent_goid)
		ret->parent_goid = go_g_u64(bytes, l->parent_goid);
	if (l->seq)
		ret->seq = bytes[l->seq];
	ret->labels = go_g_u64(bytes, l->labels);
	ret->locked = l->locked_m && go_g_u64(bytes, l->locked_m);
	return true;
}

/* Waiting: that the runtime calls one leaked is no act of it. */
static uint8_t goroutine_act(const struct goroutine *g)
{
	return g->status == GO_LEAKED ? GO_WAITING : g->status;
}

bool goroutine__is_unchanged(const struct goroutine *a, const struct goroutine *b)
{
	return a->addr == b->addr && a->goid == b->goid && a->seq == b->seq &&
	       goroutine_act(a) == goroutine_act(b) && a->wait_reason == b->wait_reason &&
	       a->sp == b->sp && a->pc == b->pc && a->stack_hi == b->stack_hi;
}

/* ---- many ---- */

/* Spans and the structs in them, of one read. */
struct go_batch {
	struct go_span spans[GO_MEMORY_MAX_SPANS];
	size_t firsts[GO_MEMORY_MAX_SPANS + 1]; /* the first struct of each span, and an end */
	size_t cnt, bytes;
};

/* Fills @b from number @i on; how far it came. Allocators put structs side by side, so most spans have many. */
static size_t go_batch_fill(struct go_batch *b, const uint64_t *addrs, size_t i, size_t cnt)
{
	b->cnt = b->bytes = 0;
	while (i < cnt && b->cnt < GO_MEMORY_MAX_SPANS) {
		struct go_span *s = &b->spans[b->cnt];
		size_t first = i;

		*s = (struct go_span){addrs[i], GO_G_BYTES};
		while (++i < cnt && addrs[i] - s->addr <= s->len + MAX_GAP_BYTES &&
		       addrs[i] - s->addr <= MAX_SPAN_BYTES - GO_G_BYTES)
			s->len = (size_t)(addrs[i] - s->addr) + GO_G_BYTES;
		if (b->bytes + s->len > MAX_READ_BYTES) {
			i = first;
			break;
		}
		b->firsts[b->cnt++] = first;
		b->bytes += s->len;
	}
	b->firsts[b->cnt] = i;
	return i;
}

static int go_batch_give(const struct go_batch *b, const uint64_t *addrs, size_t span,
			 const uint8_t *bytes, go_struct_fn fn, void *arg)
{
	int ret = 0;

	for (size_t i = b->firsts[span]; !ret && i < b->firsts[span + 1]; i++)
		ret = fn(arg, i, bytes + (addrs[i] - b->spans[span].addr));
	return ret;
}

/* A span that can't be read as a whole: what is in it one by one. */
static int go_batch_give_apart(const struct go_batch *b, const struct go_memory *m,
			       const uint64_t *addrs, size_t span, go_struct_fn fn, void *arg)
{
	uint8_t bytes[GO_G_BYTES];
	int ret = 0;

	for (size_t i = b->firsts[span]; !ret && i < b->firsts[span + 1]; i++)
		if (go_memory__read(m, addrs[i], bytes, sizeof(bytes)))
			ret = fn(arg, i, bytes);
	return ret;
}

static int go_batch_read(const struct go_batch *b, const struct go_memory *m, const uint64_t *addrs,
			 uint8_t *bytes, go_struct_fn fn, void *arg)
{
	size_t next = 0;
	int ret = 0;

	while (!ret && next < b->cnt) {
		size_t came = m->read_spans(m->ctx, b->spans + next, b->cnt - next, bytes);
		const uint8_t *at = bytes;

		for (; !ret && came; came--, next++) {
			ret = go_batch_give(b, addrs, next, at, fn, arg);
			at += b->spans[next].len;
		}
		if (!ret && next < b->cnt)
			ret = go_batch_give_apart(b, m, addrs, next++, fn, arg);
	}
	return ret;
}

int go_structs_read(const struct go_memory *m, const uint64_t *addrs, size_t cnt, go_struct_fn fn,
		    void *arg)
{
	_cleanup_free_ uint8_t *bytes = malloc(MAX_READ_BYTES);
	_cleanup_free_ struct go_batch *b = malloc(sizeof(*b));
	int ret = bytes && b ? 0 : -ENOMEM;

	for (size_t i = 0; !ret && i < cnt;) {
		i = go_batch_fill(b, addrs, i, cnt);
		ret = go_batch_read(b, m, addrs, bytes, fn, arg);
	}
	return ret;
}

/* ---- the list ---- */

static int go_compare_addrs(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The list only ever grows at its end; what was sorted once stays so. */
static int goroutines_sort(struct goroutines *g, bool changed)
{
	size_t bytes = g->list_cnt * sizeof(*g->list);
	int err;

	if (!changed)
		return 0;
	err = array__grow((void **)&g->sorted, &g->sorted_cap, g->list_cnt, sizeof(*g->sorted),
			  GO_MAX_GOROUTINES);
	if (err)
		return err;
	memcpy(g->sorted, g->list, bytes);
	qsort(g->sorted, g->list_cnt, sizeof(*g->sorted), go_compare_addrs);
	return 0;
}

/* One part of the list over what was there; *@ret_changed if that was something else. */
static bool goroutines_read_part(struct goroutines *g, const struct go_memory *m, uint64_t addr,
				 size_t at, size_t cnt, uint64_t *part, bool *ret_changed)
{
	size_t bytes = cnt * sizeof(*part);

	if (!go_memory__read(m, addr + at * sizeof(*part), part, bytes))
		return false;
	if (memcmp(g->list + at, part, bytes) != 0) {
		memcpy(g->list + at, part, bytes);
		*ret_changed = true;
	}
	return true;
}

static int goroutines_read_list(struct goroutines *g, const struct go_runtime *r)
{
	_cleanup_free_ uint64_t *part = malloc(LIST_CHUNK_CNT * sizeof(*part));
	const struct go_memory *m = r->code.memory;
	struct go_slice slice;
	size_t cnt, at = 0, old_cnt = g->list_cnt;
	bool changed = false;
	int err;

	if (!part)
		return -ENOMEM;
	if (!go_memory__read(m, r->allgs, &slice, sizeof(slice)) || !go_slice_is_sane(&slice))
		return error_set(-ENOENT, "its list of goroutines is gone");
	cnt = slice.len < GO_MAX_GOROUTINES ? (size_t)slice.len : GO_MAX_GOROUTINES;
	g->counts.listed = slice.len;
	g->counts.cut = slice.len - cnt;
	/* Memory for what can be read, whatever the length claims. */
	while (at < cnt) {
		size_t some = cnt - at < LIST_CHUNK_CNT ? cnt - at : LIST_CHUNK_CNT;
		size_t cap = g->list_cap;

		err = array__grow((void **)&g->list, &g->list_cap, at + some, sizeof(*g->list),
				  GO_MAX_GOROUTINES);
		if (err)
			return err;
		memset(g->list + cap, 0, (g->list_cap - cap) * sizeof(*g->list));
		if (!goroutines_read_part(g, m, slice.data, at, some, part, &changed))
			break;
		at += some;
	}
	g->counts.unreadable += cnt - at;
	g->list_cnt = at;
	return goroutines_sort(g, changed || at != old_cnt);
}

/* Reading all of them. */
struct go_reading {
	struct goroutines *g;
	const struct go_layout *layout;
	const struct go_memory *memory;
	uint64_t read_cnt;
	uint64_t last_addr;
};

/* One that changes just now makes no sense for a moment only. As goroutine_decode(). */
static bool goroutine_decode_again(const struct go_reading *r, uint64_t addr, struct goroutine *ret,
				   bool *ret_damaged)
{
	uint8_t bytes[GO_G_BYTES];

	for (int i = 0; i < GO_DECODE_TRIES; i++) {
		if (!go_memory__read(r->memory, addr, bytes, sizeof(bytes)))
			return false;
		if (goroutine_decode(r->layout, addr, bytes, ret, ret_damaged))
			return true;
		if (!*ret_damaged)
			return false;
	}
	return false;
}

static int goroutines_take(void *arg, size_t i, const uint8_t bytes[GO_G_BYTES])
{
	struct go_reading *r = arg;
	struct goroutines *g = r->g;
	struct goroutine *one;
	uint64_t addr = g->sorted[i];
	bool damaged, found;
	int err;

	r->read_cnt++;
	/* A program that lies would have a goroutine at every eighth byte, in memory that costs it nothing. */
	if (addr & 7 || addr - r->last_addr < GO_G_MIN_BYTES) {
		g->counts.damaged++;
		return 0;
	}
	err = array__grow((void **)&g->items, &g->cap, g->cnt + 1, sizeof(*g->items),
			  GO_MAX_GOROUTINES);
	if (err)
		return err;
	/* In its place at once: nothing is copied again for each of many. */
	one = &g->items[g->cnt];
	found = goroutine_decode(r->layout, addr, bytes, one, &damaged);
	if (damaged)
		found = goroutine_decode_again(r, addr, one, &damaged);
	/* One that makes no sense takes no room from those behind it. */
	if (found || !damaged)
		r->last_addr = addr;
	g->cnt += found;
	g->counts.damaged += !found && damaged;
	g->counts.ended += !found && !damaged;
	return 0;
}

int goroutines__read(struct goroutines *g, const struct go_runtime *r)
{
	struct go_reading reading = {.g = g, .layout = &r->layout, .memory = r->code.memory};
	int err;

	g->cnt = 0;
	g->counts = (struct go_counts){0};
	err = goroutines_read_list(g, r);
	if (!err)
		err = go_structs_read(r->code.memory, g->sorted, g->list_cnt, goroutines_take,
				      &reading);
	if (!err)
		g->counts.unreadable += g->list_cnt - reading.read_cnt;
	return err;
}

bool goroutine__is_parked(const struct goroutine *g)
{
	return g->status == GO_WAITING || g->status == GO_LEAKED || g->status == GO_RUNNABLE ||
	       g->status == GO_PREEMPTED;
}

/* ---- ages ---- */

void goroutine__set_new(struct goroutine *g, uint64_t now_ns, bool is_first)
{
	g->since_ns = now_ns;
	g->since_first = is_first;
	if (g->wait_since_ns && g->wait_since_ns < now_ns)
		g->since_ns = g->wait_since_ns;
}

static void goroutine_set_old(struct goroutine *g, const struct goroutine *before)
{
	g->since_ns = before->since_ns;
	g->since_first = before->since_first;
	g->from_ns = before->from_ns;
	g->tag = before->tag;
	g->stops = before->stops;
	g->stack = before->stack;
	if (g->wait_since_ns && g->wait_since_ns < g->since_ns)
		g->since_ns = g->wait_since_ns;
}

/* @before: what its struct held in the look before, NULL: no goroutine. */
static void goroutine_count_stops(struct goroutine *g, const struct goroutine *before)
{
	if (!before || before->goid != g->goid) {
		g->stops = goroutine__is_parked(g);
		return;
	}
	g->stops = (uint8_t)(g->seq - before->seq);
	if (!goroutine__is_parked(before))
		g->stops += before->stops;
}

void goroutine__set_changed(struct goroutine *g, const struct goroutine *before)
{
	g->from_ns = before->from_ns;
	goroutine_count_stops(g, before);
	if (before->goid == g->goid && goroutine__is_parked(before))
		g->stops += before->stops;
}

void goroutines__age(struct goroutines *g, const struct goroutines *older, uint64_t now_ns)
{
	size_t k = 0;

	g->now_ns = now_ns;
	g->is_first = !older;
	for (size_t i = 0; i < g->cnt; i++) {
		struct goroutine *one = &g->items[i];
		const struct goroutine *before = NULL;

		while (older && k < older->cnt && older->items[k].addr < one->addr)
			k++;
		if (older && k < older->cnt && older->items[k].addr == one->addr)
			before = &older->items[k];
		if (before && goroutine__is_unchanged(one, before)) {
			goroutine_set_old(one, before);
			continue;
		}
		goroutine__set_new(one, now_ns, !older);
		one->from_ns = older ? older->now_ns : now_ns;
		goroutine_count_stops(one, before);
	}
}
