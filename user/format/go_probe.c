/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_probe.h"

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"

#define GO_PROBE_MINOR 17 /* arguments are in registers from Go 1.17 on */

static const char *const go_probe_functions[GO_PROBE_CNT] = {
	[GO_PROBE_PARK] = "runtime.park_m",
	[GO_PROBE_READY] = "runtime.ready",
	[GO_PROBE_RUN] = "runtime.execute",
};

/* ---- code ---- */

#define BYTES(...)                                          \
	sizeof((uint8_t[]){__VA_ARGS__}), (const uint8_t[]) \
	{                                                   \
		__VA_ARGS__                                 \
	}

/* How functions begin that look whether there is room on the stack: src/cmd/internal/obj/x86/obj6.go, stacksplit(). */
static const struct go_prologue {
	size_t len;
	const uint8_t *code;
	size_t frame_bytes; /* of a number in it, which may be any */
	size_t rest_len;
	const uint8_t *rest; /* behind that */
} go_prologues[] = {
	/* cmp 0x10(%r14),%rsp */
	{BYTES(0x49, 0x3b, 0x66, 0x10), 0, 0, NULL},
	/* lea -N(%rsp),%r12; cmp 0x10(%r14),%r12 */
	{BYTES(0x4c, 0x8d, 0x64, 0x24), 1, BYTES(0x4d, 0x3b, 0x66, 0x10)},
	{BYTES(0x4c, 0x8d, 0xa4, 0x24), 4, BYTES(0x4d, 0x3b, 0x66, 0x10)},
};

/* mov %fs:-8,%rcx: up to Go 1.16. */
static const uint8_t go_old_prologue[] = {0x64, 0x48, 0x8b, 0x0c, 0x25};
/* push %rbp; mov %rsp,%rbp: functions that don't look, from Go 1.21 on. */
static const uint8_t go_frame_prologue[] = {0x55, 0x48, 0x89, 0xe5};

static bool go_code_begins(const uint8_t *code, size_t len, const uint8_t *with, size_t with_len)
{
	return !with_len || (len >= with_len && !memcmp(code, with, with_len));
}

/* Bytes of @p if @code begins with it; else 0. */
static size_t go_prologue_matches(const struct go_prologue *p, const uint8_t *code, size_t len)
{
	size_t at = p->len + p->frame_bytes;

	if (!go_code_begins(code, len, p->code, p->len) || at > len ||
	    !go_code_begins(code + at, len - at, p->rest, p->rest_len))
		return 0;
	return at + p->rest_len;
}

/* Is there a jbe, forward and to a place in the same function of @size bytes? */
static bool go_code_is_jbe(const uint8_t *code, size_t len, size_t at, uint64_t size)
{
	int32_t far;

	if (at + 2 <= len && code[at] == 0x76)
		return code[at + 1] < 0x80 && at + 2 + code[at + 1] < size;
	if (at + 6 > len || code[at] != 0x0f || code[at + 1] != 0x86)
		return false;
	memcpy(&far, code + at + 2, sizeof(far));
	return far >= 0 && at + 6 + (uint64_t)far < size;
}

int go_probe_place(const uint8_t *code, size_t len, uint64_t size, uint32_t *ret_skip)
{
	if (len > size)
		len = (size_t)size;
	for (size_t i = 0; i < ARRAY_SIZE(go_prologues); i++) {
		size_t at = go_prologue_matches(&go_prologues[i], code, len);

		if (!at || !go_code_is_jbe(code, len, at, size))
			continue;
		*ret_skip = (uint32_t)at;
		return 0;
	}
	if (go_code_begins(code, len, go_frame_prologue, sizeof(go_frame_prologue))) {
		*ret_skip = 0;
		return 0;
	}
	return go_code_begins(code, len, go_old_prologue, sizeof(go_old_prologue)) ? -ENOTSUP
										   : -ENOEXEC;
}

/* ---- functions ---- */

static int go_probe_refuse(int err, const char *function)
{
	switch (err) {
	case -ENOTSUP:
		return error_set(err, "Go before 1.17 has no place for probes: build it with a "
				      "newer Go, or look without --go-events");
	case -ENOENT:
		return error_set(-ENOTSUP,
				 "its runtime has no %s to probe: look without --go-events",
				 function);
	case -ENOEXEC:
		return error_set(-ENOTSUP,
				 "%s begins with instructions that are not known, so that a probe "
				 "would be slow or unsafe: use a newer dwell, or look without "
				 "--go-events",
				 function);
	default:
		return error_set(-EBADMSG, "the code of %s can't be read from its file", function);
	}
}

static int go_probe_place_in(struct go_probe *p, const struct go_code *c,
			     const struct gopclntab_func *f)
{
	uint64_t size = f->end > f->entry ? f->end - f->entry : 0;
	size_t len = size < GO_PROBE_CODE_BYTES ? (size_t)size : GO_PROBE_CODE_BYTES;
	uint8_t code[GO_PROBE_CODE_BYTES];
	uint32_t skip;
	uint64_t off;
	int err;

	if (elf__vaddr_to_off(c->elf, f->entry, &off) || elf__read(c->elf, off, len, code))
		return -EBADMSG;
	err = go_probe_place(code, len, size, &skip);
	if (err)
		return err;
	p->vaddr = f->entry + skip;
	p->off = off + skip;
	return 0;
}

/* Programs without symbols have the names in this table. */
static int go_probe_find(struct go_probe *p, const struct go_code *c)
{
	struct gopclntab_func f;

	for (uint32_t i = 0; i < c->table->h.func_cnt; i++)
		if (!gopclntab__func(c->table, i, &f) &&
		    !strcmp(gopclntab__name(c->table, &f), p->function))
			return go_probe_place_in(p, c, &f);
	return -ENOENT;
}

int go_probes__find(struct go_probes *p, const struct go_code *c, unsigned int minor)
{
	*p = (struct go_probes){0};
	if (minor && minor < GO_PROBE_MINOR)
		return go_probe_refuse(-ENOTSUP, "");
	for (int i = 0; i < GO_PROBE_CNT; i++) {
		int err;

		p->at[i].function = go_probe_functions[i];
		err = go_probe_find(&p->at[i], c);
		if (err)
			return go_probe_refuse(err, p->at[i].function);
	}
	return 0;
}
