/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Command lines -> the struct of a command. Written by hand rather than over getopt_long: the errors
 * name what would be right, and the same code runs on systems without glibc.
 */
#include "app/option.h"

#include <errno.h>
#include <string.h>

#include "app/config_file.h"
#include "app/option_table.h"
#include "app/option_value.h"
#include "base/compiler.h"
#include "base/log.h"

struct parse {
	const struct command *cmd;
	void *config;
	int argc;
	char **argv;
	int at; /* position of the next word */
	char **operands;
	int operand_cnt;
	char **command; /* after "--"; NULL: none */
	bool *given;	/* by place in the table; NULL: nobody wants to know */
};

/* @dashes: as the user wrote it; @name: without dashes and argument. */
static int fail_unknown(const struct parse *p, const char *dashes, const char *name)
{
	const char *near = option_suggest(p->cmd->options, name);

	if (near)
		return error_set(-EINVAL, "unknown option %s%s: did you mean --%s?", dashes,
				 option_shown(name).text, near);
	return error_set(-EINVAL, "unknown option %s%s: see dwell %s --help", dashes,
			 option_shown(name).text, p->cmd->name);
}

/* A flag that the file sets can be taken back: --flag=no. */
static bool may_answer(const struct parse *p)
{
	return option_find_file(p->cmd->options) != NULL;
}

/* Sets @def from @attached ("=VALUE", "-pVALUE") or, if that is NULL, from the next word. */
static int take(struct parse *p, const struct option_def *def, const struct option_label *label,
		const char *attached)
{
	int err;

	if (!option_takes_argument(def)) {
		if (attached && !may_answer(p))
			return error_set(-EINVAL, "%s: takes no argument", label->text);
	} else if (!attached) {
		if (p->at >= p->argc || !strcmp(p->argv[p->at], "--"))
			return error_set(-EINVAL, "%s: its argument is missing: give %s",
					 label->text, def->arg ? def->arg : "one");
		attached = p->argv[p->at++];
	}
	err = option_set(def, p->config, attached);
	if (!err && p->given)
		p->given[def - p->cmd->options] = true;
	return err ? option_fail(label, err) : 0;
}

/* "--name", "--name=value"; @word is what follows the dashes. */
static int parse_long(struct parse *p, const char *word)
{
	size_t len = strcspn(word, "=");
	const struct option_def *def = option_find_name(p->cmd->options, word, len);
	struct option_label label;

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
		const struct option_def *def = option_find_letter(p->cmd->options, *letters);
		struct option_label label = {{'-', *letters}};

		if (!def && *letters == 'h')
			return 1;
		if (!def)
			return fail_unknown(p, "-", letters == word ? word : label.text + 1);
		if (option_takes_argument(def))
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

/* All words, over the defaults and the file. 0; 1: help; -errno. */
static int parse_words(struct parse *p, struct config_file *file, const bool *skip)
{
	int err = 0;

	if (p->cmd->config_size)
		memset(p->config, 0, p->cmd->config_size);
	if (p->cmd->defaults)
		p->cmd->defaults(p->config);
	if (file)
		err = config_file__apply(file, p->cmd, skip, p->config);
	p->at = 1;
	p->operand_cnt = 0;
	p->command = NULL;
	while (!err && p->at < p->argc && !p->command) {
		char *word = p->argv[p->at++];

		err = parse_word(p, word);
	}
	return err;
}

/* What the command line gives the file must not: so its words are looked at before the file, and again after it. */
static int parse_over(struct parse *p, struct config_file *file)
{
	const struct option_def *def = option_find_file(p->cmd->options);
	_cleanup_free_ bool *given = NULL;
	struct option_file *of;
	size_t cnt = 0;
	int err;

	if (!def)
		return parse_words(p, NULL, NULL);
	while (!option_is_end(&p->cmd->options[cnt]))
		cnt++;
	p->given = given = calloc(cnt + 1, sizeof(*given));
	if (!given)
		return error_set(-ENOMEM, "out of memory");
	err = parse_words(p, NULL, NULL);
	if (!err && file) {
		option_free(p->cmd, p->config);
		err = parse_words(p, file, given);
	}
	p->given = NULL;
	of = (void *)((char *)p->config + def->offset);
	of->argc = p->argc;
	of->argv = p->argv;
	if (!err)
		of->content = file;
	return err;
}

int option_parse_over(const struct command *cmd, struct config_file *file, int argc, char **argv,
		      void *config, int *ret_operand_cnt, char ***ret_operands, char ***ret_command)
{
	struct parse p = {.cmd = cmd, .config = config, .argc = argc, .argv = argv};
	int err;

	p.operands = calloc((size_t)argc + 1, sizeof(*p.operands));
	if (!p.operands)
		return error_set(-ENOMEM, "out of memory");
	err = parse_over(&p, file);
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

/* The file that the command line, or else the default, names. 0 and NULL when there is none. */
static int load_file(const struct command *cmd, const void *config, struct config_file **ret_file)
{
	const struct option_def *def = option_find_file(cmd->options);
	const struct option_file *of =
		(const void *)((const char *)config + (def ? def->offset : 0));
	struct config_file *file;

	*ret_file = NULL;
	if (!def || !of->path)
		return 0;
	file = config_file_load(cmd, of->path);
	if (!file && errno == ENOENT && !of->given)
		return 0;
	*ret_file = file;
	return file ? 0 : -errno;
}

int option_parse(const struct command *cmd, int argc, char **argv, void *config,
		 int *ret_operand_cnt, char ***ret_operands, char ***ret_command)
{
	char **operands = NULL, **command = NULL;
	struct config_file *file;
	int operand_cnt = 0, err;

	err = option_parse_over(cmd, NULL, argc, argv, config, &operand_cnt, &operands, &command);
	if (err)
		return err;
	err = load_file(cmd, config, &file);
	if (err || file) {
		free(operands);
		option_free(cmd, config);
	}
	if (file)
		err = option_parse_over(cmd, file, argc, argv, config, &operand_cnt, &operands,
					&command);
	if (err) {
		config_file__free(file);
		return err;
	}
	*ret_operand_cnt = operand_cnt;
	*ret_operands = operands;
	*ret_command = command;
	return 0;
}

static void free_value(const struct option_def *def, void *member)
{
	struct option_file *file = member;
	struct option_ids *ids = member;

	if (def->type == OPTION_PIDS) {
		free(ids->ids);
		*ids = (struct option_ids){NULL, 0};
	}
	if (def->type == OPTION_FILE) {
		config_file__free(file->content);
		file->content = NULL;
	}
}

void option_free(const struct command *cmd, void *config)
{
	const struct option_def *def;

	for (def = cmd->options; !option_is_end(def); def++)
		free_value(def, (char *)config + def->offset);
}
