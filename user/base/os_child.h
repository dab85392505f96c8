/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The command after "--": started in two steps, so that tracing begins with its first instruction.
 *
 *   child__spawn (forks, waits) -> child__release (it execs) -> child__wait
 */
#ifndef BASE_OS_CHILD_H
#define BASE_OS_CHILD_H

#include <stdint.h>

struct child {
	uint32_t pid;	   /* 0: none */
	int release_fd;	   /* closing it without a byte makes the child give up */
	int exec_error_fd; /* the errno of a failed exec comes here */
};

/* 0 or -errno with error_set(). */
int child__spawn(struct child *c, char **argv);
/* The same for who has the screen: where the child's input and output would be a terminal, they are /dev/null. */
int child__spawn_off_screen(struct child *c, char **argv);
/*
 * Lets the command begin. 0; or -errno with error_set() when it can't be executed (nothing runs then).
 */
int child__release(struct child *c, const char *name);
/*
 * Waits for the end and gives the exit status as a shell does: its own, or 128 + the signal that killed it.
 * A SIGTERM that the tracer got is passed on.
 */
int child__wait(struct child *c);
/* Ends a child that was never released. */
void child__abandon(struct child *c);

#endif
