/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell selftest: traces threads whose waits are known, and says whether they were seen as they were. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_child.h"
#include "base/os_self.h"
#include "base/os_signal.h"
#include "commands.h"
#include "live.h"
#include "naming.h"
#include "output/text.h"
#include "rights.h"
#include "selftest_work.h"

#define SELFTEST_MAX_NS 30000000000ull /* a machine that is so slow tells nothing */
#define SELFTEST_NS	((uint64_t)SELFTEST_ROUNDS * SELFTEST_SLEEP_MS * 1000000) /* of one thread */

struct selftest_config {
	struct live_config live; /* first */
	bool work;
};

struct selftest {
	const struct selftest_config *config;
	struct live_config live;
	struct child child;
	char *command[4];
	struct session *session;
	struct source *source;
	struct naming naming;
	struct rights rights;
	const struct profile *p;
	unsigned int failed_cnt;
};

/* ---- what was seen ---- */

/* Of one reason, closed waits and open ones. */
struct selftest_sum {
	uint64_t ns, cnt, waker_ns, stack_ns;
};

static struct selftest_sum sum_of(const struct profile *p, enum reason reason)
{
	struct selftest_sum sum = {0};

	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];

		if (s->reason != reason)
			continue;
		sum.ns += s->blocked_ns;
		sum.cnt += s->cnt;
		/* Its name, a function and one that called it, or more. */
		sum.stack_ns += s->frame_cnt > 2 ? s->blocked_ns : 0;
		sum.waker_ns += s->waker_tid ? s->blocked_ns : 0;
	}
	return sum;
}

static void say(struct selftest *t, bool ok, const char *what, const char *found)
{
	printf("%-4s  %-24s %s\n", ok ? "ok" : "FAIL", what, found);
	t->failed_cnt += !ok;
}

static void check_time(struct selftest *t, const char *what, const struct selftest_sum *sum,
		       uint64_t least_ns, uint64_t least_cnt)
{
	char text[128], ns[TEXT_NS_LEN], least[TEXT_NS_LEN];

	snprintf(text, sizeof(text), "%s in %" PRIu64 " waits, of %s or more in %" PRIu64,
		 text_ns(ns, sum->ns), sum->cnt, text_ns(least, least_ns), least_cnt);
	/* No thread waits longer than the run was; timers of Windows are coarse, and machines are busy. */
	say(t, sum->ns >= least_ns && sum->cnt >= least_cnt && sum->ns <= 4 * t->p->window_ns, what,
	    text);
}

static void check_share(struct selftest *t, const char *what, uint64_t ns, uint64_t of_ns)
{
	char text[64];

	snprintf(text, sizeof(text), "%.1f %% of the time",
		 of_ns ? 100.0 * (double)ns / (double)of_ns : 0.0);
	say(t, of_ns && ns >= of_ns / 10 * 9, what, text);
}

static void check_threads(struct selftest *t)
{
	uint64_t life_ns = 0, known_ns = 0, off;
	char text[128];

	for (size_t i = 0; i < t->p->thread_cnt; i++) {
		const struct profile_thread *th = &t->p->threads[i];

		if (!th->totals_known)
			continue;
		life_ns += th->end_ns - th->begin_ns;
		known_ns += th->on_cpu_ns + th->blocked_ns + th->runnable_ns + th->open_blocked_ns +
			    th->open_runnable_ns;
	}
	off = known_ns > life_ns ? known_ns - life_ns : life_ns - known_ns;
	snprintf(text, sizeof(text), "%zu threads; on CPU, blocked and runnable differ by %.2f %%",
		 t->p->thread_cnt, life_ns ? 100.0 * (double)off / (double)life_ns : 100.0);
	say(t, life_ns && off <= life_ns / 100 && t->p->thread_cnt >= 4, "times add up", text);
}

static void check_ledger(struct selftest *t)
{
	const struct ledger *l = &t->p->ledger;
	struct ledger_term lost = ledger__lost(l);
	char text[128], ns[TEXT_NS_LEN];

	snprintf(text, sizeof(text), "%s observed, %" PRIu64 " ns lost, %" PRId64 " ns unaccounted",
		 text_ns(ns, l->observed.ns), lost.ns, ledger__imbalance_ns(l));
	say(t,
	    !lost.ns && !ledger__imbalance_ns(l) && !ledger__is_of_lossy_trace(l) && l->observed.ns,
	    "nothing is lost", text);
}

static int selftest_check(struct selftest *t)
{
	const struct selftest_sum sleeps = sum_of(t->p, REASON_SLEEP),
				  locks = sum_of(t->p, REASON_LOCK);

	/* One sleeps, and one more before it wakes the third, for which the main thread waits as well. */
	check_time(t, "sleeps", &sleeps, 2 * SELFTEST_NS - SELFTEST_NS / 50, 2 * SELFTEST_ROUNDS);
	check_time(t, "waits for a lock", &locks, SELFTEST_NS - SELFTEST_NS / 50,
		   SELFTEST_ROUNDS - 1);
	check_share(t, "who ended those", locks.waker_ns, locks.ns);
	check_share(t, "stacks", sleeps.stack_ns + locks.stack_ns, sleeps.ns + locks.ns);
	check_threads(t);
	check_ledger(t);
	if (fflush(stdout))
		return error_set(-errno, "can't write: %s", strerror(errno));
	return t->failed_cnt
		       ? error_set(-EIO,
				   "%u of these are not as they should be: please report them, "
				   "with the output of dwell version",
				   t->failed_cnt)
		       : 0;
}

/* ---- the run ---- */

static int selftest_started(void *arg)
{
	struct selftest *t = arg;
	int err = rights__settle(&t->rights, RIGHTS_PROCESSES);

	return err ? err : child__release(&t->child, t->command[0]);
}

static int selftest_trace(struct selftest *t)
{
	const struct session_limits limits = {
		.duration_ns = SELFTEST_MAX_NS, .started = selftest_started, .started_arg = t};
	struct view_config *view = &t->live.view;
	int err;

	t->session = session__new();
	if (!t->session)
		return -errno;
	view->view.wakers = true;
	err = child__spawn(&t->child, t->command);
	if (!err)
		err = rights__narrow(&t->rights);
	if (!err) {
		t->source = live_source_open(&t->live, &view->view, t->child.pid, t->session);
		err = t->source ? 0 : -errno;
	}
	if (!err)
		err = session__run(t->session, t->source, &limits);
	return err ? err
		   : naming__init(&t->naming, &t->session->model, t->session->recorded, &view->view,
				  t->live.symbol_path);
}

static int selftest_run(struct selftest *t)
{
	struct profile *p = NULL;
	int err = selftest_trace(t);

	if (!err) {
		p = session__profile(t->session, t->naming.resolvers, t->naming.readers,
				     &t->live.view.view);
		t->p = p;
		err = p ? selftest_check(t) : -errno;
	}
	profile__free(p);
	if (t->child.pid && t->child.release_fd < 0)
		child__wait(&t->child);
	child__abandon(&t->child);
	source__close(t->source);
	session__free(t->session);
	naming__fini(&t->naming);
	return err;
}

static int run_selftest(const void *config, int operand_cnt, char **operands, char **command)
{
	static char path[4096], name[] = "selftest", work[] = "--work";
	const struct selftest_config *c = config;
	struct selftest t = {.config = c,
			     .live = c->live,
			     .child = {.release_fd = -1, .exec_error_fd = -1},
			     .command = {path, name, work, NULL}};
	int err;

	if (operand_cnt || command) {
		log_error("selftest takes no operands: '%s' is too much",
			  operand_cnt ? operands[0] : "--");
		return EXIT_STATUS_USAGE;
	}
	if (c->work)
		return selftest_work();
	os_signal_catch_stop();
	err = os_self_path(path, sizeof(path));
	if (!err)
		err = selftest_run(&t);
	if (err)
		log_error("%s", error_text(err));
	return err ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static void selftest_defaults(void *config)
{
	live_defaults(config);
}

static const struct option_def selftest_options[] = {
	{.name = "work",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct selftest_config, work),
	 .help = "only run the threads that a selftest traces"},
	{.name = "etw-dll",
	 .arg = "FILE",
	 .type = OPTION_STRING,
	 .offset = offsetof(struct selftest_config, live.etw_dll),
	 .value = {.kind = VALUE_PATH},
	 .help = "on Windows, for tests of dwell: as dwell-offcpu(1) has it"},
	OPTION_END,
};

static const struct command_example selftest_examples[] = {
	{"dwell selftest", "whether dwell sees on this machine what it should"},
	{.line = NULL},
};

const struct command selftest_command = {
	.name = "selftest",
	.summary = "trace threads whose waits are known, and check what was seen",
	.operands = "",
	.description =
		"Starts a process with threads that sleep, wait for each other and wake each other "
		"for known times, traces them as dwell-offcpu(1) does, and says line by line "
		"whether "
		"times, reasons, wakers, stacks and the ledger are as they should be. The exit "
		"status "
		"is 1 if one is not.\n\n"
		"It takes less than a second, needs the same rights as tracing, and traces nothing "
		"else.",
	.options = selftest_options,
	.examples = selftest_examples,
	.config_size = sizeof(struct selftest_config),
	.defaults = selftest_defaults,
	.run = run_selftest,
};
