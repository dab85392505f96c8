/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Live runs on Linux: what they open, and what is noted of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "live.h"
#include "source/bpf.h"
#include "source/go_source.h"
#include "symbol/dwarf_lines.h"
#include "symbol/kernel_resolver.h"
#include "symbol/symtab.h"
#include "version.h"

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

/* Of a core. */
#define LIVE_GO_MAX_CPU 0.02

struct source *live_add_goroutines(const struct live_config *c, const struct offcpu_view *view,
				   struct source *source)
{
	struct go_source_opts opts = {
		.hz = (double)c->go_hz,
		.max_cpu = LIVE_GO_MAX_CPU,
		.labels = !c->no_go_labels,
		.min_ns = c->min_us * 1000,
		.max_ns = c->max_us * 1000,
	};
	/* Nobody saw who woke a goroutine, and none has a state of the kernel's. */
	bool apart = c->kernel_threads || c->state_given || view->chains || view->by_waker ||
		     view->by_lock;

	return c->go_hz && !apart ? go_source_open(source, &opts) : source;
}

int live_note(struct session *s, const struct live_config *config, char **command,
	      const struct offcpu_view *view, const struct source *source)
{
	const struct source *bpf = go_source_inner((struct source *)source);
	const char *edges = bpf_source_edges(bpf);
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
		err = session__note(s, "probes", bpf_source_variant(bpf));
	if (!err)
		err = session__note(s, "unwind", bpf_source_unwind(bpf));
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

/* What became of the goroutines; a program of which there are none is said also with -q. */
static int live_note_goroutines(struct session *s, const struct source *source, bool quiet)
{
	struct go_source_stats st;
	char text[160];

	go_source_stats(source, &st);
	if (st.refused_cnt)
		log_warn("no goroutines: %s%s", st.refusal,
			 st.refused_cnt > 1 ? "; other processes likewise" : "");
	if (st.unopened_cnt || st.unknown_cnt)
		log_warn("some Go programs' goroutines are missing: there are too many processes "
			 "at once, trace less of them (-p)");
	if (!st.process_cnt)
		return 0;
	if (st.torn_cnt || st.unread_cnt)
		log_warn(
			"goroutines: %llu stacks changed each time they were read and are missing, "
			"%llu goroutines could not be read",
			(unsigned long long)st.torn_cnt, (unsigned long long)st.unread_cnt);
	snprintf(text, sizeof(text), "%llu looks, %.1f ms each, at up to %llu in %u processes",
		 (unsigned long long)st.look_cnt,
		 st.look_cnt ? (double)st.look_ns / 1e6 / (double)st.look_cnt : 0,
		 (unsigned long long)st.goroutine_cnt, st.process_cnt);
	if (!quiet)
		log_info("goroutines: %s", text);
	return session__note(s, "goroutines", text);
}

int live_note_usage(struct session *s, const struct source *source, bool quiet)
{
	struct bpf_usage u;
	char number[32];
	int err;

	bpf_source_usage(go_source_inner((struct source *)source), &u);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)u.kernel_bytes);
	err = session__note(s, "memory_kernel_bytes", number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)u.own_bytes);
	if (!err)
		err = session__note(s, "memory_own_bytes", number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)u.table_bytes);
	if (!err)
		err = session__note(s, "unwind_table_bytes", number);
	snprintf(number, sizeof(number), "%u", u.table_cnt);
	if (!err)
		err = session__note(s, "unwind_tables", number);
	snprintf(number, sizeof(number), "%u", u.process_cnt);
	if (!err)
		err = session__note(s, "unwind_processes", number);
	if (!quiet)
		log_info("memory: %.1f MB in the kernel (%.1f MB of it unwind tables of %u "
			 "modules), %.1f MB of its own",
			 (double)u.kernel_bytes / 1e6, (double)u.table_bytes / 1e6, u.table_cnt,
			 (double)u.own_bytes / 1e6);
	return err ? err : live_note_goroutines(s, source, quiet);
}
