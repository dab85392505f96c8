/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is well and what is not, judged from facts: one table of checks, each a short function that says one line, with the
 * command that helps. Gathering the facts is for others (tools/doctor_facts.c).
 */
#ifndef APP_DOCTOR_H
#define APP_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/bpf_trial.h"
#include "source/os_machine.h"

#define DOCTOR_CHECK_BYTES 32
#define DOCTOR_TEXT_BYTES  768

enum doctor_status {
	DOCTOR_OK,
	DOCTOR_WARN, /* tracing works, something will not be seen */
	DOCTOR_FAIL, /* dwell, or one of its commands, does not run */
};

struct doctor_finding {
	enum doctor_status status;
	char check[DOCTOR_CHECK_BYTES]; /* "cap_bpf" */
	char text[DOCTOR_TEXT_BYTES];	/* one line, without control characters */
	char fix[DOCTOR_TEXT_BYTES];	/* what to run or to change; "": nothing to do */
};

/* A library that this program was built without. */
struct doctor_library {
	const char *name, *package, *loss;
};

struct doctor_target;

struct doctor_facts {
	struct machine machine;
	struct bpf_features features;
	struct bpf_trial trial;
	int kernel_symbols;			/* kernel_symbols_hidden() */
	const struct doctor_library *libraries; /* missing ones */
	size_t library_cnt;
	const struct doctor_target *target; /* NULL: none was named; see doctor_target.h */
};

typedef void (*doctor_fn)(void *arg, const struct doctor_finding *f);
/* Calls @fn for each check that has something to say, in the order of the table. */
void doctor_judge(const struct doctor_facts *f, doctor_fn fn, void *arg);
/* "ok", "warn", "fail". */
const char *doctor_status_name(enum doctor_status s);

#endif
