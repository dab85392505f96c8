/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a word means for an option of each type. */
#include "app/option_value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/log.h"

#define ID_MAX	    4194304u /* PID_MAX_LIMIT of 64-bit kernels */
#define IDS_MAX_CNT 65536

struct option_label option_shown(const char *word)
{
	struct option_label l;
	size_t i;

	for (i = 0; i < sizeof(l.text) - 1 && word[i]; i++)
		l.text[i] = iscntrl((unsigned char)word[i]) ? '?' : word[i];
	l.text[i] = 0;
	if (word[i])
		memcpy(l.text + i - 3, "...", 3);
	return l;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* The first is what a number without a unit means. */
static const struct unit duration_units[] = {
	{"", 1000000000}, {"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000},
	{"ms", 1000000},  {"us", 1000},		{"ns", 1},	    {NULL, 0},
};
static const struct unit size_units[] = {
	{"", 1},	{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10},
	{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {NULL, 0},
};
static const struct unit percent_units[] = {{"", 10000}, {"%", 10000}, {NULL, 0}}; /* ppm */
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *unit_find(const struct unit *units, const char *suffix)
{
	for (; units->suffix; units++)
		if (!strcmp(units->suffix, suffix))
			return units;
	return NULL;
}

/* Digits of @base at *@text, moved past them. -EINVAL without any, -ERANGE past 64 bits. */
static int parse_digits(const char **text, unsigned int base, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *p = *text;

	for (; base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p); p++) {
		unsigned int digit = isdigit((unsigned char)*p) ? *p - '0' : (*p | 32) - 'a' + 10;

		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -ERANGE;
	}
	if (p == *text)
		return -EINVAL;
	*text = p;
	*ret_value = value;
	return 0;
}

static int parse_u64(const char *text, uint64_t *ret_value)
{
	unsigned int base = 10;
	uint64_t value;
	int err;

	if (text[0] == '0' && (text[1] | 32) == 'x') {
		base = 16;
		text += 2;
	}
	err = parse_digits(&text, base, &value);
	if (err)
		return err;
	if (*text)
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* The decimals at *@text (after the point) times @factor, digits finer than 1 dropped. */
static uint64_t parse_decimals(const char **text, uint64_t factor)
{
	uint64_t value = 0;

	for (; isdigit((unsigned char)**text); (*text)++) {
		factor /= 10;
		value += (uint64_t)(**text - '0') * factor;
	}
	return value;
}

/* A number with one of @units; decimals where the units are decimal. -EINVAL, -ERANGE. */
static int parse_scaled(const char *text, const struct unit *units, uint64_t *ret_value)
{
	const char *decimals = NULL;
	const struct unit *unit;
	uint64_t value;
	int err;

	err = parse_digits(&text, 10, &value);
	if (err)
		return err;
	if (*text == '.' && (units == duration_units || units == percent_units)) {
		decimals = text + 1;
		if (!isdigit((unsigned char)*decimals))
			return -EINVAL;
		text = decimals + strspn(decimals, "0123456789");
	}
	unit = unit_find(units, text);
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(value, unit->factor, &value))
		return -ERANGE;
	if (decimals &&
	    __builtin_add_overflow(value, parse_decimals(&decimals, unit->factor), &value))
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int option_parse_duration(const char *text, uint64_t *ret_ns)
{
	int err = parse_scaled(text, duration_units, ret_ns);

	if (err == -ERANGE)
		return error_set(-EINVAL, "'%s' is too long: give at most 500 years",
				 option_shown(text).text);
	if (err)
		return error_set(-EINVAL, "'%s' is not a duration: give one like 10, 500ms or 1m",
				 option_shown(text).text);
	return 0;
}

int option_parse_percent(const char *text, uint32_t *ret_ppm)
{
	uint64_t ppm = 0;
	int err = parse_scaled(text, percent_units, &ppm);

	if (err == -EINVAL)
		return error_set(-EINVAL, "'%s' is not a percentage: give one like 1%% or 0.5%%",
				 option_shown(text).text);
	if (err || !ppm || ppm > 1000000)
		return error_set(-EINVAL, "%s is out of range: give 0.0001%% to 100%%",
				 option_shown(text).text);
	*ret_ppm = (uint32_t)ppm;
	return 0;
}

/* What the types with a range have in common. */
struct number_type {
	const char *noun;
	const char *like; /* examples, when any value is right */
	const struct unit *units;
};

static const struct number_type *number_type(enum option_type type)
{
	static const struct number_type u64 = {"a number", "a number like 10", no_units};
	static const struct number_type duration = {"a duration", "one like 10, 500ms or 1m",
						    duration_units};
	static const struct number_type size = {"a size", "one like 4096, 64k or 1m", size_units};

	return type == OPTION_DURATION ? &duration : type == OPTION_SIZE ? &size : &u64;
}

/* @value in the largest unit that leaves no remainder: "500ms". */
static struct option_label format_scaled(uint64_t value, const struct unit *units)
{
	const struct unit *best = units; /* without a suffix */
	struct option_label l;

	for (; value && units->suffix; units++)
		if (*units->suffix && value % units->factor == 0 &&
		    (units->factor > best->factor || value % best->factor))
			best = units;
	snprintf(l.text, sizeof(l.text), "%llu%s", (unsigned long long)(value / best->factor),
		 best->suffix);
	return l;
}

/* What would be right: "1 to 127", "at least 1ms", "a number like 10". */
static struct option_label range_text(const struct option_def *def)
{
	const struct number_type *t = number_type(def->type);
	struct option_label min = format_scaled(def->min, t->units);
	struct option_label max = format_scaled(def->max, t->units);
	struct option_label l;

	if (def->max)
		snprintf(l.text, sizeof(l.text), "%.35s to %.35s", min.text, max.text);
	else if (def->min)
		snprintf(l.text, sizeof(l.text), "at least %.60s", min.text);
	else
		snprintf(l.text, sizeof(l.text), "%s", t->like);
	return l;
}

static int parse_number(const struct option_def *def, const char *text, uint64_t *ret_value)
{
	const struct number_type *t = number_type(def->type);
	uint64_t value = 0;
	int err;

	err = def->type == OPTION_U64 ? parse_u64(text, &value)
				      : parse_scaled(text, t->units, &value);
	if (err == -EINVAL)
		return error_set(-EINVAL, "'%s' is not %s: give %s", option_shown(text).text,
				 t->noun, range_text(def).text);
	if (err || value < def->min || (def->max && value > def->max))
		return error_set(-EINVAL, "%s is out of range: give %s", option_shown(text).text,
				 range_text(def).text);
	*ret_value = value;
	return 0;
}

static int ids_add(struct option_ids *ids, uint64_t id)
{
	size_t cap = ids->cnt; /* not remembered in the struct: lists are short */
	int err;

	err = array__grow((void **)&ids->ids, &cap, ids->cnt + 1, sizeof(*ids->ids), IDS_MAX_CNT);
	if (err == -E2BIG)
		return error_set(-EINVAL, "more than %d ids", IDS_MAX_CNT);
	if (err)
		return error_set(err, "out of memory");
	ids->ids[ids->cnt++] = (uint32_t)id;
	return 0;
}

/* "1,2,3"; a repeated option appends. */
static int parse_ids(const char *text, struct option_ids *ids)
{
	const char *whole = text;
	uint64_t id;
	int err;

	for (;; text++) {
		err = parse_digits(&text, 10, &id);
		if (err == -EINVAL || (!err && *text && *text != ','))
			return error_set(-EINVAL, "'%s' is not a list of ids: give one like 1,2,3",
					 option_shown(whole).text);
		if (err || id < 1 || id > ID_MAX)
			return error_set(-EINVAL, "'%s': ids go from 1 to %u",
					 option_shown(whole).text, ID_MAX);
		err = ids_add(ids, id);
		if (err || !*text)
			return err;
	}
}

int option_parse_yes(const char *text, bool *ret_yes)
{
	bool yes = !strcmp(text, "yes") || !strcmp(text, "true");

	if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
		return error_set(-EINVAL, "'%s' is neither yes nor no: give one of these",
				 option_shown(text).text);
	*ret_yes = yes;
	return 0;
}

/* Of an option without argument: @value is NULL, or says yes or no. */
static int set_flag(const struct option_def *def, void *config, const char *value)
{
	bool yes = true;
	int err = value ? option_parse_yes(value, &yes) : 0;

	if (err)
		return err;
	if (def->type == OPTION_CUSTOM)
		return yes ? def->parse(config, NULL) : 0;
	*(bool *)((char *)config + def->offset) = yes;
	return 0;
}

int option_set(const struct option_def *def, void *config, const char *value)
{
	void *member = (char *)config + def->offset;

	switch (def->type) {
	case OPTION_FLAG:
		return set_flag(def, config, value);
	case OPTION_STRING:
		*(const char **)member = value;
		return 0;
	case OPTION_FILE:
		((struct option_file *)member)->path = strcmp(value, "none") ? value : NULL;
		((struct option_file *)member)->given = true;
		return 0;
	case OPTION_U64:
	case OPTION_DURATION:
	case OPTION_SIZE:
		return parse_number(def, value, member);
	case OPTION_PIDS:
		return parse_ids(value, member);
	case OPTION_CUSTOM:
		return def->arg ? def->parse(config, value) : set_flag(def, config, value);
	case OPTION_GROUP:
		break;
	}
	return -EINVAL;
}

struct option_label option_format(const struct option_def *def, const void *config)
{
	const void *member = (const char *)config + def->offset;
	struct option_label none = {""}, l = {""};

	switch (def->type) {
	case OPTION_FLAG:
		snprintf(l.text, sizeof(l.text), "%s", *(const bool *)member ? "yes" : "no");
		return l;
	case OPTION_U64:
	case OPTION_DURATION:
	case OPTION_SIZE:
		if (!*(const uint64_t *)member)
			return none;
		return format_scaled(*(const uint64_t *)member, number_type(def->type)->units);
	case OPTION_CUSTOM:
		if (def->preset || !def->arg)
			return option_shown(def->preset ? def->preset : "no");
		return none;
	default:
		return none;
	}
}

int option_fail(const struct option_label *label, int err)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s", error_text(err));
	return error_set(err, "%s: %s", label->text, text);
}
