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

#define MAX_RIVALS 16
#define TAIL_CNT   8

struct go_allgs_search {
	const struct go_code *code;
	struct go_sample *sample; /* of the first that was found */
	bool found;
	unsigned int candidate_cnt;
	uint64_t rivals[MAX_RIVALS]; /* slices of the same goroutines */
	size_t rival_cnt;
};

/*
 * Is it one to its end? A list that has been outgrown lies in free memory for a while, and what the runtime keeps of that memory may begin
 * with its address, too.
 */
static bool go_allgs_is_whole(const struct go_code *c, const struct go_slice *slice)
{
	/* The last one may be being appended just now. */
	uint64_t len = slice->len - 1, cnt = len < TAIL_CNT ? len : TAIL_CNT;
	struct go_sample tail;

	return go_sample__read(&tail, c->memory, slice->data + (len - cnt) * WORD, cnt);
}

static bool go_allgs_find(struct go_allgs_search *s, const struct go_slice *slice)
{
	struct go_sample sample;

	if (!go_sample__read(&sample, s->code->memory, slice->data, slice->len) ||
	    !go_layout_find_goid(&sample) || !go_allgs_is_whole(s->code, slice))
		return false;
	*s->sample = sample;
	s->found = true;
	return true;
}

/* Goroutines are never taken out of the list, so those of a copy are its first ones. */
static bool go_allgs_compare(struct go_allgs_search *s, uint64_t addr, const struct go_slice *slice)
{
	uint64_t first[MIN_GOROUTINES];

	if (go_memory__read(s->code->memory, slice->data, first, sizeof(first)) &&
	    !memcmp(first, s->sample->addrs, sizeof(first)))
		s->rivals[s->rival_cnt++] = addr;
	return s->rival_cnt == MAX_RIVALS;
}

/* Until the first one is found; then, from the beginning, all of the same goroutines. */
static int go_allgs_scan(void *arg, const struct go_chunk *c)
{
	struct go_allgs_search *s = arg;
	bool searching = !s->found;
	struct go_slice slice;

	for (size_t at = 0; at < c->step && c->len - at >= sizeof(slice); at += WORD) {
		memcpy(&slice, c->bytes + at, sizeof(slice));
		if (!go_slice_is_sane(&slice))
			continue;
		if (s->candidate_cnt++ >= MAX_CANDIDATES)
			return 1;
		if (searching ? go_allgs_find(s, &slice)
			      : go_allgs_compare(s, c->addr + at, &slice))
			return 1;
	}
	return 0;
}

/* The longest now, or the one with more room. 0: none is one any more. */
static uint64_t go_allgs_longest(const struct go_allgs_search *s)
{
	struct go_slice best = {0}, slice;
	uint64_t addr = 0;

	for (size_t i = 0; i < s->rival_cnt; i++) {
		if (!go_memory__read(s->code->memory, s->rivals[i], &slice, sizeof(slice)) ||
		    !go_slice_is_sane(&slice) || slice.len < best.len ||
		    (slice.len == best.len && slice.cap <= best.cap) ||
		    !go_allgs_is_whole(s->code, &slice))
			continue;
		best = slice;
		addr = s->rivals[i];
	}
	return addr;
}

/*
 * While the garbage collector marks, runtime.work.stackRoots is a second list: all goroutines that there were when it began, without
 * room behind them (runtime.allGsSnapshot()). The real one goes on growing; what was read of it first, and of a copy of it later,
 * tells nothing. So all are read again, one right behind the other, and twice, since a collection may begin in between.
 */
int go_find_allgs(const struct go_code *c, uint64_t *ret_addr, struct go_sample *ret_sample)
{
	struct go_allgs_search s = {.code = c, .sample = ret_sample};
	int err = go_code__each_chunk(c, go_allgs_scan, &s);

	s.candidate_cnt = 0;
	if (err >= 0 && s.found)
		err = go_code__each_chunk(c, go_allgs_scan, &s);
	if (err < 0)
		return err;
	*ret_addr = go_allgs_longest(&s);
	return *ret_addr && *ret_addr == go_allgs_longest(&s) ? 0 : -ENOENT;
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
