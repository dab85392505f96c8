/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "source/bpf_object.h"

extern const char bpf_object_core[], bpf_object_core_end[];
extern const char bpf_object_compat[], bpf_object_compat_end[];
extern const char bpf_object_bounded[], bpf_object_bounded_end[];
extern const char bpf_object_minimal[], bpf_object_minimal_end[];

/* In the order in which they are tried; those with walks of their own come first. */
static const struct object_variant probes_variants[] = {
	{"core", bpf_object_core, bpf_object_core_end},
	{"compat", bpf_object_compat, bpf_object_compat_end},
	{"bounded", bpf_object_bounded, bpf_object_bounded_end},
	{"minimal", bpf_object_minimal, bpf_object_minimal_end},
};

static const struct probes_trait {
	bool walks;  /* has walks of its own, by CFI */
	bool memo;   /* and remembers them */
	bool hashed; /* keeps the threads' state in a hash, which user space can fill and read */
} probes_traits[ARRAY_SIZE(probes_variants)] = {
	{.walks = true, .memo = true},
	{.walks = true, .memo = true, .hashed = true},
	{.walks = true, .hashed = true},
	{.hashed = true},
};

static const char *const probes_map_names[PROBES_MAP_CNT] = {
	[PROBES_MAP_RINGS] = "rings",
	[PROBES_MAP_SPILLS] = "spills",
	[PROBES_MAP_STACK_SPILLS] = "stack_spills",
	[PROBES_MAP_EXIT_SPILLS] = "exit_spills",
	[PROBES_MAP_TARGET_PIDS] = "target_pids",
	[PROBES_MAP_TARGET_TIDS] = "target_tids",
	[PROBES_MAP_COMM_GLOB] = "comm_glob",
	[PROBES_MAP_UNWIND_POOLS] = "unwind_pools",
	[PROBES_MAP_UNWIND_MODULES] = "unwind_modules",
	[PROBES_MAP_UNWIND_MAPPINGS] = "unwind_mappings",
	[PROBES_MAP_UNWIND_SETS] = "unwind_sets",
	[PROBES_MAP_STACKS_SENT] = "stacks_sent",
	[PROBES_MAP_PYTHONS] = "pythons",
	[PROBES_MAP_GOS] = "gos",
	[PROBES_MAP_TASK_STATES] = "task_states",
};

struct probes {
	struct object object;
	int counters_fd;
	uint32_t possible_cpus;
	struct counter_row *counters; /* room for one per CPU */
	bool iterators_refused;
};

struct counter_row {
	uint64_t values[WIRE_COUNTER_CNT];
};

/* What loading goes by, from variant to variant. */
struct probes_loading {
	struct probes *p;
	struct config *cfg;
	struct object_kernel kernel;
};

static int probes_configure(void *arg, struct bpf_object *obj)
{
	const struct config *cfg = ((const struct probes_loading *)arg)->cfg;
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_program(prog, obj)
	{
		if (cfg->proc_ids && object_is_iterator(prog))
			bpf_program__set_autoload(prog, false);
	}
	bpf_object__for_each_map(map, obj)
	{
		const char *name = bpf_map__name(map);

		if (!strcmp(name, "memo"))
			err = bpf_map__set_max_entries(map, cfg->memo_mask + 1);
		else if (!strcmp(name, "unwind_rules"))
			err = bpf_map__set_max_entries(map, cfg->cache_mask + 1);
		if (err)
			return err;
	}
	return 0;
}

int probes__iterate(struct probes *p, enum probes_iter which, probes_record_fn fn, void *arg)
{
	static const char *const names[] = {
		[PROBES_ITER_SEED] = "dwell_seed",
		[PROBES_ITER_FINAL] = "dwell_final",
		[PROBES_ITER_OPEN] = "dwell_open",
	};

	return object__iterate(&p->object, names[which], fn, arg, &p->iterators_refused);
}

/* Do the programs also work? 0, or -EOPNOTSUPP. */
static int probes_check(void *arg)
{
	const struct probes_loading *l = arg;

	return l->cfg->proc_ids ? 0 : object__check(&l->p->object, &l->p->iterators_refused);
}

static int probes_try(struct probes_loading *l, size_t which)
{
	const struct object_setup setup = {
		.kernel = &l->kernel,
		.config = l->cfg,
		.config_bytes = sizeof(*l->cfg),
		.possible_cpus = l->p->possible_cpus,
		.configure = probes_configure,
		.check = probes_check,
		.arg = l,
	};

	return object__try(&l->p->object, &probes_variants[which], &setup);
}

/* A variant as the configuration says, or without task iterators where they are refused. */
static int probes_try_either(void *arg, size_t which)
{
	const struct probes_trait *trait = &probes_traits[which];
	struct probes_loading *l = arg;
	struct config *cfg = l->cfg;
	int err;

	if (!trait->walks)
		cfg->unwind = CONFIG_UNWIND_FP;
	if (!trait->memo)
		cfg->memo = CONFIG_MEMO_OFF;
	err = cfg->proc_ids && !trait->hashed ? -EOPNOTSUPP : probes_try(l, which);
	if (!err || !l->p->iterators_refused || cfg->proc_ids)
		return err;
	cfg->proc_ids = 1;
	cfg->tick_ns = os_tick_ns();
	return trait->hashed ? probes_try(l, which) : -EOPNOTSUPP;
}

/* What an older kernel lacks (task storage, bpf_loop()...) a later variant does without. */
static int probes_try_all(struct probes *p, struct config *cfg, bool need_cfi)
{
	struct probes_loading l = {.p = p, .cfg = cfg};
	size_t cnt = 0;
	int err = object_ask_kernel(&l.kernel);

	if (err)
		return err;
	cfg->kernel_loads = l.kernel.has_loads;
	while (cnt < ARRAY_SIZE(probes_variants) && (probes_traits[cnt].walks || !need_cfi))
		cnt++;
	return object_try_variants(probes_variants, cnt, probes_try_either, &l);
}

int probes__load(struct config *cfg, bool need_cfi, uint32_t possible_cpus,
		 struct probes **ret_probes)
{
	struct probes *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->possible_cpus = possible_cpus;
	p->counters = calloc(possible_cpus, sizeof(*p->counters));
	err = p->counters ? probes_try_all(p, cfg, need_cfi) : -ENOMEM;
	if (!err)
		err = object__map_control(&p->object);
	if (err) {
		probes__free(p);
		return object_explain(err);
	}
	p->counters_fd = object__map_fd(&p->object, "counters");
	*ret_probes = p;
	return 0;
}

void probes__detach(struct probes *p)
{
	object__detach(&p->object);
}

void probes__free(struct probes *p)
{
	if (!p)
		return;
	object__fini(&p->object);
	free(p->counters);
	free(p);
}

int probes__attach(struct probes *p)
{
	return object__attach(&p->object);
}

int probes__map_fd(const struct probes *p, enum probes_map map)
{
	return object__map_fd(&p->object, probes_map_names[map]);
}

const char *probes__variant(const struct probes *p)
{
	return p->object.variant;
}

uint64_t probes__start(struct probes *p)
{
	return object__start(&p->object);
}

uint64_t probes__stop(struct probes *p)
{
	return object__stop(&p->object);
}

uint64_t probes__cut(struct probes *p)
{
	uint64_t ns = os_monotonic_ns();

	__atomic_store_n(&p->object.control->cut_ns, ns, __ATOMIC_SEQ_CST);
	return ns;
}

void probes__forget_walks(struct probes *p)
{
	__atomic_add_fetch(&p->object.control->memo_epoch, 1, __ATOMIC_SEQ_CST);
}

void probes__set_min_ns(struct probes *p, uint64_t min_ns)
{
	__atomic_store_n(&p->object.control->min_ns, min_ns, __ATOMIC_RELAXED);
}

uint64_t probes__min_ns(const struct probes *p)
{
	return __atomic_load_n(&p->object.control->min_ns, __ATOMIC_RELAXED);
}

uint64_t probes__leaving(const struct probes *p)
{
	return __atomic_load_n(&p->object.control->leaving, __ATOMIC_RELAXED);
}

bool probes__walks_python(const struct probes *p)
{
	return probes__map_fd(p, PROBES_MAP_PYTHONS) >= 0;
}

void probes__pythons_changed(struct probes *p)
{
	__atomic_add_fetch(&p->object.control->pythons, 1, __ATOMIC_SEQ_CST);
}

void probes__gos_changed(struct probes *p)
{
	__atomic_add_fetch(&p->object.control->gos, 1, __ATOMIC_SEQ_CST);
}

int probes__read_counters(const struct probes *p, uint64_t ret_values[WIRE_COUNTER_CNT])
{
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(p->counters_fd, &zero, p->counters))
		return -errno;
	for (size_t i = 0; i < WIRE_COUNTER_CNT; i++) {
		ret_values[i] = 0;
		for (uint32_t cpu = 0; cpu < p->possible_cpus; cpu++)
			ret_values[i] += p->counters[cpu].values[i];
	}
	return 0;
}

void probes__programs(const struct probes *p,
		      void (*fn)(void *arg, const struct object_program *prog), void *arg)
{
	object__programs(&p->object, fn, arg);
}

int probes_each_tracepoint(object_tracepoint_fn fn, void *arg)
{
	return object_each_tracepoint(&probes_variants[0], fn, arg);
}
