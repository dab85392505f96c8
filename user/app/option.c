/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Command lines -> the struct of a command. Written by hand rather than over getopt_long: the errors
 * name what would be right, and the same code runs on systems without glibc.
 */
#include "app/option.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/compiler.h"
#include "base/log.h"

#define ID_MAX	     4194304u /* PID_MAX_LIMIT of 64-bit kernels */
#define IDS_MAX_CNT  65536
#define NAME_MAX_LEN 32 /* of the option names that are offered as suggestions */

struct parse {
	const struct command *cmd;
	void *config;
	int argc;
	char **argv;
	int at; /* position of the next word */
	char **operands;
	int operand_cnt;
	char **command; /* after "--"; NULL: none */
};

/* How an option was spelled, for messages: "-p", "--pid". */
struct label {
	char text[80];
};

/* A word of the user, fit for a one-line message. */
static struct label shown(const char *word)
{
	struct label l;
	size_t i;

	for (i = 0; i < sizeof(l.text) - 1 && word[i]; i++)
		l.text[i] = iscntrl((unsigned char)word[i]) ? '?' : word[i];
	l.text[i] = 0;
	if (word[i])
		memcpy(l.text + i - 3, "...", 3);
	return l;
}

/* ---- values ---- */

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
	if (*text == '.' && units == duration_units) {
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
				 shown(text).text);
	if (err)
		return error_set(-EINVAL, "'%s' is not a duration: give one like 10, 500ms or 1m",
				 shown(text).text);
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
static struct label format_scaled(uint64_t value, const struct unit *units)
{
	const struct unit *best = unit_find(units, "");
	struct label l;

	for (; value && units->suffix; units++)
		if (*units->suffix && value % units->factor == 0 &&
		    (units->factor > best->factor || value % best->factor))
			best = units;
	snprintf(l.text, sizeof(l.text), "%llu%s", (unsigned long long)(value / best->factor),
		 best->suffix);
	return l;
}

/* What would be right: "1 to 127", "at least 1ms", "a number like 10". */
static struct label range_text(const struct option_def *def)
{
	const struct number_type *t = number_type(def->type);
	struct label min = format_scaled(def->min, t->units);
	struct label max = format_scaled(def->max, t->units);
	struct label l;

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
		return error_set(-EINVAL, "'%s' is not %s: give %s", shown(text).text, t->noun,
				 range_text(def).text);
	if (err || value < def->min || (def->max && value > def->max))
		return error_set(-EINVAL, "%s is out of range: give %s", shown(text).text,
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
					 shown(whole).text);
		if (err || id < 1 || id > ID_MAX)
			return error_set(-EINVAL, "'%s': ids go from 1 to %u", shown(whole).text,
					 ID_MAX);
		err = ids_add(ids, id);
		if (err || !*text)
			return err;
	}
}

static int set_value(struct parse *p, const struct option_def *def, const char *value)
{
	void *member = (char *)p->config + def->offset;

	switch (def->type) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_STRING:
		*(const char **)member = value;
		return 0;
	case OPTION_U64:
	case OPTION_DURATION:
	case OPTION_SIZE:
		return parse_number(def, value, member);
	case OPTION_PIDS:
		return parse_ids(value, member);
	case OPTION_CUSTOM:
		return def->parse(p->config, value);
	case OPTION_GROUP:
		break;
	}
	return -EINVAL;
}

/* ---- words ---- */

static bool is_end(const struct option_def *def)
{
	return def->type == OPTION_GROUP && !def->help;
}

static bool takes_argument(const struct option_def *def)
{
	return def->type == OPTION_CUSTOM ? def->arg != NULL : def->type != OPTION_FLAG;
}

static const struct option_def *find_letter(const struct option_def *def, char letter)
{
	for (; !is_end(def); def++)
		if (def->type != OPTION_GROUP && def->letter == letter)
			return def;
	return NULL;
}

static const struct option_def *find_name(const struct option_def *def, const char *name,
					  size_t len)
{
	for (; !is_end(def); def++)
		if (def->type != OPTION_GROUP && def->name && strlen(def->name) == len &&
		    !memcmp(def->name, name, len))
			return def;
	return NULL;
}

/* Levenshtein's distance; a large number when one of the words is no option's length. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], a_len = strlen(a), b_len = strlen(b);
	size_t i, j;

	if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN)
		return SIZE_MAX;
	for (j = 0; j <= b_len; j++)
		row[j] = j;
	for (i = 1; i <= a_len; i++) {
		size_t diagonal = row[0]; /* of the previous row */

		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

/* How unlike an option's name is: 0 for one that @word abbreviates. */
static size_t unlikeness(const char *word, const char *name)
{
	return strlen(word) >= 2 && !strncmp(word, name, strlen(word)) ? 0
								       : edit_distance(word, name);
}

/* The long name that was meant by @word; NULL if nothing is near. */
static const char *suggest(const struct option_def *def, const char *word)
{
	size_t best = strlen(word) / 3 + 1, d;
	const char *name = NULL;

	if (strlen(word) < 2)
		return NULL;
	d = unlikeness(word, "help");
	if (d <= best) {
		best = d;
		name = "help";
	}
	for (; !is_end(def); def++) {
		if (def->type == OPTION_GROUP || !def->name)
			continue;
		d = unlikeness(word, def->name);
		if (d < best || (d == best && !name)) {
			best = d;
			name = def->name;
		}
	}
	return name;
}

/* @dashes: as the user wrote it; @name: without dashes and argument. */
static int fail_unknown(const struct parse *p, const char *dashes, const char *name)
{
	const char *near = suggest(p->cmd->options, name);

	if (near)
		return error_set(-EINVAL, "unknown option %s%s: did you mean --%s?", dashes,
				 shown(name).text, near);
	return error_set(-EINVAL, "unknown option %s%s: see dwell %s --help", dashes,
			 shown(name).text, p->cmd->name);
}

/* Puts the option's name in front of the remembered description. */
static int fail_value(const struct label *label, int err)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s", error_text(err));
	return error_set(err, "%s: %s", label->text, text);
}

/* Sets @def from @attached ("=VALUE", "-pVALUE") or, if that is NULL, from the next word. */
static int take(struct parse *p, const struct option_def *def, const struct label *label,
		const char *attached)
{
	int err;

	if (!takes_argument(def)) {
		if (attached)
			return error_set(-EINVAL, "%s: takes no argument", label->text);
	} else if (!attached) {
		if (p->at >= p->argc || !strcmp(p->argv[p->at], "--"))
			return error_set(-EINVAL, "%s: its argument is missing: give %s",
					 label->text, def->arg ? def->arg : "one");
		attached = p->argv[p->at++];
	}
	err = set_value(p, def, attached);
	return err ? fail_value(label, err) : 0;
}

/* "--name", "--name=value"; @word is what follows the dashes. */
static int parse_long(struct parse *p, const char *word)
{
	size_t len = strcspn(word, "=");
	const struct option_def *def = find_name(p->cmd->options, word, len);
	struct label label;

	snprintf(label.text, sizeof(label.text), "--%.*s", (int)(len < 70 ? len : 70), word);
	if (def)
		return take(p, def, &label, word[len] ? word + len + 1 : NULL);
	if (!strcmp(word, "help"))
		return 1;
	return fail_unknown(p, "--", label.text + 2);
}

/* "-p", "-p4711", "-uk"; @word is what follows the dash. */
static int parse_letters(struct parse *p, const char *word)
{
	const char *letters = word;
	int err = 0;

	for (; *letters && !err; letters++) {
		const struct option_def *def = find_letter(p->cmd->options, *letters);
		struct label label = {{'-', *letters}};

		if (!def && *letters == 'h')
			return 1;
		if (!def)
			return fail_unknown(p, "-", letters == word ? word : label.text + 1);
		if (takes_argument(def))
			return take(p, def, &label, letters[1] ? letters + 1 : NULL);
		err = take(p, def, &label, NULL);
	}
	return err;
}

/* 0; 1: help; -errno. */
static int parse_word(struct parse *p, char *word)
{
	if (word[0] != '-' || !word[1]) {
		p->operands[p->operand_cnt++] = word;
		return 0;
	}
	if (word[1] != '-')
		return parse_letters(p, word + 1);
	if (word[2])
		return parse_long(p, word + 2);
	p->command = p->argv + p->at;
	if (p->at == p->argc)
		return error_set(-EINVAL, "nothing follows --: give the command to run");
	return 0;
}

int option_parse(const struct command *cmd, int argc, char **argv, void *config,
		 int *ret_operand_cnt, char ***ret_operands, char ***ret_command)
{
	struct parse p = {.cmd = cmd, .config = config, .argc = argc, .argv = argv, .at = 1};
	int err = 0;

	if (cmd->config_size)
		memset(config, 0, cmd->config_size);
	if (cmd->defaults)
		cmd->defaults(config);
	p.operands = calloc((size_t)argc + 1, sizeof(*p.operands));
	if (!p.operands)
		return error_set(-ENOMEM, "out of memory");
	while (!err && p.at < argc && !p.command) {
		char *word = argv[p.at++];

		err = parse_word(&p, word);
	}
	if (err) {
		free(p.operands);
		option_free(cmd, config);
		return err;
	}
	*ret_operand_cnt = p.operand_cnt;
	*ret_operands = p.operands;
	*ret_command = p.command;
	return 0;
}

void option_free(const struct command *cmd, void *config)
{
	const struct option_def *def;

	for (def = cmd->options; !is_end(def); def++) {
		struct option_ids *ids = (void *)((char *)config + def->offset);

		if (def->type != OPTION_PIDS)
			continue;
		free(ids->ids);
		*ids = (struct option_ids){NULL, 0};
	}
}
