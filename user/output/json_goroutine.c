/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/json_goroutine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "model/go_reason.h"
#include "model/labels.h"

void json__member_goroutine(struct json *j, const struct profile *p, uint32_t wait_name)
{
	enum go_reason reason = go_reason_of_word(profile__str(p, wait_name));

	json__member_string(j, "scheduler", "goroutine");
	json__member_string(j, "blocking_reason", go_reason_name(reason));
}

void json__member_labels(struct json *j, const struct profile *p, uint32_t labels)
{
	const char *at = profile__str(p, labels);
	struct label l;

	if (!*at)
		return;
	json__key(j, "labels");
	json__begin_object(j);
	while (labels_next(&at, &l)) {
		_cleanup_free_ char *key = strndup(l.key, l.key_len);
		_cleanup_free_ char *value = strndup(l.value, l.value_len);

		if (key && value)
			json__member_string(j, key, value);
		else
			j->out->err = -ENOMEM;
	}
	json__end_object(j);
}
