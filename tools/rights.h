/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a command that traces may still do, in two steps, in all of its threads and for good (base/os_privilege.h):
 *
 *   rights__add_file...   outputs are open, and the command after -- is forked: it keeps all that it was given
 *   rights__narrow        nothing of another process has been read: what tracing takes at all is kept
 *   rights__settle        probes are attached: what only loading and attaching took goes
 *
 * So a mistake in what reads programs of others is made with little power, and root is nobody who may do all. Processes that come later
 * are seen as before: docs/security.md has what is kept and what for. On Windows nothing is done.
 */
#ifndef TOOLS_RIGHTS_H
#define TOOLS_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/os_file.h"
#include "base/os_privilege.h"

/* What is still to be done once probes are attached. */
enum rights_later {
	RIGHTS_MAPS = 0,    /* maps are read and written to: of before */
	RIGHTS_NAMES = 1,   /* names are looked up, in files and mappings of processes */
	RIGHTS_CGROUPS = 2, /* cgroups are named by their ids */
	RIGHTS_PROCESSES =
		4,     /* whole processes that come are learned: names, and tables in new maps */
	RIGHTS_GO = 8, /* memory of Go programs that come is read */
	RIGHTS_PROBES = 16, /* more probes are attached */
	RIGHTS_NO_BPF = 32, /* maps are done with */
};

/* Zeroed at first. */
struct rights {
	uint64_t others; /* capabilities that outputs, a command and probes in programs take */
	uint64_t more; /* and what else this run does between the two steps: set before the first */
	struct os_privilege given_up;
};

/* An output that will have to get its name: before rights__narrow(). */
void rights__add_file(struct rights *r, const struct atomic_file *f);
/* There is a command, to which SIGTERM is passed on whoever it has become. */
void rights__add_command(struct rights *r);
/* 0, or -errno with error_set(): then the run should end. */
int rights__narrow(struct rights *r);
/* @later: a sum of enum rights_later. The same. */
int rights__settle(struct rights *r, unsigned int later);

#endif
