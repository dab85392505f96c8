/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Events of Windows, whatever they say, read twice as a trace is. Each is eight bytes and a payload:
 *   group or provider, opcode or id, version, thread, CPU and pointers' size, time since the one before, payload's length (2)
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/etl_names.h"
#include "source/etw_facts.h"
#include "source/etw_stacks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEAD_BYTES     8
#define FIRST_PROVIDER 200 /* groups beyond are those of etw_guids */

static volatile uint64_t fuzz_sink;

static const uint8_t etw_guids[][ETL_GUID_BYTES] = {
	{0x23, 0x0d, 0x3c, 0xe1, 0xbc, 0xcc, 0x12, 0x4e, 0x93, 0x1b, 0xd9, 0xcc, 0x2e, 0xee, 0x27,
	 0xe4},
	{0x41, 0x77, 0x27, 0x57, 0x38, 0x36, 0x4b, 0x4a, 0xbd, 0xba, 0x0a, 0xc6, 0xe4, 0x5d, 0xa5,
	 0x6c},
	{0xd7, 0x75, 0xe6, 0xb3, 0x54, 0x25, 0x18, 0x4f, 0x83, 0x0b, 0x27, 0x62, 0x73, 0x25, 0x60,
	 0xde},
	{0x91, 0xee, 0x79, 0x9b, 0xfd, 0xb5, 0xc0, 0x41, 0xa2, 0x43, 0x42, 0x48, 0xe2, 0x66, 0xe9,
	 0xd0},
};

struct fuzz {
	struct etw_facts facts;
	struct etw_stacks *stacks;
	struct etw_waits waits;
	struct etw_event event;
	uint64_t stacked_cnt, wait_cnt;
};

static void fuzz_stack(struct fuzz *f, uint32_t part, uint64_t time_ns)
{
	uint32_t cnt;
	const uint64_t *addrs = etw_stacks__addrs(f->stacks, part, &cnt);

	for (uint32_t i = 0; i < cnt; i++) {
		const struct etw_place *p = etw_space__find(&f->facts.kernel, addrs[i], time_ns);

		fuzz_sink += addrs[i] + (p ? p->shown : 0);
	}
}

static int fuzz_stacked(void *arg, const struct etw_stacked *s)
{
	struct fuzz *f = arg;
	const struct etw_wait *w = &s->wait;
	uint32_t th = etw_facts__thread(&f->facts, w->tid, w->out_ns);

	f->stacked_cnt++;
	if (w->out_ns > w->ready_ns || w->ready_ns > w->in_ns)
		__builtin_trap();
	fuzz_stack(f, s->kernel, w->in_ns);
	fuzz_stack(f, s->by_kernel, w->in_ns);
	if (th != ETW_NONE && f->facts.threads[th].tid != w->tid)
		__builtin_trap();
	for (size_t i = 0; i < f->facts.process_cnt && i < 4; i++) {
		const struct etw_space *space = &f->facts.processes[i].space;
		const struct etw_place *p = etw_space__find(space, w->tid, w->in_ns);

		if (p && (p->start > w->tid || p->end <= w->tid))
			__builtin_trap();
	}
	return 0;
}

static int fuzz_wait(void *arg, const struct etw_wait *w)
{
	struct fuzz *f = arg;

	f->wait_cnt++;
	return etw_stacks__expect(f->stacks, w, w->tid & 1);
}

static int fuzz_ready(void *arg, const struct etw_wait *w)
{
	struct fuzz *f = arg;

	return etw_stacks__hold(f->stacks, w->ready_ticks, w->by_tid, w->ready_ns, false);
}

static int fuzz_totals(void *arg, const struct etw_totals *t)
{
	(void)arg;
	if (t->blocked_ns + t->runnable_ns > t->end_ns - t->begin_ns || t->begin_ns > t->end_ns)
		__builtin_trap();
	return 0;
}

static int fuzz_call(void *arg, const struct etw_call *c)
{
	(void)arg;
	if (c->exit_ns < c->enter_ns)
		__builtin_trap();
	return 0;
}

static const struct etw_waits_ops fuzz_ops = {
	.wait = fuzz_wait, .ready = fuzz_ready, .totals = fuzz_totals, .call = fuzz_call};

static int fuzz_learn(struct fuzz *f, const struct etl_event *raw)
{
	if (f->event.type == ETW_STACK_OF_KEY)
		return etw_stacks__define(f->stacks, &f->event, raw->ticks);
	return etw_facts__add(&f->facts, &f->event, raw->time_ns);
}

static int fuzz_take(struct fuzz *f, const struct etl_event *raw)
{
	if (f->event.type == ETW_STACK || f->event.type == ETW_STACK_KEY)
		return etw_stacks__add(f->stacks, &f->event, raw);
	return etw_waits__add(&f->waits, &f->event, raw);
}

/* All events; the time of the last one. */
static uint64_t fuzz_events(struct fuzz *f, const uint8_t *data, size_t len,
			    int (*fn)(struct fuzz *f, const struct etl_event *raw))
{
	uint64_t time_ns = 0;

	while (len >= HEAD_BYTES) {
		size_t payload_len = data[6] | (size_t)data[7] << 8;
		struct etl_event e = {.kind = ETL_PERFINFO,
				      .group = data[0],
				      .opcode = data[1],
				      .id = data[1],
				      .version = data[2],
				      .tid = data[3] ? data[3] : ETL_NO_ID,
				      .pid = data[3],
				      .cpu = data[4] & 7,
				      .ptr_bytes = data[4] & 8 ? 4 : 8,
				      .after_loss = data[4] & 16};

		time_ns += (uint64_t)data[5] << (data[5] & 1 ? 24 : 0);
		e.time_ns = time_ns;
		e.ticks = (int64_t)(time_ns >> 4);
		if (data[0] >= FIRST_PROVIDER) {
			e.kind = ETL_EVENT;
			e.guid = etw_guids[data[0] % 4];
		}
		data += HEAD_BYTES;
		len -= HEAD_BYTES;
		e.payload_len = payload_len < len ? payload_len : len;
		e.payload = data;
		data += e.payload_len;
		len -= e.payload_len;
		if (e.after_loss)
			etw_waits__lost(&f->waits, e.cpu);
		if (etw_decode(&e, &f->event) && fn(f, &e))
			__builtin_trap();
	}
	return time_ns;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz f = {.wait_cnt = 0};
	bool wide = !len || data[0] & 1;
	uint64_t last_ns;

	if (etw_facts__init(&f.facts, wide))
		return 0;
	f.stacks = etw_stacks__new(wide, fuzz_stacked, &f);
	etw_waits__init(&f.waits, &fuzz_ops, &f);
	fuzz_events(&f, data, len, fuzz_learn);
	if (etw_facts__finish(&f.facts))
		__builtin_trap();
	etw_stacks__defined(f.stacks);
	last_ns = fuzz_events(&f, data, len, fuzz_take);
	if (etw_waits__finish(&f.waits, last_ns) || etw_stacks__finish(f.stacks))
		__builtin_trap();
	/* Each comes out once. */
	if (f.stacked_cnt != f.wait_cnt)
		__builtin_trap();
	etw_waits__fini(&f.waits);
	etw_stacks__free(f.stacks);
	etw_facts__fini(&f.facts);
	return 0;
}
