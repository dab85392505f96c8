/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "source/bpf_go.h"
#include "source/bpf_python.h"
#include "source/bpf_seeds.h"
#include "source/bpf_snapshot.h"
#include "source/bpf_unwind.h"
#include "source/live_events.h"
#include "source/os_jit.h"
#include "source/os_maps.h"
#include "source/os_sched.h"
#include "source/proc_snapshot.h"

#define SNAPSHOT_TABLES_WAIT_MS 10000
#define SNAPSHOT_MAX_CNT	(1u << 22)

struct snapshot_source {
	struct source base;
	struct snapshot_opts opts;
	struct module_table *modules;
	const struct image_table *images;
	struct bpf_snapshot *kernel; /* NULL: by /proc */
	struct proc_snapshot proc;
	char refusal[256];
	struct unwinder *unwinder; /* NULL: no user stacks are wanted */
	struct pythons *pythons;   /* NULL: nor Python's functions */
	struct gos *gos;	   /* NULL: nor user stacks */
	struct seeds seeds;
	struct jits jits;
	struct since since;
	struct snapshot_counts counts;
	struct wire_interval *waits; /* of those that are delivered */
	size_t wait_cnt, wait_cap;
	uint64_t now_ns;
	/* The consumer, during a call. */
	event_fn fn;
	void *arg;
};

static struct snapshot_source *snapshot_of(const struct source *s)
{
	return (struct snapshot_source *)s;
}

/* ---- events ---- */

static bool snapshot_has_python(const struct event *e)
{
	return e->h->kind == WIRE_STACK && (e->stack->flags >> WIRE_STACK_PYTHON_SHIFT & 0xff);
}

static int snapshot_deliver(void *arg, const struct event *e)
{
	struct snapshot_source *s = arg;
	int err;

	if (s->pythons && snapshot_has_python(e))
		return pythons__deliver(s->pythons, e->stack, s->fn, s->arg);
	err = s->fn(s->arg, e);
	if (!err)
		err = jits__learn(&s->jits, e);
	if (!err && s->gos)
		err = gos__learn(s->gos, e);
	return err || !s->pythons ? err : pythons__learn(s->pythons, e);
}

/* With the stacks that the thread waits in. */
static int snapshot_deliver_waits(struct snapshot_source *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->wait_cnt; i++) {
		struct event e = {.interval = &s->waits[i]};
		const struct seed *seed = seeds__find(&s->seeds, &s->waits[i].thread);

		if (seed) {
			s->waits[i].kernel_stack = seed->kernel_stack;
			s->waits[i].user_stack = seed->user_stack;
		}
		err = snapshot_deliver(s, &e);
	}
	return err;
}

static int snapshot_deliver_round(struct snapshot_source *s)
{
	__u64 values[WIRE_COUNTER_CNT] = {0};

	if (s->pythons)
		pythons__count(s->pythons, values);
	return live_events_round((const uint64_t *)values, s->now_ns, snapshot_deliver, s);
}

/* ---- looking ---- */

/* Counts the thread. Is it to be shown? */
static bool snapshot_wants(struct snapshot_source *s, const struct snapshot_thread *t,
			   const struct off_cpu *off)
{
	bool unknown = off->at_least && off->out_ns == t->head.now_ns;

	if (t->state != SNAPSHOT_BLOCKED) {
		s->counts.runnable++;
		return s->opts.all;
	}
	s->counts.blocked++;
	if (!unknown && t->head.now_ns - off->out_ns < s->opts.longer_ns)
		return s->opts.all;
	s->counts.longer++;
	s->counts.unknown += unknown;
	return true;
}

static int snapshot_keep(struct snapshot_source *s, const struct snapshot_thread *t,
			 const struct off_cpu *off)
{
	struct wire_interval rec = {
		.h = {.kind = WIRE_INTERVAL, .size = sizeof(rec)},
		.thread = t->seed.key,
		.out_ns = off->out_ns,
		.wake_ns = off->wake_ns,
		.in_ns = t->head.now_ns,
		.wait = t->wait,
	};
	int err = array__grow((void **)&s->waits, &s->wait_cap, s->wait_cnt + 1, sizeof(*s->waits),
			      SNAPSHOT_MAX_CNT);

	if (err)
		return err;
	rec.wait.flags |= WIRE_F_OPEN;
	if (off->at_least)
		rec.wait.flags |= WIRE_F_AT_LEAST;
	if (t->state != SNAPSHOT_BLOCKED)
		rec.wait.flags |= WIRE_F_PREEMPT;
	s->waits[s->wait_cnt++] = rec;
	return seeds__add(&s->seeds, &t->seed, snapshot_deliver, s);
}

static int snapshot_take(void *arg, const struct snapshot_header *h)
{
	const struct snapshot_thread *t = (const struct snapshot_thread *)h;
	struct snapshot_source *s = arg;
	bool target = h->h.kind == SNAPSHOT_THREAD;
	struct off_cpu off;
	int err;

	err = s->kernel ? since__learn(&s->since, h, !target || t->state == SNAPSHOT_BLOCKED)
			: proc_snapshot__learn(&s->since, h);
	if (err || !target)
		return err;
	if (t->state == SNAPSHOT_RUNNING) {
		s->counts.running++;
		return 0;
	}
	off = since__ask(&s->since, h, (enum snapshot_state)t->state);
	return snapshot_wants(s, t, &off) ? snapshot_keep(s, t, &off) : 0;
}

static int snapshot_look(struct snapshot_source *s)
{
	int err;

	seeds__clear(&s->seeds);
	s->counts = (struct snapshot_counts){.running = 0};
	s->wait_cnt = 0;
	if (s->kernel)
		return bpf_snapshot__look(s->kernel, snapshot_take, s);
	err = proc_snapshot__look(&s->proc, snapshot_take, s, snapshot_deliver, s);
	s->counts.hidden = s->proc.hidden_cnt;
	s->counts.part = s->proc.part_cnt;
	return err;
}

static const struct unwind_mapping *
snapshot_mappings(void *unwinder, const struct wire_image *image, uint32_t *ret_cnt)
{
	return unwinder__known_mappings(unwinder, image, ret_cnt);
}

/* The mappings of the processes whose threads are to be walked, and their tables. */
static int snapshot_read_maps(struct snapshot_source *s)
{
	uint32_t cnt;
	int err = 0;

	for (size_t i = 0; err >= 0 && i < s->seeds.walk_cnt; i++) {
		const struct wire_image *image = &s->seeds.walks[i].image;

		if (image_table__find(s->images, image))
			continue;
		err = os_maps_read(image, s->modules, snapshot_deliver, s);
		if (err > 0)
			unwinder__known_mappings(s->unwinder, image, &cnt);
	}
	if (err >= 0)
		unwinder__wait(s->unwinder, SNAPSHOT_TABLES_WAIT_MS);
	return err < 0 ? err : 0;
}

/*
 * Twice: making tables may take seconds, and a thread that ran since it was looked at has no stack. The first look also
 * teaches how the clocks go.
 */
static int snapshot_look_twice(struct snapshot_source *s)
{
	int err = snapshot_look(s);

	if (!err && s->unwinder)
		err = snapshot_read_maps(s);
	if (!err)
		err = snapshot_look(s);
	s->now_ns = os_monotonic_ns();
	if (err || !s->unwinder)
		return err;
	/* Who came meanwhile. */
	err = snapshot_read_maps(s);
	return err ? err
		   : seeds__walk(&s->seeds, unwinder__tables(s->unwinder), snapshot_mappings,
				 s->unwinder, snapshot_deliver, s);
}

/* ---- the source ---- */

static int snapshot_start(struct source *base, event_fn fn, void *arg)
{
	struct snapshot_source *s = snapshot_of(base);
	int err;

	s->fn = fn;
	s->arg = arg;
	err = live_events_kernel(s->modules, snapshot_deliver, s, &s->proc.kernel_module);
	if (!err)
		err = snapshot_look_twice(s);
	if (!err)
		err = live_events_window(WIRE_WINDOW_START, s->now_ns, snapshot_deliver, s);
	return err ? err : snapshot_deliver_waits(s);
}

/* It has said all. */
static int snapshot_poll(struct source *base, int timeout_ms, event_fn fn, void *arg)
{
	(void)base, (void)timeout_ms, (void)fn, (void)arg;
	return 0;
}

static int snapshot_stop(struct source *base, event_fn fn, void *arg)
{
	struct snapshot_source *s = snapshot_of(base);
	int err;

	s->fn = fn;
	s->arg = arg;
	err = live_events_window(WIRE_WINDOW_END, s->now_ns, snapshot_deliver, s);
	if (!err)
		err = snapshot_deliver_round(s);
	jits__finish(&s->jits);
	return err;
}

static int snapshot_refresh(struct source *base, const struct wire_image *image, event_fn fn,
			    void *arg)
{
	struct snapshot_source *s = snapshot_of(base);

	s->fn = fn;
	s->arg = arg;
	return os_maps_read(image, s->modules, snapshot_deliver, s);
}

static void snapshot_close(struct source *base)
{
	struct snapshot_source *s = snapshot_of(base);

	unwinder__free(s->unwinder);
	pythons__free(s->pythons);
	gos__free(s->gos);
	bpf_snapshot__close(s->kernel);
	proc_snapshot__fini(&s->proc);
	seeds__fini(&s->seeds);
	jits__fini(&s->jits);
	since__fini(&s->since);
	free(s->waits);
	free(s);
}

static const struct source_ops snapshot_ops = {
	.name = "snapshot",
	.start = snapshot_start,
	.poll = snapshot_poll,
	.stop = snapshot_stop,
	.refresh = snapshot_refresh,
	.close = snapshot_close,
};

/* ---- setting up ---- */

static int snapshot_init_stacks(struct snapshot_source *s)
{
	const struct snapshot_opts *o = &s->opts;

	seeds__init(&s->seeds, o->user_stacks, o->max_frames);
	if (!o->user_stacks)
		return 0;
	s->unwinder = unwinder__new(NULL, s->images, s->modules, TABLES_MAX_BYTES);
	if (s->unwinder)
		s->gos = gos__new(NULL, s->modules, s->images);
	if (!s->gos)
		return -errno;
	s->seeds.gos = s->gos;
	if (o->no_python)
		return 0;
	s->pythons = pythons__new(NULL, s->modules, s->images);
	s->seeds.pythons = s->pythons;
	return s->pythons ? 0 : -errno;
}

/* Are there such targets at all? */
static int snapshot_check_targets(const struct snapshot_opts *o, struct config *ret_cfg)
{
	struct alive alive = {.items = NULL};
	int err = targets__watch(&o->targets, &alive);

	alive__fini(&alive);
	return err ? err : targets__configure(&o->targets, ret_cfg);
}

static int snapshot_setup(struct snapshot_source *s)
{
	struct config cfg = {.threads = s->opts.threads, .proc_ids = 1};
	int err = snapshot_check_targets(&s->opts, &cfg);

	cfg.tick_ns = os_tick_ns();
	jits__init(&s->jits, s->modules);
	since__init(&s->since);
	s->since.fair_is_ext = os_sched_is_ext();
	if (!err)
		err = proc_snapshot__init(&s->proc, &s->opts.targets, &cfg, 0);
	if (!err)
		err = snapshot_init_stacks(s);
	if (err)
		return err;
	s->kernel = bpf_snapshot__open(&s->opts.targets, s->opts.threads);
	if (!s->kernel)
		snprintf(s->refusal, sizeof(s->refusal), "%s", error_text(-errno));
	return 0;
}

struct source *snapshot_source_open(const struct snapshot_opts *opts, struct module_table *modules,
				    const struct image_table *images)
{
	struct snapshot_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->base.ops = &snapshot_ops;
	s->opts = *opts;
	s->modules = modules;
	s->images = images;
	err = snapshot_setup(s);
	if (err) {
		snapshot_close(&s->base);
		errno = -err;
		return NULL;
	}
	return &s->base;
}

const char *snapshot_source_origin(const struct source *s)
{
	return snapshot_of(s)->kernel ? "iterators" : "proc";
}

const char *snapshot_source_refusal(const struct source *s)
{
	return snapshot_of(s)->refusal;
}

struct snapshot_counts snapshot_source_counts(const struct source *s)
{
	return snapshot_of(s)->counts;
}
