/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Keys -> what `dwell top` shows. Pure: it knows the view that is on the screen, and no terminal. */
#ifndef APP_TOP_STATE_H
#define APP_TOP_STATE_H

#include "app/top_keys.h"
#include "output/top_view.h"

enum top_action {
	TOP_ACTION_NONE,
	TOP_ACTION_DRAW,   /* the view is to be made again, and drawn */
	TOP_ACTION_REDRAW, /* and the whole screen with it */
	TOP_ACTION_QUIT,
};

/* @v is what is shown, in @body lines below each other. */
enum top_action top_state__key(struct top_state *state, uint32_t key, const struct top_view *v,
			       int body);
/* Keeps cursor and scrolling inside of a view that was made anew, or on a screen of another size. */
void top_state__fit(struct top_state *state, const struct top_view *v, int body);

#endif
