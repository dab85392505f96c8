/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_pipe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

#define ETW_PIPE_MAX_ADDRS (4u << 20)	  /* of stacks, in runs without an end: 32 MB */
#define ETW_PIPE_KEEP_NS   60000000000ull /* how long who has ended is still known */
#define ETW_NO_BOOT_NS	   1000000000ull  /* of systems that don't say when they began */

/* ---- from waits to the wire ---- */

static int pipe_stacked(void *arg, const struct etw_stacked *stacked)
{
	struct etw_pipe *p = arg;

	return etw_wire__wait(&p->wire, stacked, p->ready_cnt != 0);
}

static int pipe_expect(struct etw_pipe *p, const struct etw_wait *w)
{
	const struct etw_stacked plain = {.wait = *w};

	if (!p->stack_cnt)
		return pipe_stacked(p, &plain);
	return etw_stacks__expect(p->stacks, w,
				  etw_wire__is_kernel_thread(&p->wire, w->tid, w->in_ns));
}

static int pipe_wait(void *arg, const struct etw_wait *w)
{
	struct etw_pipe *p = arg;
	uint64_t ns = w->in_ns - w->out_ns;
	bool left_out = ns < p->targets.min_ns || (p->targets.max_ns && ns > p->targets.max_ns);

	if (!etw_targets__has(&p->targets, &p->facts, w->tid, w->in_ns))
		return 0;
	if (!w->open) {
		p->observed_ns += ns;
		p->observed_cnt++;
		p->unready_cnt += w->ready_ns == w->in_ns && w->by_tid == ETL_NO_ID;
		p->filtered_ns += left_out ? ns : 0;
		p->filtered_cnt += left_out;
	}
	if (!left_out)
		return pipe_expect(p, w);
	etw_stacks__drop(p->stacks, w);
	return 0;
}

static int pipe_ready(void *arg, const struct etw_wait *w)
{
	struct etw_pipe *p = arg;

	if (!p->stack_cnt || !etw_targets__has(&p->targets, &p->facts, w->tid, w->ready_ns))
		return 0;
	return etw_stacks__hold(p->stacks, w->ready_ticks, w->by_tid, w->ready_ns,
				etw_wire__is_kernel_thread(&p->wire, w->by_tid, w->ready_ns));
}

static int pipe_totals(void *arg, const struct etw_totals *totals)
{
	struct etw_pipe *p = arg;

	if (!etw_targets__has(&p->targets, &p->facts, totals->tid, totals->begin_ns))
		return 0;
	return etw_wire__totals(&p->wire, totals);
}

static int pipe_call(void *arg, const struct etw_call *c)
{
	struct etw_pipe *p = arg;
	struct etw_told_call told = {.call = c};
	__u64 routine;
	int err;

	if (!p->on_call || !etw_targets__has(&p->targets, &p->facts, c->tid, c->exit_ns))
		return 0;
	err = etw_wire__call(&p->wire, c->tid, c->addr, c->enter_ns, &told.thread, &told.image,
			     &routine);
	told.routine = routine;
	return err ? err : p->on_call(p->on_call_arg, &told);
}

static const struct etw_waits_ops pipe_waits = {
	.call = pipe_call,
	.wait = pipe_wait,
	.ready = pipe_ready,
	.totals = pipe_totals,
};

int etw_pipe__init(struct etw_pipe *p, const struct etw_pipe_about *about)
{
	int err;

	*p = (struct etw_pipe){.unix_ns = about->unix_ns};
	err = etw_facts__init(&p->facts, about->wide);
	etw_waits__init(&p->waits, &pipe_waits, p);
	p->stacks = etw_stacks__new(about->wide, pipe_stacked, p);
	etw_wire__init(&p->wire, &p->facts, p->stacks,
		       about->boot_ns ? about->boot_ns : ETW_NO_BOOT_NS);
	return err ? err : p->stacks ? 0 : -ENOMEM;
}

void etw_pipe__fini(struct etw_pipe *p)
{
	etw_wire__fini(&p->wire);
	etw_waits__fini(&p->waits);
	etw_stacks__free(p->stacks);
	etw_facts__fini(&p->facts);
}

void etw_pipe__to(struct etw_pipe *p, event_fn fn, void *arg)
{
	p->wire.fn = fn;
	p->wire.arg = arg;
}

/* ---- events ---- */

int etw_pipe__learn(struct etw_pipe *p, const struct etl_event *raw)
{
	const struct etw_event *e = &p->event;

	etw_pipe__until(p, raw->time_ns);
	if (!etw_decode(raw, &p->event))
		return 0;
	switch (e->type) {
	case ETW_SWITCH:
		p->switch_cnt++;
		return 0;
	case ETW_READY:
		p->ready_cnt++;
		return 0;
	case ETW_SYSCALL_ENTER:
		p->call_cnt++;
		return 0;
	case ETW_STACK:
	case ETW_STACK_KEY:
		p->stack_cnt++;
		return 0;
	case ETW_STACK_OF_KEY:
		return etw_stacks__define(p->stacks, e, raw->ticks);
	case ETW_HOST:
		memcpy(p->host, e->name, sizeof(p->host));
		return 0;
	case ETW_LOST:
		p->lost_event_cnt += e->lost.events;
		p->lost_buffer_cnt += e->lost.buffers;
		return 0;
	default:
		return etw_facts__add(&p->facts, e, raw->time_ns);
	}
}

int etw_pipe__learned(struct etw_pipe *p)
{
	etw_stacks__defined(p->stacks);
	return etw_facts__finish(&p->facts);
}

int etw_pipe__take(struct etw_pipe *p, const struct etl_event *raw)
{
	p->event_cnt++;
	if (raw->after_loss)
		etw_waits__lost(&p->waits, raw->cpu);
	if (!etw_decode(raw, &p->event))
		return 0;
	if (p->event.type == ETW_STACK || p->event.type == ETW_STACK_KEY)
		return etw_stacks__add(p->stacks, &p->event, raw);
	if (p->event.type == ETW_LOST)
		etw_waits__lost_all(&p->waits);
	return etw_waits__add(&p->waits, &p->event, raw);
}

/* ---- what is told of the run ---- */

static int pipe_tell_window(struct etw_pipe *p, uint32_t edge, uint64_t time_ns)
{
	struct wire_window rec = {
		.h = {.kind = WIRE_WINDOW, .size = sizeof(rec)},
		.monotonic_ns = p->wire.offset_ns + time_ns,
		.boottime_ns = p->wire.offset_ns + time_ns,
		.realtime_ns = p->unix_ns ? p->unix_ns + time_ns : 0,
		.edge = edge,
	};
	struct event e = {.window = &rec};

	return p->wire.fn(p->wire.arg, &e);
}

int etw_pipe__begin(struct etw_pipe *p, const struct etw_pipe_about *about, uint64_t time_ns)
{
	char cpus[16];
	const struct {
		const char *key, *value;
	} notes[] = {
		{"kernel", about->kernel},
		{"arch", about->wide ? "x86_64" : "x86"},
		{"cpus", cpus},
		{"target", about->name},
		{"host", p->host},
	};
	int err = 0;

	snprintf(cpus, sizeof(cpus), "%u", about->cpu_cnt);
	for (size_t i = 0; !err && i < ARRAY_SIZE(notes); i++)
		if (*notes[i].value)
			err = etw_wire__note(&p->wire, notes[i].key, notes[i].value);
	if (!err)
		err = pipe_tell_window(p, WIRE_WINDOW_START, time_ns);
	return err ? err : etw_wire__reasons(&p->wire);
}

int etw_pipe__round(struct etw_pipe *p, uint64_t lost_events, uint64_t lost_buffers)
{
	union {
		struct wire_counters rec;
		uint64_t words[sizeof(struct wire_counters) / 8 + WIRE_COUNTER_CNT];
	} u = {.rec = {.h = {.kind = WIRE_COUNTERS, .size = sizeof(u)}, .cnt = WIRE_COUNTER_CNT}};
	struct wire_round round = {.h = {.kind = WIRE_ROUND, .size = sizeof(round)},
				   .time_ns = p->wire.offset_ns + p->last_ns + 1};
	struct event e = {.counters = &u.rec};
	__u64 *values = u.rec.values;
	int err;

	values[WIRE_C_EVENTS] = p->event_cnt;
	values[WIRE_C_OBSERVED_NS] = p->observed_ns;
	values[WIRE_C_OBSERVED_CNT] = p->observed_cnt;
	values[WIRE_C_FILTERED_NS] = p->filtered_ns;
	values[WIRE_C_FILTERED_CNT] = p->filtered_cnt;
	values[WIRE_C_NO_WAKEUP] = p->ready_cnt ? p->unready_cnt : 0;
	values[WIRE_C_CHAIN_BREAKS] = p->waits.counts.chain_break_cnt;
	values[WIRE_C_TRACE_EVENTS_LOST] =
		lost_events > p->lost_event_cnt ? lost_events : p->lost_event_cnt;
	values[WIRE_C_TRACE_BUFFERS_LOST] =
		lost_buffers > p->lost_buffer_cnt ? lost_buffers : p->lost_buffer_cnt;
	err = p->wire.fn(p->wire.arg, &e);
	e.round = &round;
	return err ? err : p->wire.fn(p->wire.arg, &e);
}

void etw_pipe__until(struct etw_pipe *p, uint64_t time_ns)
{
	if (time_ns > p->last_ns)
		p->last_ns = time_ns;
}

/* ---- runs without an end ---- */

static int pipe_tell_open(void *arg, const struct etw_wait *w)
{
	struct etw_pipe *p = arg;
	const struct etw_stacked plain = {.wait = *w};

	if (!etw_targets__has(&p->targets, &p->facts, w->tid, w->in_ns))
		return 0;
	return etw_wire__wait(&p->wire, &plain, p->ready_cnt != 0);
}

int etw_pipe__cut(struct etw_pipe *p, uint64_t *ret_ns)
{
	*ret_ns = p->wire.offset_ns + p->last_ns;
	return etw_waits__open(&p->waits, p->last_ns, pipe_tell_open, p);
}

int etw_pipe__settle(struct etw_pipe *p)
{
	int err = etw_stacks__finish(p->stacks);

	if (err || etw_stacks__size(p->stacks) < ETW_PIPE_MAX_ADDRS)
		return err;
	etw_wire__reset_parts(&p->wire);
	return etw_stacks__renew(p->stacks);
}

int etw_pipe__forget(struct etw_pipe *p, const uint64_t *ids, size_t cnt)
{
	return etw_wire__forget(&p->wire, ids, cnt);
}

int etw_pipe__swept(struct etw_pipe *p)
{
	etw_wire__reset(&p->wire);
	return etw_facts__forget(&p->facts,
				 p->last_ns > ETW_PIPE_KEEP_NS ? p->last_ns - ETW_PIPE_KEEP_NS : 0);
}

bool etw_pipe__is_over(const struct etw_pipe *p)
{
	for (size_t i = 0; i < p->targets.pid_cnt; i++) {
		uint32_t at = etw_ids__newest(&p->facts.pids, p->targets.pids[i]);

		if (at == ETW_NONE || p->facts.processes[at].end_ns == UINT64_MAX)
			return false;
	}
	return p->targets.pid_cnt != 0;
}

int etw_pipe__finish(struct etw_pipe *p)
{
	int err = etw_waits__finish(&p->waits, p->last_ns);

	if (!err)
		err = etw_stacks__finish(p->stacks);
	return err ? err : pipe_tell_window(p, WIRE_WINDOW_END, p->last_ns);
}
