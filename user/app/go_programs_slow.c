/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is asked of a process less often than its goroutines: its scheduler, whose counters only grow, and which of its goroutines leak. */
#include <errno.h>

#include "app/go_programs_part.h"

#define SCHED_EVERY_NS 1000000000ull
#define SCHED_TRIES    10
#define LEAK_POINTS    48 /* looks in the window; see go_leaks__add() */

/* ---- the scheduler ---- */

/* A program that has just begun has not set it up. 0 or -ENOMEM. */
static int slow_find_sched(struct go_seen *s)
{
	int err = go_sched__find(&s->sched, &s->process->go->runtime, false);

	if (!err)
		s->sched_state = GO_SCHED_FOUND;
	else if (err != -ENOENT || ++s->sched_tries >= SCHED_TRIES)
		s->sched_state = GO_SCHED_MISSING;
	return err == -ENOMEM ? err : 0;
}

static void slow_read_sched(struct go_programs *w, struct go_seen *s)
{
	struct go_sched_stats now;
	struct go_sched_tally tally;

	/* Not there for once: the process ends. */
	if (go_sched__read(&s->sched, s->process->go->runtime.code.memory, &now))
		return;
	if (s->has_stats) {
		go_sched_tally__fill(&tally, &now, &s->stats);
		os_mutex__lock(&w->lock);
		go_metrics__add_sched(&w->metrics, s->place, &tally);
		os_mutex__unlock(&w->lock);
	}
	s->stats = now;
	s->has_stats = true;
}

static int slow_sched(struct go_programs *w, struct go_seen *s, uint64_t now_ns)
{
	int err = 0;

	if (s->sched_state == GO_SCHED_MISSING || now_ns < s->sched_due_ns)
		return 0;
	s->sched_due_ns = now_ns + SCHED_EVERY_NS;
	if (s->sched_state == GO_SCHED_WANTED)
		err = slow_find_sched(s);
	if (!err && s->sched_state == GO_SCHED_FOUND)
		slow_read_sched(w, s);
	return err;
}

/* ---- leaks ---- */

static int slow_leaks(struct go_programs *w, struct go_seen *s, uint64_t now_ns)
{
	struct go_look look = go_process__look(s->process);
	int err;

	if (now_ns < s->leaks_due_ns)
		return 0;
	s->leaks_due_ns = now_ns + w->opts.leak_window_ns / LEAK_POINTS;
	err = go_leaks__add(&s->leaks, &look);
	if (!err)
		err = go_leaks__judge(&s->leaks, &look);
	if (err)
		return err;
	os_mutex__lock(&w->lock);
	go_metrics__set_leaks(&w->metrics, s->place, &s->leaks);
	os_mutex__unlock(&w->lock);
	return 0;
}

int go_programs_look_slowly(struct go_programs *w, struct go_seen *s, uint64_t now_ns)
{
	int err = slow_sched(w, s, now_ns);

	return err ? err : slow_leaks(w, s, now_ns);
}
