/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What push tells people: a line when something changes, never one for each try, and at most one a minute for each
 * receiver, save that it is halted. Addresses are shown without what may be secret in them.
 */
#ifndef APP_PUSH_SAY_H
#define APP_PUSH_SAY_H

#include "app/push_lane.h"

/* A request failed: the receiver is in @state now. */
void push_say_trouble(struct push_lane *l, enum push_state state, const struct http_answer *answer);
/* It answers as it should. */
void push_say_works(struct push_lane *l);
/* One more segment was put aside. */
void push_say_rejected(struct push_lane *l, const struct http_answer *answer);
/* Something on this machine; not said again until there was something else. @err: 0 when @what says it all. */
void push_say_local(struct push_lane *l, const char *what, int err);

#endif
