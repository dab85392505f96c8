/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell goroutines --leaks: looks for a while, and says which sites leak; what is certain at once. */
#include "goroutines_leaks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_signal.h"
#include "commands.h"
#include "goroutines.h"
#include "output/goroutines_leaks.h"
#include "output/text.h"
#include "output_file.h"
#include "terminal.h"

#define LOOKS_PER_WINDOW 48
#define MAX_WAIT_NS	 5000000000ull
#define MIN_WAIT_NS	 20000000ull

/* A site that was shown, by itself. */
struct shown {
	uint64_t gopc;
	enum go_reason reason;
	enum go_leak_verdict verdict;
};

/* One process. */
struct watched {
	struct go_process *process; /* NULL: ended */
	struct go_leaks leaks;
	struct shown *shown;
	size_t shown_cnt, shown_cap;
	bool has_found; /* by the last look */
	bool is_whole;	/* enough was seen of it */
};

struct run {
	const struct goroutines_leaks_config *config;
	struct watched *all;
	size_t cnt, alive_cnt;
	struct atomic_file file;
	struct rights rights;
	uint64_t window_ns, start_ns, end_ns;
	bool progress; /* there is a line of it on the terminal */
	bool failed;
};

/* ---- progress ---- */

static void leaks_hide_progress(struct run *r)
{
	if (r->progress)
		fprintf(stderr, "\r\033[K");
	r->progress = false;
}

static void leaks_show_progress(struct run *r)
{
	uint64_t now_ns = os_monotonic_ns(), cnt = 0;
	char passed[TEXT_NS_LEN], whole[TEXT_NS_LEN], text[TEXT_CNT_LEN];
	size_t sites = 0;

	if (r->config->quiet || !terminal_is(stderr))
		return;
	for (size_t i = 0; i < r->cnt; i++) {
		cnt += r->all[i].process ? r->all[i].leaks.watched_cnt : 0;
		sites += r->all[i].process ? r->all[i].leaks.found_cnt : 0;
	}
	fprintf(stderr, "\r%s of %s  %s goroutines  %zu suspicious sites; Ctrl-C ends it\033[K",
		text_ns(passed, now_ns - r->start_ns), text_ns(whole, r->end_ns - r->start_ns),
		text_cnt(text, cnt), sites);
	fflush(stderr);
	r->progress = true;
}

/* ---- what was found ---- */

static struct goroutines_leaks_report leaks_report(const struct run *r, const struct watched *w,
						   const struct go_look *look)
{
	return (struct goroutines_leaks_report){
		.look = look,
		.leaks = &w->leaks,
		.runtime = r->config->runtime,
		.color = !r->config->output && terminal_color(stdout),
	};
}

static bool leaks_was_shown(const struct watched *w, const struct go_leak *leak)
{
	for (size_t i = 0; i < w->shown_cnt; i++)
		if (w->shown[i].gopc == leak->gopc && w->shown[i].reason == leak->reason &&
		    w->shown[i].verdict == leak->verdict)
			return true;
	return false;
}

static int leaks_show_one(struct run *r, struct watched *w, const struct go_look *look,
			  const struct go_leak *leak)
{
	const struct goroutines_leaks_report report = leaks_report(r, w, look);
	struct go_channel_facts facts;
	int err = array__grow((void **)&w->shown, &w->shown_cap, w->shown_cnt + 1,
			      sizeof(*w->shown), GO_LEAKS_MAX_SITES * (size_t)GO_LEAK_VERDICT_CNT);

	if (err == -E2BIG)
		return 0;
	if (!err)
		err = go_channel_facts__read(&facts, look, leak);
	if (err)
		return err;
	w->shown[w->shown_cnt++] = (struct shown){leak->gopc, leak->reason, leak->verdict};
	leaks_hide_progress(r);
	err = goroutines_write_leak(&report, leak, &facts, r->file.fp);
	fputc('\n', r->file.fp);
	if (!err && fflush(r->file.fp))
		err = -errno;
	return err ? output_refused(err, r->config->output) : 0;
}

/* What is new. A program that was just begun has nothing to do with the one before. */
static int leaks_show_new(struct run *r, struct watched *w, const struct go_look *look)
{
	int err = 0;

	if (look->all->is_first)
		w->shown_cnt = 0;
	for (size_t i = 0; !err && !r->config->json && i < w->leaks.found_cnt; i++)
		if (!leaks_was_shown(w, &w->leaks.found[i]))
			err = leaks_show_one(r, w, look, &w->leaks.found[i]);
	return err;
}

static int leaks_write_json(struct run *r, const struct watched *w, const struct go_look *look)
{
	const struct goroutines_leaks_report report = leaks_report(r, w, look);
	size_t cnt = w->leaks.found_cnt;
	_cleanup_free_ struct go_channel_facts *facts = calloc(cnt + 1, sizeof(*facts));
	int err = facts ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < cnt; i++)
		err = go_channel_facts__read(&facts[i], look, &w->leaks.found[i]);
	return err ? err : goroutines_write_leaks_json(&report, facts, r->file.fp);
}

static int leaks_close(struct run *r, struct watched *w, bool is_first)
{
	struct go_look look = go_process__look(w->process);
	const struct goroutines_leaks_report report = leaks_report(r, w, &look);

	goroutines_warn(w->process);
	if (w->leaks.unkept_cnt)
		log_warn("process %u: %llu goroutines are of more places than are kept",
			 w->process->pid, (unsigned long long)w->leaks.unkept_cnt);
	if (r->config->json)
		return leaks_write_json(r, w, &look);
	if (!is_first)
		fputc('\n', r->file.fp);
	return goroutines_write_leaks(&report, r->file.fp);
}

/* ---- looking ---- */

/* One that ends is no failure, but it may have ended too early. 0 or -ENOMEM. */
static int leaks_lose(struct run *r, struct watched *w, int err)
{
	if (err == -ENOMEM)
		return err;
	leaks_hide_progress(r);
	if (err == -ESRCH && w->leaks.point_cnt) {
		log_warn("process %u has ended, after %.1f s of %.1f", w->process->pid,
			 (double)go_leaks__seen_ns(&w->leaks) / 1e9, (double)r->window_ns / 1e9);
	} else {
		log_error("%s", error_text(err));
		r->failed = true;
	}
	go_process__free(w->process);
	w->process = NULL;
	r->alive_cnt--;
	return 0;
}

static int leaks_look_at(struct run *r, struct watched *w)
{
	struct go_look look;
	int err = go_process__read(w->process, true);

	if (err)
		return leaks_lose(r, w, err);
	look = go_process__look(w->process);
	err = go_leaks__add(&w->leaks, &look);
	if (!err)
		err = go_leaks__judge(&w->leaks, &look);
	if (!err)
		err = leaks_show_new(r, w, &look);
	w->has_found = w->leaks.found_cnt;
	w->is_whole = go_leaks__is_whole(&w->leaks);
	return err;
}

static int leaks_look(struct run *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->cnt; i++)
		if (r->all[i].process)
			err = leaks_look_at(r, &r->all[i]);
	leaks_show_progress(r);
	return err;
}

static uint64_t leaks_wait_ns(const struct run *r)
{
	uint64_t ns = r->window_ns / LOOKS_PER_WINDOW;

	return ns > MAX_WAIT_NS ? MAX_WAIT_NS : ns < MIN_WAIT_NS ? MIN_WAIT_NS : ns;
}

static void leaks_set_times(struct run *r)
{
	uint64_t duration_ns = r->config->duration_ns;

	r->start_ns = os_monotonic_ns();
	r->end_ns = r->start_ns + (duration_ns ? duration_ns : r->window_ns);
}

/* The first look may take long; the last one comes when the window is over, not before. */
static int leaks_watch(struct run *r)
{
	uint64_t next_ns;
	int err;

	leaks_set_times(r);
	err = leaks_look(r);
	leaks_set_times(r);
	next_ns = r->start_ns;
	while (!err && r->alive_cnt && next_ns < r->end_ns && !os_signal_stop()) {
		do
			next_ns += leaks_wait_ns(r);
		while (next_ns < os_monotonic_ns());
		if (next_ns > r->end_ns)
			next_ns = r->end_ns;
		goroutines_sleep(next_ns);
		if (!os_signal_stop())
			err = leaks_look(r);
	}
	leaks_hide_progress(r);
	return err;
}

/* ---- the command ---- */

static int leaks_check(struct run *r)
{
	const struct goroutines_leaks_config *c = r->config;

	r->window_ns = c->window_ns	? c->window_ns
		       : c->duration_ns ? c->duration_ns
					: GO_LEAKS_WINDOW_NS;
	if (c->duration_ns && c->duration_ns < r->window_ns)
		return error_set(-EINVAL,
				 "DURATION is shorter than --window: leave one of them out");
	if (r->window_ns < GO_LEAKS_MIN_WINDOW_NS)
		return error_set(-EINVAL, "--leaks takes a second at least");
	return 0;
}

static int leaks_open_output(struct run *r, const char *path)
{
	int err = atomic_file__open(&r->file, path, 0644);

	if (err)
		return output_refused(err, path);
	rights__add_file(&r->rights, &r->file);
	return rights__narrow(&r->rights);
}

static int leaks_settle(struct run *r)
{
	bool by_bpf = false;

	for (size_t i = 0; i < r->cnt; i++)
		by_bpf |= r->all[i].process->go->bpf != NULL;
	return goroutines_settle(&r->rights, by_bpf);
}

static int leaks_open(struct run *r)
{
	const struct goroutines_leaks_config *c = r->config;
	int err;

	r->all = calloc(c->pid_cnt, sizeof(*r->all));
	if (!r->all)
		return -ENOMEM;
	err = leaks_open_output(r, c->output ? c->output : "-");
	if (err)
		return err;
	for (; r->cnt < c->pid_cnt; r->cnt++) {
		struct watched *w = &r->all[r->cnt];

		w->process = goroutines_process(c->pids[r->cnt]);
		if (!w->process)
			return -errno;
		go_leaks__init(&w->leaks, r->window_ns);
		r->alive_cnt++;
	}
	return leaks_settle(r);
}

static int leaks_finish(struct run *r)
{
	bool is_first = true;
	int err = 0;

	for (size_t i = 0; !err && i < r->cnt; i++) {
		if (!r->all[i].process)
			continue;
		err = leaks_close(r, &r->all[i], is_first);
		is_first = false;
	}
	return err ? err : output_commit(&r->file, r->config->output, 0);
}

static void leaks_free(struct run *r)
{
	for (size_t i = 0; r->all && i < r->cnt; i++) {
		go_process__free(r->all[i].process);
		go_leaks__fini(&r->all[i].leaks);
		free(r->all[i].shown);
	}
	free(r->all);
	atomic_file__abort(&r->file);
}

/* What could not be seen must not look like a leak, nor like none. */
static int leaks_status(const struct run *r)
{
	bool is_whole = true, has_found = false;

	for (size_t i = 0; i < r->cnt; i++) {
		is_whole &= r->all[i].is_whole;
		has_found |= r->all[i].has_found;
	}
	if (r->failed)
		return EXIT_STATUS_USAGE;
	return has_found ? 1 : is_whole ? EXIT_STATUS_OK : EXIT_STATUS_TOO_LITTLE;
}

int goroutines_leaks_run(const struct goroutines_leaks_config *config)
{
	struct run r = {.config = config};
	int status, err = leaks_check(&r);

	if (!err)
		err = leaks_open(&r);
	if (!err) {
		os_signal_catch_stop();
		err = leaks_watch(&r);
	}
	if (!err)
		err = leaks_finish(&r);
	if (err)
		log_error("%s", error_text(err));
	log_limits_flush(true);
	status = err ? EXIT_STATUS_USAGE : leaks_status(&r);
	leaks_free(&r);
	return status;
}
