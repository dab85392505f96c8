/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Bytes -> events: the only place that trusts nothing about a wire record. */
#ifndef FORMAT_RECORD_H
#define FORMAT_RECORD_H

#include <stddef.h>

#include "model/event.h"

/*
 * Checks the record at @data (8-byte aligned) against the @len bytes that are there: size, counts,
 * lengths, string terminators, flags that select members. 0 and *@ret_event pointing into @data (its
 * size is ret_event->h->size); -EBADMSG (error_set says what); 1: a kind this version does not know,
 * skip h->size bytes.
 */
int record_decode(const void *data, size_t len, struct event *ret_event);

#endif
