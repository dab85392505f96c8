/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell report: a recording, or folded stacks -> every output. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "commands.h"
#include "load.h"
#include "select.h"
#include "view.h"

struct report_config {
	struct view_config view; /* first, see tools/view.h */
	struct select_config select;
	struct load_opts load;
};

static int report_parse_unit(void *config, const char *value)
{
	return load_parse_unit(value, &((struct report_config *)config)->load.unit);
}

static int report_parse_since(void *config, const char *value)
{
	return moment__parse(value, false, &((struct report_config *)config)->load.since);
}

static int report_parse_until(void *config, const char *value)
{
	return moment__parse(value, false, &((struct report_config *)config)->load.until);
}

static int report_parse_by(void *config, const char *value)
{
	return select_parse_by(value, &((struct report_config *)config)->select.by);
}

static int report_run(const struct report_config *c, struct view_config *v, char **paths,
		      int path_cnt)
{
	struct view_outputs *outputs = NULL;
	struct loaded l;
	int err = load_profiles(v, &c->load, paths, path_cnt, &l);

	if (err)
		return err;
	if (!l.text && c->load.unit != FOLDED_UNIT_DEFAULT)
		err = error_set(-EINVAL, "%s is a recording: --unit is for folded stacks",
				paths[0]);
	if (!err)
		err = select_apply(&c->select, l.profile);
	if (!err)
		err = view_open(v, &outputs);
	if (!err) {
		err = view_write(outputs, l.profile);
		load_print_totals(v, &l);
	}
	view_close(outputs);
	profile__free(l.profile);
	return err;
}

static int run_report(const void *config, int operand_cnt, char **operands, char **command)
{
	const struct report_config *c = config;
	struct view_config v = c->view;
	int err = view_check(&v);

	if (!err)
		err = select_check(&c->select);
	if (!err && (!operand_cnt || command))
		err = error_set(-EINVAL, "give a recording, or several: dwell report FILE...");
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = report_run(c, &v, operands, operand_cnt);
	if (err)
		log_error("%s", error_text(err));
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static const struct option_def report_options[] = {
	VIEW_OPTIONS(struct report_config, view),
	SELECT_OPTIONS(struct report_config, select, report_parse_by),
	{.type = OPTION_GROUP, .help = "Input"},
	LOAD_UNIT_OPTION(report_parse_unit),
	LOAD_TIME_OPTIONS(report_parse_since, report_parse_until),
	LOAD_SYMBOL_PATH_OPTION(struct report_config, load.symbol_path),
	OPTION_END,
};

static const struct command_example report_examples[] = {
	{"dwell report r.dwell", "the top stacks of a recording"},
	{"dwell report r.dwell -o r.html -o r.folded", "a flame graph and folded stacks of it"},
	{"dwell report --reason lock,kernel_lock r.dwell", "the waits for locks only"},
	{"dwell report --grep 'pthread_mutex|futex' --min 10ms r.dwell s.dwell",
	 "of two recordings together, the stacks with such a function that took 10 ms or more"},
	{"dwell report --by none --strip-templates r.dwell -o r.svg",
	 "equal stacks of all threads are one, with short names"},
	{"cat /var/lib/dwell/folded/dwell-20260131T*.folded | dwell report - -o day.html",
	 "a flame graph of one day of dwell-serve(1)"},
	{"dwell report block.pb.gz -o block.html",
	 "a page of a pprof file, of net/http/pprof of a Go program"},
	{"dwell report trace.etl -o wait.html", "a page of an event trace of Windows"},
	{"clickhouse-client -q 'SELECT stack, sum(ns) FROM dwell.stacks GROUP BY stack FORMAT TSV' "
	 "| dwell report - -o fleet.html",
	 "one of all machines"},
	{.line = NULL},
};

const struct command report_command = {
	.name = "report",
	.summary = "show a recording, a trace of Windows (.etl), or folded stacks",
	.operands = "FILE...",
	.operand = {VALUE_PATH, .extensions = LOAD_EXTENSIONS},
	.description = "Shows a recording of dwell-record(1) or of dwell-offcpu(1) --save. Needs "
		       "no privilege and "
		       "nothing of the machine it was made on. Without options it shows what the "
		       "run itself "
		       "showed. FILE '-' is standard input. Several files are shown as one: times, "
		       "threads and "
		       "ledgers are added up.\n\n"
		       "FILE may be an event trace of Windows (.etl, or .etl.zip with one in "
		       "it) with context switches; those of one session are read as one trace. "
		       "'dwell info' says whether it has what is needed.\n\n"
		       "FILE may also be text, one stack a line: folded stacks of dwell or of "
		       "other tools (root;...;leaf MICROSECONDS); what a database prints of a "
		       "stack and its nanoseconds, with a tab between them; or JSON objects with "
		       "members stack, ns and, if known, count and reason, as --format ndjson "
		       "writes them. Equal stacks are added up. Text knows no threads and seldom "
		       "reasons, and what stacks look like is settled in it: of the options of the "
		       "view only --reason and --no-idle remain, for rows with reasons.\n\n"
		       "FILE may be packed with gzip: text, or a pprof file of any program "
		       "(block and mutex profiles of Go, what --format pprof wrote...). Of several "
		       "values the one called delay counts, else the file's default. What is no "
		       "time is shown as if one of it were a microsecond.\n\n"
		       "What is not selected is named as a sum in tables and pages; the ledger "
		       "is that of the whole recording.",
	.options = report_options,
	.examples = report_examples,
	.config_size = sizeof(struct report_config),
	.run = run_report,
};
