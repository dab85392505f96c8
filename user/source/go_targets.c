/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/go_targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "format/go_status.h"

#define TRY_INTERVAL_NS	 20000000
#define FULL_INTERVAL_NS 1000000000

void go_targets__init(struct go_targets *t, uint64_t min_ns, uint64_t max_ns)
{
	*t = (struct go_targets){.min_ns = min_ns, .max_ns = max_ns};
	go_wire__init(&t->wire);
}

static void go_target_close(struct go_targets *t, struct go_target *g)
{
	if (g->state == GO_TARGET_OPEN) {
		go_watch__fini(&g->watch);
		t->open_cnt--;
	}
	t->new_cnt -= g->state == GO_TARGET_NEW;
}

void go_targets__fini(struct go_targets *t)
{
	for (size_t i = 0; i < t->cnt; i++) {
		go_target_close(t, t->items[i]);
		free(t->items[i]);
	}
	free(t->items);
	hash_index__fini(&t->index);
	free(t->contexts);
	hash_index__fini(&t->context_index);
	go_wire__fini(&t->wire);
	*t = (struct go_targets){0};
}

/* ---- waits ---- */

static const char *go_target_word(const struct go_target *g, const struct goroutine *one)
{
	return go_wait_reasons__text(&g->watch.go->runtime.reasons, one->wait_reason);
}

static enum wire_go_class go_target_class(const struct go_target *g, const struct goroutine *one)
{
	enum go_reason reason = go_reason_of((enum go_status)one->status, go_target_word(g, one));

	return reason == GO_REASON_RUNTIME_IDLE ? WIRE_GO_IDLE : WIRE_GO_PARKED;
}

static bool go_context_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct go_context *a = &((const struct go_targets *)owner)->contexts[pos], *b = key;

	return a->stack == b->stack && a->labels == b->labels;
}

/* 0 and the tag for it; or -errno. */
static int go_targets_intern(struct go_targets *t, const struct go_context *c, uint64_t *ret_tag)
{
	uint64_t hash = hash_mix(c->stack, c->labels);
	uint32_t pos = hash_index__find(&t->context_index, hash, go_context_eq, t, c);
	int err;

	*ret_tag = (uint64_t)pos + 1;
	if (pos != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&t->contexts, &t->context_cap, t->context_cnt + 1,
			  sizeof(*t->contexts), 2 * GO_WIRE_MAX_STACKS);
	/* Too many: it waits in nothing that is known, and is asked again. */
	*ret_tag = 0;
	if (!err)
		err = hash_index__add(&t->context_index, hash, (uint32_t)t->context_cnt);
	if (err)
		return err == -E2BIG ? 0 : err;
	t->contexts[t->context_cnt++] = *c;
	*ret_tag = t->context_cnt;
	return 0;
}

/* While the numbers of stacks and labels mean something; what the ids say stays with the goroutine until it runs. */
static int go_target_tag(struct go_targets *t, const struct go_target *g, struct goroutine *one,
			 uint64_t now_ns)
{
	struct go_context c = {0};
	int err;

	if (one->tag)
		return 0;
	err = go_wire__stack(&t->wire, &g->process, go_stacks__get(g->watch.stacks, one->stack),
			     one->gopc, go_target_class(g, one), now_ns, &c.stack);
	if (!err && t->wants_labels) {
		struct go_label_view labels =
			go_labels__get(g->watch.labels, go_labels__number(g->watch.labels, one));

		err = go_wire__labels(&t->wire, &labels, &c.labels);
	}
	return err ? err : go_targets_intern(t, &c, &one->tag);
}

/* The look before its first one, or since when it counts. */
static uint64_t go_target_from(const struct go_targets *t, const struct go_target *g,
			       const struct goroutine *one)
{
	uint64_t from_ns = g->from_ns > t->start_ns ? g->from_ns : t->start_ns;

	return one->from_ns > from_ns ? one->from_ns : from_ns;
}

/* The wait of @one, seen until @to_ns. */
static int go_target_tell(struct go_targets *t, const struct go_target *g,
			  const struct goroutine *one, uint64_t to_ns, bool open)
{
	uint64_t from_ns = go_target_from(t, g, one);
	bool ready = one->status == GO_RUNNABLE || one->status == GO_PREEMPTED;
	struct go_context c = one->tag ? t->contexts[one->tag - 1] : (struct go_context){0};
	struct go_wire_wait wait = {
		.goid = one->goid,
		.stack = c.stack,
		.labels = c.labels,
		.reason = go_target_word(g, one),
		.status = (enum go_status)one->status,
		.out_ns = from_ns,
		.wake_ns = ready ? from_ns : to_ns,
		.in_ns = to_ns,
		.cnt = one->stops,
		.open = open,
	};
	uint64_t ns = to_ns - from_ns;

	if (to_ns <= from_ns)
		return 0;
	if (open) {
		t->unended_ns += ns;
		t->unended_cnt += wait.cnt;
	}
	if (ns < t->min_ns || (t->max_ns && ns > t->max_ns)) {
		t->filtered_ns += open ? 0 : ns;
		t->filtered_cnt += open ? 0 : wait.cnt;
		return 0;
	}
	return go_wire__wait(&t->wire, &g->process, &wait);
}

/*
 * Those of @before that @now doesn't have as they were; before 1.17 it may look as if they were, but goroutines__age() has seen them
 * otherwise in between.
 */
static int go_target_tell_ended(struct go_targets *t, const struct go_target *g,
				const struct goroutines *before, const struct goroutines *now)
{
	size_t k = 0;
	int err = 0;

	for (size_t i = 0; !err && i < before->cnt; i++) {
		const struct goroutine *one = &before->items[i];

		while (now && k < now->cnt && now->items[k].addr < one->addr)
			k++;
		if (!goroutine__is_parked(one) ||
		    (now && k < now->cnt && now->items[k].addr == one->addr &&
		     now->items[k].from_ns == one->from_ns))
			continue;
		err = go_target_tell(t, g, one, before->now_ns, false);
	}
	return err;
}

static int go_target_tell_open(struct go_targets *t, const struct go_target *g)
{
	const struct goroutines *now = go_watch__now(&g->watch);
	int err = 0;

	for (size_t i = 0; !err && g->watch.look_cnt && i < now->cnt; i++)
		if (goroutine__is_parked(&now->items[i]))
			err = go_target_tell(t, g, &now->items[i], now->now_ns, true);
	return err;
}

/* It has ended; if another program begins in it, an event will tell. */
static int go_target_end(struct go_targets *t, struct go_target *g)
{
	int err =
		g->watch.look_cnt ? go_target_tell_ended(t, g, go_watch__now(&g->watch), NULL) : 0;

	go_target_close(t, g);
	g->state = GO_TARGET_GONE;
	return err;
}

/* ---- which processes there are ---- */

static bool go_targets_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct go_targets *t = owner;

	return t->items[pos]->process.image.pid == *(const uint32_t *)key;
}

static struct go_target *go_targets_find(const struct go_targets *t, uint32_t pid)
{
	uint32_t pos = hash_index__find(&t->index, hash_u64(pid), go_targets_eq, t, &pid);

	return pos == HASH_INDEX_NONE ? NULL : t->items[pos];
}

/* NULL and 0 or an error: there are too many. */
static struct go_target *go_targets_add(struct go_targets *t, uint32_t pid, int *ret_err)
{
	struct go_target *g;

	*ret_err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			       GO_TARGETS_MAX);
	if (*ret_err) {
		t->unknown_cnt += *ret_err == -E2BIG;
		*ret_err = *ret_err == -E2BIG ? 0 : *ret_err;
		return NULL;
	}
	g = calloc(1, sizeof(*g));
	*ret_err = g ? hash_index__add(&t->index, hash_u64(pid), (uint32_t)t->cnt) : -ENOMEM;
	if (*ret_err) {
		free(g);
		return NULL;
	}
	g->state = GO_TARGET_GONE;
	g->process.image.pid = pid;
	t->items[t->cnt++] = g;
	return g;
}

/* Another program runs in it now. */
static int go_target_begin(struct go_targets *t, struct go_target *g,
			   const struct wire_image *image, uint64_t time_ns)
{
	int err = g->state == GO_TARGET_OPEN ? go_target_end(t, g) : 0;

	t->new_cnt += g->state != GO_TARGET_NEW;
	g->state = GO_TARGET_NEW;
	g->try_cnt = 0;
	g->try_ns = 0;
	g->from_ns = time_ns;
	g->process.image = *image;
	return err;
}

/* What it runs, and is called, from now on. */
static int go_targets_see(struct go_targets *t, const struct wire_image *image, const char *comm,
			  uint64_t cgroup_id, uint64_t time_ns)
{
	struct go_target *g = go_targets_find(t, image->pid);
	int err = 0;

	if (!g)
		g = go_targets_add(t, image->pid, &err);
	if (!g)
		return err;
	if (memcmp(&g->process.image, image, sizeof(*image)) != 0)
		err = go_target_begin(t, g, image, time_ns);
	if (comm)
		memcpy(g->process.comm, comm, sizeof(g->process.comm));
	if (cgroup_id)
		g->process.cgroup_id = cgroup_id;
	return err;
}

int go_targets__learn(struct go_targets *t, const struct event *e)
{
	const struct wire_thread *th;

	switch (e->h->kind) {
	case WIRE_THREAD:
		th = e->thread;
		if (th->flags & (WIRE_THREAD_KTHREAD | WIRE_THREAD_WAKER) || !th->image.pid)
			return 0;
		return go_targets_see(t, &th->image, th->key.tid == th->image.pid ? th->comm : NULL,
				      th->cgroup_id, th->time_ns);
	case WIRE_EXEC:
		return go_targets_see(t, &e->exec->image, e->exec->comm, 0, e->exec->time_ns);
	case WIRE_WINDOW:
		if (e->window->edge == WIRE_WINDOW_START)
			t->start_ns = e->window->monotonic_ns;
		return 0;
	default:
		return 0;
	}
}

/* ---- opening ---- */

static void go_target_refuse(struct go_targets *t, struct go_target *g, int err)
{
	t->new_cnt--;
	g->state = err == -ESRCH ? GO_TARGET_GONE : GO_TARGET_OTHER;
	if (err == -ESRCH || !os_go_is_likely(g->process.image.pid))
		return;
	if (!t->refused_cnt++)
		snprintf(t->refusal, sizeof(t->refusal), "%s", error_text(err));
}

/* A program that begins has no goroutines yet. */
static int go_target_open(struct go_targets *t, struct go_target *g, uint64_t now_ns)
{
	int err;

	if (now_ns < g->try_ns)
		return 0;
	if (!os_go_is_likely(g->process.image.pid)) {
		go_target_refuse(t, g, -ESRCH);
		return 0;
	}
	if (t->open_cnt >= GO_TARGETS_MAX_OPEN) {
		t->unopened_cnt++;
		g->try_ns = now_ns + FULL_INTERVAL_NS;
		return 0;
	}
	err = go_watch__init(&g->watch, g->process.image.pid, GO_LAYOUT_TABLE);
	if (err == -ENOMEM)
		return err;
	if (err == -ENOENT && ++g->try_cnt < GO_TARGETS_TRIES) {
		g->try_ns = now_ns + (uint64_t)g->try_cnt * TRY_INTERVAL_NS;
		return 0;
	}
	if (err) {
		go_target_refuse(t, g, err);
		return 0;
	}
	t->new_cnt--;
	g->watch.wants_labels = t->wants_labels;
	g->state = GO_TARGET_OPEN;
	t->open_cnt++;
	t->process_cnt++;
	return 0;
}

/* ---- looking ---- */

/* The other side of the ledger: look by look, not wait by wait. */
static void go_target_see(struct go_targets *t, const struct go_target *g, struct goroutines *now,
			  const struct goroutines *before)
{
	uint64_t from_ns = g->from_ns > t->start_ns ? g->from_ns : t->start_ns;

	if (before && before->now_ns > from_ns)
		from_ns = before->now_ns;
	for (size_t i = 0; i < now->cnt; i++) {
		struct goroutine *one = &now->items[i];

		/* What the first look finds counts for the time since the process is a target. */
		if (!before)
			one->from_ns = 0;
		if (!goroutine__is_parked(one) || now->now_ns <= from_ns)
			continue;
		t->seen_ns += now->now_ns - from_ns;
		if (!before || one->from_ns == before->now_ns)
			t->seen_cnt += one->stops;
	}
}

static int go_target_look(struct go_targets *t, struct go_target *g, bool last)
{
	int err = go_watch__try(&g->watch, true);
	struct goroutines *now, *before;

	if (err == -ENOMEM)
		return err;
	if (err)
		return go_target_end(t, g);
	now = go_watch__now(&g->watch);
	before = go_watch__before(&g->watch);
	t->torn_cnt += now->counts.torn;
	t->unread_cnt += now->counts.cut + now->counts.unreadable + now->counts.damaged;
	if (now->cnt > t->goroutine_cnt)
		t->goroutine_cnt = now->cnt;
	go_target_see(t, g, now, before);
	for (size_t i = 0; !err && i < now->cnt; i++)
		if (goroutine__is_parked(&now->items[i]))
			err = go_target_tag(t, g, &now->items[i], now->now_ns);
	if (!err && before)
		err = go_target_tell_ended(t, g, before, now);
	return err || !last ? err : go_target_tell_open(t, g);
}

int go_targets__look(struct go_targets *t, uint64_t now_ns, bool last)
{
	int err = 0;

	for (size_t i = 0; !err && (t->open_cnt || t->new_cnt) && i < t->cnt; i++) {
		struct go_target *g = t->items[i];

		if (g->state == GO_TARGET_NEW && !last)
			err = go_target_open(t, g, now_ns);
		if (!err && g->state == GO_TARGET_OPEN)
			err = go_target_look(t, g, last);
	}
	return err;
}
