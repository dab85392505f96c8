/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_signal.h"
#include "child.h"
#include "commands.h"
#include "naming.h"
#include "source/bpf.h"
#include "symbol/dwarf_lines.h"
#include "symbol/kernel_resolver.h"
#include "symbol/symtab.h"
#include "terminal.h"
#include "version.h"

/* All that one live run holds. */
struct live {
	const struct live_config *config;
	struct view_config view;
	uint64_t duration_ns;
	char **command; /* NULL: none */
	struct child child;
	struct view_outputs *outputs;
	struct atomic_file save_file;
	struct recording_writer *save;
	struct session *session;
	struct source *source;
	struct naming naming;
};

void live_defaults(void *config)
{
	struct live_config *c = config;

	c->max_depth = WIRE_MAX_FRAMES;
}

int live_parse_state(void *config, const char *value)
{
	struct live_config *c = config;
	char *end;

	errno = 0;
	c->state = strtoul(value, &end, 0);
	if (errno || !*value || *end || *value == '-' || c->state > UINT32_MAX)
		return error_set(-EINVAL,
				 "'%s' is not a bitmask of task states: give 0, 1, 2 or 3...",
				 value);
	c->state_given = true;
	return 0;
}

const char *live_unwind_word(size_t i)
{
	static const char *const names[] = {
		[BPF_UNWIND_AUTO] = "auto",
		[BPF_UNWIND_FP] = "fp",
		[BPF_UNWIND_CFI] = "cfi",
	};

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

int live_parse_unwind(void *config, const char *value)
{
	struct live_config *c = config;
	const char *word;

	for (size_t i = 0; (word = live_unwind_word(i)); i++) {
		if (strcmp(value, word))
			continue;
		c->unwind = (enum bpf_unwind)i;
		return 0;
	}
	return error_set(-EINVAL, "--unwind %s: give auto, cfi or fp", value);
}

int live_parse_start(void *config, const char *value)
{
	return moment__parse(value, true, &((struct live_config *)config)->start_at);
}

const struct option_def live_options[] = {
	LIVE_TARGET_OPTIONS,
	LIVE_START_OPTION,
	VIEW_OPTIONS(struct live_config, view),
	{.name = "save",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct live_config, save),
	 .value = {.kind = VALUE_PATH},
	 .help = "also write a recording for `dwell report`"},
	OPTION_END,
};

/* ---- the command line ---- */

int live_check(const struct live_config *c)
{
	if ((c->view.view.inlines || c->view.view.lines) && !dwarf_lines_works())
		return error_set(-EINVAL,
				 "%s: this dwell was built without libdw: install libdw-dev "
				 "and build it again",
				 c->view.view.inlines ? "--inlines" : "--lines");
	if (c->user_threads && c->kernel_threads)
		return error_set(-EINVAL, "-u and -k together leave no thread: use one of them");
	if (c->max_us && c->min_us > c->max_us)
		return error_set(-EINVAL, "-m %llu is above -M %llu: nothing can be between them",
				 (unsigned long long)c->min_us, (unsigned long long)c->max_us);
	if (c->ring_bytes & (c->ring_bytes - 1))
		return error_set(-EINVAL,
				 "--ring-size: %llu is not a power of two: give 64k, 128k, 1m...",
				 (unsigned long long)c->ring_bytes);
	return 0;
}

/* ---- setting up ---- */

static int live_open_save(struct live *l)
{
	int err;

	if (!l->config->save)
		return 0;
	/* 0600: a recording tells what ran on the machine. */
	err = atomic_file__open(&l->save_file, l->config->save, 0600);
	if (err)
		return error_set(err, "can't write '%s': %s%s", l->config->save, error_text(err),
				 view_advice(err));
	l->save = recording_writer__new(l->save_file.fp);
	if (!l->save)
		return -errno;
	l->session->save = l->save;
	return 0;
}

struct source *live_source_open(const struct live_config *c, const struct offcpu_view *view,
				uint32_t command_pid, struct session *session)
{
	struct bpf_opts opts = {
		.targets = target_list(&c->target, command_pid),
		.threads = c->user_threads     ? CONFIG_THREADS_USER
			   : c->kernel_threads ? CONFIG_THREADS_KERNEL
					       : CONFIG_THREADS_ALL,
		.min_ns = c->min_us * 1000,
		.max_ns = c->max_us * 1000,
		.state_filter = c->state_given,
		.state_mask = (uint32_t)c->state,
		.user_stacks = !view->no_user_stacks,
		.wakers = view->wakers || view->by_waker || view->chains || view->by_lock,
		.unwind = c->unwind,
		.no_python = c->no_python,
		.max_frames = (uint32_t)c->max_depth,
		.ring_bytes = c->ring_bytes,
	};

	return bpf_source_open(&opts, &session->model.modules, &session->model.images);
}

static int live_open_source(struct live *l)
{
	l->source = live_source_open(l->config, &l->view.view, l->child.pid, l->session);
	return l->source ? 0 : -errno;
}

int live_note(struct session *s, const struct live_config *config, char **command,
	      const struct offcpu_view *view, const struct source *source)
{
	const char *edges = bpf_source_edges(source);
	struct utsname host;
	char target[256];
	int err;

	uname(&host);
	target_describe(&config->target, command, target, sizeof(target));
	err = session__note(s, "target", target);
	if (!err)
		err = session__note(s, "host", host.nodename);
	if (!err)
		err = session__note(s, "kernel", host.release);
	if (!err)
		err = session__note(s, "arch", host.machine);
	if (!err)
		err = session__note(s, "probes", bpf_source_variant(source));
	if (!err)
		err = session__note(s, "unwind", bpf_source_unwind(source));
	if (!err)
		err = session__note(s, "edges", edges);
	if (!err && strcmp(edges, "iterators") != 0)
		log_warn("the kernel refuses to iterate over tasks (a seccomp filter or a security "
			 "module?): threads asleep since before the start have no kernel stack and "
			 "part of their user stack");
	if (!err && !view->no_kernel_stacks && kernel_symbols_hidden() == 1)
		log_warn("%s", error_text(-EPERM));
	if (!err)
		err = session__note(s, "version", DWELL_VERSION);
	return err ? err : session__note_view(s, view);
}

static int live_open(struct live *l, bool write_outputs)
{
	int err = 0;

	l->session = session__new();
	if (!l->session)
		return -errno;
	l->session->offcpu.keep_waits = l->view.view.chains;
	l->session->offcpu.keep_times = write_outputs && view_wants_waits(&l->view);
	if (write_outputs)
		err = view_open(&l->view, &l->outputs);
	if (!err)
		err = live_open_save(l);
	if (!err && l->command)
		err = child__spawn(&l->child, l->command);
	if (!err)
		err = live_open_source(l);
	return err ? err : live_note(l->session, l->config, l->command, &l->view.view, l->source);
}

static void live_close(struct live *l)
{
	source__close(l->source);
	child__abandon(&l->child);
	recording_writer__free(l->save);
	atomic_file__abort(&l->save_file);
	view_close(l->outputs);
	session__free(l->session);
	naming__fini(&l->naming);
}

/* ---- running ---- */

/* The command begins when the window does; a session's start can't wait for it, so it is released here. */
static int live_started(void *arg)
{
	struct live *l = arg;

	return l->command ? child__release(&l->child, l->command[0]) : 0;
}

static int live_save_finish(struct live *l)
{
	int err;

	if (!l->save)
		return 0;
	err = session__save_symbols(l->session);
	if (!err)
		err = recording_writer__finish(l->save);
	if (!err)
		err = atomic_file__commit(&l->save_file);
	if (err)
		return error_set(err, "can't write '%s': %s%s", l->config->save, strerror(-err),
				 view_advice(err));
	log_info("wrote %s", l->config->save);
	return 0;
}

/* What the run took: noted for the outputs and recordings, said with the ledger. */
static int live_note_usage(struct live *l)
{
	struct bpf_usage u;
	char number[32];
	int err;

	bpf_source_usage(l->source, &u);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)u.kernel_bytes);
	err = session__note(l->session, "memory_kernel_bytes", number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)u.own_bytes);
	if (!err)
		err = session__note(l->session, "memory_own_bytes", number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)u.table_bytes);
	if (!err)
		err = session__note(l->session, "unwind_table_bytes", number);
	snprintf(number, sizeof(number), "%u", u.table_cnt);
	if (!err)
		err = session__note(l->session, "unwind_tables", number);
	snprintf(number, sizeof(number), "%u", u.process_cnt);
	if (!err)
		err = session__note(l->session, "unwind_processes", number);
	if (!l->view.quiet)
		log_info("memory: %.1f MB in the kernel (%.1f MB of it unwind tables of %u "
			 "modules), %.1f MB of its own",
			 (double)u.kernel_bytes / 1e6, (double)u.table_bytes / 1e6, u.table_cnt,
			 (double)u.own_bytes / 1e6);
	return err;
}

static int live_finish(struct live *l)
{
	struct profile *p = NULL;
	int err = naming__init(&l->naming, &l->session->model, l->session->recorded, &l->view.view);

	if (!err) {
		p = session__profile(l->session, l->naming.resolvers, l->naming.readers,
				     &l->view.view);
		err = p ? 0 : -errno;
	}
	if (err)
		return err;
	naming__warn(&l->naming, l->session->symbols);
	err = l->outputs ? view_write(l->outputs, p) : 0;
	view_print_ledger(&l->view, p);
	profile__free(p);
	if (!err)
		err = live_save_finish(l);
	return err;
}

/* All is loaded: what is left is quick. -EINTR: the user gave up. */
static int live_wait(const struct live *l)
{
	uint64_t now_ns = os_realtime_ns(), at_ns = 0;
	int err;

	if (l->config->start_at.kind == MOMENT_NONE)
		return 0;
	err = moment__resolve(&l->config->start_at, now_ns, &at_ns);
	if (err)
		return err;
	if (at_ns < now_ns)
		return error_set(-EINVAL, "--start-at is %.1f s ago: give a time to come",
				 (double)(now_ns - at_ns) / 1e9);
	if (!l->view.quiet)
		log_info("begins in %.1f s", (double)(at_ns - now_ns) / 1e9);
	do
		err = os_sleep_until_realtime(at_ns);
	while (err == -EINTR && !os_signal_stop());
	return err == -EINTR ? error_set(err, "stopped before the start: nothing was recorded")
			     : err;
}

static int live_trace(struct live *l)
{
	struct session_limits limits = {
		.duration_ns = l->duration_ns,
		.progress = !l->view.quiet && terminal_is(stderr),
		.started = live_started,
		.started_arg = l,
	};
	int err;

	os_signal_catch_stop();
	err = live_wait(l);
	if (err)
		return err;
	if (!l->view.quiet && !l->duration_ns && !l->command && !l->config->target.pids.cnt)
		log_info("tracing until Ctrl-C");
	err = session__run(l->session, l->source, &limits);
	if (!err)
		err = live_note_usage(l);
	return err ? err : live_finish(l);
}

int live_run(const struct live_config *config, int operand_cnt, char **operands, char **command,
	     bool write_outputs)
{
	struct live l = {.config = config, .view = config->view, .command = command};
	int err, status = EXIT_STATUS_OK;

	l.child = (struct child){.release_fd = -1, .exec_error_fd = -1};
	err = view_check(&l.view);
	if (!err)
		err = live_check(config);
	if (!err)
		err = target_check(&config->target, operand_cnt, operands, command, &l.duration_ns);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = live_open(&l, write_outputs);
	if (!err)
		err = live_trace(&l);
	if (err)
		log_error("%s", error_text(err));
	if (l.child.pid && l.child.release_fd < 0)
		status = child__wait(&l.child);
	live_close(&l);
	return err ? EXIT_STATUS_FAILED : status;
}
