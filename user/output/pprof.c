/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * pprof's profile.proto, packed with gzip: https://github.com/google/pprof/blob/main/proto/profile.proto
 *
 * The types of samples are those of Go's block profile, the time last, since some readers take the last one whatever the file
 * says. They are the same in all our files: pprof adds up only such. Locations have no address: their names are known, and
 * equal functions are one. There is no doc_url: Perfetto takes a file with one for another format.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/gzip.h"
#include "model/go_reason.h"
#include "model/labels.h"
#include "model/sanitise.h"
#include "output/comments.h"
#include "output/out.h"
#include "output/pprof_fields.h"
#include "output/pprof_table.h"
#include "output/proto.h"
#include "output/writer.h"

#define PPROF_MAX_TEXT	  (1u << 30) /* bytes of all strings */
#define PPROF_MAX_MESSAGE (1u << 28)
#define PPROF_PACK_BYTES  65536
#define PPROF_MAX_KEY	  8192
#define PPROF_MAX_IDS	  (1u << 20) /* in a sample or of comments */
#define PPROF_MAX_COMMENT 16384

struct pprof {
	const struct profile *profile;
	struct pprof_table table;
	struct strtab strings; /* of the file */
	struct buf clean;      /* a text of theirs */
	struct buf message;    /* what is not packed yet */
	uint64_t *ids;	       /* of a sample's locations */
	size_t id_cap;
	uint64_t *comments; /* string ids */
	size_t comment_cnt, comment_cap;
	struct gzip gzip;
	struct out out;
	int err; /* 0, or the first error of the above */
};

/* The id of a text in the file: names are clean already, other texts are not. */
static uint32_t pprof_text(struct pprof *w, const char *text)
{
	uint32_t id = 0;
	int err;

	buf__reset(&w->clean);
	err = sanitise_text(text, &w->clean);
	if (!err)
		err = strtab__intern(&w->strings, buf__str(&w->clean), &id);
	if (err && !w->err)
		w->err = err;
	return id;
}

/* After each message: packs what has come together. */
static void pprof_pack(struct pprof *w, size_t more_than)
{
	if (w->message.err && !w->err)
		w->err = w->message.err;
	if (w->err || w->message.len <= more_than)
		return;
	w->err = gzip__write(&w->gzip, w->message.data, w->message.len);
	buf__reset(&w->message);
}

static int pprof_put(void *arg, const void *data, size_t len)
{
	struct pprof *w = arg;

	out__append(&w->out, data, len);
	return w->out.err;
}

/* ---- samples ---- */

static void write_type(struct pprof *w, uint32_t field, const char *type, const char *unit)
{
	size_t at = proto_begin(&w->message, field);

	proto_u64(&w->message, TYPE_TYPE, pprof_text(w, type));
	proto_u64(&w->message, TYPE_UNIT, pprof_text(w, unit));
	proto_end(&w->message, at);
}

static void write_label(struct pprof *w, const char *key, const char *text, uint64_t number)
{
	size_t at;

	if (!*text && !number)
		return;
	at = proto_begin(&w->message, SAMPLE_LABEL);
	proto_u64(&w->message, LABEL_KEY, pprof_text(w, key));
	proto_u64(&w->message, LABEL_STR, pprof_text(w, text));
	proto_u64(&w->message, LABEL_NUM, number);
	proto_end(&w->message, at);
}

/* Ours come first in what readers show; a key may stand there once. */
static bool is_own_key(const char *key)
{
	static const char *const own[] = {
		"thread", "comm", "reason", "wait_reason", "group",
		"pid",	  "tid",  "goid",   "scheduler",   "blocking_reason"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (!strcmp(key, own[i]))
			return true;
	return false;
}

/* What the program itself calls its waits: as trace_id and span_id, by which stores of profiles know traces. */
static void write_own_labels(struct pprof *w, const char *labels)
{
	struct label l;

	while (labels_next(&labels, &l)) {
		_cleanup_buf_ struct buf key = {0};
		_cleanup_free_ char *value = strndup(l.value, l.value_len);

		buf__init(&key, PPROF_MAX_KEY);
		buf__append(&key, l.key, l.key_len);
		if (is_own_key(buf__str(&key)))
			buf__puts(&key, "_label");
		if (!value || key.err)
			w->err = -ENOMEM;
		else
			write_label(w, buf__str(&key), value, 0);
	}
}

static void write_labels(struct pprof *w, const struct pprof_labels *l)
{
	const struct profile *p = w->profile;

	write_label(w, "thread", profile__str(p, l->thread), 0);
	write_label(w, "comm", profile__str(p, l->comm), 0);
	write_label(w, "reason", reason_name((enum reason)l->reason), 0);
	write_label(w, "wait_reason", profile__str(p, l->wait_name), 0);
	write_label(w, "group", profile__str(p, l->group), 0);
	write_label(w, "pid", "", l->pid);
	write_label(w, l->goroutine ? "goid" : "tid", "", l->tid);
	write_own_labels(w, profile__str(p, l->labels));
	if (!l->goroutine)
		return;
	write_label(w, "scheduler", "goroutine", 0);
	write_label(w, "blocking_reason",
		    go_reason_name(go_reason_of_word(profile__str(p, l->wait_name))), 0);
}

static void write_sample(struct pprof *w, const struct pprof_sample *s)
{
	const uint32_t *stack = w->table.stacks + s->first;
	uint64_t values[] = {s->contentions, s->delay_ns};
	size_t at;

	w->err = array__grow((void **)&w->ids, &w->id_cap, s->cnt, sizeof(*w->ids), PPROF_MAX_IDS);
	if (w->err)
		return;
	for (uint32_t i = 0; i < s->cnt; i++)
		w->ids[i] = stack[s->cnt - 1 - i];
	at = proto_begin(&w->message, PROFILE_SAMPLE);
	proto_packed(&w->message, SAMPLE_LOCATIONS, w->ids, s->cnt);
	proto_packed(&w->message, SAMPLE_VALUES, values, ARRAY_SIZE(values));
	write_labels(w, &s->labels);
	proto_end(&w->message, at);
}

static void write_samples(struct pprof *w)
{
	write_type(w, PROFILE_SAMPLE_TYPE, "contentions", "count");
	write_type(w, PROFILE_SAMPLE_TYPE, "delay", "nanoseconds");
	for (size_t i = 0; !w->err && i < w->table.sample_cnt; i++) {
		write_sample(w, &w->table.samples[i]);
		pprof_pack(w, PPROF_PACK_BYTES);
	}
}

/* ---- what they consist of ---- */

static void write_mapping(struct pprof *w, uint64_t id, const struct pprof_mapping *m)
{
	size_t at = proto_begin(&w->message, PROFILE_MAPPING);

	proto_u64(&w->message, MAPPING_ID, id);
	proto_u64(&w->message, MAPPING_FILE, pprof_text(w, m->path));
	proto_u64(&w->message, MAPPING_BUILD_ID,
		  pprof_text(w, profile__str(w->profile, m->build_id)));
	/* Nobody is to look for names by addresses that are not there. */
	proto_u64(&w->message, MAPPING_HAS_FUNCTIONS, true);
	proto_u64(&w->message, MAPPING_HAS_FILES, m->has_files);
	proto_u64(&w->message, MAPPING_HAS_LINES, m->has_lines);
	proto_u64(&w->message, MAPPING_HAS_INLINES, m->has_inlines);
	proto_end(&w->message, at);
}

static void write_location(struct pprof *w, uint64_t id, const struct pprof_location *l)
{
	size_t at = proto_begin(&w->message, PROFILE_LOCATION), line_at;

	proto_u64(&w->message, LOCATION_ID, id);
	proto_u64(&w->message, LOCATION_MAPPING, l->mapping);
	line_at = proto_begin(&w->message, LOCATION_LINE);
	proto_u64(&w->message, LINE_FUNCTION, l->function);
	proto_u64(&w->message, LINE_LINE, l->line);
	proto_end(&w->message, line_at);
	proto_end(&w->message, at);
}

/* The system's name is left out: go tool pprof takes a name that equals it for one to shorten, and cuts what is in brackets. */
static void write_function(struct pprof *w, uint64_t id, const struct pprof_function *f)
{
	size_t at = proto_begin(&w->message, PROFILE_FUNCTION);

	proto_u64(&w->message, FUNCTION_ID, id);
	proto_u64(&w->message, FUNCTION_NAME, pprof_text(w, f->name));
	proto_u64(&w->message, FUNCTION_FILE, pprof_text(w, f->file));
	proto_end(&w->message, at);
}

static void write_tables(struct pprof *w)
{
	const struct pprof_table *t = &w->table;

	for (size_t i = 0; !w->err && i < t->mapping_cnt; i++) {
		write_mapping(w, i + 1, &t->mappings[i]);
		pprof_pack(w, PPROF_PACK_BYTES);
	}
	for (size_t i = 0; !w->err && i < t->location_cnt; i++) {
		write_location(w, i + 1, &t->locations[i]);
		pprof_pack(w, PPROF_PACK_BYTES);
	}
	for (size_t i = 0; !w->err && i < t->function_cnt; i++) {
		write_function(w, i + 1, &t->functions[i]);
		pprof_pack(w, PPROF_PACK_BYTES);
	}
}

/* ---- the rest ---- */

static void add_comments(struct pprof *w)
{
	_cleanup_buf_ struct buf texts;
	const char *at;

	buf__init(&texts, PPROF_MAX_TEXT);
	w->err = w->err ? w->err : profile_comments(w->profile, &texts);
	for (at = buf__str(&texts); !w->err && at < texts.data + texts.len; at += strlen(at) + 1) {
		w->err = array__grow((void **)&w->comments, &w->comment_cap, w->comment_cnt + 1,
				     sizeof(*w->comments), PPROF_MAX_IDS);
		if (!w->err)
			w->comments[w->comment_cnt++] = pprof_text(w, at);
	}
}

static void write_strings(struct pprof *w)
{
	for (size_t i = 0; !w->err && i < w->strings.cnt; i++) {
		proto_text(&w->message, PROFILE_STRING, strtab__get(&w->strings, (uint32_t)i));
		pprof_pack(w, PPROF_PACK_BYTES);
	}
}

/* In the order of the fields, so all texts are known before they are written. */
static void write_profile(struct pprof *w)
{
	const struct profile *p = w->profile;

	write_samples(w);
	write_tables(w);
	add_comments(w);
	write_strings(w);
	proto_u64(&w->message, PROFILE_TIME_NANOS, p->start_realtime_ns);
	proto_u64(&w->message, PROFILE_DURATION_NANOS, p->window_ns);
	write_type(w, PROFILE_PERIOD_TYPE, "contentions", "count");
	proto_u64(&w->message, PROFILE_PERIOD, 1);
	proto_packed(&w->message, PROFILE_COMMENT, w->comments, w->comment_cnt);
	proto_u64(&w->message, PROFILE_DEFAULT_SAMPLE_TYPE, pprof_text(w, "delay"));
	pprof_pack(w, 0);
}

static int pprof_init(struct pprof *w, const struct profile *p, FILE *to)
{
	int err;

	w->profile = p;
	out__init(&w->out, to);
	buf__init(&w->clean, PPROF_MAX_TEXT);
	buf__init(&w->message, PPROF_MAX_MESSAGE);
	gzip__init(&w->gzip, pprof_put, w);
	err = strtab__init(&w->strings, PPROF_MAX_TEXT);
	return err ? err : pprof_table__init(&w->table, p);
}

static void pprof_free(struct pprof **w)
{
	if (!*w)
		return;
	pprof_table__fini(&(*w)->table);
	strtab__fini(&(*w)->strings);
	buf__fini(&(*w)->clean);
	buf__fini(&(*w)->message);
	gzip__fini(&(*w)->gzip);
	free((*w)->ids);
	free((*w)->comments);
	free(*w);
}

static int pprof_write(const struct profile *p, const struct writer_opts *opts _unused_, FILE *to)
{
	_cleanup_(pprof_free) struct pprof *w = calloc(1, sizeof(*w));
	int err = w ? pprof_init(w, p, to) : -ENOMEM;

	if (err)
		return err;
	write_profile(w);
	if (!w->err)
		w->err = gzip__finish(&w->gzip);
	return w->err ? w->err : out__finish(&w->out);
}

const struct writer pprof_writer = {
	.name = "pprof",
	.ext = ".pb.gz",
	.help = "pprof's protocol buffers, in nanoseconds, for go tool pprof and others",
	.write = pprof_write,
};
