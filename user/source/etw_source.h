/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A trace of Windows in files as a source of events. It is read twice: see etw_pipe.h. */
#ifndef SOURCE_ETW_SOURCE_H
#define SOURCE_ETW_SOURCE_H

#include "format/etl_reader.h"
#include "source/etw_pipe.h"
#include "source/source.h"

/*
 * Reads @r, to which all files of the session were added and which has to live as long; @name is for errors and the profile's
 * title. It can be started once. NULL + errno.
 */
struct source *etw_source_new(struct etl_reader *r, const char *name);
/* Before the start: of whom it tells, and who takes system calls. What the targets point to has to stay. */
void etw_source_set(struct source *s, const struct etw_targets *targets, etw_call_fn fn, void *arg);

#endif
