/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One wait of a goroutine, exactly: from when it parked until it ran again. */
#ifndef FORMAT_GO_WAIT_H
#define FORMAT_GO_WAIT_H

#include "format/go_stacks.h"

/* Times are CLOCK_MONOTONIC. */
struct go_wait {
	uint64_t goid;
	uint64_t gopc, startpc; /* as in struct goroutine */
	uint8_t reason;		/* see go_wait_reasons__text() */
	uint32_t stack;		/* the source's number of it; GO_STACK_NONE */
	uint64_t park_ns;
	/* 0: not known, as when the network poller or the garbage collector wakes it, or it did not even stop. */
	uint64_t ready_ns;
	uint64_t run_ns; /* 0: it was not over at the end */
};

/* 0, or an error that ends the call. */
typedef int (*go_wait_fn)(void *arg, const struct go_wait *w);

#endif
