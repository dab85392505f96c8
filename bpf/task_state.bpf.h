/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where the state of a thread is kept: in task-local storage (CORE), which dies with the task, so a reused pid can't
 * inherit it; else in a hash keyed by (tid, start time).
 */
#ifndef DWELL_TASK_STATE_BPF_H
#define DWELL_TASK_STATE_BPF_H

#include "interval.h"
#include "task.bpf.h"

/* What an object keeps of a thread; it begins with a struct task_state. */
#ifndef TASK_STATE_TYPE
#define TASK_STATE_TYPE struct task_state
#endif

#ifdef DWELL_VARIANT_CORE
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, TASK_STATE_TYPE);
} task_states SEC(".maps");

static __always_inline struct task_state *task_state_find(struct task_struct *task)
{
	return bpf_task_storage_get(&task_states, task, NULL, 0);
}

static __always_inline struct task_state *task_state_create(struct task_struct *task)
{
	return bpf_task_storage_get(&task_states, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* At a thread's end: the storage goes with the task. */
static __always_inline void task_state_end(struct task_struct *task)
{
}

static __always_inline void task_state_delete(struct task_struct *task)
{
	bpf_task_storage_delete(&task_states, task);
}
#else
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct task_key);
	__type(value, TASK_STATE_TYPE);
} task_states SEC(".maps");

/* A new state starts from here: the stack has no room for it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, TASK_STATE_TYPE);
} task_state_zero SEC(".maps");

static __always_inline struct task_key task_key_of(struct task_struct *task)
{
	struct task_key key = {};

	key.start_ns = task_start(task);
	key.tid = TASK_GET(task, pid);
	if (cfg.proc_ids)
		key.tid = task_visible_pid(task, (__u32)key.tid);
	return key;
}

static __always_inline struct task_state *task_state_find(struct task_struct *task)
{
	struct task_key key = task_key_of(task);

	return bpf_map_lookup_elem(&task_states, &key);
}

static __always_inline struct task_state *task_state_create(struct task_struct *task)
{
	struct task_key key = task_key_of(task);
	__u32 zero = 0;
	struct task_state *blank = bpf_map_lookup_elem(&task_state_zero, &zero);

	if (!blank)
		return NULL;
	bpf_map_update_elem(&task_states, &key, blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(&task_states, &key);
}

static __always_inline void task_state_delete(struct task_struct *task)
{
	struct task_key key = task_key_of(task);

	bpf_map_delete_elem(&task_states, &key);
}

static __always_inline void task_state_end(struct task_struct *task)
{
	task_state_delete(task);
}
#endif

#endif
