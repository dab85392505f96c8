/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/ledger.h"

#include <inttypes.h>
#include <string.h>

/* Takes the growth of a counter into a term, so that what user space added to the term stays. */
static void ledger_grow(struct ledger_term *t, const struct ledger *old, const struct ledger *now,
			enum wire_counter ns, enum wire_counter cnt)
{
	t->ns += now->counters[ns] - old->counters[ns];
	t->cnt += now->counters[cnt] - old->counters[cnt];
}

void ledger__set_counters(struct ledger *l, const uint64_t *values, uint32_t cnt)
{
	struct ledger old = *l;

	if (cnt > WIRE_COUNTER_CNT)
		cnt = WIRE_COUNTER_CNT;
	memcpy(l->counters, values, cnt * sizeof(*values));
	ledger_grow(&l->observed, &old, l, WIRE_C_OBSERVED_NS, WIRE_C_OBSERVED_CNT);
	ledger_grow(&l->filtered, &old, l, WIRE_C_FILTERED_NS, WIRE_C_FILTERED_CNT);
	ledger_grow(&l->spilled, &old, l, WIRE_C_SPILLED_NS, WIRE_C_SPILLED_CNT);
	ledger_grow(&l->lost_spill_full, &old, l, WIRE_C_LOST_SPILL_FULL_NS,
		    WIRE_C_LOST_SPILL_FULL_CNT);
}

struct ledger_term ledger__lost(const struct ledger *l)
{
	return l->lost_spill_full;
}

/* Exact, and within the result's type even if the numbers of a damaged recording are absurd. */
static int64_t ledger_rest(uint64_t observed, uint64_t delivered, uint64_t filtered,
			   uint64_t spilled, uint64_t lost)
{
	__int128 rest = (__int128)observed - delivered - filtered - spilled - lost;

	if (rest > INT64_MAX)
		return INT64_MAX;
	return rest < INT64_MIN ? INT64_MIN : (int64_t)rest;
}

int64_t ledger__imbalance_ns(const struct ledger *l)
{
	return ledger_rest(l->observed.ns, l->delivered.ns, l->filtered.ns, l->spilled.ns,
			   ledger__lost(l).ns);
}

static int64_t ledger_imbalance_cnt(const struct ledger *l)
{
	return ledger_rest(l->observed.cnt, l->delivered.cnt, l->filtered.cnt, l->spilled.cnt,
			   ledger__lost(l).cnt);
}

static void ledger_print_time(uint64_t ns, struct buf *to)
{
	static const struct {
		uint64_t from_ns;
		double unit_ns;
		const char *unit;
	} units[] = {
		{7200000000000, 3600e9, "h"}, /* from two hours on, */
		{600000000000, 60e9, "min"},  /* and ten minutes */
		{1000000000, 1e9, "s"},	      {1000000, 1e6, "ms"}, {1000, 1e3, "us"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		double v = (double)ns / units[i].unit_ns;

		if (ns < units[i].from_ns)
			continue;
		buf__printf(to, "%.*f %s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[i].unit);
		return;
	}
	buf__printf(to, "%" PRIu64 " ns", ns);
}

/* " (12.3 %)"; what is there never shows as 0, what is not all never as 100. */
static void ledger_print_share(uint64_t ns, uint64_t of_ns, struct buf *to)
{
	double share = of_ns ? 100.0 * (double)ns / (double)of_ns : 0;

	if (!of_ns)
		return;
	if (ns && share < 0.05)
		buf__puts(to, " (<0.1 %)");
	else if (ns < of_ns && share >= 99.95)
		buf__puts(to, " (>99.9 %)");
	else
		buf__printf(to, " (%.1f %%)", share);
}

static void ledger_print_term(const struct ledger *l, const char *name, struct ledger_term t,
			      struct buf *to)
{
	if (!t.ns && !t.cnt)
		return;
	buf__puts(to, ", ");
	ledger_print_time(t.ns, to);
	buf__printf(to, " %s", name);
	ledger_print_share(t.ns, l->observed.ns, to);
}

bool ledger__is_of_lossy_trace(const struct ledger *l)
{
	return l->counters[WIRE_C_CHAIN_BREAKS] || l->counters[WIRE_C_TRACE_EVENTS_LOST] ||
	       l->counters[WIRE_C_TRACE_BUFFERS_LOST];
}

static void ledger_print_terms(const struct ledger *l, struct buf *to)
{
	struct ledger_term lost = ledger__lost(l);

	buf__puts(to, "off-CPU time: ");
	ledger_print_time(l->observed.ns, to);
	buf__printf(to, " observed in %" PRIu64 " intervals", l->observed.cnt);
	ledger_print_term(l, "delivered", l->delivered, to);
	ledger_print_term(l, "filtered", l->filtered, to);
	ledger_print_term(l, "spilled", l->spilled, to);
	if (lost.ns || lost.cnt)
		ledger_print_term(l, "lost", lost, to);
	else if (ledger__is_of_lossy_trace(l))
		buf__puts(to, "; what the trace lacks is not counted");
	else
		buf__puts(to, ", nothing lost");
	if (l->open.ns || l->open.cnt) {
		buf__puts(to, "; still waiting at the end: ");
		ledger_print_time(l->open.ns, to);
		buf__printf(to, " in %" PRIu64, l->open.cnt);
	}
	buf__putc(to, '\n');
}

static void ledger_print_loss(const char *name, struct ledger_term t, const char *advice,
			      struct buf *to)
{
	if (!t.ns && !t.cnt)
		return;
	buf__printf(to, "%s: ", name);
	ledger_print_time(t.ns, to);
	buf__printf(to, " in %" PRIu64 " intervals: %s\n", t.cnt, advice);
}

/* What a counter means for the reader and what to do. Those without a line count no problem. */
static const char *const ledger_advice[WIRE_COUNTER_CNT] = {
	[WIRE_C_TASK_STATE_FULL] =
		"times a thread came that is not traced, no memory for its state: trace fewer "
		"processes (-p) or free memory",
	[WIRE_C_STACK_SPILLED] = "stacks came late because a ring was full: nothing is lost; "
				 "raise --ring-size to avoid it",
	[WIRE_C_STACK_LOST] = "stacks are shown as [stack lost], their time is counted: raise "
			      "--ring-size",
	[WIRE_C_KERNEL_STACK_FAILED] = "kernel stacks could not be read: those intervals show none",
	[WIRE_C_USER_STACK_FAILED] = "user stacks could not be read: those intervals show none",
	[WIRE_C_TRUNCATED] = "stacks cut at the depth limit, marked [truncated]: raise "
			     "--max-depth to see their roots",
	[WIRE_C_NO_WAKEUP] = "intervals ended without a wake-up seen: their time counts as "
			     "blocked, or as runnable when a signal was pending",
	[WIRE_C_CLAMPED] = "wake-ups lay outside their interval and were moved to its edge: the "
			   "split into blocked and runnable is inexact there, the sum is not",
	[WIRE_C_UNPAIRED] = "switches went unreported by the kernel: put where the thread's "
			    "run time says they were",
	[WIRE_C_SUMMARY_LOST] = "exited threads without totals, their intervals are counted: "
				"trace fewer processes (-p)",
	[WIRE_C_EXIT_SPILLED] =
		"totals of exited threads came late because a ring was full: nothing "
		"is lost; raise --ring-size to avoid it",
	[WIRE_C_PROCESS_EVENT_LOST] =
		"exec and fork records lost, frames of young processes may be "
		"[unknown]: raise --ring-size",
	[WIRE_C_MAPPING_LOST] = "new mappings came faster than they were read: frames of "
				"processes that are gone may be [unknown] or [exited]",
	[WIRE_C_MEMO_DISAGREED] = "remembered walks were wrong: DEFECT, please report this",
	[WIRE_C_REMAPS_LOST] = "requests for mappings found a ring full, stacks there were walked "
			       "by frame pointers: raise --ring-size",
	[WIRE_C_UNWIND_FAULT] = "user stacks end in [unwind: stack not in memory]: the memory was "
				"swapped out or never touched",
	[WIRE_C_UNWIND_TABLE_FULL] = "user stacks end in [unwind: tables full]: the modules mapped "
				     "need more than 64 MiB of tables: trace fewer processes (-p)",
	[WIRE_C_PYTHON_LOST] = "frames of Python are shown as [python]: their process ended, or "
			       "freed their code, before it could be read",
	[WIRE_C_THROTTLED_CNT] = "intervals were too short for what --max-cpu left: they are in "
				 "the filtered time",
	[WIRE_C_CHAIN_BREAKS] = "context switches are missing in the trace: waits around them were "
				"left out, not guessed",
	[WIRE_C_TRACE_EVENTS_LOST] = "events were lost when the trace was recorded: record with "
				     "more or larger buffers",
	[WIRE_C_TRACE_BUFFERS_LOST] = "buffers of events were lost when the trace was recorded, or "
				      "are damaged: record with more or larger buffers",
	[WIRE_C_PYTHON_UNSUPPORTED] =
		"Python interpreters are of a version or build whose frames can't be read: "
		"their own are shown; 3.11 to 3.14 with a global lock can",
};

static bool ledger_is_term(enum wire_counter c)
{
	return c <= WIRE_C_LOST_SPILL_FULL_CNT;
}

static void ledger_print_counters(const struct ledger *l, struct buf *to)
{
	static const char *const names[WIRE_COUNTER_CNT] = {
#define X(id, name, help) [WIRE_C_##id] = name,
		WIRE_COUNTERS_LIST(X)
#undef X
	};
	const char *sep = "kernel: ";

	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		if (l->counters[i] && ledger_advice[i])
			buf__printf(to, "%s: %" PRIu64 " %s\n", names[i], l->counters[i],
				    ledger_advice[i]);
	for (int i = 0; i < WIRE_COUNTER_CNT; i++) {
		if (!l->counters[i] || ledger_advice[i] || ledger_is_term(i))
			continue;
		buf__printf(to, "%s%" PRIu64 " %s", sep, l->counters[i], names[i]);
		sep = ", ";
	}
	if (*sep == ',')
		buf__putc(to, '\n');
}

static void ledger_print_signed(int64_t ns, struct buf *to)
{
	if (ns < 0)
		buf__putc(to, '-');
	ledger_print_time(ns < 0 ? -(uint64_t)ns : (uint64_t)ns, to);
}

/* What must never be there: time or intervals that went nowhere, or were made up. */
static void ledger_print_defects(const struct ledger *l, struct buf *to)
{
	int64_t ns = ledger__imbalance_ns(l), cnt = ledger_imbalance_cnt(l);
	/* What a window before had already is not read again. */
	uint64_t read_ns = l->spilled_read.ns + l->counters[WIRE_C_SPILLED_BEFORE_NS];

	if (ns || cnt) {
		buf__puts(to, "DEFECT: the ledger does not balance: ");
		ledger_print_signed(ns, to);
		buf__printf(to,
			    " in %" PRId64 " intervals unaccounted for (observed - delivered - "
			    "filtered - spilled - lost): please report this\n",
			    cnt);
	}
	if (l->spilled.ns != read_ns || l->spilled.cnt != l->spilled_read.cnt) {
		buf__puts(to, "DEFECT: the kernel spilled ");
		ledger_print_time(l->spilled.ns, to);
		buf__printf(to, " in %" PRIu64 " intervals, but ", l->spilled.cnt);
		ledger_print_time(read_ns, to);
		buf__printf(to, " in %" PRIu64 " were read back: please report this\n",
			    l->spilled_read.cnt);
	}
}

void ledger__print(const struct ledger *l, struct buf *to)
{
	ledger_print_terms(l, to);
	ledger_print_loss("spilled", l->spilled,
			  "added up in the kernel because a ring was full: nothing is lost, only "
			  "coarser timing; raise --ring-size to avoid it",
			  to);
	ledger_print_loss("lost_spill_full", l->lost_spill_full,
			  "LOST, ring and spill map were full: raise --ring-size", to);
	ledger_print_counters(l, to);
	ledger_print_defects(l, to);
}
