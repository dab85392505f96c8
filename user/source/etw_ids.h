/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Ids that a system gives again: who has one now, while it is told who gets them; and when all is told, who had one at a time.
 *
 *   etw_ids__init -> etw_ids__set, etw_ids__newest -> etw_ids__reserve -> etw_ids__hold for each -> etw_ids__sort -> etw_ids__find
 */
#ifndef SOURCE_ETW_IDS_H
#define SOURCE_ETW_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define ETW_MAX_IDS (1u << 23)
#define ETW_NONE    UINT32_MAX

struct etw_ids {
	struct etw_newest {
		uint64_t id;
		uint32_t at;
	} * items;
	size_t cnt, cap;
	struct hash_index index;
	struct etw_holder {
		uint64_t id, start_ns;
		uint32_t at;
	} * holders; /* of all, sorted */
	size_t holder_cnt;
};

void etw_ids__init(struct etw_ids *ids);
void etw_ids__fini(struct etw_ids *ids);
/* From here on the one at @at, a position of the caller's, has the id. 0, -ENOMEM, -E2BIG. */
int etw_ids__set(struct etw_ids *ids, uint64_t id, uint32_t at);
/* The one that it was set for last, or ETW_NONE. */
uint32_t etw_ids__newest(const struct etw_ids *ids, uint64_t id);

/* Room for @cnt holders. 0 or -ENOMEM. */
int etw_ids__reserve(struct etw_ids *ids, size_t cnt);
/* The one at @at had the id from @start_ns on, until another one had it. */
void etw_ids__hold(struct etw_ids *ids, uint64_t id, uint64_t start_ns, uint32_t at);
void etw_ids__sort(struct etw_ids *ids);
/* The one that had the id at @time_ns, else the first that did later; ETW_NONE: nobody ever. */
uint32_t etw_ids__find(const struct etw_ids *ids, uint64_t id, uint64_t time_ns);

#endif
