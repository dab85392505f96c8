/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * hung [spin]: threads that wait for ever, each in its own way, and say when they began to: "since NAME TID NS". With
 * "spin" one more that never waits.
 */
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>

#include "work.h"

#define BURN_NS (300 * NS_PER_MS)

static int quiet[2];
static int word;

static void hung_says(const char *name)
{
	set_name(name);
	say("thread %s %ld", name, syscall(SYS_gettid));
	say("since %s %ld %llu", name, syscall(SYS_gettid), (unsigned long long)now_ns());
}

static work_frame void work_hung_futex(void)
{
	raw_syscall4(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static work_frame void work_hung_sleep(void)
{
	nap_ns(1000000 * NS_PER_S);
}

static work_frame void work_hung_pipe(void)
{
	char c;

	raw_syscall3(SYS_read, quiet[0], &c, 1);
}

static work_frame void work_hung_poll(void)
{
	struct pollfd fd = {.fd = quiet[0], .events = POLLIN};

	raw_syscall(SYS_ppoll, (long)&fd, 1, 0, 0, 8, 0);
}

/* The parent waits where only a fatal signal reaches it. */
static work_frame void work_hung_vfork(void)
{
	if (!vfork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		nap_ns(1000000 * NS_PER_S);
		_exit(0);
	}
}

/* Its last stretch on the CPU is long. */
static work_frame void work_hung_burnt(void)
{
	nap_ns(1000000 * NS_PER_S);
}

static void work_burn(void)
{
	uint64_t until = now_ns() + BURN_NS;

	while (now_ns() < until)
		;
}

/* Without the right to it an ordinary thread. */
static void be_realtime(void)
{
	struct sched_param param = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_FIFO, &param);
}

static void be_batch(void)
{
	struct sched_param param = {0};

	sched_setscheduler(0, SCHED_BATCH, &param);
}

static struct way {
	const char *name;
	void (*wait)(void);
	void (*before)(void); /* NULL: nothing */
} ways[] = {
	{"hung-futex", work_hung_futex, NULL},	    {"hung-futex", work_hung_futex, NULL},
	{"hung-futex", work_hung_futex, NULL},	    {"hung-pipe", work_hung_pipe, NULL},
	{"hung-poll", work_hung_poll, NULL},	    {"hung-vfork", work_hung_vfork, NULL},
	{"hung-burnt", work_hung_burnt, work_burn}, {"hung-fifo", work_hung_sleep, be_realtime},
	{"hung-batch", work_hung_sleep, be_batch},
};

static void *hang(void *arg)
{
	struct way *way = arg;

	if (way->before)
		way->before();
	hung_says(way->name);
	for (;;)
		way->wait();
	return NULL;
}

static void *spin(void *arg)
{
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
	thread_says("hung-spin");
	for (;;)
		(*(volatile int *)arg)++;
	return NULL;
}

int main(int argc, char **argv)
{
	static int turns;

	(void)argv;
	if (pipe(quiet))
		die("pipe");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		start_thread(hang, &ways[i]);
	if (argc > 1)
		start_thread(spin, &turns);
	nap_ns(BURN_NS + 200 * NS_PER_MS); /* until they are there */
	work_ready();
	work_done();
	_exit(0);
}
