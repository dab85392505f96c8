/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Symbol tables: one immutable sorted table per module, filled by a resolver, looked up by all.
 * Offsets are those of struct frame (model/stack.h).
 */
#ifndef SYMBOL_SYMTAB_H
#define SYMBOL_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/module.h"
#include "model/profile.h"

#define SYMTAB_MAX_SYMBOLS (1u << 24)
#define SYMTAB_MAX_NAMES   (1u << 30) /* bytes of names */
#define SYMTAB_MAX_NESTING 64
#define SYMTAB_MAX_RANK	   15

struct symbol {
	uint64_t start;
	uint64_t size;	     /* after symtab__finish() never 0 */
	uint32_t name_off;   /* in names */
	uint32_t rank : 4;   /* which of several symbols at one address is shown: higher wins */
	uint32_t kind : 4;   /* enum frame_kind of the frames in it */
	uint32_t outer : 24; /* after finish: position of the one around it; itself: none */
};

struct symtab {
	struct symbol *symbols; /* after finish: sorted by start, one per start */
	size_t cnt, cap;
	struct buf names;
	uint8_t kind; /* of the symbols that are added next; FRAME_KIND_NATIVE at first */
	struct timeline *
		timeline; /* when its code was where, finished; NULL: always. Set by a resolver, owned. */
};

void symtab__init(struct symtab *t);
void symtab__fini(struct symtab *t);
/*
 * Adds a symbol; size 0 means "up to the next one". With an empty name it is no symbol but an end
 * that no size 0 reaches beyond (the end of a section). @rank: at most SYMTAB_MAX_RANK. 0, -ENOMEM, -E2BIG. Before
 * finish only.
 */
int symtab__add(struct symtab *t, const char *name, uint64_t start, uint64_t size, uint8_t rank);
/* The same for a name of @len bytes without a NUL. */
int symtab__add_bytes(struct symtab *t, const char *name, size_t len, uint64_t start, uint64_t size,
		      uint8_t rank);
/*
 * Sorts, drops aliases of lower rank (ties: longer size, then name in byte order), gives sizes to
 * those without: that of the largest alias, else up to the next symbol, at most to @limit.
 */
void symtab__finish(struct symtab *t, uint64_t limit);
/*
 * The symbol that covers @offset, innermost if nested; NULL if none. O(log n): more than
 * SYMTAB_MAX_NESTING symbols inside each other, which no compiler makes, are not searched through.
 */
const struct symbol *symtab__find(const struct symtab *t, uint64_t offset);
const char *symtab__name(const struct symtab *t, const struct symbol *s);

enum symbol_bind {
	SYMBOL_LOCAL,
	SYMBOL_WEAK,
	SYMBOL_GLOBAL,
};

/*
 * The rank by which the name people know wins over its aliases: symbols that others can link to
 * before local ones; then fewer leading underscores ("read" before "__read" and "__libc_read";
 * those of C++'s _Z and Rust's _R are mangling and don't count); then global before weak. At least
 * 1.
 */
uint8_t symbol_rank(const char *name, size_t len, enum symbol_bind bind);

/*
 * Where symbols come from. fill() returns 1 when it took charge of the module (even if that gave no
 * symbol), 0 when the module is not its business, or -errno. It must not call symtab__finish().
 */
struct resolver {
	const char *name;
	int (*fill)(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit);
	void *ctx;
};

extern const struct resolver elf_resolver;  /* of m->fd, its debug file and its .gnu_debugdata */
extern const struct resolver go_resolver;   /* Go programs: go_symbols.h; before elf_resolver */
extern const struct resolver vdso_resolver; /* of this very process: the same for all */

/* /proc/kallsyms of this machine. ctx is NULL. */
extern const struct resolver kernel_resolver;

#endif
