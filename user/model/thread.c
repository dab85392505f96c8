/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* A thread that renames itself for each request must not fill the memory: old names go. */
#define THREAD_MAX_NAMES 1024

void thread_table__init(struct thread_table *t)
{
	memset(t, 0, sizeof(*t));
	hash_index__init(&t->index);
}

static void thread_forget_names(struct thread *th, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		free(th->names[i].long_name);
}

static void thread_fini(struct thread *th)
{
	thread_forget_names(th, th->name_cnt);
	free(th->names);
}

void thread_table__fini(struct thread_table *t)
{
	for (size_t i = 0; i < t->cnt; i++)
		thread_fini(&t->items[i]);
	free(t->items);
	hash_index__fini(&t->index);
	memset(t, 0, sizeof(*t));
}

struct thread_id {
	uint32_t tid;
	uint64_t start_ns;
};

static bool thread_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct thread *th = &((const struct thread_table *)owner)->items[pos];
	const struct thread_id *id = key;

	return th->tid == id->tid && th->start_ns == id->start_ns;
}

uint32_t thread_table__find(const struct thread_table *t, uint32_t tid, uint64_t start_ns)
{
	struct thread_id id = {.tid = tid, .start_ns = start_ns};

	return hash_index__find(&t->index, hash_mix(tid, start_ns), thread_eq, t, &id);
}

static int thread_table_add(struct thread_table *t, uint32_t tid, uint64_t start_ns)
{
	int err;

	err = array__grow((void **)&t->items, &t->cap, t->cnt + 1, sizeof(*t->items),
			  THREAD_MAX_CNT);
	if (!err)
		err = hash_index__add(&t->index, hash_mix(tid, start_ns), (uint32_t)t->cnt);
	if (err)
		return err;
	t->items[t->cnt++] = (struct thread){.tid = tid, .start_ns = start_ns};
	return 0;
}

struct thread *thread_table__get(struct thread_table *t, uint32_t tid, uint64_t start_ns)
{
	uint32_t pos = thread_table__find(t, tid, start_ns);
	int err;

	if (pos != HASH_INDEX_NONE)
		return &t->items[pos];
	err = thread_table_add(t, tid, start_ns);
	if (err) {
		errno = -err;
		return NULL;
	}
	return &t->items[t->cnt - 1];
}

static struct thread_name *thread_name_of(const struct thread *th, uint32_t comm_gen)
{
	for (size_t i = th->name_cnt; i-- > 0;)
		if (th->names[i].comm_gen == comm_gen)
			return &th->names[i];
	return NULL;
}

static int thread_add_name(struct thread *th, uint32_t comm_gen, const char *comm,
			   const struct wire_image *image)
{
	struct thread_name *n = thread_name_of(th, comm_gen);
	int err;

	if (!n) {
		if (th->name_cnt == THREAD_MAX_NAMES) {
			th->name_cnt /= 2;
			thread_forget_names(th, th->name_cnt);
			memmove(th->names, th->names + th->name_cnt,
				th->name_cnt * sizeof(*th->names));
		}
		err = array__grow((void **)&th->names, &th->name_cap, th->name_cnt + 1,
				  sizeof(*th->names), THREAD_MAX_NAMES);
		if (err)
			return err;
		n = &th->names[th->name_cnt++];
		*n = (struct thread_name){.comm_gen = comm_gen};
	}
	/* Told again it is the same name; its long form was told behind the first. */
	if (strncmp(n->comm, comm, WIRE_COMM_LEN) != 0) {
		free(n->long_name);
		n->long_name = NULL;
	}
	n->image = *image;
	memcpy(n->comm, comm, WIRE_COMM_LEN);
	return 0;
}

/* How much of a name is kept: whole characters, if it is UTF-8. */
static size_t thread_name_cut(const char *name)
{
	size_t len = strnlen(name, THREAD_NAME_MAX + 1);

	if (len <= THREAD_NAME_MAX)
		return len;
	len = THREAD_NAME_MAX;
	while (len > THREAD_NAME_MAX - 3 && ((unsigned char)name[len] & 0xc0) == 0x80)
		len--;
	return len;
}

int thread_table__add_long_name(struct thread_table *t, const struct wire_long_name *rec)
{
	uint32_t pos = thread_table__find(t, rec->key.tid, rec->key.start_ns);
	struct thread_name *n =
		pos == HASH_INDEX_NONE ? NULL : thread_name_of(&t->items[pos], rec->key.comm_gen);
	char *copy;

	if (!n || !rec->name_len)
		return 0;
	copy = strndup(rec->text, thread_name_cut(rec->text));
	if (!copy)
		return -ENOMEM;
	free(n->long_name);
	n->long_name = copy;
	return 0;
}

int thread_table__add(struct thread_table *t, const struct wire_thread *rec)
{
	struct thread *th = thread_table__get(t, rec->key.tid, rec->key.start_ns);

	if (!th)
		return -errno;
	th->pid = rec->image.pid;
	th->flags |= rec->flags;
	th->cgroup_id = rec->cgroup_id;
	return thread_add_name(th, rec->key.comm_gen, rec->comm, &rec->image);
}

/*
 * Two lives of one identity, one after the other: a thread that takes over its leader's by exec, or one that
 * left the target and came back. The time between is in neither.
 */
static void thread_join_summary(struct wire_summary *to, const struct wire_summary *rec)
{
	struct wire_summary sum = *rec;

	sum.begin_ns = rec->begin_ns - (to->end_ns - to->begin_ns);
	sum.on_cpu_ns += to->on_cpu_ns;
	sum.blocked_ns += to->blocked_ns;
	sum.runnable_ns += to->runnable_ns;
	sum.intervals += to->intervals;
	sum.kernel_on_cpu_ns += to->kernel_on_cpu_ns;
	sum.kernel_runnable_ns += to->kernel_runnable_ns;
	sum.flags |= to->flags & ~(uint32_t)WIRE_THREAD_EXITED;
	*to = sum;
}

int thread_table__add_summary(struct thread_table *t, const struct wire_summary *rec)
{
	struct thread *th = thread_table__get(t, rec->key.tid, rec->key.start_ns);

	if (!th)
		return -errno;
	th->pid = rec->image.pid;
	th->flags |= rec->flags;
	if (th->has_summary && th->summary.end_ns <= rec->begin_ns)
		thread_join_summary(&th->summary, rec);
	else
		th->summary = *rec;
	th->has_summary = true;
	/* The last chance for a name that was lost on its own way. */
	if (thread_name_of(th, rec->key.comm_gen))
		return 0;
	return thread_add_name(th, rec->key.comm_gen, rec->comm, &rec->image);
}

const struct thread_name *thread__find_name(const struct thread *th, uint32_t comm_gen)
{
	const struct thread_name *n = thread_name_of(th, comm_gen);

	if (n || !th->name_cnt)
		return n;
	/* Rings are read one after the other: the newest need not have come last. */
	n = &th->names[0];
	for (size_t i = 1; i < th->name_cnt; i++)
		if (th->names[i].comm_gen >= n->comm_gen)
			n = &th->names[i];
	return n;
}

void thread_table__use(struct thread_table *t, uint32_t tid, uint64_t start_ns)
{
	uint32_t pos = thread_table__find(t, tid, start_ns);

	if (pos != HASH_INDEX_NONE)
		t->items[pos].used = t->generation;
}

static bool thread_stays(const struct thread_table *t, const struct thread *th)
{
	return !(th->flags & WIRE_THREAD_EXITED) || th->used == t->generation;
}

int thread_table__sweep(struct thread_table *t)
{
	struct hash_index index;
	uint32_t kept = 0;
	int err = 0;

	hash_index__init(&index);
	for (size_t i = 0; !err && i < t->cnt; i++) {
		const struct thread *th = &t->items[i];

		if (thread_stays(t, th))
			err = hash_index__add(&index, hash_mix(th->tid, th->start_ns), kept++);
	}
	if (err) {
		hash_index__fini(&index);
		return err;
	}
	hash_index__fini(&t->index);
	t->index = index;
	kept = 0;
	for (size_t i = 0; i < t->cnt; i++) {
		if (thread_stays(t, &t->items[i]))
			t->items[kept++] = t->items[i];
		else
			thread_fini(&t->items[i]);
	}
	t->cnt = kept;
	array__shrink((void **)&t->items, &t->cap, t->cnt, sizeof(*t->items));
	return 0;
}
