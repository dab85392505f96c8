/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the outputs of system calls share: names and results. */
#include "output/calls.h"

#include <inttypes.h>

#include "format/syscall_table.h"

uint64_t calls_ledger_lost(const struct calls_ledger *l)
{
	return l->map_full_cnt + l->no_return_cnt + l->undelivered_cnt;
}

const char *call_name(uint32_t nr, char *text)
{
	bool compat = nr & CALL_NR_COMPAT;
	const char *name = syscall_name(nr & ~CALL_NR_COMPAT, compat);
	const char *suffix = compat ? " (32-bit)" : "";

	if (name)
		snprintf(text, CALL_NAME_LEN, "%s%s", name, suffix);
	else if (nr == CALL_STATS_OTHER_NRS)
		snprintf(text, CALL_NAME_LEN, "[others]");
	else
		snprintf(text, CALL_NAME_LEN, "syscall_%" PRIu32 "%s", nr & ~CALL_NR_COMPAT,
			 suffix);
	return text;
}

const char *call_result(const struct call_record *rec, char *text)
{
	uint32_t error = call_errno(rec->result);
	const char *name = error ? syscall_error_name(error) : NULL;

	if (name)
		snprintf(text, CALL_NAME_LEN, "-1 %s", name);
	else if (rec->result > 0xffffffffll)
		snprintf(text, CALL_NAME_LEN, "%#" PRIx64, (uint64_t)rec->result);
	else
		snprintf(text, CALL_NAME_LEN, "%" PRId64, (int64_t)rec->result);
	return text;
}

const char *calls_report_call(const struct calls_report *r, uint32_t nr, char *text)
{
	if (r->names && nr != CALL_STATS_OTHER_NRS)
		return r->names->call(r->names->arg, nr, text);
	return call_name(nr, text);
}

const char *calls_report_error(const struct calls_report *r, uint32_t error, char *text)
{
	const char *name =
		r->names ? r->names->error(r->names->arg, error, text) : syscall_error_name(error);

	if (name)
		return name;
	snprintf(text, CALL_NAME_LEN, "%" PRIu32, error);
	return text;
}
