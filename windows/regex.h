/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Extended regular expressions, as far as dwell asks: does a text match? The functions are those of POSIX, and what they
 * take is what GNU's take in the C locale, with \w \W \s \S \b \B \< \>; back references are refused.
 */
#ifndef WINDOWS_REGEX_H
#define WINDOWS_REGEX_H

#include <stddef.h>

#define REG_EXTENDED 1
#define REG_NOSUB    8

enum regex_error {
	REG_NOMATCH = 1,
	REG_BADPAT,
	REG_ECTYPE,
	REG_EESCAPE,
	REG_ESUBREG,
	REG_EBRACK,
	REG_EPAREN,
	REG_EBRACE,
	REG_BADBR,
	REG_ERANGE,
	REG_ESPACE,
	REG_BADRPT,
};

struct regex_step;

typedef struct {
	struct regex_step *steps;
	size_t cnt;
} regex_t;

typedef struct {
	int rm_so, rm_eo;
} regmatch_t;

/* @flags have to be REG_EXTENDED | REG_NOSUB. 0 or enum regex_error. */
int regcomp(regex_t *re, const char *pattern, int flags);
/* 0: it matches, somewhere; REG_NOMATCH; REG_ESPACE. @match_cnt and @flags have to be 0. */
int regexec(const regex_t *re, const char *text, size_t match_cnt, regmatch_t *matches, int flags);
size_t regerror(int err, const regex_t *re, char *to, size_t size);
void regfree(regex_t *re);

#endif
