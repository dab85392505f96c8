/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Waits -> metrics. A wait counts at once, unless the definition of its kernel stack, which says why it waited, is still in
 * another ring: then after the next round.
 */
#include <errno.h>
#include <stdlib.h>

#include "app/service_part.h"
#include "base/array.h"
#include "base/os_clock.h"

#define SERVICE_MAX_PENDING 65536 /* waits; what is beyond counts without its stack */

/* ---- groups ---- */

static int service_cgroup_path(void *arg, const struct group_member *who, char *ret_path,
			       size_t size)
{
	struct service *s = arg;

	return os_cgroups__path(s->cgroups, who->cgroup_id, &who->image, ret_path, size);
}

static bool service_member(const struct service *s, const struct wire_thread_key *key,
			   struct group_member *ret)
{
	const struct thread_table *threads = &s->session->model.threads;
	uint32_t pos = thread_table__find(threads, key->tid, key->start_ns);
	const struct thread_name *name;

	if (pos == HASH_INDEX_NONE)
		return false;
	name = thread__find_name(&threads->items[pos], key->comm_gen);
	if (!name)
		return false;
	*ret = (struct group_member){
		.comm = thread_name__text(name),
		.cgroup_id = threads->items[pos].cgroup_id,
		.image = name->image,
	};
	return true;
}

static uint32_t service_group(struct service *s, const struct wire_thread_key *key, uint64_t now_ns)
{
	struct group_member who;

	return service_member(s, key, &who) ? groups__get(&s->metrics.groups, &who, now_ns)
					    : GROUPS_OTHER;
}

/* For profiles: what the thread's group is called. */
static const char *service_group_name(void *arg, uint32_t thread_pos)
{
	struct service *s = arg;
	const struct thread *th = &s->session->model.threads.items[thread_pos];
	const struct wire_thread_key key = {
		.start_ns = th->start_ns, .tid = th->tid, .comm_gen = THREAD_NEWEST_NAME};
	struct group_member who;
	uint32_t group = service_member(s, &key, &who) ? groups__find(&s->metrics.groups, &who)
						       : GROUPS_OTHER;

	return group == GROUPS_OTHER ? "other" : s->metrics.groups.items[group].label;
}

int service_init_counts(struct service *s)
{
	const struct service_opts *o = &s->opts;
	struct groups groups;
	int err;

	s->cgroups = os_cgroups__new();
	if (!s->cgroups)
		return -ENOMEM;
	err = groups__init(&groups, o->group_by, o->max_groups ? o->max_groups : GROUPS_DEFAULT_MAX,
			   service_cgroup_path, s, os_cgroups__by_image(s->cgroups));
	if (err)
		return err;
	metrics__init(&s->metrics, o->bounds, &groups);
	if (o->group_by != GROUP_BY_NONE && o->group_by != GROUP_BY_COMM) {
		s->opts.view.group = service_group_name;
		s->opts.view.group_arg = s;
	}
	return 0;
}

void service_fini_counts(struct service *s)
{
	metrics__fini(&s->metrics);
	os_cgroups__free(s->cgroups);
	free(s->pending);
}

/* ---- waits ---- */

static uint8_t service_class(const struct service *s, const struct wire_wait *wait)
{
	uint8_t sched_class = wait->flags >> WIRE_F_CLASS_SHIFT & 7;

	return s->all_ext && (sched_class == WIRE_CLASS_FAIR || sched_class == WIRE_CLASS_IDLE)
		       ? WIRE_CLASS_EXT
		       : sched_class;
}

/* What there is to count; the rest follows from it. */
struct service_wait {
	const struct wire_thread_key *thread;
	const struct wire_wait *wait;
	const struct wire_waker *waker; /* NULL: nobody asked */
	uint64_t kernel_stack, user_stack;
	struct metrics_wait counted;
};

/* 0; -EAGAIN: a stack is still to come; -ENOMEM. @last: without it then. */
static int service_count_wait(struct service *s, struct service_wait *w, uint64_t now_ns, bool last)
{
	const struct wait_fact *fact =
		wait_facts__get(&s->facts, w->wait, w->kernel_stack, w->user_stack, last);
	int waker;

	if (!fact)
		return -errno;
	waker = wait_facts__waker(&s->facts, w->waker, last);
	if (waker < 0)
		return waker;
	w->counted.waker = (uint8_t)waker;
	w->counted.reason = fact->reason;
	w->counted.kernel_frame_cnt = fact->kernel_frame_cnt;
	w->counted.user_frame_cnt = fact->user_frame_cnt;
	w->counted.go = fact->go;
	w->counted.sched_class = service_class(s, w->wait);
	w->counted.group = service_group(s, w->thread, now_ns);
	metrics__add(&s->metrics, &w->counted);
	return 0;
}

static struct service_wait service_wait_of(const struct wire_interval *iv,
					   const struct wire_waker *waker, uint64_t now_ns)
{
	return (struct service_wait){
		.thread = &iv->thread,
		.wait = &iv->wait,
		.waker = waker,
		.kernel_stack = iv->kernel_stack,
		.user_stack = iv->user_stack,
		.counted = {.cnt = 1,
			    .blocked_ns = iv->wake_ns - iv->out_ns,
			    .runnable_ns = iv->in_ns - iv->wake_ns,
			    .delay_ns = now_ns > iv->in_ns ? now_ns - iv->in_ns : 0},
	};
}

static int service_keep_pending(struct service *s, const struct event *e)
{
	const struct wire_waker *waker = event__waker(e);
	int err = array__grow((void **)&s->pending, &s->pending_cap, s->pending_cnt + 1,
			      sizeof(*s->pending), SERVICE_MAX_PENDING);

	if (err)
		return err;
	s->pending[s->pending_cnt] = (struct wire_waked){.interval = *e->interval};
	if (waker)
		s->pending[s->pending_cnt].waker = *waker;
	s->pending_cnt++;
	return 0;
}

static int service_count_interval(struct service *s, const struct event *e)
{
	const struct wire_interval *iv = e->interval;
	uint64_t now_ns = os_monotonic_ns();
	struct service_wait w = service_wait_of(iv, event__waker(e), now_ns);
	int err;

	s->delivered.ns += iv->in_ns - iv->out_ns;
	s->delivered.cnt++;
	s->event_ns = now_ns;
	err = service_count_wait(s, &w, now_ns, false);
	if (err != -EAGAIN)
		return err;
	err = service_keep_pending(s, e);
	return err == -E2BIG ? service_count_wait(s, &w, now_ns, true) : err;
}

static int service_count_spill(struct service *s, const struct event *e)
{
	const struct wire_spill *rec = e->spill;
	struct service_wait w = {
		.thread = &rec->thread,
		.wait = &rec->wait,
		.waker = event__waker(e),
		.kernel_stack = rec->kernel_stack,
		.user_stack = rec->user_stack,
		.counted = {.cnt = rec->cnt,
			    .spilled = true,
			    .blocked_ns = rec->blocked_ns,
			    .runnable_ns = rec->runnable_ns,
			    .delay_ns = METRICS_NO_DELAY},
	};

	s->spilled.ns += rec->blocked_ns + rec->runnable_ns;
	s->spilled.cnt += rec->cnt;
	/* Stacks that were spilled came before. */
	return service_count_wait(s, &w, os_monotonic_ns(), true);
}

/* The stacks that were defined before the round began are resolved by now: of those that waited for two, whatever is there. */
static int service_count_pending(struct service *s)
{
	uint64_t now_ns = os_monotonic_ns();
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; !err && i < s->pending_cnt; i++) {
		const struct wire_waked *rec = &s->pending[i];
		struct service_wait w = service_wait_of(
			&rec->interval, rec->waker.flags ? &rec->waker : NULL, s->event_ns);

		err = service_count_wait(s, &w, now_ns, i < s->pending_old_cnt);
		if (err != -EAGAIN)
			continue;
		s->pending[kept++] = *rec;
		err = 0;
	}
	s->pending_cnt = s->pending_old_cnt = kept;
	return err;
}

int service_count(struct service *s, const struct event *e)
{
	switch (e->h->kind) {
	case WIRE_INTERVAL:
		if (!(e->interval->wait.flags & WIRE_F_OPEN))
			return service_count_interval(s, e);
		/* At the end of the run. */
		if (!(e->interval->wait.flags & WIRE_F_FILTERED)) {
			s->still_open.ns += e->interval->in_ns - e->interval->out_ns;
			s->still_open.cnt++;
		}
		return 0;
	case WIRE_SPILL:
		return service_count_spill(s, e);
	case WIRE_ROUND:
		return service_count_pending(s);
	default:
		return 0;
	}
}

void service_count_open(struct service *s, const struct event *e)
{
	const struct wire_interval *iv = e->interval;
	const struct wait_fact *fact =
		wait_facts__get(&s->facts, &iv->wait, iv->kernel_stack, iv->user_stack, true);
	uint64_t blocked_ns = iv->wake_ns - iv->out_ns;

	/* Woken meanwhile: it waits for a CPU only. */
	if (!fact || iv->wake_ns < iv->in_ns)
		return;
	s->telling.blocked_cnt[fact->reason]++;
	if (blocked_ns > s->telling.longest_ns)
		s->telling.longest_ns = blocked_ns;
}

void service__ledger(const struct service *s, struct ledger *ret)
{
	*ret = s->session->model.ledger;
	ret->delivered = s->delivered;
	ret->open = s->still_open;
	ret->spilled_read = s->spilled;
}

struct service_counts *service_copy_counts(struct service *s)
{
	struct service_counts *c = calloc(1, sizeof(*c));
	struct ledger ledger;

	if (!c)
		return NULL;
	service__ledger(s, &ledger);
	metrics__set_ledger(&s->metrics, &ledger);
	metrics__expose(&s->metrics, os_monotonic_ns());
	if (metrics__copy(&s->metrics, &c->metrics)) {
		free(c);
		return NULL;
	}
	c->open = s->open;
	c->event_realtime_ns =
		s->event_ns ? os_realtime_ns() - (os_monotonic_ns() - s->event_ns) : 0;
	return c;
}

void service_counts__free(struct service_counts *c)
{
	if (c)
		metrics__fini(&c->metrics);
	free(c);
}
