/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the goroutines of a suspicious site wait at: their channels, added up. */
#ifndef ANALYZE_GO_CHANNEL_FACTS_H
#define ANALYZE_GO_CHANNEL_FACTS_H

#include "analyze/go_leaks.h"
#include "format/go_channel.h"

#define GO_CHANNEL_FACTS_MAX 4096 /* goroutines of a site that are looked at */

struct go_channel_facts {
	uint64_t looked_cnt; /* goroutines whose channels are known */
	uint64_t
		untold_cnt; /* goroutines whose channels could not be read, see go_channels__read() */
	uint64_t beyond_cnt;  /* goroutines that were not looked at */
	uint64_t channel_cnt; /* different channels */
	uint64_t alone_cnt;   /* of looked_cnt: nobody else waits at any channel of theirs */
	uint64_t alike_cnt;   /* of looked_cnt: their channels are as those of the example */
	struct go_channels
		example; /* of go_leak.example, or another one if those can't be told; cnt is 0: none can */
};

/*
 * Reads the channels of the goroutines of @leak, which was found in @look, from the process. Nothing is found where they wait for
 * something else. 0 or -ENOMEM.
 */
int go_channel_facts__read(struct go_channel_facts *f, const struct go_look *look,
			   const struct go_leak *leak);

#endif
