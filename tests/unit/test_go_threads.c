/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Threads of Go: which goroutine they have, over memory that is made here; and where the walk of their stacks ends and goes on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/compiler.h"
#include "fixtures/mkgo.h"
#include "fixtures/unwind_host.h"
#include "format/elf_go.h"
#include "format/go_threads.h"
#include "go_thread.h"

#define PT_LOAD_TYPE 1
#define PT_TLS_TYPE  7

/* ---- the thread ---- */

#define BASE  0xc000000000ull
#define WORDS 512

static uint64_t memory[WORDS];
static uint64_t hole; /* the word that can't be read; 0: none */

static __always_inline bool go_read(const void *who, __u64 addr, void *to, __u32 len)
{
	(void)who;
	if (addr < BASE || len > sizeof(memory) || addr - BASE > sizeof(memory) - len ||
	    (hole && addr <= hole && hole - addr < len))
		return false;
	memcpy(to, (const char *)memory + (addr - BASE), len);
	return true;
}

#define M    (BASE + 0x100)
#define G0   (BASE + 0x200)
#define G    (BASE + 0x400)
#define TP   (BASE + 0xf00)
#define CURG 192
#define BP   104
#define GOPC 280

#define TEXT	   0x400000
#define CREATED_BY 0x404040
#define FIRST	   0x408000

static void put(uint64_t addr, uint64_t value)
{
	memory[(addr - BASE) / 8] = value;
}

static void put_g(uint64_t g, uint64_t lo, uint64_t hi)
{
	put(g, lo);
	put(g + 8, hi);
	put(g + 48, M);
}

static struct go_process process(void)
{
	return (struct go_process){
		.tls = -8,
		.slot_cnt = 1,
		.m_curg = CURG,
		.g_bp = BP,
		.g_gopc = GOPC,
		.idle_cut_cnt = 1,
		.text = {TEXT, TEXT + 0x100000},
		.first = {FIRST, FIRST + 0x100},
		.marker = {0x403000, 0x403020},
		.cuts = {{0x401000, 0x401100}, {0x402000, 0x402100}},
	};
}

static int setup(void **state _unused_)
{
	memset(memory, 0, sizeof(memory));
	hole = 0;
	put_g(G0, 0x10000, 0x20000);
	put_g(G, 0x80000, 0x90000);
	put(M, G0);
	put(M + CURG, G);
	put(G + 56, 0x88000);
	put(G + 64, 0x403008);
	put(G + BP, 0x88100);
	put(G + GOPC, CREATED_BY);
	put(TP - 8, G);
	host_reset();
	return 0;
}

static int teardown(void **state _unused_)
{
	host_reset();
	return 0;
}

static struct go_thread look(const struct go_process *p)
{
	struct go_thread t;

	memset(&t, HOST_RUBBISH, sizeof(t));
	go_thread_begin(&t);
	go_thread_look(NULL, p, TP, &t);
	return t;
}

static void test_a_goroutine_on_its_own_stack(void **state _unused_)
{
	struct go_process p = process();
	struct go_thread t = look(&p);

	assert_int_equal(t.class, WIRE_GO_USER);
	assert_int_equal(t.created_by, CREATED_BY);
	/* Who creates the first one is of no interest, and what is no code is none of it. */
	put(G + GOPC, FIRST + 8);
	assert_int_equal(look(&p).created_by, 0);
	put(G + GOPC, TEXT - 1);
	assert_int_equal(look(&p).created_by, 0);
}

static void test_the_runtime_works_for_a_goroutine(void **state _unused_)
{
	struct go_process p = process();
	struct go_thread t;

	put(TP - 8, G0);
	t = look(&p);
	assert_int_equal(t.class, WIRE_GO_SYSTEM);
	assert_int_equal(t.created_by, CREATED_BY);
	assert_int_equal(t.stack.lo, 0x10000);
	assert_int_equal(t.stack.hi, 0x20000);
	assert_int_equal(t.stack.pc, 0x403008);
	assert_int_equal(t.stack.sp, 0x88000);
	assert_int_equal(t.stack.fp, 0x88100);
	assert_int_equal(t.stack.fp_at, G + BP);
}

static void test_registers_that_make_no_sense_are_not_followed(void **state _unused_)
{
	static const struct {
		uint64_t at, value;
	} bad[] = {
		{G + 56, 0x7fff8}, {G + 56, 0x90000},  {G + 56, 0x88004},
		{G + 64, 0},	   {G + 64, 0x300000},
	};
	struct go_process p = process();

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		setup(NULL);
		put(TP - 8, G0);
		put(bad[i].at, bad[i].value);
		assert_int_equal(look(&p).class, WIRE_GO_SYSTEM);
		assert_int_equal(look(&p).stack.pc, 0);
	}
}

static void test_one_that_is_about_to_run_is_not_followed(void **state _unused_)
{
	struct go_process p = process();

	put(TP - 8, G0);
	put(G + 48, 0);
	assert_int_equal(look(&p).class, WIRE_GO_SYSTEM);
	assert_int_equal(look(&p).stack.pc, 0);
	assert_int_equal(look(&p).created_by, 0);
}

static void test_a_thread_without_goroutine(void **state _unused_)
{
	struct go_process p = process();
	struct go_thread t;

	put(TP - 8, G0);
	put(M + CURG, 0);
	t = look(&p);
	assert_int_equal(t.class, WIRE_GO_IDLE);
	assert_int_equal(t.created_by, 0);
	assert_int_equal(t.stack.pc, 0);
	assert_int_equal(t.stack.hi, 0x20000);
}

/* That of signals, for one, is neither g0 nor curg. */
static void test_other_structs_are_no_class(void **state _unused_)
{
	static const uint64_t places[] = {0, 1, G + 4, M, BASE + 0x600, BASE + 8 * WORDS};
	struct go_process p = process();

	put_g(BASE + 0x600, 0x30000, 0x40000);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		put(TP - 8, places[i]);
		assert_int_equal(look(&p).class, WIRE_GO_NONE);
	}
	put(TP - 8, G);
	for (uint64_t at = BASE; at < BASE + 8 * WORDS; at += 8) {
		hole = at;
		assert_in_range(look(&p).class, WIRE_GO_NONE, WIRE_GO_USER);
	}
	hole = M + CURG;
	assert_int_equal(look(&p).class, WIRE_GO_NONE);
}

static void test_the_variable_is_found(void **state _unused_)
{
	struct go_process p = process();
	struct go_thread t;

	put(TP - 8, 4711);
	put(TP - 16, M);
	put(TP - 24, TP - 24);
	put(TP - 32, G);
	for (uint32_t i = 0; i < 10; i++) {
		go_thread_begin(&t);
		assert_int_equal(go_thread_try(NULL, &p, TP, i, &t), i == 3);
	}
	put(TP - 32, G0);
	go_thread_begin(&t);
	assert_true(go_thread_try(NULL, &p, TP, 3, &t));
	assert_int_equal(t.class, WIRE_GO_SYSTEM);
}

/* ---- its stack ---- */

#define OWN_LO 0x10000 /* g0's */
#define OWN_HI 0x11000
#define ITS_LO 0x20000 /* the goroutine's */

static uint64_t own[512], its[512];

static void put_frame(uint64_t at, uint64_t fp, uint64_t pc)
{
	uint64_t *words = at >= ITS_LO ? &its[(at - ITS_LO) / 8] : &own[(at - OWN_LO) / 8];

	words[0] = fp;
	words[1] = pc;
}

/* The runtime on g0, called out of the function at @out. What it saved as its frame pointer is the goroutine's. */
static void put_stacks(uint64_t out)
{
	memset(own, 0, sizeof(own));
	memset(its, 0, sizeof(its));
	host_reset();
	host_add_memory(OWN_LO, own, sizeof(own), false);
	host_add_memory(ITS_LO, its, sizeof(its), false);
	host_map(TEXT, TEXT + 0x100000, 0, 0);
	put_frame(OWN_LO + 0x800, OWN_LO + 0x900, 0x404120);
	put_frame(OWN_LO + 0x900, ITS_LO + 0x800, out);
	put_frame(ITS_LO + 0x800, ITS_LO + 0x900, 0x405010);
	put_frame(ITS_LO + 0x900, 0, 0x406010);
	host.regs.pc = 0x404010;
	host.regs.reg[UNWIND_REG_SP] = OWN_LO + 0x700;
	host.regs.reg[UNWIND_REG_FP] = OWN_LO + 0x800;
}

static struct go_stack go_stack_of(uint64_t pc, uint64_t sp)
{
	struct go_process p = process();
	struct go_thread t = {.stack = {.lo = OWN_LO,
					.hi = OWN_HI,
					.pc = pc,
					.sp = sp,
					.fp = ITS_LO + 0x800,
					.fp_at = ITS_LO + 0x10}};
	struct go_stack s;

	go_thread_stack(&p, &t, &s);
	return s;
}

static uint32_t walk(const struct go_stack *s, uint32_t max_frames)
{
	host_begin(max_frames, s ? UNWIND_W_GO : 0);
	if (s)
		host.walk.go = *s;
	return host_finish();
}

static void assert_ips(const uint64_t *want, size_t cnt)
{
	assert_int_equal(host.walk.frame_cnt, cnt);
	for (size_t i = 0; i < cnt; i++)
		assert_int_equal(host.ips[i], want[i]);
}

static bool remembered(void)
{
	return !(host.walk.notes.flags & MEMO_IMPOSSIBLE);
}

static void test_an_idle_stack_ends_where_it_was_begun(void **state _unused_)
{
	static const uint64_t stale[] = {0x404010, 0x404120, 0x401020, 0x405010, 0x406010};
	struct go_stack s = go_stack_of(0, 0), any;
	struct go_process p = process();

	put_stacks(0x401020);
	walk(NULL, WIRE_MAX_FRAMES);
	assert_ips(stale, 5); /* as any other stack it goes on to one that was there before */
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(stale, 3);
	assert_true(remembered());
	go_any_stack(&p, &any);
	assert_int_equal(walk(&any, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(stale, 3);
	assert_true(remembered());
	assert_int_equal(go_stack_cut(&any, (const __u64 *)stale, 5, 127), 3);
	assert_int_equal(go_stack_cut(&any, (const __u64 *)stale, 2, 127), 2);
}

static void test_the_goroutines_stack_comes_next(void **state _unused_)
{
	static const uint64_t want[] = {0x404010, 0x404120, 0x402020, 0x404300, 0x405010, 0x406010};
	struct go_stack s = go_stack_of(0x404300, ITS_LO + 0x780);

	put_stacks(0x402020);
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 6);
	assert_false(remembered());
	for (uint32_t max = 1; max < 6; max++) {
		assert_int_equal(walk(&s, max), WIRE_END_DEPTH_LIMIT);
		assert_ips(want, max);
	}
}

/* Up to 1.20, and as it was then: the place is the function's first byte. */
static void test_a_function_that_only_seems_to_run_is_left_out(void **state _unused_)
{
	static const uint64_t want[] = {0x404010, 0x404120, 0x402020, 0x404300, 0x405010, 0x406010};
	struct go_stack s = go_stack_of(0x403000, ITS_LO + 0x780);

	put_stacks(0x402020);
	its[0x780 / 8] = 0x404300;
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 6);
	/* From 1.21 on: it has saved the frame pointer. */
	s = go_stack_of(0x403008, ITS_LO + 0x780);
	s.fp = ITS_LO + 0x780;
	put_frame(ITS_LO + 0x780, ITS_LO + 0x800, 0x404300);
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 6);
	/* Up to 1.16 the one that calls C says so of itself. */
	s = go_stack_of(0x402030, ITS_LO + 0x780);
	its[0x780 / 8] = 0x404300;
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 6);
	s = go_stack_of(0x403008, ITS_LO + 0x1000);
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_FAULT);
	assert_ips(want, 3);
}

/* Code in which no stack should end, but this one does. */
static void test_a_stack_is_not_left_unseen(void **state _unused_)
{
	static const uint64_t want[] = {0x404010, 0x404120, 0x404220, 0x404300, 0x405010, 0x406010};
	struct go_stack s = go_stack_of(0, 0);

	put_stacks(0x404220);
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 3);
	assert_false(remembered());
	s = go_stack_of(0x404300, ITS_LO + 0x780);
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 6);
	/* Nor does a walk that can't go on end there. */
	own[0x900 / 8] = 4;
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 6);
	s = go_stack_of(0, 0);
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_NO_ROWS);
	assert_ips(want, 3);
}

/* A signal came: its handler's stack is another one, below or above. */
static void test_before_it_there_may_be_a_stack_for_signals(void **state _unused_)
{
	static const uint64_t want[] = {0x407010, 0x404010, 0x404120, 0x401020};
	static uint64_t signals[16];
	struct go_stack s = go_stack_of(0, 0);

	put_stacks(0x401020);
	host_add_memory(0x8000, signals, sizeof(signals), false);
	signals[8] = OWN_LO + 0x800;
	signals[9] = 0x404010;
	host.regs.pc = 0x407010;
	host.regs.reg[UNWIND_REG_SP] = 0x8000;
	host.regs.reg[UNWIND_REG_FP] = 0x8040;
	assert_int_equal(walk(&s, WIRE_MAX_FRAMES), WIRE_END_OUTERMOST);
	assert_ips(want, 4);
}

/* ---- the file ---- */

static void add_function(struct mkgo *g, const char *name)
{
	static const struct mkgo_step steps[] = {{16, 0, 1, -1, 0}};

	mkgo__func(g,
		   &(struct mkgo_func){.name = name, .bytes = 16, .steps = steps, .step_cnt = 1});
}

static struct go_threads read_program(const char *const *names, int expected)
{
	static const char *const files[] = {"asm.s", NULL};
	struct go_threads t = {.minor = 4711};
	struct buf file;
	struct elf e;
	struct mkgo g;

	mkgo__init(&g, GOPCLNTAB_1_20);
	g.files = files;
	for (; *names; names++)
		add_function(&g, *names);
	mkgo__write(&g, &file);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(go_threads_read(&e, &t), expected);
	elf__close(&e);
	buf__fini(&file);
	mkgo__fini(&g);
	return t;
}

static void test_a_program_tells_where_its_stacks_change(void **state _unused_)
{
	static const char *const names[] = {"main.main",	   "runtime.systemstack_switch",
					    "runtime.systemstack", "runtime.mcall",
					    "runtime.mcallx",	   "runtime.asmcgocall.abi0",
					    "runtime.asmcgocall",  "runtime.mstart",
					    "runtime.rt0_go",	   NULL};
	static const unsigned int cuts[] = {3, 7, 2, 5, 6};
	struct go_threads t = read_program(names, 1); /* of which Go it is it doesn't say */
	struct go_layout layout;
	struct go_process p;

	assert_int_equal(t.minor, 0);
	assert_int_equal(t.process.tls, -8);
	assert_int_equal(t.process.idle_cut_cnt, 2);
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++)
		assert_int_equal(t.process.cuts[i].start, MKGO_TEXT + 16 * cuts[i]);
	assert_int_equal(t.process.cuts[ARRAY_SIZE(cuts)].end, 0);
	assert_int_equal(t.process.marker.start, MKGO_TEXT + 16);
	assert_int_equal(t.process.first.start, MKGO_TEXT + 16 * 8);
	assert_true(go_layout_of(23, &layout));
	assert_true(go_threads__set_layout(&t, &layout));
	assert_int_equal(t.process.m_curg, 192);
	p = go_threads__process(&t, 0x1000);
	assert_int_equal(p.cuts[0].start, MKGO_TEXT + 16 * 3 + 0x1000);
	assert_int_equal(p.cuts[ARRAY_SIZE(cuts)].end, 0);
	assert_int_equal(p.text.start, MKGO_TEXT + 0x1000);
}

static void test_without_such_functions_it_is_damaged(void **state _unused_)
{
	static const char *const names[] = {"main.main", "runtime.mcall", NULL};

	read_program(names, -EBADMSG);
}

static void test_all_versions_say_which_goroutine_a_thread_has(void **state _unused_)
{
	struct go_layout l;

	for (unsigned int minor = 15; minor <= 27; minor++) {
		assert_true(go_layout_of(minor, &l));
		assert_int_equal(l.m_curg, minor < 25 ? 192 : 184);
	}
}

static void assert_tls(uint64_t mem_bytes, uint64_t align, int64_t off, uint32_t words, int err)
{
	struct elf_segment segments[] = {
		{.type = PT_LOAD_TYPE, .mem_bytes = 4096},
		{.type = PT_TLS_TYPE, .mem_bytes = mem_bytes, .align = align}};
	struct elf e = {.is_64 = true, .segments = segments, .segment_cnt = 2};
	uint32_t got_words = 0;
	int64_t got = 0;

	assert_int_equal(elf_go__find_tls(&e, 511, &got, &got_words), err);
	assert_int_equal(got, off);
	assert_int_equal(got_words, words);
}

static void test_where_a_stripped_program_has_it_is_found_out_later(void **state _unused_)
{
	assert_tls(8, 8, -8, 1, 0);
	assert_tls(0, 0, -8, 0, 0);
	assert_tls(40, 8, 0, 5, 0);
	assert_tls(40, 32, 0, 8, 0);
	assert_tls(41, 1, 0, 6, 0);
	assert_tls(4088, 8, 0, 511, 0);
	assert_tls(4096, 8, 0, 512, -ENOTSUP);
	assert_tls(1ull << 40, 8, 0, UINT32_MAX / 8, -ENOTSUP);
	assert_tls(40, 24, 0, UINT32_MAX / 8, -ENOTSUP);
}

static void test_the_end_of_a_stack_tells_whose_it_is(void **state _unused_)
{
	static const struct {
		uint64_t last;
		uint32_t flags;
		enum wire_go_class class;
	} of[] = {
		{0x401020, 0, WIRE_GO_IDLE},
		{0x402020, 0, WIRE_GO_SYSTEM},
		{0x406010, 0, WIRE_GO_USER},
		{0x406010, WIRE_STACK_TRUNCATED, WIRE_GO_NONE},
		{0x401020, WIRE_END_FAULT << WIRE_STACK_END_SHIFT, WIRE_GO_NONE},
		{FIRST + 8, 0, WIRE_GO_NONE},
		{0x300000, 0, WIRE_GO_NONE},
	};
	struct go_process p = process();

	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		__u64 ips[] = {0x404010, of[i].last};

		assert_int_equal(go_process_class(&p, ips, 2, of[i].flags), of[i].class);
	}
	assert_int_equal(go_process_class(&p, NULL, 0, 0), WIRE_GO_NONE);
}

#define GO_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GO_TEST(test_a_goroutine_on_its_own_stack),
		GO_TEST(test_the_runtime_works_for_a_goroutine),
		GO_TEST(test_registers_that_make_no_sense_are_not_followed),
		GO_TEST(test_one_that_is_about_to_run_is_not_followed),
		GO_TEST(test_a_thread_without_goroutine),
		GO_TEST(test_other_structs_are_no_class),
		GO_TEST(test_the_variable_is_found),
		GO_TEST(test_an_idle_stack_ends_where_it_was_begun),
		GO_TEST(test_the_goroutines_stack_comes_next),
		GO_TEST(test_a_function_that_only_seems_to_run_is_left_out),
		GO_TEST(test_a_stack_is_not_left_unseen),
		GO_TEST(test_before_it_there_may_be_a_stack_for_signals),
		GO_TEST(test_a_program_tells_where_its_stacks_change),
		GO_TEST(test_without_such_functions_it_is_damaged),
		GO_TEST(test_all_versions_say_which_goroutine_a_thread_has),
		GO_TEST(test_where_a_stripped_program_has_it_is_found_out_later),
		GO_TEST(test_the_end_of_a_stack_tells_whose_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
