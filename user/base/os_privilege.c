/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * By raw system calls: the C library knows nothing of capabilities, and libcap's psx, which changes all threads in the same way,
 * would be a dependency for these few lines.
 */
#include "base/os_privilege.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os_read.h"

#define PRIVILEGE_SIGNAL       SIGRTMAX
#define PRIVILEGE_ROUNDS       2000 /* of a millisecond, until all threads have answered */
#define PRIVILEGE_ASK_AGAIN    100
#define PRIVILEGE_MAX_GROUPS   256
#define PRIVILEGE_STATUS_BYTES 16384

/* What every thread is to come to. */
struct privilege_plan {
	uint64_t keep;	 /* only what is there */
	bool may_bound;	 /* CAP_SETPCAP: the bounding set and securebits can be changed */
	bool other_user; /* become: */
	uid_t uid;
	gid_t gid, groups[PRIVILEGE_MAX_GROUPS];
	int group_cnt;
};

/* What /proc tells of a thread. */
struct privilege_state {
	uint64_t inheritable, permitted, effective, bounding, ambient;
	uint64_t uid, gid, no_new_privs;
};

/* ---- in each thread: system calls only, as it may have been interrupted anywhere ---- */

static struct privilege_plan plan;

static void set_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)mask, .permitted = (uint32_t)mask},
		{.effective = (uint32_t)(mask >> 32), .permitted = (uint32_t)(mask >> 32)},
	};

	syscall(SYS_capset, &head, data);
}

uint64_t os_privilege_effective(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &head, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

int os_privilege_set_effective(uint64_t mask)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[0].effective = data[0].permitted & (uint32_t)mask;
	data[1].effective = data[1].permitted & (uint32_t)(mask >> 32);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/*
 * Nothing is asked whether it worked: what came of it is read from /proc. The order matters: the bounding set and securebits take
 * CAP_SETPCAP, another user CAP_SETUID and CAP_SETGID, and leaving uid 0 costs the capabilities unless they are held.
 */
static void give_up(const struct privilege_plan *p)
{
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	prctl(PR_SET_SECUREBITS,
	      SECBIT_KEEP_CAPS | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
		      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
		      SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
	      0, 0, 0);
	for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (p->other_user) {
		/* The library's functions would do it in all threads; each takes its own turn here. */
		syscall(SYS_setgroups, p->group_cnt, p->groups);
		syscall(SYS_setresgid, p->gid, p->gid, p->gid);
		syscall(SYS_setresuid, p->uid, p->uid, p->uid);
	}
	set_capabilities(p->keep);
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void on_signal(int sig _unused_)
{
	int saved = errno;

	give_up(&plan);
	errno = saved;
}

/* ---- what a thread has ---- */

/* The number after a line's name in /proc/PID/task/TID/status. */
static bool status_number(const char *text, const char *name, int base, uint64_t *ret)
{
	const char *at = strstr(text, name);

	if (!at)
		return false;
	*ret = strtoull(at + strlen(name), NULL, base);
	return true;
}

/* 0; -ESRCH: the thread has ended; -errno. */
static int read_state(uint32_t tid, struct privilege_state *ret)
{
	_cleanup_buf_ struct buf text = {0};
	struct privilege_state s;
	const char *t;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/self/task/%u/status", tid);
	err = os_read_file(path, PRIVILEGE_STATUS_BYTES, &text);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	t = buf__str(&text);
	if (!status_number(t, "\nUid:\t", 10, &s.uid) ||
	    !status_number(t, "\nGid:\t", 10, &s.gid) ||
	    !status_number(t, "\nCapInh:\t", 16, &s.inheritable) ||
	    !status_number(t, "\nCapPrm:\t", 16, &s.permitted) ||
	    !status_number(t, "\nCapEff:\t", 16, &s.effective) ||
	    !status_number(t, "\nCapBnd:\t", 16, &s.bounding) ||
	    !status_number(t, "\nCapAmb:\t", 16, &s.ambient) ||
	    !status_number(t, "\nNoNewPrivs:\t", 10, &s.no_new_privs))
		return -EBADMSG;
	*ret = s;
	return 0;
}

/* 1: it has what it should, or has ended; 0: not yet; -errno. */
static int thread_done(uint32_t tid)
{
	struct privilege_state s;
	int err = read_state(tid, &s);

	if (err)
		return err == -ESRCH ? 1 : err;
	return s.permitted == plan.keep && s.effective == plan.keep && !s.inheritable &&
	       !s.ambient && (!s.bounding || !plan.may_bound) && s.no_new_privs == 1 &&
	       (!plan.other_user || (s.uid == plan.uid && s.gid == plan.gid));
}

/* ---- in all threads ---- */

/* Looks at all threads once and asks those that are not done. How many those are, or -errno; *@ret_tid: one of them. */
static int ask_threads(bool again, uint32_t *ret_tid)
{
	DIR *dir = opendir("/proc/self/task");
	uint32_t self = (uint32_t)gettid();
	struct dirent *e;
	int cnt = 0, done = 0;

	if (!dir)
		return -errno;
	while (done >= 0 && (e = readdir(dir))) {
		uint32_t tid = (uint32_t)strtoul(e->d_name, NULL, 10);

		done = tid ? thread_done(tid) : 1;
		if (done)
			continue;
		cnt++;
		*ret_tid = tid;
		if (tid == self)
			give_up(&plan);
		else if (again)
			syscall(SYS_tgkill, getpid(), tid, PRIVILEGE_SIGNAL);
	}
	closedir(dir);
	return done < 0 ? done : cnt;
}

/* Until every one is done, also those that are started meanwhile by others that were not. */
static int give_up_all(void)
{
	struct timespec pause = {.tv_nsec = 1000000};
	uint32_t tid = 0;
	int cnt;

	for (int round = 0; round < PRIVILEGE_ROUNDS; round++) {
		cnt = ask_threads(round % PRIVILEGE_ASK_AGAIN == 0, &tid);
		if (cnt < 0)
			return error_set(cnt, "privileges: /proc/self/task: %s", strerror(-cnt));
		if (!cnt)
			return 0;
		if (cnt == 1 && tid == (uint32_t)getpid() && round > 2 * PRIVILEGE_ASK_AGAIN)
			break;
		nanosleep(&pause, NULL);
	}
	return error_set(-EPERM, "privileges: thread %u could not give up what it should", tid);
}

static int find_user(const char *name)
{
	char text[4096];
	struct passwd user, *found = NULL;
	int err = getpwnam_r(name, &user, text, sizeof(text), &found);

	if (!found)
		return error_set(err ? -err : -ENOENT, "--user %s: %s", name,
				 err ? strerror(err) : "there is no such user");
	plan.uid = user.pw_uid;
	plan.gid = user.pw_gid;
	plan.group_cnt = PRIVILEGE_MAX_GROUPS;
	if (getgrouplist(name, user.pw_gid, plan.groups, &plan.group_cnt) < 0)
		return error_set(-E2BIG, "--user %s: is in more than %d groups", name,
				 PRIVILEGE_MAX_GROUPS);
	plan.other_user = true;
	return 0;
}

/* Of this thread, which stands for all: none is left of who we were. */
static int check_groups(void)
{
	gid_t groups[PRIVILEGE_MAX_GROUPS];
	int cnt = getgroups(PRIVILEGE_MAX_GROUPS, groups), j;

	for (int i = 0; i < cnt; i++) {
		for (j = 0; j < plan.group_cnt && plan.groups[j] != groups[i]; j++)
			;
		if (j == plan.group_cnt)
			return error_set(-EPERM, "privileges: could not leave the group %u",
					 groups[i]);
	}
	return 0;
}

int os_privilege_drop(uint64_t keep, const char *user, struct os_privilege *ret)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
	struct privilege_state before;
	int err = read_state((uint32_t)gettid(), &before);

	if (err)
		return error_set(err, "privileges: /proc/self/task: %s", strerror(-err));
	memset(&plan, 0, sizeof(plan));
	plan.keep = keep & before.permitted;
	plan.may_bound = before.effective & OS_CAP(CAP_SETPCAP);
	err = user ? find_user(user) : 0;
	if (err)
		return err;
	if (user && plan.uid != before.uid &&
	    ~before.effective & (OS_CAP(CAP_SETUID) | OS_CAP(CAP_SETGID)))
		return error_set(
			-EPERM,
			"--user %s: takes the capabilities setuid and setgid: start as root, or "
			"as this user without --user",
			user);
	sigfillset(&act.sa_mask);
	sigaction(PRIVILEGE_SIGNAL, &act, &old);
	err = give_up_all();
	sigaction(PRIVILEGE_SIGNAL, &old, NULL);
	if (!err && user)
		err = check_groups();
	if (!err && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		err = error_set(-errno, "privileges: PR_SET_DUMPABLE: %s", strerror(errno));
	if (err)
		return err;
	*ret = (struct os_privilege){
		.kept = plan.keep,
		.dropped = before.permitted & ~plan.keep,
		.missing = keep & ~plan.keep,
		.uid = user ? plan.uid : (uint32_t)before.uid,
		.user_changed = user && plan.uid != before.uid,
		.bounded = plan.may_bound,
	};
	return 0;
}

void os_privilege__add(struct os_privilege *sum, const struct os_privilege *next)
{
	sum->kept = next->kept;
	sum->dropped |= next->dropped;
	sum->missing = next->missing;
	sum->uid = next->uid;
	sum->user_changed |= next->user_changed;
	sum->bounded |= next->bounded;
}
