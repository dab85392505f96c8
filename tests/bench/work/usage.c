// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * usage COMMAND [ARGUMENT...]: runs it with its output thrown away, and prints microseconds of CPU time and KiB of memory at once. A
 * benchmark in Python can't ask for the latter itself: what its children have by then is its own memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(char **argv)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(127);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage u;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0)
		run(argv + 1);
	if (pid < 0 || wait4(pid, &status, 0, &u) < 0) {
		perror("usage");
		return 1;
	}
	printf("%lld %ld\n",
	       (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000LL + u.ru_utime.tv_usec +
		       u.ru_stime.tv_usec,
	       u.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
