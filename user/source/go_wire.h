/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Goroutines as records: what the rest of the program knows of threads, stacks and waits, of those that Go schedules itself.
 *
 *   go_wire__init -> { stack, wait } ... -> go_wire__fini
 *
 * Threads, stacks and reasons are told at their first use.
 */
#ifndef SOURCE_GO_WIRE_H
#define SOURCE_GO_WIRE_H

#include "base/hash.h"
#include "format/go_labels.h"
#include "format/go_runtime.h"
#include "format/go_stacks.h"
#include "model/event.h"

#define GO_WIRE_MAX_THREADS (1u << 18) /* of all processes; further ones are one for each process */
#define GO_WIRE_MAX_STACKS  (1u << 20)

/* Which process they are in. */
struct go_wire_process {
	struct wire_image image;
	uint64_t cgroup_id;
	char comm[WIRE_COMM_LEN];
};

/* Numbers that were used before. */
struct go_wire_set {
	uint64_t *items;
	size_t cnt, cap;
	struct hash_index index;
};

struct go_wire {
	struct go_wire_set threads, stacks, labels;
	char (*reasons)[GO_WAIT_REASON_BYTES]; /* told */
	size_t reason_cnt, reason_cap;
	event_fn fn;
	void *arg;
};

/* A wait of a goroutine, or what is known of it. */
struct go_wire_wait {
	uint64_t goid;
	uint64_t stack;	    /* of go_wire__stack() */
	uint64_t labels;    /* of go_wire__labels(); 0: none */
	const char *reason; /* Go's word */
	enum go_status status;
	uint64_t out_ns, wake_ns, in_ns; /* as in struct wire_interval */
	uint64_t cnt;			 /* waits that it stands for */
	bool open;			 /* not at its end */
};

void go_wire__init(struct go_wire *w);
void go_wire__fini(struct go_wire *w);
/*
 * The id of a stack, which is told to w->fn if it is new: @pcs as in format/go_stack.h, @gopc: where the goroutine was created, 0: not known. 0 or
 * -errno.
 */
int go_wire__stack(struct go_wire *w, const struct go_wire_process *p, struct go_stack_view stack,
		   uint64_t gopc, enum wire_go_class whose, uint64_t now_ns, uint64_t *ret_id);
/* The id of a set of labels, likewise; 0 for one without any. 0 or -errno. */
int go_wire__labels(struct go_wire *w, const struct go_label_view *labels, uint64_t *ret_id);
/* Tells w->fn of a wait. 0 or -errno. */
int go_wire__wait(struct go_wire *w, const struct go_wire_process *p,
		  const struct go_wire_wait *wait);

#endif
