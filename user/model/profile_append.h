/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Samples of several profiles in one, so that equal names have equal ids. */
#ifndef MODEL_PROFILE_APPEND_H
#define MODEL_PROFILE_APPEND_H

#include "model/profile.h"

/*
 * Adds the samples of @from behind those of @to, with their frames. Threads, ledger, notes and title are not taken: the
 * new samples are of no thread. 0 or -errno.
 */
int profile__append(struct profile *to, const struct profile *from);

#endif
