/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The doctor's checks of rights, and how to get those that are missing. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/doctor_table.h"
#include "app/doctor_target.h"
#include "base/os_privilege.h"
#include "source/bpf.h"

#define DOCTOR_NO_CAP 64

static unsigned int doctor_cap_nr(const char *name)
{
	for (unsigned int nr = 0; nr < DOCTOR_NO_CAP; nr++)
		if (os_cap_name(nr) && !strcmp(os_cap_name(nr), name))
			return nr;
	return DOCTOR_NO_CAP;
}

/* "bpf" -> "BPF". */
static void doctor_upper(const char *name, char *ret, size_t size)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < size; i++)
		ret[i] = (char)toupper((unsigned char)name[i]);
	ret[i] = '\0';
}

bool doctor_has_cap(const struct doctor_facts *f, const char *name)
{
	unsigned int nr = doctor_cap_nr(name);

	return nr < DOCTOR_NO_CAP && (f->machine.caps & OS_CAP(nr));
}

bool doctor_fix_cap(const struct doctor_facts *f, const char *name, struct doctor_finding *ret)
{
	unsigned int nr = doctor_cap_nr(name);
	char upper[32], pid[32] = "";

	if (f->machine.user_ns)
		return doctor_fix(ret, "run it as root outside of this user namespace");
	if (f->target)
		snprintf(pid, sizeof(pid), " -p %u", f->target->pid);
	if (nr < DOCTOR_NO_CAP && (f->machine.bounding & OS_CAP(nr)))
		return doctor_fix(ret, "sudo dwell doctor%s", pid);
	doctor_upper(name, upper, sizeof(upper));
	return doctor_fix(ret,
			  "docker run --cap-add=%s, or CapabilityBoundingSet=CAP_%s in the systemd "
			  "unit",
			  upper, upper);
}

const char *doctor_missing_vital(const struct doctor_facts *f)
{
	const struct bpf_need *need;

	for (size_t i = 0; (need = bpf_source_need(i)); i++)
		if (need->vital && !(f->machine.caps & OS_CAP(need->cap)))
			return os_cap_name(need->cap);
	return NULL;
}

bool doctor_judge_rights(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const char *missing = doctor_missing_vital(f);

	if (i)
		return false;
	if (!missing && !f->machine.user_ns)
		return doctor_say(ret, DOCTOR_OK, "uid %u may trace", f->machine.uid);
	doctor_say(ret, DOCTOR_FAIL, "uid %u may not trace: %s", f->machine.uid,
		   f->machine.user_ns ? "rights in a user namespace are none in the kernel"
				      : "it takes root, or the capabilities below");
	return doctor_fix_cap(f, missing ? missing : "bpf", ret);
}

bool doctor_judge_capability(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct bpf_need *need = bpf_source_need(i);

	if (!need)
		return false;
	snprintf(ret->check, sizeof(ret->check), "cap_%s", os_cap_name(need->cap));
	if ((f->machine.caps & OS_CAP(need->cap)) && !f->machine.user_ns)
		return doctor_say(ret, DOCTOR_OK, "%s", need->why);
	doctor_say(ret, need->vital ? DOCTOR_FAIL : DOCTOR_WARN, "%s: %s",
		   f->machine.user_ns ? "of no worth here" : "missing", need->why);
	return doctor_fix_cap(f, os_cap_name(need->cap), ret);
}

bool doctor_fix_memory(const struct doctor_facts *f, struct doctor_finding *ret)
{
	if (f->machine.ptrace_scope == 3)
		return doctor_fix(ret, "kernel.yama.ptrace_scope = 1 in /etc/sysctl.d/*.conf, then "
				       "reboot: 3 can't be taken back");
	return doctor_has_cap(f, "sys_ptrace") || doctor_fix_cap(f, "sys_ptrace", ret);
}
