/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/stack_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define NAMES_MAX_TEXT	 131072
#define NAMES_MAX_FRAMES 4096 /* of one stack, inlined functions included */

void stack_names__init(struct stack_names *n, const struct model *model, struct symbolizer *symbols,
		       struct profile *profile, bool lines)
{
	memset(n, 0, sizeof(*n));
	n->model = model;
	n->symbols = symbols;
	n->profile = profile;
	n->lines = lines;
	hash_index__init(&n->index);
}

void stack_names__fini(struct stack_names *n)
{
	for (size_t i = 0; i < n->cnt; i++)
		free(n->items[i].frames);
	free(n->items);
	free(n->binaries);
	hash_index__fini(&n->index);
}

static bool names_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct named_stack *a = &((const struct stack_names *)owner)->items[pos], *b = key;

	return a->id == b->id && a->date_ns == b->date_ns && a->waking == b->waking;
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

static const char *names_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* The module of a frame as the profile has it. */
static int names_binary(struct stack_names *n, const struct module *m, uint32_t *ret_binary)
{
	const char *path = m->path && (*m->path == '/' || module__is_pe(m)) ? m->path : NULL;
	char build_id[2 * WIRE_BUILD_ID_LEN + 1];
	size_t old_cap = n->binary_cap;
	int err = array__grow((void **)&n->binaries, &n->binary_cap, m->id, sizeof(*n->binaries),
			      MODULE_MAX_CNT);

	if (err)
		return err;
	if (n->binary_cap > old_cap)
		memset(n->binaries + old_cap, 0, (n->binary_cap - old_cap) * sizeof(*n->binaries));
	for (int i = 0; i < m->build_id_len; i++)
		snprintf(build_id + 2 * i, 3, "%02x", m->build_id[i]);
	if (!n->binaries[m->id - 1] && (path || m->build_id_len))
		err = profile__add_binary(n->profile, path, m->build_id_len ? build_id : NULL,
					  &n->binaries[m->id - 1]);
	*ret_binary = n->binaries[m->id - 1];
	return err;
}

/* One function at a frame: "name", or "name (file.c:12)". @place is of the module. */
static int names_line(struct stack_names *n, const struct symbol_line *l,
		      const struct profile_place *module, uint32_t *ret_id)
{
	_cleanup_buf_ struct buf text = {0};
	struct profile_place place = *module;

	if (!n->lines || !l->file)
		return profile__frame_at(n->profile, l->name, l->kind, &place, ret_id);
	place.file = l->file;
	place.line = l->line;
	buf__init(&text, NAMES_MAX_TEXT);
	buf__printf(&text, "%s (%s:%u)", l->name, names_base(l->file), l->line);
	return profile__frame_at(n->profile, text.err ? l->name : buf__str(&text), l->kind, &place,
				 ret_id);
}

/* Appends the functions at a frame. */
static int names_frame(struct stack_names *n, const struct frame *f, uint64_t date_ns,
		       struct named_stack *s)
{
	const struct module *m = module_table__find(&n->model->modules, f->module);
	struct profile_place place = {.module = m ? module__name(m) : NULL};
	const struct timeline_entry *code;
	const struct symbol_line *lines;
	struct frame dated;
	int err = symbolizer__date(n->symbols, f, date_ns, &dated, &code), cnt;

	if (!err && m)
		err = names_binary(n, m, &place.binary);
	if (err)
		return err;
	cnt = symbolizer__locate(n->symbols, &dated, &lines, NULL);
	if (cnt < 0)
		return cnt;
	for (int i = 0; !err && i < cnt; i++) {
		err = array__grow((void **)&s->frames, &s->cap, s->cnt + 1, sizeof(*s->frames),
				  NAMES_MAX_FRAMES);
		if (!err)
			err = names_line(n, &lines[i], &place, &s->frames[s->cnt]);
		if (!err)
			s->cnt++;
	}
	return err == -E2BIG ? 0 : err;
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

/* Is it what calls the programs of a tracepoint? */
static bool names_is_dispatch(const char *name)
{
	static const char *const dispatch[] = {"bpf_trace_run", "__bpf_trace_", "__traceiter_"};

	for (size_t i = 0; i < ARRAY_SIZE(dispatch); i++)
		if (!strncmp(name, dispatch[i], strlen(dispatch[i])))
			return true;
	return false;
}

/* How many innermost frames, of which @cut are cut already, the probe that asked for the stack left on it. */
static uint32_t names_own(const struct stack_names *n, const struct named_stack *s, uint32_t cut)
{
	for (uint32_t i = cut; i < s->cnt && i <= cut + 1; i++)
		if (names_is_own(names_of(n, s, i)))
			cut = i + 1;
	return cut;
}

/*
 * How many innermost frames, of which @cut are cut already, lie within one of our programs, or in the way to it: an interrupt, or
 * the kernel's preemption, may take the CPU from a thread there. Programs of other tracers are as good as any code, and so is the
 * way to them.
 */
static uint32_t names_in_probe(const struct stack_names *n, const struct named_stack *s,
			       uint32_t cut)
{
	for (uint32_t i = cut; i < s->cnt; i++) {
		const char *name = names_of(n, s, i);

		if (names_is_probe(name) || names_is_dispatch(name))
			cut = i + 1;
		else if (!strncmp(name, "bpf_prog_", strlen("bpf_prog_")))
			break;
	}
	return cut;
}

/*
 * Takes the tracer's own frames and the generic ones off the innermost end; one frame always stays. An interrupt in one of our
 * programs that wakes somebody is what the stack is asked for.
 */
static void names_trim(const struct stack_names *n, struct named_stack *s)
{
	uint32_t cut = names_own(n, s, 0);

	/* Behind its own: a function that the probe calls is a program, too, with any name. */
	if (!s->waking)
		cut = names_own(n, s, names_in_probe(n, s, cut));
	while (cut < s->cnt && names_is_generic(names_of(n, s, cut)))
		cut++;
	if (cut == s->cnt && cut)
		cut--;
	s->cnt -= cut;
	memmove(s->frames, s->frames + cut, s->cnt * sizeof(*s->frames));
}

/* A function that programs don't call by that name: how the runtime came to park the goroutine. */
static bool names_is_runtime(const char *name)
{
	static const char begin[] = "runtime.";
	char next = strncmp(name, begin, strlen(begin)) ? 0 : name[strlen(begin)];

	return next && !(next >= 'A' && next <= 'Z');
}

/* That it waits, and for what, is said otherwise; one frame always stays. */
static void names_trim_parked(const struct stack_names *n, struct named_stack *s)
{
	uint32_t cut = 0;

	while (cut + 1 < s->cnt && names_is_runtime(names_of(n, s, cut)))
		cut++;
	s->cnt -= cut;
	memmove(s->frames, s->frames + cut, s->cnt * sizeof(*s->frames));
}

/* The last frame is that of the go statement: one frame, whatever was inlined there. */
static int names_creator(struct stack_names *n, struct named_stack *s, uint32_t first)
{
	_cleanup_buf_ struct buf text = {0};
	bool is_runtime;

	if (s->cnt <= first)
		return 0;
	buf__init(&text, NAMES_MAX_TEXT);
	buf__printf(&text, "created by %s", names_of(n, s, s->cnt - 1));
	is_runtime = names_is_runtime(names_of(n, s, s->cnt - 1));
	s->cnt = first;
	/* The main goroutine is nobody's, and those that the runtime has for itself say so themselves. */
	if (!n->creators || is_runtime || text.err)
		return 0;
	s->cnt++;
	return profile__frame(n->profile, buf__str(&text), NULL, FRAME_KIND_GO, &s->frames[first]);
}

static int names_fill(struct stack_names *n, struct named_stack *s)
{
	const struct stack *st = stack_table__find(&n->model->stacks, s->id);
	bool usable = st && st->resolved && st->frame_cnt;
	int err;

	if (!usable) {
		s->lost = true;
		n->lost_cnt++;
		err = array__grow((void **)&s->frames, &s->cap, 1, sizeof(*s->frames),
				  NAMES_MAX_FRAMES);
		s->cnt = !err;
		return err ? err
			   : profile__frame(n->profile, "[stack lost]", NULL, FRAME_KIND_MISSING,
					    s->frames);
	}
	s->go = st->go;
	for (uint16_t i = 0; i < st->frame_cnt; i++) {
		uint32_t first = s->cnt;

		err = names_frame(n, &st->frames[i], s->date_ns ? s->date_ns : st->time_ns, s);
		if (!err && i + 1 == st->creator)
			err = names_creator(n, s, first);
		if (err)
			return err;
	}
	if (st->kind == WIRE_STACK_KERNEL)
		names_trim(n, s);
	if (st->go == WIRE_GO_PARKED)
		names_trim_parked(n, s);
	return 0;
}

/*
 * Newer code than what a frame is in now would be the newest of that moment; so the newest of all frames is the moment since
 * when they are what they are. What nobody had told of then tells nothing of it.
 */
int stack_names__settle(struct stack_names *n, uint64_t id, uint64_t *date_ns)
{
	const struct stack *st = stack_table__find(&n->model->stacks, id);
	const struct timeline_entry *code;
	struct frame dated;
	uint64_t since = 1;
	int err = 0;

	for (uint16_t i = 0; !err && st && st->resolved && i < st->frame_cnt; i++) {
		err = symbolizer__date(n->symbols, &st->frames[i], *date_ns, &dated, &code);
		if (!err && code && code->time_ns <= *date_ns && code->time_ns > since)
			since = code->time_ns;
	}
	if (!err)
		*date_ns = since;
	return err;
}

static const struct named_stack *names_get(struct stack_names *n, struct named_stack fresh)
{
	uint64_t hash = hash_mix(hash_u64(fresh.id), fresh.date_ns + fresh.waking);
	uint32_t pos = hash_index__find(&n->index, hash, names_eq, n, &fresh);
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

const struct named_stack *stack_names__get(struct stack_names *n, uint64_t id, uint64_t date_ns)
{
	return names_get(n, (struct named_stack){.id = id, .date_ns = date_ns});
}

const struct named_stack *stack_names__get_waking(struct stack_names *n, uint64_t id)
{
	return names_get(n, (struct named_stack){.id = id, .waking = true});
}
