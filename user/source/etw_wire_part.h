/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the parts of struct etw_wire share. */
#ifndef SOURCE_ETW_WIRE_PART_H
#define SOURCE_ETW_WIRE_PART_H

#include "source/etw_wire.h"

/* A record of @size bytes, and behind them two texts, each with a NUL; @two may be NULL. To be freed; NULL: no memory. */
void *etw_wire_record(uint16_t kind, size_t size, const char *one, const char *two);
struct wire_image etw_wire_image(const struct etw_wire *t, uint32_t process);
/*
 * Tells the stack @part as it was at @time_ns, and its modules, unless it was told; @process: whose user stack it is, ETW_NONE: a kernel
 * stack. *@ret_id is its id, 0: there is none. 0, -ENOMEM, -E2BIG or an error of fn.
 */
int etw_wire_stack(struct etw_wire *t, uint32_t part, uint32_t process, uint64_t time_ns,
		   __u64 *ret_id);
/* The same of one function of the kernel's: its first address. */
int etw_wire_routine(struct etw_wire *t, uint64_t addr, uint64_t time_ns, __u64 *ret_id);

#endif
