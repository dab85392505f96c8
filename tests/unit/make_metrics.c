/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What test_metrics_text.py judges:
 *
 *	make_metrics list                     the table of metrics: name, type, labels, help, tab-separated
 *	make_metrics labels                   closed sets of labels: name, value
 *	make_metrics text|openmetrics WHAT    an exposition on stdout, of
 *	             empty                    a program that has just begun
 *	             full                     one in which everything is in use, with names that are hard to write
 *	             default                  the most that the options' defaults allow
 *	             pods                     groups with two labels
 *	             go                       a Go program that does all there is, for all reasons
 *	             COUNT                    so many blocks of random lengths; these go to stderr, in nanoseconds
 *	make_metrics file FILE                `full` for node_exporter
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "output/go_metrics_text.h"
#include "output/metric_table.h"
#include "output/metrics_text.h"

#define MINUTE 60000000000ull
#define ID     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void die(const char *what)
{
	fprintf(stderr, "make_metrics: %s\n", what);
	exit(1);
}

static int pod_path(void *arg _unused_, const struct group_member *who, char *ret_path, size_t size)
{
	if (!who->cgroup_id)
		snprintf(ret_path, size, "/system.slice/kubelet.service");
	else
		snprintf(ret_path, size,
			 "/kubepods/pod2f3c1f5e-8b1e-4d4e-9d6b-%012llx/%.48s%016llx",
			 (unsigned long long)who->cgroup_id / 2, ID,
			 (unsigned long long)who->cgroup_id);
	return 0;
}

static struct metrics_snapshot *make(enum group_by by, uint32_t max)
{
	struct metrics_snapshot *s = metrics_snapshot__new();
	struct groups g;

	if (!s || groups__init(&g, by, max, pod_path, NULL, false))
		die("no memory");
	metrics__init(&s->counts, NULL, &g);
	snprintf(s->version, sizeof(s->version), "1.2.3");
	snprintf(s->revision, sizeof(s->revision), "abc1234");
	snprintf(s->kernel, sizeof(s->kernel), "6.1.0-25-amd64 \"#1\" \\SMP\n");
	snprintf(s->libbpf, sizeof(s->libbpf), "1.1");
	s->start_ns = 1700000000123456789ull;
	return s;
}

/* ---- waits ---- */

static uint64_t spilled_ns;

/* Groups named by @comms, each with random waits of every reason and class. */
static void add_waits(struct metrics *m, uint32_t groups, const char *const *comms, uint64_t now_ns)
{
	for (uint64_t i = 0; i < (uint64_t)groups * 2000; i++) {
		char comm[32];
		struct group_member who = {.comm = comm, .cgroup_id = i % groups};
		struct metrics_wait w = {
			.reason = hash_u64(i) % REASON_CNT,
			.sched_class = hash_u64(i + 1) % METRICS_CLASS_CNT,
			.waker = hash_u64(i + 2) % WAKER_CNT,
			.cnt = i % 10 ? 1 : 1 + hash_u64(i + 3) % 5,
			.spilled = i % 10 == 0,
			.blocked_ns = hash_u64(i + 4) >> (20 + hash_u64(i + 5) % 40),
			.runnable_ns = hash_u64(i + 6) >> (30 + hash_u64(i + 7) % 34),
			.user_frame_cnt = hash_u64(i + 8) % 200,
			.kernel_frame_cnt = hash_u64(i + 9) % 40,
			.delay_ns = i % 3 ? hash_u64(i + 10) >> 40 : METRICS_NO_DELAY,
		};

		if (w.reason == REASON_PREEMPTED)
			w.blocked_ns = 0;
		if (comms)
			snprintf(comm, sizeof(comm), "%s", comms[i % groups]);
		else
			snprintf(comm, sizeof(comm), "worker-%u", (unsigned int)(i % groups));
		w.group = groups__get(&m->groups, &who, now_ns);
		metrics__add(m, &w);
		if (w.spilled)
			spilled_ns += w.blocked_ns + w.runnable_ns;
	}
}

/* The kernel's side: it spilled what came spilled and, of that, what earlier windows had shown. */
static void add_ledger(struct metrics *m)
{
	struct ledger l = {.filtered = {1000000000, 3},
			   .spilled = {spilled_ns + 77, 16},
			   .lost_spill_full = {100, 1}};

	l.observed.ns = (uint64_t)m->delivered.ns + l.filtered.ns + l.spilled.ns + 100;
	l.observed.cnt = m->delivered.cnt + 20;
	for (int i = 0; i < WIRE_COUNTER_CNT; i++)
		l.counters[i] = 100 + i;
	l.counters[WIRE_C_SPILLED_BEFORE_NS] = 77;
	metrics__set_ledger(m, &l);
}

static void add_calls(struct metrics_snapshot *s)
{
	s->calls = malloc(sizeof(*s->calls));
	if (!s->calls || call_metrics__init(s->calls, CALL_METRICS_DEFAULT, NULL))
		die("no calls");
	for (uint64_t i = 0; i < 20000; i++) {
		struct call_row row = {.cnt = 1 + i % 3};
		struct call_key key = {.nr = hash_u64(i) % 300,
				       .slot = histogram_bucket(hash_u64(i + 1) >> 28)};

		row.total_ns = row.cnt * histogram_lower(key.slot);
		call_metrics__add_row(s->calls, &key, &row);
		key.slot = CALL_SLOT_ERRNO + 1 + i % 130;
		row.cnt = 1;
		call_metrics__add_row(s->calls, &key, &row);
	}
	s->calls->entered_cnt = 40000;
}

/* ---- the rest of a snapshot ---- */

static void add_self(struct metrics_snapshot *s)
{
	s->wakers = true;
	s->blocked_cnt[REASON_POLL] = 1234;
	s->longest_block_ns = 98765432109876ull;
	s->ring_used_bytes = 4096;
	s->ring_size_bytes = 8 << 20;
	s->last_event_ns = 1700000999000000001ull;
	s->symbols.lookup_cnt = 5000;
	s->symbols.miss_cnt[SYMBOLIZER_JIT] = 7;
	s->min_interval_ns = 2000;
	s->throttle_level = 2;
	s->has_config = s->reload_ok = true;
	s->reload_ns = 1700000001000000000ull;
	s->scrape_ns = 1500000;
	s->exposition_bytes = 123456;
	s->cpu_ns = 77000000000ull;
	s->rss_bytes = 50 << 20;
	s->open_fds = 99;
	for (s->program_cnt = 0; s->program_cnt < 12; s->program_cnt++)
		s->programs[s->program_cnt] = (struct metrics_program){.run_cnt = 5, .run_ns = 700};
	for (s->map_cnt = 0; s->map_cnt < 30; s->map_cnt++)
		s->maps[s->map_cnt] = (struct metrics_map){.entry_cnt = 5, .max_entries = 1000};
	for (s->probe_cnt = 0; s->probe_cnt < 8; s->probe_cnt++)
		s->probes[s->probe_cnt] = (struct metrics_probe){.attached = s->probe_cnt % 2};
	for (size_t i = 0; i < 30; i++) {
		snprintf(s->programs[i].name, METRICS_NAME_LEN, "dwell_program_%zu", i);
		snprintf(s->maps[i].name, METRICS_NAME_LEN, "map_%zu", i);
		snprintf(s->probes[i].name, METRICS_NAME_LEN, "sched/probe_%zu", i);
	}
}

static void set_causes(struct metrics_cause *causes, size_t *cnt, const char *const *names)
{
	for (*cnt = 0; names[*cnt]; ++*cnt) {
		snprintf(causes[*cnt].name, METRICS_NAME_LEN, "%s", names[*cnt]);
		causes[*cnt].cnt = *cnt;
	}
}

static void add_targets(struct metrics_snapshot *s)
{
	static const char *const dropped[] = {"quota", "age", "rejected", "corrupt", NULL},
				 *const failures[] = {"timeout", "http_4xx", "http_5xx", "tls",
						      "dns",	 "refused",  "network",	 NULL},
				 *const names[] = {"clickhouse", "pyroscope"},
				 *const outputs[] = {"folded", "clickhouse", "pyroscope"};

	for (s->target_cnt = 0; s->target_cnt < ARRAY_SIZE(names); s->target_cnt++) {
		struct metrics_target *t = &s->targets[s->target_cnt];

		snprintf(t->name, METRICS_NAME_LEN, "%s", names[s->target_cnt]);
		t->bytes = 1000;
		t->segment_cnt = 2;
		/* One sender has done something, the other one never came. */
		t->has_status = s->target_cnt == 0;
		t->oldest_ns = t->last_success_ns = t->has_status ? 1700000000000000000ull : 0;
		set_causes(t->dropped, &t->dropped_cnt, dropped);
		set_causes(t->failures, &t->failure_cnt, failures);
	}
	for (s->output_cnt = 0; s->output_cnt < ARRAY_SIZE(outputs); s->output_cnt++) {
		snprintf(s->outputs[s->output_cnt].name, METRICS_NAME_LEN, "%s",
			 outputs[s->output_cnt]);
		s->outputs[s->output_cnt].failing = s->output_cnt == 0;
		s->outputs[s->output_cnt].failure_cnt = 3;
	}
}

/* ---- Go programs ---- */

static void add_tally(struct go_metrics *m, const char *comm, bool parks)
{
	const struct group_member who = {.comm = comm};
	uint32_t group = groups__get(&m->groups, &who, 1);
	static struct go_sched_tally sched;
	static struct go_tally t;
	int place = go_metrics__join(m);

	for (int i = 0; i < GO_STATE_CNT; i++)
		t.now.goroutine_cnt[i][0] = t.now.goroutine_cnt[i][1] = 10 + (uint64_t)i;
	for (int r = 0; r < GO_BLOCKED_CNT; r++) {
		t.now.oldest_ns[r] = 1000000007ull * (1 + (uint64_t)r);
		for (int d = 0; d < GO_DEPTH_CNT; d++) {
			t.now.blocked_cnt[r][d] = 1 + (uint64_t)d;
			t.blocked_ns[r][d] = 123456789ull * (1 + (uint64_t)r);
		}
		t.waits[r] = (struct bounds_counts){0};
		for (uint64_t i = 0; i < 100; i++)
			bounds_counts__add(&t.waits[r], &go_bounds_wait, 1,
					   hash_u64(i + (uint64_t)r) >> 28);
	}
	t.has_stops = true;
	t.stops_are_parks = parks;
	t.stop_cnt = 77;
	go_metrics__add(m, place, group, &t, 250000);
	sched = (struct go_sched_tally){
		.has_pauses = true, .has_mutex_wait = true, .mutex_wait_ns = 99, .created_cnt = 5};
	bounds_counts__add(&sched.latency, &go_bounds_latency, 1, 12345);
	bounds_counts__add(&sched.pauses[GO_PAUSE_GC], &go_bounds_pause, 1, 54321);
	go_metrics__add_sched(m, place, &sched);
}

static void free_go(void *arg)
{
	go_metrics__free(arg);
}

/* Two programs, the second one in two processes that were made by different versions. */
static void add_go(struct metrics_snapshot *s)
{
	struct go_metrics *m = malloc(sizeof(*m)), *copy;
	struct groups g;

	if (!m || groups__init(&g, GROUP_BY_COMM, 6, NULL, NULL, false) || go_metrics__init(m, &g))
		die("no Go");
	add_tally(m, "api", true);
	add_tally(m, "old", true);
	add_tally(m, "old", false);
	m->unread_cnt[GO_UNREAD_UNSUPPORTED] = 2;
	copy = go_metrics__copy(m, 2);
	if (!copy)
		die("no copy");
	go_metrics__free(m);
	s->go = (struct metrics_part){go_metrics_write, free_go, copy};
}

/* ---- whole ones ---- */

static struct metrics_snapshot *make_full(void)
{
	static const char *const comms[] = {
		"mysqld",    "a\"b\\c", "new\nline", "\xff\xfe", "\xc3\xa4\xe2\x82\xac",
		"{x=\"y\"}", "",	"a,b=c} 1",  "other",	 "tab\tcr\r"};
	static const struct metrics_wait of_go = {.reason = REASON_MEMORY,
						  .go = WIRE_GO_USER,
						  .cnt = 1,
						  .blocked_ns = 5000,
						  .runnable_ns = 7,
						  .delay_ns = METRICS_NO_DELAY};
	struct metrics_snapshot *s = make(GROUP_BY_COMM, 6);

	/* Some groups retire, others take their places. */
	add_waits(&s->counts, 4, comms, 1);
	metrics__expose(&s->counts, 20 * MINUTE);
	metrics__expose(&s->counts, 21 * MINUTE);
	add_waits(&s->counts, ARRAY_SIZE(comms), comms, 22 * MINUTE);
	metrics__add(&s->counts, &of_go);
	add_ledger(&s->counts);
	metrics__expose(&s->counts, 23 * MINUTE);
	add_calls(s);
	add_self(s);
	add_targets(s);
	add_go(s);
	return s;
}

static struct metrics_snapshot *make_default(void)
{
	struct metrics_snapshot *s = make(GROUP_BY_COMM, GROUPS_DEFAULT_MAX);

	add_waits(&s->counts, 200, NULL, 1);
	add_calls(s);
	add_self(s);
	add_targets(s);
	return s;
}

static struct metrics_snapshot *make_pods(void)
{
	struct metrics_snapshot *s = make(GROUP_BY_POD, GROUPS_DEFAULT_MAX);

	add_waits(&s->counts, 100, NULL, 1);
	return s;
}

/* Log-normal, more or less: from microseconds to seconds. */
static struct metrics_snapshot *make_lengths(uint64_t cnt)
{
	struct metrics_snapshot *s = make(GROUP_BY_NONE, 2);

	for (uint64_t i = 0; i < cnt; i++) {
		struct metrics_wait w = {
			.reason = REASON_LOCK, .cnt = 1, .delay_ns = METRICS_NO_DELAY};
		uint64_t bits = 0;

		for (int k = 0; k < 6; k++)
			bits += hash_u64(i * 6 + k) % 6;
		w.blocked_ns = (1000ull << bits / 2) + hash_u64(i) % (1000ull << bits / 2);
		fprintf(stderr, "%llu\n", (unsigned long long)w.blocked_ns);
		metrics__add(&s->counts, &w);
	}
	return s;
}

static struct metrics_snapshot *make_what(const char *what)
{
	if (!strcmp(what, "empty"))
		return make(GROUP_BY_NONE, 2);
	if (!strcmp(what, "full"))
		return make_full();
	if (!strcmp(what, "default"))
		return make_default();
	if (!strcmp(what, "pods"))
		return make_pods();
	if (!strcmp(what, "go")) {
		struct metrics_snapshot *s = make(GROUP_BY_NONE, 2);
		add_go(s);
		return s;
	}
	return make_lengths(strtoull(what, NULL, 10));
}

static void write_text(const char *format, const char *what)
{
	struct metrics_snapshot *s = make_what(what);
	_cleanup_buf_ struct buf text;

	buf__init(&text, METRICS_MAX_BYTES);
	if (metrics_write(s,
			  strcmp(format, "openmetrics") ? EXPOSITION_TEXT : EXPOSITION_OPENMETRICS,
			  &text))
		die("no text");
	fwrite(text.data, 1, text.len, stdout);
	metrics_snapshot__free(s);
}

static void list(void)
{
	for (int i = 0; i < METRIC_CNT; i++)
		printf("%s\t%s\t%s\t%s\n", metric_table[i].name,
		       metric_type_name(metric_table[i].type), metric_table[i].labels,
		       metric_table[i].help);
}

static void list_labels(void)
{
	for (int i = 0; i < REASON_CNT; i++)
		if (i != REASON_PREEMPTED)
			printf("reason\t%s\n", reason_name(i));
	for (unsigned int i = 0; i < METRICS_CLASS_CNT; i++)
		printf("sched_class\t%s\n", sched_class_name(i));
	for (int i = WAKER_NONE + 1; i < WAKER_CNT; i++)
		printf("waker\t%s\n", waker_kind_name(i));
	for (int i = 0; i < GO_REASON_NONE; i++)
		printf("blocking_reason\t%s\n", go_reason_name((enum go_reason)i));
	for (int i = 0; i < GO_DEPTH_CNT; i++)
		printf("stack_depth\t%s\n", go_depth_name((enum go_depth)i));
	for (int i = 0; i < GO_STATE_CNT; i++)
		printf("state\t%s\n", go_state_name((enum go_state)i));
	for (int i = 0; i < GO_THREAD_STATE_CNT; i++)
		printf("dwell_go_threads state\t%s\n",
		       go_thread_state_name((enum go_thread_state)i));
	for (int i = GO_LEAK_NONE + 1; i < GO_LEAK_VERDICT_CNT; i++)
		printf("verdict\t%s\n", go_leak_verdict_name((enum go_leak_verdict)i));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "list")) {
		list();
	} else if (argc == 2 && !strcmp(argv[1], "labels")) {
		list_labels();
	} else if (argc == 3 && !strcmp(argv[1], "file")) {
		struct metrics_snapshot *s = make_full();

		if (metrics_write_file(s, argv[2]))
			die("no file");
		metrics_snapshot__free(s);
	} else if (argc == 3) {
		write_text(argv[1], argv[2]);
	} else {
		die("list|labels|text WHAT|openmetrics WHAT|file FILE");
	}
	return 0;
}
