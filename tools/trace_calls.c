/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "trace_calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/os_file.h"
#include "commands.h"
#include "load_input.h"
#include "load_names.h"
#include "output/calls.h"
#include "output_file.h"
#include "source/etw_source.h"
#include "version.h"

#define TRACE_CALLS_MAX	       (1u << 20) /* routines */
#define TRACE_CALLS_MAX_ERRORS CALL_MAX_ERRNO
#define TRACE_CALLS_SEVERITY   30 /* NTSTATUS: the two highest bits, 3 is an error */

/* Numbers that the report has in the place of Linux'. */
struct trace_numbers {
	uint64_t *values;
	size_t cnt, cap;
	struct hash_index index;
};

struct trace_calls {
	const struct syscalls_config *config;
	struct session *session;
	struct call_stats stats;
	struct trace_numbers routines; /* ids of stacks of one function */
	struct trace_numbers statuses; /* NTSTATUS */
	struct symbolizer *symbols;
	struct atomic_file file;
	bool json;
	uint64_t cnt, filtered_cnt;
};

static bool trace_number_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct trace_numbers *)owner)->values[pos] == *(const uint64_t *)key;
}

static int trace_number(struct trace_numbers *n, uint64_t value, size_t max, uint32_t *ret)
{
	uint64_t hash = hash_u64(value);
	int err;

	*ret = hash_index__find(&n->index, hash, trace_number_eq, n, &value);
	if (*ret != HASH_INDEX_NONE)
		return 0;
	err = array__grow((void **)&n->values, &n->cap, n->cnt + 1, sizeof(*n->values), max);
	if (!err)
		err = hash_index__add(&n->index, hash, (uint32_t)n->cnt);
	if (err)
		return err;
	*ret = (uint32_t)n->cnt;
	n->values[n->cnt++] = value;
	return 0;
}

static void trace_numbers__fini(struct trace_numbers *n)
{
	free(n->values);
	hash_index__fini(&n->index);
}

struct trace_calls *trace_calls__new(const struct syscalls_config *c)
{
	size_t len = c->output ? strlen(c->output) : 0;
	struct trace_calls *t = calloc(1, sizeof(*t));
	const char *path = c->output ? c->output : "-";
	int err = 0;

	if (t) {
		t->config = c;
		t->session = session__new();
		t->json = c->json || (len > 5 && !strcmp(c->output + len - 5, ".json"));
		hash_index__init(&t->routines.index);
		hash_index__init(&t->statuses.index);
		err = atomic_file__open(&t->file, path, 0644);
	}
	if (err)
		output_refused(err, path);
	if (t && t->session && !err)
		return t;
	trace_calls__free(t);
	errno = err ? -err : ENOMEM;
	return NULL;
}

void trace_calls__free(struct trace_calls *t)
{
	if (!t)
		return;
	atomic_file__abort(&t->file);
	call_stats__fini(&t->stats);
	trace_numbers__fini(&t->routines);
	trace_numbers__fini(&t->statuses);
	session__free(t->session);
	free(t);
}

struct session *trace_calls__session(struct trace_calls *t)
{
	return t->session;
}

/* ---- what comes ---- */

static struct call_entity trace_entity(const struct trace_calls *t, const struct etw_told_call *c)
{
	switch (t->config->calls.by) {
	case CALL_BY_PROCESS:
		return (struct call_entity){.id = c->image.start_ns, .nr = c->image.pid};
	case CALL_BY_THREAD:
		return (struct call_entity){.id = c->thread.start_ns, .nr = c->thread.tid};
	default:
		return (struct call_entity){0};
	}
}

static int trace_count_error(struct trace_calls *t, struct call_key *key, uint32_t status)
{
	const struct call_row row = {.cnt = 1};
	uint32_t error;
	/* Numbers begin with 1: 0 is no error. */
	int err = t->statuses.cnt
			  ? 0
			  : trace_number(&t->statuses, UINT64_MAX, TRACE_CALLS_MAX_ERRORS, &error);

	if (!err)
		err = trace_number(&t->statuses, status, TRACE_CALLS_MAX_ERRORS, &error);
	if (err)
		return err;
	key->slot = CALL_SLOT_ERRNO + error;
	return call_stats__add_row(&t->stats, key, &row);
}

int trace_calls__take(void *arg, const struct etw_told_call *c)
{
	struct trace_calls *t = arg;
	uint64_t ns = c->call->exit_ns - c->call->enter_ns;
	bool failed = c->call->status >> TRACE_CALLS_SEVERITY == 3;
	struct call_key key = {.entity = trace_entity(t, c), .slot = histogram_bucket(ns)};
	const struct call_row row = {.cnt = 1,
				     .total_ns = ns,
				     .blocked_ns = c->call->blocked_ns,
				     .runnable_ns = c->call->runnable_ns,
				     .max_ns = ns};
	int err;

	if (t->config->failed && !failed) {
		t->filtered_cnt++;
		return 0;
	}
	t->cnt++;
	err = trace_number(&t->routines, c->routine, TRACE_CALLS_MAX, &key.nr);
	if (!err)
		err = call_stats__add_row(&t->stats, &key, &row);
	return err || !failed ? err : trace_count_error(t, &key, c->call->status);
}

/* ---- names ---- */

/* The address was looked up as one behind the routine's first. */
static void trace_put_place(const struct trace_calls *t, const struct frame *f, char *text)
{
	const struct module *m = module_table__find(&t->session->model.modules, f->module);

	if (m && f->module != t->session->model.kernel_module)
		snprintf(text, CALL_NAME_LEN, "%s+%#" PRIx64, module__name(m), f->offset - 1);
	else
		snprintf(text, CALL_NAME_LEN, "[unknown]");
}

static const char *trace_call_name(void *arg, uint32_t nr, char *text)
{
	const struct trace_calls *t = arg;
	const struct stack *s = nr < t->routines.cnt ? stack_table__find(&t->session->model.stacks,
									 t->routines.values[nr])
						     : NULL;
	const struct symbol_line *lines;
	const struct symbol *symbol;
	const char *name;

	if (!s || !s->resolved || !s->frame_cnt)
		snprintf(text, CALL_NAME_LEN, "[unknown]");
	else if (symbolizer__find(t->symbols, &s->frames[0], &symbol, &name) ||
		 symbolizer__locate(t->symbols, &s->frames[0], &lines, NULL) < 1 || !lines[0].name)
		trace_put_place(t, &s->frames[0], text);
	else
		snprintf(text, CALL_NAME_LEN, "%s", lines[0].name);
	return text;
}

static const char *trace_error_name(void *arg, uint32_t error, char *text)
{
	static const struct {
		uint32_t status;
		const char *name;
	} names[] = {
		{0xc0000008, "INVALID_HANDLE"},	       {0xc000000d, "INVALID_PARAMETER"},
		{0xc000000f, "NO_SUCH_FILE"},	       {0xc0000010, "INVALID_DEVICE_REQUEST"},
		{0xc0000011, "END_OF_FILE"},	       {0xc0000022, "ACCESS_DENIED"},
		{0xc0000023, "BUFFER_TOO_SMALL"},      {0xc0000034, "OBJECT_NAME_NOT_FOUND"},
		{0xc0000035, "OBJECT_NAME_COLLISION"}, {0xc000003a, "OBJECT_PATH_NOT_FOUND"},
		{0xc0000043, "SHARING_VIOLATION"},     {0xc00000ba, "FILE_IS_A_DIRECTORY"},
		{0xc00000bb, "NOT_SUPPORTED"},	       {0xc0000120, "CANCELLED"},
		{0xc000014b, "PIPE_BROKEN"},	       {0xc0000225, "NOT_FOUND"},
	};
	const struct trace_calls *t = arg;
	uint32_t status = error < t->statuses.cnt ? (uint32_t)t->statuses.values[error] : 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].status == status)
			return names[i].name;
	snprintf(text, CALL_NAME_LEN, "0x%08" PRIx32, status);
	return text;
}

static void trace_entity_name(void *arg, const struct call_entity *entity, char *text)
{
	const struct trace_calls *t = arg;
	const struct model *m = &t->session->model;
	uint32_t pos = thread_table__find(&m->threads, entity->nr, entity->id);
	const struct thread *th = pos == HASH_INDEX_NONE ? NULL : &m->threads.items[pos];
	const struct thread_name *name = th ? thread__find_name(th, THREAD_NEWEST_NAME) : NULL;
	const char *called = name ? thread_name__text(name) : "[unknown]";

	if (entity->id == CALL_STATS_OTHERS)
		snprintf(text, CALLS_NAME_LEN, "[others]");
	else if (t->config->calls.by == CALL_BY_PROCESS)
		snprintf(text, CALLS_NAME_LEN, "%s (pid %u)", called, entity->nr);
	else
		snprintf(text, CALLS_NAME_LEN, "%s (tid %u, pid %u)", called, entity->nr,
			 th ? th->pid : 0);
}

/* ---- the run ---- */

static int trace_write(struct trace_calls *t, const char *title)
{
	static const char *const by[] = {"nothing", "process", "thread", "cgroup"};
	const struct calls_names names = {
		.call = trace_call_name, .error = trace_error_name, .arg = t};
	const struct model *m = &t->session->model;
	const struct calls_report report = {
		.names = &names,
		.stats = &t->stats,
		.title = title,
		.probes = "etw",
		.version = DWELL_VERSION,
		.by = by[t->config->calls.by],
		.start_ns = m->start.monotonic_ns,
		.stop_ns = m->end.monotonic_ns,
		.realtime_ns = m->start.realtime_ns,
		.histograms = t->config->histogram,
		.entities = t->config->calls.by != CALL_BY_NOTHING,
		.top_cnt = t->config->top_cnt,
		.name = trace_entity_name,
		.arg = t,
	};
	int err;

	call_stats__sort(&t->stats);
	err = t->json ? calls_json_write(&report, t->file.fp)
		      : calls_table_write(&report, t->file.fp);
	return output_commit(&t->file, t->config->output, err);
}

int trace_calls__run(struct trace_calls *t, struct source *source,
		     const struct session_limits *limits, const char *title, bool here)
{
	const struct offcpu_view view = {.reasons = 0};
	struct load_names names = {.pdb = NULL};
	int err = session__run(t->session, source, limits);

	if (!err)
		err = load_names__init(&names, t->session->recorded, t->config->symbol_path);
	if (!err) {
		if (here)
			pdb_symbols__look_here(names.pdb);
		t->symbols = session__symbolizer(t->session, names.resolvers, names.readers, &view);
		err = t->symbols ? 0 : -errno;
	}
	if (!err)
		err = trace_write(t, title);
	if (!err && !t->config->quiet) {
		load_names__warn(&names);
		log_info("calls: %" PRIu64 " counted, %" PRIu64 " filtered; those that had begun "
			 "before, or did not return, are in neither",
			 t->cnt, t->filtered_cnt);
	}
	/* The symbolizer goes before what it asks. */
	session__free(t->session);
	t->session = NULL;
	load_names__fini(&names);
	return err;
}

static int trace_calls_check(const struct syscalls_config *c)
{
	const struct {
		bool given;
		const char *name;
	} options[] = {
		{c->slower, "--slower"},
		{c->stacks, "--stacks"},
		{c->interval_ns != 0, "-i"},
		{c->calls.some, "--syscall"},
		{c->calls.error != 0, "-e"},
		{c->calls.by == CALL_BY_CGROUP, "--by cgroup"},
		{c->target.cgroup != NULL, "--cgroup"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].given)
			return error_set(-EINVAL,
					 "%s is for live runs on Linux, not for traces of "
					 "Windows",
					 options[i].name);
	return 0;
}

int trace_calls_of_file(const struct syscalls_config *c, const char *path)
{
	const struct etw_targets targets = {
		.pids = c->target.pids.ids,
		.pid_cnt = c->target.pids.cnt,
		.tids = c->target.tids.ids,
		.tid_cnt = c->target.tids.cnt,
		.comm = c->target.comm,
		.children = c->target.children,
	};
	const struct session_limits limits = {0};
	struct load_input in = {.source = NULL};
	struct trace_calls *t = NULL;
	int err = trace_calls_check(c), usage = err;

	if (!err) {
		t = trace_calls__new(c);
		err = t ? 0 : -errno;
	}
	if (!err)
		err = load_input__open_traces(&in, (char *[]){(char *)(uintptr_t)path}, 1, NULL);
	if (!err && t) {
		etw_source_set(in.source, &targets, trace_calls__take, t);
		err = trace_calls__run(t, in.source, &limits, path, false);
	}
	load_input__close(&in);
	trace_calls__free(t);
	if (err)
		log_error("%s", error_text(err));
	return usage ? EXIT_STATUS_USAGE : err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}
