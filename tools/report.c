/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell report: a recording -> every output. */
#include <errno.h>
#include <stdlib.h>

#include "app/session.h"
#include "base/log.h"
#include "commands.h"
#include "source/recording.h"
#include "view.h"

struct report_config {
	struct view_config view; /* first, see tools/view.h */
};

/* What the run was shown with, unless said otherwise now. */
static void report_merge_view(const struct session *s, struct offcpu_view *view)
{
	struct offcpu_view recorded = {0};

	session__recorded_view(s, &recorded);
	view->per_thread |= recorded.per_thread;
	view->split |= recorded.split;
	view->delimiter |= recorded.delimiter;
	if (!view->no_user_stacks && !view->no_kernel_stacks) {
		view->no_user_stacks = recorded.no_user_stacks;
		view->no_kernel_stacks = recorded.no_kernel_stacks;
	}
	if (!view->reasons)
		view->reasons = recorded.reasons;
}

static int report_write(struct session *s, struct view_config *v, struct view_outputs *outputs)
{
	const struct resolver *resolvers[2] = {NULL, NULL};
	struct resolver recorded;
	struct profile *p;
	int err;

	recorded_symbols__resolver(s->recorded, &recorded);
	resolvers[0] = &recorded;
	report_merge_view(s, &v->view);
	p = session__profile(s, resolvers, &v->view);
	if (!p)
		return -errno;
	err = view_write(outputs, p);
	view_print_ledger(v, p);
	profile__free(p);
	return err;
}

static int report_run(struct view_config *v, const char *path)
{
	struct session_limits limits = {0};
	struct view_outputs *outputs = NULL;
	struct session *s = session__new();
	struct source *source = NULL;
	int err = s ? view_open(v, &outputs) : -ENOMEM;

	if (!err) {
		source = recording_source_open(path);
		err = source ? session__run(s, source, &limits) : -errno;
	}
	if (!err)
		err = report_write(s, v, outputs);
	source__close(source);
	view_close(outputs);
	session__free(s);
	return err;
}

static int run_report(const void *config, int operand_cnt, char **operands, char **command)
{
	struct view_config v = ((const struct report_config *)config)->view;
	int err = view_check(&v);

	if (!err && (operand_cnt != 1 || command))
		err = error_set(-EINVAL, "give one recording: dwell report FILE");
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = report_run(&v, operands[0]);
	if (err)
		log_error("%s", error_text(err));
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static const struct option_def report_options[] = {
	VIEW_OPTIONS(struct report_config, view),
	OPTION_END,
};

static const struct command_example report_examples[] = {
	{"dwell report r.dwell", "the top stacks of a recording"},
	{"dwell report r.dwell -o r.html -o r.folded", "a flame graph and folded stacks of it"},
	{"dwell report --reason lock,kernel_lock r.dwell", "the waits for locks only"},
	{.line = NULL},
};

const struct command report_command = {
	.name = "report",
	.summary = "show a recording",
	.operands = "FILE",
	.description = "Shows a recording of dwell-record(1) or of dwell-offcpu(1) --save. Needs "
		       "no privilege and "
		       "nothing of the machine it was made on. Without options it shows what the "
		       "run itself "
		       "showed. FILE '-' is standard input.",
	.options = report_options,
	.examples = report_examples,
	.config_size = sizeof(struct report_config),
	.run = run_report,
};
