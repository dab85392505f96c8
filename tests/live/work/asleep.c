/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* asleep: threads that wait for ever, each in its own way, and never run again. */
#include <linux/futex.h>
#include <poll.h>

#include "work.h"

static int quiet[2];
static int word;

static work_frame void work_asleep_sleep(void)
{
	nap_ns(1000000 * NS_PER_S);
}

static work_frame void work_asleep_futex(void)
{
	raw_syscall4(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static work_frame void work_asleep_pipe(void)
{
	char c;

	raw_syscall3(SYS_read, quiet[0], &c, 1);
}

static work_frame void work_asleep_poll(void)
{
	struct pollfd fd = {.fd = quiet[0], .events = POLLIN};

	raw_syscall(SYS_ppoll, (long)&fd, 1, 0, 0, 8, 0);
}

static struct way {
	const char *name;
	void (*wait)(void);
} ways[] = {
	{"asleep-sleep", work_asleep_sleep},
	{"asleep-futex", work_asleep_futex},
	{"asleep-pipe", work_asleep_pipe},
	{"asleep-poll", work_asleep_poll},
};

static void *fall_asleep(void *arg)
{
	struct way *way = arg;

	thread_says(way->name);
	for (;;)
		way->wait();
	return NULL;
}

int main(void)
{
	if (pipe(quiet))
		die("pipe");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		start_thread(fall_asleep, &ways[i]);
	nap_ns(200 * NS_PER_MS); /* until they are there */
	work_ready();
	work_done();
	_exit(0);
}
