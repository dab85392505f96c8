/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell check: has waiting become worse from one recording to another? For scripts: the exit status says it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "check.h"
#include "commands.h"
#include "load_names.h"
#include "pattern.h"

#define CHECK_SLICES	  12
#define CHECK_MIN_SAMPLES 1000
#define CHECK_P99_PERCENT 10
#define CHECK_MAX_LOST	  0.01 /* of the time */

/* ---- judging ---- */

static bool check_says_too_little(struct check *c, int side, const char *what)
{
	snprintf(c->why, sizeof(c->why), "%s: %s", c->paths[side], what);
	c->verdict = CHECK_TOO_LITTLE;
	return true;
}

static bool check_lacks_data(struct check *c, int side)
{
	const struct check_run *r = &c->runs[side];
	char what[160];

	if ((double)r->lost_ns > CHECK_MAX_LOST * (double)r->observed_ns) {
		snprintf(what, sizeof(what),
			 "%.1f %% of the time was lost: record with a larger --ring-size",
			 100.0 * (double)r->lost_ns / (double)r->observed_ns);
		return check_says_too_little(c, side, what);
	}
	if (r->side.cnt < c->config->min_samples) {
		snprintf(what, sizeof(what),
			 "%llu waits that ended, below --min-samples %llu: record for longer",
			 (unsigned long long)r->side.cnt,
			 (unsigned long long)c->config->min_samples);
		return check_says_too_little(c, side, what);
	}
	if (gate_side__used(&r->side) < GATE_MIN_SLICES) {
		snprintf(what, sizeof(what),
			 "waits ended in %u of %u slices of time only, %d are needed: record for "
			 "longer",
			 gate_side__used(&r->side), r->side.slice_cnt, GATE_MIN_SLICES);
		return check_says_too_little(c, side, what);
	}
	return false;
}

static int check_judge_metric(struct check *c, enum gate_metric m)
{
	int err = gate_compare(&c->runs[0].side, &c->runs[1].side, m, &c->results[m]);

	if (err == -ENODATA) {
		check_says_too_little(c, 1, "there is nothing to compare");
		return 0;
	}
	if (err)
		return err;
	c->verdicts[m] =
		c->config->limits[m] >= 0 && c->results[m].low > 1 + c->config->limits[m] / 100
			? CHECK_REGRESSION
			: CHECK_OK;
	if (c->verdicts[m] == CHECK_REGRESSION)
		c->verdict = CHECK_REGRESSION;
	return 0;
}

static int check_judge(struct check *c)
{
	int err = 0;

	for (int side = 0; side < 2; side++)
		if (check_lacks_data(c, side))
			return 0;
	for (int m = 0; !err && c->verdict != CHECK_TOO_LITTLE && m < GATE_METRIC_CNT; m++)
		err = check_judge_metric(c, (enum gate_metric)m);
	return err;
}

/* ---- the command ---- */

static int check_parse_limit(const char *value, double *ret)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || (strcmp(end, "%") != 0 && *end) || !(v >= 0 && v <= 1e6))
		return error_set(-EINVAL, "'%s' is no increase: give a percentage, 10%% or 0.5%%",
				 value);
	*ret = v;
	return 0;
}

static int check_parse_p99(void *config, const char *value)
{
	return check_parse_limit(value, &((struct check_config *)config)->limits[GATE_P99]);
}

static int check_parse_total(void *config, const char *value)
{
	return check_parse_limit(value, &((struct check_config *)config)->limits[GATE_TOTAL]);
}

static void check_defaults(void *config)
{
	struct check_config *c = config;

	for (int m = 0; m < GATE_METRIC_CNT; m++)
		c->limits[m] = CHECK_NO_LIMIT;
	c->min_samples = CHECK_MIN_SAMPLES;
	c->slices = CHECK_SLICES;
}

static int check_options(const struct check_config *c, struct view_config *v, int operand_cnt,
			 char **command, regex_t *stack)
{
	int err = view_check(v);

	if (err)
		return err;
	if (operand_cnt != 2 || command)
		return error_set(-EINVAL, "give two recordings: dwell check BASE NEW");
	return c->stack ? pattern_compile("--stack", c->stack, stack) : 0;
}

static int check_run(struct check *c, const struct view_config *v, const regex_t *stack)
{
	struct check_wanted wanted = {
		.reasons = v->view.reasons,
		.comm = c->config->comm,
		.stack = stack,
		.slice_cnt = (uint32_t)c->config->slices,
		.symbol_path = c->config->symbol_path,
	};
	int err = 0;

	for (int i = 0; !err && i < 2; i++)
		err = check_load(c->paths[i], &wanted, &c->runs[i]);
	if (!err)
		err = check_judge(c);
	if (!err && c->config->view.json)
		err = check_print_json(c);
	else if (!err && (!v->quiet || c->verdict != CHECK_OK))
		check_print(c);
	for (int i = 0; i < 2; i++) {
		if (!err && c->runs[i].spilled_cnt && !v->quiet)
			log_warn("%s: of %llu waits only sums are known, as rings were full: they "
				 "count with their mean",
				 c->paths[i], (unsigned long long)c->runs[i].spilled_cnt);
		check_run__fini(&c->runs[i]);
	}
	return err;
}

static int run_check(const void *config, int operand_cnt, char **operands, char **command)
{
	struct check_config own = *(const struct check_config *)config;
	struct view_config v = own.view;
	struct check c = {.config = &own, .paths = operands};
	regex_t stack;
	int err = check_options(&own, &v, operand_cnt, command, &stack);

	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	if (own.limits[GATE_P99] < 0 && own.limits[GATE_TOTAL] < 0)
		own.limits[GATE_P99] = CHECK_P99_PERCENT;
	err = check_run(&c, &v, own.stack ? &stack : NULL);
	if (own.stack)
		regfree(&stack);
	if (err) {
		/* A regression is 1: what can't be compared must not look like one. */
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	return c.verdict == CHECK_TOO_LITTLE ? EXIT_STATUS_TOO_LITTLE
					     : c.verdict == CHECK_REGRESSION;
}

static const struct option_def check_option_table[] = {
	{.type = OPTION_GROUP, .help = "Limits"},
	{.name = "max-p99-increase",
	 .arg = "PERCENT",
	 .type = OPTION_CUSTOM,
	 .parse = check_parse_p99,
	 .help = "how much the 99th percentile of the waits' lengths may grow (default 10%, unless "
		 "the other limit is given)"},
	{.name = "max-total-increase",
	 .arg = "PERCENT",
	 .type = OPTION_CUSTOM,
	 .parse = check_parse_total,
	 .help = "how much the time waited per second may grow"},
	{.type = OPTION_GROUP, .help = "Which waits"},
	{.name = "reason",
	 .arg = "LIST",
	 .type = OPTION_CUSTOM,
	 .parse = view_parse_reasons,
	 .value = {.kind = VALUE_LIST_OF, .word = view_reason_word},
	 .help = "only these blocking reasons, comma separated: lock,disk..."},
	{.name = "no-idle",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct check_config, view.no_idle),
	 .help = "not poll, sleep, child and signal: the waits of idle threads"},
	{.name = "stack",
	 .arg = "REGEX",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct check_config, stack),
	 .help = "only those with a frame that matches this extended regular expression"},
	LOAD_SYMBOL_PATH_OPTION(struct check_config, symbol_path),
	{.name = "comm",
	 .arg = "GLOB",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct check_config, comm),
	 .help = "only those of threads whose name matches: * ? [a-z]"},
	{.type = OPTION_GROUP, .help = "How sure"},
	{.name = "min-samples",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct check_config, min_samples),
	 .min = 100,
	 .max = 1u << 30,
	 .help = "with fewer waits in either recording there is too little to tell (default 1000)"},
	{.name = "slices",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct check_config, slices),
	 .min = GATE_MIN_SLICES,
	 .max = GATE_MAX_SLICES,
	 .help = "cut each recording into this many slices of time (default 12): more make it "
		 "keener, and more easily fooled by a bad moment of the machine"},
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct check_config, view.json),
	 .help = "the result as JSON"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct check_config, view.quiet),
	 .help = "say nothing when all is well"},
	OPTION_END,
};

static const struct command_example check_examples[] = {
	{"dwell check r.dwell s.dwell --max-p99-increase 10% --max-total-increase 5%",
	 "fails when s waits longer than r, and more than a run does by itself"},
	{"dwell check r.dwell s.dwell --reason lock --json", "locks only, for a program to read"},
	{.line = NULL},
};

const struct command check_command = {
	.name = "check",
	.summary = "compare two recordings for a script: has waiting become worse",
	.operands = "BASE NEW",
	.operand = {VALUE_PATH, .extensions = ".dwell .etl .zip"},
	.description = "Compares how long threads waited in two recordings of dwell-record(1), and "
		       "says by its exit status whether it has "
		       "become worse: 0 it has not, 1 it has, 2 the command line or a file is "
		       "wrong, 3 there is too little data to "
		       "tell.\n\n"
		       "Two runs of one program are never equal. Each recording is cut into slices "
		       "of time; how much these "
		       "differ tells how much of a change is chance (a block bootstrap: slices are "
		       "drawn anew, 2000 times, and the 95 % "
		       "interval is what the inner draws span). It is a "
		       "regression when the whole interval lies above "
		       "the limit. Equal inputs always give equal results.\n\n"
		       "The 99th percentile is of the lengths of waits that ended, time waiting "
		       "for a CPU included. The time waited is "
		       "that of all threads together, per second of the recording, also of waits "
		       "that had begun before or had not "
		       "ended.\n\n"
		       "Of several waits, of which only a sum is known because a ring was full, "
		       "each counts with the mean. Where more than "
		       "1 % of the time was lost, the result is 3.",
	.options = check_option_table,
	.examples = check_examples,
	.config_size = sizeof(struct check_config),
	.defaults = check_defaults,
	.run = run_check,
};
