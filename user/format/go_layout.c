/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_layout.h"

#include <string.h>

#include "base/compiler.h"

#define MAX_STACK_BYTES (1ull << 30) /* runtime.maxstacksize */
#define MAX_GOID	(1ull << 40)

/* Where the number may be, and the start function: wider than any version had them. */
#define GOID_FIRST    120
#define GOID_END      208
#define STARTPC_FIRST 232
#define STARTPC_LAST  312

/* Likewise, of what a runtime.m says of the goroutine that it runs. */
#define M_CURG_FIRST 128
#define M_BYTES	     384

struct go_layout_row {
	uint8_t first, last; /* versions */
	struct go_layout layout;
};

#define ROW(...)            \
	{                   \
		__VA_ARGS__ \
	}

static const struct go_layout_row go_layout_rows[] = {
	/* versions, then as struct go_layout has them */
	ROW(15, 16, {104, 112, 144, 152, 168, 176, 0, 216, 0, 280, 296, 312, 344, 192}),
	ROW(17, 20, {104, 112, 144, 152, 168, 176, 189, 232, 0, 296, 312, 328, 360, 192}),
	ROW(21, 21, {104, 112, 144, 152, 168, 176, 188, 208, 272, 280, 296, 312, 344, 192}),
	ROW(22, 22, {104, 112, 144, 152, 168, 176, 191, 208, 272, 280, 296, 312, 344, 192}),
	ROW(23, 24, {104, 112, 152, 160, 176, 184, 199, 216, 280, 288, 304, 320, 352, 192}),
	ROW(25, 25, {96, 104, 144, 152, 168, 176, 191, 208, 272, 280, 296, 312, 344, 184}),
	ROW(26, 27, {96, 104, 144, 152, 168, 176, 191, 208, 280, 288, 304, 320, 352, 184}),
};

static const char *const go_layout_from_names[] = {
	[GO_LAYOUT_TABLE] = "table",
	[GO_LAYOUT_DWARF] = "dwarf",
	[GO_LAYOUT_MEMORY] = "inferred",
};

const char *go_layout_from_name(enum go_layout_from from)
{
	return go_layout_from_names[from];
}

enum go_layout_from go_layout_from_parse(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(go_layout_from_names); i++)
		if (!strcmp(name, go_layout_from_names[i]))
			return (enum go_layout_from)i;
	return GO_LAYOUT_TABLE;
}

bool go_layout_of(unsigned int minor, struct go_layout *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(go_layout_rows); i++) {
		const struct go_layout_row *r = &go_layout_rows[i];

		if (minor < r->first || minor > r->last)
			continue;
		*ret = r->layout;
		return true;
	}
	return false;
}

/*
 * src/runtime/chan.go and runtime2.go. From 1.26 on a sudog keeps its channel twice, to hide it from the garbage collector
 * for a while: the second one is always there.
 */
static const struct {
	uint8_t first, last;
	struct go_channel_layout layout;
} go_channel_rows[] = {
	{15, 22, {64, 80, 0, 56, 72}},
	{23, 25, {64, 80, 32, 64, 80}},
	{26, 27, {72, 96, 32, 64, 80}},
};

bool go_channel_layout_of(unsigned int minor, struct go_channel_layout *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(go_channel_rows); i++) {
		if (minor < go_channel_rows[i].first || minor > go_channel_rows[i].last)
			continue;
		*ret = go_channel_rows[i].layout;
		return true;
	}
	return false;
}

static bool go_status_is_legal(uint32_t status)
{
	return status < GO_STATUS_CNT && status != 5 && status != 7;
}

static bool go_status_is_live(uint32_t status)
{
	return status != GO_IDLE && status != GO_DEAD && status != GO_DEAD_EXTRA;
}

static bool go_g_has_stack(const uint8_t g[GO_G_BYTES])
{
	uint64_t lo = go_g_u64(g, GO_G_STACK_LO), hi = go_g_u64(g, GO_G_STACK_HI);

	return lo < hi ? hi - lo <= MAX_STACK_BYTES && !((lo | hi) & 7) : !lo && !hi;
}

bool go_sample__read(struct go_sample *s, const struct go_memory *m, uint64_t list, uint64_t cnt)
{
	s->cnt = cnt < GO_SAMPLE_MAX ? (size_t)cnt : GO_SAMPLE_MAX;
	if (!go_memory__read(m, list, s->addrs, s->cnt * sizeof(s->addrs[0])))
		return false;
	for (size_t i = 0; i < s->cnt; i++)
		if (!s->addrs[i] || s->addrs[i] & 7)
			return false;
	for (size_t i = 0; i < s->cnt; i++)
		if (!go_memory__read(m, s->addrs[i], s->bytes[i], GO_G_BYTES) ||
		    !go_g_has_stack(s->bytes[i]))
			return false;
	return s->cnt;
}

/* ---- the number, and what lies around it ---- */

static bool go_sample_has_twin(const struct go_sample *s, size_t offset, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (go_g_u64(s->bytes[k], offset) == go_g_u64(s->bytes[i], offset))
			return true;
	return false;
}

/*
 * The first goroutine ever made is number 1, and no two that live have one number. One that is being made may have none
 * yet; the status lies before it.
 */
static bool go_sample_has_goid(const struct go_sample *s, uint16_t offset)
{
	const struct go_layout l = {.status = (uint16_t)(offset - 8)};
	size_t cnt = 0;

	if (go_g_u64(s->bytes[0], offset) != 1)
		return false;
	for (size_t i = 0; i < s->cnt; i++) {
		uint64_t goid = go_g_u64(s->bytes[i], offset);
		uint32_t status = go_g_status(s->bytes[i], &l);

		if (goid >= MAX_GOID || !go_status_is_legal(status) ||
		    (goid && go_sample_has_twin(s, offset, i)) ||
		    (!goid && go_status_is_live(status)))
			return false;
		cnt += goid != 0;
	}
	return cnt;
}

uint16_t go_layout_find_goid(const struct go_sample *s)
{
	uint16_t found = 0;

	for (uint16_t o = GOID_FIRST; s->cnt && o < GOID_END; o += 8) {
		if (!go_sample_has_goid(s, o))
			continue;
		if (found)
			return 0;
		found = o;
	}
	return found;
}

/* ---- the start function ---- */

/*
 * Every goroutine that lives has one that is a function's first byte; main has. One that C made (by calling Go) has none.
 */
static bool go_sample_has_startpc(const struct go_sample *s, const struct go_layout *l,
				  const struct go_code *code, uint16_t offset)
{
	size_t entries = 0, live = 0;

	for (size_t i = 0; i < s->cnt; i++) {
		uint64_t pc = go_g_u64(s->bytes[i], offset);

		if (!go_status_is_live(go_g_status(s->bytes[i], l)))
			continue;
		live++;
		if (!pc)
			continue;
		if (!go_code__is_entry(code, pc))
			return false;
		entries++;
	}
	return live && entries * 2 > live;
}

static uint16_t go_sample_find_startpc(const struct go_sample *s, const struct go_layout *l,
				       const struct go_code *code)
{
	uint16_t found = 0;

	for (uint16_t o = STARTPC_FIRST; o <= STARTPC_LAST; o += 8) {
		if (!go_sample_has_startpc(s, l, code, o))
			continue;
		if (found)
			return 0;
		found = o;
	}
	return found;
}

/* ---- the rest ---- */

/* How many that wait have a saved frame pointer at @offset that lies in their stack; *@ret_waiting: of how many. */
static size_t go_sample_count_bps(const struct go_sample *s, const struct go_layout *l,
				  uint16_t offset, size_t *ret_waiting)
{
	size_t cnt = 0;

	*ret_waiting = 0;
	for (size_t i = 0; i < s->cnt; i++) {
		const uint8_t *g = s->bytes[i];
		uint64_t bp = go_g_u64(g, offset);

		if (go_g_status(g, l) != GO_WAITING)
			continue;
		++*ret_waiting;
		cnt += bp >= go_g_u64(g, GO_G_SP) && bp <= go_g_u64(g, GO_G_STACK_HI);
	}
	return cnt;
}

static uint16_t go_sample_find_bp(const struct go_sample *s, const struct go_layout *l)
{
	size_t waiting, newer = go_sample_count_bps(s, l, 96, &waiting);
	size_t older = go_sample_count_bps(s, l, 104, &waiting);

	if (newer == older)
		return 0;
	return newer > older ? 96 : 104;
}

/* From 1.21 on it is the number of the parent; before, the place of the last signal, which is 0 nearly always. */
static bool go_sample_has_parents(const struct go_sample *s, const struct go_layout *l,
				  uint16_t offset)
{
	bool some = false;

	for (size_t i = 0; i < s->cnt; i++) {
		uint64_t goid = go_g_u64(s->bytes[i], offset);

		if (!go_status_is_live(go_g_status(s->bytes[i], l)))
			continue;
		if (goid >= MAX_GOID)
			return false;
		some |= goid != 0;
	}
	return some;
}

/* In which words of its m a goroutine is that has one: how often, in @votes. */
static void go_sample_vote(const struct go_memory *memory, const uint8_t g[GO_G_BYTES],
			   uint64_t addr, uint8_t votes[M_BYTES / 8])
{
	uint64_t m = go_g_u64(g, GO_G_M), words[M_BYTES / 8];

	if (!m || m & 7 || !go_memory__read(memory, m, words, sizeof(words)))
		return;
	for (size_t i = M_CURG_FIRST / 8; i < ARRAY_SIZE(words); i++)
		votes[i] += words[i] == addr;
}

/*
 * The thread-local variable that holds the one whose stack is in use lies in m, too, where there is no C: in m.tls, which is
 * so far before curg (src/runtime/runtime2.go). So does m.lockedg, behind it, of some. 0: none runs.
 */
#define M_TLS_BYTES 56
static uint16_t go_sample_find_curg(const struct go_sample *s, const struct go_layout *l,
				    const struct go_memory *memory)
{
	uint8_t votes[M_BYTES / 8] = {0};
	size_t best = 0;

	for (size_t i = 0; i < s->cnt; i++) {
		uint32_t status = go_g_status(s->bytes[i], l);

		if (status == GO_RUNNING || status == GO_SYSCALL)
			go_sample_vote(memory, s->bytes[i], s->addrs[i], votes);
	}
	for (size_t i = 0; i < ARRAY_SIZE(votes); i++)
		if (votes[i] > votes[best])
			best = i;
	if (best + M_TLS_BYTES / 8 < ARRAY_SIZE(votes) &&
	    votes[best + M_TLS_BYTES / 8] == votes[best])
		best += M_TLS_BYTES / 8;
	return votes[best] ? (uint16_t)(best * 8) : 0;
}

bool go_layout_infer(const struct go_sample *s, const struct go_code *code, struct go_layout *ret)
{
	struct go_layout l = {.goid = go_layout_find_goid(s)};

	if (!l.goid)
		return false;
	l.status = (uint16_t)(l.goid - 8);
	l.wait_since = (uint16_t)(l.goid + 16);
	l.wait_reason = (uint16_t)(l.goid + 24);
	l.bp = go_sample_find_bp(s, &l);
	l.startpc = go_sample_find_startpc(s, &l, code);
	if (!l.bp || !l.startpc)
		return false;
	l.syscall_sp = (uint16_t)(l.bp + 8);
	l.gopc = (uint16_t)(l.startpc - 16);
	l.waiting = (uint16_t)(l.startpc + 16);
	l.labels = (uint16_t)(l.startpc + 48);
	l.m_curg = go_sample_find_curg(s, &l, code->memory);
	if (go_sample_has_parents(s, &l, (uint16_t)(l.gopc - 8)))
		l.parent_goid = (uint16_t)(l.gopc - 8);
	*ret = l;
	return true;
}

bool go_layout__fits(const struct go_layout *l, const struct go_sample *s,
		     const struct go_code *code)
{
	size_t waiting, in_stack;

	if (!s->cnt || !go_sample_has_goid(s, l->goid) || l->status != l->goid - 8 ||
	    !go_sample_has_startpc(s, l, code, l->startpc))
		return false;
	in_stack = go_sample_count_bps(s, l, l->bp, &waiting);
	return !waiting || in_stack * 2 > waiting;
}
