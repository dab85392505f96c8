/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The metrics of Go programs, as a part of an exposition. */
#ifndef OUTPUT_GO_METRICS_TEXT_H
#define OUTPUT_GO_METRICS_TEXT_H

#include "analyze/go_metrics.h"
#include "output/metrics_text.h"

/* No service ever has more, whatever its processes do: see analyze/go_metrics.h. */
#define GO_SERVICE_SERIES_MAX 250

/* A struct metrics_part's write; @arg is a struct go_metrics of go_metrics__copy(). */
void go_metrics_write(struct metrics_writer *w, const void *arg);

#endif
