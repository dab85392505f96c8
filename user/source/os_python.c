/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_python.h"

#include <stddef.h>
#include <sys/uio.h>

#include "python_walk.h"

struct os_python_walker {
	struct python_walk walk;
	uint32_t pid;
};

bool os_python_read(void *ctx, uint64_t addr, void *to, size_t len)
{
	struct iovec local = {.iov_base = to, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = len};

	return process_vm_readv((pid_t) * (uint32_t *)ctx, &local, 1, &remote, 1, 0) ==
	       (ssize_t)len;
}

/* ---- primitives of python_walk.h ---- */

static __always_inline bool python_copy(struct python_window *w, __u32 len, __u64 addr)
{
	struct os_python_walker *o =
		(void *)((char *)w - offsetof(struct os_python_walker, walk.window));

	return os_python_read(&o->pid, addr, w->words, len);
}

static __always_inline bool python_move(struct python_window *w, __u64 addr, __u32 behind)
{
	return python_move_to(w, addr, behind);
}

bool os_python_walk(uint32_t pid, uint32_t own_tid, const struct python_process *process,
		    uint32_t max, struct python_frames *ret)
{
	struct os_python_walker o = {.walk.process = *process, .pid = pid};
	struct python_walk *w = &o.walk;

	w->tid = own_tid;
	w->max = max;
	python_begin(w);
	if (!own_tid || !python_find_begin(w))
		return false;
	for (int i = 0; i < PYTHON_MAX_THREADS && !python_find_step(w); i++)
		;
	if (!python_check(w) || !w->frame)
		return false;
	for (int i = 0; i < PYTHON_MAX_STEPS && !python_step(w); i++)
		;
	if (!(w->out.flags & PYTHON_W_DONE))
		python_end(w, PYTHON_W_CUT);
	*ret = w->out;
	return w->out.cnt != 0;
}
