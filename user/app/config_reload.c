/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A file read again. What runs on is a third one: the new lines of options that may change, the old lines of those
 * that may not.
 */
#include <errno.h>
#include <string.h>

#include "app/config_file_lines.h"
#include "app/option_table.h"
#include "app/option_value.h"
#include "base/log.h"

#define CHANGES_MAX_BYTES 65536

/* The next line of @def at or behind *@at that counts; NULL: none. Moves *@at behind it. */
static const struct config_line *next_line(const struct config_file *f,
					   const struct option_def *def, size_t *at)
{
	while (f && *at < f->cnt) {
		const struct config_line *l = &f->lines[(*at)++];

		if (l->def == def && !l->overridden)
			return l;
	}
	return NULL;
}

static bool says_yes(const struct config_line *l)
{
	bool yes = true;

	return !l->value || (!option_parse_yes(l->value, &yes) && yes);
}

static bool same_value(const struct config_line *a, const struct config_line *b)
{
	if (!option_takes_argument(a->def))
		return says_yes(a) == says_yes(b);
	return !strcmp(a->value, b->value);
}

static bool same_lines(const struct option_def *def, const struct config_file *a,
		       const struct config_file *b)
{
	const struct config_line *la, *lb;
	size_t at_a = 0, at_b = 0;

	do {
		la = next_line(a, def, &at_a);
		lb = next_line(b, def, &at_b);
	} while (la && lb && same_value(la, lb));
	return !la && !lb;
}

size_t config_diff(const struct command *cmd, const struct config_file *old,
		   const struct config_file *now, bool reloadable, struct buf *to)
{
	const struct option_def *def;
	size_t cnt = 0;

	for (def = cmd->options; !option_is_end(def); def++) {
		if (def->type == OPTION_GROUP || def->reloadable != reloadable ||
		    same_lines(def, old, now))
			continue;
		buf__printf(to, "%s--%s", cnt ? ", " : "", def->name);
		cnt++;
	}
	return cnt;
}

/* ---- reload ---- */

static size_t value_bytes(const struct config_file *f)
{
	size_t bytes = 0;

	for (size_t i = 0; f && i < f->cnt; i++)
		bytes += f->lines[i].value ? strlen(f->lines[i].value) + 1 : 0;
	return bytes;
}

/* Copies the lines of options that are @reloadable or not; their values to @text. Returns where the text ends. */
static char *merge_lines(struct config_file *to, const struct config_file *from, bool reloadable,
			 char *text)
{
	for (size_t i = 0; from && i < from->cnt; i++) {
		struct config_line l = from->lines[i];

		if (l.def->reloadable != reloadable)
			continue;
		if (l.value) {
			l.value = strcpy(text, l.value);
			text += strlen(text) + 1;
		}
		to->lines[to->cnt++] = l;
	}
	return text;
}

static struct config_file *merge(const struct config_file *old, const struct config_file *now)
{
	size_t cnt = (old ? old->cnt : 0) + now->cnt;
	struct config_file *f = config_file_new(now->path, value_bytes(old) + value_bytes(now));
	char *text;

	if (!f)
		return NULL;
	f->lines = calloc(cnt ? cnt : 1, sizeof(*f->lines));
	if (!f->lines) {
		config_file__free(f);
		return NULL;
	}
	f->cap = cnt;
	text = merge_lines(f, old, false, f->text);
	merge_lines(f, now, true, text);
	return f;
}

/* The command line over @file, which the config then owns; on failure it is freed. */
static int parse_over(const struct command *cmd, const struct option_file *of,
		      struct config_file *file, void *config)
{
	_cleanup_free_ char **operands = NULL;
	char **command;
	int operand_cnt, err;

	if (!file)
		return error_set(-ENOMEM, "out of memory");
	err = option_parse_over(cmd, file, of->argc, of->argv, config, &operand_cnt, &operands,
				&command);
	if (err)
		config_file__free(file);
	return err > 0 ? -EINVAL : err;
}

/* A default file that never existed is an empty one. */
static struct config_file *load(const struct command *cmd, const struct option_file *of)
{
	struct config_file *f = config_file_load(cmd, of->path);

	if (f || errno != ENOENT || of->given || of->content)
		return f;
	return config_file_parse(cmd, of->path, "", 0);
}

static int compare(const struct command *cmd, const struct config_file *old,
		   const struct config_file *now, struct config_changes *ret)
{
	struct config_changes c;

	buf__init(&c.applied, CHANGES_MAX_BYTES);
	buf__init(&c.restart, CHANGES_MAX_BYTES);
	config_diff(cmd, old, now, true, &c.applied);
	config_diff(cmd, old, now, false, &c.restart);
	if (c.applied.err || c.restart.err) {
		config_changes__fini(&c);
		return error_set(-ENOMEM, "out of memory");
	}
	*ret = c;
	return 0;
}

int config_reload(const struct command *cmd, const void *running, void *fresh,
		  struct config_changes *ret_changes)
{
	const struct option_def *def = option_find_file(cmd->options);
	const struct option_file *of =
		(const void *)((const char *)running + (def ? def->offset : 0));
	struct config_changes changes;
	struct config_file *now;
	int err;

	if (!def || !of->path)
		return error_set(-EINVAL, "there is no configuration file to read again: start "
					  "with --config FILE");
	now = load(cmd, of);
	if (!now)
		return -errno;
	/* All of it has to be right, also what takes a restart: for its sake it is parsed, and to see what counts. */
	err = parse_over(cmd, of, now, fresh);
	if (err)
		return err;
	err = cmd->check ? cmd->check(fresh) : 0;
	if (!err)
		err = compare(cmd, of->content, now, &changes);
	now = err ? NULL : merge(of->content, now);
	option_free(cmd, fresh);
	if (err)
		return err;
	err = parse_over(cmd, of, now, fresh);
	if (err)
		config_changes__fini(&changes);
	else
		*ret_changes = changes;
	return err;
}

void config_changes__fini(struct config_changes *c)
{
	buf__fini(&c->applied);
	buf__fini(&c->restart);
}
