/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "syscalls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/os_child.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_signal.h"
#include "call_stacks.h"
#include "commands.h"
#include "format/syscall_table.h"
#include "output/calls.h"
#include "output_file.h"
#include "rights.h"
#include "source/bpf_syscalls.h"
#include "source/os_fd.h"
#include "source/os_target.h"
#include "version.h"

#define SYSCALLS_POLL_MS  100
#define SYSCALLS_FILE_LEN 4200

/* All that one run holds. */
struct run {
	const struct syscalls_config *config;
	uint64_t duration_ns;
	char **command; /* NULL: none */
	char title[256];
	struct child child;
	struct syscalls *source;
	struct call_stacks *stacks;  /* with --stacks */
	struct call_stats all, part; /* of the run, and of the interval with -i */
	struct atomic_file file;
	struct rights rights;
	bool json;
};

static int run_check(struct run *r, int operand_cnt, char **operands)
{
	const struct syscalls_config *c = r->config;

	log_set_level(c->verbose ? 2 : c->quiet ? 0 : 1);
	if (c->ring_bytes & (c->ring_bytes - 1))
		return error_set(-EINVAL,
				 "--ring-size: %llu is not a power of two: give 64k, 128k, 1m...",
				 (unsigned long long)c->ring_bytes);
	if (c->stacks && !c->slower)
		return error_set(-EINVAL,
				 "--stacks shows the stacks of slow calls: give --slower too");
	return target_check(&c->target, operand_cnt, operands, r->command, &r->duration_ns);
}

/* ---- what comes ---- */

static int take_row(void *arg, const struct call_key *key, const struct call_row *row)
{
	struct run *r = arg;
	int err = call_stats__add_row(&r->all, key, row);

	if (!err && r->config->interval_ns)
		err = call_stats__add_row(&r->part, key, row);
	return err;
}

static int add_stack(struct run *r, struct calls_slow *slow, const uint64_t *ips)
{
	const struct call_record *rec = slow->rec;
	int cnt;

	if (!r->stacks || !rec->frame_cnt)
		return 0;
	cnt = call_stacks__name(r->stacks, &rec->image, ips, rec->frame_cnt, &slow->frames);
	if (cnt < 0)
		return cnt;
	slow->frame_cnt = (size_t)cnt;
	return 0;
}

static int write_slow(struct run *r, const struct call_record *rec, const uint64_t *ips)
{
	char name[CALL_NAME_LEN], file[SYSCALLS_FILE_LEN];
	struct calls_slow slow = {.rec = rec};
	unsigned long long boottime_ns, realtime_ns;
	struct tm local;
	time_t s;
	int err;

	os_clock_offsets(rec->leave_ns, &boottime_ns, &realtime_ns);
	slow.realtime_ns = realtime_ns;
	s = (time_t)(realtime_ns / 1000000000);
	if (localtime_r(&s, &local))
		slow.utc_offset_s = local.tm_gmtoff;
	call_name(rec->nr, name);
	name[strcspn(name, " ")] = '\0';
	if (syscall_takes_fd(name) && (int32_t)rec->arg >= 0 &&
	    !os_fd_describe(rec->image.pid, (uint32_t)rec->arg, file, sizeof(file)))
		slow.file = file;
	err = add_stack(r, &slow, ips);
	if (err)
		return err;
	err = r->json ? calls_slow_write_json(&slow, r->file.fp)
		      : calls_slow_write(&slow, r->file.fp);
	return err || !fflush(r->file.fp) ? err : -errno;
}

static int take_record(void *arg, const struct call_record *rec, const uint64_t *ips)
{
	struct run *r = arg;

	if (rec->h.kind == CALL_RECORD_OPEN)
		return call_stats__add_open(&r->all, rec);
	return write_slow(r, rec, ips);
}

/* ---- what goes out ---- */

static void name_cgroup(uint64_t id, char *text)
{
	if (os_target_cgroup_path(id, text, CALLS_NAME_LEN))
		snprintf(text, CALLS_NAME_LEN, "cgroup %llu", (unsigned long long)id);
}

static void name_entity(void *arg, const struct call_entity *entity, char *text)
{
	const struct run *r = arg;
	struct call_name name = {0};

	if (entity->id == CALL_STATS_OTHERS) {
		snprintf(text, CALLS_NAME_LEN, "[others]");
		return;
	}
	if (r->config->calls.by == CALL_BY_CGROUP) {
		name_cgroup(entity->id, text);
		return;
	}
	if (syscalls__name(r->source, entity, &name))
		snprintf(text, CALLS_NAME_LEN, "[%u]", entity->nr);
	else if (r->config->calls.by == CALL_BY_PROCESS)
		snprintf(text, CALLS_NAME_LEN, "%.*s (pid %u)", WIRE_COMM_LEN, name.comm, name.pid);
	else
		snprintf(text, CALLS_NAME_LEN, "%.*s (tid %u, pid %u)", WIRE_COMM_LEN, name.comm,
			 name.tid, name.pid);
}

static int read_ledger(const struct run *r, struct calls_ledger *ret)
{
	struct syscalls_ledger l;
	uint64_t known;
	int err = syscalls__ledger(r->source, &l);

	if (err)
		return err;
	*ret = (struct calls_ledger){
		.entered_cnt = l.counters[CALL_C_ENTERED],
		.counted_cnt = l.delivered_cnt,
		.filtered_cnt = l.counters[CALL_C_FILTERED],
		.open_cnt = l.open_cnt,
		.map_full_cnt = l.counters[CALL_C_MAP_FULL],
		.no_return_cnt = l.counters[CALL_C_REENTERED],
		.error_full_cnt = l.counters[CALL_C_ERROR_FULL],
		.missed_cnt = l.missed_cnt,
		.threads_full_cnt = l.threads_full,
		.names_full_cnt = l.counters[CALL_C_NAME_FULL],
		.slow_cnt = l.counters[CALL_C_SLOW],
		.slow_lost_cnt = l.counters[CALL_C_SLOW_LOST],
	};
	if (l.counters[CALL_C_RETURNED] > l.delivered_cnt)
		ret->undelivered_cnt = l.counters[CALL_C_RETURNED] - l.delivered_cnt;
	/* What is nowhere is open, if that can't be known, or lost. */
	known = ret->counted_cnt + ret->filtered_cnt + ret->open_cnt + calls_ledger_lost(ret);
	if (ret->entered_cnt > known && l.open_unknown)
		ret->open_cnt += ret->entered_cnt - known;
	else if (ret->entered_cnt > known)
		ret->no_return_cnt += ret->entered_cnt - known;
	if (l.open_unknown)
		log_warn("the kernel refuses to iterate over tasks (a seccomp filter or a security "
			 "module?): calls that are still open are not shown");
	return 0;
}

static int write_report(struct run *r, struct call_stats *stats, uint64_t start_ns,
			uint64_t stop_ns, const struct calls_ledger *ledger)
{
	static const char *const by[] = {"nothing", "process", "thread", "cgroup"};
	const struct syscalls_config *c = r->config;
	unsigned long long boottime_ns, realtime_ns;
	struct calls_report report = {
		.stats = stats,
		.title = r->title,
		.probes = syscalls__variant(r->source),
		.version = DWELL_VERSION,
		.by = by[c->calls.by],
		.start_ns = start_ns,
		.stop_ns = stop_ns,
		.ledger = ledger,
		.histograms = c->histogram,
		.entities = c->calls.by != CALL_BY_NOTHING,
		.top_cnt = c->top_cnt,
		.name = name_entity,
		.arg = r,
	};
	int err;

	os_clock_offsets(start_ns, &boottime_ns, &realtime_ns);
	report.realtime_ns = realtime_ns;
	call_stats__sort(stats);
	err = r->json ? calls_json_write(&report, r->file.fp)
		      : calls_table_write(&report, r->file.fp);
	return err || !fflush(r->file.fp) ? err : -errno;
}

/* When an interval ended, by the clock on the wall. */
static int write_time(struct run *r, uint64_t monotonic_ns)
{
	unsigned long long boottime_ns, realtime_ns;
	struct tm local;
	time_t s;

	os_clock_offsets(monotonic_ns, &boottime_ns, &realtime_ns);
	s = (time_t)(realtime_ns / 1000000000);
	if (!localtime_r(&s, &local))
		return -errno;
	return fprintf(r->file.fp, "%02d:%02d:%02d\n", local.tm_hour, local.tm_min, local.tm_sec) <
			       0
		       ? -EIO
		       : 0;
}

/* What was counted since the last interval ended. */
static int write_interval(struct run *r, uint64_t start_ns, uint64_t now_ns)
{
	int err = syscalls__drain(r->source);

	if (!err && !r->json)
		err = write_time(r, now_ns);
	if (!err)
		err = write_report(r, &r->part, start_ns, now_ns, NULL);
	if (!err && !r->json)
		err = fputc('\n', r->file.fp) == EOF ? -EIO : 0;
	call_stats__clear(&r->part);
	return err;
}

static void print_ledger(const struct run *r, const struct calls_ledger *l)
{
	unsigned long long lost = calls_ledger_lost(l);

	log_info("calls: %llu began = %llu counted + %llu filtered + %llu open + %llu lost",
		 (unsigned long long)l->entered_cnt, (unsigned long long)l->counted_cnt,
		 (unsigned long long)l->filtered_cnt, (unsigned long long)l->open_cnt, lost);
	if (r->config->slower)
		log_info("slow calls: %llu, %llu of them lost (ring full)",
			 (unsigned long long)l->slow_cnt, (unsigned long long)l->slow_lost_cnt);
	/* Losses are said even when told to be quiet. */
	if (l->map_full_cnt)
		log_warn("lost{syscall_map_full}: %llu calls are not counted: name fewer with "
			 "--syscall, or count without --by",
			 (unsigned long long)l->map_full_cnt);
	if (l->no_return_cnt)
		log_warn("lost{no_return_seen}: the kernel did not tell the end of %llu calls",
			 (unsigned long long)l->no_return_cnt);
	if (l->undelivered_cnt)
		log_warn("lost{undelivered}: %llu calls were counted and not read",
			 (unsigned long long)l->undelivered_cnt);
	if (l->missed_cnt)
		log_warn("the kernel left out %llu runs of the probes: counts may be too low",
			 (unsigned long long)l->missed_cnt);
	if (l->threads_full_cnt)
		log_warn("no room for the state of %llu threads: their calls are missing",
			 (unsigned long long)l->threads_full_cnt);
	if (l->error_full_cnt)
		log_warn("the errors of %llu calls are missing",
			 (unsigned long long)l->error_full_cnt);
	if (l->names_full_cnt)
		log_warn(
			"no room for the names of some processes or threads: [their number] stands "
			"for them");
	if (l->slow_lost_cnt)
		log_warn("lost{ring_full}: %llu slow calls are not shown (they are counted): try a "
			 "larger --ring-size",
			 (unsigned long long)l->slow_lost_cnt);
}

/* ---- running ---- */

static int run_loop(struct run *r)
{
	uint64_t start_ns, stop_ns, now_ns, end_ns, part_ns, next_ns;
	int more = 0, err = 0;

	syscalls__window(r->source, &start_ns, &stop_ns);
	now_ns = part_ns = start_ns;
	end_ns = r->duration_ns ? start_ns + r->duration_ns : UINT64_MAX;
	while (!more && !os_signal_stop() && now_ns < end_ns) {
		next_ns = r->config->interval_ns ? part_ns + r->config->interval_ns : UINT64_MAX;
		next_ns = next_ns < end_ns ? next_ns : end_ns;
		more = syscalls__poll(r->source, next_ns - now_ns < SYSCALLS_POLL_MS * 1000000ull
							 ? (int)((next_ns - now_ns) / 1000000) + 1
							 : SYSCALLS_POLL_MS);
		now_ns = os_monotonic_ns();
		if (more >= 0 && r->config->interval_ns &&
		    now_ns - part_ns >= r->config->interval_ns && now_ns < end_ns) {
			err = write_interval(r, part_ns, now_ns);
			part_ns = now_ns;
		}
		if (err || more < 0)
			return err ? err : more;
	}
	return 0;
}

static int run_finish(struct run *r)
{
	struct calls_ledger ledger;
	uint64_t start_ns, stop_ns;
	int err = syscalls__stop(r->source);

	if (!err)
		err = read_ledger(r, &ledger);
	if (err)
		return err;
	syscalls__window(r->source, &start_ns, &stop_ns);
	if (r->config->interval_ns && !r->json)
		fputs("all\n", r->file.fp);
	else if (r->config->slower && !r->json)
		fputc('\n', r->file.fp);
	err = write_report(r, &r->all, start_ns, stop_ns, &ledger);
	err = output_commit(&r->file, r->config->output, err);
	print_ledger(r, &ledger);
	return err;
}

/* Of slow calls the file of their descriptor is told, and the stack. */
static int run_settle(struct run *r)
{
	const struct syscalls_config *c = r->config;
	unsigned int later = RIGHTS_MAPS;

	if (c->slower)
		later |= RIGHTS_NAMES;
	if (c->calls.by == CALL_BY_CGROUP)
		later |= RIGHTS_CGROUPS;
	return rights__settle(&r->rights, later);
}

static int run_open(struct run *r)
{
	const struct syscalls_config *c = r->config;
	const struct syscalls_sink sink = {.row = take_row, .record = take_record, .arg = r};
	const char *path = c->output ? c->output : "-";
	struct syscalls_opts opts = {.calls = c->calls, .ring_bytes = c->ring_bytes};
	int err = atomic_file__open(&r->file, path, 0644);

	if (err)
		return output_refused(err, path);
	if (c->stacks) {
		r->stacks = call_stacks__new();
		err = r->stacks ? 0 : -errno;
	}
	rights__add_file(&r->rights, &r->file);
	if (r->command)
		rights__add_command(&r->rights);
	if (!err && r->command)
		err = child__spawn(&r->child, r->command);
	if (!err)
		err = rights__narrow(&r->rights);
	if (err)
		return err;
	opts.targets = target_list(&c->target, r->child.pid);
	opts.calls.failed_only = c->failed;
	opts.calls.slow = c->slower;
	opts.calls.slow_ns = c->slower_ns;
	opts.calls.stacks = c->stacks;
	target_describe(&c->target, r->command, r->title, sizeof(r->title));
	r->source = syscalls__open(&opts, &sink);
	return r->source ? 0 : -errno;
}

static int run_trace(struct run *r)
{
	int err;

	os_signal_catch_stop();
	if (!r->duration_ns && !r->command && !r->config->target.pids.cnt)
		log_info("tracing until Ctrl-C");
	err = syscalls__start(r->source);
	if (!err)
		err = run_settle(r);
	if (!err && r->command)
		err = child__release(&r->child, r->command[0]);
	if (!err)
		err = run_loop(r);
	return err ? err : run_finish(r);
}

static void run_close(struct run *r)
{
	syscalls__close(r->source);
	call_stacks__free(r->stacks);
	child__abandon(&r->child);
	atomic_file__abort(&r->file);
	call_stats__fini(&r->all);
	call_stats__fini(&r->part);
}

int syscalls_run(const struct syscalls_config *config, int operand_cnt, char **operands,
		 char **command)
{
	struct run r = {.config = config, .command = command};
	int err, status = EXIT_STATUS_OK;
	size_t len;

	r.child = (struct child){.release_fd = -1, .exec_error_fd = -1};
	len = r.config->output ? strlen(r.config->output) : 0;
	r.json = r.config->json || (len > 5 && !strcmp(r.config->output + len - 5, ".json"));
	err = run_check(&r, operand_cnt, operands);
	if (err) {
		log_error("%s", error_text(err));
		return EXIT_STATUS_USAGE;
	}
	err = run_open(&r);
	if (!err)
		err = run_trace(&r);
	if (err)
		log_error("%s", error_text(err));
	if (r.child.pid && r.child.release_fd < 0)
		status = child__wait(&r.child);
	run_close(&r);
	return err ? EXIT_STATUS_FAILED : status;
}
