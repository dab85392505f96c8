/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What line readers say of a frame: who is asked when, what comes out, and that a recording gives it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "fixtures/mkwire.h"
#include "symbol/recorded.h"
#include "symbol/symbolizer.h"

/* A module whose function "outer" is at 0x1000 to 0x2000. */
static int table_fill(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit)
{
	(void)ctx, (void)m;
	*ret_limit = 0x2000;
	assert_int_equal(symtab__add(t, "outer", 0x1000, 0x1000, 1), 0);
	return 1;
}

static const struct resolver table = {.name = "table", .fill = table_fill};
static const struct resolver *const tables[] = {&table, NULL};

/* Says what it is told to of offsets from 0x1100 on. */
struct script {
	int calls, ret;
	int inlined; /* functions before the outermost one */
};

static int script_find(void *ctx, const struct module *m, uint64_t offset, line_fn fn, void *arg)
{
	struct script *s = ctx;
	char name[32];
	int err = 0;

	(void)m;
	s->calls++;
	if (offset < 0x1100)
		return 0;
	for (int i = 0; !err && i < s->inlined; i++) {
		struct symbol_line line = {
			.name = name, .file = "/src/in.h", .line = (uint32_t)i + 1};

		line.kind = FRAME_KIND_INLINED;
		snprintf(name, sizeof(name), "inlined%d", i);
		err = fn(arg, &line);
	}
	if (!err)
		err = fn(arg, &(struct symbol_line){
				      .file = "/src/out.c", .line = 77, .kind = FRAME_KIND_NATIVE});
	return err ? err : s->ret;
}

struct world {
	struct module_table modules;
	struct symbolizer *symbols;
	struct script script;
	struct line_reader reader;
	const struct line_reader *readers[2];
	uint32_t module;
	const struct symbol_line *lines;
	bool from_reader;
};

static void world_init(struct world *w, bool always, bool inlines, bool lines)
{
	struct module like = {.kind = WIRE_MODULE_ELF, .path = (char *)"/bin/prog", .fd = -1};
	struct symbolizer_opts opts = {
		.resolvers = tables, .readers = w->readers, .inlines = inlines, .lines = lines};
	bool added;

	memset(w, 0, sizeof(*w));
	w->script.ret = 1;
	w->reader = (struct line_reader){
		.name = "script", .always = always, .find = script_find, .ctx = &w->script};
	w->readers[0] = &w->reader;
	module_table__init(&w->modules);
	w->module = module_table__intern(&w->modules, &like, &added)->id;
	w->symbols = symbolizer__new(&w->modules, &opts);
	assert_non_null(w->symbols);
}

static void world_fini(struct world *w)
{
	symbolizer__free(w->symbols);
	module_table__fini(&w->modules);
}

static int locate(struct world *w, uint64_t offset)
{
	struct frame f = {.module = w->module, .offset = offset};

	return symbolizer__locate(w->symbols, &f, &w->lines, &w->from_reader);
}

static void test_inlined_functions_come_first(void **state _unused_)
{
	struct world w;

	world_init(&w, false, true, false);
	w.script.inlined = 2;
	assert_int_equal(locate(&w, 0x1234), 3);
	assert_true(w.from_reader);
	assert_string_equal(w.lines[0].name, "inlined0");
	assert_string_equal(w.lines[1].name, "inlined1");
	assert_int_equal(w.lines[1].kind, FRAME_KIND_INLINED);
	assert_string_equal(w.lines[1].file, "/src/in.h");
	/* A reader that has no name leaves it to the table. */
	assert_string_equal(w.lines[2].name, "outer");
	assert_int_equal(w.lines[2].kind, FRAME_KIND_NATIVE);
	assert_int_equal(w.lines[2].line, 77);
	/* Each frame once. */
	assert_int_equal(locate(&w, 0x1234), 3);
	assert_int_equal(w.script.calls, 1);
	/* What the reader doesn't know the table does. */
	assert_int_equal(locate(&w, 0x1000), 1);
	assert_false(w.from_reader);
	assert_string_equal(w.lines[0].name, "outer");
	assert_null(w.lines[0].file);
	world_fini(&w);
}

static void test_nobody_is_asked_for_what_nobody_wants(void **state _unused_)
{
	struct world w;

	world_init(&w, false, false, false);
	w.script.inlined = 2;
	assert_int_equal(locate(&w, 0x1234), 1);
	assert_int_equal(w.script.calls, 0);
	world_fini(&w);
	/* Lines without inlined functions. */
	world_init(&w, false, false, true);
	w.script.inlined = 2;
	assert_int_equal(locate(&w, 0x1234), 1);
	assert_int_equal(w.script.calls, 1);
	assert_string_equal(w.lines[0].file, "/src/out.c");
	world_fini(&w);
	/* One that costs nothing is always heard. */
	world_init(&w, true, false, false);
	w.script.inlined = 2;
	assert_int_equal(locate(&w, 0x1234), 3);
	world_fini(&w);
}

static void test_special_frames_have_no_lines(void **state _unused_)
{
	struct world w;

	world_init(&w, true, true, true);
	w.module = 0;
	assert_int_equal(locate(&w, FRAME_TRUNCATED), 1);
	assert_string_equal(w.lines[0].name, "[truncated]");
	assert_int_equal(w.lines[0].kind, FRAME_KIND_MISSING);
	assert_int_equal(w.script.calls, 0);
	world_fini(&w);
}

static void test_errors_of_readers(void **state _unused_)
{
	struct world w;

	/* A half said thing is not said. */
	world_init(&w, true, true, true);
	w.script.inlined = 2;
	w.script.ret = -EBADMSG;
	assert_int_equal(locate(&w, 0x1234), 1);
	assert_false(w.from_reader);
	assert_string_equal(w.lines[0].name, "outer");
	world_fini(&w);
	world_init(&w, true, true, true);
	w.script.ret = -ENOMEM;
	assert_int_equal(locate(&w, 0x1234), -ENOMEM);
	/* It may be over at the next try. */
	w.script.ret = 1;
	assert_int_equal(locate(&w, 0x1234), 1);
	assert_true(w.from_reader);
	world_fini(&w);
}

static void test_too_deep_keeps_the_outermost(void **state _unused_)
{
	struct world w;

	world_init(&w, false, true, false);
	w.script.inlined = 1000;
	assert_int_equal(locate(&w, 0x1234), LINES_MAX_DEPTH);
	assert_string_equal(w.lines[LINES_MAX_DEPTH - 1].name, "outer");
	assert_string_equal(w.lines[LINES_MAX_DEPTH - 2].name, "inlined999");
	world_fini(&w);
}

static int long_fill(void *ctx, const struct module *m, struct symtab *t, uint64_t *ret_limit)
{
	static char name[10000];

	(void)ctx, (void)m;
	*ret_limit = 0x2000;
	memset(name, 'n', sizeof(name) - 1);
	return symtab__add(t, name, 0x1000, 0x1000, 1) ? -ENOMEM : 1;
}

/* What is kept of a name is what can be shown of it. */
static void test_a_name_without_end_is_cut(void **state _unused_)
{
	static const struct resolver resolver = {.name = "long", .fill = long_fill};
	static const struct resolver *const resolvers[] = {&resolver, NULL};
	struct symbolizer_opts opts = {.resolvers = resolvers};
	struct world w;

	world_init(&w, false, false, false);
	symbolizer__free(w.symbols);
	w.symbols = symbolizer__new(&w.modules, &opts);
	assert_int_equal(locate(&w, 0x1234), 1);
	assert_int_equal(strlen(w.lines[0].name), 4095);
	world_fini(&w);
}

/* ---- out of a recording ---- */

struct heard {
	char text[512];
};

static int hear(void *arg, const struct symbol_line *l)
{
	struct heard *h = arg;
	size_t len = strlen(h->text);

	snprintf(h->text + len, sizeof(h->text) - len, "%s %s:%u %u;", l->name,
		 l->file ? l->file : "-", l->line, l->kind);
	return 0;
}

static void assert_recorded(struct recorded_symbols *r, uint32_t module, uint64_t offset,
			    const char *expect)
{
	struct module m = {.id = module};
	struct line_reader reader;
	struct heard h = {{0}};

	recorded_symbols__reader(r, &reader);
	assert_true(reader.always);
	assert_int_equal(reader.find(reader.ctx, &m, offset, hear, &h), *expect ? 1 : 0);
	assert_string_equal(h.text, expect);
}

static void add(struct recorded_symbols *r, uint32_t module, uint64_t offset, uint16_t kind,
		const char *name, const char *file, uint32_t line)
{
	_cleanup_buf_ struct buf b;

	mkwire_init(&b);
	assert_int_equal(
		recorded_symbols__add_line(
			r, mkwire_at(&b, mkwire_line(&b, module, offset, kind, name, file, line))),
		0);
}

static void test_a_recording_gives_them_back(void **state _unused_)
{
	struct recorded_symbols *r = recorded_symbols__new();

	assert_non_null(r);
	add(r, 1, 0x10, FRAME_KIND_INLINED, "in", "a.h", 3);
	add(r, 1, 0x10, FRAME_KIND_NATIVE, "out", "a.c", 9);
	add(r, 1, 0x11, FRAME_KIND_GO, "main.main", "", 0);
	add(r, 2, 0x10, FRAME_KIND_PYTHON, "f", "f.py", 1);
	/* The first frame once more: what was said stands. */
	add(r, 1, 0x10, FRAME_KIND_NATIVE, "other", "b.c", 1);
	/* A kind that is not known yet. */
	add(r, 2, 0x20, 4711, "future", "", 0);
	assert_recorded(r, 1, 0x10, "in a.h:3 6;out a.c:9 1;");
	assert_recorded(r, 1, 0x11, "main.main -:0 9;");
	assert_recorded(r, 2, 0x10, "f f.py:1 8;");
	assert_recorded(r, 2, 0x20, "future -:0 1;");
	assert_recorded(r, 1, 0x12, "");
	assert_recorded(r, 3, 0x10, "");
	recorded_symbols__free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined_functions_come_first),
		cmocka_unit_test(test_nobody_is_asked_for_what_nobody_wants),
		cmocka_unit_test(test_special_frames_have_no_lines),
		cmocka_unit_test(test_errors_of_readers),
		cmocka_unit_test(test_too_deep_keeps_the_outermost),
		cmocka_unit_test(test_a_name_without_end_is_cut),
		cmocka_unit_test(test_a_recording_gives_them_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
