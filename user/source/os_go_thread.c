/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_go_thread.h"

#include <sys/uio.h>

#include "go_thread.h"

/* The primitive of go_thread.h; @who is the process. */
static __always_inline bool go_read(const void *who, __u64 addr, void *to, __u32 len)
{
	struct iovec local = {.iov_base = to, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = len};

	return process_vm_readv((pid_t) * (const uint32_t *)who, &local, 1, &remote, 1, 0) ==
	       (ssize_t)len;
}

bool os_go_look(uint32_t pid, struct go_process *p, uint64_t thread_pointer, struct go_thread *ret)
{
	go_thread_begin(ret);
	if (!thread_pointer)
		return false;
	if (p->tls) {
		go_thread_look(&pid, p, thread_pointer, ret);
		return ret->class != WIRE_GO_NONE;
	}
	for (uint32_t i = 0; i < p->slot_cnt; i++) {
		go_thread_begin(ret);
		if (!go_thread_try(&pid, p, thread_pointer, i, ret))
			continue;
		p->tls = -8 * (int64_t)(i + 1);
		return true;
	}
	return false;
}
