/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell top: where threads wait, as it happens. */
#include "top.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "commands.h"
#include "live_options.h"

#define TOP_MAX_BATCH 400 /* lines of a plain table */

static void top_defaults(void *config)
{
	struct top_config *c = config;

	live_defaults(&c->live);
	c->interval_ns = 2000000000;
	c->top_cnt = 20;
}

/* ---- options ---- */

static const char *const top_by_words[] = {
	[TOP_BY_STACK] = "stack",   [TOP_BY_THREAD] = "thread", [TOP_BY_PROCESS] = "process",
	[TOP_BY_REASON] = "reason", [TOP_BY_LOCK] = "lock",	[TOP_BY_SYSCALL] = "syscall",
};

static const char *top_by_word(size_t i)
{
	return i < TOP_BY_CNT ? top_by_words[i] : NULL;
}

static const char *top_sort_word(size_t i)
{
	return i < TOP_SORT_CNT ? top_sort_name((enum top_sort)i) : NULL;
}

static int top_parse_by(void *config, const char *value)
{
	struct top_config *c = config;

	for (c->by = 0; c->by < TOP_BY_CNT; c->by++)
		if (!strcmp(value, top_by_words[c->by]))
			return 0;
	return error_set(-EINVAL, "--by %s: give stack, thread, process, reason, lock or syscall",
			 value);
}

static int top_parse_sort(void *config, const char *value)
{
	struct top_config *c = config;

	for (c->sort = 0; c->sort < TOP_SORT_CNT; c->sort++)
		if (!strcmp(value, top_sort_name((enum top_sort)c->sort)))
			return 0;
	return error_set(-EINVAL, "--sort %s: give total, count, average or max", value);
}

static int run_top(const void *config, int operand_cnt, char **operands, char **command)
{
	struct top_config c = *(const struct top_config *)config;

	c.locks |= c.by == TOP_BY_LOCK;
	return top_run(&c, operand_cnt, operands, command);
}

static const struct option_def top_options[] = {
	LIVE_TARGET_OPTIONS,
	{.type = OPTION_GROUP, .help = "View"},
	{.letter = 'i',
	 .name = "interval",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct top_config, interval_ns),
	 .min = 500000000,
	 .max = 3600000000000,
	 .help = "how long an interval is (default 2s); intervals begin at multiples of it by the "
		 "clock"},
	{.name = "by",
	 .arg = "WHAT",
	 .type = OPTION_CUSTOM,
	 .parse = top_parse_by,
	 .value = {.kind = VALUE_ONE_OF, .word = top_by_word},
	 .help = "begin with a line for each stack (the default), thread, process, reason, lock or "
		 "system call (syscall)"},
	{.name = "sort",
	 .arg = "HOW",
	 .type = OPTION_CUSTOM,
	 .parse = top_parse_sort,
	 .value = {.kind = VALUE_ONE_OF, .word = top_sort_word},
	 .help = "begin sorted by total (the default), count, average or max"},
	{.name = "locks",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct top_config, locks),
	 .help = "also note which futex each wait was for: the view of locks needs it"},
	{.name = "reason",
	 .arg = "LIST",
	 .type = OPTION_CUSTOM,
	 .parse = view_parse_reasons,
	 .value = {.kind = VALUE_LIST_OF, .word = view_reason_word},
	 .help = "only these blocking reasons, comma separated: lock, poll, sleep, disk, fs, net, "
		 "pipe, memory, kernel_lock, child, signal, io_uring, device, preempted, other"},
	{.name = "no-idle",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct top_config, live.view.no_idle),
	 .help = "begin without poll, sleep, child and signal: the waits of idle threads"},
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "batch",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct top_config, batch),
	 .help = "plain tables one after the other, as without a terminal"},
	{.letter = 'n',
	 .name = "count",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct top_config, cnt),
	 .min = 1,
	 .max = 1000000000,
	 .help = "end after N intervals"},
	{.name = "top",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct top_config, top_cnt),
	 .min = 1,
	 .max = TOP_MAX_BATCH,
	 .help = "lines in a plain table (default 20)"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct top_config, live.view.quiet),
	 .help = "no closing lines on stderr"},
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct top_config, live.view.verbose),
	 .help = "what libbpf and the verifier say, and the ledger, on stderr"},
	OPTION_END,
};

static const struct command_example top_examples[] = {
	{"dwell top -p 4711", "the stacks of process 4711 that wait most"},
	{"dwell top --no-idle --by process", "the whole system, without idle waits"},
	{"dwell top -p 4711 --by lock", "its contended locks"},
	{"dwell top -p 4711 --batch -n 3 -i 1 > waits.txt", "three plain tables of a second each"},
	{.line = NULL},
};

const struct command top_command = {
	.name = "top",
	.summary = "trace, and show live where threads wait",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description =
		"Traces the threads of the target like dwell-offcpu(1) and shows, interval by "
		"interval, where "
		"they wait: by stack, thread, process, blocking reason, lock or system call. A "
		"wait is divided "
		"at the borders of intervals: each shows exactly the part inside it.\n\n"
		"TIME/s is the time off the CPU per second, added up over threads: 3.00s are three "
		"threads that "
		"wait all the time. % is the share of all that is not hidden. COUNT is waits, AVG "
		"their time inside the interval each, MAX the longest wait, "
		"from its beginning on even if that lies before the interval. REASON with a + "
		"behind it is the one "
		"with most time of several. A stack is written from where the thread waits to its "
		"callers.\n\n"
		"Keys: 1 to 6 or Tab choose the view; the arrows, PgUp, PgDn, Home and End move; "
		"Enter or space opens a line into its stacks, one frame a line; s, r or F6 "
		"sorts by another column; / or F3 searches in all names, Esc shows all "
		"again; a shows what was "
		"added up since the start; i hides idle waits (poll, sleep, child, signal), K the "
		"frames of "
		"the kernel; p lets the screen stand still while tracing goes on; h or F1 is help; "
		"q, F10 or Ctrl-C "
		"quits.\n\n"
		"Without a terminal that can be drawn on (a pipe, TERM=dumb), or with --batch, it "
		"prints plain tables "
		"one after the other. NO_COLOR in the environment leaves colours out. The output "
		"of COMMAND, "
		"where it would be the terminal, goes nowhere; redirect it to keep it. When "
		"the target has "
		"ended or DURATION has passed, a table of the whole run stays.\n\n"
		"What is lost is named in red, and messages are shown in the last line and "
		"repeated at the end.",
	.options = top_options,
	.examples = top_examples,
	.config_size = sizeof(struct top_config),
	.defaults = top_defaults,
	.run = run_top,
};
