/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell offcpu and dwell record: where threads wait. */
#include "commands.h"
#include "live.h"

static int run_offcpu(const void *config, int operand_cnt, char **operands, char **command)
{
	return live_run(config, operand_cnt, operands, command, true);
}

static const struct command_example offcpu_examples[] = {
	{"dwell offcpu -p 4711 -o r.html 5", "a flame graph of five seconds of process 4711"},
	{"dwell offcpu -- make", "what a build waits for; the exit status is make's"},
	{"dwell offcpu -p 4711 -f 10 > out.folded", "folded stacks, for flamegraph.pl and others"},
	{"dwell offcpu --no-idle -m 1000 30", "the whole system, waits of 1 ms and more"},
	{"dwell offcpu --wakers -p 4711 -o r.html 5", "and who ended each wait"},
	{.line = NULL},
};

const struct command offcpu_command = {
	.name = "offcpu",
	.summary = "trace, and show where threads wait",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description = "Traces the threads of the target while they are not running and shows the "
		       "stacks in which "
		       "they waited, with the time they waited.\n "
		       "DURATION is a number of seconds, or has a unit: 500ms, 10s, 1m. Without "
		       "one, tracing goes on "
		       "until Ctrl-C or until the target has exited. Ctrl-C finishes and writes; a "
		       "second one "
		       "aborts.\n "
		       "The time of a stack is the sum over all threads that waited in it, so it "
		       "may exceed the time "
		       "that passed. It has two parts: blocked (until something woke the thread) "
		       "and runnable (until "
		       "it got a CPU); see --split.\n "
		       "Of Go programs also the waits of goroutines are shown, which need no "
		       "thread: all goroutines are looked at at random moments (--go-hz), and what "
		       "a look finds counts for the time since the look before. Threads that have "
		       "no goroutine are left out (--go-idle).\n "
		       "Standard output is data. Progress and the closing ledger, which says where "
		       "every nanosecond "
		       "of waiting went, are on standard error.",
	.options = live_options,
	.examples = offcpu_examples,
	.config_size = sizeof(struct live_config),
	.defaults = live_defaults,
	.run = run_offcpu,
};

/* ---- record ---- */

static int run_record(const void *config, int operand_cnt, char **operands, char **command)
{
	struct live_config c = *(const struct live_config *)config;

	/* -o names the recording here. */
	c.save = c.view.output_cnt ? c.view.outputs[c.view.output_cnt - 1] : "dwell.dwell";
	c.view.output_cnt = 0;
	return live_run(&c, operand_cnt, operands, command, false);
}

static const struct command_example record_examples[] = {
	{"dwell record -p 4711 -o r.dwell 60", "a minute of process 4711"},
	{"dwell report r.dwell -o r.html", "and a flame graph of it, anywhere"},
	{.line = NULL},
};

const struct command record_command = {
	.name = "record",
	.summary = "trace into a file, to look at later or elsewhere",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description =
		"Traces like dwell-offcpu(1) and writes a recording. It holds all events and the "
		"names "
		"of all frames, so dwell-report(1) needs neither this machine nor its files.",
	.options = live_record_options,
	.examples = record_examples,
	.config_size = sizeof(struct live_config),
	.defaults = live_defaults,
	.run = run_record,
};
