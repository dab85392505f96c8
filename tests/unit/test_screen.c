/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Lines on a screen, whatever is in the names, as a strict terminal sees them. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "fixtures/random.h"
#include "fixtures/vt.h"
#include "output/screen.h"
#include "output/text.h"

struct rig {
	struct screen screen;
	struct vt *vt;
	size_t bytes; /* of the last flush */
};

static void rig_init(struct rig *r, int cols, int rows, bool color, bool ascii)
{
	screen__init(&r->screen, color, ascii);
	assert_int_equal(screen__resize(&r->screen, cols, rows), 0);
	r->vt = vt__new(cols, rows);
	assert_non_null(r->vt);
}

static void rig_fini(struct rig *r)
{
	screen__fini(&r->screen);
	vt__free(r->vt);
}

static void flush(struct rig *r)
{
	_cleanup_buf_ struct buf bytes;
	const char *wrong;

	buf__init(&bytes, 1 << 24);
	assert_int_equal(screen__flush(&r->screen, &bytes), 0);
	wrong = vt__feed(r->vt, buf__str(&bytes), bytes.len);
	if (wrong)
		fail_msg("%s in %s", wrong, buf__str(&bytes));
	r->bytes = bytes.len;
}

static void put_line(struct rig *r, int row, const char *text)
{
	assert_true(screen__line(&r->screen, row, SCREEN_PLAIN));
	screen__put(&r->screen, SCREEN_PLAIN, text, -1);
}

static void test_lines(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 8, 3, true, false);
	put_line(&r, 0, "12345678");
	put_line(&r, 2, "123456789");
	flush(&r);
	assert_string_equal(vt__text(r.vt, false), "12345678\n\n12345678\n");
	/* What did not change is not written again. */
	put_line(&r, 0, "12345678");
	put_line(&r, 2, "123456789");
	flush(&r);
	assert_int_equal(r.bytes, 0);
	put_line(&r, 2, "12");
	flush(&r);
	assert_string_equal(vt__text(r.vt, false), "\n\n12\n");
	put_line(&r, 2, "12");
	screen__forget(&r.screen);
	flush(&r);
	assert_true(r.bytes > 0);
	assert_false(screen__line(&r.screen, 3, SCREEN_PLAIN));
	assert_false(screen__line(&r.screen, -1, SCREEN_PLAIN));
	screen__put(&r.screen, SCREEN_BOLD, "nowhere", -1);
	screen__field(&r.screen, SCREEN_BOLD, "nowhere", 3, true);
	screen__fill(&r.screen);
	rig_fini(&r);
}

static void test_fields(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 20, 2, true, false);
	screen__line(&r.screen, 0, SCREEN_PLAIN);
	screen__field(&r.screen, SCREEN_BOLD, "1.2s", 6, true);
	screen__field(&r.screen, SCREEN_RED, "abcdef", 4, false);
	screen__field(&r.screen, SCREEN_PLAIN, "x", 3, false);
	screen__put(&r.screen, SCREEN_PLAIN, "rest that is cut", 5);
	assert_int_equal(screen__left(&r.screen), 2);
	screen__line(&r.screen, 1, SCREEN_REVERSE);
	screen__put(&r.screen, SCREEN_REVERSE, "here", -1);
	screen__fill(&r.screen);
	flush(&r);
	assert_string_equal(vt__text(r.vt, true), "  1.2sabcdx  rest\n<here                >\n");
	assert_true(r.vt->colors);
	rig_fini(&r);
}

static void test_no_color(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 10, 1, false, false);
	screen__line(&r.screen, 0, SCREEN_DIM);
	screen__put(&r.screen, SCREEN_RED, "a", -1);
	screen__put(&r.screen, SCREEN_BOLD, "b", -1);
	screen__put(&r.screen, SCREEN_REVERSE, "c", -1);
	flush(&r);
	assert_string_equal(vt__text(r.vt, true), "ab<c>\n");
	assert_false(r.vt->colors);
	rig_fini(&r);
}

/* Names are chosen by the programs that are traced. */
static void test_hostile_names(void **state _unused_)
{
	static const struct {
		const char *name, *shown, *ascii;
	} names[] = {
		{"\033[2J\033[31m", "?[2J?[31m", "?[2J?[31m"},
		{"a\tb\nc\rd\be", "a?b?c?d?e", "a?b?c?d?e"},
		{"\x9b"
		 "31m",
		 "?31m", "?31m"},
		{"\xc2\x9b"
		 "31m",
		 "?31m", "?31m"},
		{"\xff\xfe\x80", "???", "???"},
		{"caf\xc3\xa9", "caf\xc3\xa9", "caf?"},
		{"e\xcc\x81\xcc\x81\xcc\x81x", "ex", "e?x"},
		{"a\xe2\x80\xaeoverride", "a?override", "a?override"},
		{"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
		 "???"},
		/* 8 columns of two each, and one that has room for half of it only. */
		{"123456789\xe6\x97\xa5", "123456789", "123456789?"},
		{"\xe2\x8c\x9a", "\xe2\x8c\x9a", "?"},
	};

	for (int ascii = 0; ascii < 2; ascii++) {
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			struct rig r;
			char expected[64];

			/* In ASCII combining characters have no place to be left out in. */
			if (ascii && i == 6)
				continue;
			rig_init(&r, 10, 1, true, ascii);
			put_line(&r, 0, names[i].name);
			flush(&r);
			snprintf(expected, sizeof(expected), "%s\n",
				 ascii ? names[i].ascii : names[i].shown);
			assert_string_equal(vt__text(r.vt, false), expected);
			rig_fini(&r);
		}
	}
}

static void test_random_bytes(void **state _unused_)
{
	random_seed(7);
	for (int i = 0; i < 2000; i++) {
		int cols = 1 + (int)(random_u64() % 30);
		struct rig r;

		rig_init(&r, cols, 2, random_u64() & 1, random_u64() & 1);
		for (int row = 0; row < 2; row++) {
			char name[64] = {0};

			for (size_t at = 0; at < sizeof(name) - 1; at++)
				name[at] = (char)(1 + random_u64() % 255);
			screen__line(&r.screen, row, (enum screen_style)(random_u64() % 5));
			screen__field(&r.screen, SCREEN_PLAIN, name, (int)(random_u64() % 20),
				      random_u64() & 1);
			screen__put(&r.screen, (enum screen_style)(random_u64() % 5), name, -1);
			screen__fill(&r.screen);
		}
		flush(&r);
		rig_fini(&r);
	}
}

static void test_resize(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 10, 2, true, false);
	put_line(&r, 1, "0123456789");
	flush(&r);
	assert_int_equal(screen__resize(&r.screen, 100000, 100000), 0);
	assert_int_equal(r.screen.cols, SCREEN_MAX_COLS);
	assert_int_equal(r.screen.rows, SCREEN_MAX_ROWS);
	assert_int_equal(screen__resize(&r.screen, 5, 1), 0);
	vt__free(r.vt);
	r.vt = vt__new(5, 1);
	put_line(&r, 0, "0123456789");
	flush(&r);
	assert_string_equal(vt__text(r.vt, false), "01234\n");
	rig_fini(&r);
}

static void test_plain_text(void **state _unused_)
{
	_cleanup_buf_ struct buf text;
	struct rig r;

	buf__init(&text, 1000);
	rig_init(&r, 20, 4, true, false);
	screen__line(&r.screen, 0, SCREEN_BOLD);
	screen__field(&r.screen, SCREEN_RED, "a", 5, false);
	put_line(&r, 2, " b");
	screen__put(&r.screen, SCREEN_REVERSE, "c ", -1);
	assert_int_equal(screen__text(&r.screen, &text), 0);
	assert_string_equal(buf__str(&text), "a\n\n bc\n");
	rig_fini(&r);
}

/* A character that takes more columns than we think would make a line too long. */
static void test_widths(void **state _unused_)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t old;

	if (!utf8)
		skip();
	old = uselocale(utf8);
	for (uint32_t c = 0x20; c < 0x110000; c++) {
		int width = wcwidth((wchar_t)c);

		if (width > (int)text_char_width(c))
			fail_msg("U+%04X takes %d columns, not %u", c, width, text_char_width(c));
	}
	uselocale(old);
	freelocale(utf8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	     cmocka_unit_test(test_fields),
		cmocka_unit_test(test_no_color),     cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_random_bytes), cmocka_unit_test(test_resize),
		cmocka_unit_test(test_plain_text),   cmocka_unit_test(test_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
