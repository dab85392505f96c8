/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_trial.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "source/bpf.h"
#include "source/bpf_object.h"
#include "source/bpf_rings.h"
#include "source/bpf_runq.h"
#include "source/bpf_syscalls.h"
#include "source/os_mmaps.h"

static void trial_note(struct bpf_trial_part *part, int err, const char *variant)
{
	part->err = err;
	part->variant = err ? NULL : variant;
	if (err)
		snprintf(part->text, sizeof(part->text), "%s", error_text(err));
}

/* ---- off-CPU time ---- */

static int trial_ignore(void *arg, const struct event *e)
{
	(void)arg, (void)e;
	return 0;
}

static int trial_run_source(struct source *s)
{
	int err = source__start(s, trial_ignore, NULL);
	int stop_err = err ? 0 : source__stop(s, trial_ignore, NULL);

	return err ? err : stop_err;
}

static void trial_offcpu(struct bpf_trial *t, const struct targets *targets)
{
	struct bpf_opts opts = {
		.targets = *targets,
		.user_stacks = true,
		.wakers = true,
		.max_frames = WIRE_MAX_FRAMES,
	};
	struct module_table modules;
	struct image_table images;
	struct source *s;
	int err;

	module_table__init(&modules);
	image_table__init(&images);
	s = bpf_source_open(&opts, &modules, &images);
	err = s ? trial_run_source(s) : -errno;
	trial_note(&t->offcpu, err, s ? bpf_source_variant(s) : NULL);
	if (!err) {
		t->unwind = bpf_source_unwind(s);
		t->edges = bpf_source_edges(s);
		t->python = bpf_source_python(s);
	}
	source__close(s);
	image_table__fini(&images);
	module_table__fini(&modules);
}

/* ---- system calls ---- */

static int trial_row(void *arg, const struct call_key *key, const struct call_row *row)
{
	(void)arg, (void)key, (void)row;
	return 0;
}

static int trial_record(void *arg, const struct call_record *rec, const uint64_t *ips)
{
	(void)arg, (void)rec, (void)ips;
	return 0;
}

static void trial_syscalls(struct bpf_trial *t, const struct targets *targets)
{
	const struct syscalls_sink sink = {.row = trial_row, .record = trial_record};
	const struct syscalls_opts opts = {.targets = *targets};
	struct syscalls *s = syscalls__open(&opts, &sink);
	int err = s ? syscalls__start(s) : -errno;

	if (!err)
		err = syscalls__stop(s);
	trial_note(&t->syscalls, err, s ? syscalls__variant(s) : NULL);
	syscalls__close(s);
}

/* ---- waits for a CPU ---- */

static int trial_cell(void *arg, const struct runq_cell_key *key, const struct runq_cell *cell)
{
	(void)arg, (void)key, (void)cell;
	return 0;
}

static int trial_turn(void *arg, const struct runq_turn_key *key, const struct runq_turn *turn)
{
	(void)arg, (void)key, (void)turn;
	return 0;
}

static void trial_runq(struct bpf_trial *t, const struct targets *targets)
{
	const struct runq_sink sink = {.cell = trial_cell, .turn = trial_turn};
	struct runq_source *s = runq_source_open(targets, RUNQ_BY_PROCESS);
	uint64_t ns;
	int err = s ? runq_source__start(s, &ns) : -errno;

	if (!err)
		err = runq_source__stop(s, &sink, &ns);
	trial_note(&t->runq, err, s ? runq_source__variant(s) : NULL);
	runq_source__close(s);
}

/* ---- mappings ---- */

static int trial_mappings(void)
{
	int cpus = rings_possible_cpus(), err;
	struct module_table modules;
	struct mmaps m;

	if (cpus < 0)
		return cpus;
	module_table__init(&modules);
	err = mmaps__init(&m, &modules, (uint32_t)cpus);
	if (!err) {
		err = mmaps__watch_thread(&m, (uint32_t)gettid());
		mmaps__fini(&m);
	}
	module_table__fini(&modules);
	return err;
}

void bpf_trial_run(struct bpf_trial *ret)
{
	uint32_t self = (uint32_t)getpid();
	const struct targets targets = {.pids = &self, .pid_cnt = 1};

	memset(ret, 0, sizeof(*ret));
	trial_offcpu(ret, &targets);
	trial_syscalls(ret, &targets);
	trial_runq(ret, &targets);
	ret->mappings_err = trial_mappings();
}

/* ---- type information ---- */

static int features_have(const struct btf *btf, const char *helper)
{
	int id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	if (!t)
		return -1;
	for (uint16_t i = 0; i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, btf_enum(t)[i].name_off);

		if (name && !strcmp(name, helper))
			return 1;
	}
	return 0;
}

static int features_have_member(const struct btf *btf, const char *name, const char *member)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	if (!t)
		return -1;
	for (uint16_t i = 0; i < btf_vlen(t); i++) {
		const char *found = btf__name_by_offset(btf, btf_members(t)[i].name_off);

		if (found && !strcmp(found, member))
			return 1;
	}
	return 0;
}

struct bpf_features bpf_features_ask(void)
{
	struct bpf_features ret;
	struct object_kernel kernel;
	struct btf *btf;
	int has;

	memset(&ret, 0xff, sizeof(ret)); /* -1 each: not known */
	object_quiet();
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return ret;
	ret.has_loop = features_have(btf, "BPF_FUNC_loop");
	/* Came with 5.11 as well; libbpf goes by it, too. */
	has = features_have(btf, "BPF_FUNC_ktime_get_coarse_ns");
	ret.counts_memlock = has < 0 ? -1 : !has;
	ret.has_storage = features_have(btf, "BPF_FUNC_task_storage_get");
	ret.has_regs = features_have(btf, "BPF_FUNC_task_pt_regs");
	ret.has_task_copy = features_have(btf, "BPF_FUNC_copy_from_user_task");
	ret.has_new_state = features_have_member(btf, "task_struct", "__state");
	btf__free(btf);
	/* Types that were read before, but not now: both stay unknown. */
	if (object_ask_kernel(&kernel))
		return ret;
	ret.has_prev_state = kernel.has_prev_state;
	ret.has_loads = kernel.has_loads;
	return ret;
}
