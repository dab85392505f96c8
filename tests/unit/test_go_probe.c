/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which instruction of a function of Go a probe goes to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/log.h"
#include "fixtures/mkgo.h"
#include "format/go_probe.h"

#define SIZE 0x180 /* of the function, unless said otherwise */

struct beginning {
	const char *name;
	uint8_t code[GO_PROBE_CODE_BYTES];
	uint64_t size;
	int err;
	uint32_t skip;
};

/* As compilers of Go write them, from objdump, and what is only like it. */
static const struct beginning beginnings[] = {
	{"small frame, far", {0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0xdc, 0, 0, 0, 0x55}, SIZE, 0, 4},
	{"small frame, near", {0x49, 0x3b, 0x66, 0x10, 0x76, 0x2c, 0x55}, SIZE, 0, 4},
	{"larger frame",
	 {0x4c, 0x8d, 0x64, 0x24, 0xd8, 0x4d, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0x40, 0, 0, 0},
	 SIZE,
	 0,
	 9},
	{"large frame",
	 {0x4c, 0x8d, 0xa4, 0x24, 0, 0xff, 0xff, 0xff, 0x4d, 0x3b, 0x66, 0x10, 0x76, 0x10},
	 SIZE,
	 0,
	 12},
	{"no check", {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10}, SIZE, 0, 0},
	{"Go 1.16",
	 {0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff, 0x48, 0x3b, 0x61, 0x10, 0x0f, 0x86},
	 SIZE,
	 -ENOTSUP,
	 0},
	{"ja instead", {0x49, 0x3b, 0x66, 0x10, 0x0f, 0x87, 0xdc, 0, 0, 0}, SIZE, -ENOEXEC, 0},
	{"back", {0x49, 0x3b, 0x66, 0x10, 0x76, 0xf0}, SIZE, -ENOEXEC, 0},
	{"far back", {0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0, 0, 0, 0xff}, SIZE, -ENOEXEC, 0},
	{"out of it", {0x49, 0x3b, 0x66, 0x10, 0x76, 0x2c}, 0x32, -ENOEXEC, 0},
	{"far out of it",
	 {0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 0xff, 0xff, 0xff, 0x7f},
	 SIZE,
	 -ENOEXEC,
	 0},
	{"another register", {0x49, 0x3b, 0x67, 0x10, 0x76, 0x2c}, SIZE, -ENOEXEC, 0},
	{"something between", {0x49, 0x3b, 0x66, 0x10, 0x90, 0x76, 0x2c}, SIZE, -ENOEXEC, 0},
	{"lea alone", {0x4c, 0x8d, 0x64, 0x24, 0xd8, 0x76, 0x2c}, SIZE, -ENOEXEC, 0},
	{"push alone", {0x55, 0x90, 0x90, 0x90}, SIZE, -ENOEXEC, 0},
	{"a probe of another tool", {0xcc, 0x3b, 0x66, 0x10, 0x76, 0x2c}, SIZE, -ENOEXEC, 0},
	{"jump to its last byte", {0x49, 0x3b, 0x66, 0x10, 0x76, 0x2c}, 0x33, 0, 4},
	{"nothing", {0}, 0, -ENOEXEC, 0},
};

static void test_beginnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		const struct beginning *b = &beginnings[i];
		uint32_t skip = UINT32_MAX;
		int err = go_probe_place(b->code, sizeof(b->code), b->size, &skip);

		if (err != b->err)
			fail_msg("%s: %d", b->name, err);
		assert_int_equal(skip, err ? UINT32_MAX : b->skip);
	}
}

/* However few bytes there are, an instruction that is cut is none; none beyond them is looked at. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		for (size_t len = 0; len < GO_PROBE_CODE_BYTES; len++) {
			const struct beginning *b = &beginnings[i];
			uint8_t *code = test_malloc(len + 1);
			uint32_t skip;

			memcpy(code + 1, b->code, len);
			if (!go_probe_place(code + 1, len, b->size, &skip)) {
				assert_true(skip < len);
				assert_true(b->code[skip] == 0x76 || b->code[skip] == 0x55 ||
					    (b->code[skip] == 0x0f && b->code[skip + 1] == 0x86));
				assert_true(!b->err);
			}
			test_free(code);
		}
	}
}

/* ---- in a program ---- */

static const uint8_t usual[] = {0x49, 0x3b, 0x66, 0x10, 0x76, 0x08, 0x55, 0x90,
				0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90};

/* One with functions of these names, whose code is @code. */
static int probe_program(const char *const *names, size_t cnt, const uint8_t code[16],
			 unsigned int minor, struct go_probes *ret)
{
	static const char *const files[] = {"/go/proc.go", NULL};
	static const struct mkgo_step steps[] = {{16, 0, 10, -1, 0}};
	_cleanup_buf_ struct buf file = {0};
	struct gopclntab table;
	struct elf e;
	struct mkgo g;
	int err;

	mkgo__init(&g, GOPCLNTAB_1_20);
	g.files = files;
	for (size_t i = 0; i < cnt; i++)
		mkgo__func(&g, &(struct mkgo_func){names[i], 0, 16, steps, 1, NULL, 0, 0});
	mkgo__write(&g, &file);
	mkgo__fini(&g);
	for (size_t i = 0; i < cnt; i++)
		memcpy(file.data + MKGO_TEXT_OFF + 16 * i, code, 16);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(gopclntab__open(&table, &e), 0);
	err = go_probes__find(ret, &(struct go_code){.elf = &e, .table = &table}, minor);
	gopclntab__close(&table);
	elf__close(&e);
	return err;
}

static void test_program(void **state)
{
	static const char *const names[] = {"main.ready", "runtime.execute", "runtime.park_m",
					    "runtime.readyWithTime", "runtime.ready"};
	struct go_probes p;

	(void)state;
	assert_int_equal(probe_program(names, 5, usual, 22, &p), 0);
	assert_int_equal(p.at[GO_PROBE_RUN].vaddr, MKGO_TEXT + 0x10 + 4);
	assert_int_equal(p.at[GO_PROBE_PARK].vaddr, MKGO_TEXT + 0x20 + 4);
	assert_int_equal(p.at[GO_PROBE_READY].vaddr, MKGO_TEXT + 0x40 + 4);
	for (int i = 0; i < GO_PROBE_CNT; i++)
		assert_int_equal(p.at[i].off, p.at[i].vaddr - MKGO_VADDR);
	/* The version isn't told: the code is. */
	assert_int_equal(probe_program(names, 5, usual, 0, &p), 0);
}

static void test_refusals(void **state)
{
	static const char *const names[] = {"runtime.execute", "runtime.park_m", "runtime.ready"};
	static const uint8_t old[16] = {0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff};
	static const uint8_t other[16] = {0xf3, 0x0f, 0x1e, 0xfa, 0x49, 0x3b, 0x66, 0x10};
	struct go_probes p;

	(void)state;
	assert_int_equal(probe_program(names, 3, usual, 16, &p), -ENOTSUP);
	assert_non_null(strstr(error_text(-ENOTSUP), "1.17"));
	assert_int_equal(probe_program(names, 3, old, 0, &p), -ENOTSUP);
	assert_non_null(strstr(error_text(-ENOTSUP), "1.17"));
	assert_int_equal(probe_program(names, 3, other, 22, &p), -ENOTSUP);
	assert_non_null(strstr(error_text(-ENOTSUP), "runtime.park_m begins with"));
	assert_int_equal(probe_program(names, 2, usual, 22, &p), -ENOTSUP);
	assert_non_null(strstr(error_text(-ENOTSUP), "no runtime.ready"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
