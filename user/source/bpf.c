/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "format/record.h"
#include "source/bpf_probes.h"
#include "source/bpf_rings.h"
#include "source/bpf_seeds.h"
#include "source/bpf_spill.h"
#include "source/bpf_unwind.h"
#include "source/glob.h"
#include "source/os_alive.h"
#include "source/os_maps.h"
#include "source/os_mmaps.h"
#include "source/os_target.h"
#include "source/os_usage.h"

#define BPF_SPILL_ROWS	     16384
#define BPF_STACK_SPILL_ROWS 512
#define BPF_EXIT_SPILL_ROWS  8192
#define BPF_ONLINE_EVERY_NS  1000000000ull
#define BPF_MAX_FILES	     65536 /* one per module, and a ring per CPU */
#define BPF_TABLES_WAIT_MS   10000 /* at the start, for the tables of what runs already */
#define BPF_MEMO_ENTRIES     4096
#define BPF_CACHED_RULES     16384

struct bpf_source {
	struct source base;
	struct module_table *modules;
	struct probes *probes;
	struct unwinder *unwinder; /* NULL: by frame pointers */
	struct rings rings;
	struct spill spill, stack_spill, exit_spill;
	struct seeds seeds;
	struct mmaps mmaps;
	struct alive alive; /* the targets whose end ends the run */
	uint64_t counters[WIRE_COUNTER_CNT];
	uint64_t drained_spills; /* counters at the last drain: what came since is in the maps */
	uint64_t next_online_ns;
	/* The consumer, during a call. */
	event_fn fn;
	void *arg;
};

static struct bpf_source *bpf_source_of(struct source *s)
{
	return (struct bpf_source *)s;
}

/* ---- records -> events ---- */

/* To the consumer, and then to those who follow the same events for their own ends. */
static int bpf_deliver(void *arg, const struct event *e)
{
	struct bpf_source *s = arg;
	int err = s->fn(s->arg, e);

	return err || !s->unwinder ? err : unwinder__learn(s->unwinder, e);
}

/* An interval from before the window has no stacks of its own: the iterator saw them. */
static int bpf_deliver_interval(struct bpf_source *s, const struct wire_interval *rec)
{
	struct wire_interval filled = *rec;
	struct event e = {.interval = &filled};
	const struct seed *seed;

	seed = seeds__find(&s->seeds, &rec->thread);
	if (seed && !filled.kernel_stack)
		filled.kernel_stack = seed->kernel_stack;
	if (seed && !filled.user_stack)
		filled.user_stack = seed->user_stack;
	return bpf_deliver(s, &e);
}

/* The kernel side lacks the mappings of an image: gives it what is known, or reads them. */
static int bpf_remap(struct bpf_source *s, const struct wire_remap *rec)
{
	int err;

	if (!s->unwinder || !unwinder__must_read(s->unwinder, rec))
		return 0;
	err = os_maps_read(&rec->image, s->modules, bpf_deliver, s);
	return err < 0 ? err : unwinder__was_read(s->unwinder, rec);
}

static int bpf_take(void *arg, const void *data, size_t len)
{
	struct bpf_source *s = arg;
	struct event e;
	int err = record_decode(data, len, &e);

	if (err)
		return err < 0 ? err : 0;
	if (e.h->kind == WIRE_SEED)
		return seeds__add(&s->seeds, (const struct wire_seed *)e.h, bpf_deliver, s);
	if (e.h->kind == WIRE_REMAP)
		return bpf_remap(s, (const struct wire_remap *)e.h);
	if (e.h->kind == WIRE_INTERVAL && (e.interval->wait.flags & WIRE_F_SEEDED))
		return bpf_deliver_interval(s, e.interval);
	err = mmaps__learn(&s->mmaps, &e);
	return err ? err : bpf_deliver(s, &e);
}

static int bpf_take_spill(void *arg, const void *key, const void *value)
{
	const struct spill_value *v = value;
	const struct spill_key *k = key;
	struct bpf_source *s = arg;
	struct wire_spill rec = {
		.h = {.kind = WIRE_SPILL, .size = sizeof(rec)},
		.thread = k->thread,
		.kernel_stack = k->kernel_stack,
		.user_stack = k->user_stack,
		.wait = k->wait,
		.cnt = v->cnt,
		.blocked_ns = v->blocked_ns,
		.runnable_ns = v->runnable_ns,
		.max_ns = v->max_ns,
	};
	const struct seed *seed;
	struct event e = {.spill = &rec};

	seed = rec.wait.flags & WIRE_F_SEEDED ? seeds__find(&s->seeds, &rec.thread) : NULL;
	if (seed && !rec.kernel_stack)
		rec.kernel_stack = seed->kernel_stack;
	if (seed && !rec.user_stack)
		rec.user_stack = seed->user_stack;
	return bpf_deliver(s, &e);
}

/* The values of the other two maps are whole records. */
static int bpf_take_spilled_record(void *arg, const void *key, const void *value)
{
	const struct wire_header *h = value;

	(void)key;
	return bpf_take(arg, value, h->size);
}

static int bpf_drain_spills(struct bpf_source *s)
{
	int err = spill__drain(&s->stack_spill, bpf_take_spilled_record, s);

	if (!err)
		err = spill__drain(&s->exit_spill, bpf_take_spilled_record, s);
	if (!err)
		err = spill__drain(&s->spill, bpf_take_spill, s);
	return err;
}

/* Rings first: what did not fit into them is in the spill maps, never the other way round. */
static int bpf_collect(struct bpf_source *s, bool drain)
{
	uint64_t spilled;
	int err = rings__consume(&s->rings);

	if (!err)
		err = probes__read_counters(s->probes, s->counters);
	if (err)
		return err;
	spilled = s->counters[WIRE_C_SPILLED_CNT] + s->counters[WIRE_C_STACK_SPILLED] +
		  s->counters[WIRE_C_EXIT_SPILLED];
	if (spilled != s->drained_spills || drain)
		err = bpf_drain_spills(s);
	s->drained_spills = spilled;
	if (!err)
		err = mmaps__deliver(&s->mmaps, bpf_deliver, s);
	return err || !s->unwinder ? err : unwinder__sync(s->unwinder);
}

static int bpf_deliver_round(struct bpf_source *s, uint64_t time_ns)
{
	union {
		struct wire_counters rec;
		uint64_t words[sizeof(struct wire_counters) / 8 + WIRE_COUNTER_CNT];
	} u = {.rec = {.h = {.kind = WIRE_COUNTERS, .size = sizeof(u)}, .cnt = WIRE_COUNTER_CNT}};
	struct wire_round round = {
		.h = {.kind = WIRE_ROUND, .size = sizeof(round)},
		.time_ns = time_ns,
	};
	struct event e = {.counters = &u.rec};
	int err;

	memcpy(u.rec.values, s->counters, sizeof(s->counters));
	u.rec.values[WIRE_C_MAPPING_LOST] = s->mmaps.lost_cnt;
	err = bpf_deliver(s, &e);
	e.round = &round;
	return err ? err : bpf_deliver(s, &e);
}

static int bpf_deliver_window(struct bpf_source *s, uint32_t edge, uint64_t monotonic_ns)
{
	struct wire_window rec = {
		.h = {.kind = WIRE_WINDOW, .size = sizeof(rec)},
		.monotonic_ns = monotonic_ns,
		.edge = edge,
	};
	struct event e = {.window = &rec};

	os_clock_offsets(monotonic_ns, &rec.boottime_ns, &rec.realtime_ns);
	return bpf_deliver(s, &e);
}

static int bpf_deliver_kernel(struct bpf_source *s)
{
	struct module like = {.kind = WIRE_MODULE_KERNEL, .path = (char *)"[kernel]", .fd = -1};
	struct module *kernel;
	bool added;

	kernel = module_table__intern(s->modules, &like, &added);
	return kernel ? os_maps_announce(kernel, bpf_deliver, s) : -errno;
}

/* The mappings of every process that sleeps now, and their tables; then the sleepers' user stacks. */
static int bpf_walk_seeds(struct bpf_source *s)
{
	const struct wire_image *last = NULL;
	int err = 0;

	if (!s->unwinder)
		return seeds__walk(&s->seeds, NULL, NULL, NULL, bpf_deliver, s);
	for (size_t i = 0; !err && i < s->seeds.walk_cnt; i++) {
		const struct wire_image *image = &s->seeds.walks[i].image;

		/* The iterator goes from thread to thread of a process. */
		if (last && !memcmp(last, image, sizeof(*image)))
			continue;
		last = image;
		err = os_maps_read(image, s->modules, bpf_deliver, s);
		err = err < 0 ? err : 0;
	}
	if (!err)
		err = unwinder__sync(s->unwinder);
	if (err)
		return err;
	unwinder__wait(s->unwinder, BPF_TABLES_WAIT_MS);
	/* Threads that went to sleep meanwhile could not be walked: once more, now that all is there. */
	seeds__clear(&s->seeds);
	err = probes__iterate(s->probes, PROBES_ITER_SEED, bpf_take, s);
	if (err)
		return err;
	return seeds__walk(&s->seeds, unwinder__tables(s->unwinder), unwinder__mappings,
			   s->unwinder, bpf_deliver, s);
}

/* ---- the source ---- */

static int bpf_start(struct source *base, event_fn fn, void *arg)
{
	struct bpf_source *s = bpf_source_of(base);
	uint64_t start_ns;
	int err;

	s->fn = fn;
	s->arg = arg;
	err = probes__attach(s->probes);
	if (!err)
		err = bpf_deliver_kernel(s);
	/* Before the window: a thread that sleeps now and wakes later still has its stack and its state. */
	if (!err)
		err = probes__iterate(s->probes, PROBES_ITER_SEED, bpf_take, s);
	if (!err)
		err = bpf_walk_seeds(s);
	if (err)
		return err;
	start_ns = probes__start(s->probes);
	return bpf_deliver_window(s, WIRE_WINDOW_START, start_ns);
}

static int bpf_poll(struct source *base, int timeout_ms, event_fn fn, void *arg)
{
	struct bpf_source *s = bpf_source_of(base);
	uint64_t now;
	int err;

	s->fn = fn;
	s->arg = arg;
	err = rings__wait(&s->rings, timeout_ms);
	now = os_monotonic_ns();
	if (!err && now >= s->next_online_ns) {
		err = rings__add_online(&s->rings);
		s->next_online_ns = now + BPF_ONLINE_EVERY_NS;
	}
	if (!err)
		err = bpf_collect(s, false);
	if (!err)
		err = bpf_deliver_round(s, now);
	if (err)
		return err;
	return alive__any(&s->alive) ? 1 : 0;
}

static int bpf_stop(struct source *base, event_fn fn, void *arg)
{
	struct bpf_source *s = bpf_source_of(base);
	uint64_t stop_ns;
	int err;

	s->fn = fn;
	s->arg = arg;
	stop_ns = probes__stop(s->probes);
	/* The swap of the spill maps waits for programs that still saw no end; what they sent comes after. */
	err = bpf_collect(s, true);
	if (!err)
		err = bpf_collect(s, true);
	if (!err)
		err = probes__iterate(s->probes, PROBES_ITER_FINAL, bpf_take, s);
	if (!err)
		err = bpf_collect(s, true);
	probes__detach(s->probes);
	if (!err)
		err = bpf_deliver_window(s, WIRE_WINDOW_END, stop_ns);
	return err ? err : bpf_deliver_round(s, os_monotonic_ns());
}

static int bpf_refresh(struct source *base, const struct wire_image *image, event_fn fn, void *arg)
{
	struct bpf_source *s = bpf_source_of(base);

	s->fn = fn;
	s->arg = arg;
	return os_maps_read(image, s->modules, bpf_deliver, s);
}

static void bpf_close(struct source *base)
{
	struct bpf_source *s = bpf_source_of(base);

	unwinder__free(s->unwinder);
	probes__free(s->probes);
	rings__fini(&s->rings);
	spill__fini(&s->spill);
	spill__fini(&s->stack_spill);
	spill__fini(&s->exit_spill);
	seeds__fini(&s->seeds);
	mmaps__fini(&s->mmaps);
	alive__fini(&s->alive);
	free(s);
}

static const struct source_ops bpf_ops = {
	.name = "bpf",
	.start = bpf_start,
	.poll = bpf_poll,
	.stop = bpf_stop,
	.refresh = bpf_refresh,
	.close = bpf_close,
};

/* ---- setting up ---- */

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
		.self_pid = (uint32_t)getpid(),
		.threads = o->threads,
		.min_ns = o->min_ns,
		.max_ns = o->max_ns,
		.state_mask = o->state_mask,
		.state_filter = o->state_filter,
		.kernel_stacks = 1, /* the blocking reason needs them, shown or not */
		.user_stacks = o->user_stacks,
		.thread_size_order = 14, /* THREAD_SIZE, x86-64 and arm64 with 4 KiB pages */
		.max_frames = o->max_frames,
		.ring_wake_bytes = ring_bytes / 4,
		.unwind = o->unwind == BPF_UNWIND_FP ? CONFIG_UNWIND_FP : CONFIG_UNWIND_CFI,
		.memo = bpf_memo_mode(),
	};
	int err = os_target_pidns(&cfg.pidns_inum);

	if (o->pid_cnt || o->command_pid)
		cfg.target |= CONFIG_TARGET_PIDS;
	if (o->tid_cnt)
		cfg.target |= CONFIG_TARGET_TIDS;
	if (o->comm_glob)
		cfg.target |= CONFIG_TARGET_COMM;
	if (o->children || o->command_pid)
		cfg.target |= CONFIG_TARGET_CHILDREN;
	if (!err && o->cgroup_path) {
		cfg.target |= CONFIG_TARGET_CGROUP;
		err = os_target_cgroup(o->cgroup_path, &cfg.cgroup_id, &cfg.cgroup_hierarchy);
	}
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
	int pids_fd = probes__map_fd(s->probes, PROBES_MAP_TARGET_PIDS);
	int tids_fd = probes__map_fd(s->probes, PROBES_MAP_TARGET_TIDS);
	struct target_pid target = {0};
	struct config_glob glob;
	uint32_t zero = 0;
	uint8_t one = 1;
	int err;

	for (size_t i = 0; i < o->pid_cnt; i++)
		if (bpf_map_update_elem(pids_fd, &o->pids[i], &target, BPF_ANY))
			return -errno;
	for (size_t i = 0; i < o->tid_cnt; i++)
		if (bpf_map_update_elem(tids_fd, &o->tids[i], &one, BPF_ANY))
			return -errno;
	target.after_exec = 1;
	if (o->command_pid && bpf_map_update_elem(pids_fd, &o->command_pid, &target, BPF_ANY))
		return -errno;
	if (!o->comm_glob)
		return 0;
	err = glob_compile(o->comm_glob, &glob);
	if (err)
		return err;
	return bpf_map_update_elem(probes__map_fd(s->probes, PROBES_MAP_COMM_GLOB), &zero, &glob,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

static int bpf_watch_targets(struct bpf_source *s, const struct bpf_opts *o)
{
	int err = 0;

	for (size_t i = 0; !err && i < o->pid_cnt; i++)
		err = alive__add_process(&s->alive, o->pids[i]);
	for (size_t i = 0; !err && i < o->tid_cnt; i++)
		err = alive__add_thread(&s->alive, o->tids[i]);
	if (!err && o->command_pid)
		err = alive__add_process(&s->alive, o->command_pid);
	return err;
}

/*
 * Mappings as they happen, where that is to be had: not for -p alone (an event on each thread would cost at
 * each switch, and a process that lives on can be asked), nor for names and v1 cgroups.
 */
static void bpf_watch_mappings(struct bpf_source *s, const struct bpf_opts *o)
{
	int err = 0;

	if (o->command_pid)
		err = mmaps__watch_thread(&s->mmaps, o->command_pid);
	else if (o->children)
		for (size_t i = 0; !err && i < o->pid_cnt; i++)
			err = mmaps__watch_process(&s->mmaps, o->pids[i]);
	else if (!o->pid_cnt && !o->tid_cnt && !o->comm_glob && !o->cgroup_path)
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

static int bpf_init_unwinder(struct bpf_source *s, const struct config *cfg,
			     const struct image_table *images)
{
	if (!cfg->user_stacks || cfg->unwind == CONFIG_UNWIND_FP)
		return 0;
	s->unwinder = unwinder__new(s->probes, images, s->modules, TABLES_MAX_BYTES);
	return s->unwinder ? 0 : -errno;
}

static int bpf_setup(struct bpf_source *s, const struct bpf_opts *o,
		     const struct image_table *images)
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
	err = mmaps__init(&s->mmaps, s->modules, possible_cpus);
	if (!err)
		err = bpf_watch_targets(s, o);
	if (!err)
		err = bpf_config(o, ring_bytes, &cfg);
	if (!err)
		err = probes__load(&cfg, o->unwind == BPF_UNWIND_CFI, possible_cpus, &s->probes);
	if (!err)
		err = bpf_init_unwinder(s, &cfg, images);
	if (!err)
		err = rings__init(&s->rings, probes__map_fd(s->probes, PROBES_MAP_RINGS),
				  possible_cpus, ring_bytes, bpf_take, s);
	if (!err)
		err = bpf_init_spills(s);
	if (!err)
		bpf_watch_mappings(s, o);
	return err ? err : bpf_fill_targets(s, o);
}

struct source *bpf_source_open(const struct bpf_opts *opts, struct module_table *modules,
			       const struct image_table *images)
{
	struct bpf_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->base.ops = &bpf_ops;
	s->modules = modules;
	err = bpf_setup(s, opts, images);
	if (err) {
		bpf_close(&s->base);
		errno = -err;
		return NULL;
	}
	return &s->base;
}

const char *bpf_source_variant(const struct source *s)
{
	return probes__variant(((const struct bpf_source *)s)->probes);
}

const char *bpf_source_unwind(const struct source *s)
{
	return ((const struct bpf_source *)s)->unwinder ? "cfi" : "fp";
}

void bpf_source_usage(const struct source *base, struct bpf_usage *ret)
{
	const struct bpf_source *s = (const struct bpf_source *)base;
	struct unwinder_usage u = {0};

	if (s->unwinder)
		u = unwinder__usage(s->unwinder);
	*ret = (struct bpf_usage){
		.kernel_bytes = os_usage_map_bytes() + mmaps__bytes(&s->mmaps),
		.own_bytes = os_usage_own_bytes(),
		.table_bytes = u.tables.used_bytes,
		.table_cnt = u.tables.table_cnt,
		.process_cnt = u.sets.image_cnt,
	};
}
