/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/option_table.h"

#include <stdint.h>
#include <string.h>

#define NAME_MAX_LEN 32 /* of the option names that are offered as suggestions */

bool option_is_end(const struct option_def *def)
{
	return def->type == OPTION_GROUP && !def->help;
}

bool option_takes_argument(const struct option_def *def)
{
	return def->type == OPTION_CUSTOM ? def->arg != NULL : def->type != OPTION_FLAG;
}

const struct option_def *option_find_letter(const struct option_def *def, char letter)
{
	for (; !option_is_end(def); def++)
		if (def->type != OPTION_GROUP && def->letter == letter)
			return def;
	return NULL;
}

const struct option_def *option_find_name(const struct option_def *def, const char *name,
					  size_t len)
{
	for (; !option_is_end(def); def++)
		if (def->type != OPTION_GROUP && def->name && strlen(def->name) == len &&
		    !memcmp(def->name, name, len))
			return def;
	return NULL;
}

const struct option_def *option_find_file(const struct option_def *def)
{
	for (; !option_is_end(def); def++)
		if (def->type == OPTION_FILE)
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

const char *option_suggest(const struct option_def *def, const char *word)
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
	for (; !option_is_end(def); def++) {
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
