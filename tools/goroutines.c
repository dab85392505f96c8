/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell goroutines: what the goroutines of a Go program are doing, seen from outside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/go_leaks.h"
#include "app/go_scheduler.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_signal.h"
#include "commands.h"
#include "goroutines.h"
#include "goroutines_events.h"
#include "goroutines_leaks.h"
#include "output/goroutines.h"
#include "terminal.h"
#include "view.h"

#define GOROUTINES_TOP_CNT     20
#define GOROUTINES_MIN_WAIT_NS 10000000ull
#define GOROUTINES_ROUND_NS    50000000ull
#define GOROUTINES_MAX_PIDS    256
#define GOROUTINES_TRY_CNT     5

struct goroutines_config {
	struct option_ids pids;
	bool system, runtime;
	bool stacks, each, scheduler, json, leaks;
	const char *by_label;
	uint64_t watch_ns;
	uint64_t window_ns; /* 0: not given */
	const char *events;
	uint64_t events_limit;
	uint64_t top_cnt;
	const char *output;
	bool quiet, verbose;
};

/* All that one run holds. */
struct run {
	const struct goroutines_config *config;
	struct go_process **processes;	 /* NULL: ended */
	struct go_scheduler *schedulers; /* of each; NULL: not wanted */
	size_t cnt, alive_cnt;
	struct atomic_file file;
	struct go_table table;
	bool json;
	uint64_t look_cnt;
	uint64_t duration_ns, end_ns;	 /* 0: none */
	struct goroutines_events events; /* burst_ns 0: not wanted */
	bool failed;			 /* one could not be looked at; that was said */
	bool scan; /* look for variables by what is in them, not by their names */
};

static void goroutines_defaults(void *config)
{
	struct goroutines_config *c = config;

	c->top_cnt = GOROUTINES_TOP_CNT;
	c->events_limit = GOROUTINES_EVENTS_LIMIT;
}

/* ---- looking ---- */

static int goroutines_write(const struct run *r, const struct goroutines_report *report)
{
	const struct goroutines_config *c = r->config;

	if (r->json)
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

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (lines[i].cnt)
			log_warn("process %u: %llu %s", p->pid, (unsigned long long)lines[i].cnt,
				 lines[i].text);
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
		return error_set(err, "can't write the goroutines: %s", strerror(-err));
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
		if (r->end_ns && next_ns > r->end_ns)
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
	return go_process__new(pid, is_env("DWELL_GO_LAYOUT", "infer"));
}

static int goroutines_events(struct run *r)
{
	const struct goroutines_config *c = r->config;

	r->events.end_ns = r->end_ns;
	r->events.limit = c->events_limit;
	r->events.system = c->system;
	r->events.runtime = c->runtime;
	r->events.stacks = c->stacks;
	r->events.json = r->json;
	r->events.color = !c->output && terminal_color(stdout);
	r->events.top_cnt = c->top_cnt ? (uint32_t)c->top_cnt : UINT32_MAX;
	return goroutines_events_run(&r->events, r->processes[0], r->file.fp);
}

static int goroutines_open(struct run *r)
{
	const struct goroutines_config *c = r->config;
	const char *path = c->output ? c->output : "-";
	int err;

	r->scan = is_env("DWELL_GO_SYMBOLS", "ignore");

	r->cnt = c->pids.cnt;
	r->processes = calloc(r->cnt, sizeof(r->processes[0]));
	if (c->scheduler)
		r->schedulers = calloc(r->cnt, sizeof(r->schedulers[0]));
	if (!r->processes || (c->scheduler && !r->schedulers))
		return -ENOMEM;
	for (size_t i = 0; i < r->cnt; i++) {
		r->processes[i] = goroutines_process(c->pids.ids[i]);
		if (!r->processes[i])
			return -errno;
		r->processes[i]->watch.wants_labels = c->each || c->by_label;
		r->alive_cnt++;
	}
	err = atomic_file__open(&r->file, path, 0644);
	return err ? error_set(err, "can't write '%s': %s%s", path, error_text(err),
			       view_advice(err))
		   : 0;
}

static int goroutines_check_events(struct run *r)
{
	const struct goroutines_config *c = r->config;

	if (c->pids.cnt > 1)
		return error_set(-EINVAL, "--go-events is for one process at a time");
	if (c->watch_ns || c->each || c->leaks)
		return error_set(-EINVAL,
				 "--go-events counts waits, %s looks at goroutines: use one of "
				 "them",
				 c->each    ? "--each"
				 : c->leaks ? "--leaks"
					    : "--watch");
	return goroutines_events_parse(c->events, &r->events);
}

static int goroutines_check(struct run *r, int operand_cnt, char **operands, char **command)
{
	const struct goroutines_config *c = r->config;
	size_t len = c->output ? strlen(c->output) : 0;
	uint64_t duration_ns = 0;
	int err = 0;

	r->json = c->json || (len > 5 && !strcmp(c->output + len - 5, ".json"));
	if (!c->pids.cnt)
		return error_set(-EINVAL, "which process? Give -p PID");
	if (c->pids.cnt > GOROUTINES_MAX_PIDS)
		return error_set(-EINVAL, "-p: %zu processes at once: at most %d", c->pids.cnt,
				 GOROUTINES_MAX_PIDS);
	if (command)
		return error_set(-EINVAL,
				 "unexpected '--': a running process is looked at, give -p PID");
	if (c->stacks && c->each && !r->json)
		return error_set(-EINVAL,
				 "--stacks puts equal stacks together, --each doesn't: use "
				 "one of them");
	if (c->scheduler && (c->stacks || c->each) && !r->json)
		return error_set(-EINVAL,
				 "--scheduler is a view of its own: use it without --stacks and "
				 "--each, or with --json");
	if (c->leaks && (c->stacks || c->each || c->watch_ns || c->scheduler || c->by_label))
		return error_set(-EINVAL, "--leaks is a view of its own: leave out --%s",
				 c->stacks	? "stacks"
				 : c->each	? "each"
				 : c->scheduler ? "scheduler"
				 : c->by_label	? "by-label"
						: "watch");
	if (c->window_ns && !c->leaks)
		return error_set(-EINVAL, "--window goes with --leaks");
	if (c->events)
		err = goroutines_check_events(r);
	if (err)
		return err;
	if (operand_cnt > 1 || (operand_cnt && !c->watch_ns && !c->leaks && !r->events.period_ns))
		return error_set(-EINVAL, "unexpected '%s': %s", operands[operand_cnt > 1],
				 operand_cnt > 1 ? "one DURATION is enough"
						 : "a DURATION goes with --watch, --leaks or "
						   "--go-events 1s/30s");
	if (operand_cnt)
		err = option_parse_duration(operands[0], &duration_ns);
	r->duration_ns = duration_ns;
	if (!err && duration_ns)
		r->end_ns = os_monotonic_ns() + duration_ns;
	return err;
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
		.duration_ns = r->duration_ns,
		.json = r->json,
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
	err = goroutines_check(&r, operand_cnt, operands, command);
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
		err = r.events.burst_ns ? goroutines_events(&r) : goroutines_watch(&r);
	}
	if (!err)
		err = atomic_file__commit(&r.file);
	if (err)
		log_error("%s", error_text(err));
	goroutines_close(&r);
	return err || r.failed ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static const struct option_def goroutines_options[] = {
	{.type = OPTION_GROUP, .help = "Target"},
	{.letter = 'p',
	 .name = "pid",
	 .arg = "PID,...",
	 .type = OPTION_PIDS,
	 .offset = offsetof(struct goroutines_config, pids),
	 .value = {.kind = VALUE_PIDS},
	 .help = "these processes"},
	{.name = "system",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, system),
	 .help = "also the goroutines of Go's runtime itself"},
	{.type = OPTION_GROUP, .help = "View (none: a row for each state and place of creation)"},
	{.name = "stacks",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, stacks),
	 .help = "goroutines with equal stacks together, each stack with files and lines"},
	{.name = "each",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, each),
	 .help = "every goroutine by itself, as Go's tracebacks have it (debug=2)"},
	{.name = "by-label",
	 .arg = "KEY",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct goroutines_config, by_label),
	 .help = "rows apart by the value of a pprof label"},
	{.name = "scheduler",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, scheduler),
	 .help = "Go's scheduler: how long goroutines that could run wait to run, pauses, locks"},
	{.name = "runtime",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, runtime),
	 .help = "also the runtime's functions in stacks, which tracebacks leave out"},
	{.name = "watch",
	 .arg = "SECONDS",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct goroutines_config, watch_ns),
	 .min = GOROUTINES_MIN_WAIT_NS,
	 .max = UINT64_MAX / 4,
	 .help = "look again every SECONDS, and tell for how long goroutines are as they are"},
	{.name = "leaks",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, leaks),
	 .help = "the places whose goroutines leak, or may; the exit status says whether there are "
		 "any"},
	{.name = "window",
	 .arg = "TIME",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct goroutines_config, window_ns),
	 .min = GO_LEAKS_MIN_WINDOW_NS,
	 .max = UINT64_MAX / 4,
	 .help = "with --leaks: the time in which counts must rise (default DURATION, else 10 "
		 "minutes)"},
	{.name = "go-events",
	 .arg = "DURATION[/PERIOD]",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct goroutines_config, events),
	 .help = "for so long (every PERIOD), time each wait by probes in the program: it takes "
		 "root"},
	{.name = "go-events-limit",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct goroutines_config, events_limit),
	 .min = 1,
	 .max = UINT32_MAX,
	 .help = "hits of these probes per second that are put up with (default 50000)"},
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, json),
	 .help = "JSON, an object for each process and look; with --stacks or --each also those"},
	{.letter = 'o',
	 .name = "output",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct goroutines_config, output),
	 .value = {.kind = VALUE_PATH},
	 .help = "write to FILE, JSON if it ends in .json"},
	{.name = "top",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct goroutines_config, top_cnt),
	 .max = 1000000,
	 .help = "rows or stacks shown (default 20; 0: all)"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, quiet),
	 .help = "nothing on stderr but warnings and errors"},
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct goroutines_config, verbose),
	 .help = "more on stderr: what is known of the program"},
	OPTION_END,
};

static const struct command_example goroutines_examples[] = {
	{"dwell goroutines -p 4711", "what the goroutines of process 4711 wait for"},
	{"dwell goroutines -p 4711 --stacks", "where: each stack once"},
	{"dwell goroutines -p 4711 --each", "a traceback of every goroutine"},
	{"dwell goroutines -p 4711 --by-label endpoint", "the same for each endpoint"},
	{"dwell goroutines -p 4711 --watch 1 10", "a table per second, and for how long they wait"},
	{"dwell goroutines -p 4711 --leaks 600", "what leaks, after ten minutes"},
	{"dwell goroutines -p 4711 --go-events 1s",
	 "how long each wait took, in a second of its life"},
	{"dwell goroutines -p 4711 --go-events 1s/30s 10m",
	 "the same for a second in each half minute"},
	{"dwell goroutines -p 4711 --scheduler --watch 1", "how soon what can run does run"},
	{.line = NULL},
};

const struct command goroutines_command = {
	.name = "goroutines",
	.summary = "what the goroutines of a Go program are doing, with no change to it",
	.operands = "[DURATION]",
	.description =
		"Reads the goroutines of a running Go program out of its memory: their states, "
		"what "
		"they wait for, where they were created, and their stacks. The program needs no "
		"change, no HTTP endpoint and no symbols, and is neither stopped nor slowed. Go "
		"1.15 "
		"to 1.27 are known; of other versions the layout of the runtime's structs is found "
		"out from the process, and what is found is checked against it in any case.\n\n"
		"A row of the table has the goroutines that are in one state, wait for the same, "
		"start "
		"in the same function, and were created at the same place. States and wait reasons "
		"are Go's own words. A goroutine in a system call or in a function of C is "
		"\"syscall\"; "
		"one that could run but has no processor is \"runnable\".\n\n"
		"How long they are as they are: a goroutine that has not run since the last look "
		"is "
		"what it was. So it takes --watch; \"> 10 s\" was found so by the first look, and "
		"may "
		"be so for longer. In a single look an age is there only where the runtime itself "
		"has "
		"noted one, which it does when the garbage collector finds a goroutine waiting.\n\n"
		"--each writes what a traceback of Go has (SIGQUIT, "
		"/debug/pprof/goroutine?debug=2), but "
		"for the arguments of functions. A goroutine that runs has no stack that could be "
		"read.\n\n"
		"Labels that the program has set (pprof.Do, pprof.SetGoroutineLabels), as "
		"libraries for "
		"tracing do with the ids of traces and spans, are shown by --each and its JSON, in "
		"the way that "
		"tracebacks of Go 1.27 have them. --by-label KEY tells the goroutines of a row "
		"apart by "
		"what a label says; \"-\" stands for those without it. Of a goroutine 32 labels "
		"are shown, of a "
		"label 256 bytes.\n\n"
		"--scheduler shows what the program itself could have of runtime/metrics: "
		"scheduling "
		"latency (how long goroutines were runnable until they ran; the runtime counts one "
		"in eight), pauses in which the world was stopped, how long all goroutines "
		"together "
		"waited for mutexes. Counts are those since the program began; with --watch, from "
		"the second look on, those of the last interval. A duration is the end of the "
		"runtime's bucket for it. Go 1.19 to 1.27; mutexes from 1.20 on, pauses from 1.22 "
		"on.\n\n"
		"Each goroutine is read at a moment of its own, within some milliseconds. A stack "
		"is "
		"shown only if its goroutine did not run while it was read; else it is read again, "
		"and "
		"what can't be read is counted and said.\n\n"
		"--leaks looks every few seconds, for DURATION, and counts goroutines by the place "
		"where they were created and what they wait for. \"runtime_confirmed\": Go's own "
		"search for leaks (the goroutineleak profile, from 1.26 on) found some of them. "
		"\"forever\": they wait at a nil channel or in a select without cases, and are not "
		"main. Both are certain, and are said at once. \"growing\" is a suspicion: in all "
		"of "
		"the "
		"window there were never fewer than before, but more at three moments, also in its "
		"second half; more by three and by 5 %; and at least half of them have not run for "
		"a "
		"quarter of it. The exit status is then 0 when nothing was found, 1 when something "
		"was, 2 when something is wrong, and 3 when nothing was found in less than the "
		"window.\n\n"
		"--go-events tells of every wait that begins and ends within DURATION how long it "
		"took: "
		"until the goroutine could run (blocked), and from then on until it ran (to run). "
		"For "
		"that it puts three probes into the program, in runtime.park_m, ready and execute, "
		"and "
		"takes them away at the end; it takes root, and Go 1.17 or later. Each wait then "
		"takes the "
		"program about 3 us more, those in deep stacks 4 us, which is also in the times "
		"that are "
		"shown. So it is for bursts: how often goroutines wait is estimated first, and a "
		"program "
		"that would hit the probes more than 50,000 times per second (--go-events-limit) "
		"is "
		"refused; where it gets busier meanwhile, the burst ends. Who is woken by the "
		"network "
		"poller or the garbage collector isn't seen to be woken: such waits, as IO wait, "
		"have no "
		"\"to run\", and are blocked until they run. Waits that had begun before are not "
		"there, so "
		"a burst should be several times as long as the waits that are looked for; how "
		"many had "
		"not ended is said.\n\n"
		"It takes the right to read the process's memory: root; CAP_SYS_PTRACE (of other "
		"users' processes with CAP_DAC_READ_SEARCH); from Linux 5.18 on CAP_BPF and "
		"CAP_PERFMON; "
		"or to be the process's own user where kernel.yama.ptrace_scope is 0. Programs "
		"made by gccgo or "
		"TinyGo, with altered tables (garble), for 32 bit or for other processors than "
		"x86-64 "
		"are refused.\n\n"
		"DURATION is a number of seconds, or has a unit: 500ms, 10s, 1m. Without one, "
		"--watch and bursts with a period go on until Ctrl-C or until the processes have "
		"ended.",
	.options = goroutines_options,
	.examples = goroutines_examples,
	.config_size = sizeof(struct goroutines_config),
	.defaults = goroutines_defaults,
	.run = run_goroutines,
};
