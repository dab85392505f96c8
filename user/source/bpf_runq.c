/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_runq.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "source/bpf_object.h"
#include "source/bpf_spill.h"

#define RUNQ_CELL_ROWS 32768
#define RUNQ_TURN_ROWS 16384

extern const char bpf_runq_core[], bpf_runq_core_end[];
extern const char bpf_runq_compat[], bpf_runq_compat_end[];

static const struct object_variant runq_variants[] = {
	{"core", bpf_runq_core, bpf_runq_core_end},
	{"compat", bpf_runq_compat, bpf_runq_compat_end},
};

#define RUNQ_VARIANT_CORE 0

struct runq_source {
	struct object object;
	struct spill cells, turns;
	struct alive alive;
	struct object_kernel kernel;
	struct config cfg;
	struct runq_config runq;
	uint64_t drained_rows; /* counters.rows at the last drain */
	bool no_iterators;     /* the kernel refuses them */
};

/* ---- loading ---- */

/* The iterators write nothing; all they find goes into the maps. */
static int runq_no_record(void *arg, const void *data, size_t len)
{
	(void)arg, (void)data, (void)len;
	return 0;
}

static int runq_iterate(struct runq_source *s, const char *name)
{
	return s->no_iterators
		       ? 0
		       : object__iterate(&s->object, name, runq_no_record, NULL, &s->no_iterators);
}

static int runq_configure(void *arg, struct bpf_object *obj)
{
	const struct runq_source *s = arg;
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_program(prog, obj)
	{
		if (s->no_iterators && object_is_iterator(prog))
			bpf_program__set_autoload(prog, false);
	}
	bpf_object__for_each_map(map, obj)
	{
		if (!strcmp(bpf_map__name(map), ".rodata.runq"))
			err = bpf_map__set_initial_value(map, &s->runq, sizeof(s->runq));
		else if (!strcmp(bpf_map__name(map), "histories"))
			err = bpf_map__set_max_entries(map, s->runq.cpu_cnt);
		if (err)
			return err;
	}
	return 0;
}

static int runq_check(void *arg)
{
	struct runq_source *s = arg;

	return s->no_iterators ? 0 : object__check(&s->object, &s->no_iterators);
}

/* Without iterators nothing tells whether task storage works, so that is left to a hash. */
static int runq_try(void *arg, size_t which)
{
	struct runq_source *s = arg;
	const struct object_setup setup = {
		.kernel = &s->kernel,
		.config = &s->cfg,
		.config_bytes = sizeof(s->cfg),
		.possible_cpus = s->runq.cpu_cnt,
		.configure = runq_configure,
		.check = runq_check,
		.arg = s,
	};
	bool refused = s->no_iterators;
	int err;

	if (refused && which == RUNQ_VARIANT_CORE)
		return -EOPNOTSUPP;
	err = object__try(&s->object, &runq_variants[which], &setup);
	if (!err || refused || !s->no_iterators)
		return err;
	return which == RUNQ_VARIANT_CORE ? -EOPNOTSUPP : runq_try(s, which);
}

static int runq_load(struct runq_source *s)
{
	int err = object_ask_kernel(&s->kernel);

	if (!err)
		err = object_try_variants(runq_variants, ARRAY_SIZE(runq_variants), runq_try, s);
	if (!err)
		err = object__map_control(&s->object);
	return err ? object_explain(err) : 0;
}

/* Rows of a map; DWELL_RUNQ_ROWS=N gives it N, for tests. */
static uint32_t runq_rows(uint32_t rows)
{
	const char *text = getenv("DWELL_RUNQ_ROWS");
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;

	return n && n < rows ? (uint32_t)n : rows;
}

static int runq_fill(struct runq_source *s, const struct targets *targets)
{
	const struct targets_maps maps = {
		.pids = object__map_fd(&s->object, "target_pids"),
		.tids = object__map_fd(&s->object, "target_tids"),
		.comm_glob = object__map_fd(&s->object, "comm_glob"),
	};
	int err = targets__fill(targets, &maps);

	if (!err)
		err = spill__init(&s->cells, "dwell_cells", object__map_fd(&s->object, "cells"),
				  sizeof(struct runq_cell_key), sizeof(struct runq_cell),
				  runq_rows(RUNQ_CELL_ROWS));
	if (!err)
		err = spill__init(&s->turns, "dwell_turns", object__map_fd(&s->object, "turns"),
				  sizeof(struct runq_turn_key), sizeof(struct runq_turn),
				  runq_rows(RUNQ_TURN_ROWS));
	return err;
}

struct runq_source *runq_source_open(const struct targets *targets, enum runq_by by)
{
	struct runq_source *s = calloc(1, sizeof(*s));
	int cpus = libbpf_num_possible_cpus(), err;

	if (!s)
		return NULL;
	s->runq = (struct runq_config){.by = by, .cpu_cnt = cpus > 0 ? (uint32_t)cpus : 1};
	err = cpus < 0 ? cpus : 0;
	if (!err)
		err = targets__watch(targets, &s->alive);
	if (!err)
		err = targets__configure(targets, &s->cfg);
	if (!err)
		err = runq_load(s);
	if (!err)
		err = runq_fill(s, targets);
	if (err) {
		runq_source__close(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void runq_source__close(struct runq_source *s)
{
	if (!s)
		return;
	object__fini(&s->object);
	spill__fini(&s->cells);
	spill__fini(&s->turns);
	alive__fini(&s->alive);
	free(s);
}

/* ---- running ---- */

static int runq_take_cell(void *arg, const void *key, const void *value)
{
	const struct runq_sink *sink = arg;

	return sink->cell(sink->arg, key, value);
}

static int runq_take_turn(void *arg, const void *key, const void *value)
{
	const struct runq_sink *sink = arg;

	return sink->turn(sink->arg, key, value);
}

int runq_source__drain(struct runq_source *s, const struct runq_sink *sink)
{
	struct runq_counters sums;
	int err = runq_source__counters(s, &sums);

	if (!err)
		err = spill__drain(&s->cells, runq_take_cell, (void *)sink);
	if (!err)
		err = spill__drain(&s->turns, runq_take_turn, (void *)sink);
	if (!err)
		s->drained_rows = sums.values[RUNQ_C_ROWS];
	return err;
}

bool runq_source__must_drain(struct runq_source *s)
{
	struct runq_counters sums;

	return !runq_source__counters(s, &sums) &&
	       sums.values[RUNQ_C_ROWS] - s->drained_rows > RUNQ_TURN_ROWS / 2;
}

int runq_source__start(struct runq_source *s, uint64_t *ret_ns)
{
	int err = object__attach(&s->object);

	if (!err)
		err = runq_iterate(s, "dwell_seed");
	if (!err)
		*ret_ns = object__start(&s->object);
	return err;
}

int runq_source__stop(struct runq_source *s, const struct runq_sink *sink, uint64_t *ret_ns)
{
	int err;

	*ret_ns = object__stop(&s->object);
	/* The swap waits for programs that still saw no end; only then nobody is at the states. */
	err = runq_source__drain(s, sink);
	if (!err)
		err = runq_iterate(s, "dwell_final");
	if (!err)
		err = runq_source__drain(s, sink);
	object__detach(&s->object);
	return err;
}

bool runq_source__alive(struct runq_source *s)
{
	return alive__any(&s->alive);
}

int runq_source__counters(const struct runq_source *s, struct runq_counters *ret)
{
	uint64_t values[RUNQ_COUNTER_CNT];
	int err = object__read_sums(&s->object, "runq_counters", s->runq.cpu_cnt, values,
				    RUNQ_COUNTER_CNT);

	for (size_t i = 0; !err && i < RUNQ_COUNTER_CNT; i++)
		ret->values[i] = values[i];
	return err;
}

int runq_source__untraced(const struct runq_source *s, uint64_t *ret_cnt)
{
	uint64_t values[WIRE_COUNTER_CNT];
	int err = object__read_sums(&s->object, "counters", s->runq.cpu_cnt, values,
				    WIRE_COUNTER_CNT);

	if (!err)
		*ret_cnt = values[WIRE_C_TASK_STATE_FULL];
	return err;
}

const char *runq_source__variant(const struct runq_source *s)
{
	return s->object.variant;
}

bool runq_source__sees_edges(const struct runq_source *s)
{
	return !s->no_iterators;
}

int runq_each_tracepoint(object_tracepoint_fn fn, void *arg)
{
	return object_each_tracepoint(&runq_variants[0], fn, arg);
}
