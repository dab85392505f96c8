/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * call: one thread on one CPU makes one system call again and again.
 *
 *   call CPU            reads orders from standard input until its end, one a line:
 *   run getppid|read COUNT
 *                       -> done COUNT WALL_NS CPU_NS
 *
 * read: one byte of /dev/zero.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "call: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void call_getppid(uint64_t cnt)
{
	for (uint64_t i = 0; i < cnt; i++)
		syscall(SYS_getppid);
}

static void call_read(uint64_t cnt)
{
	int fd = open("/dev/zero", O_RDONLY);
	char c;

	if (fd < 0)
		die("/dev/zero");
	for (uint64_t i = 0; i < cnt; i++)
		if (syscall(SYS_read, fd, &c, 1) != 1)
			die("read");
	close(fd);
}

static void run(const char *what, uint64_t cnt)
{
	uint64_t wall_ns = now_ns(CLOCK_MONOTONIC), cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);

	if (!strcmp(what, "read"))
		call_read(cnt);
	else
		call_getppid(cnt);
	cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	wall_ns = now_ns(CLOCK_MONOTONIC) - wall_ns;
	printf("done %llu %llu %llu\n", (unsigned long long)cnt, (unsigned long long)wall_ns,
	       (unsigned long long)cpu_ns);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char what[16], line[80];
	unsigned long long cnt;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		if (sscanf(line, "run %15s %llu", what, &cnt) == 2)
			run(what, cnt);
	return 0;
}
