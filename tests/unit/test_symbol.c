/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/os_read.h"
#include "fixtures/mkelf.h"
#include "fixtures/mkwire.h"
#include "symbol/kernel_resolver.h"
#include "symbol/recorded.h"
#include "symbol/symbolizer.h"

/* ---- symtab ---- */

static const char *name_at(const struct symtab *t, uint64_t offset)
{
	const struct symbol *s = symtab__find(t, offset);

	return s ? symtab__name(t, s) : "-";
}

static void test_sizes(void **state)
{
	struct symtab t;

	(void)state;
	symtab__init(&t);
	assert_null(symtab__find(&t, 0));
	assert_int_equal(symtab__add(&t, "last", 400, 0, 1), 0);
	assert_int_equal(symtab__add(&t, "sized", 200, 50, 1), 0);
	assert_int_equal(symtab__add(&t, "sizeless", 100, 0, 1), 0);
	assert_int_equal(symtab__add(&t, "before_end", 300, 0, 1), 0);
	assert_int_equal(symtab__add(&t, "", 320, 0, 0), 0);
	symtab__finish(&t, 450);
	assert_int_equal(t.cnt, 4);
	assert_string_equal(name_at(&t, 99), "-");
	assert_string_equal(name_at(&t, 100), "sizeless");
	assert_string_equal(name_at(&t, 199), "sizeless");
	assert_string_equal(name_at(&t, 200), "sized");
	assert_string_equal(name_at(&t, 249), "sized");
	assert_string_equal(name_at(&t, 250), "-");
	assert_string_equal(name_at(&t, 319), "before_end");
	assert_string_equal(name_at(&t, 320), "-");
	assert_string_equal(name_at(&t, 449), "last");
	assert_string_equal(name_at(&t, 450), "-");
	assert_string_equal(name_at(&t, UINT64_MAX), "-");
	symtab__fini(&t);
}

static void test_edges_of_the_address_space(void **state)
{
	struct symtab t;

	(void)state;
	symtab__init(&t);
	assert_int_equal(symtab__add(&t, "top", UINT64_MAX - 10, UINT64_MAX, 1), 0);
	assert_int_equal(symtab__add(&t, "zero", 0, 1, 1), 0);
	assert_int_equal(symtab__add(&t, "beyond_limit", 900, 0, 1), 0);
	symtab__finish(&t, 800);
	assert_string_equal(name_at(&t, 0), "zero");
	assert_string_equal(name_at(&t, 1), "-");
	assert_string_equal(name_at(&t, 900), "beyond_limit");
	assert_string_equal(name_at(&t, 901), "-");
	assert_string_equal(name_at(&t, UINT64_MAX - 1), "top");
	for (size_t i = 0; i < t.cnt; i++)
		assert_int_not_equal(t.symbols[i].size, 0);
	symtab__fini(&t);
}

static void test_aliases(void **state)
{
	struct symtab t;

	(void)state;
	symtab__init(&t);
	/* Rank first, whatever the order of arrival. */
	symtab__add(&t, "low", 100, 99, 1);
	symtab__add(&t, "high", 100, 10, 2);
	symtab__add(&t, "low2", 100, 99, 1);
	/* Then the longer size, then the name. */
	symtab__add(&t, "a_short", 200, 10, 1);
	symtab__add(&t, "z_long", 200, 20, 1);
	symtab__add(&t, "y_long", 200, 20, 1);
	/* The winner takes a size from an alias if it has none. */
	symtab__add(&t, "sizeless", 300, 0, 5);
	symtab__add(&t, "sized", 300, 30, 1);
	/* A symbol wins over an end. */
	symtab__add(&t, "", 400, 0, 0);
	symtab__add(&t, "symbol", 400, 0, 0);
	symtab__finish(&t, 450);
	assert_int_equal(t.cnt, 4);
	assert_string_equal(name_at(&t, 100), "high");
	assert_string_equal(name_at(&t, 110), "-");
	assert_string_equal(name_at(&t, 219), "y_long");
	assert_string_equal(name_at(&t, 329), "sizeless");
	assert_string_equal(name_at(&t, 330), "-");
	assert_string_equal(name_at(&t, 449), "symbol");
	symtab__fini(&t);
}

static void test_nested(void **state)
{
	struct symtab t;

	(void)state;
	symtab__init(&t);
	symtab__add(&t, "outer", 100, 900, 1);
	symtab__add(&t, "inner", 200, 100, 1);
	symtab__add(&t, "innermost", 220, 10, 1);
	symtab__add(&t, "sibling", 400, 10, 1);
	/* Half inside: nothing a compiler does, but the rule (largest start) still holds. */
	symtab__add(&t, "crossing", 950, 100, 1);
	/* A size from outside may claim more than there is. */
	symtab__add(&t, "endless", 2000, UINT64_MAX, 1);
	symtab__add(&t, "inside", 3000, 10, 1);
	symtab__finish(&t, UINT64_MAX);
	assert_string_equal(name_at(&t, 199), "outer");
	assert_string_equal(name_at(&t, 219), "inner");
	assert_string_equal(name_at(&t, 229), "innermost");
	assert_string_equal(name_at(&t, 230), "inner");
	assert_string_equal(name_at(&t, 299), "inner");
	assert_string_equal(name_at(&t, 300), "outer");
	assert_string_equal(name_at(&t, 405), "sibling");
	assert_string_equal(name_at(&t, 410), "outer");
	assert_string_equal(name_at(&t, 999), "crossing");
	assert_string_equal(name_at(&t, 1049), "crossing");
	assert_string_equal(name_at(&t, 1050), "-");
	assert_string_equal(name_at(&t, 3009), "inside");
	assert_string_equal(name_at(&t, 3010), "endless");
	symtab__fini(&t);
}

/* The slow way to the same answer. */
static const char *name_at_slowly(const struct symtab *t, uint64_t offset)
{
	const struct symbol *best = NULL;

	for (size_t i = 0; i < t->cnt; i++)
		if (offset - t->symbols[i].start < t->symbols[i].size)
			best = &t->symbols[i]; /* the largest start is last */
	return best ? symtab__name(t, best) : "-";
}

static void test_find_is_what_a_scan_finds(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct symtab t;
		char name[16];

		symtab__init(&t);
		for (int i = 0; i < 40; i++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			snprintf(name, sizeof(name), "f%d", i);
			symtab__add(&t, name, (seed >> 33) % 256, (seed >> 50) % 64, i & 3);
		}
		symtab__finish(&t, 256);
		for (uint64_t at = 0; at < 330; at++)
			assert_string_equal(name_at(&t, at), name_at_slowly(&t, at));
		symtab__fini(&t);
	}
}

/* Thousands of symbols around each other cost a lookup no more than any others. */
static void test_hostile_nesting(void **state)
{
	enum { CNT = 100000 };
	clock_t begin;
	struct symtab t;

	(void)state;
	symtab__init(&t);
	for (uint64_t i = 0; i < CNT; i++)
		assert_int_equal(symtab__add(&t, "f", i, 2 * (CNT - i), 1), 0);
	symtab__finish(&t, UINT64_MAX);
	begin = clock();
	for (int i = 0; i < CNT; i++)
		symtab__find(&t, 2 * CNT - 1);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	symtab__fini(&t);
}

static void test_full(void **state)
{
	struct symtab t;

	(void)state;
	symtab__init(&t);
	t.names.max_bytes = 10;
	assert_int_equal(symtab__add(&t, "12345", 1, 0, 1), 0);
	assert_int_equal(symtab__add(&t, "12345", 2, 0, 1), -E2BIG);
	symtab__finish(&t, 5);
	assert_string_equal(name_at(&t, 4), "12345");
	assert_int_equal(t.cnt, 1);
	symtab__fini(&t);
}

static uint8_t rank_of(const char *name, enum symbol_bind bind)
{
	return symbol_rank(name, strlen(name), bind);
}

static void test_rank(void **state)
{
	(void)state;
	/* As in libc: read is weak, __read global. */
	assert_true(rank_of("read", SYMBOL_WEAK) > rank_of("__read", SYMBOL_GLOBAL));
	assert_true(rank_of("_IO_puts", SYMBOL_GLOBAL) > rank_of("__puts", SYMBOL_GLOBAL));
	assert_true(rank_of("__libc_read", SYMBOL_GLOBAL) > rank_of("read", SYMBOL_LOCAL));
	assert_true(rank_of("read", SYMBOL_GLOBAL) > rank_of("read", SYMBOL_WEAK));
	assert_true(rank_of("f", SYMBOL_LOCAL) > rank_of("_f", SYMBOL_LOCAL));
	assert_int_equal(rank_of("_ZN3foo3barEv", SYMBOL_LOCAL), rank_of("f", SYMBOL_LOCAL));
	assert_int_equal(rank_of("_RNvC3foo3bar", SYMBOL_LOCAL), rank_of("f", SYMBOL_LOCAL));
	assert_int_equal(rank_of("___", SYMBOL_WEAK), rank_of("__", SYMBOL_WEAK));
	assert_true(rank_of("___", SYMBOL_LOCAL) > 0);
}

/* ---- kernel ---- */

static const char kallsyms[] = "0000000000000000 A fixed_percpu_data\n"
			       "ffffffff81000000 T _stext\n"
			       "ffffffff81000000 T startup_64\n"
			       "ffffffff81000000 T _text\n"
			       "ffffffff81000040 t __do_thing\n"
			       "ffffffff81000040 T do_thing\n"
			       "ffffffff81000080 W a_weak_thing\n"
			       "ffffffff81000080 T thing\n"
			       "ffffffff810000c0 T __sched_text_start\n"
			       "ffffffff810000c0 t __schedule\n"
			       "ffffffff81000100 T _etext\n"
			       "ffffffff82000000 D jiffies\n"
			       "ffffffff82000010 b buffer\n"
			       "garbage\n"
			       "ffffffff82000020 t\n"
			       "ffffffffff82000020 t too_many_digits\n"
			       "ffffffffc0000000 t ext4_read [not a tab]\n"
			       "ffffffffc0001000 t ext4_write\t[ext4]\n"
			       "ffffffffc0002000 t bpf_prog_6deef7357e7b4530_hello\t[bpf]";

static void test_kallsyms(void **state)
{
	struct kallsyms_counts counts;
	struct symtab t;

	(void)state;
	symtab__init(&t);
	assert_int_equal(kallsyms_parse(kallsyms, sizeof(kallsyms) - 1, &t, &counts), 0);
	assert_int_equal(counts.text_cnt, 13);
	assert_int_equal(counts.hidden_cnt, 0);
	assert_int_equal(counts.highest, 0xffffffffc0002000);
	symtab__finish(&t, 0xffffffffc0002100);
	assert_string_equal(name_at(&t, 0), "-");
	assert_string_equal(name_at(&t, 0xffffffff81000000), "startup_64");
	assert_string_equal(name_at(&t, 0xffffffff81000041), "do_thing");
	assert_string_equal(name_at(&t, 0xffffffff810000bf), "thing");
	assert_string_equal(name_at(&t, 0xffffffff810000c1), "__schedule");
	/* The last function of the kernel ends with its text. */
	assert_string_equal(name_at(&t, 0xffffffff81000100), "-");
	assert_string_equal(name_at(&t, 0xffffffff82000000), "-");
	assert_string_equal(name_at(&t, 0xffffffffc0000010), "ext4_read [not a tab]");
	assert_string_equal(name_at(&t, 0xffffffffc0001010), "ext4_write");
	assert_string_equal(name_at(&t, 0xffffffffc0002010), "bpf_prog_6deef7357e7b4530_hello");
	assert_string_equal(name_at(&t, 0xffffffffc0002100), "-");
	symtab__fini(&t);
}

static void test_kallsyms_hidden(void **state)
{
	static const char text[] = "0000000000000000 A fixed_percpu_data\n"
				   "0000000000000000 T _stext\n"
				   "0000000000000000 t do_thing\n";
	struct kallsyms_counts counts;
	struct symtab t;

	(void)state;
	symtab__init(&t);
	assert_int_equal(kallsyms_parse(text, sizeof(text) - 1, &t, &counts), 0);
	assert_int_equal(counts.text_cnt, 2);
	assert_int_equal(counts.hidden_cnt, 2);
	assert_int_equal(t.cnt, 0);
	symtab__fini(&t);
}

/* 200,000 lines in less than 0.1 s; ten times that is allowed, for sanitisers and busy machines. */
static void test_kallsyms_is_fast(void **state)
{
	_cleanup_buf_ struct buf text;
	struct kallsyms_counts counts;
	struct symtab t;
	clock_t begin;

	(void)state;
	buf__init(&text, 64 << 20);
	for (unsigned int i = 0; i < 200000; i++)
		buf__printf(&text, "ffffffff%08x t some_function_of_the_kernel_%u\t[module]\n",
			    0x81000000 + i * 64, i);
	assert_int_equal(text.err, 0);
	symtab__init(&t);
	begin = clock();
	assert_int_equal(kallsyms_parse(text.data, text.len, &t, &counts), 0);
	symtab__finish(&t, UINT64_MAX);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
	assert_int_equal(t.cnt, 200000);
	symtab__fini(&t);
}

/* ---- symbolizer, with files ---- */

struct world {
	struct module_table modules;
	struct symbolizer *symbolizer;
};

static const struct resolver *const live_resolvers[] = {&elf_resolver, &vdso_resolver,
							&kernel_resolver, NULL};

static void world_init_with(struct world *w, const struct symbolizer_opts *opts)
{
	module_table__init(&w->modules);
	w->symbolizer = symbolizer__new(&w->modules, opts);
	assert_non_null(w->symbolizer);
}

static void world_init(struct world *w, const struct resolver *const *resolvers)
{
	world_init_with(w, &(struct symbolizer_opts){.resolvers = resolvers});
}

static void world_fini(struct world *w)
{
	symbolizer__free(w->symbolizer);
	module_table__fini(&w->modules);
}

/* Adds a module, with @content (may be NULL) as its file. Returns its id. */
static uint32_t world_module(struct world *w, enum wire_module_kind kind, const char *path,
			     const struct buf *content)
{
	char own_path[64];
	struct module like = {.kind = (uint16_t)kind, .path = own_path, .fd = -1};
	const struct module *m;
	bool added;

	snprintf(own_path, sizeof(own_path), "%s", path);
	if (content) {
		like.fd = memfd_create("module", MFD_CLOEXEC);
		assert_true(like.fd >= 0);
		assert_int_equal(write(like.fd, content->data, content->len), content->len);
	}
	m = module_table__intern(&w->modules, &like, &added);
	assert_non_null(m);
	assert_true(added);
	return m->id;
}

static const char *world_name(struct world *w, uint32_t module, uint64_t offset)
{
	const struct frame f = {.module = module, .offset = offset};
	const struct symbol_line *lines;

	assert_int_equal(symbolizer__locate(w->symbolizer, &f, &lines, NULL), 1);
	return lines[0].name;
}

static void test_names_without_symbols(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, live_resolvers + 3); /* none */
	uint32_t file = world_module(&w, WIRE_MODULE_ELF, "/usr/lib/libfoo.so.1", NULL);
	uint32_t kernel = world_module(&w, WIRE_MODULE_KERNEL, "[kernel]", NULL);
	uint32_t vdso = world_module(&w, WIRE_MODULE_VDSO, "[vdso]", NULL);
	uint32_t anon = world_module(&w, WIRE_MODULE_ANON, "/memfd:jit", NULL);
	assert_string_equal(world_name(&w, 0, FRAME_UNKNOWN), "[unknown]");
	assert_string_equal(world_name(&w, 0, FRAME_EXITED), "[exited]");
	assert_string_equal(world_name(&w, 0, FRAME_TRUNCATED), "[truncated]");
	assert_string_equal(world_name(&w, 0, 12345), "[unknown]");
	assert_string_equal(world_name(&w, 99, 0), "[unknown]");
	assert_string_equal(world_name(&w, file, 0x1a2b), "libfoo.so.1+0x1a2b");
	assert_string_equal(world_name(&w, kernel, 0xffffffff81000000), "[kernel]");
	assert_string_equal(world_name(&w, vdso, 0x10), "[vdso]");
	assert_string_equal(world_name(&w, anon, 0x10), "[anon]");
	world_fini(&w);
}

static void test_names_of_a_file(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text, init;
	struct world w;
	uint32_t id;

	(void)state;
	mkelf__init_usual(&m, &text);
	mkelf__segment(&m, 0x502000, 0x2000, 0x1000, PF_R | PF_X);
	init = mkelf__code(&m, ".init", 0x502000, 0x2000, 0x20, SHF_ALLOC | SHF_EXECINSTR);
	mkelf__code(&m, ".plt", 0x502020, 0x2020, 0x100, SHF_ALLOC | SHF_EXECINSTR);
	const struct mkelf_symbol symbols[] = {
		{"__libc_read", 0x401100, 0x40, STB_GLOBAL, STT_FUNC, text},
		{"read@@GLIBC_2.2.5", 0x401100, 0x40, STB_WEAK, STT_FUNC, text},
		{"__read", 0x401100, 0x40, STB_GLOBAL, STT_FUNC, text},
		{"label", 0x401140, 0x80, STB_GLOBAL, STT_NOTYPE, text},
		{"__local", 0x401140, 0x80, STB_LOCAL, STT_FUNC, text},
		{"_init", 0x502000, 0, STB_GLOBAL, STT_FUNC, init},
		{"not_loaded", 0x900000, 0x40, STB_GLOBAL, STT_FUNC, text},
	};
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		mkelf__symbol(&m, MKELF_SYMTAB, &symbols[i]);
	mkelf__symbol(
		&m, MKELF_DYNSYM,
		&(struct mkelf_symbol){"only_dynamic", 0x401200, 8, STB_GLOBAL, STT_FUNC, text});
	mkelf__write(&m, &file);
	world_init(&w, live_resolvers);
	id = world_module(&w, WIRE_MODULE_ELF, "/lib/libc.so.6", &file);
	assert_string_equal(world_name(&w, id, 0x1100), "read");
	assert_string_equal(world_name(&w, id, 0x113f), "read");
	assert_string_equal(world_name(&w, id, 0x1140), "__local");
	assert_string_equal(world_name(&w, id, 0x1204), "only_dynamic");
	assert_string_equal(world_name(&w, id, 0x1208), "libc.so.6+0x1208");
	assert_string_equal(world_name(&w, id, 0x201f), "_init");
	assert_string_equal(world_name(&w, id, 0x2020), "libc.so.6+0x2020");
	assert_string_equal(world_name(&w, id, 0x900000), "libc.so.6+0x900000");
	/* Each module has its own table, loaded in any order. */
	uint32_t script = world_module(&w, WIRE_MODULE_ELF, "/x/data", &(struct buf){0});
	uint32_t gone = world_module(&w, WIRE_MODULE_ELF, "/x/gone", NULL);
	assert_string_equal(world_name(&w, gone, 0x1100), "gone+0x1100");
	assert_string_equal(world_name(&w, script, 0x1100), "data+0x1100");
	assert_string_equal(world_name(&w, id, 0x1101), "read");
	world_fini(&w);
	mkelf__fini(&m);
}

/* A resolver that counts its calls and returns what it is told to. */
struct scripted {
	int calls, ret;
	const char *symbol;
};

static int scripted_fill(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit)
{
	struct scripted *s = ctx;

	(void)m;
	*ret_limit = 0x100;
	s->calls++;
	if (s->symbol)
		assert_int_equal(symtab__add(t, s->symbol, 0, 0, 1), 0);
	return s->ret;
}

static void test_order_of_resolvers(void **state)
{
	struct scripted s[3] = {{0, 0, NULL}, {0, -EBADMSG, "a_half_read"}, {0, 1, "good"}};
	struct resolver r[3];
	const struct resolver *const list[] = {&r[0], &r[1], &r[2], NULL};
	struct world w;

	(void)state;
	for (int i = 0; i < 3; i++)
		r[i] = (struct resolver){.name = "s", .fill = scripted_fill, .ctx = &s[i]};
	world_init(&w, list);
	uint32_t a = world_module(&w, WIRE_MODULE_ELF, "/a", NULL);
	assert_int_equal(s[0].calls, 0);
	assert_string_equal(world_name(&w, a, 0xff), "good");
	assert_string_equal(world_name(&w, a, 0x100), "a+0x100");
	/* Once per module. */
	assert_int_equal(s[0].calls + s[1].calls + s[2].calls, 3);
	/* Whoever takes charge is the last one asked, with or without symbols. */
	s[0].ret = 1;
	uint32_t b = world_module(&w, WIRE_MODULE_ELF, "/b", NULL);
	assert_string_equal(world_name(&w, b, 0), "b+0x0");
	assert_int_equal(s[1].calls + s[2].calls, 2);
	/* A lack of memory is an error, and may be over at the next try. */
	s[0].ret = -ENOMEM;
	uint32_t c = world_module(&w, WIRE_MODULE_ELF, "/c", NULL);
	const struct symbol_line *lines = NULL;
	assert_int_equal(symbolizer__locate(w.symbolizer, &(struct frame){c, 0}, &lines, NULL),
			 -ENOMEM);
	assert_null(lines);
	s[0].ret = 0;
	assert_string_equal(world_name(&w, c, 0), "good");
	world_fini(&w);
}

/* Files beyond what all may take together have no names; those that are loaded keep theirs. */
static void test_tables_have_a_limit_together(void **state)
{
	struct scripted s = {0, 1, "good"};
	struct resolver r = {.name = "s", .fill = scripted_fill, .ctx = &s};
	const struct resolver *const list[] = {&r, NULL};
	struct world w;
	uint32_t ids[3];

	(void)state;
	world_init_with(&w, &(struct symbolizer_opts){.resolvers = list, .max_bytes = 1});
	for (int i = 0; i < 3; i++) {
		char path[] = "/a";

		path[1] = (char)('a' + i);
		ids[i] = world_module(&w, WIRE_MODULE_ELF, path, NULL);
	}
	assert_string_equal(world_name(&w, ids[0], 0x10), "good");
	assert_int_equal(symbolizer__left_out(w.symbolizer), 0);
	assert_string_equal(world_name(&w, ids[1], 0x10), "b+0x10");
	assert_string_equal(world_name(&w, ids[2], 0x10), "c+0x10");
	assert_string_equal(world_name(&w, ids[0], 0x20), "good");
	assert_int_equal(symbolizer__left_out(w.symbolizer), 2);
	assert_int_equal(s.calls, 1);
	world_fini(&w);
}

static void test_vdso(void **state)
{
	_cleanup_buf_ struct buf image = {0};
	const struct symbol *symbol;
	bool found = false;
	const char *name;
	struct world w;
	uint32_t id;

	(void)state;
	if (os_read_vdso(&image))
		skip();
	world_init(&w, live_resolvers);
	id = world_module(&w, WIRE_MODULE_VDSO, "[vdso]", NULL);
	for (uint64_t at = 0; at < image.len; at++)
		if (!symbolizer__find(w.symbolizer, &(struct frame){id, at}, &symbol, &name))
			found |= !!strstr(name, "clock_gettime");
	assert_true(found);
	world_fini(&w);
}

/* The vdso of other programs (32 bit) is not ours: no names are better than wrong ones. */
static void test_foreign_vdso(void **state)
{
	struct module like = {.kind = WIRE_MODULE_VDSO, .path = NULL, .fd = -1, .build_id_len = 20};
	const struct module *m;
	struct world w;
	bool added;

	(void)state;
	world_init(&w, live_resolvers);
	m = module_table__intern(&w.modules, &like, &added);
	assert_non_null(m);
	for (uint64_t at = 0; at < 0x2000; at++)
		assert_string_equal(world_name(&w, m->id, at), "[vdso]");
	world_fini(&w);
}

static void test_own_kernel(void **state)
{
	int hidden = kernel_symbols_hidden();
	struct kallsyms_counts counts;
	struct buf text = {0};
	struct symtab t;
	struct world w;
	uint32_t id;

	(void)state;
	if (hidden < 0)
		skip();
	if (hidden)
		assert_non_null(strstr(error_text(-EPERM), "CAP_SYSLOG"));
	assert_int_equal(os_read_file("/proc/kallsyms", 256 << 20, &text), 0);
	symtab__init(&t);
	assert_int_equal(kallsyms_parse(text.data, text.len, &t, &counts), 0);
	assert_int_equal(hidden, counts.text_cnt && !t.cnt);
	world_init(&w, live_resolvers);
	id = world_module(&w, WIRE_MODULE_KERNEL, "[kernel]", NULL);
	assert_string_equal(world_name(&w, id, 0x1000), "[kernel]");
	for (size_t i = 0; i < t.cnt; i++)
		if (!strcmp(symtab__name(&t, &t.symbols[i]), "schedule"))
			assert_string_equal(world_name(&w, id, t.symbols[i].start + 1), "schedule");
	world_fini(&w);
	symtab__fini(&t);
	buf__fini(&text);
}

/* ---- recorded ---- */

static void add_recorded(struct recorded_symbols *r, uint32_t module, uint64_t start, uint64_t size,
			 const char *name, int expect)
{
	_cleanup_buf_ struct buf b;
	size_t at;

	mkwire_init(&b);
	at = mkwire_symbol(&b, module, start, size, name);
	assert_int_equal(recorded_symbols__add(r, mkwire_at(&b, at)), expect);
}

static void test_recorded(void **state)
{
	struct recorded_symbols *r = recorded_symbols__new();
	struct resolver resolver;
	const struct resolver *const list[] = {&resolver, &vdso_resolver, &kernel_resolver, NULL};
	struct world w;

	(void)state;
	assert_non_null(r);
	recorded_symbols__resolver(r, &resolver);
	add_recorded(r, 2, 0x300, 0x10, "later", 0);
	add_recorded(r, 2, 0x100, 0x40, "worker", 0);
	add_recorded(r, 2, 0x100, 0x40, "worker", 0); /* twice: as after a rotation */
	add_recorded(r, 2, 0x200, 0, "sizeless", 0);
	add_recorded(r, 3, 0x100, 0x40, "other", 0);
	add_recorded(r, 0, 0x100, 0x40, "x", -EBADMSG);
	add_recorded(r, MODULE_MAX_CNT + 1, 0x100, 0x40, "x", -EBADMSG);
	add_recorded(r, 2, 0x400, 0x40, "", 0);
	world_init(&w, list);
	uint32_t vdso = world_module(&w, WIRE_MODULE_VDSO, "[vdso]", NULL);
	uint32_t a = world_module(&w, WIRE_MODULE_ELF, "/a", NULL);
	uint32_t b = world_module(&w, WIRE_MODULE_ELF, "/b", NULL);
	uint32_t kernel = world_module(&w, WIRE_MODULE_KERNEL, "[kernel]", NULL);
	assert_string_equal(world_name(&w, a, 0x13f), "worker");
	assert_string_equal(world_name(&w, a, 0x140), "a+0x140");
	assert_string_equal(world_name(&w, a, 0x200), "sizeless");
	assert_string_equal(world_name(&w, a, 0x201), "a+0x201");
	assert_string_equal(world_name(&w, a, 0x30f), "later");
	assert_string_equal(world_name(&w, a, 0x400), "a+0x400");
	assert_string_equal(world_name(&w, b, 0x100), "other");
	/* This machine's vdso and kernel are never asked. */
	for (uint64_t at = 0; at < 0x2000; at += 8)
		assert_string_equal(world_name(&w, vdso, at), "[vdso]");
	for (uint64_t at = 0; at < 0x1000000; at += 0x1000)
		assert_string_equal(world_name(&w, kernel, 0xffffffff81000000 + at), "[kernel]");
	world_fini(&w);
	recorded_symbols__free(r);
	recorded_symbols__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_edges_of_the_address_space),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_find_is_what_a_scan_finds),
		cmocka_unit_test(test_hostile_nesting),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_rank),
		cmocka_unit_test(test_kallsyms),
		cmocka_unit_test(test_kallsyms_hidden),
		cmocka_unit_test(test_kallsyms_is_fast),
		cmocka_unit_test(test_names_without_symbols),
		cmocka_unit_test(test_names_of_a_file),
		cmocka_unit_test(test_order_of_resolvers),
		cmocka_unit_test(test_tables_have_a_limit_together),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_foreign_vdso),
		cmocka_unit_test(test_own_kernel),
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
