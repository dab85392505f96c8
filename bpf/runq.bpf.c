/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The probes for run-queue latency: how long threads that could run wait for a CPU, and who runs on it meanwhile. Each
 * program gathers its facts and calls the state machine (queues.h); what comes out is added up in maps, nothing is sent.
 *
 *   sched_wakeup, sched_wakeup_new   a thread is in a queue
 *   sched_switch                     the thread that leaves may be in one, too; the one that comes has waited
 *   sched_migrate_task               from one queue to another
 *   sched_process_fork, _exec, _exit children of targets, and the command
 *   iter/task                        who waits when the window begins, and when it ends
 */
#include "queues.h"

#define TASK_STATE_TYPE struct runq_state
#include "check.bpf.h"
#include "target.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct runq_config rq SEC(".rodata.runq");

/* ---- maps: `cells` and `turns` are swapped by user space as in maps.bpf.h ---- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_HASH);
			__uint(max_entries, 1024);
			__uint(key_size, sizeof(struct runq_cell_key));
			__uint(value_size, sizeof(struct runq_cell));
		});
} cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_HASH);
			__uint(max_entries, 1024);
			__uint(key_size, sizeof(struct runq_turn_key));
			__uint(value_size, sizeof(struct runq_turn));
		});
} turns SEC(".maps");

/* By CPU, and not a per-CPU array: whoever moves a thread reads what the CPU that it leaves ran. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* loader: possible CPUs */
	__type(key, __u32);
	__type(value, struct runq_history);
} histories SEC(".maps");

/* The piece of a wait that is being split; in a map, since old kernels pass no pointers to global functions. */
struct split {
	struct runq_turn_key key;
	struct runq_piece piece;
	__u64 now_ns;
	__u64 head; /* of the history */
};

/* The programs that use it can't interrupt each other: interrupts are off, or the window is over. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct split);
} splits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct runq_counters);
} runq_counters SEC(".maps");

static __always_inline void runq_count(enum runq_counter which, __u64 n)
{
	__u32 zero = 0;
	struct runq_counters *set = bpf_map_lookup_elem(&runq_counters, &zero);

	if (set)
		set->values[which] += n;
}

static __always_inline bool stopped(__u64 ts)
{
	return ctl.stop_ns && ts >= ctl.stop_ns;
}

/* ---- who ---- */

static __always_inline void copy_comm(char *to, const char *from)
{
	((__u64 *)to)[0] = ((const __u64 *)from)[0];
	((__u64 *)to)[1] = ((const __u64 *)from)[1];
}

/* Of the row that a thread's waits belong to. */
static __always_inline void row_of(struct task_struct *task, const struct runq_state *st, __u32 cpu,
				   struct runq_who *ret)
{
	ret->start_ns = 0;
	ret->tid = 0;
	switch (rq.by) {
	case RUNQ_BY_PROCESS:
		ret->start_ns = st->task.image.start_ns;
		ret->pid = st->task.image.pid;
		break;
	case RUNQ_BY_THREAD:
		ret->start_ns = st->task.start_ns;
		ret->pid = st->task.image.pid;
		ret->tid = st->task.tid;
		break;
	case RUNQ_BY_CPU:
		ret->pid = cpu;
		break;
	default:
		ret->pid = TASK_GET(task, policy);
		break;
	}
}

static __always_inline void row_comm(struct task_struct *task, const struct runq_state *st,
				     char *ret)
{
	if (rq.by == RUNQ_BY_PROCESS)
		task_comm(TASK_GET(task, group_leader), (__u64 *)ret);
	else if (rq.by == RUNQ_BY_THREAD)
		copy_comm(ret, st->task.comm);
}

/* Who runs: threads where the rows are threads, else processes. */
static __always_inline void run_of(struct task_struct *task, struct runq_run *ret)
{
	struct task_struct *leader = TASK_GET(task, group_leader);
	__u32 tid = TASK_GET(task, pid);

	__builtin_memset(&ret->who, 0, sizeof(ret->who));
	if (rq.by != RUNQ_BY_THREAD)
		task = leader;
	task_comm(task, (__u64 *)ret->comm);
	if (!tid)
		return; /* idle */
	ret->who.start_ns = task_start(task);
	ret->who.pid = task_visible_pid(leader, TASK_GET(leader, pid));
	if (rq.by == RUNQ_BY_THREAD)
		ret->who.tid = task_visible_pid(task, tid);
}

/* ---- adding up ---- */

static __always_inline void turn_add(const struct runq_turn_key *key, const char *comm, __u64 ns,
				     bool preempted, __u64 now)
{
	struct runq_turn blank = {}, *turn;
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&turns, &zero);

	runq_count(RUNQ_C_RAN_NS, ns);
	if (!map)
		return;
	turn = bpf_map_lookup_elem(map, key);
	if (!turn) {
		runq_count(RUNQ_C_ROWS, 1);
		bpf_map_update_elem(map, key, &blank, BPF_NOEXIST);
		turn = bpf_map_lookup_elem(map, key);
	}
	if (!turn) {
		runq_count(RUNQ_C_RAN_LOST_NS, ns);
		return;
	}
	/* Several CPUs may be at it. */
	__sync_fetch_and_add(&turn->ns, ns);
	__sync_fetch_and_add(&turn->cnt, 1);
	if (preempted)
		__sync_fetch_and_add(&turn->preempt_cnt, 1);
	turn->last_ns = now;
	copy_comm(turn->comm, comm);
}

/* One of those who ran in the piece of a wait that is being split. 1: nobody before that is needed, or known. */
__noinline int split_step(__u32 back)
{
	__u32 zero = 0;
	struct split *s = bpf_map_lookup_elem(&splits, &zero);
	struct runq_history *h;
	struct runq_run run;
	bool preempted;
	__u64 ns;

	h = s ? bpf_map_lookup_elem(&histories, &s->piece.cpu) : NULL;
	if (!h || !runq_history__has(s->head, back))
		return 1;
	run = *runq_history__at(h, s->head, back);
	if (!runq_history__whole(h, s->head, back))
		return 1;
	if (!runq_piece__cut(&s->piece, &run, &ns, &preempted))
		return 0;
	s->key.ran = run.who;
	turn_add(&s->key, run.comm, ns, preempted, s->now_ns);
	return s->piece.to_ns <= s->piece.from_ns;
}

/* The part that nobody is known for. */
static __always_inline void split_unknown(struct split *s, __u64 ns)
{
	char nobody[WIRE_COMM_LEN] = {};

	runq_count(RUNQ_C_RAN_UNKNOWN_NS, ns);
	__builtin_memset(&s->key.ran, 0, sizeof(s->key.ran));
	s->key.ran.pid = RUNQ_NOBODY_KNOWS;
	turn_add(&s->key, nobody, ns, false, s->now_ns);
}

/* Splits @piece of a thread's wait among those who ran on its CPU, from its end back to its beginning. */
static __always_inline void split_wait(struct task_struct *task, const struct runq_state *st,
				       const struct runq_piece *piece)
{
	__u32 zero = 0;
	struct split *s = bpf_map_lookup_elem(&splits, &zero);
	struct runq_history *h = bpf_map_lookup_elem(&histories, &piece->cpu);

	if (!s || !h)
		return;
	row_of(task, st, piece->cpu, &s->key.who);
	s->piece = *piece;
	s->now_ns = piece->to_ns;
	s->head = *(volatile __u64 *)&h->head;
	for (__u32 back = 0; back < RUNQ_HISTORY - 1; back++)
		if (split_step(back))
			break;
	if (s->piece.to_ns <= s->piece.from_ns)
		return;
	runq_count(RUNQ_C_HISTORY_SHORT, 1);
	split_unknown(s, s->piece.to_ns - s->piece.from_ns);
}

static __always_inline void split_unseen(struct task_struct *task, const struct runq_state *st,
					 __u32 cpu, __u64 ns, __u64 now)
{
	__u32 zero = 0;
	struct split *s = bpf_map_lookup_elem(&splits, &zero);

	if (!s)
		return;
	row_of(task, st, cpu, &s->key.who);
	s->now_ns = now;
	split_unknown(s, ns);
}

/* False: there is no room. */
static __always_inline bool cell_add(struct task_struct *task, const struct runq_state *st,
				     const struct runq_cell_key *key, __u64 ns, __u64 now)
{
	struct runq_cell blank = {}, *cell;
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&cells, &zero);

	if (!map)
		return false;
	cell = bpf_map_lookup_elem(map, key);
	if (!cell) {
		runq_count(RUNQ_C_ROWS, 1);
		bpf_map_update_elem(map, key, &blank, BPF_NOEXIST);
		cell = bpf_map_lookup_elem(map, key);
	}
	if (!cell)
		return false;
	cell->cnt++;
	cell->ns += ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	cell->last_ns = now;
	row_comm(task, st, cell->comm);
	return true;
}

/* Books a wait of @ns: waited (or still open), and then in a cell or lost. */
static __always_inline void book_wait(struct task_struct *task, const struct runq_state *st,
				      __u32 cpu, __u64 ns, bool open, __u64 now)
{
	struct runq_cell_key key = {};

	runq_count(open ? RUNQ_C_OPEN : RUNQ_C_WAITS, 1);
	runq_count(open ? RUNQ_C_OPEN_NS : RUNQ_C_WAIT_NS, ns);
	row_of(task, st, cpu, &key.who);
	key.cpu = bpf_get_smp_processor_id();
	key.bucket = open ? RUNQ_BUCKET_OPEN : histogram_bucket(ns);
	if (cell_add(task, st, &key, ns, now))
		return;
	runq_count(RUNQ_C_LOST, 1);
	runq_count(RUNQ_C_LOST_NS, ns);
}

/* ---- states ---- */

static __always_inline struct runq_state *state_find(struct task_struct *task)
{
	return (struct runq_state *)task_state_find(task);
}

/* As task_state_get(). */
static __always_inline struct runq_state *state_get(struct task_struct *task)
{
	struct runq_state *st = (struct runq_state *)task_state_get(task);

	if (st && !(st->flags & RUNQ_F_BASED)) {
		st->delay_ns = TASK_GET(task, sched_info.run_delay);
		st->flags |= RUNQ_F_BASED;
	}
	return st;
}

static __always_inline bool is_target(const struct runq_state *st)
{
	return st->task.flags & TASK_F_TARGET;
}

/* ---- queues ---- */

/* A wait that was not seen as a whole: nobody knows who ran. */
static __always_inline void book_missed(struct task_struct *task, struct runq_state *st, __u32 cpu,
					__u64 ts)
{
	__u64 ns, split_ns;

	if (!runq_state__missed(st, ts, TASK_GET(task, sched_info.run_delay), ctl.start_ns, &ns,
				&split_ns) ||
	    !is_target(st))
		return;
	runq_count(RUNQ_C_UNPAIRED, 1);
	if (ns > split_ns)
		split_unseen(task, st, cpu, ns - split_ns, ts);
	book_wait(task, st, cpu, ns, false, ts);
}

static __always_inline void switch_out(struct task_struct *task, bool preempt, __u32 state,
				       __u32 cpu, __u64 ts)
{
	struct runq_state *st = state_get(task);

	if (!st)
		return;
	book_missed(task, st, cpu, ts);
	if (state & TASK_DEAD_STATE) {
		task_state_end(task);
		return;
	}
	task_state_retarget(task, &st->task);
	st->flags |= RUNQ_F_SEEN;
	if (is_target(st) && (preempt || !state || task_queued(task)))
		runq_state__wait(st, ts, cpu, true);
}

static __always_inline void switch_in(struct task_struct *task, __u32 cpu, __u64 ts)
{
	struct runq_state *st = state_find(task);
	struct runq_piece piece;
	__u64 ns = 0;

	if (!st)
		return;
	if (runq_state__piece(st, ts, ctl.start_ns, &piece))
		split_wait(task, st, &piece);
	if (runq_state__run(st, ts, ctl.start_ns, &ns))
		book_wait(task, st, cpu, ns, false, ts);
	/* What it waited for while it was no target does not count. */
	if (!is_target(st))
		st->flags &= ~RUNQ_F_MISSED;
	if (cfg.target & TARGET_DYNAMIC)
		task_state_retarget(task, &st->task);
}

/* What the CPU runs from now on. After switch_in(), for which the one before is the last. */
static __always_inline void note_run(struct task_struct *next, __u32 cpu, __u64 ts)
{
	struct runq_history *h = bpf_map_lookup_elem(&histories, &cpu);
	struct runq_run *run;

	if (!h)
		return;
	run = runq_history__next(h);
	run->since_ns = ts;
	run_of(next, run);
	*(volatile __u64 *)&h->head += 1;
}

/* The first run that is seen began earlier. */
static __always_inline void note_first_run(struct task_struct *prev, __u32 cpu)
{
	struct runq_history *h = bpf_map_lookup_elem(&histories, &cpu);

	if (!h || h->head)
		return;
	run_of(prev, &h->runs[0]);
	*(volatile __u64 *)&h->head = 1;
}

static __always_inline int handle_switch(bool preempt, struct task_struct *prev,
					 struct task_struct *next, __u32 prev_state)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 ts = bpf_ktime_get_ns();

	if (stopped(ts))
		return 0;
	note_first_run(prev, cpu);
	switch_out(prev, preempt, prev_state, cpu, ts);
	switch_in(next, cpu, ts);
	note_run(next, cpu, ts);
	return 0;
}

/* Since fa2c3254d7cf ("sched/tracing: Don't re-read p->state when emitting sched_switch event"), 5.18 */
DWELL_TP_OPTIONAL(sched_switch)
int BPF_PROG(dwell_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	return handle_switch(preempt, prev, next, prev_state);
}

DWELL_TP_OPTIONAL(sched_switch)
int BPF_PROG(dwell_switch_old, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return handle_switch(preempt, prev, next, task_raw_state(prev));
}

static __always_inline int handle_wakeup(struct task_struct *task)
{
	__u64 ts = bpf_ktime_get_ns();
	struct runq_state *st;

	/* One that has not left its CPU yet does not wait for it. */
	if (stopped(ts) || task_on_cpu(task) || task == task_current())
		return 0;
	st = state_get(task);
	if (st && is_target(st))
		runq_state__wait(st, ts, task_cpu(task), false);
	return 0;
}

DWELL_TP(sched_wakeup)
int BPF_PROG(dwell_wakeup, struct task_struct *task)
{
	return handle_wakeup(task);
}

DWELL_TP(sched_wakeup_new)
int BPF_PROG(dwell_wakeup_new, struct task_struct *task)
{
	return handle_wakeup(task);
}

DWELL_TP(sched_migrate_task)
int BPF_PROG(dwell_migrate, struct task_struct *task, int dest_cpu)
{
	struct runq_state *st = state_find(task);
	__u64 ts = bpf_ktime_get_ns();
	struct runq_piece piece;

	if (!st || !st->wait_ns || stopped(ts))
		return 0;
	if ((__u32)dest_cpu != st->cpu)
		runq_count(RUNQ_C_MIGRATIONS, 1);
	if (runq_state__move(st, ts, (__u32)dest_cpu, ctl.start_ns, &piece))
		split_wait(task, st, &piece);
	return 0;
}

/* ---- processes ---- */

DWELL_TP(sched_process_fork)
int BPF_PROG(dwell_fork, struct task_struct *parent, struct task_struct *child)
{
	struct target_pid target = {};
	struct runq_state *st;
	__u32 pid;

	if (!(cfg.target & CONFIG_TARGET_CHILDREN) ||
	    TASK_GET(child, tgid) == TASK_GET(parent, tgid))
		return 0;
	st = state_find(parent);
	if (!st || !is_target(st))
		return 0;
	pid = task_visible_pid(child, TASK_GET(child, pid));
	target.start_ns = task_start(child);
	if (bpf_map_update_elem(&target_pids, &pid, &target, BPF_ANY))
		count(WIRE_C_TASK_STATE_FULL, 1);
	return 0;
}

DWELL_TP(sched_process_exec)
int BPF_PROG(dwell_exec, struct task_struct *task)
{
	__u32 pid = task_visible_pid(task, TASK_GET(task, tgid));
	struct target_pid *target = bpf_map_lookup_elem(&target_pids, &pid);
	struct runq_state *st;

	if (target && target->after_exec)
		target->after_exec = 0;
	st = state_get(task);
	if (!st)
		return 0;
	/* A thread that is not the leader takes over the leader's identity (de_thread(), fs/exec.c). */
	task_state_retarget(task, &st->task);
	task_state_identify(task, &st->task);
	return 0;
}

DWELL_TP(sched_process_exit)
int BPF_PROG(dwell_exit, struct task_struct *task)
{
	struct runq_state *st;

	if (!(cfg.target & CONFIG_TARGET_PIDS) || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	st = state_find(task);
	if (st)
		bpf_map_delete_elem(&target_pids, &st->task.image.pid);
	return 0;
}

/* ---- the edges of the window ---- */

/* Seen from outside, at any time: is it in a queue? */
static __always_inline bool waits_now(struct task_struct *task)
{
	return !task_on_cpu(task) && (!task_raw_state(task) || task_queued(task));
}

SEC("iter/task")
int dwell_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct runq_state *st;

	if (!task)
		return 0;
	st = state_get(task);
	if (!st || !is_target(st) || (st->flags & RUNQ_F_SEEN) || !waits_now(task))
		return 0;
	runq_state__wait(st, bpf_ktime_get_ns(), task_cpu(task), false);
	/* It may have got its CPU while we looked. */
	if (!waits_now(task))
		st->wait_ns = 0;
	return 0;
}

SEC("iter/task")
int dwell_final(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u64 stop = ctl.stop_ns, since;
	struct runq_piece piece;
	struct runq_state *st;

	if (!task || !ctl.start_ns || !stop)
		return 0;
	st = state_find(task);
	if (!st || !st->wait_ns)
		return 0;
	since = interval_max(st->wait_ns, ctl.start_ns);
	if (stop > since) {
		if (runq_state__piece(st, stop, ctl.start_ns, &piece))
			split_wait(task, st, &piece);
		book_wait(task, st, st->cpu, stop - since, true, stop);
	}
	st->wait_ns = 0;
	return 0;
}
