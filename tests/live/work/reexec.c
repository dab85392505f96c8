/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * reexec leader|thread COUNT MS: sleeps in work_before, then executes this program anew, from its first
 * thread or from another one, and sleeps in work_after.
 */
#include "work.h"

static uint64_t cnt, ms;
static char **args;

static work_frame void work_before(struct meter *m)
{
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t since = now_ns();

		nap_ns(ms * NS_PER_MS);
		meter_add(m, since);
	}
}

static work_frame void work_after(struct meter *m)
{
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t since = now_ns();

		nap_ns(ms * NS_PER_MS);
		meter_add(m, since);
	}
}

static void *become(void *arg)
{
	struct meter before = {0};

	if (arg)
		set_name("exec-thread");
	work_before(&before);
	say("tid-before %ld", syscall(SYS_gettid));
	meter_say("before", &before);
	execl("/proc/self/exe", args[0], "after", args[2], args[3], NULL);
	die("execl");
	return NULL;
}

int main(int argc, char **argv)
{
	struct meter after = {0};

	if (argc < 4)
		return 2;
	args = argv;
	cnt = arg_u64(argc, argv, 2, 10);
	ms = arg_u64(argc, argv, 3, 10);
	if (!strcmp(argv[1], "after")) {
		work_after(&after);
		say("tid-after %ld", syscall(SYS_gettid));
		meter_say("after", &after);
		work_done();
		return 0;
	}
	work_ready();
	if (!strcmp(argv[1], "leader"))
		become(NULL);
	start_thread(become, &cnt);
	for (;;)
		pause();
}
