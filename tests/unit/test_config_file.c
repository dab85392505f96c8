/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Configuration files: what is taken, what is refused and in which words, what the command line overrides, reloads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/config_file.h"
#include "base/compiler.h"
#include "base/log.h"

struct config {
	struct option_file file;
	bool wakers, pprof;
	const char *out;
	uint64_t groups, every_ns, keep_bytes;
	struct option_ids pids;
	const char *listen[4];
	uint32_t listen_cnt;
	uint32_t max_cpu_ppm;
	int shouts;
};

static int parse_listen(void *config, const char *value)
{
	struct config *c = config;

	if (!strchr(value, ':') || c->listen_cnt == ARRAY_SIZE(c->listen))
		return error_set(-EINVAL, "'%s' is no address: give ADDR:PORT", value);
	c->listen[c->listen_cnt++] = value;
	return 0;
}

static int parse_max_cpu(void *config, const char *value)
{
	return option_parse_percent(value, &((struct config *)config)->max_cpu_ppm);
}

static int parse_shout(void *config, const char *value)
{
	assert_null(value);
	((struct config *)config)->shouts++;
	return 0;
}

static char path[64]; /* of the default file */

static void defaults(void *config)
{
	struct config *c = config;

	c->file.path = path;
	c->groups = 50;
	c->every_ns = 60000000000;
	c->out = "/var/lib/x y#";
}

#define MEMBER(m) .offset = offsetof(struct config, m)

static const struct option_def options[] = {
	{.type = OPTION_GROUP, .help = "Target"},
	{'p', "pid", "PID,...", OPTION_PIDS, MEMBER(pids), .help = "trace these processes"},
	{0, "wakers", NULL, OPTION_FLAG, MEMBER(wakers), .help = "also note wakers"},
	{.type = OPTION_GROUP, .help = "Service"},
	{'c', "config", "FILE", OPTION_FILE, MEMBER(file), .help = "read FILE"},
	{0, "listen", "ADDR:PORT", OPTION_CUSTOM, .help = "answer here", .parse = parse_listen,
	 .repeatable = true},
	{0, "max-cpu", "PERCENT", OPTION_CUSTOM, .help = "at most this much of the machine",
	 .parse = parse_max_cpu, .reloadable = true, .preset = "1%"},
	{'o', "out", "DIR", OPTION_STRING, MEMBER(out), .help = "write files to DIR"},
	{0, "pprof", NULL, OPTION_FLAG, MEMBER(pprof), .help = "pprof as well", .reloadable = true},
	{0, "max-groups", "N", OPTION_U64, MEMBER(groups), .min = 1, .max = 1000,
	 .help = "groups held, a help that is so long that it has to be filled over more than "
		 "one line"},
	{0, "every", "TIME", OPTION_DURATION, MEMBER(every_ns), .help = "how often",
	 .reloadable = true},
	{0, "keep-bytes", "SIZE", OPTION_SIZE, MEMBER(keep_bytes), .help = "how much is kept",
	 .reloadable = true},
	{0, "shout", NULL, OPTION_CUSTOM, .help = "loud", .parse = parse_shout},
	{0, "dry-run", NULL, OPTION_CUSTOM, .help = "nothing", .parse = parse_shout,
	 .argv_only = true},
	OPTION_END,
};

static const struct command cmd = {
	.name = "serve",
	.summary = "trace for ever",
	.options = options,
	.config_size = sizeof(struct config),
	.defaults = defaults,
};

/* ---- files ---- */

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, 0644), 0);
}

static int setup(void **state _unused_)
{
	int fd;

	strcpy(path, "/tmp/dwell-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return unlink(path);
}

static int teardown(void **state _unused_)
{
	unlink(path);
	return 0;
}

static int parse_line(const char *line, struct config *config)
{
	static char words[8][512];
	static char *argv[16];
	char *save = NULL, text[512], **operands = NULL, **command = NULL;
	int argc = 0, operand_cnt, err;

	snprintf(text, sizeof(text), "serve %s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		argv[argc] = strcpy(words[argc], w);
		argc++;
	}
	memset(config, 0x5a, sizeof(*config));
	err = option_parse(&cmd, argc, argv, config, &operand_cnt, &operands, &command);
	free(operands);
	return err;
}

#define assert_refused(text, message) check_refused(text, message, __FILE__, __LINE__)

/* @message follows the path. */
static void check_refused(const char *text, const char *message, const char *file, int at)
{
	struct config config;
	char expected[512];

	write_file(path, text);
	_assert_int_equal((uintmax_t)(intmax_t)parse_line("", &config),
			  (uintmax_t)(intmax_t)-EINVAL, file, at);
	snprintf(expected, sizeof(expected), "%s%s", path, message);
	_assert_string_equal(error_text(-EINVAL), expected, file, at);
}

/* ---- what is taken ---- */

static void test_values(void **state _unused_)
{
	struct config c;

	write_file(path, "# all of it\n"
			 "\n"
			 "  pid = 1,2   # two\n"
			 "pid=3\n"
			 "wakers\n"
			 "pprof = true\r\n"
			 "\tlisten\t=\t127.0.0.1:1\n"
			 "listen = \"unix:/a b #c\" # quoted\n"
			 "max-cpu = 0.5%\n"
			 "out = a#b \"c\" #d\n"
			 "max-groups = 7\n"
			 "every = 1m\n"
			 "shout = yes\n"
			 "keep-bytes = 64k");
	assert_int_equal(parse_line("", &c), 0);
	assert_int_equal(c.pids.cnt, 3);
	assert_int_equal(c.pids.ids[2], 3);
	assert_true(c.wakers && c.pprof);
	assert_int_equal(c.listen_cnt, 2);
	assert_string_equal(c.listen[0], "127.0.0.1:1");
	assert_string_equal(c.listen[1], "unix:/a b #c");
	assert_int_equal(c.max_cpu_ppm, 5000);
	assert_string_equal(c.out, "a#b \"c\"");
	assert_int_equal(c.groups, 7);
	assert_true(c.every_ns == 60000000000);
	assert_int_equal(c.shouts, 1);
	assert_int_equal(c.keep_bytes, 65536);
	option_free(&cmd, &c);
	assert_null(c.file.content);
}

static void test_flags(void **state _unused_)
{
	static const struct {
		const char *text;
		bool on;
	} cases[] = {{"wakers", true},	      {"wakers # why", true}, {"wakers = yes", true},
		     {"wakers = true", true}, {"wakers = no", false}, {"wakers = false", false}};
	struct config c;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_file(path, cases[i].text);
		assert_int_equal(parse_line("", &c), 0);
		assert_int_equal(c.wakers, cases[i].on);
		option_free(&cmd, &c);
	}
	write_file(path, "shout = no\n");
	assert_int_equal(parse_line("", &c), 0);
	assert_int_equal(c.shouts, 0);
	option_free(&cmd, &c);
}

static void test_command_line_wins(void **state _unused_)
{
	struct config c;

	write_file(path, "pid = 1,2\nlisten = a:1\nlisten = b:2\nmax-groups = 7\nwakers\nout = x\n"
			 "shout\n");
	assert_int_equal(parse_line("-p 9 --listen c:3 --wakers=no --max-groups 8", &c), 0);
	assert_int_equal(c.pids.cnt, 1);
	assert_int_equal(c.pids.ids[0], 9);
	assert_int_equal(c.listen_cnt, 1);
	assert_string_equal(c.listen[0], "c:3");
	assert_false(c.wakers);
	assert_int_equal(c.groups, 8);
	assert_string_equal(c.out, "x");
	assert_int_equal(c.shouts, 1);
	option_free(&cmd, &c);
}

static void test_which_file(void **state _unused_)
{
	char other[80], line[128];
	struct config c;

	/* The default one may be missing. */
	assert_int_equal(parse_line("", &c), 0);
	assert_int_equal(c.groups, 50);
	assert_null(c.file.content);
	option_free(&cmd, &c);
	/* One that was asked for may not. */
	snprintf(other, sizeof(other), "%s.other", path);
	snprintf(line, sizeof(line), "--config %s", other);
	assert_int_equal(parse_line(line, &c), -ENOENT);
	assert_non_null(strstr(error_text(-ENOENT), other));
	write_file(path, "max-groups = 1\n");
	write_file(other, "max-groups = 2\n");
	assert_int_equal(parse_line(line, &c), 0);
	assert_int_equal(c.groups, 2);
	option_free(&cmd, &c);
	unlink(other);
	assert_int_equal(parse_line("-c none", &c), 0);
	assert_int_equal(c.groups, 50);
	option_free(&cmd, &c);
	/* The command line is looked at before the file, and help needs none. */
	write_file(path, "nonsense\n");
	assert_int_equal(parse_line("--help", &c), 1);
	assert_int_equal(parse_line("--max-groups 0", &c), -EINVAL);
	assert_string_equal(error_text(-EINVAL), "--max-groups: 0 is out of range: give 1 to 1000");
}

/* ---- what is refused ---- */

static void test_refused(void **state _unused_)
{
	assert_refused("\n# x\nmax-group = 3\n",
		       ":3: unknown option max-group: did you mean max-groups?");
	assert_refused("zzzzz = 3\n", ":1: unknown option zzzzz: see dwell serve --help");
	assert_refused("help\n", ":1: unknown option help: see dwell serve --help");
	assert_refused("p = 3\n", ":1: unknown option p: did you mean pid?");
	assert_refused("z = 3\n", ":1: unknown option z: see dwell serve --help");
	assert_refused("--every = 3\n", ":1: --every: write the option's name without dashes");
	assert_refused("max-groups = 0\n", ":1: max-groups: 0 is out of range: give 1 to 1000");
	assert_refused("max-groups = x\n", ":1: max-groups: 'x' is not a number: give 1 to 1000");
	assert_refused("listen = x\n", ":1: listen: 'x' is no address: give ADDR:PORT");
	assert_refused("wakers = 1\n", ":1: wakers: '1' is neither yes nor no: give one of these");
	assert_refused("shout = 1\n", ":1: shout: '1' is neither yes nor no: give one of these");
	assert_refused("every\n", ":1: every: its value is missing: write every = TIME");
	assert_refused("every # x\n", ":1: every: its value is missing: write every = TIME");
	assert_refused("every =\n", ":1: every: its value is missing: give TIME");
	assert_refused("every = # x\n", ":1: every: its value is missing: give TIME");
	assert_refused("wakers = \n", ":1: wakers: its value is missing: give yes");
	assert_refused("every 5s\n", ":1: every: '=' is missing: write every = TIME");
	assert_refused("wakers no\n", ":1: wakers: '=' is missing: write wakers = yes");
	assert_refused("= 3\n", ":1: the option's name is missing before the '='");
	assert_refused("out = \"x\n", ":1: out: the closing '\"' is missing");
	assert_refused("out = \"x\" y\n", ":1: out: 'y' follows the value: leave it out");
	assert_refused("out = a\nout = a\n", ":2: out: is on line 1 already: leave one of them");
	assert_refused("config = x\n", ":1: config: only the command line may say this");
	assert_refused("dry-run\n", ":1: dry-run: only the command line may say this");
	assert_refused("out = \x1b[31m\n", ":1: a control character: leave it out");
	assert_refused("max-cpu = 0\n", ":1: max-cpu: 0 is out of range: give 0.0001% to 100%");
	assert_refused("max-cpu = 101%\n",
		       ":1: max-cpu: 101% is out of range: give 0.0001% to 100%");
	assert_refused("max-cpu = 1 %\n",
		       ":1: max-cpu: '1 %' is not a percentage: give one like 1% or 0.5%");
}

static void test_caps(void **state _unused_)
{
	char *big = malloc(300 << 10);
	struct config c;

	assert_non_null(big);
	memset(big, 'x', 5000);
	memcpy(big, "out = ", 6);
	big[5000] = 0;
	assert_refused(big, ":1: longer than 4096 bytes");
	memset(big, '\n', 300 << 10);
	big[(300 << 10) - 1] = 0;
	write_file(path, big);
	assert_int_equal(parse_line("", &c), -E2BIG);
	assert_non_null(strstr(error_text(-E2BIG), ": longer than 256 KiB"));
	for (int i = 0; i < 5000; i++)
		memcpy(big + 6 * (size_t)i, "pid=1\n", 6);
	big[30000] = 0;
	assert_refused(big, ":4097: more than 4096 lines with options");
	free(big);
	assert_null(config_file_parse(&cmd, "x", "out = a\0b\n", 10));
	assert_string_equal(error_text(-EINVAL), "x:1: a control character: leave it out");
}

static void test_others_may_write(void **state _unused_)
{
	struct config c;

	write_file(path, "max-groups = 2\n");
	assert_int_equal(chmod(path, 0646), 0);
	assert_int_equal(parse_line("", &c), -EPERM);
	assert_non_null(strstr(error_text(-EPERM), "chmod go-w /tmp/"));
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(parse_line("", &c), -EPERM);
	assert_non_null(strstr(error_text(-EPERM), "(mode 664): chmod go-w /tmp/"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(parse_line("", &c), 0);
	option_free(&cmd, &c);
	if (!geteuid()) {
		assert_int_equal(chown(path, 4711, 4711), 0);
		assert_int_equal(parse_line("", &c), -EPERM);
		assert_non_null(strstr(error_text(-EPERM), "(uid 4711), who could change it: "
							   "chown root /tmp/"));
	}
	assert_int_equal(parse_line("-c /dev/null", &c), -EINVAL);
	assert_string_equal(error_text(-EINVAL), "/dev/null: is not a regular file");
	assert_int_equal(parse_line("-c /tmp", &c), -EINVAL);
}

/* ---- reload ---- */

static void assert_reloaded(const struct config *old, struct config *fresh, const char *applied,
			    const char *restart)
{
	struct config_changes changes;

	assert_int_equal(config_reload(&cmd, old, fresh, &changes), 0);
	assert_string_equal(buf__str(&changes.applied), applied);
	assert_string_equal(buf__str(&changes.restart), restart);
	config_changes__fini(&changes);
}

static void test_reload(void **state _unused_)
{
	struct config c, fresh, third;

	write_file(path,
		   "every = 1m\nlisten = a:1\nlisten = b:2\nout = x\npid = 1\nmax-cpu = 1%\n");
	assert_int_equal(parse_line("--max-cpu 2%", &c), 0);
	assert_reloaded(&c, &fresh, "", "");
	option_free(&cmd, &fresh);
	/* What takes a restart stays, and is named; what the command line says counts in any case. */
	write_file(path, "max-cpu = 5%\nlisten = a:1\nlisten = c:2\nout = x\nevery = 2m\nwakers\n"
			 "pprof\n");
	assert_reloaded(&c, &fresh, "--pprof, --every", "--pid, --wakers, --listen");
	assert_true(fresh.every_ns == 120000000000);
	assert_true(fresh.pprof);
	assert_false(fresh.wakers);
	assert_int_equal(fresh.listen_cnt, 2);
	assert_string_equal(fresh.listen[1], "b:2");
	assert_int_equal(fresh.pids.cnt, 1);
	assert_int_equal(fresh.max_cpu_ppm, 20000);
	option_free(&cmd, &c);
	assert_string_equal(fresh.out, "x");
	/* Once more: what was applied is no change any more, what needs a restart still does. */
	assert_reloaded(&fresh, &third, "", "--pid, --wakers, --listen");
	option_free(&cmd, &third);
	/* A line taken away is a change, too; "no" is not. */
	write_file(path,
		   "listen = a:1\nlisten = b:2\nout = x\npid = 1\nwakers = no\npprof = true\n");
	assert_reloaded(&fresh, &third, "--every", "--wakers");
	assert_true(third.every_ns == 60000000000);
	option_free(&cmd, &fresh);
	option_free(&cmd, &third);
}

static void test_bad_reload(void **state _unused_)
{
	static const char *const bad[] = {"every = x\n", "nonsense\n", "listen = nowhere\n"};
	struct config c, fresh;
	struct config_changes changes;

	write_file(path, "every = 5s\nout = old\n");
	assert_int_equal(parse_line("", &c), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_file(path, bad[i]);
		memset(&fresh, 0x5a, sizeof(fresh));
		assert_int_equal(config_reload(&cmd, &c, &fresh, &changes), -EINVAL);
		assert_int_equal(strncmp(error_text(-EINVAL), path, strlen(path)), 0);
	}
	unlink(path);
	assert_int_equal(config_reload(&cmd, &c, &fresh, &changes), -ENOENT);
	/* The old one is whole. */
	assert_true(c.every_ns == 5000000000);
	assert_string_equal(c.out, "old");
	option_free(&cmd, &c);
}

static void test_reload_without(void **state _unused_)
{
	struct config_changes changes;
	struct config c, fresh;

	assert_int_equal(parse_line("--config none", &c), 0);
	assert_int_equal(config_reload(&cmd, &c, &fresh, &changes), -EINVAL);
	option_free(&cmd, &c);
	/* The default file comes to be. */
	assert_int_equal(parse_line("", &c), 0);
	assert_reloaded(&c, &fresh, "", "");
	option_free(&cmd, &fresh);
	write_file(path, "every = 3s\nout = x\n");
	assert_reloaded(&c, &fresh, "--every", "--out");
	assert_true(fresh.every_ns == 3000000000);
	assert_string_equal(fresh.out, "/var/lib/x y#");
	option_free(&cmd, &fresh);
	option_free(&cmd, &c);
}

/* ---- the file that explains itself ---- */

static char *printed(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	option_print_config(&cmd, f);
	fclose(f);
	return text;
}

static void test_print(void **state _unused_)
{
	_cleanup_free_ char *text = printed();

	assert_non_null(strstr(text, "\n## Target\n\n# trace these processes\n# May stand here "
				     "more than once.\n#pid = PID,...\n\n"));
	assert_non_null(strstr(text, "\n#wakers = no\n"));
	assert_non_null(strstr(text, "\n# Takes effect on reload.\n#max-cpu = 1%\n"));
	assert_non_null(strstr(text, "\n#out = \"/var/lib/x y#\"\n"));
	assert_non_null(strstr(text, "\n#every = 1m\n"));
	assert_non_null(strstr(text, "\n#max-groups = 50\n"));
	assert_non_null(strstr(text, "\n#keep-bytes = SIZE\n"));
	assert_null(strstr(text, "config ="));
	assert_null(strstr(text, "dry-run"));
	for (char *l = text; *l; l += strcspn(l, "\n") + 1)
		assert_true(strcspn(l, "\n") <= 80);
}

/* As it is, it changes nothing; without the '#' before the names that have a default it says the defaults. */
static void test_print_is_valid(void **state _unused_)
{
	_cleanup_free_ char *text = printed(), *taken = NULL;
	struct config c, plain;
	char *to;

	write_file(path, text);
	assert_int_equal(parse_line("", &c), 0);
	option_free(&cmd, &c);
	assert_int_equal(parse_line("-c none", &plain), 0);
	taken = to = calloc(1, strlen(text) + 1);
	assert_non_null(taken);
	for (char *l = text; *l; l += strcspn(l, "\n") + 1) {
		size_t len = strcspn(l, "\n") + 1;
		bool uncomment = l[0] == '#' && l[1] != ' ' && l[1] != '#' &&
				 !memmem(l, len, " = PID", 6) && !memmem(l, len, "= SIZE", 6) &&
				 !memmem(l, len, "= ADDR", 6);

		memcpy(to, l + uncomment, len - uncomment);
		to += len - uncomment;
	}
	write_file(path, taken);
	assert_int_equal(parse_line("", &c), 0);
	assert_int_equal(c.groups, plain.groups);
	assert_true(c.every_ns == plain.every_ns);
	assert_string_equal(c.out, plain.out);
	assert_int_equal(c.max_cpu_ppm, 10000);
	assert_false(c.wakers || c.pprof || c.shouts);
	option_free(&cmd, &c);
	option_free(&cmd, &plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_line_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_which_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_caps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_may_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_reload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload_without, setup, teardown),
		cmocka_unit_test_setup_teardown(test_print, setup, teardown),
		cmocka_unit_test_setup_teardown(test_print_is_valid, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
