/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixtures/mkgo.h"
#include "output/frame_kind.h"
#include "symbol/go_symbols.h"
#include "symbol/symbolizer.h"

static int test_fd(const struct buf *content)
{
	int fd = memfd_create("go", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content->data, content->len), content->len);
	return fd;
}

/* The usual Go program, with symbols of a function of C and of one of Go. */
static int go_program_fd(void)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkgo g;
	int fd;

	mkgo__init_usual(&g, GOPCLNTAB_1_20);
	g.symbols = true;
	mkgo__write(&g, &file);
	fd = test_fd(&file);
	mkgo__fini(&g);
	return fd;
}

static int c_program_fd(void)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text;
	int fd;

	mkelf__init_usual(&m, &text);
	mkelf__symbol(&m, MKELF_SYMTAB,
		      &(struct mkelf_symbol){"c_main", 0x401000, 0x10, STB_GLOBAL, STT_FUNC, text});
	mkelf__write(&m, &file);
	fd = test_fd(&file);
	mkelf__fini(&m);
	return fd;
}

static uint32_t add_module(struct module_table *t, int fd, uint64_t inode)
{
	char path[] = "/bin/program";
	struct module like = {.kind = WIRE_MODULE_ELF, .inode = inode, .path = path, .fd = fd};
	const struct module *m;
	bool added;

	m = module_table__intern(t, &like, &added);
	assert_non_null(m);
	assert_true(added);
	return m->id;
}

/* What a symbolizer with both halves says of an offset: "kind name file:line; ...". */
struct world {
	struct module_table modules;
	struct go_lines *go;
	struct line_reader reader;
	const struct line_reader *readers[2];
	struct symbolizer *symbols;
	struct buf text;
};

static void world_init(struct world *w, bool lines)
{
	static const struct resolver *const resolvers[] = {&go_resolver, &elf_resolver, NULL};
	struct symbolizer_opts opts = {.resolvers = resolvers, .readers = w->readers};

	memset(w, 0, sizeof(*w));
	buf__init(&w->text, 1 << 16);
	module_table__init(&w->modules);
	w->go = go_lines__new();
	assert_non_null(w->go);
	go_lines__reader(w->go, &w->reader);
	w->readers[0] = lines ? &w->reader : NULL;
	w->symbols = symbolizer__new(&w->modules, &opts);
	assert_non_null(w->symbols);
}

static void world_fini(struct world *w)
{
	symbolizer__free(w->symbols);
	go_lines__free(w->go);
	module_table__fini(&w->modules);
	buf__fini(&w->text);
}

static void assert_frame(struct world *w, uint32_t module, uint64_t offset, const char *expect)
{
	struct frame f = {.module = module, .offset = offset};
	const struct symbol_line *lines;
	int cnt = symbolizer__locate(w->symbols, &f, &lines, NULL);

	assert_true(cnt > 0);
	buf__reset(&w->text);
	for (int i = 0; i < cnt; i++)
		buf__printf(&w->text, "%s%s %s %s:%u", i ? "; " : "",
			    frame_kind_name(lines[i].kind), lines[i].name,
			    lines[i].file ? lines[i].file : "?", lines[i].line);
	assert_string_equal(buf__str(&w->text), expect);
}

static void test_symbols(void **state)
{
	struct world w;
	uint32_t m;

	(void)state;
	world_init(&w, false);
	m = add_module(&w.modules, go_program_fd(), 1);
	/* Not runtime.text, which is a symbol of the same address. */
	assert_frame(&w, m, MKGO_TEXT_OFF, "go main.main ?:0");
	assert_frame(&w, m, MKGO_TEXT_OFF + 0x3f, "go main.main ?:0");
	assert_frame(&w, m, MKGO_TEXT_OFF + 0x40, "go main.(*T).M ?:0");
	assert_frame(&w, m, MKGO_TEXT_OFF + 0x60, "native c_function ?:0");
	assert_frame(&w, m, MKGO_TEXT_OFF + 0x70, "go main.generic[go.shape.int] ?:0");
	assert_frame(&w, m, MKGO_TEXT_OFF + MKGO_OUTSIDE + 8, "native outside ?:0");
	assert_frame(&w, m, MKGO_TEXT_OFF + MKGO_USUAL_BYTES, "native program+0x490 ?:0");
	m = add_module(&w.modules, c_program_fd(), 2);
	assert_frame(&w, m, 0x1000, "native c_main ?:0");
	world_fini(&w);
}

static void test_lines(void **state)
{
	struct world w;
	uint32_t m;

	(void)state;
	world_init(&w, true);
	m = add_module(&w.modules, go_program_fd(), 1);
	assert_frame(&w, m, MKGO_TEXT_OFF, "go main.main /go/main.go:10");
	assert_frame(&w, m, MKGO_TEXT_OFF + 0x20,
		     "inlined main.inner /go/main.go:70; inlined main.middle /go/other.go:50; "
		     "go main.main /go/main.go:11");
	assert_frame(&w, m, MKGO_TEXT_OFF + 0x50, "go main.T.M /go/main.go:30");
	assert_frame(&w, m, MKGO_TEXT_OFF + 0x60, "native c_function ?:0");
	assert_frame(&w, m, MKGO_TEXT_OFF + MKGO_OUTSIDE + 8, "native outside ?:0");
	m = add_module(&w.modules, c_program_fd(), 2);
	assert_frame(&w, m, 0x1000, "native c_main ?:0");
	world_fini(&w);
}

/* More modules than there are views, twice each: all tables had to be thrown away in between. */
static void test_many_modules(void **state)
{
	uint32_t ids[2 * GO_LINES_MAX_VIEWS];
	struct world w;

	(void)state;
	world_init(&w, true);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = add_module(&w.modules, i % 4 ? go_program_fd() : c_program_fd(), i + 1);
	for (uint64_t round = 0; round < 2; round++)
		for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
			if (i % 4)
				assert_frame(&w, ids[i], MKGO_TEXT_OFF + 0x14 + round,
					     "inlined main.middle /go/other.go:50; "
					     "go main.main /go/main.go:11");
			else
				assert_frame(&w, ids[i], 0x1000 + round, "native c_main ?:0");
	world_fini(&w);
}

static int stop(void *arg, const struct symbol_line *line)
{
	(void)line;
	++*(int *)arg;
	return -ENOMEM;
}

static void test_what_the_reader_returns(void **state)
{
	struct module m = {.kind = WIRE_MODULE_ELF, .id = 7, .fd = -1};
	struct go_lines *go = go_lines__new();
	struct line_reader r;
	int called = 0;

	(void)state;
	go_lines__reader(go, &r);
	assert_true(r.always);
	assert_int_equal(r.find(r.ctx, &m, MKGO_TEXT_OFF, stop, &called), 0);
	m.fd = go_program_fd();
	m.kind = WIRE_MODULE_KERNEL;
	assert_int_equal(r.find(r.ctx, &m, MKGO_TEXT_OFF, stop, &called), 0);
	assert_int_equal(called, 0);
	m.kind = WIRE_MODULE_ELF;
	/* The first error ends it. */
	assert_int_equal(r.find(r.ctx, &m, MKGO_TEXT_OFF + 0x20, stop, &called), -ENOMEM);
	assert_int_equal(called, 1);
	assert_int_equal(r.find(r.ctx, &m, 1 << 30, stop, &called), 0);
	close(m.fd);
	go_lines__free(go);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_many_modules),
		cmocka_unit_test(test_what_the_reader_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
