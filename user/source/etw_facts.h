/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a Windows system had while it was traced: processes, threads, and what code lay where, since when. Ids of processes and
 * threads are given again, so all is asked for as of a time. What is told only at a trace's end was there from its beginning.
 *
 *   etw_facts__init -> etw_facts__add for each event -> etw_facts__finish -> the rest -> more of all that
 */
#ifndef SOURCE_ETW_FACTS_H
#define SOURCE_ETW_FACTS_H

#include "base/hash.h"
#include "base/strtab.h"
#include "source/etw_decode.h"
#include "source/etw_ids.h"
#include "wire.h"

#define ETW_MAX_THREADS	    (1u << 22)
#define ETW_MAX_PLACES	    (1u << 23)	 /* of code, of all processes */
#define ETW_MAX_PLACES_EACH (1u << 20)	 /* as a timeline has entries */
#define ETW_MAX_PLACE_BYTES (1ull << 32) /* a PE file's size has 32 bits */
#define ETW_PAGE_BYTES	    4096
/* Where the places of a space are shown: modules first, then the methods, which are one mapping. */
#define ETW_SHOWN_FROM	 0x10000ull
#define ETW_METHODS_FROM (1ull << 46)
#define ETW_METHODS_TO	 (1ull << 47)

/* A file with code: which one, is said by the id of its symbols' file, or by when it was made and how big it is. */
struct etw_module {
	uint32_t path; /* string */
	uint32_t debug_name;
	uint8_t id[WIRE_BUILD_ID_LEN];
	uint8_t id_len; /* 20: GUID and age; 8: TimeDateStamp and size; 0: not told */
	bool kernel;
	uint32_t told; /* for who tells of it (etw_wire): its id there */
};

/* Code in a space: a module, or a method that a runtime made (module is ETW_NONE). */
struct etw_place {
	uint64_t start, end;
	uint64_t load_ns, unload_ns; /* 0: since before the trace; UINT64_MAX: till its end */
	uint64_t shown; /* its address in what is told of here: no other place has it */
	uint32_t module;
	uint32_t name; /* of a method: string */
	bool told;     /* as of a module */
};

/* The memory of a process, or of the kernel. */
struct etw_space {
	struct etw_place *places; /* in the order in which they were told */
	size_t cnt, cap;
	size_t finished_cnt;	   /* so many are in the timeline */
	struct timeline *timeline; /* NULL: none is */
	/* Since when code lay where other code had been, in the order of time: between two of these nothing changes. */
	uint64_t *change_ns;
	size_t change_cnt;
	uint64_t module_end, method_end; /* of what is shown */
};

/* One of those that had an id, one after the other. */
struct etw_process {
	uint32_t pid, parent;
	uint64_t start_ns, end_ns;
	uint32_t name;
	struct etw_space space;
	bool told;	      /* as of a module */
	uint32_t told_memory; /* the id of where its methods are */
};

struct etw_thread {
	uint32_t tid, pid;
	uint64_t start_ns, end_ns;
	uint32_t name; /* 0: it has none of its own */
	bool told;     /* as of a module */
};

struct etw_symbols_id;

struct etw_facts {
	bool wide; /* the system has pointers of 8 bytes */
	struct strtab strings;
	struct etw_process *processes;
	size_t process_cnt, process_cap;
	struct etw_ids pids;
	struct etw_thread *threads;
	size_t thread_cnt, thread_cap;
	struct etw_ids tids;
	struct etw_module *modules;
	size_t module_cnt, module_cap;
	struct hash_index by_module;
	struct etw_symbols_id *ids; /* told of images, by process and address */
	size_t id_cnt, id_cap;
	struct hash_index by_image;
	struct etw_ids images; /* -> place, by a hash of process and address */
	struct etw_space kernel;
	bool dirty; /* ids were given since they were sorted */
	size_t place_cnt,
		left_out_cnt; /* places; those that were too many, or at no address that can be */
	struct etw_volume {
		uint32_t nt, dos;
	} volumes[64];
	size_t volume_cnt;
};

/* 0 or -ENOMEM. @wide: the system has pointers of 8 bytes. */
int etw_facts__init(struct etw_facts *f, bool wide);
void etw_facts__fini(struct etw_facts *f);
/* Takes what is of interest here at @time_ns. 0, -ENOMEM, -E2BIG. */
int etw_facts__add(struct etw_facts *f, const struct etw_event *e, uint64_t time_ns);
/* All was added, or all that there is so far: it can be asked for. 0 or -ENOMEM. */
int etw_facts__finish(struct etw_facts *f);

/*
 * For runs without an end: forgets processes and threads that ended before @before_ns. Positions of all others change, and nothing
 * counts as told. 0, or -ENOMEM: it is of no more use.
 */
int etw_facts__forget(struct etw_facts *f, uint64_t before_ns);
/* Nothing counts as told any more. */
void etw_facts__untell(struct etw_facts *f);

/* The one that had the id at that time; if none had, the first that did later. ETW_NONE: nobody ever. */
uint32_t etw_facts__process(const struct etw_facts *f, uint32_t pid, uint64_t time_ns);
uint32_t etw_facts__thread(const struct etw_facts *f, uint32_t tid, uint64_t time_ns);

/* Do its threads never go to user space? Those of the idle process and of System. */
static inline bool etw_is_kernel_pid(uint32_t pid)
{
	return pid == 0 || pid == 4;
}

/* Is it an address of the kernel? */
bool etw_facts__is_kernel(const struct etw_facts *f, uint64_t addr);
/* The code at @addr, as of @time_ns; NULL: none is known. */
struct etw_place *etw_space__find(const struct etw_space *s, uint64_t addr, uint64_t time_ns);

/* How often code had taken the place of other code by @time_ns: between two times with one answer nothing changed. */
size_t etw_space__changes(const struct etw_space *s, uint64_t time_ns);

/* For etw_facts.c: as etw_facts__finish(). */
int etw_space__finish(struct etw_space *s);
/* Adds it, at an address of its own. 1; 0: no such place can be, or there are too many; -ENOMEM. */
int etw_space__add(struct etw_space *s, const struct etw_place *p);
void etw_space__fini(struct etw_space *s);

/* The path of a module, with the letter of its volume if that was told. To @to; returns it. */
const char *etw_facts__path(const struct etw_facts *f, uint32_t path, char *to, size_t cap);

#endif
