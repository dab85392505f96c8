/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Ctrl-C once finishes and writes, twice aborts; SIGHUP asks a service to read its files again. */
#ifndef BASE_OS_SIGNAL_H
#define BASE_OS_SIGNAL_H

#include <stdbool.h>

/* From here on the first SIGINT or SIGTERM is only remembered; the second one kills, as by default. */
void os_signal_catch_stop(void);
/* The signal that came, 0: none. */
int os_signal_stop(void);
/* Remembers @sig as if it had come that way; may be called in a handler. */
void os_signal_remember_stop(int sig);
/* From here on SIGHUP is only remembered. */
void os_signal_catch_reload(void);
/* Did it come since the last time this was asked? */
bool os_signal_take_reload(void);

#endif
