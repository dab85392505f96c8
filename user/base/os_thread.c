/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/os_thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/os_thread_signals.h"

void os_mutex__init(struct os_mutex *m)
{
	pthread_mutex_init(&m->mutex, NULL);
}

void os_mutex__fini(struct os_mutex *m)
{
	pthread_mutex_destroy(&m->mutex);
}

void os_mutex__lock(struct os_mutex *m)
{
	pthread_mutex_lock(&m->mutex);
}

void os_mutex__unlock(struct os_mutex *m)
{
	pthread_mutex_unlock(&m->mutex);
}

void os_cond__init(struct os_cond *c)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void os_cond__fini(struct os_cond *c)
{
	pthread_cond_destroy(&c->cond);
}

void os_cond__wait(struct os_cond *c, struct os_mutex *m)
{
	pthread_cond_wait(&c->cond, &m->mutex);
}

bool os_cond__wait_for(struct os_cond *c, struct os_mutex *m, int timeout_ms)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += timeout_ms % 1000 * 1000000l;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	return pthread_cond_timedwait(&c->cond, &m->mutex, &end) != ETIMEDOUT;
}

void os_cond__wake(struct os_cond *c)
{
	pthread_cond_broadcast(&c->cond);
}

void os_thread_block_signals(sigset_t *ret_old)
{
	sigset_t most;

	sigfillset(&most);
	sigdelset(&most, SIGRTMAX);
	pthread_sigmask(SIG_SETMASK, &most, ret_old);
}

void os_thread_hold_signals(sigset_t *ret_old)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	sigset_t others;

	sigfillset(&others);
	sigdelset(&others, SIGRTMAX);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigdelset(&others, ends[i]);
	pthread_sigmask(SIG_SETMASK, &others, ret_old);
}

void os_thread_restore_signals(const sigset_t *old)
{
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

int os_thread__start(struct os_thread *t, const char *name, void *(*fn)(void *arg), void *arg)
{
	char short_name[16];
	sigset_t old;
	int err;

	os_thread_block_signals(&old);
	err = -pthread_create(&t->thread, NULL, fn, arg);
	os_thread_restore_signals(&old);
	t->running = !err;
	if (err == -EAGAIN)
		return error_set(err,
				 "no thread can be started: free memory, or raise the limit of "
				 "tasks (systemd: TasksMax=; cgroup v2: pids.max)");
	if (err)
		return err;
	snprintf(short_name, sizeof(short_name), "%s", name);
	pthread_setname_np(t->thread, short_name);
	return 0;
}

void os_thread__join(struct os_thread *t)
{
	if (t->running)
		pthread_join(t->thread, NULL);
	t->running = false;
}
