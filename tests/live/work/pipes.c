/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pipes ROUNDS DELAY_US: a thread sends a byte, the other keeps it for DELAY_US and sends it back, through
 * two pipes.
 */
#include "gate.h"

static int there[2], back[2];
static uint64_t rounds, delay_ns;
static struct meter asked, answered;

static work_frame void work_read(int fd, struct meter *m)
{
	uint64_t since = now_ns();
	char c;

	if (raw_syscall3(SYS_read, fd, &c, 1) != 1)
		die("read");
	meter_add(m, since);
}

static void send_byte(int fd)
{
	if (write(fd, "x", 1) != 1)
		die("write");
}

static void *ask(void *arg work_maybe)
{
	thread_says("pipe-ask");
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++) {
		send_byte(there[1]);
		work_read(back[0], &asked);
	}
	gate_pass(&finish);
	return NULL;
}

static void *answer(void *arg work_maybe)
{
	thread_says("pipe-answer");
	gate_pass(&start);
	for (uint64_t i = 0; i < rounds; i++) {
		work_read(there[0], &answered);
		if (delay_ns)
			nap_ns(delay_ns);
		send_byte(back[1]);
	}
	gate_pass(&finish);
	return NULL;
}

int main(int argc, char **argv)
{
	rounds = arg_u64(argc, argv, 1, 100);
	delay_ns = arg_u64(argc, argv, 2, 5000) * 1000;
	if (pipe(there) || pipe(back))
		die("pipe");
	start_thread(ask, NULL);
	start_thread(answer, NULL);
	gate_await(&start, 2);
	work_ready();
	gate_open(&start);
	gate_await(&finish, 2);
	meter_say("asked", &asked);
	meter_say("answered", &answered);
	work_done();
	return 0;
}
