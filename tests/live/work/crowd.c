/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * crowd COUNT MS: as many threads as that, each of which sleeps MS again and again: 100,000 on a small machine. Their stacks
 * lie in one mapping, since a process may have no more than 65,530 (vm.max_map_count). All exit at once.
 */
#include <limits.h>
#include <sys/mman.h>

#include "work.h"

#define CROWD_STACK_BYTES ((size_t)PTHREAD_STACK_MIN)

static uint64_t nap_ms;

static work_frame void work_crowd(void)
{
	for (;;)
		nap_ns(nap_ms * NS_PER_MS);
}

static void *member(void *arg work_maybe)
{
	work_crowd();
	return NULL;
}

static void start_member(char *stack)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	if (pthread_attr_setstack(&attr, stack, CROWD_STACK_BYTES) ||
	    pthread_create(&thread, &attr, member, NULL))
		die("pthread_create");
	pthread_attr_destroy(&attr);
}

int main(int argc, char **argv)
{
	size_t cnt = arg_u64(argc, argv, 1, 1000);
	char *stacks = mmap(NULL, cnt * CROWD_STACK_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	nap_ms = arg_u64(argc, argv, 2, 1000);
	if (stacks == MAP_FAILED)
		die("mmap");
	set_name("crowd");
	for (size_t i = 0; i < cnt; i++)
		start_member(stacks + i * CROWD_STACK_BYTES);
	work_ready();
	alarm(4 * WORK_LIFE_SECONDS); /* a guest is slow */
	work_done();
	if (work_alone())
		pause();
	return 0;
}
