/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_status.h"

const char *go_status_name(enum go_status status)
{
	static const char *const names[GO_STATUS_CNT] = {
		[GO_IDLE] = "idle",	      [GO_RUNNABLE] = "runnable",
		[GO_RUNNING] = "running",     [GO_SYSCALL] = "syscall",
		[GO_WAITING] = "waiting",     [GO_DEAD] = "dead",
		[GO_COPYSTACK] = "copystack", [GO_PREEMPTED] = "preempted",
		[GO_LEAKED] = "leaked",	      [GO_DEAD_EXTRA] = "deadextra",
	};

	return status < GO_STATUS_CNT && names[status] ? names[status] : "unknown";
}

enum go_reason go_reason_of(enum go_status status, const char *text)
{
	switch (status) {
	case GO_RUNNABLE:
		return GO_REASON_RUNNABLE;
	case GO_RUNNING:
	case GO_COPYSTACK:
		return GO_REASON_NONE;
	case GO_SYSCALL:
		return GO_REASON_SYSCALL;
	case GO_PREEMPTED:
		return GO_REASON_PREEMPTED;
	case GO_WAITING:
	case GO_LEAKED:
		return go_reason_of_word(text);
	default:
		return GO_REASON_OTHER;
	}
}
