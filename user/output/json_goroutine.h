/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef OUTPUT_JSON_GOROUTINE_H
#define OUTPUT_JSON_GOROUTINE_H

#include "model/profile.h"
#include "output/json_writer.h"

/* Members of a wait of a goroutine, which Go's scheduler ended; @wait_name: a string id, Go's word for what it waited for. */
void json__member_goroutine(struct json *j, const struct profile *p, uint32_t wait_name);

/* A member "labels", an object, if @labels (struct profile_sample) is not 0. */
void json__member_labels(struct json *j, const struct profile *p, uint32_t labels);

#endif
