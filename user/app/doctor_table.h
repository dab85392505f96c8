/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Inside of the doctor: what its checks share. */
#ifndef APP_DOCTOR_TABLE_H
#define APP_DOCTOR_TABLE_H

#include "app/doctor.h"
#include "base/compiler.h"

struct doctor_check {
	const char *name; /* NULL: the finding has its own */
	/*
	 * Says its @i-th line; most have only one. False: it has nothing (more) to say. Of the finding, a zeroed one that is ok, the
	 * text has to be filled in.
	 */
	bool (*judge)(const struct doctor_facts *f, size_t i, struct doctor_finding *ret);
};

/* Those of the target; end with .judge = NULL. They are asked only where there is one. */
extern const struct doctor_check doctor_target_checks[];

/* Those of rights. */
bool doctor_judge_rights(const struct doctor_facts *f, size_t i, struct doctor_finding *ret);
bool doctor_judge_capability(const struct doctor_facts *f, size_t i, struct doctor_finding *ret);
/* Those of what kernels differ in. */
bool doctor_judge_features(const struct doctor_facts *f, size_t i, struct doctor_finding *ret);
/* The first capability that is missing and without which nothing is traced; NULL: none. */
const char *doctor_missing_vital(const struct doctor_facts *f);

/* Each returns true, for `return doctor_say(...)`. */
bool doctor_say(struct doctor_finding *ret, enum doctor_status status, const char *fmt, ...)
	_printf_(3, 4);
bool doctor_fix(struct doctor_finding *ret, const char *fmt, ...) _printf_(2, 3);
/* Has it the capability, as os_cap_name() calls it? */
bool doctor_has_cap(const struct doctor_facts *f, const char *name);
/* How to get it. */
bool doctor_fix_cap(const struct doctor_facts *f, const char *name, struct doctor_finding *ret);
/* How to be allowed to read another process's memory. */
bool doctor_fix_memory(const struct doctor_facts *f, struct doctor_finding *ret);

#endif
