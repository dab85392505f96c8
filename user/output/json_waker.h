/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef OUTPUT_JSON_WAKER_H
#define OUTPUT_JSON_WAKER_H

#include "model/profile.h"
#include "output/json_writer.h"

/* A member "waker": who ended the waits of @s. */
void json__member_waker(struct json *j, const struct profile *p, const struct profile_sample *s);

#endif
