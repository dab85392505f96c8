/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The channels that goroutines wait at, as each version of Go has them, and as none has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/go_channel_facts.h"
#include "base/compiler.h"
#include "fixtures/go_heap.h"
#include "output/goroutines_leaks.h"

#define SUDOGS	 (GO_HEAP_BASE + 200000)
#define CHANNELS (GO_HEAP_BASE + 220000)

enum { SEND = 1, RECEIVE, SELECT };

static struct go_heap heap;
static struct go_memory memory;
static struct go_runtime runtime;
static unsigned int minor;
static struct go_channel_layout layout;

static uint64_t sudog_at(size_t i)
{
	return SUDOGS + i * 128;
}

static uint64_t channel_at(size_t i)
{
	return CHANNELS + i * 128;
}

static void begin(unsigned int version, size_t goroutines)
{
	minor = version;
	runtime = go_heap_runtime(&heap, &memory, minor, goroutines);
	assert_true(go_channel_layout_of(minor, &layout));
	strcpy(runtime.reasons.texts[SEND], "chan send");
	strcpy(runtime.reasons.texts[RECEIVE], "chan receive");
	strcpy(runtime.reasons.texts[SELECT], "select");
	runtime.reasons.cnt = 4;
}

static void put_channel(size_t channel, uint64_t len, uint64_t cap, uint32_t closed)
{
	go_heap_put_u64(&heap, channel_at(channel), len);
	go_heap_put_u64(&heap, channel_at(channel) + 8, cap);
	go_heap_put(&heap, channel_at(channel) + 28, &closed, sizeof(closed));
}

/* Those from @first to @last stand at that end. */
static void put_queue(size_t channel, uint16_t queue, uint64_t first, uint64_t last)
{
	go_heap_put_u64(&heap, channel_at(channel) + queue, first);
	go_heap_put_u64(&heap, channel_at(channel) + queue + 8, last);
}

/* The wait number @i, of goroutine @g at @channel, before @next. */
static void put_wait(size_t i, size_t g, size_t channel, uint64_t next)
{
	go_heap_put_u64(&heap, sudog_at(i), go_heap_at(g));
	go_heap_put_u64(&heap, sudog_at(i) + layout.sudog_next, next);
	go_heap_put_u64(&heap, sudog_at(i) + layout.sudog_channel, channel_at(channel));
}

static void put_waiting(size_t g, uint64_t sudog, uint8_t reason)
{
	go_heap_put_u64(&heap, go_heap_at(g) + runtime.layout.waiting, sudog);
	go_heap_put(&heap, go_heap_at(g) + runtime.layout.wait_reason, &reason, 1);
}

static struct goroutine goroutine(size_t i)
{
	struct goroutine g;
	bool damaged;

	assert_true(goroutine_decode(&runtime.layout, go_heap_at(i),
				     heap.bytes + (go_heap_at(i) - GO_HEAP_BASE), &g, &damaged));
	return g;
}

static bool read_channels(size_t i, struct go_channels *ret)
{
	const struct goroutine g = goroutine(i);

	return go_channels__read(ret, &runtime, &g);
}

/* One that sends, alone, to a channel without a buffer. */
static void put_sender(size_t i)
{
	put_channel(i, 0, 0, 0);
	put_wait(i, i, i, 0);
	put_queue(i, layout.sendq, sudog_at(i), sudog_at(i));
	put_waiting(i, sudog_at(i), SEND);
}

static void test_layouts(void **state)
{
	struct go_channel_layout l;

	(void)state;
	assert_false(go_channel_layout_of(0, &l));
	assert_false(go_channel_layout_of(14, &l));
	assert_false(go_channel_layout_of(28, &l));
	for (unsigned int v = 15; v <= 27; v++) {
		assert_true(go_channel_layout_of(v, &l));
		assert_int_equal(l.sudog_next, v >= 26 ? 72 : 64);
		assert_int_equal(l.sudog_channel, v >= 26 ? 96 : 80);
		assert_int_equal(l.timer, v >= 23 ? 32 : 0);
		assert_int_equal(l.recvq, v >= 23 ? 64 : 56);
		assert_int_equal(l.sendq, v >= 23 ? 80 : 72);
	}
}

static void test_one(void **state)
{
	struct go_channels c;

	(void)state;
	for (unsigned int v = 15; v <= 27; v++) {
		begin(v, 2);
		put_sender(0);
		assert_true(read_channels(0, &c));
		assert_int_equal(c.cnt, 1);
		assert_false(c.is_cut);
		assert_int_equal(c.items[0].addr, channel_at(0));
		assert_int_equal(c.items[0].side, GO_SIDE_SEND);
		assert_true(c.items[0].is_alone);
		assert_false(c.items[0].closed || c.items[0].is_met || c.items[0].is_timer);
		assert_int_equal(c.items[0].cap, 0);
		/* It receives, behind another one, from a channel with a buffer. */
		put_channel(0, 3, 16, 0);
		put_queue(0, layout.sendq, 0, 0);
		put_queue(0, layout.recvq, sudog_at(9), sudog_at(0));
		assert_true(read_channels(0, &c));
		assert_int_equal(c.items[0].side, GO_SIDE_RECEIVE);
		assert_false(c.items[0].is_alone);
		assert_int_equal(c.items[0].len, 3);
		assert_int_equal(c.items[0].cap, 16);
		assert_false(c.items[0].is_timer);
		/* At the channel of a timer; it has been closed just now, and others want to send. */
		go_heap_put_u64(&heap, channel_at(0) + 32, 0xc000300000);
		put_channel(0, 0, 1, 1);
		put_queue(0, layout.recvq, sudog_at(0), sudog_at(0));
		put_queue(0, layout.sendq, sudog_at(8), sudog_at(8));
		assert_true(read_channels(0, &c));
		assert_int_equal(c.items[0].is_timer, v >= 23);
		assert_true(c.items[0].closed && c.items[0].is_met && !c.items[0].is_alone);
		assert_int_equal(c.items[0].side, GO_SIDE_RECEIVE);
	}
}

/* A select that sends to one and receives from it, too; in the middle of both it isn't told which is which. */
static void test_select(void **state)
{
	struct go_channels c;

	(void)state;
	begin(22, 1);
	put_waiting(0, sudog_at(0), SELECT);
	put_wait(0, 0, 0, sudog_at(1));
	put_wait(1, 0, 0, sudog_at(2));
	put_wait(2, 0, 0, 0);
	put_channel(0, 0, 0, 0);
	put_queue(0, layout.sendq, sudog_at(0), sudog_at(7));
	put_queue(0, layout.recvq, sudog_at(8), sudog_at(1));
	assert_true(read_channels(0, &c));
	assert_int_equal(c.cnt, 3);
	assert_int_equal(c.items[0].side, GO_SIDE_SEND);
	assert_int_equal(c.items[1].side, GO_SIDE_RECEIVE);
	assert_int_equal(c.items[2].side, GO_SIDE_UNKNOWN);
	assert_false(c.items[2].is_met || c.items[2].is_alone);
	/* A list that goes in a circle. */
	put_wait(2, 0, 0, sudog_at(0));
	assert_true(read_channels(0, &c));
	assert_int_equal(c.cnt, GO_CHANNELS_MAX);
	assert_true(c.is_cut);
}

static void check_refused(void)
{
	struct go_channels c;

	assert_false(read_channels(0, &c));
	put_sender(0);
	assert_true(read_channels(0, &c));
}

/* Each of what can't be: it isn't told. */
static void test_damage(void **state)
{
	struct go_channels c;
	struct goroutine before;

	(void)state;
	begin(25, 2);
	put_sender(0);
	put_waiting(0, 0, SEND);
	check_refused();
	put_waiting(0, sudog_at(0) + 4, SEND);
	check_refused();
	go_heap_put_u64(&heap, sudog_at(3) + 4, go_heap_at(0));
	go_heap_put_u64(&heap, sudog_at(3) + 4 + layout.sudog_channel, channel_at(0));
	put_waiting(0, sudog_at(3) + 4, SEND);
	check_refused();
	put_waiting(0, 0xdead000000, SEND);
	check_refused();
	put_wait(0, 1, 0, 0); /* another one's */
	check_refused();
	put_wait(0, 0, 0, sudog_at(5)); /* what comes behind is none */
	check_refused();
	go_heap_put_u64(&heap, sudog_at(0) + layout.sudog_channel, 0);
	check_refused();
	go_heap_put_u64(&heap, sudog_at(0) + layout.sudog_channel, channel_at(0) + 1);
	check_refused();
	go_heap_put_u64(&heap, sudog_at(0) + layout.sudog_channel, UINT64_MAX - 7);
	check_refused();
	put_channel(0, 2, 1, 0); /* more than there is room for */
	check_refused();
	put_channel(0, 0, UINT64_MAX, 0);
	check_refused();
	put_channel(0, 0, 0, 2);
	check_refused();
	put_queue(0, layout.sendq, 0, 0); /* nobody waits there */
	check_refused();
	put_queue(0, layout.sendq, sudog_at(0), 0);
	check_refused();
	put_queue(0, layout.sendq, sudog_at(0) + 1, sudog_at(0));
	check_refused();
	/* It has run, or waits for something else meanwhile, or has ended. */
	before = goroutine(0);
	go_heap_put(&heap, go_heap_at(0) + runtime.layout.seq, "\x07", 1);
	assert_false(go_channels__read(&c, &runtime, &before));
	before = goroutine(0);
	assert_true(go_channels__read(&c, &runtime, &before));
	before.waiting = sudog_at(1);
	put_wait(1, 0, 0, 0);
	assert_false(go_channels__read(&c, &runtime, &before));
	before = goroutine(0);
	go_heap_status(&heap, 0, GO_DEAD);
	assert_false(go_channels__read(&c, &runtime, &before));
	/* What the search for leaks calls it changes nothing. */
	go_heap_status(&heap, 0, GO_LEAKED);
	assert_true(go_channels__read(&c, &runtime, &before));
	runtime.minor = 28;
	assert_false(go_channels__read(&c, &runtime, &before));
}

/* ---- of a site ---- */

static struct go_channel_facts read_facts(size_t cnt, enum go_reason reason, uint8_t wait)
{
	_cleanup_free_ struct goroutine *items = calloc(cnt, sizeof(*items));
	struct goroutines all = {.items = items, .cnt = cnt};
	struct go_frames frames;
	struct go_look look = {.runtime = &runtime, .all = &all, .frames = &frames};
	struct go_leak leak = {.gopc = 0x402000, .reason = reason};
	_cleanup_buf_ struct buf file = {0};
	struct go_channel_facts facts;
	struct gopclntab table;
	struct elf e;

	assert_non_null(items);
	go_heap_program(&file);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(gopclntab__open(&table, &e), 0);
	runtime.code.elf = &e;
	runtime.code.table = &table;
	go_frames__init(&frames, &runtime.code);
	for (size_t i = 0; i < cnt; i++) {
		items[i] = goroutine(i);
		items[i].wait_reason = wait;
	}
	leak.example = items[0];
	assert_int_equal(go_channel_facts__read(&facts, &look, &leak), 0);
	go_frames__fini(&frames);
	gopclntab__close(&table);
	elf__close(&e);
	return facts;
}

static void check_text(const struct go_channel_facts *f, enum go_reason reason, const char *text)
{
	const struct go_leak leak = {.reason = reason};
	_cleanup_buf_ struct buf words;

	buf__init(&words, 4096);
	go_channel_facts__text(f, &leak, &words);
	assert_string_equal(buf__str(&words), text);
}

static void test_facts(void **state)
{
	struct go_channel_facts f;

	(void)state;
	begin(27, 7);
	for (size_t i = 0; i < 7; i++)
		put_sender(i);
	f = read_facts(7, GO_REASON_CHAN_SEND, SEND);
	assert_int_equal(f.looked_cnt, 7);
	assert_int_equal(f.alone_cnt, 7);
	assert_int_equal(f.alike_cnt, 7);
	assert_int_equal(f.channel_cnt, 7);
	check_text(
		&f, GO_REASON_CHAN_SEND,
		"a send to an unbuffered channel that nobody receives from; 7 such channels, each "
		"with one goroutine alone");
	/* Who waits for something else is of another site. */
	f = read_facts(7, GO_REASON_CHAN_RECEIVE, SEND);
	assert_int_equal(f.looked_cnt + f.untold_cnt, 0);
	check_text(&f, GO_REASON_CHAN_RECEIVE, "");
	f = read_facts(7, GO_REASON_MUTEX, SEND);
	assert_int_equal(f.looked_cnt + f.example.cnt, 0);
	/* One can't be told; two are at one channel, which is another kind of channel. */
	put_waiting(0, 0, SEND);
	put_wait(2, 2, 1, 0);
	put_queue(1, layout.sendq, sudog_at(1), sudog_at(2));
	put_channel(1, 4, 4, 0);
	f = read_facts(7, GO_REASON_CHAN_SEND, SEND);
	assert_int_equal(f.looked_cnt, 6);
	assert_int_equal(f.untold_cnt, 1);
	assert_int_equal(f.channel_cnt, 5);
	assert_int_equal(f.alone_cnt, 4);
	assert_int_equal(f.alike_cnt, 2);
	check_text(
		&f, GO_REASON_CHAN_SEND,
		"a send to a full channel (capacity 4) that nobody receives from; 5 channels for 6 "
		"goroutines, 4 of which share none; so 2 of them, others differ; of 1 more it "
		"can't be told");
}

/* All at one channel, which has others at its other side. */
static void test_shared(void **state)
{
	struct go_channel_facts f;

	(void)state;
	begin(23, 3);
	put_channel(0, 0, 8, 0);
	put_queue(0, layout.recvq, sudog_at(0), sudog_at(2));
	for (size_t i = 0; i < 3; i++) {
		put_wait(i, i, 0, 0);
		put_waiting(i, sudog_at(i), RECEIVE);
	}
	f = read_facts(3, GO_REASON_CHAN_RECEIVE, RECEIVE);
	check_text(&f, GO_REASON_CHAN_RECEIVE,
		   "a receive from an empty channel (capacity 8) that nobody sends to; 1 channel "
		   "for 3 "
		   "goroutines");
	f = read_facts(1, GO_REASON_CHAN_RECEIVE, RECEIVE);
	check_text(&f, GO_REASON_CHAN_RECEIVE,
		   "a receive from an empty channel (capacity 8) that nobody sends to; other "
		   "goroutines "
		   "wait there, too");
	put_queue(0, layout.recvq, sudog_at(0), sudog_at(0));
	put_channel(0, 0, 0, 1);
	f = read_facts(1, GO_REASON_CHAN_RECEIVE, RECEIVE);
	check_text(&f, GO_REASON_CHAN_RECEIVE,
		   "a receive from an unbuffered channel that is closed; no other goroutine waits "
		   "there");
	go_heap_put_u64(&heap, channel_at(0) + layout.timer, 8);
	f = read_facts(1, GO_REASON_CHAN_RECEIVE, RECEIVE);
	check_text(&f, GO_REASON_CHAN_RECEIVE,
		   "a receive from a timer's channel; no other goroutine waits there");
}

/* Two selects of two cases, in another order each. */
static void test_selects(void **state)
{
	struct go_channel_facts f;

	(void)state;
	begin(26, 2);
	for (size_t i = 0; i < 4; i++) {
		bool sends = i == 0 || i == 3;

		put_channel(i, sends, sends, 0);
		put_wait(i, i / 2, i, i % 2 ? 0 : sudog_at(i + 1));
		put_queue(i, sends ? layout.sendq : layout.recvq, sudog_at(i), sudog_at(i));
	}
	put_waiting(0, sudog_at(0), SELECT);
	put_waiting(1, sudog_at(2), SELECT);
	f = read_facts(2, GO_REASON_SELECT, SELECT);
	assert_int_equal(f.alike_cnt, 2);
	check_text(
		&f, GO_REASON_SELECT,
		"a select with 2 cases: a send to a full channel (capacity 1) that nobody receives "
		"from, a receive from an unbuffered channel that nobody sends to; 4 channels for 2 "
		"goroutines, none of which shares one with another");
	/* Both cases of the first do the same. */
	put_channel(0, 0, 0, 0);
	put_queue(0, layout.sendq, 0, 0);
	put_queue(0, layout.recvq, sudog_at(0), sudog_at(0));
	f = read_facts(2, GO_REASON_SELECT, SELECT);
	assert_int_equal(f.alike_cnt, 1);
	/* Of what is cut it can't be said that nobody else is there. */
	put_wait(1, 0, 1, sudog_at(0));
	f = read_facts(1, GO_REASON_SELECT, SELECT);
	assert_true(f.example.is_cut);
	assert_int_equal(f.alone_cnt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts), cmocka_unit_test(test_one),
		cmocka_unit_test(test_select),	cmocka_unit_test(test_damage),
		cmocka_unit_test(test_facts),	cmocka_unit_test(test_shared),
		cmocka_unit_test(test_selects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
