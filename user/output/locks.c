/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The locks that were waited for most: who let go of them, and where threads waited. For profiles with locks. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "output/out.h"
#include "output/text.h"
#include "output/writer.h"

#define LOCKS_TOP_CNT	  20
#define LOCKS_MAX_CNT	  (1u << 22)
#define LOCKS_MAX_HOLDERS 3
#define LOCKS_MAX_FRAMES  4
#define LOCKS_TITLE_COLS  200

/* Waits for one lock, or those of one of its holders or waiters. */
struct lock_sum {
	uint32_t owner, lock; /* string ids */
	uint64_t ns, cnt, max_ns;
	uint32_t waiters;		      /* different threads */
	const struct profile_sample *longest; /* the sample with most time */
};

/* One that let go of a lock, or a thread that waited for it. */
struct lock_party {
	uint32_t lock; /* position in locks */
	uint32_t comm, pid, tid;
	uint8_t kind; /* enum waker_kind */
	uint64_t ns;
};

struct party_list {
	struct lock_party *items;
	size_t cnt, cap;
	struct hash_index index;
};

struct locks {
	const struct profile *profile;
	struct out out;
	struct lock_sum *items;
	size_t cnt, cap;
	struct hash_index index;
	struct party_list holders, waiters;
};

static bool lock_sum_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct lock_sum *a = &((const struct locks *)owner)->items[pos];
	const struct profile_sample *b = key;

	return a->owner == b->lock_owner && a->lock == b->lock;
}

/* Its position, or -errno. */
static int64_t locks_get(struct locks *l, const struct profile_sample *s)
{
	uint64_t hash = hash_mix(s->lock_owner, s->lock);
	uint32_t pos = hash_index__find(&l->index, hash, lock_sum_eq, l, s);
	int err;

	if (pos != HASH_INDEX_NONE)
		return pos;
	err = array__grow((void **)&l->items, &l->cap, l->cnt + 1, sizeof(*l->items),
			  LOCKS_MAX_CNT);
	if (!err)
		err = hash_index__add(&l->index, hash, (uint32_t)l->cnt);
	if (err)
		return err;
	l->items[l->cnt] = (struct lock_sum){.owner = s->lock_owner, .lock = s->lock};
	return (int64_t)l->cnt++;
}

static bool party_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct lock_party *a = &((const struct party_list *)owner)->items[pos], *b = key;

	return a->lock == b->lock && a->tid == b->tid && a->pid == b->pid && a->kind == b->kind &&
	       a->comm == b->comm;
}

/* 1: it is new; 0: its time was added; or -errno. */
static int parties_add(struct party_list *list, const struct lock_party *p)
{
	uint64_t hash =
		hash_mix((uint64_t)p->lock << 32 | p->tid, (uint64_t)p->comm << 8 | p->kind);
	uint32_t pos = hash_index__find(&list->index, hash, party_eq, list, p);
	int err;

	if (pos != HASH_INDEX_NONE) {
		list->items[pos].ns += p->ns;
		return 0;
	}
	err = array__grow((void **)&list->items, &list->cap, list->cnt + 1, sizeof(*list->items),
			  LOCKS_MAX_CNT);
	if (!err)
		err = hash_index__add(&list->index, hash, (uint32_t)list->cnt);
	if (err)
		return err;
	list->items[list->cnt++] = *p;
	return 1;
}

static int locks_add(struct locks *l, const struct profile_sample *s)
{
	uint64_t ns = profile_sample__total_ns(s);
	int64_t pos = s->lock ? locks_get(l, s) : 0;
	struct lock_party party = {.lock = (uint32_t)pos, .tid = s->thread, .ns = ns};
	struct lock_sum *sum;
	int ret;

	if (!s->lock || pos < 0)
		return (int)pos;
	ret = parties_add(&l->waiters, &party);
	if (ret < 0)
		return ret;
	sum = &l->items[pos];
	sum->waiters += (uint32_t)ret;
	sum->ns += ns;
	sum->cnt += s->cnt;
	if (s->max_ns > sum->max_ns)
		sum->max_ns = s->max_ns;
	if (!sum->longest || ns > profile_sample__total_ns(sum->longest))
		sum->longest = s;
	if (s->waker == WAKER_NONE)
		return 0;
	party.comm = s->waker_comm;
	party.pid = s->waker_pid;
	party.tid = s->waker_tid;
	party.kind = s->waker;
	ret = parties_add(&l->holders, &party);
	return ret < 0 ? ret : 0;
}

static int compare_sums(const void *left, const void *right, void *arg)
{
	const struct lock_sum *a = &((const struct lock_sum *)arg)[*(const uint32_t *)left];
	const struct lock_sum *b = &((const struct lock_sum *)arg)[*(const uint32_t *)right];

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->lock < b->lock ? -1 : a->lock > b->lock;
}

/* The next of the holders of @lock by time; NULL: there are no more. */
static const struct lock_party *locks_next_holder(const struct locks *l, uint32_t lock,
						  const struct lock_party *last)
{
	const struct lock_party *best = NULL;

	for (size_t i = 0; i < l->holders.cnt; i++) {
		const struct lock_party *p = &l->holders.items[i];

		if (p->lock != lock ||
		    (last && (p->ns > last->ns || (p->ns == last->ns && p <= last))))
			continue;
		if (!best || p->ns > best->ns)
			best = p;
	}
	return best;
}

static void write_holders(struct locks *l, uint32_t lock)
{
	const struct lock_party *p = locks_next_holder(l, lock, NULL);
	char pct[TEXT_PCT_LEN];

	for (int i = 0; p && i < LOCKS_MAX_HOLDERS; i++, p = locks_next_holder(l, lock, p)) {
		out__puts(&l->out, i ? ", " : "      released by ");
		if (p->comm)
			out__printf(&l->out, "%s/%u", profile__str(l->profile, p->comm), p->tid);
		else
			out__printf(&l->out, "[%s]", waker_kind_name((enum waker_kind)p->kind));
		out__printf(&l->out, " %s %%", text_pct(pct, p->ns, l->items[lock].ns));
		if (i == LOCKS_MAX_HOLDERS - 1)
			out__putc(&l->out, '\n');
	}
	if (l->holders.cnt && !p)
		out__putc(&l->out, '\n');
}

/* Where most of the waiting was done: the innermost frames of the program, without the kernel's. */
static void write_place(struct locks *l, const struct lock_sum *sum)
{
	const struct profile_sample *s = sum->longest;
	uint32_t end = 0, shown = 0;

	while (end < s->frame_cnt) {
		uint8_t kind = profile__sample_frame(l->profile, s, end)->kind;

		if (kind == FRAME_KIND_KERNEL || kind == FRAME_KIND_DELIMITER ||
		    kind == FRAME_KIND_WAKER)
			break;
		end++;
	}
	for (; end-- > 0 && shown < LOCKS_MAX_FRAMES; shown++) {
		const struct profile_frame *f = profile__sample_frame(l->profile, s, end);

		if (f->kind == FRAME_KIND_PROCESS || f->kind == FRAME_KIND_LOCK)
			break;
		out__printf(&l->out, "%s%s", shown ? " <- " : "      waited in ",
			    profile__str(l->profile, f->name));
	}
	if (shown)
		out__putc(&l->out, '\n');
}

static void write_lock(struct locks *l, uint32_t lock)
{
	const struct lock_sum *sum = &l->items[lock];
	char total[TEXT_NS_LEN], average[TEXT_NS_LEN], max[TEXT_NS_LEN];

	out__printf(&l->out, "%9s %8" PRIu64 " %9s %9s %8u  %s, %s\n", text_ns(total, sum->ns),
		    sum->cnt, sum->cnt ? text_ns(average, sum->ns / sum->cnt) : "-",
		    text_ns(max, sum->max_ns), sum->waiters, profile__str(l->profile, sum->owner),
		    profile__str(l->profile, sum->lock));
	write_holders(l, lock);
	write_place(l, sum);
}

static int locks_write_all(struct locks *l, size_t top_cnt)
{
	_cleanup_free_ uint32_t *order = calloc(l->cnt + 1, sizeof(*order));
	_cleanup_buf_ struct buf title = {0};

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->cnt; i++)
		order[i] = i;
	qsort_r(order, l->cnt, sizeof(*order), compare_sums, l->items);
	/* It holds the name of a process: any bytes. */
	buf__init(&title, 1 << 16);
	text_fit(&title, profile__str(l->profile, l->profile->title), LOCKS_TITLE_COLS);
	out__printf(&l->out, "%s\n\n", buf__str(&title));
	if (l->cnt)
		out__puts(&l->out, "     time    waits   average       max  threads  lock\n");
	else
		out__puts(&l->out, "no thread waited for a futex\n");
	for (size_t i = 0; i < l->cnt && i < top_cnt; i++)
		write_lock(l, order[i]);
	if (l->cnt > top_cnt)
		out__printf(&l->out, "  ... %zu more locks\n", l->cnt - top_cnt);
	return 0;
}

static int locks_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	struct locks l = {.profile = p};
	int err = 0;

	hash_index__init(&l.index);
	hash_index__init(&l.holders.index);
	hash_index__init(&l.waiters.index);
	for (size_t i = 0; !err && i < p->sample_cnt; i++)
		err = locks_add(&l, &p->samples[i]);
	out__init(&l.out, to);
	if (!err)
		err = locks_write_all(&l, opts && opts->top_cnt > 0 ? (size_t)opts->top_cnt
								    : LOCKS_TOP_CNT);
	hash_index__fini(&l.index);
	hash_index__fini(&l.holders.index);
	hash_index__fini(&l.waiters.index);
	free(l.items);
	free(l.holders.items);
	free(l.waiters.items);
	return err ? err : out__finish(&l.out);
}

const struct writer locks_writer = {
	.name = "locks",
	.ext = ".locks",
	.help = "the locks that were waited for most, for the terminal",
	.write = locks_write,
};
