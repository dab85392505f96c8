/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/push_status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const failure_names[PUSH_FAILURE_CNT] = {
	[PUSH_FAILURE_TIMEOUT] = "timeout",   [PUSH_FAILURE_HTTP_4XX] = "http_4xx",
	[PUSH_FAILURE_HTTP_5XX] = "http_5xx", [PUSH_FAILURE_TLS] = "tls",
	[PUSH_FAILURE_DNS] = "dns",	      [PUSH_FAILURE_REFUSED] = "refused",
	[PUSH_FAILURE_NETWORK] = "network",
};

static const char *const state_names[] = {
	[PUSH_STATE_OK] = "ok",
	[PUSH_STATE_RETRYING] = "retrying",
	[PUSH_STATE_HALTED] = "halted",
};

const char *push_failure_name(enum push_failure f)
{
	return failure_names[f];
}

const char *push_state_name(enum push_state s)
{
	return state_names[s];
}

/* The numbers, in the order of the file. */
static const struct {
	const char *key;
	size_t offset;
} status_numbers[] = {
	{"requests", offsetof(struct push_status, request_cnt)},
	{"sent", offsetof(struct push_status, sent_cnt)},
	{"sent_bytes", offsetof(struct push_status, sent_bytes)},
	{"rejected", offsetof(struct push_status, rejected_cnt)},
	{"last_success_ns", offsetof(struct push_status, last_success_ns)},
};

static void failure_key(enum push_failure f, char ret_key[KEY_VALUES_KEY_LEN])
{
	snprintf(ret_key, KEY_VALUES_KEY_LEN, "failures_%s", push_failure_name(f));
}

void push_status__format(const struct push_status *s, struct key_values *to)
{
	char key[KEY_VALUES_KEY_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(status_numbers); i++)
		key_values__add_u64(to, status_numbers[i].key,
				    *(const uint64_t *)(const void *)((const char *)s +
								      status_numbers[i].offset));
	for (unsigned int f = 0; f < PUSH_FAILURE_CNT; f++) {
		failure_key((enum push_failure)f, key);
		key_values__add_u64(to, key, s->failure_cnt[f]);
	}
	key_values__add(to, "state", push_state_name(s->state));
}

static int status_parse_state(const struct key_values *from, enum push_state *ret_state)
{
	char name[16];

	if (key_values__get(from, "state", name, sizeof(name)))
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(state_names); i++) {
		if (strcmp(name, state_names[i]) != 0)
			continue;
		*ret_state = (enum push_state)i;
		return 0;
	}
	return -EBADMSG;
}

int push_status__parse(struct push_status *s, const struct key_values *from)
{
	struct push_status found = {.request_cnt = 0};
	char key[KEY_VALUES_KEY_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(status_numbers); i++)
		if (key_values__get_u64(
			    from, status_numbers[i].key,
			    (uint64_t *)(void *)((char *)&found + status_numbers[i].offset)))
			return -EBADMSG;
	for (unsigned int f = 0; f < PUSH_FAILURE_CNT; f++) {
		failure_key((enum push_failure)f, key);
		if (key_values__get_u64(from, key, &found.failure_cnt[f]))
			return -EBADMSG;
	}
	if (status_parse_state(from, &found.state))
		return -EBADMSG;
	*s = found;
	return 0;
}
