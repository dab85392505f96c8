/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/kernel_resolver.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/os_read.h"

#define KALLSYMS_PATH	    "/proc/kallsyms"
#define KALLSYMS_MAX_BYTES  (256u << 20) /* 200,000 symbols are 10 MB */
#define KALLSYMS_LOOK_BYTES (256u << 10)
/* No function is longer; the last one has no next one to end it. */
#define KALLSYMS_LAST_BYTES 65536

struct kallsyms_line {
	uint64_t addr;
	const char *name;
	size_t name_len;
	char type;
};

/* -1: not a hexadecimal digit as the kernel writes them. */
static int kallsyms_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* By hand: sscanf() would take most of a second for the file. */
static bool kallsyms_parse_line(const char *pos, const char *end, struct kallsyms_line *ret)
{
	const char *start = pos, *tab;
	uint64_t addr = 0;
	int d;

	for (; pos < end && (d = kallsyms_digit(*pos)) >= 0; pos++)
		addr = addr << 4 | (unsigned int)d;
	/* "ADDR T N" at least. */
	if (pos == start || pos - start > 16 || end - pos < 4 || pos[0] != ' ' || pos[2] != ' ')
		return false;
	ret->addr = addr;
	ret->type = pos[1];
	ret->name = pos + 3;
	tab = memchr(ret->name, '\t', (size_t)(end - ret->name));
	ret->name_len = (size_t)((tab ? tab : end) - ret->name);
	return ret->name_len && !memchr(ret->name, 0, ret->name_len);
}

static bool kallsyms_ends_with(const struct kallsyms_line *l, const char *suffix)
{
	size_t len = strlen(suffix);

	return l->name_len >= len && !memcmp(l->name + l->name_len - len, suffix, len);
}

static bool kallsyms_equal(const struct kallsyms_line *l, const char *name)
{
	return l->name_len == strlen(name) && !memcmp(l->name, name, l->name_len);
}

/* What the linker script puts where a section begins, and with it some function. */
static bool kallsyms_is_start(const struct kallsyms_line *l)
{
	return kallsyms_equal(l, "_text") || kallsyms_equal(l, "_stext") ||
	       kallsyms_equal(l, "_sinittext") || kallsyms_ends_with(l, "_text_start");
}

static bool kallsyms_is_end(const struct kallsyms_line *l)
{
	return kallsyms_equal(l, "_etext") || kallsyms_equal(l, "_einittext") ||
	       kallsyms_ends_with(l, "_text_end");
}

static int kallsyms_add(struct symtab *t, const struct kallsyms_line *l)
{
	enum symbol_bind bind = SYMBOL_LOCAL;

	if (kallsyms_is_end(l))
		return symtab__add(t, "", l->addr, 0, 0);
	if (kallsyms_is_start(l))
		return symtab__add_bytes(t, l->name, l->name_len, l->addr, 0, 0);
	if (l->type == 'T')
		bind = SYMBOL_GLOBAL;
	else if (l->type != 't')
		bind = SYMBOL_WEAK;
	return symtab__add_bytes(t, l->name, l->name_len, l->addr, 0,
				 symbol_rank(l->name, l->name_len, bind));
}

static bool kallsyms_is_text(char type)
{
	return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

int kallsyms_parse(const char *text, size_t len, struct symtab *t,
		   struct kallsyms_counts *ret_counts)
{
	struct kallsyms_counts counts = {0};
	const char *end = text + len, *nl;
	struct kallsyms_line l;
	int err;

	for (; text < end; text = nl + 1) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (!nl)
			nl = end;
		/* Data and the absolute offsets of per-CPU variables are no place to run code. */
		if (!kallsyms_parse_line(text, nl, &l) || !kallsyms_is_text(l.type))
			continue;
		counts.text_cnt++;
		if (!l.addr) {
			counts.hidden_cnt++;
			continue;
		}
		err = kallsyms_add(t, &l);
		if (err)
			return err;
		if (l.addr > counts.highest)
			counts.highest = l.addr;
	}
	*ret_counts = counts;
	return 0;
}

static int kernel_resolver_load(struct symtab *t, struct kallsyms_counts *ret_counts)
{
	_cleanup_buf_ struct buf text = {0};
	int err;

	t->kind = FRAME_KIND_KERNEL;
	err = os_read_file(KALLSYMS_PATH, KALLSYMS_MAX_BYTES, &text);
	return err ? err : kallsyms_parse(text.data, text.len, t, ret_counts);
}

int kernel_symbols_hidden(void)
{
	_cleanup_buf_ struct buf text = {0};
	struct kallsyms_counts counts;
	struct symtab t;
	int err;

	/* The kernel shows all or none (kallsyms_show_value(), kernel/ksyms_common.c). */
	err = os_read_beginning(KALLSYMS_PATH, KALLSYMS_LOOK_BYTES, &text);
	if (err)
		return error_set(err, KALLSYMS_PATH ": %s", strerror(-err));
	symtab__init(&t);
	err = kallsyms_parse(text.data, text.len, &t, &counts);
	symtab__fini(&t);
	if (err || !counts.text_cnt || counts.hidden_cnt != counts.text_cnt)
		return err;
	error_set(-EPERM, "the kernel hides its addresses (" KALLSYMS_PATH
			  "), so kernel frames have no names: run as root or with CAP_SYSLOG, and "
			  "with `sysctl kernel.kptr_restrict=1`");
	return 1;
}

static int kernel_resolver_fill(void *ctx, const struct module *m, struct symtab *t,
				uint64_t *ret_limit)
{
	struct kallsyms_counts counts;
	int err;

	(void)ctx;
	if (m->kind != WIRE_MODULE_KERNEL)
		return 0;
	err = kernel_resolver_load(t, &counts);
	if (err)
		return err;
	*ret_limit = counts.highest < UINT64_MAX - KALLSYMS_LAST_BYTES
			     ? counts.highest + KALLSYMS_LAST_BYTES
			     : UINT64_MAX;
	return 1;
}

const struct resolver kernel_resolver = {.name = "kernel", .fill = kernel_resolver_fill};
