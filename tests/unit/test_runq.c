/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Run-queue latency on the host: a thread's waits and who ran meanwhile (bpf/queues.h, the lines that the kernel gets),
 * the table that they are added up in, and what is written of it.
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

#include "analyze/runq.h"
#include "base/compiler.h"
#include "output/runq.h"

#define START 1000 /* of the window */

static uint64_t random_state;

static uint64_t random_below(uint64_t n) /* splitmix64 */
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) % n;
}

/* ---- the life of a thread ---- */

static uint64_t ran_at(struct runq_state *st, uint64_t ts)
{
	__u64 ns = 0;

	assert_true(runq_state__run(st, ts, START, &ns));
	return ns;
}

static void test_wake_up_to_run(void **state _unused_)
{
	struct runq_state st = {0};
	__u64 ns;

	runq_state__wait(&st, 2000, 3, false);
	runq_state__wait(&st, 2100, 1, true); /* waits already: nothing new */
	assert_int_equal(ran_at(&st, 2500), 500);
	assert_false(runq_state__run(&st, 2600, START, &ns));
}

static void test_clipped_to_the_window(void **state _unused_)
{
	struct runq_state st = {0};
	struct runq_piece piece;
	__u64 ns;

	runq_state__wait(&st, 400, 0, true);
	assert_false(runq_state__piece(&st, 900, START, &piece));
	assert_true(runq_state__piece(&st, 1300, START, &piece));
	assert_int_equal(piece.from_ns, START);
	/* What is inside the window did not begin by losing the CPU. */
	assert_false(piece.preempted);
	assert_int_equal(ran_at(&st, 1300), 300);
	runq_state__wait(&st, 1400, 0, true);
	assert_false(runq_state__run(&st, 1500, 0, &ns)); /* no window yet */
	runq_state__wait(&st, 500, 0, true);
	assert_false(runq_state__run(&st, 600, START, &ns));
}

static void test_clocks_that_disagree(void **state _unused_)
{
	struct runq_state st = {0};
	struct runq_piece piece;

	runq_state__wait(&st, 2000, 0, false);
	assert_false(runq_state__piece(&st, 1990, START, &piece));
	assert_int_equal(ran_at(&st, 1990), 0);
}

static void test_moved_while_waiting(void **state _unused_)
{
	struct runq_state st = {0};
	struct runq_piece first, second;

	assert_false(runq_state__move(&st, 1500, 1, START, &first)); /* asleep */
	runq_state__wait(&st, 2000, 0, true);
	assert_false(runq_state__move(&st, 2100, 0, START, &first)); /* where it is */
	assert_true(runq_state__move(&st, 2300, 1, START, &first));
	assert_true(runq_state__piece(&st, 2700, START, &second));
	assert_int_equal(first.cpu, 0);
	assert_int_equal(first.to_ns - first.from_ns, 300);
	assert_true(first.preempted);
	assert_int_equal(second.cpu, 1);
	assert_int_equal(second.to_ns - second.from_ns, 400);
	assert_false(second.preempted); /* nobody there took its CPU */
	assert_int_equal(ran_at(&st, 2700), 700);
}

/* The kernel's account at switch-outs tells of waits that were not seen. */
static void test_switches_left_out(void **state _unused_)
{
	struct runq_state st = {.delay_ns = 50};
	__u64 ns = 0, split_ns = 0, unused;

	/* It came unseen. */
	runq_state__wait(&st, 2000, 0, true);
	assert_true(runq_state__missed(&st, 3000, 450, START, &ns, &split_ns));
	assert_int_equal(ns, 400);
	assert_int_equal(split_ns, 0);
	assert_int_equal(st.wait_ns, 0);
	/* It left unseen: comes, and did not wait. */
	assert_false(runq_state__run(&st, 3500, START, &unused));
	assert_true(runq_state__missed(&st, 4000, 550, START, &ns, &split_ns));
	assert_int_equal(ns, 100);
	/* All was seen. */
	runq_state__wait(&st, 4000, 0, true);
	assert_int_equal(ran_at(&st, 4100), 100);
	assert_false(runq_state__missed(&st, 4200, 650, START, &ns, &split_ns));
	/* Nothing from before the window, and what was split when it moved is not split again. */
	runq_state__wait(&st, 4200, 0, true);
	runq_state__move(&st, 4260, 1, START, &(struct runq_piece){0});
	assert_true(runq_state__missed(&st, 4400, 99999, START, &ns, &split_ns));
	assert_int_equal(ns, 4400 - START);
	assert_int_equal(split_ns, 60);
}

/* ---- who ran ---- */

/* What one CPU ran, as the kernel notes it. */
static void note(struct runq_history *h, uint64_t ts, uint32_t who)
{
	struct runq_run *run = runq_history__next(h);

	*run = (struct runq_run){.since_ns = ts, .who = {.start_ns = 1, .pid = who}};
	h->head++;
}

/* As split_step() does. What is left is unknown. */
static uint64_t split(const struct runq_history *h, struct runq_piece *piece, uint64_t *ret_by_who,
		      uint32_t *ret_preempter)
{
	bool preempted;
	__u64 ns;

	for (uint32_t back = 0; runq_history__has(h->head, back); back++) {
		const struct runq_run *run = runq_history__at(h, h->head, back);

		if (!runq_piece__cut(piece, run, &ns, &preempted))
			continue;
		ret_by_who[run->who.pid] += ns;
		if (preempted)
			*ret_preempter = run->who.pid;
		if (piece->to_ns <= piece->from_ns)
			break;
	}
	return piece->to_ns - piece->from_ns;
}

static void test_split_adds_up(void **state _unused_)
{
	enum { RUNS = 1500, WHO = 5 };

	random_state = 1;
	for (int round = 0; round < 500; round++) {
		struct runq_history h = {0};
		uint64_t begin[RUNS + 1], by_who[WHO] = {0}, expected[WHO] = {0};
		uint32_t who[RUNS], preempter = 99, cnt = 1 + (uint32_t)random_below(RUNS);
		uint64_t ts = 10000, unknown;
		uint32_t first = (uint32_t)random_below(cnt);
		struct runq_piece piece = {.preempted = 1};

		for (uint32_t i = 0; i < cnt; i++) {
			begin[i] = ts;
			who[i] = (uint32_t)random_below(WHO);
			note(&h, ts, who[i]);
			ts += random_below(3) * random_below(1000); /* some runs take no time */
		}
		begin[cnt] = ts;
		piece.from_ns = begin[first];
		piece.to_ns = ts;
		if (cnt - first > RUNQ_HISTORY - 1)
			first = cnt - (RUNQ_HISTORY - 1);
		for (uint32_t i = first; i < cnt; i++)
			expected[who[i]] += begin[i + 1] - begin[i];
		unknown = split(&h, &piece, by_who, &preempter);
		assert_memory_equal(by_who, expected, sizeof(expected));
		assert_int_equal(unknown, piece.to_ns - piece.from_ns);
		if (unknown)
			assert_true(piece.to_ns == begin[first]);
	}
}

static void test_preempter(void **state _unused_)
{
	struct runq_history h = {0};
	uint64_t by_who[4] = {0};
	uint32_t preempter = 99;
	struct runq_piece lost = {.from_ns = 200, .to_ns = 500, .preempted = 1};
	struct runq_piece woken = {.from_ns = 250, .to_ns = 500};

	note(&h, 0, 1); /* since before it was watched */
	note(&h, 200, 2);
	note(&h, 300, 3);
	assert_int_equal(split(&h, &lost, by_who, &preempter), 0);
	assert_int_equal(by_who[2], 100);
	assert_int_equal(by_who[3], 200);
	assert_int_equal(preempter, 2);
	/* Of a thread that was woken, the one that runs is in the way, but it took nothing from it. */
	preempter = 99;
	assert_int_equal(split(&h, &woken, by_who, &preempter), 0);
	assert_int_equal(by_who[2], 150);
	assert_int_equal(preempter, 99);
}

/* While another CPU is asked, it goes on and overwrites its oldest runs. */
static void test_history_overwritten(void **state _unused_)
{
	struct runq_history h = {0};
	uint64_t head;

	for (uint32_t i = 0; i < 1000; i++)
		note(&h, i, i);
	head = h.head;
	assert_true(runq_history__whole(&h, head, RUNQ_HISTORY - 2));
	assert_false(runq_history__has(head, RUNQ_HISTORY - 1)); /* may be being written */
	for (uint32_t moved = 1; moved < RUNQ_HISTORY; moved++) {
		uint32_t back = RUNQ_HISTORY - 1 - moved;

		note(&h, 1000 + moved, 0);
		assert_false(runq_history__whole(&h, head, back));
		assert_true(!back || runq_history__whole(&h, head, back - 1));
	}
	assert_false(runq_history__has(5, 5));
	assert_true(runq_history__has(5, 4));
}

/* ---- the table ---- */

static void add_waits(struct runq_table *t, struct runq_who who, uint32_t cpu, uint64_t wait_ns,
		      uint64_t cnt, const char *comm, uint64_t at_ns)
{
	struct runq_cell_key key = {.who = who, .cpu = cpu, .bucket = histogram_bucket(wait_ns)};
	struct runq_cell cell = {
		.cnt = cnt, .ns = wait_ns * cnt, .max_ns = wait_ns, .last_ns = at_ns};

	snprintf(cell.comm, sizeof(cell.comm), "%s", comm);
	assert_int_equal(runq_table__add_cell(t, &key, &cell), 0);
}

static void add_turn(struct runq_table *t, struct runq_who who, struct runq_who ran, uint64_t ns,
		     uint64_t preempt_cnt, const char *comm)
{
	struct runq_turn_key key = {.who = who, .ran = ran};
	struct runq_turn turn = {.ns = ns, .cnt = 2, .preempt_cnt = preempt_cnt, .last_ns = 1};

	snprintf(turn.comm, sizeof(turn.comm), "%s", comm);
	assert_int_equal(runq_table__add_turn(t, &key, &turn), 0);
}

static const struct runq_who alpha = {.start_ns = 5, .pid = 100};
static const struct runq_who beta = {.start_ns = 6, .pid = 200};
static const struct runq_who idle = {.pid = 0};
static const struct runq_who unknown = {.pid = RUNQ_NOBODY_KNOWS};

static void fill(struct runq_table *t)
{
	struct runq_cell_key open = {.who = beta, .bucket = RUNQ_BUCKET_OPEN};
	struct runq_cell cell = {.cnt = 1, .ns = 700, .max_ns = 700};

	add_turn(t, alpha, beta, 900000, 3, "beta");
	add_turn(t, alpha, idle, 90000, 0, "swapper/0");
	add_turn(t, alpha, unknown, 10000, 0, "");
	add_turn(t, beta, alpha, 5000000, 1, "al\033pha");
	add_waits(t, alpha, 0, 1000, 10, "old name", 1);
	add_waits(t, alpha, 1, 100000, 9, "alpha", 2);
	add_waits(t, alpha, 1, 90000, 1, "older", 1);
	add_waits(t, beta, 0, 5000000, 1, "beta", 1);
	assert_int_equal(runq_table__add_cell(t, &open, &cell), 0);
	assert_int_equal(runq_table__sort(t), 0);
}

static void test_table(void **state _unused_)
{
	struct runq_table t;
	struct runq_cell_key bad = {.bucket = RUNQ_BUCKET_OPEN + 1};
	struct runq_cell one = {.cnt = 1};
	const struct runq_row *row;

	runq_table__init(&t);
	fill(&t);
	assert_int_equal(t.cnt, 2);
	row = &t.rows[0]; /* most time first */
	assert_int_equal(row->who.pid, 200);
	assert_int_equal(row->open_cnt, 1);
	assert_int_equal(row->open_ns, 700);
	assert_int_equal(row->waits.cnt, 1);
	assert_int_equal(row->ns, 5000000);
	assert_int_equal(row->ran_cnt, 1);
	row = &t.rows[1];
	assert_string_equal(row->comm, "alpha"); /* its last name */
	assert_int_equal(row->waits.cnt, 20);
	assert_int_equal(row->waits.max, 100000);
	assert_int_equal(row->ran_cnt, 3);
	assert_int_equal(row->ran_ns, 1000000);
	for (size_t i = 1; i < row->ran_cnt; i++)
		assert_true(t.rans[row->first_ran + i - 1].sum.ns >=
			    t.rans[row->first_ran + i].sum.ns);
	assert_int_equal(t.sum_cnt, 4);
	assert_int_equal(t.sums[0].key.ran.pid, 100);
	assert_int_equal(t.sums[3].key.ran.pid, RUNQ_NOBODY_KNOWS);
	assert_int_equal(t.wait_cnt, 22);
	assert_int_equal(t.wait_ns, 10 * 1000 + 9 * 100000 + 90000 + 5000000 + 700);
	assert_int_equal(t.ran_ns, 6000000);
	/* The next interval begins with nothing but the sums. */
	runq_table__clear(&t);
	assert_int_equal(t.cnt, 0);
	assert_int_equal(runq_table__add_cell(&t, &bad, &one), -EINVAL);
	runq_table__clear(&t);
	fill(&t);
	assert_int_equal(t.cnt, 2);
	assert_int_equal(t.rows[1].ran_cnt, 3);
	assert_int_equal(t.ran_ns, 12000000);
	runq_table__fini(&t);
}

/* One who ran while several waited. */
static void test_sums(void **state _unused_)
{
	struct runq_table t;

	runq_table__init(&t);
	add_turn(&t, alpha, beta, 100, 1, "beta");
	add_turn(&t, alpha, idle, 150, 0, "swapper/0");
	add_turn(&t, (struct runq_who){.start_ns = 9, .pid = 300}, beta, 70, 2, "beta");
	assert_int_equal(runq_table__sort(&t), 0);
	assert_int_equal(t.sum_cnt, 2);
	assert_int_equal(t.sums[0].key.ran.pid, 200);
	assert_int_equal(t.sums[0].sum.ns, 170);
	assert_int_equal(t.sums[0].sum.cnt, 4);
	assert_int_equal(t.sums[0].sum.preempt_cnt, 3);
	assert_int_equal(t.sums[1].sum.ns, 150);
	runq_table__fini(&t);
}

static void test_words(void **state _unused_)
{
	static const char *const classes[] = {"other", "fifo", "rr",	   "batch",
					      NULL,    "idle", "deadline", "ext"};

	for (unsigned int i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i])
			assert_string_equal(runq_class_name(i), classes[i]);
		else
			assert_null(runq_class_name(i));
	assert_null(runq_class_name(8));
	assert_string_equal(runq_by_name(RUNQ_BY_CLASS), "class");
	assert_null(runq_by_name(RUNQ_BY_CNT));
}

/* ---- the writers ---- */

static char *render(int (*write)(const struct runq_report *, FILE *), struct runq_report *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(write(r, to), 0);
	fclose(to);
	return text;
}

static struct runq_report report_of(const struct runq_table *t)
{
	struct runq_report r = {
		.table = t,
		.title = "alpha and beta",
		.probes = "core",
		.end_ns = 2000000000,
		.last = true,
		.top_cnt = 20,
		.ran_cnt = 2,
	};

	r.counters.values[RUNQ_C_WAIT_NS] = t->wait_ns - 700 + 42;
	r.counters.values[RUNQ_C_OPEN_NS] = 700;
	r.counters.values[RUNQ_C_LOST_NS] = 42;
	return r;
}

static void test_text(void **state _unused_)
{
	struct runq_table t;
	struct runq_report r;
	char *text;

	runq_table__init(&t);
	fill(&t);
	r = report_of(&t);
	text = render(runq_write_text, &r);
	assert_string_equal(
		text,
		"waits for a CPU: alpha and beta, 2.000 s\n\n"
		"    waits      mean       p50       p95       p99       max     total  process\n"
		"                time      %  stretches  preemptions  ran instead\n"
		"        1  5.000 ms  5.000 ms  5.000 ms  5.000 ms  5.000 ms  5.000 ms  beta/200\n"
		"          and 1 that had not ended, 700 ns so far\n"
		"            5.000 ms  100.0          2            1  al\xef\xbf\xbdpha/100\n"
		"       20  50.00 us  1.008 us  100.0 us  100.0 us  100.0 us  1.000 ms  alpha/100\n"
		"            900.0 us   90.0          2            3  beta/200\n"
		"            90.00 us    9.0          2            0  [idle]\n"
		"            10.00 us    1.0                          ... 1 more\n"
		"\nwaited for a CPU: 6.000 ms in 21 waits\n"
		"            5.000 ms   83.3          2            1  al\xef\xbf\xbdpha/100\n"
		"            900.0 us   15.0          2            3  beta/200\n"
		"            100.0 us    1.7                          ... 2 more\n");
	free(text);
	r.top_cnt = 1;
	r.ran_cnt = 0;
	r.histogram = true;
	r.begin_ns = 1000000000;
	text = render(runq_write_text, &r);
	assert_non_null(strstr(text, "alpha and beta, 1.000 s to 2.000 s\n"));
	assert_non_null(strstr(text, "[4M, 8M)                  1 |@@@"));
	assert_non_null(strstr(text, "  ... 1 more rows, 1.000 ms\n"));
	assert_null(strstr(text, "ran instead"));
	assert_null(strstr(text, "pha/100"));
	free(text);
	runq_table__clear(&t);
	text = render(runq_write_text, &r);
	assert_non_null(strstr(text, "no thread waited for a CPU\n"));
	free(text);
	runq_table__fini(&t);
}

static void test_names_of_rows(void **state _unused_)
{
	static const struct {
		enum runq_by by;
		struct runq_who who;
		const char *name, *json;
	} rows[] = {
		{RUNQ_BY_THREAD,
		 {7, 100, 101},
		 "  it/101\n",
		 "{\"tid\":101,\"pid\":100,\"comm\":\"it\""},
		{RUNQ_BY_CPU, {0, 3, 0}, "  cpu 3\n", "{\"cpu\":3,"},
		{RUNQ_BY_CLASS, {0, 5, 0}, "  idle\n", "{\"policy\":5,\"class\":\"idle\","},
		{RUNQ_BY_CLASS, {0, 9, 0}, "  policy 9\n", "{\"policy\":9,\"class\":\"unknown\","},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct runq_table t;
		struct runq_report r;
		char *text;

		runq_table__init(&t);
		add_waits(&t, rows[i].who, 0, 10, 1, "it", 1);
		assert_int_equal(runq_table__sort(&t), 0);
		r = report_of(&t);
		r.by = rows[i].by;
		text = render(runq_write_text, &r);
		assert_non_null(strstr(text, rows[i].name));
		free(text);
		text = render(runq_write_json, &r);
		assert_non_null(strstr(text, rows[i].json));
		free(text);
		runq_table__fini(&t);
	}
}

static void test_json(void **state _unused_)
{
	static const char *const parts[] = {
		"{\"format\":\"dwell-runq\",\"version\":1,\"title\":\"alpha and "
		"beta\",\"by\":\"process\",",
		"\"begin_ns\":0,\"end_ns\":2000000000,\"last\":true",
		"{\"pid\":200,\"comm\":\"beta\",\"waits\":1,\"wait_ns\":5000000,\"mean_ns\":"
		"5000000,",
		"\"max_ns\":5000000,\"open\":1,\"open_ns\":700",
		"[{\"from_ns\":4980736,\"width_ns\":262144,\"waits\":1}]",
		"{\"kind\":\"task\",\"pid\":200,\"comm\":\"beta\",\"ns\":900000,\"stretches\":2,"
		"\"preemptions\":3}",
		"{\"kind\":\"idle\",\"ns\":90000,",
		"{\"kind\":\"unknown\",\"ns\":10000,",
		"\"imbalance_ns\":0,\"counters\":{\"waits\":0,",
	};
	struct runq_table t;
	struct runq_report r;
	char *text;

	runq_table__init(&t);
	fill(&t);
	r = report_of(&t);
	text = render(runq_write_json, &r);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(text, parts[i]))
			fail_msg("no %s in %s", parts[i], text);
	free(text);
	/* A wait that vanishes shows, once all was read. */
	r.counters.values[RUNQ_C_WAIT_NS] += 5;
	assert_int_equal(runq_report_imbalance_ns(&r), 5);
	r.last = false;
	text = render(runq_write_json, &r);
	assert_null(strstr(text, "\"ledger\":"));
	free(text);
	runq_table__fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wake_up_to_run),
		cmocka_unit_test(test_clipped_to_the_window),
		cmocka_unit_test(test_clocks_that_disagree),
		cmocka_unit_test(test_moved_while_waiting),
		cmocka_unit_test(test_switches_left_out),
		cmocka_unit_test(test_split_adds_up),
		cmocka_unit_test(test_preempter),
		cmocka_unit_test(test_history_overwritten),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_names_of_rows),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
