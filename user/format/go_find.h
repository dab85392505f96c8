/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Variables of Go's runtime that are found by what is in them, since stripped programs have no names for them. */
#ifndef FORMAT_GO_FIND_H
#define FORMAT_GO_FIND_H

#include "format/go_layout.h"

#define GO_MAX_GOROUTINES (1u << 20) /* a list that is longer is cut */

/* A slice: what runtime.allgs is. */
struct go_slice {
	uint64_t data, len, cap;
};

/* Can it be the list of all goroutines, by its three words? */
bool go_slice_is_sane(const struct go_slice *s);

/*
 * Finds runtime.allgs: the longest slice of pointers to what looks like goroutines. 0, its address and some of its goroutines;
 * -ENOENT: there is none, or it changes too fast to be told from copies of it; -ENOMEM.
 */
int go_find_allgs(const struct go_code *c, uint64_t *ret_addr, struct go_sample *ret_sample);

#define GO_WAIT_REASON_MAX   128
#define GO_WAIT_REASON_BYTES 48

/* The texts of runtime.waitReasonStrings, which are others in each version. */
struct go_wait_reasons {
	char texts[GO_WAIT_REASON_MAX][GO_WAIT_REASON_BYTES];
	size_t cnt;
};

/* 0; -ENOENT; -ENOMEM. */
int go_find_wait_reasons(const struct go_code *c, struct go_wait_reasons *ret);
/* Of a goroutine's wait reason; "unknown" when there is none. */
const char *go_wait_reasons__text(const struct go_wait_reasons *r, uint8_t reason);

#endif
