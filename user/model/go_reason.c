/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/go_reason.h"

#include <string.h>

#include "base/compiler.h"

static const char *const go_reason_names[GO_REASON_CNT] = {
	[GO_REASON_CHAN_RECEIVE] = "chan_receive",
	[GO_REASON_CHAN_SEND] = "chan_send",
	[GO_REASON_SELECT] = "select",
	[GO_REASON_FOREVER] = "forever",
	[GO_REASON_MUTEX] = "mutex",
	[GO_REASON_WAITGROUP] = "waitgroup",
	[GO_REASON_COND] = "cond",
	[GO_REASON_SEMACQUIRE] = "semacquire",
	[GO_REASON_SLEEP] = "sleep",
	[GO_REASON_IO_WAIT] = "io_wait",
	[GO_REASON_SYSCALL] = "syscall",
	[GO_REASON_GC] = "gc",
	[GO_REASON_RUNTIME_IDLE] = "runtime_idle",
	[GO_REASON_PREEMPTED] = "preempted",
	[GO_REASON_RUNNABLE] = "runnable",
	[GO_REASON_OTHER] = "other",
	[GO_REASON_NONE] = "",
};

const char *go_reason_name(enum go_reason reason)
{
	return reason < GO_REASON_CNT ? go_reason_names[reason] : "";
}

enum reason go_reason_common(enum go_reason reason)
{
	static const enum reason common[GO_REASON_CNT] = {
		[GO_REASON_CHAN_RECEIVE] = REASON_LOCK,	  [GO_REASON_CHAN_SEND] = REASON_LOCK,
		[GO_REASON_SELECT] = REASON_LOCK,	  [GO_REASON_FOREVER] = REASON_LOCK,
		[GO_REASON_MUTEX] = REASON_LOCK,	  [GO_REASON_WAITGROUP] = REASON_LOCK,
		[GO_REASON_COND] = REASON_LOCK,		  [GO_REASON_SEMACQUIRE] = REASON_LOCK,
		[GO_REASON_SLEEP] = REASON_SLEEP,	  [GO_REASON_IO_WAIT] = REASON_NET,
		[GO_REASON_GC] = REASON_MEMORY,		  [GO_REASON_RUNTIME_IDLE] = REASON_POLL,
		[GO_REASON_PREEMPTED] = REASON_PREEMPTED, [GO_REASON_RUNNABLE] = REASON_PREEMPTED,
	};

	return reason < GO_REASON_CNT ? common[reason] : REASON_OTHER;
}

/* What Go's words begin with; the first that fits counts. From waitReasonStrings of all versions, and words for states. */
static const struct {
	const char *begin;
	enum go_reason reason;
} go_reason_rules[] = {
	{"chan receive (nil chan)", GO_REASON_FOREVER},
	{"chan send (nil chan)", GO_REASON_FOREVER},
	{"select (no cases)", GO_REASON_FOREVER},
	{"chan receive", GO_REASON_CHAN_RECEIVE},
	{"chan send", GO_REASON_CHAN_SEND},
	{"select", GO_REASON_SELECT},
	{"sync.Mutex.", GO_REASON_MUTEX},
	{"sync.RWMutex.", GO_REASON_MUTEX},
	{"sync.WaitGroup.", GO_REASON_WAITGROUP},
	{"sync.Cond.", GO_REASON_COND},
	{"semacquire", GO_REASON_SEMACQUIRE},
	{"sleep", GO_REASON_SLEEP},
	{"IO wait", GO_REASON_IO_WAIT},
	{"force gc (idle)", GO_REASON_RUNTIME_IDLE},
	{"GC worker (idle)", GO_REASON_RUNTIME_IDLE},
	{"GC sweep wait", GO_REASON_RUNTIME_IDLE},
	{"GC scavenge wait", GO_REASON_RUNTIME_IDLE},
	{"finalizer wait", GO_REASON_RUNTIME_IDLE},
	{"cleanup wait", GO_REASON_RUNTIME_IDLE},
	{"GOMAXPROCS updater (idle)", GO_REASON_RUNTIME_IDLE},
	{"trace reader (blocked)", GO_REASON_RUNTIME_IDLE},
	{"GC ", GO_REASON_GC},
	{"garbage collection", GO_REASON_GC},
	{"wait for GC cycle", GO_REASON_GC},
	{"stopping the world", GO_REASON_GC},
	{"flushing proc caches", GO_REASON_GC},
	{"preempted", GO_REASON_PREEMPTED},
	{"runnable", GO_REASON_RUNNABLE},
	{"syscall", GO_REASON_SYSCALL},
};

enum go_reason go_reason_of_word(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(go_reason_rules); i++)
		if (!strncmp(text, go_reason_rules[i].begin, strlen(go_reason_rules[i].begin)))
			return go_reason_rules[i].reason;
	return GO_REASON_OTHER;
}
