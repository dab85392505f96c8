/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which options of dwell goroutines go together. */
#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "goroutines_options.h"

#define GOROUTINES_MAX_PIDS 256

enum view { LEAKS, EVENTS, SCHEDULER, STACKS, EACH, BY_LABEL, WATCH, VIEW_CNT };

#define BIT(view) (1u << (view))

/* What each one can't be together with, in text only or also as JSON. */
static const struct {
	const char *name;
	unsigned int never, not_in_text;
} goroutines_views[VIEW_CNT] = {
	[LEAKS] = {"--leaks",
		   BIT(EVENTS) | BIT(SCHEDULER) | BIT(STACKS) | BIT(EACH) | BIT(BY_LABEL) |
			   BIT(WATCH),
		   0},
	[EVENTS] = {"--go-events", BIT(SCHEDULER) | BIT(EACH) | BIT(BY_LABEL) | BIT(WATCH), 0},
	[SCHEDULER] = {"--scheduler", 0, BIT(STACKS) | BIT(EACH)},
	[STACKS] = {"--stacks", 0, BIT(EACH)},
	[EACH] = {"--each", 0, 0},
	[BY_LABEL] = {"--by-label", 0, 0},
	[WATCH] = {"--watch", 0, 0},
};

static int goroutines_check_views(const struct goroutines_config *c, bool json)
{
	const bool given[VIEW_CNT] = {
		[LEAKS] = c->leaks,    [EVENTS] = c->events, [SCHEDULER] = c->scheduler,
		[STACKS] = c->stacks,  [EACH] = c->each,     [BY_LABEL] = c->by_label,
		[WATCH] = c->watch_ns,
	};

	for (unsigned int a = 0; a < VIEW_CNT; a++) {
		unsigned int apart =
			goroutines_views[a].never | (json ? 0 : goroutines_views[a].not_in_text);

		for (unsigned int b = 0; given[a] && b < VIEW_CNT; b++)
			if (given[b] && apart & BIT(b))
				return error_set(-EINVAL,
						 "%s and %s are views of their own: use one of "
						 "them%s",
						 goroutines_views[a].name, goroutines_views[b].name,
						 goroutines_views[a].never & BIT(b)
							 ? ""
							 : ", or both with --json");
	}
	return 0;
}

static int goroutines_check_pids(const struct goroutines_config *c)
{
	if (!c->pids.cnt)
		return error_set(-EINVAL, "which process? Give -p PID");
	if (c->pids.cnt > GOROUTINES_MAX_PIDS)
		return error_set(-EINVAL, "-p: %zu processes at once: at most %d", c->pids.cnt,
				 GOROUTINES_MAX_PIDS);
	if (c->events && c->pids.cnt > 1)
		return error_set(-EINVAL, "--go-events is for one process at a time");
	return 0;
}

static int goroutines_check_operands(const struct goroutines_config *c, int operand_cnt,
				     char **operands, struct goroutines_plan *plan)
{
	int err;

	if (!operand_cnt)
		return 0;
	if (operand_cnt > 1)
		return error_set(-EINVAL, "unexpected '%s': one DURATION is enough", operands[1]);
	if (!c->watch_ns && !c->leaks && !plan->events.period_ns)
		return error_set(-EINVAL,
				 "unexpected '%s': a DURATION goes with --watch, --leaks or "
				 "--go-events 1s/30s",
				 operands[0]);
	err = option_parse_duration(operands[0], &plan->duration_ns);
	if (!err && plan->duration_ns)
		plan->end_ns = os_monotonic_ns() + plan->duration_ns;
	return err;
}

int goroutines_check(const struct goroutines_config *c, int operand_cnt, char **operands,
		     char **command, struct goroutines_plan *ret)
{
	size_t len = c->output ? strlen(c->output) : 0;
	int err = goroutines_check_pids(c);

	*ret = (struct goroutines_plan){.json = c->json ||
						(len > 5 && !strcmp(c->output + len - 5, ".json"))};
	if (!err && command)
		err = error_set(-EINVAL,
				"unexpected '--': a running process is looked at, give -p PID");
	if (!err)
		err = goroutines_check_views(c, ret->json);
	if (!err && c->window_ns && !c->leaks)
		err = error_set(-EINVAL, "--window goes with --leaks");
	if (!err && c->events)
		err = goroutines_events_parse(c->events, &ret->events);
	return err ? err : goroutines_check_operands(c, operand_cnt, operands, ret);
}
