/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "model/profile_append.h"
#include "output/diff.h"

#define US 1000

/* A sample of "a;b;c", each frame native. */
static void add(struct profile *p, const char *stack, uint64_t us, enum frame_kind leaf_kind)
{
	struct profile_sample s = {.cnt = 1, .blocked_ns = us * US, .thread = 7};
	char text[200], *save = NULL;
	uint32_t ids[10], n = 0;

	strcpy(text, stack);
	for (char *f = strtok_r(text, ";", &save); f; f = strtok_r(NULL, ";", &save)) {
		enum frame_kind kind = *save ? FRAME_KIND_NATIVE : leaf_kind;

		assert_int_equal(profile__frame(p, f, NULL, kind, &ids[n++]), 0);
	}
	assert_int_equal(profile__add_sample(p, &s, ids, n), 0);
}

/* Two profiles whose tables of strings differ, and both in one. */
struct pair {
	struct profile *both;
	struct profile base, now; /* views */
};

static void join(struct pair *pair, struct profile *base, struct profile *now)
{
	pair->both = profile__new();
	assert_int_equal(profile__append(pair->both, base), 0);
	assert_int_equal(profile__append(pair->both, now), 0);
	pair->base = pair->now = *pair->both;
	pair->base.sample_cnt = base->sample_cnt;
	if (base->sample_cnt)
		pair->now.samples += base->sample_cnt;
	pair->now.sample_cnt = now->sample_cnt;
	profile__free(base);
	profile__free(now);
}

static void make_pair(struct pair *pair)
{
	struct profile *base = profile__new(), *now = profile__new();

	add(base, "app;main;lock", 100, FRAME_KIND_NATIVE);
	add(base, "app;main;lock", 50, FRAME_KIND_NATIVE);
	add(base, "app;main;old;older", 30, FRAME_KIND_NATIVE);
	add(base, "app;main", 20, FRAME_KIND_NATIVE);
	add(now, "new", 5, FRAME_KIND_NATIVE);
	add(now, "app;main;lock", 350, FRAME_KIND_NATIVE);
	add(now, "app;main;poll", 40, FRAME_KIND_NATIVE);
	add(now, "app;main;old", 5, FRAME_KIND_NATIVE);
	join(pair, base, now);
}

static char *render(int (*write)(const struct profile *, const struct writer_opts *, FILE *),
		    const struct pair *pair, const struct writer_opts *opts)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(write(&pair->now, opts, f), 0);
	fclose(f);
	return text;
}

static void check_folded(const struct pair *pair, const struct writer_opts *opts,
			 const char *expected)
{
	char *text = render(diff_write_folded, pair, opts);

	assert_string_equal(text, expected);
	free(text);
}

static void test_stacks_side_by_side(void **state)
{
	struct pair pair;

	(void)state;
	make_pair(&pair);
	check_folded(&pair, &(struct writer_opts){.base = &pair.base},
		     "app;main 20 0\n"
		     "app;main;lock 150 350\n"
		     "app;main;old 0 5\n"
		     "app;main;old;older 30 0\n"
		     "app;main;poll 0 40\n"
		     "new 0 5\n");
	check_folded(&pair, &(struct writer_opts){.base = &pair.base, .normalise = true},
		     "app;main 40 0\n"
		     "app;main;lock 300 350\n"
		     "app;main;old 0 5\n"
		     "app;main;old;older 60 0\n"
		     "app;main;poll 0 40\n"
		     "new 0 5\n");
	profile__free(pair.both);
}

static void test_kinds_are_part_of_a_name_if_shown(void **state)
{
	struct profile *base = profile__new(), *now = profile__new();
	struct pair pair;

	(void)state;
	add(base, "app;f", 1, FRAME_KIND_KERNEL);
	add(now, "app;f", 2, FRAME_KIND_NATIVE);
	join(&pair, base, now);
	check_folded(&pair, &(struct writer_opts){.base = &pair.base}, "app;f 1 2\n");
	check_folded(&pair, &(struct writer_opts){.base = &pair.base, .kinds = true},
		     "app;f 0 2\napp;f_[k] 1 0\n");
	profile__free(pair.both);
}

static uint32_t find_node(const struct tree *t, const char *name)
{
	for (uint32_t i = TREE_ROOT; i < t->cnt; i++)
		if (!strcmp(tree__name(t, i), name))
			return i;
	fail_msg("no node '%s'", name);
	return TREE_NONE;
}

static void test_nodes_have_what_was_below_them(void **state)
{
	static const struct {
		const char *name;
		uint64_t base_us;
		int level;
	} nodes[] = {
		/* The largest difference below the root is that of lock, 200. */
		{"all", 200, 5}, {"app", 200, 5}, {"main", 200, 5}, {"lock", 150, 5},
		{"old", 30, -1}, {"poll", 0, 1},  {"new", 0, 1},
	};
	struct pair pair;
	struct fold fold;
	struct tree tree;
	struct diff_tree d;

	(void)state;
	make_pair(&pair);
	assert_int_equal(fold__init(&fold, &pair.now), 0);
	assert_int_equal(tree__init(&tree, &fold), 0);
	assert_int_equal(diff_tree__init(&d, &tree, &(struct writer_opts){.base = &pair.base}), 0);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
		uint32_t node = find_node(&tree, nodes[i].name);

		assert_int_equal(d.base_us[node], nodes[i].base_us);
		assert_int_equal(diff_tree__level(&d, &tree, node), nodes[i].level);
	}
	assert_int_equal(d.max_us, 200);
	assert_int_equal(d.gone_us, 50); /* older, and main itself */
	diff_tree__fini(&d);
	tree__fini(&tree);
	fold__fini(&fold);
	profile__free(pair.both);
}

static void test_nothing_on_a_side(void **state)
{
	(void)state;
	for (int which = 0; which < 3; which++) {
		struct profile *base = profile__new(), *now = profile__new();
		struct pair pair;

		if (which)
			add(which == 1 ? base : now, "a;b", 3, FRAME_KIND_NATIVE);
		join(&pair, base, now);
		for (int normalise = 0; normalise < 2; normalise++) {
			struct writer_opts opts = {.base = &pair.base, .normalise = normalise};

			for (const struct writer *const *w = writers(); *w; w++)
				if ((*w)->compares)
					free(render((*w)->write, &pair, &opts));
		}
		check_folded(&pair, &(struct writer_opts){.base = &pair.base},
			     which == 0	  ? ""
			     : which == 1 ? "a;b 3 0\n"
					  : "a;b 0 3\n");
		profile__free(pair.both);
	}
}

static void test_samples_that_are_appended_are_of_no_thread(void **state)
{
	struct pair pair;

	(void)state;
	make_pair(&pair);
	for (size_t i = 0; i < pair.both->sample_cnt; i++)
		assert_true(pair.both->samples[i].thread == UINT32_MAX);
	assert_int_equal(pair.both->sample_cnt, 8);
	profile__free(pair.both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_side_by_side),
		cmocka_unit_test(test_kinds_are_part_of_a_name_if_shown),
		cmocka_unit_test(test_nodes_have_what_was_below_them),
		cmocka_unit_test(test_nothing_on_a_side),
		cmocka_unit_test(test_samples_that_are_appended_are_of_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
