/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/completion.h"

#include <errno.h>
#include <string.h>

#include "app/completion_script.h"
#include "app/option_table.h"
#include "base/compiler.h"
#include "base/log.h"

const struct option_def completion_help = {
	.letter = 'h', .name = "help", .type = OPTION_FLAG, .help = "show this help"};

static const struct {
	const char *name;
	void (*print)(const struct command *const *cmds, FILE *to);
} shells[] = {
	{"bash", completion_print_bash},
	{"zsh", completion_print_zsh},
	{"fish", completion_print_fish},
};

const char *completion_shell(size_t i)
{
	return i < ARRAY_SIZE(shells) ? shells[i].name : NULL;
}

int completion_print(const char *shell, const struct command *const *cmds, FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(shell, shells[i].name) != 0)
			continue;
		shells[i].print(cmds, to);
		return 0;
	}
	return error_set(-EINVAL, "no completion for '%s': give bash, zsh or fish", shell);
}

const struct option_def *completion_next(const struct command *cmd, const struct option_def *def)
{
	if (def == &completion_help)
		return NULL;
	def = def ? def + 1 : cmd->options;
	while (def->type == OPTION_GROUP && !option_is_end(def))
		def++;
	return option_is_end(def) ? &completion_help : def;
}

struct value_hint completion_value(const struct option_def *def)
{
	struct value_hint value = def->value;

	if (value.kind == VALUE_FREE && def->type == OPTION_FILE)
		value.kind = VALUE_PATH;
	return value;
}

void completion_put_words(const struct value_hint *value, const char *between, FILE *to)
{
	const char *word;

	for (size_t i = 0; (word = value->word(i)); i++)
		fprintf(to, "%s%s", i ? between : "", word);
}

bool completion_goes_on(const struct value_hint *value)
{
	const char *word = value->word ? value->word(0) : NULL;

	return word && *word && word[strlen(word) - 1] == '=';
}

void completion_put_text(const char *text, const char *escaped, const char *quote, FILE *to)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs(quote, to);
			continue;
		}
		if (strchr(escaped, *text))
			fputc('\\', to);
		fputc(*text == '\n' ? ' ' : *text, to);
	}
}
