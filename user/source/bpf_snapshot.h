/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The kernel's answer to one look at all threads: a task iterator, bpf/snapshot.bpf.c. Nothing is attached. */
#ifndef SOURCE_BPF_SNAPSHOT_H
#define SOURCE_BPF_SNAPSHOT_H

#include "config.h"
#include "snapshot_record.h"
#include "source/bpf_targets.h"

struct bpf_snapshot;

/* Loads it for threads that are @targets. NULL + errno with error_set(). */
struct bpf_snapshot *bpf_snapshot__open(const struct targets *targets, enum config_threads threads);
void bpf_snapshot__close(struct bpf_snapshot *s);
/* "compat" or "minimal": which program this kernel took. */
const char *bpf_snapshot__variant(const struct bpf_snapshot *s);
/*
 * Hands over a struct snapshot_thread for each target and a struct snapshot_header for each other thread; @fn looks at the
 * kind. 0, -errno, or the callback's error.
 */
typedef int (*snapshot_fn)(void *arg, const struct snapshot_header *h);
int bpf_snapshot__look(struct bpf_snapshot *s, snapshot_fn fn, void *arg);

#endif
