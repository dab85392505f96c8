/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/json_waker.h"

void json__member_waker(struct json *j, const struct profile *p, const struct profile_sample *s)
{
	json__key(j, "waker");
	json__begin_object(j);
	json__member_string(j, "context", waker_kind_name((enum waker_kind)s->waker));
	if (s->waker_comm) {
		json__member_string(j, "comm", profile__str(p, s->waker_comm));
		json__member_u64(j, "pid", s->waker_pid);
		json__member_u64(j, "tid", s->waker_tid);
		json__member_bool(j, "via_softirq", s->via_softirq);
	}
	json__end_object(j);
}
