/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * How long to wait before trying again: up to 1 s, 2 s, 4 s... 5 min, each time a random part of that ("full jitter"), so
 * that a fleet which a receiver lost doesn't come back all at once.
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_NS 1000000000ull
#define BACKOFF_MAX_NS	 (300 * 1000000000ull)

struct backoff {
	uint64_t limit_ns; /* of the next wait; 0: BACKOFF_FIRST_NS */
};

/* One more failure: the time to wait now, out of @random, any number. */
uint64_t backoff__next(struct backoff *b, uint64_t random);
/* A success. */
void backoff__reset(struct backoff *b);

#endif
