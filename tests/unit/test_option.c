/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Command lines: what is taken, what is refused and in which words; --help and the manual page. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "app/option.h"
#include "base/compiler.h"
#include "base/log.h"

struct config {
	bool json, user, kernel;
	const char *out;
	uint64_t depth, at_least, any, wait_ns, ring_bytes;
	struct option_ids pids;
	const char *reasons;
	int folded;
};

static int parse_reasons(void *config, const char *value)
{
	struct config *c = config;

	if (!strcmp(value, "bad"))
		return error_set(-EINVAL, "'bad' is no reason: give some of lock, poll");
	c->reasons = value;
	return 0;
}

static int parse_folded(void *config, const char *value)
{
	assert_null(value);
	((struct config *)config)->folded++;
	return 0;
}

#define MEMBER(m) .offset = offsetof(struct config, m)

static const struct option_def options[] = {
	{.type = OPTION_GROUP, .help = "Target"},
	{'p', "pid", "PID,...", OPTION_PIDS, MEMBER(pids), .help = "trace these processes"},
	{'u', NULL, NULL, OPTION_FLAG, MEMBER(user), .help = "user threads only"},
	{'k', NULL, NULL, OPTION_FLAG, MEMBER(kernel), .help = "kernel threads only"},
	{.type = OPTION_GROUP, .help = "Output"},
	{'o', "output", "FILE", OPTION_STRING, MEMBER(out),
	 .help = "write to FILE; its extension picks the format"},
	{'f', "folded", NULL, OPTION_CUSTOM, .help = "folded lines", .parse = parse_folded},
	{0, "format", "NAME", OPTION_STRING, MEMBER(out), .help = "the format, whatever the name"},
	{0, "json", NULL, OPTION_FLAG, MEMBER(json), .help = "totals as JSON"},
	{0, "max-depth", "N", OPTION_U64, MEMBER(depth), .help = "frames kept", .min = 1,
	 .max = 127},
	{0, "at-least", "N", OPTION_U64, MEMBER(at_least), .help = "a minimum", .min = 5},
	{0, "any", "N", OPTION_U64, MEMBER(any), .help = "any number"},
	{0, "wait", "TIME", OPTION_DURATION, MEMBER(wait_ns), .help = "how long", .min = 1000000,
	 .max = 3600000000000},
	{0, "ring-size", "BYTES", OPTION_SIZE, MEMBER(ring_bytes), .help = "of a ring", .min = 4096,
	 .max = 1 << 24},
	{0, "reason", "LIST", OPTION_CUSTOM, .help = "first line\nsecond line",
	 .parse = parse_reasons},
	OPTION_END,
};

static const struct command_example examples[] = {
	{"dwell offcpu -p 4711 -o r.html 5", "a page with every thread"},
	{"dwell offcpu -f 10 | flamegraph.pl --title=\"a b\"", "through a pipe"},
	{NULL, NULL},
};

static void defaults(void *config)
{
	((struct config *)config)->depth = 64;
}

static const struct command cmd = {
	.name = "offcpu",
	.summary = "show where threads wait",
	.operands = "[DURATION] [-- COMMAND [ARG...]]",
	.description = "One sentence.  Another one.\n\n.dot at the start, and a back\\slash.",
	.options = options,
	.examples = examples,
	.config_size = sizeof(struct config),
	.defaults = defaults,
};

/* The result of parsing one command line, words separated by single spaces. */
struct result {
	char line[512];
	struct config config;
	int err;
	const char *text; /* of the error */
	int operand_cnt;
	char **operands;
	char **command;
};

static struct result *result_of(const char *line)
{
	static struct result r;
	char *argv[64], *save = NULL;
	int argc = 0;

	memset(&r, 0x5a, sizeof(r));
	snprintf(r.line, sizeof(r.line), "offcpu %s", line);
	for (char *w = strtok_r(r.line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	r.operands = NULL;
	r.command = NULL;
	r.operand_cnt = -1;
	r.err = option_parse(&cmd, argc, argv, &r.config, &r.operand_cnt, &r.operands, &r.command);
	r.text = r.err < 0 ? error_text(r.err) : "";
	return &r;
}

static void result_free(struct result *r)
{
	free(r->operands);
	option_free(&cmd, &r->config);
}

#define assert_refused(line, message) check_refused(line, message, __FILE__, __LINE__)

static void check_refused(const char *line, const char *message, const char *file, int at)
{
	struct result *r = result_of(line);

	_assert_int_equal((uintmax_t)(intmax_t)r->err, (uintmax_t)(intmax_t)-EINVAL, file, at);
	_assert_string_equal(r->text, message, file, at);
	/* Out-parameters are untouched, nothing is left allocated. */
	_assert_int_equal((uintmax_t)(intmax_t)r->operand_cnt, (uintmax_t)(intmax_t)-1, file, at);
	_assert_true(!r->operands && !r->command && !r->config.pids.ids, "untouched", file, at);
}

static void test_defaults(void **state _unused_)
{
	struct result *r = result_of("");

	assert_int_equal(r->err, 0);
	assert_int_equal(r->config.depth, 64);
	assert_false(r->config.json);
	assert_null(r->config.out);
	assert_int_equal(r->config.pids.cnt, 0);
	assert_int_equal(r->operand_cnt, 0);
	assert_null(r->command);
	result_free(r);
}

static void test_spellings(void **state _unused_)
{
	static const char *const lines[] = {"-p 1,2 -uk --output x", "-p1 -ukp2 -ox",
					    "--pid=1 --output=x -k -u -p 2", "-ukp 1,2 -o x"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		struct result *r = result_of(lines[i]);

		assert_int_equal(r->err, 0);
		assert_true(r->config.user && r->config.kernel);
		assert_string_equal(r->config.out, "x");
		assert_int_equal(r->config.pids.cnt, 2);
		assert_int_equal(r->config.pids.ids[0], 1);
		assert_int_equal(r->config.pids.ids[1], 2);
		result_free(r);
	}
}

static void test_operands_and_command(void **state _unused_)
{
	struct result *r = result_of("5 -o - x - -- ls -l --json --");

	assert_int_equal(r->err, 0);
	assert_int_equal(r->operand_cnt, 3);
	assert_string_equal(r->operands[0], "5");
	assert_string_equal(r->operands[1], "x");
	assert_string_equal(r->operands[2], "-");
	assert_string_equal(r->config.out, "-");
	assert_false(r->config.json);
	assert_string_equal(r->command[0], "ls");
	assert_string_equal(r->command[2], "--json");
	assert_string_equal(r->command[3], "--");
	assert_null(r->command[4]);
	result_free(r);
	assert_refused("5 --", "nothing follows --: give the command to run");
}

static void test_numbers(void **state _unused_)
{
	struct result *r = result_of("--max-depth 0x7f --at-least 18446744073709551615 --any 0");

	assert_int_equal(r->err, 0);
	assert_int_equal(r->config.depth, 127);
	assert_true(r->config.at_least == UINT64_MAX);
	assert_int_equal(r->config.any, 0);
	result_free(r);
	assert_refused("--max-depth abc", "--max-depth: 'abc' is not a number: give 1 to 127");
	assert_refused("--max-depth=", "--max-depth: '' is not a number: give 1 to 127");
	assert_refused("--max-depth 12x", "--max-depth: '12x' is not a number: give 1 to 127");
	assert_refused("--max-depth 0x", "--max-depth: '0x' is not a number: give 1 to 127");
	assert_refused("--max-depth -1", "--max-depth: '-1' is not a number: give 1 to 127");
	assert_refused("--max-depth 0", "--max-depth: 0 is out of range: give 1 to 127");
	assert_refused("--max-depth 128", "--max-depth: 128 is out of range: give 1 to 127");
	assert_refused("--at-least 4", "--at-least: 4 is out of range: give at least 5");
	assert_refused("--any 18446744073709551616",
		       "--any: 18446744073709551616 is out of range: give a number like 10");
	assert_refused("--any +1", "--any: '+1' is not a number: give a number like 10");
}

static void test_durations(void **state _unused_)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} right[] = {{"10", 10000000000},
		     {"10s", 10000000000},
		     {"500ms", 500000000},
		     {"1m", 60000000000},
		     {"1h", 3600000000000},
		     {"20us", 20000},
		     {"7ns", 7},
		     {"0", 0},
		     {"1.5s", 1500000000},
		     {"0.25", 250000000},
		     {"1.5m", 90000000000},
		     {"0.0000000019s", 1},
		     {"2562047h", 2562047ull * 3600000000000}};
	static const char *const wrong[] = {"",	  "s",	   "abc", "-5",	  "1x",	  "1 s", "1.s",
					    ".5", "1m30s", "1S",  "0x10", "1..5", "1e3"};
	uint64_t ns;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(right); i++) {
		assert_int_equal(option_parse_duration(right[i].text, &ns), 0);
		assert_int_equal(ns, right[i].ns);
	}
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		char expected[128];

		ns = 42;
		assert_int_equal(option_parse_duration(wrong[i], &ns), -EINVAL);
		snprintf(expected, sizeof(expected),
			 "'%s' is not a duration: give one like 10, 500ms or 1m", wrong[i]);
		assert_string_equal(error_text(-EINVAL), expected);
		assert_int_equal(ns, 42);
	}
	assert_int_equal(option_parse_duration("5124096h", &ns), -EINVAL);
	assert_string_equal(error_text(-EINVAL), "'5124096h' is too long: give at most 500 years");
	assert_int_equal(option_parse_duration("99999999999999999999", &ns), -EINVAL);
}

static void test_scaled_options(void **state _unused_)
{
	struct result *r = result_of("--wait 1.5s --ring-size 64k");

	assert_int_equal(r->err, 0);
	assert_int_equal(r->config.wait_ns, 1500000000);
	assert_int_equal(r->config.ring_bytes, 65536);
	result_free(r);
	assert_refused("--wait 999us", "--wait: 999us is out of range: give 1ms to 1h");
	assert_refused("--wait 2h", "--wait: 2h is out of range: give 1ms to 1h");
	assert_refused("--wait x", "--wait: 'x' is not a duration: give 1ms to 1h");
	assert_refused("--wait 99999999999h",
		       "--wait: 99999999999h is out of range: give 1ms to 1h");
	assert_refused("--ring-size 1", "--ring-size: 1 is out of range: give 4k to 16m");
	assert_refused("--ring-size 1.5k", "--ring-size: '1.5k' is not a size: give 4k to 16m");
}

static void test_ids(void **state _unused_)
{
	struct result *r = result_of("-p 4194304");

	assert_int_equal(r->err, 0);
	assert_int_equal(r->config.pids.ids[0], 4194304);
	result_free(r);
	assert_refused("-p 1,,2", "-p: '1,,2' is not a list of ids: give one like 1,2,3");
	assert_refused("-p 1,", "-p: '1,' is not a list of ids: give one like 1,2,3");
	assert_refused("--pid redis", "--pid: 'redis' is not a list of ids: give one like 1,2,3");
	assert_refused("-p 1 -p 0", "-p: '0': ids go from 1 to 4194304");
	assert_refused("-p 4194305", "-p: '4194305': ids go from 1 to 4194304");
	assert_refused("-p 99999999999999999999",
		       "-p: '99999999999999999999': ids go from 1 to 4194304");
}

static void test_custom(void **state _unused_)
{
	struct result *r = result_of("-ff --reason lock");

	assert_int_equal(r->err, 0);
	assert_int_equal(r->config.folded, 2);
	assert_string_equal(r->config.reasons, "lock");
	result_free(r);
	assert_refused("--reason bad", "--reason: 'bad' is no reason: give some of lock, poll");
}

static void test_unknown(void **state _unused_)
{
	assert_refused("--foo", "unknown option --foo: see dwell offcpu --help");
	assert_refused("--form", "unknown option --form: did you mean --format?");
	assert_refused("--jsno", "unknown option --jsno: did you mean --json?");
	assert_refused("--ring-sise=3", "unknown option --ring-sise: did you mean --ring-size?");
	assert_refused("--hlep", "unknown option --hlep: did you mean --help?");
	assert_refused("-json", "unknown option -json: did you mean --json?");
	assert_refused("-z", "unknown option -z: see dwell offcpu --help");
	assert_refused("-uz", "unknown option -z: see dwell offcpu --help");
	assert_refused("--\x1b[31m\n", "unknown option --?[31m?: see dwell offcpu --help");
}

static void test_arguments(void **state _unused_)
{
	assert_refused("-o", "-o: its argument is missing: give FILE");
	assert_refused("--output -- ls", "--output: its argument is missing: give FILE");
	assert_refused("--json=1", "--json: takes no argument");
	assert_refused("--folded=1", "--folded: takes no argument");
}

static void test_help_wanted(void **state _unused_)
{
	assert_int_equal(result_of("-h")->err, 1);
	assert_int_equal(result_of("-uh")->err, 1);
	assert_int_equal(result_of("-p 1 --help --nonsense")->err, 1);
	/* After "--" it is the command's. */
	struct result *r = result_of("-- ls --help");
	assert_int_equal(r->err, 0);
	result_free(r);
}

/* What @print writes; freed by the caller. */
static char *help_text(int width)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	option_print_help(&cmd, width, f);
	fclose(f);
	return text;
}

static void test_help(void **state _unused_)
{
	_cleanup_free_ char *text = help_text(60);
	char *save = NULL;

	assert_non_null(strstr(text, "usage: dwell offcpu [OPTIONS] [DURATION] [-- COMMAND"));
	assert_non_null(
		strstr(text, "\nTarget:\n  -p, --pid PID,...      trace these processes\n"));
	assert_non_null(strstr(text, "\n  -u                     user threads only\n"));
	assert_non_null(strstr(text, "      --reason LIST      first line\n"
				     "                         second line\n"));
	assert_non_null(strstr(text, "  -h, --help"));
	assert_non_null(strstr(text, "  dwell offcpu -p 4711 -o r.html 5\n"));
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		assert_true(strlen(l) <= 60 || strstr(l, "usage:"));
}

static void test_man(void **state _unused_)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	option_print_man(&cmd, "1.2.3", "May 4, 2025", f);
	fclose(f);
	assert_ptr_equal(strstr(text, ".Dd May 4, 2025\n.Dt DWELL-OFFCPU 1\n"), text);
	assert_non_null(strstr(text, "\nOne sentence.\nAnother one.\n.Pp\n\\&.dot at the start, "
				     "and a back\\eslash.\n"));
	assert_non_null(strstr(text, "\n.It Fl p , Fl -pid Ar \"\\&PID,...\"\n"
				     "Trace these processes.\n"));
	assert_non_null(strstr(text, " \\-\\-title=\\(dqa b\\(dq\n"));
	assert_non_null(strstr(text, "\\&dwell offcpu \\-p 4711 \\-o r.html 5\n"));
	assert_non_null(strstr(text, "dwell 1.2.3."));
}

/* Every option that the parser knows is in the help and in the page. */
static void test_all_documented(void **state _unused_)
{
	_cleanup_free_ char *help = help_text(80), *man = NULL;
	const struct option_def *def;
	size_t size;
	FILE *f = open_memstream(&man, &size);

	option_print_man(&cmd, "1", NULL, f);
	fclose(f);
	for (def = options; def->type != OPTION_GROUP || def->help; def++) {
		char spelled[64];

		if (!def->name)
			continue;
		snprintf(spelled, sizeof(spelled), "--%s", def->name);
		assert_non_null(strstr(help, spelled));
		snprintf(spelled, sizeof(spelled), "Fl -%s", def->name);
		assert_non_null(strstr(man, spelled));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_operands_and_command),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_scaled_options),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_custom),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_help_wanted),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_man),
		cmocka_unit_test(test_all_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
