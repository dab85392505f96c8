/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/proc_task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- stat ---- */

enum {
	STAT_STATE = 3,
	STAT_FLAGS = 9,
	STAT_START = 22,
	STAT_STACK = 28,
	STAT_CPU = 39,
	STAT_POLICY = 41,
	STAT_LAST = STAT_POLICY,
};

int proc_stat_parse(const char *text, struct proc_stat *ret)
{
	/* The name may hold anything, also ") "; what follows the last one is a letter and numbers. */
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	uint64_t values[STAT_LAST + 1] = {0};
	struct proc_stat s = {.state = 0};
	char *at;
	size_t len;

	if (!open || !close || close < open || close[1] != ' ' || !close[2])
		return -EBADMSG;
	len = (size_t)(close - open - 1);
	memcpy(s.comm, open + 1, len < sizeof(s.comm) ? len : sizeof(s.comm) - 1);
	s.state = close[2];
	at = (char *)close + 3;
	for (int field = STAT_STATE + 1; field <= STAT_LAST; field++)
		values[field] = strtoull(at, &at, 10);
	s.flags = (uint32_t)values[STAT_FLAGS];
	s.start_ticks = values[STAT_START];
	s.start_stack = values[STAT_STACK];
	s.cpu = (uint32_t)values[STAT_CPU];
	s.policy = (uint32_t)values[STAT_POLICY];
	*ret = s;
	return 0;
}

/* ---- status ---- */

bool proc_status_number(const char *text, const char *name, uint64_t *ret)
{
	const char *at = strstr(text, name);
	char *end;

	if (!at)
		return false;
	at += strlen(name);
	*ret = strtoull(at, &end, 10);
	return end > at;
}

uint32_t proc_status_own_pid(const char *text)
{
	const char *at = strstr(text, "\nNSpid:"), *end;

	if (!at)
		return 0;
	at += strlen("\nNSpid:");
	end = at + strcspn(at, "\n");
	/* From the outermost namespace to its own. */
	while (end > at && end[-1] != '\t')
		end--;
	return (uint32_t)strtoul(end, NULL, 10);
}

bool proc_status_uids(const char *text, uint32_t ret_uids[2])
{
	const char *at = strstr(text, "\nUid:");
	unsigned int uids[4];

	/* Real, effective, saved, of the file system. */
	if (!at || sscanf(at, " Uid: %u %u %u %u", &uids[0], &uids[1], &uids[2], &uids[3]) != 4)
		return false;
	ret_uids[0] = uids[1];
	ret_uids[1] = uids[3];
	return true;
}

/* ---- how it was scheduled ---- */

bool proc_schedstat_parse(const char *text, uint64_t *ret_exec_ns, uint64_t *ret_delay_ns)
{
	unsigned long long exec_ns, delay_ns;

	if (sscanf(text, "%llu %llu", &exec_ns, &delay_ns) != 2)
		return false;
	*ret_exec_ns = exec_ns;
	*ret_delay_ns = delay_ns;
	return true;
}

uint64_t proc_sched_exec_start(const char *text)
{
	unsigned long long ms, ns;

	/* The thread's name stands above, as it is: it may hold a line break, and this word, but no number of this form. */
	for (const char *at = text; (at = strstr(at, "\nse.exec_start")); at++)
		/* Milliseconds, with six digits behind the point. */
		if (sscanf(at, "\nse.exec_start : %llu.%6llu", &ms, &ns) == 2)
			return ms * 1000000 + ns;
	return 0;
}

/* "[<0>] futex_wait_queue+0x6e/0xa0": its name. */
static bool proc_stack_line(const char *line, size_t len, char ret[PROC_TASK_FUNCTION_BYTES])
{
	const char *at = memchr(line, ']', len), *end = line + len, *plus;

	if (!at || end - at < 3)
		return false;
	at += 2;
	plus = memchr(at, '+', (size_t)(end - at));
	if (plus)
		end = plus;
	if (end == at || end - at >= PROC_TASK_FUNCTION_BYTES || !strncmp(at, "0x", 2))
		return false;
	memcpy(ret, at, (size_t)(end - at));
	ret[end - at] = '\0';
	return true;
}

int proc_stack_each(const char *text, proc_stack_fn fn, void *arg)
{
	char name[PROC_TASK_FUNCTION_BYTES];
	int cnt = 0, err = 0;
	size_t len;

	for (const char *at = text; !err && *at; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		if (!proc_stack_line(at, len, name))
			continue;
		err = fn(arg, name);
		cnt++;
	}
	return err ? err : cnt;
}

/* ---- syscall ---- */

bool proc_syscall_parse(const char *text, struct proc_syscall *ret)
{
	/* "NR ARG0 ... ARG5 SP PC", or "-1 SP PC" outside of system calls; the last two words. */
	const char *end = text + strcspn(text, "\n"), *pc = end, *sp;
	unsigned long long sp_value, pc_value;
	int nr;

	while (pc > text && pc[-1] != ' ')
		pc--;
	if (pc == text)
		return false;
	for (sp = pc - 1; sp > text && sp[-1] != ' '; sp--)
		;
	if (sp == text || sscanf(sp, "%llx %llx", &sp_value, &pc_value) != 2)
		return false;
	*ret = (struct proc_syscall){.nr = -1, .sp = sp_value, .pc = pc_value};
	if (sscanf(text, "%d", &nr) == 1 && nr >= 0 && nr <= INT16_MAX)
		ret->nr = (int16_t)nr;
	return true;
}
