/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the doctor judges: facts of this machine, this program and the target, found by the code that traces. */
#ifndef TOOLS_DOCTOR_FACTS_H
#define TOOLS_DOCTOR_FACTS_H

#include "app/doctor_target.h"
#include "model/model.h"
#include "source/os_process.h"

/* A target and what its facts point into. */
struct doctor_target_facts {
	struct doctor_target target;
	struct os_process process;
	struct model model;
	size_t file_cap;
};

/*
 * Looks into process @pid: its mappings, the files behind them, their tables and names. A process that is not there, or may not
 * be looked into, is a fact, too. Servers of debug files are not asked: DEBUGINFOD_URLS is taken out of the environment. 0
 * or -ENOMEM, to be freed in either case.
 */
int doctor_target_read(uint32_t pid, struct doctor_target_facts *ret);
void doctor_target_free(struct doctor_target_facts *f);

#endif
