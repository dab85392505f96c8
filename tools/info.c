/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* dwell info: what a file is, and what is in it. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "base/os_file.h"
#include "base/os_read.h"
#include "commands.h"
#include "info.h"

struct info_config {
	bool json;
};

enum info_kind {
	INFO_RECORDING,
	INFO_ETL, /* or what may hold one */
	INFO_TEXT,
};

/* By its first bytes. Nothing is text as well. */
static int info_find_kind(const char *path, enum info_kind *ret)
{
	static const char recording[] = "DWELLREC";
	_cleanup_buf_ struct buf b = {0};
	int err = os_read_beginning(path, 4096, &b);
	bool binary = b.len && memchr(b.data, '\0', b.len);

	if (err)
		return error_set(err, "%s: %s", path, strerror(-err));
	if (b.len >= sizeof(recording) - 1 && !memcmp(b.data, recording, sizeof(recording) - 1))
		*ret = INFO_RECORDING;
	else
		*ret = binary ? INFO_ETL : INFO_TEXT;
	return 0;
}

static int info_file(const char *path, struct out *out, struct json *j)
{
	enum info_kind kind = INFO_TEXT;
	int err = info_find_kind(path, &kind);

	if (err)
		return err;
	switch (kind) {
	case INFO_RECORDING:
		return info_recording(path, out, j);
	case INFO_ETL:
		return info_etl(path, out, j);
	default:
		return error_set(-EBADMSG,
				 "%s: is neither a recording of dwell nor an event trace (.etl): "
				 "stacks as text are shown by dwell report",
				 path);
	}
}

/* All that can be read; what can't is said. */
static int info_run(const struct info_config *c, int path_cnt, char **paths)
{
	struct out out;
	struct json j;
	int status = EXIT_STATUS_OK, err;

	out__init(&out, stdout);
	json__init(&j, &out);
	if (c->json)
		json__begin_array(&j);
	for (int i = 0; i < path_cnt; i++) {
		if (i && !c->json)
			out__puts(&out, "\n");
		if (c->json)
			json__line(&j);
		err = info_file(paths[i], &out, c->json ? &j : NULL);
		if (err) {
			log_error("%s", error_text(err));
			status = EXIT_STATUS_FAILED;
		}
	}
	if (c->json) {
		json__line(&j);
		json__end_array(&j);
		out__puts(&out, "\n");
	}
	err = out__finish(&out);
	if (!err && fflush(stdout))
		err = -errno;
	if (err) {
		log_error("can't write: %s", strerror(-err));
		status = EXIT_STATUS_FAILED;
	}
	return status;
}

static int run_info(const void *config, int operand_cnt, char **operands, char **command)
{
	if (!operand_cnt || command) {
		log_error("give a recording or an event trace: dwell info FILE...");
		return EXIT_STATUS_USAGE;
	}
	return info_run(config, operand_cnt, operands);
}

static const struct option_def info_options[] = {
	{.type = OPTION_GROUP, .help = "Output"},
	{.name = "json",
	 .type = OPTION_FLAG,
	 .offset = offsetof(struct info_config, json),
	 .help = "as JSON: an array with an object for each file"},
	OPTION_END,
};

static const struct command_example info_examples[] = {
	{"dwell info r.dwell", "what was recorded: target, host, kernel, time, losses"},
	{"dwell info trace.etl", "whether a trace of Windows has what off-CPU times need"},
	{"dwell info --json trace.etl", "the same for a program"},
	{.line = NULL},
};

const struct command info_command = {
	.name = "info",
	.summary = "what is in a recording, or in an event trace of Windows (.etl)",
	.operands = "FILE...",
	.operand = {VALUE_PATH, .extensions = ".dwell .etl .zip"},
	.description = "Says of each FILE what it is. Of a recording of dwell: target, host, "
		       "kernel, when and "
		       "how long, how many waits, and the ledger of where their time went.\n\n"
		       "Of an event trace of Windows (.etl, or .etl.zip with one in it): the "
		       "system, CPUs, "
		       "clock, start and duration, lost events and buffers, what is damaged, and "
		       "who sent how "
		       "many events. "
		       "Off-CPU times are made of context switches and ready threads; whether "
		       "there are any, "
		       "and stacks of them, is said as well, and if not, the commands for wpr and "
		       "xperf that record them.",
	.options = info_options,
	.examples = info_examples,
	.config_size = sizeof(struct info_config),
	.run = run_info,
};
