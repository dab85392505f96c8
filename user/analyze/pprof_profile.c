/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/pprof_profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "base/log.h"
#include "format/pprof_file.h"
#include "model/profile_append.h"

#define PPROF_MAX_NAME	 65536
#define PPROF_MAX_STACK	 65536
#define PPROF_MAX_FRAMES (1u << 26)
#define PPROF_MAX_ALL \
	(1u << 28) /* frames of all samples: a few bytes may stand for 65,536 of them */

/* The frames of a location, root first, once they are known. */
struct pprof_place {
	uint32_t first, cnt; /* in frames; cnt 0: not asked for yet */
};

struct pprof_loader {
	struct pprof_source *from;
	struct pprof_file file;
	struct profile *profile;
	struct pprof_place *places; /* by position of the location */
	uint32_t *frames;
	size_t frame_cnt, frame_cap;
	uint32_t *stack;
	struct hash_index threads; /* positions */
	uint32_t program;	   /* the frame of others' samples */
	size_t ns_at, cnt_at;	   /* which values; cnt_at SIZE_MAX: none counts */
	uint64_t unit_ns;
	const struct pprof_location_in *location; /* whose lines are read */
};

static bool slice_is(struct pprof_slice s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.data, text, s.len);
}

/* As text of our own; what would end it is replaced as all that is no sign is. */
static int slice_text(struct pprof_slice s, struct buf *to)
{
	size_t len = s.len < PPROF_MAX_NAME / 2 ? s.len : PPROF_MAX_NAME / 2;

	buf__reset(to);
	buf__append(to, s.data, len);
	for (size_t i = 0; !to->err && i < len; i++)
		if (!to->data[i])
			to->data[i] = '\x01';
	return to->err;
}

/* ---- types ---- */

static uint64_t type_unit_ns(const struct pprof_file *f, const struct pprof_type *t)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"nanoseconds", 1},
		{"microseconds", 1000},
		{"milliseconds", 1000000},
		{"seconds", 1000000000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (slice_is(pprof_file__string(f, t->unit), units[i].name))
			return units[i].ns;
	return 0;
}

static void loader_choose_types(struct pprof_loader *l)
{
	const struct pprof_type *types = l->file.types.items;
	struct pprof_slice preset = pprof_file__string(&l->file, l->file.default_type);

	l->ns_at = l->file.types.cnt - 1;
	l->cnt_at = SIZE_MAX;
	for (size_t i = 0; i < l->file.types.cnt; i++)
		if (preset.len && types[i].type == l->file.default_type)
			l->ns_at = i;
	for (size_t i = 0; i < l->file.types.cnt; i++)
		if (slice_is(pprof_file__string(&l->file, types[i].type), "delay"))
			l->ns_at = i;
	for (size_t i = l->file.types.cnt; i-- > 0;)
		if (i != l->ns_at && slice_is(pprof_file__string(&l->file, types[i].unit), "count"))
			l->cnt_at = i;
	l->unit_ns = type_unit_ns(&l->file, &types[l->ns_at]);
}

/* ---- frames ---- */

static enum frame_kind frame_kind_of(struct pprof_slice name, struct pprof_slice module)
{
	enum frame_kind kind = profile_kind_of_name((const char *)name.data, name.len);

	if (kind == FRAME_KIND_NATIVE && module.len >= 7 && !memcmp(module.data, "[kernel", 7))
		return FRAME_KIND_KERNEL;
	return kind;
}

/* Of a path of either kind. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash && *path != '[')
		slash = strrchr(path, '\\');

	return slash && slash[1] ? slash + 1 : path;
}

static int loader_put(struct pprof_loader *l, struct pprof_slice name, struct pprof_slice file,
		      uint64_t line)
{
	const struct pprof_mapping_in *m = pprof_file__mapping(&l->file, l->location->mapping);
	struct pprof_slice module = pprof_file__string(&l->file, m ? m->file : 0);
	_cleanup_buf_ struct buf text = {0}, path = {0}, source = {0};
	struct profile_place place = {.line = line <= UINT32_MAX ? (uint32_t)line : 0};
	int err = array__grow((void **)&l->frames, &l->frame_cap, l->frame_cnt + 1,
			      sizeof(*l->frames), PPROF_MAX_FRAMES);

	buf__init(&text, PPROF_MAX_NAME);
	buf__init(&path, PPROF_MAX_NAME);
	buf__init(&source, PPROF_MAX_NAME);
	if (!err)
		err = slice_text(name, &text);
	if (!err)
		err = slice_text(module, &path);
	if (!err)
		err = slice_text(file, &source);
	if (err)
		return err;
	place.module = base_name(buf__str(&path));
	if (place.line)
		place.file = buf__str(&source);
	err = profile__frame_at(l->profile, buf__str(&text), frame_kind_of(name, module), &place,
				&l->frames[l->frame_cnt]);
	l->frame_cnt += !err;
	return err;
}

static int loader_line(void *arg, const struct pprof_line_in *line)
{
	struct pprof_loader *l = arg;
	const struct pprof_function_in *f = pprof_file__function(&l->file, line->function);

	return loader_put(l, pprof_file__string(&l->file, f ? f->name : 0),
			  pprof_file__string(&l->file, f ? f->file : 0), line->line);
}

/* Code that nobody has named. */
static int loader_address(struct pprof_loader *l)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)l->location->address);

	return loader_put(l, (struct pprof_slice){(const uint8_t *)text, (size_t)n},
			  pprof_file__string(&l->file, SIZE_MAX), 0);
}

/* Lines come innermost first. */
static int loader_place(struct pprof_loader *l, size_t at)
{
	struct pprof_place *p = &l->places[at];
	size_t first = l->frame_cnt;
	int err;

	if (p->cnt)
		return 0;
	l->location = (const struct pprof_location_in *)l->file.locations.items + at;
	err = pprof_file__lines(l->location, loader_line, l);
	if (!err && l->frame_cnt == first)
		err = loader_address(l);
	if (err)
		return err;
	*p = (struct pprof_place){(uint32_t)first, (uint32_t)(l->frame_cnt - first)};
	for (size_t i = 0; i < p->cnt / 2; i++) {
		uint32_t swap = l->frames[first + i];

		l->frames[first + i] = l->frames[l->frame_cnt - 1 - i];
		l->frames[l->frame_cnt - 1 - i] = swap;
	}
	return 0;
}

/* ---- labels ---- */

struct loader_labels {
	enum reason reason;
	bool has_reason; /* one of ours: then the stack begins with who waited */
	uint32_t pid, tid;
	struct pprof_slice thread, comm, wait_name;
};

static uint32_t label_id(const struct pprof_label_in *l)
{
	return l->num > 0 && l->num <= UINT32_MAX ? (uint32_t)l->num : 0;
}

static void loader_reason(struct pprof_slice s, struct loader_labels *ret)
{
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)(s.len < sizeof(name) ? s.len : sizeof(name) - 1),
		 (const char *)s.data);
	ret->has_reason |= !reason_parse(name, &ret->reason);
}

static struct loader_labels loader_labels(const struct pprof_loader *l,
					  const struct pprof_sample_in *s)
{
	struct loader_labels ret = {.reason = REASON_OTHER};

	for (size_t i = 0; i < s->label_cnt; i++) {
		const struct pprof_label_in *in = &s->labels[i];
		struct pprof_slice key = pprof_file__string(&l->file, in->key);
		struct pprof_slice str = pprof_file__string(&l->file, in->str);

		if (slice_is(key, "reason"))
			loader_reason(str, &ret);
		else if (slice_is(key, "pid"))
			ret.pid = label_id(in);
		else if (slice_is(key, "tid"))
			ret.tid = label_id(in);
		else if (slice_is(key, "thread"))
			ret.thread = str;
		else if (slice_is(key, "comm"))
			ret.comm = str;
		else if (slice_is(key, "wait_reason"))
			ret.wait_name = str;
	}
	return ret;
}

struct thread_key {
	uint32_t pid, tid, comm, process;
};

static bool thread_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct profile_thread *t = &((const struct profile *)owner)->threads[pos];
	const struct thread_key *k = key;

	return t->pid == k->pid && t->tid == k->tid && t->comm == k->comm &&
	       t->process == k->process;
}

static int loader_name(struct pprof_loader *l, struct pprof_slice s, uint32_t *ret_id)
{
	_cleanup_buf_ struct buf text;
	int err;

	buf__init(&text, PPROF_MAX_NAME);
	err = slice_text(s, &text);
	return err ? err : profile__text(l->profile, buf__str(&text), ret_id);
}

/* The position of the sample's thread; UINT32_MAX: it has none. */
static int loader_thread(struct pprof_loader *l, const struct loader_labels *labels, uint32_t *ret)
{
	struct thread_key key = {.pid = labels->pid, .tid = labels->tid};
	struct profile_thread t = {.pid = labels->pid, .tid = labels->tid};
	uint64_t hash;
	int err;

	*ret = UINT32_MAX;
	if (!labels->has_reason || !labels->tid)
		return 0;
	err = loader_name(l, labels->thread, &key.comm);
	if (!err)
		err = loader_name(l, labels->comm, &key.process);
	if (err)
		return err;
	hash = hash_mix(hash_u64((uint64_t)key.pid << 32 | key.tid),
			(uint64_t)key.comm << 32 | key.process);
	*ret = hash_index__find(&l->threads, hash, thread_eq, l->profile, &key);
	if (*ret != HASH_INDEX_NONE)
		return 0;
	*ret = (uint32_t)l->profile->thread_cnt;
	t.comm = t.group = key.comm;
	t.process = key.process;
	err = profile__add_thread(l->profile, &t);
	return err ? err : hash_index__add(&l->threads, hash, *ret);
}

/* ---- samples ---- */

/* The name of the program, from its first mapping: what stacks of others begin with. */
static int loader_program(struct pprof_loader *l)
{
	const struct pprof_mapping_in *m = pprof_file__mapping(&l->file, l->file.first_mapping);
	struct pprof_slice file = pprof_file__string(&l->file, m ? m->file : 0);
	_cleanup_buf_ struct buf path;
	int err;

	buf__init(&path, PPROF_MAX_NAME);
	err = slice_text(file, &path);
	return err ? err
		   : profile__frame(l->profile, path.len ? base_name(buf__str(&path)) : "[program]",
				    NULL, FRAME_KIND_PROCESS, &l->program);
}

/* The frames of a sample, root first, to l->stack. 0 or -errno. */
static int loader_stack(struct pprof_loader *l, const struct pprof_sample_in *s, bool ours,
			uint32_t *ret_cnt)
{
	uint32_t cnt = 0;
	int err = 0;

	if (!ours)
		l->stack[cnt++] = l->program;
	for (size_t i = s->location_cnt; !err && i-- > 0;) {
		size_t at = pprof_file__location(&l->file, s->locations[i]);
		const struct pprof_place *p = &l->places[at == SIZE_MAX ? 0 : at];

		if (at == SIZE_MAX)
			return -EBADMSG;
		err = loader_place(l, at);
		if (!err && cnt + p->cnt > PPROF_MAX_STACK)
			return -E2BIG;
		for (uint32_t j = 0; !err && j < p->cnt; j++)
			l->stack[cnt++] = l->frames[p->first + j];
	}
	if (!err && ours && cnt)
		err = profile__frame_of_kind(l->profile, l->stack[0], FRAME_KIND_PROCESS,
					     &l->stack[0]);
	*ret_cnt = cnt;
	return err;
}

static int loader_values(const struct pprof_loader *l, const struct pprof_sample_in *in,
			 struct profile_sample *s)
{
	int64_t cnt = l->cnt_at == SIZE_MAX ? 0 : in->values[l->cnt_at];
	uint64_t unit = l->unit_ns ? l->unit_ns : 1000;

	if (in->values[l->ns_at] < 0 || cnt < 0)
		return error_set(-EINVAL,
				 "%s has negative values: it is the difference of two, give these "
				 "to dwell diff",
				 l->from->name);
	if (__builtin_mul_overflow((uint64_t)in->values[l->ns_at], unit, &s->blocked_ns))
		return error_set(-EINVAL, "%s: a value is too large", l->from->name);
	s->cnt = (uint64_t)cnt;
	return 0;
}

static int loader_sample(void *arg, const struct pprof_sample_in *in)
{
	struct pprof_loader *l = arg;
	struct loader_labels labels = loader_labels(l, in);
	struct profile_sample s = {.reason = (uint8_t)labels.reason};
	uint32_t cnt;
	int err = loader_values(l, in, &s);

	l->from->has_reasons |= labels.has_reason;
	l->from->row_cnt++;
	if (!err && l->from->reasons && !(l->from->reasons & 1u << labels.reason)) {
		l->profile->hidden_ns += s.blocked_ns;
		return 0;
	}
	if (!err)
		err = loader_thread(l, &labels, &s.thread);
	if (!err && labels.has_reason && labels.wait_name.len)
		err = loader_name(l, labels.wait_name, &s.wait_name);
	if (!err)
		err = loader_stack(l, in, labels.has_reason, &cnt);
	if (!err && l->profile->frame_id_cnt + cnt > PPROF_MAX_ALL)
		err = -E2BIG;
	return err ? err : profile__add_sample(l->profile, &s, l->stack, cnt);
}

/* ---- the file ---- */

static int loader_title(struct pprof_loader *l)
{
	const struct pprof_type *type = (const struct pprof_type *)l->file.types.items + l->ns_at;
	struct pprof_slice unit = pprof_file__string(&l->file, type->unit);
	struct pprof_slice what = pprof_file__string(&l->file, type->type);
	char text[512];

	if (l->unit_ns)
		snprintf(text, sizeof(text), "Off-CPU time: %s", l->from->name);
	else
		snprintf(text, sizeof(text), "%.*s: %s (1 us is one of %.*s)",
			 (int)(what.len < 64 ? what.len : 64), (const char *)what.data,
			 l->from->name, (int)(unit.len < 64 ? unit.len : 64),
			 (const char *)unit.data);
	return profile__text(l->profile, text, &l->profile->title);
}

static int loader_read(struct pprof_loader *l)
{
	int err = pprof_file__init(&l->file, l->from->data, l->from->len);

	if (err)
		return err;
	l->places = calloc(l->file.locations.cnt + 1, sizeof(*l->places));
	if (!l->places)
		return -ENOMEM;
	loader_choose_types(l);
	l->profile->window_ns = l->file.duration_ns > 0 ? (uint64_t)l->file.duration_ns : 0;
	l->profile->start_realtime_ns = l->file.time_ns > 0 ? (uint64_t)l->file.time_ns : 0;
	err = loader_program(l);
	if (!err)
		err = pprof_file__samples(&l->file, loader_sample, l);
	if (!err)
		err = profile__finish_merge(l->profile);
	return err ? err : loader_title(l);
}

struct profile *pprof_profile_load(struct pprof_source *from)
{
	struct pprof_loader l = {
		.from = from,
		.profile = profile__new(),
		.stack = malloc((PPROF_MAX_STACK + 1) * sizeof(*l.stack)),
	};
	int err;

	hash_index__init(&l.threads);
	err = l.profile && l.stack ? loader_read(&l) : -ENOMEM;
	pprof_file__fini(&l.file);
	hash_index__fini(&l.threads);
	free(l.places);
	free(l.frames);
	free(l.stack);
	if (!err)
		return l.profile;
	profile__free(l.profile);
	if (err == -EBADMSG)
		error_set(err, "%s: it is damaged, or no pprof file", from->name);
	else if (err == -E2BIG)
		error_set(err, "%s: its stacks are too many or too deep", from->name);
	else if (err != -EINVAL)
		error_set(err, "%s: %s", from->name, strerror(-err));
	errno = -err;
	return NULL;
}
