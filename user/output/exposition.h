/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The text in which metrics are exposed: Prometheus's 0.0.4 and OpenMetrics 1.0. One family after the other, each with all of
 * its samples:
 *
 *   exposition__init -> (exposition__family -> samples ...) ... -> exposition__finish
 *
 * Numbers come as integers, of a unit and so many decimals of it, and are written exactly: no floating point, no locale.
 * Label values may be any bytes. There are no timestamps, and no _created samples.
 */
#ifndef OUTPUT_EXPOSITION_H
#define OUTPUT_EXPOSITION_H

#include <stdint.h>

#include "analyze/bounds.h"
#include "base/buf.h"

enum exposition_format {
	EXPOSITION_TEXT,
	EXPOSITION_OPENMETRICS,
};

/*
 * The format to answer with, of a request's Accept header; NULL: it has none. OpenMetrics is only chosen when it is named
 * (1.0.0, or no version) and wanted at least as much as text. What accepts neither gets text.
 */
enum exposition_format exposition_negotiate(const char *accept);
/* The Content-Type, which Prometheus insists on. */
const char *exposition_content_type(enum exposition_format f);

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
};

/* "counter"... */
const char *metric_type_name(enum metric_type type);

struct metric_family {
	const char *name; /* as it is in text 0.0.4: of a counter with _total */
	enum metric_type type;
	const char *labels; /* "group,reason": for documents; "": none */
	const char *help;   /* one sentence */
};

struct metric_label {
	const char *name, *value;
};
#define METRIC_LABELS_MAX 5

/* The labels of a sample; a name of NULL ends them. */
struct metric_labels {
	struct metric_label items[METRIC_LABELS_MAX + 1];
};

struct exposition {
	struct buf *to; /* errors are its */
	enum exposition_format format;
	const struct metric_family *family;
	struct buf clean; /* a label's value on the way */
};

/* @to stays the caller's. */
void exposition__init(struct exposition *x, enum exposition_format format, struct buf *to);
/* Ends the text. 0, or the first error, which is @to's. */
int exposition__finish(struct exposition *x);
/* The next family; @f must stay while it is written. */
void exposition__family(struct exposition *x, const struct metric_family *f);
/* A sample of it: @value * 10^-@decimals. @labels may be NULL. */
void exposition__sample(struct exposition *x, const struct metric_labels *labels,
			unsigned __int128 value, unsigned int decimals);
/* A whole histogram, its sum with so many decimals. */
void exposition__histogram(struct exposition *x, const struct metric_labels *labels,
			   const struct bounds *bounds, const struct bounds_counts *counts,
			   unsigned int decimals);

#endif
