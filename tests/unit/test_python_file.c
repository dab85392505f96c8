/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What an ELF file that is CPython tells of itself: symbols, version, offsets, and where its loop is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/compiler.h"
#include "fixtures/mkcfi.h"
#include "fixtures/python_sim.h"

/* Code is at 0x401000, from offset 0x1000 on, 0x1000 bytes. */
#define OFF(vaddr) ((vaddr)-0x400000)
#define LOOP	   0x401000ull
#define LOOP_BYTES 0x200
#define OTHER	   0x401200ull
#define COLD	   0x401300ull
#define COLD_BYTES 0x100
#define VERSION_AT 0x401500ull
#define TYPES_AT   0x401600ull
#define RUNTIME	   0x401800ull

struct file {
	struct mkcfi cfi;
	struct mkelf elf;
	uint16_t version;
	const char *without; /* this symbol */
	struct buf bytes;
};

static void put(struct file *f, uint64_t vaddr, const void *bytes, size_t len)
{
	memcpy(f->elf.code.data + OFF(vaddr), bytes, len);
}

/* A jump, or a conditional one, at @at. */
static void put_jump(struct file *f, uint64_t at, uint64_t to, bool conditional)
{
	uint8_t code[6] = {0xe9, 0x84};
	size_t op = 1;
	int32_t distance;

	if (conditional) {
		code[0] = 0x0f;
		op = 2;
	}
	distance = (int32_t)(int64_t)(to - (at + op + 4));
	memcpy(code + op, &distance, sizeof(distance));
	put(f, at, code, op + 4);
}

static void add_symbol(struct file *f, const char *name, uint64_t value, uint64_t size)
{
	struct mkelf_symbol s = {name, value, size, STB_GLOBAL, STT_OBJECT, 1};

	if (!f->without || strcmp(f->without, name))
		mkelf__symbol(&f->elf, MKELF_DYNSYM, &s);
}

static void begin(struct file *f, uint16_t version)
{
	struct mkcfi_cie cie = {0};
	uint64_t words[SIM_NUMBERS + 3], hex = (uint64_t)version << 16 | 0x05f0;
	size_t at;

	memset(f, 0, sizeof(*f));
	f->version = version;
	mkcfi__init(&f->cfi, false);
	at = mkcfi__cie(&f->cfi, &cie);
	mkcfi__fde(&f->cfi, at, &(struct mkcfi_fde){.pc = LOOP, .bytes = LOOP_BYTES});
	mkcfi__fde(&f->cfi, at, &(struct mkcfi_fde){.pc = OTHER, .bytes = 0x100});
	mkcfi__fde(&f->cfi, at, &(struct mkcfi_fde){.pc = COLD, .bytes = COLD_BYTES});
	mkcfi_init_elf(&f->elf, &f->cfi, NULL);
	sim_debug_offsets(version, words);
	put(f, RUNTIME, words, sizeof(words));
	put(f, VERSION_AT, &hex, sizeof(hex));
}

static int finish(struct file *f, struct python_layout *ret)
{
	struct elf e;
	int err;

	add_symbol(f, "_PyRuntime", RUNTIME, 0x400);
	add_symbol(f, "Py_Version", VERSION_AT, 8);
	add_symbol(f, "PyCode_Type", TYPES_AT, 8);
	add_symbol(f, "PyUnicode_Type", TYPES_AT + 8, 8);
	add_symbol(f, "PyBytes_Type", TYPES_AT + 16, 8);
	add_symbol(f, "_PyEval_EvalFrameDefault", LOOP, LOOP_BYTES);
	mkelf__write(&f->elf, &f->bytes);
	err = elf__open_memory(&e, f->bytes.data, f->bytes.len);
	assert_int_equal(err, 0);
	err = elf_python_layout(&e, ret);
	elf__close(&e);
	buf__fini(&f->bytes);
	mkelf__fini(&f->elf);
	mkcfi__fini(&f->cfi);
	return err;
}

static void test_an_interpreter_tells_where_things_are(void **state _unused_)
{
	static const uint16_t versions[] = {0x030b, 0x030c, 0x030d, 0x030e};

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct python_layout l;
		struct file f;

		begin(&f, versions[i]);
		assert_int_equal(finish(&f, &l), 0);
		assert_int_equal(l.version, versions[i]);
		assert_int_equal(l.process.interpreters,
				 RUNTIME + (versions[i] < 0x030d ? 40 : 800));
		assert_int_equal(l.code_type, TYPES_AT);
		assert_int_equal(l.str_type, TYPES_AT + 8);
		assert_int_equal(l.bytes_type, TYPES_AT + 16);
		assert_int_equal(l.loop[0].start, LOOP);
		assert_int_equal(l.loop[0].end, LOOP + LOOP_BYTES);
		assert_int_equal(l.loop[1].start, l.loop[1].end);
		assert_int_equal(l.text_vaddr - l.text_off, 0x400000);
	}
}

static void test_without_one_of_the_symbols_it_is_none(void **state _unused_)
{
	static const char *const names[] = {"_PyRuntime",   "Py_Version",
					    "PyCode_Type",  "PyUnicode_Type",
					    "PyBytes_Type", "_PyEval_EvalFrameDefault"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct python_layout l;
		struct file f;

		begin(&f, 0x030b);
		f.without = names[i];
		assert_int_equal(finish(&f, &l), -ENOENT);
	}
}

static void test_versions_that_are_not_known(void **state _unused_)
{
	struct python_layout l;
	struct file f;

	begin(&f, 0x030f);
	assert_int_equal(finish(&f, &l), -ENOTSUP);
	begin(&f, 0x030d);
	put(&f, RUNTIME, "xdebugpz", 8);
	assert_int_equal(finish(&f, &l), -ENOTSUP);
}

static void jump_there(struct file *f, int cnt)
{
	for (int i = 0; i < cnt; i++)
		put_jump(f, LOOP + 0x20 + (uint64_t)i * 16, COLD + 8 + (uint64_t)i, i & 1);
}

static void jump_back(struct file *f, int cnt)
{
	for (int i = 0; i < cnt; i++)
		put_jump(f, COLD + 0x20 + (uint64_t)i * 16, LOOP + 8 + (uint64_t)i, i & 1);
}

static void test_the_other_part_of_the_loop_is_found_by_jumps(void **state _unused_)
{
	struct python_layout l;
	struct file f;

	begin(&f, 0x030b);
	jump_there(&f, 3);
	jump_back(&f, 3);
	/* Calls of another function, in its place or not, are to its beginning. */
	for (int i = 0; i < 5; i++)
		put_jump(&f, LOOP + 0x100 + (uint64_t)i * 8, OTHER, false);
	assert_int_equal(finish(&f, &l), 0);
	assert_int_equal(l.loop[1].start, COLD);
	assert_int_equal(l.loop[1].end, COLD + COLD_BYTES);
}

static void test_few_jumps_or_one_way_prove_nothing(void **state _unused_)
{
	struct python_layout l;
	struct file f;

	begin(&f, 0x030b);
	jump_there(&f, 2);
	jump_back(&f, 3);
	assert_int_equal(finish(&f, &l), 0);
	assert_int_equal(l.loop[1].end, 0);
	begin(&f, 0x030b);
	jump_there(&f, 5);
	jump_back(&f, 2);
	assert_int_equal(finish(&f, &l), 0);
	assert_int_equal(l.loop[1].end, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_interpreter_tells_where_things_are),
		cmocka_unit_test(test_without_one_of_the_symbols_it_is_none),
		cmocka_unit_test(test_versions_that_are_not_known),
		cmocka_unit_test(test_the_other_part_of_the_loop_is_found_by_jumps),
		cmocka_unit_test(test_few_jumps_or_one_way_prove_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
