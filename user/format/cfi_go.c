/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/cfi_go.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "format/elf_cfi.h"
#include "format/elf_go.h"
#include "format/elf_reloc.h"
#include "format/gopclntab.h"

#define CFI_GO_MAX_RULES (UINT16_MAX + 1u)

/* The first row at or behind @off. */
static size_t cfi_rows_at(const struct cfi_rows *r, uint64_t off)
{
	size_t lo = 0, hi = r->cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->rows[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The number of the rule, which may be new; 0: there are too many; -ENOMEM. */
static int cfi_rows_end_rule(struct cfi_rows *r)
{
	struct unwind_rule *rules;

	for (size_t i = 1; i < r->rule_cnt; i++)
		if (r->rules[i].cfa == UNWIND_CFA_END)
			return (int)i;
	if (r->rule_cnt >= CFI_GO_MAX_RULES)
		return 0;
	rules = reallocarray(r->rules, r->rule_cnt + 1, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	r->rules = rules;
	rules[r->rule_cnt] = (struct unwind_rule){.cfa = UNWIND_CFA_END};
	return (int)r->rule_cnt++;
}

/* The code from @off to @end has @rule, and what is behind it what it had. */
static int cfi_rows_set(struct cfi_rows *r, uint64_t off, uint64_t end, uint16_t rule)
{
	size_t first = cfi_rows_at(r, off), behind = cfi_rows_at(r, end), tail = r->cnt - behind;
	bool goes_on = !tail || r->rows[behind].off != end;
	uint16_t old = behind ? r->rows[behind - 1].rule : 0;
	int err = array__grow((void **)&r->rows, &r->cap, r->cnt + 2, sizeof(*r->rows),
			      CFI_MAX_ROWS + 2);

	if (err)
		return err;
	memmove(&r->rows[first + 1 + goes_on], &r->rows[behind], tail * sizeof(*r->rows));
	r->rows[first] = (struct cfi_row){.off = off, .rule = rule};
	if (goes_on)
		r->rows[first + 1] = (struct cfi_row){.off = end, .rule = old};
	r->cnt = first + 1 + goes_on + tail;
	return 0;
}

static int cfi_rows_end_in(struct cfi_rows *r, const struct elf *e, const struct gopclntab_func *f)
{
	uint64_t off, bytes;
	size_t hint = 0;
	int rule;

	if (f->end <= f->entry || elf_cfi__find_code(e, f->entry, &hint, &off, &bytes) ||
	    bytes < f->end - f->entry)
		return 0;
	rule = cfi_rows_end_rule(r);
	if (rule <= 0)
		return rule;
	return cfi_rows_set(r, off, off + (f->end - f->entry), (uint16_t)rule);
}

/* Of a form without the flag that says where stacks end? By the header: tables of large programs are tens of megabytes. */
static bool cfi_go_is_old(const struct elf *e)
{
	_cleanup_buf_ struct buf bytes = {0};
	struct gopclntab_header h;
	struct elf_go_table table;
	uint64_t len = GOPCLNTAB_HEADER_BYTES;

	/* Programs with call frame information have section headers. */
	if (!elf__find_section(e, ".gopclntab") && !elf__find_section(e, ".data.rel.ro.gopclntab"))
		return false;
	if (elf_go__find_table(e, &table))
		return false;
	if (len > table.bytes)
		len = table.bytes;
	return !elf_reloc__read(e, table.vaddr, len, GOPCLNTAB_HEADER_BYTES, &bytes) &&
	       !gopclntab_header__parse(bytes.data, bytes.len, table.bytes, &h) &&
	       h.form == GOPCLNTAB_1_2;
}

int cfi_go__end_stacks(const struct elf *e, struct cfi_rows *rows)
{
	struct gopclntab table = {0};
	struct gopclntab_func f;
	int err;

	if (!cfi_go_is_old(e))
		return 0;
	err = gopclntab__open(&table, e);
	if (err)
		return err == -ENOMEM ? err : 0;
	for (uint32_t i = 0; i < table.h.func_cnt && !gopclntab__func(&table, i, &f); i++) {
		if (strcmp(gopclntab__name(&table, &f), "runtime.goexit") != 0)
			continue;
		err = cfi_rows_end_in(rows, e, &f);
		break;
	}
	gopclntab__close(&table);
	return err;
}
