/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_syscalls.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "format/syscall_table.h"
#include "source/bpf_object.h"
#include "source/bpf_rings.h"
#include "source/bpf_spill.h"
#include "source/os_alive.h"

#define SYSCALLS_ONLINE_EVERY_NS 1000000000ull
#define SYSCALLS_MAX_BYTES	 (64u << 20) /* of both maps of rows together */
#define SYSCALLS_MIN_ROWS	 2048
#define SYSCALLS_MAX_ROWS	 16384

extern const char bpf_syscalls_core[], bpf_syscalls_core_end[];
extern const char bpf_syscalls_compat[], bpf_syscalls_compat_end[];
extern const char bpf_syscalls_minimal[], bpf_syscalls_minimal_end[];

static const struct object_variant syscalls_variants[] = {
	{"core", bpf_syscalls_core, bpf_syscalls_core_end},
	{"compat", bpf_syscalls_compat, bpf_syscalls_compat_end},
	{"minimal", bpf_syscalls_minimal, bpf_syscalls_minimal_end},
};

struct syscalls {
	struct object object;
	struct syscalls_sink sink;
	struct config cfg;
	struct call_config calls;
	struct object_kernel kernel;
	struct alive alive;
	struct rings rings;
	struct spill rows;
	uint32_t possible_cpus, row_cnt;
	int row_cnt_fd;
	uint64_t start_ns, stop_ns, next_online_ns;
	uint64_t delivered_cnt, open_cnt, missed_cnt;
	bool iterators_refused;
};

/* ---- what comes ---- */

static int syscalls_take(void *arg, const void *data, size_t len)
{
	const struct call_record *rec = data;
	struct syscalls *s = arg;

	if (rec->h.kind == CALL_RECORD_ROWS)
		return 0; /* it woke us: that was all */
	if (len < sizeof(*rec) || (len - sizeof(*rec)) / sizeof(uint64_t) < rec->frame_cnt)
		return -EBADMSG;
	if (rec->h.kind == CALL_RECORD_OPEN && !(rec->flags & CALL_RECORD_BEFORE))
		s->open_cnt++;
	return s->sink.record(s->sink.arg, rec, (const uint64_t *)(rec + 1));
}

static int syscalls_take_row(void *arg, const void *key, const void *values)
{
	const struct call_row *rows = values;
	const struct call_key *k = key;
	struct call_row sum = {0};
	struct syscalls *s = arg;

	for (uint32_t cpu = 0; cpu < s->possible_cpus; cpu++) {
		sum.cnt += rows[cpu].cnt;
		sum.total_ns += rows[cpu].total_ns;
		sum.blocked_ns += rows[cpu].blocked_ns;
		sum.runnable_ns += rows[cpu].runnable_ns;
		if (rows[cpu].max_ns > sum.max_ns)
			sum.max_ns = rows[cpu].max_ns;
	}
	if (k->slot < CALL_SLOT_ERRNO)
		s->delivered_cnt += sum.cnt;
	return s->sink.row(s->sink.arg, k, &sum);
}

static int syscalls_read_counters(const struct syscalls *s, uint64_t *ret_values)
{
	return object__read_sums(&s->object, "call_counters", s->possible_cpus, ret_values,
				 CALL_C_CNT);
}

int syscalls__drain(struct syscalls *s)
{
	uint64_t none = 0;
	uint32_t zero = 0;

	/* What begins between the two counts for the next map: user space is woken earlier than needed, never too late. */
	if (bpf_map_update_elem(s->row_cnt_fd, &zero, &none, BPF_ANY))
		return -errno;
	return spill__drain(&s->rows, syscalls_take_row, s);
}

/* Drains when half of the rows are taken. */
static int syscalls_drain_in_time(struct syscalls *s)
{
	uint32_t zero = 0;
	uint64_t taken;

	if (bpf_map_lookup_elem(s->row_cnt_fd, &zero, &taken))
		return -errno;
	return taken >= s->calls.rows ? syscalls__drain(s) : 0;
}

int syscalls__poll(struct syscalls *s, int timeout_ms)
{
	int err = rings__wait(&s->rings, timeout_ms);
	uint64_t now = os_monotonic_ns();

	if (!err && now >= s->next_online_ns) {
		err = rings__add_online(&s->rings);
		s->next_online_ns = now + SYSCALLS_ONLINE_EVERY_NS;
	}
	if (!err)
		err = syscalls_drain_in_time(s);
	if (!err)
		err = rings__consume(&s->rings);
	if (err)
		return err;
	return alive__any(&s->alive) ? 0 : 1;
}

/* ---- the window ---- */

int syscalls__start(struct syscalls *s)
{
	int err = object__attach(&s->object);

	if (!err)
		s->start_ns = object__start(&s->object);
	return err;
}

/* How often the kernel left a program out because it ran on that CPU already. */
static uint64_t syscalls_missed(const struct syscalls *s)
{
	struct bpf_program *prog;
	uint64_t missed = 0;

	bpf_object__for_each_program(prog, s->object.obj)
	{
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		if (bpf_program__autoload(prog) &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}

int syscalls__stop(struct syscalls *s)
{
	int err;

	s->stop_ns = object__stop(&s->object);
	/* The swap waits for programs that still saw no end; what they sent comes after. */
	err = syscalls__drain(s);
	if (!err)
		err = syscalls__drain(s);
	if (!err)
		err = rings__consume(&s->rings);
	if (!err && !s->iterators_refused)
		err = object__iterate(&s->object, "dwell_open", syscalls_take, s,
				      &s->iterators_refused);
	s->missed_cnt = syscalls_missed(s);
	object__detach(&s->object);
	return err;
}

void syscalls__window(const struct syscalls *s, uint64_t *ret_start_ns, uint64_t *ret_stop_ns)
{
	*ret_start_ns = s->start_ns;
	*ret_stop_ns = s->stop_ns;
}

int syscalls__name(const struct syscalls *s, const struct call_entity *entity,
		   struct call_name *ret_name)
{
	if (bpf_map_lookup_elem(object__map_fd(&s->object, "call_names"), entity, ret_name))
		return -errno;
	return 0;
}

int syscalls__ledger(const struct syscalls *s, struct syscalls_ledger *ret_ledger)
{
	uint64_t shared[WIRE_COUNTER_CNT];
	int err = syscalls_read_counters(s, ret_ledger->counters);

	if (!err)
		err = object__read_sums(&s->object, "counters", s->possible_cpus, shared,
					WIRE_COUNTER_CNT);
	if (err)
		return err;
	ret_ledger->delivered_cnt = s->delivered_cnt;
	ret_ledger->open_cnt = s->open_cnt;
	ret_ledger->missed_cnt = s->missed_cnt;
	ret_ledger->threads_full = shared[WIRE_C_TASK_STATE_FULL];
	ret_ledger->open_unknown = s->iterators_refused;
	return 0;
}

const char *syscalls__variant(const struct syscalls *s)
{
	return s->object.variant;
}

/* ---- setting up ---- */

static int syscalls_configure(void *arg, struct bpf_object *obj)
{
	const struct syscalls *s = arg;
	struct bpf_map *map = bpf_object__find_map_by_name(obj, ".rodata.calls");

	return map ? bpf_map__set_initial_value(map, &s->calls, sizeof(s->calls)) : -ENOENT;
}

static int syscalls_check(void *arg)
{
	struct syscalls *s = arg;
	int err = object__check(&s->object, &s->iterators_refused);

	if (!s->iterators_refused)
		return err;
	/* Without iterators nothing can be tried; then a hash, which can't fail, is taken. */
	return strcmp(s->object.variant, "core") != 0 ? 0 : -EOPNOTSUPP;
}

static int syscalls_try(void *arg, size_t which)
{
	struct syscalls *s = arg;
	const struct object_setup setup = {
		.kernel = &s->kernel,
		.config = &s->cfg,
		.config_bytes = sizeof(s->cfg),
		.possible_cpus = s->possible_cpus,
		.configure = syscalls_configure,
		.check = syscalls_check,
		.arg = s,
	};

	return object__try(&s->object, &syscalls_variants[which], &setup);
}

static void syscalls_know_calls(struct call_config *c)
{
	static const char *const names[CALL_NO_RESULT_CNT] = {"rt_sigreturn", "sigreturn"};

	c->execve = syscall_find("execve", false);
	for (int compat = 0; compat < 2; compat++)
		for (size_t i = 0; i < CALL_NO_RESULT_CNT; i++)
			c->no_result[compat][i] = syscall_find(names[i], compat);
}

/* As many as fit into the memory that we allow ourselves. */
static uint32_t syscalls_rows(uint32_t possible_cpus)
{
	uint32_t rows = SYSCALLS_MAX_ROWS;

	while (rows > SYSCALLS_MIN_ROWS &&
	       2ull * rows * possible_cpus * sizeof(struct call_row) > SYSCALLS_MAX_BYTES)
		rows /= 2;
	return rows;
}

static int syscalls_load(struct syscalls *s, const struct targets *targets)
{
	int err = targets__configure(targets, &s->cfg);

	if (err)
		return err;
	err = object_ask_kernel(&s->kernel);
	if (!err)
		err = object_try_variants(syscalls_variants, ARRAY_SIZE(syscalls_variants),
					  syscalls_try, s);
	if (!err)
		err = object__map_control(&s->object);
	return err ? object_explain(err) : 0;
}

static int syscalls_fill(struct syscalls *s, const struct syscalls_opts *o)
{
	const struct targets_maps maps = {
		.pids = object__map_fd(&s->object, "target_pids"),
		.tids = object__map_fd(&s->object, "target_tids"),
		.comm_glob = object__map_fd(&s->object, "comm_glob"),
	};
	uint32_t ring_bytes =
		o->ring_bytes ? (uint32_t)o->ring_bytes : rings_default_bytes(s->possible_cpus);
	int err;

	s->row_cnt_fd = object__map_fd(&s->object, "call_row_cnt");
	err = rings__init(&s->rings, object__map_fd(&s->object, "rings"), s->possible_cpus,
			  ring_bytes, syscalls_take, s);
	if (!err)
		err = spill__init_percpu(&s->rows, "dwell_calls",
					 object__map_fd(&s->object, "call_rows"),
					 sizeof(struct call_key), sizeof(struct call_row),
					 s->row_cnt, s->possible_cpus);
	return err ? err : targets__fill(&o->targets, &maps);
}

static int syscalls_setup(struct syscalls *s, const struct syscalls_opts *o)
{
	int cpus = rings_possible_cpus(), err;

	if (cpus < 0)
		return cpus;
	s->possible_cpus = (uint32_t)cpus;
	s->calls = o->calls;
	s->row_cnt = syscalls_rows(s->possible_cpus);
	s->calls.rows = s->row_cnt / 2;
	syscalls_know_calls(&s->calls);
	err = targets__watch(&o->targets, &s->alive);
	if (!err)
		err = syscalls_load(s, &o->targets);
	return err ? err : syscalls_fill(s, o);
}

struct syscalls *syscalls__open(const struct syscalls_opts *opts, const struct syscalls_sink *sink)
{
	struct syscalls *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->sink = *sink;
	s->cfg.ring_wake_bytes = 4096;
	s->cfg.thread_size_order = 14; /* THREAD_SIZE, x86-64 and arm64 with 4 KiB pages */
	err = syscalls_setup(s, opts);
	if (err) {
		syscalls__close(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void syscalls__close(struct syscalls *s)
{
	if (!s)
		return;
	spill__fini(&s->rows);
	rings__fini(&s->rings);
	object__fini(&s->object);
	alive__fini(&s->alive);
	free(s);
}

int syscalls_each_tracepoint(object_tracepoint_fn fn, void *arg)
{
	return object_each_tracepoint(&syscalls_variants[0], fn, arg);
}
