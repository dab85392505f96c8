/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_edges.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/os_clock.h"
#include "source/os_threads.h"
#include "source/os_walk.h"
#include "totals.h"

#define EDGES_MAX_TIDS	      (1u << 22)
#define EDGES_LEAVING_MS      1000
#define EDGES_LEAVING_STEP_MS 5

void edges__init(struct edges *e, struct probes *probes, const struct config *cfg,
		 const struct bpf_opts *opts)
{
	*e = (struct edges){.probes = probes, .cfg = *cfg, .no_python = opts->no_python};
	proc_targets__init(&e->targets, &opts->targets, cfg);
}

void edges__fini(struct edges *e)
{
	proc_targets__fini(&e->targets);
	*e = (struct edges){0};
}

/* ---- the start ---- */

struct edges_seeding {
	struct edges *e;
	struct os_thread leader; /* of the last thread */
	probes_record_fn fn;
	void *arg;
};

/* The state that dwell_seed would have given the thread. */
static struct task_state edges_state(const struct edges_seeding *s, const struct os_thread *t)
{
	const struct config *cfg = &s->e->cfg;
	uint64_t exec_ns = 0, delay_ns = 0;
	struct wire_regs unused;
	struct task_state st = {
		.start_ns = t->start_ticks * cfg->tick_ns,
		.tid = t->tid,
		.comm_gen = 1,
		.image = {.pid = t->pid,
			  .exec_id = config_exec_id(t->start_stack),
			  .start_ns = s->leader.start_ticks * cfg->tick_ns},
		.wait = {.state = os_thread_state_bits(t->state), .syscall = -1},
		.flags = TASK_F_TARGET | (t->kthread ? TASK_F_KTHREAD : 0),
	};
	bool known = os_thread_schedstat(t->pid, t->tid, &exec_ns, &delay_ns);

	memcpy(st.comm, t->comm, sizeof(st.comm));
	st.exec_ns = exec_ns;
	if (t->kthread)
		st.wait.flags |= WIRE_F_KTHREAD;
	else
		os_walk_read_syscall(t->pid, t->tid, &unused, &st.wait.syscall);
	if (t->state != 'R') {
		st.out_ns = os_monotonic_ns();
		st.flags |= TASK_F_SEED;
		return st;
	}
	/* On a CPU or waiting for one: its next switch tells. */
	st.in_ns = os_monotonic_ns();
	if (known) {
		st.base_on_cpu_ns = exec_ns;
		st.base_runnable_ns = delay_ns;
		st.flags |= TASK_F_BASED | TASK_F_BASE_APPROX;
	}
	return st;
}

static int edges_hand_over(const struct edges_seeding *s, const struct task_state *st,
			   uint64_t switch_cnt)
{
	struct wire_seed rec = {
		.h = {.kind = WIRE_SEED, .size = sizeof(rec)},
		.key = {.start_ns = st->start_ns, .tid = st->tid, .comm_gen = st->comm_gen},
		.image = st->image,
		.cgroup_id = st->cgroup_id,
		.switch_cnt = switch_cnt,
		.flags = st->flags & TASK_F_KTHREAD ? WIRE_THREAD_KTHREAD : 0,
	};

	memcpy(rec.comm, st->comm, sizeof(rec.comm));
	return s->fn(s->arg, &rec, sizeof(rec));
}

static int edges_seed_thread(void *arg, uint32_t pid, uint32_t tid)
{
	struct edges_seeding *s = arg;
	int states = probes__map_fd(s->e->probes, PROBES_MAP_TASK_STATES);
	/* Before everything else: what is read then is of one sleep if the number is the same at the end. */
	uint64_t switch_cnt = os_thread_switch_cnt(pid, tid);
	struct task_state st;
	struct os_thread t;
	struct task_key key;

	if (os_thread_read(pid, tid, &t) || strchr("ZXx", t.state))
		return 0;
	if (s->leader.pid != pid && os_thread_read(pid, pid, &s->leader))
		return 0;
	if (!proc_targets__has(&s->e->targets, &t))
		return 0;
	st = edges_state(s, &t);
	key = (struct task_key){.start_ns = st.start_ns, .tid = tid};
	if (bpf_map_update_elem(states, &key, &st, BPF_NOEXIST)) {
		if (errno != EEXIST)
			s->e->full_cnt++;
		/* The probes know it, or an earlier call. */
		if (errno != EEXIST || bpf_map_lookup_elem(states, &key, &st))
			return 0;
	} else if (st.flags & TASK_F_SEED) {
		s->e->no_kernel_stack_cnt++;
	}
	return st.flags & TASK_F_SEED ? edges_hand_over(s, &st, switch_cnt) : 0;
}

static int edges_seed_by_proc(struct edges *e, probes_record_fn fn, void *arg)
{
	struct edges_seeding s = {.e = e, .fn = fn, .arg = arg};

	return proc_targets__each(&e->targets, edges_seed_thread, &s);
}

/* ---- the end ---- */

static int edges_end_thread(struct edges *e, struct task_state *st, uint64_t start_ns,
			    uint64_t stop_ns, probes_record_fn fn, void *arg)
{
	uint64_t exec_ns = 0, delay_ns = 0, now = os_monotonic_ns();
	struct totals_records out;
	struct os_thread t = {0};
	bool open;
	int err;

	/* Gone since the window's end: its figures with it. */
	if (!os_thread_schedstat(st->image.pid, st->tid, &exec_ns, &delay_ns) ||
	    os_thread_read(st->image.pid, st->tid, &t))
		st->flags &= ~(uint32_t)TASK_F_BASED;
	else if (task_state__missed(st, t.state == 'R', exec_ns, now, stop_ns) ==
		 INTERVAL_MISSED_OUT) {
		e->unpaired_cnt++;
		task_state__rebuild_out(st, stop_ns, exec_ns, start_ns);
	}
	open = totals_final(&e->cfg, probes__min_ns(e->probes), st, start_ns, stop_ns, exec_ns,
			    delay_ns, t.state == 'R', &out);
	err = fn(arg, &out.summary, sizeof(out.summary));
	return err || !open ? err : fn(arg, &out.open, sizeof(out.open));
}

static int edges_end_by_states(struct edges *e, uint64_t start_ns, uint64_t stop_ns,
			       probes_record_fn fn, void *arg)
{
	int states = probes__map_fd(e->probes, PROBES_MAP_TASK_STATES), err = 0;
	struct task_key key, *last = NULL;
	struct task_state st;

	/* Nobody adds or removes: after the window's end the probes do nothing. */
	while (!err && !bpf_map_get_next_key(states, last, &key)) {
		last = &key;
		if (bpf_map_lookup_elem(states, &key, &st))
			continue;
		if ((st.flags & TASK_F_TARGET) && !(st.flags & TASK_F_DEAD))
			err = edges_end_thread(e, &st, start_ns, stop_ns, fn, arg);
	}
	return err;
}

/* ---- between two windows ---- */

static int edges_tell_open(struct edges *e, struct task_state *st, uint64_t start_ns,
			   uint64_t cut_ns, probes_record_fn fn, void *arg)
{
	struct wire_thread thread = {
		.h = {.kind = WIRE_THREAD, .size = sizeof(thread)},
		.key = {.start_ns = st->start_ns, .tid = st->tid, .comm_gen = st->comm_gen},
		.image = st->image,
		.time_ns = cut_ns,
		.cgroup_id = st->cgroup_id,
		.flags = st->flags & TASK_F_KTHREAD ? WIRE_THREAD_KTHREAD : 0,
	};
	struct wire_interval open = {0};
	struct interval iv;
	int err;

	if (!task_state__split(st, cut_ns, start_ns, &iv))
		return 0;
	totals_open(&e->cfg, probes__min_ns(e->probes), st, &iv, &thread.key, &open);
	if (open.wait.flags & WIRE_F_FILTERED)
		return 0;
	memcpy(thread.comm, st->comm, sizeof(thread.comm));
	err = fn(arg, &thread, sizeof(thread));
	return err ? err : fn(arg, &open, sizeof(open));
}

static int edges_open_by_states(struct edges *e, uint64_t start_ns, uint64_t cut_ns,
				probes_record_fn fn, void *arg)
{
	int states = probes__map_fd(e->probes, PROBES_MAP_TASK_STATES), err = 0;
	struct task_key key, *last = NULL;
	struct task_state st;

	/* A thread that ends meanwhile may send the walk back to the beginning: what is told twice counts once. */
	for (size_t i = 0; !err && i < EDGES_MAX_TIDS; i++) {
		if (bpf_map_get_next_key(states, last, &key))
			break;
		last = &key;
		if (bpf_map_lookup_elem(states, &key, &st))
			continue;
		if ((st.flags & TASK_F_TARGET) && !(st.flags & TASK_F_DEAD))
			err = edges_tell_open(e, &st, start_ns, cut_ns, fn, arg);
	}
	return err;
}

/* ---- either way ---- */

int edges__seed(struct edges *e, probes_record_fn fn, void *arg)
{
	if (e->cfg.proc_ids)
		return edges_seed_by_proc(e, fn, arg);
	return probes__iterate(e->probes, PROBES_ITER_SEED, fn, arg);
}

int edges__final(struct edges *e, uint64_t start_ns, uint64_t stop_ns, probes_record_fn fn,
		 void *arg)
{
	if (e->cfg.proc_ids)
		return edges_end_by_states(e, start_ns, stop_ns, fn, arg);
	return probes__iterate(e->probes, PROBES_ITER_FINAL, fn, arg);
}

void edges__await_leaving(struct edges *e)
{
	struct timespec step = {.tv_nsec = EDGES_LEAVING_STEP_MS * 1000000};

	/* By /proc all were told that had a state. */
	if (e->cfg.proc_ids)
		return;
	for (int ms = 0; probes__leaving(e->probes) && ms < EDGES_LEAVING_MS;
	     ms += EDGES_LEAVING_STEP_MS)
		nanosleep(&step, NULL);
	e->unfinished_cnt = probes__leaving(e->probes);
}

int edges__open(struct edges *e, uint64_t start_ns, uint64_t cut_ns, probes_record_fn fn, void *arg)
{
	if (e->cfg.proc_ids)
		return edges_open_by_states(e, start_ns, cut_ns, fn, arg);
	return probes__iterate(e->probes, PROBES_ITER_OPEN, fn, arg);
}

bool edges__same_image(const struct edges *e, const struct wire_image *image)
{
	struct os_thread t;

	if (!e->cfg.proc_ids || os_thread_read(image->pid, image->pid, &t))
		return true;
	return config_exec_id(t.start_stack) == image->exec_id;
}

void edges__count(const struct edges *e, __u64 values[WIRE_COUNTER_CNT])
{
	values[WIRE_C_KERNEL_STACK_FAILED] += e->no_kernel_stack_cnt;
	values[WIRE_C_TASK_STATE_FULL] += e->full_cnt;
	values[WIRE_C_UNPAIRED] += e->unpaired_cnt;
	values[WIRE_C_SUMMARY_LOST] += e->unfinished_cnt;
}
