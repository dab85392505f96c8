/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The probes for system calls. Every call of a target is timed and counted in the kernel, per CPU: no sampling, and
 * nothing goes to user space for a call but what is slow, if that is asked for.
 *
 *   sys_enter, sys_exit      the calls (calls.h)
 *   sched_switch, _waking    how their time divides (interval.h); the end of threads that never return from exit()
 *   sched_process_fork/exec/exit   children, the command's beginning, the end of targets
 *   iter/task                calls that are still open at the end
 *
 * Compiled three times: task.bpf.h says how the variants differ.
 */
#define TASK_STATE_TYPE struct call_state
#include "calls.h"
#include "task.bpf.h"

#include "target.bpf.h"

#include "check.bpf.h"
#include "ring.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct call_config call_cfg SEC(".rodata.calls");

/*
 * Rows by (entity, call, bucket of the length or errno). Inside an array of maps, so that user space can put an empty one
 * in its place: the update returns only after every running program has left the old one. A row is only added to by
 * dwell_leave (and, for calls that never return, by dwell_switch), which can't interrupt itself on one CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
			__uint(max_entries, 64);
			__uint(key_size, sizeof(struct call_key));
			__uint(value_size, sizeof(struct call_row));
		});
} call_rows SEC(".maps");

/* How many rows were begun in the map that is in use; user space begins at 0 with each new one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} call_row_cnt SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct call_entity);
	__type(value, struct call_name);
} call_names SEC(".maps");

struct call_counter_set {
	__u64 values[CALL_C_CNT];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct call_counter_set);
} call_counters SEC(".maps");

struct call_scratch {
	struct call_record rec;
	__u64 ips[CALL_MAX_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct call_scratch);
} call_scratches SEC(".maps");

static __always_inline void call_count(enum call_counter which)
{
	__u32 zero = 0;
	struct call_counter_set *set = bpf_map_lookup_elem(&call_counters, &zero);

	if (set)
		set->values[which]++;
}

/* ---- who ---- */

static __always_inline void call_entity(struct task_struct *task, const struct call_state *c,
					struct call_entity *ret)
{
	switch (call_cfg.by) {
	case CALL_BY_PROCESS:
		ret->id = c->task.image.start_ns;
		ret->nr = c->task.image.pid;
		break;
	case CALL_BY_THREAD:
		ret->id = c->task.start_ns;
		ret->nr = c->task.tid;
		break;
	case CALL_BY_CGROUP:
		ret->id = task_cgroup_id(task);
		break;
	}
}

/* Tells user space what an entity is called, again whenever that changes. */
static __noinline void call_tell_name(struct task_struct *task, struct call_state *c)
{
	struct call_entity entity = {};
	struct call_name name = {};
	struct task_struct *leader = TASK_GET(task, group_leader);

	call_entity(task, c, &entity);
	name.pid = c->task.image.pid;
	name.tid = c->task.tid;
	if (call_cfg.by == CALL_BY_PROCESS)
		bpf_probe_read_kernel(name.comm, sizeof(name.comm), leader->comm);
	else
		__builtin_memcpy(name.comm, c->task.comm, sizeof(name.comm));
	if (bpf_map_update_elem(&call_names, &entity, &name, BPF_ANY))
		call_count(CALL_C_NAME_FULL);
	c->task.announced_gen = c->task.comm_gen;
}

/* ---- counting ---- */

/* Wakes user space in time, once for each map. Where that finds no room it looks by itself, several times a second. */
static __noinline void call_row_begun(void)
{
	struct wire_header wake = {.kind = CALL_RECORD_ROWS, .size = sizeof(wake)};
	__u32 zero = 0;
	__u64 *cnt = bpf_map_lookup_elem(&call_row_cnt, &zero);

	if (!cnt)
		return;
	__sync_fetch_and_add(cnt, 1);
	/* Another CPU may have counted in between: more than one wake-up does no harm. */
	if (*cnt - call_cfg.rows < 8)
		ring_send_now(&wake, sizeof(wake));
}

/* The row of @key, made if it is new. NULL: there is no room. */
static __always_inline struct call_row *call_row_get(const struct call_key *key)
{
	struct call_row fresh = {}, *row;
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(&call_rows, &zero);

	if (!map)
		return NULL;
	row = bpf_map_lookup_elem(map, key);
	if (row)
		return row;
	if (!bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST))
		call_row_begun();
	/* Also where another CPU was quicker. */
	return bpf_map_lookup_elem(map, key);
}

/* Not inlined: the frames of a program and of all that it calls share 512 bytes. */
static __noinline bool call_book(struct task_struct *task, struct call_state *c,
				 const struct call_time *t, __u32 error)
{
	struct call_key key = {};
	struct call_row *row;

	call_entity(task, c, &key.entity);
	key.nr = c->nr;
	key.slot = histogram_bucket(t->total_ns);
	row = call_row_get(&key);
	if (!row) {
		call_count(CALL_C_MAP_FULL);
		return false;
	}
	call_row__add(row, t);
	call_count(CALL_C_RETURNED);
	if (!error)
		return true;
	key.slot = CALL_SLOT_ERRNO + error;
	row = call_row_get(&key);
	if (row)
		row->cnt++;
	else
		call_count(CALL_C_ERROR_FULL);
	return true;
}

static __always_inline void call_fill(struct task_struct *task, const struct call_state *c,
				      struct call_record *rec)
{
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->h.size = sizeof(*rec);
	call_entity(task, c, &rec->entity);
	rec->image = c->task.image;
	rec->enter_ns = c->enter_ns;
	rec->arg = c->arg;
	rec->nr = c->nr;
	rec->tid = c->task.tid;
	__builtin_memcpy(rec->comm, c->task.comm, sizeof(rec->comm));
}

/* One line for user space; with the user stack, by frame pointers, if that is asked for. */
static __noinline void call_send_slow(void *ctx, struct task_struct *task, struct call_state *c,
				      const struct call_time *t, __s64 result)
{
	__u32 zero = 0;
	struct call_scratch *scratch = bpf_map_lookup_elem(&call_scratches, &zero);
	long bytes = 0;

	if (!scratch)
		return;
	call_fill(task, c, &scratch->rec);
	scratch->rec.h.kind = CALL_RECORD_SLOW;
	scratch->rec.leave_ns = c->enter_ns + t->total_ns;
	scratch->rec.time = *t;
	scratch->rec.result = result;
	if (call_cfg.stacks)
		bytes = bpf_get_stack(ctx, scratch->ips, sizeof(scratch->ips), BPF_F_USER_STACK);
	if (bytes < 0 || bytes > sizeof(scratch->ips))
		bytes = 0;
	scratch->rec.frame_cnt = bytes / sizeof(__u64);
	scratch->rec.h.size = sizeof(scratch->rec) + bytes;
	call_count(CALL_C_SLOW);
	if (!ring_send_now(scratch, sizeof(scratch->rec) + bytes))
		call_count(CALL_C_SLOW_LOST);
}

/* A call is over: by its return, or with its thread (@returned false). */
static __always_inline void call_over(void *ctx, struct task_struct *task, struct call_state *c,
				      __u64 ts, __s64 result, bool returned)
{
	struct call_time t = call__leave(c, ts);
	__u32 error = returned && call_has_result(&call_cfg, c->nr) ? call_errno(result) : 0;

	if (!call_passes(&call_cfg, error)) {
		call_count(CALL_C_FILTERED);
		return;
	}
	if (call_cfg.by != CALL_BY_NOTHING && call_cfg.by != CALL_BY_CGROUP &&
	    c->task.announced_gen != c->task.comm_gen)
		call_tell_name(task, c);
	call_book(task, c, &t, error);
	if (call_cfg.slow && returned && t.total_ns >= call_cfg.slow_ns)
		call_send_slow(ctx, task, c, &t, result);
}

static __always_inline bool in_window(__u64 ts)
{
	return ctl.start_ns && ts > ctl.start_ns && !(ctl.stop_ns && ts >= ctl.stop_ns);
}

/* ---- the calls ---- */

static __always_inline __u64 call_first_arg(struct pt_regs *regs, bool compat)
{
#if defined(__TARGET_ARCH_x86)
	return compat ? (__u32)TASK_GET(regs, bx) : TASK_GET(regs, di);
#elif defined(__TARGET_ARCH_arm64)
	__u64 arg = 0;

	bpf_probe_read_kernel(&arg, sizeof(arg), &regs->user_regs.regs[0]);
	return compat ? (__u32)arg : arg;
#endif
}

/* The kernel did not report that the thread came; it makes a call, so it is on CPU (see capture.bpf.h). */
static __always_inline void mend(struct task_struct *task, struct task_state *st, __u64 ts)
{
	__u64 exec_ns = TASK_GET(task, se.sum_exec_runtime);
	struct interval iv;

	count(WIRE_C_UNPAIRED, 1);
	task_state__in(st, task_state__missed_in(st, ts, exec_ns), ctl.start_ns, &iv);
	st->exec_ns = exec_ns;
}

static __always_inline void call_begin(struct task_struct *task, struct call_state *c, __u32 nr,
				       __u64 arg, __u64 ts)
{
	bool wanted = call_is_wanted(&call_cfg, nr);

	if (c->flags & CALL_F_INSIDE)
		call_count(CALL_C_REENTERED);
	if (c->task.out_ns)
		mend(task, &c->task, ts);
	call__enter(c, nr, arg, ts);
	if (!c->task.in_ns) {
		c->task.in_ns = ts;
		c->task.exec_ns = TASK_GET(task, se.sum_exec_runtime);
	}
	if (wanted)
		call_count(CALL_C_ENTERED);
	else
		c->flags = CALL_F_UNWANTED | CALL_F_SEEN;
}

DWELL_TP(sys_enter)
int BPF_PROG(dwell_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = task_current();
	__u64 ts, arg = 0;
	struct task_state *st;
	__u32 nr = (__u32)id;

	/* Most calls of a system are of others: they cost no more than finding that out. */
	if (!ctl.start_ns)
		return 0;
	st = task_state_get(task);
	if (!st || !(st->flags & TASK_F_TARGET))
		return 0;
	ts = bpf_ktime_get_ns();
	if (!in_window(ts))
		return 0;
	nr &= ~CALL_NR_COMPAT;
	if (task_compat(task))
		nr |= CALL_NR_COMPAT;
	if (call_cfg.slow)
		arg = call_first_arg(regs, nr & CALL_NR_COMPAT);
	call_begin(task, (struct call_state *)st, nr, arg, ts);
	return 0;
}

DWELL_TP(sys_exit)
int BPF_PROG(dwell_leave, struct pt_regs *regs, long result)
{
	struct task_struct *task = task_current();
	struct task_state *st = task_state_find(task);
	struct call_state *c = (struct call_state *)st;
	__u64 ts;
	__s16 nr;

	if (!st || !(c->flags & CALL_F_SEEN))
		return 0;
	ts = bpf_ktime_get_ns();
	if (!in_window(ts))
		return 0;
	if (c->flags & CALL_F_UNWANTED) {
		c->flags = CALL_F_SEEN;
		return 0;
	}
	if (!(c->flags & CALL_F_INSIDE)) {
		/* The kernel told of no beginning: a seccomp filter answered before the call could begin. */
		nr = task_syscall(regs);
		if (nr < 0 || !(st->flags & TASK_F_TARGET))
			return 0;
		call_begin(task, c, (__u32)nr | (task_compat(task) ? CALL_NR_COMPAT : 0), 0, ts);
		if (!(c->flags & CALL_F_INSIDE)) {
			c->flags = CALL_F_SEEN;
			return 0;
		}
	}
	if (st->out_ns)
		mend(task, st, ts);
	call_over(ctx, task, c, ts, result, true);
	return 0;
}

/* ---- switching ---- */

static __always_inline void switch_out(void *ctx, struct task_struct *task, bool preempt,
				       __u32 state, __u64 ts)
{
	struct task_state *st = task_state_find(task);
	struct call_state *c = (struct call_state *)st;

	if (!st)
		return;
	task_state_retarget(task, st);
	if (st->out_ns)
		mend(task, st, ts);
	task_state__out(st, ts, ctl.start_ns, preempt || !state || task_queued(task));
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
	if (!(state & TASK_DEAD_STATE))
		return;
	/* exit() never returns: it ends with its thread. */
	if (c->flags & CALL_F_INSIDE)
		call_over(ctx, task, c, ts, 0, false);
	task_state_end(task);
}

static __always_inline void switch_in(struct task_struct *task, __u64 ts)
{
	struct task_state *st = task_state_find(task);
	struct interval iv;

	if (!st)
		return;
	if (!st->out_ns && st->in_ns) {
		count(WIRE_C_UNPAIRED, 1);
		task_state__rebuild_out(st, ts, TASK_GET(task, se.sum_exec_runtime), ctl.start_ns);
	}
	task_state__in(st, ts, ctl.start_ns, &iv);
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
}

static __always_inline int handle_switch(void *ctx, bool preempt, struct task_struct *prev,
					 struct task_struct *next, __u32 prev_state)
{
	__u64 ts = bpf_ktime_get_ns();

	if (!in_window(ts))
		return 0;
	switch_out(ctx, prev, preempt, prev_state, ts);
	switch_in(next, ts);
	return 0;
}

/* Since fa2c3254d7cf ("sched/tracing: Don't re-read p->state when emitting sched_switch event"), 5.18 */
DWELL_TP_OPTIONAL(sched_switch)
int BPF_PROG(dwell_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	return handle_switch(ctx, preempt, prev, next, prev_state);
}

DWELL_TP_OPTIONAL(sched_switch)
int BPF_PROG(dwell_switch_old, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return handle_switch(ctx, preempt, prev, next, task_raw_state(prev));
}

DWELL_TP(sched_waking)
int BPF_PROG(dwell_waking, struct task_struct *task)
{
	struct task_state *st = task_state_find(task);
	__u64 ts;

	if (!st)
		return 0;
	ts = bpf_ktime_get_ns();
	if (in_window(ts))
		task_state__wake(st, ts);
	return 0;
}

/* ---- processes ---- */

/* Also before the window: the child may outlive its beginning. */
DWELL_TP(sched_process_fork)
int BPF_PROG(dwell_fork, struct task_struct *parent, struct task_struct *child)
{
	struct target_pid target = {};
	struct wire_image image;
	struct task_state *st;

	if (!(cfg.target & CONFIG_TARGET_CHILDREN) ||
	    TASK_GET(child, tgid) == TASK_GET(parent, tgid))
		return 0;
	st = task_state_get(parent);
	if (!st || !(st->flags & TASK_F_TARGET))
		return 0;
	image = task_image(child);
	target.start_ns = image.start_ns;
	if (bpf_map_update_elem(&target_pids, &image.pid, &target, BPF_ANY))
		count(WIRE_C_TASK_STATE_FULL, 1);
	return 0;
}

DWELL_TP(sched_process_exec)
int BPF_PROG(dwell_exec, struct task_struct *task)
{
	__u64 ts = bpf_ktime_get_ns();
	struct target_pid *target;
	struct task_state *st;
	__u32 pid;

	pid = task_visible_pid(task, TASK_GET(task, tgid));
	target = bpf_map_lookup_elem(&target_pids, &pid);
	if (target && target->after_exec) {
		target->after_exec = 0;
		st = task_state_get(task);
		/* The command begins in the middle of its execve(), which is its first call. */
		if (st && (st->flags & TASK_F_TARGET) && in_window(ts))
			call_begin(task, (struct call_state *)st, call_cfg.execve, 0, ts);
	}
	st = task_state_find(task);
	if (!st)
		return 0;
	task_state_identify(task, st);
	task_state_retarget(task, st);
	return 0;
}

DWELL_TP(sched_process_exit)
int BPF_PROG(dwell_exit, struct task_struct *task)
{
	struct task_state *st = task_state_find(task);

	if (st && !BPF_CORE_READ(task, signal, live.counter) && (cfg.target & CONFIG_TARGET_PIDS))
		bpf_map_delete_elem(&target_pids, &st->image.pid);
	return 0;
}

/* ---- the end ---- */

/* Is the thread in a call that began before the window? Only a sleeping thread's registers tell. */
static __always_inline bool call_since_before(struct task_struct *task, struct call_state *c)
{
	__s16 nr;

	if (c->flags & CALL_F_SEEN)
		return false;
	if ((c->task.flags & TASK_F_KTHREAD) || task_on_cpu(task) || !task_raw_state(task))
		return false;
	nr = task_syscall(task_iterated_regs(task));
	if (nr < 0)
		return false;
	c->nr = (__u32)nr | (task_compat(task) ? CALL_NR_COMPAT : 0);
	return call_is_wanted(&call_cfg, c->nr);
}

SEC("iter/task")
int dwell_open(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	__u64 stop = ctl.stop_ns, start = ctl.start_ns;
	struct call_scratch *scratch;
	struct call_state *c;
	struct task_state *st;
	struct interval iv;
	__u32 zero = 0;

	if (!task || !start || !stop)
		return 0;
	st = task_state_get(task);
	scratch = bpf_map_lookup_elem(&call_scratches, &zero);
	if (!st || !scratch || !(st->flags & TASK_F_TARGET))
		return 0;
	c = (struct call_state *)st;
	if (!(c->flags & CALL_F_INSIDE) && !call_since_before(task, c))
		return 0;
	call_fill(task, c, &scratch->rec);
	scratch->rec.h.kind = CALL_RECORD_OPEN;
	scratch->rec.leave_ns = stop;
	if (!(c->flags & CALL_F_INSIDE)) {
		scratch->rec.enter_ns = start;
		scratch->rec.flags = CALL_RECORD_BEFORE;
	} else {
		scratch->rec.time.blocked_ns = st->blocked_ns - c->blocked_ns;
		scratch->rec.time.runnable_ns = st->runnable_ns - c->runnable_ns;
		task_state__settle(st, task_queued(task));
		if (task_state__split(st, stop, start, &iv)) {
			scratch->rec.time.blocked_ns += iv.wake_ns - iv.out_ns;
			scratch->rec.time.runnable_ns += iv.in_ns - iv.wake_ns;
		}
	}
	scratch->rec.time.total_ns = stop - scratch->rec.enter_ns;
	bpf_seq_write(seq, &scratch->rec, sizeof(scratch->rec));
	return 0;
}
