/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell locks: which locks threads wait for, and who holds them. */
#include "commands.h"
#include "live.h"

static int run_locks(const void *config, int operand_cnt, char **operands, char **command)
{
	struct live_config c = *(const struct live_config *)config;

	c.view.view.by_lock = true;
	if (!c.view.format && !c.view.output_cnt && !c.view.folded && !c.view.json)
		c.view.format = "locks";
	return live_run(&c, operand_cnt, operands, command, true);
}

static const struct command_example locks_examples[] = {
	{"dwell locks -p 4711 5", "the locks of process 4711 that were waited for most"},
	{"dwell locks -p 4711 -o r.html 5",
	 "a flame graph: process, lock, where threads waited, who let go"},
	{.line = NULL},
};

const struct command locks_command = {
	.name = "locks",
	.summary = "trace, and show contended locks and who holds them",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description = "Traces the threads of the target like dwell-offcpu(1) and shows the "
		       "futexes that they waited for: "
		       "mutexes, condition variables, semaphores and whatever else is built on "
		       "futex(2). A lock is known by "
		       "its address in its process; one that processes share by the file that lies "
		       "there, or by the shared "
		       "memory. For each: the time that threads waited for it, how often, and who "
		       "let go of it, which is the "
		       "thread that woke the waiter. Waits that no futex explains are left out and "
		       "count as filtered in the "
		       "ledger.\n "
		       "Only waiting is seen. A lock that is never contended does not enter the "
		       "kernel and is not shown.",
	.options = live_options,
	.examples = locks_examples,
	.config_size = sizeof(struct live_config),
	.defaults = live_defaults,
	.run = run_locks,
};
