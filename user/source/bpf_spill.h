/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A spill map in use and an empty one to put in its place.
 *
 * The swap is an update of an array of maps, from which the kernel returns only after every running program
 * has left the old map (maybe_wait_bpf_programs(), kernel/bpf/syscall.c; since 1ae80cf31938, 4.20). So the
 * old map is read and emptied at leisure, and no addition is lost. The swap is also used as a barrier.
 */
#ifndef SOURCE_BPF_SPILL_H
#define SOURCE_BPF_SPILL_H

#include <stddef.h>
#include <stdint.h>

struct spill {
	int outer_fd;	      /* not owned */
	int fds[2];	      /* owned */
	int active;	      /* which of them is in the kernel's hands; -1: not installed */
	uint64_t drained_cnt; /* the caller's: how much had come when it was last drained */
	size_t key_size, value_size;
	char *row; /* room for one key and one value, or as many as there are CPUs */
};

/* Creates the two maps and installs the first. 0 or -errno. */
int spill__init(struct spill *s, const char *name, int outer_fd, size_t key_size, size_t value_size,
		uint32_t rows);
/* The same with values per CPU: the callback gets @possible_cpus of them, of @value_size (a multiple of 8) each. */
int spill__init_percpu(struct spill *s, const char *name, int outer_fd, size_t key_size,
		       size_t value_size, uint32_t rows, uint32_t possible_cpus);
void spill__fini(struct spill *s);
/*
 * Swaps, then hands over each row of the old map and removes it. 0, -errno or the callback's error. Costs one
 * RCU grace period (about 10 ms; seconds where CPUs are short) plus about 2 us a row.
 */
typedef int (*spill_row_fn)(void *arg, const void *key, const void *value);
int spill__drain(struct spill *s, spill_row_fn fn, void *arg);

#endif
