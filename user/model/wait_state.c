/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "model/wait_state.h"

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define WAIT_STATE_NO_LOAD 0x400 /* TASK_NOLOAD, include/linux/sched.h, as are the bits below */

static const struct {
	uint32_t bit;
	char letter;
	const char *name;
} wait_states[] = {
	/* What a debugger or a signal stopped is that, whatever else it does. */
	{0x8, 't', "traced"},	       {0x4, 'T', "stopped"},  {0x40, 'P', "parked"},
	{0x2, 'D', "uninterruptible"}, {0x1, 'S', "sleeping"}, {0x1000, 'D', "uninterruptible"},
};

char wait_state_letter(const struct wire_wait *wait)
{
	if (wait->flags & WIRE_F_PREEMPT)
		return 'R';
	/* Other systems' threads have no such states. */
	if (wait->flags & WIRE_F_NAMED)
		return 'S';
	for (size_t i = 0; i < ARRAY_SIZE(wait_states); i++) {
		if (!(wait->state & wait_states[i].bit))
			continue;
		return wait_states[i].letter == 'D' && wait->state & WAIT_STATE_NO_LOAD
			       ? 'I'
			       : wait_states[i].letter;
	}
	return '?';
}

const char *wait_state_name(char letter)
{
	if (letter == 'R')
		return "runnable";
	if (letter == 'I')
		return "idle";
	for (size_t i = 0; i < ARRAY_SIZE(wait_states); i++)
		if (wait_states[i].letter == letter)
			return wait_states[i].name;
	return "off CPU";
}
