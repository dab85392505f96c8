/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The probes for off-CPU time. Each program gathers its facts and calls the state machine (interval.h);
 * what comes out goes through emit.bpf.h. The file is compiled twice: task.bpf.h says how the variants differ.
 *
 *   sched_switch          the thread that leaves: stacks, state; the one that comes: its interval
 *   sched_waking          end of the blocked part (runs on the waker's CPU)
 *   sched_wakeup_new      a new thread waits for its first CPU
 *   sched_process_fork    children of targets
 *   sched_process_exec    a new image
 *   sched_process_exit    the last thread of a process
 *   iter/task (two)       threads off CPU at the start; open intervals and totals at the end
 */
#include "task.bpf.h"

#include "output.bpf.h"

#include "emit.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* ---- which threads ---- */

static __always_inline bool pid_matches(struct task_struct *task, __u32 pid)
{
	struct target_pid *target = bpf_map_lookup_elem(&target_pids, &pid);
	struct task_struct *leader;
	__u64 start_ns;

	if (!target || target->after_exec)
		return false;
	leader = TASK_GET(task, group_leader);
	start_ns = TASK_GET(leader, start_time);
	if (!target->start_ns)
		target->start_ns = start_ns;
	return target->start_ns == start_ns;
}

/* The part of the target selection that can't change while a thread lives between two execs. */
static __always_inline bool target_static(struct task_struct *task)
{
	__u32 pid = task_visible_pid(TASK_GET(task, group_leader), TASK_GET(task, tgid));

	if (!pid || pid == cfg.self_pid)
		return false;
	if ((cfg.target & CONFIG_TARGET_PIDS) && !pid_matches(task, pid))
		return false;
	if (cfg.target & CONFIG_TARGET_TIDS) {
		pid = task_visible_pid(task, TASK_GET(task, pid));
		if (!bpf_map_lookup_elem(&target_tids, &pid))
			return false;
	}
	return true;
}

static __always_inline bool target_dynamic(struct task_struct *task, struct task_state *st)
{
	struct config_glob *glob;
	struct css_set *set;
	__u32 zero = 0;

	if (cfg.target & CONFIG_TARGET_COMM) {
		glob = bpf_map_lookup_elem(&comm_glob, &zero);
		if (!glob || !filter_comm(glob, st->comm))
			return false;
	}
	if (cfg.target & CONFIG_TARGET_CGROUP) {
		set = TASK_GET(task, cgroups);
		st->css_set = (__u64)set;
		if (!set || !task_in_cgroup(set))
			return false;
	}
	return true;
}

#define FINAL_SLACK_NS 1000000
#define TARGET_DYNAMIC (CONFIG_TARGET_COMM | CONFIG_TARGET_CGROUP)

static __always_inline void task_state_identify(struct task_struct *task, struct task_state *st)
{
	st->start_ns = TASK_GET(task, start_time);
	st->tid = task_visible_pid(task, TASK_GET(task, pid));
	st->image = task_image(task);
	st->cgroup_id = task_cgroup_id(task);
	bpf_probe_read_kernel(st->comm, sizeof(st->comm), task->comm);
	st->comm_gen++;
}

/*
 * The state of a task; made if it is new and a target (or could become one). NULL: not ours. The caller
 * still has to look at TASK_F_TARGET.
 */
static __always_inline struct task_state *task_state_get(struct task_struct *task)
{
	struct task_state *st = task_state_find(task);

	if (st)
		return st;
	if (!TASK_GET(task, pid) || !target_static(task))
		return NULL;
	st = task_state_create(task);
	if (!st) {
		/* Before the window there is another chance: the iterator interrupted here, for one. */
		if (ctl.start_ns)
			count(WIRE_C_TASK_STATE_FULL, 1);
		return NULL;
	}
	task_state_identify(task, st);
	/* Late: it was refused before. Its life begins here for us, so that its sums are right. */
	if (ctl.start_ns)
		st->begin_ns = bpf_ktime_get_ns();
	if (TASK_GET(task, flags) & TASK_PF_KTHREAD)
		st->flags |= TASK_F_KTHREAD;
	if (!(cfg.target & TARGET_DYNAMIC) || target_dynamic(task, st))
		st->flags |= TASK_F_TARGET;
	return st;
}

static __always_inline void emit_summary(struct task_state *st, __u64 end_ns, __u64 exec_ns,
					 __u64 delay_ns, __u32 flags, struct wire_summary *rec)
{
	rec->h.kind = WIRE_SUMMARY;
	rec->h.size = sizeof(*rec);
	rec->key.start_ns = st->start_ns;
	rec->key.tid = st->tid;
	rec->key.comm_gen = st->comm_gen;
	rec->image = st->image;
	rec->begin_ns = interval_max(st->begin_ns, ctl.start_ns);
	rec->end_ns = end_ns;
	rec->on_cpu_ns = st->on_cpu_ns;
	rec->blocked_ns = st->blocked_ns;
	rec->runnable_ns = st->runnable_ns;
	rec->intervals = st->intervals;
	if (st->flags & TASK_F_BASED) {
		rec->kernel_on_cpu_ns = exec_ns - st->base_on_cpu_ns;
		rec->kernel_runnable_ns = delay_ns - st->base_runnable_ns;
	}
	if (st->flags & TASK_F_KTHREAD)
		flags |= WIRE_THREAD_KTHREAD;
	if (st->flags & TASK_F_BASE_APPROX)
		flags |= WIRE_THREAD_BASE_APPROX;
	if (st->flags & TASK_F_GROUP_DEAD)
		flags |= WIRE_THREAD_GROUP_DEAD;
	rec->flags = flags;
	__builtin_memcpy(rec->comm, st->comm, sizeof(rec->comm));
}

/* The thread will not be seen again under this identity: its totals go out. */
static __always_inline void finish_task(struct task_struct *task, struct task_state *st, __u64 ts,
					__u32 flags)
{
	struct wire_summary rec = {};

	if (!ctl.start_ns || ts <= ctl.start_ns)
		return;
	emit_summary(st, ts, TASK_GET(task, se.sum_exec_runtime),
		     TASK_GET(task, sched_info.run_delay), flags, &rec);
	if (!st->out_ns && st->in_ns)
		rec.on_cpu_ns += ts - interval_max(st->in_ns, ctl.start_ns);
	if (!ring_send(&rec, sizeof(rec)) && !exit_spill_add(&rec))
		count(WIRE_C_SUMMARY_LOST, 1);
}

/* A thread becomes a target at @ts, on CPU. */
static __always_inline void begin_task(struct task_struct *task, struct task_state *st, __u64 ts)
{
	st->begin_ns = ts;
	st->in_ns = ts;
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
	st->out_ns = st->wake_ns = st->early_wake_ns = 0;
	st->on_cpu_ns = st->blocked_ns = st->runnable_ns = st->intervals = 0;
	st->base_on_cpu_ns = TASK_GET(task, se.sum_exec_runtime);
	st->base_runnable_ns = TASK_GET(task, sched_info.run_delay);
	st->flags |= TASK_F_TARGET | TASK_F_BASED;
}

/* Asks anew whether the thread, on CPU, is a target. */
static __always_inline void retarget(struct task_struct *task, struct task_state *st, __u64 ts)
{
	bool was = st->flags & TASK_F_TARGET, is;

	if (!(cfg.target & TARGET_DYNAMIC))
		return;
	is = target_dynamic(task, st);
	if (is && !was)
		begin_task(task, st, ts);
	if (was && !is) {
		finish_task(task, st, ts, 0);
		st->flags &= ~TASK_F_TARGET;
	}
}

/* Comm and cgroup may change at any time: looked at whenever the thread switches. */
static __always_inline void refresh_task(struct task_struct *task, struct task_state *st, __u64 ts)
{
	__u64 comm[2] = {};
	__u64 *old = (__u64 *)st->comm;
	bool renamed;

	bpf_probe_read_kernel(comm, sizeof(comm), task->comm);
	renamed = comm[0] != old[0] || comm[1] != old[1];
	if (renamed) {
		old[0] = comm[0];
		old[1] = comm[1];
		st->comm_gen++;
	}
	if (renamed ||
	    ((cfg.target & CONFIG_TARGET_CGROUP) && (__u64)TASK_GET(task, cgroups) != st->css_set))
		retarget(task, st, ts);
}

/* ---- switching ---- */

static __always_inline bool wants_stacks(const struct task_state *st)
{
	bool kthread = st->flags & TASK_F_KTHREAD;

	return !(cfg.threads == CONFIG_THREADS_USER && kthread) &&
	       !(cfg.threads == CONFIG_THREADS_KERNEL && !kthread);
}

/* Walks one stack of the current task and interns it. Returns its id, 0 when there is none. */
static __always_inline __u64 capture_stack(void *ctx, struct task_state *st, __u32 kind, __u64 ts)
{
	struct stack_scratch *scratch = bpf_map_lookup_elem(&stack_scratches, &kind);
	struct wire_stack *rec;
	__u64 hash;
	long bytes;
	__u32 n;

	if (!scratch)
		return 0;
	rec = (struct wire_stack *)scratch->words;
	bytes = bpf_get_stack(ctx, rec->ips, cfg.max_frames * sizeof(__u64),
			      kind == WIRE_STACK_USER ? BPF_F_USER_STACK : 0);
	if (bytes <= 0) {
		count(kind == WIRE_STACK_USER ? WIRE_C_USER_STACK_FAILED
					      : WIRE_C_KERNEL_STACK_FAILED,
		      1);
		return 0;
	}
	n = (__u32)bytes / sizeof(__u64);
	if (n > WIRE_MAX_FRAMES)
		return 0;
	__builtin_memset(&rec->image, 0, sizeof(rec->image));
	if (kind == WIRE_STACK_USER)
		rec->image = st->image;
	hash = intern_seed(kind, &rec->image);
	for (__u32 i = 0; i < WIRE_MAX_FRAMES && i < n; i++)
		hash = intern_mix(hash, rec->ips[i]);
	rec->kind = kind;
	rec->frame_cnt = n;
	rec->time_ns = ts;
	rec->flags = 0;
	if (n == cfg.max_frames) {
		rec->flags = WIRE_STACK_TRUNCATED;
		count(WIRE_C_TRUNCATED, 1);
	}
	return emit_stack(rec, hash);
}

/* The kernel's own figures from the moment the window began, for comparison. */
static __always_inline void base_task(struct task_struct *task, struct task_state *st,
				      __u64 on_cpu_ns, bool approx)
{
	if (st->flags & TASK_F_BASED)
		return;
	st->base_on_cpu_ns = TASK_GET(task, se.sum_exec_runtime) - on_cpu_ns;
	st->base_runnable_ns = TASK_GET(task, sched_info.run_delay);
	st->flags |= TASK_F_BASED | (approx ? TASK_F_BASE_APPROX : 0);
}

static __always_inline void capture_wait(struct task_struct *task, struct task_state *st,
					 __u32 state)
{
	st->wait.state = state;
	st->wait.flags = 0;
	st->wait.syscall = -1;
	if (st->flags & TASK_F_KTHREAD) {
		st->wait.flags |= WIRE_F_KTHREAD;
	} else {
		st->wait.syscall = task_syscall(task);
		if (task_compat(task))
			st->wait.flags |= WIRE_F_COMPAT;
	}
	if (TASK_GET_BIT(task, in_iowait))
		st->wait.flags |= WIRE_F_IOWAIT;
}

/*
 * The kernel did not report that the thread came (it leaves the CPU, or is found on it): closes the
 * interval where its run time says it ended.
 */
static __always_inline void rebuild_in(struct task_struct *task, struct task_state *st, __u64 ts)
{
	struct interval iv;
	__u64 in = task_state__missed_in(st, ts, TASK_GET(task, se.sum_exec_runtime));

	count(WIRE_C_UNPAIRED, 1);
	if (!(st->flags & TASK_F_BASED))
		st->flags |= TASK_F_BASE_APPROX;
	st->wait.flags |= WIRE_F_REBUILT;
	if (task_state__in(st, in, ctl.start_ns, &iv))
		emit_interval(st, &iv);
	st->flags &= ~TASK_F_SEED;
}

/* Nor that it left. Where it waited is unknown; whether it slept, a wake-up seen since tells. */
static __always_inline void rebuild_out(struct task_struct *task, struct task_state *st, __u64 ts)
{
	__u64 out = task_state__missed_out(st, ts, TASK_GET(task, se.sum_exec_runtime));
	bool slept = st->early_wake_ns >= out;

	count(WIRE_C_UNPAIRED, 1);
	st->wait.flags = WIRE_F_REBUILT | (st->flags & TASK_F_KTHREAD ? WIRE_F_KTHREAD : 0);
	st->wait.syscall = -1;
	st->wait.state = 0;
	st->kernel_stack = st->user_stack = 0;
	task_state__out(st, out, ctl.start_ns, !slept);
	if (slept)
		st->wake_ns = st->early_wake_ns;
}

static __always_inline void switch_out(void *ctx, struct task_struct *task, bool preempt,
				       __u32 state, __u64 ts)
{
	struct task_state *st = task_state_get(task);
	__u64 on_cpu_ns;

	if (!st)
		return;
	refresh_task(task, st, ts);
	if (!(st->flags & TASK_F_TARGET))
		return;
	if (st->out_ns)
		rebuild_in(task, st, ts);
	on_cpu_ns = st->on_cpu_ns;
	capture_wait(task, st, preempt ? 0 : state);
	task_state__out(st, ts, ctl.start_ns, preempt || !state || task_queued(task));
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
	if (ctl.start_ns && ts > ctl.start_ns)
		base_task(task, st, st->on_cpu_ns - on_cpu_ns, st->in_ns < ctl.start_ns);
	if (state & TASK_DEAD_STATE) {
		st->flags |= TASK_F_DEAD;
		finish_task(task, st, ts, WIRE_THREAD_EXITED);
		task_state_end(task);
		return;
	}
	st->kernel_stack = st->user_stack = 0;
	if (!wants_stacks(st))
		return;
	if (cfg.kernel_stacks)
		st->kernel_stack = capture_stack(ctx, st, WIRE_STACK_KERNEL, ts);
	if (cfg.user_stacks && !(st->flags & TASK_F_KTHREAD))
		st->user_stack = capture_stack(ctx, st, WIRE_STACK_USER, ts);
}

static __always_inline void switch_in(struct task_struct *task, __u64 ts)
{
	struct task_state *st = task_state_get(task);
	struct interval iv;

	if (!st)
		return;
	if (st->flags & TASK_F_TARGET) {
		if (!st->out_ns && st->in_ns)
			rebuild_out(task, st, ts);
		if (ctl.start_ns && ts > ctl.start_ns)
			base_task(task, st, 0, st->wake_ns && st->wake_ns < ctl.start_ns);
		if (task_state__in(st, ts, ctl.start_ns, &iv))
			emit_interval(st, &iv);
		st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
		st->flags &= ~TASK_F_SEED;
	}
	if (cfg.target & TARGET_DYNAMIC)
		refresh_task(task, st, ts);
}

static __always_inline bool stopped(__u64 ts)
{
	return ctl.stop_ns && ts >= ctl.stop_ns;
}

static __always_inline int handle_switch(void *ctx, bool preempt, struct task_struct *prev,
					 struct task_struct *next, __u32 prev_state)
{
	__u64 ts = bpf_ktime_get_ns();

	if (stopped(ts))
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
	__u64 ts = bpf_ktime_get_ns();

	if (st && !stopped(ts))
		task_state__wake(st, ts);
	return 0;
}

DWELL_TP(sched_wakeup_new)
int BPF_PROG(dwell_wakeup_new, struct task_struct *task)
{
	struct task_state *st = task_state_get(task);
	__u64 ts = bpf_ktime_get_ns();

	if (!st || stopped(ts) || !(st->flags & TASK_F_TARGET))
		return 0;
	st->begin_ns = ts;
	st->wait.flags = WIRE_F_PREEMPT | WIRE_F_NEW;
	st->wait.syscall = -1;
	if (st->flags & TASK_F_KTHREAD)
		st->wait.flags |= WIRE_F_KTHREAD;
	st->flags |= TASK_F_BASED; /* both of the kernel's figures begin at 0 */
	st->wake_ns = ts;
	st->out_ns = ts;
	return 0;
}

/* ---- processes ---- */

DWELL_TP(sched_process_fork)
int BPF_PROG(dwell_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_state *st = task_state_find(parent);
	struct target_pid target = {};
	struct wire_fork rec = {};
	__u64 ts = bpf_ktime_get_ns();

	if (!st || stopped(ts) || !(st->flags & TASK_F_TARGET) ||
	    TASK_GET(child, tgid) == TASK_GET(parent, tgid))
		return 0;
	rec.child = task_image(child);
	if (cfg.target & CONFIG_TARGET_CHILDREN) {
		target.start_ns = rec.child.start_ns;
		if (bpf_map_update_elem(&target_pids, &rec.child.pid, &target, BPF_ANY))
			count(WIRE_C_TASK_STATE_FULL, 1);
	} else if (cfg.target & (CONFIG_TARGET_PIDS | CONFIG_TARGET_TIDS)) {
		return 0;
	}
	count(WIRE_C_FORKS, 1);
	rec.h.kind = WIRE_FORK;
	rec.h.size = sizeof(rec);
	rec.parent = st->image;
	rec.time_ns = ts;
	if (!ring_send(&rec, sizeof(rec)))
		count(WIRE_C_PROCESS_EVENT_LOST, 1);
	return 0;
}

DWELL_TP(sched_process_exec)
int BPF_PROG(dwell_exec, struct task_struct *task)
{
	struct wire_exec rec = {};
	struct target_pid *target;
	struct task_state *st;
	__u64 ts = bpf_ktime_get_ns();
	__u32 pid;

	if (stopped(ts))
		return 0;
	pid = task_visible_pid(task, TASK_GET(task, tgid));
	target = bpf_map_lookup_elem(&target_pids, &pid);
	if (target && target->after_exec) {
		target->after_exec = 0;
		st = task_state_get(task);
		if (st && (st->flags & TASK_F_TARGET))
			begin_task(task, st, ts);
	}
	st = task_state_find(task);
	if (!st)
		return 0;
	/* A thread that is not the leader takes over the leader's identity (de_thread(), fs/exec.c). */
	if (st->start_ns != TASK_GET(task, start_time) && (st->flags & TASK_F_TARGET)) {
		finish_task(task, st, ts, WIRE_THREAD_EXITED);
		begin_task(task, st, ts);
	}
	task_state_identify(task, st);
	/* An exec renames: the thread may come to be a target, or cease to be one. */
	retarget(task, st, ts);
	if (!(st->flags & TASK_F_TARGET))
		return 0;
	count(WIRE_C_EXECS, 1);
	rec.h.kind = WIRE_EXEC;
	rec.h.size = sizeof(rec);
	rec.image = st->image;
	rec.time_ns = ts;
	__builtin_memcpy(rec.comm, st->comm, sizeof(rec.comm));
	if (!ring_send_now(&rec, sizeof(rec)))
		count(WIRE_C_PROCESS_EVENT_LOST, 1);
	return 0;
}

DWELL_TP(sched_process_exit)
int BPF_PROG(dwell_exit, struct task_struct *task)
{
	struct task_state *st = task_state_find(task);
	__u64 ts = bpf_ktime_get_ns();

	if (!st || stopped(ts) || !(st->flags & TASK_F_TARGET))
		return 0;
	count(WIRE_C_EXITS, 1);
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	st->flags |= TASK_F_GROUP_DEAD;
	if (cfg.target & CONFIG_TARGET_PIDS)
		bpf_map_delete_elem(&target_pids, &st->image.pid);
	return 0;
}

/*
 * Can state be kept at all? Some kernels load everything and then refuse every allocation (kmalloc_nolock()
 * without cmpxchg16b). Writes one header if it can; tried on a thread of the tracer, which is never a target.
 */
SEC("iter/task")
int dwell_check(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct wire_header ok = {.size = sizeof(ok)};

	if (!task || task_visible_pid(task, TASK_GET(task, pid)) != cfg.self_pid)
		return 0;
	if (!task_state_create(task))
		return 0;
	task_state_delete(task);
	bpf_seq_write(seq, &ok, sizeof(ok));
	return 0;
}

/* ---- the edges of the window ---- */

/* A thread that did not switch since attaching: where it is, is read from outside. */
static __always_inline void seed_state(struct task_struct *task, struct task_state *st)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 state = task_raw_state(task);

	if (st->in_ns || st->out_ns)
		return;
	st->exec_ns = TASK_GET(task, se.sum_exec_runtime);
	if (task_on_cpu(task)) {
		st->in_ns = now;
		base_task(task, st, 0, true);
		return;
	}
	capture_wait(task, st, state);
	st->flags |= TASK_F_SEED;
	if (!state || task_queued(task)) {
		st->wait.flags |= WIRE_F_PREEMPT;
		st->wake_ns = now;
	}
	st->out_ns = now;
}

SEC("iter/task")
int dwell_seed(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct task_state *st;
	struct wire_seed *rec;
	__u32 zero = 0;
	long bytes;

	if (!task)
		return 0;
	st = task_state_get(task);
	rec = bpf_map_lookup_elem(&seed_scratch, &zero);
	if (!st || !rec || !(st->flags & TASK_F_TARGET))
		return 0;
	seed_state(task, st);
	/* Also on a second visit: the kernel calls again when its page was full. */
	if (!(st->flags & TASK_F_SEED))
		return 0;
	rec->h.kind = WIRE_SEED;
	rec->h.size = sizeof(*rec);
	rec->key.start_ns = st->start_ns;
	rec->key.tid = st->tid;
	rec->key.comm_gen = st->comm_gen;
	rec->image = st->image;
	rec->cgroup_id = st->cgroup_id;
	rec->switch_cnt = TASK_GET(task, nvcsw) + TASK_GET(task, nivcsw);
	rec->flags = st->flags & TASK_F_KTHREAD ? WIRE_THREAD_KTHREAD : 0;
	__builtin_memcpy(rec->comm, st->comm, sizeof(rec->comm));
	rec->user_ip = rec->user_sp = rec->user_bp = 0;
	if (!(st->flags & TASK_F_KTHREAD))
		task_user_frame(task, &rec->user_ip, &rec->user_sp, &rec->user_bp);
	bytes = bpf_get_task_stack(task, rec->ips, sizeof(rec->ips), 0);
	rec->frame_cnt = bytes > 0 ? bytes / sizeof(__u64) : 0;
	bpf_seq_write(seq, rec, sizeof(*rec));
	return 0;
}

/*
 * A last switch that went unreported would count a sleep as running, or the other way round, to the end of
 * the window. What the thread did since the end of the window shows here too, so a difference counts only
 * if it is larger than that and than the clocks' disagreement (interrupts and stolen time are not in
 * sum_exec_runtime). A second visit finds the state mended.
 */
static __always_inline void final_rebuild(struct task_struct *task, struct task_state *st,
					  __u64 stop)
{
	__u64 ran = TASK_GET(task, se.sum_exec_runtime) - st->exec_ns, now = bpf_ktime_get_ns();

	if (st->out_ns && task_on_cpu(task) && ran > now - stop + FINAL_SLACK_NS)
		rebuild_in(task, st, now);
	else if (!st->out_ns && st->in_ns && stop > st->in_ns && !task_on_cpu(task) &&
		 st->in_ns + ran + ((stop - st->in_ns) >> 6) + FINAL_SLACK_NS < stop)
		rebuild_out(task, st, stop);
}

SEC("iter/task")
int dwell_final(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct {
		struct wire_summary summary;
		struct wire_interval open;
	} out = {};
	__u64 stop = ctl.stop_ns, start = ctl.start_ns;
	struct task_state *st;
	struct interval iv;
	__u32 flags = 0;

	if (!task || !start)
		return 0;
	st = task_state_find(task);
	if (!st || !(st->flags & TASK_F_TARGET) || (st->flags & TASK_F_DEAD))
		return 0;
	final_rebuild(task, st, stop);
	if (!st->out_ns)
		flags |= WIRE_THREAD_RUNNING;
	emit_summary(st, stop, TASK_GET(task, se.sum_exec_runtime),
		     TASK_GET(task, sched_info.run_delay), flags, &out.summary);
	if (!st->out_ns && st->in_ns && stop > st->in_ns)
		out.summary.on_cpu_ns += stop - interval_max(st->in_ns, start);
	/* The wake-up of an earlier, cancelled sleep, if the thread sleeps: see task_state__split(). */
	if (!task_queued(task))
		st->early_wake_ns = 0;
	if (task_state__split(st, stop, start, &iv) &&
	    filter_interval(&cfg, st->flags, &st->wait, iv.in_ns - iv.out_ns)) {
		out.open.h.kind = WIRE_INTERVAL;
		out.open.h.size = sizeof(out.open);
		out.open.thread = out.summary.key;
		out.open.out_ns = iv.out_ns;
		out.open.wake_ns = iv.wake_ns;
		out.open.in_ns = iv.in_ns;
		out.open.kernel_stack = st->kernel_stack;
		out.open.user_stack = st->user_stack;
		out.open.wait = st->wait;
		out.open.wait.flags |=
			WIRE_F_OPEN | (iv.flags & ~(WIRE_F_NO_WAKEUP | WIRE_F_CLAMPED));
		bpf_seq_write(seq, &out, sizeof(out));
		return 0;
	}
	bpf_seq_write(seq, &out.summary, sizeof(out.summary));
	return 0;
}
