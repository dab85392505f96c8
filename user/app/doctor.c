/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/doctor_table.h"
#include "app/doctor_target.h"
#include "model/sanitise.h"

static const char doctor_seccomp_fix[] =
	"docker run --security-opt seccomp=unconfined, or SystemCallFilter=bpf perf_event_open in "
	"the systemd unit";

/* ---- saying it ---- */

const char *doctor_status_name(enum doctor_status s)
{
	static const char *const names[] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_WARN] = "warn",
		[DOCTOR_FAIL] = "fail",
	};

	return names[s];
}

bool doctor_say(struct doctor_finding *ret, enum doctor_status status, const char *fmt, ...)
{
	va_list ap;

	ret->status = status;
	va_start(ap, fmt);
	vsnprintf(ret->text, sizeof(ret->text), fmt, ap);
	va_end(ap);
	return true;
}

bool doctor_fix(struct doctor_finding *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret->fix, sizeof(ret->fix), fmt, ap);
	va_end(ap);
	return true;
}

/* ---- the kernel and its settings ---- */

static bool judge_kernel(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	return !i && doctor_say(ret, DOCTOR_OK, "Linux %s, %s", f->machine.kernel, f->machine.arch);
}

static bool judge_proc(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i || f->machine.has_proc)
		return false;
	doctor_say(ret, DOCTOR_FAIL, "/proc is not mounted");
	return doctor_fix(ret, "mount -t proc proc /proc");
}

static bool doctor_fix_btf(const struct doctor_facts *f, struct doctor_finding *ret)
{
	if (!f->machine.has_sys)
		return doctor_fix(ret, "mount -t sysfs sysfs /sys");
	return doctor_fix(ret, "apt install linux-image-$(dpkg --print-architecture) && reboot");
}

static bool judge_btf(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i)
		return false;
	if (f->machine.has_btf)
		return doctor_say(ret, DOCTOR_OK,
				  "the kernel has type information, /sys/kernel/btf/vmlinux");
	doctor_say(ret, DOCTOR_FAIL, "/sys/kernel/btf/vmlinux is missing: %s",
		   f->machine.has_sys ? "a kernel without CONFIG_DEBUG_INFO_BTF=y"
				      : "/sys is not mounted");
	return doctor_fix_btf(f, ret);
}

static bool judge_lockdown(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i)
		return false;
	if (f->machine.lockdown != MACHINE_LOCKDOWN_CONFIDENTIALITY)
		return doctor_say(ret, DOCTOR_OK,
				  "the kernel's lockdown does not keep it from "
				  "being traced");
	doctor_say(ret, DOCTOR_FAIL,
		   "lockdown is 'confidentiality': no program may read kernel memory");
	return doctor_fix(ret, "lockdown=integrity in GRUB_CMDLINE_LINUX of /etc/default/grub, "
			       "then update-grub && reboot");
}

static bool judge_bpf(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	int err = f->machine.bpf_err;

	if (i || (!f->machine.may_bpf && err != -ENOSYS))
		return false; /* the rights are said above */
	if (err != -EPERM && err != -EACCES && err != -ENOSYS)
		return doctor_say(ret, DOCTOR_OK, "bpf() can be called");
	doctor_say(ret, DOCTOR_FAIL, "bpf() is refused: %s; by %s", strerror(-err),
		   f->machine.seccomp ? "a seccomp filter" : "a security module or the kernel");
	return !f->machine.seccomp || doctor_fix(ret, "%s", doctor_seccomp_fix);
}

static bool judge_memlock(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct machine *m = &f->machine;

	if (i || f->features.counts_memlock < 0)
		return false;
	if (!f->features.counts_memlock)
		return doctor_say(ret, DOCTOR_OK, "no limit on locked memory counts here");
	if (m->may_raise_memlock || m->max_memlock_bytes == UINT64_MAX)
		return doctor_say(ret, DOCTOR_OK, "locked memory is not limited");
	doctor_say(ret, f->trial.offcpu.err ? DOCTOR_FAIL : DOCTOR_WARN,
		   "locked memory is limited to %llu KiB, and this kernel counts the probes' maps",
		   (unsigned long long)m->max_memlock_bytes / 1024);
	return doctor_fix(ret, "ulimit -l unlimited as root, docker run --ulimit memlock=-1, or "
			       "LimitMEMLOCK=infinity in the systemd unit");
}

static bool judge_kernel_names(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i)
		return false;
	if (!f->kernel_symbols)
		return doctor_say(ret, DOCTOR_OK, "/proc/kallsyms shows addresses");
	if (f->kernel_symbols < 0)
		return doctor_say(ret, DOCTOR_WARN,
				  "kernel functions will have no names: /proc/kallsyms: %s",
				  strerror(-f->kernel_symbols));
	doctor_say(ret, DOCTOR_WARN,
		   "kernel functions will have no names: /proc/kallsyms hides the addresses");
	if (f->machine.kptr_restrict > 1)
		return doctor_fix(ret, "sysctl -w kernel.kptr_restrict=1");
	return doctor_fix_cap(f, "syslog", ret);
}

/* 1 and 2 ask for CAP_SYS_PTRACE, which has a line of its own. */
static bool judge_yama(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i || f->machine.ptrace_scope == MACHINE_UNKNOWN)
		return false;
	if (f->machine.ptrace_scope < 3)
		return doctor_say(ret, DOCTOR_OK, "kernel.yama.ptrace_scope is %d",
				  f->machine.ptrace_scope);
	doctor_say(ret, DOCTOR_WARN,
		   "kernel.yama.ptrace_scope is %d: memory of processes can't be read; no frames "
		   "of Python, stacks from before the start are cut",
		   f->machine.ptrace_scope);
	return doctor_fix_memory(f, ret);
}

static bool judge_pid_namespace(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i)
		return false;
	if (!f->machine.pid_ns)
		return doctor_say(ret, DOCTOR_OK, "all processes can be traced");
	doctor_say(ret, DOCTOR_WARN,
		   "a pid namespace of its own: only processes in it can be traced, by their pids "
		   "here");
	return doctor_fix(ret, "docker run --pid=host, or hostPID: true in the pod");
}

/* ---- what was tried ---- */

/* What is wrong has a line of its own, and the kernel's answer would explain nothing. */
static bool doctor_is_hopeless(const struct machine *m)
{
	return !m->has_proc || !m->has_btf || m->user_ns ||
	       m->lockdown == MACHINE_LOCKDOWN_CONFIDENTIALITY;
}

static bool judge_trial(const struct doctor_facts *f, const struct bpf_trial_part *part,
			const char *what, struct doctor_finding *ret)
{
	const char *missing = doctor_missing_vital(f);

	if (!part->err)
		return doctor_say(ret, DOCTOR_OK, "%s: variant %s runs", what, part->variant);
	if (missing || doctor_is_hopeless(&f->machine))
		return doctor_say(ret, DOCTOR_FAIL, "%s: not before what is said above (%s)", what,
				  strerror(-part->err));
	/* The text would tell to get rights, which are there. */
	doctor_say(ret, DOCTOR_FAIL, "%s: %s", what,
		   part->err == -EPERM || part->err == -EACCES ? strerror(-part->err) : part->text);
	if (f->machine.seccomp)
		return doctor_fix(ret, "%s", doctor_seccomp_fix);
	return doctor_fix(ret, "dwell offcpu -v -- true shows what the kernel said");
}

static bool judge_probes(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	return !i && judge_trial(f, &f->trial.offcpu, "probes of waits", ret);
}

static bool judge_syscalls(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	return !i && judge_trial(f, &f->trial.syscalls, "probes of dwell syscalls", ret);
}

static bool judge_runq(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	return !i && judge_trial(f, &f->trial.runq, "probes of dwell runq", ret);
}

static bool judge_unwinding(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const char *tried = f->trial.unwind;
	bool cfi = tried && !strcmp(tried, "cfi");
	bool python = cfi ? f->trial.python : f->features.has_loop > 0;

	if (i || (!tried && f->features.has_loop < 0))
		return false;
	if (python && (cfi || !tried))
		return doctor_say(ret, DOCTOR_OK, "user stacks are walked by unwind tables%s",
				  tried ? "" : ": the kernel has bpf_loop()");
	if (tried && !cfi) {
		doctor_say(ret, DOCTOR_WARN,
			   "user stacks are walked by frame pointers only, and without frames of "
			   "Python");
		return doctor_fix(ret, "Linux 5.17 or newer (Debian 12 has 6.1), or programs built "
				       "with -fno-omit-frame-pointer");
	}
	doctor_say(ret, DOCTOR_WARN,
		   "user stacks are walked %s, without frames of Python and whose goroutine a "
		   "thread of Go runs",
		   cfi ? "by unwind tables" : "without bpf_loop()");
	return doctor_fix(ret, "Linux 5.17 or newer (Debian 12 has 6.1)");
}

static bool judge_iterators(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i || !f->trial.edges)
		return false;
	if (!strcmp(f->trial.edges, "iterators"))
		return doctor_say(ret, DOCTOR_OK, "threads asleep at the start come with stacks");
	doctor_say(
		ret, DOCTOR_WARN,
		"the kernel refuses to iterate over tasks: threads asleep since before the start "
		"have part of their stack");
	return doctor_fix(ret, "%s", doctor_seccomp_fix);
}

static bool judge_mappings(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	int err = f->trial.mappings_err;

	if (i)
		return false;
	if (!err)
		return doctor_say(ret, DOCTOR_OK,
				  "perf_event_open() tells of programs as they start");
	doctor_say(ret, DOCTOR_WARN,
		   "perf_event_open() is refused (%s): programs that live for milliseconds may "
		   "have no names",
		   strerror(-err));
	if (!doctor_has_cap(f, "perfmon"))
		return doctor_fix_cap(f, "perfmon", ret);
	return !f->machine.seccomp || doctor_fix(ret, "%s", doctor_seccomp_fix);
}

/* ---- this program ---- */

static bool judge_library(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_library *l;

	if (i >= f->library_cnt)
		return false;
	l = &f->libraries[i];
	snprintf(ret->check, sizeof(ret->check), "%s", l->name);
	doctor_say(ret, DOCTOR_WARN, "built without it: %s", l->loss);
	return doctor_fix(ret, "apt install %s && make && make install", l->package);
}

static bool judge_libraries(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	return !i && !f->library_cnt &&
	       doctor_say(ret, DOCTOR_OK, "built with all optional libraries");
}

/* ---- the table ---- */

static const struct doctor_check doctor_checks[] = {
	{"rights", doctor_judge_rights},
	{NULL, doctor_judge_capability},
	{"kernel", judge_kernel},
	{"proc", judge_proc},
	{"btf", judge_btf},
	{"lockdown", judge_lockdown},
	{"bpf", judge_bpf},
	{"memlock", judge_memlock},
	{"probes", judge_probes},
	{"unwinding", judge_unwinding},
	{"iterators", judge_iterators},
	{"syscalls", judge_syscalls},
	{"runq", judge_runq},
	{NULL, doctor_judge_features},
	{"mappings", judge_mappings},
	{"kernel_names", judge_kernel_names},
	{"yama", judge_yama},
	{"pid_namespace", judge_pid_namespace},
	{NULL, judge_library},
	{"libraries", judge_libraries},
	{NULL, NULL},
};

/* Names in it come from outside. */
static void doctor_clean(char *text, size_t size)
{
	_cleanup_buf_ struct buf clean;

	buf__init(&clean, 8 * DOCTOR_TEXT_BYTES);
	if (!*text)
		return;
	if (sanitise_text(text, &clean))
		*text = '\0';
	else
		snprintf(text, size, "%s", buf__str(&clean));
}

static void doctor_run(const struct doctor_check *checks, const struct doctor_facts *f,
		       doctor_fn fn, void *arg)
{
	for (const struct doctor_check *c = checks; c->judge; c++) {
		struct doctor_finding found = {0};

		for (size_t i = 0; c->judge(f, i, &found); i++) {
			if (c->name)
				snprintf(found.check, sizeof(found.check), "%s", c->name);
			doctor_clean(found.text, sizeof(found.text));
			doctor_clean(found.fix, sizeof(found.fix));
			fn(arg, &found);
			found = (struct doctor_finding){0};
		}
	}
}

void doctor_judge(const struct doctor_facts *f, doctor_fn fn, void *arg)
{
	doctor_run(doctor_checks, f, fn, arg);
	if (f->target)
		doctor_run(doctor_target_checks, f, fn, arg);
}
