/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Windows' wait reasons in the words that all systems share. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "model/reason.h"
#include "source/etw_wire_part.h"

/*
 * Why a thread waits, by KWAIT_REASON; a frame's beginning makes it more precise. Names of the kernel's functions are there when its
 * symbols are; those of ntdll's are its exports.
 */
static const struct etw_reason_rule {
	uint8_t reason;
	enum reason means;
	const char *frame;
} etw_reason_rules[] = {
	/* Executive: most waits of drivers and file systems. */
	{0, REASON_DISK, "NtReadFile"},
	{0, REASON_DISK, "NtWriteFile"},
	{0, REASON_DISK, "NtFlushBuffersFile"},
	{0, REASON_DISK, "NtQueryDirectoryFile"},
	{0, REASON_DISK, "NtCreateFile"},
	{0, REASON_DISK, "NtOpenFile"},
	{0, REASON_DISK, "NtQueryInformationFile"},
	{0, REASON_DISK, "NtSetInformationFile"},
	{0, REASON_NET, "Afd"},
	{0, REASON_OTHER, NULL},
	{7, REASON_DISK, "NtReadFile"},
	{7, REASON_DISK, "NtWriteFile"},
	{7, REASON_DISK, "NtFlushBuffersFile"},
	{7, REASON_OTHER, NULL},
	{1, REASON_MEMORY, NULL},
	{2, REASON_MEMORY, NULL},
	{3, REASON_MEMORY, NULL},
	{4, REASON_SLEEP, NULL},
	{5, REASON_SIGNAL, NULL},
	/* UserRequest: a wait for objects, or for messages. */
	{6, REASON_LOCK, "NtWaitFor"},
	{6, REASON_LOCK, "ZwWaitFor"},
	{6, REASON_LOCK, "NtSignalAndWait"},
	{6, REASON_POLL, NULL},
	{8, REASON_MEMORY, NULL},
	{9, REASON_MEMORY, NULL},
	{10, REASON_MEMORY, NULL},
	{11, REASON_SLEEP, NULL},
	{12, REASON_SIGNAL, NULL},
	{13, REASON_LOCK, "NtWaitFor"},
	{13, REASON_LOCK, "ZwWaitFor"},
	{13, REASON_POLL, NULL},
	{14, REASON_OTHER, NULL},
	{15, REASON_POLL, NULL},
	{16, REASON_PIPE, NULL},
	{17, REASON_PIPE, NULL},
	{18, REASON_MEMORY, NULL},
	{19, REASON_MEMORY, NULL},
	{20, REASON_OTHER, NULL},
	{21, REASON_LOCK, NULL},
	{22, REASON_OTHER, NULL},
	{23, REASON_MEMORY, NULL},
	{24, REASON_PREEMPTED, NULL},
	{25, REASON_OTHER, NULL},
	{26, REASON_OTHER, NULL},
	{27, REASON_LOCK, NULL},
	{28, REASON_LOCK, NULL},
	{29, REASON_LOCK, NULL},
	{30, REASON_PREEMPTED, NULL},
	{31, REASON_PREEMPTED, NULL},
	{32, REASON_PREEMPTED, NULL},
	{33, REASON_PREEMPTED, NULL},
	{34, REASON_LOCK, NULL},
	{35, REASON_LOCK, NULL},
	{36, REASON_LOCK, NULL},
	{37, REASON_LOCK, NULL},
	{38, REASON_PREEMPTED, NULL},
	{39, REASON_MEMORY, NULL},
	{40, REASON_IO_URING, NULL},
	{41, REASON_MEMORY, NULL},
	{42, REASON_LOCK, NULL},
};

int etw_wire__reasons(struct etw_wire *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(etw_reason_rules); i++) {
		const struct etw_reason_rule *rule = &etw_reason_rules[i];
		const char *name = etw_wait_reason_name(rule->reason);
		const char *frame = rule->frame ? rule->frame : "";
		_cleanup_free_ struct wire_wait_reason *rec =
			etw_wire_record(WIRE_WAIT_REASON, sizeof(*rec), name, frame);
		struct event e = {.wait_reason = rec};

		if (!rec)
			return -ENOMEM;
		rec->state = rule->reason;
		rec->reason = (uint16_t)rule->means;
		rec->name_len = (uint16_t)strlen(name);
		rec->frame_len = (uint16_t)strlen(frame);
		err = t->fn(t->arg, &e);
	}
	return err;
}
