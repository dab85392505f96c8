/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Several profiles in one, so that equal names have equal ids. */
#ifndef MODEL_PROFILE_APPEND_H
#define MODEL_PROFILE_APPEND_H

#include "model/profile.h"

/* Makes *@id, of a text of @from, that of the same text in @to; 0 is none in both. 0 or -errno. */
int profile__copy_text(struct profile *to, const struct profile *from, uint32_t *id);

/*
 * Adds the samples of @from behind those of @to, with their frames. Threads, ledger, notes and title are not taken: the
 * new samples are of no thread. 0 or -errno.
 */
int profile__append(struct profile *to, const struct profile *from);

/* The same, of threads that will be in @to from position @first_thread on, with names of wakers and locks. */
int profile__append_with_threads(struct profile *to, const struct profile *from,
				 uint32_t first_thread);

/*
 * Adds all of @from: samples, threads (those of one number twice are two), ledger, what is hidden or left out. The window of
 * @to is then the time that either covers, as far as their starts are known; else both together. Notes stay that are the same
 * in both. The first one is added to an empty profile, and a profile that has threads is to be finished with
 * profile__finish_merge(). 0 or -errno.
 */
int profile__merge(struct profile *to, const struct profile *from);
/* Puts the threads into their order. */
int profile__finish_merge(struct profile *p);

#endif
