/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/lock_frames.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/compiler.h"

#define LOCK_MAX_TEXT 8192

static int lock_owner(struct profile *p, const struct model *model, const struct thread *th,
		      const struct thread_name *name, uint32_t *ret_owner)
{
	char text[THREAD_NAME_MAX + 32];

	snprintf(text, sizeof(text), "%s-%u", model__process_name(model, name), th->pid);
	return profile__frame(p, text, NULL, FRAME_KIND_PROCESS, ret_owner);
}

static int lock_shared(struct profile *p, const struct lock *lock, uint32_t *ret_owner,
		       uint32_t *ret_lock)
{
	_cleanup_buf_ struct buf text = {0};
	int err = profile__frame(p, "[shared]", NULL, FRAME_KIND_PROCESS, ret_owner);

	if (err)
		return err;
	buf__init(&text, LOCK_MAX_TEXT);
	if (lock->path[0])
		buf__printf(&text, "lock %s+0x%" PRIx64, lock->path, lock->file_off);
	else
		buf__printf(&text, "lock shared memory %" PRIx64 ":%" PRIu64 "+0x%" PRIx64,
			    lock->dev, lock->inode, lock->file_off);
	return text.err ? text.err
			: profile__frame(p, buf__str(&text), NULL, FRAME_KIND_LOCK, ret_lock);
}

int lock_frames_get(struct profile *p, const struct model *model, const struct offcpu_row *row,
		    uint32_t *ret_owner, uint32_t *ret_lock)
{
	uint64_t addr = row->lock & ~(uint64_t)WIRE_LOCK_SHARED;
	uint32_t pos = thread_table__find(&model->threads, row->thread.tid, row->thread.start_ns);
	const struct thread *th = pos == HASH_INDEX_NONE ? NULL : &model->threads.items[pos];
	const struct thread_name *name = th ? thread__find_name(th, row->thread.comm_gen) : NULL;
	const struct lock *lock = NULL;
	char text[64];
	int err;

	if (name && row->lock & WIRE_LOCK_SHARED)
		lock = lock_table__find(&model->locks, &name->image, addr);
	if (lock && lock->inode)
		return lock_shared(p, lock, ret_owner, ret_lock);
	err = name ? lock_owner(p, model, th, name, ret_owner)
		   : profile__frame(p, "[unknown]", NULL, FRAME_KIND_PROCESS, ret_owner);
	snprintf(text, sizeof(text), "lock 0x%" PRIx64, addr);
	return err ? err : profile__frame(p, text, NULL, FRAME_KIND_LOCK, ret_lock);
}
