/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell diff: what became of the waits of one profile in another. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "commands.h"
#include "load.h"
#include "model/profile_append.h"
#include "select.h"
#include "view.h"

struct diff_config {
	struct view_config view; /* first, see tools/view.h */
	struct select_config select;
	struct load_opts load;
	bool normalise;
};

static int diff_parse_unit(void *config, const char *value)
{
	return load_parse_unit(value, &((struct diff_config *)config)->load.unit);
}

static int diff_parse_since(void *config, const char *value)
{
	return moment__parse(value, false, &((struct diff_config *)config)->load.since);
}

static int diff_parse_until(void *config, const char *value)
{
	return moment__parse(value, false, &((struct diff_config *)config)->load.until);
}

static int diff_parse_by(void *config, const char *value)
{
	return select_parse_by(value, &((struct diff_config *)config)->select.by);
}

static const char *diff_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

static int diff_title(struct profile *p, char **paths)
{
	char *text;
	int err;

	if (asprintf(&text, "Off-CPU time: %s -> %s", diff_name(paths[0]), diff_name(paths[1])) < 0)
		return -ENOMEM;
	err = profile__text(p, text, &p->title);
	free(text);
	return err;
}

/* Both in one, so that equal names have equal ids; the sides are views of it. */
static int diff_join(struct profile *both, char **paths, const struct loaded *sides)
{
	int err = profile__append(both, sides[0].profile);

	if (!err)
		err = profile__append(both, sides[1].profile);
	if (!err)
		err = diff_title(both, paths);
	both->hidden_ns = sides[1].profile->hidden_ns;
	return err;
}

static int diff_write(const struct diff_config *c, const struct view_config *v,
		      const struct profile *both, size_t base_cnt)
{
	struct profile base = *both, now = *both;
	struct view_outputs *outputs = NULL;
	int err = view_open(v, &outputs);

	base.sample_cnt = base_cnt;
	if (base_cnt)
		now.samples = both->samples + base_cnt;
	now.sample_cnt -= base_cnt;
	if (!err)
		err = view_write_difference(outputs, &now, &base, c->normalise);
	view_close(outputs);
	return err;
}

/* The losses of each side are its own. */
static void diff_print_totals(const struct view_config *v, char **paths, struct loaded *sides)
{
	/* Of two runs of one program it is the same. */
	if (!strcmp(sides[0].hint, sides[1].hint))
		*sides[0].hint = '\0';
	for (int i = 0; i < 2; i++) {
		if (!v->quiet)
			log_info("%s:", diff_name(paths[i]));
		load_print_totals(v, &sides[i]);
	}
}

static int diff_run(const struct diff_config *c, struct view_config *v, char **paths)
{
	/* Each as its own file says; what names end in is the same for both. */
	struct view_config views[2] = {*v, *v};
	struct loaded sides[2] = {{.profile = NULL}};
	struct profile *both = profile__new();
	int err = both ? 0 : -ENOMEM;

	for (int i = 0; !err && i < 2; i++) {
		err = load_profile(&views[i], &c->load, paths[i], &sides[i]);
		v->kinds |= views[i].kinds;
		if (!err)
			err = select_apply(&c->select, sides[i].profile);
	}
	if (!err)
		err = diff_join(both, paths, sides);
	if (!err)
		err = diff_write(c, v, both, sides[0].profile->sample_cnt);
	if (!err)
		diff_print_totals(v, paths, sides);
	for (int i = 0; i < 2; i++)
		profile__free(sides[i].profile);
	profile__free(both);
	return err;
}

static int diff_check(const struct diff_config *c, struct view_config *v, int operand_cnt,
		      char **operands, char **command)
{
	int err = view_check(v);

	if (!err)
		err = select_check(&c->select);
	if (!err && (operand_cnt != 2 || command))
		return error_set(-EINVAL, "give two files: dwell diff BASE NEW");
	if (!err && !strcmp(operands[0], "-") && !strcmp(operands[1], "-"))
		return error_set(-EINVAL, "only one of the two can be standard input");
	return err ? err : view_check_compares(v);
}

static int run_diff(const void *config, int operand_cnt, char **operands, char **command)
{
	const struct diff_config *c = config;
	struct view_config v = c->view;
	int err = diff_check(c, &v, operand_cnt, operands, command);

	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = diff_run(c, &v, operands);
	if (err)
		log_error("%s", error_text(err));
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static const struct option_def diff_options[] = {
	{.type = OPTION_GROUP, .help = "Comparison"},
	{.name = "normalise",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct diff_config, normalise),
	 .help = "scale the times of BASE so that both have the same total"},
	LOAD_UNIT_OPTION(diff_parse_unit),
	LOAD_TIME_OPTIONS(diff_parse_since, diff_parse_until),
	LOAD_SYMBOL_PATH_OPTION(struct diff_config, load.symbol_path),
	VIEW_OPTIONS(struct diff_config, view),
	SELECT_OPTIONS(struct diff_config, select, diff_parse_by),
	OPTION_END,
};

static const struct command_example diff_examples[] = {
	{"dwell diff r.dwell s.dwell", "the stacks whose time changed most"},
	{"dwell diff r.dwell s.dwell -o d.html --normalise",
	 "a flame graph of the change, of runs of different length"},
	{"dwell diff r.dwell s.dwell -f > d.folded",
	 "two columns, for flamegraph.pl or inferno-flamegraph"},
	{.line = NULL},
};

const struct command diff_command = {
	.name = "diff",
	.summary = "compare two recordings, or folded stacks",
	.operands = "BASE NEW",
	.operand = {VALUE_PATH, .extensions = LOAD_EXTENSIONS},
	.description =
		"Shows what became of the off-CPU time of BASE in NEW. Each is whatever "
		"dwell-report(1) reads: a recording, folded stacks, what a database prints, "
		"NDJSON; "
		"one of them may be '-', standard input. Stacks are compared by their names.\n\n"
		"Without options a table shows the stacks whose time changed most. In pictures (-o "
		"FILE.html, FILE.svg) the widths are the time in NEW; red frames have more than in "
		"BASE, blue ones less, the more the stronger. Stacks that are gone have no width: "
		"what "
		"they had is counted in their callers and named above; to see them, compare the "
		"other "
		"way round. Folded output (-f) has two columns of microseconds, BASE and NEW. "
		"Pprof "
		"files are compared by go tool pprof -diff_base.",
	.options = diff_options,
	.examples = diff_examples,
	.config_size = sizeof(struct diff_config),
	.run = run_diff,
};
