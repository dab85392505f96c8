/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_find.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"

#define WORD	       8
#define MIN_GOROUTINES 2 /* there are four of the runtime before main.main begins */
#define MAX_CANDIDATES 65536

/* ---- allgs ---- */

bool go_slice_is_sane(const struct go_slice *s)
{
	return s->data && !(s->data & 7) && s->len >= MIN_GOROUTINES && s->len <= s->cap &&
	       s->cap <= (1ull << 32);
}

struct go_allgs_search {
	const struct go_code *code;
	struct go_sample *sample; /* of the found one */
	uint64_t addr;
	struct go_slice slice; /* data 0: none is found */
	unsigned int candidate_cnt;
};

/*
 * While the garbage collector marks, runtime.work.stackRoots is a second one: the list as it was when it began, without room behind
 * it (runtime.allGsSnapshot()).
 */
static bool go_allgs_is_better(const struct go_slice *a, const struct go_slice *b)
{
	return !b->data || a->len > b->len || (a->len == b->len && a->cap > b->cap);
}

static void go_allgs_check(struct go_allgs_search *s, uint64_t addr, const struct go_slice *slice)
{
	struct go_sample sample;

	if (!go_allgs_is_better(slice, &s->slice) ||
	    !go_sample__read(&sample, s->code->memory, slice->data, slice->len) ||
	    !go_layout_find_goid(&sample))
		return;
	s->addr = addr;
	s->slice = *slice;
	*s->sample = sample;
}

static int go_allgs_scan(void *arg, const struct go_chunk *c)
{
	struct go_allgs_search *s = arg;
	struct go_slice slice;

	for (size_t at = 0; at < c->step && c->len - at >= sizeof(slice); at += WORD) {
		memcpy(&slice, c->bytes + at, sizeof(slice));
		if (!go_slice_is_sane(&slice))
			continue;
		if (s->candidate_cnt++ >= MAX_CANDIDATES)
			return 1;
		go_allgs_check(s, c->addr + at, &slice);
	}
	return 0;
}

int go_find_allgs(const struct go_code *c, uint64_t *ret_addr, struct go_sample *ret_sample)
{
	struct go_allgs_search s = {.code = c, .sample = ret_sample};
	int err = go_code__each_chunk(c, go_allgs_scan, &s);

	if (err < 0)
		return err;
	if (!s.slice.data)
		return -ENOENT;
	*ret_addr = s.addr;
	return 0;
}

/* ---- wait reasons ---- */

struct go_string {
	uint64_t data, len;
};

/* What all versions begin with. */
static const char *const go_reasons_begin[] = {"", "GC assist marking", "IO wait"};

static bool go_reason_read(const struct go_code *c, const struct go_string *s,
			   char ret[GO_WAIT_REASON_BYTES])
{
	if (s->len >= GO_WAIT_REASON_BYTES ||
	    (s->len && !go_memory__read(c->memory, s->data, ret, (size_t)s->len)))
		return false;
	ret[s->len] = '\0';
	for (size_t i = 0; i < s->len; i++)
		if (ret[i] < ' ' || ret[i] > '~')
			return false;
	return true;
}

static bool go_reasons_begin_at(const struct go_code *c, const struct go_string *strings)
{
	char text[GO_WAIT_REASON_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(go_reasons_begin); i++)
		if (strings[i].len != strlen(go_reasons_begin[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(go_reasons_begin); i++)
		if (!go_reason_read(c, &strings[i], text) || strcmp(text, go_reasons_begin[i]) != 0)
			return false;
	return true;
}

struct go_reasons_search {
	const struct go_code *code;
	struct go_wait_reasons *found;
};

/* Where the array ends isn't told: texts that can't be reasons end it, others behind it do no harm. */
static void go_reasons_take(const struct go_reasons_search *s, const struct go_chunk *c, size_t at)
{
	struct go_wait_reasons *r = s->found;
	struct go_string string;

	r->cnt = 0;
	for (; r->cnt < GO_WAIT_REASON_MAX && c->len - at >= sizeof(string); at += sizeof(string)) {
		memcpy(&string, c->bytes + at, sizeof(string));
		if ((r->cnt && !string.len) || !go_reason_read(s->code, &string, r->texts[r->cnt]))
			break;
		r->cnt++;
	}
}

static int go_reasons_scan(void *arg, const struct go_chunk *c)
{
	const struct go_reasons_search *s = arg;
	struct go_string strings[ARRAY_SIZE(go_reasons_begin)];

	for (size_t at = 0; at < c->step && c->len - at >= sizeof(strings); at += WORD) {
		memcpy(strings, c->bytes + at, sizeof(strings));
		if (!go_reasons_begin_at(s->code, strings))
			continue;
		go_reasons_take(s, c, at);
		return 1;
	}
	return 0;
}

int go_find_wait_reasons(const struct go_code *c, struct go_wait_reasons *ret)
{
	struct go_reasons_search s = {c, ret};
	int err = go_code__each_chunk(c, go_reasons_scan, &s);

	if (err < 0)
		return err;
	return err ? 0 : -ENOENT;
}

const char *go_wait_reasons__text(const struct go_wait_reasons *r, uint8_t reason)
{
	return reason < r->cnt && *r->texts[reason] ? r->texts[reason] : "unknown";
}
