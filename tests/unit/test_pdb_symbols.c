/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of Windows' modules: what is found along a symbol path, what is not used, and which offset is in which function. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fixtures/mkpdb.h"
#include "fixtures/mkpe.h"
#include "fixtures/tmpdir.h"
#include "output/frame_kind.h"
#include "symbol/msvc_name.h"
#include "symbol/pdb_symbols.h"
#include "symbol/symbol_path.h"
#include "symbol/symbolizer.h"

/* "0123456789abcdef" as a GUID, age 2. */
#define KEY                                \
	"33323130353437363839616263646566" \
	"2"
#define IMAGE_KEY "5F3A2B1C9000"

/* ---- files ---- */

static void write_file(const char *dir, const char *name, const struct buf *content)
{
	char path[512];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *slash = strchr(path + strlen(dir) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	fp = fopen(path, "wb");
	assert_non_null(fp);
	assert_int_equal(fwrite(content->data, 1, content->len, fp), content->len);
	fclose(fp);
}

/* A PDB that says in a function's name which one it is. */
static void write_pdb(const char *dir, const char *name, const char *guid, uint32_t age,
		      const char *function)
{
	static const uint32_t lines[][2] = {{0, 10}, {8, 20}};
	_cleanup_buf_ struct buf file;
	struct mkpdb m;

	mkpdb__init(&m);
	memcpy(m.guid, guid, 16);
	m.age = age;
	mkpdb__public(&m, 1, 0x10, 2, "?twice@ns@@YAXXZ");
	mkpdb__procedure(&m, 0, 1, 0x10, 0x10, true, function);
	mkpdb__public(&m, 1, 0x40, 2, "?get@?$Box@H@ns@@QEAAHH@Z");
	mkpdb__public(&m, 2, 0x10, 0, "data");
	mkpdb__contribution(&m, 0, 1, 0, 0x100);
	mkpdb__lines(&m, 0, 1, 0x10, 0x10, "a.c", lines, 2);
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	write_file(dir, name, &file);
	mkpdb__fini(&m);
}

static void write_pe(const char *dir, const char *name, uint32_t age, bool coff)
{
	_cleanup_buf_ struct buf file;
	struct mkpe m;

	mkpe__init(&m);
	m.age = age;
	mkpe__export(&m, "?Made@ns@@YAXXZ", 0x1010);
	mkpe__export(&m, "Other", 0x1020);
	if (coff)
		mkpe__symbol(&m, "from_coff", 0x10, true, 0);
	buf__init(&file, 1 << 20);
	mkpe__write(&m, &file);
	write_file(dir, name, &file);
	mkpe__fini(&m);
}

/* ---- a module, and how its frames are called ---- */

struct world {
	char dir[TMPDIR_LEN];
	struct module_table modules;
	struct pdb_symbols *pdb;
	struct resolver resolver;
	struct line_reader reader;
	const struct resolver *resolvers[2];
	const struct line_reader *readers[2];
	struct symbolizer *symbols;
	uint32_t module;
	struct buf text;
};

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	tmpdir_make(w->dir);
	module_table__init(&w->modules);
	buf__init(&w->text, 1 << 16);
}

/* A module with a PDB's id, or with an image's if @pdb is NULL. */
static void world_module(struct world *w, uint16_t kind, const char *path, const char *pdb)
{
	char text[64];
	struct module like = {.kind = kind, .path = text, .fd = -1};
	struct module *m;
	bool added;

	snprintf(text, sizeof(text), "%s", path);
	if (pdb) {
		memcpy(like.build_id, "0123456789abcdef\2\0\0", 20);
		like.build_id_len = 20;
	} else {
		memcpy(like.build_id, "\x1c\x2b\x3a\x5f\0\x90\0", 8);
		like.build_id_len = 8;
	}
	m = module_table__intern(&w->modules, &like, &added);
	assert_non_null(m);
	if (pdb && *pdb)
		m->debug_name = strdup(pdb);
	w->module = m->id;
}

static void world_open(struct world *w, const char *symbol_path)
{
	struct symbolizer_opts opts = {
		.resolvers = w->resolvers, .readers = w->readers, .lines = true};
	char path[1024];
	const char *star = strchr(symbol_path, '@');

	/* '@' stands for the directory. */
	if (star)
		snprintf(path, sizeof(path), "%.*s%s%s", (int)(star - symbol_path), symbol_path,
			 w->dir, star + 1);
	else
		snprintf(path, sizeof(path), "%s", symbol_path);
	w->pdb = pdb_symbols__new(path);
	assert_non_null(w->pdb);
	pdb_symbols__resolver(w->pdb, &w->resolver);
	pdb_symbols__reader(w->pdb, &w->reader);
	w->resolvers[0] = &w->resolver;
	w->readers[0] = &w->reader;
	w->symbols = symbolizer__new(&w->modules, &opts);
	assert_non_null(w->symbols);
}

static void world_close(struct world *w)
{
	symbolizer__free(w->symbols);
	pdb_symbols__free(w->pdb);
	w->symbols = NULL;
	w->pdb = NULL;
}

static void world_fini(struct world *w)
{
	world_close(w);
	module_table__fini(&w->modules);
	buf__fini(&w->text);
	tmpdir_remove(w->dir);
}
#define _world_ _cleanup_(world_fini) struct world

static const char *name_at(struct world *w, uint64_t offset)
{
	struct frame f = {.module = w->module, .offset = offset};
	const struct symbol_line *lines;

	assert_int_equal(symbolizer__locate(w->symbols, &f, &lines, NULL), 1);
	buf__reset(&w->text);
	buf__printf(&w->text, "%s %s", frame_kind_name(lines[0].kind), lines[0].name);
	if (lines[0].file)
		buf__printf(&w->text, " %s:%u", lines[0].file, lines[0].line);
	return buf__str(&w->text);
}

static void assert_counts(const struct world *w, uint32_t pdbs, uint32_t binaries,
			  uint32_t mismatches, uint32_t bad)
{
	struct pdb_symbols_counts c;

	pdb_symbols__counts(w->pdb, &c);
	assert_int_equal(c.pdb_cnt, pdbs);
	assert_int_equal(c.binary_cnt, binaries);
	assert_int_equal(c.mismatch_cnt, mismatches);
	assert_int_equal(c.bad_cnt, bad);
}

/* ---- which offset is where ---- */

static void test_offsets(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	write_pdb(w.dir, "app.pdb", "0123456789abcdef", 2, "ns::twice");
	world_module(&w, WIRE_MODULE_PE, "/Device/bin/app.exe", "C:\\b\\app.pdb");
	world_open(&w, "@");
	/* A return address at the first byte of a function is behind the call that ends the one before. */
	assert_string_equal(name_at(&w, 0x1010), "native app.exe+0x1010");
	assert_string_equal(name_at(&w, 0x1011), "native ns::twice a.c:10");
	assert_string_equal(name_at(&w, 0x1018), "native ns::twice a.c:10");
	assert_string_equal(name_at(&w, 0x1019), "native ns::twice a.c:20");
	/* And at the first byte behind it, in it. */
	assert_string_equal(name_at(&w, 0x1020), "native ns::twice a.c:20");
	assert_string_equal(name_at(&w, 0x1021), "native app.exe+0x1021");
	/* A public symbol has no size: up to the section's end. */
	assert_string_equal(name_at(&w, 0x1041), "native ns::Box<>::get");
	assert_string_equal(name_at(&w, 0x2000), "native ns::Box<>::get");
	assert_string_equal(name_at(&w, 0x2001), "native app.exe+0x2001");
	/* Data is no function. */
	assert_string_equal(name_at(&w, 0x2011), "native app.exe+0x2011");
	assert_string_equal(name_at(&w, 0), "native app.exe+0x0");
	assert_string_equal(name_at(&w, 0x100001010), "native app.exe+0x100001010");
	assert_counts(&w, 1, 0, 0, 0);
}

static void test_driver(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	write_pdb(w.dir, "ntkrnlmp.pdb", "0123456789abcdef", 2, "KiSwap");
	world_module(&w, WIRE_MODULE_DRIVER, "\\SystemRoot\\ntoskrnl.exe", "ntkrnlmp.pdb");
	world_open(&w, "@");
	assert_string_equal(name_at(&w, 0x1011), "kernel KiSwap a.c:10");
	assert_string_equal(name_at(&w, 0x1051), "kernel ns::Box<>::get");
}

/* ---- where files are found ---- */

static void assert_found(struct world *w, const char *symbol_path, const char *expect)
{
	world_open(w, symbol_path);
	assert_string_equal(name_at(w, 0x1011), expect);
	world_close(w);
}

static void test_places(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	world_module(&w, WIRE_MODULE_PE, "app.exe", "App.pdb");
	assert_found(&w, "", "native app.exe+0x1011");
	assert_found(&w, "/nowhere;;@", "native app.exe+0x1011");
	write_pdb(w.dir, "flat/APP.PDB", "0123456789abcdef", 2, "flat");
	assert_found(&w, "@", "native app.exe+0x1011");
	assert_found(&w, "@/flat", "native flat a.c:10");
	/* As a server's store has it, whatever the case; that comes first. */
	write_pdb(w.dir, "flat/aPP.pdb/" KEY "/app.PDB", "0123456789abcdef", 2, "stored");
	assert_found(&w, "@/flat", "native stored a.c:10");
	assert_found(&w, "srv*@/flat*https://msdl.microsoft.com/download/symbols",
		     "native stored a.c:10");
	assert_found(&w, "SRV*https://a/b;cache*@/flat", "native stored a.c:10");
	assert_found(&w, "symsrv*symsrv.dll*@/flat*\\\\server\\share", "native stored a.c:10");
	assert_found(&w, " @/flat ; /else", "native stored a.c:10");
	assert_found(&w, "https://a/b@/flat", "native app.exe+0x1011");
	/* A colon parts nothing: it is in C:\. */
	assert_found(&w, "/else:@/flat", "native app.exe+0x1011");
}

static void test_guessed_name(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	world_module(&w, WIRE_MODULE_PE, "C:\\x\\app.dll", "");
	write_pdb(w.dir, "app.pdb", "0123456789abcdef", 2, "guessed");
	assert_found(&w, "@", "native guessed a.c:10");
}

/* A trace is of others: a name of it leads nowhere else. */
static void test_names_are_components(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	write_pdb(w.dir, "app.pdb", "0123456789abcdef", 2, "outside");
	mkdir(strcat(strcpy((char[256]){0}, w.dir), "/in"), 0755);
	world_module(&w, WIRE_MODULE_PE, "app.exe", "../app.pdb");
	assert_found(&w, "@/in", "native app.exe+0x1011");
	world_module(&w, WIRE_MODULE_PE, "b.exe", "x\\..");
	assert_found(&w, "@/in", "native b.exe+0x1011");
}

/* ---- what is not used ---- */

static void test_another_build(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	world_module(&w, WIRE_MODULE_PE, "app.exe", "app.pdb");
	write_pdb(w.dir, "a/app.pdb", "0123456789abcdef", 3, "older");
	write_pdb(w.dir, "a/APP.pdb/" KEY "/app.pdb", "0123456789abcdeF", 2, "other");
	tmpdir_write(w.dir, "a/App.pdb", "no PDB at all");
	world_open(&w, "@/a");
	assert_string_equal(name_at(&w, 0x1011), "native app.exe+0x1011");
	assert_counts(&w, 0, 0, 2, 1);
	assert_non_null(strstr(pdb_symbols__warning(w.pdb), "no PDB"));
	assert_non_null(strstr(pdb_symbols__warning(w.pdb), "/a/App.pdb "));
}

/* ---- binaries ---- */

static void test_exports(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	world_module(&w, WIRE_MODULE_PE, "D:/APP.EXE", "app.pdb");
	write_pe(w.dir, "app.exe", 3, false);
	assert_found(&w, "@", "native APP.EXE+0x1011");
	write_pe(w.dir, "app.exe", 2, false);
	world_open(&w, "@");
	assert_string_equal(name_at(&w, 0x1010), "native APP.EXE+0x1010");
	assert_string_equal(name_at(&w, 0x1011), "native ~ns::Made");
	assert_string_equal(name_at(&w, 0x1021), "native ~Other");
	assert_string_equal(name_at(&w, 0x2000), "native ~Other");
	assert_string_equal(name_at(&w, 0x2001), "native APP.EXE+0x2001");
	assert_counts(&w, 0, 1, 0, 0);
	world_close(&w);
	write_pe(w.dir, "app.exe", 2, true);
	assert_found(&w, "@", "native from_coff");
	/* A PDB is better. */
	write_pdb(w.dir, "app.pdb", "0123456789abcdef", 2, "by_pdb");
	assert_found(&w, "@", "native by_pdb a.c:10");
}

/* With time stamp and size only, the binary tells which PDB it is. */
static void test_image_id(void **state)
{
	_world_ w;

	(void)state;
	world_init(&w);
	world_module(&w, WIRE_MODULE_PE, "app.exe", NULL);
	assert_found(&w, "@", "native app.exe+0x1011");
	write_pe(w.dir, "App.exe/" IMAGE_KEY "/app.exe", 2, false);
	assert_found(&w, "@", "native ~ns::Made");
	write_pdb(w.dir, "app.pdb/" KEY "/app.pdb", "0123456789abcdef", 2, "by_pdb");
	assert_found(&w, "@", "native by_pdb a.c:10");
}

/* ---- images that were rearranged ---- */

static void test_rearranged(void **state)
{
	_cleanup_buf_ struct buf file;
	struct mkpdb m;
	_world_ w;

	(void)state;
	world_init(&w);
	mkpdb__init(&m);
	mkpdb__procedure(&m, 0, 1, 0x100, 0x40, true, "split");
	mkpdb__procedure(&m, 0, 1, 0x140, 0x40, true, "whole");
	/* The second half of one function went to the end, the other to the beginning. */
	mkpdb__omap(&m, 0x1000, 0x1140);
	mkpdb__omap(&m, 0x1040, 0x1100);
	mkpdb__omap(&m, 0x1060, 0);
	mkpdb__omap(&m, 0x1800, 0x1120);
	mkpdb__omap(&m, 0x1820, 0);
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	write_file(w.dir, "app.pdb", &file);
	mkpdb__fini(&m);
	world_module(&w, WIRE_MODULE_PE, "app.exe", "app.pdb");
	world_open(&w, "@");
	assert_string_equal(name_at(&w, 0x1001), "native whole");
	assert_string_equal(name_at(&w, 0x1040), "native whole");
	assert_string_equal(name_at(&w, 0x1041), "native split");
	assert_string_equal(name_at(&w, 0x1060), "native split");
	assert_string_equal(name_at(&w, 0x1061), "native app.exe+0x1061");
	assert_string_equal(name_at(&w, 0x1101), "native app.exe+0x1101");
	assert_string_equal(name_at(&w, 0x1801), "native split");
	assert_string_equal(name_at(&w, 0x1821), "native app.exe+0x1821");
}

/* ---- keys, lists, names ---- */

static void test_key(void **state)
{
	struct module m = {.kind = WIRE_MODULE_PE, .build_id_len = 20};
	char key[PDB_KEY_CHARS];

	(void)state;
	for (int i = 0; i < 16; i++)
		m.build_id[i] = (uint8_t)(i * 0x11);
	m.build_id[16] = 0xab;
	pdb_symbols_key(&m, key);
	assert_string_equal(key, "33221100554477668899AABBCCDDEEFFAB");
	m.build_id_len = 8;
	pdb_symbols_key(&m, key);
	assert_string_equal(key, "");
}

static void test_path(void **state)
{
	struct symbol_path *p =
		symbol_path__new("C:\\a b;; srv**D:\\c*http://x ;srv*;*;cache*E:\\d");
	char many[SYMBOL_PATH_MAX_DIRS * 2 + 3];

	(void)state;
	assert_non_null(p);
	assert_string_equal(symbol_path__dir(p, 0), "C:\\a b");
	assert_string_equal(symbol_path__dir(p, 1), "D:\\c");
	assert_string_equal(symbol_path__dir(p, 2), "*");
	assert_string_equal(symbol_path__dir(p, 3), "E:\\d");
	assert_null(symbol_path__dir(p, 4));
	symbol_path__free(p);
	for (size_t i = 0; i + 1 < sizeof(many); i++)
		many[i] = i % 2 ? ';' : 'a';
	many[sizeof(many) - 1] = '\0';
	assert_null(symbol_path__new(many));
	assert_int_equal(errno, E2BIG);
}

static void assert_name(const char *name, bool i386, const char *expect)
{
	_cleanup_buf_ struct buf to;

	buf__init(&to, MSVC_NAME_MAX_BYTES);
	if (msvc_name(name, strlen(name), i386, &to))
		assert_string_equal(buf__str(&to), expect);
	else
		assert_string_equal(name, expect);
}

/* The judge of others is golden/test_msvc_names.py. */
static void test_decorated(void **state)
{
	char deep[3001];

	(void)state;
	assert_name("_main", true, "main");
	assert_name("_main", false, "_main");
	assert_name("_f@8", true, "f");
	assert_name("__imp__f@8", true, "f");
	assert_name("?f@ns@@YAXXZ", true, "ns::f");
	assert_name("_", true, "_");
	/* A template in a template in a template... */
	for (size_t i = 1; i + 5 < sizeof(deep); i += 5)
		memcpy(deep + i, "?$A@V", 5);
	deep[0] = '?';
	deep[2996] = '\0';
	assert_name(deep, false, deep);
	memset(deep, '?', sizeof(deep) - 1);
	assert_name(deep, false, deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_driver),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_guessed_name),
		cmocka_unit_test(test_names_are_components),
		cmocka_unit_test(test_another_build),
		cmocka_unit_test(test_exports),
		cmocka_unit_test(test_image_id),
		cmocka_unit_test(test_rearranged),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_decorated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
