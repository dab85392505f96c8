/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is done in every round of the loop, beside reading. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_file.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_privilege.h"
#include "base/os_read.h"
#include "base/os_self.h"
#include "base/os_signal.h"
#include "serve.h"
#include "source/bpf.h"
#include "source/os_go.h"

#define SERVE_WATCH_EVERY_NS 1000000000ull
#define SERVE_SYS_MAX	     64

/* ---- rights ---- */

int serve_narrow(struct serve *s)
{
	const uint64_t to_another = OS_CAP(CAP_SETUID) | OS_CAP(CAP_SETGID) | OS_CAP(CAP_SETPCAP);
	struct os_privilege p;
	int err = os_privilege_drop(
		bpf_source_start_capabilities() | (s->config->user ? to_another : 0), NULL, &p);

	if (!err)
		os_privilege__add(&s->rights, &p);
	return err;
}

static int watch_drop(struct serve *s)
{
	_cleanup_buf_ struct buf text = {0};
	const struct serve_config *c = s->config;
	struct os_privilege p;
	int err = os_privilege_drop(bpf_source_capabilities() | (c->go ? os_go_capabilities() : 0),
				    c->user, &p);

	if (err)
		return err;
	os_privilege__add(&s->rights, &p);
	buf__init(&text, 1024);
	os_privilege__describe(&s->rights, &text);
	log_info("%s", buf__str(&text));
	return 0;
}

/* ---- the service manager ---- */

static void watch_notify(struct serve *s, uint64_t now_ns)
{
	if (s->notify.watchdog_ns && now_ns - s->notify_ns >= s->notify.watchdog_ns / 2) {
		os_notify__watchdog(&s->notify);
		s->notify_ns = now_ns;
	}
}

/* ---- the configuration file ---- */

static void watch_apply(struct serve *s, const struct serve_config *c)
{
	const struct rotation_opts rotation = {.keep_bytes = c->keep_bytes,
					       .keep_age_ns = c->keep_age_ns};
	const struct spool_opts spool = {.quota_bytes = c->spool_bytes,
					 .quota_age_ns = c->spool_age_ns,
					 .gid = OS_DIR_NO_GROUP};

	if (s->writer)
		window_writer__set_limits(s->writer, &rotation, &spool);
	if (s->service->opts.every_ns)
		service__set_every(s->service, c->every_ns);
	throttle__set_limit(&s->throttle, c->max_cpu_ppm);
}

static void watch_say(const struct config_changes *changes)
{
	if (changes->applied.len)
		log_info("the configuration was read again: %s changed",
			 buf__str(&changes->applied));
	else
		log_info("the configuration was read again: nothing changed");
	if (changes->restart.len)
		log_warn("a change of %s needs a restart", buf__str(&changes->restart));
}

/* Configurations that were are kept: other threads may be reading what their strings point into. */
static int watch_keep(struct serve *s, struct serve_config *c)
{
	struct serve_kept *kept = malloc(sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	*kept = (struct serve_kept){.next = s->kept, .config = c};
	s->kept = kept;
	return 0;
}

static int watch_read_again(struct serve *s)
{
	struct serve_config *fresh = malloc(s->command->config_size);
	struct config_changes changes;
	int err = fresh ? config_reload(s->command, s->config, fresh, &changes) : -ENOMEM;

	if (err) {
		free(fresh);
		return err;
	}
	err = watch_keep(s, fresh);
	if (!err) {
		watch_apply(s, fresh);
		watch_say(&changes);
		__atomic_store_n(&s->config, fresh, __ATOMIC_RELEASE);
	}
	config_changes__fini(&changes);
	return err;
}

static void watch_reload(struct serve *s)
{
	int err;

	if (!os_signal_take_reload())
		return;
	os_notify__reloading(&s->notify);
	err = watch_read_again(s);
	s->reload_ok = !err;
	if (err)
		log_error("the configuration stays as it is: %s", error_text(err));
	else
		s->reload_realtime_ns = os_realtime_ns();
	os_notify__ready(&s->notify, err ? "tracing; the last reload failed" : "tracing");
}

/* ---- --max-cpu ---- */

static void watch_cpu(struct serve *s, uint64_t now_ns)
{
	const struct throttle_sample sample = {
		.now_ns = now_ns,
		.cpu_ns = os_self_cpu_ns(),
		.observed = s->session->model.ledger.counters[WIRE_C_OBSERVED_CNT],
	};
	_cleanup_buf_ struct buf text = {0};
	struct throttle_change change;

	if (!throttle__update(&s->throttle, &sample, os_online_cpus(), &change))
		return;
	s->min_ns = change.min_ns;
	bpf_source_set_min_ns(s->source, change.min_ns);
	buf__init(&text, 1024);
	throttle__describe(&change, &text);
	log_warn("%s", buf__str(&text));
}

/* ---- sched_ext ---- */

static bool watch_file_says(const char *path, const char *what)
{
	_cleanup_buf_ struct buf text = {0};

	return !os_read_file(path, SERVE_SYS_MAX, &text) &&
	       !strncmp(buf__str(&text), what, strlen(what));
}

/* Documentation/scheduler/sched-ext.rst, "Switching to and from sched_ext". */
static void watch_sched_ext(struct serve *s)
{
	s->service->all_ext = watch_file_says("/sys/kernel/sched_ext/state", "enabled") &&
			      watch_file_says("/sys/kernel/sched_ext/switch_all", "1");
}

/* The first round: all is attached. */
static int watch_begin(struct serve *s)
{
	int err = watch_drop(s);

	if (err)
		return err;
	__atomic_store_n(&s->running, true, __ATOMIC_RELAXED);
	os_notify__ready(&s->notify, "tracing");
	s->ready_told = true;
	return 0;
}

int serve_tick(void *arg, uint64_t now_ns)
{
	struct serve *s = arg;
	int err = s->ready_told ? 0 : watch_begin(s);

	if (!err)
		err = serve_calls_check(s);
	__atomic_store_n(&s->round_ns, now_ns, __ATOMIC_RELAXED);
	watch_notify(s, now_ns);
	watch_reload(s);
	if (err || now_ns - s->watched_ns < SERVE_WATCH_EVERY_NS)
		return err;
	s->watched_ns = now_ns;
	watch_cpu(s, now_ns);
	watch_sched_ext(s);
	err = serve_go_tick(s);
	serve_textfile_tick(s, now_ns);
	log_limits_flush(false);
	return err;
}
