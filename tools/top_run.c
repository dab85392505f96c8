/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The run: the continuous mode (app/service.h) with short windows, each of which is added up and shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"
#include "base/os_tty.h"
#include "commands.h"
#include "rights.h"
#include "source/bpf.h"
#include "terminal.h"
#include "top.h"

#define TOP_PIPE_COLS 160
#define TOP_MAX_BYTES (16u << 20)

/* All that one run holds. */
struct run {
	const struct top_config *config;
	struct offcpu_view view; /* of the profiles */
	uint64_t duration_ns;
	char **command; /* NULL: none */
	char target[256];
	bool screen; /* else plain tables */
	struct child child;
	struct session *session;
	struct source *source;
	struct naming naming;
	struct rights rights;
	struct service *service;
	struct top_shared shared;
	struct top_messages messages;
	struct top_ui ui;
	struct top_state state; /* of plain tables */
	struct ledger lost;	/* its counters, at their highest */
	uint64_t event_cnt;	/* up to the last interval */
	uint64_t shown_cnt;
	bool over; /* DURATION has passed, or all intervals were shown */
	int err;   /* of what was called back */
};

/* ---- messages ---- */

static void run_take_message(void *arg, enum log_level level _unused_, const char *line)
{
	struct top_messages *m = arg;
	size_t last;

	os_mutex__lock(&m->lock);
	last = (m->cnt + TOP_MAX_MESSAGES - 1) % TOP_MAX_MESSAGES;
	if (!m->cnt || strncmp(m->texts[last], line, TOP_MESSAGE_BYTES - 1) != 0) {
		snprintf(m->texts[m->cnt % TOP_MAX_MESSAGES], TOP_MESSAGE_BYTES, "%s", line);
		m->cnt++;
	}
	m->last_ns = os_monotonic_ns();
	os_mutex__unlock(&m->lock);
	top_ui__wake();
}

/* The screen is given back: now they stay. */
static void run_repeat_messages(struct run *r)
{
	const struct top_messages *m = &r->messages;
	uint64_t first = m->cnt > TOP_MAX_MESSAGES ? m->cnt - TOP_MAX_MESSAGES : 0;

	for (uint64_t i = first; i < m->cnt; i++)
		log_warn("%s", m->texts[i % TOP_MAX_MESSAGES]);
}

/* ---- plain tables ---- */

static int run_print(struct run *r, const struct top_rows *rows)
{
	struct top_state state = r->state;
	struct top_facts facts = r->shared.facts;
	struct top_view view = {0};
	struct screen screen;
	_cleanup_buf_ struct buf text;
	int cols = terminal_is(stdout) ? terminal_width(stdout) : TOP_PIPE_COLS, err;

	state.cursor = SIZE_MAX;
	state.all = rows == &r->shared.all;
	facts.plain = true;
	buf__init(&text, TOP_MAX_BYTES);
	screen__init(&screen, false, terminal_is(stdout) && !os_tty_utf8());
	err = screen__resize(&screen, cols, (int)r->config->top_cnt + 3);
	if (!err)
		err = top_view__make(&view, rows, &state);
	if (!err) {
		top_draw(&screen, &view, &state, &facts);
		err = screen__text(&screen, &text);
	}
	if (!err && (fprintf(stdout, "%s\n", buf__str(&text)) < 0 || fflush(stdout)))
		err = errno ? -errno : -EIO;
	top_view__fini(&view);
	screen__fini(&screen);
	return err;
}

/* ---- an interval has ended ---- */

static void run_note_facts(struct run *r, const struct profile *p)
{
	struct top_facts *f = &r->shared.facts;
	uint64_t events = r->session->event_cnt - r->event_cnt;
	time_t s = (time_t)((p->start_realtime_ns + p->window_ns) / 1000000000);
	struct tm local;

	r->event_cnt += events;
	f->begun = true;
	f->events_per_s = p->window_ns ? events * 1000000000 / p->window_ns : 0;
	if (localtime_r(&s, &local))
		snprintf(f->clock, sizeof(f->clock), "%02d:%02d:%02d", local.tm_hour, local.tm_min,
			 local.tm_sec);
	top_note_lost(&r->lost, &p->ledger);
	top_describe_lost(&r->lost, f->lost);
}

static int run_add(struct run *r, const struct profile *p)
{
	struct top_rows last = {0};
	int err = top_rows__init(&last);

	if (!err)
		err = top_rows__add(&last, p);
	if (err) {
		top_rows__fini(&last);
		return err;
	}
	os_mutex__lock(&r->shared.lock);
	top_rows__fini(&r->shared.last);
	r->shared.last = last;
	err = top_rows__add(&r->shared.all, p);
	run_note_facts(r, p);
	r->shared.version++;
	os_mutex__unlock(&r->shared.lock);
	return err;
}

static bool run_shows_more(const struct run *r)
{
	return !r->config->cnt || r->shown_cnt < r->config->cnt;
}

static void run_take_window(void *arg, struct profile *p)
{
	struct run *r = arg;
	int err = run_add(r, p);

	profile__free(p);
	if (!err && r->screen)
		top_ui__wake();
	else if (!err && run_shows_more(r))
		err = run_print(r, &r->shared.last);
	r->shown_cnt++;
	if (err && !r->err)
		r->err = err;
}

static int run_tick(void *arg, uint64_t now_ns)
{
	struct run *r = arg;
	uint64_t start_ns = r->session->model.start.monotonic_ns;

	if (r->err)
		return r->err;
	if (!run_shows_more(r) || (r->duration_ns && now_ns >= start_ns + r->duration_ns))
		r->over = true;
	return r->over || (r->screen && top_ui__quit(&r->ui)) ? 1 : 0;
}

/* ---- setting up ---- */

static int run_renew_names(void *arg, bool all)
{
	struct run *r = arg;

	return naming__renew(&r->naming, &r->session->model, all);
}

/* The window has begun, and so does the command; and the screen, behind all that can't be done. */
static int run_started(void *arg)
{
	struct run *r = arg;
	int err = rights__settle(&r->rights, RIGHTS_PROCESSES);

	if (!err && r->command)
		err = child__release(&r->child, r->command[0]);
	if (err || !r->screen)
		return err;
	log_set_sink(run_take_message, &r->messages);
	return top_ui__start(&r->ui);
}

static int run_open_service(struct run *r)
{
	struct service_opts opts = {
		.every_ns = r->config->interval_ns,
		.rotated = run_take_window,
		.rotated_arg = r,
		.whole_max = true,
		.started = run_started,
		.started_arg = r,
		.tick = run_tick,
		.tick_arg = r,
		.view = r->view,
		.naming = {.renew = run_renew_names, .arg = r},
		.group_by = GROUP_BY_NONE,
	};
	int err =
		naming__init(&r->naming, &r->session->model, r->session->recorded, &r->view, NULL);

	if (err)
		return err;
	opts.naming.resolvers = r->naming.resolvers;
	opts.naming.readers = r->naming.readers;
	r->service = service__new(r->session, &opts);
	return r->service ? 0 : -errno;
}

static int run_open_source(struct run *r)
{
	struct offcpu_view with = r->view;

	/* Locks come with the wakers, whose stacks are not shown here. */
	with.wakers |= r->config->locks;
	r->source = live_source_open(&r->config->live, &with, r->child.pid, r->session);
	if (!r->source)
		return -errno;
	return live_note(r->session, &r->config->live, r->command, &r->view, r->source);
}

static void run_init_state(struct run *r)
{
	const struct top_config *c = r->config;

	r->state = (struct top_state){
		.by = (enum top_by)c->by,
		.sort = (enum top_sort)c->sort,
		.hide_idle = c->live.view.no_idle,
		.locks = c->locks,
	};
	r->ui.state = r->state;
	r->ui.shared = &r->shared;
	r->ui.messages = &r->messages;
	r->shared.facts.target = r->target;
	r->shared.facts.interval_ns = c->interval_ns;
}

static int run_open(struct run *r)
{
	int err = top_rows__init(&r->shared.last);

	if (!err)
		err = top_rows__init(&r->shared.all);
	run_init_state(r);
	target_describe(&r->config->live.target, r->command, r->target, sizeof(r->target));
	r->session = session__new();
	if (!r->session)
		return -errno;
	if (!err && r->command)
		err = r->screen ? child__spawn_off_screen(&r->child, r->command)
				: child__spawn(&r->child, r->command);
	if (r->command)
		rights__add_command(&r->rights);
	if (!err)
		err = rights__narrow(&r->rights);
	if (!err)
		err = run_open_source(r);
	return err ? err : run_open_service(r);
}

static void run_close(struct run *r)
{
	service__free(r->service);
	source__close(r->source);
	child__abandon(&r->child);
	session__free(r->session);
	naming__fini(&r->naming);
	top_rows__fini(&r->shared.last);
	top_rows__fini(&r->shared.all);
	os_mutex__fini(&r->shared.lock);
	os_mutex__fini(&r->messages.lock);
	os_tty_close();
}

/* ---- running ---- */

/* What was lost is said, and a defect in the accounting even when told to be quiet. */
static void run_print_ledger(const struct run *r)
{
	const struct view_config *view = &r->config->live.view;
	_cleanup_buf_ struct buf text;
	struct ledger ledger;
	bool lost;

	service__ledger(r->service, &ledger);
	/* Stacks that no window could name are not in this one. */
	top_note_lost(&ledger, &r->lost);
	lost = *r->shared.facts.lost && !view->quiet;
	buf__init(&text, 1u << 20);
	ledger__print(&ledger, &text);
	if (lost || view->verbose || ledger__imbalance_ns(&ledger))
		terminal_say(&text);
}

static int run_trace(struct run *r)
{
	bool quit;
	int err;

	os_signal_catch_stop();
	if (!r->screen && !r->config->live.view.quiet && !r->duration_ns && !r->command &&
	    !r->config->cnt && !r->config->live.target.pids.cnt)
		log_info("tracing until Ctrl-C");
	err = service__run(r->service, r->source);
	quit = os_signal_stop() || top_ui__quit(&r->ui);
	if (r->screen) {
		top_ui__stop(&r->ui);
		log_set_sink(NULL, NULL);
		run_repeat_messages(r);
	}
	if (!err)
		err = r->err;
	if (err)
		return err;
	naming__warn(&r->naming, r->session->symbols);
	run_print_ledger(r);
	/* Of what ended by itself something stays to be seen. */
	if (!r->screen || quit)
		return 0;
	r->state = r->ui.state;
	r->state.filter[0] = '\0';
	return run_print(r, &r->shared.all);
}

static int run_check(struct run *r, int operand_cnt, char **operands)
{
	const struct top_config *c = r->config;
	struct view_config view = c->live.view;
	int err;

	/* Idle waits are hidden where they are shown: a key brings them back. */
	view.no_idle = false;
	err = view_check(&view);
	if (!err)
		err = live_check(&c->live);
	if (!err)
		err = target_check(&c->live.target, operand_cnt, operands, r->command,
				   &r->duration_ns);
	if (!err && c->live.max_us)
		err = error_set(-EINVAL, "-M can't be used with top: a wait is shown in each "
					 "interval before its length is known");
	r->view = view.view;
	return err;
}

/* A screen that can be drawn on? */
static bool run_has_screen(const struct top_config *c)
{
	const char *term = getenv("TERM");

	return !c->batch && term && *term && strcmp(term, "dumb") != 0 && !os_tty_open();
}

int top_run(const struct top_config *config, int operand_cnt, char **operands, char **command)
{
	struct run r = {.config = config, .command = command};
	int err, status = EXIT_STATUS_OK;

	r.child = (struct child){.release_fd = -1, .exec_error_fd = -1};
	os_mutex__init(&r.shared.lock);
	os_mutex__init(&r.messages.lock);
	err = run_check(&r, operand_cnt, operands);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	r.screen = run_has_screen(config);
	err = run_open(&r);
	if (!err)
		err = run_trace(&r);
	if (err)
		log_error("%s", error_text(err));
	if (r.child.pid && r.child.release_fd < 0)
		status = child__wait(&r.child);
	run_close(&r);
	return err ? EXIT_STATUS_FAILED : status;
}
