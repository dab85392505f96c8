/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * forks COUNT PARALLEL [exec]: COUNT children, at most PARALLEL at a time, that sleep 2 ms under the name
 * dwkidNNNN and exit; with "exec" each becomes this program anew first.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "work.h"

struct nap {
	pid_t pid;
	uint64_t ns;
};

/* How long it took. */
static work_frame uint64_t work_child_nap(uint64_t ms)
{
	uint64_t since = now_ns();

	nap_ns(ms * NS_PER_MS);
	return now_ns() - since;
}

static void child(uint64_t nr, struct nap *nap)
{
	char name[16];
	uint64_t ns;

	snprintf(name, sizeof(name), "dwkid%04u", (unsigned int)nr % 10000);
	set_name(name);
	ns = work_child_nap(2);
	if (nap) {
		nap->pid = getpid();
		nap->ns = ns;
	}
	_exit(0);
}

static void reap(void)
{
	if (waitpid(-1, NULL, 0) < 0)
		die("waitpid");
}

int main(int argc, char **argv)
{
	uint64_t cnt = arg_u64(argc, argv, 1, 300), parallel = arg_u64(argc, argv, 2, 8);
	bool exec = argc > 3 && !strcmp(argv[3], "exec");
	struct nap *naps;
	uint64_t alive = 0;
	struct meter sum = {0};

	if (argc > 2 && !strcmp(argv[1], "nap"))
		child(arg_u64(argc, argv, 2, 0), NULL);
	naps = mmap(NULL, (cnt + 1) * sizeof(*naps), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (naps == MAP_FAILED)
		die("mmap");
	work_ready();
	for (uint64_t i = 0; i < cnt; i++) {
		char nr[24];
		pid_t pid;

		if (alive == parallel) {
			reap();
			alive--;
		}
		snprintf(nr, sizeof(nr), "%llu", (unsigned long long)i);
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid && exec)
			_exit(execl(argv[0], argv[0], "nap", nr, NULL));
		if (!pid)
			child(i, &naps[i]);
		alive++;
	}
	while (alive--)
		reap();
	for (uint64_t i = 0; i < cnt; i++) {
		sum.ns += naps[i].ns;
		sum.cnt += naps[i].ns != 0;
	}
	meter_say("naps", &sum);
	work_done();
	return 0;
}
