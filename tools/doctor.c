/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell doctor: what this kernel, these rights and a target allow, and what to do about the rest. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"
#include "base/array.h"
#include "base/log.h"
#include "commands.h"
#include "doctor_facts.h"
#include "libraries.h"
#include "output/json_writer.h"
#include "symbol/kernel_resolver.h"

#define DOCTOR_MAX_FINDINGS 256

struct doctor_config {
	uint64_t pid; /* 0: none */
	bool json;
};

/* What was found, kept, since the text's columns depend on all. */
struct doctor_report {
	struct doctor_finding *items;
	size_t cnt, cap;
	bool failed;
	int err;
};

static void report_take(void *arg, const struct doctor_finding *f)
{
	struct doctor_report *r = arg;

	if (!r->err)
		r->err = array__grow((void **)&r->items, &r->cap, r->cnt + 1, sizeof(*r->items),
				     DOCTOR_MAX_FINDINGS);
	if (r->err)
		return;
	r->items[r->cnt++] = *f;
	r->failed |= f->status == DOCTOR_FAIL;
}

static int report_print(const struct doctor_report *r)
{
	size_t width = 0;

	for (size_t i = 0; i < r->cnt; i++)
		width = strlen(r->items[i].check) > width ? strlen(r->items[i].check) : width;
	for (size_t i = 0; i < r->cnt; i++) {
		const struct doctor_finding *f = &r->items[i];

		printf("%-4s  %-*s  %s%s%s\n", doctor_status_name(f->status), (int)width, f->check,
		       f->text, *f->fix ? " -> " : "", f->fix);
	}
	return fflush(stdout) ? -errno : 0;
}

static int report_print_json(const struct doctor_report *r)
{
	struct out out;
	struct json j;

	out__init(&out, stdout);
	json__init(&j, &out);
	json__begin_array(&j);
	for (size_t i = 0; i < r->cnt; i++) {
		const struct doctor_finding *f = &r->items[i];

		json__line(&j);
		json__begin_object(&j);
		json__member_string(&j, "check", f->check);
		json__member_string(&j, "status", doctor_status_name(f->status));
		json__member_string(&j, "text", f->text);
		json__member_string(&j, "fix", f->fix);
		json__end_object(&j);
	}
	json__line(&j);
	json__end_array(&j);
	out__puts(&out, "\n");
	return out__finish(&out);
}

static int doctor_examine(const struct doctor_config *c, struct doctor_report *ret)
{
	struct doctor_library missing[LIBRARIES_MAX];
	struct doctor_facts facts = {.libraries = missing};
	struct doctor_target_facts target;
	int err = 0;

	facts.library_cnt = libraries_missing(missing);
	os_machine_read(&facts.machine);
	facts.features = bpf_features_ask();
	bpf_trial_run(&facts.trial);
	facts.kernel_symbols = kernel_symbols_hidden();
	if (c->pid) {
		err = doctor_target_read((uint32_t)c->pid, &target);
		facts.target = &target.target;
	}
	if (!err)
		doctor_judge(&facts, report_take, ret);
	if (c->pid)
		doctor_target_free(&target);
	return err ? err : ret->err;
}

static int run_doctor(const void *config, int operand_cnt, char **operands, char **command)
{
	const struct doctor_config *c = config;
	struct doctor_report report = {0};
	int err;

	if (operand_cnt || command) {
		log_error("doctor takes no '%s': name a process by -p",
			  operand_cnt ? operands[0] : "--");
		return EXIT_STATUS_USAGE;
	}
	err = doctor_examine(c, &report);
	if (err)
		log_error("doctor: %s", error_text(err));
	else
		err = c->json ? report_print_json(&report) : report_print(&report);
	if (err && report.cnt)
		log_error("can't write: %s", strerror(-err));
	free(report.items);
	return err || report.failed ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}

static const struct option_def doctor_options[] = {
	{.type = OPTION_GROUP, .help = "Target"},
	{.letter = 'p',
	 .name = "pid",
	 .arg = "PID",
	 .type = OPTION_U64,
	 .offset = offsetof(struct doctor_config, pid),
	 .min = 1,
	 .max = 4194304, /* PID_MAX_LIMIT */
	 .value = {.kind = VALUE_PIDS},
	 .help = "also look into this process: rights, unwind tables, symbols, runtime"},
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct doctor_config, json),
	 .help = "as JSON: an array of objects with check, status, text and fix"},
	OPTION_END,
};

static const struct command_example doctor_examples[] = {
	{"dwell doctor", "is everything there that tracing takes?"},
	{"dwell doctor -p 4711", "and will the stacks of this process be whole, with names?"},
	{.line = NULL},
};

const struct command doctor_command = {
	.name = "doctor",
	.summary = "what this kernel, these rights and a process allow, and what to do",
	.operands = "",
	.description =
		"Tries what tracing takes, and prints a line for each part: ok, warn (something is "
		"not seen) or fail (dwell, or one of its commands, does not run), and behind -> "
		"what "
		"helps.\n\n"
		"Nothing is guessed from versions: all probes are loaded, attached and run for a "
		"moment, with dwell itself, which is never traced, as their only target. The exit "
		"status is 1 if a line says fail.",
	.options = doctor_options,
	.examples = doctor_examples,
	.config_size = sizeof(struct doctor_config),
	.run = run_doctor,
};
