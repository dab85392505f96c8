/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell dump: who is blocked at this moment, and where. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "app/session.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/os_privilege.h"
#include "commands.h"
#include "naming.h"
#include "output/hint.h"
#include "output/text.h"
#include "output/writer.h"
#include "rights.h"
#include "source/snapshot.h"
#include "symbol/dwarf_lines.h"
#include "symbol/kernel_resolver.h"
#include "target.h"
#include "terminal.h"
#include "version.h"
#include "view.h"

#define DUMP_LONGER_NS 1000000000ull

struct dump_config {
	struct view_config view; /* first: view_parse_*() see the config as this */
	struct target_config target;
	uint64_t longer_ns;
	bool all;
	bool user_threads, kernel_threads;
	uint64_t max_depth;
	bool no_python;
};

/* All that one dump holds. */
struct dump_run {
	const struct dump_config *config;
	struct view_config view;
	struct view_outputs *outputs;
	struct session *session;
	struct source *source;
	struct naming naming;
	struct rights rights;
};

static void dump_defaults(void *config)
{
	struct dump_config *c = config;

	c->longer_ns = DUMP_LONGER_NS;
	c->max_depth = WIRE_MAX_FRAMES;
}

static int dump_check(const struct dump_config *c, int operand_cnt, char **operands, char **command)
{
	uint64_t unused;

	if (operand_cnt || command)
		return error_set(-EINVAL,
				 "unexpected '%s': a dump is of this moment and takes options only",
				 operand_cnt ? operands[0] : "--");
	if ((c->view.view.inlines || c->view.view.lines) && !dwarf_lines_works())
		return error_set(-EINVAL,
				 "%s: this dwell was built without libdw: install libdw-dev "
				 "and build it again",
				 c->view.view.inlines ? "--inlines" : "--lines");
	if (c->user_threads && c->kernel_threads)
		return error_set(-EINVAL, "-u and -k together leave no thread: use one of them");
	return target_check(&c->target, 0, NULL, NULL, &unused);
}

/* ---- what is said beside the dump ---- */

static int dump_note(struct dump_run *r, const char *target)
{
	const struct {
		const char *key, *value;
	} notes[] = {
		{"target", target},
		{"version", DWELL_VERSION},
		{"edges", snapshot_source_origin(r->source)},
	};
	struct utsname host;
	int err;

	uname(&host);
	err = session__note(r->session, "host", host.nodename);
	if (!err)
		err = session__note(r->session, "kernel", host.release);
	if (!err)
		err = session__note(r->session, "arch", host.machine);
	for (size_t i = 0; !err && i < ARRAY_SIZE(notes); i++)
		err = session__note(r->session, notes[i].key, notes[i].value);
	return err;
}

/* What could not be seen. */
static void dump_warn(const struct dump_run *r)
{
	const char *refusal = snapshot_source_refusal(r->source);
	struct snapshot_counts c = snapshot_source_counts(r->source);

	if (*refusal)
		log_warn("looking through /proc only, user stacks may end early: %s", refusal);
	if (c.hidden)
		log_warn("%llu threads hide their user stack: look as their user, or as root",
			 (unsigned long long)c.hidden);
	if (c.part)
		log_warn("of %llu kernel stacks only the function that waits may be seen: look as "
			 "root",
			 (unsigned long long)c.part);
	if (!*refusal && !r->view.view.no_kernel_stacks && kernel_symbols_hidden() == 1)
		log_warn("%s", error_text(-EPERM));
}

static void dump_say_rest(const struct snapshot_counts *c, char *text, size_t size)
{
	uint64_t shorter = c->blocked - c->longer;
	int n = 0;

	*text = '\0';
	if (shorter)
		n += snprintf(text, size, ", %llu for less", (unsigned long long)shorter);
	if (c->runnable)
		n += snprintf(text + n, size - (size_t)n, ", %llu waiting for a CPU",
			      (unsigned long long)c->runnable);
	if (c->running)
		snprintf(text + n, size - (size_t)n, ", %llu running",
			 (unsigned long long)c->running);
}

static void dump_say(const struct dump_run *r, const struct profile *p)
{
	struct snapshot_counts c = snapshot_source_counts(r->source);
	uint64_t all = c.running + c.runnable + c.blocked;
	char rest[160], longer[TEXT_NS_LEN], than[64] = "";
	uint64_t s = r->config->longer_ns / 1000000000;

	/* As one says it: 1 s, not 1.000 s. */
	if (s && s * 1000000000 == r->config->longer_ns)
		snprintf(than, sizeof(than), " for longer than %s s", text_cnt(longer, s));
	else if (r->config->longer_ns)
		snprintf(than, sizeof(than), " for longer than %s",
			 text_ns(longer, r->config->longer_ns));
	dump_say_rest(&c, rest, sizeof(rest));
	if (!all)
		log_info("the target has no thread");
	else if (!c.longer)
		log_info("no thread of %llu is blocked%s%s", (unsigned long long)all, than, rest);
	else
		log_info("%llu of %llu threads blocked%s%s", (unsigned long long)c.longer,
			 (unsigned long long)all, than, rest);
	if (c.unknown)
		log_info("%llu of them since nobody knows when: they have no size in pictures",
			 (unsigned long long)c.unknown);
	if (p->hidden_ns && !p->sample_cnt)
		log_info("%s", profile__hidden_all(p));
}

/* How frames without names would have some. */
static void dump_hint(const struct dump_run *r, const struct profile *p)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1u << 16);
	if (!r->view.quiet && !hint_write(p, &text))
		terminal_say(&text);
}

/* ---- running ---- */

/*
 * Nothing was read yet. By /proc it takes CAP_SYS_ADMIN to see kernel stacks (/proc/PID/stack, proc_pid_stack() of fs/proc/base.c).
 */
static int dump_narrow(struct dump_run *r)
{
	view_add_rights(r->outputs, &r->rights);
	if (*snapshot_source_refusal(r->source))
		r->rights.more = OS_CAP(CAP_SYS_ADMIN);
	return rights__narrow(&r->rights);
}

static int dump_open(struct dump_run *r)
{
	const struct dump_config *c = r->config;
	struct snapshot_opts opts = {
		.targets = target_list(&c->target, 0),
		.threads = c->user_threads     ? CONFIG_THREADS_USER
			   : c->kernel_threads ? CONFIG_THREADS_KERNEL
					       : CONFIG_THREADS_ALL,
		.longer_ns = c->longer_ns,
		.all = c->all,
		.user_stacks = !r->view.view.no_user_stacks,
		.no_python = c->no_python,
		.max_frames = (uint32_t)c->max_depth,
	};
	char target[256];
	int err;

	r->session = session__new();
	if (!r->session)
		return -errno;
	err = view_open(&r->view, &r->outputs);
	if (err)
		return err;
	target_describe(&c->target, NULL, target, sizeof(target));
	r->source =
		snapshot_source_open(&opts, &r->session->model.modules, &r->session->model.images);
	err = r->source ? dump_narrow(r) : -errno;
	return err ? err : dump_note(r, target);
}

static int dump_show(struct dump_run *r)
{
	struct session *s = r->session;
	struct profile *p = NULL;
	char title[320];
	int err = naming__init(&r->naming, &s->model, s->recorded, &r->view.view, NULL);

	if (err)
		return err;
	p = session__profile(s, r->naming.resolvers, r->naming.readers, &r->view.view);
	if (!p)
		return -errno;
	snprintf(title, sizeof(title), "Blocked threads: %s", model__note(&s->model, "target"));
	err = profile__text(p, title, &p->title);
	naming__warn(&r->naming, s->symbols);
	if (!err)
		err = view_write(r->outputs, p);
	if (!err) {
		dump_say(r, p);
		dump_hint(r, p);
	}
	profile__free(p);
	return err;
}

static void dump_close(struct dump_run *r)
{
	source__close(r->source);
	view_close(r->outputs);
	session__free(r->session);
	naming__fini(&r->naming);
}

static int run_dump(const void *config, int operand_cnt, char **operands, char **command)
{
	struct dump_run r = {.config = config};
	const struct session_limits limits = {.duration_ns = 0};
	int err;

	r.view = r.config->view;
	r.view.view.states = true;
	r.view.view.go_idle = r.view.view.created_by = true;
	r.view.plain = &dump_writer;
	err = view_check(&r.view);
	if (!err)
		err = dump_check(r.config, operand_cnt, operands, command);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = dump_open(&r);
	if (!err)
		err = session__run(r.session, r.source, &limits);
	if (!err)
		err = rights__settle(&r.rights, RIGHTS_NAMES | RIGHTS_NO_BPF);
	if (!err) {
		dump_warn(&r);
		err = dump_show(&r);
	}
	if (err)
		log_error("%s", error_text(err));
	dump_close(&r);
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static const struct option_def dump_options[] = {
	{.type = OPTION_GROUP, .help = "Target (none: the whole system)"},
	{.letter = 'p',
	 .name = "pid",
	 .arg = "PID,...",
	 .type = OPTION_PIDS,
	 .offset = offsetof(struct dump_config, target.pids),
	 .value = {.kind = VALUE_PIDS},
	 .help = "these processes"},
	TARGET_THREAD_OPTIONS(struct dump_config, target),
	{.type = OPTION_GROUP, .help = "Which threads"},
	{.name = "longer-than",
	 .arg = "DURATION",
	 .type = OPTION_DURATION,
	 .offset = offsetof(struct dump_config, longer_ns),
	 .max = UINT64_MAX / 4,
	 .help = "blocked for at least so long: 500ms, 10s (default 1s; 0: any time), or nobody "
		 "knows how long"},
	{.name = "all",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct dump_config, all),
	 .help = "also those that are blocked for less, and those that wait for a CPU"},
	{.letter = 'u',
	 .name = "user-threads-only",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct dump_config, user_threads),
	 .help = "no kernel threads"},
	{.letter = 'k',
	 .name = "kernel-threads-only",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct dump_config, kernel_threads),
	 .help = "kernel threads only"},
	VIEW_REASON_OPTIONS(struct dump_config, view),
	{.type = OPTION_GROUP, .help = "Stacks"},
	VIEW_STACK_OPTIONS(struct dump_config, view),
	VIEW_SOURCE_OPTIONS(struct dump_config, view),
	{.name = "max-depth",
	 .arg = "N",
	 .type = OPTION_U64,
	 .offset = offsetof(struct dump_config, max_depth),
	 .min = 1,
	 .max = WIRE_MAX_FRAMES,
	 .help = "frames kept of each stack, innermost first (default 256)"},
	{.name = "no-python",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct dump_config, no_python),
	 .help = "the interpreter's own frames instead of Python's functions"},
	{.type = OPTION_GROUP, .help = "Output"},
	VIEW_FILE_OPTIONS(struct dump_config, view),
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct dump_config, view.json),
	 .help = "everything as JSON to stdout: threads, stacks, states, system calls"},
	{.letter = 'q',
	 .name = "quiet",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct dump_config, view.quiet),
	 .help = "no closing line on stderr"},
	{.letter = 'v',
	 .name = "verbose",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct dump_config, view.verbose),
	 .help = "what libbpf and the verifier say, on stderr"},
	OPTION_END,
};

static const struct command_example dump_examples[] = {
	{"dwell dump -p 4711", "what process 4711 hangs in"},
	{"dwell dump --no-idle -u --longer-than 10s", "the whole system: who is stuck"},
	{"dwell dump -p 4711 --longer-than 0 --lines", "every blocked thread, with source lines"},
	{"dwell dump -p 4711 -o hang.svg", "a picture: how wide is how long"},
	{.line = NULL},
};

const struct command dump_command = {
	.name = "dump",
	.summary = "who is blocked right now, for how long, and where; without tracing",
	.operands = "",
	.description =
		"Looks once at the threads of the target and shows those that are blocked: their "
		"state, the reason, for how long, the system call, and the stack, innermost frame "
		"first. Threads with equal stacks are shown together. Nothing is traced and no "
		"thread is stopped.\n\n"
		"For how long comes from the kernel's own notes of when a thread left its CPU. "
		"For threads that are scheduled in the usual way it is exact to some milliseconds. "
		"Others, such as real-time threads, have it on a clock that stands still while the "
		"hypervisor has the CPU; where that may matter it says \"at least\". Where the "
		"kernel tells nothing it says \"an unknown time\". A thread that wakes up briefly "
		"and goes on waiting is blocked since then.\n\n"
		"Without the right to use BPF, or where the kernel refuses it, /proc tells what it "
		"can, and a warning says what is missing: of the user registers only two are "
		"known, so that a user stack may end early; the kernel stack takes root.\n\n"
		"Standard output is data; the closing line, with how many threads are not shown, "
		"is "
		"on standard error. Files (-o) have the formats of dwell-offcpu(1); in them a "
		"stack's time is how long it has been blocked.",
	.options = dump_options,
	.examples = dump_examples,
	.config_size = sizeof(struct dump_config),
	.defaults = dump_defaults,
	.run = run_dump,
};
