/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "serve_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/go_programs.h"
#include "base/log.h"
#include "base/os_socket.h"
#include "base/os_user.h"
#include "format/syscall_table.h"
#include "live_options.h"

void serve_defaults(void *config)
{
	struct serve_config *c = config;

	live_defaults(&c->live);
	c->file.path = SERVE_CONFIG_PATH;
	c->group_by = GROUP_BY_COMM;
	c->max_groups = GROUPS_DEFAULT_MAX;
	c->go_hz = GO_PROGRAMS_DEFAULT_HZ;
	c->go_max = GO_PROGRAMS_DEFAULT_MAX;
	c->go_leak_window_ns = GO_LEAKS_WINDOW_NS;
	c->every_ns = 60000000000ull;
	c->keep_bytes = 1ull << 30;
	c->keep_age_ns = 7 * 24 * 3600000000000ull;
	c->spool_bytes = 1ull << 30;
	c->spool_age_ns = 7 * 24 * 3600000000000ull;
}

/* ---- options ---- */

static int serve_parse_listen(void *config, const char *value)
{
	struct serve_config *c = config;
	struct os_listen_spec spec;
	int err = strcmp(value, "none") ? os_listen_parse(value, &spec) : 0;

	if (err)
		return err;
	if (c->listen_cnt == SERVE_MAX_LISTEN)
		return error_set(-EINVAL, "--listen: give it %d times at most", SERVE_MAX_LISTEN);
	c->listen[c->listen_cnt++] = value;
	return 0;
}

static int serve_parse_http_user(void *config, const char *value)
{
	struct serve_config *c = config;
	uint32_t uid;

	if (os_user_find(value, &uid))
		return error_set(-EINVAL, "--http-user: there is no user '%s' here", value);
	if (c->uid_cnt == SERVE_MAX_UIDS)
		return error_set(-EINVAL, "--http-user: give it %d times at most", SERVE_MAX_UIDS);
	c->uids[c->uid_cnt++] = uid;
	return 0;
}

static const char *serve_group_word(size_t i)
{
	return i < GROUP_BY_CNT ? group_by_name((enum group_by)i) : NULL;
}

static const char *serve_target_word(size_t i)
{
	return i < WINDOW_TARGET_CNT ? window_target_name((enum window_target)i) : NULL;
}

static int serve_parse_group_by(void *config, const char *value)
{
	struct serve_config *c = config;

	if (group_by_parse(value, &c->group_by))
		return error_set(-EINVAL,
				 "--group-by %s: give none, comm, cgroup, container or pod", value);
	return 0;
}

static int serve_parse_max_cpu(void *config, const char *value)
{
	struct serve_config *c = config;

	return option_parse_percent(value, &c->max_cpu_ppm);
}

static int serve_parse_targets(void *config, const char *value)
{
	struct serve_config *c = config;
	uint32_t targets = 0;

	while (*value) {
		size_t len = strcspn(value, ",");
		int t = 0;

		while (t < WINDOW_TARGET_CNT && (strncmp(value, window_target_name(t), len) != 0 ||
						 strlen(window_target_name(t)) != len))
			t++;
		if (t == WINDOW_TARGET_CNT)
			return error_set(-EINVAL,
					 "--spool-to: '%.*s' is no receiver: give clickhouse, "
					 "pyroscope or both, comma separated",
					 (int)len, value);
		targets |= 1u << t;
		value += len + (value[len] == ',');
	}
	c->spool_targets = targets;
	return 0;
}

int serve_check(const void *config)
{
	const struct serve_config *c = config;
	struct view_config view = c->live.view;
	uint64_t duration_ns;
	int err = view_check(&view);

	if (!err)
		err = live_check(&c->live);
	if (!err)
		err = target_check(&c->live.target, 0, NULL, NULL, &duration_ns);
	if (err)
		return err;
	if (c->live.max_us)
		return error_set(-EINVAL, "-M can't be used with serve: a wait is shown in each "
					  "window before its length is known");
	if (!c->spool != !c->spool_targets)
		return error_set(-EINVAL,
				 "--spool and --spool-to go together: the directory, and for "
				 "which receivers");
	return 0;
}
const struct option_def serve_options[] = {
	LIVE_TARGET_OPTIONS,
	{.type = OPTION_GROUP, .help = "Metrics"},
	{.name = "listen",
	 .arg = "ADDRESS",
	 .type = OPTION_CUSTOM,
	 .parse = serve_parse_listen,
	 .repeatable = true,
	 .preset = HTTP_DEFAULT_LISTEN,
	 .help = "answer HTTP there: ADDR:PORT or unix:PATH; may be given several times "
		 "(default " HTTP_DEFAULT_LISTEN "); none: nowhere"},
	{.name = "listen-public",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct serve_config, listen_public),
	 .help = "--listen may name an address that other machines reach: they get metrics and "
		 "health only"},
	{.name = "http-user",
	 .arg = "NAME",
	 .type = OPTION_CUSTOM,
	 .parse = serve_parse_http_user,
	 .value = {.kind = VALUE_USER},
	 .repeatable = true,
	 .help = "this user may fetch profiles too, not only root; may be given several times"},
	{.name = "group-by",
	 .arg = "WHAT",
	 .type = OPTION_CUSTOM,
	 .parse = serve_parse_group_by,
	 .value = {.kind = VALUE_ONE_OF, .word = serve_group_word},
	 .preset = "comm",
	 .help = "count blocked time also by comm (the default), cgroup, container or pod; or by "
		 "none"},
	SERVE_MAX_GROUPS_OPTION,
	{.name = "syscalls",
	 .arg = "LIST",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct serve_config, syscalls),
	 .value = {.kind = VALUE_LIST_OF, .word = syscall_nth_name},
	 .help = "count system calls: these by name, the rest as `other`; default: the 16 that "
		 "programs wait in most"},
	{.name = "go",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct serve_config, go),
	 .help = "also the goroutines of Go programs among the processes"},
	{.name = "go-hz",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct serve_config, go_hz),
	 .min = 1,
	 .max = 1000,
	 .help = "looks at the goroutines of each process in a second (default 20); fewer where "
		 "they "
		 "would take more than 1 % of a CPU"},
	{.name = "go-max",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct serve_config, go_max),
	 .min = 1,
	 .max = GO_PROCESSES_MAX,
	 .help = "Go processes that are looked at, at most (default 64)"},
	{.name = "go-leak-window",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct serve_config, go_leak_window_ns),
	 .min = 5000000000,
	 .max = 86400000000000,
	 .help = "goroutines of a place that only get more for so long are said to leak (default "
		 "10m)"},
	VIEW_WAKERS_OPTION(struct serve_config, live.view),
	SERVE_BUCKETS_OPTION,
	{.name = "prom-textfile",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct serve_config, textfile),
	 .value = {.kind = VALUE_PATH},
	 .help = "write the metrics to FILE every 15 s, for node_exporter"},
	{.type = OPTION_GROUP, .help = "Files"},
	{.name = "out",
	 .arg = "DIR",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct serve_config, out),
	 .value = {.kind = VALUE_DIRECTORY},
	 .help = "write folded stacks there, a file for each window: dwell-TIME.folded"},
	{.name = "every",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct serve_config, every_ns),
	 .min = 1000000000,
	 .max = 86400000000000,
	 .reloadable = true,
	 .help = "length of a window (default 60s); windows begin at multiples of it by the clock"},
	{.name = "pprof",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct serve_config, pprof),
	 .help = "also a pprof file for each window: dwell-TIME.pb.gz"},
	{.name = "keep-bytes",
	 .arg = "SIZE",
	 .type = OPTION_SIZE,
	 .offset = offsetof(struct serve_config, keep_bytes),
	 .reloadable = true,
	 .help = "remove the oldest files of --out while they are larger than this together "
		 "(default 1g; 0: no limit)"},
	{.name = "keep-age",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct serve_config, keep_age_ns),
	 .reloadable = true,
	 .help = "remove files of --out that are older than this (default 168h; 0: no limit)"},
	{.name = "spool",
	 .arg = "DIR",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct serve_config, spool),
	 .value = {.kind = VALUE_DIRECTORY},
	 .help = "put what `dwell push` sends there"},
	{.name = "spool-to",
	 .arg = "LIST",
	 .type = OPTION_CUSTOM,
	 .parse = serve_parse_targets,
	 .value = {.kind = VALUE_LIST_OF, .word = serve_target_word},
	 .help = "the receivers it is for: clickhouse, pyroscope or both, comma separated"},
	{.name = "spool-bytes",
	 .arg = "SIZE",
	 .type = OPTION_SIZE,
	 .offset = offsetof(struct serve_config, spool_bytes),
	 .reloadable = true,
	 .help = "drop the oldest of what waits for a receiver while it is more than this (default "
		 "1g; 0: no limit)"},
	{.name = "spool-age",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct serve_config, spool_age_ns),
	 .reloadable = true,
	 .help = "drop what has waited longer than this (default 168h; 0: no limit)"},
	{.type = OPTION_GROUP, .help = "Operation"},
	{.name = "config",
	 .arg = "FILE",
	 .type = OPTION_FILE,
	 .offset = offsetof(struct serve_config, file),
	 .value = {.kind = VALUE_PATH},
	 .argv_only = true,
	 .help = "read options from FILE, by their long names, and again on SIGHUP "
		 "(default " SERVE_CONFIG_PATH "; none: no file)"},
	{.name = "print-config",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct serve_config, print_config),
	 .argv_only = true,
	 .help = "print a configuration file with every option explained, and end"},
	{.name = "max-cpu",
	 .arg = "PERCENT",
	 .type = OPTION_CUSTOM,
	 .parse = serve_parse_max_cpu,
	 .reloadable = true,
	 .help = "how much of the whole machine dwell itself may take: above it short waits are "
		 "left out, step by step, and that is said"},
	{.name = "user",
	 .arg = "NAME",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct serve_config, user),
	 .value = {.kind = VALUE_USER},
	 .help = "become this user once the probes are attached"},
	SERVE_QUIET_OPTION,
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct serve_config, live.view.verbose),
	 .help = "what libbpf and the verifier say, on stderr"},
	OPTION_END,
};

const struct command_example serve_examples[] = {
	{"dwell serve --out /var/lib/dwell/folded",
	 "the whole system: a file per minute, metrics on " HTTP_DEFAULT_LISTEN},
	{"dwell serve -p 4711 --listen unix:/run/dwell.sock --group-by none",
	 "one process, asked over a unix socket"},
	{"dwell serve --spool /var/lib/dwell/spool --spool-to clickhouse --max-cpu 1%",
	 "for `dwell push`; one percent of the machine at most"},
	{.line = NULL},
};
const char serve_description[] =
	"Traces until it is stopped by SIGINT or SIGTERM, or until all processes of -p "
	"have exited, and "
	"makes of it: metrics for Prometheus over HTTP, or in a file; a folded file for "
	"each "
	"window of time; segments for dwell-push(1), which sends them to a database; and "
	"profiles of the next seconds for whoever asks.\n\n"
	"Windows begin at multiples of --every by the wall clock. A wait is divided at "
	"their borders: each "
	"shows exactly the part inside it, so a thread that sleeps for an hour is in all "
	"of them, "
	"and all files together hold all time once. Only time that the kernel had to add "
	"up, because a ring was full, is in the window in which it was read as a whole.\n\n"
	"Metrics count a wait when it ends. dwell_threads_blocked and "
	"dwell_longest_block_seconds tell what has not ended yet. A page of the "
	"documentation, "
	"docs/metrics.md, has them all.\n\n"
	"What can be asked: /metrics, /-/healthy, /-/ready and /version; and, by root and "
	"the "
	"users of --http-user, with ?seconds=N: /debug/pprof/block for `go tool pprof`, "
	"/folded, "
	"and /flamegraph, a page that shows window after window until it is paused. Over a "
	"unix socket its file says who may.\n\n"
	"--go reads the goroutines of Go programs out of their memory, without changing or "
	"stopping "
	"them, and adds metrics of them, /debug/pprof/goroutine and "
	"/debug/pprof/block?scheduler=goroutine.\n\n"
	"The configuration file has a line for each option, by its long name. SIGHUP reads "
	"it again; "
	"if something in it is wrong, all stays as it is. What can't be changed while "
	"running is "
	"named.\n\n"
	"Once its probes are attached it keeps only the rights that reading processes "
	"takes. "
	"Every event that the kernel side saw is accounted for, in metrics and in the "
	"closing "
	"lines on standard error.";
