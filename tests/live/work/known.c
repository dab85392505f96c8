/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * known COUNT: waits, COUNT times each way, below functions of libc that call back. Built without frame pointers, as libc is.
 * Says of each way which of its own functions lie on the stack, from the outermost on:
 *
 *   chain WAITS FUNCTION FUNCTION...
 *
 * The last one is of no other way, and calls nanosleep().
 */
#include <alloca.h>
#include <search.h>
#include <ucontext.h>

#include "work.h"

/* In the symbol table by this name, and not a part of its caller. */
#define known_frame static __attribute__((noinline, used))
/* Keeps a call from being a jump. */
#define known_return() __asm__ volatile("" ::: "memory")

static uint64_t cnt;

static inline __attribute__((always_inline)) void known_nap(void)
{
	struct timespec ts = {.tv_nsec = 1000000};

	for (uint64_t i = 0; i < cnt; i++)
		nanosleep(&ts, NULL);
	known_return();
}

/* ---- straight down ---- */

known_frame void known_deep(volatile int depth)
{
	if (depth > 1)
		known_deep(depth - 1);
	else
		known_nap();
	known_return();
}

/* A frame whose size nobody knows before: only a frame pointer, or its rule, leads out. */
known_frame void known_array(volatile size_t size)
{
	volatile char *room = alloca(size);

	room[0] = room[size - 1] = 0;
	known_nap();
	(void)room[0];
}

/* ---- below libc ---- */

known_frame int known_compare(const void *a, const void *b)
{
	static bool slept;

	if (!slept)
		known_nap();
	slept = true;
	return *(const int *)a - *(const int *)b;
}

known_frame void known_sort(void)
{
	volatile int room[4] = {4, 3, 2, 1};

	qsort((void *)room, 4, sizeof(room[0]), known_compare);
	known_return();
}

known_frame int known_match(const void *a, const void *b)
{
	known_nap();
	(void)a, (void)b;
	return 0;
}

known_frame void known_search(void)
{
	int key = 1, room[1] = {1};

	if (!bsearch(&key, room, 1, sizeof(room[0]), known_match))
		die("bsearch");
	known_return();
}

known_frame void known_visit(const void *node, VISIT which, int depth)
{
	(void)node, (void)depth;
	if (which == leaf)
		known_nap();
	known_return();
}

known_frame int known_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

known_frame void known_walk(void)
{
	static int key = 1;
	void *root = NULL;

	if (!tsearch(&key, &root, known_order))
		die("tsearch");
	twalk(root, known_visit);
	known_return();
}

/* The C library's streams call us back for more. */
known_frame ssize_t known_fill(void *cookie, char *buf, size_t size)
{
	known_nap();
	(void)cookie, (void)size;
	buf[0] = '\n';
	return 1;
}

known_frame void known_stream(void)
{
	cookie_io_functions_t calls = {.read = known_fill};
	FILE *f = fopencookie(NULL, "r", calls);
	char line[8];

	if (!f || !fgets(line, sizeof(line), f))
		die("fopencookie");
	fclose(f);
}

known_frame void known_first(void)
{
	known_nap();
}

known_frame void known_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, known_first);
	known_return();
}

/* ---- from elsewhere ---- */

known_frame void known_handler(int sig)
{
	(void)sig;
	known_nap();
}

known_frame void known_signal(void)
{
	signal(SIGUSR1, known_handler);
	raise(SIGUSR1);
	known_return();
}

static void *known_thread(void *arg)
{
	known_nap();
	return arg;
}

known_frame void known_start(void)
{
	pthread_join(start_thread(known_thread, NULL), NULL);
	known_return();
}

static ucontext_t known_back;

/* On a stack of its own, where nobody has called it. */
static void known_coroutine(void)
{
	known_nap();
}

known_frame void known_context(void)
{
	static char stack[65536];
	ucontext_t there;

	if (getcontext(&there))
		die("getcontext");
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	there.uc_link = &known_back;
	makecontext(&there, known_coroutine, 0);
	swapcontext(&known_back, &there);
	known_return();
}

static void known_say(const char *functions)
{
	say("chain %llu %s", (unsigned long long)cnt, functions);
}

int main(int argc, char **argv)
{
	cnt = arg_u64(argc, argv, 1, 20);
	known_say("main known_deep known_deep known_deep known_deep known_deep known_deep "
		  "known_deep known_deep");
	known_say("main known_array");
	known_say("main known_sort known_compare");
	known_say("main known_search known_match");
	known_say("main known_walk known_visit");
	known_say("main known_stream known_fill");
	known_say("main known_once known_first");
	known_say("main known_signal known_handler");
	known_say("known_thread");
	known_say("known_coroutine");
	work_ready();
	known_deep(8);
	known_array(777);
	known_sort();
	known_search();
	known_walk();
	known_stream();
	known_once();
	known_signal();
	known_start();
	known_context();
	work_done();
	return 0;
}
