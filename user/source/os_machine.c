/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_machine.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/os_privilege.h"
#include "base/os_read.h"
#include "source/os_target.h"

#define MACHINE_FILE_BYTES  256
#define MACHINE_USERNS_INIT 0xeffffffd /* PROC_USER_INIT_INO, include/linux/proc_ns.h */

/* ---- rights ---- */

static uint64_t machine_effective(void)
{
	uint64_t caps = os_privilege_effective();

	/* bpf_capable(), perfmon_capable(), checkpoint_restore_ns_capable(): include/linux/capability.h. */
	if (caps & OS_CAP(CAP_SYS_ADMIN))
		caps |= OS_CAP(CAP_BPF) | OS_CAP(CAP_PERFMON) | OS_CAP(CAP_CHECKPOINT_RESTORE);
	return caps;
}

static uint64_t machine_bounding(void)
{
	uint64_t mask = 0;

	for (unsigned int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			mask |= OS_CAP(cap);
	return mask;
}

static bool machine_in_user_ns(void)
{
	struct stat st;

	return !stat("/proc/self/ns/user", &st) && st.st_ino != MACHINE_USERNS_INIT;
}

static bool machine_in_pid_ns(void)
{
	uint32_t inum = 0;

	return !os_target_pidns(&inum) && inum;
}

/* Without a map type there is nothing to make, which is found out after rights were asked for. */
static int machine_try_bpf(void)
{
	return syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0) < 0 ? -errno : 0;
}

static void machine_read_rights(struct machine *m)
{
	m->uid = (uint32_t)geteuid();
	m->caps = machine_effective();
	m->bounding = machine_bounding();
	m->user_ns = machine_in_user_ns();
	m->pid_ns = machine_in_pid_ns();
	m->may_bpf = (m->caps & OS_CAP(CAP_BPF)) && !m->user_ns;
	m->may_raise_memlock = (m->caps & OS_CAP(CAP_SYS_RESOURCE)) && !m->user_ns;
	m->bpf_err = machine_try_bpf();
	m->seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

/* ---- settings ---- */

static int machine_setting(const char *path)
{
	_cleanup_buf_ struct buf text = {0};
	char *end;
	long value;

	if (os_read_file(path, MACHINE_FILE_BYTES, &text) || !text.len)
		return MACHINE_UNKNOWN;
	value = strtol(text.data, &end, 10);
	return end == text.data || value < 0 || value > 1000 ? MACHINE_UNKNOWN : (int)value;
}

/* "none [integrity] confidentiality": what is in brackets holds. */
static enum machine_lockdown machine_lockdown(void)
{
	_cleanup_buf_ struct buf text = {0};

	if (os_read_file("/sys/kernel/security/lockdown", MACHINE_FILE_BYTES, &text))
		return MACHINE_LOCKDOWN_NONE;
	if (strstr(buf__str(&text), "[confidentiality]"))
		return MACHINE_LOCKDOWN_CONFIDENTIALITY;
	return strstr(buf__str(&text), "[integrity]") ? MACHINE_LOCKDOWN_INTEGRITY
						      : MACHINE_LOCKDOWN_NONE;
}

static void machine_read_settings(struct machine *m)
{
	struct rlimit lim;

	m->has_proc = !access("/proc/self/status", F_OK);
	m->has_sys = !access("/sys/kernel", F_OK);
	m->has_btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	m->lockdown = machine_lockdown();
	m->kptr_restrict = machine_setting("/proc/sys/kernel/kptr_restrict");
	m->ptrace_scope = machine_setting("/proc/sys/kernel/yama/ptrace_scope");
	m->max_memlock_bytes = UINT64_MAX;
	if (!getrlimit(RLIMIT_MEMLOCK, &lim) && lim.rlim_max != RLIM_INFINITY)
		m->max_memlock_bytes = lim.rlim_max;
}

void os_machine_read(struct machine *ret)
{
	struct utsname host = {0};

	memset(ret, 0, sizeof(*ret));
	uname(&host);
	snprintf(ret->kernel, sizeof(ret->kernel), "%s", host.release);
	snprintf(ret->arch, sizeof(ret->arch), "%s", host.machine);
	machine_read_rights(ret);
	machine_read_settings(ret);
}
