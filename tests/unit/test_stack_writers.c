/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * speedscope and PerfView files: what is one frame, one stack, one thread. Their bytes are compared in test_output.c, their totals
 * in tests/golden/test_writers.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "browser/sample_profile.h"
#include "output/out.h"
#include "output/writer.h"

static char *render(const struct writer *w, const struct profile *p)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	assert_int_equal(w->write(p, NULL, to), 0);
	assert_int_equal(fclose(to), 0);
	return text;
}

static size_t count(const char *text, const char *part)
{
	size_t cnt = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		cnt++;
	return cnt;
}

static void check_has(const struct writer *w, struct profile *p, const char *const *parts)
{
	char *text = render(w, p);

	for (; *parts; parts++)
		if (count(text, *parts) != 1)
			fail_msg("%zu times: %s in\n%s", count(text, *parts), *parts, text);
	free(text);
	profile__free(p);
}
#define CHECK_HAS(w, p, ...) check_has(w, p, (const char *const[]){__VA_ARGS__, NULL})

static uint32_t frame_at(struct profile *p, const char *name, const char *module, const char *file,
			 uint32_t line)
{
	struct profile_place place = {.module = module, .file = file, .line = line};
	uint32_t id;

	sample_check(profile__frame_at(p, name, FRAME_KIND_NATIVE, &place, &id));
	return id;
}

/* ---- speedscope ---- */

/* What it shows of a frame is its name and place; the module is not among that. */
static void test_speedscope_frames(void **state _unused_)
{
	struct profile *p = sample_new("t", 1);
	const uint32_t frames[] = {frame_at(p, "f", "a", "f.c", 7), frame_at(p, "f", "b", "f.c", 7),
				   frame_at(p, "f", "a", "f.c", 8), frame_at(p, "f", "a", NULL, 0)};

	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		struct profile_sample s = {.cnt = 1, .blocked_ns = 1 + i, .runnable_ns = 10};

		sample_check(profile__add_sample(p, &s, &frames[i], 1));
	}
	CHECK_HAS(&speedscope_writer, p,
		  "\n{\"name\":\"f\",\"file\":\"f.c\",\"line\":7},"
		  "\n{\"name\":\"f\",\"file\":\"f.c\",\"line\":8},"
		  "\n{\"name\":\"f\"}\n]}",
		  "\"endValue\":50,\"samples\":[\n[0],\n[1],\n[2]],\"weights\":[23,13,14]}");
}

static void test_speedscope_thread_that_is_not_known(void **state _unused_)
{
	struct profile *p = sample_new("t", 1);

	sample_thread(p, "known", (struct profile_thread){.pid = 3, .tid = 4});
	sample_thread(p, "never waited", (struct profile_thread){.pid = 3, .tid = 5});
	SAMPLE_ADD(p, SAMPLE(.thread = 0, .cnt = 1, .blocked_ns = 5), "Pk", "Uf");
	SAMPLE_ADD(p, SAMPLE(.thread = 99, .cnt = 1, .blocked_ns = 7), "Pk", "Uf");
	CHECK_HAS(&speedscope_writer, p, "\"name\":\"all threads\",", "\"weights\":[5,7]}",
		  "\"name\":\"known (pid 3, tid 4)\"", "\"weights\":[5]}\n]}\n");
}

/* Those that waited longest have one of their own; the others are in the first one, whose name says so. */
static void test_speedscope_many_threads(void **state _unused_)
{
	struct profile *p = sample_new("t", 1);
	char *text;

	for (uint32_t i = 0; i < 150; i++) {
		sample_thread(p, "t", (struct profile_thread){.pid = 1, .tid = i + 1});
		SAMPLE_ADD(p, SAMPLE(.thread = i, .cnt = 1, .blocked_ns = 1000 + i), "Pt");
	}
	text = render(&speedscope_writer, p);
	assert_int_equal(count(text, "\"type\":\"sampled\""), 101);
	assert_int_equal(count(text, "all threads (the 100 that waited longest of 150 follow)"), 1);
	assert_int_equal(count(text, "tid 51)"), 1);
	assert_int_equal(count(text, "tid 50)"), 0);
	assert_true(strstr(text, "tid 150)") < strstr(text, "tid 149)"));
	assert_int_equal(count(text, "\"endValue\":161175,"), 1); /* of 150 */
	free(text);
	profile__free(p);
}

/* ---- PerfView ---- */

static struct profile *perfview_profile(void)
{
	struct profile *p = sample_new("t", 1);

	sample_thread(
		p, "worker",
		(struct profile_thread){.pid = 70, .tid = 71, .process = sample_str(p, "server")});
	return p;
}

/* The state is what the leaf says; time of each kind has a sample, none has none. */
static void test_perfview_leaves(void **state _unused_)
{
	struct profile *p = perfview_profile();

	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1500000, .runnable_ns = 1), "Pworker", "Uf");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 7), "Pworker", "Ug", "Sblocked");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .runnable_ns = 9), "Pworker", "Ug", "Srunnable");
	CHECK_HAS(&perfview_xml_writer, p,
		  "<Frames Count=\"6\">\n<Frame ID=\"0\">Process server (70)</Frame>\n"
		  "<Frame ID=\"1\">Thread (71) worker</Frame>\n<Frame ID=\"2\">app!f</Frame>\n"
		  "<Frame ID=\"3\">BLOCKED_TIME</Frame>\n"
		  "<Frame ID=\"4\">READIED_TIME (waiting for cpu)</Frame>\n"
		  "<Frame ID=\"5\">app!g</Frame>\n</Frames>",
		  "<Stack ID=\"0\" CallerID=\"-1\" FrameID=\"0\"/>\n"
		  "<Stack ID=\"1\" CallerID=\"0\" FrameID=\"1\"/>\n"
		  "<Stack ID=\"2\" CallerID=\"1\" FrameID=\"2\"/>\n"
		  "<Stack ID=\"3\" CallerID=\"2\" FrameID=\"3\"/>\n"
		  "<Stack ID=\"4\" CallerID=\"2\" FrameID=\"4\"/>\n"
		  "<Stack ID=\"5\" CallerID=\"1\" FrameID=\"5\"/>\n"
		  "<Stack ID=\"6\" CallerID=\"5\" FrameID=\"3\"/>\n"
		  "<Stack ID=\"7\" CallerID=\"5\" FrameID=\"4\"/>\n",
		  "<Samples Count=\"4\">\n"
		  "<Sample ID=\"0\" Time=\"0\" StackID=\"3\" Metric=\"1.5\"/>\n"
		  "<Sample ID=\"1\" Time=\"1.5\" StackID=\"4\" Metric=\"0.000001\"/>\n"
		  "<Sample ID=\"2\" Time=\"1.500001\" StackID=\"6\" Metric=\"0.000007\"/>\n"
		  "<Sample ID=\"3\" Time=\"1.500008\" StackID=\"7\" Metric=\"0.000009\"/>\n");
}

/* Names that say no more than the process's and the thread's are left out, others stay; what looks the same is one. */
static void test_perfview_names(void **state _unused_)
{
	struct profile *p = perfview_profile();

	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1), "Pworker", "Uf");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 2), "Pworker-70/71", "Uf");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 3), "Pserver", "If");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 4), "Pbefore", "Uf");
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 5), "Pworkers", "Uf");
	CHECK_HAS(&perfview_xml_writer, p, "<Frames Count=\"6\">", ">app!f<", ">before<",
		  ">workers<", "<Samples Count=\"5\">", "<Stacks Count=\"10\">");
}

/* Who is not known, and a lock's owner who didn't wait, have no thread to be rooted in. */
static void test_perfview_without_threads(void **state _unused_)
{
	struct profile *p = perfview_profile();

	SAMPLE_ADD(p, SAMPLE(.thread = 8, .cnt = 1, .blocked_ns = 1), "Pworker", "M[unknown]");
	CHECK_HAS(&perfview_xml_writer, p, "<Frames Count=\"3\">",
		  "<Stack ID=\"0\" CallerID=\"-1\" FrameID=\"0\"/>",
		  "<Frame ID=\"0\">worker</Frame>\n<Frame ID=\"1\">[unknown]</Frame>");
	p = perfview_profile();
	p->by_lock = true;
	SAMPLE_ADD(p, SAMPLE(.cnt = 1, .blocked_ns = 1), "Pworker", "Uf");
	CHECK_HAS(&perfview_xml_writer, p, "<Frames Count=\"3\">",
		  "<Frame ID=\"0\">worker</Frame>");
}

/* ---- output that is packed ---- */

static int refuse(void *arg, const void *data _unused_, size_t len)
{
	*(size_t *)arg += len;
	return -EDQUOT;
}

/* What takes the bytes says why it doesn't, once. */
static void test_out_to_a_function(void **state _unused_)
{
	struct out out;
	size_t len = 0;

	out__init_put(&out, refuse, &len);
	assert_int_equal(out__finish(&out), 0);
	for (int i = 0; i < 50000; i++)
		out__putc(&out, 'x');
	assert_int_equal(out__finish(&out), -EDQUOT);
	assert_int_equal(len, sizeof(out.data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_speedscope_frames),
		cmocka_unit_test(test_speedscope_thread_that_is_not_known),
		cmocka_unit_test(test_speedscope_many_threads),
		cmocka_unit_test(test_perfview_leaves),
		cmocka_unit_test(test_perfview_names),
		cmocka_unit_test(test_perfview_without_threads),
		cmocka_unit_test(test_out_to_a_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
