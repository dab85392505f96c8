/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_waits.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "format/etl_buffer.h"

#define ETW_WAITS_MAX_THREADS (1u << 22)

struct etw_waits_cpu {
	uint32_t tid; /* that has it; 0: nobody; ETL_NO_ID: not known */
	uint64_t since_ns;
};

struct etw_waits_thread {
	uint32_t tid;
	bool seen; /* since its beginning, if that was in the trace, or the trace's */
	bool off;  /* since wait.out_ns */
	bool in_call;
	struct etw_wait wait;
	struct etw_call call;
	struct etw_totals totals;
};

void etw_waits__init(struct etw_waits *w, const struct etw_waits_ops *ops, void *arg)
{
	*w = (struct etw_waits){.ops = ops, .arg = arg};
	hash_index__init(&w->index);
}

void etw_waits__fini(struct etw_waits *w)
{
	free(w->cpus);
	free(w->threads);
	hash_index__fini(&w->index);
	*w = (struct etw_waits){.ops = NULL};
}

/* ---- who is who ---- */

static bool waits_tid_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct etw_waits *)owner)->threads[pos].tid == *(const uint32_t *)key;
}

static struct etw_waits_thread *waits_find(const struct etw_waits *w, uint32_t tid)
{
	uint32_t pos = hash_index__find(&w->index, hash_u64(tid), waits_tid_eq, w, &tid);

	return pos == HASH_INDEX_NONE ? NULL : &w->threads[pos];
}

/* NULL + errno. */
static struct etw_waits_thread *waits_get(struct etw_waits *w, uint32_t tid)
{
	struct etw_waits_thread *th = waits_find(w, tid);
	int err;

	if (th)
		return th;
	err = array__grow((void **)&w->threads, &w->thread_cap, w->thread_cnt + 1,
			  sizeof(*w->threads), ETW_WAITS_MAX_THREADS);
	if (!err)
		err = hash_index__add(&w->index, hash_u64(tid), (uint32_t)w->thread_cnt);
	if (err) {
		errno = -err;
		return NULL;
	}
	th = &w->threads[w->thread_cnt++];
	*th = (struct etw_waits_thread){.tid = tid};
	return th;
}

static int waits_get_cpu(struct etw_waits *w, uint32_t cpu, struct etw_waits_cpu **ret)
{
	int err = array__grow((void **)&w->cpus, &w->cpu_cap, (size_t)cpu + 1, sizeof(*w->cpus),
			      ETL_MAX_CPUS);

	for (; !err && w->cpu_cnt <= cpu; w->cpu_cnt++)
		w->cpus[w->cpu_cnt] = (struct etw_waits_cpu){.tid = ETL_NO_ID};
	if (!err)
		*ret = &w->cpus[cpu];
	return err;
}

uint32_t etw_waits__current(const struct etw_waits *w, uint32_t cpu)
{
	return cpu < w->cpu_cnt ? w->cpus[cpu].tid : ETL_NO_ID;
}

void etw_waits__lost(struct etw_waits *w, uint32_t cpu)
{
	if (cpu < w->cpu_cnt)
		w->cpus[cpu].tid = ETL_NO_ID;
}

void etw_waits__lost_all(struct etw_waits *w)
{
	for (uint32_t cpu = 0; cpu < w->cpu_cnt; cpu++)
		etw_waits__lost(w, cpu);
}

/* ---- waits ---- */

static void thread_see(struct etw_waits_thread *th, uint64_t time_ns)
{
	if (!th->seen)
		th->totals = (struct etw_totals){.tid = th->tid, .begin_ns = time_ns};
	th->seen = true;
	th->totals.end_ns = time_ns;
}

/* The thread's wait has come to its end, or to the trace's, at wait.in_ns. */
static int waits_tell(struct etw_waits *w, struct etw_waits_thread *th)
{
	struct etw_wait *wait = &th->wait;

	if (etw_wait__is_preempted(wait) || wait->state == ETW_STATE_STANDBY)
		wait->ready_ns = wait->out_ns;
	else if (!wait->ready_ns)
		wait->ready_ns = wait->in_ns;
	th->off = false;
	if (!wait->open) {
		th->totals.blocked_ns += wait->ready_ns - wait->out_ns;
		th->totals.runnable_ns += wait->in_ns - wait->ready_ns;
		th->totals.wait_cnt++;
		w->counts.wait_cnt++;
		w->counts.wait_ns += wait->in_ns - wait->out_ns;
		w->counts.unready_cnt += wait->ready_ns == wait->in_ns && wait->by_tid == ETL_NO_ID;
	}
	return w->ops->wait ? w->ops->wait(w->arg, wait) : 0;
}

/* The thread leaves the CPU. */
static int waits_leave(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw,
		       const struct etw_waits_cpu *cpu)
{
	struct etw_waits_thread *th = waits_get(w, e->change.old_tid);

	if (!th)
		return -errno;
	thread_see(th, raw->time_ns);
	if (cpu->tid == th->tid)
		th->totals.on_cpu_ns += raw->time_ns - cpu->since_ns;
	if (e->change.state == ETW_STATE_TERMINATED)
		return 0;
	th->off = true;
	th->wait = (struct etw_wait){.tid = th->tid,
				     .by_tid = ETL_NO_ID,
				     .reason = e->change.reason,
				     .state = e->change.state,
				     .out_ns = raw->time_ns,
				     .in_ticks = ETW_NO_TICKS,
				     .ready_ticks = ETW_NO_TICKS};
	return 0;
}

/* And one comes. */
static int waits_come(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw)
{
	struct etw_waits_thread *th = waits_get(w, e->change.new_tid);

	if (!th)
		return -errno;
	thread_see(th, raw->time_ns);
	if (!th->off)
		return 0;
	th->wait.cpu = raw->cpu;
	th->wait.in_ns = raw->time_ns;
	th->wait.in_ticks = raw->ticks;
	return waits_tell(w, th);
}

static int waits_switch(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw)
{
	struct etw_waits_cpu *cpu;
	int err = waits_get_cpu(w, raw->cpu, &cpu);

	if (err)
		return err;
	w->counts.switch_cnt++;
	w->counts.chain_break_cnt += cpu->tid != ETL_NO_ID && cpu->tid != e->change.old_tid;
	if (e->change.old_tid)
		err = waits_leave(w, e, raw, cpu);
	if (!err && e->change.new_tid)
		err = waits_come(w, e, raw);
	*cpu = (struct etw_waits_cpu){.tid = e->change.new_tid, .since_ns = raw->time_ns};
	return err;
}

static int waits_ready(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw)
{
	struct etw_waits_thread *th = waits_find(w, e->ready.tid);

	/* The first one counts: what comes after it raises the thread's priority. */
	if (!th || !th->off || th->wait.ready_ns)
		return 0;
	th->wait.ready_ns = raw->time_ns;
	th->wait.ready_ticks = raw->ticks;
	th->wait.by_dpc = e->ready.by_dpc;
	th->wait.by_tid =
		e->ready.by_tid != ETL_NO_ID ? e->ready.by_tid : etw_waits__current(w, raw->cpu);
	return w->ops->ready ? w->ops->ready(w->arg, &th->wait) : 0;
}

/* ---- system calls ---- */

static int waits_enter(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw)
{
	uint32_t tid = etw_waits__current(w, raw->cpu);
	struct etw_waits_thread *th;

	if (!tid || tid == ETL_NO_ID)
		return 0;
	th = waits_get(w, tid);
	if (!th)
		return -errno;
	th->in_call = true;
	/* What the thread's sums are now is taken away when it leaves. */
	th->call = (struct etw_call){.tid = tid,
				     .addr = e->syscall.addr,
				     .enter_ns = raw->time_ns,
				     .blocked_ns = th->totals.blocked_ns,
				     .runnable_ns = th->totals.runnable_ns};
	return 0;
}

static int waits_exit(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw)
{
	struct etw_waits_thread *th = waits_find(w, etw_waits__current(w, raw->cpu));

	if (!th || !th->in_call)
		return 0;
	th->in_call = false;
	th->call.exit_ns = raw->time_ns;
	th->call.status = (uint32_t)e->syscall.addr;
	th->call.blocked_ns = th->totals.blocked_ns - th->call.blocked_ns;
	th->call.runnable_ns = th->totals.runnable_ns - th->call.runnable_ns;
	return w->ops->call ? w->ops->call(w->arg, &th->call) : 0;
}

/* ---- beginnings and ends ---- */

static int waits_end_thread(struct etw_waits *w, struct etw_waits_thread *th)
{
	struct etw_totals totals = th->totals;
	bool seen = th->seen;

	*th = (struct etw_waits_thread){.tid = th->tid};
	return seen && w->ops->totals ? w->ops->totals(w->arg, &totals) : 0;
}

static int waits_thread(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw)
{
	struct etw_waits_thread *th = waits_find(w, e->thread.tid);

	if (!th || (e->edge != ETW_EDGE_END && e->edge != ETW_EDGE_START))
		return 0;
	/* It may still have a CPU: to end a thread is its own last work. */
	for (size_t i = 0; i < w->cpu_cnt; i++) {
		if (w->cpus[i].tid != th->tid || !th->seen)
			continue;
		th->totals.on_cpu_ns += raw->time_ns - w->cpus[i].since_ns;
		th->totals.end_ns = raw->time_ns;
		w->cpus[i].since_ns = raw->time_ns;
	}
	th->totals.ended = true;
	return waits_end_thread(w, th);
}

int etw_waits__add(struct etw_waits *w, const struct etw_event *e, const struct etl_event *raw)
{
	switch (e->type) {
	case ETW_SWITCH:
		return waits_switch(w, e, raw);
	case ETW_READY:
		return waits_ready(w, e, raw);
	case ETW_SYSCALL_ENTER:
		return waits_enter(w, e, raw);
	case ETW_SYSCALL_EXIT:
		return waits_exit(w, e, raw);
	case ETW_THREAD:
		return waits_thread(w, e, raw);
	default:
		return 0;
	}
}

int etw_waits__open(const struct etw_waits *w, uint64_t now_ns,
		    int (*fn)(void *arg, const struct etw_wait *w), void *arg)
{
	int err = 0;

	for (size_t i = 0; !err && i < w->thread_cnt; i++) {
		struct etw_wait wait = w->threads[i].wait;

		if (!w->threads[i].off || wait.out_ns >= now_ns)
			continue;
		wait.open = true;
		wait.in_ns = now_ns;
		if (etw_wait__is_preempted(&wait) || wait.state == ETW_STATE_STANDBY)
			wait.ready_ns = wait.out_ns;
		else if (!wait.ready_ns)
			wait.ready_ns = now_ns;
		err = fn(arg, &wait);
	}
	return err;
}

int etw_waits__finish(struct etw_waits *w, uint64_t end_ns)
{
	int err = 0;

	for (size_t i = 0; i < w->cpu_cnt; i++) {
		struct etw_waits_thread *th = waits_find(w, w->cpus[i].tid);

		if (!th || !th->seen)
			continue;
		th->totals.on_cpu_ns += end_ns - w->cpus[i].since_ns;
		th->totals.end_ns = end_ns;
		th->totals.running = true;
	}
	for (size_t i = 0; w->threads && !err && i < w->thread_cnt; i++) {
		struct etw_waits_thread *th = &w->threads[i];

		if (th->off) {
			th->wait.open = true;
			th->wait.in_ns = end_ns;
			th->totals.end_ns = end_ns;
			err = waits_tell(w, th);
		}
		if (!err)
			err = waits_end_thread(w, th);
	}
	return err;
}
