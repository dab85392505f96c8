/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The files that commands write: the same words for all that can't be. */
#ifndef TOOLS_OUTPUT_FILE_H
#define TOOLS_OUTPUT_FILE_H

#include "base/os_file.h"

/* @err (-errno) with error_set(): the file @path ("-" and NULL: standard output) can't be written, why, and what to do about it. */
int output_refused(int err, const char *path);
/* atomic_file__commit() of what was written to @path with the outcome @err. 0; or -errno with output_refused(). */
int output_commit(struct atomic_file *f, const char *path, int err);

#endif
