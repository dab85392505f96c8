/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The configuration file of a command: the long names of its options.
 *
 *   # a comment, on a line of its own or after a blank
 *   listen = 127.0.0.1:9100
 *   comm = "worker #*"        quotes keep blanks and '#' in a value; there are no escapes
 *   wakers                    a flag; or wakers = yes, true, no, false
 *
 * An option stands there once, unless it is repeatable. option_parse() reads the file (see OPTION_FILE); this is
 * what reads it again while the command runs.
 */
#ifndef APP_CONFIG_FILE_H
#define APP_CONFIG_FILE_H

#include "app/option.h"
#include "base/buf.h"

/* What a file says: its lines in order. Owns the text that strings of a config point into. */
struct config_file;

/*
 * Parses @text (@len bytes, copied) as a file for @cmd; @path is for messages. Values are not looked at yet. NULL + errno,
 * error_set("PATH:LINE: NAME: what is wrong: what is right").
 */
struct config_file *config_file_parse(const struct command *cmd, const char *path, const char *text,
				      size_t len);
/*
 * The same of the file at @path, which must be a regular one that only root or the user we run as may
 * change: its lines decide what a privileged process writes where.
 */
struct config_file *config_file_load(const struct command *cmd, const char *path);
/* Accepts NULL. */
void config_file__free(struct config_file *f);
/*
 * Sets the options of the file in @config, except those whose place in the table is true in @skip (NULL: none). The strings
 * in @config point into @f. 0, or -errno with error_set("PATH:LINE: ...").
 */
int config_file__apply(struct config_file *f, const struct command *cmd, const bool *skip,
		       void *config);

/* What reading the file again came to; both are lists like "--every, --max-cpu", empty: none. */
struct config_changes {
	struct buf applied; /* reloadable options that changed */
	struct buf restart; /* others, whose change needs a restart */
};

/*
 * Reads the file of @running again, into @fresh (cmd->config_size bytes, overwritten): the config to go on with. Options that are not
 * reloadable keep in it what they have in @running, whatever the file says now; they are named in @ret_changes each time until
 * the file says again what runs. 0, then @fresh and @ret_changes are to be freed (option_free(), config_changes__fini()); or
 * -errno with error_set(): then nothing has changed and @running stays. A file that was there and is gone is an error; one
 * that is there only now is read.
 */
int config_reload(const struct command *cmd, const void *running, void *fresh,
		  struct config_changes *ret_changes);
void config_changes__fini(struct config_changes *c);

/*
 * Appends the names of the options that two files say differently, those that are @reloadable or those that are not; NULL is an
 * empty file. Returns how many. "60" and "1m" are different; what the command line overrides is not.
 */
size_t config_diff(const struct command *cmd, const struct config_file *old,
		   const struct config_file *now, bool reloadable, struct buf *to);

#endif
