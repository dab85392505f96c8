/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/etw_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "source/etw_wire_part.h"

void etw_wire__init(struct etw_wire *t, struct etw_facts *facts, const struct etw_stacks *stacks,
		    uint64_t offset_ns)
{
	*t = (struct etw_wire){.facts = facts, .stacks = stacks, .offset_ns = offset_ns};
	hash_index__init(&t->strangers);
	hash_index__init(&t->by_part);
	hash_index__init(&t->by_id);
}

void etw_wire__fini(struct etw_wire *t)
{
	free(t->stranger_tids);
	free(t->parts);
	free(t->ids);
	hash_index__fini(&t->strangers);
	hash_index__fini(&t->by_part);
	hash_index__fini(&t->by_id);
	*t = (struct etw_wire){.facts = NULL};
}

/* ---- runs without an end ---- */

static int compare_ids(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

void etw_wire__reset_parts(struct etw_wire *t)
{
	hash_index__fini(&t->by_part);
	hash_index__init(&t->by_part);
	t->part_cnt = 0;
}

int etw_wire__forget(struct etw_wire *t, const uint64_t *ids, size_t cnt)
{
	_cleanup_free_ uint64_t *gone = malloc((cnt + 1) * sizeof(*gone));
	struct hash_index by_id;
	size_t to = 0;
	int err = 0;

	if (!gone)
		return -ENOMEM;
	memcpy(gone, ids, cnt * sizeof(*gone));
	qsort(gone, cnt, sizeof(*gone), compare_ids);
	hash_index__init(&by_id);
	for (size_t i = 0; i < t->id_cnt; i++)
		if (!bsearch(&t->ids[i], gone, cnt, sizeof(*gone), compare_ids))
			t->ids[to++] = t->ids[i];
	t->id_cnt = to;
	for (size_t i = 0; !err && i < to; i++)
		err = hash_index__add(&by_id, t->ids[i], (uint32_t)i);
	/* Those of which nobody knows are told again. */
	if (err)
		t->id_cnt = 0;
	hash_index__fini(&t->by_id);
	if (err)
		hash_index__fini(&by_id);
	t->by_id = by_id;
	etw_wire__reset_parts(t);
	return err;
}

void etw_wire__reset(struct etw_wire *t)
{
	etw_wire__reset_parts(t);
	hash_index__fini(&t->strangers);
	hash_index__init(&t->strangers);
	t->stranger_cnt = 0;
	t->kernel = 0;
}

/* ---- records with text ---- */

void *etw_wire_record(uint16_t kind, size_t size, const char *one, const char *two)
{
	size_t one_len = strlen(one) + 1, two_len = two ? strlen(two) + 1 : 0;
	size_t all = (size + one_len + two_len + 7) & ~(size_t)7;
	struct wire_header *h = calloc(1, all);

	if (!h)
		return NULL;
	*h = (struct wire_header){.kind = kind, .size = (uint32_t)all};
	memcpy((char *)h + size, one, one_len);
	if (two)
		memcpy((char *)h + size + one_len, two, two_len);
	return h;
}

int etw_wire__note(struct etw_wire *t, const char *key, const char *value)
{
	_cleanup_free_ struct wire_meta *rec = etw_wire_record(WIRE_META, sizeof(*rec), key, value);
	struct event e = {.meta = rec};

	if (!rec)
		return -ENOMEM;
	rec->key_len = (uint32_t)strlen(key);
	rec->value_len = (uint32_t)strlen(value);
	return t->fn(t->arg, &e);
}

/* ---- processes and threads ---- */

/* What was there before the trace began at 1, which is before all else. */
static uint64_t wire_start(const struct etw_wire *t, uint64_t start_ns)
{
	return start_ns ? t->offset_ns + start_ns : 1;
}

struct wire_image etw_wire_image(const struct etw_wire *t, uint32_t process)
{
	const struct etw_process *p = &t->facts->processes[process];

	return (struct wire_image){.pid = p->pid, .start_ns = wire_start(t, p->start_ns)};
}

static int wire_tell_thread(struct etw_wire *t, struct wire_thread *rec, const char *name)
{
	_cleanup_free_ struct wire_long_name *more = NULL;
	struct event e = {.thread = rec};
	int err;

	rec->h = (struct wire_header){.kind = WIRE_THREAD, .size = sizeof(*rec)};
	rec->time_ns = t->offset_ns;
	memcpy(rec->comm, name, strnlen(name, sizeof(rec->comm) - 1));
	err = t->fn(t->arg, &e);
	if (err || strlen(name) < sizeof(rec->comm))
		return err;
	more = etw_wire_record(WIRE_LONG_NAME, sizeof(*more), name, NULL);
	if (!more)
		return -ENOMEM;
	more->key = rec->key;
	more->name_len = (uint32_t)strlen(name);
	e.long_name = more;
	return t->fn(t->arg, &e);
}

/*
 * A process, in the place of its first thread, which has the process's id for its own elsewhere. Here nobody has: ids of
 * processes and of threads are out of one set.
 */
static int wire_tell_process(struct etw_wire *t, uint32_t process)
{
	struct etw_process *p = &t->facts->processes[process];
	struct wire_thread rec = {
		.image = etw_wire_image(t, process),
		.flags = WIRE_THREAD_WAKER,
	};

	if (p->told)
		return 0;
	p->told = true;
	rec.key = (struct wire_thread_key){
		.tid = p->pid, .start_ns = rec.image.start_ns, .comm_gen = 1};
	return wire_tell_thread(t, &rec, strtab__get(&t->facts->strings, p->name));
}

static bool stranger_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct etw_wire *)owner)->stranger_tids[pos] == *(const uint32_t *)key;
}

/* A thread of which nothing is known but its id. */
static int wire_stranger(struct etw_wire *t, uint32_t tid, struct wire_thread_key *ret_key)
{
	struct wire_thread rec = {
		.key = {.tid = tid, .start_ns = 1, .comm_gen = 1},
		.image = {.start_ns = 1},
	};
	int err;

	*ret_key = rec.key;
	if (hash_index__find(&t->strangers, hash_u64(tid), stranger_eq, t, &tid) != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&t->stranger_tids, &t->stranger_cap, t->stranger_cnt + 1,
			  sizeof(tid), ETW_MAX_THREADS);
	if (!err)
		err = hash_index__add(&t->strangers, hash_u64(tid), (uint32_t)t->stranger_cnt);
	if (err)
		return err;
	t->stranger_tids[t->stranger_cnt++] = tid;
	return wire_tell_thread(t, &rec, "[unknown]");
}

bool etw_wire__is_kernel_thread(const struct etw_wire *t, uint32_t tid, uint64_t time_ns)
{
	uint32_t at = etw_facts__thread(t->facts, tid, time_ns);

	return at != ETW_NONE && etw_is_kernel_pid(t->facts->threads[at].pid);
}

/* Of which process the thread is, told before: *@ret_process ETW_NONE: nobody knows. */
static int wire_thread(struct etw_wire *t, uint32_t tid, uint64_t time_ns,
		       struct wire_thread_key *ret_key, uint32_t *ret_process)
{
	uint32_t at = etw_facts__thread(t->facts, tid, time_ns), process = ETW_NONE;
	struct wire_thread rec = {.flags = 0};
	struct etw_thread *th;
	int err;

	if (at != ETW_NONE)
		process = etw_facts__process(t->facts, t->facts->threads[at].pid, time_ns);
	*ret_process = process;
	if (process == ETW_NONE)
		return wire_stranger(t, tid, ret_key);
	th = &t->facts->threads[at];
	rec.key = (struct wire_thread_key){
		.tid = tid, .start_ns = wire_start(t, th->start_ns), .comm_gen = 1};
	*ret_key = rec.key;
	if (th->told)
		return 0;
	th->told = true;
	err = wire_tell_process(t, process);
	if (err)
		return err;
	rec.image = etw_wire_image(t, process);
	rec.flags = etw_is_kernel_pid(th->pid) ? WIRE_THREAD_KTHREAD : 0;
	return wire_tell_thread(
		t, &rec,
		strtab__get(&t->facts->strings,
			    th->name ? th->name : t->facts->processes[process].name));
}

int etw_wire__totals(struct etw_wire *t, const struct etw_totals *totals)
{
	struct wire_summary rec = {
		.h = {.kind = WIRE_SUMMARY, .size = sizeof(rec)},
		.begin_ns = t->offset_ns + totals->begin_ns,
		.end_ns = t->offset_ns + totals->end_ns,
		.on_cpu_ns = totals->on_cpu_ns,
		.blocked_ns = totals->blocked_ns,
		.runnable_ns = totals->runnable_ns,
		.intervals = totals->wait_cnt,
		.flags = (totals->ended ? WIRE_THREAD_EXITED : 0) |
			 (totals->running ? WIRE_THREAD_RUNNING : 0),
	};
	struct event e = {.summary = &rec};
	uint32_t process;
	int err = wire_thread(t, totals->tid, totals->begin_ns, &rec.key, &process);

	if (process != ETW_NONE)
		rec.image = etw_wire_image(t, process);
	return err ? err : t->fn(t->arg, &e);
}

int etw_wire__call(struct etw_wire *t, uint32_t tid, uint64_t routine, uint64_t time_ns,
		   struct wire_thread_key *ret_key, struct wire_image *ret_image, __u64 *ret_stack)
{
	uint32_t process;
	int err = wire_thread(t, tid, time_ns, ret_key, &process);

	*ret_image = (struct wire_image){0};
	if (process != ETW_NONE)
		*ret_image = etw_wire_image(t, process);
	return err ? err : etw_wire_routine(t, routine, time_ns, ret_stack);
}

/* ---- waits ---- */

static struct wire_wait wire_wait_of(const struct etw_wire *t, const struct etw_wait *w)
{
	struct wire_wait wait = {.state = w->reason, .syscall = -1, .flags = WIRE_F_NAMED};

	if (etw_wait__is_preempted(w))
		wait.flags |= WIRE_F_PREEMPT;
	if (w->open)
		wait.flags |= WIRE_F_OPEN;
	else if (w->by_tid == ETL_NO_ID && w->ready_ns == w->in_ns)
		wait.flags |= WIRE_F_NO_WAKEUP;
	if (etw_wire__is_kernel_thread(t, w->tid, w->in_ns))
		wait.flags |= WIRE_F_KTHREAD;
	return wait;
}

static int wire_waker(struct etw_wire *t, const struct etw_stacked *s, struct wire_waker *ret)
{
	const struct etw_wait *w = &s->wait;
	uint32_t process;
	int err;

	if (w->by_tid == ETL_NO_ID)
		return 0;
	ret->flags = WIRE_W_ANY | (w->by_dpc ? WIRE_W_AWAY : 0);
	if (!w->by_tid) {
		ret->flags |= WIRE_W_IDLE;
		return 0;
	}
	if (w->by_tid == w->tid) {
		ret->flags |= WIRE_W_SELF;
		return 0;
	}
	err = wire_thread(t, w->by_tid, w->ready_ns, &ret->key, &process);
	if (etw_wire__is_kernel_thread(t, w->by_tid, w->ready_ns))
		ret->flags |= WIRE_W_KTHREAD;
	if (!err)
		err = etw_wire_stack(t, s->by_kernel, ETW_NONE, w->ready_ns, &ret->kernel_stack);
	return err || process == ETW_NONE
		       ? err
		       : etw_wire_stack(t, s->by_user, process, w->ready_ns, &ret->user_stack);
}

int etw_wire__wait(struct etw_wire *t, const struct etw_stacked *s, bool with_waker)
{
	const struct etw_wait *w = &s->wait;
	struct wire_waked rec = {
		.interval = {
			.h = {.kind = WIRE_INTERVAL,
			      .cpu = (uint16_t)w->cpu,
			      .size = with_waker ? sizeof(rec) : sizeof(rec.interval)},
			.out_ns = t->offset_ns + w->out_ns,
			.wake_ns = t->offset_ns + w->ready_ns,
			.in_ns = t->offset_ns + w->in_ns,
			.wait = wire_wait_of(t, w),
		}};
	struct event e = {.interval = &rec.interval};
	uint32_t process;
	int err = wire_thread(t, w->tid, w->in_ns, &rec.interval.thread, &process);

	if (!err)
		err = etw_wire_stack(t, s->kernel, ETW_NONE, w->in_ns, &rec.interval.kernel_stack);
	if (!err && process != ETW_NONE)
		err = etw_wire_stack(t, s->user, process, w->in_ns, &rec.interval.user_stack);
	if (!err && with_waker)
		err = wire_waker(t, s, &rec.waker);
	return err ? err : t->fn(t->arg, &e);
}
