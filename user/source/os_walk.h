/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The user stack of a sleeping thread, walked from outside: the lines that walk in the kernel (unwind.h), over
 * process_vm_readv(2).
 */
#ifndef SOURCE_OS_WALK_H
#define SOURCE_OS_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "source/bpf_tables.h"
#include "unwind_sets.h"
#include "wire.h"

struct os_walk {
	uint32_t
		tid; /* whose memory it is; one whose process has a first thread that has ended must be named itself */
	const struct wire_regs *regs; /* as the thread entered the kernel */
	bool only_sp;		      /* of the registers only ip and sp are known */
	/* NULL: by frame pointers alone. */
	const struct tables *tables;
	const struct unwind_mapping *mappings; /* sorted */
	uint32_t mapping_cnt;
	/* NULL, or the stack as it was: nothing is read of the process then. */
	const uint8_t *copy;
	uint64_t copy_start; /* its address */
	uint32_t copy_bytes;
	const struct go_stack *go; /* NULL, or what is to be known of a stack of Go's g0 */
	bool incomplete; /* what is in no mapping may get one: that ends as WIRE_END_PENDING */
	uint32_t max_frames;
};

/*
 * Writes at most @o->max_frames addresses, innermost first, to @ret_ips and returns their number; 0 without registers.
 * *@ret_flags as in struct wire_stack: by frame pointers just WIRE_STACK_TRUNCATED is ever set; the end may be
 * WIRE_END_PENDING, for tables that are not there yet. Reads a few hundred
 * bytes of the process for each frame at the most.
 */
uint32_t os_walk_user(const struct os_walk *o, __u64 ret_ips[WIRE_MAX_FRAMES], uint32_t *ret_flags);

/*
 * What /proc/PID/task/TID/syscall tells of a thread that sleeps in a system call: ip and sp, where the kernel gives no
 * more; and the system call's number in *@ret_syscall, which may be NULL and is left alone outside of system calls.
 * False: nothing (it runs, it is gone, it may not be asked).
 */
bool os_walk_read_syscall(uint32_t pid, uint32_t tid, struct wire_regs *ret, int16_t *ret_syscall);

#endif
