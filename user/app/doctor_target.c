/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The checks of the process that is to be traced. */
#include "app/doctor_target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/doctor_table.h"

/* With names for fewer of its functions, a file counts as one without. */
#define DOCTOR_NAMED_SHARE 4 /* a quarter */

/* Its files are known. */
static bool doctor_looked_into(const struct doctor_target *t)
{
	return !t->err && !t->kthread;
}

static const struct doctor_file *doctor_main(const struct doctor_target *t)
{
	for (size_t i = 0; i < t->file_cnt; i++)
		if (t->files[i].main)
			return &t->files[i];
	return NULL;
}

static bool judge_process(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;

	if (i)
		return false;
	if (t->err == -ESRCH) {
		doctor_say(ret, DOCTOR_FAIL, "there is no process %u%s", t->pid,
			   !f->machine.has_proc ? " to be seen without /proc"
			   : f->machine.pid_ns	? " in this pid namespace"
						: "");
		return !f->machine.has_proc ||
		       doctor_fix(ret, "ps -eo pid,args shows those there are");
	}
	if (t->err) {
		doctor_say(ret, DOCTOR_FAIL, "%s (pid %u): /proc/%u/maps can't be read: %s",
			   t->comm, t->pid, t->pid, strerror(-t->err));
		return doctor_has_cap(f, "sys_ptrace") || doctor_fix_cap(f, "sys_ptrace", ret);
	}
	if (t->kthread)
		return doctor_say(ret, DOCTOR_OK,
				  "%s (pid %u) is a kernel thread: it has kernel stacks only",
				  t->comm, t->pid);
	return doctor_say(ret, DOCTOR_OK, "%s (pid %u) has code of %zu files", t->comm, t->pid,
			  t->file_cnt);
}

static bool judge_container(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;

	if (i || !doctor_looked_into(t))
		return false;
	if (!t->other_mount_ns && !t->other_pid_ns)
		return doctor_say(ret, DOCTOR_OK, "it is in none: it sees the same files");
	return doctor_say(ret, DOCTOR_OK,
			  "it is in a container, where its pid is %u: its own files name its code",
			  t->own_pid);
}

static bool judge_memory(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;

	if (i || !doctor_looked_into(t))
		return false;
	if (!t->memory_err)
		return doctor_say(ret, DOCTOR_OK, "its memory can be read");
	doctor_say(ret, DOCTOR_WARN,
		   "its memory can't be read (%s): no frames of Python, stacks from before the "
		   "start are cut",
		   strerror(-t->memory_err));
	return doctor_fix_memory(f, ret);
}

static bool judge_executable(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;
	const struct doctor_file *file = doctor_main(t);
	const char *cap = t->exe_deleted ? "checkpoint_restore" : "dac_read_search";

	if (i || !doctor_looked_into(t) || !file)
		return false;
	if (file->opened)
		return doctor_say(ret, DOCTOR_OK, "%s%s", file->name,
				  t->exe_deleted ? " was deleted or replaced since: what runs is "
						   "still read"
						 : " can be read");
	doctor_say(ret, DOCTOR_WARN, "%s can't be read%s: its functions have no names", file->name,
		   t->exe_deleted ? ", as it was deleted or replaced" : "");
	return doctor_has_cap(f, cap) || doctor_fix_cap(f, cap, ret);
}

static bool judge_unread(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;
	const struct doctor_file *first = NULL;
	size_t cnt = 0;

	if (i || !doctor_looked_into(t))
		return false;
	for (size_t at = 0; at < t->file_cnt; at++) {
		if (t->files[at].opened || t->files[at].main)
			continue;
		first = first ? first : &t->files[at];
		cnt++;
	}
	if (!cnt)
		return false;
	doctor_say(ret, DOCTOR_WARN, "%zu of its libraries can't be read, %s first", cnt,
		   first->name);
	return doctor_has_cap(f, "dac_read_search") || doctor_fix_cap(f, "dac_read_search", ret);
}

/* Go keeps frame pointers everywhere, which do as well. */
static bool judge_unwind_tables(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;
	const struct doctor_file *first = NULL;
	size_t cnt = 0;

	if (i || !doctor_looked_into(t) || (f->trial.unwind && strcmp(f->trial.unwind, "cfi") != 0))
		return false;
	for (size_t at = 0; at < t->file_cnt; at++) {
		const struct doctor_file *file = &t->files[at];

		if (!file->opened || file->function_cnt || file->is_go)
			continue;
		first = first ? first : file;
		cnt++;
	}
	if (!cnt)
		return doctor_say(ret, DOCTOR_OK, "all its files can be unwound");
	doctor_say(ret, DOCTOR_WARN,
		   "%s%s without .eh_frame and .debug_frame: stacks go on there only if it keeps "
		   "frame pointers",
		   first->name, cnt > 1 ? " and others are" : " is");
	return doctor_fix(ret, "build it with -fasynchronous-unwind-tables");
}

/* ---- names ---- */

static bool doctor_is_named(const struct doctor_file *file)
{
	return file->is_go ||
	       (file->name_cnt && file->name_cnt * DOCTOR_NAMED_SHARE >= file->function_cnt);
}

static bool doctor_fix_names(const struct doctor_target *t, const struct doctor_file *file,
			     struct doctor_finding *ret)
{
	if (!file->has_build_id)
		return doctor_fix(ret, "build it without -s, and don't strip it");
	return doctor_fix(ret,
			  "%ssudo DEBUGINFOD_URLS=https://debuginfod.debian.net dwell offcpu -p %u",
			  t->debuginfod == -ENOTSUP ? "apt install libdebuginfod1; " : "", t->pid);
}

static bool judge_symbols(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;
	const struct doctor_file *file = doctor_main(t);

	if (i || !doctor_looked_into(t) || !file || !file->opened)
		return false;
	if (doctor_is_named(file))
		return doctor_say(ret, DOCTOR_OK, "%s has names for its functions%s", file->name,
				  file->has_debug ? ", and files and lines (--lines, --inlines)"
						  : "");
	if (!t->debuginfod && file->has_build_id)
		return doctor_say(ret, DOCTOR_OK,
				  "%s is stripped: debuginfod is asked for it when a run ends",
				  file->name);
	doctor_say(ret, DOCTOR_WARN, "%s is stripped: it has %llu names for %llu functions%s",
		   file->name, (unsigned long long)file->name_cnt,
		   (unsigned long long)file->function_cnt,
		   file->has_build_id ? "; debuginfod has them if Debian built it" : "");
	return doctor_fix_names(t, file, ret);
}

/* Libraries of distributions are stripped and export what matters; only one without any name is worth a word. */
static bool judge_library_symbols(const struct doctor_facts *f, size_t i,
				  struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;
	const struct doctor_file *first = NULL;
	size_t cnt = 0, all = 0;

	if (i || !doctor_looked_into(t))
		return false;
	for (size_t at = 0; at < t->file_cnt; at++) {
		const struct doctor_file *file = &t->files[at];

		if (file->main || !file->opened)
			continue;
		all++;
		if (file->name_cnt || file->is_go || !file->function_cnt)
			continue;
		first = first ? first : file;
		cnt++;
	}
	if (!cnt)
		return all &&
		       doctor_say(ret, DOCTOR_OK, "%zu libraries have names, or export some", all);
	doctor_say(ret, DOCTOR_WARN, "%zu of %zu libraries have no names at all, %s first", cnt,
		   all, first->name);
	return !t->debuginfod || doctor_fix_names(t, first, ret);
}

/* ---- languages ---- */

static bool judge_python(const struct doctor_facts *f, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;

	if (!t->python_version) {
		doctor_say(ret, DOCTOR_WARN, "Python: its functions can't be shown: %s",
			   t->python_text);
		return doctor_fix(ret, "run it with CPython 3.11 to 3.14 as Debian or python.org "
				       "build it");
	}
	if (f->trial.unwind && !f->trial.python) {
		doctor_say(ret, DOCTOR_WARN,
			   "CPython %u.%u: its functions are shown only where the kernel has "
			   "bpf_loop()",
			   t->python_version >> 8, t->python_version & 0xff);
		return doctor_fix(ret, "Linux 5.17 or newer (Debian 12 has 6.1)");
	}
	return doctor_say(ret, DOCTOR_OK, "CPython %u.%u: its functions are shown",
			  t->python_version >> 8, t->python_version & 0xff);
}

static bool judge_java(const struct doctor_facts *f, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;

	if (!t->keeps_fp) {
		doctor_say(ret, DOCTOR_WARN, "Java without frame pointers: stacks are cut%s",
			   t->has_perf_map ? "" : ", and methods are [java]");
		return doctor_fix(ret,
				  "java -XX:+PreserveFramePointer ...; while it is traced: "
				  "jcmd %u Compiler.perfmap",
				  t->pid);
	}
	if (t->has_perf_map)
		return doctor_say(ret, DOCTOR_OK, "Java: its methods have names");
	doctor_say(ret, DOCTOR_WARN, "Java: methods are [java] until the JVM writes a perf map");
	return doctor_fix(ret, "jcmd %u Compiler.perfmap", t->pid);
}

static bool judge_node(const struct doctor_facts *f, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;

	if (t->has_perf_map || t->writes_perf_map)
		return doctor_say(ret, DOCTOR_OK, "Node.js: its functions have names");
	doctor_say(ret, DOCTOR_WARN, "Node.js: functions of JavaScript are [jit]");
	return doctor_fix(ret, "node --perf-basic-prof --interpreted-frames-native-stack ...");
}

static bool judge_native(const struct doctor_facts *f, struct doctor_finding *ret)
{
	const struct doctor_target *t = f->target;

	if (!t->makes_code)
		return doctor_say(ret, DOCTOR_OK, "none that would have to tell names");
	if (t->has_perf_map)
		return doctor_say(ret, DOCTOR_OK, "code made at run time has names");
	doctor_say(ret, DOCTOR_WARN, "code made at run time is [anon]: nobody tells its names");
	return doctor_fix(ret, "let its runtime write /tmp/perf-%u.map or a jitdump", t->own_pid);
}

static bool judge_runtime(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (i || !doctor_looked_into(f->target))
		return false;
	switch (f->target->runtime) {
	case DOCTOR_GO:
		return doctor_say(ret, DOCTOR_OK,
				  "Go: its functions are shown, also if the program is stripped");
	case DOCTOR_PYTHON:
		return judge_python(f, ret);
	case DOCTOR_JAVA:
		return judge_java(f, ret);
	case DOCTOR_NODE:
		return judge_node(f, ret);
	default:
		return judge_native(f, ret);
	}
}

const struct doctor_check doctor_target_checks[] = {
	{"process", judge_process},	    {"container", judge_container},
	{"memory", judge_memory},	    {"executable", judge_executable},
	{"unread_libraries", judge_unread}, {"unwind_tables", judge_unwind_tables},
	{"symbols", judge_symbols},	    {"library_symbols", judge_library_symbols},
	{"runtime", judge_runtime},	    {NULL, NULL},
};
