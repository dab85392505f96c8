/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/pprof_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "format/proto_read.h"

#define PPROF_MAX_ITEMS	 (1u << 26)
#define PPROF_MAX_VALUES 256

/* The fields that are read, by message. */
enum {
	IN_SAMPLE_TYPE = 1,
	IN_SAMPLE,
	IN_MAPPING,
	IN_LOCATION,
	IN_FUNCTION,
	IN_STRING,
	IN_TIME_NANOS = 9,
	IN_DURATION_NANOS,
	IN_COMMENT = 13,
	IN_DEFAULT_SAMPLE_TYPE,
};
enum { IN_SAMPLE_LOCATIONS = 1, IN_SAMPLE_VALUES, IN_SAMPLE_LABEL };
enum { IN_LABEL_KEY = 1, IN_LABEL_STR, IN_LABEL_NUM };
enum { IN_LOCATION_ID = 1, IN_LOCATION_MAPPING, IN_LOCATION_ADDRESS, IN_LOCATION_LINE };
enum { IN_LINE_FUNCTION = 1, IN_LINE_LINE };
enum { IN_FUNCTION_ID = 1, IN_FUNCTION_NAME, IN_FUNCTION_FILE = 4 };
enum { IN_MAPPING_ID = 1, IN_MAPPING_FILE = 5, IN_MAPPING_BUILD_ID };
enum { IN_TYPE_TYPE = 1, IN_TYPE_UNIT };

/* ---- lists ---- */

static int list_add(struct pprof_list *l, size_t size, const void *item)
{
	int err = array__grow(&l->items, &l->cap, l->cnt + 1, size, PPROF_MAX_ITEMS);

	if (!err)
		memcpy((char *)l->items + l->cnt++ * size, item, size);
	return err;
}

/* Numbers of a list: one by one, or packed. */
static int list_add_numbers(struct pprof_list *l, const struct proto_field *f)
{
	struct cursor c = cursor_over(f->data, f->len);
	int err = 0;

	if (f->wire != PROTO_BYTES)
		return list_add(l, sizeof(uint64_t), &f->value);
	while (!err && cursor__left(&c)) {
		uint64_t v = proto_varint(&c);

		err = c.err ? c.err : list_add(l, sizeof(v), &v);
	}
	return err;
}

/* What is to be found by id begins with it. */
static int compare_ids(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void list_sort(struct pprof_list *l, size_t size)
{
	if (l->cnt)
		qsort(l->items, l->cnt, size, compare_ids);
}

static const void *list_find(const struct pprof_list *l, size_t size, uint64_t id)
{
	return l->cnt ? bsearch(&id, l->items, l->cnt, size, compare_ids) : NULL;
}

/* ---- messages ---- */

/* Numbers of fields 1.. of a message go to @values[1..]; others are skipped. 0 or -EBADMSG. */
static int read_numbers(const struct proto_field *f, uint64_t *values, uint32_t cnt)
{
	struct cursor c = cursor_over(f->data, f->len);
	struct proto_field in;

	if (f->wire != PROTO_BYTES)
		return -EBADMSG;
	memset(values, 0, cnt * sizeof(*values));
	while (proto_next(&c, &in))
		if (in.number < cnt && in.wire != PROTO_BYTES)
			values[in.number] = in.value;
	return c.err;
}

static int read_type(struct pprof_file *f, const struct proto_field *in)
{
	uint64_t v[IN_TYPE_UNIT + 1];
	int err = read_numbers(in, v, IN_TYPE_UNIT + 1);
	struct pprof_type t = {v[IN_TYPE_TYPE], v[IN_TYPE_UNIT]};

	if (!err && f->types.cnt == PPROF_MAX_VALUES)
		return -E2BIG;
	return err ? err : list_add(&f->types, sizeof(t), &t);
}

static int read_mapping(struct pprof_file *f, const struct proto_field *in)
{
	uint64_t v[IN_MAPPING_BUILD_ID + 1];
	int err = read_numbers(in, v, IN_MAPPING_BUILD_ID + 1);
	struct pprof_mapping_in m = {v[IN_MAPPING_ID], v[IN_MAPPING_FILE], v[IN_MAPPING_BUILD_ID]};

	if (!err && !f->mappings.cnt)
		f->first_mapping = m.id;
	return err ? err : list_add(&f->mappings, sizeof(m), &m);
}

static int read_function(struct pprof_file *f, const struct proto_field *in)
{
	uint64_t v[IN_FUNCTION_FILE + 1];
	int err = read_numbers(in, v, IN_FUNCTION_FILE + 1);
	struct pprof_function_in fn = {v[IN_FUNCTION_ID], v[IN_FUNCTION_NAME], v[IN_FUNCTION_FILE]};

	return err ? err : list_add(&f->functions, sizeof(fn), &fn);
}

static int read_location(struct pprof_file *f, const struct proto_field *in)
{
	uint64_t v[IN_LOCATION_ADDRESS + 1];
	int err = read_numbers(in, v, IN_LOCATION_ADDRESS + 1);
	struct pprof_location_in l = {v[IN_LOCATION_ID],
				      v[IN_LOCATION_MAPPING],
				      v[IN_LOCATION_ADDRESS],
				      {in->data, in->len}};

	return err ? err : list_add(&f->locations, sizeof(l), &l);
}

static int read_slice(struct pprof_list *l, const struct proto_field *in)
{
	struct pprof_slice s = {in->data, in->len};

	return in->wire == PROTO_BYTES ? list_add(l, sizeof(s), &s) : -EBADMSG;
}

static int read_field(struct pprof_file *f, const struct proto_field *in)
{
	switch (in->number) {
	case IN_SAMPLE_TYPE:
		return read_type(f, in);
	case IN_SAMPLE:
		return read_slice(&f->samples, in);
	case IN_MAPPING:
		return read_mapping(f, in);
	case IN_LOCATION:
		return read_location(f, in);
	case IN_FUNCTION:
		return read_function(f, in);
	case IN_STRING:
		return read_slice(&f->strings, in);
	case IN_COMMENT:
		return list_add_numbers(&f->comments, in);
	case IN_TIME_NANOS:
		f->time_ns = (int64_t)in->value;
		return 0;
	case IN_DURATION_NANOS:
		f->duration_ns = (int64_t)in->value;
		return 0;
	case IN_DEFAULT_SAMPLE_TYPE:
		f->default_type = in->value;
		return 0;
	default:
		return 0;
	}
}

int pprof_file__init(struct pprof_file *f, const void *data, size_t len)
{
	struct cursor c = cursor_over(data, len);
	struct proto_field in;
	int err = 0;

	memset(f, 0, sizeof(*f));
	while (!err && proto_next(&c, &in))
		err = read_field(f, &in);
	if (!err)
		err = c.err;
	/* Without a type there are no values, and any few bytes might pass for a profile. */
	if (!err && (!f->types.cnt || !f->strings.cnt))
		err = -EBADMSG;
	if (err) {
		pprof_file__fini(f);
		return err;
	}
	list_sort(&f->mappings, sizeof(struct pprof_mapping_in));
	list_sort(&f->functions, sizeof(struct pprof_function_in));
	list_sort(&f->locations, sizeof(struct pprof_location_in));
	return 0;
}

void pprof_file__fini(struct pprof_file *f)
{
	struct pprof_list *lists[] = {&f->strings,   &f->types,	  &f->mappings, &f->functions,
				      &f->locations, &f->samples, &f->comments};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		free(lists[i]->items);
	memset(f, 0, sizeof(*f));
}

/* ---- looking up ---- */

struct pprof_slice pprof_file__string(const struct pprof_file *f, uint64_t index)
{
	const struct pprof_slice *strings = f->strings.items;

	return index < f->strings.cnt ? strings[index]
				      : (struct pprof_slice){(const uint8_t *)"", 0};
}

const struct pprof_mapping_in *pprof_file__mapping(const struct pprof_file *f, uint64_t id)
{
	return list_find(&f->mappings, sizeof(struct pprof_mapping_in), id);
}

const struct pprof_function_in *pprof_file__function(const struct pprof_file *f, uint64_t id)
{
	return list_find(&f->functions, sizeof(struct pprof_function_in), id);
}

size_t pprof_file__location(const struct pprof_file *f, uint64_t id)
{
	const struct pprof_location_in *l =
		list_find(&f->locations, sizeof(struct pprof_location_in), id);

	return l ? (size_t)(l - (const struct pprof_location_in *)f->locations.items) : SIZE_MAX;
}

int pprof_file__lines(const struct pprof_location_in *l,
		      int (*fn)(void *arg, const struct pprof_line_in *line), void *arg)
{
	struct cursor c = cursor_over(l->message.data, l->message.len);
	struct proto_field in;
	int err = 0;

	while (!err && proto_next(&c, &in)) {
		uint64_t v[IN_LINE_LINE + 1];

		if (in.number != IN_LOCATION_LINE)
			continue;
		err = read_numbers(&in, v, IN_LINE_LINE + 1);
		if (!err)
			err = fn(arg,
				 &(struct pprof_line_in){v[IN_LINE_FUNCTION], v[IN_LINE_LINE]});
	}
	return err ? err : c.err;
}

/* ---- samples ---- */

/* What a sample is read into, one after the other. */
struct sample_reader {
	struct pprof_list locations, values, labels;
};

static int read_label(struct sample_reader *r, const struct proto_field *in)
{
	uint64_t v[IN_LABEL_NUM + 1];
	int err = read_numbers(in, v, IN_LABEL_NUM + 1);
	struct pprof_label_in l = {v[IN_LABEL_KEY], v[IN_LABEL_STR], (int64_t)v[IN_LABEL_NUM]};

	return err ? err : list_add(&r->labels, sizeof(l), &l);
}

static int read_sample(struct sample_reader *r, const struct pprof_slice *message)
{
	struct cursor c = cursor_over(message->data, message->len);
	struct proto_field in;
	int err = 0;

	r->locations.cnt = r->values.cnt = r->labels.cnt = 0;
	while (!err && proto_next(&c, &in)) {
		if (in.number == IN_SAMPLE_LOCATIONS)
			err = list_add_numbers(&r->locations, &in);
		else if (in.number == IN_SAMPLE_VALUES)
			err = list_add_numbers(&r->values, &in);
		else if (in.number == IN_SAMPLE_LABEL)
			err = read_label(r, &in);
	}
	return err ? err : c.err;
}

int pprof_file__samples(const struct pprof_file *f,
			int (*fn)(void *arg, const struct pprof_sample_in *s), void *arg)
{
	const struct pprof_slice *messages = f->samples.items;
	struct sample_reader r = {.locations = {NULL, 0, 0}};
	int err = 0;

	for (size_t i = 0; !err && i < f->samples.cnt; i++) {
		err = read_sample(&r, &messages[i]);
		if (!err && r.values.cnt != f->types.cnt)
			err = -EBADMSG;
		if (!err)
			err = fn(arg, &(struct pprof_sample_in){
					      .locations = r.locations.items,
					      .location_cnt = r.locations.cnt,
					      .values = r.values.items,
					      .value_cnt = r.values.cnt,
					      .labels = r.labels.items,
					      .label_cnt = r.labels.cnt,
				      });
	}
	free(r.locations.items);
	free(r.values.items);
	free(r.labels.items);
	return err;
}
