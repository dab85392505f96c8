/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Inlined functions and lines: of this very program, whose debug information is then split off, packed and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/os_read.h"
#include "format/dwarf_abbrev.h"
#include "format/elf_debug.h"
#include "format/elf_debug_image.h"
#include "symbol/debug_file.h"
#include "symbol/dwarf_lines.h"
#include "symbol/symbolizer.h"

/* ---- a place to ask for ---- */

static uintptr_t marked;

static __attribute__((noinline)) void mark(void)
{
	marked = (uintptr_t)__builtin_return_address(0) - 1;
	__asm__ volatile("" ::: "memory");
}

enum { INNER_LINE = __LINE__ + 4 };
static inline __attribute__((always_inline)) void inner(void)
{
	__asm__ volatile("" ::: "memory");
	mark();
	__asm__ volatile("" ::: "memory");
}

enum { MIDDLE_LINE = __LINE__ + 3 };
static inline __attribute__((always_inline)) void middle(void)
{
	inner();
	__asm__ volatile("" ::: "memory");
}

enum { OUTER_LINE = __LINE__ + 3 };
static __attribute__((noinline)) void outer(void)
{
	middle();
	__asm__ volatile("" ::: "memory");
}

static int take_base(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(uintptr_t *)arg = info->dlpi_addr;
	return 1; /* the program comes first */
}

/* The marked place as an offset in this program's file. */
static uint64_t marked_offset(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uintptr_t start = 0;
	uint64_t off = 0;
	struct elf e;

	outer();
	dl_iterate_phdr(take_base, &start);
	assert_int_equal(elf__open(&e, fd), 0);
	assert_int_equal(elf__vaddr_to_off(&e, marked - start, &off), 0);
	elf__close(&e);
	close(fd);
	return off;
}

/* ---- asking ---- */

struct asked {
	struct module_table modules;
	struct dwarf_lines *dwarf;
	struct line_reader reader;
	const struct line_reader *readers[2];
	struct symbolizer *symbols;
	uint32_t module;
};

static void asked_init(struct asked *a, const char *path, bool inlines, bool lines)
{
	static const struct resolver *const resolvers[] = {&elf_resolver, NULL};
	struct symbolizer_opts opts = {.resolvers = resolvers, .inlines = inlines, .lines = lines};
	struct module like = {.kind = WIRE_MODULE_ELF, .path = (char *)path};
	const struct module *m;
	bool added;

	memset(a, 0, sizeof(*a));
	like.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(like.fd >= 0);
	module_table__init(&a->modules);
	m = module_table__intern(&a->modules, &like, &added);
	assert_non_null(m);
	a->module = m->id;
	a->dwarf = dwarf_lines__new();
	assert_non_null(a->dwarf);
	dwarf_lines__reader(a->dwarf, &a->reader);
	assert_false(a->reader.always);
	a->readers[0] = &a->reader;
	opts.readers = a->readers;
	a->symbols = symbolizer__new(&a->modules, &opts);
	assert_non_null(a->symbols);
}

static void asked_fini(struct asked *a)
{
	symbolizer__free(a->symbols);
	dwarf_lines__free(a->dwarf);
	module_table__fini(&a->modules);
}

static int asked_locate(struct asked *a, uint64_t off, const struct symbol_line **ret)
{
	const struct frame f = {.module = a->module, .offset = off};

	return symbolizer__locate(a->symbols, &f, ret, NULL);
}

static void assert_line(const struct symbol_line *l, const char *name, int line, int kind)
{
	assert_string_equal(l->name, name);
	assert_non_null(l->file);
	assert_non_null(strstr(l->file, "test_dwarf.c"));
	assert_int_equal(l->line, line);
	assert_int_equal(l->kind, kind);
}

static void assert_all_known(const char *path)
{
	const struct symbol_line *l;
	struct asked a;

	asked_init(&a, path, true, true);
	assert_int_equal(asked_locate(&a, marked_offset(), &l), 3);
	assert_line(&l[0], "inner", INNER_LINE, FRAME_KIND_INLINED);
	assert_line(&l[1], "middle", MIDDLE_LINE, FRAME_KIND_INLINED);
	assert_line(&l[2], "outer", OUTER_LINE, FRAME_KIND_NATIVE);
	asked_fini(&a);
}

static void assert_only_the_symbol(const char *path, const char *name)
{
	const struct symbol_line *l;
	struct asked a;

	asked_init(&a, path, true, true);
	assert_int_equal(asked_locate(&a, marked_offset(), &l), 1);
	if (name)
		assert_string_equal(l[0].name, name);
	assert_null(l[0].file);
	asked_fini(&a);
}

/* ---- this program, as it is ---- */

static void test_own(void **state)
{
	const struct symbol_line *l;
	struct asked a;

	(void)state;
	assert_all_known("/proc/self/exe");
	/* Each of the two alone. */
	asked_init(&a, "/proc/self/exe", false, true);
	assert_int_equal(asked_locate(&a, marked_offset(), &l), 1);
	assert_line(&l[0], "outer", OUTER_LINE, FRAME_KIND_NATIVE);
	asked_fini(&a);
	asked_init(&a, "/proc/self/exe", false, false);
	assert_int_equal(asked_locate(&a, marked_offset(), &l), 1);
	assert_string_equal(l[0].name, "outer");
	assert_null(l[0].file);
	asked_fini(&a);
}

static void test_outside_of_code(void **state)
{
	struct asked a;
	const struct symbol_line *l;

	(void)state;
	asked_init(&a, "/proc/self/exe", true, true);
	assert_int_equal(asked_locate(&a, 0, &l), 1);
	assert_int_equal(asked_locate(&a, UINT64_MAX, &l), 1);
	assert_null(l[0].file);
	asked_fini(&a);
}

/* ---- split, packed, damaged ---- */

static char dir[64];

static int setup(void **state)
{
	(void)state;
	unsetenv("DEBUGINFOD_URLS");
	strcpy(dir, "/tmp/test_dwarf.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static const char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* Runs a command in the directory, with this program as $P. */
static void shell(const char *command)
{
	char exe[512], line[2048];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(n > 0);
	exe[n] = '\0';
	snprintf(line, sizeof(line), "cd %s && P=%s && %s", dir, exe, command);
	if (system(line))
		fail_msg("failed: %s", line);
}

static void test_split(void **state)
{
	(void)state;
	shell("objcopy --only-keep-debug $P p.debug && "
	      "objcopy --strip-all --add-gnu-debuglink=p.debug $P p");
	assert_all_known(in_dir("p"));
	shell("rm p.debug");
	assert_only_the_symbol(in_dir("p"), NULL);
	/* With its symbol table, but without the rest. */
	shell("objcopy --strip-debug $P p");
	assert_only_the_symbol(in_dir("p"), "outer");
}

static void test_split_of_another(void **state)
{
	(void)state;
	shell("objcopy --only-keep-debug $P p.debug && echo 'int main(void) { return 0; }' > q.c "
	      "&& "
	      "gcc -g -Wl,--build-id=0x1234567812345678 q.c -o q && objcopy --only-keep-debug q "
	      "q.debug && "
	      "objcopy --strip-all --add-gnu-debuglink=p.debug $P p && mv q.debug p.debug");
	assert_only_the_symbol(in_dir("p"), NULL);
}

static void test_packed(void **state)
{
	static const char *const how[] = {"zlib-gabi", "zlib-gnu"};
	char command[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		snprintf(command, sizeof(command), "objcopy --compress-debug-sections=%s $P p",
			 how[i]);
		shell(command);
		assert_all_known(in_dir("p"));
	}
}

/* With the byte at each of many places in the debug sections changed, anything may come out, but nothing else may happen. */
static void test_damaged(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	const struct symbol_line *l;
	struct asked a;
	struct elf e;

	(void)state;
	shell("objcopy --compress-debug-sections=none $P p");
	assert_int_equal(os_read_file(in_dir("p"), 256u << 20, &file), 0);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	for (size_t i = 0; i < 40; i++) {
		const struct elf_section *s =
			elf__find_section(&e, i % 2 ? ".debug_abbrev" : ".debug_info");
		size_t at = (size_t)(s->off + i * (s->size / 41));
		char before = file.data[at];
		FILE *fp = fopen(in_dir("p"), "wb");

		file.data[at] = (char)(before ^ 0x55);
		assert_int_equal(fwrite(file.data, 1, file.len, fp), file.len);
		fclose(fp);
		file.data[at] = before;
		asked_init(&a, in_dir("p"), true, true);
		assert_true(asked_locate(&a, marked_offset(), &l) >= 1);
		asked_fini(&a);
	}
	elf__close(&e);
}

/* ---- what libdw is given ---- */

static void test_image(void **state)
{
	_cleanup_buf_ struct buf image = {0};
	struct elf e, copy;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(elf__open(&e, fd), 0);
	assert_true(elf_debug_has_info(&e) && elf_debug_has_symbols(&e));
	assert_int_equal(elf_debug_image(&e, 1000, &image), -E2BIG);
	assert_int_equal(elf_debug_image(&e, 1u << 30, &image), 0);
	assert_int_equal(elf__open_memory(&copy, image.data, image.len), 0);
	assert_null(elf__find_section(&copy, ".text"));
	assert_null(elf__find_section(&copy, ".gnu_debugaltlink"));
	assert_int_equal(elf__find_section(&copy, ".debug_info")->size,
			 elf__find_section(&e, ".debug_info")->size);
	elf__close(&copy);
	elf__close(&e);
	close(fd);
}

static void test_abbrevs(void **state)
{
	uint8_t bytes[4096];
	size_t len = 0;

	(void)state;
	/* Two abbreviations: (name, string), then (declaration, flag_present), (const_value, implicit_const -1). */
	static const uint8_t good[] = {1, 0x11, 1,    3,    8,	  0,	0, 2, 0x2e,
				       0, 0x3c, 0x19, 0x1c, 0x21, 0x7f, 0, 0, 0};
	assert_int_equal(dwarf_abbrev_check(good, sizeof(good), 0), 0);
	assert_int_equal(dwarf_abbrev_check(good, sizeof(good) - 1, 0), 0);
	assert_int_equal(dwarf_abbrev_check(good, sizeof(good) - 2, 0), -EBADMSG);
	assert_int_equal(dwarf_abbrev_check(good, 5, 0), -EBADMSG);
	assert_int_equal(dwarf_abbrev_check(good, sizeof(good), 7), 0);
	assert_int_equal(dwarf_abbrev_check(good, sizeof(good), sizeof(good)), -EBADMSG);
	assert_int_equal(dwarf_abbrev_check(NULL, 0, 0), -EBADMSG);
	/* One whose attributes take no bytes. */
	bytes[len++] = 1, bytes[len++] = 0x34, bytes[len++] = 0;
	for (int i = 0; i < DWARF_ABBREV_MAX_FREE; i++)
		bytes[len++] = 0x3c, bytes[len++] = 0x19;
	bytes[len] = bytes[len + 1] = bytes[len + 2] = 0;
	assert_int_equal(dwarf_abbrev_check(bytes, len + 3, 0), 0);
	bytes[len++] = 0x3c, bytes[len++] = 0x19;
	bytes[len] = bytes[len + 1] = bytes[len + 2] = 0;
	assert_int_equal(dwarf_abbrev_check(bytes, len + 3, 0), -E2BIG);
	/* Attribute 2^32: libdw takes it for 0. */
	static const uint8_t wide[] = {1, 0x11, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 0};
	assert_int_equal(dwarf_abbrev_check(wide, sizeof(wide), 0), 0);
}

static void test_nothing_there(void **state)
{
	struct dwarf_lines_counts c;
	struct line_reader reader;
	struct dwarf_lines *d = dwarf_lines__new();
	const struct module none[] = {
		{.id = 1, .kind = WIRE_MODULE_KERNEL, .fd = -1, .debug_fd = -1, .alt_fd = -1},
		{.id = 2, .kind = WIRE_MODULE_ELF, .fd = -1, .debug_fd = -1, .alt_fd = -1},
		{.id = 0, .kind = WIRE_MODULE_ELF, .fd = -1, .debug_fd = -1, .alt_fd = -1},
	};

	(void)state;
	assert_non_null(d);
	dwarf_lines__reader(d, &reader);
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < ARRAY_SIZE(none); i++)
			assert_int_equal(reader.find(reader.ctx, &none[i], 0x1000, NULL, NULL), 0);
	dwarf_lines__counts(d, &c);
	assert_int_equal(c.damaged + c.too_large + c.timeouts, 0);
	dwarf_lines__free(d);
	dwarf_lines__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_outside_of_code),
		cmocka_unit_test_setup_teardown(test_split, setup, teardown),
		cmocka_unit_test_setup_teardown(test_split_of_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_packed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_abbrevs),
		cmocka_unit_test(test_nothing_there),
	};

	/* Without libdw there is nothing to test. */
	return dwarf_lines_works() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
