/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The state of a thread that is off the CPU, as ps(1) has it. */
#ifndef MODEL_WAIT_STATE_H
#define MODEL_WAIT_STATE_H

#include "wire.h"

/*
 * 'R' waits for a CPU, 'S' sleeps, 'D' sleeps and takes no signal (or only fatal ones), 'I' the same where that is no load,
 * 'T' stopped, 't' stopped by a debugger, 'P' parked, '?' none of them.
 */
char wait_state_letter(const struct wire_wait *wait);
/* "sleeping", "uninterruptible"... */
const char *wait_state_name(char letter);

#endif
