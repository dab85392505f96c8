/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Giving up privileges for good, in every thread of the process.
 *
 * Capabilities, the bounding set, securebits and no_new_privs belong to threads, not to the process. Each thread is therefore
 * interrupted by a signal (SIGRTMAX) in whose handler it makes the same system calls; after that /proc/self/task is
 * read to see that every one has what it should, and no more. Threads started later inherit it.
 */
#ifndef BASE_OS_PRIVILEGE_H
#define BASE_OS_PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Sets of capabilities are masks: 1 << CAP_BPF..., by their numbers in linux/capability.h. */
#define OS_CAP(nr) (1ull << (nr))

struct os_privilege {
	uint64_t kept;	  /* what is effective now */
	uint64_t dropped; /* what was permitted before and is not any more */
	uint64_t missing; /* what should have been kept but was not there */
	uint32_t uid;	  /* who we are now */
	bool user_changed;
	bool bounded; /* the bounding set is empty and uid 0 means nothing any more; else CAP_SETPCAP was missing */
};

/*
 * Keeps of the permitted capabilities those in @keep, effective and permitted; none is inheritable, ambient or in the bounding
 * set, and nothing that is executed later gains any: no_new_privs, and uid 0 means nothing (SECBIT_NOROOT, locked). @user: become
 * this user, with its groups, all the same with these capabilities; NULL: stay who we are.
 *
 * The process becomes undumpable (prctl(2), PR_SET_DUMPABLE): no core files, which would hold memory of others, nobody without
 * CAP_SYS_PTRACE looks into it, and its files in /proc belong to root, so that for another user reading the own ones that only their
 * owner may read takes CAP_DAC_READ_SEARCH.
 *
 * A process that has nothing to give up (no capabilities) only sets no_new_privs. 0 and *@ret; -errno with
 * error_set(): some may be gone already, so the caller should end. -ENOENT: no such user, nothing was done.
 */
int os_privilege_drop(uint64_t keep, const char *user, struct os_privilege *ret);
/* What two of these calls, one after the other, came to: @next is added to @sum, which is zeroed before the first. */
void os_privilege__add(struct os_privilege *sum, const struct os_privilege *next);
/* What is effective in this thread, by capget(2), which needs no /proc. 0 also where that is refused. */
uint64_t os_privilege_effective(void);
/*
 * Makes @mask the effective set of this thread alone, as far as it is permitted: to ask the kernel what would be allowed without the
 * others. 0 or -errno.
 */
int os_privilege_set_effective(uint64_t mask);
/* Appends e.g. "capabilities kept: perfmon, bpf; 37 others dropped for good; uid 998": one line without its end. */
void os_privilege__describe(const struct os_privilege *p, struct buf *to);
/* "bpf", "sys_ptrace"; NULL: a number that has no name here. */
const char *os_cap_name(unsigned int nr);

#endif
