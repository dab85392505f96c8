/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Parts of stacks, the kernel's and the user's: addresses, each list of them kept once, and the keys that stand for some. Keys are
 * given again: one means what is told of it next.
 */
#ifndef SOURCE_ETW_PARTS_H
#define SOURCE_ETW_PARTS_H

#include "base/hash.h"
#include "source/etw_decode.h"

#define ETW_MAX_STACKS	   (1u << 22) /* different ones, and keys */
#define ETW_MAX_ADDRS	   (1u << 27)
#define ETW_MAX_ADDRS_EACH 256 /* the system tells up to 192 */

struct key_stack;

struct etw_parts {
	bool wide;
	uint64_t *addrs;
	size_t addr_cnt, addr_cap;
	struct stack_part {
		uint32_t first, cnt;
	} * parts; /* by id - 1 */
	size_t part_cnt, part_cap;
	struct hash_index index;
	struct key_stack *keys; /* sorted by key and ticks once all are defined */
	size_t key_cnt, key_cap;
	uint64_t left_out_cnt; /* for there were too many */
};

/* @wide: the system has pointers of 8 bytes. */
void etw_parts__init(struct etw_parts *p, bool wide);
void etw_parts__fini(struct etw_parts *p);
/* The two parts of the addresses of @e; an id is 0 where there is no such part. 0 or -ENOMEM. */
int etw_parts__take(struct etw_parts *p, const struct etw_event *e, uint32_t *ret_kernel,
		    uint32_t *ret_user);
/* The same as @id in @from, another one. 0 or -ENOMEM. */
int etw_parts__copy(struct etw_parts *p, const struct etw_parts *from, uint32_t id,
		    uint32_t *ret_id);
/* The addresses, innermost first; until the next etw_parts__take(). NULL: @id is 0. */
const uint64_t *etw_parts__addrs(const struct etw_parts *p, uint32_t id, uint32_t *ret_cnt);

/* What a key stands for up to @ticks: an ETW_STACK_OF_KEY. 0 or -ENOMEM. */
int etw_parts__define(struct etw_parts *p, const struct etw_event *e, int64_t ticks);
/* All are defined. */
void etw_parts__defined(struct etw_parts *p);
/* What the key meant at @ticks, which is what is told of it first from then on. False: nothing is. */
bool etw_parts__of_key(const struct etw_parts *p, uint64_t key, int64_t ticks, uint32_t *ret_kernel,
		       uint32_t *ret_user);

#endif
