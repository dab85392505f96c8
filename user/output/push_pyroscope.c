/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Pyroscope: its push API, as JSON with the segment, a gzip'd pprof file, in base64. Profiles that are too old for it (an
 * hour by default) it refuses with 400, so they are rejected.
 */
#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"
#include "output/push_receiver.h"

#define PYROSCOPE_PATH "/push.v1.PusherService/Push"
#define PYROSCOPE_NAME \
	"block" /* the profile type that Go's block profile, which ours is like, is filed under */
#define PYROSCOPE_SERVICE "dwell"

static int pyroscope_write_url(const struct push_site *site, struct buf *to)
{
	size_t len = strlen(site->url), path_len = strlen(PYROSCOPE_PATH);

	if (len >= path_len && !strcmp(site->url + len - path_len, PYROSCOPE_PATH))
		return buf__puts(to, site->url);
	while (len && site->url[len - 1] == '/')
		len--;
	buf__append(to, site->url, len);
	return buf__puts(to, PYROSCOPE_PATH);
}

static void put_json_string(struct buf *to, const char *s)
{
	buf__putc(to, '"');
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20)
			buf__printf(to, "\\u%04x", *s);
		else if (*s == '"' || *s == '\\')
			buf__printf(to, "\\%c", *s);
		else
			buf__putc(to, *s);
	}
	buf__putc(to, '"');
}

static void put_label(struct buf *to, const char *name, const char *value)
{
	buf__puts(to, "{\"name\":");
	put_json_string(to, name);
	buf__puts(to, ",\"value\":");
	put_json_string(to, value);
	buf__putc(to, '}');
}

static void put_labels(struct buf *to, const struct push_site *site)
{
	bool service = false;

	put_label(to, "__name__", PYROSCOPE_NAME);
	for (size_t i = 0; i < site->label_cnt; i++) {
		service = service || !strcmp(site->labels[i].name, "service_name");
		buf__putc(to, ',');
		put_label(to, site->labels[i].name, site->labels[i].value);
	}
	if (!service) {
		buf__putc(to, ',');
		put_label(to, "service_name", PYROSCOPE_SERVICE);
	}
}

/* The 32 digits of an id as a UUID has them. */
static void put_uuid(struct buf *to, const char *id)
{
	static const unsigned int group_lens[] = {8, 4, 4, 4, 12};

	for (size_t i = 0; i < ARRAY_SIZE(group_lens) && *id; i++) {
		size_t len = strnlen(id, group_lens[i]);

		if (i)
			buf__putc(to, '-');
		buf__append(to, id, len);
		id += len;
	}
}

static void put_base64(struct buf *to, const unsigned char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)data[i] << 16;
		char four[4] = {0, 0, '=', '='};

		bits |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
		bits |= left > 2 ? data[i + 2] : 0;
		four[0] = digits[bits >> 18];
		four[1] = digits[bits >> 12 & 63];
		if (left > 1)
			four[2] = digits[bits >> 6 & 63];
		if (left > 2)
			four[3] = digits[bits & 63];
		buf__append(to, four, sizeof(four));
	}
}

static int pyroscope_write_body(const struct push_site *site, const struct push_segment *segment,
				struct buf *to)
{
	buf__puts(to, "{\"series\":[{\"labels\":[");
	put_labels(to, site);
	buf__puts(to, "],\"samples\":[{\"ID\":\"");
	put_uuid(to, segment->id);
	buf__puts(to, "\",\"rawProfile\":\"");
	put_base64(to, segment->data, segment->len);
	return buf__puts(to, "\"}]}]}");
}

const struct push_receiver push_pyroscope = {
	.name = "pyroscope",
	.content_type = "application/json",
	.write_url = pyroscope_write_url,
	.write_body = pyroscope_write_body,
};
