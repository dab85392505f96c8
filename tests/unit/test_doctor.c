/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the doctor says of machines and processes that are not there: each fact that is bad is told, with what helps. */
#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/doctor.h"
#include "app/doctor_target.h"
#include "base/compiler.h"
#include "base/os_privilege.h"

#define MAX_FINDINGS 64

static struct doctor_finding findings[MAX_FINDINGS];
static size_t finding_cnt;

static const uint64_t all_caps = OS_CAP(CAP_BPF) | OS_CAP(CAP_PERFMON) | OS_CAP(CAP_SYS_PTRACE) |
				 OS_CAP(CAP_DAC_READ_SEARCH) | OS_CAP(CAP_CHECKPOINT_RESTORE) |
				 OS_CAP(CAP_SYSLOG);

/* A machine on which all is well. */
static struct doctor_facts healthy(void)
{
	return (struct doctor_facts){
		.machine = {.kernel = "6.1.0",
			    .arch = "x86_64",
			    .caps = all_caps,
			    .bounding = all_caps,
			    .has_proc = true,
			    .has_sys = true,
			    .has_btf = true,
			    .may_bpf = true,
			    .may_raise_memlock = true,
			    .bpf_err = -EINVAL,
			    .kptr_restrict = 0,
			    .ptrace_scope = MACHINE_UNKNOWN,
			    .max_memlock_bytes = UINT64_MAX},
		.features = {1, 0, 1, 1, 1, 1, 1, 1},
		.trial = {.offcpu = {.variant = "core"},
			  .syscalls = {.variant = "core"},
			  .runq = {.variant = "core"},
			  .unwind = "cfi",
			  .edges = "iterators",
			  .python = true},
	};
}

static void keep(void *arg, const struct doctor_finding *f)
{
	(void)arg;
	assert_in_range(finding_cnt, 0, MAX_FINDINGS - 1);
	assert_true(*f->check && *f->text);
	/* Advice without a reason, or a line that is none, helps nobody. */
	assert_true(f->status != DOCTOR_OK || !*f->fix);
	assert_null(strpbrk(f->text, "\n\r\033"));
	assert_null(strpbrk(f->fix, "\n\r\033"));
	findings[finding_cnt++] = *f;
}

static void judge(const struct doctor_facts *f)
{
	finding_cnt = 0;
	doctor_judge(f, keep, NULL);
}

static const struct doctor_finding *find(const char *check)
{
	for (size_t i = 0; i < finding_cnt; i++)
		if (!strcmp(findings[i].check, check))
			return &findings[i];
	return NULL;
}

/* Has the check this status, and do @text and @fix stand in what it says? */
static void expect(const char *check, enum doctor_status status, const char *text, const char *fix)
{
	const struct doctor_finding *f = find(check);

	if (!f)
		fail_msg("nothing is said of %s", check);
	if (f->status != status || !strstr(f->text, text) || (fix && !strstr(f->fix, fix)) ||
	    (!fix && *f->fix))
		fail_msg("%s: %s: %s -> %s", f->check, doctor_status_name(f->status), f->text,
			 f->fix);
}

static size_t count_of(enum doctor_status status)
{
	size_t cnt = 0;

	for (size_t i = 0; i < finding_cnt; i++)
		cnt += findings[i].status == status;
	return cnt;
}

static void test_healthy(void **state _unused_)
{
	struct doctor_facts f = healthy();

	judge(&f);
	assert_int_equal(count_of(DOCTOR_OK), finding_cnt);
	assert_in_range(finding_cnt, 18, MAX_FINDINGS);
	expect("probes", DOCTOR_OK, "variant core", NULL);
	assert_null(find("process"));
	assert_null(find("proc"));
}

/* ---- rights ---- */

static void without_rights(struct doctor_facts *f)
{
	const struct bpf_trial_part refused = {.err = -EPERM, .text = "tracing needs root"};

	f->machine.uid = 1000;
	f->machine.caps = 0;
	f->machine.may_bpf = f->machine.may_raise_memlock = false;
	f->machine.bpf_err = -EPERM;
	f->trial = (struct bpf_trial){
		.offcpu = refused, .syscalls = refused, .runq = refused, .mappings_err = -EACCES};
	f->kernel_symbols = 1;
}

static void test_user(void **state _unused_)
{
	struct doctor_facts f = healthy();

	without_rights(&f);
	judge(&f);
	expect("rights", DOCTOR_FAIL, "uid 1000", "sudo dwell doctor");
	expect("cap_bpf", DOCTOR_FAIL, "missing", "sudo dwell doctor");
	expect("cap_perfmon", DOCTOR_FAIL, "missing", "sudo");
	expect("cap_sys_ptrace", DOCTOR_WARN, "/proc/PID/maps", "sudo");
	expect("cap_dac_read_search", DOCTOR_WARN, "missing", "sudo");
	expect("cap_checkpoint_restore", DOCTOR_WARN, "missing", "sudo");
	expect("cap_syslog", DOCTOR_WARN, "missing", "sudo");
	expect("probes", DOCTOR_FAIL, "said above", NULL);
	expect("mappings", DOCTOR_WARN, "Permission denied", "sudo");
	expect("kernel_names", DOCTOR_WARN, "hides", "sudo");
	/* Not tried, but the kernel's types tell. */
	expect("unwinding", DOCTOR_OK, "bpf_loop()", NULL);
	assert_null(find("bpf"));
	assert_null(find("iterators"));
}

/* sudo can't give what was taken from all that is started here. */
static void test_container(void **state _unused_)
{
	struct doctor_facts f = healthy();

	f.machine.caps = f.machine.bounding = all_caps & ~OS_CAP(CAP_SYSLOG);
	f.machine.pid_ns = true;
	f.kernel_symbols = 1;
	judge(&f);
	expect("rights", DOCTOR_OK, "may trace", NULL);
	expect("cap_syslog", DOCTOR_WARN, "missing", "--cap-add=SYSLOG");
	expect("kernel_names", DOCTOR_WARN, "hides", "CapabilityBoundingSet=CAP_SYSLOG");
	expect("pid_namespace", DOCTOR_WARN, "only processes in it", "--pid=host");
	assert_int_equal(count_of(DOCTOR_WARN), 3);
	assert_int_equal(count_of(DOCTOR_FAIL), 0);
}

static void test_user_namespace(void **state _unused_)
{
	struct doctor_facts f = healthy();

	without_rights(&f);
	f.machine.uid = 0;
	f.machine.caps = all_caps;
	f.machine.user_ns = true;
	judge(&f);
	expect("rights", DOCTOR_FAIL, "user namespace", "outside of this user namespace");
	expect("cap_bpf", DOCTOR_FAIL, "no worth", "outside");
	expect("probes", DOCTOR_FAIL, "said above", NULL);
}

/* ---- the kernel ---- */

static const struct bpf_features no_types = {-1, -1, -1, -1, -1, -1, -1, -1};

static void test_no_type_information(void **state _unused_)
{
	struct doctor_facts f = healthy();

	f.machine.has_btf = false;
	f.features = no_types;
	f.trial = (struct bpf_trial){.offcpu = {.err = -ENOENT, .text = "no types"}};
	judge(&f);
	expect("btf", DOCTOR_FAIL, "CONFIG_DEBUG_INFO_BTF", "apt install linux-image-$(dpkg");
	expect("probes", DOCTOR_FAIL, "said above", NULL);
	assert_null(find("unwinding"));
	assert_null(find("memlock"));
	assert_null(find("features"));
	f.machine.has_sys = false;
	judge(&f);
	expect("btf", DOCTOR_FAIL, "not mounted", "mount -t sysfs");
	f.machine.has_proc = false;
	judge(&f);
	expect("proc", DOCTOR_FAIL, "not mounted", "mount -t proc proc /proc");
	/* That alone is enough: the probes' own error would explain nothing. */
	f = healthy();
	f.machine.has_proc = false;
	f.trial.offcpu = (struct bpf_trial_part){.err = -ENOENT, .text = "no such file"};
	judge(&f);
	expect("probes", DOCTOR_FAIL, "said above", NULL);
}

static void test_lockdown(void **state _unused_)
{
	struct doctor_facts f = healthy();

	f.machine.lockdown = MACHINE_LOCKDOWN_INTEGRITY;
	judge(&f);
	expect("lockdown", DOCTOR_OK, "does not keep", NULL);
	f.machine.lockdown = MACHINE_LOCKDOWN_CONFIDENTIALITY;
	f.trial.offcpu = (struct bpf_trial_part){.err = -EINVAL, .text = "libbpf: ..."};
	judge(&f);
	expect("lockdown", DOCTOR_FAIL, "confidentiality", "lockdown=integrity");
	expect("probes", DOCTOR_FAIL, "said above", NULL);
}

static void test_bpf_refused(void **state _unused_)
{
	struct doctor_facts f = healthy();

	f.machine.bpf_err = -EPERM;
	judge(&f);
	expect("bpf", DOCTOR_FAIL, "security module", NULL);
	f.machine.seccomp = true;
	f.trial.edges = "proc";
	f.trial.offcpu = (struct bpf_trial_part){.err = -EPERM, .text = "use sudo"};
	f.trial.mappings_err = -EPERM;
	judge(&f);
	expect("bpf", DOCTOR_FAIL, "seccomp", "seccomp=unconfined");
	expect("probes", DOCTOR_FAIL, "not permitted", "SystemCallFilter=bpf");
	expect("iterators", DOCTOR_WARN, "iterate over tasks", "seccomp=unconfined");
	expect("mappings", DOCTOR_WARN, "perf_event_open()", "seccomp=unconfined");
	f.trial.offcpu = (struct bpf_trial_part){.err = -EACCES, .text = "use sudo"};
	judge(&f);
	expect("probes", DOCTOR_FAIL, "ermission denied", "SystemCallFilter=bpf");
	/* A filter, or a kernel, that knows no such call says so to everybody. */
	f.machine.may_bpf = false;
	f.machine.bpf_err = -ENOSYS;
	judge(&f);
	expect("bpf", DOCTOR_FAIL, "not implemented", "seccomp");
}

static void test_old_kernel(void **state _unused_)
{
	struct doctor_facts f = healthy();

	f.features = (struct bpf_features){.has_loop = 0, .counts_memlock = 1};
	f.trial.unwind = "fp";
	f.trial.offcpu.variant = "minimal";
	judge(&f);
	expect("probes", DOCTOR_OK, "minimal", NULL);
	expect("unwinding", DOCTOR_WARN, "frame pointers only", "5.17");
	expect("memlock", DOCTOR_OK, "not limited", NULL);
	f.machine.may_raise_memlock = false;
	f.machine.max_memlock_bytes = 65536;
	judge(&f);
	expect("memlock", DOCTOR_WARN, "64 KiB", "ulimit -l unlimited");
	f.trial.offcpu.err = -EPERM;
	judge(&f);
	expect("memlock", DOCTOR_FAIL, "64 KiB", "LimitMEMLOCK=infinity");
	/* Without a trial the types tell. */
	f.trial.unwind = NULL;
	judge(&f);
	expect("unwinding", DOCTOR_WARN, "without bpf_loop()", "5.17");
	f.trial.offcpu = (struct bpf_trial_part){.variant = "bounded"};
	f.trial.unwind = "cfi";
	f.trial.python = false;
	judge(&f);
	expect("unwinding", DOCTOR_WARN, "by unwind tables, without frames of Python", "5.17");
}

/* Each feature that is not there is named, with what is done instead, and nothing is bad about it. */
static void test_features(void **state _unused_)
{
	struct doctor_facts f = healthy();

	judge(&f);
	expect("features", DOCTOR_OK,
	       ": task_storage bpf_loop task_iterators task_pt_regs prev_state __state rdonly_cast "
	       "copy_from_user_task",
	       NULL);
	assert_null(find("task_storage"));
	assert_null(find("copy_from_user_task"));
	/* Storage that the kernel has and refuses is as none. */
	f.trial.offcpu.variant = "compat";
	f.features.has_prev_state = f.features.has_task_copy = 0;
	judge(&f);
	expect("features", DOCTOR_OK, ": bpf_loop task_iterators task_pt_regs __state rdonly_cast",
	       NULL);
	expect("task_storage", DOCTOR_OK, "hash", NULL);
	expect("prev_state", DOCTOR_OK, "instead", NULL);
	expect("copy_from_user_task", DOCTOR_OK, "CAP_SYS_PTRACE", NULL);
	assert_null(find("bpf_loop"));
	f.features = (struct bpf_features){0};
	f.trial.edges = "proc";
	judge(&f);
	expect("features", DOCTOR_OK, ": none", NULL);
	for (size_t i = 0; i < 8; i++) {
		static const char *const names[] = {
			"task_storage", "bpf_loop", "task_iterators", "task_pt_regs",
			"prev_state",	"__state",  "rdonly_cast",    "copy_from_user_task"};

		expect(names[i], DOCTOR_OK, "not in this kernel; instead: ", NULL);
	}
	/* What is not known is not said to be missing. */
	f.features.has_loop = -1;
	judge(&f);
	assert_null(find("bpf_loop"));
	expect("rdonly_cast", DOCTOR_OK, "instead", NULL);
	f.features = no_types;
	f.trial = (struct bpf_trial){.offcpu = {.err = -ENOENT, .text = "no types"}};
	judge(&f);
	assert_null(find("features"));
	assert_null(find("bpf_loop"));
	assert_null(find("task_iterators"));
}

static void test_settings(void **state _unused_)
{
	struct doctor_facts f = healthy();

	f.kernel_symbols = 1;
	f.machine.kptr_restrict = 2;
	f.machine.ptrace_scope = 3;
	judge(&f);
	expect("kernel_names", DOCTOR_WARN, "hides", "sysctl -w kernel.kptr_restrict=1");
	expect("yama", DOCTOR_WARN, "is 3", "kernel.yama.ptrace_scope = 1");
	/* With 1 the addresses are shown to who has the right; up to 2, CAP_SYS_PTRACE decides. */
	f.machine.kptr_restrict = 1;
	f.machine.ptrace_scope = 2;
	judge(&f);
	expect("kernel_names", DOCTOR_WARN, "hides", "sudo dwell doctor");
	expect("yama", DOCTOR_OK, "is 2", NULL);
	f.kernel_symbols = -ENOENT;
	f.machine.ptrace_scope = 1;
	judge(&f);
	expect("kernel_names", DOCTOR_WARN, "No such file", NULL);
	expect("yama", DOCTOR_OK, "is 1", NULL);
}

static void test_libraries(void **state _unused_)
{
	const struct doctor_library missing[] = {{"libdw", "libdw-dev", "no --lines"},
						 {"libcurl", "libcurl4-gnutls-dev", "no push"}};
	struct doctor_facts f = healthy();

	f.libraries = missing;
	f.library_cnt = 2;
	judge(&f);
	expect("libdw", DOCTOR_WARN, "no --lines", "apt install libdw-dev");
	expect("libcurl", DOCTOR_WARN, "no push", "apt install libcurl4-gnutls-dev");
	assert_null(find("libraries"));
	assert_int_equal(count_of(DOCTOR_FAIL), 0);
}

/* ---- targets ---- */

static struct doctor_file healthy_files[2];

static struct doctor_target healthy_target(void)
{
	healthy_files[0] = (struct doctor_file){.name = "server",
						.main = true,
						.opened = true,
						.has_build_id = true,
						.function_cnt = 100,
						.name_cnt = 90};
	healthy_files[1] = (struct doctor_file){
		.name = "libc.so.6", .opened = true, .function_cnt = 5000, .name_cnt = 2000};
	return (struct doctor_target){
		.pid = 4711,
		.own_pid = 4711,
		.comm = "server",
		.files = healthy_files,
		.file_cnt = 2,
		.debuginfod = -ENOENT,
	};
}

static void judge_target(struct doctor_facts *f, const struct doctor_target *t)
{
	f->target = t;
	judge(f);
}

static void test_target(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = healthy_target();

	judge_target(&f, &t);
	assert_int_equal(count_of(DOCTOR_OK), finding_cnt);
	expect("process", DOCTOR_OK, "server (pid 4711)", NULL);
	expect("container", DOCTOR_OK, "none", NULL);
	t.other_mount_ns = true;
	t.own_pid = 7;
	t.exe_deleted = true;
	judge_target(&f, &t);
	expect("container", DOCTOR_OK, "its pid is 7", NULL);
	expect("executable", DOCTOR_OK, "deleted", NULL);
}

static void test_target_out_of_reach(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = {.pid = 4711, .err = -ESRCH};

	judge_target(&f, &t);
	expect("process", DOCTOR_FAIL, "no process 4711", "ps");
	assert_int_equal(count_of(DOCTOR_FAIL), 1);
	f.machine.caps &= ~OS_CAP(CAP_SYS_PTRACE);
	t = (struct doctor_target){.pid = 4711, .comm = "other", .err = -EACCES};
	judge_target(&f, &t);
	expect("process", DOCTOR_FAIL, "/proc/4711/maps", "sudo dwell doctor -p 4711");
	assert_null(find("symbols"));
	t = (struct doctor_target){.pid = 2, .comm = "kthreadd", .kthread = true};
	judge_target(&f, &t);
	expect("process", DOCTOR_OK, "kernel thread", NULL);
	assert_null(find("runtime"));
}

static void test_target_memory(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = healthy_target();

	t.memory_err = -EPERM;
	f.machine.ptrace_scope = 3;
	judge_target(&f, &t);
	expect("memory", DOCTOR_WARN, "not permitted", "ptrace_scope = 1");
	f.machine.ptrace_scope = 1;
	f.machine.caps &= ~OS_CAP(CAP_SYS_PTRACE);
	judge_target(&f, &t);
	expect("memory", DOCTOR_WARN, "not permitted", "sudo dwell doctor -p 4711");
}

static void test_target_files(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = healthy_target();

	healthy_files[0].function_cnt = 0;
	judge_target(&f, &t);
	expect("unwind_tables", DOCTOR_WARN, "server is without .eh_frame", "-fasynchronous");
	healthy_files[0].is_go = true;
	judge_target(&f, &t);
	expect("unwind_tables", DOCTOR_OK, "all", NULL);
	t = healthy_target();
	healthy_files[0].opened = healthy_files[1].opened = false;
	f.machine.caps &= ~OS_CAP(CAP_DAC_READ_SEARCH);
	judge_target(&f, &t);
	expect("executable", DOCTOR_WARN, "can't be read", "sudo");
	expect("unread_libraries", DOCTOR_WARN, "libc.so.6", "sudo");
	assert_null(find("symbols"));
}

static void test_target_symbols(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = healthy_target();

	healthy_files[0].name_cnt = 3;
	judge_target(&f, &t);
	expect("symbols", DOCTOR_WARN, "3 names for 100 functions",
	       "sudo DEBUGINFOD_URLS=https://debuginfod.debian.net dwell offcpu -p 4711");
	t.debuginfod = -ENOTSUP;
	judge_target(&f, &t);
	expect("symbols", DOCTOR_WARN, "stripped", "apt install libdebuginfod1; sudo");
	t.debuginfod = 0;
	judge_target(&f, &t);
	expect("symbols", DOCTOR_OK, "debuginfod is asked", NULL);
	healthy_files[0].has_build_id = false;
	judge_target(&f, &t);
	expect("symbols", DOCTOR_WARN, "stripped", "don't strip it");
	healthy_files[0].is_go = true;
	healthy_files[1].name_cnt = 0;
	t.debuginfod = -ENOENT;
	judge_target(&f, &t);
	expect("symbols", DOCTOR_OK, "has names", NULL);
	expect("library_symbols", DOCTOR_WARN, "1 of 1 libraries", "don't strip it");
	/* One that holds no code with tables, such as data in a library, needs no names. */
	healthy_files[1].function_cnt = 0;
	judge_target(&f, &t);
	expect("library_symbols", DOCTOR_OK, "1 libraries", NULL);
}

static void test_python(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = healthy_target();

	t.runtime = DOCTOR_PYTHON;
	t.python_version = 0x030d;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_OK, "CPython 3.13", NULL);
	f.trial.unwind = "fp";
	f.trial.python = false;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_WARN, "CPython 3.13", "5.17");
	assert_null(find("unwind_tables"));
	t.python_version = 0;
	snprintf(t.python_text, sizeof(t.python_text), "3.9 is not known");
	judge_target(&f, &t);
	expect("runtime", DOCTOR_WARN, "3.9 is not known", "3.11 to 3.14");
}

static void test_made_code(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = healthy_target();

	t.makes_code = true;
	t.own_pid = 7;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_WARN, "[anon]", "/tmp/perf-7.map");
	t.runtime = DOCTOR_NODE;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_WARN, "[jit]", "node --perf-basic-prof");
	t.writes_perf_map = true;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_OK, "Node.js", NULL);
	t.runtime = DOCTOR_JAVA;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_WARN, "[java]", "-XX:+PreserveFramePointer");
	t.keeps_fp = true;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_WARN, "perf map", "jcmd 4711 Compiler.perfmap");
	t.has_perf_map = true;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_OK, "methods have names", NULL);
	t.keeps_fp = false;
	judge_target(&f, &t);
	expect("runtime", DOCTOR_WARN, "stacks are cut", "-XX:+PreserveFramePointer");
}

/* Names of others: keep() sees that a line stays one. */
static void test_hostile_names(void **state _unused_)
{
	struct doctor_facts f = healthy();
	struct doctor_target t = healthy_target();

	t.comm = "a\nfail  x\033[2J";
	snprintf(healthy_files[0].name, sizeof(healthy_files[0].name), "b\r\nok  c\xff");
	judge_target(&f, &t);
	expect("process", DOCTOR_OK, "a", NULL);
	expect("executable", DOCTOR_OK, "b", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_user_namespace),
		cmocka_unit_test(test_no_type_information),
		cmocka_unit_test(test_lockdown),
		cmocka_unit_test(test_bpf_refused),
		cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_libraries),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_target_out_of_reach),
		cmocka_unit_test(test_target_memory),
		cmocka_unit_test(test_target_files),
		cmocka_unit_test(test_target_symbols),
		cmocka_unit_test(test_python),
		cmocka_unit_test(test_made_code),
		cmocka_unit_test(test_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
