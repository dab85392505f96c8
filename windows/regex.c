/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A pattern becomes steps of a machine that is in many states at once: time is text times steps, whatever the pattern. Steps
 * name others by distance, so a part of a pattern can be moved and copied.
 */
#include <ctype.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGEX_MAX_STEPS	 65536
#define REGEX_MAX_REPEAT 32767
#define REGEX_MAX_DEPTH	 250

enum regex_kind {
	REGEX_SET,  /* one byte of the set */
	REGEX_FORK, /* to both distances */
	REGEX_BEGIN,
	REGEX_END,
	REGEX_WORD_EDGE,
	REGEX_NO_WORD_EDGE,
	REGEX_WORD_BEGIN,
	REGEX_WORD_END,
	REGEX_MATCH,
};

struct regex_step {
	enum regex_kind kind;
	int to[2];
	uint8_t set[32];
};

struct regex_parser {
	const char *at;
	struct regex_step *steps;
	size_t cnt, max;
	int depth, err;
};

/* ---- steps ---- */

static bool regex_reserve(struct regex_parser *p, size_t more)
{
	size_t max = p->max ? p->max : 16;
	struct regex_step *steps;

	if (p->err || p->cnt + more > REGEX_MAX_STEPS) {
		p->err = p->err ? p->err : REG_ESPACE;
		return false;
	}
	while (max < p->cnt + more)
		max *= 2;
	if (max == p->max)
		return true;
	steps = realloc(p->steps, max * sizeof(*steps));
	if (!steps) {
		p->err = REG_ESPACE;
		return false;
	}
	p->steps = steps;
	p->max = max;
	return true;
}

/* A step before the one at @at, or at the end. A fork by (1, 1) does nothing, by (x, x) is a jump. */
static void regex_insert(struct regex_parser *p, size_t at, enum regex_kind kind, int a, int b)
{
	if (!regex_reserve(p, 1))
		return;
	memmove(&p->steps[at + 1], &p->steps[at], (p->cnt - at) * sizeof(*p->steps));
	p->steps[at] = (struct regex_step){.kind = kind, .to = {a, b}};
	p->cnt++;
}

static struct regex_step *regex_add(struct regex_parser *p, enum regex_kind kind, int a, int b)
{
	regex_insert(p, p->cnt, kind, a, b);
	return p->err ? NULL : &p->steps[p->cnt - 1];
}

static void set_add(uint8_t *set, unsigned char c)
{
	set[c / 8] |= (uint8_t)(1 << c % 8);
}

static bool set_has(const uint8_t *set, unsigned char c)
{
	return set[c / 8] >> c % 8 & 1;
}

static void set_invert(uint8_t *set)
{
	for (int i = 0; i < 32; i++)
		set[i] = (uint8_t)~set[i];
}

/* ---- brackets ---- */

static int is_ascii(int c, int (*is)(int c))
{
	return c < 128 && is(c);
}

static bool bracket_add_class(uint8_t *set, const char *name, size_t len)
{
	static const struct {
		const char *name;
		int (*is)(int c);
	} classes[] = {
		{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
		{"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
		{"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strlen(classes[i].name) != len || memcmp(classes[i].name, name, len) != 0)
			continue;
		for (int c = 0; c < 128; c++)
			if (is_ascii(c, classes[i].is))
				set_add(set, (unsigned char)c);
		return true;
	}
	return false;
}

/* One byte, as itself or as [.x.]; -1 and an error. */
static int bracket_byte(struct regex_parser *p)
{
	char kind = p->at[0] == '[' ? p->at[1] : '\0';

	if (!p->at[0]) {
		p->err = REG_EBRACK;
		return -1;
	}
	if (kind != '.' && kind != '=')
		return (unsigned char)*p->at++;
	if (!p->at[2] || p->at[3] != kind || p->at[4] != ']') {
		p->err = REG_EBRACK;
		return -1;
	}
	p->at += 5;
	return (unsigned char)p->at[-3];
}

static void bracket_item(struct regex_parser *p, uint8_t *set, bool first)
{
	int from, to;

	/* Only at the beginning or the end a '-' is itself. */
	if (!first && p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		p->err = REG_ERANGE;
		return;
	}
	if (p->at[0] == '[' && p->at[1] == ':') {
		const char *name = p->at + 2, *end = strstr(name, ":]");

		if (!end) {
			p->err = REG_EBRACK;
		} else if (!bracket_add_class(set, name, (size_t)(end - name))) {
			p->err = REG_ECTYPE;
		} else {
			p->at = end + 2;
		}
		return;
	}
	from = to = bracket_byte(p);
	if (!p->err && p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		p->at++;
		to = bracket_byte(p);
	}
	if (!p->err && to < from)
		p->err = REG_ERANGE;
	for (int c = from; !p->err && c <= to; c++)
		set_add(set, (unsigned char)c);
}

/* Behind the [. */
static void regex_parse_bracket(struct regex_parser *p)
{
	uint8_t set[32] = {0};
	bool invert = *p->at == '^', first = true;
	struct regex_step *s;

	p->at += invert;
	for (; !p->err && (first || *p->at != ']'); first = false)
		bracket_item(p, set, first);
	if (p->err)
		return;
	p->at++;
	if (invert)
		set_invert(set);
	s = regex_add(p, REGEX_SET, 0, 0);
	if (s)
		memcpy(s->set, set, sizeof(set));
}

/* ---- the rest of the syntax ---- */

static void regex_parse_either(struct regex_parser *p);

static void regex_add_byte(struct regex_parser *p, unsigned char c)
{
	struct regex_step *s = regex_add(p, REGEX_SET, 0, 0);

	if (s)
		set_add(s->set, c);
}

static void regex_add_any(struct regex_parser *p)
{
	struct regex_step *s = regex_add(p, REGEX_SET, 0, 0);

	if (s)
		set_invert(s->set);
}

static bool is_word(int c)
{
	return is_ascii(c, isalnum) || c == '_';
}

/* \w \W \s \S */
static void regex_add_kind(struct regex_parser *p, char kind)
{
	struct regex_step *s = regex_add(p, REGEX_SET, 0, 0);

	if (!s)
		return;
	for (int c = 0; c < 128; c++)
		if (tolower(kind) == 'w' ? is_word(c) : is_ascii(c, isspace))
			set_add(s->set, (unsigned char)c);
	if (isupper(kind))
		set_invert(s->set);
}

/* True: it was an anchor, which can't be repeated. */
static bool regex_parse_escape(struct regex_parser *p)
{
	static const char anchors[] = "bB<>`'";
	static const enum regex_kind kinds[] = {REGEX_WORD_EDGE,  REGEX_NO_WORD_EDGE,
						REGEX_WORD_BEGIN, REGEX_WORD_END,
						REGEX_BEGIN,	  REGEX_END};
	char c = *p->at++;
	const char *anchor = c ? strchr(anchors, c) : NULL;

	if (!c)
		p->err = REG_EESCAPE;
	else if (c >= '1' && c <= '9')
		p->err = REG_ESUBREG;
	else if (anchor)
		regex_add(p, kinds[anchor - anchors], 0, 0);
	else if (strchr("wWsS", c))
		regex_add_kind(p, c);
	else
		regex_add_byte(p, (unsigned char)c);
	return anchor;
}

static void regex_parse_group(struct regex_parser *p)
{
	if (++p->depth > REGEX_MAX_DEPTH) {
		p->err = REG_ESPACE;
		return;
	}
	regex_parse_either(p);
	p->depth--;
	if (p->err)
		return;
	if (*p->at == ')')
		p->at++;
	else
		p->err = REG_EPAREN;
}

/* True: an anchor. */
static bool regex_parse_atom(struct regex_parser *p)
{
	char c = *p->at++;

	switch (c) {
	case '(':
		regex_parse_group(p);
		return false;
	case '[':
		regex_parse_bracket(p);
		return false;
	case '.':
		regex_add_any(p);
		return false;
	case '\\':
		return regex_parse_escape(p);
	case '^':
		regex_add(p, REGEX_BEGIN, 0, 0);
		return true;
	case '$':
		regex_add(p, REGEX_END, 0, 0);
		return true;
	case '*':
	case '+':
	case '?':
	case '{':
		p->err = REG_BADRPT;
		return false;
	default:
		regex_add_byte(p, (unsigned char)c);
		return false;
	}
}

/* ---- repetition ---- */

static void regex_copy(struct regex_parser *p, const struct regex_step *part, size_t len)
{
	if (!len || !regex_reserve(p, len))
		return;
	memcpy(&p->steps[p->cnt], part, len * sizeof(*part));
	p->cnt += len;
}

static void regex_make_optional(struct regex_parser *p, size_t start)
{
	regex_insert(p, start, REGEX_FORK, 1, (int)(p->cnt - start) + 1);
}

static void regex_make_star(struct regex_parser *p, size_t start)
{
	int len = (int)(p->cnt - start);

	regex_insert(p, start, REGEX_FORK, 1, len + 2);
	regex_add(p, REGEX_FORK, -len - 1, -len - 1);
}

/* @max < 0: without an end. */
static void regex_repeat(struct regex_parser *p, size_t start, int min, int max)
{
	size_t len = p->cnt - start;
	struct regex_step *part = malloc((len ? len : 1) * sizeof(*part));

	if (!part) {
		p->err = REG_ESPACE;
		return;
	}
	if (len)
		memcpy(part, p->steps + start, len * sizeof(*part));
	p->cnt = start;
	for (int i = 0; !p->err && i < min; i++)
		regex_copy(p, part, len);
	if (max < 0) {
		start = p->cnt;
		regex_copy(p, part, len);
		if (!p->err)
			regex_make_star(p, start);
	}
	for (int i = min; !p->err && i < max; i++) {
		start = p->cnt;
		regex_copy(p, part, len);
		if (!p->err)
			regex_make_optional(p, start);
	}
	free(part);
}

/* -1: none there. */
static int regex_parse_number(struct regex_parser *p)
{
	int n = -1;

	for (; *p->at >= '0' && *p->at <= '9'; p->at++) {
		n = (n < 0 ? 0 : n) * 10 + (*p->at - '0');
		if (n > REGEX_MAX_REPEAT)
			n = REGEX_MAX_REPEAT + 1;
	}
	return n;
}

/* Behind the {. */
static void regex_parse_bounds(struct regex_parser *p, size_t start)
{
	int min = regex_parse_number(p), max = min;

	if (*p->at == ',') {
		p->at++;
		max = regex_parse_number(p);
		min = min < 0 ? 0 : min;
	}
	if (!*p->at)
		p->err = REG_EBRACE;
	else if (*p->at != '}' || min < 0 || (max >= 0 && max < min))
		p->err = REG_BADBR;
	else if (min > REGEX_MAX_REPEAT || max > REGEX_MAX_REPEAT)
		p->err = REG_ESPACE;
	if (p->err)
		return;
	p->at++;
	regex_repeat(p, start, min, max);
}

static void regex_parse_repeats(struct regex_parser *p, size_t start)
{
	while (!p->err) {
		int len = (int)(p->cnt - start);

		switch (*p->at) {
		case '*':
			regex_make_star(p, start);
			break;
		case '+':
			regex_add(p, REGEX_FORK, -len, 1);
			break;
		case '?':
			regex_make_optional(p, start);
			break;
		case '{':
			p->at++;
			regex_parse_bounds(p, start);
			continue;
		default:
			return;
		}
		p->at++;
	}
}

/* An expression up to the end, a | or the ) of the group it is in. */
static void regex_parse_branch(struct regex_parser *p)
{
	while (!p->err && *p->at && *p->at != '|' && !(*p->at == ')' && p->depth)) {
		size_t start = p->cnt;

		if (!regex_parse_atom(p))
			regex_parse_repeats(p, start);
	}
}

static void regex_parse_either(struct regex_parser *p)
{
	size_t start = p->cnt, jump;

	regex_parse_branch(p);
	while (!p->err && *p->at == '|') {
		p->at++;
		regex_insert(p, start, REGEX_FORK, 1, (int)(p->cnt - start) + 2);
		jump = p->cnt;
		regex_add(p, REGEX_FORK, 0, 0);
		regex_parse_branch(p);
		if (!p->err)
			p->steps[jump].to[0] = p->steps[jump].to[1] = (int)(p->cnt - jump);
	}
}

int regcomp(regex_t *re, const char *pattern, int flags)
{
	struct regex_parser p = {.at = pattern};

	(void)flags;
	regex_parse_either(&p);
	regex_add(&p, REGEX_MATCH, 0, 0);
	if (p.err) {
		free(p.steps);
		return p.err;
	}
	*re = (regex_t){.steps = p.steps, .cnt = p.cnt};
	return 0;
}

void regfree(regex_t *re)
{
	free(re->steps);
	*re = (regex_t){.cnt = 0};
}

/* ---- matching ---- */

/* The steps that the machine stands at, and those still to be looked at for this place of the text. */
struct regex_states {
	size_t cnt;
	uint32_t *at;
	uint32_t *seen; /* the place + 1 at which each step was reached last */
	uint32_t *todo;
};

static bool regex_holds(enum regex_kind kind, const char *text, size_t place)
{
	bool before = place && is_word((unsigned char)text[place - 1]);
	bool behind = is_word((unsigned char)text[place]);

	switch (kind) {
	case REGEX_BEGIN:
		return !place;
	case REGEX_END:
		return !text[place];
	case REGEX_WORD_EDGE:
		return before != behind;
	case REGEX_NO_WORD_EDGE:
		return before == behind;
	case REGEX_WORD_BEGIN:
		return !before && behind;
	case REGEX_WORD_END:
		return before && !behind;
	default:
		return true;
	}
}

/* Goes from @step as far as no byte is needed. True: the end is reached. */
static bool regex_reach(const regex_t *re, struct regex_states *s, const char *text, size_t place,
			uint32_t step)
{
	size_t todo_cnt = 0;

	s->todo[todo_cnt++] = step;
	while (todo_cnt) {
		uint32_t i = s->todo[--todo_cnt];
		const struct regex_step *at = &re->steps[i];

		if (s->seen[i] == (uint32_t)place + 1)
			continue;
		s->seen[i] = (uint32_t)place + 1;
		if (at->kind == REGEX_MATCH)
			return true;
		if (at->kind == REGEX_SET) {
			s->at[s->cnt++] = i;
		} else if (at->kind == REGEX_FORK) {
			s->todo[todo_cnt++] = (uint32_t)((int)i + at->to[1]);
			s->todo[todo_cnt++] = (uint32_t)((int)i + at->to[0]);
		} else if (regex_holds(at->kind, text, place)) {
			s->todo[todo_cnt++] = i + 1;
		}
	}
	return false;
}

static bool regex_run(const regex_t *re, struct regex_states *now, struct regex_states *next,
		      const char *text)
{
	for (size_t place = 0;; place++) {
		/* It may begin anywhere. */
		if (regex_reach(re, now, text, place, 0))
			return true;
		if (!text[place])
			return false;
		next->cnt = 0;
		for (size_t i = 0; i < now->cnt; i++) {
			uint32_t step = now->at[i];

			if (set_has(re->steps[step].set, (unsigned char)text[place]) &&
			    regex_reach(re, next, text, place + 1, step + 1))
				return true;
		}
		struct regex_states *was = now;

		now = next;
		next = was;
	}
}

int regexec(const regex_t *re, const char *text, size_t match_cnt, regmatch_t *matches, int flags)
{
	/* @todo has room for two: each step is followed once for a place, and a fork puts two there. */
	uint32_t *memory = calloc(re->cnt, 6 * sizeof(*memory));
	struct regex_states now, next;
	bool found;

	(void)match_cnt, (void)matches, (void)flags;
	if (!memory)
		return REG_ESPACE;
	now = (struct regex_states){
		.at = memory, .seen = memory + re->cnt, .todo = memory + 2 * re->cnt};
	next = (struct regex_states){
		.at = memory + 4 * re->cnt, .seen = memory + re->cnt, .todo = memory + 2 * re->cnt};
	found = regex_run(re, &now, &next, text);
	free(memory);
	return found ? 0 : REG_NOMATCH;
}

size_t regerror(int err, const regex_t *re, char *to, size_t size)
{
	static const char *const texts[] = {
		[0] = "Success",
		[REG_NOMATCH] = "No match",
		[REG_BADPAT] = "Invalid regular expression",
		[REG_ECTYPE] = "Invalid character class name",
		[REG_EESCAPE] = "Trailing backslash",
		[REG_ESUBREG] = "Invalid back reference",
		[REG_EBRACK] = "Unmatched [, [^, [:, [., or [=",
		[REG_EPAREN] = "Unmatched ( or \\(",
		[REG_EBRACE] = "Unmatched \\{",
		[REG_BADBR] = "Invalid content of \\{\\}",
		[REG_ERANGE] = "Invalid range end",
		[REG_ESPACE] = "Memory exhausted",
		[REG_BADRPT] = "Invalid preceding regular expression",
	};

	(void)re;
	return (size_t)snprintf(to, size, "%s", texts[err]) + 1;
}
