/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/cfi_text.h"
#include "fixtures/mkgo.h"
#include "format/cfi_go.h"

#define GOEXIT 0x420 /* where the second of the functions below is in the file */
#define BEHIND 0x430

static const struct unwind_rule rules[] = {
	{.cfa = UNWIND_CFA_NONE},
	{.cfa = UNWIND_CFA_UNSUPPORTED},
	{.cfa = UNWIND_CFA_REG, .reg = 7, .off = 8, .ra = -1},
	{.cfa = UNWIND_CFA_REG, .reg = 7, .off = 16, .ra = -1},
};

static void mkgo_program(enum gopclntab_form form, const char *second, struct buf *ret)
{
	static const struct mkgo_step steps[] = {{0x10, 0, 1, -1, 0}, {0x20, 0, 2, -1, 0}};
	static const char *const files[] = {"/go/proc.go", NULL};
	struct mkgo g;

	mkgo__init(&g, form);
	g.files = files;
	mkgo__func(&g, &(struct mkgo_func){
			       .name = "main.f", .bytes = 0x20, .steps = steps, .step_cnt = 2});
	mkgo__func(&g, &(struct mkgo_func){
			       .name = second, .bytes = 0x10, .steps = steps, .step_cnt = 1});
	mkgo__func(&g, &(struct mkgo_func){
			       .name = "main.g", .bytes = 0x10, .steps = steps, .step_cnt = 1});
	mkgo__write(&g, ret);
	mkgo__fini(&g);
}

/* What becomes of @cnt rows in a program whose second function is called @second. */
static void assert_rows(enum gopclntab_form form, const char *second, const struct cfi_row *rows,
			size_t cnt, const char *expect)
{
	_cleanup_cfi_rows_ struct cfi_rows r = {
		.cnt = cnt, .cap = cnt, .rule_cnt = ARRAY_SIZE(rules)};
	_cleanup_buf_ struct buf file = {0}, text;
	struct elf e;

	buf__init(&text, 1 << 20);
	r.rows = malloc(cnt * sizeof(*rows));
	r.rules = malloc(sizeof(rules));
	assert_non_null(r.rows);
	assert_non_null(r.rules);
	memcpy(r.rows, rows, cnt * sizeof(*rows));
	memcpy(r.rules, rules, sizeof(rules));
	mkgo_program(form, second, &file);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(cfi_go__end_stacks(&e, &r), 0);
	elf__close(&e);
	cfi_text_rows(&r, &text);
	assert_string_equal(buf__str(&text), expect);
}

#define ROWS(...)                              \
	(const struct cfi_row[]){__VA_ARGS__}, \
		sizeof((const struct cfi_row[]){__VA_ARGS__}) / sizeof(struct cfi_row)

static void test_goexit_is_the_end(void **state)
{
	(void)state;
	/* One rule for all; rows of its own; the last function. */
	assert_rows(GOPCLNTAB_1_2, "runtime.goexit", ROWS({0x400, 2}, {0x440, 0}),
		    "400 r7+8 ra-1, 420 end, 430 r7+8 ra-1, 440 -");
	assert_rows(GOPCLNTAB_1_2, "runtime.goexit",
		    ROWS({0x400, 3}, {GOEXIT, 2}, {0x428, 3}, {BEHIND, 2}, {0x440, 0}),
		    "400 r7+16 ra-1, 420 end, 430 r7+8 ra-1, 440 -");
	assert_rows(GOPCLNTAB_1_2, "runtime.goexit", ROWS({0x400, 3}, {0x418, 2}, {BEHIND, 0}),
		    "400 r7+16 ra-1, 418 r7+8 ra-1, 420 end, 430 -");
	/* The rows know nothing of it. */
	assert_rows(GOPCLNTAB_1_2, "runtime.goexit", ROWS({0x400, 2}, {0x410, 0}),
		    "400 r7+8 ra-1, 410 -, 420 end, 430 -");
}

static void test_others_stay(void **state)
{
	(void)state;
	assert_rows(GOPCLNTAB_1_2, "runtime.goexit1", ROWS({0x400, 2}, {0x440, 0}),
		    "400 r7+8 ra-1, 440 -");
	assert_rows(GOPCLNTAB_1_18, "runtime.goexit", ROWS({0x400, 2}, {0x440, 0}),
		    "400 r7+8 ra-1, 440 -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goexit_is_the_end),
		cmocka_unit_test(test_others_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
