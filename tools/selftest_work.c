/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "selftest_work.h"

#include <stdbool.h>

#include "base/os_clock.h"
#include "base/os_thread.h"
#include "commands.h"

struct work {
	struct os_mutex lock;
	struct os_cond woken;
	int round; /* of the one that wakes */
};

static void work_sleep(void)
{
	os_sleep_until_realtime(os_realtime_ns() + SELFTEST_SLEEP_MS * 1000000ull);
}

static void *work_sleeper(void *arg)
{
	(void)arg;
	for (int i = 0; i < SELFTEST_ROUNDS; i++)
		work_sleep();
	return NULL;
}

static void *work_waker(void *arg)
{
	struct work *w = arg;

	for (int i = 1; i <= SELFTEST_ROUNDS; i++) {
		work_sleep();
		os_mutex__lock(&w->lock);
		w->round = i;
		os_cond__wake(&w->woken);
		os_mutex__unlock(&w->lock);
	}
	return NULL;
}

static void *work_waiter(void *arg)
{
	struct work *w = arg;

	os_mutex__lock(&w->lock);
	for (int seen = 0; seen < SELFTEST_ROUNDS; seen = w->round)
		while (w->round == seen)
			os_cond__wait(&w->woken, &w->lock);
	os_mutex__unlock(&w->lock);
	return NULL;
}

int selftest_work(void)
{
	static void *(*const parts[])(void *arg) = {work_sleeper, work_waker, work_waiter};
	static const char *const names[] = {"self-sleeper", "self-waker", "self-waiter"};
	struct os_thread threads[3] = {{.running = false}};
	struct work w = {.round = 0};
	int err = 0;

	os_mutex__init(&w.lock);
	os_cond__init(&w.woken);
	for (int i = 0; !err && i < 3; i++)
		err = os_thread__start(&threads[i], names[i], parts[i], &w);
	/* One that did not start would leave the others waiting for it. */
	for (int i = 0; !err && i < 3; i++)
		os_thread__join(&threads[i]);
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}
