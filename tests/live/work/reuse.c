/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * reuse COUNT MS: in a pid namespace of its own, COUNT children one after the other that all get the same
 * pid. The even ones sleep MS in work_even, the odd ones twice as long in work_odd. Refuses to run where it
 * would touch the pids of others.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "work.h"

static struct meter *even, *odd;

static work_frame void work_even(uint64_t ms)
{
	uint64_t since;

	set_name("reuse-even");
	since = now_ns();
	nap_ns(ms * NS_PER_MS);
	meter_add(even, since);
}

static work_frame void work_odd(uint64_t ms)
{
	uint64_t since;

	set_name("reuse-odd");
	since = now_ns();
	nap_ns(2 * ms * NS_PER_MS);
	meter_add(odd, since);
}

static void set_next_pid(pid_t pid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);

	if (fd < 0 || dprintf(fd, "%d", pid - 1) < 0)
		die("ns_last_pid");
	close(fd);
}

int main(int argc, char **argv)
{
	uint64_t cnt = arg_u64(argc, argv, 1, 20), ms = arg_u64(argc, argv, 2, 10);
	pid_t wanted = 3000;

	if (getpid() > 200)
		die("not in a pid namespace of its own");
	even = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (even == MAP_FAILED)
		die("mmap");
	odd = even + 1;
	work_ready();
	for (uint64_t i = 0; i < cnt; i++) {
		pid_t pid;

		set_next_pid(wanted);
		pid = fork();
		if (!pid) {
			if (i % 2)
				work_odd(ms);
			else
				work_even(ms);
			_exit(0);
		}
		if (pid != wanted)
			die("got another pid");
		waitpid(pid, NULL, 0);
	}
	say("pid %d", wanted);
	meter_say("even", even);
	meter_say("odd", odd);
	work_done();
	return 0;
}
