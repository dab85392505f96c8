/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names for frames: loads a module's symbol table at first need, asks the resolvers in order. Each frame is looked up once,
 * however many stacks it is in.
 */
#ifndef SYMBOL_SYMBOLIZER_H
#define SYMBOL_SYMBOLIZER_H

#include "model/image.h"
#include "model/module.h"
#include "model/stack.h"
#include "model/timeline.h"
#include "symbol/lines.h"
#include "symbol/symtab.h"

struct symbolizer;

struct symbolizer_opts {
	const struct resolver *const *resolvers;  /* NULL-terminated, not copied */
	const struct line_reader *const *readers; /* likewise; NULL: none */
	const struct image_table *images;	  /* tells of runtimes; NULL: none */
	bool inlines;				  /* ask the readers for inlined functions */
	bool lines;				  /* and for places in the source */
	uint64_t
		max_bytes; /* of symbol tables, all together: files beyond that have no names; 0: SYMBOLIZER_MAX_BYTES */
};

#define SYMBOLIZER_MAX_BYTES (2ull << 30)

/* For the modules of @modules (not owned). NULL + errno. */
struct symbolizer *symbolizer__new(const struct module_table *modules,
				   const struct symbolizer_opts *opts);
void symbolizer__free(struct symbolizer *s);

/*
 * Makes *@ret what the frame was at @time_ns: before all else for frames that come from stacks, since in memory without a
 * file code may be replaced (struct frame). *@ret_code is the code that it is in, NULL when nothing tells of it; valid until
 * symbolizer__free(). 0 or -ENOMEM.
 */
int symbolizer__date(struct symbolizer *s, const struct frame *f, uint64_t time_ns,
		     struct frame *ret, const struct timeline_entry **ret_code);

/*
 * For runs without an end: code that is made at run time is looked up anew from here on, since what tells of it grows. Names
 * that were given out before are not valid any more.
 */
void symbolizer__forget_made(struct symbolizer *s);
/*
 * All is looked up anew. What was read of files that are still among the modules stays, unless it is much, and so do the
 * kernel's symbols but with @kernel: to read them takes a tenth of a second. 0; -ENOMEM: then it is of no use any more.
 */
int symbolizer__forget(struct symbolizer *s, bool kernel);
/* Why a frame has no name. */
enum symbolizer_miss {
	SYMBOLIZER_NO_SYMBOLS,	      /* no symbol of the file covers it */
	SYMBOLIZER_FILE_GONE,	      /* the file could not be opened in time */
	SYMBOLIZER_JIT,		      /* memory without a file, and nobody told of it */
	SYMBOLIZER_KERNEL_RESTRICTED, /* the kernel hides its symbols */
	SYMBOLIZER_MISS_CNT
};
struct symbolizer_counts {
	uint64_t lookup_cnt; /* frames that were looked up, each once as long as it is remembered */
	uint64_t miss_cnt[SYMBOLIZER_MISS_CNT];
};
/* Since symbolizer__new(). */
void symbolizer__counts(const struct symbolizer *s, struct symbolizer_counts *ret);
/* Modules whose symbols were left out for @opts->max_bytes. */
uint32_t symbolizer__left_out(const struct symbolizer *s);

/*
 * Finds the symbol of @f. 0 and the outputs (valid until symbolizer__free()); -ENOENT when no symbol
 * covers it or its module is unknown; -ENOMEM. The name is as it stands in the table.
 */
int symbolizer__find(struct symbolizer *s, const struct frame *f, const struct symbol **ret_symbol,
		     const char **ret_name);

/*
 * The functions at a frame, innermost first: inlined ones, if wanted, then the one that has an address of its own. Names
 * are demangled. What no symbol covers is "module+0xoffset" ("[kernel]" alone for the kernel: its addresses differ at each
 * boot; memory without a file is "[anon]", or named after a runtime); special frames are "[unknown]", "[exited]", "[truncated]"... Returns their number, 1 to LINES_MAX_DEPTH, or
 * -ENOMEM; *@ret_lines is valid until the next call. *@ret_from_reader, which may be NULL: a line reader knew them.
 */
int symbolizer__locate(struct symbolizer *s, const struct frame *f,
		       const struct symbol_line **ret_lines, bool *ret_from_reader);

#endif
