/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The maps of off-CPU time beside the shared ones, and who fills them.
 *
 *   spills       intervals added up while a ring was full     kernel -> user (swapped, then read)
 *   stack_spills stack definitions, likewise                  kernel -> user
 *   exit_spills  totals of exited threads, likewise           kernel -> user
 *   stacks_sent  ids whose frames user space has              kernel
 *   task_states  one struct task_state per traced thread      kernel
 *   unwind_*: see unwind_maps.bpf.h; memo: unwind.bpf.h; pythons: python.bpf.h
 *
 * The spill maps sit inside arrays of maps: user space puts an empty one in the place of a filled one.
 * That update returns only after every running program has left the old map (maybe_wait_bpf_programs(),
 * kernel/bpf/syscall.c), so the old one can be read and emptied without losing an addition.
 */
#ifndef DWELL_MAPS_BPF_H
#define DWELL_MAPS_BPF_H

#include "interval.h"
#include "shared.bpf.h"
#include "unwind_sets.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_HASH);
			__uint(max_entries, 1024);
			__uint(key_size, sizeof(struct spill_key));
			__uint(value_size, sizeof(struct spill_value));
		});
} spills SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_HASH);
			__uint(max_entries, 64);
			__uint(key_size, sizeof(__u64));
			__uint(value_size, sizeof(struct wire_stack) + 8 * WIRE_MAX_FRAMES);
		});
} stack_spills SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_HASH);
			__uint(max_entries, 64);
			__uint(key_size, sizeof(struct wire_thread_key));
			__uint(value_size, sizeof(struct wire_summary));
		});
} exit_spills SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, __u8);
} stacks_sent SEC(".maps");

/* Room for a stack record; the programs that use it can't interrupt each other (interrupts are off). */
struct stack_scratch {
	__u64 words[sizeof(struct wire_stack) / 8 + WIRE_MAX_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2); /* kernel stack, user stack */
	__type(key, __u32);
	__type(value, struct stack_scratch);
} stack_scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_seed);
} seed_scratch SEC(".maps");

#endif
