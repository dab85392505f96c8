/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Frames of Python: offsets by version, the walk over a made-up process, names and lines, one stack out of two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdio.h>

#include "base/compiler.h"
#include "fixtures/python_sim.h"
#include "format/python_stack.h"

static const uint16_t versions[] = {0x030b, 0x030c, 0x030d, 0x030e};

static int teardown(void **state _unused_)
{
	sim_end();
	return 0;
}

#define ASSERT_WORD(i, code, instr, entry)      \
	assert_int_equal(sim.walk.out.words[i], \
			 PYTHON_WORD((code), (instr)) | ((entry) ? PYTHON_ENTRY : 0))

/* ---- offsets ---- */

static void test_offsets_are_taken_by_version(void **state _unused_)
{
	uint64_t words[SIM_NUMBERS + 3];
	struct python_layout l;

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		sim_debug_offsets(versions[i], words);
		assert_int_equal(python_offsets(versions[i], words, sizeof(words), &l), 0);
		assert_int_equal(l.version, versions[i]);
		assert_int_equal(l.process.shim_owner == PYTHON_NONE, versions[i] == 0x030b);
		if (versions[i] < 0x030d)
			continue;
		assert_int_equal(l.process.interpreters, 800);
		assert_int_equal(l.process.interp_next, 7200);
		assert_int_equal(l.process.interp_threads, 7216);
		assert_int_equal(l.process.thread_frame, 72);
		assert_int_equal(l.process.thread_tid, 152);
		assert_int_equal(l.process.frame_owner, versions[i] == 0x030e ? 74 : 70);
		assert_int_equal(l.process.code_instrs, 200);
		assert_int_equal(l.objects.code_firstlineno, 68);
		assert_int_equal(l.objects.bytes_data, 32);
		assert_int_equal(l.objects.str_state, 32);
		assert_int_equal(l.objects.str_other, 56);
	}
}

static void test_what_is_not_known_is_refused(void **state _unused_)
{
	uint64_t words[SIM_NUMBERS + 3];
	struct python_layout l;

	assert_int_equal(python_offsets(0x030a, NULL, 0, &l), -ENOTSUP);
	assert_int_equal(python_offsets(0x030f, NULL, 0, &l), -ENOTSUP);
	assert_int_equal(python_offsets(0x030d, NULL, 0, &l), -ENOTSUP);
	sim_debug_offsets(0x030d, words);
	assert_int_equal(python_offsets(0x030e, words, sizeof(words), &l), -ENOTSUP);
	assert_int_equal(python_offsets(0x030d, words, 69 * 8, &l), -ENOTSUP);
	words[2] = 1; /* free-threaded */
	assert_int_equal(python_offsets(0x030d, words, sizeof(words), &l), -ENOTSUP);
	sim_debug_offsets(0x030d, words);
	words[0]++;
	assert_int_equal(python_offsets(0x030d, words, sizeof(words), &l), -ENOTSUP);
}

static void test_offsets_that_cannot_be_are_refused(void **state _unused_)
{
	static const uint64_t bad[] = {1u << 30, UINT64_MAX, 1ull << 32, 4097};
	/* runtime, interpreter, thread, frame, code, object, str */
	static const int at[] = {2, 5, 20, 26, 33, 42, 67};
	uint64_t words[SIM_NUMBERS + 3];
	struct python_layout l;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		for (size_t k = 0; k < ARRAY_SIZE(at); k++) {
			sim_debug_offsets(0x030d, words);
			words[3 + at[k]] = bad[i];
			assert_int_equal(python_offsets(0x030d, words, sizeof(words), &l),
					 -ENOTSUP);
		}
}

static void test_names_of_interpreters(void **state _unused_)
{
	assert_true(python_is_name("python3.11"));
	assert_true(python_is_name("python3"));
	assert_true(python_is_name("libpython3.13.so.1.0"));
	assert_false(python_is_name("python2.7"));
	assert_false(python_is_name("libboost_python311.so"));
	assert_false(python_is_name("xlibpython3.so"));
	assert_false(python_is_name(""));
}

/* ---- the walk ---- */

static void test_frames_and_who_called_them(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		uint64_t a, b, c;

		sim_reset(versions[i]);
		a = sim_code("a", "f", 1);
		b = sim_code("b", "f", 10);
		c = sim_code("c", "f", 20);
		sim_add_interpreter();
		sim_add_thread(77);
		sim_add_frame(a, 1, true);
		sim_add_frame(b, 2, false);
		sim_add_frame(c, 3, true);
		sim_add_frame(a, 4, false);
		assert_true(sim_walk(77, PYTHON_MAX_FRAMES));
		assert_int_equal(sim.walk.out.flags, PYTHON_W_DONE);
		assert_int_equal(sim.walk.out.cnt, 4);
		ASSERT_WORD(0, a, 4, false);
		ASSERT_WORD(1, c, 3, true);
		ASSERT_WORD(2, b, 2, false);
		ASSERT_WORD(3, a, 1, true);
	}
}

static void test_a_call_without_a_frame_yet(void **state _unused_)
{
	uint64_t a, mark;

	sim_reset(0x030d);
	a = sim_code("a", "f", 1);
	sim_add_interpreter();
	sim_add_thread(77);
	sim_add_frame(a, 1, true);
	mark = sim_new(96);
	sim_put64(mark + sim.layout.process.frame_previous, sim.frame);
	sim_put8(mark + sim.layout.process.frame_owner, 3);
	sim_set_frame(mark);
	assert_true(sim_walk(77, PYTHON_MAX_FRAMES));
	assert_int_equal(sim.walk.out.cnt, 2);
	assert_int_equal(sim.walk.out.words[0], PYTHON_ENTRY);
	ASSERT_WORD(1, a, 1, true);
}

static void test_a_mark_behind_all_frames_is_no_call(void **state _unused_)
{
	uint64_t a, mark;

	sim_reset(0x030e);
	a = sim_code("a", "f", 1);
	sim_add_interpreter();
	sim_add_thread(77);
	mark = sim_new(96);
	sim_put8(mark + sim.layout.process.frame_owner, 3);
	sim_set_frame(mark);
	sim_add_frame(a, 1, true);
	assert_true(sim_walk(77, PYTHON_MAX_FRAMES));
	assert_int_equal(sim.walk.out.cnt, 1);
	ASSERT_WORD(0, a, 1, true);
	assert_int_equal(sim.walk.out.flags, PYTHON_W_DONE);
}

static void test_the_thread_is_found_among_all(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		sim_reset(versions[i]);
		for (uint32_t t = 0; t < 6; t++) {
			if (t % 3 == 0)
				sim_add_interpreter();
			sim_add_thread(100 + t);
			sim_add_frame(sim_code("f", "f", 1), t, true);
		}
		for (uint32_t t = 0; t < 6; t++) {
			assert_true(sim_walk(100 + t, PYTHON_MAX_FRAMES));
			assert_int_equal(PYTHON_INSTR(sim.walk.out.words[0]), t);
		}
		assert_false(sim_walk(99, PYTHON_MAX_FRAMES));
	}
}

static void test_of_two_states_of_a_thread_the_one_with_frames(void **state _unused_)
{
	sim_reset(0x030c);
	sim_add_interpreter();
	sim_add_thread(5);
	sim_add_frame(sim_code("f", "f", 1), 3, true);
	sim_add_interpreter();
	sim_add_thread(5);
	assert_true(sim_walk(5, PYTHON_MAX_FRAMES));
	assert_int_equal(sim.walk.out.cnt, 1);
}

static bool check_known(uint64_t thread, uint32_t tid)
{
	python_begin(&sim.walk);
	sim.walk.thread = thread;
	sim.walk.tid = tid;
	return python_check(&sim.walk);
}

static void test_a_state_that_is_no_longer_linked_is_none(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		const struct python_process *p = &sim.layout.process;
		uint64_t first, second, third;

		sim_reset(versions[i]);
		sim_add_interpreter();
		first = sim_add_thread(1);
		second = sim_add_thread(2);
		third = sim_add_thread(3);
		sim.walk.process = *p;
		assert_true(check_known(first, 1));
		assert_true(check_known(second, 2));
		assert_true(check_known(third, 3));
		assert_false(check_known(second, 3));
		assert_false(check_known(0, 0));
		assert_false(check_known(4, 0));
		/* Deleted: its neighbours no longer know it, its own content is as it was. */
		sim_put64(third + p->thread_next, first);
		sim_put64(first + p->thread_prev, third);
		assert_false(check_known(second, 2));
		assert_true(check_known(first, 1));
		sim_put64(sim.interp + p->interp_threads, first);
		assert_false(check_known(third, 3));
	}
}

static void test_a_walk_ends_at_its_limit(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		uint64_t a;

		sim_reset(versions[i]);
		a = sim_code("a", "f", 1);
		sim_add_interpreter();
		sim_add_thread(7);
		for (uint32_t k = 0; k < 150; k++)
			sim_add_frame(a, k, k % 4 == 0);
		assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
		assert_int_equal(sim.walk.out.cnt, PYTHON_MAX_FRAMES);
		assert_int_equal(sim.walk.out.flags, PYTHON_W_DONE | PYTHON_W_CUT);
		ASSERT_WORD(PYTHON_MAX_FRAMES - 1, a, 22, false);
		assert_true(sim_walk(7, 3));
		assert_int_equal(sim.walk.out.cnt, 3);
		assert_int_equal(sim.walk.out.flags, PYTHON_W_DONE | PYTHON_W_CUT);
	}
}

static void test_frames_that_go_in_circles_end(void **state _unused_)
{
	uint64_t a, first, last;

	sim_reset(0x030d);
	a = sim_code("a", "f", 1);
	sim_add_interpreter();
	sim_add_thread(7);
	first = sim_add_frame(a, 1, true);
	last = sim_add_frame(a, 2, false);
	sim_put64(first + sim.layout.process.frame_previous, last);
	assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
	assert_int_equal(sim.walk.out.flags, PYTHON_W_DONE | PYTHON_W_CUT);
	/* Marks only: they need no room. */
	sim_put8(first + sim.layout.process.frame_owner, 3);
	sim_put8(last + sim.layout.process.frame_owner, 3);
	assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
	assert_true(sim.walk.out.flags & PYTHON_W_CUT);
}

static void test_memory_that_cannot_be_read(void **state _unused_)
{
	uint64_t a, first;

	sim_reset(0x030b);
	a = sim_code("a", "f", 1);
	sim_add_interpreter();
	sim_add_thread(7);
	first = sim_add_frame(a, 1, true);
	sim_add_frame(a, 2, false);
	sim_put64(first + sim.layout.process.frame_previous, 0xdead0000);
	assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
	assert_int_equal(sim.walk.out.cnt, 2);
	assert_int_equal(sim.walk.out.flags, PYTHON_W_DONE | PYTHON_W_CUT | PYTHON_W_FAULT);
	sim_put64(sim.layout.process.interpreters, 0);
	assert_false(sim_walk(7, PYTHON_MAX_FRAMES));
	sim_put64(sim.layout.process.interpreters, 8);
	assert_false(sim_walk(7, PYTHON_MAX_FRAMES));
	sim.layout.process.interpreters = 16;
	assert_false(sim_walk(7, PYTHON_MAX_FRAMES));
}

/* At the end of what is mapped long reads fail, short ones do not. */
static void test_the_last_frame_of_a_mapping(void **state _unused_)
{
	uint64_t a;

	sim_reset(0x030e);
	a = sim_code("a", "f", 1);
	sim_add_interpreter();
	sim_add_thread(7);
	sim.used = SIM_BASE + SIM_BYTES - 96 - 16;
	sim_add_frame(a, 1, false);
	assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
	assert_int_equal(sim.walk.out.cnt, 1);
	assert_int_equal(sim.walk.out.flags, PYTHON_W_DONE);
}

/* What lies beside a page may not be mapped: frames at its very beginning, a thread at its end. */
static void test_no_neighbouring_page_is_touched(void **state _unused_)
{
	uint64_t a;

	sim_reset(0x030d);
	a = sim_code("a", "f", 1);
	sim_add_interpreter();
	sim.used = SIM_BASE + SIM_BYTES - 256;
	sim_add_thread(7);
	sim.used = SIM_BASE;
	sim_add_frame(a, 1, true);
	sim_add_frame(a, 2, false);
	assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
	assert_int_equal(sim.walk.out.cnt, 2);
	assert_int_equal(sim.faults, 0);
}

static void test_instructions_outside_of_the_code(void **state _unused_)
{
	uint64_t a, frame;

	sim_reset(0x030b);
	a = sim_code("a", "f", 1);
	sim_add_interpreter();
	sim_add_thread(7);
	frame = sim_add_frame(a, 0, true);
	sim_put64(frame + sim.layout.process.frame_instr, a + sim.layout.process.code_instrs - 2);
	assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
	ASSERT_WORD(0, a, PYTHON_NO_INSTR, true);
	sim_put64(frame + sim.layout.process.frame_code, 1ull << 50);
	assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
	ASSERT_WORD(0, 0ull, PYTHON_NO_INSTR, true);
}

static void test_ids_differ_by_everything_in_a_frame(void **state _unused_)
{
	uint64_t a, b, hash[5];

	for (int i = 0; i < 5; i++) {
		sim_reset(0x030c);
		a = sim_code("a", "f", 1);
		b = sim_code("b", "f", 1);
		sim_add_interpreter();
		sim_add_thread(7);
		sim_add_frame(a, 1, true);
		sim_add_frame(i == 1 ? b : a, i == 2 ? 2 : 1, i == 3);
		if (i == 4)
			sim_add_frame(a, 1, false);
		assert_true(sim_walk(7, PYTHON_MAX_FRAMES));
		hash[i] = python_stack_id(4711, sim.walk.out.hash, sim.walk.out.cnt);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(hash[i], hash[k]);
	}
	assert_int_equal(python_stack_id(4711, 5, 0), 4711);
}

/* ---- names ---- */

#define ASSERT_PLACE(code, instr, n, f, l)                                                      \
	do {                                                                                    \
		struct python_place p_;                                                         \
		assert_int_equal(                                                               \
			python_code_read(&sim.layout, SIM_BIAS, &sim_memory, code, instr, &p_), \
			0);                                                                     \
		assert_string_equal(buf__str(&p_.name), n);                                     \
		assert_string_equal(buf__str(&p_.file), f);                                     \
		assert_int_equal(p_.line, l);                                                   \
		python_place__fini(&p_);                                                        \
	} while (0)

static int read_code(uint64_t code)
{
	struct python_place p;
	int err = python_code_read(&sim.layout, SIM_BIAS, &sim_memory, code, 0, &p);

	if (!err)
		python_place__fini(&p);
	return err;
}

static void test_names_and_lines(void **state _unused_)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		uint64_t code;

		sim_reset(versions[i]);
		code = sim_code("Class.method", "/dir/file.py", 100);
		ASSERT_PLACE(code, 0, "Class.method", "/dir/file.py", 100);
		ASSERT_PLACE(code, 7, "Class.method", "/dir/file.py", 107);
		ASSERT_PLACE(code, 8, "Class.method", "/dir/file.py", 0);
		ASSERT_PLACE(code, PYTHON_NO_INSTR, "Class.method", "/dir/file.py", 100);
	}
}

static void test_names_of_all_kinds_of_characters(void **state _unused_)
{
	static const uint8_t latin[] = {'g', 0xf6, 0xdf};
	static const uint16_t wide[] = {0x540d, 0xd800, 'x'};
	static const uint32_t widest[] = {0x1f40d, 0, 0x110000};
	uint64_t code;

	sim_reset(0x030b);
	code = sim_code_of(sim_str(latin, 3, 1, false, 2), sim_str(wide, 3, 2, false, 2), 1, "", 0);
	ASSERT_PLACE(code, 0, "g\u00f6\u00df", "\u540d\ufffdx", 0);
	sim_reset(0x030e);
	/* Where `interned` is a byte, or two. */
	code = sim_code_of(sim_str(widest, 3, 4, false, 8), sim_str("a", 1, 1, true, 16), 1, "", 0);
	ASSERT_PLACE(code, 0, "\U0001f40d\ufffd\ufffd", "a", 0);
}

static void test_what_is_no_code_object(void **state _unused_)
{
	const struct python_objects *o = &sim.layout.objects;
	uint64_t code, name;

	sim_reset(0x030d);
	name = sim_text("name");
	code = sim_code_of(name, sim_text("file"), 1, "", 0);
	assert_int_equal(read_code(code), 0);
	assert_int_equal(read_code(code + 8), -EBADMSG);
	assert_int_equal(read_code(code + 1), -EBADMSG);
	assert_int_equal(read_code(0), -EBADMSG);
	assert_int_equal(read_code(name), -EBADMSG);
	assert_int_equal(read_code(0xdead0000), -EFAULT);
	sim_put64(code + o->code_qualname, code);
	assert_int_equal(read_code(code), -EBADMSG);
	sim_put64(code + o->code_qualname, 0xdead0000);
	assert_int_equal(read_code(code), -EFAULT);
	sim_put64(code + o->code_qualname, name);
	/* Not compact: a subclass, which compilers do not make names of. */
	sim_put32(name + o->str_state, 1 << 2);
	assert_int_equal(read_code(code), -EBADMSG);
	/* Longer than memory goes; longer than any name. */
	sim_put32(name + o->str_state, (1 | 8 | 16) << 2);
	sim_put64(name + o->str_length, UINT64_MAX);
	sim.bytes = name + o->str_ascii + PYTHON_MAX_CHARS - 1 - SIM_BASE;
	assert_int_equal(read_code(code), -EFAULT);
	sim.bytes++;
	assert_int_equal(read_code(code), 0);
}

static void test_tables_of_lines(void **state _unused_)
{
	/* 2 instructions on the first line with columns; 1 two lines on; 8 by svarint -3; 1 long; 1 none */
	static const uint8_t table[] = {0x81, 0x00, 0xe0, 1, 2, 0xef, 7, 0xf0, 2, 1, 1, 1, 0xf8};

	assert_int_equal(python_line(table, sizeof(table), 50, 0), 50);
	assert_int_equal(python_line(table, sizeof(table), 50, 1), 50);
	assert_int_equal(python_line(table, sizeof(table), 50, 2), 52);
	assert_int_equal(python_line(table, sizeof(table), 50, 3), 49);
	assert_int_equal(python_line(table, sizeof(table), 50, 10), 49);
	assert_int_equal(python_line(table, sizeof(table), 50, 11), 50);
	assert_int_equal(python_line(table, sizeof(table), 50, 12), 0);
	assert_int_equal(python_line(table, sizeof(table), 50, 13), 0);
	/* Cut, and without the bit that begins an entry. */
	assert_int_equal(python_line(table, 4, 50, 2), 0);
	assert_int_equal(python_line(table + 1, 4, 50, 0), 0);
	assert_int_equal(python_line(NULL, 0, 50, 0), 0);
}

/* ---- one stack out of two ---- */

#define LOOP  0x1000
#define COLD  0x8000
#define E     (LOOP + 8) /* a call in the loop */
#define PY(n) (WIRE_IP_PYTHON | (n))

/* Words: 1 a frame, 2 an entry, 3 a call without a frame. Places are numbered from 1; the last argument ends the result. */
static bool merge(const __u64 *ips, uint32_t ip_cnt, bool ips_cut, const char *words,
		  bool words_cut, const __u64 *expected, uint32_t cnt)
{
	__u64 raw[64], places[64], out[WIRE_MAX_FRAMES];
	uint32_t n = (uint32_t)strlen(words), out_cnt;
	struct python_stack s = {
		.ips = ips,
		.ip_cnt = ip_cnt,
		.ips_cut = ips_cut,
		.loop = {{LOOP, LOOP + 0x100}, {COLD, COLD + 0x10}},
		.words = raw,
		.places = places,
		.word_cnt = n,
		.words_cut = words_cut,
	};
	bool agree;

	for (uint32_t i = 0; i < n; i++) {
		raw[i] = words[i] == '3'
				 ? PYTHON_ENTRY
				 : PYTHON_WORD(0x5000ull, i) | (words[i] == '2' ? PYTHON_ENTRY : 0);
		places[i] = words[i] == '3' ? 0 : PY(i + 1);
	}
	agree = python_stack_merge(&s, out, &out_cnt);
	assert_int_equal(out_cnt, cnt);
	assert_memory_equal(out, expected, cnt * sizeof(*out));
	return agree;
}

#define IPS(...) ((const __u64[]){__VA_ARGS__})
#define MERGE(ips, ips_cut, words, words_cut, expected) \
	merge(ips, sizeof(ips) / 8, ips_cut, words, words_cut, expected, sizeof(expected) / 8)

static void test_runs_take_the_place_of_calls(void **state _unused_)
{
	assert_true(MERGE(IPS(1, E, 2, 3, E, 4), false, "1212", false,
			  IPS(1, PY(1), PY(2), 2, 3, PY(3), PY(4), 4)));
	assert_true(MERGE(IPS(E, COLD + 1, 4), false, "22", false, IPS(PY(1), PY(2), 4)));
	/* A return address at the very beginning belongs to what lies before. */
	assert_true(MERGE(IPS(1, LOOP, E, 4), false, "2", false, IPS(1, LOOP, PY(1), 4)));
	assert_true(MERGE(IPS(LOOP, 4), false, "2", false, IPS(PY(1), 4)));
	assert_true(MERGE(IPS(1, LOOP | WIRE_IP_EXACT, 4), false, "2", false, IPS(1, PY(1), 4)));
}

static void test_a_call_that_has_no_frame(void **state _unused_)
{
	/* Interrupted at its beginning or end; 3.12 and later may say so. */
	assert_true(MERGE(IPS(E, 1, E, 4), false, "12", false, IPS(E, 1, PY(1), PY(2), 4)));
	assert_true(MERGE(IPS(E, 1, E, 4), false, "312", false, IPS(E, 1, PY(2), PY(3), 4)));
}

static void test_stacks_that_are_cut(void **state _unused_)
{
	/* Python's: what is missing is behind the last call that has frames, or behind all. */
	assert_true(MERGE(IPS(1, E, 2, E, 4), false, "1211", true,
			  IPS(1, PY(1), PY(2), 2, PY(3), PY(4), E, 4)));
	assert_true(MERGE(IPS(1, E, 2, E, 3, E, 4), false, "12", true,
			  IPS(1, PY(1), PY(2), 2, E, 3, E, 4)));
	/* Native ones: the rest is outermost. */
	assert_true(MERGE(IPS(1, E, 2), true, "12122", false,
			  IPS(1, PY(1), PY(2), 2, PY(3), PY(4), PY(5))));
	assert_true(MERGE(IPS(1), true, "12", false, IPS(1, PY(1), PY(2))));
}

static void test_stacks_that_disagree(void **state _unused_)
{
	assert_false(MERGE(IPS(1, E, 2, E, 4), false, "12222", false,
			   IPS(1, E, 2, PY(1), PY(2), PY(3), PY(4), PY(5), E, 4)));
	assert_false(MERGE(IPS(1, E, 2, E, 3, E, 4), false, "2", false,
			   IPS(1, E, 2, E, 3, PY(1), E, 4)));
	assert_false(MERGE(IPS(1, 4), false, "2", false, IPS(1, 4, PY(1))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets_are_taken_by_version),
		cmocka_unit_test(test_what_is_not_known_is_refused),
		cmocka_unit_test(test_offsets_that_cannot_be_are_refused),
		cmocka_unit_test(test_names_of_interpreters),
		cmocka_unit_test_teardown(test_frames_and_who_called_them, teardown),
		cmocka_unit_test_teardown(test_a_call_without_a_frame_yet, teardown),
		cmocka_unit_test_teardown(test_a_mark_behind_all_frames_is_no_call, teardown),
		cmocka_unit_test_teardown(test_the_thread_is_found_among_all, teardown),
		cmocka_unit_test_teardown(test_of_two_states_of_a_thread_the_one_with_frames,
					  teardown),
		cmocka_unit_test_teardown(test_a_state_that_is_no_longer_linked_is_none, teardown),
		cmocka_unit_test_teardown(test_a_walk_ends_at_its_limit, teardown),
		cmocka_unit_test_teardown(test_frames_that_go_in_circles_end, teardown),
		cmocka_unit_test_teardown(test_memory_that_cannot_be_read, teardown),
		cmocka_unit_test_teardown(test_the_last_frame_of_a_mapping, teardown),
		cmocka_unit_test_teardown(test_no_neighbouring_page_is_touched, teardown),
		cmocka_unit_test_teardown(test_instructions_outside_of_the_code, teardown),
		cmocka_unit_test_teardown(test_ids_differ_by_everything_in_a_frame, teardown),
		cmocka_unit_test_teardown(test_names_and_lines, teardown),
		cmocka_unit_test_teardown(test_names_of_all_kinds_of_characters, teardown),
		cmocka_unit_test_teardown(test_what_is_no_code_object, teardown),
		cmocka_unit_test(test_tables_of_lines),
		cmocka_unit_test(test_runs_take_the_place_of_calls),
		cmocka_unit_test(test_a_call_that_has_no_frame),
		cmocka_unit_test(test_stacks_that_are_cut),
		cmocka_unit_test(test_stacks_that_disagree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
