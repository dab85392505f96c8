/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_labels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

#define TRY_CNT	 4
#define MAX_SETS (1u << 20)

/* A set, with its texts behind it. */
struct go_label_set {
	size_t bytes; /* of the texts */
	uint32_t cnt;
	bool is_whole;
	const char *texts;
	struct go_label items[];
};

enum go_label_state {
	GO_LABEL_WANTED, /* in the batch */
	GO_LABEL_LOST,	 /* its goroutine went on while it was read */
	GO_LABEL_DONE,
};

/* What g.labels of some goroutines is, in this look. */
struct go_label_row {
	uint64_t addr;
	uint32_t number;
	enum go_label_state state;
};

struct go_labels {
	struct go_label_set **sets;
	size_t cnt, cap, bytes;
	struct hash_index index;
	struct go_label_row *rows;
	size_t row_cnt, row_cap;
	struct hash_index by_addr;
	/* Of the batch: the rows, the goroutines that prove them, and what they were found to have then. */
	uint32_t batch_rows[GO_LABEL_BATCH];
	struct goroutine *witnesses[GO_LABEL_BATCH];
	uint64_t addrs[GO_LABEL_BATCH];
	bool unchanged[GO_LABEL_BATCH];
	const struct go_layout *layout;
	size_t lost_cnt, bad_cnt;
	struct buf text;
	struct go_label_batch batch;
};

struct go_labels *go_labels__new(void)
{
	struct go_labels *l = calloc(1, sizeof(*l));

	if (l)
		buf__init(&l->text, GO_LABELS_MAX * 2 * (GO_LABEL_MAX_BYTES + 1));
	return l;
}

void go_labels__forget(struct go_labels *l)
{
	for (size_t i = 0; i < l->cnt; i++)
		free(l->sets[i]);
	l->cnt = l->bytes = l->row_cnt = 0;
	hash_index__clear(&l->index);
	hash_index__clear(&l->by_addr);
}

void go_labels__free(struct go_labels *l)
{
	if (!l)
		return;
	go_labels__forget(l);
	free(l->sets);
	free(l->rows);
	hash_index__fini(&l->index);
	hash_index__fini(&l->by_addr);
	buf__fini(&l->text);
	free(l);
}

bool go_labels__is_full(const struct go_labels *l)
{
	return l->bytes > GO_LABELS_MAX_BYTES / 2 || l->cnt > MAX_SETS / 2;
}

struct go_label_view go_labels__get(const struct go_labels *l, uint32_t number)
{
	const struct go_label_set *s;

	if (number >= l->cnt)
		return (struct go_label_view){.is_whole = true};
	s = l->sets[number];
	return (struct go_label_view){s->items, s->cnt, s->is_whole};
}

const char *go_label_view__value(const struct go_label_view *v, const char *key)
{
	for (uint32_t i = 0; i < v->cnt; i++)
		if (!strcmp(v->items[i].key, key))
			return v->items[i].value;
	return NULL;
}

/* ---- each once ---- */

/* Without a part of a character at the end of a text that may be cut. */
static size_t go_label_trim(const char *s, size_t len)
{
	for (size_t back = 1; len == GO_LABEL_MAX_BYTES && back <= 3; back++) {
		unsigned char c = (unsigned char)s[len - back];
		size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

		if (c < 0x80)
			break;
		if (c >= 0xc0)
			return need > back ? len - back : len;
	}
	return len;
}

static void go_label_put_text(struct go_labels *l, const char *s, size_t len)
{
	const char *nul = memchr(s, '\0', len);

	buf__append(&l->text, s, nul ? (size_t)(nul - s) : go_label_trim(s, len));
	buf__append(&l->text, "", 1);
}

/* l->text: what the job has, key after value, each with its NUL. 0 or -ENOMEM. */
static int go_labels_spell(struct go_labels *l, const struct go_label_job *j)
{
	buf__reset(&l->text);
	for (uint32_t i = 0; i < j->cnt; i++) {
		go_label_put_text(l, j->keys[i], (size_t)j->pairs[i].key.len);
		go_label_put_text(l, j->values[i], (size_t)j->pairs[i].value.len);
	}
	return l->text.err;
}

static bool go_labels_equal(const void *owner, uint32_t pos, const void *key)
{
	const struct go_labels *l = owner;
	const struct go_label_set *s = l->sets[pos];
	const struct go_label_job *j = key;

	return s->cnt == j->cnt && s->is_whole == j->is_whole && s->bytes == l->text.len &&
	       (!s->bytes || !memcmp(s->texts, l->text.data, s->bytes));
}

static struct go_label_set *go_label_set_new(const struct go_label_job *j, const struct buf *text)
{
	size_t head = sizeof(struct go_label_set) + j->cnt * sizeof(struct go_label);
	struct go_label_set *s = malloc(head + text->len + 1);
	char *at;

	if (!s)
		return NULL;
	at = (char *)s + head;
	if (text->len)
		memcpy(at, text->data, text->len);
	*s = (struct go_label_set){text->len, j->cnt, j->is_whole, at};
	for (uint32_t i = 0; i < j->cnt; i++) {
		s->items[i].key = at;
		at += strlen(at) + 1;
		s->items[i].value = at;
		at += strlen(at) + 1;
	}
	return s;
}

/* 0 and its number; -E2BIG: there is no room; -ENOMEM. */
static int go_labels_intern(struct go_labels *l, const struct go_label_job *j, uint32_t *ret)
{
	size_t bytes = sizeof(struct go_label_set) + j->cnt * sizeof(struct go_label);
	int err = go_labels_spell(l, j);
	uint64_t hash = hash_mix(hash_bytes(l->text.data, l->text.len), j->cnt);

	if (err)
		return err;
	*ret = hash_index__find(&l->index, hash, go_labels_equal, l, j);
	if (*ret != HASH_INDEX_NONE)
		return 0;
	*ret = GO_LABELS_NONE;
	bytes += l->text.len;
	if (l->bytes + bytes > GO_LABELS_MAX_BYTES)
		return -E2BIG;
	err = array__grow((void **)&l->sets, &l->cap, l->cnt + 1, sizeof(*l->sets), MAX_SETS);
	if (err)
		return err;
	l->sets[l->cnt] = go_label_set_new(j, &l->text);
	if (!l->sets[l->cnt])
		return -ENOMEM;
	err = hash_index__add(&l->index, hash, (uint32_t)l->cnt);
	if (err) {
		free(l->sets[l->cnt]);
		return err;
	}
	l->bytes += bytes;
	*ret = (uint32_t)l->cnt++;
	return 0;
}

/* ---- of a look ---- */

static bool go_labels_is_at(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct go_labels *)owner)->rows[pos].addr == *(const uint64_t *)key;
}

static uint32_t go_labels_find_row(const struct go_labels *l, uint64_t addr)
{
	return hash_index__find(&l->by_addr, hash_u64(addr), go_labels_is_at, l, &addr);
}

static int go_labels_add_row(struct go_labels *l, uint64_t addr, uint32_t *ret)
{
	int err = array__grow((void **)&l->rows, &l->row_cap, l->row_cnt + 1, sizeof(*l->rows),
			      GO_MAX_GOROUTINES * TRY_CNT);

	if (!err)
		err = hash_index__add(&l->by_addr, hash_u64(addr), (uint32_t)l->row_cnt);
	if (err)
		return err;
	l->rows[l->row_cnt] = (struct go_label_row){addr, GO_LABELS_NONE, GO_LABEL_LOST};
	*ret = (uint32_t)l->row_cnt++;
	return 0;
}

uint32_t go_labels__number(const struct go_labels *l, const struct goroutine *g)
{
	uint32_t row = g->labels ? go_labels_find_row(l, g->labels) : HASH_INDEX_NONE;

	return row == HASH_INDEX_NONE ? GO_LABELS_NONE : l->rows[row].number;
}

/* The struct of a witness after its labels were read. One that has others now gets those. */
static int go_labels_see(void *arg, size_t i, const uint8_t bytes[GO_G_BYTES])
{
	struct go_labels *l = arg;
	struct goroutine *g = l->witnesses[i];
	uint64_t labels = go_g_u64(bytes, l->layout->labels);

	l->unchanged[i] = labels == g->labels;
	if (!l->unchanged[i])
		g->labels = go_g_u64(bytes, l->layout->goid) == g->goid ? labels : 0;
	return 0;
}

static int go_labels_finish(struct go_labels *l, size_t i)
{
	const struct go_label_job *j = &l->batch.jobs[i];
	struct go_label_row *row = &l->rows[l->batch_rows[i]];
	int err = 0;

	row->state = l->unchanged[i] ? GO_LABEL_DONE : GO_LABEL_LOST;
	l->lost_cnt += !l->unchanged[i];
	if (!l->unchanged[i])
		return 0;
	if (j->is_sane)
		err = go_labels_intern(l, j, &row->number);
	l->bad_cnt += row->number == GO_LABELS_NONE;
	return err == -E2BIG ? 0 : err;
}

static int go_labels_read_batch(struct go_labels *l, const struct go_runtime *r)
{
	size_t cnt = l->batch.cnt;
	int err;

	go_label_batch_read(&l->batch, r->code.memory, r->minor);
	memset(l->unchanged, 0, sizeof(l->unchanged));
	err = go_structs_read(r->code.memory, l->addrs, cnt, go_labels_see, l);
	for (size_t i = 0; !err && i < cnt; i++)
		err = go_labels_finish(l, i);
	l->batch.cnt = 0;
	return err;
}

/* Puts what @g has into the batch if it was not read yet. */
static int go_labels_want(struct go_labels *l, struct goroutine *g)
{
	uint32_t row = go_labels_find_row(l, g->labels);
	size_t i = l->batch.cnt;
	int err = row == HASH_INDEX_NONE ? go_labels_add_row(l, g->labels, &row) : 0;

	if (err || l->rows[row].state != GO_LABEL_LOST)
		return err;
	l->rows[row].state = GO_LABEL_WANTED;
	l->batch.jobs[i].addr = g->labels;
	l->batch_rows[i] = row;
	l->witnesses[i] = g;
	l->addrs[i] = g->addr;
	l->batch.cnt++;
	return 0;
}

static int go_labels_try(struct go_labels *l, const struct go_runtime *r, struct goroutines *g)
{
	int err = 0;

	l->lost_cnt = 0;
	for (size_t i = 0; !err && i < g->cnt; i++) {
		if (g->items[i].labels)
			err = go_labels_want(l, &g->items[i]);
		if (!err && l->batch.cnt == GO_LABEL_BATCH)
			err = go_labels_read_batch(l, r);
	}
	return err || !l->batch.cnt ? err : go_labels_read_batch(l, r);
}

int go_labels__read(struct go_labels *l, const struct go_runtime *r, struct goroutines *g)
{
	int err = 0;

	l->row_cnt = l->bad_cnt = l->batch.cnt = 0;
	l->lost_cnt = 1;
	l->layout = &r->layout;
	hash_index__clear(&l->by_addr);
	for (int i = 0; !err && l->lost_cnt && i < TRY_CNT; i++)
		err = go_labels_try(l, r, g);
	for (size_t i = 0; !err && (l->lost_cnt || l->bad_cnt) && i < g->cnt; i++)
		g->counts.unlabelled +=
			g->items[i].labels && go_labels__number(l, &g->items[i]) == GO_LABELS_NONE;
	return err;
}
