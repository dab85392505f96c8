/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the program says to a person, on stderr. Library code returns errors; only commands log, once.
 *
 *   dwell: MESSAGE            log_error, log_warn
 *   MESSAGE                   log_info (progress, ledger)
 *
 * log_error_set() lets a layer that knows the detail ("bpf: ring of cpu 3: ...: Cannot allocate
 * memory") hand the sentence to the command that reports the error.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/compiler.h"

void log_error(const char *fmt, ...) _printf_(1, 2);
void log_warn(const char *fmt, ...) _printf_(1, 2);
void log_info(const char *fmt, ...) _printf_(1, 2);
void log_debug(const char *fmt, ...) _printf_(1, 2);
/* 0 quiet (errors only), 1 normal, 2 debug (-v). */
void log_set_level(int level);

/*
 * Remembers @fmt as the description of the error being returned and returns @err, so that a
 * failing function ends with `return error_set(-EPERM, "...")`. The text is at most 1023 bytes.
 */
int error_set(int err, const char *fmt, ...) _printf_(2, 3);
/* The remembered description; strerror(-@err) when there is none for @err. Clears it. */
const char *error_text(int err);

#endif
