/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Capabilities by name. */
#include <linux/capability.h>
#include <stddef.h>

#include "base/os_privilege.h"

static const char *const names[] = {
	"chown",
	"dac_override",
	"dac_read_search",
	"fowner",
	"fsetid",
	"kill",
	"setgid",
	"setuid",
	"setpcap",
	"linux_immutable",
	"net_bind_service",
	"net_broadcast",
	"net_admin",
	"net_raw",
	"ipc_lock",
	"ipc_owner",
	"sys_module",
	"sys_rawio",
	"sys_chroot",
	"sys_ptrace",
	"sys_pacct",
	"sys_admin",
	"sys_boot",
	"sys_nice",
	"sys_resource",
	"sys_time",
	"sys_tty_config",
	"mknod",
	"lease",
	"audit_write",
	"audit_control",
	"setfcap",
	"mac_override",
	"mac_admin",
	"syslog",
	"wake_alarm",
	"block_suspend",
	"audit_read",
	"perfmon",
	"bpf",
	"checkpoint_restore",
};

_Static_assert(ARRAY_SIZE(names) == CAP_CHECKPOINT_RESTORE + 1, "numbers of linux/capability.h");

const char *os_cap_name(unsigned int nr)
{
	return nr < ARRAY_SIZE(names) ? names[nr] : NULL;
}

/* "bpf, perfmon"; "none". */
static void put_names(uint64_t mask, struct buf *to)
{
	const char *sep = "";

	if (!mask)
		buf__puts(to, "none");
	for (unsigned int nr = 0; nr < 64; nr++) {
		if (!(mask & OS_CAP(nr)))
			continue;
		if (os_cap_name(nr))
			buf__printf(to, "%s%s", sep, os_cap_name(nr));
		else
			buf__printf(to, "%s%u", sep, nr);
		sep = ", ";
	}
}

void os_privilege__describe(const struct os_privilege *p, struct buf *to)
{
	int dropped = __builtin_popcountll(p->dropped);

	buf__puts(to, "capabilities kept: ");
	put_names(p->kept, to);
	buf__printf(to, "; %d other%s dropped for good", dropped, dropped == 1 ? "" : "s");
	if (p->missing) {
		buf__puts(to, "; wanted but not there: ");
		put_names(p->missing, to);
	}
	if (p->user_changed)
		buf__printf(to, "; uid %u", p->uid);
	if (!p->bounded)
		buf__puts(to, "; the bounding set stays as it was, without setpcap");
}
