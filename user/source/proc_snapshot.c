/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/proc_snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_clock.h"
#include "format/record_line.h"
#include "model/profile.h"
#include "source/os_sched.h"
#include "source/os_walk.h"

#define PROC_SNAPSHOT_NAMES_BYTES (4u << 20)
#define PROC_SNAPSHOT_IP_STEP	  16 /* the addresses that are made up are apart by this */

int proc_snapshot__init(struct proc_snapshot *s, const struct targets *targets,
			const struct config *cfg, uint32_t kernel_module)
{
	*s = (struct proc_snapshot){
		.threads = cfg->threads, .tick_ns = cfg->tick_ns, .kernel_module = kernel_module};
	proc_targets__init(&s->targets, targets, cfg);
	return strtab__init(&s->names, PROC_SNAPSHOT_NAMES_BYTES);
}

void proc_snapshot__fini(struct proc_snapshot *s)
{
	proc_targets__fini(&s->targets);
	strtab__fini(&s->names);
}

/* ---- kernel stacks ---- */

/* Tells what is at @ip. */
static int proc_snapshot_tell(const struct proc_snapshot *s, uint64_t ip, const char *name)
{
	struct wire_line like = {
		.module = s->kernel_module, .offset = ip, .kind = FRAME_KIND_KERNEL};
	_cleanup_free_ struct wire_line *rec = record_line_new(&like, name, NULL);
	struct event e = {.line = rec};

	return rec ? s->fn(s->arg, &e) : -ENOMEM;
}

/* The address that stands for a function; told when it is new. */
static int proc_snapshot_ip(struct proc_snapshot *s, const char *name, uint64_t *ret_ip)
{
	size_t known = s->names.cnt;
	uint32_t id;
	int err = strtab__intern(&s->names, name, &id);

	if (err)
		return err;
	*ret_ip = (id + 1ull) * PROC_SNAPSHOT_IP_STEP;
	if (id < known)
		return 0;
	/* The innermost frame is looked up at its address, callers at the one before it. */
	err = proc_snapshot_tell(s, *ret_ip, name);
	return err ? err : proc_snapshot_tell(s, *ret_ip - 1, name);
}

struct proc_snapshot_stack {
	struct proc_snapshot *s;
	struct wire_seed *rec;
};

static int proc_snapshot_take_name(void *arg, const char *name)
{
	const struct proc_snapshot_stack *st = arg;
	uint64_t ip = 0;
	int err;

	if (st->rec->frame_cnt == WIRE_MAX_KERNEL_FRAMES)
		return 0;
	err = proc_snapshot_ip(st->s, name, &ip);
	if (!err)
		st->rec->ips[st->rec->frame_cnt++] = ip;
	return err;
}

/* ---- threads ---- */

struct proc_snapshot_look {
	struct proc_snapshot *s;
	struct os_thread leader; /* of the last thread */
	struct snapshot_thread rec;
	snapshot_fn fn;
	void *arg;
};

static uint32_t proc_snapshot_class(uint32_t policy)
{
	switch (policy) {
	case 1: /* SCHED_FIFO */
	case 2: /* SCHED_RR */
		return WIRE_CLASS_RT;
	case 5: /* SCHED_IDLE */
		return WIRE_CLASS_IDLE;
	case 6: /* SCHED_DEADLINE */
		return WIRE_CLASS_DEADLINE;
	case 7: /* SCHED_EXT */
		return WIRE_CLASS_EXT;
	default:
		return WIRE_CLASS_FAIR;
	}
}

static void proc_snapshot_identify(struct proc_snapshot_look *l, const struct os_thread *t)
{
	struct wire_seed *seed = &l->rec.seed;
	uint32_t class = proc_snapshot_class(t->policy);

	memset(&l->rec, 0, sizeof(l->rec));
	l->rec.head.h = (struct wire_header){.kind = SNAPSHOT_THREAD, .size = sizeof(l->rec)};
	l->rec.head.clock.cpu = t->cpu;
	l->rec.head.clock.class = class;
	l->rec.wait = (struct wire_wait){.state = os_thread_state_bits(t->state), .syscall = -1};
	l->rec.wait.flags =
		(__u16)(class << WIRE_F_CLASS_SHIFT | (t->kthread ? WIRE_F_KTHREAD : 0));
	seed->h = (struct wire_header){.kind = WIRE_SEED, .size = sizeof(*seed)};
	seed->key = (struct wire_thread_key){
		.start_ns = t->start_ticks * l->s->tick_ns, .tid = t->tid, .comm_gen = 1};
	seed->image = (struct wire_image){.pid = t->pid,
					  .exec_id = config_exec_id(t->start_stack),
					  .start_ns = l->leader.start_ticks * l->s->tick_ns};
	seed->flags = t->kthread ? WIRE_THREAD_KTHREAD : 0;
	memcpy(seed->comm, t->comm, sizeof(seed->comm));
}

/* What of a thread was not to be seen. */
struct proc_snapshot_gaps {
	bool hidden, part;
};

/* Where a thread that does not run is. */
static int proc_snapshot_locate(struct proc_snapshot_look *l, const struct os_thread *t,
				struct proc_snapshot_gaps *ret)
{
	struct proc_snapshot_stack stack = {l->s, &l->rec.seed};
	struct wire_regs regs;
	bool whole;
	int cnt;

	ret->hidden =
		!t->kthread && !os_walk_read_syscall(t->pid, t->tid, &regs, &l->rec.wait.syscall);
	cnt = os_sched_stack(t->pid, t->tid, proc_snapshot_take_name, &stack, &whole);
	ret->part = !whole;
	return cnt < 0 ? cnt : 0;
}

/* A switch is counted as a thread leaves its CPU: one that was woken shows by its state only. */
static bool proc_snapshot_sleeps_on(uint32_t pid, uint32_t tid, uint64_t switch_cnt)
{
	struct os_thread t;

	return !os_thread_read(pid, tid, &t) && t.state != 'R' &&
	       os_thread_switch_cnt(pid, tid) == switch_cnt;
}

static int proc_snapshot_thread(void *arg, uint32_t pid, uint32_t tid)
{
	/* Before everything else: what is read then is of one sleep if the number is the same at the end. */
	uint64_t switch_cnt = os_thread_switch_cnt(pid, tid);
	struct proc_snapshot_gaps gaps = {false};
	struct proc_snapshot_look *l = arg;
	struct os_thread t;
	int err;

	if (os_thread_read(pid, tid, &t) || strchr("ZXx", t.state))
		return 0;
	if (l->leader.pid != pid && os_thread_read(pid, pid, &l->leader))
		return 0;
	if (!proc_targets__has(&l->s->targets, &t) ||
	    (t.kthread ? l->s->threads == CONFIG_THREADS_USER
		       : l->s->threads == CONFIG_THREADS_KERNEL))
		return 0;
	proc_snapshot_identify(l, &t);
	l->rec.seed.switch_cnt = switch_cnt;
	if (t.state == 'R') {
		/* Whether it has a CPU or waits for one is not told. */
		l->rec.state = SNAPSHOT_RUNNING;
	} else {
		l->rec.state = SNAPSHOT_BLOCKED;
		err = proc_snapshot_locate(l, &t, &gaps);
		if (err)
			return err;
		l->rec.head.clock.exec_start_ns = os_sched_exec_start(pid, tid);
	}
	l->rec.head.now_ns = os_monotonic_ns();
	if (!proc_snapshot_sleeps_on(pid, tid, switch_cnt)) {
		l->rec.state = SNAPSHOT_RUNNING;
	} else if (l->rec.state == SNAPSHOT_BLOCKED) {
		/* Others hide nothing. */
		l->s->hidden_cnt += gaps.hidden;
		l->s->part_cnt += gaps.part;
	}
	return l->fn(l->arg, &l->rec.head);
}

int proc_snapshot__look(struct proc_snapshot *s, snapshot_fn fn, void *arg, event_fn events,
			void *events_arg)
{
	struct proc_snapshot_look l = {.s = s, .fn = fn, .arg = arg};

	s->fn = events;
	s->arg = events_arg;
	s->hidden_cnt = s->part_cnt = 0;
	return proc_targets__each(&s->targets, proc_snapshot_thread, &l);
}

int proc_snapshot__learn(struct since *since, const struct snapshot_header *h)
{
	int64_t ahead_ns;

	if (!h->clock.exec_start_ns || since__knows(since, h->clock.cpu))
		return 0;
	if (!os_sched_clock(h->clock.cpu, &ahead_ns))
		return 0;
	return since__set(since, h->clock.cpu, h->clock.exec_start_ns, ahead_ns,
			  os_sched_taken_ns(h->clock.cpu));
}
