/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* How the source of events that BPF programs see is made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "source/bpf_source.h"
#include "source/bpf_targets.h"

#define BPF_SPILL_ROWS	     16384
#define BPF_STACK_SPILL_ROWS 512
#define BPF_EXIT_SPILL_ROWS  8192
#define BPF_MAX_FILES	     65536 /* one per module, and a ring per CPU */
#define BPF_MEMO_ENTRIES     4096
#define BPF_CACHED_RULES     16384

/* For tests and benchmarks. */
static enum config_memo bpf_memo_mode(void)
{
	const char *mode = getenv("DWELL_MEMO");

	if (!mode || !strcmp(mode, "on"))
		return CONFIG_MEMO_ON;
	if (!strcmp(mode, "verify"))
		return CONFIG_MEMO_VERIFY;
	return strcmp(mode, "broken") ? CONFIG_MEMO_OFF : CONFIG_MEMO_BROKEN;
}

static int bpf_config(const struct bpf_opts *o, uint32_t ring_bytes, struct config *ret_cfg)
{
	struct config cfg = {
		.threads = o->threads,
		.min_ns = o->min_ns,
		.max_ns = o->max_ns,
		.state_mask = o->state_mask,
		.state_filter = o->state_filter,
		.kernel_stacks = 1, /* the blocking reason needs them, shown or not */
		.user_stacks = o->user_stacks,
		.wakers = o->wakers,
		.thread_size_order = 14, /* THREAD_SIZE, x86-64 and arm64 with 4 KiB pages */
		.max_frames = o->max_frames,
		.ring_wake_bytes = ring_bytes / 4,
		.unwind = o->unwind == BPF_UNWIND_FP ? CONFIG_UNWIND_FP : CONFIG_UNWIND_CFI,
		.memo = bpf_memo_mode(),
	};
	int err = targets__configure(&o->targets, &cfg);

	if (cfg.memo != CONFIG_MEMO_OFF)
		cfg.memo_mask = BPF_MEMO_ENTRIES - 1;
	else
		cfg.memo_mask = 1;
	if (cfg.unwind == CONFIG_UNWIND_CFI && cfg.user_stacks)
		cfg.cache_mask = BPF_CACHED_RULES - 1;
	if (!err)
		*ret_cfg = cfg;
	return err;
}

static int bpf_fill_targets(struct bpf_source *s, const struct bpf_opts *o)
{
	const struct targets_maps maps = {
		.pids = probes__map_fd(s->probes, PROBES_MAP_TARGET_PIDS),
		.tids = probes__map_fd(s->probes, PROBES_MAP_TARGET_TIDS),
		.comm_glob = probes__map_fd(s->probes, PROBES_MAP_COMM_GLOB),
	};

	return targets__fill(&o->targets, &maps);
}

/*
 * Mappings as they happen, where that is to be had: not for -p alone (an event on each thread would cost at
 * each switch, and a process that lives on can be asked), nor for names and v1 cgroups.
 */
static void bpf_watch_mappings(struct bpf_source *s, const struct targets *t)
{
	int err = 0;

	if (t->command_pid)
		err = mmaps__watch_thread(&s->mmaps, t->command_pid);
	else if (t->children)
		for (size_t i = 0; !err && i < t->pid_cnt; i++)
			err = mmaps__watch_process(&s->mmaps, t->pids[i]);
	else if (!t->pid_cnt && !t->tid_cnt && !t->comm_glob && !t->cgroup_path)
		err = mmaps__watch_system(&s->mmaps);
	if (err)
		log_debug("mappings are read from /proc only: perf_event_open: %s", strerror(-err));
}

static int bpf_init_spills(struct bpf_source *s)
{
	int err;

	err = spill__init(&s->spill, "dwell_spill", probes__map_fd(s->probes, PROBES_MAP_SPILLS),
			  sizeof(struct spill_key), sizeof(struct spill_value), BPF_SPILL_ROWS);
	if (!err)
		err = spill__init(&s->stack_spill, "dwell_stacks",
				  probes__map_fd(s->probes, PROBES_MAP_STACK_SPILLS),
				  sizeof(uint64_t), sizeof(struct wire_stack) + 8 * WIRE_MAX_FRAMES,
				  BPF_STACK_SPILL_ROWS);
	if (!err)
		err = spill__init(&s->exit_spill, "dwell_exits",
				  probes__map_fd(s->probes, PROBES_MAP_EXIT_SPILLS),
				  sizeof(struct wire_thread_key), sizeof(struct wire_summary),
				  BPF_EXIT_SPILL_ROWS);
	return err;
}

/* Every module is kept open until the end, so that its symbols outlive it. */
static void bpf_raise_file_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) || lim.rlim_cur >= BPF_MAX_FILES)
		return;
	lim.rlim_cur = lim.rlim_max < BPF_MAX_FILES ? lim.rlim_max : BPF_MAX_FILES;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static int bpf_init_unwinder(struct bpf_source *s, const struct config *cfg)
{
	if (!cfg->user_stacks)
		return 0;
	if (probes__walks_python(s->probes)) {
		s->gos = gos__new(s->probes, s->modules, s->images);
		if (!s->gos)
			return -errno;
		s->seeds.gos = s->copies.gos = s->gos;
	}
	if (cfg->unwind == CONFIG_UNWIND_FP)
		return 0;
	s->unwinder = unwinder__new(s->probes, s->images, s->modules, TABLES_MAX_BYTES);
	if (!s->unwinder)
		return -errno;
	if (s->edges.no_python || !probes__walks_python(s->probes))
		return 0;
	s->pythons = pythons__new(s->probes, s->modules, s->images);
	s->seeds.pythons = s->pythons;
	return s->pythons ? 0 : -errno;
}

int bpf_setup(struct bpf_source *s, const struct bpf_opts *o, rings_record_fn take)
{
	uint32_t possible_cpus, ring_bytes;
	struct config cfg;
	int cpus = rings_possible_cpus(), err;

	if (cpus < 0)
		return cpus;
	possible_cpus = (uint32_t)cpus;
	ring_bytes = o->ring_bytes ? (uint32_t)o->ring_bytes : rings_default_bytes(possible_cpus);
	bpf_raise_file_limit();
	seeds__init(&s->seeds, o->user_stacks, o->max_frames);
	copies__init(&s->copies, o->max_frames);
	jits__init(&s->jits, s->modules);
	err = mmaps__init(&s->mmaps, s->modules, possible_cpus);
	if (!err)
		err = targets__watch(&o->targets, &s->alive);
	if (!err)
		err = bpf_config(o, ring_bytes, &cfg);
	if (!err)
		err = probes__load(&cfg, o->unwind == BPF_UNWIND_CFI, possible_cpus, &s->probes);
	if (!err)
		edges__init(&s->edges, s->probes, &cfg, o);
	if (!err)
		err = bpf_init_unwinder(s, &cfg);
	if (!err)
		err = rings__init(&s->rings, probes__map_fd(s->probes, PROBES_MAP_RINGS),
				  possible_cpus, ring_bytes, take, s);
	if (!err)
		err = bpf_init_spills(s);
	if (!err)
		bpf_watch_mappings(s, &o->targets);
	return err ? err : bpf_fill_targets(s, o);
}
