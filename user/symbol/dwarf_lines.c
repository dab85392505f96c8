/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/dwarf_lines.h"

#include <errno.h>
#include <stdlib.h>

#ifdef HAVE_LIBDW
#include "base/array.h"
#include "base/os_clock.h"
#include "symbol/dwarf_file.h"

struct dwarf_slot {
	uint32_t module; /* 0: free */
	uint64_t used;	 /* when last, in lookups */
	uint64_t bytes;
	struct dwarf_file file;
};

struct dwarf_lines {
	struct dwarf_slot slots[DWARF_LINES_MAX_FILES];
	uint64_t lookups;
	bool *empty; /* by module id - 1: there is nothing to open */
	size_t empty_cnt, empty_cap;
	struct dwarf_lines_counts counts;
};

struct dwarf_lines *dwarf_lines__new(void)
{
	return calloc(1, sizeof(struct dwarf_lines));
}

static void dwarf_slot__close(struct dwarf_slot *s)
{
	if (s->module)
		dwarf_file__close(&s->file);
	*s = (struct dwarf_slot){0};
}

void dwarf_lines__free(struct dwarf_lines *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < DWARF_LINES_MAX_FILES; i++)
		dwarf_slot__close(&d->slots[i]);
	free(d->empty);
	free(d);
}

/* ---- which files are open ---- */

static int dwarf_lines_mark_empty(struct dwarf_lines *d, uint32_t module)
{
	int err = array__grow((void **)&d->empty, &d->empty_cap, module, sizeof(*d->empty),
			      MODULE_MAX_CNT);

	if (err)
		return err;
	while (d->empty_cnt < module)
		d->empty[d->empty_cnt++] = false;
	d->empty[module - 1] = true;
	return 0;
}

static struct dwarf_slot *dwarf_lines_find_slot(struct dwarf_lines *d, uint32_t module)
{
	for (size_t i = 0; i < DWARF_LINES_MAX_FILES; i++)
		if (d->slots[i].module == module)
			return &d->slots[i];
	return NULL;
}

/* The open file that was not used for the longest time; NULL: none but @except is open. */
static struct dwarf_slot *dwarf_lines_oldest(struct dwarf_lines *d, const struct dwarf_slot *except)
{
	struct dwarf_slot *oldest = NULL;

	for (size_t i = 0; i < DWARF_LINES_MAX_FILES; i++) {
		struct dwarf_slot *s = &d->slots[i];

		if (s->module && s != except && (!oldest || s->used < oldest->used))
			oldest = s;
	}
	return oldest;
}

/* Closes files until those that are open fit the memory. */
static void dwarf_lines_shrink(struct dwarf_lines *d, const struct dwarf_slot *except)
{
	struct dwarf_slot *oldest;
	uint64_t bytes;

	do {
		bytes = 0;
		for (size_t i = 0; i < DWARF_LINES_MAX_FILES; i++)
			bytes += d->slots[i].bytes;
		oldest = dwarf_lines_oldest(d, except);
		if (bytes > DWARF_LINES_MAX_BYTES && oldest)
			dwarf_slot__close(oldest);
	} while (bytes > DWARF_LINES_MAX_BYTES && oldest);
}

static void dwarf_lines_count(struct dwarf_lines *d, int err)
{
	d->counts.too_large += err == -E2BIG;
	d->counts.timeouts += err == -ETIMEDOUT;
	d->counts.damaged += err != -E2BIG && err != -ETIMEDOUT && err != -ENODATA;
}

/* 0 and the slot with the open file; -ENODATA: there is none; -ENOMEM. */
static int dwarf_lines_open(struct dwarf_lines *d, const struct module *m, struct dwarf_slot **ret)
{
	struct dwarf_slot *s = dwarf_lines_find_slot(d, 0);
	int err;

	if (!s) {
		s = dwarf_lines_oldest(d, NULL);
		dwarf_slot__close(s);
	}
	err = dwarf_file__open(&s->file, m);
	if (err == -ENOMEM)
		return err;
	if (err) {
		dwarf_lines_count(d, err);
		err = dwarf_lines_mark_empty(d, m->id);
		return err ? err : -ENODATA;
	}
	s->module = m->id;
	s->bytes = s->file.own.bytes.len + s->file.alt.bytes.len;
	dwarf_lines_shrink(d, s);
	*ret = s;
	return 0;
}

static int dwarf_lines_get(struct dwarf_lines *d, const struct module *m, struct dwarf_slot **ret)
{
	struct dwarf_slot *s;
	int err = 0;

	if (!m->id || (m->id <= d->empty_cnt && d->empty[m->id - 1]))
		return -ENODATA;
	s = dwarf_lines_find_slot(d, m->id);
	if (!s)
		err = dwarf_lines_open(d, m, &s);
	if (err)
		return err;
	s->used = ++d->lookups;
	*ret = s;
	return 0;
}

static int dwarf_lines_find(void *ctx, const struct module *m, uint64_t offset, line_fn fn,
			    void *arg)
{
	struct dwarf_lines *d = ctx;
	struct dwarf_slot *s;
	unsigned int timeouts;
	int ret;

	if (d->counts.timeouts >= DWARF_LINES_MAX_TIMEOUTS)
		return 0;
	ret = dwarf_lines_get(d, m, &s);
	if (ret)
		return ret == -ENODATA ? 0 : ret;
	timeouts = s->file.timeouts;
	ret = dwarf_file__find(&s->file, offset, fn, arg);
	d->counts.timeouts += s->file.timeouts - timeouts;
	if (dwarf_file__is_full(&s->file))
		dwarf_slot__close(s);
	return ret;
}

bool dwarf_lines_works(void)
{
	return true;
}
#else
struct dwarf_lines {
	struct dwarf_lines_counts counts;
};

struct dwarf_lines *dwarf_lines__new(void)
{
	errno = ENOTSUP;
	return NULL;
}

void dwarf_lines__free(struct dwarf_lines *d)
{
	free(d);
}

static int dwarf_lines_find(void *ctx, const struct module *m, uint64_t offset, line_fn fn,
			    void *arg)
{
	(void)ctx, (void)m, (void)offset, (void)fn, (void)arg;
	return 0;
}

bool dwarf_lines_works(void)
{
	return false;
}
#endif

void dwarf_lines__reader(struct dwarf_lines *d, struct line_reader *ret)
{
	*ret = (struct line_reader){.name = "dwarf", .find = dwarf_lines_find, .ctx = d};
}

void dwarf_lines__counts(const struct dwarf_lines *d, struct dwarf_lines_counts *ret)
{
	*ret = d->counts;
}
