/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/json_goroutine.h"

#include "model/go_reason.h"

void json__member_goroutine(struct json *j, const struct profile *p, uint32_t wait_name)
{
	enum go_reason reason = go_reason_of_word(profile__str(p, wait_name));

	json__member_string(j, "scheduler", "goroutine");
	json__member_string(j, "blocking_reason", go_reason_name(reason));
}
