/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * From a recording to every output, through all that `dwell report` uses. What comes out is compared with
 * tests/golden/pipeline (found from the working directory or $DWELL_GOLDEN); UPDATE_GOLDEN=1 writes those
 * files anew; pprof files as text. In the golden HTML and SVG the embedded scripts and styles are left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/session.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_read.h"
#include "fixtures/golden.h"
#include "fixtures/mkwire.h"
#include "format/recording.h"
#include "output/writer.h"
#include "source/recording.h"

/* ---- files ---- */

static char recording_path[] = "/tmp/test_pipeline.XXXXXX";

static int path_setup(void **state _unused_)
{
	strcpy(recording_path, "/tmp/test_pipeline.XXXXXX");
	return close(mkstemp(recording_path));
}

static int path_teardown(void **state _unused_)
{
	return unlink(recording_path);
}

static void write_bytes(const void *data, size_t len)
{
	FILE *fp = fopen(recording_path, "wb");

	assert_non_null(fp);
	assert_int_equal(fwrite(data, 1, len, fp), len);
	assert_int_equal(fclose(fp), 0);
}

static void write_recording(const struct buf *b)
{
	FILE *fp = fopen(recording_path, "wb");
	struct recording_writer *w = recording_writer__new(fp);

	assert_non_null(w);
	for (size_t off = 0; off < b->len; off += mkwire_event(b, off).h->size) {
		struct event e = mkwire_event(b, off);

		assert_int_equal(recording_writer__add(w, &e), 0);
	}
	assert_int_equal(recording_writer__finish(w), 0);
	recording_writer__free(w);
	fclose(fp);
}

/* ---- the pipeline ---- */

/* Reads the recording to its end. The caller gets the session only with 0. */
static int report(struct session **ret_session)
{
	struct source *source = recording_source_open(recording_path);
	struct session_limits limits = {0};
	struct session *s;
	int err;

	if (!source)
		return -errno;
	s = session__new();
	assert_non_null(s);
	s->offcpu.keep_times = true;
	err = session__run(s, source, &limits);
	source__close(source);
	if (err)
		session__free(s);
	else
		*ret_session = s;
	return err;
}

static struct profile *profile_of(struct session *s)
{
	static struct resolver recorded;
	static const struct resolver *const resolvers[] = {&recorded, NULL};
	struct offcpu_view view = {0};
	struct profile *p;

	recorded_symbols__resolver(s->recorded, &recorded);
	session__recorded_view(s, &view);
	p = session__profile(s, resolvers, NULL, &view);
	assert_non_null(p);
	return p;
}

static char *render(const struct writer *w, const struct profile *p)
{
	const struct writer_opts opts = {.width = 100};

	return golden_render(w, p, &opts);
}

/* Records @b, reports it in every format, and frees it. */
static void check_outputs(const char *name, struct buf *b)
{
	struct session *s = NULL;
	struct profile *p;

	write_recording(b);
	buf__fini(b);
	assert_int_equal(report(&s), 0);
	p = profile_of(s);
	assert_int_equal(ledger__imbalance_ns(&p->ledger), 0);
	for (const struct writer *const *w = writers(); *w; w++)
		if (golden_has(*w))
			golden_check(*w, "pipeline", name, render(*w, p));
	profile__free(p);
	session__free(s);
}

/* ---- recordings ---- */

#define KERNEL	   0xffffffff81000000
#define MS(n)	   ((n)*1000000ull)
#define FUNCTION   0x100
#define MAX_FRAMES 8

enum {
	MODULE_KERNEL = 1,
	MODULE_APP = 2,
	MODULE_LIBC = 3,
};

/* Modules and mappings of processes 100 and 200, the window's start. */
static void begin(struct buf *b)
{
	mkwire_init(b);
	mkwire_meta(b, "host", "example");
	mkwire_meta(b, "kernel", "Linux 6.1.0");
	mkwire_meta(b, "target", "the demo");
	mkwire_module(b, MODULE_KERNEL, WIRE_MODULE_KERNEL, "[kernel]");
	mkwire_module(b, MODULE_APP, WIRE_MODULE_ELF, "/usr/bin/shop");
	mkwire_module(b, MODULE_LIBC, WIRE_MODULE_ELF, "/lib/x86_64-linux-gnu/libc.so.6");
	for (uint32_t pid = 100; pid <= 200; pid += 100) {
		mkwire_mapping(b, pid, 0x400000, 0x500000, 0, MODULE_APP);
		mkwire_mapping(b, pid, 0x7f0000000000, 0x7f0000100000, 0x28000, MODULE_LIBC);
	}
	mkwire_window(b, WIRE_WINDOW_START, MS(1000));
}

/* Function @n of a module; the offset of it in the file. */
static uint64_t function_offset(uint32_t module, unsigned int n)
{
	return (module == MODULE_KERNEL ? KERNEL
		: module == MODULE_LIBC ? 0x28000
					: 0) +
	       n * FUNCTION;
}

static void symbol(struct buf *b, uint32_t module, unsigned int n, const char *name)
{
	mkwire_symbol(b, module, function_offset(module, n), FUNCTION, name);
}

/* Return addresses into function @n. */
#define IN_KERNEL(n) (KERNEL + (n)*FUNCTION + 0x11)
#define IN_APP(n)    (0x400000ull + (n)*FUNCTION + 0x11)
#define IN_LIBC(n)   (0x7f0000000000ull + (n)*FUNCTION + 0x11)

/* Addresses from the innermost on, 0 ends them. */
static void add_stack(struct buf *b, uint32_t pid, uint64_t id, const uint64_t *ips)
{
	uint16_t n = 0;

	while (ips[n])
		n++;
	mkwire_stack(b, pid, id, ips, n);
}

#define STACK(b, pid, id, ...) add_stack(b, pid, id, (const uint64_t[]){__VA_ARGS__, 0})

static struct wire_interval *wait_of(struct buf *b, uint32_t tid, uint64_t out_ns,
				     uint64_t blocked_ns, uint64_t runnable_ns, uint64_t kernel,
				     uint64_t user)
{
	return mkwire_at(b, mkwire_interval(b, tid, out_ns, out_ns + blocked_ns,
					    out_ns + blocked_ns + runnable_ns, kernel, user));
}

/* A life from the window's start to its end, less what is @open. */
static void summary(struct buf *b, uint32_t pid, uint32_t tid, const char *comm, uint64_t blocked,
		    uint64_t runnable, uint64_t open, uint32_t flags)
{
	struct wire_summary *s = mkwire_at(b, mkwire_summary(b, pid, tid, 0, comm));

	s->begin_ns = MS(1000);
	s->end_ns = MS(3000);
	s->blocked_ns = blocked;
	s->runnable_ns = runnable;
	s->on_cpu_ns = MS(2000) - blocked - runnable - open;
	s->kernel_on_cpu_ns = s->on_cpu_ns + 1000;
	s->kernel_runnable_ns = runnable;
	s->intervals = 2;
	s->flags = flags;
}

static void end(struct buf *b, uint64_t observed_ns, uint64_t observed_cnt, uint64_t spilled_ns,
		uint64_t spilled_cnt)
{
	uint64_t values[WIRE_COUNTER_CNT] = {
		[WIRE_C_OBSERVED_NS] = observed_ns + MS(3),
		[WIRE_C_OBSERVED_CNT] = observed_cnt + 4,
		[WIRE_C_FILTERED_NS] = MS(1),
		[WIRE_C_FILTERED_CNT] = 3,
		[WIRE_C_SPILLED_NS] = spilled_ns,
		[WIRE_C_SPILLED_CNT] = spilled_cnt,
		[WIRE_C_LOST_SPILL_FULL_NS] = MS(2),
		[WIRE_C_LOST_SPILL_FULL_CNT] = 1,
		[WIRE_C_EVENTS] = 40,
	};

	mkwire_counters(b, values, WIRE_COUNTER_CNT);
	mkwire_window(b, WIRE_WINDOW_END, MS(3000));
	mkwire_round(b, MS(3000));
}

/* ---- a shop: what a profile usually has ---- */

static void shop_stacks(struct buf *b)
{
	STACK(b, 0, 1, IN_KERNEL(1), IN_KERNEL(2), IN_KERNEL(9)); /* futex */
	STACK(b, 0, 2, IN_KERNEL(3), IN_KERNEL(4), IN_KERNEL(9)); /* file */
	STACK(b, 0, 3, IN_KERNEL(5), IN_KERNEL(9));		  /* epoll */
	STACK(b, 100, 11, IN_LIBC(1), IN_APP(3), IN_APP(2), IN_APP(1));
	STACK(b, 100, 12, IN_LIBC(2), IN_APP(4), IN_APP(1));
	STACK(b, 100, 13, IN_LIBC(3), IN_APP(5), 0x123456);
	((struct wire_stack *)mkwire_at(b, b->len - sizeof(struct wire_stack) - 24))->flags =
		WIRE_STACK_TRUNCATED;
	/* A process that nobody could look into. */
	STACK(b, 300, 14, 0x555500001234, 0x555500005678);
}

static void shop_waits(struct buf *b)
{
	struct wire_spill *spill;

	wait_of(b, 100, MS(1100), MS(40), MS(2), 1, 11);
	wait_of(b, 100, MS(1200), MS(60), MS(1), 1, 11);
	wait_of(b, 101, MS(1300), MS(25), 0, 2, 12)->wait =
		(struct wire_wait){.state = 2, .syscall = 0, .flags = WIRE_F_IOWAIT};
	wait_of(b, 101, MS(1400), 0, MS(7), 2, 12)->wait.flags = WIRE_F_PREEMPT;
	wait_of(b, 101, MS(1050), 0, MS(1), 0, 0)->wait.flags = WIRE_F_PREEMPT | WIRE_F_NEW;
	wait_of(b, 300, MS(1500), MS(10), MS(1), 3, 14);
	wait_of(b, 200, MS(1600), MS(5), 0, 99, 0);
	wait_of(b, 2, MS(1700), MS(3), 0, 4, 0)->wait =
		(struct wire_wait){.state = 0x402, .syscall = -1, .flags = WIRE_F_KTHREAD};
	spill = mkwire_at(b, mkwire_spill(b, 100, 4, MS(80), MS(4)));
	spill->kernel_stack = 1;
	spill->user_stack = 11;
	spill->max_ns = MS(50);
	wait_of(b, 100, MS(2000), MS(1000), 0, 3, 13)->wait.flags = WIRE_F_OPEN;
}

static void shop_names(struct buf *b)
{
	symbol(b, MODULE_KERNEL, 1, "futex_do_wait");
	symbol(b, MODULE_KERNEL, 2, "do_futex");
	symbol(b, MODULE_KERNEL, 3, "folio_wait_bit_common");
	symbol(b, MODULE_KERNEL, 4, "filemap_read");
	symbol(b, MODULE_KERNEL, 5, "ep_poll");
	symbol(b, MODULE_KERNEL, 6, "worker_thread");
	symbol(b, MODULE_KERNEL, 9, "do_syscall_64");
	symbol(b, MODULE_APP, 1, "main");
	symbol(b, MODULE_APP, 2, "serve");
	symbol(b, MODULE_APP, 3, "take_order");
	symbol(b, MODULE_APP, 4, "read_stock");
	symbol(b, MODULE_LIBC, 1, "pthread_mutex_lock");
	symbol(b, MODULE_LIBC, 2, "read");
}

static void shop(struct buf *b)
{
	begin(b);
	mkwire_thread(b, 100, 100, 0, "shop");
	mkwire_thread(b, 100, 101, 0, "shop-io");
	mkwire_thread(b, 200, 200, 0, "shop");
	mkwire_thread(b, 300, 300, 0, "visitor");
	mkwire_thread(b, 2, 2, 0, "kworker/0:1");
	shop_stacks(b);
	STACK(b, 0, 4, IN_KERNEL(6));
	shop_waits(b);
	mkwire_round(b, MS(2000));
	summary(b, 100, 100, "shop", MS(180), MS(7), MS(1000), 0);
	summary(b, 100, 101, "shop-io", MS(25), MS(8), 0, WIRE_THREAD_EXITED);
	summary(b, 2, 2, "kworker/0:1", MS(3), 0, 0, WIRE_THREAD_KTHREAD);
	end(b, MS(42 + 61 + 25 + 7 + 1 + 11 + 5 + 3 + 84), 8 + 4, MS(84), 4);
	shop_names(b);
}

static void test_a_usual_recording(void **state _unused_)
{
	struct buf b;

	shop(&b);
	check_outputs("shop", &b);
}

/* The same, as the run was looked at. */
static void test_a_recording_with_a_view_of_its_own(void **state _unused_)
{
	char reasons[16];
	struct buf b;

	shop(&b);
	mkwire_meta(&b, "view.per_thread", "1");
	mkwire_meta(&b, "view.split", "1");
	mkwire_meta(&b, "view.delimiter", "1");
	snprintf(reasons, sizeof(reasons), "%u", 1u << REASON_LOCK | 1u << REASON_DISK);
	mkwire_meta(&b, "view.reasons", reasons);
	check_outputs("view", &b);
}

/* ---- names from the worst of worlds ---- */

static const char *const hostile_comms[] = {
	"a;b;c",
	"</script>",
	"\"><img src=x>",
	"line\nfeed\ttab",
	"\xff\xfe\xc3(",
	"job 12",
	"  spaces  ",
	"]]>&amp;'",
	"\x1b[31mred",
	"\u202edesrever",
	"%s%n%d",
	"\\\"\\u0000",
	"",
	" ",
	"-",
};

static const char *const hostile_symbols[] = {
	"std::map<a, b>::operator[](a const&)",
	"operator<<(std::ostream&, char const*)",
	"</text></svg><script>alert(1)</script>",
	"semi;colon",
	"ends in 42",
	"\xf0\x9f\x90\x8c\xf0\x9f\x90",
	"\x01\x02\x7f",
	"[unknown]",
	"--><!-- ]]>",
};

static void hostile(struct buf *b)
{
	uint64_t ips[ARRAY_SIZE(hostile_symbols) + 2] = {0};
	char text[300];

	begin(b);
	mkwire_meta(b, "<b>key</b>", "\"value\" \xff </script>");
	for (unsigned int i = 0; i < ARRAY_SIZE(hostile_symbols) + 1; i++)
		ips[i] = IN_APP(i);
	add_stack(b, 100, 11, ips);
	STACK(b, 0, 1, IN_KERNEL(1));
	for (uint32_t i = 0; i < ARRAY_SIZE(hostile_comms); i++) {
		mkwire_thread(b, 100, 100 + i, 0, hostile_comms[i]);
		wait_of(b, 100 + i, MS(1100), MS(10 + i), MS(1), 1, 11);
	}
	end(b, MS(11 * ARRAY_SIZE(hostile_comms) + 105), ARRAY_SIZE(hostile_comms), 0, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(hostile_symbols); i++)
		symbol(b, MODULE_APP, i, hostile_symbols[i]);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	symbol(b, MODULE_APP, ARRAY_SIZE(hostile_symbols), text);
	symbol(b, MODULE_KERNEL, 1, "futex_do_wait");
}

static void test_hostile_names(void **state _unused_)
{
	struct buf b;

	assert_int_equal(ARRAY_SIZE(hostile_comms), 15); /* 0 + ... + 14 is 105 */
	hostile(&b);
	check_outputs("hostile", &b);
}

static void hostile_profile(struct session **ret_session, struct profile **ret_profile)
{
	struct buf b;

	hostile(&b);
	write_recording(&b);
	buf__fini(&b);
	assert_int_equal(report(ret_session), 0);
	*ret_profile = profile_of(*ret_session);
}

static void check_never(const struct writer *w, const struct profile *p, const char *const *never)
{
	char *text = render(w, p);

	for (; *never; never++)
		if (strstr(text, *never))
			fail_msg("%s has %s", w->name, *never);
	free(text);
}

/* What the golden files must never be updated to. */
static void test_hostile_names_break_no_format(void **state _unused_)
{
	static const char *const in_any[] = {"\x1b", "\xff", "\x7f", NULL};
	static const char *const in_markup[] = {"<img", "<script>alert", "<b>key", "<!-- ]]>",
						NULL};
	static const char *const in_xml[] = {"]]>&", "--><", NULL};
	struct session *s = NULL;
	struct profile *p;

	hostile_profile(&s, &p);
	for (const struct writer *const *w = writers(); *w; w++)
		if (golden_has(*w))
			check_never(*w, p, in_any);
	check_never(&html_writer, p, in_markup);
	check_never(&svg_writer, p, in_markup);
	check_never(&svg_writer, p, in_xml);
	profile__free(p);
	session__free(s);
}

static void test_each_folded_line_of_hostile_names_has_all_its_frames(void **state _unused_)
{
	struct session *s = NULL;
	struct profile *p;
	size_t lines = 0;
	char *text, *line, *rest;

	hostile_profile(&s, &p);
	text = render(&folded_writer, p);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		size_t frames = 1;

		for (const char *c = line; *c; c++)
			frames += *c == ';';
		assert_int_equal(frames, 1 + ARRAY_SIZE(hostile_symbols) + 1 + 1);
		lines++;
	}
	/* Three of the names, "", " " and what is left of it, are the same: [unknown]. */
	assert_int_equal(lines, ARRAY_SIZE(hostile_comms) - 1);
	free(text);
	profile__free(p);
	session__free(s);
}

static void test_a_recording_in_which_nothing_happened(void **state _unused_)
{
	struct buf b;

	begin(&b);
	mkwire_window(&b, WIRE_WINDOW_END, MS(3000));
	mkwire_round(&b, MS(3000));
	check_outputs("nothing", &b);
}

static void test_a_recording_without_any_record(void **state _unused_)
{
	struct buf b;

	mkwire_init(&b);
	check_outputs("no_records", &b);
}

/* ---- recordings that are not whole ---- */

/* The report must fail with one line that begins with the file's name. What comes after it. */
static const char *refusal(void)
{
	static char text[1024];
	struct session *s = NULL;
	int err = report(&s);
	size_t len = strlen(recording_path);

	assert_int_equal(err, -EBADMSG);
	snprintf(text, sizeof(text), "%s", error_text(err));
	assert_null(strchr(text, '\n'));
	assert_memory_equal(text, recording_path, len);
	assert_memory_equal(text + len, ": ", 2);
	return text + len + 2;
}

static const char *refusal_of(const void *data, size_t len)
{
	write_bytes(data, len);
	return refusal();
}

/* The bytes of a recording of a shop. */
static void shop_bytes(struct buf *to)
{
	struct buf b;

	shop(&b);
	write_recording(&b);
	buf__fini(&b);
	assert_int_equal(os_read_file(recording_path, 1 << 20, to), 0);
	assert_true(to->len > 200);
}

static void test_files_that_are_no_recording_are_told_so(void **state _unused_)
{
	static const char no_recording[] =
		"not a dwell recording: give a file made by `dwell record`";
	_cleanup_buf_ struct buf file = {0};

	assert_string_equal(refusal_of("", 0), no_recording);
	assert_string_equal(refusal_of("\x7f"
				       "ELF",
				       4),
			    no_recording);
	assert_string_equal(refusal_of("a;b;c 12\n", 9), no_recording);
	shop_bytes(&file);
	file.data[8] = 7;
	assert_string_equal(
		refusal_of(file.data, file.len),
		"recording of version 7, this dwell reads version 1: use the dwell that "
		"made it, or a newer one");
}

static void test_a_cut_recording_says_after_how_many_records(void **state _unused_)
{
	_cleanup_buf_ struct buf file = {0};

	shop_bytes(&file);
	assert_string_equal(refusal_of(file.data, 100),
			    "truncated after 0 records: the recording was not finished or not "
			    "copied whole; copy or record it again");
	assert_string_equal(refusal_of(file.data, file.len - 1),
			    "truncated after 54 records: the recording was not finished or not "
			    "copied whole; copy or record it again");
}

static void test_no_cut_recording_is_taken_for_a_whole_one(void **state _unused_)
{
	_cleanup_buf_ struct buf file = {0};

	shop_bytes(&file);
	for (size_t len = 0; len < file.len; len++)
		refusal_of(file.data, len);
}

static void test_a_damaged_block_is_named(void **state _unused_)
{
	_cleanup_buf_ struct buf file = {0};

	shop_bytes(&file);
	file.data[100] ^= 1;
	assert_string_equal(refusal_of(file.data, file.len),
			    "block 1: checksum differs: the file is damaged; copy it again");
	file.data[100] ^= 1;
	file.data[24] ^= 1;
	assert_string_equal(refusal_of(file.data, file.len),
			    "block 1: is no block: the file is damaged; copy it again");
}

static void test_joined_recordings_are_refused(void **state _unused_)
{
	_cleanup_buf_ struct buf file = {0}, twice;

	shop_bytes(&file);
	buf__init(&twice, 1 << 20);
	buf__append(&twice, file.data, file.len);
	buf__append(&twice, file.data, file.len);
	assert_string_equal(refusal_of(twice.data, twice.len),
			    "something follows the recording's end: files that were joined must be "
			    "read one by one");
}

static char *folded_report(int *ret_err)
{
	struct session *s = NULL;
	struct profile *p;
	char *text;

	*ret_err = report(&s);
	if (*ret_err)
		return NULL;
	p = profile_of(s);
	text = render(&folded_writer, p);
	profile__free(p);
	session__free(s);
	return text;
}

/* One flipped bit anywhere: refused, or it meant nothing (padding, reserved). */
static void test_no_damage_passes_as_another_profile(void **state _unused_)
{
	_cleanup_buf_ struct buf file = {0};
	size_t harmless = 0;
	char *want, *got;
	int err;

	shop_bytes(&file);
	want = folded_report(&err);
	assert_non_null(want);
	for (size_t i = 0; i < file.len; i++) {
		file.data[i] ^= 1 << (i % 8);
		write_bytes(file.data, file.len);
		got = folded_report(&err);
		if (got)
			assert_string_equal(got, want);
		else
			assert_int_equal(err, -EBADMSG);
		harmless += got != NULL;
		free(got);
		file.data[i] ^= 1 << (i % 8);
	}
	assert_true(harmless <= 8 + 2 * 7);
	free(want);
}

/* Sound as a file, nonsense as a story. */
static void test_records_that_contradict_each_other_are_refused(void **state _unused_)
{
	struct buf b;

	mkwire_init(&b);
	mkwire_module(&b, 2, WIRE_MODULE_ELF, "/second/without/first");
	write_recording(&b);
	buf__fini(&b);
	assert_string_equal(refusal(), "module 2 came out of order");
}

#define PATH_TEST(f) cmocka_unit_test_setup_teardown(f, path_setup, path_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PATH_TEST(test_a_usual_recording),
		PATH_TEST(test_a_recording_with_a_view_of_its_own),
		PATH_TEST(test_hostile_names),
		PATH_TEST(test_hostile_names_break_no_format),
		PATH_TEST(test_each_folded_line_of_hostile_names_has_all_its_frames),
		PATH_TEST(test_a_recording_in_which_nothing_happened),
		PATH_TEST(test_a_recording_without_any_record),
		PATH_TEST(test_files_that_are_no_recording_are_told_so),
		PATH_TEST(test_a_cut_recording_says_after_how_many_records),
		PATH_TEST(test_no_cut_recording_is_taken_for_a_whole_one),
		PATH_TEST(test_a_damaged_block_is_named),
		PATH_TEST(test_joined_recordings_are_refused),
		PATH_TEST(test_no_damage_passes_as_another_profile),
		PATH_TEST(test_records_that_contradict_each_other_are_refused),
	};

	return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
