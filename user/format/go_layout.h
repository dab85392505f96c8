/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where runtime.g, the struct of a goroutine, keeps what is wanted of it. Known for Go 1.15 to 1.27 (src/runtime/runtime2.go
 * of each, 64 bit); for others it is found out from the goroutines of a process, which also proves a known one.
 */
#ifndef FORMAT_GO_LAYOUT_H
#define FORMAT_GO_LAYOUT_H

#include <string.h>

#include "format/go_code.h"

/* What is read of a goroutine: up to labels in all versions. */
#define GO_G_BYTES 368

/* The same in all of them. */
enum go_g_offset {
	GO_G_STACK_LO = 0,
	GO_G_STACK_HI = 8,
	GO_G_M = 48,
	GO_G_SP = 56, /* of sched, the registers of one that doesn't run */
	GO_G_PC = 64,
};

/* Offsets in bytes; 0: there is no such member, or it isn't known where. */
struct go_layout {
	uint16_t bp; /* of sched */
	uint16_t
		syscall_sp; /* the pc lies behind it; the frame pointer behind that, from 1.23 on */
	uint16_t status;
	uint16_t goid;
	uint16_t wait_since;
	uint16_t wait_reason;
	uint16_t seq; /* trackingSeq: one byte, counts how often it stopped running */
	uint16_t locked_m;
	uint16_t parent_goid;
	uint16_t gopc, startpc;
	uint16_t waiting; /* the list of runtime.sudog of a channel's or a lock's waiter */
	uint16_t labels;  /* what runtime/pprof.SetGoroutineLabels() set */
	uint16_t m_curg;  /* of runtime.m: the goroutine that it runs */
};

/* Where a layout comes from. As a wish: from there, or where that doesn't tell from the ones behind. */
enum go_layout_from {
	GO_LAYOUT_TABLE,  /* the known versions, each as its own debug information has it */
	GO_LAYOUT_DWARF,  /* the program's debug information */
	GO_LAYOUT_MEMORY, /* what its goroutines look like */
};

/* "table", "dwarf", "inferred". */
const char *go_layout_from_name(enum go_layout_from from);
/* The one of that name; GO_LAYOUT_TABLE for any other, and for NULL. */
enum go_layout_from go_layout_from_parse(const char *name);

/* Of Go 1.@minor. False: not known. */
bool go_layout_of(unsigned int minor, struct go_layout *ret);

/* Where runtime.sudog, one wait of a goroutine, and runtime.hchan, a channel, keep what is wanted of them. */
struct go_channel_layout {
	uint16_t sudog_next; /* waitlink: what its goroutine waits for besides */
	uint16_t sudog_channel;
	uint16_t timer;	       /* of a channel that a timer sends to; 0: not told, before 1.23 */
	uint16_t recvq, sendq; /* runtime.waitq: who waits to receive, and to send */
};

/* Of Go 1.@minor. False: not known, and not to be found out. */
bool go_channel_layout_of(unsigned int minor, struct go_channel_layout *ret);

#define GO_STATUS_SCAN 0x1000 /* the garbage collector looks at its stack */

enum go_status {
	GO_IDLE = 0,
	GO_RUNNABLE = 1,
	GO_RUNNING = 2,
	GO_SYSCALL = 3,
	GO_WAITING = 4,
	GO_DEAD = 6,
	GO_COPYSTACK = 8,
	GO_PREEMPTED = 9,
	GO_LEAKED = 10, /* from 1.26 on, as is the next one */
	GO_DEAD_EXTRA = 11,
	GO_STATUS_CNT
};

/* Some goroutines as they are in memory. */
#define GO_SAMPLE_MAX 64
struct go_sample {
	uint64_t addrs[GO_SAMPLE_MAX];
	uint8_t bytes[GO_SAMPLE_MAX][GO_G_BYTES];
	size_t cnt;
};

/*
 * Reads @cnt goroutines (the first ones are taken), whose addresses lie at @list. False: there is something else.
 */
bool go_sample__read(struct go_sample *s, const struct go_memory *m, uint64_t list, uint64_t cnt);
/* Do they look as goroutines do that are laid out so? */
bool go_layout__fits(const struct go_layout *l, const struct go_sample *s,
		     const struct go_code *code);
/* Where the number of each is, by what the numbers look like; 0: these are no goroutines. */
uint16_t go_layout_find_goid(const struct go_sample *s);
/*
 * Finds out the layout by what the goroutines look like: all but seq and locked_m, and m_curg unless one runs or is in a system
 * call. False: it can't be told.
 */
bool go_layout_infer(const struct go_sample *s, const struct go_code *code, struct go_layout *ret);

/* A member of a goroutine that was read. */
static inline uint64_t go_g_u64(const uint8_t g[GO_G_BYTES], size_t offset)
{
	uint64_t v;

	memcpy(&v, g + offset, sizeof(v));
	return v;
}

static inline uint32_t go_g_u32(const uint8_t g[GO_G_BYTES], size_t offset)
{
	uint32_t v;

	memcpy(&v, g + offset, sizeof(v));
	return v;
}

/* enum go_status, or nothing that is known; without GO_STATUS_SCAN. */
static inline uint32_t go_g_status(const uint8_t g[GO_G_BYTES], const struct go_layout *l)
{
	return go_g_u32(g, l->status) & ~(uint32_t)GO_STATUS_SCAN;
}

#endif
