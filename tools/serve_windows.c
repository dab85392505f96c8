/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell serve on Windows: traces for months, and writes metrics to a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_service.h"
#include "base/os_signal.h"
#include "commands.h"
#include "live_options_windows.h"
#include "serve.h"
#include "terminal.h"

#define SERVE_TICK_NS 1000000000ull

static void serve_defaults(void *config)
{
	struct serve_config *c = config;

	live_defaults(&c->live);
	c->group_by = GROUP_BY_COMM;
	c->max_groups = GROUPS_DEFAULT_MAX;
}

/* ---- options ---- */

static const char *serve_group_word(size_t i)
{
	static const enum group_by known[] = {GROUP_BY_NONE, GROUP_BY_COMM};

	return i < ARRAY_SIZE(known) ? group_by_name(known[i]) : NULL;
}

static int serve_parse_group_by(void *config, const char *value)
{
	struct serve_config *c = config;

	if (group_by_parse(value, &c->group_by) ||
	    (c->group_by != GROUP_BY_NONE && c->group_by != GROUP_BY_COMM))
		return error_set(-EINVAL, "--group-by %s: give none or comm", value);
	return 0;
}

static int serve_check(const void *config)
{
	const struct serve_config *c = config;
	struct view_config view = c->live.view;
	uint64_t duration_ns;
	int err = view_check(&view);

	if (!err)
		err = live_check(&c->live);
	if (!err)
		err = target_check(&c->live.target, 0, NULL, NULL, &duration_ns);
	if (err)
		return err;
	if (c->live.max_us)
		return error_set(-EINVAL,
				 "-M can't be used with serve: a wait is counted before its "
				 "length is known");
	if (!c->textfile)
		return error_set(-EINVAL, "--prom-textfile is needed: a file in the directory of "
					  "windows_exporter's textfile collector");
	return 0;
}

/* ---- the run ---- */

int serve_tick(void *arg, uint64_t now_ns)
{
	struct serve *s = arg;

	if (now_ns - s->watched_ns < SERVE_TICK_NS)
		return 0;
	s->watched_ns = now_ns;
	serve_textfile_tick(s, now_ns);
	log_limits_flush(false);
	return 0;
}

static int serve_renew_names(void *arg, bool all)
{
	struct serve *s = arg;

	return naming__renew(&s->naming, &s->session->model, all);
}

static int serve_open_service(struct serve *s)
{
	const struct serve_config *c = s->config;
	struct service_opts opts = {
		.tick = serve_tick,
		.tick_arg = s,
		.view = c->live.view.view,
		.naming = {.renew = serve_renew_names, .arg = s},
		.group_by = c->group_by,
		.max_groups = (uint32_t)c->max_groups,
		.bounds = &s->bounds,
	};
	int err = naming__init(&s->naming, &s->session->model, s->session->recorded,
			       &c->live.view.view, c->live.symbol_path);

	if (err)
		return err;
	opts.naming.resolvers = s->naming.resolvers;
	opts.naming.readers = s->naming.readers;
	s->service = service__new(s->session, &opts);
	return s->service ? 0 : -errno;
}

static int serve_open(struct serve *s)
{
	const struct serve_config *c = s->config;
	const struct live_config *live = &c->live;
	int err = c->buckets ? bounds_parse(c->buckets, &s->bounds) : 0;

	if (!c->buckets)
		s->bounds = bounds_time;
	s->session = session__new();
	if (!s->session)
		return -errno;
	if (!err) {
		s->source = live_source_open(live, &live->view.view, 0, s->session);
		err = s->source ? 0 : -errno;
	}
	if (!err)
		err = live_note(s->session, live, NULL, &live->view.view, s->source);
	if (!err)
		err = serve_open_service(s);
	return err ? err : serve_textfile_open(s);
}

static void serve_close(struct serve *s)
{
	serve_textfile_close(s);
	service__free(s->service);
	source__close(s->source);
	session__free(s->session);
	naming__fini(&s->naming);
}

static void serve_print_ledger(const struct serve *s)
{
	_cleanup_buf_ struct buf text;
	struct ledger ledger;

	service__ledger(s->service, &ledger);
	buf__init(&text, 1u << 20);
	ledger__print(&ledger, &text);
	if (!s->config->live.view.quiet || ledger__imbalance_ns(&ledger))
		terminal_say(&text);
}

static int serve_run(void *arg)
{
	struct serve *s = arg;
	int err = serve_open(s);

	if (!err)
		err = service__run(s->service, s->source);
	if (err)
		log_error("%s", error_text(err));
	else
		serve_print_ledger(s);
	serve_close(s);
	log_limits_flush(true);
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static int serve_to_log(const struct serve_config *c)
{
	int err = c->log ? os_service_log_to(c->log) : 0;

	return err ? error_set(err, "--log %s: %s", c->log, strerror(-err)) : 0;
}

static int run_serve(const void *config, int operand_cnt, char **operands, char **command)
{
	const struct serve_config *c = config;
	struct serve s = {.command = &serve_command, .config = c};
	int err = serve_check(c), status = EXIT_STATUS_FAILED;

	if (!err && (operand_cnt || command))
		err = error_set(
			-EINVAL,
			"serve runs until it is stopped, without a command: '%s' is too much",
			operand_cnt ? operands[0] : "--");
	if (!err)
		err = serve_to_log(c);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	os_signal_catch_stop();
	if (!c->service)
		return serve_run(&s);
	err = os_service_run(serve_run, &s, &status);
	if (err)
		log_error("%s", error_text(err));
	return status;
}

static const struct option_def serve_options[] = {
	LIVE_OPTIONS,
	{.type = OPTION_GROUP, .help = "Metrics"},
	{.name = "prom-textfile",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct serve_config, textfile),
	 .value = {.kind = VALUE_PATH},
	 .help = "write the metrics to FILE every 15 s, for windows_exporter"},
	{.name = "group-by",
	 .arg = "WHAT",
	 .type = OPTION_CUSTOM,
	 .parse = serve_parse_group_by,
	 .value = {.kind = VALUE_ONE_OF, .word = serve_group_word},
	 .preset = "comm",
	 .help = "count blocked time also by comm (the default: what a thread or its process is "
		 "called), or by none"},
	SERVE_MAX_GROUPS_OPTION,
	VIEW_WAKERS_OPTION(struct serve_config, live.view),
	SERVE_BUCKETS_OPTION,
	{.type = OPTION_GROUP, .help = "Operation"},
	{.name = "service",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct serve_config, service),
	 .help = "the service manager starts it: sc create dwell binPath= \"dwell.exe serve "
		 "--service ...\""},
	{.name = "log",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct serve_config, log),
	 .value = {.kind = VALUE_PATH},
	 .help = "put messages at the end of FILE: a service has no standard error"},
	SERVE_QUIET_OPTION,
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct serve_config, live.view.verbose),
	 .help = "say more, on stderr"},
	OPTION_END,
};

static const struct command_example serve_examples[] = {
	{"dwell serve --prom-textfile C:\\exporter\\textfile\\dwell.prom",
	 "the whole system: metrics for windows_exporter"},
	{"sc create dwell start= auto binPath= \"C:\\dwell\\dwell.exe serve --service --log "
	 "C:\\dwell\\dwell.log --prom-textfile C:\\exporter\\textfile\\dwell.prom\"",
	 "as a service"},
	{.line = NULL},
};

const struct command serve_command = {
	.name = "serve",
	.summary = "trace for months: metrics in a file",
	.operands = "",
	.description =
		"Traces until Ctrl-C, until the service manager stops it, or until all processes "
		"of "
		"-p have exited, and writes metrics for Prometheus to a file every 15 seconds.\n\n"
		"Metrics count a wait when it ends. dwell_threads_blocked and "
		"dwell_longest_block_seconds tell what has not ended yet. A page of the "
		"documentation, docs/metrics.md, has them all.",
	.options = serve_options,
	.examples = serve_examples,
	.config_size = sizeof(struct serve_config),
	.defaults = serve_defaults,
	.check = serve_check,
	.run = run_serve,
};
