/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a segment of the spool is called: SEQ-STARTNS-ENDNS-ID.EXT. SEQ is a decimal of 16 digits, so that names sort in
 * order; times are CLOCK_REALTIME; ID names the segment everywhere and for ever, 32 hex digits.
 */
#ifndef APP_SPOOL_NAME_H
#define APP_SPOOL_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_ID_LEN   33 /* with the NUL */
#define SPOOL_EXT_LEN  16 /* the longest ".ndjson.gz", with the NUL */
#define SPOOL_NAME_LEN 128
#define SPOOL_MAX_SEQ  9999999999999998ull

struct spool_name {
	uint64_t seq, start_ns, end_ns;
	char id[SPOOL_ID_LEN];
	char ext[SPOOL_EXT_LEN]; /* with the dot: ".pb.gz" */
};

/* Is it one of the ends that segments have: ".ndjson.gz", ".pb.gz"? */
bool spool_ext_known(const char *ext);
void spool_name__format(const struct spool_name *n, char ret_text[SPOOL_NAME_LEN]);
/* 0, or -EINVAL when @text is not exactly what spool_name__format() writes: no segment. */
int spool_name__parse(struct spool_name *ret_name, const char *text);

#endif
