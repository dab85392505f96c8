/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "format/record.h"
#include "source/bpf_object.h"
#include "source/bpf_source.h"
#include "source/bpf_targets.h"
#include "source/live_events.h"
#include "source/os_maps.h"
#include "source/os_usage.h"

#define BPF_ONLINE_EVERY_NS	1000000000ull
#define BPF_TABLES_WAIT_MS	10000 /* at the start, for the tables of what runs already */
#define BPF_LAST_TABLES_WAIT_MS 1000  /* at the end, for those that copied stacks wait for */

static struct bpf_source *bpf_source_of(struct source *s)
{
	return (struct bpf_source *)s;
}

/* ---- records -> events ---- */

static bool bpf_has_python(const struct event *e)
{
	return e->h->kind == WIRE_STACK && (e->stack->flags >> WIRE_STACK_PYTHON_SHIFT & 0xff);
}

/* To the consumer, and then to those who follow the same events for their own ends. */
static int bpf_deliver(void *arg, const struct event *e)
{
	struct bpf_source *s = arg;
	int err;

	if (s->pythons && bpf_has_python(e))
		return pythons__deliver(s->pythons, e->stack, s->fn, s->arg);
	err = s->fn(s->arg, e);
	if (!err)
		err = jits__learn(&s->jits, e);
	if (!err && s->unwinder)
		err = unwinder__learn(s->unwinder, e);
	if (!err && s->gos)
		err = gos__learn(s->gos, e);
	return err || !s->pythons ? err : pythons__learn(s->pythons, e);
}

/* An interval from before the window has no stacks of its own: the iterator saw them. */
static int bpf_deliver_interval(struct bpf_source *s, const struct event *e)
{
	const struct wire_waker *waker = event__waker(e);
	struct wire_waked filled = {.interval = *e->interval};
	struct event out = {.interval = &filled.interval};
	const struct seed *seed;

	filled.interval.h.size = waker ? sizeof(filled) : sizeof(filled.interval);
	if (waker) {
		filled.waker = *waker;
		filled.lock = event__lock(e);
	}
	seed = seeds__find(&s->seeds, &filled.interval.thread);
	if (seed && !filled.interval.kernel_stack)
		filled.interval.kernel_stack = seed->kernel_stack;
	if (seed && !filled.interval.user_stack)
		filled.interval.user_stack = seed->user_stack;
	return bpf_deliver(s, &out);
}

static int bpf_read_maps(struct bpf_source *s, const struct wire_image *image)
{
	if (!edges__same_image(&s->edges, image))
		return 0;
	return os_maps_read(image, s->modules, bpf_deliver, s);
}

/* The kernel side lacks the mappings of an image: gives it what is known, or reads them. */
static int bpf_remap(struct bpf_source *s, const struct wire_remap *rec)
{
	int err;

	if (!s->unwinder || !unwinder__must_read(s->unwinder, rec))
		return 0;
	err = bpf_read_maps(s, &rec->image);
	return err < 0 ? err : unwinder__was_read(s->unwinder, rec);
}

static int bpf_take(void *arg, const void *data, size_t len)
{
	struct bpf_source *s = arg;
	struct event e;
	int err = record_decode(data, len, &e);

	s->rings.read_bytes += len + 8; /* with the header that the ring has */

	if (err)
		return err < 0 ? err : 0;
	if (e.h->kind == WIRE_SEED)
		return seeds__add(&s->seeds, (const struct wire_seed *)e.h, bpf_deliver, s);
	if (e.h->kind == WIRE_REMAP)
		return bpf_remap(s, (const struct wire_remap *)e.h);
	if (e.h->kind == WIRE_COPY)
		return s->unwinder ? copies__add(&s->copies, (const struct wire_copy *)e.h,
						 s->unwinder, bpf_deliver, s)
				   : 0;
	if (e.h->kind == WIRE_INTERVAL && (e.interval->wait.flags & WIRE_F_SEEDED))
		return bpf_deliver_interval(s, &e);
	err = mmaps__learn(&s->mmaps, &e);
	return err ? err : bpf_deliver(s, &e);
}

static int bpf_take_spill(void *arg, const void *key, const void *value)
{
	const struct spill_value *v = value;
	const struct spill_key *k = key;
	struct bpf_source *s = arg;
	struct wire_waked_spill waked = {
		.spill =
			{
				.h = {.kind = WIRE_SPILL,
				      .size = s->wakers ? sizeof(waked) : sizeof(waked.spill)},
				.thread = k->thread,
				.kernel_stack = k->kernel_stack,
				.user_stack = k->user_stack,
				.wait = k->wait,
				.cnt = v->cnt,
				.blocked_ns = v->blocked_ns,
				.runnable_ns = v->runnable_ns,
				.max_ns = v->max_ns,
			},
		.waker = k->waker,
		.lock = k->lock,
	};
	struct wire_spill *rec = &waked.spill;
	const struct seed *seed;
	struct event e = {.spill = rec};

	seed = rec->wait.flags & WIRE_F_SEEDED ? seeds__find(&s->seeds, &rec->thread) : NULL;
	if (seed && !rec->kernel_stack)
		rec->kernel_stack = seed->kernel_stack;
	if (seed && !rec->user_stack)
		rec->user_stack = seed->user_stack;
	return bpf_deliver(s, &e);
}

/* The values of the other two maps are whole records. */
static int bpf_take_spilled_record(void *arg, const void *key, const void *value)
{
	const struct wire_header *h = value;

	(void)key;
	return bpf_take(arg, value, h->size);
}

/* Only when something came into it: until a swap returns, which under load may take seconds, nothing is read. */
static int bpf_drain_spill(struct bpf_source *s, struct spill *spill, uint32_t counter,
			   spill_row_fn fn, bool always)
{
	uint64_t cnt = s->counters[counter];

	if (cnt == spill->drained_cnt && !always)
		return 0;
	spill->drained_cnt = cnt;
	return spill__drain(spill, fn, s);
}

/* Stacks first: intervals refer to them. */
static int bpf_drain_spills(struct bpf_source *s, bool always)
{
	int err = bpf_drain_spill(s, &s->stack_spill, WIRE_C_STACK_SPILLED, bpf_take_spilled_record,
				  always);

	if (!err)
		err = bpf_drain_spill(s, &s->exit_spill, WIRE_C_EXIT_SPILLED,
				      bpf_take_spilled_record, always);
	if (!err)
		err = bpf_drain_spill(s, &s->spill, WIRE_C_SPILLED_CNT, bpf_take_spill, always);
	return err;
}

/* Rings first: what did not fit into them is in the spill maps, never the other way round. */
static int bpf_collect(struct bpf_source *s, bool drain)
{
	int err = rings__consume(&s->rings);

	if (!err)
		err = probes__read_counters(s->probes, s->counters);
	if (!err)
		err = bpf_drain_spills(s, drain);
	if (!err)
		err = mmaps__deliver(&s->mmaps, bpf_deliver, s);
	if (err || !s->unwinder)
		return err;
	err = unwinder__sync(s->unwinder);
	return err ? err
		   : copies__walk(&s->copies, s->unwinder, os_monotonic_ns(), false, bpf_deliver,
				  s);
}

static int bpf_deliver_round(struct bpf_source *s, uint64_t time_ns)
{
	__u64 values[WIRE_COUNTER_CNT];

	memcpy(values, s->counters, sizeof(values));
	values[WIRE_C_MAPPING_LOST] = s->mmaps.lost_cnt;
	edges__count(&s->edges, values);
	if (s->pythons)
		pythons__count(s->pythons, values);
	return live_events_round((const uint64_t *)values, time_ns, bpf_deliver, s);
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
		err = bpf_read_maps(s, image);
		err = err < 0 ? err : 0;
	}
	if (!err)
		err = unwinder__sync(s->unwinder);
	if (err)
		return err;
	unwinder__wait(s->unwinder, BPF_TABLES_WAIT_MS);
	/* Threads that went to sleep meanwhile could not be walked: once more, now that all is there. */
	seeds__clear(&s->seeds);
	err = edges__seed(&s->edges, bpf_take, s);
	if (err)
		return err;
	return seeds__walk(&s->seeds, unwinder__tables(s->unwinder), unwinder__mappings,
			   s->unwinder, bpf_deliver, s);
}

/* ---- the source ---- */

static int bpf_start(struct source *base, event_fn fn, void *arg)
{
	struct bpf_source *s = bpf_source_of(base);
	int err;

	s->fn = fn;
	s->arg = arg;
	err = probes__attach(s->probes);
	if (!err)
		err = live_events_kernel(s->modules, bpf_deliver, s, NULL);
	/* Before the window: a thread that sleeps now and wakes later still has its stack and its state. */
	if (!err)
		err = edges__seed(&s->edges, bpf_take, s);
	if (!err)
		err = bpf_walk_seeds(s);
	if (err)
		return err;
	s->start_ns = probes__start(s->probes);
	return live_events_window(WIRE_WINDOW_START, s->start_ns, bpf_deliver, s);
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
	err = s->gos ? gos__poll(s->gos, now) : 0;
	if (err)
		return err;
	jits__poll(&s->jits, now);
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
	if (!err && s->unwinder) {
		unwinder__wait(s->unwinder, BPF_LAST_TABLES_WAIT_MS);
		err = copies__walk(&s->copies, s->unwinder, os_monotonic_ns(), true, bpf_deliver,
				   s);
	}
	if (!err)
		err = edges__final(&s->edges, s->start_ns, stop_ns, bpf_take, s);
	if (!err)
		edges__await_leaving(&s->edges);
	if (!err)
		err = bpf_collect(s, true);
	probes__detach(s->probes);
	if (!err)
		err = live_events_window(WIRE_WINDOW_END, stop_ns, bpf_deliver, s);
	if (!err)
		err = bpf_deliver_round(s, os_monotonic_ns());
	jits__finish(&s->jits);
	return err;
}

static int bpf_refresh(struct source *base, const struct wire_image *image, event_fn fn, void *arg)
{
	struct bpf_source *s = bpf_source_of(base);

	s->fn = fn;
	s->arg = arg;
	return bpf_read_maps(s, image);
}

static int bpf_locate(struct source *base, const struct wire_image *image, uint64_t addr,
		      event_fn fn, void *arg)
{
	struct bpf_source *s = bpf_source_of(base);

	s->fn = fn;
	s->arg = arg;
	return os_maps_locate(image, addr, bpf_deliver, s);
}

/* The cut's time is delivered with the records: it must be known before the first. */
static int bpf_cut(struct source *base, event_fn fn, void *arg, uint64_t *ret_ns)
{
	struct bpf_source *s = bpf_source_of(base);

	s->fn = fn;
	s->arg = arg;
	*ret_ns = probes__cut(s->probes);
	return edges__open(&s->edges, s->start_ns, *ret_ns, bpf_take, s);
}

static int bpf_forget(struct source *base, const uint64_t *ids, size_t cnt)
{
	struct bpf_source *s = bpf_source_of(base);
	int sent = probes__map_fd(s->probes, PROBES_MAP_STACKS_SENT);

	/* Those that the map has thrown out itself are missing: as good. */
	for (size_t i = 0; i < cnt; i++)
		if (bpf_map_delete_elem(sent, &ids[i]) && errno != ENOENT)
			return -errno;
	/* Last: a walk that is remembered is not looked up there, and none of before may outlive the entries. */
	probes__forget_walks(s->probes);
	return 0;
}

static int bpf_swept(struct source *base)
{
	struct bpf_source *s = bpf_source_of(base);
	int err;

	mmaps__forget(&s->mmaps, s->images);
	jits__forget(&s->jits);
	err = s->gos ? gos__forget(s->gos) : 0;
	return err || !s->pythons ? err : pythons__forget(s->pythons);
}

static void bpf_close(struct source *base)
{
	struct bpf_source *s = bpf_source_of(base);

	unwinder__free(s->unwinder);
	pythons__free(s->pythons);
	gos__free(s->gos);
	probes__free(s->probes);
	rings__fini(&s->rings);
	spill__fini(&s->spill);
	spill__fini(&s->stack_spill);
	spill__fini(&s->exit_spill);
	seeds__fini(&s->seeds);
	copies__fini(&s->copies);
	edges__fini(&s->edges);
	mmaps__fini(&s->mmaps);
	jits__fini(&s->jits);
	alive__fini(&s->alive);
	free(s);
}

static const struct source_ops bpf_ops = {
	.name = "bpf",
	.start = bpf_start,
	.poll = bpf_poll,
	.stop = bpf_stop,
	.refresh = bpf_refresh,
	.locate = bpf_locate,
	.cut = bpf_cut,
	.forget = bpf_forget,
	.swept = bpf_swept,
	.close = bpf_close,
};

struct source *bpf_source_open(const struct bpf_opts *opts, struct module_table *modules,
			       const struct image_table *images)
{
	struct bpf_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->base.ops = &bpf_ops;
	s->modules = modules;
	s->images = images;
	err = bpf_setup(s, opts, bpf_take);
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

bool bpf_source_python(const struct source *s)
{
	return ((const struct bpf_source *)s)->pythons;
}

const char *bpf_source_edges(const struct source *s)
{
	return ((const struct bpf_source *)s)->edges.cfg.proc_ids ? "proc" : "iterators";
}

void bpf_source_set_min_ns(struct source *base, uint64_t min_ns)
{
	probes__set_min_ns(bpf_source_of(base)->probes, min_ns);
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

static void bpf_add_program(void *arg, const struct object_program *p)
{
	struct bpf_stats *st = arg;

	if (st->program_cnt == BPF_STATS_MAX_PROGRAMS)
		return;
	st->programs[st->program_cnt++] = (struct bpf_program_stats){.name = p->name,
								     .attached = p->attached,
								     .run_cnt = p->run_cnt,
								     .run_ns = p->run_ns};
}

void bpf_source_stats(struct source *base, struct bpf_stats *ret)
{
	struct bpf_source *s = bpf_source_of(base);
	struct unwinder_usage u;

	*ret = (struct bpf_stats){
		.ring_used_bytes = rings__high_bytes(&s->rings),
		.ring_bytes = rings__bytes(&s->rings),
	};
	probes__programs(s->probes, bpf_add_program, ret);
	if (!s->unwinder)
		return;
	u = unwinder__usage(s->unwinder);
	ret->table_cnt = u.tables.table_cnt;
	ret->max_tables = UNWIND_MAX_MODULES;
	ret->image_cnt = u.sets.image_cnt;
	ret->max_images = UNWIND_MAX_SETS;
}
