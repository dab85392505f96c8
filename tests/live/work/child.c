/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* child COUNT MS: waits for children that sleep MS, by wait4, waitid and vfork, COUNT times each. */
#include <sys/wait.h>

#include "work.h"

static uint64_t cnt, ms;

static work_frame void work_in_child(void)
{
	nap_ns(ms * NS_PER_MS);
	_exit(0);
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		work_in_child();
	return pid;
}

static work_frame void work_wait4(struct meter *m)
{
	pid_t pid = start_child();
	uint64_t since = now_ns();

	if (raw_syscall4(SYS_wait4, pid, NULL, 0, NULL) != pid)
		die("wait4");
	meter_add(m, since);
}

static work_frame void work_waitid(struct meter *m)
{
	pid_t pid = start_child();
	uint64_t since = now_ns();

	if (raw_syscall(SYS_waitid, P_PID, pid, 0, WEXITED, 0, 0))
		die("waitid");
	meter_add(m, since);
}

/* libc's vfork has no frame: its caller is lost, the caller's caller is not. */
static work_frame void vfork_once(struct meter *m)
{
	uint64_t since = now_ns();
	pid_t pid = vfork();

	if (pid < 0)
		die("vfork");
	if (!pid)
		work_in_child();
	meter_add(m, since);
	while (waitpid(pid, NULL, 0) != pid)
		;
}

static work_frame void work_vfork(struct meter *m)
{
	vfork_once(m);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	struct meter by_wait4 = {0}, by_waitid = {0}, by_vfork = {0};

	cnt = arg_u64(argc, argv, 1, 10);
	ms = arg_u64(argc, argv, 2, 30);
	work_ready();
	for (uint64_t i = 0; i < cnt; i++)
		work_wait4(&by_wait4);
	for (uint64_t i = 0; i < cnt; i++)
		work_waitid(&by_waitid);
	for (uint64_t i = 0; i < cnt; i++)
		work_vfork(&by_vfork);
	meter_say("wait4", &by_wait4);
	meter_say("waitid", &by_waitid);
	meter_say("vfork", &by_vfork);
	work_done();
	return 0;
}
