/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One ring buffer per online CPU, read in turn; CPUs that come online later get theirs then. */
#ifndef SOURCE_BPF_RINGS_H
#define SOURCE_BPF_RINGS_H

#include <stddef.h>
#include <stdint.h>

struct ring_buffer;

typedef int (*rings_record_fn)(void *arg, const void *data, size_t len);

struct rings {
	int outer_fd; /* not owned */
	uint32_t ring_bytes;
	uint32_t possible_cpus;
	int *fds; /* by CPU; -1: none yet */
	struct ring_buffer *reader;
	rings_record_fn fn;
	void *arg;
	int err; /* the callback's */
	uint64_t read_bytes,
		high_bytes; /* in the round at hand; in the fullest one since rings__high_bytes() */
};

/* Creates the rings of the CPUs that are online now. 0 or -errno with error_set(). */
int rings__init(struct rings *r, int outer_fd, uint32_t possible_cpus, uint32_t ring_bytes,
		rings_record_fn fn, void *arg);
void rings__fini(struct rings *r);
/* Makes rings for CPUs that came online. 0 or -errno. */
int rings__add_online(struct rings *r);
/* Waits up to @timeout_ms for one ring to pass its wake-up mark. 0 or -errno; -EINTR is 0. */
int rings__wait(struct rings *r, int timeout_ms);
/* Delivers all that the rings hold. 0, -errno or the callback's error. */
int rings__consume(struct rings *r);

/*
 * The most that was in all rings together when they were read, since this was called last. Bytes that came while they were
 * read are among them.
 */
uint64_t rings__high_bytes(struct rings *r);
/* Of all rings. */
uint64_t rings__bytes(const struct rings *r);

/* max(64 KiB, min(1 MiB, 16 MiB / @possible_cpus rounded down to a power of two)). */
uint32_t rings_default_bytes(uint32_t possible_cpus);
/* Number of possible CPUs, or -errno. */
int rings_possible_cpus(void);

#endif
