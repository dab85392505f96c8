/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A part of a profile, and its stacks made shorter or put together in other ways. */
#ifndef MODEL_PROFILE_SELECT_H
#define MODEL_PROFILE_SELECT_H

#include "model/profile.h"

/* What the first frame is. */
enum profile_by {
	PROFILE_BY_DEFAULT, /* what it was */
	PROFILE_BY_COMM,    /* the thread's name */
	PROFILE_BY_PROCESS, /* its process's name and number: name-PID */
	PROFILE_BY_THREAD,  /* comm-PID/TID */
	PROFILE_BY_REASON,
	PROFILE_BY_NONE, /* no such frame: equal stacks of all threads are one */
};

struct profile_selection {
	/* All that are given have to hold; NULL: not given. */
	bool (*comm)(void *arg, const char *comm); /* of the thread; of a text: the first frame */
	bool (*ids)(void *arg, uint32_t pid, uint32_t tid);
	bool (*frame)(void *arg, const char *name); /* of any frame of the stack */
	void *arg;
	uint64_t min_ns;     /* stacks that took less in all are left out */
	bool fold_recursion; /* a frame behind an equal one is left out */
	bool short_names;    /* without arguments of templates */
	enum profile_by by;
};

/*
 * Changes @p. The threads that comm and ids don't hold for go, too; the ledger stays that of the recording, and what is left out
 * is added to @p->left_out_ns. 0; -EINVAL where ids or by ask for threads and the profile has none; other -errno.
 */
int profile__select(struct profile *p, const struct profile_selection *how);

#endif
