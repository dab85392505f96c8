/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The texts of /proc/PID/task/TID: stat, status, schedstat, sched, stack, syscall. Each input is taken for all of them. What stat says behind
 * a name is the same whatever the name is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/proc_task.h"

#define STAT_REST "%s) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_stat(const char *text)
{
	struct proc_stat s;

	if (proc_stat_parse(text, &s))
		return;
	need(s.state && strnlen(s.comm, sizeof(s.comm)) < sizeof(s.comm));
}

/* As the kernel writes it for a thread of that name. */
static void check_name(const char *text)
{
	char name[PROC_TASK_NAME_BYTES], line[256];
	struct proc_stat s;

	snprintf(name, sizeof(name), "%s", text);
	snprintf(line, sizeof(line), "1 (" STAT_REST, name);
	need(!proc_stat_parse(line, &s));
	need(!strcmp(s.comm, name) && s.state == 'S' && s.start_ticks == 4711);
	/* sched has the name at its beginning, and what is looked for further down. */
	snprintf(line, sizeof(line), "%s (1, #threads: 1)\n---\nse.exec_start : 12.000034\n", name);
	need(proc_sched_exec_start(line) == 12000034);
}

static void check_status(const char *text)
{
	uint32_t uids[2];
	uint64_t number;

	if (proc_status_number(text, "\nTgid:", &number))
		need(strstr(text, "\nTgid:"));
	if (!strstr(text, "\nNSpid:"))
		need(!proc_status_own_pid(text));
	else
		proc_status_own_pid(text);
	if (proc_status_uids(text, uids))
		need(strstr(text, "\nUid:"));
}

static int take_function(void *arg, const char *name)
{
	need(*name && strlen(name) < PROC_TASK_FUNCTION_BYTES && !strpbrk(name, "\n+"));
	++*(int *)arg;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	uint64_t exec_ns, delay_ns;
	struct proc_syscall call;
	int cnt = 0;

	if (!text)
		return 0;
	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	check_stat(text);
	check_name(text);
	check_status(text);
	proc_schedstat_parse(text, &exec_ns, &delay_ns);
	proc_sched_exec_start(text);
	need(proc_stack_each(text, take_function, &cnt) == cnt);
	if (proc_syscall_parse(text, &call))
		need(call.nr >= -1);
	free(text);
	return 0;
}
