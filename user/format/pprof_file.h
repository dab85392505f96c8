/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Reads pprof's profile.proto (https://github.com/google/pprof/blob/main/proto/profile.proto), unpacked, of any writer. Fields that are
 * not known are skipped; what is known has to be whole.
 *
 *   pprof_file__init -> pprof_file__samples -> pprof_file__fini
 */
#ifndef FORMAT_PPROF_FILE_H
#define FORMAT_PPROF_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the file: a string, or a message that is read when it is needed. */
struct pprof_slice {
	const uint8_t *data;
	size_t len;
};

struct pprof_type {
	uint64_t type, unit; /* strings */
};

struct pprof_mapping_in {
	uint64_t id, file, build_id; /* the last two: strings */
};

struct pprof_function_in {
	uint64_t id, name, file;
};

struct pprof_location_in {
	uint64_t id, mapping, address;
	struct pprof_slice message; /* its lines: pprof_file__lines() */
};

struct pprof_label_in {
	uint64_t key, str; /* strings; str 0: it is a number */
	int64_t num;
};

struct pprof_line_in {
	uint64_t function, line; /* function: id */
};

struct pprof_list {
	void *items;
	size_t cnt, cap;
};

struct pprof_file {
	struct pprof_list strings;  /* struct pprof_slice */
	struct pprof_list types;    /* struct pprof_type, in the order of a sample's values */
	struct pprof_list mappings; /* by id, as the next two */
	struct pprof_list functions;
	struct pprof_list locations;
	struct pprof_list samples;  /* struct pprof_slice */
	struct pprof_list comments; /* uint64_t: strings */
	uint64_t first_mapping;	    /* id of the first one in the file: the program; 0: none */
	uint64_t default_type;	    /* string; 0: none */
	int64_t time_ns, duration_ns;
};

struct pprof_sample_in {
	const uint64_t *locations; /* ids, leaf first */
	size_t location_cnt;
	const int64_t *values; /* as many as there are types */
	size_t value_cnt;
	const struct pprof_label_in *labels;
	size_t label_cnt;
};

/* Reads all but the samples. @data has to stay. 0; -EBADMSG; -E2BIG; -ENOMEM. On an error nothing is to be freed. */
int pprof_file__init(struct pprof_file *f, const void *data, size_t len);
void pprof_file__fini(struct pprof_file *f);
/* A string; an empty one for an index that there is not. */
struct pprof_slice pprof_file__string(const struct pprof_file *f, uint64_t index);
/* By id; NULL: there is none. */
const struct pprof_mapping_in *pprof_file__mapping(const struct pprof_file *f, uint64_t id);
const struct pprof_function_in *pprof_file__function(const struct pprof_file *f, uint64_t id);
/* The position of a location among f->locations; SIZE_MAX: there is none. */
size_t pprof_file__location(const struct pprof_file *f, uint64_t id);
/* Calls @fn for the lines of a location, the innermost function first. 0, -EBADMSG, or the first error of @fn. */
int pprof_file__lines(const struct pprof_location_in *l,
		      int (*fn)(void *arg, const struct pprof_line_in *line), void *arg);
/* Calls @fn for every sample. 0; -EBADMSG; -E2BIG; -ENOMEM; or the first error of @fn. */
int pprof_file__samples(const struct pprof_file *f,
			int (*fn)(void *arg, const struct pprof_sample_in *s), void *arg);

#endif
