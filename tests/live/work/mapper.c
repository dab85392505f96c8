/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * mapper PROCESSES EACH FILE...: that many processes, each with EACH of the files mapped as code, as a host full of
 * services has them. They sleep until standard input ends. Says "process PID" for each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void map_code(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) ||
	    mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		exit(2);
	close(fd);
}

static _Noreturn void be_a_process(int number, int each, char **files, int file_cnt, int until)
{
	char c;

	for (int i = 0; i < each; i++)
		map_code(files[(number * each + i * 7) % file_cnt]);
	printf("process %d\n", getpid());
	fflush(stdout);
	exit(read(until, &c, 1) < 0);
}

int main(int argc, char **argv)
{
	int processes = argc > 3 ? atoi(argv[1]) : 0, each = argc > 3 ? atoi(argv[2]) : 0;
	int until[2];
	char c;

	if (processes < 1 || each < 1 || pipe(until))
		return 1;
	for (int i = 0; i < processes; i++)
		if (!fork()) {
			close(until[1]);
			be_a_process(i, each, argv + 3, argc - 3, until[0]);
		}
	printf("ready %d\n", getpid());
	fflush(stdout);
	return read(STDIN_FILENO, &c, 1) < 0;
}
