/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/go_pprof.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/gzip.h"
#include "base/strtab.h"
#include "model/sanitise.h"
#include "output/pprof_fields.h"
#include "output/proto.h"

#define MAX_TEXT    (256u << 20)
#define MAX_MESSAGE (256u << 20)
#define MAX_ITEMS   (1u << 22) /* functions, or places in them */

/* A program, a function of one, or a line of a function; their ids are positions + 1. Texts are ids of strings. */
struct go_pprof_item {
	uint32_t a, b; /* path | name, file | function, line */
	uint32_t mapping;
};

struct go_pprof_items {
	struct go_pprof_item *items;
	size_t cnt, cap;
	struct hash_index index;
};

struct go_pprof {
	enum go_pprof_kind kind;
	struct strtab strings;
	struct go_pprof_items mappings, locations, functions;
	struct buf message; /* samples; at the end all of it */
	struct buf clean;   /* a text on the way */
	uint64_t ids[2 * GO_STACK_MAX_FRAMES];
	size_t id_cnt;
	uint32_t mapping; /* of the sample at hand */
	int err;
};

struct go_pprof *go_pprof__new(enum go_pprof_kind kind)
{
	struct go_pprof *p = calloc(1, sizeof(*p));
	int err = p ? strtab__init(&p->strings, MAX_TEXT) : -ENOMEM;

	if (err) {
		go_pprof__free(p);
		errno = -err;
		return NULL;
	}
	p->kind = kind;
	buf__init(&p->message, MAX_MESSAGE);
	buf__init(&p->clean, MAX_TEXT);
	return p;
}

static void go_pprof_items_fini(struct go_pprof_items *i)
{
	free(i->items);
	hash_index__fini(&i->index);
}

void go_pprof__free(struct go_pprof *p)
{
	if (!p)
		return;
	go_pprof_items_fini(&p->mappings);
	go_pprof_items_fini(&p->locations);
	go_pprof_items_fini(&p->functions);
	strtab__fini(&p->strings);
	buf__fini(&p->message);
	buf__fini(&p->clean);
	free(p);
}

/* ---- what samples consist of ---- */

/* Names are out of the memory and the files of others: they may be no text. */
static uint32_t go_pprof_text(struct go_pprof *p, const char *text)
{
	uint32_t id = 0;
	int err;

	buf__reset(&p->clean);
	err = sanitise_text(text, &p->clean);
	if (!err)
		err = strtab__intern(&p->strings, buf__str(&p->clean), &id);
	if (err && !p->err)
		p->err = err;
	return id;
}

static bool go_pprof_item_equals(const void *owner, uint32_t pos, const void *key)
{
	const struct go_pprof_item *a = &((const struct go_pprof_items *)owner)->items[pos];
	const struct go_pprof_item *b = key;

	return a->a == b->a && a->b == b->b && a->mapping == b->mapping;
}

/* Its id, as one of them. */
static uint32_t go_pprof_item(struct go_pprof *p, struct go_pprof_items *i, uint32_t a, uint32_t b)
{
	const struct go_pprof_item key = {a, b, p->mapping};
	uint64_t hash = hash_mix((uint64_t)a << 32 | b, key.mapping);
	uint32_t found = hash_index__find(&i->index, hash, go_pprof_item_equals, i, &key);

	if (found != HASH_INDEX_NONE)
		return found + 1;
	if (!p->err)
		p->err = array__grow((void **)&i->items, &i->cap, i->cnt + 1, sizeof(*i->items),
				     MAX_ITEMS);
	if (!p->err)
		p->err = hash_index__add(&i->index, hash, (uint32_t)i->cnt);
	if (p->err)
		return 0;
	i->items[i->cnt++] = key;
	return (uint32_t)i->cnt;
}

static void go_pprof_place(struct go_pprof *p, const char *name, const char *file, uint32_t line)
{
	uint32_t function = go_pprof_item(p, &p->functions, go_pprof_text(p, name),
					  go_pprof_text(p, file ? file : ""));

	if (p->id_cnt < ARRAY_SIZE(p->ids))
		p->ids[p->id_cnt++] = go_pprof_item(p, &p->locations, function, line);
}

static int go_pprof_line(void *arg, const struct go_line *line)
{
	struct go_pprof *p = arg;

	go_pprof_place(p, line->name, line->file, line->line);
	return p->err;
}

static void go_pprof_stack(struct go_pprof *p, const struct go_pprof_sample *s)
{
	struct go_stack_view stack = go_look__stack(s->look, s->stack);
	int err = go_frames__each(s->look->frames, stack, false, go_pprof_line, p);

	/* Without room for names: what is there. */
	if (err && err != -E2BIG && !p->err)
		p->err = err;
	if (p->id_cnt)
		return;
	go_pprof_place(p, s->instead, "", 0);
	go_pprof_place(p, go_frames__function(s->look->frames, s->startpc), "", 0);
}

/* ---- samples ---- */

static void go_pprof_label(struct go_pprof *p, const struct go_pprof_label *l)
{
	size_t at;

	if (l->text ? !*l->text : !l->number)
		return;
	at = proto_begin(&p->message, SAMPLE_LABEL);
	proto_u64(&p->message, LABEL_KEY, go_pprof_text(p, l->name));
	if (l->text)
		proto_u64(&p->message, LABEL_STR, go_pprof_text(p, l->text));
	else
		proto_u64(&p->message, LABEL_NUM, l->number);
	proto_end(&p->message, at);
}

int go_pprof__add(struct go_pprof *p, const struct go_pprof_sample *s)
{
	size_t at;

	p->mapping = 0;
	p->mapping = go_pprof_item(p, &p->mappings, go_pprof_text(p, s->program), 0);
	p->id_cnt = 0;
	go_pprof_stack(p, s);
	if (p->err)
		return p->err;
	at = proto_begin(&p->message, PROFILE_SAMPLE);
	proto_packed(&p->message, SAMPLE_LOCATIONS, p->ids, p->id_cnt);
	proto_packed(&p->message, SAMPLE_VALUES, s->values, p->kind == GO_PPROF_BLOCK ? 2 : 1);
	for (size_t i = 0; i < GO_PPROF_MAX_LABELS && s->labels[i].name; i++)
		go_pprof_label(p, &s->labels[i]);
	proto_end(&p->message, at);
	return p->err ? p->err : p->message.err;
}

/* ---- the rest ---- */

static void go_pprof_type(struct go_pprof *p, uint32_t field, const char *type, const char *unit)
{
	size_t at = proto_begin(&p->message, field);

	proto_u64(&p->message, TYPE_TYPE, go_pprof_text(p, type));
	proto_u64(&p->message, TYPE_UNIT, go_pprof_text(p, unit));
	proto_end(&p->message, at);
}

static void go_pprof_types(struct go_pprof *p)
{
	const char *kind = p->kind == GO_PPROF_BLOCK ? "contentions" : "goroutine";

	go_pprof_type(p, PROFILE_SAMPLE_TYPE, kind, "count");
	if (p->kind == GO_PPROF_BLOCK)
		go_pprof_type(p, PROFILE_SAMPLE_TYPE, "delay", "nanoseconds");
	go_pprof_type(p, PROFILE_PERIOD_TYPE, kind, "count");
	proto_u64(&p->message, PROFILE_PERIOD, 1);
	if (p->kind == GO_PPROF_BLOCK)
		proto_u64(&p->message, PROFILE_DEFAULT_SAMPLE_TYPE, go_pprof_text(p, "delay"));
}

static void go_pprof_mapping(struct go_pprof *p, size_t i)
{
	size_t at = proto_begin(&p->message, PROFILE_MAPPING);

	proto_u64(&p->message, MAPPING_ID, i + 1);
	proto_u64(&p->message, MAPPING_FILE, p->mappings.items[i].a);
	/* Nobody is to look for names by addresses that are not there. */
	for (uint32_t has = MAPPING_HAS_FUNCTIONS; has <= MAPPING_HAS_INLINES; has++)
		proto_u64(&p->message, has, true);
	proto_end(&p->message, at);
}

static void go_pprof_location(struct go_pprof *p, size_t i)
{
	const struct go_pprof_item *l = &p->locations.items[i];
	size_t at = proto_begin(&p->message, PROFILE_LOCATION), line_at;

	proto_u64(&p->message, LOCATION_ID, i + 1);
	proto_u64(&p->message, LOCATION_MAPPING, l->mapping);
	line_at = proto_begin(&p->message, LOCATION_LINE);
	proto_u64(&p->message, LINE_FUNCTION, l->a);
	proto_u64(&p->message, LINE_LINE, l->b);
	proto_end(&p->message, line_at);
	proto_end(&p->message, at);
}

static void go_pprof_function(struct go_pprof *p, size_t i)
{
	size_t at = proto_begin(&p->message, PROFILE_FUNCTION);

	proto_u64(&p->message, FUNCTION_ID, i + 1);
	proto_u64(&p->message, FUNCTION_NAME, p->functions.items[i].a);
	proto_u64(&p->message, FUNCTION_FILE, p->functions.items[i].b);
	proto_end(&p->message, at);
}

int go_pprof__finish(struct go_pprof *p, uint64_t time_ns, uint64_t duration_ns, struct buf *to)
{
	uint64_t comment;

	go_pprof_types(p);
	for (size_t i = 0; i < p->mappings.cnt; i++)
		go_pprof_mapping(p, i);
	for (size_t i = 0; i < p->locations.cnt; i++)
		go_pprof_location(p, i);
	for (size_t i = 0; i < p->functions.cnt; i++)
		go_pprof_function(p, i);
	comment = go_pprof_text(p, "scheduler: goroutine");
	proto_u64(&p->message, PROFILE_TIME_NANOS, time_ns);
	proto_u64(&p->message, PROFILE_DURATION_NANOS, duration_ns);
	proto_packed(&p->message, PROFILE_COMMENT, &comment, 1);
	for (size_t i = 0; i < p->strings.cnt; i++)
		proto_text(&p->message, PROFILE_STRING, strtab__get(&p->strings, (uint32_t)i));
	if (!p->err)
		p->err = p->message.err;
	return p->err ? p->err : gzip_pack(p->message.data, p->message.len, to);
}
