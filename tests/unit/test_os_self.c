/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What this process says of itself, beside what it did. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/os_self.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void test_files(void **state _unused_)
{
	struct os_self before, after;
	struct rlimit lim;
	int fds[20];

	assert_int_equal(os_self_read(&before), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = open("/dev/null", O_RDONLY);
	assert_int_equal(os_self_read(&after), 0);
	assert_int_equal(after.open_fds, before.open_fds + ARRAY_SIZE(fds));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	getrlimit(RLIMIT_NOFILE, &lim);
	assert_true(after.max_fds == lim.rlim_cur);
}

static void test_memory(void **state _unused_)
{
	size_t bytes = 32 << 20;
	struct os_self before, after;
	char *p;

	assert_int_equal(os_self_read(&before), 0);
	p = malloc(bytes);
	assert_non_null(p);
	memset(p, 1, bytes);
	assert_int_equal(os_self_read(&after), 0);
	assert_true(after.rss_bytes >= before.rss_bytes + bytes - (1 << 20));
	assert_true(after.virtual_bytes >= after.rss_bytes);
	free(p);
}

static void test_cpu(void **state _unused_)
{
	uint64_t cpu_ns = os_self_cpu_ns(), clock = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct os_self self;

	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < clock + 100000000)
		;
	assert_true(os_self_cpu_ns() >= cpu_ns + 90000000);
	assert_int_equal(os_self_read(&self), 0);
	assert_true(self.cpu_ns >= cpu_ns + 90000000);
	assert_true(os_online_cpus() >= 1);
}

static void *wait_for_end(void *fd)
{
	char c;

	return read(*(int *)fd, &c, 1) < 0 ? fd : NULL;
}

static void test_threads(void **state _unused_)
{
	struct os_self before, during;
	pthread_t threads[3];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(os_self_read(&before), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, wait_for_end, &fds[0]);
	assert_int_equal(os_self_read(&during), 0);
	assert_int_equal(during.threads, before.threads + ARRAY_SIZE(threads));
	close(fds[1]);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	close(fds[0]);
}

static void test_start(void **state _unused_)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	struct os_self a, b;

	assert_int_equal(os_self_read(&a), 0);
	assert_int_equal(os_self_read(&b), 0);
	assert_true(a.start_realtime_ns == b.start_realtime_ns);
	/* A tick of the kernel's clock early, and a test's life long. */
	assert_in_range(a.start_realtime_ns, now - 600000000000, now + 20000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cpu),   cmocka_unit_test(test_threads),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
