/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A recording file as a source: what a live source delivered, again, in the same portions. start() and
 * stop() deliver nothing (the file holds what they delivered); poll() never waits and ends at the next
 * WIRE_ROUND.
 */
#ifndef SOURCE_RECORDING_H
#define SOURCE_RECORDING_H

#include <stdio.h>

#include "source/source.h"

/* Opens the recording at @path ("-": standard input). NULL + errno, with error_set("PATH: why"). */
struct source *recording_source_open(const char *path);
/* The same of an open file, which is taken over, also on failure; @path is what it is called. */
struct source *recording_source_new(FILE *file, const char *path);
/* Opens a file for reading; "-" is standard input. NULL + errno with error_set("PATH: why"). */
FILE *recording_file_open(const char *path);

#endif
