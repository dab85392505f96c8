/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/go_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "format/go_status.h"

#define FIRST_REASON 0x476f0000u  /* no other source has numbers there */
#define NO_THREAD    (1ull << 63) /* in start times: no thread's */
#define OTHERS	     UINT32_MAX

void go_wire__init(struct go_wire *w)
{
	*w = (struct go_wire){0};
}

static void go_wire_set__fini(struct go_wire_set *s)
{
	free(s->items);
	hash_index__fini(&s->index);
}

void go_wire__fini(struct go_wire *w)
{
	go_wire_set__fini(&w->threads);
	go_wire_set__fini(&w->stacks);
	go_wire_set__fini(&w->labels);
	free(w->reasons);
	*w = (struct go_wire){0};
}

static bool go_wire_set_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct go_wire_set *)owner)->items[pos] == *(const uint64_t *)key;
}

/* 1: it is new; 0: it was there; -E2BIG; -ENOMEM. */
static int go_wire_set__add(struct go_wire_set *s, uint64_t item, size_t max)
{
	int err;

	if (hash_index__find(&s->index, hash_u64(item), go_wire_set_eq, s, &item) !=
	    HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&s->items, &s->cap, s->cnt + 1, sizeof(*s->items), max);
	if (!err)
		err = hash_index__add(&s->index, hash_u64(item), (uint32_t)s->cnt);
	if (err)
		return err;
	s->items[s->cnt++] = item;
	return 1;
}

/* ---- threads ---- */

static uint64_t go_wire_hash_image(const struct wire_image *image)
{
	return hash_mix(hash_u64(image->start_ns), (uint64_t)image->pid << 32 | image->exec_id);
}

static int go_wire_tell_thread(struct go_wire *w, const struct go_wire_process *p,
			       const struct wire_thread_key *key, uint64_t now_ns)
{
	struct wire_thread rec = {
		.h = {.kind = WIRE_THREAD, .size = sizeof(rec)},
		.key = *key,
		.image = p->image,
		.time_ns = now_ns,
		.cgroup_id = p->cgroup_id,
		.flags = WIRE_THREAD_GOROUTINE,
	};
	struct event e = {.thread = &rec};

	memcpy(rec.comm, p->comm, sizeof(rec.comm));
	return w->fn(w->arg, &e);
}

/* A goroutine as a thread. When there are too many, the others of a process are one. */
static int go_wire_thread(struct go_wire *w, const struct go_wire_process *p, uint64_t goid,
			  uint64_t now_ns, struct wire_thread_key *ret)
{
	uint64_t base = go_wire_hash_image(&p->image);
	int added;

	ret->comm_gen = 0;
	ret->tid = (uint32_t)goid ? (uint32_t)goid : OTHERS;
	ret->start_ns = hash_mix(base, goid >> 32) | NO_THREAD;
	added = go_wire_set__add(&w->threads, hash_mix(base, goid), GO_WIRE_MAX_THREADS);
	if (added == -E2BIG) {
		ret->tid = OTHERS;
		ret->start_ns = base | NO_THREAD;
		/* Told again and again: the first time counts. */
		added = 1;
	}
	return added > 0 ? go_wire_tell_thread(w, p, ret, now_ns) : added;
}

/* ---- stacks ---- */

/* The innermost address is taken as it stands, as if it had been interrupted there; here it is behind a call, mostly. */
static uint64_t go_wire_innermost(uint64_t pc)
{
	return pc & GO_PC_EXACT ? pc & ~GO_PC_EXACT : pc - 1;
}

static uint32_t go_wire_stack_flags(struct go_stack_view stack, uint64_t gopc,
				    enum wire_go_class whose)
{
	uint32_t end = stack.is_whole			      ? WIRE_END_OUTERMOST
		       : stack.cnt >= GO_STACK_MAX_FRAMES - 1 ? WIRE_END_DEPTH_LIMIT
							      : WIRE_END_FAULT;

	return (gopc ? WIRE_STACK_CREATED : 0) | end << WIRE_STACK_END_SHIFT |
	       (uint32_t)whose << WIRE_STACK_GO_SHIFT;
}

/* With room for the place of creation. */
union go_wire_stack {
	struct wire_stack rec;
	uint64_t words[sizeof(struct wire_stack) / 8 + WIRE_MAX_FRAMES];
};

static void go_wire_fill_stack(union go_wire_stack *u, const struct go_wire_process *p,
			       struct go_stack_view stack, uint64_t gopc, enum wire_go_class whose)
{
	struct wire_stack *rec = &u->rec;
	uint32_t cnt = stack.cnt < WIRE_MAX_FRAMES - 1 ? stack.cnt : WIRE_MAX_FRAMES - 1;
	uint64_t h;

	*rec = (struct wire_stack){
		.image = p->image,
		.kind = WIRE_STACK_USER,
		.flags = go_wire_stack_flags(stack, gopc, whose),
	};
	for (uint32_t i = 0; i < cnt; i++)
		rec->ips[i] = i ? stack.pcs[i] : go_wire_innermost(stack.pcs[i]);
	if (gopc)
		rec->ips[cnt++] = gopc;
	rec->frame_cnt = (uint16_t)cnt;
	rec->h = (struct wire_header){.kind = WIRE_STACK,
				      .size = (uint32_t)(sizeof(*rec) + cnt * sizeof(rec->ips[0]))};
	h = hash_mix(hash_bytes(rec->ips, cnt * sizeof(rec->ips[0])),
		     go_wire_hash_image(&p->image));
	h = hash_mix(h, rec->flags);
	rec->id = h ? h : 1;
}

int go_wire__stack(struct go_wire *w, const struct go_wire_process *p, struct go_stack_view stack,
		   uint64_t gopc, enum wire_go_class whose, uint64_t now_ns, uint64_t *ret_id)
{
	union go_wire_stack u;
	struct event e = {.stack = &u.rec};
	int added;

	go_wire_fill_stack(&u, p, stack, gopc, whose);
	u.rec.time_ns = now_ns;
	*ret_id = u.rec.id;
	added = go_wire_set__add(&w->stacks, u.rec.id, GO_WIRE_MAX_STACKS);
	if (added == -E2BIG) {
		*ret_id = 0;
		return 0;
	}
	return added > 0 ? w->fn(w->arg, &e) : added;
}

/* ---- labels ---- */

#define LABELS_MAX_BYTES (GO_LABELS_MAX * 2 * (GO_LABEL_MAX_BYTES + 1))

static uint32_t go_wire_fill_labels(struct wire_labels *rec, const struct go_label_view *labels)
{
	char *at = rec->text;

	for (uint32_t i = 0; i < labels->cnt; i++) {
		at = stpcpy(at, labels->items[i].key) + 1;
		at = stpcpy(at, labels->items[i].value) + 1;
	}
	return (uint32_t)(at - rec->text);
}

int go_wire__labels(struct go_wire *w, const struct go_label_view *labels, uint64_t *ret_id)
{
	_cleanup_free_ struct wire_labels *rec = NULL;
	struct event e;
	int added;

	*ret_id = 0;
	if (!labels->cnt)
		return 0;
	rec = calloc(1, sizeof(*rec) + LABELS_MAX_BYTES + 8);
	if (!rec)
		return -ENOMEM;
	rec->text_len = go_wire_fill_labels(rec, labels);
	rec->h.kind = WIRE_LABELS;
	rec->h.size = (uint32_t)((sizeof(*rec) + rec->text_len + 7) & ~(size_t)7);
	rec->id = hash_bytes(rec->text, rec->text_len) | 1;
	added = go_wire_set__add(&w->labels, rec->id, GO_WIRE_MAX_STACKS);
	if (added == -E2BIG)
		return 0;
	*ret_id = rec->id;
	e.labels = rec;
	return added > 0 ? w->fn(w->arg, &e) : added;
}

/* ---- waits ---- */

static int go_wire_tell_reason(struct go_wire *w, uint32_t number, enum go_status status,
			       const char *text)
{
	union {
		struct wire_wait_reason rec;
		char bytes[sizeof(struct wire_wait_reason) + GO_WAIT_REASON_BYTES + 8];
	} u = {.bytes = {0}};
	size_t len = strlen(text);
	struct event e = {.wait_reason = &u.rec};

	u.rec.h.kind = WIRE_WAIT_REASON;
	u.rec.h.size = (uint32_t)((sizeof(u.rec) + len + 2 + 7) & ~(size_t)7);
	u.rec.state = number;
	u.rec.reason = (uint16_t)go_reason_common(go_reason_of(status, text));
	u.rec.name_len = (uint16_t)len;
	memcpy(u.rec.text, text, len);
	return w->fn(w->arg, &e);
}

/* The number of a reason: the same for all processes, whatever their version of Go calls by which number. */
static int go_wire_reason(struct go_wire *w, enum go_status status, const char *text, uint32_t *ret)
{
	size_t i = 0;
	int err;

	while (i < w->reason_cnt && strcmp(w->reasons[i], text) != 0)
		i++;
	*ret = FIRST_REASON + (uint32_t)i;
	if (i < w->reason_cnt)
		return 0;
	err = array__grow((void **)&w->reasons, &w->reason_cap, i + 1, sizeof(*w->reasons),
			  2 * GO_WAIT_REASON_MAX);
	if (err)
		return err;
	strncpy(w->reasons[i], text, sizeof(w->reasons[i]) - 1);
	w->reasons[i][sizeof(w->reasons[i]) - 1] = '\0';
	w->reason_cnt++;
	return go_wire_tell_reason(w, *ret, status, w->reasons[i]);
}

static const char *go_wire_word(const struct go_wire_wait *wait)
{
	return wait->status == GO_RUNNABLE    ? "runnable"
	       : wait->status == GO_PREEMPTED ? "preempted"
					      : wait->reason;
}

int go_wire__wait(struct go_wire *w, const struct go_wire_process *p,
		  const struct go_wire_wait *wait)
{
	struct wire_counted rec = {
		.waked.interval =
			{
				.h = {.kind = WIRE_INTERVAL, .size = sizeof(rec)},
				.out_ns = wait->out_ns,
				.wake_ns = wait->wake_ns,
				.in_ns = wait->in_ns,
				.user_stack = wait->stack,
				.wait = {.syscall = -1, .flags = WIRE_F_NAMED},
			},
		.cnt = wait->cnt,
		.labels = wait->labels,
	};
	struct wire_interval *iv = &rec.waked.interval;
	struct event e = {.interval = iv};
	int err = go_wire_reason(w, wait->status, go_wire_word(wait), &iv->wait.state);

	if (!err)
		err = go_wire_thread(w, p, wait->goid, wait->out_ns, &iv->thread);
	if (err)
		return err;
	if (wait->open)
		iv->wait.flags |= WIRE_F_OPEN;
	if (wait->status == GO_RUNNABLE || wait->status == GO_PREEMPTED)
		iv->wait.flags |= WIRE_F_PREEMPT;
	return w->fn(w->arg, &e);
}
