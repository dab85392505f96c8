/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/service_part.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"

#define SERVICE_ROUND_MS 100
#define SERVICE_PAUSE_NS \
	20000000ull /* a ring of the smallest size takes this much at 100,000 waits/s */
#define SERVICE_OPEN_MAX_AGE 1000000000ull /* what is blocked "now" may be so old */
#define SERVICE_STOP_ROUNDS  100	   /* for the last cut to settle */

static int service_take(void *arg, const struct event *e);
static int service_pause(void *arg);

struct service *service__new(struct session *session, const struct service_opts *opts)
{
	struct service *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return NULL;
	s->session = session;
	s->opts = *opts;
	session->analyse = service_take;
	session->analyse_arg = s;
	s->opts.view.pause = service_pause;
	s->opts.view.pause_arg = s;
	windows__init(&s->windows);
	service_init_sweep(s);
	os_mutex__init(&s->lock);
	s->symbols = session__symbolizer(session, opts->naming.resolvers, opts->naming.readers,
					 &opts->view);
	err = s->symbols ? wait_facts__init(&s->facts, &session->model, s->symbols) : -ENOMEM;
	if (!err)
		err = service_init_counts(s);
	if (err) {
		service__free(s);
		errno = -err;
		return NULL;
	}
	return s;
}

void service__free(struct service *s)
{
	if (!s)
		return;
	windows__fini(&s->windows);
	wait_facts__fini(&s->facts);
	service_fini_counts(s);
	os_mutex__fini(&s->lock);
	free(s);
}

/* ---- questions ---- */

void service__ask(struct service *s, struct service_request *r)
{
	bool closed;

	r->profile = NULL;
	r->counts = NULL;
	r->window = NULL;
	r->end_ns = 0;
	os_mutex__lock(&s->lock);
	closed = s->closed;
	if (!closed) {
		r->next = s->asked;
		s->asked = r;
	}
	os_mutex__unlock(&s->lock);
	if (closed)
		r->done(r, -ESHUTDOWN);
}

static struct service_request *service_take_asked(struct service *s, bool close)
{
	struct service_request *asked;

	os_mutex__lock(&s->lock);
	asked = s->asked;
	s->asked = NULL;
	s->closed |= close;
	os_mutex__unlock(&s->lock);
	return asked;
}

/* Of those that wait: the one whose window @win is. NULL: none. */
static struct service_request *service_find_request(const struct service *s,
						    const struct window *win)
{
	struct service_request *r = s->waiting;

	while (r && r->window != win)
		r = r->next;
	return r;
}

static void service_answer(struct service *s, struct service_request *r, int err)
{
	struct service_request **at = &s->waiting;

	while (*at && *at != r)
		at = &(*at)->next;
	if (*at)
		*at = r->next;
	r->done(r, err);
}

/* The rotating window and its successor always have their places. */
static struct window *service_open_window(struct service *s)
{
	size_t cnt = 0;

	for (const struct service_request *r = s->waiting; r; r = r->next)
		cnt += r->window != NULL;
	return cnt < WINDOWS_MAX - 2 ? windows__open(&s->windows) : NULL;
}

static void service_admit(struct service *s)
{
	struct service_request *r = service_take_asked(s, false), *next;

	for (; r; r = next) {
		next = r->next;
		if (r->want == SERVICE_WINDOW) {
			r->window = service_open_window(s);
			if (!r->window) {
				r->done(r, -EBUSY);
				continue;
			}
		}
		r->cut_for = false;
		r->next = s->waiting;
		s->waiting = r;
	}
}

/* ---- windows ---- */

static struct wire_window service_edge(uint32_t edge, uint64_t monotonic_ns)
{
	struct wire_window w = {
		.h = {.kind = WIRE_WINDOW, .size = sizeof(w)},
		.monotonic_ns = monotonic_ns,
		.edge = edge,
	};

	os_clock_offsets(monotonic_ns, &w.boottime_ns, &w.realtime_ns);
	return w;
}

/* To name a window with many stacks may take a second: the rings are read meanwhile. */
static int service_pause(void *arg)
{
	struct service *s = arg;
	int more;

	if (s->ended || os_monotonic_ns() - s->polled_ns < SERVICE_PAUSE_NS)
		return 0;
	more = session__poll(s->session, 0);
	s->polled_ns = os_monotonic_ns();
	s->ended = !more;
	return more < 0 ? more : 0;
}

/* The profile of a window, named as of now. NULL + errno. */
static struct profile *service_profile(struct service *s, struct window *win)
{
	int err = 0;

	if (s->opts.naming.renew)
		err = s->opts.naming.renew(s->opts.naming.arg, false);
	if (err) {
		errno = -err;
		return NULL;
	}
	symbolizer__forget_made(s->symbols);
	s->polled_ns = os_monotonic_ns();
	win->offcpu.begin = service_edge(WIRE_WINDOW_START, win->begin_ns);
	win->offcpu.end = service_edge(WIRE_WINDOW_END, win->end_ns);
	return offcpu__profile(&win->offcpu, &s->session->model, s->symbols, &s->opts.view);
}

/* Of the windows that follow each other, so that no wait counts twice. */
static void service_count_merged(struct service *s, const struct window *win)
{
	const struct ledger_term *merged = &win->offcpu.merged;

	if (!merged->cnt)
		return;
	s->metrics.merged_cnt += merged->cnt;
	log_warn("a window has more than %u different waits: %llu are shown without their threads "
		 "and "
		 "user stacks",
		 WINDOWS_MAX_ROWS, (unsigned long long)merged->cnt);
}

/* Hands over a window that is complete. */
static void service_finish(struct service *s, struct window *win)
{
	struct service_request *r = service_find_request(s, win);
	uint64_t since_ns = os_monotonic_ns();
	struct profile *p = service_profile(s, win);
	int err = p ? 0 : -errno;

	log_debug("a window of %zu rows took %.1f ms to name", win->offcpu.cnt,
		  (double)(os_monotonic_ns() - since_ns) / 1e6);
	if (!r)
		service_count_merged(s, win);
	if (r) {
		r->profile = p;
		service_answer(s, r, err);
	} else if (p) {
		s->opts.rotated(s->opts.rotated_arg, p);
	} else {
		log_error("a window is lost: %s", error_text(err));
	}
	window__free(win);
}

/* The next multiple of the interval by the wall clock that is at least half of it away. */
static uint64_t service_next_rotation(const struct service *s, uint64_t now_real_ns)
{
	uint64_t every = s->opts.every_ns;

	return (now_real_ns + every / 2) / every * every + every;
}

void service__set_every(struct service *s, uint64_t every_ns)
{
	if (s->opts.every_ns == every_ns)
		return;
	s->opts.every_ns = every_ns;
	s->rotate_ns = service_next_rotation(s, os_realtime_ns());
}

static int service_rotate(struct service *s)
{
	if (s->rotating)
		window__end(s->rotating);
	s->rotate_ns = service_next_rotation(s, os_realtime_ns());
	s->rotating = windows__open(&s->windows);
	if (!s->rotating)
		return -errno;
	s->rotating->whole_max = s->opts.whole_max;
	return 0;
}

/*
 * Is it time for the next window? Also when the wall clock was set back, so that it would not be for long. Not while a window
 * of before still waits for its cut: there is room for two.
 */
static bool service_must_rotate(const struct service *s)
{
	uint64_t every = s->opts.every_ns, now_ns = os_realtime_ns();

	if (!every || windows__settling(&s->windows) || !s->rotating->begin_ns)
		return false;
	return now_ns >= s->rotate_ns || s->rotate_ns - now_ns > 2 * every;
}

/* Windows whose time is over shall end at the next cut. */
static int service_mark_ends(struct service *s, uint64_t now_ns)
{
	bool rotate = service_must_rotate(s);

	for (struct service_request *r = s->waiting; r; r = r->next)
		if (r->window && r->window->begin_ns &&
		    now_ns >= r->window->begin_ns + r->duration_ns)
			window__end(r->window);
	return rotate ? service_rotate(s) : 0;
}

static bool service_wants_open(const struct service *s, uint64_t now_ns)
{
	const struct service_request *r = s->waiting;

	while (r && r->want != SERVICE_COUNTS)
		r = r->next;
	return r && (!s->open.time_ns || now_ns - s->open.time_ns > SERVICE_OPEN_MAX_AGE);
}

/* ---- cuts ---- */

static int service_cut(struct service *s)
{
	int err;

	s->telling = (struct service_open){0};
	for (struct service_request *r = s->waiting; r; r = r->next)
		r->cut_for = true;
	service_sweep_before_cut(s);
	err = session__cut(s->session, &s->cut_ns);
	if (err)
		return err;
	/* The source set it before its first event, if there was one: see service_take_open(). */
	if (s->windows.cut_ns != s->cut_ns)
		windows__cut_begin(&s->windows, s->cut_ns);
	s->telling.time_ns = s->cut_ns;
	windows__cut_told(&s->windows, os_monotonic_ns());
	return 0;
}

/* @all: also those that no cut was made for, as the last one is young enough. */
static void service_answer_counts(struct service *s, bool all)
{
	struct service_request *r = s->waiting, *next;

	for (; r; r = next) {
		next = r->next;
		if (r->want != SERVICE_COUNTS || (!all && !r->cut_for))
			continue;
		r->counts = service_copy_counts(s);
		service_answer(s, r, r->counts ? 0 : -ENOMEM);
	}
}

/* All that a cut divides has come. Not from within the source's call: it is called again meanwhile. */
static int service_settle(struct service *s)
{
	struct window *win;

	if (!s->settled)
		return 0;
	s->settled = false;
	s->open = s->telling;
	service_answer_counts(s, false);
	while ((win = windows__take(&s->windows)) != NULL)
		service_finish(s, win);
	return service_sweep_after_cut(s);
}

/* ---- events ---- */

static int service_take_open(struct service *s, const struct event *e)
{
	if (s->windows.cut_ns != s->cut_ns)
		windows__cut_begin(&s->windows, s->cut_ns);
	service_count_open(s, e);
	return windows__add_open(&s->windows, e);
}

static int service_take(void *arg, const struct event *e)
{
	struct service *s = arg;
	int err;

	if (e->h->kind == WIRE_INTERVAL && s->session->cutting &&
	    e->interval->wait.flags & WIRE_F_OPEN)
		return service_take_open(s, e);
	err = service_count(s, e);
	if (!err)
		err = windows__add(&s->windows, e);
	if (!err && e->h->kind == WIRE_ROUND && windows__round(&s->windows, e->round->time_ns))
		s->settled = true;
	return err;
}

/* ---- the loop ---- */

static int service_round(struct service *s)
{
	uint64_t now_ns;
	int more = session__poll(s->session, SERVICE_ROUND_MS), err = 0;

	if (more < 0)
		return more;
	err = service_settle(s);
	now_ns = os_monotonic_ns();
	if (!err && s->opts.tick)
		err = s->opts.tick(s->opts.tick_arg, now_ns);
	if (err > 0)
		return 0;
	if (!err) {
		service_admit(s);
		err = service_mark_ends(s, now_ns);
	}
	if (!err && !windows__settling(&s->windows)) {
		if (windows__want_cut(&s->windows) || service_wants_open(s, now_ns) ||
		    service_sweep_wants_cut(s))
			err = service_cut(s);
		else
			service_answer_counts(s, true);
	}
	return err ? err : more && !s->ended;
}

/* The run ends, and all windows with it. */
static int service_end(struct service *s)
{
	struct window *win;
	int err = 0;

	for (int i = 0; !err && windows__settling(&s->windows) && i < SERVICE_STOP_ROUNDS; i++) {
		err = session__poll(s->session, SERVICE_ROUND_MS);
		err = err < 0 ? err : service_settle(s);
	}
	if (!err)
		err = session__stop(s->session);
	if (err)
		return err;
	s->ended = true;
	windows__end(&s->windows, s->session->model.end.monotonic_ns);
	while ((win = windows__take(&s->windows)) != NULL)
		service_finish(s, win);
	return 0;
}

static void service_refuse_all(struct service *s)
{
	struct service_request *r = service_take_asked(s, true), *next;

	for (; r; r = next) {
		next = r->next;
		r->done(r, -ESHUTDOWN);
	}
	while (s->waiting)
		service_answer(s, s->waiting, -ESHUTDOWN);
}

int service__run(struct service *s, struct source *source)
{
	int more = s->opts.every_ns ? service_rotate(s) : 0;

	if (!more)
		more = session__start(s->session, source);
	if (!more) {
		windows__begin(&s->windows, s->session->model.start.monotonic_ns);
		more = s->opts.started ? s->opts.started(s->opts.started_arg) : 0;
		more = more ? more : 1;
	}
	while (more > 0 && !os_signal_stop())
		more = service_round(s);
	if (more >= 0)
		more = service_end(s);
	service_refuse_all(s);
	return more < 0 ? more : 0;
}
