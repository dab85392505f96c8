/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of code that programs make: perf maps, jitdumps, when what was where, and how it gets into a profile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/session.h"
#include "base/compiler.h"
#include "fixtures/mkjit.h"
#include "fixtures/mkwire.h"
#include "format/jitdump.h"
#include "format/perf_map.h"
#include "model/timeline.h"
#include "output/hint.h"
#include "output/writer.h"
#include "source/recording.h"
#include "symbol/jit_symbols.h"
#include "symbol/js_name.h"
#include "symbol/runtime.h"

/* ---- perf maps ---- */

static int print_line(void *arg, uint64_t start, uint64_t size, const char *name, size_t len)
{
	return buf__printf(arg, "%llx+%llx '%.*s'\n", (unsigned long long)start,
			   (unsigned long long)size, (int)len, name);
}

/* From memory of exactly its size, so that ASan sees a read past it. */
static void assert_map(const char *text, size_t len, size_t used, const char *expect)
{
	_cleanup_buf_ struct buf got;
	char *exact = malloc(len ? len : 1);
	size_t ret_used = 99;

	assert_non_null(exact);
	memcpy(exact, text, len);
	buf__init(&got, 1 << 20);
	assert_int_equal(perf_map_parse(exact, len, print_line, &got, &ret_used), 0);
	free(exact);
	assert_int_equal(ret_used, used);
	assert_string_equal(buf__str(&got), expect);
}

#define ASSERT_MAP(text, expect) assert_map(text, sizeof(text) - 1, sizeof(text) - 1, expect)

static void test_lines_of_a_perf_map(void **state _unused_)
{
	ASSERT_MAP("7f00 10 foo\n", "7f00+10 'foo'\n");
	ASSERT_MAP("0x7F00 0x10 void Foo.bar(int, long)\n", "7f00+10 'void Foo.bar(int, long)'\n");
	ASSERT_MAP("  7f00\t10  foo \r\n", "7f00+10 'foo'\n");
	ASSERT_MAP("ffffffffffffffff ffffffffffffffff f\n",
		   "ffffffffffffffff+ffffffffffffffff 'f'\n");
}

static void test_lines_that_are_none(void **state _unused_)
{
	ASSERT_MAP("\n7f00\n7f00 10\n7f00 10 \nfoo bar baz\n7f00 0 empty\n0x 10 foo\n-1 10 "
		   "foo\n7f00,10 foo\n",
		   "");
	ASSERT_MAP("1ffffffffffffffff 10 too_long\n10 1ffffffffffffffff too_long\n", "");
	ASSERT_MAP("7f00 10 a\0b\n1 2 good\n", "1+2 'good'\n");
	ASSERT_MAP("", "");
}

static void test_a_line_that_is_still_being_written_is_left(void **state _unused_)
{
	static const char text[] = "1 2 whole\n7f00 10 hal";

	assert_map(text, sizeof(text) - 1, 10, "1+2 'whole'\n");
	for (size_t len = 0; len < 10; len++)
		assert_map(text, len, 0, "");
}

static void test_lines_that_are_too_long_are_left_out(void **state _unused_)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1 << 20);
	buf__puts(&text, "1 2 ");
	while (text.len <= PERF_MAP_MAX_LINE_BYTES)
		buf__putc(&text, 'x');
	buf__puts(&text, "\n3 4 short\n");
	assert_map(text.data, text.len, text.len, "3+4 'short'\n");
}

/* ---- jitdumps ---- */

/* All records as text; from memory of exactly their size. */
static void read_dump(const struct buf *b, size_t len, struct buf *to, struct jitdump *ret)
{
	void *exact = malloc(len ? len : 1);
	struct jitdump_record r;
	struct jitdump_line line;

	assert_non_null(exact);
	memcpy(exact, b->data, len);
	buf__init(to, 1 << 20);
	if (jitdump__open_memory(ret, exact, len)) {
		buf__puts(to, "no jitdump");
		free(exact);
		return;
	}
	while (jitdump__next(ret, &r) > 0) {
		buf__printf(to, "%d %llx+%llx @%llu", r.kind, (unsigned long long)r.addr,
			    (unsigned long long)r.size, (unsigned long long)r.time_ns);
		if (r.kind != JITDUMP_DEBUG)
			buf__printf(to, " #%llu", (unsigned long long)r.index);
		if (r.name)
			buf__printf(to, " '%.*s'", (int)r.name_len, r.name);
		while (jitdump__next_line(ret, &line))
			buf__printf(to, " %llx:%s:%u", (unsigned long long)line.addr, line.file,
				    line.line);
		buf__putc(to, '\n');
	}
	jitdump__close(ret);
	free(exact);
}

static const char whole_dump[] = "2 1000+0 @10 1000:/a.js:5 1004:/a.js:6\n"
				 "0 1000+20 @11 #3 'one'\n"
				 "1 2000+20 @12 #3\n"
				 "0 3000+0 @14 #4 ''\n";

static void make_whole(struct buf *b)
{
	mkjit_init(b, 0);
	mkjit_debug(b, 10, 0x1000, "/a.js", 5);
	mkjit_load(b, 11, 0x1000, 0x20, 3, "one");
	mkjit_move(b, 12, 0x2000, 0x20, 3);
	mkjit_record(b, 4, 13, 100); /* unwinding information */
	mkjit_record(b, 99, 13, 0);
	mkjit_load(b, 14, 0x3000, 0, 4, "");
	mkjit_record(b, 3, 15, 0); /* close */
}

static void test_records_of_a_jitdump(void **state _unused_)
{
	_cleanup_buf_ struct buf b, text;
	struct jitdump dump;

	make_whole(&b);
	read_dump(&b, b.len, &text, &dump);
	assert_string_equal(text.data, whole_dump);
	assert_false(dump.cut);
	assert_false(dump.foreign_clock);
}

static void test_a_jitdump_that_is_cut_gives_what_came_before(void **state _unused_)
{
	_cleanup_buf_ struct buf b;
	struct jitdump dump;

	make_whole(&b);
	for (size_t len = 0; len < b.len; len++) {
		_cleanup_buf_ struct buf text = {0};

		read_dump(&b, len, &text, &dump);
		if (len < 40)
			assert_string_equal(text.data, "no jitdump");
		else
			assert_memory_equal(buf__str(&text), whole_dump, text.len);
	}
}

static void assert_no_dump(uint32_t magic, uint32_t version, uint32_t size)
{
	_cleanup_buf_ struct buf b, text;
	struct jitdump dump;

	make_whole(&b);
	mkjit_set32(&b, 0, magic);
	mkjit_set32(&b, 4, version);
	mkjit_set32(&b, 8, size);
	read_dump(&b, b.len, &text, &dump);
	assert_string_equal(text.data, "no jitdump");
}

static void test_files_that_are_no_jitdump_of_ours(void **state _unused_)
{
	assert_no_dump(0x4454694a, 1, 40); /* of the other byte order */
	assert_no_dump(0x464c457f, 1, 40);
	assert_no_dump(0x4a695444, 2, 40);
	assert_no_dump(0x4a695444, 1, 39);
}

static void test_hostile_records(void **state _unused_)
{
	static const struct {
		size_t at; /* in a load record */
		uint32_t value;
	} bad[] = {{4, 0}, {4, 15}, {4, UINT32_MAX}, {16 + 24, 0x1000}, {16 + 28, 0xffffffff}};
	struct jitdump dump;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_buf_ struct buf b, text;

		mkjit_init(&b, 0);
		mkjit_load(&b, 1, 0x1000, 0x20, 1, "good");
		mkjit_set32(&b, mkjit_load(&b, 2, 0x2000, 0x20, 2, "bad") + bad[i].at,
			    bad[i].value);
		read_dump(&b, b.len, &text, &dump);
		assert_string_equal(text.data, "0 1000+20 @1 #1 'good'\n");
		assert_true(dump.cut);
	}
}

static void test_lines_that_are_not_there(void **state _unused_)
{
	_cleanup_buf_ struct buf b, text;
	struct jitdump dump;
	size_t at;

	mkjit_init(&b, 0);
	at = mkjit_debug(&b, 1, 0x1000, "/a.js", 5);
	mkjit_set64(&b, at + 24, UINT64_MAX); /* nr_entry */
	/* And a name without an end. */
	b.data[b.len - 1] = 'x';
	read_dump(&b, b.len, &text, &dump);
	assert_string_equal(text.data, "2 1000+0 @1 1000:/a.js:5\n");
}

static void test_a_clock_of_its_own_is_said(void **state _unused_)
{
	_cleanup_buf_ struct buf b, text;
	struct jitdump dump;

	mkjit_init(&b, 1);
	read_dump(&b, b.len, &text, &dump);
	assert_true(dump.foreign_clock);
}

/* ---- what was where, when ---- */

static uint32_t order_at(const struct timeline *t, uint64_t addr, uint64_t time_ns)
{
	const struct timeline_entry *e = timeline__find(t, addr, time_ns);

	return e ? e->order : 99;
}

static void test_the_newest_code_of_a_time(void **state _unused_)
{
	struct timeline *t = timeline__new();

	assert_non_null(t);
	assert_int_equal(timeline__add(t, 0x1000, 0x100, 10, 0), 0);
	assert_int_equal(timeline__add(t, 0x1080, 0x100, 20, 0), 0);
	assert_int_equal(timeline__add(t, 0x1000, 0x100, 30, 0), 0);
	assert_int_equal(timeline__add(t, 0x1000, 0, 30, 0), -EINVAL);
	assert_int_equal(timeline__add(t, 1ull << 48, 1, 30, 0), -EINVAL);
	assert_int_equal(timeline__add(t, (1ull << 48) - 1, 2, 30, 0), -EINVAL);
	assert_int_equal(timeline__finish(t), 0);
	assert_int_equal(order_at(t, 0xfff, 15), 99);
	assert_int_equal(order_at(t, 0x1000, 15), 0);
	assert_int_equal(order_at(t, 0x10ff, 10), 0);
	assert_int_equal(order_at(t, 0x10ff, 20), 1);
	assert_int_equal(order_at(t, 0x107f, 29), 0);
	assert_int_equal(order_at(t, 0x107f, 30), 2);
	assert_int_equal(order_at(t, 0x10ff, UINT64_MAX), 2);
	assert_int_equal(order_at(t, 0x117f, UINT64_MAX), 1);
	assert_int_equal(order_at(t, 0x1180, UINT64_MAX), 99);
	/* Told of late: the first that came. */
	assert_int_equal(order_at(t, 0x1000, 5), 0);
	assert_int_equal(order_at(t, 0x1100, 5), 1);
	timeline__free(t);
}

static void test_an_empty_timeline(void **state _unused_)
{
	struct timeline *t = timeline__new();

	assert_non_null(t);
	assert_int_equal(timeline__finish(t), 0);
	assert_null(timeline__find(t, 0, 0));
	timeline__free(t);
}

static uint32_t rnd(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

#define MANY 60

/* The same by looking at all. */
static const struct timeline_entry *find_slowly(const struct timeline *t, uint64_t addr,
						uint64_t time_ns)
{
	const struct timeline_entry *before = NULL, *after = NULL;

	for (size_t i = 0; i < t->cnt; i++) {
		const struct timeline_entry *e = &t->entries[i];

		if (addr < e->start || addr >= e->end)
			continue;
		if (e->time_ns <= time_ns)
			before = e;
		else if (!after)
			after = e;
	}
	return before ? before : after;
}

static void test_timelines_of_all_shapes(void **state _unused_)
{
	uint32_t seed = 1;

	for (int round = 0; round < 300; round++) {
		struct timeline *t = timeline__new();
		uint32_t cnt = 1 + rnd(&seed, MANY), wide = 1 + rnd(&seed, 40);

		assert_non_null(t);
		for (uint32_t i = 0; i < cnt; i++)
			assert_int_equal(timeline__add(t, rnd(&seed, 100), 1 + rnd(&seed, wide),
						       rnd(&seed, 20), 0),
					 0);
		assert_int_equal(timeline__finish(t), 0);
		for (uint64_t addr = 0; addr < 145; addr++)
			for (uint64_t time_ns = 0; time_ns < 21; time_ns++)
				assert_ptr_equal(timeline__find(t, addr, time_ns),
						 find_slowly(t, addr, time_ns));
		/* Two that overlap never share a version. */
		for (size_t i = 0; i < t->cnt; i++)
			for (size_t j = 0; j < i; j++)
				if (t->entries[i].start < t->entries[j].end &&
				    t->entries[j].start < t->entries[i].end)
					assert_true(t->entries[i].version > t->entries[j].version);
		timeline__free(t);
	}
}

/* ---- JavaScript ---- */

static void assert_js(const char *text, const char *name, const char *file, uint32_t line)
{
	struct js_name n;

	assert_true(js_name_parse(text, strlen(text), &n));
	assert_int_equal(n.name_len, strlen(name));
	assert_memory_equal(n.name, name, n.name_len);
	assert_int_equal(n.file_len, strlen(file));
	if (n.file_len)
		assert_memory_equal(n.file, file, n.file_len);
	assert_int_equal(n.line, line);
}

static void test_names_of_javascript_functions(void **state _unused_)
{
	struct js_name n;

	assert_js("JS:*foo /srv/app.js:12:3", "foo", "/srv/app.js", 12);
	assert_js("LazyCompile:~get size file:///a b/c d.mjs:1:20", "get size",
		  "file:///a b/c d.mjs", 1);
	assert_js("Function:^listOnTimeout node:internal/timers:507:25", "listOnTimeout",
		  "node:internal/timers", 507);
	assert_js("InterpretedFunction:foo file.js:1:2", "foo", "file.js", 1);
	assert_js("JS:~ /srv/app.js:1:1", "", "/srv/app.js", 1);
	assert_js("JS:+foo", "foo", "", 0);
	assert_js("JS:*foo bar:x:3", "foo bar:x:3", "", 0);
	assert_js("JS:*", "", "", 0);
	assert_js("JS:", "", "", 0);
	assert_js("JS:*foo:1:2", "foo:1:2", "", 0);
	assert_js("JS:*foo a:99999999999:2", "foo a:99999999999:2", "", 0);
	assert_false(js_name_parse("Builtin:ArrayMap", 16, &n));
	assert_false(js_name_parse("JS", 2, &n));
	assert_false(js_name_parse("", 0, &n));
}

/* ---- symbols ---- */

/* A process with a perf map and a jitdump, of which either may be missing. */
struct world {
	struct module_table modules;
	struct image_table images;
	struct jit_symbols *jit;
	struct resolver resolver;
	struct line_reader reader;
	const struct resolver *resolvers[2];
	const struct line_reader *readers[2];
	struct symbolizer *symbols;
	uint32_t anon, dump;
	char text[512];
};

static int file_of(const struct buf *b)
{
	int fd = memfd_create("jit", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->data, b->len), b->len);
	return fd;
}

static uint32_t add_module(struct world *w, struct module *like)
{
	struct module *m;
	bool added;

	m = module_table__intern(&w->modules, like, &added);
	assert_non_null(m);
	assert_true(added);
	return m->id;
}

static void map_module(struct world *w, const struct wire_image *image, uint64_t start,
		       uint32_t module)
{
	struct image *img = image_table__get(&w->images, image);
	struct mapping m = {.start = start, .end = start + 0x10000, .module = module};

	assert_non_null(img);
	assert_int_equal(image__add_mapping(img, &m), 0);
}

static void world_init(struct world *w, const struct buf *map, const struct buf *dump)
{
	struct wire_image image = mkwire_image_of(7, 1);
	struct module anon = {.fd = map ? file_of(map) : -1};
	struct module file = {.path = (char *)"/tmp/jit-7.dump", .fd = dump ? file_of(dump) : -1};
	struct symbolizer_opts opts = {.lines = true};

	memset(w, 0, sizeof(*w));
	module_table__init(&w->modules);
	image_table__init(&w->images);
	module__set_image(&anon, &image);
	w->anon = add_module(w, &anon);
	w->dump = add_module(w, &file);
	map_module(w, &image, 0x100000, w->anon);
	map_module(w, &image, 0x900000, w->dump);
	w->jit = jit_symbols__new(&w->modules, &w->images);
	assert_non_null(w->jit);
	jit_symbols__resolver(w->jit, &w->resolver);
	jit_symbols__reader(w->jit, &w->reader);
	w->resolvers[0] = &w->resolver;
	w->readers[0] = &w->reader;
	opts.resolvers = w->resolvers;
	opts.readers = w->readers;
	opts.images = &w->images;
	w->symbols = symbolizer__new(&w->modules, &opts);
	assert_non_null(w->symbols);
}

static void world_fini(struct world *w)
{
	symbolizer__free(w->symbols);
	jit_symbols__free(w->jit);
	image_table__fini(&w->images);
	module_table__fini(&w->modules);
}

/* "name" or "name file:line" of an address at a time. */
static const char *name_at(struct world *w, uint64_t addr, uint64_t time_ns)
{
	struct frame f = {.module = w->anon, .offset = addr}, dated;
	const struct timeline_entry *code;
	const struct symbol_line *lines;

	assert_int_equal(symbolizer__date(w->symbols, &f, time_ns, &dated, &code), 0);
	assert_int_equal(symbolizer__locate(w->symbols, &dated, &lines, NULL), 1);
	assert_int_equal(lines[0].kind, FRAME_KIND_JIT);
	if (lines[0].file)
		snprintf(w->text, sizeof(w->text), "%s %s:%u", lines[0].name, lines[0].file,
			 lines[0].line);
	else
		snprintf(w->text, sizeof(w->text), "%s", lines[0].name);
	return w->text;
}

static void test_names_by_a_perf_map(void **state _unused_)
{
	static const char text[] = "100000 100 Interpreter\n"
				   "100000 40 foo(int)\n"
				   "100030 20 JS:*bar /srv/app.js:12:3\n"
				   "100080 10 JS:~ /srv/app.js:1:1\n"
				   "1000f0 30 beyond\n"
				   "ffffffffff600000 1000 not a user's\n"
				   "200000 100 hal";
	struct buf map = {.data = (char *)text, .len = sizeof(text) - 1};
	struct world w;

	world_init(&w, &map, NULL);
	assert_string_equal(name_at(&w, 0x100000, 5), "foo(int)");
	assert_string_equal(name_at(&w, 0x10002f, 5), "foo(int)");
	assert_string_equal(name_at(&w, 0x100030, 5), "bar /srv/app.js:12");
	assert_string_equal(name_at(&w, 0x10004f, 5), "bar /srv/app.js:12");
	assert_string_equal(name_at(&w, 0x100050, 5), "Interpreter");
	assert_string_equal(name_at(&w, 0x100080, 0), "(anonymous app.js:1) /srv/app.js:1");
	assert_string_equal(name_at(&w, 0x1000ef, UINT64_MAX), "Interpreter");
	assert_string_equal(name_at(&w, 0x10011f, 5), "beyond");
	assert_string_equal(name_at(&w, 0x100120, 5), "[anon]");
	assert_string_equal(name_at(&w, 0x200000, 5), "[anon]");
	assert_null(jit_symbols__warning(w.jit));
	world_fini(&w);
}

static void make_dump(struct buf *b, uint64_t flags)
{
	mkjit_init(b, flags);
	mkjit_debug(b, 99, 0x101000, "/src/a.js", 10);
	mkjit_load(b, 100, 0x101000, 0x40, 1, "first");
	mkjit_debug(b, 150, 0x999000, "/src/other.js", 77); /* of a function that never comes */
	mkjit_load(b, 200, 0x101020, 0x40, 2, "second");
	mkjit_load(b, 300, 0x101000, 0x40, 3, "JS:*third /srv/app.js:12:3");
	mkjit_move(b, 400, 0x105000, 0x40, 1);
	mkjit_move(b, 400, 0x106000, 0x40, 77); /* of nothing */
}

static void test_names_by_a_jitdump_are_those_of_the_time(void **state _unused_)
{
	_cleanup_buf_ struct buf dump;
	struct world w;

	make_dump(&dump, 0);
	world_init(&w, NULL, &dump);
	assert_string_equal(name_at(&w, 0x101000, 100), "first /src/a.js:10");
	assert_string_equal(name_at(&w, 0x101003, 100), "first /src/a.js:10");
	assert_string_equal(name_at(&w, 0x10103f, 199), "first /src/a.js:11");
	assert_string_equal(name_at(&w, 0x10103f, 200), "second");
	assert_string_equal(name_at(&w, 0x101000, 200), "first /src/a.js:10");
	assert_string_equal(name_at(&w, 0x10103f, 300), "third /srv/app.js:12");
	assert_string_equal(name_at(&w, 0x101040, 300), "second");
	assert_string_equal(name_at(&w, 0x101000, 50), "first /src/a.js:10");
	assert_string_equal(name_at(&w, 0x105004, 400), "first /src/a.js:11");
	assert_string_equal(name_at(&w, 0x106000, 400), "[anon]");
	assert_null(jit_symbols__warning(w.jit));
	world_fini(&w);
}

static void test_a_jitdump_by_another_clock(void **state _unused_)
{
	_cleanup_buf_ struct buf dump;
	struct world w;

	make_dump(&dump, 1);
	world_init(&w, NULL, &dump);
	assert_string_equal(name_at(&w, 0x101000, 150), "third /srv/app.js:12");
	assert_non_null(jit_symbols__warning(w.jit));
	world_fini(&w);
}

static void test_a_jitdump_is_believed_before_a_perf_map(void **state _unused_)
{
	static const char text[] = "101000 40 by_map\n102000 40 only_in_map\n";
	struct buf map = {.data = (char *)text, .len = sizeof(text) - 1};
	_cleanup_buf_ struct buf dump;
	struct world w;

	make_dump(&dump, 0);
	world_init(&w, &map, &dump);
	assert_string_equal(name_at(&w, 0x101000, 150), "first /src/a.js:10");
	assert_string_equal(name_at(&w, 0x102000, 150), "only_in_map");
	world_fini(&w);
}

static void test_a_forked_process_has_its_parents_names(void **state _unused_)
{
	static const char parents[] = "101000 40 inherited\n102000 40 of_the_parent\n",
			  own[] = "102000 40 made_since\n";
	struct buf map = {.data = (char *)own, .len = sizeof(own) - 1};
	struct buf parents_map = {.data = (char *)parents, .len = sizeof(parents) - 1};
	struct wire_image parent = mkwire_image_of(6, 1), child = mkwire_image_of(7, 1);
	struct module like = {.fd = file_of(&parents_map)};
	struct world w;

	world_init(&w, &map, NULL);
	module__set_image(&like, &parent);
	map_module(&w, &parent, 0x100000, add_module(&w, &like));
	image_table__find(&w.images, &parent)->mappings[0].anon = true;
	assert_int_equal(image_table__fork(&w.images, &parent, &child), 0);
	assert_string_equal(name_at(&w, 0x101000, 1), "inherited");
	assert_string_equal(name_at(&w, 0x102000, 1), "made_since");
	world_fini(&w);
}

static void test_files_that_say_nothing(void **state _unused_)
{
	static const char garbage[] = "\x7f\x45LF\n\0\n\n1 2\n";
	struct buf bytes = {.data = (char *)garbage, .len = sizeof(garbage) - 1},
		   empty = {.data = (char *)"", .len = 0};
	struct world w;

	world_init(&w, &bytes, &bytes);
	assert_string_equal(name_at(&w, 0x101000, 150), "[anon]");
	world_fini(&w);
	world_init(&w, &empty, &empty);
	assert_string_equal(name_at(&w, 0x101000, 150), "[anon]");
	world_fini(&w);
}

/* Lines that cross the pieces in which the file is read. */
static void test_a_large_perf_map(void **state _unused_)
{
	_cleanup_buf_ struct buf map;
	struct world w;
	char expect[64];

	buf__init(&map, 64 << 20);
	for (unsigned int i = 0; i < 20000; i++)
		buf__printf(&map, "%x 10 function number %u of this program\n", 0x100000 + i * 0x10,
			    i);
	world_init(&w, &map, NULL);
	for (unsigned int i = 0; i < 20000; i += 7) {
		snprintf(expect, sizeof(expect), "function number %u of this program", i);
		assert_string_equal(name_at(&w, 0x100000 + i * 0x10 + 5, 1), expect);
	}
	world_fini(&w);
}

static void test_a_perf_map_with_too_many_lines(void **state _unused_)
{
	_cleanup_buf_ struct buf map;
	struct world w;

	buf__init(&map, 64 << 20);
	for (unsigned int i = 0; i < TIMELINE_MAX_ENTRIES + 1; i++)
		buf__printf(&map, "%x 10 f%u\n", 0x100000 + i * 0x10, i);
	world_init(&w, &map, NULL);
	assert_string_equal(name_at(&w, 0x100000, 1), "f0");
	assert_string_equal(name_at(&w, 0x100000 + (TIMELINE_MAX_ENTRIES - 1) * 0x10, 1),
			    "f1048575");
	assert_string_equal(name_at(&w, 0x100000 + TIMELINE_MAX_ENTRIES * 0x10, 1), "[anon]");
	assert_non_null(jit_symbols__warning(w.jit));
	world_fini(&w);
}

static void test_a_runtime_without_names(void **state _unused_)
{
	static const struct {
		const char *path, *expect;
	} cases[] = {
		{"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", "[java]"},
		{"/usr/bin/node", "[jit]"},
		{"/usr/lib/libnode.so.108", "[jit]"},
		{"/usr/bin/nodeenv", "[anon]"},
		{"/usr/lib/libjvmx.so", "[anon]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wire_image image = mkwire_image_of(7, 1);
		struct module like = {.path = (char *)cases[i].path, .fd = -1};
		struct world w;

		world_init(&w, NULL, NULL);
		map_module(&w, &image, 0x400000, add_module(&w, &like));
		assert_string_equal(name_at(&w, 0x101000, 150), cases[i].expect);
		world_fini(&w);
	}
}

/* ---- modules and images ---- */

static void test_each_image_has_its_own_memory(void **state _unused_)
{
	struct wire_image a = mkwire_image_of(7, 1), b = mkwire_image_of(7, 2), got;
	struct module m = {.fd = -1}, other = {.fd = -1}, old = {.kind = WIRE_MODULE_ANON};
	struct world w;

	world_init(&w, NULL, NULL);
	module__set_image(&m, &b);
	add_module(&w, &m);
	assert_true(module__image(&m, &got));
	assert_memory_equal(&got, &b, sizeof(b));
	module__set_image(&other, &a);
	assert_true(module__image(&other, &got));
	assert_memory_equal(&got, &a, sizeof(a));
	assert_false(module__image(&old, &got));
	other.kind = WIRE_MODULE_ELF;
	assert_false(module__image(&other, &got));
	world_fini(&w);
}

static void test_what_is_called_like_a_jitdump(void **state _unused_)
{
	static const struct {
		const char *path;
		bool is;
	} cases[] = {{"/tmp/jit-1.dump", true},	   {"/home/x/.debug/jit/a/jit-4711.dump", true},
		     {"jit-1.dump", true},	   {"/tmp/jit-.dump", false},
		     {"/tmp/jit-1.dumps", false},  {"/tmp/xjit-1.dump", false},
		     {"/tmp/jit-1.dump/x", false}, {"/tmp/jit-x.dump", false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct module m = {.kind = WIRE_MODULE_ELF, .path = (char *)cases[i].path};

		assert_int_equal(module__is_jitdump(&m), cases[i].is);
		m.kind = WIRE_MODULE_ANON;
		assert_false(module__is_jitdump(&m));
	}
}

/* ---- from events to a profile, and again from its recording ---- */

struct script {
	struct source base;
	struct buf events;
	size_t asked_cnt;
};

static int script_start(struct source *s, event_fn fn, void *arg)
{
	const struct buf *b = &((struct script *)s)->events;

	for (size_t off = 0; off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);
		int err = fn(arg, &e);

		if (err)
			return err;
	}
	return 0;
}

static int script_poll(struct source *s, int timeout_ms, event_fn fn, void *arg)
{
	(void)s, (void)timeout_ms, (void)fn, (void)arg;
	return 0;
}

static int script_stop(struct source *s, event_fn fn, void *arg)
{
	(void)s, (void)fn, (void)arg;
	return 0;
}

static int script_refresh(struct source *s, const struct wire_image *image, event_fn fn, void *arg)
{
	(void)image, (void)fn, (void)arg;
	((struct script *)s)->asked_cnt++;
	return 0;
}

static const struct source_ops script_ops = {.name = "script",
					     .start = script_start,
					     .poll = script_poll,
					     .stop = script_stop,
					     .refresh = script_refresh};

static void add_anon(struct buf *b, uint32_t id, uint32_t pid, uint32_t exec_id)
{
	struct wire_image image = mkwire_image_of(pid, exec_id);
	struct wire_module *m = mkwire_at(b, mkwire_module(b, id, WIRE_MODULE_ANON, "[anon]"));
	struct module as = {0};

	module__set_image(&as, &image);
	m->dev = as.dev;
	m->inode = as.inode;
}

static void set_time(struct buf *b, size_t off, uint64_t time_ns)
{
	((struct wire_stack *)mkwire_at(b, off))->time_ns = time_ns;
}

/* Twice the same addresses, between which "second" took the place of "first". */
static void make_story(struct buf *b)
{
	static const uint64_t ips[] = {0x101030, 0x101071};

	mkwire_init(b);
	mkwire_window(b, WIRE_WINDOW_START, 1);
	mkwire_module(b, 1, WIRE_MODULE_ELF, "/tmp/jit-7.dump");
	add_anon(b, 2, 7, 0);
	mkwire_thread(b, 7, 7, 0, "app");
	mkwire_mapping(b, 7, 0x100000, 0x110000, 0x100000, 2);
	mkwire_mapping(b, 7, 0x900000, 0x901000, 0, 1);
	set_time(b, mkwire_stack(b, 7, 5, ips, 2), 120);
	mkwire_interval(b, 7, 120, 1120, 1120, 0, 5);
	mkwire_interval(b, 7, 1200, 2200, 2200, 0, 5);
	mkwire_interval(b, 7, 1000200, 1004200, 1004200, 0, 5);
	mkwire_interval(b, 7, 1005000, 1006000, 1006000, 0, 5);
	mkwire_window(b, WIRE_WINDOW_END, 2000000);
	mkwire_round(b, 2000000);
}

static void make_story_dump(struct buf *b)
{
	mkjit_init(b, 0);
	mkjit_load(b, 90, 0x101060, 0x20, 1, "caller");
	mkjit_load(b, 100, 0x101000, 0x40, 2, "first");
	mkjit_load(b, 150, 0x108000, 0x40, 3, "elsewhere");
	mkjit_load(b, 1000000, 0x101000, 0x40, 4, "second");
}

static char *render(const struct profile *p)
{
	struct writer_opts opts = {0};
	char *text = NULL;
	size_t size;
	FILE *fp = open_memstream(&text, &size);

	assert_non_null(fp);
	assert_int_equal(writer_find("folded")->write(p, &opts, fp), 0);
	fclose(fp);
	return text;
}

static char recording_path[] = "/tmp/test_jit.XXXXXX";

static void replay(const char *expect)
{
	const struct resolver *resolvers[2] = {NULL, NULL};
	const struct line_reader *readers[2] = {NULL, NULL};
	struct source *source = recording_source_open(recording_path);
	struct session *s = session__new();
	struct session_limits limits = {0};
	struct offcpu_view view = {.no_kernel_stacks = true};
	struct line_reader lines;
	struct resolver recorded;
	struct profile *p;
	char *text;

	assert_non_null(source);
	assert_non_null(s);
	assert_int_equal(session__run(s, source, &limits), 0);
	recorded_symbols__resolver(s->recorded, &recorded);
	recorded_symbols__reader(s->recorded, &lines);
	resolvers[0] = &recorded;
	readers[0] = &lines;
	p = session__profile(s, resolvers, readers, &view);
	assert_non_null(p);
	text = render(p);
	assert_string_equal(text, expect);
	free(text);
	profile__free(p);
	session__free(s);
	source__close(source);
}

static void test_code_that_was_replaced_keeps_its_time(void **state _unused_)
{
	static const char expect[] = "app;caller;first 2\napp;caller;second 5\n";
	struct script script = {.base.ops = &script_ops};
	struct offcpu_view view = {.no_kernel_stacks = true};
	struct session_limits limits = {0};
	const struct resolver *resolvers[2] = {NULL, NULL};
	struct session *s = session__new();
	_cleanup_buf_ struct buf dump;
	int fd = mkstemp(recording_path);
	struct jit_symbols *jit;
	struct resolver r;
	struct profile *p;
	char *text;
	FILE *fp;

	make_story(&script.events);
	make_story_dump(&dump);
	assert_non_null(s);
	assert_true(fd >= 0);
	fp = fdopen(fd, "wb");
	s->save = recording_writer__new(fp);
	assert_non_null(s->save);
	assert_int_equal(session__run(s, &script.base, &limits), 0);
	module_table__find(&s->model.modules, 1)->fd = file_of(&dump);
	jit = jit_symbols__new(&s->model.modules, &s->model.images);
	assert_non_null(jit);
	jit_symbols__resolver(jit, &r);
	resolvers[0] = &r;
	p = session__profile(s, resolvers, NULL, &view);
	assert_non_null(p);
	text = render(p);
	assert_string_equal(text, expect);
	/* Four intervals, but only two ways to name them. */
	assert_int_equal(p->sample_cnt, 2);
	free(text);
	profile__free(p);
	assert_int_equal(session__save_symbols(s), 0);
	assert_int_equal(recording_writer__finish(s->save), 0);
	assert_int_equal(fclose(fp), 0);
	recording_writer__free(s->save);
	session__free(s);
	jit_symbols__free(jit);
	buf__fini(&script.events);
	replay(expect);
	unlink(recording_path);
}

/* Rows of one interval are many: there is an end to them. */
static void test_moments_are_kept_up_to_a_limit(void **state _unused_)
{
	struct script script = {.base.ops = &script_ops};
	struct session_limits limits = {0};
	struct session *s = session__new();

	assert_non_null(s);
	make_story(&script.events);
	for (uint64_t i = 0; i < OFFCPU_MAX_DATED + 10; i++)
		mkwire_interval(&script.events, 7, 2000000 + i, 2000001 + i, 2000001 + i, 0, 5);
	assert_int_equal(session__run(s, &script.base, &limits), 0);
	assert_int_equal(s->offcpu.dated_cnt, OFFCPU_MAX_DATED);
	/* All that came after is one row. */
	assert_int_equal(s->offcpu.cnt, OFFCPU_MAX_DATED + 1);
	session__free(s);
	buf__fini(&script.events);
}

/* The parent's names are not the child's: its own mappings are asked for. */
static void test_a_forked_process_is_asked_for_its_own_memory(void **state _unused_)
{
	static const uint64_t ips[] = {0x101030};
	struct script script = {.base.ops = &script_ops};
	struct session_limits limits = {0};
	struct session *s = session__new();
	struct buf *b = &script.events;

	assert_non_null(s);
	mkwire_init(b);
	mkwire_module(b, 1, WIRE_MODULE_ELF, "/usr/bin/app");
	add_anon(b, 2, 7, 0);
	mkwire_mapping(b, 7, 0x100000, 0x110000, 0x100000, 2);
	mkwire_mapping(b, 7, 0x200000, 0x210000, 0, 1);
	mkwire_fork(b, 7, 8);
	mkwire_stack(b, 8, 5, &(uint64_t){0x201030}, 1);
	mkwire_round(b, 1000);
	assert_int_equal(session__run(s, &script.base, &limits), 0);
	assert_int_equal(script.asked_cnt, 0);
	buf__reset(b);
	mkwire_stack(b, 8, 6, ips, 1);
	mkwire_round(b, 2000);
	assert_int_equal(session__run(s, &script.base, &limits), 0);
	assert_int_equal(script.asked_cnt, 1);
	session__free(s);
	buf__fini(b);
}

/* ---- hints ---- */

static void test_hints(void **state _unused_)
{
	struct profile *p = profile__new();
	struct profile_thread thread = {.pid = 4711, .tid = 4711};
	struct profile_sample sample = {.thread = 0, .cnt = 1, .blocked_ns = 5};
	_cleanup_buf_ struct buf text;
	uint32_t frames[2];

	assert_non_null(p);
	buf__init(&text, 1 << 16);
	assert_int_equal(profile__add_thread(p, &thread), 0);
	assert_int_equal(profile__frame(p, "app", NULL, FRAME_KIND_PROCESS, &frames[0]), 0);
	assert_int_equal(profile__frame(p, "[java]", NULL, FRAME_KIND_NATIVE, &frames[1]), 0);
	assert_int_equal(profile__add_sample(p, &sample, frames, 2), 0);
	assert_int_equal(hint_write(p, &text), 0);
	assert_string_equal(buf__str(&text), "");
	assert_int_equal(profile__frame(p, RUNTIME_FRAME_JAVA, NULL, FRAME_KIND_JIT, &frames[1]),
			 0);
	assert_int_equal(profile__add_sample(p, &sample, frames, 2), 0);
	assert_int_equal(profile__add_sample(p, &sample, frames, 2), 0);
	assert_int_equal(hint_write(p, &text), 0);
	assert_non_null(strstr(buf__str(&text), "jcmd 4711 Compiler.perfmap"));
	assert_ptr_equal(strchr(text.data, '\n'), text.data + text.len - 1);
	buf__reset(&text);
	assert_int_equal(profile__frame(p, RUNTIME_FRAME_JIT, NULL, FRAME_KIND_JIT, &frames[1]), 0);
	assert_int_equal(profile__add_sample(p, &sample, frames, 2), 0);
	assert_int_equal(hint_write(p, &text), 0);
	assert_non_null(strstr(buf__str(&text), "--perf-basic-prof"));
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_a_perf_map),
		cmocka_unit_test(test_lines_that_are_none),
		cmocka_unit_test(test_a_line_that_is_still_being_written_is_left),
		cmocka_unit_test(test_lines_that_are_too_long_are_left_out),
		cmocka_unit_test(test_records_of_a_jitdump),
		cmocka_unit_test(test_a_jitdump_that_is_cut_gives_what_came_before),
		cmocka_unit_test(test_files_that_are_no_jitdump_of_ours),
		cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_lines_that_are_not_there),
		cmocka_unit_test(test_a_clock_of_its_own_is_said),
		cmocka_unit_test(test_the_newest_code_of_a_time),
		cmocka_unit_test(test_an_empty_timeline),
		cmocka_unit_test(test_timelines_of_all_shapes),
		cmocka_unit_test(test_names_of_javascript_functions),
		cmocka_unit_test(test_names_by_a_perf_map),
		cmocka_unit_test(test_names_by_a_jitdump_are_those_of_the_time),
		cmocka_unit_test(test_a_jitdump_by_another_clock),
		cmocka_unit_test(test_a_jitdump_is_believed_before_a_perf_map),
		cmocka_unit_test(test_a_forked_process_has_its_parents_names),
		cmocka_unit_test(test_files_that_say_nothing),
		cmocka_unit_test(test_a_large_perf_map),
		cmocka_unit_test(test_a_perf_map_with_too_many_lines),
		cmocka_unit_test(test_a_runtime_without_names),
		cmocka_unit_test(test_each_image_has_its_own_memory),
		cmocka_unit_test(test_what_is_called_like_a_jitdump),
		cmocka_unit_test(test_code_that_was_replaced_keeps_its_time),
		cmocka_unit_test(test_moments_are_kept_up_to_a_limit),
		cmocka_unit_test(test_a_forked_process_is_asked_for_its_own_memory),
		cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
