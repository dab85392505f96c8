/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell wakeups: who ends the waits. */
#include "commands.h"
#include "live.h"

static int run_wakeups(const void *config, int operand_cnt, char **operands, char **command)
{
	struct live_config c = *(const struct live_config *)config;

	c.view.view.by_waker = !c.view.view.wakers;
	return live_run(&c, operand_cnt, operands, command, true);
}

static const struct command_example wakeups_examples[] = {
	{"dwell wakeups -p 4711 5", "who ended the waits of process 4711, and where it was"},
	{"dwell wakeups -p 4711 -f 10 > out.folded", "folded: waker;its stack;who waited"},
	{"dwell wakeups --wakers -p 4711 -o r.svg 5", "both stacks: dwell-offcpu(1) --wakers"},
	{.line = NULL},
};

const struct command wakeups_command = {
	.name = "wakeups",
	.summary = "trace, and show who ends the waits",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description = "Traces the threads of the target like dwell-offcpu(1), notes who wakes "
		       "them, and shows "
		       "the stacks in which they were woken, with the time they had waited.\n "
		       "The first frame is the thread that woke: any thread, target or not. Or it "
		       "is [timer] (the "
		       "wait timed out), [hardirq] (a device's interrupt), [softirq] (deferred "
		       "work of an interrupt), "
		       "[idle] or [self]. Of an interrupt only its own part of the stack is shown; "
		       "the thread that it "
		       "interrupted has nothing to do with it. A softirq that the thread's own "
		       "system call ran, as for "
		       "a packet on the loopback device, is the thread's work: its name is "
		       "followed by '(via "
		       "softirq)'. The last frame is who waited.\n "
		       "A new thread was woken by who began it. "
		       "Waits that nobody ended, because the thread was preempted or still "
		       "waits, are left out "
		       "and count as filtered in the ledger.",
	.options = live_options,
	.examples = wakeups_examples,
	.config_size = sizeof(struct live_config),
	.defaults = live_defaults,
	.run = run_wakeups,
};
