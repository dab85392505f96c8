/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Event traces of Windows: every kind of header and buffer, the order of time, and files that are cut, circular or nonsense. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/log.h"
#include "fixtures/mketl.h"
#include "fixtures/random.h"
#include "format/etl_reader.h"
#include "format/utf16.h"

#define START 1000000000000 /* as mketl__init() has it */

static const uint8_t guid[16] = "0123456789abcde";

/* ---- a trace as text ---- */

static void print_event(struct buf *to, const struct etl_event *e)
{
	struct cursor c = etl_event__items(e);
	struct etl_item item;

	buf__printf(to, "cpu%u %" PRIu64 " %s ", e->cpu, e->time_ns, etl_event__header_name(e));
	if (e->guid)
		buf__printf(to, "%.4s", (const char *)e->guid);
	else
		buf__printf(to, "%u", e->group);
	buf__printf(to, "/%u/%u v%u", e->opcode, e->id, e->version);
	if (e->tid != ETL_NO_ID)
		buf__printf(to, " pid%u tid%u", e->pid, e->tid);
	while (etl_item__next(&c, &item))
		buf__printf(to, " item%u[%.*s]", item.type, (int)item.len, (const char *)item.data);
	if (e->payload_len && e->payload_len < 40)
		buf__printf(to, " '%.*s'", (int)e->payload_len, (const char *)e->payload);
	buf__putc(to, '\n');
}

struct trace {
	struct buf text; /* all events but the header's */
	struct etl_stats stats;
	struct etl_header header;
	int err; /* of opening */
};

/* From memory of exactly its size, so that ASan sees a read past it. */
static void *exact_copy(const struct buf *b, size_t len)
{
	void *exact = malloc(len ? len : 1);

	assert_non_null(exact);
	if (len)
		memcpy(exact, b->data, len);
	return exact;
}

static void read_all(struct etl_reader *r, struct trace *ret)
{
	const struct etl_event *e;
	int more;

	ret->header = *etl_reader__base(r);
	while ((more = etl_reader__next(r, &e)) > 0)
		if (e->kind != ETL_SYSTEM || e->group)
			print_event(&ret->text, e);
	assert_int_equal(more, 0);
	assert_int_equal(etl_reader__next(r, &e), 0);
	etl_reader__stats(r, &ret->stats);
}

static void read_trace(const struct buf *file, size_t len, struct trace *ret)
{
	struct etl_reader *r = etl_reader__new();
	void *exact = exact_copy(file, len);
	struct file_input in;

	assert_non_null(r);
	memset(ret, 0, sizeof(*ret));
	buf__init(&ret->text, 1 << 24);
	file_input__open_memory(&in, exact, len);
	ret->err = etl_reader__add(r, &in);
	if (!ret->err)
		read_all(r, ret);
	etl_reader__free(r);
	free(exact);
}

static void trace_free(struct trace *t)
{
	buf__fini(&t->text);
}

#define _trace_ _cleanup_(trace_free) struct trace
#define _mketl_ _cleanup_(mketl__fini) struct mketl

static void assert_no_errors(const struct etl_stats *s)
{
	assert_int_equal(s->bad_buffer_cnt + s->unknown_cnt + s->skip_cnt + s->early_cnt +
				 s->backward_cnt + s->cut_cnt + s->cut_bytes,
			 0);
}

static void begin(struct mketl *m)
{
	mketl__init(m);
	mketl__begin(m);
}

/* An event @us after the start, in the present buffer, told apart by its version. */
static void add(struct mketl *m, int64_t us, uint16_t version)
{
	struct mketl_event e = {
		.ticks = START + us * 10, .group = 5, .opcode = 36, .version = version};

	mketl_perfinfo(m, &e);
}

/* ---- headers ---- */

static void test_what_a_trace_says_of_itself(void **state _unused_)
{
	for (uint32_t ptr_bytes = 4; ptr_bytes <= 8; ptr_bytes += 4) {
		_mketl_ m;
		_trace_ t;

		mketl__init(&m);
		m.ptr_bytes = ptr_bytes;
		m.events_lost = 3;
		m.buffers_lost = 4;
		m.cpu_cnt = 16;
		m.session = "NT Kernel Logger";
		mketl__begin(&m);
		read_trace(&m.file, m.file.len, &t);
		assert_int_equal(t.err, 0);
		assert_no_errors(&t.stats);
		assert_int_equal(t.stats.event_cnt, 1);
		assert_int_equal(t.header.os_major, 10);
		assert_int_equal(t.header.os_minor, 0);
		assert_int_equal(t.header.os_build, 19045);
		assert_int_equal(t.header.cpu_cnt, 16);
		assert_int_equal(t.header.cpu_mhz, 3000);
		assert_int_equal(t.header.ptr_bytes, ptr_bytes);
		assert_int_equal(t.header.events_lost, 3);
		assert_int_equal(t.header.buffers_lost, 4);
		assert_int_equal(t.header.freq, 10000000);
		assert_int_equal(t.header.start_ticks, START);
		assert_int_equal(t.header.boot_time, m.boot_time);
		assert_int_equal(t.header.start_time, m.start_time);
		assert_int_equal(t.header.end_time, m.end_time);
		assert_string_equal(t.header.session, "NT Kernel Logger");
		assert_string_equal(t.header.file, "C:\\trace.etl");
	}
}

/* All kinds of both emitters in one buffer. */
static void add_every_kind(struct mketl *m)
{
	struct mketl_event e = {.pid = 7, .tid = 8, .guid = guid, .payload = "pay", .len = 3};
	_cleanup_buf_ struct buf items;

	buf__init(&items, 1 << 16);
	mketl_item(&items, 12, true, "traits", 6);
	mketl_item(&items, 1, false, "0123456789abcdef", 16);
	for (e.ptr_bytes = 4; e.ptr_bytes <= 8; e.ptr_bytes += 4) {
		e.group = 5;
		e.opcode = 50;
		e.version = 2;
		e.ticks = START + 100 * e.ptr_bytes;
		mketl_system(m, &e);
		mketl_compact(m, &e);
		mketl_perfinfo(m, &e);
		e.version = 0x8302; /* precise sampling and three counters */
		mketl_perfinfo(m, &e);
		e.version = 2;
		mketl_full(m, &e);
		mketl_instance(m, &e);
		e.id = 999;
		mketl_provider(m, &e, NULL);
		mketl_provider(m, &e, &items);
		e.flags = 1 | 2 | 8 | 0x20;
		mketl_message(m, &e);
		e.flags = 4 | 8;
		mketl_message(m, &e);
		e.flags = 0;
		mketl_message(m, &e);
		e.id = 0;
	}
}

#define EVERY_KIND(bits, us)                                              \
	"cpu1 " us " SYS" bits " 5/50/0 v2 pid7 tid8 'pay'\n"             \
	"cpu1 " us " COMPACT" bits " 5/50/0 v2 pid7 tid8 'pay'\n"         \
	"cpu1 " us " PERF" bits " 5/50/0 v2 'pay'\n"                      \
	"cpu1 " us " PERF" bits " 5/50/0 v2 'pay'\n"                      \
	"cpu1 " us " FULL" bits " 0123/50/0 v2 pid7 tid8 'pay'\n"         \
	"cpu1 " us " INST" bits " 0123/50/0 v2 pid7 tid8 'pay'\n"         \
	"cpu1 " us " EH" bits " 0123/50/999 v2 pid7 tid8 'pay'\n"         \
	"cpu1 " us " EH" bits " 0123/50/999 v2 pid7 tid8 item12[traits] " \
	"item1[0123456789abcdef] 'pay'\n"                                 \
	"cpu1 " us " MSG 0123/0/999 v0 pid7 tid8 'pay'\n"                 \
	"cpu1 " us " MSG 0/0/999 v0 'pay'\n"                              \
	"cpu1 " us " MSG 0/0/999 v0 'pay'\n"

static void test_every_kind_of_header(void **state _unused_)
{
	for (int old = 0; old < 2; old++) {
		_mketl_ m;
		_trace_ t;

		mketl__init(&m);
		m.old_cpus = old;
		mketl__begin(&m);
		mketl__buffer(&m, 1, 1);
		add_every_kind(&m);
		mketl__flush(&m);
		read_trace(&m.file, m.file.len, &t);
		assert_no_errors(&t.stats);
		assert_string_equal(buf__str(&t.text),
				    EVERY_KIND("32", "40000") EVERY_KIND("64", "80000"));
	}
}

static void test_headers_that_are_unknown(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;

	begin(&m);
	mketl__buffer(&m, 0, 1);
	add(&m, 1, 1);
	mketl_other(&m, 13, 0xc0, 40); /* known, and without a meaning */
	add(&m, 2, 2);
	mketl_other(&m, 99, 0xc0, 40);
	add(&m, 3, 3); /* where it begins nobody can tell */
	mketl__flush(&m);
	mketl__buffer(&m, 0, 2);
	add(&m, 4, 4);
	mketl__flush(&m);
	read_trace(&m.file, m.file.len, &t);
	assert_string_equal(buf__str(&t.text), "cpu0 1000 PERF64 5/36/0 v1\n"
					       "cpu0 2000 PERF64 5/36/0 v2\n"
					       "cpu0 4000 PERF64 5/36/0 v4\n");
	assert_int_equal(t.stats.skip_cnt, 1);
	assert_int_equal(t.stats.unknown_cnt, 1);
	assert_int_equal(t.stats.unknown_bytes, 40 + 16);
	assert_int_equal(t.stats.event_cnt, 4);
}

static void test_a_header_without_a_size(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;
	size_t at;

	begin(&m);
	mketl__buffer(&m, 0, 1);
	at = mketl_other(&m, 13, 0xc0, 40);
	mketl_set16(&m.buffer, at, 0);
	mketl__flush(&m);
	read_trace(&m.file, m.file.len, &t);
	assert_int_equal(t.stats.skip_cnt, 0);
	assert_int_equal(t.stats.unknown_cnt, 1);
}

/* @off in the event's header is set to @v; the event itself and what follows in its buffer are left out. */
static void check_damaged_event(size_t off, uint16_t v)
{
	struct mketl_event e = {.ticks = START + 5, .guid = guid, .payload = "x", .len = 1};
	_cleanup_buf_ struct buf items;
	_mketl_ m;
	_trace_ t;
	size_t at;

	buf__init(&items, 1 << 16);
	mketl_item(&items, 12, true, "traits", 6);
	mketl_item(&items, 11, false, "schema", 6);
	begin(&m);
	mketl__buffer(&m, 0, 1);
	at = mketl_provider(&m, &e, &items);
	mketl_set16(&m.buffer, at + off, v);
	add(&m, 1, 1);
	mketl__flush(&m);
	read_trace(&m.file, m.file.len, &t);
	assert_string_equal(buf__str(&t.text), "");
	assert_int_equal(t.stats.unknown_cnt, 1);
}

static void test_events_that_lie_about_their_size(void **state _unused_)
{
	check_damaged_event(0, 0);
	check_damaged_event(0, 7);
	check_damaged_event(0, 79);    /* less than its header */
	check_damaged_event(0, 87);    /* less than its items */
	check_damaged_event(0, 60000); /* more than its buffer */
	check_damaged_event(80, 7);    /* an item less than its header... */
	check_damaged_event(80, 8);    /* ...than its data... */
	check_damaged_event(80, 60000);
	check_damaged_event(86, 60000);
	check_damaged_event(96 + 4, 1); /* one more item is told of */
}

/* ---- order ---- */

static void test_cpus_are_merged_by_time(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;

	begin(&m);
	/* In the file as they were flushed: neither by CPU nor by number. */
	mketl__buffer(&m, 3, 9);
	add(&m, 5, 6);
	add(&m, 7, 8);
	mketl__flush(&m);
	mketl__buffer(&m, 0, 7);
	add(&m, 4, 4);
	add(&m, 5, 5); /* at the same time the lower CPU is first */
	mketl__flush(&m);
	mketl__buffer(&m, 3, 2);
	add(&m, 1, 1);
	add(&m, 3, 3);
	mketl__flush(&m);
	mketl__buffer(&m, 0, 3);
	add(&m, 2, 2);
	mketl__flush(&m);
	mketl__buffer(&m, 700, 8);
	add(&m, 6, 7);
	mketl__flush(&m);
	read_trace(&m.file, m.file.len, &t);
	assert_no_errors(&t.stats);
	assert_string_equal(buf__str(&t.text), "cpu3 1000 PERF64 5/36/0 v1\n"
					       "cpu0 2000 PERF64 5/36/0 v2\n"
					       "cpu3 3000 PERF64 5/36/0 v3\n"
					       "cpu0 4000 PERF64 5/36/0 v4\n"
					       "cpu0 5000 PERF64 5/36/0 v5\n"
					       "cpu3 5000 PERF64 5/36/0 v6\n"
					       "cpu700 6000 PERF64 5/36/0 v7\n"
					       "cpu3 7000 PERF64 5/36/0 v8\n");
}

/* Many CPUs and buffers: all events come once, in the order of time and, on each CPU, in theirs. */
static void test_random_traces_are_in_order(void **state _unused_)
{
	int64_t us[40], last_us[40];
	unsigned int seen = 0, added = 0;
	struct etl_reader *r;
	const struct etl_event *e;
	struct file_input in;
	uint64_t last_ns = 0;
	uint32_t last_cpu = 0;
	_mketl_ m;

	random_seed(3);
	begin(&m);
	memset(us, 0, sizeof(us));
	memset(last_us, 0, sizeof(last_us));
	for (int b = 1; b < 400; b++) {
		uint16_t cpu = (uint16_t)random_below(40);

		mketl__buffer(&m, cpu, b);
		for (uint64_t n = random_below(50); n; n--, added++) {
			us[cpu] += (int64_t)random_below(20);
			add(&m, us[cpu], 1);
		}
		mketl__flush(&m);
	}
	r = etl_reader__new();
	file_input__open_memory(&in, m.file.data, m.file.len);
	assert_int_equal(etl_reader__add(r, &in), 0);
	for (int pass = 0; pass < 2; pass++) {
		for (seen = 0, last_ns = 0, last_cpu = 0; etl_reader__next(r, &e) > 0; seen++) {
			assert_true(e->time_ns > last_ns ||
				    (e->time_ns == last_ns && e->cpu >= last_cpu));
			last_ns = e->time_ns;
			last_cpu = e->cpu;
		}
		assert_int_equal(seen, added + 1);
		etl_reader__rewind(r);
	}
	etl_reader__free(r);
}

static void test_times_that_go_back(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;

	begin(&m);
	mketl__buffer(&m, 0, 1);
	add(&m, -5, 1); /* before the start */
	add(&m, 9, 2);
	add(&m, 8, 3);		      /* before the one before */
	add(&m, (int64_t)1 << 58, 4); /* centuries later */
	add(&m, 10, 5);
	mketl__flush(&m);
	read_trace(&m.file, m.file.len, &t);
	assert_string_equal(buf__str(&t.text), "cpu0 0 PERF64 5/36/0 v1\n"
					       "cpu0 9000 PERF64 5/36/0 v2\n"
					       "cpu0 9000 PERF64 5/36/0 v3\n"
					       "cpu0 9000 PERF64 5/36/0 v4\n"
					       "cpu0 10000 PERF64 5/36/0 v5\n");
	assert_int_equal(t.stats.early_cnt, 1);
	assert_int_equal(t.stats.backward_cnt, 2);
}

static void check_clock(uint32_t clock, uint64_t freq, int64_t ticks, const char *ns)
{
	struct mketl_event e = {.group = 1, .version = 1};
	char expect[100];
	_mketl_ m;
	_trace_ t;

	mketl__init(&m);
	m.clock = clock;
	m.freq = freq;
	mketl__begin(&m);
	mketl__buffer(&m, 0, 1);
	e.ticks = START + ticks;
	mketl_perfinfo(&m, &e);
	mketl__flush(&m);
	read_trace(&m.file, m.file.len, &t);
	snprintf(expect, sizeof(expect), "cpu0 %s PERF64 1/0/0 v1\n", ns);
	assert_string_equal(buf__str(&t.text), expect);
}

static void test_clocks(void **state _unused_)
{
	check_clock(1, 10000000, 3, "300");
	check_clock(1, 2338525, 2338525ll * 86400 * 200 + 1, "17280000000000427");
	check_clock(1, 14318180, 1, "69");
	check_clock(1, 1, 60, "60000000000");
	check_clock(1, 10000000000, 9999999999, "999999999");
	check_clock(0, 10000000, 3, "300");
	check_clock(2, 12345, 3, "300");	   /* FILETIME, whatever the counter's frequency */
	check_clock(3, 12345, 3000000, "1000000"); /* cycles at 3 GHz */
}

/* ---- files ---- */

static void test_packed_buffers(void **state _unused_)
{
	_mketl_ plain, packed;
	_trace_ a, b;

	for (int i = 0; i < 2; i++) {
		struct mketl *m = i ? &packed : &plain;

		mketl__init(m);
		m->packed = i;
		mketl__begin(m);
		for (int64_t n = 1; n < 20; n++) {
			mketl__buffer(m, (uint16_t)(n % 3), n);
			for (int64_t us = 0; us < n * 9; us++)
				add(m, n * 1000 + us, (uint16_t)us & 127);
			mketl__flush(m);
		}
	}
	assert_true(packed.file.len < plain.file.len / 2);
	read_trace(&plain.file, plain.file.len, &a);
	read_trace(&packed.file, packed.file.len, &b);
	assert_no_errors(&a.stats);
	assert_no_errors(&b.stats);
	assert_int_equal(a.stats.event_cnt, b.stats.event_cnt);
	assert_true(a.stats.event_cnt > 1000);
	assert_string_equal(buf__str(&a.text), buf__str(&b.text));
}

static void test_a_packed_buffer_that_is_damaged(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;
	size_t at;

	mketl__init(&m);
	m.packed = true;
	mketl__begin(&m);
	at = m.file.len;
	mketl__buffer(&m, 0, 1);
	add(&m, 1, 1);
	add(&m, 2, 2);
	mketl__flush(&m);
	mketl__buffer(&m, 0, 2);
	add(&m, 3, 3);
	mketl__flush(&m);
	/* It says that it unpacks to more than it does: what is there is read. */
	mketl_set32(&m.file, at + 0x30, 200);
	read_trace(&m.file, m.file.len, &t);
	assert_string_equal(buf__str(&t.text), "cpu0 1000 PERF64 5/36/0 v1\n"
					       "cpu0 2000 PERF64 5/36/0 v2\n"
					       "cpu0 3000 PERF64 5/36/0 v3\n");
	assert_int_equal(t.stats.bad_buffer_cnt, 1);
	trace_free(&t);
	/* To more than anything does: it is none, and where the next one would be nobody knows. */
	mketl_set32(&m.file, at + 0x30, UINT32_MAX);
	read_trace(&m.file, m.file.len, &t);
	assert_string_equal(buf__str(&t.text), "");
	assert_int_equal(t.stats.bad_buffer_cnt, 1);
}

static void test_packed_in_another_way(void **state _unused_)
{
	static const uint32_t ways[] = {2, 4};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		_mketl_ m;
		_trace_ t;

		mketl__init(&m);
		m.packed = true;
		mketl__begin(&m);
		mketl_set32(&m.file, 0x2c, ways[i]);
		read_trace(&m.file, m.file.len, &t);
		assert_int_equal(t.err, -ENOTSUP);
		assert_non_null(strstr(error_text(t.err), i ? "XPRESS Huffman" : "LZNT1"));
	}
}

/* Every length: what is there is read, and no event twice. */
static void test_a_file_that_is_cut(void **state _unused_)
{
	uint64_t cnt = 0;
	_mketl_ m;

	mketl__init(&m);
	m.buffer_bytes = 600;
	m.end_time = 0;
	mketl__begin(&m);
	for (int n = 1; n < 4; n++) {
		mketl__buffer(&m, 0, n);
		for (int i = 0; i < 20; i++)
			add(&m, n * 100 + i, 1);
		mketl__flush(&m);
	}
	for (size_t len = 600; len <= m.file.len; len += 3) {
		_trace_ t;

		read_trace(&m.file, len, &t);
		assert_int_equal(t.err, 0);
		assert_int_equal(t.header.end_time, 0);
		assert_true(t.stats.event_cnt >= cnt && t.stats.event_cnt <= 61);
		cnt = t.stats.event_cnt;
		if (len % 600 >= 72)
			assert_int_equal(t.stats.cut_cnt, 1);
		else
			assert_int_equal(t.stats.cut_bytes, len % 600);
	}
	assert_int_equal(cnt, 61);
}

/* A file that was made at its full size before: behind what was written it is empty. */
static void test_places_without_a_buffer(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;

	begin(&m);
	mketl__buffer(&m, 0, 1);
	add(&m, 1, 1);
	mketl__flush(&m);
	for (int i = 0; i < 2 * 4096; i++)
		buf__putc(&m.file, 0);
	mketl__buffer(&m, 0, 2);
	add(&m, 2, 2);
	mketl__flush(&m);
	for (int i = 0; i < 4096; i++)
		buf__putc(&m.file, 0);
	read_trace(&m.file, m.file.len, &t);
	assert_string_equal(buf__str(&t.text), "cpu0 1000 PERF64 5/36/0 v1\n"
					       "cpu0 2000 PERF64 5/36/0 v2\n");
	assert_int_equal(t.stats.bad_buffer_cnt, 3);
	assert_int_equal(t.stats.cut_bytes, 0);
}

/* The newest buffers are where the oldest ones were. */
static void test_a_circular_file(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;

	mketl__init(&m);
	m.mode = 2;
	mketl__begin(&m);
	/* Its first buffer is written once more at the end. */
	mketl_set32(&m.file, 0x18, 99);
	for (int n = 0; n < 4; n++) {
		int64_t sequence = 12 + (n + 2) % 4;

		mketl__buffer(&m, 0, sequence);
		add(&m, sequence, (uint16_t)sequence);
		mketl__flush(&m);
	}
	read_trace(&m.file, m.file.len, &t);
	assert_no_errors(&t.stats);
	assert_string_equal(buf__str(&t.text), "cpu0 12000 PERF64 5/36/0 v12\n"
					       "cpu0 13000 PERF64 5/36/0 v13\n"
					       "cpu0 14000 PERF64 5/36/0 v14\n"
					       "cpu0 15000 PERF64 5/36/0 v15\n");
}

static void test_where_events_end_in_an_old_buffer(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;

	mketl__init(&m);
	m.no_offset = true;
	mketl__begin(&m);
	mketl__buffer(&m, 0, 1);
	add(&m, 1, 1);
	mketl__flush(&m);
	read_trace(&m.file, m.file.len, &t);
	assert_no_errors(&t.stats);
	assert_string_equal(buf__str(&t.text), "cpu0 1000 PERF64 5/36/0 v1\n");
}

static void test_buffers_that_tell_of_losses(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;

	begin(&m);
	for (uint16_t lost = 0; lost < 3; lost++) {
		mketl__buffer(&m, 0, 1 + lost);
		m.flags |= (uint16_t)(lost << 1);
		add(&m, 1 + lost, 1);
		mketl__flush(&m);
	}
	read_trace(&m.file, m.file.len, &t);
	assert_int_equal(t.stats.event_cnt, 4);
	assert_int_equal(t.stats.lossy_buffer_cnt, 2);
}

/* ---- several files ---- */

static int add_memory(struct etl_reader *r, const struct mketl *m)
{
	struct file_input in;

	file_input__open_memory(&in, m->file.data, m->file.len);
	return etl_reader__add(r, &in);
}

/* The second one began later, and is added first: times count from the first one's start. */
static void test_files_of_one_session(void **state _unused_)
{
	struct etl_reader *r = etl_reader__new();
	_mketl_ kernel, user;
	_trace_ t = {.err = 0};

	begin(&kernel);
	mketl__buffer(&kernel, 0, 1);
	add(&kernel, 1000, 1);
	add(&kernel, 1000300, 3);
	mketl__flush(&kernel);
	mketl__init(&user);
	user.start_ticks += 10000000;
	user.start_time += 10000000 + 1234; /* the system's clock was set a bit */
	mketl__begin(&user);
	mketl__buffer(&user, 0, 1);
	add(&user, 1000200, 2);
	mketl__flush(&user);
	assert_int_equal(add_memory(r, &user), 0);
	assert_int_equal(add_memory(r, &kernel), 0);
	buf__init(&t.text, 1 << 16);
	read_all(r, &t);
	assert_no_errors(&t.stats);
	assert_int_equal(t.header.start_ticks, START);
	assert_string_equal(buf__str(&t.text), "cpu0 1000000 PERF64 5/36/0 v1\n"
					       "cpu0 1000200000 PERF64 5/36/0 v2\n"
					       "cpu0 1000300000 PERF64 5/36/0 v3\n");
	assert_ptr_equal(etl_reader__header(r, 1), etl_reader__base(r));
	assert_null(etl_reader__header(r, 2));
	etl_reader__free(r);
}

static void test_files_of_other_sessions(void **state _unused_)
{
	struct etl_reader *r = etl_reader__new();
	_mketl_ first, boot, freq;

	begin(&first);
	mketl__init(&boot);
	boot.start_time += 600ull * 10000000; /* at the same ticks */
	mketl__begin(&boot);
	mketl__init(&freq);
	freq.freq = 9999999;
	mketl__begin(&freq);
	assert_int_equal(add_memory(r, &first), 0);
	assert_int_equal(add_memory(r, &boot), -EINVAL);
	assert_non_null(strstr(error_text(-EINVAL), "one session"));
	assert_int_equal(add_memory(r, &freq), -EINVAL);
	assert_int_equal(etl_reader__buffers(r)->cnt, 1);
	for (int i = 1; i < ETL_MAX_FILES; i++)
		assert_int_equal(add_memory(r, &first), 0);
	assert_int_equal(add_memory(r, &first), -E2BIG);
	error_text(-E2BIG);
	etl_reader__free(r);
}

/* ---- nonsense ---- */

static void check_refused(const struct buf *b, size_t len)
{
	_trace_ t;

	read_trace(b, len, &t);
	assert_int_equal(t.err, -EBADMSG);
	assert_non_null(strstr(error_text(t.err), "no event trace"));
}

static void test_files_that_are_no_trace(void **state _unused_)
{
	_mketl_ m, other, packed, slow;

	begin(&m);
	for (size_t len = 0; len < 72 + 32 + 280; len += 5)
		check_refused(&m.file, len);
	/* Another event stands first. */
	mketl__init(&other);
	mketl__buffer(&other, 0, 1);
	add(&other, 1, 1);
	mketl__flush(&other);
	check_refused(&other.file, other.file.len);
	/* The header is said to be packed itself. */
	begin(&packed);
	mketl_set16(&packed.file, 0x34, 0x40);
	check_refused(&packed.file, packed.file.len);
	/* A clock without a speed. */
	mketl__init(&slow);
	slow.freq = 0;
	mketl__begin(&slow);
	check_refused(&slow.file, slow.file.len);
}

/* One byte after the other becomes something else: nothing may be read that isn't there, and it has to end. */
static void test_damaged_traces(void **state _unused_)
{
	_mketl_ m;

	random_seed(4);
	mketl__init(&m);
	m.buffer_bytes = 1024;
	mketl__begin(&m);
	mketl__buffer(&m, 1, 1);
	add_every_kind(&m);
	mketl__flush(&m);
	m.packed = true;
	mketl__buffer(&m, 2, 2);
	add_every_kind(&m);
	mketl__flush(&m);
	for (int run = 0; run < 20000; run++) {
		size_t at = random_below(m.file.len);
		char was = m.file.data[at];
		_trace_ t;

		m.file.data[at] = (char)(once_in(3) ? 0xff : random_u64());
		read_trace(&m.file, m.file.len, &t);
		error_text(t.err);
		m.file.data[at] = was;
	}
}

/* More CPUs at once than there is memory for: what is too much is counted. */
static void test_memory_has_a_limit(void **state _unused_)
{
	_mketl_ m;
	_trace_ t;
	size_t at;

	mketl__init(&m);
	m.packed = true;
	m.mode = 0x04000001;
	mketl__begin(&m);
	for (uint16_t cpu = 1; cpu < 200; cpu++) {
		at = m.file.len;
		mketl__buffer(&m, cpu, cpu);
		add(&m, cpu, 1);
		mketl__flush(&m);
		mketl_set32(&m.file, at + 0x30, 16u << 20);
	}
	read_trace(&m.file, m.file.len, &t);
	assert_int_equal(t.stats.bad_buffer_cnt, 199);
	assert_true(t.stats.event_cnt >= 64 && t.stats.event_cnt < 200);
}

static void check_utf16(const char *from, size_t len, size_t cap, const char *expect, size_t used)
{
	void *exact = malloc(len ? len : 1);
	char to[64];

	memcpy(exact, from, len);
	assert_int_equal(utf16_to_utf8(exact, len, to, cap), used);
	assert_string_equal(to, expect);
	free(exact);
}

static void test_utf16(void **state _unused_)
{
	check_utf16("a\0b\0\0\0c\0", 8, 64, "ab", 6);
	check_utf16("a\0b\0", 4, 64, "ab", 4);
	check_utf16("a\0b", 3, 64, "a", 2);
	check_utf16("", 0, 64, "", 0);
	check_utf16("\xe9\0\xac\x20", 4, 64, "\xc3\xa9\xe2\x82\xac", 4);
	check_utf16("\x3d\xd8\x00\xde", 4, 64, "\xf0\x9f\x98\x80", 4);
	/* Halves of pairs. */
	check_utf16("\x3d\xd8x\0", 4, 64, "\xef\xbf\xbdx", 4);
	check_utf16("\x00\xdex\0", 4, 64, "\xef\xbf\xbdx", 4);
	check_utf16("\x3d\xd8", 2, 64, "\xef\xbf\xbd", 2);
	/* No room for half a character, and nothing behind it. */
	check_utf16("a\0\xac\x20z\0", 6, 4, "a", 6);
	check_utf16("a\0\xac\x20z\0", 6, 5, "a\xe2\x82\xac", 6);
	check_utf16("a\0", 2, 1, "", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_trace_says_of_itself),
		cmocka_unit_test(test_every_kind_of_header),
		cmocka_unit_test(test_headers_that_are_unknown),
		cmocka_unit_test(test_a_header_without_a_size),
		cmocka_unit_test(test_events_that_lie_about_their_size),
		cmocka_unit_test(test_cpus_are_merged_by_time),
		cmocka_unit_test(test_random_traces_are_in_order),
		cmocka_unit_test(test_times_that_go_back),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_packed_buffers),
		cmocka_unit_test(test_a_packed_buffer_that_is_damaged),
		cmocka_unit_test(test_packed_in_another_way),
		cmocka_unit_test(test_a_file_that_is_cut),
		cmocka_unit_test(test_places_without_a_buffer),
		cmocka_unit_test(test_a_circular_file),
		cmocka_unit_test(test_where_events_end_in_an_old_buffer),
		cmocka_unit_test(test_buffers_that_tell_of_losses),
		cmocka_unit_test(test_files_of_one_session),
		cmocka_unit_test(test_files_of_other_sessions),
		cmocka_unit_test(test_files_that_are_no_trace),
		cmocka_unit_test(test_damaged_traces),
		cmocka_unit_test(test_memory_has_a_limit),
		cmocka_unit_test(test_utf16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
