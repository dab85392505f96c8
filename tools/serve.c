/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell serve: traces for months, writes a file for each window of time, answers /metrics. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_journal.h"
#include "base/os_privilege.h"
#include "base/os_signal.h"
#include "base/os_socket.h"
#include "commands.h"
#include "serve_options.h"
#include "source/bpf.h"

/* ---- setting up ---- */

static int serve_renew_names(void *arg, bool all)
{
	struct serve *s = arg;

	return naming__renew(&s->naming, &s->session->model, all);
}

static void serve_rotated(void *arg, struct profile *p)
{
	struct serve *s = arg;

	window_writer__add(s->writer, p);
}

/* "none" alone. */
static bool serve_listens_nowhere(const struct serve_config *c)
{
	return c->listen_cnt == 1 && !strcmp(c->listen[0], "none");
}

static int serve_open_writer(struct serve *s)
{
	const struct serve_config *c = s->config;
	struct window_writer_opts opts = {
		.out_dir = c->out,
		.pprof = c->pprof,
		.rotation = {.keep_bytes = c->keep_bytes, .keep_age_ns = c->keep_age_ns},
		.spool_dir = c->spool,
		.targets = c->spool_targets,
		.spool = {.quota_bytes = c->spool_bytes,
			  .quota_age_ns = c->spool_age_ns,
			  .gid = OS_DIR_NO_GROUP},
	};

	if (!c->out && !c->spool)
		return 0;
	s->writer = window_writer__new(&opts);
	return s->writer ? 0 : -errno;
}

static int serve_open_service(struct serve *s)
{
	const struct serve_config *c = s->config;
	const struct offcpu_view *view = &c->live.view.view;
	struct service_opts opts = {
		.every_ns = s->writer ? c->every_ns : 0,
		.rotated = serve_rotated,
		.rotated_arg = s,
		.tick = serve_tick,
		.tick_arg = s,
		.view = *view,
		.naming = {.renew = serve_renew_names, .arg = s},
		.group_by = c->group_by,
		.max_groups = (uint32_t)c->max_groups,
		.bounds = &s->bounds,
	};
	int err = naming__init(&s->naming, &s->session->model, s->session->recorded, view, NULL);

	if (err)
		return err;
	opts.naming.resolvers = s->naming.resolvers;
	opts.naming.readers = s->naming.readers;
	s->service = service__new(s->session, &opts);
	return s->service ? 0 : -errno;
}

static int serve_open_source(struct serve *s)
{
	const struct live_config *live = &s->config->live;

	s->source = live_source_open(live, &live->view.view, 0, s->session);
	if (!s->source)
		return -errno;
	return live_note(s->session, live, NULL, &live->view.view, s->source);
}

/* Files and addresses first: a mistake there is told before probes are loaded. */
static int serve_open(struct serve *s)
{
	const struct serve_config *c = s->config;
	int err = c->buckets ? bounds_parse(c->buckets, &s->bounds) : 0;

	if (!c->buckets)
		s->bounds = bounds_time;
	s->session = session__new();
	if (!s->session)
		return -errno;
	throttle__init(&s->throttle, c->max_cpu_ppm);
	if (!err)
		err = serve_open_writer(s);
	if (!err && !serve_listens_nowhere(c))
		err = serve_http_open(s);
	if (!err)
		err = serve_narrow(s);
	if (!err)
		err = serve_open_source(s);
	if (!err)
		err = serve_open_service(s);
	if (!err)
		err = serve_calls_open(s);
	if (!err)
		err = serve_go_open(s);
	return err ? err : serve_textfile_open(s);
}

static void serve_close(struct serve *s)
{
	http_server__close(s->http);
	serve_textfile_close(s);
	serve_go_close(s);
	service__free(s->service);
	window_writer__free(s->writer);
	serve_calls_close(s);
	source__close(s->source);
	session__free(s->session);
	naming__fini(&s->naming);
	while (s->kept) {
		struct serve_kept *kept = s->kept;

		s->kept = kept->next;
		option_free(s->command, kept->config);
		free(kept->config);
		free(kept);
	}
}

/* A defect in the accounting is said even when told to be quiet. */
static void serve_print_ledger(const struct serve *s)
{
	_cleanup_buf_ struct buf text;
	struct ledger ledger;

	service__ledger(s->service, &ledger);
	buf__init(&text, 1u << 20);
	ledger__print(&ledger, &text);
	if (s->config->live.view.quiet && !ledger__imbalance_ns(&ledger))
		return;
	/* A message each: the journal has it by lines. */
	for (char *rest = text.data, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (*line)
			log_say(ledger__imbalance_ns(&ledger) ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
				"%s", line);
}

static void serve_say_addresses(const struct serve *s)
{
	const char *address;

	for (size_t i = 0; s->http && (address = http_server__address(s->http, i)) != NULL; i++)
		log_info("listening on %s", address);
}

static int serve_run(struct serve *s)
{
	int err = s->http ? http_server__start(s->http) : 0;

	if (err)
		return err;
	serve_say_addresses(s);
	err = service__run(s->service, s->source);
	os_notify__stopping(&s->notify, NULL);
	http_server__stop(s->http);
	return err;
}

static int run_serve(const void *config, int operand_cnt, char **operands, char **command)
{
	const struct serve_config *c = config;
	struct serve s = {.command = &serve_command, .config = c};
	int err = serve_check(c);

	if (c->print_config) {
		option_print_config(&serve_command, stdout);
		return EXIT_STATUS_OK;
	}
	if (!err && (operand_cnt || command))
		err = error_set(
			-EINVAL,
			"serve runs until it is stopped, without a command: '%s' is too much",
			operand_cnt ? operands[0] : "--");
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	os_signal_catch_stop();
	os_signal_catch_reload();
	log_set_service(os_stderr_is_journal());
	s.reload_ok = true;
	s.reload_realtime_ns = os_realtime_ns();
	err = os_notify__init(&s.notify);
	if (!err)
		err = serve_open(&s);
	if (!err)
		err = serve_run(&s);
	if (err)
		log_error("%s", error_text(err));
	else
		serve_print_ledger(&s);
	serve_close(&s);
	log_limits_flush(true);
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}
const struct command serve_command = {
	.name = "serve",
	.summary = "trace for months: a file per window, metrics, profiles on request",
	.operands = "",
	.description = serve_description,
	.options = serve_options,
	.examples = serve_examples,
	.config_size = sizeof(struct serve_config),
	.defaults = serve_defaults,
	.check = serve_check,
	.run = run_serve,
};
