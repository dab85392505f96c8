/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "analyze/go_reason_stack.h"

#include <string.h>

#include "base/compiler.h"

static int go_reason_take_line(void *arg, const struct go_line *line)
{
	static const struct {
		const char *begin;
		enum go_reason reason;
	} rules[] = {
		{"sync.(*Mutex).", GO_REASON_MUTEX},
		{"sync.(*RWMutex).", GO_REASON_MUTEX},
		{"sync.(*WaitGroup).", GO_REASON_WAITGROUP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (strncmp(line->name, rules[i].begin, strlen(rules[i].begin)) != 0)
			continue;
		*(enum go_reason *)arg = rules[i].reason;
		return 1;
	}
	return 0;
}

enum go_reason go_reason_by_stack(struct go_frames *f, struct go_stack_view stack)
{
	enum go_reason found = GO_REASON_SEMACQUIRE;

	go_frames__each(f, stack, false, go_reason_take_line, &found);
	return found;
}
