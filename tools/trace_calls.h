/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* System calls of Windows, out of a trace or of a live session: counted, named and written as those of Linux are. */
#ifndef TOOLS_TRACE_CALLS_H
#define TOOLS_TRACE_CALLS_H

#include "app/session.h"
#include "source/etw_pipe.h"
#include "syscalls.h"

struct trace_calls;

/* @c has to live as long. NULL + errno with error_set(). */
struct trace_calls *trace_calls__new(const struct syscalls_config *c);
void trace_calls__free(struct trace_calls *t);
/* Takes one; an etw_call_fn. */
int trace_calls__take(void *arg, const struct etw_told_call *call);
struct session *trace_calls__session(struct trace_calls *t);
/*
 * Runs @source, which hands calls to the above, and writes the report. @title: of whom. @here: the source is this machine, whose
 * files have names (pdb_symbols__look_here()). 0 or -errno with error_set().
 */
int trace_calls__run(struct trace_calls *t, struct source *source,
		     const struct session_limits *limits, const char *title, bool here);

/* Of the trace at @path. An exit status; everything was said. */
int trace_calls_of_file(const struct syscalls_config *c, const char *path);

#endif
