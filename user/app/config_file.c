/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/config_file.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "app/config_file_lines.h"
#include "app/option_table.h"
#include "app/option_value.h"
#include "base/array.h"
#include "base/log.h"
#include "base/os_read.h"

#define CONFIG_MAX_BYTES      (256u << 10)
#define CONFIG_LINE_MAX_BYTES 4096
#define CONFIG_MAX_LINES      4096

/* "PATH:LINE: " in front of what is wrong; returns -EINVAL. */
static int fail_at(const struct config_file *f, unsigned int number, const char *fmt, ...)
	_printf_(3, 4);
static int fail_at(const struct config_file *f, unsigned int number, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return error_set(-EINVAL, "%s:%u: %s", f->path, number, text);
}

/* ---- one line ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blanks(char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

/* What is meant by a name that is no option's; NULL: who knows. */
static const char *meant(const struct option_def *options, const char *name)
{
	const struct option_def *letter = name[1] ? NULL : option_find_letter(options, name[0]);
	const char *near = letter ? letter->name : option_suggest(options, name);

	return near && strcmp(near, "help") != 0 ? near : NULL;
}

static int find_option(const struct config_file *f, const struct command *cmd, const char *name,
		       unsigned int number, const struct option_def **ret_def)
{
	const struct option_def *def = option_find_name(cmd->options, name, strlen(name));
	const char *near;

	if (!def && *name == '-')
		return fail_at(f, number, "%s: write the option's name without dashes",
			       option_shown(name).text);
	if (!def) {
		near = meant(cmd->options, name);
		return fail_at(f, number, "unknown option %s: %s%s%s", option_shown(name).text,
			       near ? "did you mean " : "see dwell ", near ? near : cmd->name,
			       near ? "?" : " --help");
	}
	if (def->argv_only || def->type == OPTION_FILE)
		return fail_at(f, number, "%s: only the command line may say this", name);
	*ret_def = def;
	return 0;
}

/*
 * The value that begins at *@at, cut off there; *@at is moved behind it and a comment. What is left is too much. -EINVAL: a quote
 * that is not closed.
 */
static int cut_value(char **at, char **ret_value)
{
	char *value = *at, *end;

	if (*value == '"') {
		end = strchr(++value, '"');
		if (!end)
			return -EINVAL;
		*at = skip_blanks(end + 1);
		if (**at == '#' && *at > end + 1)
			*at += strlen(*at);
	} else {
		for (end = value; *end && !(*end == '#' && (end == value || is_blank(end[-1])));)
			end++;
		*at = end + strlen(end);
		while (end > value && is_blank(end[-1]))
			end--;
	}
	*end = 0;
	*ret_value = value;
	return 0;
}

static int add_line(struct config_file *f, const struct option_def *def, const char *value,
		    unsigned int number)
{
	struct config_line *lines;
	int err;

	for (size_t i = 0; i < f->cnt; i++)
		if (f->lines[i].def == def && def->type != OPTION_PIDS && !def->repeatable)
			return fail_at(f, number, "%s: is on line %u already: leave one of them",
				       def->name, f->lines[i].number);
	err = array__grow((void **)&f->lines, &f->cap, f->cnt + 1, sizeof(*lines),
			  CONFIG_MAX_LINES);
	if (err)
		return err == -E2BIG ? fail_at(f, number, "more than %u lines with options",
					       CONFIG_MAX_LINES)
				     : error_set(err, "out of memory");
	f->lines[f->cnt++] = (struct config_line){.def = def, .value = value, .number = number};
	return 0;
}

/* What would be a value: "yes", "FILE". */
static const char *like(const struct option_def *def)
{
	if (!option_takes_argument(def))
		return "yes";
	return def->arg ? def->arg : "VALUE";
}

/* @rest: what follows the name and its blanks. */
static int parse_value(struct config_file *f, const struct option_def *def, char *rest,
		       unsigned int number)
{
	bool quoted, alone = !*rest || *rest == '#';
	char *value;

	if (alone && !option_takes_argument(def))
		return add_line(f, def, NULL, number);
	if (*rest != '=')
		return fail_at(f, number, "%s: %s is missing: write %s = %s", def->name,
			       alone ? "its value" : "'='", def->name, like(def));
	rest = skip_blanks(rest + 1);
	quoted = *rest == '"';
	if (cut_value(&rest, &value))
		return fail_at(f, number, "%s: the closing '\"' is missing", def->name);
	if (*rest)
		return fail_at(f, number, "%s: '%s' follows the value: leave it out", def->name,
			       option_shown(rest).text);
	if (!*value && !quoted)
		return fail_at(f, number, "%s: its value is missing: give %s", def->name,
			       like(def));
	return add_line(f, def, value, number);
}

/* @line ends with a NUL and is written to. */
static int parse_line(struct config_file *f, const struct command *cmd, char *line,
		      unsigned int number)
{
	const struct option_def *def = NULL;
	char *name, *end;
	char after;
	int err;

	for (char *c = line; *c; c++)
		if (iscntrl((unsigned char)*c) && !is_blank(*c))
			return fail_at(f, number, "a control character: leave it out");
	name = skip_blanks(line);
	if (!*name || *name == '#')
		return 0;
	end = name + strcspn(name, " \t\r=");
	if (end == name)
		return fail_at(f, number, "the option's name is missing before the '='");
	after = *end;
	*end = 0;
	err = find_option(f, cmd, name, number, &def);
	if (err)
		return err;
	*end = after;
	return parse_value(f, def, skip_blanks(end), number);
}

/* ---- the file ---- */

static int parse_text(struct config_file *f, const struct command *cmd, size_t len)
{
	char *line = f->text, *end = f->text + len, *next;
	unsigned int number = 1;
	int err = 0;

	for (; !err && line < end; line = next, number++) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t line_len = (size_t)((newline ? newline : end) - line);

		next = line + line_len + 1;
		if (line_len > CONFIG_LINE_MAX_BYTES)
			return fail_at(f, number, "longer than %u bytes", CONFIG_LINE_MAX_BYTES);
		if (memchr(line, 0, line_len))
			return fail_at(f, number, "a control character: leave it out");
		line[line_len] = 0;
		err = parse_line(f, cmd, line, number);
	}
	return err;
}

struct config_file *config_file_new(const char *path, size_t text_bytes)
{
	struct config_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->path = strdup(path);
	f->text = malloc(text_bytes + 1);
	if (!f->path || !f->text) {
		config_file__free(f);
		errno = ENOMEM;
		return NULL;
	}
	/* It stands in messages of one line. */
	for (char *c = f->path; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	return f;
}

void config_file__free(struct config_file *f)
{
	if (!f)
		return;
	free(f->path);
	free(f->text);
	free(f->lines);
	free(f);
}

struct config_file *config_file_parse(const struct command *cmd, const char *path, const char *text,
				      size_t len)
{
	struct config_file *f;
	int err;

	if (len > CONFIG_MAX_BYTES) {
		errno = -error_set(-E2BIG, "%s: longer than %u KiB", path, CONFIG_MAX_BYTES >> 10);
		return NULL;
	}
	f = config_file_new(path, len);
	if (!f) {
		error_set(-ENOMEM, "out of memory");
		return NULL;
	}
	if (len)
		memcpy(f->text, text, len);
	f->text[len] = 0;
	err = parse_text(f, cmd, len);
	if (!err)
		return f;
	config_file__free(f);
	errno = -err;
	return NULL;
}

struct config_file *config_file_load(const struct command *cmd, const char *path)
{
	_cleanup_buf_ struct buf text = {0};
	int err = os_read_trusted(path, CONFIG_MAX_BYTES, &text);

	if (err == -E2BIG)
		error_set(err, "%s: longer than %u KiB", path, CONFIG_MAX_BYTES >> 10);
	if (err) {
		errno = -err;
		return NULL;
	}
	return config_file_parse(cmd, path, buf__str(&text), text.len);
}

int config_file__apply(struct config_file *f, const struct command *cmd, const bool *skip,
		       void *config)
{
	char text[768];
	int err;

	for (size_t i = 0; i < f->cnt; i++) {
		struct config_line *l = &f->lines[i];

		l->overridden = skip && skip[l->def - cmd->options];
		if (l->overridden)
			continue;
		err = option_set(l->def, config, l->value);
		if (err) {
			snprintf(text, sizeof(text), "%s", error_text(err));
			return error_set(err, "%s:%u: %s: %s", f->path, l->number, l->def->name,
					 text);
		}
	}
	return 0;
}
