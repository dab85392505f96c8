/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Something to trace: threads that wait in different ways, and two that want the same CPU.
 *
 *   demo [SECONDS]
 *
 * Compiled with frame pointers. The C library isn't, on most systems: a walk by frame pointers then
 * misses the function that called it. So each wait is a function of its own, called by one that says
 * what is waited for.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define noinline __attribute__((noinline))
#define MS	 1000000L

static volatile bool finished;
static pthread_mutex_t till = PTHREAD_MUTEX_INITIALIZER;
static int mail[2]; /* a pipe: letters from post_office to letter_box */
static volatile unsigned long burnt;

static noinline void wait_ns(long ns)
{
	struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	nanosleep(&time, NULL);
}

/* ---- a mutex that two threads hand back and forth ---- */

static noinline void wait_for_till(void)
{
	pthread_mutex_lock(&till);
}

static noinline void count_the_money(void)
{
	wait_ns(3 * MS);
}

static noinline void serve_customer(void)
{
	wait_for_till();
	count_the_money();
	pthread_mutex_unlock(&till);
	wait_ns(MS);
}

static void *cashier(void *arg)
{
	while (!finished)
		serve_customer();
	return arg;
}

/* ---- a pipe ---- */

static noinline void read_mail(void)
{
	char letter[64];

	if (read(mail[0], letter, sizeof(letter)) <= 0)
		finished = true;
}

static noinline void wait_for_mail(void)
{
	read_mail();
}

static void *letter_box(void *arg)
{
	while (!finished)
		wait_for_mail();
	return arg;
}

static noinline void write_letter(void)
{
	wait_ns(20 * MS);
}

static void *post_office(void *arg)
{
	static const char letter[] = "greetings from the post office";

	while (!finished) {
		write_letter();
		if (write(mail[1], letter, sizeof(letter)) < 0)
			break;
	}
	return arg;
}

/* ---- a poll loop in which nothing ever comes ---- */

static noinline void poll_doors(struct pollfd *doors, nfds_t cnt)
{
	poll(doors, cnt, 100);
}

static noinline void wait_for_visitors(int never)
{
	struct pollfd door = {.fd = never, .events = POLLIN};

	poll_doors(&door, 1);
}

static void *doorman(void *arg)
{
	int never[2];

	if (pipe(never))
		return NULL;
	while (!finished)
		wait_for_visitors(never[0]);
	close(never[0]);
	close(never[1]);
	return arg;
}

/* ---- timers ---- */

static noinline void sleep_until_midnight(void)
{
	wait_ns(250 * MS);
}

static void *night_watch(void *arg)
{
	while (!finished)
		sleep_until_midnight();
	return arg;
}

/* ---- files ---- */

static noinline void sync_book(int fd)
{
	fsync(fd);
}

static noinline void write_book(int fd)
{
	static const char page[64 * 1024];

	if (pwrite(fd, page, sizeof(page), 0) == sizeof(page))
		sync_book(fd);
}

static void *bookkeeper(void *arg)
{
	char path[] = "/var/tmp/dwell-demo-XXXXXX"; /* /tmp is often memory: nothing to wait for */
	int fd = mkstemp(path);

	if (fd < 0)
		return NULL;
	unlink(path);
	while (!finished) {
		write_book(fd);
		wait_ns(10 * MS);
	}
	close(fd);
	return arg;
}

/* ---- one CPU for two: they wait although nothing blocks them ---- */

static noinline void chop_wood(void)
{
	int i;

	for (i = 0; i < 1000000; i++)
		burnt++;
}

static noinline void share_first_cpu(void)
{
	cpu_set_t allowed, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &allowed))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void *woodcutter(void *arg)
{
	share_first_cpu();
	while (!finished)
		chop_wood();
	return arg;
}

/* ---- all together ---- */

static const struct trade {
	const char *name;
	void *(*run)(void *arg);
} trades[] = {
	{"cashier-1", cashier},	      {"cashier-2", cashier},	    {"letter-box", letter_box},
	{"post-office", post_office}, {"doorman", doorman},	    {"night-watch", night_watch},
	{"bookkeeper", bookkeeper},   {"woodcutter-1", woodcutter}, {"woodcutter-2", woodcutter},
};

#define TRADE_CNT (sizeof(trades) / sizeof(trades[0]))

static void *work(void *arg)
{
	const struct trade *trade = arg;

	pthread_setname_np(pthread_self(), trade->name);
	return trade->run(NULL);
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 5;
	pthread_t threads[TRADE_CNT];
	size_t i;

	if (seconds < 1 || seconds > 3600 || pipe(mail)) {
		fprintf(stderr, "usage: demo [SECONDS], 1 to 3600\n");
		return 2;
	}
	for (i = 0; i < TRADE_CNT; i++) {
		if (pthread_create(&threads[i], NULL, work, (void *)&trades[i])) {
			perror("demo: can't start a thread");
			return 1;
		}
	}
	wait_ns(seconds * 1000 * MS);
	finished = true;
	for (i = 0; i < TRADE_CNT; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
