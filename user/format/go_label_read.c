/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_label_read.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_LIST_MINOR 24 /* lists from this version on, maps before */
#define MAX_TEXT_BYTES	 (1ull << 40)

/* src/runtime/map.go: hmap and bmap of a map[string]string. */
#define MAP_BYTES	48
#define MAP_BITS	9 /* the number of buckets is a power of two: which */
#define MAP_BUCKETS	16
#define MAP_OLD_BUCKETS 24
#define MAP_FLAGS	8
#define MAP_FLAG_SAME	8 /* sameSizeGrow: as many old buckets as new ones */
#define BUCKET_CELLS	8
#define BUCKET_KEYS	8
#define BUCKET_VALUES	(BUCKET_KEYS + BUCKET_CELLS * sizeof(struct go_text))
#define BUCKET_NEXT	(BUCKET_VALUES + BUCKET_CELLS * sizeof(struct go_text))
#define BUCKET_BYTES	(BUCKET_NEXT + 8)
#define BUCKET_IN_USE \
	5 /* minTopHash: a lesser byte stands for an empty cell, or one that has moved to the new buckets */
#define BUCKETS_MAX	 16 /* of the new ones or the old; what is read of a larger map is not whole */
#define BUCKETS_NEXT_MAX 16 /* that are linked to others */

static uint64_t go_u64(const uint8_t *bytes, size_t offset)
{
	uint64_t v;

	memcpy(&v, bytes + offset, sizeof(v));
	return v;
}

static void go_label_job_take(struct go_label_job *j, const struct go_label_pair *p)
{
	if (j->cnt == GO_LABELS_MAX)
		j->is_whole = false;
	else if (p->key.len > MAX_TEXT_BYTES || p->value.len > MAX_TEXT_BYTES)
		j->is_sane = false;
	else
		j->pairs[j->cnt++] = *p;
}

/* ---- one level of pointers for all sets at once ---- */

/* places[@k] of a job gets the next span. */
static void go_label_batch_want(struct go_label_batch *b, const struct go_label_job *j, size_t k)
{
	if (j->is_sane && j->places[k].len)
		b->spans[b->span_cnt++] =
			(struct go_span){j->places[k].data, (size_t)j->places[k].len};
}

typedef void (*go_label_fn)(const struct go_memory *m, struct go_label_job *j, const uint8_t *bytes,
			    size_t len);

/* Reads places[@k] of all jobs and gives them to @fn; a job whose place can't be read is none. */
static void go_label_batch_level(struct go_label_batch *b, const struct go_memory *m, size_t k,
				 go_label_fn fn)
{
	const uint8_t *at = b->bytes;
	size_t span = 0;

	b->span_cnt = 0;
	for (size_t i = 0; i < b->cnt; i++)
		go_label_batch_want(b, &b->jobs[i], k);
	go_memory__read_each(m, b->spans, b->span_cnt, b->bytes, b->whole);
	for (size_t i = 0; i < b->cnt; i++) {
		struct go_label_job *j = &b->jobs[i];
		size_t len = (size_t)j->places[k].len;

		if (!j->is_sane || !len)
			continue;
		j->is_sane = b->whole[span++];
		if (j->is_sane)
			fn(m, j, at, len);
		at += len;
	}
}

/* ---- a list ---- */

static void go_label_slice(const struct go_memory *m, struct go_label_job *j, const uint8_t *bytes,
			   size_t len)
{
	uint64_t data = go_u64(bytes, 0), cnt = go_u64(bytes, 8), cap = go_u64(bytes, 16);

	(void)m, (void)len;
	j->is_sane = cnt <= cap && cap < 1u << 24 && !(data & 7) && (data || !cnt);
	j->is_whole = cnt <= GO_LABELS_MAX;
	if (!j->is_whole)
		cnt = GO_LABELS_MAX;
	j->places[0] = (struct go_text){data, cnt * sizeof(struct go_label_pair)};
}

static void go_label_list(const struct go_memory *m, struct go_label_job *j, const uint8_t *bytes,
			  size_t len)
{
	struct go_label_pair p;

	(void)m;
	for (size_t at = 0; len - at >= sizeof(p); at += sizeof(p)) {
		memcpy(&p, bytes + at, sizeof(p));
		go_label_job_take(j, &p);
	}
}

static void go_label_batch_lists(struct go_label_batch *b, const struct go_memory *m)
{
	for (size_t i = 0; i < b->cnt; i++)
		b->jobs[i].places[0] = (struct go_text){b->jobs[i].addr, 24};
	go_label_batch_level(b, m, 0, go_label_slice);
	go_label_batch_level(b, m, 0, go_label_list);
}

/* ---- a map ---- */

static void go_label_map_pointer(const struct go_memory *m, struct go_label_job *j,
				 const uint8_t *bytes, size_t len)
{
	uint64_t map = go_u64(bytes, 0);

	(void)m, (void)len;
	j->is_sane = !(map & 7);
	j->places[0] = (struct go_text){map, map ? MAP_BYTES : 0};
}

static struct go_text go_label_buckets(struct go_label_job *j, uint64_t addr, unsigned int bits)
{
	uint64_t cnt = bits < 32 ? 1ull << bits : BUCKETS_MAX + 1;

	if (!addr)
		return (struct go_text){0};
	j->is_sane &= !(addr & 7);
	if (cnt > BUCKETS_MAX) {
		cnt = BUCKETS_MAX;
		j->is_whole = false;
	}
	return (struct go_text){addr, cnt * BUCKET_BYTES};
}

static void go_label_map(const struct go_memory *m, struct go_label_job *j, const uint8_t *bytes,
			 size_t len)
{
	uint64_t cnt = go_u64(bytes, 0), old = go_u64(bytes, MAP_OLD_BUCKETS);
	unsigned int bits = bytes[MAP_BITS];
	bool same = bytes[MAP_FLAGS] & MAP_FLAG_SAME;

	(void)m, (void)len;
	/* Twice as many new ones as old ones. */
	j->is_sane = cnt < 1u << 24 && bits < 32 && (!old || same || bits);
	j->places[0] = j->places[1] = (struct go_text){0};
	j->map_cnt = cnt;
	if (!j->is_sane || !cnt)
		return;
	j->places[0] = go_label_buckets(j, go_u64(bytes, MAP_BUCKETS), bits);
	j->places[1] = go_label_buckets(j, old, same ? bits : bits - 1);
	j->is_sane &= j->places[0].len != 0;
}

static void go_label_bucket(struct go_label_job *j, const uint8_t *bytes)
{
	struct go_label_pair p;

	for (size_t i = 0; i < BUCKET_CELLS; i++) {
		if (bytes[i] < BUCKET_IN_USE)
			continue;
		memcpy(&p.key, bytes + BUCKET_KEYS + i * sizeof(p.key), sizeof(p.key));
		memcpy(&p.value, bytes + BUCKET_VALUES + i * sizeof(p.value), sizeof(p.value));
		go_label_job_take(j, &p);
	}
}

/* The buckets and those that are linked to them. The old ones are read for what has not moved yet. */
static void go_label_table(const struct go_memory *m, struct go_label_job *j, const uint8_t *bytes,
			   size_t len)
{
	uint8_t next[BUCKET_BYTES];
	int left = BUCKETS_NEXT_MAX;

	for (size_t at = 0; j->is_sane && len - at >= BUCKET_BYTES; at += BUCKET_BYTES) {
		uint64_t addr = go_u64(bytes + at, BUCKET_NEXT);

		go_label_bucket(j, bytes + at);
		while (j->is_sane && addr && left-- > 0) {
			j->is_sane = go_memory__read(m, addr, next, sizeof(next));
			if (!j->is_sane)
				break;
			go_label_bucket(j, next);
			addr = go_u64(next, BUCKET_NEXT);
		}
		if (addr)
			j->is_whole = false;
	}
}

static void go_label_batch_maps(struct go_label_batch *b, const struct go_memory *m)
{
	for (size_t i = 0; i < b->cnt; i++)
		b->jobs[i].places[0] = (struct go_text){b->jobs[i].addr, 8};
	go_label_batch_level(b, m, 0, go_label_map_pointer);
	go_label_batch_level(b, m, 0, go_label_map);
	go_label_batch_level(b, m, 0, go_label_table);
	go_label_batch_level(b, m, 1, go_label_table);
	for (size_t i = 0; i < b->cnt; i++)
		if (b->jobs[i].is_whole && b->jobs[i].cnt != b->jobs[i].map_cnt)
			b->jobs[i].is_sane = false;
}

/* ---- texts ---- */

/* Cuts a text that is too long. */
static size_t go_label_cut(struct go_label_job *j, struct go_text *t)
{
	if (t->len > GO_LABEL_MAX_BYTES) {
		t->len = GO_LABEL_MAX_BYTES;
		j->is_whole = false;
	}
	return (size_t)t->len;
}

static void go_label_batch_want_texts(struct go_label_batch *b, struct go_label_job *j)
{
	for (uint32_t i = 0; j->is_sane && i < j->cnt; i++) {
		struct go_label_pair *p = &j->pairs[i];

		b->spans[b->span_cnt++] = (struct go_span){p->key.data, go_label_cut(j, &p->key)};
		b->spans[b->span_cnt++] =
			(struct go_span){p->value.data, go_label_cut(j, &p->value)};
	}
}

/* Where the job's texts have come to; @span is its first. How many bytes. */
static size_t go_label_batch_give_texts(const struct go_label_batch *b, struct go_label_job *j,
					size_t span, const uint8_t *bytes)
{
	const uint8_t *at = bytes;

	for (uint32_t i = 0; i < j->cnt; i++) {
		j->keys[i] = (const char *)at;
		at += j->pairs[i].key.len;
		j->values[i] = (const char *)at;
		at += j->pairs[i].value.len;
		j->is_sane &= b->whole[span + 2 * i] && b->whole[span + 2 * i + 1];
	}
	return (size_t)(at - bytes);
}

static int go_label_compare(const struct go_label_job *j, uint32_t a, uint32_t b)
{
	size_t x = (size_t)j->pairs[a].key.len, y = (size_t)j->pairs[b].key.len;
	int order = memcmp(j->keys[a], j->keys[b], x < y ? x : y);

	return order ? order : (x > y) - (x < y);
}

static void go_label_swap(struct go_label_job *j, uint32_t a, uint32_t b)
{
	struct go_label_pair pair = j->pairs[a];
	const char *key = j->keys[a], *value = j->values[a];

	j->pairs[a] = j->pairs[b];
	j->keys[a] = j->keys[b];
	j->values[a] = j->values[b];
	j->pairs[b] = pair;
	j->keys[b] = key;
	j->values[b] = value;
}

/* Lists are sorted already; of maps there are a few. */
static void go_label_sort(struct go_label_job *j)
{
	for (uint32_t i = 1; i < j->cnt; i++)
		for (uint32_t k = i; k && go_label_compare(j, k - 1, k) > 0; k--)
			go_label_swap(j, k - 1, k);
}

static void go_label_batch_texts(struct go_label_batch *b, const struct go_memory *m)
{
	const uint8_t *at = b->bytes;
	size_t span = 0;

	b->span_cnt = 0;
	for (size_t i = 0; i < b->cnt; i++)
		go_label_batch_want_texts(b, &b->jobs[i]);
	go_memory__read_each(m, b->spans, b->span_cnt, b->bytes, b->whole);
	for (size_t i = 0; i < b->cnt; i++) {
		struct go_label_job *j = &b->jobs[i];
		size_t cnt = 2 * (size_t)j->cnt;

		if (!j->is_sane)
			continue;
		at += go_label_batch_give_texts(b, j, span, at);
		span += cnt;
		if (j->is_sane)
			go_label_sort(j);
	}
}

void go_label_batch_read(struct go_label_batch *b, const struct go_memory *m, unsigned int minor)
{
	for (size_t i = 0; i < b->cnt; i++) {
		struct go_label_job *j = &b->jobs[i];

		j->is_sane = j->addr && !(j->addr & 7);
		j->is_whole = true;
		j->cnt = 0;
		j->map_cnt = 0;
	}
	if (minor && minor < FIRST_LIST_MINOR)
		go_label_batch_maps(b, m);
	else
		go_label_batch_lists(b, m);
	go_label_batch_texts(b, m);
}
