/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Events of Windows: payloads, waits out of switches, stacks that come late, what lay where when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "format/etl_names.h"
#include "source/etw_facts.h"
#include "source/etw_stacks.h"

#define MS 1000000ull

/* ---- payloads ---- */

/* Two digits a byte. */
static size_t bytes_of(const char *hex, uint8_t *to)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned int v;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		to[i] = (uint8_t)v;
	}
	return n;
}

static bool decode(uint8_t group, uint8_t opcode, uint16_t version, uint8_t ptr_bytes,
		   const char *hex, struct etw_event *ret)
{
	uint8_t payload[1024];
	struct etl_event e = {.kind = ETL_PERFINFO,
			      .group = group,
			      .opcode = opcode,
			      .version = version,
			      .ptr_bytes = ptr_bytes,
			      .pid = ETL_NO_ID,
			      .tid = ETL_NO_ID,
			      .payload = payload};

	e.payload_len = bytes_of(hex, payload);
	return etw_decode(&e, ret);
}

/* Payloads of real events. */
static void test_payloads(void **state _unused_)
{
	struct etw_event e;

	assert_true(decode(ETL_GROUP_THREAD, 36, 2, 4,
			   "000000002C11000000090000170001001200000026480000", &e));
	assert_int_equal(e.type, ETW_SWITCH);
	assert_int_equal(e.change.new_tid, 0);
	assert_int_equal(e.change.old_tid, 4396);
	assert_int_equal(e.change.reason, 23);
	assert_int_equal(e.change.state, ETW_STATE_READY);
	assert_true(decode(ETL_GROUP_THREAD, 36, 4, 8,
			   "C03B000048550000090800001F0001021F00000085530000", &e));
	assert_int_equal(e.change.new_tid, 15296);
	assert_int_equal(e.change.reason, 31);
	/* Version 1 has other members in these bytes. */
	assert_false(decode(ETL_GROUP_THREAD, 36, 1, 4,
			    "000000002C11000000090000170001001200000026480000", &e));
	assert_true(decode(ETL_GROUP_THREAD, 50, 2, 8, "CC08000001000100", &e));
	assert_int_equal(e.type, ETW_READY);
	assert_int_equal(e.ready.tid, 2252);
	assert_true(e.ready.by_dpc);
	assert_int_equal(e.ready.by_tid, ETL_NO_ID);
	assert_true(decode(ETL_GROUP_PERFINFO, 51, 2, 8, "241D907400F8FFFF", &e));
	assert_true(e.syscall.addr == 0xFFFFF80074901D24);
	assert_true(decode(ETL_GROUP_PERFINFO, 52, 2, 8, "03010000", &e));
	assert_int_equal(e.syscall.addr, 0x103);
	assert_string_equal(etw_wait_reason_name(37), "WrAlertByThreadId");
	assert_string_equal(etw_wait_reason_name(42), "WrRcu");
	assert_null(etw_wait_reason_name(43));
}

/* What is too short tells nothing, and nobody reads behind it. */
static void test_short_payloads(void **state _unused_)
{
	static const struct {
		uint8_t group, opcode;
	} kinds[] = {{ETL_GROUP_THREAD, 36},   {ETL_GROUP_THREAD, 50},	 {ETL_GROUP_THREAD, 1},
		     {ETL_GROUP_THREAD, 72},   {ETL_GROUP_PERFINFO, 46}, {ETL_GROUP_PERFINFO, 51},
		     {ETL_GROUP_PERFINFO, 52}, {ETL_GROUP_STACK, 32},	 {ETL_GROUP_STACK, 34},
		     {ETL_GROUP_STACK, 37},    {ETL_GROUP_PROCESS, 1},	 {ETL_GROUP_PROCESS, 10},
		     {ETL_GROUP_IMAGE, 3}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (size_t len = 0; len < 160; len++) {
			/* On the heap, at its very end. */
			uint8_t *payload = malloc(len + 1);
			struct etl_event e = {.kind = ETL_PERFINFO,
					      .group = kinds[i].group,
					      .opcode = kinds[i].opcode,
					      .version = (uint16_t)(len % 6),
					      .ptr_bytes = len % 2 ? 4 : 8,
					      .payload = payload + 1,
					      .payload_len = len};
			struct etw_event ret;

			memset(payload, (int)len, len + 1);
			if (etw_decode(&e, &ret) && ret.type == ETW_STACK && ret.stack.addr_cnt)
				etw_stack_addr(&ret, ret.stack.addr_cnt - 1);
			assert_true(len || !etw_decode(&e, &ret));
			free(payload);
		}
	}
}

/* ---- waits ---- */

struct seen {
	struct etw_wait waits[16];
	struct etw_totals totals[16];
	struct etw_call calls[4];
	size_t wait_cnt, total_cnt, call_cnt;
};

static int see_wait(void *arg, const struct etw_wait *w)
{
	struct seen *s = arg;

	s->waits[s->wait_cnt++] = *w;
	return 0;
}

static int see_totals(void *arg, const struct etw_totals *t)
{
	struct seen *s = arg;

	s->totals[s->total_cnt++] = *t;
	return 0;
}

static int see_call(void *arg, const struct etw_call *c)
{
	struct seen *s = arg;

	s->calls[s->call_cnt++] = *c;
	return 0;
}

static const struct etw_waits_ops see = {.wait = see_wait, .totals = see_totals, .call = see_call};

static void add(struct etw_waits *w, const struct etw_event *e, uint32_t cpu, uint64_t ms)
{
	const struct etl_event raw = {.time_ns = ms * MS, .ticks = (int64_t)ms, .cpu = cpu};

	assert_int_equal(etw_waits__add(w, e, &raw), 0);
}

static void change(struct etw_waits *w, uint32_t cpu, uint64_t ms, uint32_t from, uint32_t to,
		   uint8_t reason, uint8_t thread_state)
{
	const struct etw_event e = {
		.type = ETW_SWITCH,
		.change = {
			.new_tid = to, .old_tid = from, .reason = reason, .state = thread_state}};

	add(w, &e, cpu, ms);
}

static void ready(struct etw_waits *w, uint32_t cpu, uint64_t ms, uint32_t tid, bool dpc)
{
	const struct etw_event e = {.type = ETW_READY,
				    .ready = {.tid = tid, .by_tid = ETL_NO_ID, .by_dpc = dpc}};

	add(w, &e, cpu, ms);
}

static void thread_edge(struct etw_waits *w, uint64_t ms, uint32_t tid, enum etw_edge edge)
{
	const struct etw_event e = {.type = ETW_THREAD, .edge = edge, .thread = {1, tid}};

	add(w, &e, 0, ms);
}

static void test_blocked_and_runnable(void **state _unused_)
{
	struct seen s = {.wait_cnt = 0};
	struct etw_waits w;

	etw_waits__init(&w, &see, &s);
	change(&w, 1, 1, 0, 7, 0, 0);
	change(&w, 0, 2, 0, 5, 0, 0);
	change(&w, 0, 10, 5, 0, 6, ETW_STATE_WAITING);
	ready(&w, 1, 30, 5, false); /* thread 7 has that CPU */
	ready(&w, 0, 31, 5, true);  /* raises it only */
	change(&w, 0, 34, 0, 5, 0, 0);
	change(&w, 0, 40, 5, 0, 32, ETW_STATE_READY); /* the reason is that of an earlier wait */
	change(&w, 1, 45, 7, 5, 15, ETW_STATE_STANDBY);
	assert_int_equal(s.wait_cnt, 2);
	assert_int_equal(s.waits[0].ready_ns - s.waits[0].out_ns, 20 * MS);
	assert_int_equal(s.waits[0].in_ns - s.waits[0].ready_ns, 4 * MS);
	assert_int_equal(s.waits[0].by_tid, 7);
	assert_false(s.waits[0].by_dpc);
	assert_int_equal(s.waits[0].ready_ticks, 30);
	assert_int_equal(s.waits[0].in_ticks, 34);
	assert_true(etw_wait__is_preempted(&s.waits[1]));
	assert_int_equal(s.waits[1].ready_ns, 40 * MS);
	assert_int_equal(s.waits[1].in_ns, 45 * MS);
	/* Readied before it was switched out. */
	change(&w, 0, 50, 0, 7, 0, 0);
	assert_int_equal(s.waits[2].ready_ns, s.waits[2].out_ns);
	assert_int_equal(w.counts.wait_ns, (24 + 5 + 5) * MS);
	assert_int_equal(etw_waits__finish(&w, 60 * MS), 0);
	assert_int_equal(s.wait_cnt, 3);
	assert_int_equal(s.total_cnt, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(s.totals[i].on_cpu_ns + s.totals[i].blocked_ns +
					 s.totals[i].runnable_ns,
				 s.totals[i].end_ns - s.totals[i].begin_ns);
	assert_int_equal(w.counts.chain_break_cnt, 0);
	etw_waits__fini(&w);
}

/* Switches that are missing show, and nobody's time on the CPU is made up for them. */
static void test_missing_switches(void **state _unused_)
{
	struct seen s = {.wait_cnt = 0};
	struct etw_waits w;

	etw_waits__init(&w, &see, &s);
	change(&w, 0, 1, 0, 5, 0, 0);
	change(&w, 0, 9, 6, 0, 6, ETW_STATE_WAITING); /* and where is 5? */
	assert_int_equal(w.counts.chain_break_cnt, 1);
	change(&w, 0, 10, 0, 8, 0, 0);
	etw_waits__lost(&w, 0);
	change(&w, 0, 20, 8, 6, 6,
	       ETW_STATE_WAITING); /* this may be right, but nobody knows since when */
	assert_int_equal(w.counts.chain_break_cnt, 1);
	assert_int_equal(s.wait_cnt, 1);
	assert_int_equal(s.waits[0].tid, 6);
	assert_int_equal(etw_waits__finish(&w, 30 * MS), 0);
	for (size_t i = 0; i < s.total_cnt; i++)
		assert_int_equal(s.totals[i].on_cpu_ns, s.totals[i].tid == 6 ? 10 * MS : 0);
	etw_waits__fini(&w);
}

/* An id that is given again is another thread's: no wait goes from one to the other. */
static void test_ids_again(void **state _unused_)
{
	struct seen s = {.wait_cnt = 0};
	struct etw_waits w;

	etw_waits__init(&w, &see, &s);
	change(&w, 0, 1, 0, 5, 0, 0);
	change(&w, 0, 2, 5, 0, 6, ETW_STATE_WAITING);
	thread_edge(&w, 3, 5, ETW_EDGE_END);
	thread_edge(&w, 8, 5, ETW_EDGE_START);
	change(&w, 0, 9, 0, 5, 0, 0);
	change(&w, 0, 11, 5, 0, 0, ETW_STATE_TERMINATED);
	assert_int_equal(etw_waits__finish(&w, 30 * MS), 0);
	assert_int_equal(s.wait_cnt, 0);
	assert_int_equal(s.total_cnt, 2);
	assert_true(s.totals[0].ended);
	assert_int_equal(s.totals[1].begin_ns, 9 * MS);
	assert_int_equal(s.totals[1].on_cpu_ns, 2 * MS);
	etw_waits__fini(&w);
}

/* A system call may end on another CPU than it began on. */
static void test_calls(void **state _unused_)
{
	const struct etw_event enter = {.type = ETW_SYSCALL_ENTER, .syscall = {0x1000}};
	const struct etw_event leave = {.type = ETW_SYSCALL_EXIT, .syscall = {0xc0000005}};
	struct seen s = {.wait_cnt = 0};
	struct etw_waits w;

	etw_waits__init(&w, &see, &s);
	change(&w, 0, 1, 0, 5, 0, 0);
	add(&w, &enter, 0, 2);
	change(&w, 0, 3, 5, 6, 6, ETW_STATE_WAITING);
	add(&w, &leave, 0, 4); /* that of 6 began before the trace */
	change(&w, 1, 8, 0, 5, 0, 0);
	add(&w, &leave, 1, 9);
	assert_int_equal(s.call_cnt, 1);
	assert_int_equal(s.calls[0].tid, 5);
	assert_int_equal(s.calls[0].exit_ns - s.calls[0].enter_ns, 7 * MS);
	assert_int_equal(s.calls[0].status, 0xc0000005);
	add(&w, &leave, 1, 10); /* no call has two ends */
	assert_int_equal(s.call_cnt, 1);
	etw_waits__fini(&w);
}

/* ---- stacks ---- */

struct stacked {
	struct etw_stacked items[16];
	size_t cnt;
};

static int see_stacked(void *arg, const struct etw_stacked *s)
{
	struct stacked *all = arg;

	all->items[all->cnt++] = *s;
	return 0;
}

static void add_stack(struct etw_stacks *s, enum etw_type type, int64_t of, uint32_t tid,
		      uint64_t key, const uint64_t *addrs, uint32_t cnt, int64_t at)
{
	const struct etw_event e = {.type = type,
				    .stack = {.ticks = of,
					      .tid = tid,
					      .key = key,
					      .addrs = (const uint8_t *)addrs,
					      .addr_cnt = cnt,
					      .ptr_bytes = 8}};
	const struct etl_event raw = {.time_ns = (uint64_t)at * MS, .ticks = at};

	if (type == ETW_STACK_OF_KEY)
		assert_int_equal(etw_stacks__define(s, &e, at), 0);
	else
		assert_int_equal(etw_stacks__add(s, &e, &raw), 0);
}

static void expect(struct etw_stacks *s, uint32_t tid, int64_t ticks, uint32_t by, int64_t by_ticks)
{
	const struct etw_wait w = {.tid = tid,
				   .by_tid = by,
				   .in_ns = (uint64_t)ticks * MS,
				   .in_ticks = ticks,
				   .ready_ticks = by_ticks};

	assert_int_equal(etw_stacks__expect(s, &w, false), 0);
}

static uint64_t first(const struct etw_stacks *s, uint32_t id)
{
	uint32_t cnt;
	const uint64_t *addrs = etw_stacks__addrs(s, id, &cnt);

	return cnt ? addrs[0] : 0;
}

#define K(x) (0xfffff80000000000ull | (x))

static void test_late_stacks(void **state _unused_)
{
	static const uint64_t kernel1[] = {K(1)}, kernel2[] = {K(2)}, user[] = {11, 12},
			      both[] = {K(3), 13};
	struct stacked all = {.cnt = 0};
	struct etw_stacks *s = etw_stacks__new(true, see_stacked, &all);

	etw_stacks__defined(s);
	/* Two waits of one system call: the way back tells the user's part of both. */
	expect(s, 5, 100, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK, 100, 5, 0, kernel1, 1, 100);
	expect(s, 5, 200, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK, 200, 5, 0, kernel2, 1, 200);
	add_stack(s, ETW_STACK, 200, 6, 0, user, 2, 201); /* another thread's */
	assert_int_equal(all.cnt, 0);
	add_stack(s, ETW_STACK, 200, 5, 0, user, 2, 210);
	assert_int_equal(all.cnt, 2);
	for (size_t i = 0; i < 2; i++) {
		bool later = all.items[i].wait.in_ticks == 100;

		assert_int_equal(first(s, all.items[i].kernel), later ? K(1) : K(2));
		assert_int_equal(first(s, all.items[i].user), 11);
		assert_int_equal(all.items[i].user_later, later);
	}
	/* A stack of both parts, and one that never comes: no other wait's is borrowed. */
	expect(s, 5, 300, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK, 300, 5, 0, both, 2, 300);
	assert_int_equal(all.cnt, 3);
	assert_int_equal(first(s, all.items[2].kernel), K(3));
	assert_int_equal(first(s, all.items[2].user), 13);
	expect(s, 5, 400, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK, 399, 5, 0, both, 2, 401);
	assert_int_equal(etw_stacks__finish(s), 0);
	assert_int_equal(all.cnt, 4);
	assert_int_equal(all.items[3].kernel + all.items[3].user, 0);
	etw_stacks__free(s);
}

/* Another thread, which shares the bucket that threads are looked up in. */
static uint32_t neighbour_of(uint32_t tid)
{
	uint32_t other = tid + 1;

	while (hash_u64(other) % (1u << 16) != hash_u64(tid) % (1u << 16))
		other++;
	return other;
}

static void test_whose_stacks(void **state _unused_)
{
	static const uint64_t kernel[] = {K(1)}, user[] = {11};
	struct stacked all = {.cnt = 0};
	struct etw_stacks *s = etw_stacks__new(true, see_stacked, &all);
	uint32_t other = neighbour_of(5);

	etw_stacks__defined(s);
	expect(s, 5, 100, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK, 100, 5, 0, kernel, 1, 100);
	add_stack(s, ETW_STACK, 99, other, 0, user, 1, 101);
	assert_int_equal(all.cnt, 0);
	/* The user's part may come first; the kernel's is not lost for that. */
	expect(s, 6, 200, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK, 200, 6, 0, user, 1, 200);
	add_stack(s, ETW_STACK, 200, 6, 0, kernel, 1, 201);
	assert_int_equal(all.cnt, 1);
	assert_int_equal(first(s, all.items[0].kernel), K(1));
	assert_int_equal(first(s, all.items[0].user), 11);
	assert_int_equal(etw_stacks__finish(s), 0);
	assert_int_equal(all.cnt, 2);
	assert_int_equal(all.items[1].user, 0);
	etw_stacks__free(s);
}

/* A key means what is told of it next, after it was used. */
static void test_keys_again(void **state _unused_)
{
	static const uint64_t one[] = {K(1)}, two[] = {K(2)};
	struct stacked all = {.cnt = 0};
	struct etw_stacks *s = etw_stacks__new(true, see_stacked, &all);

	add_stack(s, ETW_STACK_OF_KEY, 0, 0, 0xabc, two, 1, 300);
	add_stack(s, ETW_STACK_OF_KEY, 0, 0, 0xabc, one, 1, 150);
	add_stack(s, ETW_STACK_OF_KEY, 0, 0, 0xabd, one, 1, 400); /* another one */
	etw_stacks__defined(s);
	expect(s, 5, 100, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK_KEY, 100, 5, 0xabc, NULL, 0, 101);
	expect(s, 6, 140, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK_KEY, 140, 6, 0xabc, NULL, 0,
		  151); /* told of when it meant the other */
	expect(s, 7, 310, ETL_NO_ID, ETW_NO_TICKS);
	add_stack(s, ETW_STACK_KEY, 310, 7, 0xabc, NULL, 0, 311);
	assert_int_equal(etw_stacks__finish(s), 0);
	assert_int_equal(all.cnt, 3);
	for (size_t i = 0; i < 3; i++) {
		uint32_t tid = all.items[i].wait.tid;

		assert_int_equal(first(s, all.items[i].kernel), tid == 5   ? K(1)
								: tid == 6 ? K(2)
									   : 0);
	}
	assert_int_equal(etw_stacks__counts(s)->unknown_key_cnt, 1);
	etw_stacks__free(s);
}

/* Who readied is told before the wait is over. */
static void test_stack_of_waker(void **state _unused_)
{
	static const uint64_t kernel[] = {K(7)}, user[] = {70}, own[] = {K(1), 10};
	struct stacked all = {.cnt = 0};
	struct etw_stacks *s = etw_stacks__new(true, see_stacked, &all);

	etw_stacks__defined(s);
	/* One moment readies two. */
	assert_int_equal(etw_stacks__hold(s, 50, 9, 50 * MS, false), 0);
	assert_int_equal(etw_stacks__hold(s, 50, 9, 50 * MS, false), 0);
	add_stack(s, ETW_STACK, 50, 9, 0, kernel, 1, 50);
	add_stack(s, ETW_STACK, 50, 9, 0, user, 1, 55);
	for (uint32_t tid = 5; tid < 7; tid++) {
		expect(s, tid, 60 + tid, 9, 50);
		add_stack(s, ETW_STACK, 60 + tid, tid, 0, own, 2, 70);
	}
	assert_int_equal(all.cnt, 2);
	assert_int_equal(etw_stacks__counts(s)->held_cnt, 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(first(s, all.items[i].by_kernel), K(7));
		assert_int_equal(first(s, all.items[i].by_user), 70);
		assert_int_equal(first(s, all.items[i].user), 10);
	}
	etw_stacks__free(s);
}

/* Of waits that are left out, nothing stays. */
static void test_left_out(void **state _unused_)
{
	static const uint64_t kernel[] = {K(7)}, user[] = {70};
	const struct etw_wait w = {.tid = 5, .by_tid = 9, .ready_ticks = 50};
	struct stacked all = {.cnt = 0};
	struct etw_stacks *s = etw_stacks__new(true, see_stacked, &all);

	etw_stacks__defined(s);
	/* Before its stack is there, and after. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(etw_stacks__hold(s, 50, 9, 50 * MS, false), 0);
		assert_int_equal(etw_stacks__counts(s)->held_cnt, 1);
		if (!i)
			etw_stacks__drop(s, &w);
		add_stack(s, ETW_STACK, 50, 9, 0, kernel, 1, 50);
		add_stack(s, ETW_STACK, 50, 9, 0, user, 1, 55);
		etw_stacks__drop(s, &w);
		assert_int_equal(etw_stacks__counts(s)->held_cnt, 0);
	}
	/* It is not there for another wait. */
	expect(s, 5, 60, 9, 50);
	assert_int_equal(etw_stacks__finish(s), 0);
	assert_int_equal(all.cnt, 1);
	assert_int_equal(all.items[0].by_user, 0);
	etw_stacks__free(s);
}

/* ---- what was there ---- */

static void add_fact(struct etw_facts *f, struct etw_event e, const char *name, uint64_t ms)
{
	snprintf(e.name, sizeof(e.name), "%s", name);
	assert_int_equal(etw_facts__add(f, &e, ms * MS), 0);
}

static struct etw_event image(enum etw_edge edge, uint32_t pid, uint64_t base)
{
	return (struct etw_event){.type = ETW_IMAGE,
				  .edge = edge,
				  .image = {.pid = pid, .base = base, .size = 0x1000}};
}

static const char *name_at(const struct etw_facts *f, uint32_t pid, uint64_t addr, uint64_t ms)
{
	uint32_t p = etw_facts__process(f, pid, ms * MS);
	const struct etw_place *place = etw_space__find(&f->processes[p].space, addr, ms * MS);

	if (!place)
		return "";
	return strtab__get(&f->strings, place->module == ETW_NONE ? place->name
								  : f->modules[place->module].path);
}

static void test_facts(void **state _unused_)
{
	const struct etw_event method = {.type = ETW_METHOD, .method = {8, 0x9000, 0x100}};
	const struct etw_event began = {
		.type = ETW_PROCESS, .edge = ETW_EDGE_START, .process = {.pid = 8}};
	const struct etw_event stays = {
		.type = ETW_PROCESS, .edge = ETW_EDGE_RUNDOWN_END, .process = {.pid = 8}};
	const struct etw_event far = {.type = ETW_METHOD, .method = {8, K(0x9800), 0x100}};
	struct etw_facts f;

	assert_int_equal(etw_facts__init(&f, true), 0);
	add_fact(&f, far, "Nowhere", 20);
	add_fact(&f, image(ETW_EDGE_RUNDOWN_END, 8, 0x8000), "there.dll", 90);
	add_fact(&f, image(ETW_EDGE_START, 8, 0x8000), "briefly.dll", 50);
	/* Told at the end only: it was there before all. */
	add_fact(&f, image(ETW_EDGE_START, 8, 0x4000), "late.dll", 50);
	add_fact(&f, image(ETW_EDGE_END, 8, 0x4000), "late.dll", 60);
	add_fact(&f, image(ETW_EDGE_START, 8, 0x4000), "other.dll", 70);
	add_fact(&f, image(ETW_EDGE_RUNDOWN_END, 8, 0x6000), "old.dll", 90);
	add_fact(&f, method, "Shop.Cart.Add", 20);
	add_fact(&f, method, "Shop.Cart.Remove", 40);
	add_fact(&f, stays, "first.exe", 95);
	add_fact(&f, began, "second.exe", 100);
	add_fact(&f, image(ETW_EDGE_START, 8, 0x4000), "second.dll", 101);
	assert_int_equal(etw_facts__finish(&f), 0);
	assert_string_equal(name_at(&f, 8, 0x4800, 55), "late.dll");
	assert_string_equal(name_at(&f, 8, 0x4800, 80), "other.dll");
	assert_string_equal(name_at(&f, 8, 0x4800, 10), "late.dll"); /* the first that came */
	assert_string_equal(name_at(&f, 8, 0x6fff, 10), "old.dll");
	assert_string_equal(name_at(&f, 8, 0x7000, 10), "");
	assert_string_equal(name_at(&f, 8, K(0x9810) & 0xffffffffffff, 30), "");
	assert_string_equal(name_at(&f, 8, 0x8010, 20), "there.dll");
	assert_string_equal(name_at(&f, 8, 0x8010, 55), "briefly.dll");
	assert_string_equal(name_at(&f, 8, 0x9010, 30), "Shop.Cart.Add");
	assert_string_equal(name_at(&f, 8, 0x9010, 45), "Shop.Cart.Remove");
	assert_string_equal(name_at(&f, 8, 0x4800, 200), "second.dll");
	assert_string_equal(name_at(&f, 8, 0x9010, 200), "");
	assert_int_equal(etw_facts__process(&f, 9, 10), ETW_NONE);
	/* No two places are shown at one address. */
	for (size_t p = 0; p < f.process_cnt; p++) {
		const struct etw_space *s = &f.processes[p].space;

		for (size_t i = 0; i < s->cnt; i++)
			for (size_t j = 0; j < i; j++)
				assert_true(s->places[i].shown + 0x1000 <= s->places[j].shown ||
					    s->places[j].shown + 0x1000 <= s->places[i].shown ||
					    s->places[i].module == ETW_NONE ||
					    s->places[j].module == ETW_NONE);
	}
	etw_facts__fini(&f);
}

/* Whose thread, and what its image's symbols are called. */
static void test_threads_and_ids(void **state _unused_)
{
	struct etw_event thread = {.type = ETW_THREAD, .edge = ETW_EDGE_RUNDOWN, .thread = {1, 5}};
	struct etw_event pdb = {.type = ETW_IMAGE_PDB,
				.image = {.pid = 8, .base = 0x4000, .guid = {1, 2}, .age = 3}};
	const struct etw_module *m;
	const struct etw_place *p;
	struct etw_facts f;

	assert_int_equal(etw_facts__init(&f, true), 0);
	add_fact(&f, thread, "", 10);
	thread.edge = ETW_EDGE_START;
	thread.thread.pid = 2;
	add_fact(&f, thread, "worker", 100);
	/* Merging a trace puts the ids before what is told at its end. */
	add_fact(&f, image(ETW_EDGE_START, 8, 0x4000), "app.exe", 10);
	add_fact(&f, pdb, "app.pdb", 200);
	add_fact(&f, image(ETW_EDGE_RUNDOWN_END, 8, 0x4000), "app.exe", 200);
	assert_int_equal(etw_facts__finish(&f), 0);
	assert_int_equal(f.threads[etw_facts__thread(&f, 5, 50 * MS)].pid, 1);
	assert_int_equal(f.threads[etw_facts__thread(&f, 5, 150 * MS)].pid, 2);
	assert_int_equal(f.threads[etw_facts__thread(&f, 5, 100 * MS)].pid, 2);
	p = etw_space__find(&f.processes[etw_facts__process(&f, 8, 20 * MS)].space, 0x4800,
			    20 * MS);
	assert_non_null(p);
	m = &f.modules[p->module];
	assert_int_equal(m->id_len, 20);
	assert_int_equal(m->id[16], 3);
	assert_string_equal(strtab__get(&f.strings, m->debug_name), "app.pdb");
	etw_facts__fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_short_payloads),
		cmocka_unit_test(test_blocked_and_runnable),
		cmocka_unit_test(test_missing_switches),
		cmocka_unit_test(test_ids_again),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_late_stacks),
		cmocka_unit_test(test_keys_again),
		cmocka_unit_test(test_stack_of_waker),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_whose_stacks),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_threads_and_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
