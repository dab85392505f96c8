/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell syscalls on Windows: of a live session, or of a trace. */
#include "syscalls.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "base/os_child.h"
#include "base/os_signal.h"
#include "commands.h"
#include "load_input.h"
#include "load_names.h"
#include "source/etw_feed_windows.h"
#include "trace_calls.h"

#define SYSCALLS_TOP 40

static const char *by_word(size_t i)
{
	static const char *const names[] = {"process", "thread"};

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

static int parse_by(void *config, const char *value)
{
	struct syscalls_config *c = config;
	const char *word;

	for (uint32_t i = 0; (word = by_word(i)); i++) {
		if (strcmp(value, word) != 0)
			continue;
		c->calls.by = i + CALL_BY_PROCESS;
		return 0;
	}
	return error_set(-EINVAL, "--by %s: give process or thread", value);
}

struct live_calls {
	struct child child;
	uint32_t command_pid;
	char **command;
};

static int live_calls_started(void *arg)
{
	struct live_calls *l = arg;

	return l->command ? child__release(&l->child, l->command[0]) : 0;
}

static int live_calls_run(const struct syscalls_config *c, struct live_calls *l,
			  uint64_t duration_ns)
{
	const struct etw_feed_opts opts = {.dll = c->etw_dll, .system_calls = true};
	const struct session_limits limits = {
		.duration_ns = duration_ns, .started = live_calls_started, .started_arg = l};
	struct trace_calls *t = trace_calls__new(c);
	struct etw_targets targets = {
		.pids = c->target.pids.ids,
		.pid_cnt = c->target.pids.cnt,
		.tids = c->target.tids.ids,
		.tid_cnt = c->target.tids.cnt,
		.comm = c->target.comm,
		.children = c->target.children || l->command,
	};
	struct source *source = NULL;
	char title[256];
	int err = t ? 0 : -errno;

	if (!err && l->command)
		err = child__spawn(&l->child, l->command);
	if (!err && l->command) {
		l->command_pid = l->child.pid;
		targets.pids = &l->command_pid;
		targets.pid_cnt = 1;
	}
	if (!err) {
		source = etw_feed_open(&opts, &targets, &trace_calls__session(t)->model.modules);
		err = source ? 0 : -errno;
	}
	if (!err) {
		etw_live_on_call(source, trace_calls__take, t);
		target_describe(&c->target, l->command, title, sizeof(title));
		err = trace_calls__run(t, source, &limits, title, true);
	}
	source__close(source);
	trace_calls__free(t);
	return err;
}

static int run_syscalls(const void *config, int operand_cnt, char **operands, char **command)
{
	const struct syscalls_config *c = config;
	struct live_calls l = {.child = {.release_fd = -1, .exec_error_fd = -1},
			       .command = command};
	int err, status = EXIT_STATUS_OK;
	uint64_t duration_ns;

	if (operand_cnt == 1 && !command && load_is_trace(operands[0]))
		return trace_calls_of_file(c, operands[0]);
	err = target_check(&c->target, operand_cnt, operands, command, &duration_ns);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	os_signal_catch_stop();
	err = live_calls_run(c, &l, duration_ns);
	if (err)
		log_error("%s", error_text(err));
	if (l.child.pid && l.child.release_fd < 0)
		status = child__wait(&l.child);
	child__abandon(&l.child);
	return err ? EXIT_STATUS_FAILED : status;
}

static void syscalls_defaults(void *config)
{
	struct syscalls_config *c = config;

	c->top_cnt = SYSCALLS_TOP;
}

static const struct option_def syscalls_options[] = {
	TARGET_OPTIONS_WITHOUT_CGROUP(struct syscalls_config, target),
	{.type = OPTION_GROUP, .help = "What is counted"},
	{.name = "by",
	 .arg = "WHOM",
	 .type = OPTION_CUSTOM,
	 .parse = parse_by,
	 .value = {.kind = VALUE_ONE_OF, .word = by_word},
	 .help = "process or thread: a table for each"},
	SYSCALLS_FAILED_OPTION,
	{.type = OPTION_GROUP, .help = "Output"},
	SYSCALLS_HISTOGRAM_OPTION,
	SYSCALLS_JSON_OPTION,
	SYSCALLS_OUTPUT_OPTION,
	SYSCALLS_TOP_OPTION,
	LOAD_SYMBOL_PATH_OPTION(struct syscalls_config, symbol_path),
	{.name = "etw-dll",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = SYSCALLS_MEMBER(etw_dll),
	 .value = {.kind = VALUE_PATH},
	 .help = "for tests of dwell: take the functions of event tracing from this DLL"},
	SYSCALLS_QUIET_OPTION,
	OPTION_END,
};

static const struct command_example syscalls_examples[] = {
	{"dwell syscalls -p 4711 10", "ten seconds of process 4711"},
	{"dwell syscalls -x --by process 5", "which programs have calls that fail"},
	{"dwell syscalls trace.etl", "of a trace with system calls"},
	{.line = NULL},
};

const struct command syscalls_command = {
	.name = "syscalls",
	.summary = "count system calls: how often, how long, which errors",
	.operands = "[DURATION | FILE.etl] [-- COMMAND [ARG...]]",
	.description =
		"Counts and times every system call of the target, or of those in a trace, and "
		"shows "
		"for each: how often it was called and failed, with which status, the time in it "
		"as "
		"a total, a mean, percentiles and a maximum, and how that time divides: on a CPU, "
		"blocked (until something readied the thread) and runnable (until it got a CPU).\n "
		"A call is named after the kernel's routine. A call is counted when it returns, if "
		"it "
		"began while tracing.",
	.options = syscalls_options,
	.examples = syscalls_examples,
	.config_size = sizeof(struct syscalls_config),
	.defaults = syscalls_defaults,
	.run = run_syscalls,
};
