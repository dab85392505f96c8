/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * orders [SECONDS] [fixed]: eight workers take orders. Each order is computed, and noted in an audit log that has one lock. The log is slow,
 * and its lock is held meanwhile; with "fixed" workers only hand their note over under the lock.
 */
#include "lesson.h"

static pthread_mutex_t audit_lock = PTHREAD_MUTEX_INITIALIZER;
static bool fixed;
static unsigned long noted;

static noinline void write_to_log_server(void)
{
	lesson_sleep_us(2000);
}

static noinline void audit_order(void)
{
	pthread_mutex_lock(&audit_lock);
	noted++;
	if (!fixed)
		write_to_log_server();
	pthread_mutex_unlock(&audit_lock);
}

static noinline void price_order(void)
{
	lesson_compute_us(100);
}

static noinline void handle_order(void)
{
	price_order();
	audit_order();
	lesson_requests++;
}

static void *worker(void *arg)
{
	(void)arg;
	while (!lesson_over) {
		handle_order();
		if (fixed)
			lesson_sleep_us(2000); /* until the next order comes */
	}
	return NULL;
}

int main(int argc, char **argv)
{
	fixed = lesson_is_fixed(argc, argv);
	return lesson_run(argc, argv, "worker", 8, worker);
}
