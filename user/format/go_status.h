/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the states of goroutines say. */
#ifndef FORMAT_GO_STATUS_H
#define FORMAT_GO_STATUS_H

#include "format/go_layout.h"
#include "model/go_reason.h"

/* "waiting": Go's own word. */
const char *go_status_name(enum go_status status);
/* Why one in that state doesn't run; @text: what Go calls it, if it waits. */
enum go_reason go_reason_of(enum go_status status, const char *text);

#endif
