/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What events of Windows say: the payloads of the kernel's classes, and of runtimes that make code, taken apart. Layouts are
 * those of the classes' descriptions (evntrace, NT Kernel Logger), all of their versions.
 */
#ifndef SOURCE_ETW_DECODE_H
#define SOURCE_ETW_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/etl_event.h"

#define ETW_NAME_BYTES 512 /* of UTF-8, the NUL among them; what is longer is cut */

enum etw_type {
	ETW_SWITCH,
	ETW_READY,
	ETW_SYSCALL_ENTER,
	ETW_SYSCALL_EXIT,
	ETW_SAMPLE,
	ETW_STACK,	  /* addresses */
	ETW_STACK_KEY,	  /* a name for addresses that are told later */
	ETW_STACK_OF_KEY, /* those addresses */
	ETW_THREAD,
	ETW_THREAD_NAME,
	ETW_PROCESS,
	ETW_IMAGE,
	ETW_IMAGE_STAMP, /* of the image told next */
	ETW_IMAGE_PDB,	 /* likewise */
	ETW_METHOD,
	ETW_VOLUME,
	ETW_HOST,
	ETW_LOST,
};

/* Of threads, processes and images: RUNDOWN, it was there before the trace; RUNDOWN_END, it still is at its end. */
enum etw_edge {
	ETW_EDGE_START = 1,
	ETW_EDGE_END = 2,
	ETW_EDGE_RUNDOWN = 3,
	ETW_EDGE_RUNDOWN_END = 4,
};

/* KTHREAD_STATE: of a thread that leaves a CPU. */
enum etw_state {
	ETW_STATE_READY = 1,
	ETW_STATE_STANDBY = 3,
	ETW_STATE_TERMINATED = 4,
	ETW_STATE_WAITING = 5,
	ETW_STATE_DEFERRED_READY = 7,
};

struct etw_event {
	enum etw_type type;
	enum etw_edge edge;
	union {
		struct {
			uint32_t new_tid, old_tid; /* 0: the idle thread */
			uint8_t reason;		   /* KWAIT_REASON */
			uint8_t state;		   /* enum etw_state and others */
		} change;
		struct {
			uint32_t tid;
			uint32_t by_tid; /* ETL_NO_ID: who has the CPU */
			bool by_dpc;
		} ready;
		struct {
			uint64_t addr; /* of the routine; of an exit: the status */
		} syscall;
		struct {
			uint32_t tid;
			bool in_interrupt; /* a DPC or an interrupt ran */
		} sample;
		struct {
			int64_t ticks; /* of the event whose stack it is */
			uint32_t pid, tid;
			uint64_t key;	      /* of STACK_KEY and STACK_OF_KEY */
			const uint8_t *addrs; /* innermost first: etw_stack_addr() */
			uint32_t addr_cnt;
			uint8_t ptr_bytes;
		} stack;
		struct {
			uint32_t pid, tid;
		} thread;
		struct {
			uint32_t pid, parent;
		} process;
		struct {
			uint32_t pid; /* 0: the kernel's */
			uint64_t base, size;
			uint32_t stamp; /* TimeDateStamp; 0: not told */
			uint8_t guid[ETL_GUID_BYTES];
			uint32_t age;
		} image;
		struct {
			uint32_t pid;
			uint64_t start, size;
		} method;
		struct {
			uint64_t events, buffers;
		} lost;
	};
	/* Of THREAD_NAME, PROCESS, IMAGE, METHOD, HOST and the PDB; of VOLUME the kernel's name. "": not told. */
	char name[ETW_NAME_BYTES];
	char dos_name[64]; /* of VOLUME: "C:" */
};

/* True, and *@ret: one of those. False: another one, or one that is too short for what it should tell. */
bool etw_decode(const struct etl_event *e, struct etw_event *ret);

uint64_t etw_stack_addr(const struct etw_event *e, uint32_t i);

/* "WrQueue"; NULL: unknown. Of KWAIT_REASON. */
const char *etw_wait_reason_name(unsigned int reason);

#endif
