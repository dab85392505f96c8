/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What kernels differ in, and what is done where one lacks it. By their names in the kernel; a release is never asked for. Nothing of
 * this is bad: what a fallback loses has a line of its own (unwinding, iterators).
 */
#include <stdio.h>
#include <string.h>

#include "app/doctor_table.h"

struct doctor_feature {
	const char *name;
	/* 1 yes, 0 no, -1 not known. */
	int (*has)(const struct doctor_facts *f);
	const char *instead;
};

/* What runs knows best: the helper is older than its use in programs of tracepoints. */
static int has_storage(const struct doctor_facts *f)
{
	const char *variant = f->trial.offcpu.variant;

	return variant ? !strcmp(variant, "core") : f->features.has_storage;
}

static int has_loop(const struct doctor_facts *f)
{
	return f->features.has_loop;
}

static int has_iterators(const struct doctor_facts *f)
{
	return f->trial.edges ? !strcmp(f->trial.edges, "iterators") : -1;
}

static int has_regs(const struct doctor_facts *f)
{
	return f->features.has_regs;
}

static int has_prev_state(const struct doctor_facts *f)
{
	return f->features.has_prev_state;
}

static int has_new_state(const struct doctor_facts *f)
{
	return f->features.has_new_state;
}

static int has_loads(const struct doctor_facts *f)
{
	return f->features.has_loads;
}

static int has_task_copy(const struct doctor_facts *f)
{
	return f->features.has_task_copy;
}

static const struct doctor_feature doctor_features[] = {
	{"task_storage", has_storage, "the state of threads is kept in a hash, by tid and start"},
	{"bpf_loop", has_loop, "walks of user stacks have loops with a fixed end"},
	{"task_iterators", has_iterators, "/proc tells who sleeps when tracing starts and ends"},
	{"task_pt_regs", has_regs, "registers are read at the top of the kernel stack"},
	{"prev_state", has_prev_state,
	 "the state of a thread is read from it when it leaves the CPU"},
	{"__state", has_new_state, "the state of a thread is task_struct.state"},
	{"rdonly_cast", has_loads, "kernel stacks are compared through bpf_probe_read_kernel()"},
	{"copy_from_user_task", has_task_copy, "goroutines are read with CAP_SYS_PTRACE only"},
};

/* "features" and those that there are. False: nothing is known. */
static bool doctor_say_features(const struct doctor_facts *f, struct doctor_finding *ret)
{
	char names[DOCTOR_TEXT_BYTES] = "";
	size_t len = 0, known = 0;

	for (size_t i = 0; i < ARRAY_SIZE(doctor_features); i++) {
		int has = doctor_features[i].has(f);

		known += has >= 0;
		if (has > 0)
			len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
						doctor_features[i].name);
	}
	snprintf(ret->check, sizeof(ret->check), "features");
	return known && doctor_say(ret, DOCTOR_OK, "the kernel has:%s", len ? names : " none");
}

bool doctor_judge_features(const struct doctor_facts *f, size_t i, struct doctor_finding *ret)
{
	if (!i)
		return doctor_say_features(f, ret);
	for (size_t j = 0; j < ARRAY_SIZE(doctor_features); j++) {
		if (doctor_features[j].has(f) || --i)
			continue;
		snprintf(ret->check, sizeof(ret->check), "%s", doctor_features[j].name);
		return doctor_say(ret, DOCTOR_OK, "not in this kernel; instead: %s",
				  doctor_features[j].instead);
	}
	return false;
}
