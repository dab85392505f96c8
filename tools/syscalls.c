/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell syscalls: how often, how long and with what result system calls are made. */
#include "syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "commands.h"
#include "format/syscall_table.h"
#include "load_input.h"
#include "load_names.h"
#include "trace_calls.h"

#define SYSCALLS_TOP 40

/* ---- the command line ---- */

static const char *by_word(size_t i)
{
	static const char *const names[] = {
		[CALL_BY_PROCESS] = "process",
		[CALL_BY_THREAD] = "thread",
		[CALL_BY_CGROUP] = "cgroup",
	};

	return i + CALL_BY_PROCESS < ARRAY_SIZE(names) ? names[i + CALL_BY_PROCESS] : NULL;
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
	return error_set(-EINVAL, "--by %s: give process, thread or cgroup", value);
}

static int parse_number(const char *text, uint32_t max, uint32_t *ret)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || v > max)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static int parse_error(void *config, const char *value)
{
	struct syscalls_config *c = config;

	c->calls.error = syscall_find_error(value);
	if (!c->calls.error && parse_number(value, CALL_MAX_ERRNO, &c->calls.error))
		c->calls.error = 0;
	return c->calls.error
		       ? 0
		       : error_set(-EINVAL,
				   "-e %s: give an error's name or number: ENOENT, EAGAIN, 11",
				   value);
}

static void want(struct call_config *calls, uint32_t nr, int compat)
{
	calls->wanted[compat][nr / 64] |= 1ull << nr % 64;
}

/* A name stands for the calls of that name in both tables, a number for itself. */
static int want_call(struct call_config *calls, const char *name)
{
	bool found = false;
	uint32_t nr;

	for (int compat = 0; compat < 2; compat++) {
		nr = syscall_find(name, compat);
		if (nr >= CALL_MAX_NR)
			continue;
		want(calls, nr, compat);
		found = true;
	}
	if (found)
		return 0;
	if (parse_number(name, CALL_MAX_NR - 1, &nr))
		return error_set(-EINVAL,
				 "--syscall: there is no system call '%s' here: give names or "
				 "numbers, comma separated",
				 name);
	want(calls, nr, 0);
	return 0;
}

static int parse_calls(void *config, const char *value)
{
	struct syscalls_config *c = config;
	_cleanup_free_ char *list = strdup(value);
	char *rest = NULL;
	int err = list ? 0 : -ENOMEM;

	for (char *name = list ? strtok_r(list, ",", &rest) : NULL; name && !err;
	     name = strtok_r(NULL, ",", &rest)) {
		c->calls.some = 1;
		err = want_call(&c->calls, name);
	}
	if (!err && !c->calls.some)
		err = error_set(-EINVAL, "--syscall: no system call is named");
	return err;
}

static int parse_slower(void *config, const char *value)
{
	struct syscalls_config *c = config;

	c->slower = true;
	return option_parse_duration(value, &c->slower_ns);
}

/* ---- the command ---- */

static int run_syscalls(const void *config, int operand_cnt, char **operands, char **command)
{
	if (operand_cnt == 1 && !command && load_is_trace(operands[0]))
		return trace_calls_of_file(config, operands[0]);
	return syscalls_run(config, operand_cnt, operands, command);
}

static void syscalls_defaults(void *config)
{
	struct syscalls_config *c = config;

	c->top_cnt = SYSCALLS_TOP;
}

static const struct option_def syscalls_options[] = {
	TARGET_OPTIONS(struct syscalls_config, target),
	{.type = OPTION_GROUP, .help = "What is counted"},
	{.name = "by",
	 .arg = "WHOM",
	 .type = OPTION_CUSTOM,
	 .parse = parse_by,
	 .value = {.kind = VALUE_ONE_OF, .word = by_word},
	 .help = "process, thread or cgroup (v2): a table for each"},
	SYSCALLS_FAILED_OPTION,
	{.letter = 'e',
	 .name = "errno",
	 .arg = "ERRNO",
	 .type = OPTION_CUSTOM,
	 .parse = parse_error,
	 .value = {.kind = VALUE_ONE_OF, .word = syscall_nth_error},
	 .help = "only calls that fail with this error: ENOENT, EAGAIN, 11..."},
	{.name = "syscall",
	 .arg = "LIST",
	 .type = OPTION_CUSTOM,
	 .parse = parse_calls,
	 .value = {.kind = VALUE_LIST_OF, .word = syscall_nth_name},
	 .help = "only these calls, comma separated names or numbers; others cost next to nothing"},
	{.name = "ring-size",
	 .arg = "BYTES",
	 .type = OPTION_SIZE,
	 .offset = SYSCALLS_MEMBER(ring_bytes),
	 .min = 4096,
	 .max = 1u << 30,
	 .help = "ring buffer per CPU for slow calls, a power of two (default: 16m over all CPUs, "
		 "at least 64k, at most 1m each)"},
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "slower",
	 .arg = "TIME",
	 .type = OPTION_CUSTOM,
	 .parse = parse_slower,
	 .help = "also one line for each call that takes at least TIME, as it returns: 10ms, "
		 "500us"},
	{.name = "stacks",
	 .type = OPTION_FLAG,
	 .offset = SYSCALLS_MEMBER(stacks),
	 .help = "with --slower: also the call's user stack, by frame pointers"},
	SYSCALLS_HISTOGRAM_OPTION,
	{.letter = 'i',
	 .name = "interval",
	 .arg = "SECONDS",
	 .type = OPTION_DURATION,
	 .offset = SYSCALLS_MEMBER(interval_ns),
	 .min = 10000000,
	 .max = UINT64_MAX / 4,
	 .help = "a table for each SECONDS of the run, and one of all at the end"},
	SYSCALLS_JSON_OPTION,
	SYSCALLS_OUTPUT_OPTION,
	SYSCALLS_TOP_OPTION,
	LOAD_SYMBOL_PATH_OPTION(struct syscalls_config, symbol_path),
	SYSCALLS_QUIET_OPTION,
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = SYSCALLS_MEMBER(verbose),
	 .help = "what libbpf and the verifier say, on stderr"},
	OPTION_END,
};

static const struct command_example syscalls_examples[] = {
	{"dwell syscalls -p 4711 10", "ten seconds of process 4711"},
	{"dwell syscalls -- make", "all calls of a build; the exit status is make's"},
	{"dwell syscalls -x --by process 5", "which programs have calls that fail"},
	{"dwell syscalls -p 4711 --slower 10ms 60", "slow calls as they happen, with file or peer"},
	{"dwell syscalls trace.etl", "those of a trace of Windows"},
	{.line = NULL},
};

const struct command syscalls_command = {
	.name = "syscalls",
	.summary = "count system calls: how often, how long, which errors",
	.operands = "[DURATION | FILE.etl] [-- COMMAND [ARG...]]",
	.description =
		"Counts and times every system call of the target, in the kernel and without "
		"sampling, and shows for each: how often it was called and failed, with which "
		"errors, the time in it as a total, a mean, percentiles and a maximum, and how "
		"that time divides: on a CPU, blocked (until something woke the thread) and "
		"runnable (until it got a CPU). Percentiles are within 6.25 %.\n "
		"DURATION is a number of seconds, or has a unit: 500ms, 10s, 1m. Without one, "
		"tracing goes on until Ctrl-C or until the target has exited.\n "
		"A call is counted when it returns, if it began while tracing. Calls that never "
		"return, exit and exit_group, are counted when their thread is gone. Calls still "
		"open at the end are shown apart. A call that a signal interrupts fails with what "
		"the kernel says (ERESTARTSYS and its like, which the program doesn't see), and "
		"is one more call when it is restarted. Calls of 32-bit programs say so.\n "
		"FILE may be an event trace of Windows (.etl) with system calls: then those are "
		"counted, by the routines of its kernel and its statuses.\n "
		"Standard output is data. The closing ledger, which says what became of every "
		"call, is on standard error.",
	.options = syscalls_options,
	.examples = syscalls_examples,
	.config_size = sizeof(struct syscalls_config),
	.defaults = syscalls_defaults,
	.run = run_syscalls,
};
