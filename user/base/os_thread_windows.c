/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Over the threads of mingw-w64 (winpthreads), which are part of the program. */
#include "base/os_thread.h"

#include <errno.h>
#include <time.h>

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
	pthread_cond_init(&c->cond, NULL);
}

void os_cond__fini(struct os_cond *c)
{
	pthread_cond_destroy(&c->cond);
}

void os_cond__wait(struct os_cond *c, struct os_mutex *m)
{
	pthread_cond_wait(&c->cond, &m->mutex);
}

/* There is no other clock for this here: one that is set meanwhile makes it longer or shorter. */
bool os_cond__wait_for(struct os_cond *c, struct os_mutex *m, int timeout_ms)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
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

int os_thread__start(struct os_thread *t, const char *name, void *(*fn)(void *arg), void *arg)
{
	int err = -pthread_create(&t->thread, NULL, fn, arg);

	t->running = !err;
	if (!err)
		pthread_setname_np(t->thread, name);
	return err;
}

void os_thread__join(struct os_thread *t)
{
	if (t->running)
		pthread_join(t->thread, NULL);
	t->running = false;
}
