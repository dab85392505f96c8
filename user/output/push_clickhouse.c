/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * ClickHouse: one INSERT for each segment, whose bytes are its rows as gzip'd NDJSON. Rows that come twice collapse there
 * (deploy/clickhouse). Written for servers since 18.16: no setting that it doesn't know.
 */
#include <string.h>

#include "base/compiler.h"
#include "output/push_receiver.h"

#define CLICKHOUSE_QUERY "INSERT+INTO+dwell.incoming+FORMAT+JSONEachRow"

/* Is there a parameter @name in the address? */
static bool url_has(const char *url, const char *name)
{
	const char *at = strchr(url, '?');
	size_t len = strlen(name);

	for (; at && *at; at = strchr(at + 1, '&'))
		if (!strncmp(at + 1, name, len) && at[1 + len] == '=')
			return true;
	return false;
}

static int clickhouse_write_url(const struct push_site *site, struct buf *to)
{
	static const struct {
		const char *name, *value;
	} params[] = {
		{"query", CLICKHOUSE_QUERY},
		/* A newer dwell may send more than an older table holds. */
		{"input_format_skip_unknown_fields", "1"},
		/* No 200 before it is really done. */
		{"wait_end_of_query", "1"},
	};
	char separator = strchr(site->url, '?') ? '&' : '?';

	buf__puts(to, site->url);
	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		if (url_has(site->url, params[i].name))
			continue;
		buf__printf(to, "%c%s=%s", separator, params[i].name, params[i].value);
		separator = '&';
	}
	return to->err;
}

/*
 * What its exceptions mean, where the status alone says it wrong: 18.16 answers 500 when it can't parse, 404 for a setting
 * that it doesn't know. Numbers never change their meaning (src/Common/ErrorCodes.cpp there).
 */
static const struct {
	uint32_t code;
	enum push_verdict verdict;
} clickhouse_rules[] = {
	/* The segment. */
	{6, PUSH_REJECTED},   /* CANNOT_PARSE_TEXT */
	{25, PUSH_REJECTED},  /* CANNOT_PARSE_ESCAPE_SEQUENCE */
	{26, PUSH_REJECTED},  /* CANNOT_PARSE_QUOTED_STRING */
	{27, PUSH_REJECTED},  /* CANNOT_PARSE_INPUT_ASSERTION_FAILED */
	{33, PUSH_REJECTED},  /* CANNOT_READ_ALL_DATA */
	{38, PUSH_REJECTED},  /* CANNOT_PARSE_DATE */
	{41, PUSH_REJECTED},  /* CANNOT_PARSE_DATETIME */
	{72, PUSH_REJECTED},  /* CANNOT_PARSE_NUMBER */
	{117, PUSH_REJECTED}, /* INCORRECT_DATA */
	{131, PUSH_REJECTED}, /* TOO_LARGE_STRING_SIZE */
	{307, PUSH_REJECTED}, /* TOO_MANY_BYTES */
	{354, PUSH_REJECTED}, /* ZLIB_INFLATE_FAILED */
	/* The table, the address, the rights: nothing would be taken. */
	{16, PUSH_HALTED},  /* NO_SUCH_COLUMN_IN_TABLE */
	{53, PUSH_HALTED},  /* TYPE_MISMATCH */
	{60, PUSH_HALTED},  /* UNKNOWN_TABLE */
	{62, PUSH_HALTED},  /* SYNTAX_ERROR */
	{73, PUSH_HALTED},  /* UNKNOWN_FORMAT */
	{81, PUSH_HALTED},  /* UNKNOWN_DATABASE */
	{115, PUSH_HALTED}, /* UNKNOWN_SETTING */
	{164, PUSH_HALTED}, /* READONLY */
	{192, PUSH_HALTED}, /* UNKNOWN_USER */
	{193, PUSH_HALTED}, /* WRONG_PASSWORD */
	{194, PUSH_HALTED}, /* REQUIRED_PASSWORD */
	{195, PUSH_HALTED}, /* IP_ADDRESS_NOT_ALLOWED */
	{291, PUSH_HALTED}, /* DATABASE_ACCESS_DENIED */
	{497, PUSH_HALTED}, /* ACCESS_DENIED */
	{516, PUSH_HALTED}, /* AUTHENTICATION_FAILED */
	/* The moment. */
	{159, PUSH_LATER}, /* TIMEOUT_EXCEEDED */
	{201, PUSH_LATER}, /* QUOTA_EXPIRED, QUOTA_EXCEEDED */
	{202, PUSH_LATER}, /* TOO_MANY_SIMULTANEOUS_QUERIES */
	{209, PUSH_LATER}, /* SOCKET_TIMEOUT */
	{210, PUSH_LATER}, /* NETWORK_ERROR */
	{241, PUSH_LATER}, /* MEMORY_LIMIT_EXCEEDED */
	{242, PUSH_LATER}, /* TABLE_IS_READ_ONLY: it lost its ZooKeeper */
	{243, PUSH_LATER}, /* NOT_ENOUGH_SPACE */
	{252, PUSH_LATER}, /* TOO_MANY_PARTS */
	{319, PUSH_LATER}, /* UNKNOWN_STATUS_OF_INSERT */
};

/* The number in "Code: 27, e.displayText() = ..." or "Code: 27. DB::Exception: ..."; 0: the text says nothing like it. */
static uint32_t clickhouse_body_code(const char *body)
{
	static const char prefix[] = "Code: ";
	uint32_t code = 0;

	if (strncmp(body, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	for (const char *p = body + sizeof(prefix) - 1; *p >= '0' && *p <= '9' && code < 1000000;
	     p++)
		code = code * 10 + (uint32_t)(*p - '0');
	return code;
}

static enum push_verdict clickhouse_judge(const struct http_answer *answer,
					  enum push_verdict verdict)
{
	uint32_t code = answer->exception ? answer->exception : clickhouse_body_code(answer->body);

	if (!code)
		return verdict;
	for (size_t i = 0; i < ARRAY_SIZE(clickhouse_rules); i++)
		if (clickhouse_rules[i].code == code)
			return clickhouse_rules[i].verdict;
	/* A success with an exception is none. */
	return verdict == PUSH_TAKEN ? PUSH_LATER : verdict;
}

const struct push_receiver push_clickhouse = {
	.name = "clickhouse",
	.content_type = "application/x-ndjson",
	.content_encoding = "gzip",
	.write_url = clickhouse_write_url,
	.judge = clickhouse_judge,
};
