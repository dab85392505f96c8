/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Threads, locks and waiting, thinly over those of POSIX. */
#ifndef BASE_OS_THREAD_H
#define BASE_OS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct os_mutex {
	pthread_mutex_t mutex;
};

struct os_cond {
	pthread_cond_t cond;
};

struct os_thread {
	pthread_t thread;
	bool running;
};

void os_mutex__init(struct os_mutex *m);
void os_mutex__fini(struct os_mutex *m);
void os_mutex__lock(struct os_mutex *m);
void os_mutex__unlock(struct os_mutex *m);

void os_cond__init(struct os_cond *c);
void os_cond__fini(struct os_cond *c);
/* Waits for os_cond__wake(), with @m locked; may return without one. */
void os_cond__wait(struct os_cond *c, struct os_mutex *m);
/* The same for at most @timeout_ms. False: that is over. */
bool os_cond__wait_for(struct os_cond *c, struct os_mutex *m, int timeout_ms);
/* Wakes all that wait. */
void os_cond__wake(struct os_cond *c);

/* Runs @fn(@arg) in a thread called @name (15 bytes of it), which gets no signals: see os_thread_signals.h. 0; -EAGAIN with error_set(); -errno. */
int os_thread__start(struct os_thread *t, const char *name, void *(*fn)(void *arg), void *arg);
/* Waits for its end. Accepts one that was not started. */
void os_thread__join(struct os_thread *t);

#endif
