/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/bpf_snapshot.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"
#include "base/log.h"
#include "source/bpf_object.h"

extern const char bpf_snapshot_compat[], bpf_snapshot_compat_end[];
extern const char bpf_snapshot_minimal[], bpf_snapshot_minimal_end[];

static const struct object_variant snapshot_variants[] = {
	{"compat", bpf_snapshot_compat, bpf_snapshot_compat_end},
	{"minimal", bpf_snapshot_minimal, bpf_snapshot_minimal_end},
};

struct bpf_snapshot {
	struct object object;
	struct object_kernel kernel;
	struct config cfg;
	bool refused;
};

/* The consumer, during a look. */
struct snapshot_look {
	snapshot_fn fn;
	void *arg;
};

static int snapshot_take(void *arg, const void *data, size_t len)
{
	const struct snapshot_header *h = data;
	const struct snapshot_look *l = arg;
	size_t want = h->h.kind == SNAPSHOT_THREAD ? sizeof(struct snapshot_thread) : sizeof(*h);

	return len < want ? -EBADMSG : l->fn(l->arg, h);
}

int bpf_snapshot__look(struct bpf_snapshot *s, snapshot_fn fn, void *arg)
{
	struct timespec moment = {.tv_nsec = 1000};
	struct snapshot_look l = {fn, arg};

	/* Who looks has just come to its CPU then: see since.h. */
	nanosleep(&moment, NULL);
	return object__iterate(&s->object, "dwell_snapshot", snapshot_take, &l, &s->refused);
}

/* No thread has a state here. */
static int snapshot_configure(void *arg, struct bpf_object *obj)
{
	struct bpf_map *states = bpf_object__find_map_by_name(obj, "task_states");

	(void)arg;
	return states ? bpf_map__set_max_entries(states, 1) : 0;
}

static int snapshot_ignore(void *arg, const struct snapshot_header *h)
{
	(void)arg, (void)h;
	return 0;
}

/* A kernel may load an iterator and refuse to run it. */
static int snapshot_check(void *arg)
{
	return bpf_snapshot__look(arg, snapshot_ignore, NULL);
}

static int snapshot_try(void *arg, size_t which)
{
	struct bpf_snapshot *s = arg;
	const struct object_setup setup = {
		.kernel = &s->kernel,
		.config = &s->cfg,
		.config_bytes = sizeof(s->cfg),
		.possible_cpus = 1,
		.configure = snapshot_configure,
		.check = snapshot_check,
		.arg = s,
	};

	return object__try(&s->object, &snapshot_variants[which], &setup);
}

static int snapshot_fill(struct bpf_snapshot *s, const struct targets *targets)
{
	const struct targets_maps maps = {
		.pids = object__map_fd(&s->object, "target_pids"),
		.tids = object__map_fd(&s->object, "target_tids"),
		.comm_glob = object__map_fd(&s->object, "comm_glob"),
	};

	return targets__fill(targets, &maps);
}

struct bpf_snapshot *bpf_snapshot__open(const struct targets *targets, enum config_threads threads)
{
	struct bpf_snapshot *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->cfg.threads = threads;
	s->cfg.thread_size_order = 14;
	err = targets__configure(targets, &s->cfg);
	if (!err) {
		err = object_try_variants(snapshot_variants, ARRAY_SIZE(snapshot_variants),
					  snapshot_try, s);
		err = err ? object_explain(err) : snapshot_fill(s, targets);
	}
	if (err) {
		bpf_snapshot__close(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void bpf_snapshot__close(struct bpf_snapshot *s)
{
	if (!s)
		return;
	object__fini(&s->object);
	free(s);
}

const char *bpf_snapshot__variant(const struct bpf_snapshot *s)
{
	return s->object.variant;
}
