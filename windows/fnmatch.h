/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Patterns of shells, as fnmatch(3) without flags has them. */
#ifndef WINDOWS_FNMATCH_H
#define WINDOWS_FNMATCH_H

#define FNM_NOMATCH 1

/* 0: @text matches @pattern. @flags has to be 0. */
int fnmatch(const char *pattern, const char *text, int flags);

#endif
