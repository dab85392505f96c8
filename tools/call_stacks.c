/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "call_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "calls.h"
#include "model/model.h"
#include "naming.h"
#include "source/os_maps.h"
#include "symbol/recorded.h"
#include "symbol/symbolizer.h"

struct call_stacks {
	struct model model;
	struct recorded_symbols *told; /* nothing */
	struct naming naming;
	struct symbolizer *symbols;
	char *names[CALL_MAX_FRAMES]; /* owned */
	size_t name_cnt;
};

static void call_stacks_forget(struct call_stacks *s)
{
	for (size_t i = 0; i < s->name_cnt; i++)
		free(s->names[i]);
	s->name_cnt = 0;
}

struct call_stacks *call_stacks__new(void)
{
	static const struct offcpu_view view;
	struct call_stacks *s = calloc(1, sizeof(*s));
	struct symbolizer_opts opts = {0};
	int err = s ? model__init(&s->model) : -ENOMEM;

	if (!err) {
		s->told = recorded_symbols__new();
		err = s->told ? naming__init(&s->naming, &s->model, s->told, &view, NULL) : -errno;
	}
	if (!err) {
		opts.resolvers = s->naming.resolvers;
		opts.readers = s->naming.readers;
		opts.images = &s->model.images;
		s->symbols = symbolizer__new(&s->model.modules, &opts);
		err = s->symbols ? 0 : -errno;
	}
	if (!err)
		return s;
	call_stacks__free(s);
	errno = -err;
	return NULL;
}

void call_stacks__free(struct call_stacks *s)
{
	if (!s)
		return;
	call_stacks_forget(s);
	symbolizer__free(s->symbols);
	naming__fini(&s->naming);
	recorded_symbols__free(s->told);
	model__fini(&s->model);
	free(s);
}

static int call_stacks_take(void *arg, const struct event *e);

static int call_stacks_refresh(void *arg, const struct wire_image *image)
{
	struct call_stacks *s = arg;

	return os_maps_read(image, &s->model.modules, call_stacks_take, s);
}

static int call_stacks_take(void *arg, const struct event *e)
{
	struct call_stacks *s = arg;

	return model__apply(&s->model, e, call_stacks_refresh, s);
}

/* Makes the addresses a stack of the model, resolved; NULL + errno. */
static const struct stack *call_stacks_resolve(struct call_stacks *s,
					       const struct wire_image *image, const uint64_t *ips,
					       size_t cnt)
{
	union {
		struct wire_stack rec;
		uint64_t words[sizeof(struct wire_stack) / 8 + CALL_MAX_FRAMES];
	} def = {.rec = {.image = *image, .kind = WIRE_STACK_USER, .frame_cnt = (uint16_t)cnt}};
	struct wire_round round = {.h = {.kind = WIRE_ROUND, .size = sizeof(round)},
				   .time_ns = UINT64_MAX};
	struct event e = {.stack = &def.rec};
	int err;

	if (!image_table__get(&s->model.images, image))
		return NULL;
	memcpy(&def.words[sizeof(def.rec) / 8], ips, cnt * sizeof(*ips));
	def.rec.h.kind = WIRE_STACK;
	def.rec.h.size = (uint32_t)(sizeof(def.rec) + cnt * sizeof(*ips));
	def.rec.id =
		hash_mix(hash_bytes(image, sizeof(*image)), hash_bytes(ips, cnt * sizeof(*ips)));
	err = call_stacks_take(s, &e);
	e.round = &round;
	if (!err)
		err = call_stacks_take(s, &e);
	errno = -err;
	return err < 0 ? NULL : stack_table__find(&s->model.stacks, def.rec.id);
}

int call_stacks__name(struct call_stacks *s, const struct wire_image *image, const uint64_t *ips,
		      size_t cnt, const char *const **ret_names)
{
	const struct symbol_line *lines;
	const struct stack *stack;
	int n;

	if (cnt > CALL_MAX_FRAMES)
		cnt = CALL_MAX_FRAMES;
	call_stacks_forget(s);
	stack = call_stacks_resolve(s, image, ips, cnt);
	if (!stack)
		return errno ? -errno : -ENOENT;
	for (size_t i = 0; i < stack->frame_cnt && i < CALL_MAX_FRAMES; i++) {
		n = symbolizer__locate(s->symbols, &stack->frames[i], &lines, NULL);
		if (n < 0)
			return n;
		s->names[i] = strdup(lines[n - 1].name);
		if (!s->names[i])
			return -ENOMEM;
		s->name_cnt++;
	}
	*ret_names = (const char *const *)s->names;
	return (int)s->name_cnt;
}
