/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/stack_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define NAMES_MAX_TEXT 4096

void stack_names__init(struct stack_names *n, const struct model *model, struct symbolizer *symbols,
		       struct profile *profile)
{
	memset(n, 0, sizeof(*n));
	n->model = model;
	n->symbols = symbols;
	n->profile = profile;
	hash_index__init(&n->index);
}

void stack_names__fini(struct stack_names *n)
{
	for (size_t i = 0; i < n->cnt; i++)
		free(n->items[i].frames);
	free(n->items);
	hash_index__fini(&n->index);
}

static bool names_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct stack_names *)owner)->items[pos].id == *(const uint64_t *)key;
}

/*
 * How many innermost frames are the tracer's own: the probe, the trampoline that calls it and the
 * tracepoint's stub. By name, because their number differs by kernel.
 */
static bool names_is_own(const char *name)
{
	static const char *const own[] = {
		"bpf_prog_",	   "bpf_trace_run",   "__bpf_trace_",	    "__traceiter_",
		"bpf_get_stack",   "__bpf_get_stack", "get_perf_callchain", "perf_callchain_",
		"bpf_trampoline_", "bpf_raw_tp_"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (!strncmp(name, own[i], strlen(own[i])))
			return true;
	return false;
}

static int names_frame(struct stack_names *n, const struct stack *st, const struct frame *f,
		       uint32_t *ret_id)
{
	enum frame_kind kind = st->kind == WIRE_STACK_KERNEL ? FRAME_KIND_KERNEL : FRAME_KIND_USER;
	const struct module *m = module_table__find(&n->model->modules, f->module);
	char text[NAMES_MAX_TEXT];
	int err = symbolizer__name(n->symbols, f, text, sizeof(text));

	if (err)
		return err;
	if (!f->module)
		kind = FRAME_KIND_MISSING;
	return profile__frame(n->profile, text, m ? module__name(m) : NULL, kind, ret_id);
}

/*
 * The way into the scheduler that every wait ends with. It says nothing, and for threads that slept since
 * before tracing the kernel leaves it out (stack_trace_save_tsk() drops the functions of .sched.text): without
 * it one wait is one tower.
 */
static bool names_is_generic(const char *name)
{
	static const char *const generic[] = {"__schedule",  "schedule",     "preempt_schedule",
					      "io_schedule", "do_nanosleep", "__cond_resched"};

	for (size_t i = 0; i < ARRAY_SIZE(generic); i++)
		if (!strncmp(name, generic[i], strlen(generic[i])))
			return true;
	return false;
}

static const char *names_of(const struct stack_names *n, const struct named_stack *s, uint32_t i)
{
	return profile__str(n->profile, n->profile->frames[s->frames[i]].name);
}

/* Is it "bpf_prog_TAG_dwell_..."? The tag is BPF_TAG_SIZE bytes in hex (bpf_get_prog_name() in kernel/bpf/core.c). */
static bool names_is_probe(const char *name)
{
	static const char begin[] = "bpf_prog_", ours[] = "_dwell_";
	size_t tag = strlen(begin) + 16;

	return !strncmp(name, begin, strlen(begin)) && strnlen(name, tag) == tag &&
	       !strncmp(name + tag, ours, strlen(ours));
}

/*
 * How many innermost frames lie within one of our programs: an interrupt may take the CPU from a thread in those that run
 * with interrupts on. Programs of other tracers are as good as any code.
 */
static uint32_t names_in_probe(const struct stack_names *n, const struct named_stack *s)
{
	for (uint32_t i = s->cnt; i--;)
		if (names_is_probe(names_of(n, s, i)))
			return i + 1;
	return 0;
}

/* Takes the tracer's own frames and the generic ones off the innermost end; one frame always stays. */
static void names_trim(const struct stack_names *n, struct named_stack *s)
{
	uint32_t cut = names_in_probe(n, s);

	for (uint32_t i = cut; i < s->cnt && i <= cut + 1; i++)
		if (names_is_own(names_of(n, s, i)))
			cut = i + 1;
	while (cut < s->cnt && names_is_generic(names_of(n, s, cut)))
		cut++;
	if (cut == s->cnt && cut)
		cut--;
	s->cnt -= cut;
	memmove(s->frames, s->frames + cut, s->cnt * sizeof(*s->frames));
}

static int names_fill(struct stack_names *n, struct named_stack *s)
{
	const struct stack *st = stack_table__find(&n->model->stacks, s->id);
	bool usable = st && st->resolved && st->frame_cnt;
	int err;

	s->frames = calloc(usable ? st->frame_cnt : 1, sizeof(*s->frames));
	if (!s->frames)
		return -ENOMEM;
	if (!usable) {
		s->lost = true;
		s->cnt = 1;
		n->lost_cnt++;
		return profile__frame(n->profile, "[stack lost]", NULL, FRAME_KIND_MISSING,
				      s->frames);
	}
	for (s->cnt = 0; s->cnt < st->frame_cnt; s->cnt++) {
		err = names_frame(n, st, &st->frames[s->cnt], &s->frames[s->cnt]);
		if (err)
			return err;
	}
	if (st->kind == WIRE_STACK_KERNEL)
		names_trim(n, s);
	return 0;
}

const struct named_stack *stack_names__get(struct stack_names *n, uint64_t id)
{
	uint64_t hash = hash_u64(id);
	uint32_t pos = hash_index__find(&n->index, hash, names_eq, n, &id);
	struct named_stack fresh = {.id = id};
	int err;

	if (pos != HASH_INDEX_NONE)
		return &n->items[pos];
	err = array__grow((void **)&n->items, &n->cap, n->cnt + 1, sizeof(*n->items),
			  STACK_MAX_CNT);
	if (!err)
		err = names_fill(n, &fresh);
	if (!err)
		err = hash_index__add(&n->index, hash, (uint32_t)n->cnt);
	if (err) {
		free(fresh.frames);
		errno = -err;
		return NULL;
	}
	n->items[n->cnt++] = fresh;
	return &n->items[n->cnt - 1];
}
