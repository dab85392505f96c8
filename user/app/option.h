/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Options and commands as data. One table per command gives parsing, --help, the man page, the
 * completion and the configuration file (config_file.h); each command owns a struct of its own that the
 * parser fills. No global configuration.
 */
#ifndef APP_OPTION_H
#define APP_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
	OPTION_GROUP,	 /* a heading in --help; only `help` is used */
	OPTION_FLAG,	 /* bool: no argument */
	OPTION_STRING,	 /* const char *: points into argv or the configuration file's text */
	OPTION_U64,	 /* uint64_t, decimal or 0x, within [min, max] */
	OPTION_DURATION, /* uint64_t nanoseconds: "10" or "10s", "500ms", "1m", "1h", "20us" */
	OPTION_SIZE,	 /* uint64_t bytes: "4096", "64k", "1m", "1g" */
	OPTION_PIDS,	 /* struct option_ids: "1,2,3" */
	OPTION_CUSTOM,	 /* parse() is called with the argument */
	OPTION_FILE,	 /* struct option_file: the configuration file; at most one such option */
};

struct option_ids {
	uint32_t *ids; /* owned by the config; freed by option_free() */
	size_t cnt;
};

/* What the words are that may stand as an argument or operand: for completion, nothing is refused by it. */
enum value_kind {
	VALUE_FREE, /* nothing can be offered */
	VALUE_PATH,
	VALUE_DIRECTORY,
	VALUE_PIDS,    /* processes of this machine, comma separated */
	VALUE_TIDS,    /* threads of this machine, comma separated */
	VALUE_USER,    /* a user of this machine */
	VALUE_ONE_OF,  /* one word of a set; after one that ends in '=' more has to follow */
	VALUE_LIST_OF, /* words of a set, comma separated */
};

struct value_hint {
	enum value_kind kind;
	const char *(*word)(size_t i); /* of the set, NULL past the last */
	const char *extensions; /* VALUE_PATH: offered first, ".dwell .folded"; NULL: all alike */
};

struct option_def {
	char letter;	  /* 0: none */
	const char *name; /* long name without dashes; NULL: only a letter */
	const char *arg;  /* metavariable of the argument, NULL for flags */
	enum option_type type;
	size_t offset;	   /* of the member in the command's struct */
	const char *help;  /* one sentence, lower case, no full stop; may span lines with \n */
	uint64_t min, max; /* OPTION_U64, _DURATION, _SIZE; both 0: any */
	/* OPTION_CUSTOM: 0, or -EINVAL after error_set("what is wrong and what is right"). */
	int (*parse)(void *config, const char *value);
	struct value_hint value;
	/* Of the configuration file: */
	bool reloadable; /* a change takes effect while running; else it needs a restart */
	bool repeatable; /* OPTION_CUSTOM: may stand there more than once; OPTION_PIDS always may */
	bool argv_only;	 /* may not stand there */
	const char *
		preset; /* OPTION_CUSTOM: its default, as it would be written there; NULL: has none */
};

/*
 * The value of an OPTION_FILE, and the owner of what came out of the file. defaults() may set `path`; a file
 * that was not asked for by the user need not exist. "none" on the command line: no file is read.
 */
struct option_file {
	const char *path;	     /* NULL: none */
	bool given;		     /* on the command line */
	struct config_file *content; /* freed by option_free() */
	int argc;		     /* the command line, to be read again with a changed file */
	char **argv;
};

#define OPTION_END                                                            \
	{                                                                     \
		.letter = 0, .name = NULL, .type = OPTION_GROUP, .help = NULL \
	}

struct command_example {
	const char *line; /* "dwell offcpu -p 4711 -o r.html 5" */
	const char *help; /* what it does */
};

struct command {
	const char *name;	   /* "offcpu" */
	const char *summary;	   /* one line for `dwell --help` */
	const char *operands;	   /* "[DURATION]", "-- COMMAND [ARG...]": for the usage line */
	struct value_hint operand; /* what each of them may be */
	const char *description;   /* paragraphs for the man page; "\n\n" between them */
	const struct option_def *options;	/* ends with OPTION_END */
	const struct command_example *examples; /* ends with .line = NULL; may be NULL */
	size_t config_size;
	void (*defaults)(void *config); /* may be NULL: all zero */
	/*
	 * Whether the options go together, each of them being right; may be NULL. 0 or -EINVAL with error_set(). run() asks it
	 * itself, config_reload() before anything is taken over.
	 */
	int (*check)(const void *config);
	/*
	 * Runs. @operands: what is left after the options; @command: what follows "--", NULL if there was no
	 * "--". Returns the exit status.
	 */
	int (*run)(const void *config, int operand_cnt, char **operands, char **command);
};

/*
 * Parses argv[1..] (argv[0] is the command's name) into @config and collects operands and the words after
 * "--". Options and operands may be mixed before "--". Every command also has -h, --help. 0; 1 when help
 * was asked for (printed by the caller); -EINVAL with a one-line error_set() that names the option and what
 * would be right ("--max-depth: 'abc' is not a number: give 1 to 127", "unknown option --foo: did you mean
 * --format?"). *@ret_operands is freed by the caller (the words are not).
 *
 * With an OPTION_FILE in the table: the defaults, then the file's lines, then the command line. What is given
 * on the command line replaces what the file says of the same option, and --flag=no takes back a flag of the file. The
 * words have to stay where they are until option_free().
 */
int option_parse(const struct command *cmd, int argc, char **argv, void *config,
		 int *ret_operand_cnt, char ***ret_operands, char ***ret_command);
/* Frees what parsing allocated in @config. */
void option_free(const struct command *cmd, void *config);
/* --help: usage, options in groups, examples. @width columns. */
void option_print_help(const struct command *cmd, int width, FILE *to);
/* The man page dwell-NAME(1), mdoc, without a date unless @date is given. */
void option_print_man(const struct command *cmd, const char *version, const char *date, FILE *to);
/* A configuration file with every option that may stand there, explained, all commented out at their defaults. */
void option_print_config(const struct command *cmd, FILE *to);

/* A duration with units -> ns; -EINVAL with error_set. */
int option_parse_duration(const char *text, uint64_t *ret_ns);
/* "1%", "0.5%" or "1", above 0 up to 100, -> millionths; -EINVAL with error_set. */
int option_parse_percent(const char *text, uint32_t *ret_ppm);

#endif
