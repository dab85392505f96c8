/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell push: sends what `dwell serve` left in its spool, as a process of its own that may nothing else. */
#include "app/push.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/push_headers.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"
#include "commands.h"
#include "version.h"

#define PUSH_SPOOL	 "/var/lib/dwell/spool"
#define PUSH_AGENT	 "dwell/" DWELL_VERSION
#define PUSH_MAX_TARGETS 4
#define PUSH_MAX_HEADERS 32
#define PUSH_MAX_LABELS	 24
#define PUSH_WAIT_NS	 1000000000ull
#define PUSH_FINISH_NS	 5000000000ull
#define PUSH_MIN_RATE	 4096
#define PUSH_NAME_LEN	 64

/* A "TARGET=TEXT" of the command line, or a TEXT that is for the only target. */
struct push_for {
	const struct push_receiver *receiver; /* NULL: it says none */
	const char *text;
};

struct push_options {
	const char *spool;
	struct push_for targets[PUSH_MAX_TARGETS];
	size_t target_cnt;
	struct push_for headers[PUSH_MAX_HEADERS];
	size_t header_cnt;
	struct push_for header_files[PUSH_MAX_TARGETS];
	size_t header_file_cnt;
	struct push_label labels[PUSH_MAX_LABELS + 1];
	char label_names[PUSH_MAX_LABELS][PUSH_NAME_LEN];
	size_t label_cnt;
	const char *tenant, *ca_file;
	uint64_t max_rate, stall_ns, spread_ns;
	bool once, quiet;
};

static void push_defaults(void *config)
{
	struct push_options *c = config;

	c->spool = PUSH_SPOOL;
}

/* ---- the command line ---- */

static struct push_for push_split(const char *value)
{
	size_t len = strcspn(value, "=");
	const struct push_receiver *r = value[len] ? push_receiver_find(value, len) : NULL;

	return (struct push_for){.receiver = r, .text = r ? value + len + 1 : value};
}

static const char *push_to_word(size_t i)
{
	static const char *const words[] = {"clickhouse=", "pyroscope="};

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

/* Does the address have a parameter that is a password? */
static bool push_url_has_password(const char *url)
{
	const char *at = strchr(url, '?');

	for (; at; at = strchr(at + 1, '&'))
		if (!strncmp(at + 1, "password=", 9))
			return true;
	return false;
}

static int push_check_url(const char *url)
{
	size_t scheme = !strncmp(url, "http://", 7) ? 7 : !strncmp(url, "https://", 8) ? 8 : 0;
	size_t host_len = strcspn(url + scheme, "/?");

	for (const char *p = url; *p; p++)
		if (!isascii((unsigned char)*p) || !isgraph((unsigned char)*p) || *p == '#')
			return error_set(-EINVAL, "an address of printable ASCII without '#' and "
						  "spaces is needed: write others as %%XX");
	if (!scheme || !host_len)
		return error_set(-EINVAL, "give an address like http://HOST:PORT");
	if (memchr(url + scheme, '@', host_len) || push_url_has_password(url))
		return error_set(-EINVAL, "everybody can read a password in a command line: give "
					  "the headers that log in with --header-file");
	return 0;
}

static int push_parse_to(void *config, const char *value)
{
	struct push_options *c = config;
	struct push_for to = push_split(value);

	if (!to.receiver)
		return error_set(-EINVAL,
				 "no receiver we know: give clickhouse=URL or pyroscope=URL");
	if (c->target_cnt == PUSH_MAX_TARGETS)
		return error_set(-EINVAL, "at most %d times", PUSH_MAX_TARGETS);
	c->targets[c->target_cnt++] = to;
	return push_check_url(to.text);
}

static int push_parse_header(void *config, const char *value)
{
	struct push_options *c = config;
	struct push_for header = push_split(value);
	int err = push_headers_check(header.text);

	if (err)
		return err;
	if (push_headers_is_secret(header.text))
		return error_set(-EINVAL, "everybody can read a secret in a command line: put it "
					  "into a file, for --header-file");
	if (c->header_cnt == PUSH_MAX_HEADERS)
		return error_set(-EINVAL, "at most %d times", PUSH_MAX_HEADERS);
	c->headers[c->header_cnt++] = header;
	return 0;
}

static int push_parse_header_file(void *config, const char *value)
{
	struct push_options *c = config;

	if (c->header_file_cnt == PUSH_MAX_TARGETS)
		return error_set(-EINVAL, "at most %d times", PUSH_MAX_TARGETS);
	c->header_files[c->header_file_cnt++] = push_split(value);
	return 0;
}

static int push_parse_label(void *config, const char *value)
{
	struct push_options *c = config;
	size_t len =
		strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (!len || len >= PUSH_NAME_LEN || value[len] != '=' || isdigit((unsigned char)*value))
		return error_set(-EINVAL, "no label: give one like service_name=shop");
	if (c->label_cnt == PUSH_MAX_LABELS)
		return error_set(-EINVAL, "at most %d times", PUSH_MAX_LABELS);
	memcpy(c->label_names[c->label_cnt], value, len);
	c->label_names[c->label_cnt][len] = '\0';
	c->labels[c->label_cnt].value = value + len + 1;
	c->label_cnt++;
	return 0;
}

/* ---- from options to receivers ---- */

/* Is @f for @r? An error when it could be for any. */
static int push_is_for(const struct push_options *c, const struct push_for *f,
		       const struct push_receiver *r, const char *option)
{
	if (f->receiver)
		return f->receiver == r;
	if (c->target_cnt == 1)
		return 1;
	return error_set(-EINVAL, "%s: with more than one --to say which it is for: %s=...", option,
			 r->name);
}

static int push_collect(const struct push_options *c, struct push_target *t,
			const char *ret_headers[PUSH_MAX_HEADERS + 1])
{
	size_t cnt = 0;
	int mine;

	for (size_t i = 0; i < c->header_cnt; i++) {
		mine = push_is_for(c, &c->headers[i], t->receiver, "--header");
		if (mine < 0)
			return mine;
		if (mine)
			ret_headers[cnt++] = c->headers[i].text;
	}
	ret_headers[cnt] = NULL;
	for (size_t i = 0; i < c->header_file_cnt; i++) {
		mine = push_is_for(c, &c->header_files[i], t->receiver, "--header-file");
		if (mine < 0)
			return mine;
		if (mine)
			t->header_file = c->header_files[i].text;
	}
	return 0;
}

static bool push_has_target(const struct push_options *c, const struct push_receiver *r)
{
	for (size_t i = 0; i < c->target_cnt; i++)
		if (c->targets[i].receiver == r)
			return true;
	return false;
}

static int push_check(const struct push_options *c, int operand_cnt, char **operands,
		      char **command)
{
	if (command)
		return error_set(-EINVAL, "push runs no command: leave -- out");
	if (operand_cnt)
		return error_set(-EINVAL, "'%s': push takes options only", operands[0]);
	if (!c->target_cnt)
		return error_set(-EINVAL, "nowhere to send to: give --to clickhouse=URL or --to "
					  "pyroscope=URL");
	if (c->tenant && !push_has_target(c, &push_pyroscope))
		return error_set(-EINVAL, "--tenant is for Pyroscope: give --to pyroscope=URL");
	return 0;
}

/* The labels that the user gave, and which machine this is. */
static void push_labels(const struct push_options *c, const char *host,
			struct push_label *ret_labels, size_t *ret_cnt)
{
	bool instance = false;

	for (size_t i = 0; i < c->label_cnt; i++) {
		ret_labels[i] = (struct push_label){c->label_names[i], c->labels[i].value};
		instance = instance || !strcmp(c->label_names[i], "instance");
	}
	*ret_cnt = c->label_cnt;
	if (!instance)
		ret_labels[(*ret_cnt)++] = (struct push_label){"instance", host};
}

/* ---- running ---- */

/* All that one run holds. */
struct push_run {
	const struct push_options *config;
	struct push *push;
	char host[256];
	struct push_label labels[PUSH_MAX_LABELS + 1];
	size_t label_cnt;
	const char *headers[PUSH_MAX_TARGETS][PUSH_MAX_HEADERS + 1];
};

static void push_say(enum push_level level, const char *text)
{
	if (level == PUSH_SAY_ERROR)
		log_error("%s", text);
	else if (level == PUSH_SAY_WARNING)
		log_warn("%s", text);
	else
		log_info("%s", text);
}

static int push_add_targets(struct push_run *r)
{
	const struct push_options *c = r->config;

	for (size_t i = 0; i < c->target_cnt; i++) {
		bool pyroscope = c->targets[i].receiver == &push_pyroscope;
		struct push_target t = {
			.receiver = c->targets[i].receiver,
			.site = {.url = c->targets[i].text,
				 .tenant = pyroscope ? c->tenant : NULL,
				 .labels = r->labels,
				 .label_cnt = r->label_cnt},
			.headers = r->headers[i],
		};
		int err = push_collect(c, &t, r->headers[i]);

		if (!err)
			err = push__add(r->push, &t);
		if (err)
			return err;
	}
	return 0;
}

static int push_start(struct push_run *r)
{
	const struct push_options *c = r->config;
	struct push_opts opts = {
		.spool = c->spool,
		.agent = PUSH_AGENT,
		.max_rate = c->max_rate,
		.stall_ns = c->stall_ns,
		.spread_ns = c->spread_ns,
		.ca_file = c->ca_file,
		.once = c->once,
		.say = push_say,
	};

	if (gethostname(r->host, sizeof(r->host) - 1))
		return error_set(-errno, "can't find out this machine's name: %s", strerror(errno));
	push_labels(c, r->host, r->labels, &r->label_cnt);
	r->push = push_open(&opts);
	return r->push ? push_add_targets(r) : -errno;
}

static int push_loop(struct push_run *r)
{
	uint64_t end_ns;
	int err = 1;

	while (err > 0 && !os_signal_stop()) {
		if (os_signal_take_reload())
			push__reload(r->push);
		err = push__step(r->push, PUSH_WAIT_NS);
	}
	/* What is on its way gets a moment to arrive: else it would come a second time. */
	end_ns = os_monotonic_ns() + PUSH_FINISH_NS;
	while (err > 0 && push__finishing(r->push) && os_monotonic_ns() < end_ns)
		err = push__step(r->push, PUSH_FINISH_NS / 50);
	return err < 0 ? err : 0;
}

static int run_push(const void *config, int operand_cnt, char **operands, char **command)
{
	struct push_run r = {.config = config};
	int status = EXIT_STATUS_USAGE;
	int err = push_check(r.config, operand_cnt, operands, command);

	log_set_level(r.config->quiet ? 0 : 1);
	os_signal_catch_stop();
	os_signal_catch_reload();
	if (!err)
		err = push_start(&r);
	if (err != -EINVAL && err != -EEXIST)
		status = EXIT_STATUS_FAILED;
	if (!err)
		err = push_loop(&r);
	if (err)
		log_error("%s", error_text(err));
	else if (!r.config->once || !push__behind(r.push))
		status = EXIT_STATUS_OK;
	push__close(r.push);
	return status;
}

static const struct option_def push_option_defs[] = {
	{.type = OPTION_GROUP, .help = "What and where to"},
	{.name = "spool",
	 .arg = "DIR",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct push_options, spool),
	 .value = {.kind = VALUE_DIRECTORY},
	 .help = "the spool of dwell serve (default " PUSH_SPOOL ")"},
	{.name = "to",
	 .arg = "RECEIVER=URL",
	 .type = OPTION_CUSTOM,
	 .parse = push_parse_to,
	 .value = {.kind = VALUE_ONE_OF, .word = push_to_word},
	 .help = "send DIR/clickhouse to the ClickHouse at URL (clickhouse=http://HOST:8123), "
		 "DIR/pyroscope to the Pyroscope at URL (pyroscope=http://HOST:4040); may be given "
		 "once for each"},
	{.name = "once",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct push_options, once),
	 .help = "send what waits and end, without trying anything again; status 1 if something is "
		 "left or was refused"},
	{.type = OPTION_GROUP, .help = "Requests"},
	{.name = "header",
	 .arg = "[RECEIVER=]HEADER",
	 .type = OPTION_CUSTOM,
	 .parse = push_parse_header,
	 .help = "add 'Name: value' to each request; for secrets take --header-file"},
	{.name = "header-file",
	 .arg = "[RECEIVER=]FILE",
	 .type = OPTION_CUSTOM,
	 .parse = push_parse_header_file,
	 .value = {.kind = VALUE_PATH},
	 .help = "add the headers in FILE, one a line, which are never shown; read again on "
		 "SIGHUP"},
	{.name = "tenant",
	 .arg = "NAME",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct push_options, tenant),
	 .help = "Pyroscope's tenant (X-Scope-OrgID)"},
	{.name = "label",
	 .arg = "NAME=VALUE",
	 .type = OPTION_CUSTOM,
	 .parse = push_parse_label,
	 .help = "a label of all profiles in Pyroscope; service_name is dwell and instance is this "
		 "machine's name if not given"},
	{.name = "ca-file",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct push_options, ca_file),
	 .value = {.kind = VALUE_PATH},
	 .help = "trust the certificates in FILE instead of the system's"},
	{.name = "max-rate",
	 .arg = "BYTES",
	 .type = OPTION_SIZE,
	 .offset = offsetof(struct push_options, max_rate),
	 .min = PUSH_MIN_RATE,
	 .max = UINT32_MAX,
	 .help = "send at most BYTES a second, to all together"},
	{.name = "spread",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct push_options, spread_ns),
	 .max = 3600 * 1000000000ull,
	 .help = "wait a random part of DURATION before the first segment after a pause: the "
		 "windows of all machines end at the same time (default 0s)"},
	{.name = "timeout",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct push_options, stall_ns),
	 .min = 100000000,
	 .max = 3600 * 1000000000ull,
	 .help = "give up a request in which no byte moved for this long (default 60s)"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct push_options, quiet),
	 .help = "only what is wrong on stderr"},
	OPTION_END,
};

static const struct command_example push_examples[] = {
	{"dwell push --to clickhouse=http://db:8123",
	 "to a ClickHouse with the tables of deploy/clickhouse"},
	{"dwell push --to clickhouse=https://db:8443 --header-file /etc/dwell/clickhouse.headers",
	 "logging in with X-ClickHouse-User and X-ClickHouse-Key from a file"},
	{"dwell push --to pyroscope=http://pyroscope:4040 --label service_name=shop --once",
	 "what waits, once"},
	{.line = NULL},
};

const struct command push_command = {
	.name = "push",
	.summary = "send what dwell serve spooled to ClickHouse or Pyroscope",
	.operands = "",
	.description =
		"Sends the segments that dwell serve --spool leaves in a directory for each "
		"receiver. It needs no rights but to read and write there, so it runs as a process "
		"of its own and as any user; what it reads is finished files, and no more.\n\n"
		"The oldest segment is sent first, one request at a time for each receiver, and no "
		"receiver holds up another. A segment is removed when its receiver has answered "
		"that it has it. So none is lost, whatever is killed, and after a kill at most one "
		"arrives twice, under the same id.\n\n"
		"What becomes of a request: on 2xx the segment goes. On 408, 425, 429, 5xx, and "
		"when there is no answer, it is tried again after up to 1 s, then 2 s, and so on "
		"up to 5 min, each time at a random moment of that, and not before what "
		"Retry-After asks for. On 401, 402, 403, 404, 405, 407, 410, 421 and redirects, "
		"which are never followed, and on ClickHouse's word that the table, a setting or "
		"the user is not there, nothing would be taken: the receiver is stopped with a "
		"line "
		"in the log and tried every 5 min, or at once on SIGHUP. On any other 4xx, and "
		"when "
		"ClickHouse can't read a segment, it goes to DIR/RECEIVER/rejected; those that "
		"Pyroscope finds too old (an hour, by default) are among them.\n\n"
		"DIR/RECEIVER/status has counters of all that, which dwell serve shows as "
		"metrics.\n\n"
		"On SIGTERM the request on its way gets 5 s to end. Certificates are verified. "
		"Proxies are taken from the environment (https_proxy, no_proxy) as curl does.",
	.options = push_option_defs,
	.examples = push_examples,
	.config_size = sizeof(struct push_options),
	.defaults = push_defaults,
	.run = run_push,
};
