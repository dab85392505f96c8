/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * --go: the goroutines of Go programs. To read a process's memory, and to open a program, may take its time, which the collector does
 * not have; and nothing of the model is needed for it but which processes there are. So a thread of its own does it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "output/go_metrics_text.h"
#include "serve_go.h"

#define GO_MAX_TARGETS	(1u << 22)
#define GO_LONGEST_WAIT 100000000ull /* for something to do, so that it ends soon when it shall */

/* ---- the collector's part ---- */

/* Processes are known by their first threads. */
static bool go_is_target(const struct thread *th)
{
	const uint32_t no = WIRE_THREAD_EXITED | WIRE_THREAD_KTHREAD | WIRE_THREAD_WAKER;

	return th->tid == th->pid && !(th->flags & no);
}

static int go_list_targets(const struct thread_table *threads, struct go_targets *t)
{
	int err = 0;

	t->cnt = 0;
	for (size_t i = 0; !err && i < threads->cnt; i++) {
		const struct thread *th = &threads->items[i];
		const struct thread_name *name = thread__find_name(th, THREAD_NEWEST_NAME);

		if (!name || !go_is_target(th))
			continue;
		err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
				  GO_MAX_TARGETS);
		if (!err)
			t->items[t->cnt++] = (struct go_target){name->image, th->cgroup_id};
	}
	return err;
}

int serve_go_tick(struct serve *s)
{
	struct serve_go *g = s->go;
	int err;

	if (!g)
		return 0;
	os_mutex__lock(&g->lock);
	err = g->err;
	if (!err)
		err = go_list_targets(&s->session->model.threads, &g->told);
	g->has_told = true;
	os_cond__wake(&g->wake);
	os_mutex__unlock(&g->lock);
	return err;
}

static void go_free_copy(void *arg)
{
	go_metrics__free(arg);
}

int serve_go_snapshot(struct serve *s, struct metrics_snapshot *m)
{
	struct go_metrics *copy;

	if (!s->go)
		return 0;
	copy = go_programs__copy(s->go->watch);
	if (!copy)
		return -ENOMEM;
	m->go = (struct metrics_part){go_metrics_write, go_free_copy, copy};
	return 0;
}

/* ---- the thread's ---- */

/* With the lock. */
static void go_wait(struct serve_go *g)
{
	uint64_t due_ns = go_programs__due_ns(g->watch), now_ns = os_monotonic_ns();
	uint64_t wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;

	if (wait_ns > GO_LONGEST_WAIT)
		wait_ns = GO_LONGEST_WAIT;
	if (!g->stop && !g->has_told && !g->asked && wait_ns)
		os_cond__wait_for(&g->wake, &g->lock, (int)((wait_ns + 999999) / 1000000));
}

/* With the lock: what was told is the thread's now. */
static bool go_take_told(struct serve_go *g)
{
	struct go_targets t = g->taken;
	bool has = g->has_told;

	if (!has)
		return false;
	g->taken = g->told;
	g->told = t;
	g->has_told = false;
	return true;
}

static void *go_run(void *arg)
{
	struct serve_go *g = arg;
	int err = 0;

	os_mutex__lock(&g->lock);
	while (!err && !g->stop) {
		struct go_question *asked;
		bool told;

		go_wait(g);
		told = go_take_told(g);
		asked = g->asked;
		g->asked = NULL;
		os_mutex__unlock(&g->lock);
		if (told)
			err = go_programs__set_targets(g->watch, g->taken.items, g->taken.cnt);
		serve_go_answer(g, asked);
		if (!err)
			err = go_programs__step(g->watch, os_monotonic_ns());
		if (!err)
			serve_go_answer_ended(g, os_monotonic_ns());
		os_mutex__lock(&g->lock);
	}
	g->err = err;
	g->closed = true;
	os_mutex__unlock(&g->lock);
	serve_go_refuse_all(g);
	return NULL;
}

/* ---- the service's groups, once more ---- */

static int go_cgroup_path(void *arg, const struct group_member *who, char *ret_path, size_t size)
{
	struct serve_go *g = arg;

	return os_cgroups__path(g->cgroups, who->cgroup_id, &who->image, ret_path, size);
}

static int go_open_watch(struct serve_go *g, const struct serve_config *c)
{
	struct go_programs_opts opts = {
		.hz = (uint32_t)c->go_hz,
		.max = (uint32_t)c->go_max,
		.leak_window_ns = c->go_leak_window_ns,
		.budget_ppm = GO_PROGRAMS_BUDGET_PPM,
		.looked = serve_go_looked,
		.leaves = serve_go_leaves,
		.arg = g,
	};
	struct groups groups;
	int err;

	g->cgroups = os_cgroups__new();
	if (!g->cgroups)
		return -ENOMEM;
	err = groups__init(&groups, c->group_by, (uint32_t)c->max_groups, go_cgroup_path, g,
			   os_cgroups__by_image(g->cgroups));
	if (err)
		return err;
	g->watch = go_programs__new(&opts, &groups);
	return g->watch ? 0 : -errno;
}

int serve_go_open(struct serve *s)
{
	struct serve_go *g;
	int err;

	if (!s->config->go)
		return 0;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	s->go = g;
	os_mutex__init(&g->lock);
	os_cond__init(&g->wake);
	err = go_open_watch(g, s->config);
	return err ? err : os_thread__start(&g->thread, "dwell-go", go_run, g);
}

void serve_go_close(struct serve *s)
{
	struct serve_go *g = s->go;

	if (!g)
		return;
	os_mutex__lock(&g->lock);
	g->stop = true;
	os_cond__wake(&g->wake);
	os_mutex__unlock(&g->lock);
	os_thread__join(&g->thread);
	serve_go_refuse_all(g);
	go_programs__free(g->watch);
	os_cgroups__free(g->cgroups);
	free(g->told.items);
	free(g->taken.items);
	os_cond__fini(&g->wake);
	os_mutex__fini(&g->lock);
	free(g);
	s->go = NULL;
}
