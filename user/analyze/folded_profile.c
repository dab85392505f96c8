/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/folded_profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/folded_names.h"
#include "base/log.h"

#define FOLDED_CHUNK_BYTES    65536
#define FOLDED_MAX_FRAMES     65536
#define FOLDED_MAX_NAME_BYTES 65536
#define FOLDED_SUFFIX_LEN     4

struct loader {
	struct folded_source *from;
	struct profile *profile;
	struct folded_text text;
	struct buf line; /* the beginning of a line that goes on in the next chunk */
	struct buf name; /* of a frame */
	struct folded_names names;
	uint32_t *frames;
};

/* The kind that the end of a frame's name tells, FRAME_KIND_LAST + 1 if none. */
static enum frame_kind folded_suffix_kind(const char *name, size_t len)
{
	static const struct {
		char letter;
		enum frame_kind kind;
	} kinds[] = {
		{'k', FRAME_KIND_KERNEL},
		{'i', FRAME_KIND_INLINED},
		{'j', FRAME_KIND_JIT},
		{'w', FRAME_KIND_WAKER},
	};
	const char *end = name + len - FOLDED_SUFFIX_LEN;

	if (len <= FOLDED_SUFFIX_LEN || end[0] != '_' || end[1] != '[' || end[3] != ']')
		return FRAME_KIND_LAST + 1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (end[2] == kinds[i].letter)
			return kinds[i].kind;
	return FRAME_KIND_LAST + 1;
}

/* A name that was not seen before. */
static int loader_new_frame(struct loader *l, const char *name, size_t len, bool root,
			    uint32_t *ret_id)
{
	enum frame_kind kind = folded_suffix_kind(name, len);

	if (kind <= FRAME_KIND_LAST) {
		l->from->kinds = true;
		len -= FOLDED_SUFFIX_LEN;
	} else {
		kind = root ? FRAME_KIND_PROCESS : profile_kind_of_name(name, len);
	}
	if (len > FOLDED_MAX_NAME_BYTES) /* the profile keeps less of it anyway */
		len = FOLDED_MAX_NAME_BYTES;
	buf__reset(&l->name);
	if (buf__append(&l->name, name, len))
		return l->name.err;
	for (size_t i = 0; i < len;
	     i++) /* it would end there; the profile replaces it as it does this */
		if (!l->name.data[i])
			l->name.data[i] = '\x01';
	return profile__frame(l->profile, buf__str(&l->name), NULL, kind, ret_id);
}

static int loader_frame(struct loader *l, const char *name, size_t len, bool root, uint32_t *ret_id)
{
	uint32_t id;
	int err;

	/* The profile leaves spaces at an end out: what is in front of them tells the kind. */
	while (len && name[len - 1] == ' ')
		len--;
	id = folded_names__find(&l->names, name, len, root);
	if (id != HASH_INDEX_NONE) {
		*ret_id = id;
		return 0;
	}
	err = loader_new_frame(l, name, len, root, ret_id);
	if (err)
		return err;
	err = folded_names__add(&l->names, name, len, root, *ret_id);
	return err == -E2BIG ? 0 : err; /* it works without */
}

static int loader_row(struct loader *l, const struct folded_row *row)
{
	struct profile_sample s = {.reason = row->reason, .cnt = row->cnt, .blocked_ns = row->ns};
	const char *at = row->stack, *end = at + row->stack_len;
	uint32_t n = 0;
	int err = 0;

	l->from->has_reasons |= row->has_reason;
	if (l->from->reasons && !(l->from->reasons & 1u << row->reason)) {
		l->profile->hidden_ns += row->ns;
		return 0;
	}
	while (!err && at <= end && row->stack_len) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		if (n == FOLDED_MAX_FRAMES)
			return -E2BIG;
		err = loader_frame(l, at, len, !n, &l->frames[n]);
		n++;
		at += len + 1;
	}
	l->from->row_cnt++;
	return err ? err : folded_names__add_row(&l->names, l->profile, &s, l->frames, n);
}

static int loader_line(struct loader *l, const char *line, size_t len)
{
	struct folded_row row;
	int err = folded_text__line(&l->text, line, len, &row);

	if (err > 0)
		err = loader_row(l, &row);
	if (err == -E2BIG)
		return error_set(err, "line %llu is too long", (unsigned long long)l->text.line);
	return err;
}

/* Whole lines of a chunk; what is left of it is kept. */
static int loader_chunk(struct loader *l, const char *data, size_t len)
{
	const char *end;
	int err = 0;

	while (!err && (end = memchr(data, '\n', len))) {
		size_t line_len = (size_t)(end - data);

		if (l->line.len) {
			err = buf__append(&l->line, data, line_len);
			if (!err)
				err = loader_line(l, l->line.data, l->line.len);
			buf__reset(&l->line);
		} else {
			err = loader_line(l, data, line_len);
		}
		data += line_len + 1;
		len -= line_len + 1;
	}
	if (!err && len && buf__append(&l->line, data, len))
		err = error_set(l->line.err, "line %llu is too long",
				(unsigned long long)l->text.line + 1);
	return err;
}

static int loader_read(struct loader *l)
{
	char *chunk = malloc(FOLDED_CHUNK_BYTES);
	int err = chunk ? 0 : -ENOMEM;
	size_t n;

	while (!err && (n = fread(chunk, 1, FOLDED_CHUNK_BYTES, l->from->file)))
		err = loader_chunk(l, chunk, n);
	if (!err && ferror(l->from->file))
		err = -EIO;
	if (!err && l->line.len) /* the last line need not end */
		err = loader_line(l, l->line.data, l->line.len);
	free(chunk);
	return err;
}

/*
 * Without suffixes: what is behind "-" is of the kernel, what is behind "--" of the waker. The wait of a waker that was
 * itself waiting, in a chain, has both.
 */
static int loader_guess_kinds(struct loader *l)
{
	struct profile *p = l->profile;
	int err = 0;

	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];
		enum frame_kind kind = FRAME_KIND_NATIVE;

		for (uint32_t j = 0; !err && j < s->frame_cnt; j++) {
			uint32_t *id = &p->frame_ids[s->first_frame + j];
			const struct profile_frame *f = &p->frames[*id];

			if (f->kind == FRAME_KIND_DELIMITER)
				kind = strcmp(profile__str(p, f->name), "-") ? FRAME_KIND_WAKER
									     : FRAME_KIND_KERNEL;
			else if (f->kind == FRAME_KIND_NATIVE && kind != FRAME_KIND_NATIVE)
				err = profile__frame_of_kind(p, *id, kind, id);
		}
	}
	return err;
}

static int loader_title(struct loader *l)
{
	_cleanup_buf_ struct buf text;
	int err;

	buf__init(&text, FOLDED_MAX_NAME_BYTES);
	buf__printf(&text, "Off-CPU time: %s%s", l->from->name,
		    l->from->unit == FOLDED_UNIT_SAMPLES ? " (1 us is one sample)" : "");
	err = text.err ? text.err : profile__text(l->profile, buf__str(&text), &l->profile->title);
	return err;
}

static int loader_run(struct loader *l)
{
	int err = l->profile && l->frames ? loader_read(l) : -ENOMEM;

	if (!err && !l->from->kinds)
		err = loader_guess_kinds(l);
	return err ? err : loader_title(l);
}

struct profile *folded_profile_load(struct folded_source *from)
{
	struct loader l = {
		.from = from,
		.profile = profile__new(),
		.frames = malloc(FOLDED_MAX_FRAMES * sizeof(*l.frames)),
	};
	char why[768];
	int err;

	folded_text__init(&l.text, from->unit);
	buf__init(&l.line, FOLDED_MAX_LINE_BYTES);
	buf__init(&l.name, FOLDED_MAX_NAME_BYTES);
	folded_names__init(&l.names);
	err = loader_run(&l);
	folded_text__fini(&l.text);
	buf__fini(&l.line);
	buf__fini(&l.name);
	folded_names__fini(&l.names);
	free(l.frames);
	if (!err)
		return l.profile;
	profile__free(l.profile);
	snprintf(why, sizeof(why), "%s", error_text(err));
	error_set(err, "%s: %s", from->name, why);
	errno = -err;
	return NULL;
}
