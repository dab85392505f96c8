/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/os_stream.h"
#include "base/os_thread_signals.h"

#define LINES 40000

static volatile sig_atomic_t signal_cnt;

static void on_alarm(int sig)
{
	(void)sig;
	signal_cnt++;
}

struct reader {
	int fd;
	uint64_t bytes, sum;
};

/* Reads slowly, so that the pipe is full most of the time. */
static void *read_slowly(void *arg)
{
	struct reader *r = arg;
	unsigned char data[4096];
	ssize_t n;

	while ((n = read(r->fd, data, sizeof(data))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			r->sum = r->sum * 31 + data[i];
		r->bytes += (uint64_t)n;
		usleep(1000);
	}
	return NULL;
}

static void interrupt_each_ms(bool on)
{
	struct sigaction act = {.sa_handler = on ? on_alarm : SIG_IGN};
	struct itimerval ms = {.it_interval = {.tv_usec = on ? 1000 : 0},
			       .it_value = {.tv_usec = on ? 1000 : 0}};

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &ms, NULL);
}

static void start_reader(struct reader *r, int fds[2], pthread_t *ret)
{
	sigset_t old;

	assert_int_equal(pipe(fds), 0);
	*r = (struct reader){.fd = fds[0]};
	os_thread_block_signals(&old);
	assert_int_equal(pthread_create(ret, NULL, read_slowly, r), 0);
	os_thread_restore_signals(&old);
}

static void goes_on_after_signals(void **state)
{
	uint64_t bytes = 0, sum = 0;
	struct os_stream *s;
	struct reader r;
	pthread_t thread;
	int fds[2];
	FILE *fp;

	(void)state;
	start_reader(&r, fds, &thread);
	assert_int_equal(os_stream_open(fds[1], &fp, &s), 0);
	interrupt_each_ms(true);
	for (int i = 0; i < LINES; i++) {
		char line[32];
		int len = snprintf(line, sizeof(line), "line %d\n", i);

		assert_int_equal(fwrite(line, 1, (size_t)len, fp), len);
		for (int c = 0; c < len; c++)
			sum = sum * 31 + (unsigned char)line[c];
		bytes += (uint64_t)len;
	}
	assert_int_equal(os_stream_flush(s, fp), 0);
	interrupt_each_ms(false);
	assert_int_equal(fclose(fp), 0);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_true(signal_cnt > 10);
	assert_int_equal(r.bytes, bytes);
	assert_int_equal(r.sum, sum);
}

/* stdio forgets why: the buffer is full long before the end. */
static void keeps_the_first_reason(void **state)
{
	static const char block[100000];
	struct os_stream *s;
	FILE *fp;

	(void)state;
	assert_int_equal(os_stream_open(open("/dev/full", O_WRONLY), &fp, &s), 0);
	fwrite(block, 1, sizeof(block), fp);
	errno = 0;
	assert_int_equal(os_stream_flush(s, fp), -ENOSPC);
	assert_int_equal(os_stream_flush(s, fp), -ENOSPC);
	fclose(fp);
}

static void syncs_what_can_be_synced(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(os_stream_sync(fds[1]), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(os_stream_sync(-1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_after_signals),
		cmocka_unit_test(keeps_the_first_reason),
		cmocka_unit_test(syncs_what_can_be_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
