/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which lock a wait was for: its name, one for all processes that share it, and the table of locks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixtures/stage.h"
#include "output/writer.h"

#define ADDR  0x55d0c0a04060ull
#define OTHER 0x55d0c0a040a0ull

/* An interval of @tid for @lock, ended by the thread @waker. */
static void waits(struct stage *s, uint32_t tid, uint64_t blocked, uint64_t lock, uint32_t waker)
{
	struct wire_waker by = {.key = mkwire_key_of(waker, 0), .flags = waker ? WIRE_W_ANY : 0};
	struct wire_waked *rec;

	interval(s, tid, blocked, 1);
	mkwire_waker(&s->wire, 0, &by);
	rec = mkwire_at(&s->wire, 0);
	rec->lock = lock;
	done(s);
}

static const char *table(struct stage *s)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	s->view.by_lock = true;
	assert_int_equal(writer_find("locks")->write(make_profile(s), NULL, to), 0);
	assert_int_equal(fclose(to), 0);
	buf__reset(&s->text);
	buf__append(&s->text, text, len);
	return buf__str(&s->text);
}

static void test_the_lock_stands_before_the_stack(void **state)
{
	struct stage *s = *state;

	waits(s, 42, 10, ADDR, 43);
	s->view.by_lock = true;
	assert_string_equal(profile_text(s), "app-42;lock 0x55d0c0a04060;" LOCK_STACKS
					     ";--;worker lock 10+1 x1 max 11\n");
	assert_int_equal(profile__sample_frame(s->profile, s->profile->samples, 1)->kind,
			 FRAME_KIND_LOCK);
}

/* A thread's lock is its process's, whatever the thread is called. */
static void test_it_belongs_to_the_process(void **state)
{
	struct stage *s = *state;

	waits(s, 43, 10, ADDR, 42);
	s->view.by_lock = true;
	assert_string_equal(profile_text(s), "app-42;lock 0x55d0c0a04060;" LOCK_STACKS
					     ";--;app lock 10+1 x1 max 11\n");
}

static void test_other_waits_are_left_out_and_filtered(void **state)
{
	struct stage *s = *state;

	waits(s, 42, 10, ADDR, 43);
	waits(s, 42, 20, 0, 43);
	s->view.by_lock = true;
	make_profile(s);
	assert_int_equal(s->profile->sample_cnt, 1);
	assert_int_equal(s->profile->ledger.delivered.ns, 11);
	assert_int_equal(s->profile->ledger.filtered.ns, 21);
}

static void test_two_addresses_are_two_locks(void **state)
{
	struct stage *s = *state;

	waits(s, 42, 10, ADDR, 43);
	waits(s, 42, 10, OTHER, 43);
	waits(s, 42, 10, ADDR, 43);
	s->view.by_lock = true;
	make_profile(s);
	assert_int_equal(s->profile->sample_cnt, 2);
	assert_int_equal(s->profile->samples[0].cnt, 2);
	assert_int_not_equal(s->profile->samples[0].lock, s->profile->samples[1].lock);
}

static void test_a_shared_one_is_its_file(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_thread(&s->wire, 50, 50, 0, "peer"));
	give(s, mkwire_lock(&s->wire, 42, ADDR, 77, 0x1040, "/dev/shm/queue"));
	give(s, mkwire_lock(&s->wire, 50, OTHER, 77, 0x1040, "/dev/shm/queue"));
	waits(s, 42, 10, ADDR | WIRE_LOCK_SHARED, 50);
	waits(s, 50, 20, OTHER | WIRE_LOCK_SHARED, 42);
	s->view.by_lock = true;
	make_profile(s);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(profile__str(s->profile, s->profile->samples[i].lock_owner),
				    "[shared]");
		assert_string_equal(profile__str(s->profile, s->profile->samples[i].lock),
				    "lock /dev/shm/queue+0x1040");
	}
}

/* Memory that forked processes share has an inode, but no name. */
static void test_shared_memory_without_a_name(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_lock(&s->wire, 42, ADDR, 9, 0x40, ""));
	waits(s, 42, 10, ADDR | WIRE_LOCK_SHARED, 43);
	s->view.by_lock = true;
	make_profile(s);
	assert_string_equal(profile__str(s->profile, s->profile->samples[0].lock),
			    "lock shared memory 8:9+0x40");
}

/* The process was gone before anybody could look, or its memory is its own after all. */
static void test_a_shared_one_of_which_nothing_is_known_is_the_processs(void **state)
{
	struct stage *s = *state;

	give(s, mkwire_lock(&s->wire, 42, OTHER, 0, 0, ""));
	waits(s, 42, 10, ADDR | WIRE_LOCK_SHARED, 43);
	waits(s, 42, 10, OTHER | WIRE_LOCK_SHARED, 43);
	s->view.by_lock = true;
	make_profile(s);
	assert_string_equal(profile__str(s->profile, s->profile->samples[0].lock),
			    "lock 0x55d0c0a04060");
	assert_string_equal(profile__str(s->profile, s->profile->samples[0].lock_owner), "app-42");
	assert_string_equal(profile__str(s->profile, s->profile->samples[1].lock),
			    "lock 0x55d0c0a040a0");
}

/* As many as a process makes up: the run goes on, and the rest are known by their address. */
static void test_of_too_many_shared_ones_the_rest_are_addresses(void **state)
{
	struct stage *s = *state;

	for (uint64_t i = 0; i < LOCK_MAX_CNT + 5; i++)
		give(s, mkwire_lock(&s->wire, 42, ADDR + 64 * i, 77, 64 * i, "/dev/shm/queue"));
	assert_int_equal(s->model.locks.cnt, LOCK_MAX_CNT);
	waits(s, 42, 10, (ADDR + 64ull * (LOCK_MAX_CNT + 1)) | WIRE_LOCK_SHARED, 43);
	s->view.by_lock = true;
	make_profile(s);
	assert_string_equal(profile__str(s->profile, s->profile->samples[0].lock_owner), "app-42");
}

static void test_a_long_path_is_cut(void **state)
{
	char path[LOCK_MAX_PATH_BYTES + 100];
	struct stage *s = *state;

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	give(s, mkwire_lock(&s->wire, 42, ADDR, 77, 0, path));
	assert_int_equal(strlen(s->model.locks.items[0].path), LOCK_MAX_PATH_BYTES);
}

/* The title holds the name of a process. */
static void test_no_control_character_reaches_the_terminal(void **state)
{
	struct stage *s = *state;
	size_t off = mkwire_meta(&s->wire, "target", "\033[31mevil");

	give(s, off);
	assert_null(strchr(table(s), '\033'));
}

static void test_spilled_waits_keep_their_lock(void **state)
{
	struct wire_waker by = {.key = mkwire_key_of(43, 0), .flags = WIRE_W_ANY};
	struct stage *s = *state;
	struct wire_waked_spill *rec;

	spill(s, 42, 5, 100, 10);
	mkwire_waker(&s->wire, 0, &by);
	rec = mkwire_at(&s->wire, 0);
	rec->lock = ADDR;
	done(s);
	s->view.by_lock = true;
	make_profile(s);
	assert_int_equal(s->profile->samples[0].cnt, 5);
	assert_string_equal(profile__str(s->profile, s->profile->samples[0].lock),
			    "lock 0x55d0c0a04060");
}

static void test_the_table_has_the_most_waited_for_first(void **state)
{
	struct stage *s = *state;
	const char *text;

	waits(s, 42, 1999999, OTHER, 43);
	waits(s, 42, 3999999, ADDR, 43);
	waits(s, 43, 1999999, ADDR, 42);
	text = table(s);
	assert_string_equal(
		text,
		"Contended locks: the whole system, 0.0 s\n\n"
		"     time    waits   average       max  threads  lock\n"
		" 6.000 ms        2  3.000 ms  4.000 ms        2  app-42, lock 0x55d0c0a04060\n"
		"      released by worker/43 66.7 %, app/42 33.3 %\n"
		"      waited in lock <- work <- main\n"
		" 2.000 ms        1  2.000 ms  2.000 ms        1  app-42, lock 0x55d0c0a040a0\n"
		"      released by worker/43 100.0 %\n"
		"      waited in lock <- work <- main\n");
}

static void test_a_lock_that_nobody_let_go_of(void **state)
{
	struct stage *s = *state;
	const char *text;

	waits(s, 42, 1999999, ADDR, 0);
	text = table(s);
	assert_non_null(strstr(text, "lock 0x55d0c0a04060\n      waited in lock"));
}

static void test_without_locks_the_table_says_so(void **state)
{
	struct stage *s = *state;

	waits(s, 42, 10, 0, 43);
	assert_non_null(strstr(table(s), "no thread waited for a futex\n"));
}

static void test_the_table_is_cut_at_the_top(void **state)
{
	const struct writer_opts opts = {.top_cnt = 2};
	struct stage *s = *state;
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *to;

	for (uint64_t i = 0; i < 5; i++)
		waits(s, 42, 1000 * (i + 1), ADDR + 64 * i, 43);
	s->view.by_lock = true;
	to = open_memstream(&text, &len);
	assert_int_equal(writer_find("locks")->write(make_profile(s), &opts, to), 0);
	fclose(to);
	assert_non_null(strstr(text, "  ... 3 more locks\n"));
	assert_null(strstr(text, "0x55d0c0a04060")); /* the least */
}

#define T(f) cmocka_unit_test_setup_teardown(f, stage_setup, stage_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_the_lock_stands_before_the_stack),
		T(test_it_belongs_to_the_process),
		T(test_other_waits_are_left_out_and_filtered),
		T(test_two_addresses_are_two_locks),
		T(test_a_shared_one_is_its_file),
		T(test_shared_memory_without_a_name),
		T(test_a_shared_one_of_which_nothing_is_known_is_the_processs),
		T(test_of_too_many_shared_ones_the_rest_are_addresses),
		T(test_a_long_path_is_cut),
		T(test_no_control_character_reaches_the_terminal),
		T(test_spilled_waits_keep_their_lock),
		T(test_the_table_has_the_most_waited_for_first),
		T(test_a_lock_that_nobody_let_go_of),
		T(test_without_locks_the_table_says_so),
		T(test_the_table_is_cut_at_the_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
