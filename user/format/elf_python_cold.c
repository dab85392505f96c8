/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Compilers put the parts of a function that are seldom run elsewhere: "_PyEval_EvalFrameDefault.cold", a name that a
 * stripped file lacks. But it has call frame information of its own, and the two parts jump into each other's middle.
 * Looked for is the piece of code that most jumps lead to, if jumps lead back from there.
 *
 * Bytes are not disassembled: whatever looks like a jump counts as one, so a few are needed on either side.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "format/cfi_entry.h"
#include "format/elf_python_cold.h"

#define COLD_MAX_CODE	 (4u << 20) /* bytes of one part */
#define COLD_MAX_CFI	 (64u << 20)
#define COLD_MAX_TARGETS 65536
#define COLD_MIN_JUMPS	 3 /* on either side */

struct cold_targets {
	uint64_t *items; /* sorted */
	size_t cnt, cap;
};

/* Calls @fn with the targets of what looks like a jump with 32 bits of distance in code at @vaddr. */
typedef int (*cold_jump_fn)(void *arg, uint64_t target);

static int cold_each_jump(const struct buf *code, uint64_t vaddr, cold_jump_fn fn, void *arg)
{
	const uint8_t *b = (const uint8_t *)code->data;
	int32_t distance;
	int err = 0;

	for (size_t i = 0; !err && i + 6 <= code->len; i++) {
		/* JMP rel32; Jcc rel32 */
		size_t op = b[i] == 0xe9 ? 1 : b[i] == 0x0f && (b[i + 1] & 0xf0) == 0x80 ? 2 : 0;

		if (!op)
			continue;
		memcpy(&distance, b + i + op, sizeof(distance));
		err = fn(arg, vaddr + i + op + sizeof(distance) + (uint64_t)(int64_t)distance);
	}
	return err;
}

static int cold_read(const struct elf *e, uint64_t start, uint64_t end, struct buf *ret)
{
	uint64_t off;
	int err = end - start > COLD_MAX_CODE ? -E2BIG : elf__vaddr_to_off(e, start, &off);

	return err ? err : elf__read_range(e, off, end - start, COLD_MAX_CODE, ret);
}

/* ---- where the hot part jumps to ---- */

struct cold_search {
	uint64_t start, end; /* the hot part */
	struct cold_targets targets;
	uint64_t cold_start, cold_end; /* the best so far */
	size_t votes;
};

static int cold_add_target(void *arg, uint64_t target)
{
	struct cold_search *s = arg;
	int err;

	if (target >= s->start && target < s->end)
		return 0;
	err = array__grow((void **)&s->targets.items, &s->targets.cap, s->targets.cnt + 1,
			  sizeof(*s->targets.items), COLD_MAX_TARGETS);
	if (!err)
		s->targets.items[s->targets.cnt++] = target;
	return err == -E2BIG ? 0 : err;
}

static int cold_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* How many targets are below @addr. */
static size_t cold_below(const struct cold_targets *t, uint64_t addr)
{
	size_t lo = 0, hi = t->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->items[mid] < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Counts the jumps into the middle of a piece of code: those to its beginning may be calls of another function. */
static void cold_vote(struct cold_search *s, uint64_t start, uint64_t end)
{
	size_t votes = cold_below(&s->targets, end) - cold_below(&s->targets, start + 1);

	if (votes <= s->votes || end <= start || (start < s->end && s->start < end))
		return;
	s->votes = votes;
	s->cold_start = start;
	s->cold_end = end;
}

static int cold_vote_all(const struct elf *e, struct cold_search *s)
{
	_cleanup_elf_cfi_ struct elf_cfi cfi = {0};
	struct cfi_cie cie;
	struct cfi_entry entry, of;
	uint64_t cie_pos = UINT64_MAX, vaddr, bytes;
	size_t pos = 0, at;
	int arch = elf_cfi_arch(e), err;

	if (arch < 0)
		return arch;
	err = elf_cfi__load_eh(e, COLD_MAX_CFI, &cfi);
	if (err)
		return err;
	while (cfi_entry__next(&cfi, &pos, &entry) > 0) {
		if (entry.is_cie)
			continue;
		at = entry.cie_pos;
		if (entry.cie_pos != cie_pos &&
		    (cfi_entry__next(&cfi, &at, &of) <= 0 || !of.is_cie ||
		     cfi_entry__parse_cie(&of, &cfi, (enum elf_cfi_arch)arch, &cie)))
			continue;
		cie_pos = entry.cie_pos;
		if (!cfi_entry__parse_fde(&entry, &cfi, &cie, &vaddr, &bytes))
			cold_vote(s, vaddr, vaddr + bytes);
	}
	return 0;
}

/* ---- and back ---- */

static int cold_count_back(void *arg, uint64_t target)
{
	struct cold_search *s = arg;

	s->votes += target > s->start && target < s->end;
	return 0;
}

static int cold_confirm(const struct elf *e, struct cold_search *s)
{
	_cleanup_buf_ struct buf code = {0};
	int err;

	if (s->votes < COLD_MIN_JUMPS)
		return -ENOENT;
	err = cold_read(e, s->cold_start, s->cold_end, &code);
	if (err)
		return err;
	s->votes = 0;
	cold_each_jump(&code, s->cold_start, cold_count_back, s);
	return s->votes < COLD_MIN_JUMPS ? -ENOENT : 0;
}

int elf_python_cold(const struct elf *e, uint64_t start, uint64_t end, uint64_t *ret_start,
		    uint64_t *ret_end)
{
	struct cold_search s = {.start = start, .end = end};
	_cleanup_buf_ struct buf code = {0};
	int err;

	if (e->machine != EM_X86_64 || end <= start)
		return -ENOENT;
	err = cold_read(e, start, end, &code);
	if (!err)
		err = cold_each_jump(&code, start, cold_add_target, &s);
	if (!err && s.targets.cnt) {
		qsort(s.targets.items, s.targets.cnt, sizeof(*s.targets.items), cold_compare);
		err = cold_vote_all(e, &s);
	}
	if (!err)
		err = cold_confirm(e, &s);
	free(s.targets.items);
	if (err)
		return err == -ENOMEM ? err : -ENOENT;
	*ret_start = s.cold_start;
	*ret_end = s.cold_end;
	return 0;
}
