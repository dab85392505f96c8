/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is in an event trace, in one pass: who sent how many events, and whether there is what off-CPU times are made of. */
#ifndef FORMAT_ETL_SUMMARY_H
#define FORMAT_ETL_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "format/etl_event.h"
#include "format/etl_names.h"

#define ETL_SUMMARY_MAX_PROVIDERS 65536
#define ETL_SUMMARY_RECENT_CNT	  4096

/* Events that a stack may be of. */
enum etl_cause {
	ETL_CAUSE_NONE,
	ETL_CAUSE_SWITCH, /* a thread leaves a CPU to another one */
	ETL_CAUSE_READY,  /* a thread is woken */
	ETL_CAUSE_SYSCALL,
	ETL_CAUSE_SAMPLE,
	ETL_CAUSE_CNT,
};

/* Who sent events. */
struct etl_provider {
	int group; /* of the kernel's, also where its class stands in its place; -1: another provider */
	uint8_t guid[ETL_GUID_BYTES]; /* zero: a group's, or messages without any */
	uint64_t cnt;
};

struct etl_recent {
	int64_t ticks;
	enum etl_cause cause;
};

struct etl_summary {
	struct etl_provider *providers;
	size_t provider_cnt, provider_cap;
	struct hash_index index;
	uint64_t other_cnt; /* events of providers beyond the limit */
	uint64_t event_cnt;
	uint64_t cause_cnt[ETL_CAUSE_CNT];
	/* Stacks that are dated like such an event; a wait's stack may come in two pieces. At NONE: of others. */
	uint64_t stack_cnt[ETL_CAUSE_CNT];
	uint64_t process_cnt, image_cnt; /* events that name processes, and modules */
	uint64_t lost_cnt;		 /* events that say that others are lost */
	uint64_t last_ns;
	uint64_t group_cnt[ETL_GROUP_CNT];
	struct etl_recent recent[ETL_SUMMARY_RECENT_CNT];
};

/* NULL + errno. */
struct etl_summary *etl_summary__new(void);
void etl_summary__free(struct etl_summary *s);
/* 0 or -ENOMEM. */
int etl_summary__add(struct etl_summary *s, const struct etl_event *e);
/* When all are added: puts the kernel's groups among the providers, and the ones with the most events first. 0 or -ENOMEM. */
int etl_summary__finish(struct etl_summary *s);
uint64_t etl_summary__stacks(const struct etl_summary *s);

#endif
