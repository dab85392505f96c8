/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The systems that segments of the spool are sent to. What one wants to be asked, and what its answers mean, is all that a
 * receiver knows: no files, no network, no clock.
 */
#ifndef OUTPUT_PUSH_RECEIVER_H
#define OUTPUT_PUSH_RECEIVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/os_http_client.h"

/* What becomes of a segment. */
enum push_verdict {
	PUSH_TAKEN,    /* it has arrived */
	PUSH_LATER,    /* the same again, after a while */
	PUSH_REJECTED, /* this segment is never taken; the next one may be */
	/*
	 * Nothing would be taken: rights, or an address or a schema that is wrong. That is not the segments' fault, so
	 * they wait for somebody who repairs it.
	 */
	PUSH_HALTED,
};

/* What a segment is called, for the receiver. */
struct push_segment {
	const char *id; /* 32 hex digits: one segment, however often it is sent */
	const void *data;
	size_t len;
};

struct push_label {
	const char *name, *value;
};

/* What the user said about a receiver. Texts are not owned. */
struct push_site {
	const char *url;
	const char *tenant; /* NULL: none */
	const struct push_label
		*labels; /* what the segments are of, where they don't say it themselves */
	size_t label_cnt;
};

struct push_receiver {
	const char *name; /* as in --to NAME=URL and SPOOL/NAME */
	const char *content_type;
	const char *content_encoding; /* NULL: none */
	/* Appends to @to the address to post to. The buffer's error. */
	int (*write_url)(const struct push_site *site, struct buf *to);
	/* Appends what is sent for @segment; NULL: its bytes as they are. The buffer's error. */
	int (*write_body)(const struct push_site *site, const struct push_segment *segment,
			  struct buf *to);
	/* What an answer means, beyond its status. NULL: nothing. */
	enum push_verdict (*judge)(const struct http_answer *answer, enum push_verdict verdict);
};

extern const struct push_receiver push_clickhouse, push_pyroscope;

/* The receivers in the order of help; ends with NULL. */
const struct push_receiver *const *push_receivers(void);
/* The one of that name, @len bytes of it; NULL: there is none. */
const struct push_receiver *push_receiver_find(const char *name, size_t len);

/* What @answer means to a receiver. */
enum push_verdict push_receiver__judge(const struct push_receiver *r,
				       const struct http_answer *answer);

#endif
