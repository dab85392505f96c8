/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * cgroups DIR: for each line "run PROCESSES GROUPS" on standard input, makes GROUPS cgroups below the cgroup DIR, one after
 * the other, in which PROCESSES processes live and end, four at a time; then says "ran". Each sleeps 1 ms: this program,
 * sleep(1), or, one in 50, python3.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "work.h"

#define PARALLEL 4

static const char *dir;

static work_frame void work_child_nap(void)
{
	nap_ns(NS_PER_MS);
}

static void enter(const char *group)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
}

static _Noreturn void child(const char *group, uint64_t number)
{
	char name[16];

	enter(group);
	if (number % 50 == 0)
		execlp("python3", "python3", "-SIc", "import time\ntime.sleep(0.001)", NULL);
	else if (number % 2)
		execlp("sleep", "sleep", "0.001", NULL);
	snprintf(name, sizeof(name), "kid%llu", (unsigned long long)number % 1000);
	set_name(name);
	work_child_nap();
	_exit(0);
}

/* The kernel takes a moment to let go of the last process. */
static void remove_group(const char *group)
{
	while (rmdir(group)) {
		if (errno != EBUSY)
			die(group);
		usleep(500);
	}
}

static void run(uint64_t processes, uint64_t groups)
{
	uint64_t made = 0;

	for (uint64_t i = 0; i < groups; i++) {
		uint64_t until = processes * (i + 1) / groups, alive = 0;
		char group[256];

		snprintf(group, sizeof(group), "%s/g%llu", dir, (unsigned long long)i);
		if (mkdir(group, 0755))
			die(group);
		for (; made < until; made++) {
			pid_t pid = fork();

			if (pid < 0)
				die("fork");
			if (!pid)
				child(group, made);
			if (++alive == PARALLEL && waitpid(-1, NULL, 0) > 0)
				alive--;
		}
		while (waitpid(-1, NULL, 0) > 0)
			;
		remove_group(group);
	}
}

int main(int argc, char **argv)
{
	unsigned long long processes, groups;
	char line[128];

	if (argc != 2)
		return 2;
	dir = argv[1];
	alarm(2 * WORK_LIFE_SECONDS);
	say("ready %d", getpid());
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "run %llu %llu", &processes, &groups) != 2)
			return 2;
		run(processes, groups);
		say("ran %llu %llu", processes, groups);
	}
	return 0;
}
