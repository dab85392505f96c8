/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What decides, beside the kernel's own abilities, whether this process may trace: rights, namespaces, settings. */
#ifndef SOURCE_OS_MACHINE_H
#define SOURCE_OS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_UNKNOWN (-1) /* of a setting: this kernel has none, or /proc does not show it */

enum machine_lockdown {
	MACHINE_LOCKDOWN_NONE, /* or the kernel has no such thing, or does not show it */
	MACHINE_LOCKDOWN_INTEGRITY,
	MACHINE_LOCKDOWN_CONFIDENTIALITY, /* no program may read kernel memory */
};

struct machine {
	char kernel[65], arch[65]; /* as uname(2) has them */
	uint32_t uid;		   /* effective */
	/*
	 * Masks of 1 << CAP_*. @caps: what is effective, and what the kernel takes CAP_SYS_ADMIN for as well (bpf, perfmon,
	 * checkpoint_restore). @bounding: what a program that is executed can still gain.
	 */
	uint64_t caps, bounding;
	bool user_ns; /* in a user namespace of its own: where tracing is concerned capabilities are worth nothing */
	bool pid_ns;		/* in a pid namespace of its own: sees only the processes in it */
	bool has_proc, has_sys; /* is /proc, /sys mounted? */
	bool has_btf;		/* /sys/kernel/btf/vmlinux can be read */
	bool may_bpf;		/* has CAP_BPF, and not only in a user namespace */
	bool may_raise_memlock; /* has CAP_SYS_RESOURCE, likewise */
	int bpf_err; /* what bpf(2) answers to a call with nothing in it: -EINVAL, where it can be called */
	bool seccomp; /* a seccomp filter is in force */
	enum machine_lockdown lockdown;
	int kptr_restrict;	    /* kernel.kptr_restrict */
	int ptrace_scope;	    /* kernel.yama.ptrace_scope */
	uint64_t max_memlock_bytes; /* RLIMIT_MEMLOCK, hard; UINT64_MAX: no limit */
};

/* What can't be found out is as if it were not there. */
void os_machine_read(struct machine *ret);

#endif
