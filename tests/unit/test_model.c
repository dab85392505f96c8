/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fixtures/mkwire.h"
#include "model/image.h"
#include "model/ledger.h"
#include "model/module.h"
#include "model/profile.h"
#include "model/reason.h"
#include "model/sanitise.h"
#include "model/stack.h"
#include "model/thread.h"

/* ---- reason ---- */

static void test_reason_names_go_both_ways(void **state)
{
	enum reason r = REASON_LOCK;

	(void)state;
	for (int i = 0; i < REASON_CNT; i++) {
		assert_int_equal(reason_parse(reason_name(i), &r), 0);
		assert_int_equal(r, i);
		assert_true(strlen(reason_help(i)) > 0);
	}
	assert_int_equal(reason_parse("Lock", &r), -ENOENT);
	assert_int_equal(r, REASON_CNT - 1);
	assert_string_equal(reason_name(REASON_CNT), "other");
	assert_string_equal(reason_name((enum reason) - 1), "other");
}

/* ---- module ---- */

static struct module module_like(const char *path)
{
	return (struct module){.dev = 1, .inode = 2, .path = (char *)path, .fd = -1};
}

static void test_module_identity(void **state)
{
	struct module like = module_like("/lib/libc.so.6");
	struct module_table t;
	struct module *m;
	bool added;

	(void)state;
	module_table__init(&t);
	m = module_table__intern(&t, &like, &added);
	assert_true(added);
	assert_int_equal(m->id, 1);
	assert_ptr_equal(module_table__intern(&t, &like, &added), m);
	assert_false(added);
	like.inode = 3;
	assert_int_equal(module_table__intern(&t, &like, &added)->id, 2);
	like.build_id_len = 4;
	assert_int_equal(module_table__intern(&t, &like, &added)->id, 3);
	like.build_id[3] = 1;
	assert_int_equal(module_table__intern(&t, &like, &added)->id, 4);
	like.build_id[4] = 1; /* behind the length: does not count */
	assert_int_equal(module_table__intern(&t, &like, &added)->id, 4);
	like.path = (char *)"/other/libc.so.6";
	assert_int_equal(module_table__intern(&t, &like, &added)->id, 5);
	assert_ptr_equal(module_table__find(&t, 1), m);
	assert_null(module_table__find(&t, 0));
	assert_null(module_table__find(&t, 6));
	module_table__fini(&t);
}

static void test_module_takes_the_file_only_if_added(void **state)
{
	struct module like = module_like("/lib/x");
	struct module_table t;
	int first = open("/dev/null", O_RDONLY), second = open("/dev/null", O_RDONLY);
	bool added;

	(void)state;
	module_table__init(&t);
	like.fd = first;
	assert_int_equal(module_table__intern(&t, &like, &added)->fd, first);
	assert_int_equal(like.fd, -1);
	like.fd = second;
	assert_int_equal(module_table__intern(&t, &like, &added)->fd, first);
	assert_int_equal(like.fd, second);
	module_table__fini(&t);
	assert_int_equal(fcntl(first, F_GETFD), -1);
	assert_int_equal(close(second), 0);
}

static void test_module_name(void **state)
{
	static const struct {
		const char *path;
		uint16_t kind;
		const char *name;
	} cases[] = {
		{"/usr/lib/libc.so.6", WIRE_MODULE_ELF, "libc.so.6"},
		{"relative", WIRE_MODULE_ELF, "relative"},
		{"[vdso]", WIRE_MODULE_VDSO, "[vdso]"},
		{"[anon:a/b]", WIRE_MODULE_ANON, "[anon:a/b]"},
		{"/dir/", WIRE_MODULE_ELF, "/dir/"},
		{"", WIRE_MODULE_KERNEL, "[kernel]"},
		{NULL, WIRE_MODULE_ELF, "[unknown]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct module m = {.kind = cases[i].kind, .path = (char *)cases[i].path};

		assert_string_equal(module__name(&m), cases[i].name);
	}
}

/* ---- image ---- */

static void add(struct image *img, uint64_t start, uint64_t end, uint32_t module)
{
	struct mapping m = {start, end, 0x10000 + start, module, false, false};

	assert_int_equal(image__add_mapping(img, &m), 0);
}

/* The mappings as "start-end:module@file_off ...", in hexadecimal. */
static const char *image_text(const struct image *img, struct buf *to)
{
	buf__reset(to);
	for (size_t i = 0; i < img->mapping_cnt; i++) {
		const struct mapping *m = &img->mappings[i];

		buf__printf(to, "%s%jx-%jx:%u@%jx", i ? " " : "", (uintmax_t)m->start,
			    (uintmax_t)m->end, m->module, (uintmax_t)m->file_off);
	}
	return buf__str(to);
}

static void test_mapping_overlaps_are_cut_as_mmap_does(void **state)
{
	_cleanup_buf_ struct buf text;
	struct image img = {0};

	(void)state;
	buf__init(&text, 4096);
	add(&img, 0x100, 0x200, 1);
	add(&img, 0x300, 0x400, 2);
	add(&img, 0x200, 0x300, 3); /* just between: touches, cuts nothing */
	assert_string_equal(image_text(&img, &text),
			    "100-200:1@10100 200-300:3@10200 300-400:2@10300");
	add(&img, 0x220, 0x240, 4); /* in the middle of one: splits it */
	assert_string_equal(image_text(&img, &text),
			    "100-200:1@10100 200-220:3@10200 220-240:4@10220 240-300:3@10240 "
			    "300-400:2@10300");
	add(&img, 0x180, 0x380, 5); /* over several, cutting the outer two */
	assert_string_equal(image_text(&img, &text),
			    "100-180:1@10100 180-380:5@10180 380-400:2@10380");
	add(&img, 0x180, 0x380, 6); /* exactly one */
	assert_string_equal(image_text(&img, &text),
			    "100-180:1@10100 180-380:6@10180 380-400:2@10380");
	add(&img, 0x50, 0x500, 7); /* everything */
	assert_string_equal(image_text(&img, &text), "50-500:7@10050");
	image__reset_mappings(&img);
	assert_string_equal(image_text(&img, &text), "");
	free(img.mappings);
}

static void test_mapping_find_edges(void **state)
{
	struct image img = {0};

	(void)state;
	add(&img, 0x300, 0x400, 2);
	add(&img, 0x100, 0x200, 1);
	assert_null(image__find_mapping(&img, 0xff));
	assert_int_equal(image__find_mapping(&img, 0x100)->module, 1);
	assert_int_equal(image__find_mapping(&img, 0x1ff)->module, 1);
	assert_null(image__find_mapping(&img, 0x200));
	assert_int_equal(image__find_mapping(&img, 0x3ff)->module, 2);
	assert_null(image__find_mapping(&img, 0x400));
	free(img.mappings);
}

static void test_mapping_refuses_nonsense_and_too_many(void **state)
{
	struct image img = {0};
	struct mapping m = {.start = 5, .end = 5};

	(void)state;
	assert_int_equal(image__add_mapping(&img, &m), -EINVAL);
	m.end = 4;
	assert_int_equal(image__add_mapping(&img, &m), -EINVAL);
	assert_false(img.read_once);
	for (uint64_t i = 0; i < IMAGE_MAX_MAPPINGS; i++)
		add(&img, i * 16, i * 16 + 8, 1);
	m = (struct mapping){.start = UINT64_MAX - 8, .end = UINT64_MAX};
	assert_int_equal(image__add_mapping(&img, &m), -E2BIG);
	assert_int_equal(img.mapping_cnt, IMAGE_MAX_MAPPINGS);
	free(img.mappings);
}

static struct image *get(struct image_table *t, uint32_t pid)
{
	struct wire_image key = mkwire_image_of(pid, 0);
	struct image *img = image_table__get(t, &key);

	assert_non_null(img);
	return img;
}

static void forked(struct image_table *t, uint32_t parent, uint32_t child)
{
	struct wire_image p = mkwire_image_of(parent, 0), c = mkwire_image_of(child, 0);

	assert_int_equal(image_table__fork(t, &p, &c), 0);
}

static void test_image_key_is_pid_exec_and_start(void **state)
{
	struct wire_image key = mkwire_image_of(1, 0), other = key;
	struct image_table t;
	struct image *img;

	(void)state;
	image_table__init(&t);
	assert_null(image_table__find(&t, &key));
	img = image_table__get(&t, &key);
	assert_ptr_equal(image_table__get(&t, &key), img);
	other.exec_id++;
	assert_null(image_table__find(&t, &other));
	other = key;
	other.start_ns++;
	assert_null(image_table__find(&t, &other));
	other = key;
	other.pid++;
	assert_null(image_table__find(&t, &other));
	image_table__fini(&t);
}

static void test_image_never_read_uses_its_parents(void **state)
{
	struct image_table t;

	(void)state;
	image_table__init(&t);
	forked(&t, 1, 2);
	forked(&t, 2, 3);
	assert_null(image_table__resolve(&t, get(&t, 3), 0x150));
	add(get(&t, 1), 0x100, 0x200, 1);
	assert_int_equal(image_table__resolve(&t, get(&t, 3), 0x150)->module, 1);
	add(get(&t, 2), 0x300, 0x400, 2); /* from here on 2 speaks for itself, and for 3 */
	assert_null(image_table__resolve(&t, get(&t, 3), 0x150));
	assert_int_equal(image_table__resolve(&t, get(&t, 3), 0x350)->module, 2);
	image__reset_mappings(get(&t, 2));
	assert_null(image_table__resolve(&t, get(&t, 2), 0x150));
	image_table__fini(&t);
}

/* All mappings of @pid's image, as image_text() has them. */
static void assert_mappings(struct image_table *t, uint32_t pid, size_t cnt, uint64_t first)
{
	const struct mapping *m;
	size_t got = 4711;

	m = image_table__mappings(t, get(t, pid), &got);
	assert_int_equal(got, cnt);
	for (size_t i = 0; i < cnt; i++)
		assert_int_equal(m[i].start, first + i * 0x200);
}

static void test_image_mappings_are_its_own_or_its_parents(void **state _unused_)
{
	struct image_table t;

	image_table__init(&t);
	forked(&t, 1, 2);
	forked(&t, 2, 3);
	assert_mappings(&t, 3, 0, 0);
	add(get(&t, 1), 0x300, 0x400, 1);
	add(get(&t, 1), 0x100, 0x200, 1);
	assert_mappings(&t, 1, 2, 0x100);
	assert_mappings(&t, 2, 2, 0x100);
	assert_mappings(&t, 3, 2, 0x100);
	add(get(&t, 2), 0x900, 0xa00, 2);
	assert_mappings(&t, 1, 2, 0x100);
	assert_mappings(&t, 2, 1, 0x900);
	assert_mappings(&t, 3, 1, 0x900);
	/* Read, and found empty, is not the same as never read. */
	image__reset_mappings(get(&t, 2));
	assert_mappings(&t, 2, 0, 0);
	assert_mappings(&t, 3, 0, 0);
	/* Circles end. */
	forked(&t, 6, 6);
	assert_mappings(&t, 6, 0, 0);
	forked(&t, 6, 7);
	forked(&t, 7, 6);
	assert_mappings(&t, 7, 0, 0);
	image_table__fini(&t);
}

static void test_what_is_cut_from_writable_memory_is_writable(void **state _unused_)
{
	struct mapping m = {.start = 0x1000, .end = 0x4000, .module = 1, .writable = true};
	struct image img = {0};

	assert_int_equal(image__add_mapping(&img, &m), 0);
	add(&img, 0x2000, 0x3000, 2);
	assert_int_equal(img.mapping_cnt, 3);
	assert_true(img.mappings[0].writable);
	assert_false(img.mappings[1].writable);
	assert_true(img.mappings[2].writable);
	free(img.mappings);
}

static void test_image_fork_circles_end(void **state)
{
	struct image_table t;

	(void)state;
	image_table__init(&t);
	forked(&t, 1, 1);
	assert_null(image_table__resolve(&t, get(&t, 1), 0x150));
	forked(&t, 1, 2);
	forked(&t, 2, 1);
	assert_null(image_table__resolve(&t, get(&t, 1), 0x150));
	image_table__fini(&t);
}

/* ---- stack ---- */

/* A stack table and an image table, and what refresh answers and adds. */
struct stack_fixture {
	struct stack_table stacks;
	struct image_table images;
	struct buf wire;
	int refresh_calls;
	int refresh_answer;
	uint64_t refresh_start; /* adds [start, start + 0x100) of module 9; 0: nothing */
};

static int stack_setup(void **state)
{
	struct stack_fixture *f = calloc(1, sizeof(*f));

	stack_table__init(&f->stacks);
	image_table__init(&f->images);
	mkwire_init(&f->wire);
	*state = f;
	return 0;
}

static int stack_teardown(void **state)
{
	struct stack_fixture *f = *state;

	stack_table__fini(&f->stacks);
	image_table__fini(&f->images);
	buf__fini(&f->wire);
	free(f);
	return 0;
}

static struct wire_stack *define(struct stack_fixture *f, uint32_t pid, uint64_t id,
				 const uint64_t *ips, uint16_t cnt, uint32_t flags)
{
	struct wire_stack *s;

	s = mkwire_at(&f->wire, mkwire_stack(&f->wire, pid, id, ips, cnt));
	s->flags = flags;
	assert_int_equal(stack_table__define(&f->stacks, s), 0);
	return s;
}

static int fixture_refresh(void *arg, const struct wire_image *image)
{
	struct stack_fixture *f = arg;

	f->refresh_calls++;
	if (f->refresh_start) {
		for (uint32_t pid = 1000; pid < 1100; pid++) /* the table moves */
			get(&f->images, pid);
		add(image_table__get(&f->images, image), f->refresh_start, f->refresh_start + 0x100,
		    9);
	}
	return f->refresh_answer;
}

/* Resolves and writes stack @id as "module:offset ..." with special frames as names. */
static void assert_stack(struct stack_fixture *f, uint64_t id, const char *want)
{
	_cleanup_buf_ struct buf text;
	const struct stack *s;

	assert_int_equal(
		stack_table__resolve(&f->stacks, &f->images, 77, UINT64_MAX, fixture_refresh, f),
		0);
	s = stack_table__find(&f->stacks, id);
	assert_non_null(s);
	assert_true(s->resolved);
	buf__init(&text, 1 << 16);
	for (int i = 0; i < s->frame_cnt; i++) {
		buf__puts(&text, i ? " " : "");
		if (s->frames[i].module)
			buf__printf(&text, "%u:%jx", s->frames[i].module,
				    (uintmax_t)s->frames[i].offset);
		else
			buf__puts(&text, frame_special_name(s->frames[i].offset));
	}
	assert_string_equal(buf__str(&text), want);
}

static void test_stack_user_offsets(void **state)
{
	/* The outermost returns to the very start of a mapping: its call is in the one before. */
	static const uint64_t ips[] = {0x1080, 0x10a0, 0x1100};
	struct stack_fixture *f = *state;

	add(get(&f->images, 5), 0x1000, 0x1100, 1);
	add(get(&f->images, 5), 0x1100, 0x1200, 2);
	define(f, 5, 1, ips, 3, 0);
	assert_stack(f, 1, "1:11080 1:1109f 1:110ff");
	assert_int_equal(f->refresh_calls, 0);
}

static void test_stack_kernel_addresses(void **state)
{
	static const uint64_t ips[] = {0xffffffff81000010, 0xffffffff81000020};
	struct stack_fixture *f = *state;

	define(f, 0, 1, ips, 2, WIRE_STACK_TRUNCATED);
	assert_stack(f, 1, "77:ffffffff8100000f 77:ffffffff8100001f [truncated]");
	assert_int_equal(f->refresh_calls, 0);
}

static void test_stack_says_why_its_walk_ended(void **state)
{
	static const uint64_t ips[] = {0x1080};
	struct stack_fixture *f = *state;
	char want[128];

	add(get(&f->images, 5), 0x1000, 0x1100, 1);
	for (uint32_t end = 0; end < WIRE_END_CNT; end++) {
		static const char *const names[] = {
			"",
			" [truncated]",
			" [unwind: stack not in memory]",
			" [unwind: no rows]",
			" [unwind: no registers]",
			" [unwind: bad CFA]",
			" [unwind: pc unmapped]",
			" [unwind: unsupported CFI]",
			" [unwind: tables full]",
		};

		define(f, 5, 1 + end, ips, 1, end << WIRE_STACK_END_SHIFT);
		snprintf(want, sizeof(want), "1:11080%s", names[end]);
		assert_stack(f, 1 + end, want);
	}
	/* Of a future version. */
	define(f, 5, 100, ips, 1, WIRE_END_CNT << WIRE_STACK_END_SHIFT);
	assert_stack(f, 100, "1:11080");
	/* The limit is told once. */
	define(f, 5, 101, ips, 1,
	       WIRE_STACK_TRUNCATED | WIRE_END_DEPTH_LIMIT << WIRE_STACK_END_SHIFT);
	assert_stack(f, 101, "1:11080 [truncated]");
	/* How it was walked says nothing about its end. */
	define(f, 5, 102, ips, 1, WIRE_STACK_BY_FP);
	assert_stack(f, 102, "1:11080");
}

/* Where a signal interrupted, on both sides of its frame: nothing was called there. */
static void test_stack_addresses_of_instructions_are_taken_as_they_are(void **state)
{
	static const uint64_t ips[] = {0x1080, 0x10a0 | WIRE_IP_EXACT, 0x1100 | WIRE_IP_EXACT,
				       0x1100};
	struct stack_fixture *f = *state;

	add(get(&f->images, 5), 0x1000, 0x1100, 1);
	add(get(&f->images, 5), 0x1100, 0x1200, 2);
	define(f, 5, 1, ips, 4, 0);
	assert_stack(f, 1, "1:11080 1:110a0 2:11100 1:110ff");
	define(f, 5, 2, ips + 1, 1, 0);
	assert_stack(f, 2, "1:110a0");
	assert_int_equal(f->refresh_calls, 0);
}

/* They have no addresses: nobody is asked for mappings, and nothing is subtracted. */
static void test_stack_frames_of_python(void **state)
{
	static const uint64_t ips[] = {0x1080, WIRE_IP_PYTHON | 77, WIRE_IP_PYTHON | 78, 0x1090};
	struct stack_fixture *f = *state;

	add(get(&f->images, 5), 0x1000, 0x1100, 1);
	f->stacks.python_module = 9;
	define(f, 5, 1, ips, 4, 0);
	assert_stack(f, 1, "1:11080 9:4d 9:4e 1:1108f");
	assert_int_equal(f->refresh_calls, 0);
	/* A recording that never said where they are. */
	f->stacks.python_module = 0;
	define(f, 5, 2, ips + 1, 2, 0);
	assert_stack(f, 2, "[unknown]");
}

static void test_frames_that_are_not_code_have_names(void **state _unused_)
{
	assert_string_equal(frame_special_name(FRAME_UNKNOWN), "[unknown]");
	assert_string_equal(frame_special_name(FRAME_EXITED), "[exited]");
	assert_string_equal(frame_special_name(FRAME_TRUNCATED), "[truncated]");
	assert_string_equal(frame_special_name(FRAME_ENDED + WIRE_END_FAULT),
			    "[unwind: stack not in memory]");
	assert_string_equal(frame_special_name(FRAME_ENDED + WIRE_END_TABLE_FULL),
			    "[unwind: tables full]");
	assert_string_equal(frame_special_name(FRAME_ENDED + WIRE_END_CNT), "[unknown]");
	assert_string_equal(frame_special_name(4711), "[unknown]");
}

static void test_stack_known_id_is_ignored(void **state)
{
	static const uint64_t first[] = {0x1080}, second[] = {0x1090, 0x1091};
	struct stack_fixture *f = *state;

	add(get(&f->images, 5), 0x1000, 0x1100, 1);
	define(f, 5, 1, first, 1, 0);
	define(f, 5, 1, second, 2, 0);
	assert_stack(f, 1, "1:11080");
	define(f, 5, 1, second, 2, 0);
	assert_stack(f, 1, "1:11080");
	assert_int_equal(f->stacks.cnt, 1);
	define(f, 5, 0, second, 2, 0); /* 0 means none */
	assert_null(stack_table__find(&f->stacks, 0));
	assert_null(stack_table__find(&f->stacks, 2));
}

static void test_stack_is_raw_until_resolved(void **state)
{
	static const uint64_t ips[] = {0x1080};
	struct stack_fixture *f = *state;

	define(f, 5, 1, ips, 1, 0);
	assert_false(stack_table__find(&f->stacks, 1)->resolved);
	assert_int_equal(stack_table__find(&f->stacks, 1)->ips[0], 0x1080);
}

static void test_stack_refresh_once_and_retry(void **state)
{
	static const uint64_t ips[] = {0x2080, 0x9000, 0x20a1};
	struct stack_fixture *f = *state;

	f->refresh_answer = 1;
	f->refresh_start = 0x2000;
	define(f, 5, 1, ips, 3, 0);
	define(f, 5, 2, ips + 1, 1, 0);
	assert_stack(f, 1, "9:12080 [unknown] 9:120a0");
	assert_stack(f, 2, "[unknown]");
	assert_int_equal(f->refresh_calls, 1);
	define(f, 5, 3, ips + 1, 1, 0); /* another round asks again, */
	define(f, 6, 4, ips + 1, 1, 0); /* and for each image */
	assert_stack(f, 3, "[unknown]");
	assert_int_equal(f->refresh_calls, 3);
}

static void test_stack_of_an_exited_process(void **state)
{
	static const uint64_t ips[] = {0x2080, 0x9000, 0x20a1};
	struct stack_fixture *f = *state;

	define(f, 5, 1, ips, 3, 0); /* a run of equal special frames is one */
	define(f, 5, 2, ips, 3, WIRE_STACK_TRUNCATED);
	assert_stack(f, 1, "[exited]");
	assert_stack(f, 2, "[exited] [truncated]");
	assert_int_equal(f->refresh_calls, 1);
	add(get(&f->images, 5), 0x2000, 0x2100, 1);
	define(f, 5, 3, ips, 3, 0); /* gone too, but its mappings are known */
	assert_stack(f, 3, "1:12080 [unknown] 1:120a0");
}

/* What a zombie's /proc/PID/maps gives. */
static void test_stack_of_mappings_read_as_empty(void **state)
{
	static const uint64_t ips[] = {0x2080, 0x9000};
	struct stack_fixture *f = *state;

	f->refresh_answer = 1;
	define(f, 5, 1, ips, 2, 0);
	define(f, 5, 2, ips, 2, 0);
	assert_stack(f, 1, "[exited]");
	assert_stack(f, 2, "[exited]");
}

static void test_stack_of_a_forked_child(void **state)
{
	static const uint64_t ips[] = {0x2080, 0x9000};
	struct stack_fixture *f = *state;

	forked(&f->images, 5, 6);
	add(get(&f->images, 5), 0x2000, 0x2100, 3);
	define(f, 6, 1, ips, 2, 0);
	assert_stack(f, 1, "3:12080 [exited]");
}

static void test_stack_empty_and_without_refresh(void **state)
{
	static const uint64_t ips[] = {0x2080};
	struct stack_fixture *f = *state;

	define(f, 5, 1, ips, 0, 0);
	define(f, 5, 2, ips, 0, WIRE_STACK_TRUNCATED);
	define(f, 5, 3, ips, 1, 0);
	assert_int_equal(stack_table__resolve(&f->stacks, &f->images, 77, UINT64_MAX, NULL, NULL),
			 0);
	assert_stack(f, 1, "");
	assert_stack(f, 2, "[truncated]");
	assert_stack(f, 3, "[exited]");
	assert_int_equal(f->refresh_calls, 0);
}

/* ---- thread ---- */

static void test_thread_names_over_time(void **state)
{
	_cleanup_buf_ struct buf b;
	struct thread_table t;
	struct thread *th;
	struct wire_thread *rec;

	(void)state;
	mkwire_init(&b);
	thread_table__init(&t);
	th = thread_table__get(&t, 7, 7000);
	assert_null(thread__find_name(th, 0));
	/* The second name comes first, from another ring. */
	rec = mkwire_at(&b, mkwire_thread(&b, 5, 7, 1, "second"));
	assert_int_equal(thread_table__add(&t, rec), 0);
	rec = mkwire_at(&b, mkwire_thread(&b, 5, 7, 0, "first"));
	assert_int_equal(thread_table__add(&t, rec), 0);
	assert_int_equal(thread_table__add(&t, rec), 0);
	th = thread_table__get(&t, 7, 7000);
	assert_int_equal(th->name_cnt, 2);
	assert_int_equal(th->pid, 5);
	assert_string_equal(thread__find_name(th, 0)->comm, "first");
	assert_string_equal(thread__find_name(th, 1)->comm, "second");
	assert_string_equal(thread__find_name(th, 9)->comm, "second");
	assert_int_equal(thread__find_name(th, 0)->image.pid, 5);
	thread_table__fini(&t);
}

static void test_thread_reused_tid_is_another_thread(void **state)
{
	struct thread_table t;

	(void)state;
	thread_table__init(&t);
	assert_int_equal(thread_table__find(&t, 7, 1), HASH_INDEX_NONE);
	assert_non_null(thread_table__get(&t, 7, 1));
	assert_non_null(thread_table__get(&t, 7, 2));
	assert_non_null(thread_table__get(&t, 7, 1));
	assert_int_equal(t.cnt, 2);
	assert_int_equal(thread_table__find(&t, 7, 1), 0);
	assert_int_equal(thread_table__find(&t, 7, 2), 1);
	assert_int_equal(thread_table__find(&t, 8, 1), HASH_INDEX_NONE);
	thread_table__fini(&t);
}

static void test_thread_summary(void **state)
{
	_cleanup_buf_ struct buf b;
	struct thread_table t;
	struct wire_summary *rec;

	(void)state;
	mkwire_init(&b);
	thread_table__init(&t);
	rec = mkwire_at(&b, mkwire_summary(&b, 5, 7, 3, "sixteen-bytes-nm"));
	memset(rec->comm, 'x', sizeof(rec->comm)); /* no NUL: the copy has one */
	rec->flags = WIRE_THREAD_EXITED;
	rec->on_cpu_ns = 1;
	rec->begin_ns = 10;
	rec->end_ns = 20;
	assert_int_equal(thread_table__add_summary(&t, rec), 0);
	rec->on_cpu_ns = 2;
	rec->flags = WIRE_THREAD_KTHREAD;
	memset(rec->comm, 'y', sizeof(rec->comm));
	assert_int_equal(thread_table__add_summary(&t, rec), 0);
	assert_true(t.items[0].has_summary);
	assert_int_equal(t.items[0].summary.on_cpu_ns, 2);
	assert_int_equal(t.items[0].flags, WIRE_THREAD_EXITED | WIRE_THREAD_KTHREAD);
	assert_string_equal(thread__find_name(&t.items[0], 3)->comm, "xxxxxxxxxxxxxxxx");
	thread_table__fini(&t);
}

/* An exec by another thread, or leaving the target and coming back: what lies between is no life. */
static void test_thread_lives_one_after_the_other_add_up(void **state)
{
	_cleanup_buf_ struct buf b;
	struct thread_table t;
	struct wire_summary *rec;

	(void)state;
	mkwire_init(&b);
	thread_table__init(&t);
	rec = mkwire_at(&b, mkwire_summary(&b, 5, 7, 3, "first"));
	rec->begin_ns = 100;
	rec->end_ns = 130;
	rec->on_cpu_ns = 10;
	rec->blocked_ns = 20;
	rec->flags = WIRE_THREAD_EXITED;
	assert_int_equal(thread_table__add_summary(&t, rec), 0);
	rec->begin_ns = 150;
	rec->end_ns = 155;
	rec->on_cpu_ns = 2;
	rec->blocked_ns = 3;
	rec->flags = 0;
	assert_int_equal(thread_table__add_summary(&t, rec), 0);
	assert_int_equal(t.items[0].summary.on_cpu_ns, 12);
	assert_int_equal(t.items[0].summary.blocked_ns, 23);
	assert_int_equal(t.items[0].summary.end_ns, 155);
	assert_int_equal(t.items[0].summary.end_ns - t.items[0].summary.begin_ns, 35);
	thread_table__fini(&t);
}

static void test_thread_keeps_the_newer_names(void **state)
{
	_cleanup_buf_ struct buf b;
	struct thread_table t;
	char comm[16];

	(void)state;
	mkwire_init(&b);
	thread_table__init(&t);
	for (uint32_t gen = 0; gen < 5000; gen++) {
		snprintf(comm, sizeof(comm), "n%u", gen);
		buf__reset(&b);
		assert_int_equal(
			thread_table__add(&t, mkwire_at(&b, mkwire_thread(&b, 5, 7, gen, comm))),
			0);
	}
	assert_true(t.items[0].name_cnt <= 1024);
	assert_string_equal(thread__find_name(&t.items[0], 4999)->comm, "n4999");
	assert_string_equal(thread__find_name(&t.items[0], 4600)->comm, "n4600");
	assert_string_equal(thread__find_name(&t.items[0], 0)->comm, "n4999");
	thread_table__fini(&t);
}

/* ---- ledger ---- */

static void set(struct ledger *l, enum wire_counter c, uint64_t v)
{
	uint64_t values[WIRE_COUNTER_CNT];

	memcpy(values, l->counters, sizeof(values));
	values[c] = v;
	ledger__set_counters(l, values, WIRE_COUNTER_CNT);
}

/* A ledger that balances: 1 s observed in 10. */
static struct ledger balanced(void)
{
	struct ledger l = {.delivered = {600000000, 6},
			   .spilled_read = {100000000, 1},
			   .open = {5000000000, 2}};

	set(&l, WIRE_C_OBSERVED_NS, 1000000000);
	set(&l, WIRE_C_OBSERVED_CNT, 10);
	set(&l, WIRE_C_FILTERED_NS, 200000000);
	set(&l, WIRE_C_FILTERED_CNT, 1);
	set(&l, WIRE_C_SPILLED_NS, 100000000);
	set(&l, WIRE_C_SPILLED_CNT, 1);
	set(&l, WIRE_C_LOST_SPILL_FULL_NS, 100000000);
	set(&l, WIRE_C_LOST_SPILL_FULL_CNT, 2);
	return l;
}

static bool says(const struct ledger *l, const char *what)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1 << 16);
	ledger__print(l, &text);
	assert_int_equal(text.err, 0);
	assert_int_equal(buf__str(&text)[text.len - 1], '\n');
	return strstr(buf__str(&text), what);
}

static void test_ledger_balances(void **state)
{
	struct ledger l = balanced();

	(void)state;
	assert_int_equal(ledger__imbalance_ns(&l), 0);
	assert_int_equal(ledger__lost(&l).ns, 100000000);
	assert_int_equal(ledger__lost(&l).cnt, 2);
	assert_true(says(&l, "off-CPU time: 1.00 s observed in 10 intervals, 600 ms delivered "
			     "(60.0 %), 200 ms filtered (20.0 %), 100 ms spilled (10.0 %), 100 ms "
			     "lost (10.0 %); still waiting at the end: 5.00 s in 2\n"));
	assert_true(says(&l, "lost_spill_full: 100 ms in 2 intervals: LOST"));
	assert_true(says(&l, "--ring-size"));
	assert_false(says(&l, "DEFECT"));
}

static void test_ledger_each_term_counts(void **state)
{
	static const size_t terms[] = {
		offsetof(struct ledger, observed),	  offsetof(struct ledger, delivered),
		offsetof(struct ledger, filtered),	  offsetof(struct ledger, spilled),
		offsetof(struct ledger, lost_spill_full), offsetof(struct ledger, spilled_read),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(terms); i++) {
		struct ledger l = balanced();
		struct ledger_term *t = (void *)((char *)&l + terms[i]);

		t->ns++;
		assert_true(says(&l, "DEFECT"));
		t->ns--;
		t->cnt++;
		assert_true(says(&l, "DEFECT"));
		t->cnt--;
		assert_false(says(&l, "DEFECT"));
	}
}

static void test_ledger_imbalance_sign_and_extremes(void **state)
{
	struct ledger l = {0};

	(void)state;
	assert_true(says(&l, "off-CPU time: 0 ns observed in 0 intervals, nothing lost\n"));
	l.delivered.ns = 5;
	assert_int_equal(ledger__imbalance_ns(&l), -5);
	assert_true(says(&l, "does not balance: -5 ns in 0"));
	l.delivered.ns = l.spilled.ns = UINT64_MAX;
	assert_true(ledger__imbalance_ns(&l) == INT64_MIN);
	assert_true(says(&l, "DEFECT"));
	l = (struct ledger){.observed.ns = UINT64_MAX};
	assert_true(ledger__imbalance_ns(&l) == INT64_MAX);
}

static void test_ledger_counters_keep_what_user_space_added(void **state)
{
	struct ledger l = {0};

	(void)state;
	set(&l, WIRE_C_FILTERED_NS, 100);
	l.filtered.ns += 7;
	set(&l, WIRE_C_FILTERED_NS, 150);
	set(&l, WIRE_C_FILTERED_NS, 150);
	assert_int_equal(l.filtered.ns, 157);
	ledger__set_counters(&l, (uint64_t[]){9}, 1); /* an older writer: fewer counters */
	assert_int_equal(l.observed.ns, 9);
	assert_int_equal(l.counters[WIRE_C_FILTERED_NS], 150);
}

static void test_ledger_names_every_counter(void **state)
{
	static const char *const names[] = {
#define X(id, name, help) name,
		WIRE_COUNTERS_LIST(X)
#undef X
	};

	(void)state;
	for (int c = WIRE_C_LOST_SPILL_FULL_CNT + 1; c < WIRE_COUNTER_CNT; c++) {
		struct ledger l = {0};

		assert_false(says(&l, names[c]));
		set(&l, c, 3);
		assert_true(says(&l, names[c]));
	}
}

static void test_ledger_small_loss_is_not_nothing(void **state)
{
	struct ledger l = {0};

	(void)state;
	l.delivered = (struct ledger_term){999999999999, 9};
	set(&l, WIRE_C_OBSERVED_NS, 1000000000000);
	set(&l, WIRE_C_OBSERVED_CNT, 10);
	set(&l, WIRE_C_LOST_SPILL_FULL_NS, 1);
	set(&l, WIRE_C_LOST_SPILL_FULL_CNT, 1);
	assert_true(says(&l, "1 ns lost (<0.1 %)"));
	assert_true(says(&l, "delivered (>99.9 %)"));
	assert_false(says(&l, "nothing lost"));
}

/* ---- sanitise ---- */

static void test_sanitise_frame(void **state)
{
#define BAD "\xef\xbf\xbd"
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"main", "main"},
		{"", "[unknown]"},
		{"   ", "[unknown]"},
		{"  a b  ", "a b"},
		{"<[u8; 16] as Debug>::fmt", "<[u8: 16] as Debug>::fmt"},
		/* Would be read as a count. */
		{"Thread 7", "Thread_7"},
		{"Thread 7 ", "Thread_7"},
		{"Thread  7", "Thread _7"},
		{"a 1 2", "a 1_2"},
		{"v 1.5", "v_1.5"},
		{"v 1.", "v_1."},
		{"v 1.2.3", "v 1.2.3"},
		{"v .5", "v .5"},
		{"v 7x", "v 7x"},
		{"7", "7"},
		{" 7", "7"},
		{"Thread7", "Thread7"},
		/* Control characters. */
		{"a\tb\nc\x7f", "a" BAD "b" BAD "c" BAD},
		{"\x01", BAD},
		{"\xc2\x80|\xc2\x9f|\xc2\xa0", BAD "|" BAD "|\xc2\xa0"},
		/* UTF-8: good ones, and the edges of the bad. */
		{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		 "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xff"
		 "a\x80",
		 BAD "a" BAD},
		{"\xc0\xaf", BAD BAD},	       /* overlong */
		{"\xe0\x80\xaf", BAD BAD BAD}, /* overlong */
		{"\xf0\x80\x80\xaf", BAD BAD BAD BAD},
		{"\xed\xa0\x80", BAD BAD BAD}, /* surrogate */
		{"\xed\xbf\xbf", BAD BAD BAD}, /* surrogate */
		{"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
		{"\xef\xbf\xbe", BAD}, /* U+FFFE */
		{"\xef\xbf\xbf", BAD}, /* U+FFFF */
		{"\xef\xbf\xbd", BAD},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* above U+10FFFF */
		{"\xf8\x88\x80\x80\x80", BAD BAD BAD BAD BAD},
		{"\xe2\x82", BAD BAD}, /* cut */
		{"\xe2\x82z", BAD BAD "z"},
	};
	_cleanup_buf_ struct buf b;

	(void)state;
	buf__init(&b, 1 << 16);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf__reset(&b);
		buf__puts(&b, "before 1;");
		assert_int_equal(sanitise_frame(cases[i].in, &b), 0);
		assert_memory_equal(buf__str(&b), "before 1;", 9);
		assert_string_equal(buf__str(&b) + 9, cases[i].out);
		assert_int_equal(strlen(buf__str(&b)), b.len);
	}
}

static void test_sanitise_length(void **state)
{
	_cleanup_buf_ struct buf b;
	char name[6000];

	(void)state;
	buf__init(&b, 1 << 16);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name + 4093, "\xe2\x82\xac", 3);
	assert_int_equal(sanitise_frame(name, &b), 0);
	assert_int_equal(b.len, 4096);
	buf__reset(&b);
	memcpy(name + 4093, "a\xe2\x82\xac", 4); /* would be cut: left out */
	assert_int_equal(sanitise_frame(name, &b), 0);
	assert_int_equal(b.len, 4094);
	buf__reset(&b);
	memcpy(name + 4090, " 12345", 6); /* the cut must not make a count */
	assert_int_equal(sanitise_frame(name, &b), 0);
	assert_string_equal(buf__str(&b) + 4090, "_12345");
}

static void test_sanitise_reports_a_full_buffer(void **state)
{
	_cleanup_buf_ struct buf b;

	(void)state;
	buf__init(&b, 3);
	assert_int_equal(sanitise_frame("main", &b), -E2BIG);
	assert_int_equal(sanitise_frame("m", &b), -E2BIG);
}

static void test_sanitise_text_keeps_what_only_frames_forbid(void **state)
{
	_cleanup_buf_ struct buf b;

	(void)state;
	buf__init(&b, 1 << 16);
	assert_int_equal(sanitise_text(" a; b 6\n\xff", &b), 0);
	assert_string_equal(buf__str(&b), " a; b 6" BAD BAD);
	buf__reset(&b);
	assert_int_equal(sanitise_text("", &b), 0);
	assert_string_equal(buf__str(&b), "");
#undef BAD
}

/* ---- profile ---- */

static void test_profile_frames_are_distinct(void **state)
{
	struct profile *p = profile__new();
	uint32_t a, b, c, d, e;

	(void)state;
	assert_non_null(p);
	assert_int_equal(profile__frame(p, "main;", "prog", FRAME_KIND_NATIVE, &a), 0);
	assert_int_equal(profile__frame(p, "main:", "prog", FRAME_KIND_NATIVE, &b), 0);
	assert_int_equal(profile__frame(p, "main:", NULL, FRAME_KIND_NATIVE, &c), 0);
	assert_int_equal(profile__frame(p, "main:", "", FRAME_KIND_NATIVE, &d), 0);
	assert_int_equal(profile__frame(p, "main:", "", FRAME_KIND_KERNEL, &e), 0);
	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	assert_int_equal(c, d);
	assert_int_not_equal(d, e);
	assert_int_equal(p->frame_cnt, 3);
	assert_string_equal(profile__str(p, p->frames[a].name), "main:");
	assert_string_equal(profile__str(p, p->frames[a].module), "prog");
	assert_int_equal(p->frames[c].module, 0);
	assert_string_equal(profile__str(p, 12345), "");
	profile__free(p);
	profile__free(NULL);
}

/* Frames of one name in two files of one name. */
static void test_profile_binaries(void **state _unused_)
{
	struct profile *p = profile__new();
	uint32_t a, b, again, bare, f, g;
	struct profile_place place = {.module = "libc.so.6"};

	assert_int_equal(profile__add_binary(p, "/lib/libc.so.6", "c0ffee", &a), 0);
	assert_int_equal(profile__add_binary(p, "/lib/libc.so.6", "beef", &b), 0);
	assert_int_equal(profile__add_binary(p, "/lib/libc.so.6", "c0ffee", &again), 0);
	assert_int_equal(profile__add_binary(p, NULL, "c0ffee", &bare), 0);
	assert_int_equal(a, 1);
	assert_int_equal(b, 2);
	assert_int_equal(again, a);
	assert_int_equal(bare, 3);
	assert_string_equal(profile__str(p, profile__binary(p, b)->path), "/lib/libc.so.6");
	assert_string_equal(profile__str(p, profile__binary(p, b)->build_id), "beef");
	assert_int_equal(profile__binary(p, bare)->path, 0);
	assert_int_equal(profile__binary(p, 0)->build_id, 0);
	assert_int_equal(profile__binary(p, 4)->build_id, 0);
	place.binary = a;
	assert_int_equal(profile__frame_at(p, "read", FRAME_KIND_NATIVE, &place, &f), 0);
	place.binary = b;
	assert_int_equal(profile__frame_at(p, "read", FRAME_KIND_NATIVE, &place, &g), 0);
	assert_int_not_equal(f, g);
	assert_int_equal(profile__frame_at(p, "read", FRAME_KIND_NATIVE, &place, &again), 0);
	assert_int_equal(again, g);
	place.binary = 4;
	assert_int_equal(profile__frame_at(p, "read", FRAME_KIND_NATIVE, &place, &f), -EINVAL);
	assert_int_equal(profile__text(p, "a\nb", &f), 0);
	assert_string_equal(profile__str(p, f), "a\xef\xbf\xbd"
						"b");
	profile__free(p);
}

static void test_profile_samples(void **state)
{
	struct profile *p = profile__new();
	struct profile_sample s = {.cnt = 1, .blocked_ns = 2, .runnable_ns = 3};
	uint32_t root, leaf;

	(void)state;
	assert_int_equal(profile__frame(p, "root", NULL, FRAME_KIND_PROCESS, &root), 0);
	assert_int_equal(profile__frame(p, "leaf", NULL, FRAME_KIND_NATIVE, &leaf), 0);
	assert_int_equal(profile__add_sample(p, &s, NULL, 0), 0);
	assert_int_equal(profile__add_sample(p, &s, (uint32_t[]){root, leaf}, 2), 0);
	assert_int_equal(profile__add_sample(p, &s, (uint32_t[]){root, leaf, leaf}, 3), 0);
	assert_int_equal(profile__add_sample(p, &s, (uint32_t[]){2}, 1), -EINVAL);
	assert_int_equal(p->sample_cnt, 3);
	assert_int_equal(p->samples[2].first_frame, 2);
	assert_int_equal(p->samples[2].frame_cnt, 3);
	assert_ptr_equal(profile__sample_frame(p, &p->samples[1], 1), &p->frames[leaf]);
	assert_ptr_equal(profile__sample_frame(p, &p->samples[2], 0), &p->frames[root]);
	assert_int_equal(profile_sample__total_ns(&p->samples[2]), 5);
	profile__free(p);
}

static void test_profile_threads_and_notes(void **state)
{
	struct profile *p = profile__new();

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(profile__add_thread(p, &(struct profile_thread){.tid = i}), 0);
	assert_int_equal(p->thread_cnt, 100);
	assert_int_equal(p->threads[99].tid, 99);
	assert_int_equal(profile__add_note(p, "kernel", "Linux\n6"), 0);
	assert_string_equal(profile__str(p, p->notes[0].key), "kernel");
	assert_string_equal(profile__str(p, p->notes[0].value), "Linux\xef\xbf\xbd"
								"6");
	profile__free(p);
}

#define STACK_TEST(f) cmocka_unit_test_setup_teardown(f, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason_names_go_both_ways),
		cmocka_unit_test(test_module_identity),
		cmocka_unit_test(test_module_takes_the_file_only_if_added),
		cmocka_unit_test(test_module_name),
		cmocka_unit_test(test_mapping_overlaps_are_cut_as_mmap_does),
		cmocka_unit_test(test_mapping_find_edges),
		cmocka_unit_test(test_mapping_refuses_nonsense_and_too_many),
		cmocka_unit_test(test_image_key_is_pid_exec_and_start),
		cmocka_unit_test(test_image_never_read_uses_its_parents),
		cmocka_unit_test(test_image_mappings_are_its_own_or_its_parents),
		cmocka_unit_test(test_what_is_cut_from_writable_memory_is_writable),
		cmocka_unit_test(test_image_fork_circles_end),
		STACK_TEST(test_stack_user_offsets),
		STACK_TEST(test_stack_kernel_addresses),
		STACK_TEST(test_stack_says_why_its_walk_ended),
		STACK_TEST(test_stack_addresses_of_instructions_are_taken_as_they_are),
		STACK_TEST(test_stack_frames_of_python),
		cmocka_unit_test(test_frames_that_are_not_code_have_names),
		STACK_TEST(test_stack_known_id_is_ignored),
		STACK_TEST(test_stack_is_raw_until_resolved),
		STACK_TEST(test_stack_refresh_once_and_retry),
		STACK_TEST(test_stack_of_an_exited_process),
		STACK_TEST(test_stack_of_mappings_read_as_empty),
		STACK_TEST(test_stack_of_a_forked_child),
		STACK_TEST(test_stack_empty_and_without_refresh),
		cmocka_unit_test(test_thread_names_over_time),
		cmocka_unit_test(test_thread_reused_tid_is_another_thread),
		cmocka_unit_test(test_thread_summary),
		cmocka_unit_test(test_thread_lives_one_after_the_other_add_up),
		cmocka_unit_test(test_thread_keeps_the_newer_names),
		cmocka_unit_test(test_ledger_balances),
		cmocka_unit_test(test_ledger_each_term_counts),
		cmocka_unit_test(test_ledger_imbalance_sign_and_extremes),
		cmocka_unit_test(test_ledger_counters_keep_what_user_space_added),
		cmocka_unit_test(test_ledger_names_every_counter),
		cmocka_unit_test(test_ledger_small_loss_is_not_nothing),
		cmocka_unit_test(test_sanitise_frame),
		cmocka_unit_test(test_sanitise_length),
		cmocka_unit_test(test_sanitise_reports_a_full_buffer),
		cmocka_unit_test(test_sanitise_text_keeps_what_only_frames_forbid),
		cmocka_unit_test(test_profile_frames_are_distinct),
		cmocka_unit_test(test_profile_binaries),
		cmocka_unit_test(test_profile_samples),
		cmocka_unit_test(test_profile_threads_and_notes),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
