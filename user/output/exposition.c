/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "output/exposition.h"

#include <stdbool.h>
#include <string.h>

#include "model/sanitise.h"

#define EXPOSITION_LABEL_MAX 16384
#define EXPOSITION_TOTAL     "_total"
#define U128_DIGITS	     40 /* with the NUL */

const char *metric_type_name(enum metric_type type)
{
	static const char *const names[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	return names[type];
}

void exposition__init(struct exposition *x, enum exposition_format format, struct buf *to)
{
	*x = (struct exposition){.to = to, .format = format};
	buf__init(&x->clean, EXPOSITION_LABEL_MAX);
}

int exposition__finish(struct exposition *x)
{
	if (x->format == EXPOSITION_OPENMETRICS)
		buf__puts(x->to, "# EOF\n");
	buf__fini(&x->clean);
	return x->to->err;
}

/* ---- families ---- */

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && !memcmp(s + len - end_len, end, end_len);
}

/* How much of the name is the family's: in OpenMetrics a counter's ends before "_total". */
static size_t exposition_family_len(const struct exposition *x)
{
	size_t len = strlen(x->family->name);

	if (x->format == EXPOSITION_OPENMETRICS && x->family->type == METRIC_COUNTER &&
	    ends_with(x->family->name, len, EXPOSITION_TOTAL))
		len -= strlen(EXPOSITION_TOTAL);
	return len;
}

static void exposition_meta(struct exposition *x, const char *what, const char *text)
{
	buf__puts(x->to, what);
	buf__append(x->to, x->family->name, exposition_family_len(x));
	buf__putc(x->to, ' ');
	buf__puts(x->to, text);
	buf__putc(x->to, '\n');
}

/* The unit has to be the end of the family's name. */
static void exposition_unit(struct exposition *x)
{
	static const char *const units[] = {"seconds", "bytes", "ratio"};
	size_t len = exposition_family_len(x), unit_len;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		unit_len = strlen(units[i]);
		if (ends_with(x->family->name, len, units[i]) && len > unit_len &&
		    x->family->name[len - unit_len - 1] == '_')
			exposition_meta(x, "# UNIT ", units[i]);
	}
}

void exposition__family(struct exposition *x, const struct metric_family *f)
{
	x->family = f;
	/* Help is ours: it has neither '\\' nor a line's end. */
	exposition_meta(x, "# HELP ", f->help);
	exposition_meta(x, "# TYPE ", metric_type_name(f->type));
	if (x->format == EXPOSITION_OPENMETRICS)
		exposition_unit(x);
}

/* ---- samples ---- */

/* @value * 10^-@decimals, exactly and without zeros at its end. */
static void exposition_number(struct buf *to, unsigned __int128 value, unsigned int decimals)
{
	char text[2 * U128_DIGITS], *at = text + sizeof(text);

	for (; decimals && value % 10 == 0; decimals--)
		value /= 10;
	for (; decimals; decimals--, value /= 10) {
		*--at = (char)('0' + (int)(value % 10));
		if (decimals == 1)
			*--at = '.';
	}
	do {
		*--at = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value);
	buf__append(to, at, (size_t)(text + sizeof(text) - at));
}

static bool exposition_is_plain(const char *value)
{
	for (; *value; value++)
		if (*value < ' ' || *value > '~' || *value == '\\' || *value == '"')
			return false;
	return true;
}

static void exposition_value(struct exposition *x, const char *value)
{
	if (exposition_is_plain(value)) {
		buf__puts(x->to, value);
		return;
	}
	/* Valid UTF-8 without control characters: what remains to be escaped is this. */
	buf__reset(&x->clean);
	if (sanitise_text(value, &x->clean) && !x->to->err)
		x->to->err = x->clean.err;
	for (const char *p = buf__str(&x->clean); *p; p++) {
		if (*p == '\\' || *p == '"')
			buf__putc(x->to, '\\');
		buf__putc(x->to, *p);
	}
}

static void exposition_label(struct exposition *x, const char *name, const char *value, char before)
{
	buf__putc(x->to, before);
	buf__puts(x->to, name);
	buf__puts(x->to, "=\"");
	exposition_value(x, value);
	buf__putc(x->to, '"');
}

/* The name, its suffix and the labels, with @le among them unless NULL. */
static void exposition_series(struct exposition *x, const char *suffix,
			      const struct metric_labels *labels, const char *le)
{
	char before = '{';

	buf__puts(x->to, x->family->name);
	buf__puts(x->to, suffix);
	for (const struct metric_label *l = labels ? labels->items : NULL; l && l->name; l++) {
		exposition_label(x, l->name, l->value, before);
		before = ',';
	}
	if (le) {
		exposition_label(x, "le", le, before);
		before = ',';
	}
	buf__puts(x->to, before == ',' ? "} " : " ");
}

static void exposition_line(struct exposition *x, const char *suffix,
			    const struct metric_labels *labels, const char *le,
			    unsigned __int128 value, unsigned int decimals)
{
	exposition_series(x, suffix, labels, le);
	exposition_number(x->to, value, decimals);
	buf__putc(x->to, '\n');
}

void exposition__sample(struct exposition *x, const struct metric_labels *labels,
			unsigned __int128 value, unsigned int decimals)
{
	exposition_line(x, "", labels, NULL, value, decimals);
}

void exposition__histogram(struct exposition *x, const struct metric_labels *labels,
			   const struct bounds *bounds, const struct bounds_counts *counts,
			   unsigned int decimals)
{
	uint64_t cnt = 0;

	for (uint32_t i = 0; i < bounds->cnt; i++) {
		cnt += counts->cnts[i];
		exposition_line(x, "_bucket", labels, bounds->le[i], cnt, 0);
	}
	exposition_line(x, "_bucket", labels, "+Inf", counts->cnt, 0);
	exposition_line(x, "_sum", labels, NULL, counts->sum, decimals);
	exposition_line(x, "_count", labels, NULL, counts->cnt, 0);
}
