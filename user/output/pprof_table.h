/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The tables of a pprof file: what a profile's samples and frames become before they are written. Ids count from 1, as the
 * format wants, and are positions + 1; texts belong to the profile. Nothing depends on the order of the profile's samples.
 */
#ifndef OUTPUT_PPROF_TABLE_H
#define OUTPUT_PPROF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/strtab.h"
#include "model/profile.h"

/* What a sample is labelled with: numbers, and string ids of the profile. 0: not known. */
struct pprof_labels {
	uint32_t pid, tid;
	uint32_t thread;    /* the thread's own name */
	uint32_t comm;	    /* its process's */
	uint32_t group;	    /* 0 too where it is the thread's name */
	bool goroutine;	    /* tid is its number */
	uint32_t wait_name; /* what the system calls the reason */
	uint32_t labels;    /* of the program itself */
	uint8_t reason;	    /* enum reason */
};

/* Samples with equal frames and labels, added up. */
struct pprof_sample {
	uint32_t first, cnt; /* in stacks: locations, root first */
	struct pprof_labels labels;
	uint64_t contentions;
	uint64_t delay_ns;
};

struct pprof_location {
	uint32_t function;
	uint32_t mapping; /* 0: none */
	uint32_t line;
};

struct pprof_function {
	const char *name, *file; /* "": no file */
};

/* A module: all of one build id; where there is none, of one path, or of one name. */
struct pprof_mapping {
	uint64_t key;	   /* what tells it from others */
	const char *path;  /* or name */
	uint32_t build_id; /* string id of the profile; 0: none */
	bool program;	   /* neither a library nor the kernel or the like */
	bool has_files, has_lines, has_inlines;
	uint64_t ns;	    /* of the stacks that it is in */
	size_t last_sample; /* that was added to it, + 1 */
};

struct pprof_table {
	const struct profile *profile;
	uint32_t *frame_locations; /* by frame; one more, for samples without frames */
	uint32_t *stacks;
	size_t stack_cnt, stack_cap;
	struct pprof_sample *samples; /* sorted */
	size_t sample_cnt, sample_cap;
	struct pprof_location *locations;
	size_t location_cnt, location_cap;
	struct pprof_function *functions;
	size_t function_cnt, function_cap;
	struct pprof_mapping
		*mappings; /* in the order of their ids: the program itself comes first */
	size_t mapping_cnt, mapping_cap;
	struct hash_index sample_index, location_index, function_index, mapping_index;
};

/* The steps of pprof_table__init(), in this order; 0 or -errno. */
int pprof_table__add_locations(struct pprof_table *t);
int pprof_table__add_samples(struct pprof_table *t);
void pprof_table__order_mappings(struct pprof_table *t);

/* Makes the tables of @p, which must outlive @t. 0 or -errno; pprof_table__fini() is right in both cases. */
int pprof_table__init(struct pprof_table *t, const struct profile *p);
void pprof_table__fini(struct pprof_table *t);

#endif
