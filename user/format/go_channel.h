/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The channels that a goroutine waits at, out of the memory of its process. */
#ifndef FORMAT_GO_CHANNEL_H
#define FORMAT_GO_CHANNEL_H

#include "format/goroutine.h"

#define GO_CHANNELS_MAX 32 /* cases of a select that are looked at */

enum go_side {
	GO_SIDE_UNKNOWN,
	GO_SIDE_SEND,
	GO_SIDE_RECEIVE,
};

struct go_channel {
	uint64_t addr;
	uint64_t len, cap; /* elements in it, and how many it has room for; cap 0: unbuffered */
	enum go_side side; /* what the goroutine wants of it */
	bool closed;
	bool is_timer; /* a timer sends to it: time.After(), a ticker. Told from 1.23 on */
	bool is_alone; /* no other goroutine waits at it, to send or to receive */
	bool is_met;   /* others wait for the other side */
};

struct go_channels {
	struct go_channel items[GO_CHANNELS_MAX];
	size_t cnt;
	bool is_cut; /* there are more */
};

/*
 * Those of @g, which was read from the process of @r. False: it waits at none (also at a nil channel), it has run meanwhile, what is
 * there makes no sense, or the version isn't known.
 */
bool go_channels__read(struct go_channels *ret, const struct go_runtime *r,
		       const struct goroutine *g);

#endif
