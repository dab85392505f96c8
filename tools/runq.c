/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell runq: how long threads wait for a CPU, and who runs instead. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/os_child.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_signal.h"
#include "commands.h"
#include "output/runq.h"
#include "output/text.h"
#include "output_file.h"
#include "rights.h"
#include "source/bpf_runq.h"
#include "target.h"
#include "terminal.h"

#define RUNQ_ROUND_NS	 50000000ull
#define RUNQ_DRAIN_NS	 1000000000ull
#define RUNQ_TOP_CNT	 20
#define RUNQ_RAN_CNT	 3
#define RUNQ_MIN_TICK_NS 10000000ull

struct runq_options {
	struct target_config target;
	enum runq_by by;
	uint64_t interval_ns;
	uint64_t top_cnt, ran_cnt;
	bool histogram, json;
	bool quiet, verbose;
	const char *output;
};

/* All that one run holds. */
struct run {
	const struct runq_options *config;
	char **command; /* NULL: none */
	char title[256];
	struct child child;
	struct runq_source *source;
	struct runq_table all, part; /* of the run, and of the interval with -i */
	struct runq_sink sink;
	struct atomic_file file;
	struct rights rights;
	bool json;
	uint64_t start_ns, end_ns; /* of the window; end 0: none */
	uint64_t part_ns;	   /* where the interval began */
	uint64_t next_drain_ns, next_tick_ns;
	bool progress; /* a line was begun on stderr */
};

static void runq_defaults(void *config)
{
	struct runq_options *c = config;

	c->top_cnt = RUNQ_TOP_CNT;
	c->ran_cnt = RUNQ_RAN_CNT;
}

static const char *runq_by_word(size_t i)
{
	return i < RUNQ_BY_CNT ? runq_by_name((unsigned int)i) : NULL;
}

static int runq_parse_by(void *config, const char *value)
{
	struct runq_options *c = config;

	for (unsigned int i = 0; i < RUNQ_BY_CNT; i++) {
		if (strcmp(value, runq_by_name(i)) != 0)
			continue;
		c->by = (enum runq_by)i;
		return 0;
	}
	return error_set(-EINVAL,
			 "'%s' is nothing to have a row: give process, thread, cpu or class",
			 value);
}

/* ---- showing ---- */

static int runq_take_cell(void *arg, const struct runq_cell_key *key, const struct runq_cell *cell)
{
	struct run *r = arg;
	int err = runq_table__add_cell(&r->all, key, cell);

	if (!err && r->config->interval_ns)
		err = runq_table__add_cell(&r->part, key, cell);
	return err;
}

static int runq_take_turn(void *arg, const struct runq_turn_key *key, const struct runq_turn *turn)
{
	struct run *r = arg;
	int err = runq_table__add_turn(&r->all, key, turn);

	if (!err && r->config->interval_ns)
		err = runq_table__add_turn(&r->part, key, turn);
	return err;
}

/* What of @table came in [@begin_ns, @end_ns). @last: nothing comes after it. */
static int runq_show(struct run *r, struct runq_table *table, uint64_t begin_ns, uint64_t end_ns,
		     bool last)
{
	const struct runq_options *c = r->config;
	struct runq_report report = {
		.table = table,
		.title = r->title,
		.probes = runq_source__variant(r->source),
		.by = c->by,
		.begin_ns = begin_ns - r->start_ns,
		.end_ns = end_ns - r->start_ns,
		.last = last,
		.histogram = c->histogram,
		.top_cnt = c->top_cnt ? (uint32_t)c->top_cnt : UINT32_MAX,
		.ran_cnt = (uint32_t)c->ran_cnt,
		.color = !r->json && !c->output && terminal_color(stdout),
	};
	int err = runq_source__counters(r->source, &report.counters);

	if (!err)
		err = runq_source__untraced(r->source, &report.untraced_cnt);
	if (!err)
		err = runq_table__sort(table);
	if (err)
		return err;
	err = r->json ? runq_write_json(&report, r->file.fp) : runq_write_text(&report, r->file.fp);
	if (!err && !last && !r->json && fputc('\n', r->file.fp) == EOF)
		err = -errno;
	if (!err && fflush(r->file.fp))
		err = -errno;
	return err ? output_refused(err, c->output) : 0;
}

/* Where all that was observed is: the closing lines. */
static void runq_print_ledger(const struct run *r)
{
	struct runq_report report = {.table = &r->all};
	const __u64 *c = report.counters.values;
	char ns[4][TEXT_NS_LEN], cnt[4][TEXT_CNT_LEN];

	if (r->config->quiet || runq_source__counters(r->source, &report.counters))
		return;
	log_info("ledger: observed %s in %s waits = delivered %s in %s + lost %s in %s",
		 text_ns(ns[0], c[RUNQ_C_WAIT_NS] + c[RUNQ_C_OPEN_NS]),
		 text_cnt(cnt[0], c[RUNQ_C_WAITS] + c[RUNQ_C_OPEN]), text_ns(ns[1], r->all.wait_ns),
		 text_cnt(cnt[1], r->all.wait_cnt), text_ns(ns[2], c[RUNQ_C_LOST_NS]),
		 text_cnt(cnt[2], c[RUNQ_C_LOST]));
	log_info("        ran instead %s, of it unknown %s, lost %s; %s moves to another CPU",
		 text_ns(ns[0], c[RUNQ_C_RAN_NS]), text_ns(ns[1], c[RUNQ_C_RAN_UNKNOWN_NS]),
		 text_ns(ns[2], c[RUNQ_C_RAN_LOST_NS]), text_cnt(cnt[0], c[RUNQ_C_MIGRATIONS]));
	if (runq_report_imbalance_ns(&report))
		log_warn("the ledger does not balance: please report this");
}

/* Losses are said also with -q. */
static void runq_warn(const struct run *r)
{
	struct runq_counters counters;
	const __u64 *c = counters.values;
	uint64_t untraced_cnt = 0;

	if (runq_source__counters(r->source, &counters) ||
	    runq_source__untraced(r->source, &untraced_cnt))
		return;
	if (c[RUNQ_C_LOST] || c[RUNQ_C_RAN_LOST_NS])
		log_warn("the kernel's maps were full: %llu waits and %llu ns of those who ran "
			 "instead are in no table; trace less (-p, --comm, --by cpu)",
			 (unsigned long long)c[RUNQ_C_LOST],
			 (unsigned long long)c[RUNQ_C_RAN_LOST_NS]);
	if (untraced_cnt)
		log_warn("%llu times there was no memory for the state of a thread: waits of it "
			 "are missing; trace less (-p, --comm)",
			 (unsigned long long)untraced_cnt);
	if (c[RUNQ_C_UNPAIRED])
		log_warn("the kernel did not report a switch of %llu waits: they are as long as it "
			 "says itself, and who ran instead is unknown",
			 (unsigned long long)c[RUNQ_C_UNPAIRED]);
}

/* ---- running ---- */

static int runq_drain(struct run *r)
{
	int err = runq_source__drain(r->source, &r->sink);

	if (err == -E2BIG)
		error_set(err, "more different threads than can be kept: trace less (-p, --comm), "
			       "or for a shorter time");
	r->next_drain_ns = os_monotonic_ns() + RUNQ_DRAIN_NS;
	return err;
}

static void runq_progress(struct run *r, uint64_t now_ns)
{
	struct runq_counters counters;
	char waits[TEXT_CNT_LEN], lost[TEXT_CNT_LEN];

	if (r->config->quiet || r->config->interval_ns || !terminal_is(stderr) ||
	    runq_source__counters(r->source, &counters))
		return;
	r->progress = true;
	fprintf(stderr, "\r%.1fs  %s waits  %s lost   ", (double)(now_ns - r->start_ns) / 1e9,
		text_cnt(waits, counters.values[RUNQ_C_WAITS]),
		text_cnt(lost, counters.values[RUNQ_C_LOST]));
}

/* Until @until_ns (0: any), a round at most; a signal ends it. */
static void runq_sleep(uint64_t now_ns, uint64_t until_ns)
{
	uint64_t ns =
		until_ns && until_ns < now_ns + RUNQ_ROUND_NS ? until_ns - now_ns : RUNQ_ROUND_NS;
	struct timespec ts = {.tv_nsec = (long)ns};

	nanosleep(&ts, NULL);
}

/* What is due now. 0 or -errno. */
static int runq_round(struct run *r, uint64_t now_ns)
{
	bool tick = r->next_tick_ns && now_ns >= r->next_tick_ns;
	int err = 0;

	if (now_ns >= r->next_drain_ns)
		runq_progress(r, now_ns);
	if (tick || now_ns >= r->next_drain_ns || runq_source__must_drain(r->source))
		err = runq_drain(r);
	if (err || !tick)
		return err;
	while (r->next_tick_ns <= now_ns)
		r->next_tick_ns += r->config->interval_ns;
	err = runq_show(r, &r->part, r->part_ns, now_ns, false);
	runq_table__clear(&r->part);
	r->part_ns = now_ns;
	return err;
}

static uint64_t runq_earlier(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns && (!b_ns || a_ns < b_ns) ? a_ns : b_ns;
}

static int runq_loop(struct run *r)
{
	uint64_t now_ns = os_monotonic_ns();
	int err = 0;

	while (!err && !os_signal_stop() && (!r->end_ns || now_ns < r->end_ns) &&
	       runq_source__alive(r->source)) {
		runq_sleep(now_ns, runq_earlier(r->end_ns, r->next_tick_ns));
		now_ns = os_monotonic_ns();
		/* The end shows all that there is itself. */
		if (!r->end_ns || now_ns < r->end_ns)
			err = runq_round(r, now_ns);
	}
	return err;
}

static int runq_trace(struct run *r, uint64_t duration_ns)
{
	const struct runq_options *c = r->config;
	uint64_t stop_ns;
	int err;

	os_signal_catch_stop();
	if (!c->quiet && !duration_ns && !r->command && !c->target.pids.cnt)
		log_info("tracing until Ctrl-C");
	err = runq_source__start(r->source, &r->start_ns);
	if (err)
		return err;
	r->part_ns = r->start_ns;
	r->end_ns = duration_ns ? r->start_ns + duration_ns : 0;
	r->next_drain_ns = r->start_ns + RUNQ_DRAIN_NS;
	r->next_tick_ns = c->interval_ns ? r->start_ns + c->interval_ns : 0;
	err = rights__settle(&r->rights, RIGHTS_MAPS);
	if (!err && r->command)
		err = child__release(&r->child, r->command[0]);
	if (!err)
		err = runq_loop(r);
	if (r->progress)
		fputc('\n', stderr);
	if (!err)
		err = runq_source__stop(r->source, &r->sink, &stop_ns);
	if (!err)
		err = runq_show(r, &r->all, r->start_ns, stop_ns, true);
	if (!err)
		err = output_commit(&r->file, r->config->output, 0);
	if (err)
		return err;
	runq_print_ledger(r);
	runq_warn(r);
	return 0;
}

static int runq_open(struct run *r)
{
	const char *path = r->config->output ? r->config->output : "-";
	struct targets targets;
	int err;

	runq_table__init(&r->all);
	runq_table__init(&r->part);
	r->sink = (struct runq_sink){runq_take_cell, runq_take_turn, r};
	target_describe(&r->config->target, r->command, r->title, sizeof(r->title));
	err = atomic_file__open(&r->file, path, 0644);
	if (err)
		return output_refused(err, path);
	rights__add_file(&r->rights, &r->file);
	if (r->command) {
		rights__add_command(&r->rights);
		err = child__spawn(&r->child, r->command);
	}
	if (!err)
		err = rights__narrow(&r->rights);
	if (err)
		return err;
	targets = target_list(&r->config->target, r->child.pid);
	r->source = runq_source_open(&targets, r->config->by);
	if (!r->source)
		return -errno;
	if (!runq_source__sees_edges(r->source))
		log_warn("the kernel refuses to iterate over tasks (a seccomp filter or a security "
			 "module?): waits that began before the start, or had not ended at the "
			 "end, are missing");
	return 0;
}

static int runq_check(struct run *r, int operand_cnt, char **operands, uint64_t *ret_duration_ns)
{
	const struct runq_options *c = r->config;
	size_t len = c->output ? strlen(c->output) : 0;

	r->json = c->json || (len > 5 && !strcmp(c->output + len - 5, ".json"));
	if (r->json && c->histogram)
		return error_set(-EINVAL, "JSON has all histograms already: leave --histogram out");
	return target_check(&c->target, operand_cnt, operands, r->command, ret_duration_ns);
}

static int run_runq(const void *config, int operand_cnt, char **operands, char **command)
{
	struct run r = {.config = config, .command = command};
	uint64_t duration_ns = 0;
	int err, status = EXIT_STATUS_OK;

	r.child = (struct child){.release_fd = -1, .exec_error_fd = -1};
	log_set_level(r.config->verbose ? 2 : r.config->quiet ? 0 : 1);
	err = runq_check(&r, operand_cnt, operands, &duration_ns);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = runq_open(&r);
	if (!err)
		err = runq_trace(&r, duration_ns);
	if (err)
		log_error("%s", error_text(err));
	if (r.child.pid && r.child.release_fd < 0)
		status = child__wait(&r.child);
	runq_source__close(r.source);
	child__abandon(&r.child);
	atomic_file__abort(&r.file);
	runq_table__fini(&r.all);
	runq_table__fini(&r.part);
	return err ? EXIT_STATUS_FAILED : status;
}

static const struct option_def runq_option_defs[] = {
	TARGET_OPTIONS(struct runq_options, target),
	{.type = OPTION_GROUP, .help = "View"},
	{.name = "by",
	 .arg = "WHAT",
	 .type = OPTION_CUSTOM,
	 .parse = runq_parse_by,
	 .value = {.kind = VALUE_ONE_OF, .word = runq_by_word},
	 .help = "a row for each process (default), thread, cpu or class of scheduling (other, "
		 "batch, idle, fifo, rr, deadline, ext)"},
	{.name = "histogram",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct runq_options, histogram),
	 .help = "also draw a histogram for each row"},
	{.letter = 'i',
	 .name = "interval",
	 .arg = "SECONDS",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct runq_options, interval_ns),
	 .min = RUNQ_MIN_TICK_NS,
	 .max = UINT64_MAX / 4,
	 .help = "a table for each SECONDS of the run, of the waits that ended in them, and one of "
		 "all at the end"},
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct runq_options, json),
	 .help = "everything as JSON, an object for each table"},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct runq_options, output),
	 .value = {.kind = VALUE_PATH},
	 .help = "write to FILE, JSON if it ends in .json"},
	{.name = "top",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct runq_options, top_cnt),
	 .max = 1000000,
	 .help = "rows in the table (default 20; 0: all)"},
	{.name = "preempters",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct runq_options, ran_cnt),
	 .max = 1000000,
	 .help = "how many of those who ran instead are shown for each row (default 3)"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct runq_options, quiet),
	 .help = "no progress and no ledger on stderr"},
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct runq_options, verbose),
	 .help = "what libbpf and the verifier say, on stderr"},
	OPTION_END,
};

static const struct command_example runq_examples[] = {
	{"dwell runq -p 4711 10", "how long process 4711 waits for CPUs, and for whom"},
	{"dwell runq --by cpu -i 1", "the whole system, a table per second"},
	{"dwell runq --by thread --histogram -- make", "each thread of a build"},
	{.line = NULL},
};

const struct command runq_command = {
	.name = "runq",
	.summary = "how long threads wait for a CPU, and who runs instead",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description =
		"Measures run-queue latency: the time from the moment when a thread of the target "
		"could run until it did. That moment is its wake-up (when it was put into a run "
		"queue), the start of a new thread, or the switch at which it lost the CPU while "
		"it "
		"could have gone on: preempted, its time slice used up, or by sched_yield(). "
		"Every wait counts, none is sampled.\n\n"
		"A row has the number of waits, their mean, the median, the 95th and 99th "
		"percentile, the longest and the sum. Percentiles come from histograms with 16 "
		"buckets per power of two, so they are at most 3.2 % off; mean, longest and sum "
		"are "
		"exact. A wait belongs to the interval in which it ended. One that was going on "
		"when tracing began counts with the part since then; those that had not ended when "
		"tracing did stand apart and are not in the figures.\n\n"
		"Below each row, and below the sum of all: who ran instead. Every wait is divided "
		"among those that ran on "
		"the "
		"CPU in whose queue the thread was, from the first nanosecond of the wait to the "
		"last, by how long each of them ran in it. When the thread is moved to another "
		"CPU's queue, what follows is divided among those that ran there. The percentage "
		"is "
		"of the time of all waits of the row. A stretch is one run of that task, as far as "
		"it lies in a wait; a preemption is a stretch that began by taking the CPU from "
		"the "
		"waiting thread. Those that ran may be other threads of the same process. "
		"Interrupts count for the task they interrupt. [idle]: the CPU ran nothing; it was "
		"waking up, or the thread's cgroup had used up its quota. [unknown]: the wait had "
		"more than 510 switches, these are the ones before; or the kernel did not report a "
		"switch. With --by cpu a wait belongs to the CPU where it ended, and what ran "
		"instead to the CPU where it ran. Classes are the scheduling policies that the "
		"threads have when their wait ends.\n\n"
		"With -i, waits and those who ran instead are read some milliseconds apart, so "
		"their sums may differ by that; in the last table, of the whole run, they "
		"agree.\n\n"
		"DURATION is a number of seconds, or has a unit: 500ms, 10s, 1m. Without one, "
		"tracing goes on until Ctrl-C or until the target has exited. The exit status of a "
		"command after -- is passed on.\n\n"
		"Standard output is data. The closing ledger is on standard error: every wait that "
		"the kernel side saw is in a table or lost by name.",
	.options = runq_option_defs,
	.examples = runq_examples,
	.config_size = sizeof(struct runq_options),
	.defaults = runq_defaults,
	.run = run_runq,
};
