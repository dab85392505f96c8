/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell chains: for whom threads wait, and for whom those wait. */
#include "commands.h"
#include "live.h"

static int run_chains(const void *config, int operand_cnt, char **operands, char **command)
{
	struct live_config c = *(const struct live_config *)config;

	c.view.view.chains = !c.view.view.wakers && !c.view.view.by_waker;
	return live_run(&c, operand_cnt, operands, command, true);
}

static const struct command_example chains_examples[] = {
	{"dwell chains -p 4711 -o r.html 5",
	 "what the threads of process 4711 waited for in the end"},
	{"dwell chains --reason lock -p 4711 5", "who held the locks, and what they waited for"},
	{"dwell report --chains r.dwell", "of a recording made with --wakers"},
	{.line = NULL},
};

const struct command chains_command = {
	.name = "chains",
	.summary = "trace, and show for whom the wakers waited",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description = "Traces the threads of the target like dwell-offcpu(1) and notes who wakes "
		       "them. While a thread "
		       "waited, the one that woke it at last may have waited itself, for a third: "
		       "that part of the time "
		       "belongs to the third. So each wait is divided between the hops of its "
		       "chain, up to 8, and a tower "
		       "of the flame graph reads: who waited and where, '--', for whom and where "
		       "that one waited, '--'..., and "
		       "last who woke it all, and its stack then. The rest of the time, in which a "
		       "waker ran or waited for "
		       "a CPU, ends at that waker.\n "
		       "A chain is followed as far as the threads are targets: trace all processes "
		       "that work together. "
		       "It ends at a timer or an interrupt.\n "
		       "Waits that were added up because a ring was full, and those beyond the "
		       "first million, are shown "
		       "without their chain.",
	.options = live_options,
	.examples = chains_examples,
	.config_size = sizeof(struct live_config),
	.defaults = live_defaults,
	.run = run_chains,
};
