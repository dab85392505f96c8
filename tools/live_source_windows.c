/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Live runs on Windows: what they open, and what is noted of them. */
#include <errno.h>

#include "base/log.h"
#include "live.h"
#include "source/etw_feed_windows.h"
#include "version.h"

int live_check(const struct live_config *c)
{
	if (c->user_threads && c->kernel_threads)
		return error_set(-EINVAL, "-u and -k together leave no thread: use one of them");
	if (c->max_us && c->min_us > c->max_us)
		return error_set(-EINVAL, "-m %llu is above -M %llu: nothing can be between them",
				 (unsigned long long)c->min_us, (unsigned long long)c->max_us);
	return 0;
}

struct source *live_source_open(const struct live_config *c, const struct offcpu_view *view,
				uint32_t command_pid, struct session *session)
{
	/* The source keeps the pointer; a program has one command. */
	static uint32_t command;
	const struct etw_feed_opts opts = {.dll = c->etw_dll};
	const struct etw_targets targets = {
		.pids = command_pid ? &command : c->target.pids.ids,
		.pid_cnt = command_pid ? 1 : c->target.pids.cnt,
		.tids = c->target.tids.ids,
		.tid_cnt = c->target.tids.cnt,
		.comm = c->target.comm,
		.children = c->target.children || command_pid,
		.user_only = c->user_threads,
		.kernel_only = c->kernel_threads,
		.min_ns = c->min_us * 1000,
		.max_ns = c->max_us * 1000,
	};

	(void)view;
	command = command_pid;
	return etw_feed_open(&opts, &targets, &session->model.modules);
}

struct source *live_add_goroutines(const struct live_config *c, const struct offcpu_view *view,
				   struct source *source)
{
	(void)c;
	(void)view;
	return source;
}

int live_note(struct session *s, const struct live_config *config, char **command,
	      const struct offcpu_view *view, const struct source *source)
{
	char target[256];
	int err;

	(void)source;
	target_describe(&config->target, command, target, sizeof(target));
	err = session__note(s, "target", target);
	if (!err)
		err = session__note(s, "probes", "etw");
	if (!err)
		err = session__note(s, "version", DWELL_VERSION);
	return err ? err : session__note_view(s, view);
}

int live_note_usage(struct session *s, const struct source *source, bool quiet)
{
	(void)s;
	(void)source;
	(void)quiet;
	return 0;
}
