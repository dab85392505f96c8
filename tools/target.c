/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/os_read.h"
#include "source/glob.h"

#define TARGET_COMM_BYTES 64

int target_check(const struct target_config *t, int operand_cnt, char **operands, char **command,
		 uint64_t *ret_duration_ns)
{
	struct config_glob glob;
	int err = 0;

	*ret_duration_ns = 0;
	if (t->children && !t->pids.cnt && !command)
		return error_set(-EINVAL, "--children follows the processes of -p: name one");
	if (command && !*command)
		return error_set(-EINVAL, "nothing after '--': give the command to run");
	if (command && (t->pids.cnt || t->tids.cnt))
		return error_set(-EINVAL, "a command after '--' can't be combined with -p or -t");
	if (operand_cnt > 1)
		return error_set(-EINVAL,
				 "unexpected '%s': one DURATION, and '--' before a command",
				 operands[1]);
	if (operand_cnt)
		err = option_parse_duration(operands[0], ret_duration_ns);
	if (err)
		return err;
	if (operand_cnt && !*ret_duration_ns)
		return error_set(-EINVAL, "a duration of 0 records nothing: give 5, 500ms or 1m");
	return t->comm ? glob_compile(t->comm, &glob) : 0;
}

static void target_describe_ids(const char *what, const struct option_ids *ids, char *text,
				size_t size)
{
	int n = snprintf(text, size, "%s ", what);

	for (size_t i = 0; i < ids->cnt && n > 0 && (size_t)n < size; i++)
		n += snprintf(text + n, size - (size_t)n, "%s%u", i ? "," : "", ids->ids[i]);
}

/* "redis-server (pid 4711)": the first process's name says more than its number. */
static void target_describe_pids(const struct option_ids *pids, char *text, size_t size)
{
	_cleanup_buf_ struct buf comm = {0};
	char ids[200], path[32];

	target_describe_ids("pid", pids, ids, sizeof(ids));
	snprintf(path, sizeof(path), "/proc/%u/comm", pids->ids[0]);
	if (os_read_file(path, TARGET_COMM_BYTES, &comm) || !comm.len)
		snprintf(text, size, "%s", ids);
	else
		snprintf(text, size, "%.*s (%s)", (int)strcspn(comm.data, "\n"), comm.data, ids);
}

void target_describe(const struct target_config *t, char **command, char *text, size_t size)
{
	if (command)
		snprintf(text, size, "%s", command[0]);
	else if (t->pids.cnt)
		target_describe_pids(&t->pids, text, size);
	else if (t->tids.cnt)
		target_describe_ids("tid", &t->tids, text, size);
	else if (t->comm)
		snprintf(text, size, "threads named %s", t->comm);
	else if (t->cgroup)
		snprintf(text, size, "cgroup %s", t->cgroup);
	else
		snprintf(text, size, "the whole system");
}

struct targets target_list(const struct target_config *t, uint32_t command_pid)
{
	return (struct targets){
		.pids = t->pids.ids,
		.pid_cnt = t->pids.cnt,
		.tids = t->tids.ids,
		.tid_cnt = t->tids.cnt,
		.comm_glob = t->comm,
		.cgroup_path = t->cgroup,
		.command_pid = command_pid,
		.children = t->children,
	};
}
