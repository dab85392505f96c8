/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Inside of the option parser: what a word means for an option of each type. */
#ifndef APP_OPTION_VALUE_H
#define APP_OPTION_VALUE_H

#include "app/option.h"

/* A word, or how an option was spelled ("-p", "--pid"), fit for a one-line message. */
struct option_label {
	char text[80];
};

struct option_label option_shown(const char *word);
/*
 * Sets the member of @def in @config; @value of an option without argument is NULL, or "yes" or "no". 0, or -errno with error_set("what is wrong and what is right").
 */
int option_set(const struct option_def *def, void *config, const char *value);
/* "yes", "true", "no", "false". */
int option_parse_yes(const char *text, bool *ret_yes);
/* The value in @config as it would be written; "": there is none, or its type has no text. */
struct option_label option_format(const struct option_def *def, const void *config);
/* Puts the option's name in front of the remembered description of @err; returns @err. */
int option_fail(const struct option_label *label, int err);

#endif
