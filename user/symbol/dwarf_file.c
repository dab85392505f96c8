/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifdef HAVE_LIBDW
#include "symbol/dwarf_file.h"

#include <dwarf.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cursor.h"
#include "base/os_clock.h"
#include "symbol/debug_file.h"

#define DWARF_FILE_MAX_UNIT_RANGES (1u << 20)
#define DWARF_FILE_OVERLAPS	   16 /* ranges of units that are looked at for one address */

/* ---- the units ---- */

/* Is it an address that the linker gave code? Functions that it threw away stay in the debug information, near 0 or -1. */
static bool dwarf_file_is_code(const struct dwarf_file *f, uint64_t addr)
{
	for (size_t i = 0; addr && i < f->main.segment_cnt; i++) {
		const struct elf_segment *s = &f->main.segments[i];

		if (s->type == PT_LOAD && (s->flags & PF_X) && addr - s->vaddr < s->file_bytes)
			return true;
	}
	return false;
}

static int dwarf_file_add_ranges(struct dwarf_file *f, Dwarf_Die *cu)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	int err;

	for (unsigned int i = 0; i < DWARF_FILE_MAX_UNIT_RANGES; i++) {
		at = dwarf_ranges(cu, at, &base, &start, &end);
		if (at <= 0)
			break;
		if (start >= end || !dwarf_file_is_code(f, start))
			continue;
		err = array__grow((void **)&f->ranges, &f->range_cap, f->range_cnt + 1,
				  sizeof(*f->ranges), DWARF_FILE_MAX_RANGES);
		if (err)
			return err;
		f->ranges[f->range_cnt++] = (struct dwarf_range){start, end, (uint32_t)f->unit_cnt};
	}
	return 0;
}

static int dwarf_file_add_unit(struct dwarf_file *f, const struct dwarf_unit *u)
{
	Dwarf_Die cu;
	int err;

	if (!dwarf_offdie(f->own.dwarf, u->die, &cu))
		return 0;
	switch (dwarf_tag(&cu)) {
	case DW_TAG_compile_unit:
	case DW_TAG_skeleton_unit:
		break;
	default:
		return 0; /* DW_TAG_partial_unit, of dwz, has no code */
	}
	err = array__grow((void **)&f->units, &f->unit_cap, f->unit_cnt + 1, sizeof(*f->units),
			  DWARF_FILE_MAX_UNITS);
	if (!err)
		err = dwarf_file_add_ranges(f, &cu);
	if (!err)
		f->units[f->unit_cnt++] = *u;
	return err;
}

static bool dwarf_file_unit_is_cheap(const struct dwarf_file *f, const struct dwarf_image_unit *u)
{
	return u->bytes <= DWARF_UNIT_MAX_BYTES && dwarf_image__is_cheap(&f->own, u);
}

static int dwarf_file_cmp_range(const void *a, const void *b)
{
	const struct dwarf_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->unit > y->unit) - (x->unit < y->unit);
}

static int dwarf_file_load_units(struct dwarf_file *f)
{
	uint64_t deadline_ns = os_monotonic_ns() + DWARF_FILE_TIME_NS;
	struct dwarf_image_unit found;
	uint64_t off = 0;
	int err = 0;

	while (!err && dwarf_image__next(&f->own, &off, &found)) {
		struct dwarf_unit u = {
			.die = found.die, .bytes = found.bytes, .abbrev_off = found.abbrev_off};

		if (!dwarf_file_unit_is_cheap(f, &found))
			u.state = DWARF_UNIT_UNUSABLE;
		else
			err = dwarf_file_add_unit(f, &u);
		if (!err && os_monotonic_ns() > deadline_ns)
			err = -ETIMEDOUT;
	}
	if (err)
		return err;
	if (f->range_cnt)
		qsort(f->ranges, f->range_cnt, sizeof(*f->ranges), dwarf_file_cmp_range);
	return f->range_cnt ? 0 : -ENODATA;
}

/* ---- opening ---- */

static int dwarf_file_load_alt(struct dwarf_file *f, const struct elf *alt)
{
	int err = dwarf_image__open(&f->alt, alt, DWARF_FILE_MAX_BYTES);

	if (!err)
		dwarf_setalt(f->own.dwarf, f->alt.dwarf);
	return err == -ENOMEM ? err : 0; /* some names are missing then */
}

static int dwarf_file_open_alt(struct dwarf_file *f, const struct module *m, const struct elf *e)
{
	_cleanup_debug_file_ struct debug_file alt;
	struct elf alt_elf;
	int err = debug_file__find_alt(&alt, m, e);

	if (err || alt.fd < 0 || elf__open(&alt_elf, alt.fd))
		return err;
	err = dwarf_file_load_alt(f, &alt_elf);
	elf__close(&alt_elf);
	return err;
}

static int dwarf_file_open_from(struct dwarf_file *f, const struct module *m, const struct elf *e)
{
	int err = dwarf_image__open(&f->own, e, DWARF_FILE_MAX_BYTES);

	if (!err)
		err = dwarf_file_open_alt(f, m, e);
	return err ? err : dwarf_file_load_units(f);
}

/* In the module's own file, else in that which belongs to it. */
static int dwarf_file_open_any(struct dwarf_file *f, const struct module *m)
{
	_cleanup_debug_file_ struct debug_file debug = {.fd = -1};
	struct elf e;
	int err;

	if (elf_debug_has_info(&f->main))
		return dwarf_file_open_from(f, m, &f->main);
	err = debug_file__find(&debug, m, &f->main);
	if (err || debug.fd < 0)
		return err ? err : -ENODATA;
	if (elf__open(&e, debug.fd))
		return -EBADMSG;
	err = dwarf_file_open_from(f, m, &e);
	elf__close(&e);
	return err;
}

/* Only the segments are of use from here on. */
static void dwarf_file_forget_sections(struct dwarf_file *f)
{
	free(f->main.sections);
	f->main.sections = NULL;
	f->main.section_cnt = 0;
	buf__fini(&f->main.section_names);
}

int dwarf_file__open(struct dwarf_file *f, const struct module *m)
{
	int err;

	*f = (struct dwarf_file){0};
	if (m->kind != WIRE_MODULE_ELF || m->fd < 0)
		return -ENODATA;
	err = elf__open(&f->main, m->fd);
	if (err)
		return err == -ENOMEM ? err : -ENODATA;
	err = dwarf_file_open_any(f, m);
	dwarf_file_forget_sections(f);
	if (err)
		dwarf_file__close(f);
	return err;
}

int dwarf_file__open_memory(struct dwarf_file *f, const struct buf *file, const struct buf *alt)
{
	struct elf alt_elf;
	int err;

	*f = (struct dwarf_file){0};
	err = elf__open_memory(&f->main, file->data, file->len);
	if (err)
		return err;
	err = dwarf_image__open(&f->own, &f->main, DWARF_FILE_MAX_BYTES);
	if (!err && alt && !elf__open_memory(&alt_elf, alt->data, alt->len)) {
		err = dwarf_file_load_alt(f, &alt_elf);
		elf__close(&alt_elf);
	}
	if (!err)
		err = dwarf_file_load_units(f);
	dwarf_file_forget_sections(f);
	if (err)
		dwarf_file__close(f);
	return err;
}

void dwarf_file__close(struct dwarf_file *f)
{
	for (size_t i = 0; i < f->unit_cnt; i++)
		dwarf_unit__fini(&f->units[i]);
	free(f->units);
	free(f->ranges);
	dwarf_image__close(&f->own);
	dwarf_image__close(&f->alt);
	elf__close(&f->main);
	*f = (struct dwarf_file){0};
}

/* ---- lookups ---- */

static struct dwarf_unit *dwarf_file_find_unit(struct dwarf_file *f, uint64_t addr)
{
	size_t lo = 0, hi = f->range_cnt;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->ranges[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Ranges of units don't overlap, but for those that should have been thrown away. */
	for (unsigned int i = 0; i < DWARF_FILE_OVERLAPS && lo--; i++)
		if (addr < f->ranges[lo].end)
			return &f->units[f->ranges[lo].unit];
	return NULL;
}

static int dwarf_file_index_unit(struct dwarf_file *f, struct dwarf_unit *u)
{
	Dwarf_Die cu;
	int err = -EBADMSG;

	if (u->state != DWARF_UNIT_NEW)
		return 0;
	if (dwarf_offdie(f->own.dwarf, u->die, &cu))
		err = dwarf_unit__index(u, &cu, os_monotonic_ns() + DWARF_FILE_TIME_NS);
	if (err) {
		dwarf_unit__fini(u);
		u->state = DWARF_UNIT_UNUSABLE;
		f->timeouts += err == -ETIMEDOUT;
		return err == -ENOMEM ? err : 0;
	}
	u->state = DWARF_UNIT_INDEXED;
	f->index_bytes += dwarf_unit__index_bytes(u);
	return 0;
}

/* The length of the line program of @cu, as it says itself (DWARF 5, section 6.2.4). */
static int dwarf_file_line_bytes(const struct dwarf_file *f, Dwarf_Die *cu, uint64_t *ret_bytes)
{
	const uint8_t *lines;
	Dwarf_Attribute attr;
	struct cursor c;
	Dwarf_Word off;
	size_t len;

	if (dwarf_image__section(&f->own, ".debug_line", &lines, &len) ||
	    dwarf_formudata(dwarf_attr(cu, DW_AT_stmt_list, &attr), &off) || off > len)
		return -ENODATA;
	c = cursor_over(lines + off, len - off);
	*ret_bytes = cursor__u32(&c);
	if (*ret_bytes == UINT32_MAX)
		*ret_bytes = cursor__u64(&c);
	return c.err;
}

/* libdw keeps what a line program came to until its file is closed, so those too large are not run. */
static bool dwarf_file_may_have_lines(struct dwarf_file *f, struct dwarf_unit *u)
{
	uint64_t bytes;
	Dwarf_Die cu;

	if (!u->has_lines) {
		bool fits = dwarf_offdie(f->own.dwarf, u->die, &cu) &&
			    !dwarf_file_line_bytes(f, &cu, &bytes) &&
			    bytes <= DWARF_UNIT_MAX_LINE_BYTES;

		u->has_lines = fits ? 1 : 2;
		if (fits)
			f->line_bytes += bytes;
	}
	return u->has_lines == 1;
}

int dwarf_file__find(struct dwarf_file *f, uint64_t offset, line_fn fn, void *arg)
{
	struct dwarf_unit *u;
	uint64_t addr;
	int err;

	if (elf__off_to_vaddr(&f->main, offset, &addr))
		return 0;
	u = dwarf_file_find_unit(f, addr);
	if (!u)
		return 0;
	err = dwarf_file_index_unit(f, u);
	return err ? err
		   : dwarf_unit__tell(u, f->own.dwarf, addr, dwarf_file_may_have_lines(f, u), fn,
				      arg);
}

bool dwarf_file__is_full(const struct dwarf_file *f)
{
	return f->line_bytes > DWARF_FILE_MAX_LINE_BYTES ||
	       f->index_bytes > DWARF_FILE_MAX_INDEX_BYTES;
}
#endif
