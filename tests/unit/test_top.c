/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dwell top without a terminal and without a kernel: profiles that are added up, keys, and the screens that come of it, as a strict
 * terminal shows them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/top_state.h"
#include "browser/sample_profile.h"
#include "fixtures/random.h"
#include "fixtures/vt.h"
#include "format/syscall_table.h"
#include "output/top_screen.h"

#define MS 1000000ull
#define S  1000000000ull

/* ---- profiles ---- */

static uint16_t call(const char *name)
{
	return profile_syscall((int)syscall_find(name, false), false);
}

/* Two processes, four threads: a lock that two wait for, a sleeper, a disk. */
static struct profile *sample_top(void)
{
	struct profile *p = sample_new("app", 2 * S);
	uint32_t app = sample_str(p, "app"), owner = sample_str(p, "app (pid 100)"),
		 lock = sample_str(p, "0x5555"), db = sample_str(p, "db");

	sample_thread(p, "work-1", (struct profile_thread){.pid = 100, .tid = 101, .process = app});
	sample_thread(p, "work-2", (struct profile_thread){.pid = 100, .tid = 102, .process = app});
	sample_thread(p, "timer", (struct profile_thread){.pid = 100, .tid = 103, .process = app});
	sample_thread(p, "db", (struct profile_thread){.pid = 200, .tid = 200, .process = db});
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 0, .reason = REASON_LOCK, .cnt = 10, .blocked_ns = 900 * MS,
			  .runnable_ns = 100 * MS, .max_ns = 300 * MS, .syscall = call("futex"),
			  .lock_owner = owner, .lock = lock),
		   "Pwork-1", "Umain", "Utake", "Kentry", "Kfutex_wait");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 1, .reason = REASON_LOCK, .cnt = 20, .blocked_ns = 500 * MS,
			  .max_ns = 100 * MS, .syscall = call("futex"), .lock_owner = owner,
			  .lock = lock),
		   "Pwork-2", "Umain", "Utake", "Kentry", "Kfutex_wait");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 2, .reason = REASON_SLEEP, .cnt = 1, .open = true,
			  .blocked_ns = 2 * S, .max_ns = 60 * S, .syscall = call("nanosleep")),
		   "Ptimer", "Umain", "Utick", "Kentry", "Knanosleep");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 3, .reason = REASON_DISK, .cnt = 100, .blocked_ns = 200 * MS,
			  .max_ns = 50 * MS, .syscall = call("fsync")),
		   "Pdb", "Umain", "Uflush", "Kentry", "Kio_wait");
	SAMPLE_ADD(p,
		   SAMPLE(.thread = 3, .reason = REASON_PREEMPTED, .cnt = 7, .runnable_ns = 7000,
			  .max_ns = 2000),
		   "Pdb", "Umain");
	return p;
}

struct rig {
	struct top_rows rows;
	struct top_state state;
	struct top_view view;
	struct top_facts facts;
	struct screen screen;
	struct vt *vt;
};

static void rig_init(struct rig *r, int cols, int rows)
{
	memset(r, 0, sizeof(*r));
	assert_int_equal(top_rows__init(&r->rows), 0);
	r->facts = (struct top_facts){.target = "app (pid 100)",
				      .interval_ns = 2 * S,
				      .events_per_s = 1234,
				      .begun = true,
				      .clock = "12:00:02"};
	screen__init(&r->screen, true, false);
	assert_int_equal(screen__resize(&r->screen, cols, rows), 0);
	r->vt = vt__new(cols, rows);
	assert_non_null(r->vt);
}

static void rig_fini(struct rig *r)
{
	top_view__fini(&r->view);
	top_rows__fini(&r->rows);
	screen__fini(&r->screen);
	vt__free(r->vt);
}

static void rig_resize(struct rig *r, int cols, int rows)
{
	assert_int_equal(screen__resize(&r->screen, cols, rows), 0);
	vt__free(r->vt);
	r->vt = vt__new(cols, rows);
	assert_non_null(r->vt);
}

static void add(struct rig *r, struct profile *p)
{
	assert_int_equal(top_rows__add(&r->rows, p), 0);
	profile__free(p);
}

static const char *draw(struct rig *r)
{
	_cleanup_buf_ struct buf bytes;
	const char *wrong;

	assert_int_equal(top_view__make(&r->view, &r->rows, &r->state), 0);
	top_state__fit(&r->state, &r->view, top_body_rows(&r->facts, r->screen.rows));
	top_draw(&r->screen, &r->view, &r->state, &r->facts);
	buf__init(&bytes, 1 << 24);
	assert_int_equal(screen__flush(&r->screen, &bytes), 0);
	wrong = vt__feed(r->vt, buf__str(&bytes), bytes.len);
	if (wrong)
		fail_msg("%s in %s", wrong, buf__str(&bytes));
	return vt__text(r->vt, true);
}

static enum top_action press(struct rig *r, uint32_t key)
{
	enum top_action action =
		top_state__key(&r->state, key, &r->view, top_body_rows(&r->facts, r->screen.rows));

	draw(r);
	return action;
}

static void press_all(struct rig *r, const char *keys)
{
	for (; *keys; keys++)
		press(r, (unsigned char)*keys);
}

static void check_screen(struct rig *r, const char *expected)
{
	const char *shown = draw(r);

	if (!strcmp(shown, expected))
		return;
	fprintf(stderr, "expected\n%s\nbut it is\n%s\n", expected, shown);
	fail();
}

static void check_has(struct rig *r, const char *part, bool has)
{
	const char *shown = draw(r);

	if (!strstr(shown, part) == has)
		fail_msg("%s: %s in\n%s", part, has ? "is not" : "is", shown);
}

/* ---- exact screens ---- */

static void test_screen_80x24(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 80, 24);
	add(&r, sample_top());
	check_screen(
		&r,
		"dwell top: app (pid 100), last 2.0 s  12:00:02\n"
		"1.85s/s in 138 waits  1,234 events/s  0 lost\n"
		"1 <stacks> 2 threads 3 processes 4 reasons 5 locks 6 syscalls  sort: total\n"
		" TIME/s     %   COUNT     AVG     MAX  REASON        PROCESS         WHERE\n"
		"<  1.00s  54.1       1   2.00s   60.0s  sleep         app             "
		"nanosleep <>\n"
		"  750ms  40.5      30  50.0ms   300ms  lock          app             futex_wait\n"
		"  100ms   5.4     100  2.00ms  50.0ms  disk          db              io_wait <-\n"
		" 3.50us   0.0       7  1.00us  2.00us  preempted     db              main\n"
		"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
		"h help  q quit  s sort  / search  p pause  a all  i idle  Enter stack\n");
	rig_fini(&r);
}

static void test_screen_20x5(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 20, 5);
	add(&r, sample_top());
	check_screen(&r, "dwell top: app (pid,\n"
			 " TIME/s  WHERE\n"
			 "<  1.00s  nanosleep <>\n"
			 "  750ms  futex_wait\n"
			 "h help  q quit  s so\n");
	rig_resize(&r, 19, 5);
	check_screen(&r, "19x5: needs 20x5\n\n\n\n\n");
	rig_resize(&r, 80, 4);
	check_screen(&r, "80x4: needs 20x5\n\n\n\n");
	rig_resize(&r, 1, 1);
	check_screen(&r, "1\n");
	rig_fini(&r);
}

static void test_screen_200x60(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 200, 60);
	add(&r, sample_top());
	press_all(&r, "2");
	press(&r, TOP_KEY_DOWN);
	press(&r, '\r');
	check_screen(
		&r,
		"dwell top: app (pid 100), last 2.0 s  12:00:02\n"
		"1.85s/s in 138 waits  1,234 events/s  0 lost\n"
		"1 stacks 2 <threads> 3 processes 4 reasons 5 locks 6 syscalls  sort: total\n"
		" TIME/s     %   COUNT     AVG     MAX  REASON        THREAD\n"
		"  1.00s  54.1       1   2.00s   60.0s  sleep         timer/103  nanosleep <- tick "
		"<- main\n"
		"<  500ms  27.0      10   100ms   300ms  lock          work-1/101  futex_wait <- "
		"take <- main"
		"                                                                                  "
		"                           >\n"
		"        500ms 100.0%  lock  app\n"
		"            futex_wait\n"
		"            entry\n"
		"            take\n"
		"            main\n"
		"  250ms  13.5      20  25.0ms   100ms  lock          work-2/102  futex_wait <- "
		"take "
		"<- main\n"
		"  100ms   5.4     107  1.87ms  50.0ms  disk+         db/200  io_wait <- flush <- "
		"main\n"
		"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
		"\n\n\n"
		"\n\n"
		"h help  q quit  s sort  / search  p pause  a all  i idle  Enter stack\n");
	rig_fini(&r);
}

static void test_plain_table(void **state _unused_)
{
	_cleanup_buf_ struct buf text;
	struct rig r;

	rig_init(&r, 90, 6);
	r.facts.plain = true;
	add(&r, sample_top());
	buf__init(&text, 10000);
	r.state.by = TOP_BY_REASON;
	assert_int_equal(top_view__make(&r.view, &r.rows, &r.state), 0);
	top_draw(&r.screen, &r.view, &r.state, &r.facts);
	assert_int_equal(screen__text(&r.screen, &text), 0);
	assert_string_equal(
		buf__str(&text),
		"dwell top: app (pid 100), last 2.0 s  12:00:02\n"
		"1.85s/s in 138 waits  1,234 events/s  0 lost\n"
		" TIME/s     %   COUNT     AVG     MAX  REASON\n"
		"  1.00s  54.1       1   2.00s   60.0s  sleep: timers: nanosleep and the like\n"
		"  750ms  40.5      30  50.0ms   300ms  lock: futex and other user-space locks and "
		"conditio\n"
		"  100ms   5.4     100  2.00ms  50.0ms  disk: block device I/O\n");
	rig_fini(&r);
}

static void test_nothing_yet(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 80, 24);
	r.facts.begun = false;
	check_has(&r, "the first interval has not ended yet", true);
	r.facts.begun = true;
	check_has(&r, "no thread waited", true);
	press_all(&r, "5");
	check_has(&r, "start with --locks", true);
	add(&r, sample_top());
	press_all(&r, "1i");
	check_has(&r, "nanosleep", false);
	check_has(&r, "1.00s/s hidden", true);
	press_all(&r, "/zz");
	check_has(&r, "nothing has that in its names", true);
	rig_fini(&r);
}

/* ---- views ---- */

static void test_views(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 120, 24);
	r.state.locks = true;
	add(&r, sample_top());
	press_all(&r, "3");
	check_has(&r, "app (100)  nanosleep", true);
	check_has(&r, "db (200)  io_wait", true);
	press_all(&r, "5");
	check_has(&r, "  750ms  40.5      30  50.0ms   300ms  lock          app (pid 100), 0x5555",
		  true);
	check_has(&r, "sleep", false);
	press_all(&r, "6");
	check_has(&r, "futex  futex_wait <- take", true);
	check_has(&r, "nanosleep  nanosleep <- tick", true);
	check_has(&r, "fsync  io_wait", true);
	check_has(&r, "preempted", false);
	press_all(&r, "4");
	check_has(&r, "preempted: was runnable", true);
	press(&r, '\t');
	press(&r, TOP_KEY_BACK_TAB);
	press(&r, TOP_KEY_LEFT);
	check_has(&r, "<processes>", true);
	rig_fini(&r);
}

static void test_sorting(void **state _unused_)
{
	static const char *const first[] = {"sleep", "disk", "sleep", "sleep"};
	static const char *const names[] = {"sort: total", "sort: count", "sort: average",
					    "sort: max"};
	struct rig r;

	rig_init(&r, 120, 24);
	add(&r, sample_top());
	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		draw(&r);
		assert_string_equal(
			reason_name((enum reason)r.rows.rows[r.view.items[0].row].reason),
			first[i]);
		check_has(&r, names[i], true);
		for (size_t j = 1; j < r.view.item_cnt && r.state.sort == TOP_SORT_COUNT; j++)
			assert_true(r.view.items[j - 1].cnt >= r.view.items[j].cnt);
		press_all(&r, "s");
	}
	assert_int_equal(r.state.sort, TOP_SORT_TIME);
	rig_fini(&r);
}

static void test_kernel_frames(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 120, 24);
	add(&r, sample_top());
	check_has(&r, "futex_wait <- take <- main", true);
	press_all(&r, "K");
	check_has(&r, "futex_wait", false);
	check_has(&r, "take <- main", true);
	press(&r, TOP_KEY_DOWN);
	press(&r, ' ');
	check_has(&r, "            work-2/102, work-1/101\n            take\n            main\n",
		  true);
	rig_fini(&r);
}

static void test_search(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 120, 24);
	add(&r, sample_top());
	press_all(&r, "/");
	press_all(&r, "FLUSHX");
	assert_int_equal(r.view.item_cnt, 0);
	press(&r, TOP_KEY_BACKSPACE);
	assert_int_equal(r.view.item_cnt, 1);
	/* Keys that mean something elsewhere are text here. */
	assert_true(r.state.searching);
	press_all(&r, "q1\xc3");
	assert_true(r.state.searching);
	press(&r, 'u' & 0x1f);
	assert_string_equal(r.state.filter, "");
	press_all(&r, "lock");
	press(&r, '\r');
	assert_false(r.state.searching);
	assert_int_equal(r.view.item_cnt, 1);
	check_has(&r, "/lock  Esc: all", true);
	/* What is not found counts in the shares. */
	check_has(&r, "40.5", true);
	press(&r, TOP_KEY_ESC);
	assert_int_equal(r.view.item_cnt, 4);
	press_all(&r, "/103\r");
	assert_int_equal(r.view.item_cnt, 1);
	press(&r, TOP_KEY_F1 + 2);
	for (int i = 0; i < 200; i++)
		press(&r, 0x65e5);
	assert_true(strlen(r.state.filter) < TOP_FILTER_BYTES);
	press(&r, TOP_KEY_BACKSPACE);
	assert_int_equal(strlen(r.state.filter) % 3, 0);
	rig_fini(&r);
}

/* What was opened stays so in the next interval, wherever it is then. */
static void test_open_items_stay(void **state _unused_)
{
	struct rig r;
	struct profile *p = sample_new("app", S);

	rig_init(&r, 120, 24);
	add(&r, sample_top());
	draw(&r);
	press(&r, TOP_KEY_DOWN);
	press(&r, '\r');
	check_has(&r, "            take\n", true);
	top_rows__fini(&r.rows);
	assert_int_equal(top_rows__init(&r.rows), 0);
	/* Other string ids, another order. */
	sample_str(p, "something else");
	sample_thread(
		p, "work-9",
		(struct profile_thread){.pid = 100, .tid = 109, .process = sample_str(p, "app")});
	SAMPLE_ADD(p, SAMPLE(.thread = 0, .reason = REASON_NET, .cnt = 1, .blocked_ns = S), "Px",
		   "Umain");
	SAMPLE_ADD(p, SAMPLE(.thread = 0, .reason = REASON_LOCK, .cnt = 1, .blocked_ns = 1000),
		   "Pwork-9", "Umain", "Utake", "Kentry", "Kfutex_wait");
	add(&r, p);
	check_has(&r, "            take\n", true);
	press(&r, TOP_KEY_END);
	press(&r, '\r');
	check_has(&r, "            take\n", false);
	assert_int_equal(r.state.cursor, 1);
	rig_fini(&r);
}

static void test_many_stacks(void **state _unused_)
{
	struct profile *p = sample_new("app", S);
	struct rig r;

	rig_init(&r, 80, 10);
	sample_thread(p, "t", (struct profile_thread){.pid = 1, .tid = 1});
	for (unsigned int i = 0; i < 30; i++) {
		char name[16];

		snprintf(name, sizeof(name), "Uf%u", i);
		SAMPLE_ADD(p,
			   SAMPLE(.thread = 0, .reason = REASON_NET, .cnt = 1,
				  .blocked_ns = (i + 1) * MS),
			   "Pt", name);
	}
	add(&r, p);
	press_all(&r, "2\r");
	press(&r, TOP_KEY_END);
	check_has(&r, "... 25 more stacks", true);
	/* The cursor never leaves the screen. */
	press_all(&r, "1");
	for (int i = 0; i < 100; i++) {
		press(&r, random_u64() & 1 ? TOP_KEY_PAGE_DOWN : TOP_KEY_UP);
		assert_true(r.state.cursor >= r.state.scroll &&
			    r.state.cursor < r.state.scroll + 5);
		assert_true(r.state.cursor < 30);
	}
	press(&r, TOP_KEY_HOME);
	assert_int_equal(r.state.scroll, 0);
	rig_fini(&r);
}

/* ---- adding up ---- */

/* A wait of three intervals is one wait. */
static void test_accumulating(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 100, 24);
	add(&r, sample_top());
	add(&r, sample_top());
	assert_int_equal(r.rows.cnt, 5);
	assert_int_equal(r.rows.window_ns, 4 * S);
	for (size_t i = 0; i < r.rows.cnt; i++) {
		const struct top_row *row = &r.rows.rows[i];

		if (row->reason == REASON_SLEEP) {
			assert_int_equal(top_row__cnt(row), 1);
			assert_int_equal(row->ns, 4 * S);
			assert_int_equal(row->max_ns, 60 * S);
		} else if (row->reason == REASON_DISK) {
			assert_int_equal(top_row__cnt(row), 200);
			assert_int_equal(row->max_ns, 50 * MS);
		}
	}
	r.state.all = true;
	check_has(&r, "since the start: 4.0 s", true);
	check_has(&r, "  1.00s  54.1       1   4.00s   60.0s  sleep", true);
	rig_fini(&r);
}

static void test_too_many_rows(void **state _unused_)
{
	struct profile *p = sample_new("app", S);
	uint64_t ns = 0;
	struct rig r;

	rig_init(&r, 100, 24);
	r.rows.max_cnt = 10;
	sample_thread(p, "t", (struct profile_thread){.pid = 1, .tid = 1});
	for (unsigned int i = 0; i < 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "Uf%u", i);
		SAMPLE_ADD(p, SAMPLE(.thread = 0, .reason = i & 1, .cnt = 1, .blocked_ns = 1000),
			   "Pt", name);
	}
	add(&r, p);
	assert_int_equal(r.rows.cnt, 12);
	assert_int_equal(r.rows.left_cnt, 30);
	for (size_t i = 0; i < r.rows.cnt; i++)
		ns += r.rows.rows[i].ns;
	assert_int_equal(ns, 40000);
	check_has(&r, "some are [others]", true);
	rig_fini(&r);
}

static void test_copies(void **state _unused_)
{
	struct rig r, frozen;

	rig_init(&r, 100, 24);
	rig_init(&frozen, 100, 24);
	add(&r, sample_top());
	top_rows__fini(&frozen.rows);
	assert_int_equal(top_rows__copy(&frozen.rows, &r.rows), 0);
	draw(&r);
	assert_string_equal(draw(&frozen), vt__text(r.vt, true));
	add(&r, sample_top());
	check_has(&frozen, "last 2.0 s", true);
	rig_fini(&r);
	rig_fini(&frozen);
}

static void test_threads_not_known(void **state _unused_)
{
	struct profile *p = sample_new("app", S);
	struct rig r;

	rig_init(&r, 100, 24);
	SAMPLE_ADD(p, SAMPLE(.thread = UINT32_MAX, .reason = REASON_NET, .cnt = 1, .blocked_ns = S),
		   "Papp");
	add(&r, p);
	check_has(&r, "(no stack)", true);
	press_all(&r, "\r");
	check_has(&r, "            (no stack)", true);
	press_all(&r, "2");
	check_has(&r, "[others]", true);
	rig_fini(&r);
}

/* ---- what was lost ---- */

static void test_lost(void **state _unused_)
{
	struct ledger l = {0};
	struct rig r;

	rig_init(&r, 80, 24);
	add(&r, sample_top());
	top_describe_lost(&l, r.facts.lost);
	assert_string_equal(r.facts.lost, "");
	l.counters[WIRE_C_LOST_SPILL_FULL_CNT] = 120;
	l.counters[WIRE_C_LOST_SPILL_FULL_NS] = 1250 * MS;
	l.counters[WIRE_C_STACK_LOST] = 3;
	top_describe_lost(&l, r.facts.lost);
	check_has(&r, "LOST spill_full 120 (1.25s), stack_lost 3", true);
	check_has(&r, "0 lost", false);
	rig_resize(&r, 40, 5);
	check_has(&r, "LOST spill_full 120 (1.25s), stack_lost", true);
	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		l.counters[i] = UINT64_MAX;
	top_describe_lost(&l, r.facts.lost);
	assert_true(strlen(r.facts.lost) < TOP_LOST_BYTES);
	rig_fini(&r);
}

static void test_durations(void **state _unused_)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0ns"},
		{999, "999ns"},
		{1000, "1.00us"},
		{9994, "9.99us"},
		{9996, "10.0us"},
		{99960, "100us"},
		{999600, "1.00ms"},
		{12340000, "12.3ms"},
		{999999999, "1.00s"},
		{59900 * MS, "59.9s"},
		{999600 * MS, "999s"},
		{1250 * S, "1250s"},
		{100000 * S, "27h"},
		{UINT64_MAX, "999999h"},
	};
	char text[TOP_NS_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(top_ns(text, cases[i].ns), cases[i].text);
}

/* ---- keys ---- */

static void check_keys(const char *bytes, size_t len, const uint32_t *keys)
{
	struct top_keys k = {.len = 0};

	/* A byte at a time, as a slow line brings them. */
	for (size_t i = 0; i < len; i++) {
		top_keys__add(&k, bytes + i, 1);
		if (i + 1 < len)
			while (*keys && top_keys__next(&k, false) == *keys)
				keys++;
	}
	for (; *keys; keys++)
		assert_int_equal(top_keys__next(&k, true), *keys);
	assert_int_equal(top_keys__next(&k, true), TOP_KEY_NONE);
}
#define CHECK_KEYS(bytes, ...) \
	check_keys(bytes, sizeof(bytes) - 1, (const uint32_t[]){__VA_ARGS__, 0})

static void test_keys(void **state _unused_)
{
	CHECK_KEYS("q", 'q');
	CHECK_KEYS("\033[A\033OB", TOP_KEY_UP, TOP_KEY_DOWN);
	CHECK_KEYS("\033[5~\033[6~x", TOP_KEY_PAGE_UP, TOP_KEY_PAGE_DOWN, 'x');
	CHECK_KEYS("\033[H\033[4~\033[Z", TOP_KEY_HOME, TOP_KEY_END, TOP_KEY_BACK_TAB);
	CHECK_KEYS("\033OP\033OR\033[17~\033[21~", TOP_KEY_F1, TOP_KEY_F1 + 2, TOP_KEY_F1 + 5,
		   TOP_KEY_F1 + 9);
	CHECK_KEYS("\033[[C", TOP_KEY_F1 + 2);
	CHECK_KEYS("\033", TOP_KEY_ESC);
	CHECK_KEYS("\033[1;5A\033[200~", TOP_KEY_OTHER, TOP_KEY_OTHER);
	CHECK_KEYS("\xe6\x97\xa5\xff", 0x65e5, 0xfffd);
	CHECK_KEYS("\b\x7f", TOP_KEY_BACKSPACE, TOP_KEY_BACKSPACE);
}

/* ESC alone is a key only when nothing follows. */
static void test_escape(void **state _unused_)
{
	struct top_keys k = {.len = 0};

	top_keys__add(&k, "\033", 1);
	assert_int_equal(top_keys__next(&k, false), TOP_KEY_NONE);
	top_keys__add(&k, "[", 1);
	assert_int_equal(top_keys__next(&k, false), TOP_KEY_NONE);
	top_keys__add(&k, "A", 1);
	assert_int_equal(top_keys__next(&k, false), TOP_KEY_UP);
	top_keys__add(&k, "\033", 1);
	assert_int_equal(top_keys__next(&k, true), TOP_KEY_ESC);
	/* A sequence that never ends does not stop what comes behind it. */
	for (int i = 0; i < 200; i++) {
		top_keys__add(&k, i ? "1" : "\033[", i ? 1 : 2);
		while (top_keys__next(&k, false))
			;
		assert_true(top_keys__room(&k) > 0);
	}
}

static void test_quitting(void **state _unused_)
{
	struct rig r;

	rig_init(&r, 80, 24);
	draw(&r);
	assert_int_equal(press(&r, 'q'), TOP_ACTION_QUIT);
	assert_int_equal(press(&r, TOP_KEY_F1 + 9), TOP_ACTION_QUIT);
	assert_int_equal(press(&r, 'l' & 0x1f), TOP_ACTION_REDRAW);
	assert_int_equal(press(&r, 'h'), TOP_ACTION_DRAW);
	check_has(&r, "any key: back", true);
	assert_int_equal(press(&r, 'x'), TOP_ACTION_DRAW);
	assert_false(r.state.help);
	press_all(&r, "p");
	check_has(&r, "<PAUSED>", true);
	rig_fini(&r);
}

/* ---- anything at all ---- */

static struct profile *random_profile(void)
{
	struct profile *p = sample_new("x", 1 + random_below(3 * S));
	size_t threads = 1 + random_below(20), samples = random_below(200);

	for (size_t i = 0; i < threads; i++) {
		char comm[16] = {0};

		for (size_t at = 0; at < sizeof(comm) - 1; at++)
			comm[at] = (char)(1 + random_below(255));
		sample_thread(p, comm,
			      (struct profile_thread){.pid = (uint32_t)random_below(5),
						      .tid = (uint32_t)i + 1});
	}
	for (size_t i = 0; i < samples; i++) {
		struct profile_sample s = {
			.thread = (uint32_t)random_below(threads + 1),
			.reason = (uint8_t)random_below(REASON_CNT),
			.open = random_u64() & 1,
			.cnt = random_below(10),
			.blocked_ns = random_u64() >> (20 + random_below(40)),
			.max_ns = random_u64(),
			.syscall = (uint16_t)random_u64(),
		};
		const char *specs[20] = {"Px"};
		char names[19][8];
		size_t cnt = 1 + random_below(19);

		for (size_t f = 1; f < cnt; f++) {
			snprintf(names[f], sizeof(names[f]), "%cf%c%u", "UKDMJ"[random_below(5)],
				 (char)(1 + random_below(255)), (unsigned int)random_below(4));
			specs[f] = names[f];
		}
		sample_add(p, s, specs);
	}
	return p;
}

static void test_random_keys(void **state _unused_)
{
	static const char bytes[] = "\033[[OAB1256~HFPQRS\r\n \t/qsriaKphk?123456\x7f\x15\xe6\x97";
	struct top_keys keys = {.len = 0};
	struct rig r;

	random_seed(20);
	rig_init(&r, 80, 24);
	r.facts.target = "\033[2Jhostile \xff";
	for (int i = 0; i < 4000; i++) {
		char c = random_below(8) ? bytes[random_below(sizeof(bytes) - 1)]
					 : (char)random_u64();
		uint32_t key;

		top_keys__add(&keys, &c, 1);
		while ((key = top_keys__next(&keys, random_u64() & 1)) != TOP_KEY_NONE)
			press(&r, key);
		if (!random_below(20)) {
			if (random_u64() & 1) {
				top_view__fini(&r.view);
				top_rows__fini(&r.rows);
				assert_int_equal(top_rows__init(&r.rows), 0);
			}
			add(&r, random_profile());
			draw(&r);
		}
		if (!random_below(20)) {
			rig_resize(&r, 1 + (int)random_below(220), 1 + (int)random_below(70));
			draw(&r);
		}
		assert_true(!r.view.line_cnt || r.state.cursor < r.view.line_cnt);
	}
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screen_80x24),
		cmocka_unit_test(test_screen_20x5),
		cmocka_unit_test(test_screen_200x60),
		cmocka_unit_test(test_plain_table),
		cmocka_unit_test(test_nothing_yet),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_sorting),
		cmocka_unit_test(test_kernel_frames),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_open_items_stay),
		cmocka_unit_test(test_many_stacks),
		cmocka_unit_test(test_accumulating),
		cmocka_unit_test(test_too_many_rows),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_threads_not_known),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_quitting),
		cmocka_unit_test(test_random_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
