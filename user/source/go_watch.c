/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/go_watch.h"

#include <errno.h>

#include "base/log.h"
#include "base/os_clock.h"

#define GO_WATCH_NEW_NS 3000000000ull /* how long a program may take to begin, after an exec() */

static int go_watch_open(struct go_watch *w)
{
	const struct go_runtime *r;

	w->go = os_go_open(w->pid, w->from);
	if (!w->go)
		return -errno;
	w->program_cnt++;
	r = &w->go->runtime;
	log_debug("process %u: %s, layout of its structs %s, %zu wait reasons", w->pid,
		  *r->version ? r->version : "unknown Go", go_layout_from_name(r->from),
		  r->reasons.cnt);
	w->stacks = go_stacks__new();
	if (w->stacks)
		w->labels = go_labels__new();
	return w->labels ? 0 : -errno;
}

static void go_watch_close(struct go_watch *w)
{
	go_labels__free(w->labels);
	go_stacks__free(w->stacks);
	os_go__close(w->go);
	w->labels = NULL;
	w->stacks = NULL;
	w->go = NULL;
	w->look_cnt = 0;
}

int go_watch__init(struct go_watch *w, uint32_t pid, enum go_layout_from from)
{
	int err;

	*w = (struct go_watch){.pid = pid, .from = from};
	err = go_watch_open(w);
	if (err)
		go_watch__fini(w);
	return err;
}

void go_watch__fini(struct go_watch *w)
{
	go_watch_close(w);
	goroutines__fini(&w->looks[0]);
	goroutines__fini(&w->looks[1]);
}

struct goroutines *go_watch__now(const struct go_watch *w)
{
	return (struct goroutines *)&w->looks[w->look_cnt % 2];
}

struct goroutines *go_watch__before(const struct go_watch *w)
{
	return w->look_cnt > 1 ? (struct goroutines *)&w->looks[(w->look_cnt + 1) % 2] : NULL;
}

static int go_watch_read_labels(struct go_watch *w, struct goroutines *now)
{
	w->forgot_labels = go_labels__is_full(w->labels);
	if (w->forgot_labels)
		go_labels__forget(w->labels);
	return go_labels__read(w->labels, &w->go->runtime, now);
}

/* Of what runs now. */
static int go_watch_read_once(struct go_watch *w, bool stacks)
{
	struct goroutines *now, *before;
	int err;

	w->look_cnt++;
	now = go_watch__now(w);
	before = go_watch__before(w);
	w->forgot = before && go_stacks__is_full(w->stacks);
	if (w->forgot)
		go_stacks__forget(w->stacks, before);
	err = goroutines__read(now, &w->go->runtime);
	if (err)
		return err;
	goroutines__age(now, before, os_monotonic_ns());
	err = go_stacks__read(w->stacks, &w->go->runtime, now, stacks ? NULL : "semacquire");
	return err || !w->wants_labels ? err : go_watch_read_labels(w, now);
}

static bool go_watch_is_same(const struct go_watch *w)
{
	return w->go && os_go__is_same(w->go);
}

int go_watch__try(struct go_watch *w, bool stacks)
{
	int err;

	if (!go_watch_is_same(w))
		return -ESTALE;
	err = go_watch_read_once(w, stacks);
	if (err != -ENOMEM && !go_watch_is_same(w))
		err = -ESTALE;
	if (err)
		w->look_cnt--;
	return err;
}

int go_watch__read(struct go_watch *w, bool stacks)
{
	uint64_t end_ns = os_monotonic_ns() + GO_WATCH_NEW_NS;
	int err = go_watch__try(w, stacks);

	/* Another program now, or its runtime is just starting; or the process has ended. */
	while (err && err != -ENOMEM && os_monotonic_ns() < end_ns) {
		go_watch_close(w);
		err = go_watch_open(w);
		if (err == -ESRCH || err == -ENOMEM)
			return err;
		if (!err)
			err = go_watch__try(w, stacks);
	}
	if (err == -ESTALE)
		return error_set(err,
				 "process %u begins other programs faster than they can be read",
				 w->pid);
	return err;
}
