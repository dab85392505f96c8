/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The terminal as a screen: its second page, no echo, key by key. There is one for a program.
 *
 *   os_tty_open -> os_tty_enter -> os_tty_wait, os_tty_read, os_tty_write, os_tty_suspend... -> os_tty_leave -> os_tty_close
 *
 * Whatever ends the program gives the terminal back as it was: os_tty_leave(), a second SIGINT, SIGTERM or SIGHUP (the first is
 * remembered, see os_signal_stop()), SIGQUIT, and a fault. Only SIGKILL can't.
 */
#ifndef BASE_OS_TTY_H
#define BASE_OS_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What os_tty_wait() waited for. */
enum os_tty_event {
	OS_TTY_INPUT = 1 << 0,
	OS_TTY_RESIZED = 1 << 1,
	OS_TTY_SUSPEND = 1 << 2, /* Ctrl-Z: os_tty_suspend() is to be called */
	OS_TTY_RESUMED =
		1 << 3, /* after a stop that nobody asked about: os_tty_resume() is to be called */
	OS_TTY_GONE = 1 << 4, /* hung up: nobody sees what is drawn */
};

/* The terminal of standard output. 0; -ENOTTY: it is none; -errno. */
int os_tty_open(void);
/* Accepts what was never opened. */
void os_tty_close(void);
/* To be called by a thread for which signals are blocked: its faults too give the terminal back. */
void os_tty_catch_faults(void);
/* Takes the screen and catches signals. 0 or -errno. */
int os_tty_enter(void);
/* Gives it back. Harmless when it has not been entered. */
void os_tty_leave(void);
/*
 * Gives it back, stops the process as Ctrl-Z does, and enters it again when that goes on, after which all is to be drawn anew.
 * 0; -EAGAIN: another job is in front of us now, os_tty_resume() is to be tried again later; -errno.
 */
int os_tty_suspend(void);
/* The same without a beginning, for who was stopped. */
int os_tty_resume(void);
/* Columns and rows; 80 x 24 where the terminal does not know. */
void os_tty_size(int *ret_cols, int *ret_rows);
/* Until something of enum os_tty_event, os_tty_wake() or the time, which < 0 is without an end. */
unsigned int os_tty_wait(int timeout_ms);
/* From any thread, and from handlers. */
void os_tty_wake(void);
/* What was typed: the number of bytes, 0: nothing now. */
size_t os_tty_read(char *to, size_t size);
/* Gives up after a second in which the terminal takes nothing. 0 or -errno. */
int os_tty_write(const char *data, size_t len);
/* Does it show UTF-8, by the locale of the environment? */
bool os_tty_utf8(void);

#endif
