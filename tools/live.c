/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_child.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_signal.h"
#include "commands.h"
#include "naming.h"
#include "output_file.h"
#include "rights.h"
#include "terminal.h"

/* All that one live run holds. */
struct live {
	const struct live_config *config;
	struct view_config view;
	uint64_t duration_ns;
	char **command; /* NULL: none */
	struct child child;
	struct view_outputs *outputs;
	struct atomic_file save_file;
	struct recording_writer *save;
	struct session *session;
	struct source *source;
	struct naming naming;
	struct rights rights;
};

/* ---- setting up ---- */

static int live_open_save(struct live *l)
{
	int err;

	if (!l->config->save)
		return 0;
	/* 0600: a recording tells what ran on the machine. */
	err = atomic_file__open(&l->save_file, l->config->save, 0600);
	if (err)
		return output_refused(err, l->config->save);
	l->save = recording_writer__new(l->save_file.fp);
	if (!l->save)
		return -errno;
	l->session->save = l->save;
	return 0;
}

static int live_open_source(struct live *l)
{
	l->source = live_source_open(l->config, &l->view.view, l->child.pid, l->session);
	if (l->source)
		l->source = live_add_goroutines(l->config, &l->view.view, l->source);
	return l->source ? 0 : -errno;
}

/* From here on only what tracing takes: programs of others are about to be read. */
static int live_narrow(struct live *l)
{
	view_add_rights(l->outputs, &l->rights);
	rights__add_file(&l->rights, &l->save_file);
	if (l->command)
		rights__add_command(&l->rights);
	return rights__narrow(&l->rights);
}

static int live_open(struct live *l, bool write_outputs)
{
	int err = 0;

	l->session = session__new();
	if (!l->session)
		return -errno;
	l->session->offcpu.keep_waits = l->view.view.chains;
	l->session->offcpu.keep_times = write_outputs && view_wants_waits(&l->view);
	if (write_outputs)
		err = view_open(&l->view, &l->outputs);
	if (!err)
		err = live_open_save(l);
	if (!err && l->command)
		err = child__spawn(&l->child, l->command);
	if (!err)
		err = live_narrow(l);
	if (!err)
		err = live_open_source(l);
	return err ? err : live_note(l->session, l->config, l->command, &l->view.view, l->source);
}

static void live_close(struct live *l)
{
	source__close(l->source);
	child__abandon(&l->child);
	recording_writer__free(l->save);
	atomic_file__abort(&l->save_file);
	view_close(l->outputs);
	session__free(l->session);
	naming__fini(&l->naming);
}

/* ---- running ---- */

/* The command begins when the window does; a session's start can't wait for it, so it is released here. */
static int live_started(void *arg)
{
	struct live *l = arg;
	int err = rights__settle(&l->rights, RIGHTS_PROCESSES | (l->config->go_hz ? RIGHTS_GO : 0));

	if (err)
		return err;
	return l->command ? child__release(&l->child, l->command[0]) : 0;
}

static int live_save_finish(struct live *l)
{
	int err;

	if (!l->save)
		return 0;
	err = session__save_symbols(l->session);
	if (!err)
		err = recording_writer__finish(l->save);
	if (!err)
		err = atomic_file__commit(&l->save_file);
	if (err)
		return output_refused(err, l->config->save);
	log_info("wrote %s", l->config->save);
	return 0;
}

static int live_finish(struct live *l)
{
	struct profile *p = NULL;
	int err = naming__init(&l->naming, &l->session->model, l->session->recorded, &l->view.view,
			       l->config->symbol_path);

	if (!err) {
		p = session__profile(l->session, l->naming.resolvers, l->naming.readers,
				     &l->view.view);
		err = p ? 0 : -errno;
	}
	if (err)
		return err;
	naming__warn(&l->naming, l->session->symbols);
	err = l->outputs ? view_write(l->outputs, p) : 0;
	view_print_ledger(&l->view, p);
	profile__free(p);
	if (!err)
		err = live_save_finish(l);
	return err;
}

/* All is loaded: what is left is quick. -EINTR: the user gave up. */
static int live_wait(const struct live *l)
{
	uint64_t now_ns = os_realtime_ns(), at_ns = 0;
	int err;

	if (l->config->start_at.kind == MOMENT_NONE)
		return 0;
	err = moment__resolve(&l->config->start_at, now_ns, &at_ns);
	if (err)
		return err;
	if (at_ns < now_ns)
		return error_set(-EINVAL, "--start-at is %.1f s ago: give a time to come",
				 (double)(now_ns - at_ns) / 1e9);
	if (!l->view.quiet)
		log_info("begins in %.1f s", (double)(at_ns - now_ns) / 1e9);
	do
		err = os_sleep_until_realtime(at_ns);
	while (err == -EINTR && !os_signal_stop());
	return err == -EINTR ? error_set(err, "stopped before the start: nothing was recorded")
			     : err;
}

static int live_trace(struct live *l)
{
	struct session_limits limits = {
		.duration_ns = l->duration_ns,
		.progress = !l->view.quiet && terminal_is(stderr),
		.started = live_started,
		.started_arg = l,
	};
	int err;

	os_signal_catch_stop();
	err = live_wait(l);
	if (err)
		return err;
	if (!l->view.quiet && !l->duration_ns && !l->command && !l->config->target.pids.cnt)
		log_info("tracing until Ctrl-C");
	err = session__run(l->session, l->source, &limits);
	if (!err)
		err = live_note_usage(l->session, l->source, l->view.quiet);
	return err ? err : live_finish(l);
}

int live_run(const struct live_config *config, int operand_cnt, char **operands, char **command,
	     bool write_outputs)
{
	struct live l = {.config = config, .view = config->view, .command = command};
	int err, status = EXIT_STATUS_OK;

	l.child = (struct child){.release_fd = -1, .exec_error_fd = -1};
	err = view_check(&l.view);
	if (!err)
		err = live_check(config);
	if (!err)
		err = target_check(&config->target, operand_cnt, operands, command, &l.duration_ns);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = live_open(&l, write_outputs);
	if (!err)
		err = live_trace(&l);
	if (err)
		log_error("%s", error_text(err));
	if (l.child.pid && l.child.release_fd < 0)
		status = child__wait(&l.child);
	live_close(&l);
	return err ? EXIT_STATUS_FAILED : status;
}
