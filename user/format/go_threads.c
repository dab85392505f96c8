/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_threads.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "format/elf_go.h"
#include "format/elf_reloc.h"
#include "format/go_version.h"

#define MACHINE_X86_64	   62 /* EM_X86_64 */
#define SEGMENT_LOAD	   1  /* PT_LOAD */
#define SEGMENT_EXECUTABLE 1  /* PF_X */

/*
 * The runtime's functions (src/runtime/asm_amd64.s, proc.go) that go on on another stack, and that threads begin in. Behind the
 * first ones there is mostly no goroutine any more.
 */
#define GO_IDLE_CUTS 2
static const char *const go_cut_names[] = {
	"runtime.mcall",      "runtime.mstart",	   "runtime.systemstack",
	"runtime.asmcgocall", "runtime.morestack",
};

/* Some are there twice: as they are, and for callers that pass arguments otherwise. */
static bool go_is_named(const char *name, const char *want)
{
	size_t len = strlen(want);

	return !strncmp(name, want, len) && (!name[len] || !strcmp(name + len, ".abi0"));
}

/* The functions of one name in go_cut_names. */
struct go_cut {
	struct go_range ranges[2];
	size_t cnt;
};

static void go_threads_take(struct go_threads *t, const struct gopclntab_func *f, const char *name,
			    struct go_cut cuts[ARRAY_SIZE(go_cut_names)])
{
	const struct go_range range = {f->entry, f->end};

	if (go_is_named(name, "runtime.systemstack_switch"))
		t->process.marker = range;
	if (go_is_named(name, "runtime.rt0_go"))
		t->process.first = range;
	for (size_t i = 0; i < ARRAY_SIZE(go_cut_names); i++)
		if (go_is_named(name, go_cut_names[i]) && cuts[i].cnt < ARRAY_SIZE(cuts[i].ranges))
			cuts[i].ranges[cuts[i].cnt++] = range;
}

/* In the order of their names. False: one is missing. */
static bool go_threads_keep(struct go_threads *t,
			    const struct go_cut cuts[ARRAY_SIZE(go_cut_names)])
{
	size_t cnt = 0;

	for (size_t i = 0; i < ARRAY_SIZE(go_cut_names); i++) {
		for (size_t k = 0; k < cuts[i].cnt && cnt < GO_MAX_CUTS; k++)
			t->process.cuts[cnt++] = cuts[i].ranges[k];
		if (i == GO_IDLE_CUTS - 1)
			t->process.idle_cut_cnt = (uint16_t)cnt;
	}
	return cuts[0].cnt && cuts[1].cnt;
}

static int go_threads_find_functions(struct go_threads *t, const struct gopclntab *table)
{
	struct go_cut cuts[ARRAY_SIZE(go_cut_names)] = {{.cnt = 0}};
	struct gopclntab_func f;

	for (uint32_t i = 0; i < table->h.func_cnt; i++) {
		if (gopclntab__func(table, i, &f))
			return -EBADMSG;
		if (!i)
			t->process.text.start = f.entry;
		t->process.text.end = f.end;
		go_threads_take(t, &f, gopclntab__name(table, &f), cuts);
	}
	return go_threads_keep(t, cuts) ? 0 : -EBADMSG;
}

static int go_threads_find_segment(struct go_threads *t, const struct elf *e)
{
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type != SEGMENT_LOAD || !(s->flags & SEGMENT_EXECUTABLE) ||
		    t->process.text.start - s->vaddr >= s->file_bytes)
			continue;
		t->text_off = s->off;
		t->text_vaddr = s->vaddr;
		t->text_bytes = s->file_bytes;
		return 0;
	}
	return -EBADMSG;
}

/* ---- the version ---- */

static const struct elf_segment *go_file_segment(const struct elf *e, uint64_t addr, size_t len)
{
	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (s->type == SEGMENT_LOAD && addr - s->vaddr < s->mem_bytes &&
		    len <= s->mem_bytes - (addr - s->vaddr))
			return s;
	}
	return NULL;
}

/* The file as a process has it that has just begun, once the dynamic linker was there. */
static bool go_file_read(void *ctx, uint64_t addr, void *to, size_t len)
{
	const struct elf_segment *s = go_file_segment(ctx, addr, len);
	_cleanup_buf_ struct buf bytes = {0};
	uint64_t at, have;

	if (!s)
		return false;
	at = addr - s->vaddr;
	have = at < s->file_bytes ? s->file_bytes - at : 0;
	if (have > len)
		have = len;
	if (have && (elf_reloc__read(ctx, addr, have, have, &bytes) || bytes.len < have))
		return false;
	memset(to, 0, len);
	if (have)
		memcpy(to, bytes.data, have);
	return true;
}

static size_t go_file_read_spans(void *ctx, const struct go_span *spans, size_t cnt, void *to)
{
	(void)ctx, (void)spans, (void)cnt, (void)to;
	return 0;
}

static int go_threads_find_version(struct go_threads *t, const struct elf *e,
				   const struct gopclntab *table)
{
	const struct go_memory memory = {go_file_read, go_file_read_spans, (void *)(uintptr_t)e};
	const struct go_code code = {e, table, &memory, 0};
	char version[GO_VERSION_BYTES] = "";
	int err = go_version_find(&code, version);

	t->minor = go_version_minor(version);
	return err == -ENOMEM ? err : 0;
}

bool go_threads__set_layout(struct go_threads *t, const struct go_layout *l)
{
	t->process.m_curg = l->m_curg;
	t->process.g_bp = l->bp;
	t->process.g_gopc = l->gopc;
	return l->m_curg && l->bp && l->gopc;
}

/* ---- all of it ---- */

int go_threads_read(const struct elf *e, struct go_threads *ret)
{
	struct gopclntab table = {0};
	struct go_threads t = {.minor = 0};
	struct go_layout layout;
	int64_t tls = 0;
	int err;

	if (!e->is_64 || e->machine != MACHINE_X86_64)
		return -ENOTSUP;
	err = gopclntab__open(&table, e);
	if (!err)
		err = go_threads_find_functions(&t, &table);
	if (!err)
		err = go_threads_find_segment(&t, e);
	if (!err)
		err = elf_go__find_tls(e, GO_MAX_SLOTS - 1, &tls, &t.process.slot_cnt);
	if (!err)
		err = go_threads_find_version(&t, e, &table);
	gopclntab__close(&table);
	if (err)
		return err;
	t.process.tls = tls;
	err = go_layout_of(t.minor, &layout) && go_threads__set_layout(&t, &layout) ? 0 : 1;
	*ret = t;
	return err;
}

static void go_range_move(struct go_range *r, uint64_t bias)
{
	if (r->start != r->end)
		*r = (struct go_range){r->start + bias, r->end + bias};
}

struct go_process go_threads__process(const struct go_threads *t, uint64_t bias)
{
	struct go_process p = t->process;

	go_range_move(&p.text, bias);
	go_range_move(&p.first, bias);
	go_range_move(&p.marker, bias);
	for (size_t i = 0; i < GO_MAX_CUTS; i++)
		go_range_move(&p.cuts[i], bias);
	return p;
}

enum wire_go_class go_process_class(const struct go_process *p, const __u64 *ips, uint32_t cnt,
				    uint32_t flags)
{
	uint64_t last = cnt ? (ips[cnt - 1] & ~WIRE_IP_EXACT) - 1 : 0;

	if (!cnt || flags & WIRE_STACK_TRUNCATED || flags >> WIRE_STACK_END_SHIFT & 0xff)
		return WIRE_GO_NONE;
	for (size_t i = 0; i < GO_MAX_CUTS; i++)
		if (go_range_has(&p->cuts[i], last))
			return i < p->idle_cut_cnt ? WIRE_GO_IDLE : WIRE_GO_SYSTEM;
	/* Before there is a goroutine the program begins on the stack of g0. */
	return go_range_has(&p->text, last) && !go_range_has(&p->first, last) ? WIRE_GO_USER
									      : WIRE_GO_NONE;
}
