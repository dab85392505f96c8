/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a profile calls a lock: where its futex lies. */
#ifndef ANALYZE_LOCK_FRAMES_H
#define ANALYZE_LOCK_FRAMES_H

#include "analyze/offcpu_rows.h"
#include "model/model.h"
#include "model/profile.h"

/*
 * The first two frames of a wait for a lock: whose lock it is ("redis-server-4711"; "[shared]" for one that processes share)
 * and which ("lock 0x55d0c0a04060", "lock /dev/shm/queue+0x40"). 0 or -errno.
 */
int lock_frames_get(struct profile *p, const struct model *model, const struct offcpu_row *row,
		    uint32_t *ret_owner, uint32_t *ret_lock);

#endif
