/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The table of receivers, and what their answers have in common: the classes of HTTP's status. */
#include "output/push_receiver.h"

#include <string.h>

#include "base/compiler.h"

static const struct push_receiver *const receiver_table[] = {&push_clickhouse, &push_pyroscope,
							     NULL};

const struct push_receiver *const *push_receivers(void)
{
	return receiver_table;
}

const struct push_receiver *push_receiver_find(const char *name, size_t len)
{
	for (const struct push_receiver *const *r = receiver_table; *r; r++)
		if (strlen((*r)->name) == len && !memcmp((*r)->name, name, len))
			return *r;
	return NULL;
}

/* Of the 4xx those that are not about what was sent, but about who asks, where, or when. */
static const struct {
	int status;
	enum push_verdict verdict;
} status_rules[] = {
	{401, PUSH_HALTED}, /* who are you */
	{402, PUSH_HALTED}, /* pay first */
	{403, PUSH_HALTED}, /* you may not */
	{404, PUSH_HALTED}, /* nothing is here: a mistyped address must not cost any data */
	{405, PUSH_HALTED}, /* nobody posts here */
	{407, PUSH_HALTED}, /* a proxy's 401 */
	{408, PUSH_LATER},  /* it lost patience with us */
	{410, PUSH_HALTED}, /* nothing is here any more */
	{421, PUSH_HALTED}, /* another server's name */
	{425, PUSH_LATER},  /* too early */
	{429, PUSH_LATER},  /* too often */
};

static enum push_verdict judge_status(int status)
{
	if (status >= 200 && status < 300)
		return PUSH_TAKEN;
	if (status >= 300 && status < 400)
		return PUSH_HALTED; /* somewhere else, which nobody named to us */
	for (size_t i = 0; i < ARRAY_SIZE(status_rules); i++)
		if (status_rules[i].status == status)
			return status_rules[i].verdict;
	return status >= 400 && status < 500 ? PUSH_REJECTED : PUSH_LATER;
}

enum push_verdict push_receiver__judge(const struct push_receiver *r,
				       const struct http_answer *answer)
{
	enum push_verdict verdict;

	if (answer->failure != HTTP_OK)
		return PUSH_LATER;
	verdict = judge_status(answer->status);
	return r->judge ? r->judge(answer, verdict) : verdict;
}
