/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Goroutines as pprof's profile.proto, packed with gzip, with what Go's own profiles of them have: the types of samples of its goroutine and
 * its block profile, functions, files and lines. Functions of the runtime that programs can't call are left out, as in tracebacks.
 *
 *   go_pprof__new -> go_pprof__add ... -> go_pprof__finish -> go_pprof__free
 *
 * What is added is copied: the process may end before the profile does.
 */
#ifndef OUTPUT_GO_PPROF_H
#define OUTPUT_GO_PPROF_H

#include "analyze/go_table.h"
#include "base/buf.h"

enum go_pprof_kind {
	GO_PPROF_GOROUTINE, /* goroutine/count */
	GO_PPROF_BLOCK,	    /* contentions/count, delay/nanoseconds */
};

struct go_pprof_label {
	const char *name;
	const char *text; /* NULL: a number. "": there is no such label */
	uint64_t number;
};
#define GO_PPROF_MAX_LABELS 8

struct go_pprof_sample {
	const struct go_look *look;
	const char *program; /* the path of its file; "": not known */
	uint32_t stack;	     /* GO_STACK_NONE: it has just its first function, and @instead */
	uint64_t startpc;
	const char *instead;				   /* "[running]" */
	struct go_pprof_label labels[GO_PPROF_MAX_LABELS]; /* up to one without a name */
	uint64_t values[2];
};

struct go_pprof;

/* NULL + errno. */
struct go_pprof *go_pprof__new(enum go_pprof_kind kind);
void go_pprof__free(struct go_pprof *p);
/* 0 or -errno, which the profile then has for good. */
int go_pprof__add(struct go_pprof *p, const struct go_pprof_sample *s);
/* Appends the whole file to @to. @time_ns: CLOCK_REALTIME of its begin. 0 or the first error. */
int go_pprof__finish(struct go_pprof *p, uint64_t time_ns, uint64_t duration_ns, struct buf *to);

#endif
