/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/cfi.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "format/cfi_entry.h"
#include "format/cfi_rule.h"
#include "format/elf_cfi.h"

/* An FDE whose code is in the file. */
struct cfi_fde {
	uint64_t off;	       /* of the code */
	uint32_t bytes;	       /* of the code */
	uint32_t pos : 31;     /* of the FDE in its section */
	uint32_t is_debug : 1; /* which section */
};

enum {
	CFI_EH,
	CFI_DEBUG,
	CFI_SECTION_CNT,
};

/* The CIEs of a section, by position. */
struct cfi_cies {
	struct cfi_cie *cies;
	size_t cnt, cap;
	size_t last; /* the one found last */
};

struct cfi_compiler {
	const struct elf *e;
	enum elf_cfi_arch arch;
	struct elf_cfi sections[CFI_SECTION_CNT];
	struct cfi_cies cies[CFI_SECTION_CNT];
	struct cfi_fde *fdes;
	size_t fde_cnt, fde_cap;
	size_t segment; /* hint for elf_cfi__find_code() */
	struct cfi_rule_set rules;
	struct cfi_program program;
	struct cfi_rows out;
};

_Static_assert(CFI_MAX_SECTION_BYTES <= 1u << 31, "cfi_fde.pos");

static void cfi_compiler_fini(struct cfi_compiler *x)
{
	for (int i = 0; i < CFI_SECTION_CNT; i++) {
		elf_cfi__fini(&x->sections[i]);
		free(x->cies[i].cies);
	}
	free(x->fdes);
	cfi_rule_set__fini(&x->rules);
	cfi_rows__fini(&x->out);
}

void cfi_rows__fini(struct cfi_rows *rows)
{
	free(rows->rows);
	free(rows->rules);
	memset(rows, 0, sizeof(*rows));
}

/* ---- first pass: where the entries are ---- */

static int cfi_add_cie(struct cfi_compiler *x, int section, const struct cfi_entry *entry)
{
	struct cfi_cies *t = &x->cies[section];
	void *cies = t->cies;
	struct cfi_cie cie;
	int err;

	/* Its FDEs will miss it, and are counted. */
	if (cfi_entry__parse_cie(entry, &x->sections[section], x->arch, &cie))
		return 0;
	err = array__grow(&cies, &t->cap, t->cnt + 1, sizeof(cie), CFI_MAX_CIES);
	t->cies = cies;
	if (!err)
		t->cies[t->cnt++] = cie;
	return err;
}

static const struct cfi_cie *cfi_find_cie(struct cfi_cies *t, uint64_t pos)
{
	size_t low = 0, high = t->cnt;

	if (t->last < t->cnt && t->cies[t->last].pos == pos)
		return &t->cies[t->last];
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->cies[mid].pos < pos)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == t->cnt || t->cies[low].pos != pos)
		return NULL;
	t->last = low;
	return &t->cies[low];
}

static int cfi_add_fde(struct cfi_compiler *x, int section, struct cfi_entry *entry)
{
	const struct cfi_cie *cie = cfi_find_cie(&x->cies[section], entry->cie_pos);
	uint64_t vaddr, bytes, off, code_bytes;
	void *fdes = x->fdes;
	int err;

	if (!cie || cfi_entry__parse_fde(entry, &x->sections[section], cie, &vaddr, &bytes) ||
	    bytes > UINT32_MAX) {
		x->out.bad_cnt++;
		return 0;
	}
	/* Linkers leave FDEs of functions they dropped at address 0, or at none of any code. */
	if (!vaddr || !bytes || elf_cfi__find_code(x->e, vaddr, &x->segment, &off, &code_bytes))
		return 0;
	if (off + code_bytes > 1ull << 47)
		return -E2BIG;
	err = array__grow(&fdes, &x->fde_cap, x->fde_cnt + 1, sizeof(*x->fdes), CFI_MAX_FDES);
	x->fdes = fdes;
	if (err)
		return err;
	x->fdes[x->fde_cnt++] = (struct cfi_fde){
		.off = off,
		.bytes = (uint32_t)(bytes < code_bytes ? bytes : code_bytes),
		.pos = (uint32_t)entry->pos,
		.is_debug = section == CFI_DEBUG,
	};
	return 0;
}

/* Two rounds, since in .debug_frame a CIE may follow its FDEs. */
static int cfi_scan(struct cfi_compiler *x, int section)
{
	struct cfi_entry entry;
	int err = 0, more;

	for (int cies = 1; cies >= 0; cies--) {
		size_t pos = 0;

		while (!err && (more = cfi_entry__next(&x->sections[section], &pos, &entry)) > 0) {
			if (entry.is_cie && cies)
				err = cfi_add_cie(x, section, &entry);
			else if (!entry.is_cie && !cies)
				err = cfi_add_fde(x, section, &entry);
		}
		if (err)
			return err;
		if (more < 0 && !cies)
			x->out.bad_cnt++;
	}
	return 0;
}

/* ---- second pass: their order ---- */

/*
 * One round of a radix sort by 11 bits from @shift: stable, so .eh_frame comes before .debug_frame.
 */
static void cfi_sort_round(const struct cfi_fde *from, struct cfi_fde *to, size_t cnt,
			   unsigned int shift)
{
	size_t at[2048] = {0}, sum = 0;

	for (size_t i = 0; i < cnt; i++)
		at[from[i].off >> shift & 2047]++;
	for (size_t i = 0; i < 2048; i++) {
		size_t n = at[i];

		at[i] = sum;
		sum += n;
	}
	for (size_t i = 0; i < cnt; i++)
		to[at[from[i].off >> shift & 2047]++] = from[i];
}

/* Linear in the number of FDEs, whatever their order is. */
static int cfi_sort(struct cfi_compiler *x)
{
	uint64_t max = 0, last = 0;
	bool sorted = true;
	struct cfi_fde *to;

	for (size_t i = 0; i < x->fde_cnt; i++) {
		uint64_t off = x->fdes[i].off;

		sorted &= off >= last;
		last = off;
		if (off > max)
			max = off;
	}
	if (sorted)
		return 0;
	to = reallocarray(NULL, x->fde_cnt, sizeof(*to));
	if (!to)
		return -ENOMEM;
	for (unsigned int shift = 0; shift < 48 && max >> shift; shift += 11) {
		struct cfi_fde *from = x->fdes;

		cfi_sort_round(from, to, x->fde_cnt, shift);
		x->fdes = to;
		to = from;
	}
	free(to);
	x->fde_cap = x->fde_cnt;
	return 0;
}

/*
 * One FDE for each start: the first in the file. One of .debug_frame only if it doesn't start in
 * code that .eh_frame covers.
 */
static void cfi_drop_doubles(struct cfi_compiler *x)
{
	uint64_t eh_end = 0;
	size_t n = 0;

	for (size_t i = 0; i < x->fde_cnt; i++) {
		struct cfi_fde f = x->fdes[i];

		if ((n && x->fdes[n - 1].off == f.off) || (f.is_debug && f.off < eh_end))
			continue;
		if (!f.is_debug && f.off + f.bytes > eh_end)
			eh_end = f.off + f.bytes;
		x->fdes[n++] = f;
	}
	x->fde_cnt = n;
}

/* ---- third pass: rows ---- */

/*
 * Offsets never go back. Says nothing that the last row said, and only the last word about a place.
 */
static int cfi_add_row(struct cfi_rows *out, uint64_t off, int rule)
{
	void *rows = out->rows;
	int err;

	if (rule < 0)
		return rule;
	if (rule == (out->cnt ? out->rows[out->cnt - 1].rule : CFI_RULE_NONE))
		return 0;
	err = array__grow(&rows, &out->cap, out->cnt + 1, sizeof(*out->rows), CFI_MAX_ROWS);
	out->rows = rows;
	if (err)
		return err;
	out->rows[out->cnt++] = (struct cfi_row){.off = off, .rule = (uint16_t)rule};
	out->unsupported_cnt += rule == CFI_RULE_UNSUPPORTED;
	return 0;
}

/*
 * The rows of one FDE, up to @end, where the next one begins or its code ends. 0, -EBADMSG,
 * -ENOMEM, -E2BIG.
 */
static int cfi_compile_fde(struct cfi_compiler *x, const struct cfi_fde *fde, uint64_t end)
{
	const struct elf_cfi *s = &x->sections[fde->is_debug];
	struct cfi_program *p = &x->program;
	uint64_t vaddr, bytes;
	struct cfi_entry entry;
	const struct cfi_cie *cie;
	size_t pos = fde->pos;
	int more, err = 0;

	/* It was parsed before, and the bytes are ours: nothing of this fails. */
	if (cfi_entry__next(s, &pos, &entry) <= 0)
		return -EBADMSG;
	cie = cfi_find_cie(&x->cies[fde->is_debug], entry.cie_pos);
	if (!cie || cfi_entry__parse_fde(&entry, s, cie, &vaddr, &bytes))
		return -EBADMSG;
	p->section = s;
	cfi_program__begin(p, cie, entry.body, vaddr, fde->bytes);
	while (!err && (more = cfi_program__next(p)) > 0) {
		struct unwind_rule rule;

		if (fde->off + p->loc >= end)
			continue;
		cfi_rule_of(&p->now, x->arch, cie->is_signal, &rule);
		err = cfi_add_row(&x->out, fde->off + p->loc, cfi_rule_set__get(&x->rules, &rule));
	}
	return err ? err : more;
}

#define CFI_MAX_HOLE	   32
#define CFI_FUNCTION_ALIGN 16

/*
 * libc's clone() and clone3() have no CFI from the system call to where the child begins, as it would be wrong for the
 * child; but a thread in vfork() or posix_spawn() waits there. Such a hole of few bytes before code that doesn't begin as
 * functions do, behind an FDE that changed nothing since the entry, is taken for the same function, still unchanged.
 */
static bool cfi_is_hole(const struct cfi_compiler *x, uint64_t end, uint64_t next)
{
	const struct cfi_rows *out = &x->out;

	return next > end && next - end <= CFI_MAX_HOLE && next % CFI_FUNCTION_ALIGN && out->cnt &&
	       cfi_rule_is_entry(&x->rules.rules[out->rows[out->cnt - 1].rule], x->arch);
}

/*
 * Code that two FDEs claim belongs to the one that starts later; the earlier one doesn't come back
 * behind it. That is what a search for the last start finds, such as libgcc's in .eh_frame_hdr.
 */
static int cfi_make_rows(struct cfi_compiler *x)
{
	struct cfi_rows *out = &x->out;
	uint64_t covered = 0; /* up to here */
	int err;

	x->program.arch = x->arch;
	for (size_t i = 0; i < x->fde_cnt; i++) {
		const struct cfi_fde *f = &x->fdes[i];
		uint64_t end = f->off + f->bytes, unsupported_cnt;
		size_t cnt;

		if (i + 1 < x->fde_cnt && x->fdes[i + 1].off < end)
			end = x->fdes[i + 1].off;
		err = covered < f->off ? cfi_add_row(out, covered, CFI_RULE_NONE) : 0;
		if (err)
			return err;
		cnt = out->cnt;
		unsupported_cnt = out->unsupported_cnt;
		err = cfi_compile_fde(x, f, end);
		if (err == -EBADMSG) {
			/* As if it weren't there. */
			out->cnt = cnt;
			out->unsupported_cnt = unsupported_cnt;
			out->bad_cnt++;
			continue;
		}
		if (err)
			return err;
		out->fde_cnt++;
		covered = end;
		if (i + 1 < x->fde_cnt && cfi_is_hole(x, end, x->fdes[i + 1].off))
			covered = x->fdes[i + 1].off;
	}
	return cfi_add_row(out, covered, CFI_RULE_NONE);
}

static int cfi_load(struct cfi_compiler *x)
{
	int err, debug_err;

	err = elf_cfi__load_eh(x->e, CFI_MAX_SECTION_BYTES, &x->sections[CFI_EH]);
	if (err == -ENOMEM)
		return err;
	debug_err = elf_cfi__load_debug(x->e, CFI_MAX_SECTION_BYTES, &x->sections[CFI_DEBUG]);
	/* One of them is enough. */
	if (err && debug_err)
		return err == -ENODATA ? debug_err : err;
	for (int i = 0; i < CFI_SECTION_CNT; i++) {
		err = cfi_scan(x, i);
		if (err)
			return err;
	}
	return x->fde_cnt ? 0 : -ENODATA;
}

/* Gives the rows away. */
static void cfi_take_rows(struct cfi_compiler *x, struct cfi_rows *ret)
{
	struct cfi_row *rows;

	rows = reallocarray(x->out.rows, x->out.cnt, sizeof(*rows));
	if (rows) {
		x->out.rows = rows;
		x->out.cap = x->out.cnt;
	}
	*ret = x->out;
	ret->rules = x->rules.rules;
	ret->rule_cnt = x->rules.cnt;
	x->out = (struct cfi_rows){0};
	x->rules.rules = NULL;
}

int cfi_compile(const struct elf *e, struct cfi_rows *ret)
{
	struct cfi_compiler *x;
	int arch = elf_cfi_arch(e), err;

	if (arch < 0)
		return arch;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->e = e;
	x->arch = (enum elf_cfi_arch)arch;
	err = cfi_rule_set__init(&x->rules);
	if (!err)
		err = cfi_load(x);
	if (!err)
		err = cfi_sort(x);
	if (!err) {
		cfi_drop_doubles(x);
		err = cfi_make_rows(x);
	}
	if (!err && !x->out.cnt)
		err = -ENODATA;
	if (!err)
		cfi_take_rows(x, ret);
	cfi_compiler_fini(x);
	free(x);
	return err;
}
