/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_walk.h"

#include <sys/uio.h>

uint32_t os_walk_user(uint32_t pid, uint64_t ip, uint64_t sp, uint64_t bp, __u64 *ret_ips,
		      uint32_t max)
{
	uint32_t n = 0;

	if (!ip || !max)
		return 0;
	ret_ips[n++] = ip;
	/* The same rules as the kernel's walk in perf_callchain_user(): two words at the frame pointer. */
	while (n < max && bp >= sp && !(bp & 7)) {
		uint64_t frame[2]; /* saved frame pointer, return address */
		struct iovec local = {.iov_base = frame, .iov_len = sizeof(frame)};
		struct iovec remote = {.iov_base = (void *)(uintptr_t)bp, .iov_len = sizeof(frame)};

		if (process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0) != sizeof(frame))
			break;
		if (!frame[1])
			break;
		ret_ips[n++] = frame[1];
		if (frame[0] <= bp)
			break;
		bp = frame[0];
	}
	return n;
}
