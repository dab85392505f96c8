/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Completion: what rows of a table become in each shell's script, and that no text of theirs ends a quote. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/completion.h"
#include "base/compiler.h"
#include "base/log.h"

static const char *word(size_t i)
{
	static const char *const words[] = {"one", "two-2"};

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const char *prefix(size_t i)
{
	return i ? NULL : "to=";
}

static int parse(void *config _unused_, const char *value _unused_)
{
	return 0;
}

static const struct option_def options[] = {
	{.type = OPTION_GROUP, .help = "Of all kinds"},
	{.letter = 'p',
	 .name = "pid",
	 .arg = "PID,...",
	 .type = OPTION_PIDS,
	 .help = "processes",
	 .value = {.kind = VALUE_PIDS}},
	{.letter = 'u', .type = OPTION_FLAG, .help = "it's [a-z] or \\ and\na: colon"},
	{.name = "set",
	 .arg = "A:B",
	 .type = OPTION_STRING,
	 .help = "of a set",
	 .value = {.kind = VALUE_ONE_OF, .word = word}},
	{.name = "list",
	 .arg = "LIST",
	 .type = OPTION_CUSTOM,
	 .parse = parse,
	 .help = "several",
	 .value = {.kind = VALUE_LIST_OF, .word = word}},
	{.name = "to",
	 .arg = "TO",
	 .type = OPTION_CUSTOM,
	 .parse = parse,
	 .help = "where",
	 .value = {.kind = VALUE_ONE_OF, .word = prefix}},
	{.type = OPTION_GROUP, .help = "More"},
	{.name = "config", .arg = "FILE", .type = OPTION_FILE, .help = "a file"},
	{.name = "top", .arg = "N", .type = OPTION_U64, .help = "how many"},
	OPTION_END,
};
static const struct option_def no_options[] = {OPTION_END};

static const struct command first = {
	.name = "first",
	.summary = "it's the first",
	.operands = "FILE...",
	.operand = {VALUE_PATH, .extensions = ".a .b"},
	.options = options,
};
static const struct command second = {
	.name = "second", .summary = "the second", .operands = "", .options = no_options};
static const struct command *const both[] = {&first, &second, NULL};

static char *script(const char *shell)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(completion_print(shell, both, f), 0);
	fclose(f);
	return text;
}

#define assert_has(text, part) assert_non_null(strstr(text, part))

static void test_bash(void **state _unused_)
{
	_cleanup_free_ char *text = script("bash");

	assert_has(text, "\techo first second\n");
	assert_has(text, "options='-p --pid -u --set --list --to --config --top -h --help'\n");
	assert_has(text, "\t-p | --pid) kind=pids ;;\n");
	assert_has(text, "\t--set) kind=one names='one two-2' ;;\n");
	assert_has(text, "\t--list) kind=list names='one two-2' ;;\n");
	assert_has(text, "\t--config) kind=path ;;\n");
	assert_has(text, "\t--top) kind=free ;;\n");
	assert_has(text, "\t'') kind=path extensions='.a .b' ;;\n");
	assert_has(text, "\tsecond)\n\t\toptions='-h --help'\n");
	assert_null(strstr(text, "\t-u)"));
}

static void test_zsh(void **state _unused_)
{
	_cleanup_free_ char *text = script("zsh");

	assert_ptr_equal(strstr(text, "#compdef dwell\n"), text);
	assert_has(text, "\t'first:it'\\''s the first'\n");
	assert_has(text, "'*'{-p+,--pid=}'[processes]:PID,...:_dwell_pids' \\\n");
	assert_has(text, "\t'-u[it'\\''s \\[a-z\\] or \\\\ and a: colon]' \\\n");
	assert_has(text, "\t'--set=[of a set]:A\\:B:(one two-2)' \\\n");
	assert_has(text, "\t'*--list=[several]:LIST:_values -s , word one two-2' \\\n");
	assert_has(text, "\t'*--to=[where]:TO:compadd -S \"\" - to=' \\\n");
	assert_has(text, "\t'--config=[a file]:FILE:_files' \\\n");
	assert_has(text, "\t'(-h --help)'{-h,--help}'[show this help]' \\\n");
	assert_has(text, "\t'*:operand:_files -g \"*(.a|.b)\"'\n");
	assert_has(text, "\"no more arguments\"");
}

static void test_fish(void **state _unused_)
{
	_cleanup_free_ char *text = script("fish");

	assert_has(text,
		   "\ncomplete -c dwell -n __dwell_needs_command -a first -d 'it\\'s the first'\n");
	assert_has(text, "'__dwell_in first' -s p -l pid -x -a '(__dwell_tasks /proc/*/comm)' -d "
			 "'processes'\n");
	assert_has(text, "'__dwell_in first' -s u -d 'it\\'s [a-z] or \\\\ and a: colon'\n");
	assert_has(text, "'__dwell_in first' -l set -x -a 'one\\t two-2\\t' -d 'of a set'\n");
	assert_has(text,
		   "'__dwell_in first' -l list -x -a '(__dwell_list one two-2)' -d 'several'\n");
	assert_has(text, "'__dwell_in first' -l config -r -F -d 'a file'\n");
	assert_has(text, "'__dwell_in second' -s h -l help -d 'show this help'\n");
	assert_has(text, "'__dwell_in first' -F -k -a '(__dwell_files .a .b)'\n");
}

static void test_shells(void **state _unused_)
{
	assert_string_equal(completion_shell(0), "bash");
	assert_string_equal(completion_shell(2), "fish");
	assert_null(completion_shell(3));
	assert_int_equal(completion_print("tcsh", both, stdout), -EINVAL);
	assert_string_equal(error_text(-EINVAL),
			    "no completion for 'tcsh': give bash, zsh or fish");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bash),
		cmocka_unit_test(test_zsh),
		cmocka_unit_test(test_fish),
		cmocka_unit_test(test_shells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
