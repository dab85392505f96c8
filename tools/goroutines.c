/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell goroutines: what the goroutines of a Go program are doing, seen from outside. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/go_scheduler.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_signal.h"
#include "commands.h"
#include "goroutines.h"
#include "goroutines_events.h"
#include "goroutines_leaks.h"
#include "goroutines_options.h"
#include "output/goroutines.h"
#include "output_file.h"
#include "rights.h"
#include "terminal.h"

#define GOROUTINES_ROUND_NS 50000000ull
#define GOROUTINES_TRY_CNT  5

/* All that one run holds. */
struct run {
	const struct goroutines_config *config;
	struct go_process **processes;	 /* NULL: ended */
	struct go_scheduler *schedulers; /* of each; NULL: not wanted */
	size_t cnt, alive_cnt;
	struct atomic_file file;
	struct rights rights;
	struct go_table table;
	struct goroutines_plan plan;
	uint64_t look_cnt;
	bool failed; /* one could not be looked at; that was said */
	bool scan;   /* look for variables by what is in them, not by their names */
};

/* ---- looking ---- */

static int goroutines_write(const struct run *r, const struct goroutines_report *report)
{
	const struct goroutines_config *c = r->config;

	if (r->plan.json)
		return goroutines_write_json(report, r->file.fp);
	if (r->look_cnt > 1 || report->look->pid != r->processes[0]->pid)
		fputc('\n', r->file.fp);
	if (c->scheduler)
		return goroutines_write_scheduler(report, r->file.fp);
	if (c->each)
		return goroutines_write_each(report, r->file.fp);
	if (c->stacks)
		return goroutines_write_stacks(report, r->file.fp);
	return goroutines_write_table(report, r->file.fp);
}

static int goroutines_show(struct run *r, size_t i)
{
	const struct goroutines_config *c = r->config;
	const struct go_process *p = r->processes[i];
	struct go_look look = go_process__look(p);
	struct goroutines_scheduler scheduler = {0};
	struct goroutines_report report = {
		.look = &look,
		.table = &r->table,
		.system = c->system,
		.runtime = c->runtime,
		.each = c->each,
		.ages = p->look_cnt > 1,
		.top_cnt = c->top_cnt ? (uint32_t)c->top_cnt : UINT32_MAX,
		.color = !c->output && terminal_color(stdout),
	};
	int err = go_table__fill(&r->table, &look, c->system, c->stacks);

	if (err)
		return err;
	if (r->schedulers) {
		scheduler.now = go_scheduler__stats(&r->schedulers[i]);
		scheduler.before = go_scheduler__before(&r->schedulers[i], &scheduler.interval_ns);
		report.scheduler = &scheduler;
	}
	return goroutines_write(r, &report);
}

void goroutines_warn(const struct go_process *p)
{
	static struct log_limit limits[7]; /* a look may come each tenth of a second */
	const struct go_counts *c = &go_process__look(p).all->counts;
	const struct {
		uint64_t cnt;
		const char *text;
	} lines[] = {
		{c->cut, "goroutines are beyond what is read of one process"},
		{c->unreadable, "goroutines could not be read"},
		{c->damaged, "of the list's goroutines make no sense"},
		{c->torn, "stacks changed each time they were read, and are missing"},
		{c->broken, "stacks could not be followed to their end"},
		{c->unkept, "stacks are missing: there are too many different ones"},
		{c->unlabelled, "goroutines have labels that could not be read"},
	};

	_Static_assert(ARRAY_SIZE(limits) == ARRAY_SIZE(lines), "each has its own");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (lines[i].cnt)
			log_limited(&limits[i], LOG_LEVEL_WARN, "process %u: %llu %s", p->pid,
				    (unsigned long long)lines[i].cnt, lines[i].text);
}

/* One that ends while it is watched is no failure. 0 or -ENOMEM. */
static int goroutines_lose(struct run *r, size_t i, int err)
{
	struct go_process *p = r->processes[i];
	bool was_watched = r->look_cnt > 1;

	if (err == -ENOMEM)
		return err;
	if (was_watched && err == -ESRCH)
		log_info("process %u has ended", p->pid);
	else
		log_error("%s", error_text(err));
	r->failed |= !was_watched || err != -ESRCH;
	go_process__free(p);
	r->processes[i] = NULL;
	r->alive_cnt--;
	return 0;
}

/* Both of one program: between the two it may begin another one. */
static int goroutines_read(struct run *r, size_t i)
{
	struct go_process *p = r->processes[i];
	bool stacks = r->config->stacks || r->config->each;
	int err = -ESTALE;

	for (int try = 0; err == -ESTALE && try < GOROUTINES_TRY_CNT; try++) {
		err = go_process__read(p, stacks);
		if (!err && r->schedulers)
			err = go_scheduler__read(&r->schedulers[i], p, r->scan);
	}
	return err;
}

static int goroutines_look_at(struct run *r, size_t i)
{
	struct go_process *p = r->processes[i];
	int err = goroutines_read(r, i);

	if (err)
		return goroutines_lose(r, i, err);
	err = goroutines_show(r, i);
	if (!err && fflush(r->file.fp))
		err = -errno;
	if (err)
		return output_refused(err, r->config->output);
	goroutines_warn(p);
	return 0;
}

static int goroutines_look(struct run *r)
{
	int err = 0;

	r->look_cnt++;
	for (size_t i = 0; !err && i < r->cnt; i++)
		if (r->processes[i])
			err = goroutines_look_at(r, i);
	return err;
}

/* ---- running ---- */

void goroutines_sleep(uint64_t until_ns)
{
	uint64_t now_ns = os_monotonic_ns();

	while (now_ns < until_ns && !os_signal_stop()) {
		uint64_t ns = until_ns - now_ns;
		struct timespec ts = {
			.tv_nsec = (long)(ns < GOROUTINES_ROUND_NS ? ns : GOROUTINES_ROUND_NS)};

		nanosleep(&ts, NULL);
		now_ns = os_monotonic_ns();
	}
}

/* Looks are made at even distances; where one takes longer than that, some are left out. */
static int goroutines_watch(struct run *r)
{
	uint64_t next_ns = os_monotonic_ns();
	int err = goroutines_look(r);

	while (!err && r->config->watch_ns && r->alive_cnt && !os_signal_stop()) {
		do
			next_ns += r->config->watch_ns;
		while (next_ns < os_monotonic_ns());
		if (r->plan.end_ns && next_ns > r->plan.end_ns)
			break;
		goroutines_sleep(next_ns);
		if (!os_signal_stop())
			err = goroutines_look(r);
	}
	return err;
}

static bool is_env(const char *name, const char *value)
{
	const char *is = getenv(name);

	return is && !strcmp(is, value);
}

struct go_process *goroutines_process(uint32_t pid)
{
	return go_process__new(pid, go_layout_from_parse(getenv("DWELL_GO_LAYOUT")));
}

static int goroutines_events(struct run *r)
{
	const struct goroutines_config *c = r->config;

	r->plan.events.end_ns = r->plan.end_ns;
	r->plan.events.limit = c->events_limit;
	r->plan.events.system = c->system;
	r->plan.events.runtime = c->runtime;
	r->plan.events.stacks = c->stacks;
	r->plan.events.json = r->plan.json;
	r->plan.events.color = !c->output && terminal_color(stdout);
	r->plan.events.output = c->output;
	r->plan.events.top_cnt = c->top_cnt ? (uint32_t)c->top_cnt : UINT32_MAX;
	return goroutines_events_run(&r->plan.events, r->processes[0], r->file.fp);
}

int goroutines_settle(struct rights *rights, bool by_bpf)
{
	return rights__settle(rights,
			      RIGHTS_GO | (by_bpf ? RIGHTS_PROBES : (unsigned int)RIGHTS_NO_BPF));
}

static int goroutines_open(struct run *r)
{
	const struct goroutines_config *c = r->config;
	bool by_bpf;
	int err;

	r->scan = is_env("DWELL_GO_SYMBOLS", "ignore");

	r->cnt = c->pids.cnt;
	r->processes = calloc(r->cnt, sizeof(r->processes[0]));
	if (c->scheduler)
		r->schedulers = calloc(r->cnt, sizeof(r->schedulers[0]));
	if (!r->processes || (c->scheduler && !r->schedulers))
		return -ENOMEM;
	err = atomic_file__open(&r->file, c->output ? c->output : "-", 0644);
	if (err)
		return output_refused(err, c->output);
	rights__add_file(&r->rights, &r->file);
	/* Seen on Linux 6.18: perf_event_open(2) of uprobes takes it in spite of CAP_PERFMON. */
	if (r->plan.events.burst_ns)
		r->rights.others |= OS_CAP(CAP_SYS_ADMIN);
	err = rights__narrow(&r->rights);
	if (err)
		return err;
	for (size_t i = 0; i < r->cnt; i++) {
		r->processes[i] = goroutines_process(c->pids.ids[i]);
		if (!r->processes[i])
			return -errno;
		r->processes[i]->watch.wants_labels = c->each || c->by_label;
		r->alive_cnt++;
	}
	by_bpf = r->plan.events.burst_ns != 0;
	for (size_t i = 0; i < r->cnt; i++)
		by_bpf |= r->processes[i]->go->bpf != NULL;
	return goroutines_settle(&r->rights, by_bpf);
}

static void goroutines_close(struct run *r)
{
	for (size_t i = 0; r->processes && i < r->cnt; i++)
		go_process__free(r->processes[i]);
	free(r->processes);
	free(r->schedulers);
	atomic_file__abort(&r->file);
	go_table__fini(&r->table);
}

static int goroutines_leaks(const struct run *r)
{
	const struct goroutines_config *c = r->config;
	const struct goroutines_leaks_config leaks = {
		.pids = c->pids.ids,
		.pid_cnt = c->pids.cnt,
		.window_ns = c->window_ns,
		.duration_ns = r->plan.duration_ns,
		.json = r->plan.json,
		.runtime = c->runtime,
		.quiet = c->quiet,
		.output = c->output,
	};

	return goroutines_leaks_run(&leaks);
}

static int run_goroutines(const void *config, int operand_cnt, char **operands, char **command)
{
	struct run r = {.config = config};
	int err;

	log_set_level(r.config->verbose ? 2 : r.config->quiet ? 0 : 1);
	err = goroutines_check(r.config, operand_cnt, operands, command, &r.plan);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	if (r.config->leaks)
		return goroutines_leaks(&r);
	go_table__init(&r.table);
	r.table.by_label = r.config->by_label;
	err = goroutines_open(&r);
	if (!err) {
		os_signal_catch_stop();
		err = r.plan.events.burst_ns ? goroutines_events(&r) : goroutines_watch(&r);
	}
	if (!err)
		err = output_commit(&r.file, r.config->output, 0);
	if (err)
		log_error("%s", error_text(err));
	log_limits_flush(true);
	goroutines_close(&r);
	return err || r.failed ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

const struct command goroutines_command = {
	.name = "goroutines",
	.summary = "what the goroutines of a Go program are doing, with no change to it",
	.operands = "[DURATION]",
	.description = goroutines_description,
	.options = goroutines_options,
	.examples = goroutines_examples,
	.config_size = sizeof(struct goroutines_config),
	.defaults = goroutines_defaults,
	.run = run_goroutines,
};
