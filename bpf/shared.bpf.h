/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The maps that every object of ours has: what user space says, the rings, the counters. Sizes marked "loader" are set by
 * user space before loading.
 *
 *   rings        one ring buffer per CPU                      kernel -> user
 *   counters     the ledger                                   kernel -> user
 *   target_pids, target_tids, comm_glob                       user -> kernel
 *
 * All hashes are preallocated: tracing programs must not allocate on kernels before 6.1.
 */
#ifndef DWELL_SHARED_BPF_H
#define DWELL_SHARED_BPF_H

#include <bpf/bpf_helpers.h>

#include "config.h"

const volatile struct config cfg SEC(".rodata.config");
volatile struct control ctl SEC(".data.control");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* loader: possible CPUs */
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, 65536);
		});
} rings SEC(".maps");

struct counter_set {
	__u64 values[WIRE_COUNTER_CNT];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counter_set);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct target_pid);
} target_pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u8);
} target_tids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config_glob);
} comm_glob SEC(".maps");

static __always_inline void count(enum wire_counter which, __u64 n)
{
	__u32 zero = 0;
	struct counter_set *set = bpf_map_lookup_elem(&counters, &zero);

	if (set)
		set->values[which] += n;
}

#endif
