/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Inside of completion: what the scripts of all shells have in common. */
#ifndef APP_COMPLETION_SCRIPT_H
#define APP_COMPLETION_SCRIPT_H

#include <stdbool.h>

#include "app/completion.h"

/* -h, --help, which are in no table. */
extern const struct option_def completion_help;

/* The option behind @def, NULL after the last: those of the table without its headings, then completion_help. */
const struct option_def *completion_next(const struct command *cmd, const struct option_def *def);
#define completion_for_each(def, cmd) \
	for ((def) = completion_next(cmd, NULL); (def); (def) = completion_next(cmd, def))

/* What may stand as its argument; the kind follows from the type where nothing is said. */
struct value_hint completion_value(const struct option_def *def);
/* The words of a set, with @between. */
void completion_put_words(const struct value_hint *value, const char *between, FILE *to);
/* Does more have to follow behind its words, in the same word of the command line? */
bool completion_goes_on(const struct value_hint *value);
/* Text on one line, with a backslash before each of @escaped, and each ' as @quote. */
void completion_put_text(const char *text, const char *escaped, const char *quote, FILE *to);

void completion_print_bash(const struct command *const *cmds, FILE *to);
void completion_print_zsh(const struct command *const *cmds, FILE *to);
void completion_print_fish(const struct command *const *cmds, FILE *to);

#endif
