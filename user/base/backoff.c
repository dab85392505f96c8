/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/backoff.h"

uint64_t backoff__next(struct backoff *b, uint64_t random)
{
	uint64_t limit_ns = b->limit_ns ? b->limit_ns : BACKOFF_FIRST_NS;

	b->limit_ns = limit_ns * 2 < BACKOFF_MAX_NS ? limit_ns * 2 : BACKOFF_MAX_NS;
	return random % (limit_ns + 1);
}

void backoff__reset(struct backoff *b)
{
	b->limit_ns = 0;
}
