/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * dwell top, in parts:
 *
 *   top.c        options
 *   top_run.c    the run: the main thread traces, and adds up what each interval brought
 *   top_ui.c     the screen: a thread of its own reads keys and draws, so that neither waits for the other
 */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include "app/service.h"
#include "app/top_keys.h"
#include "base/os_child.h"
#include "base/os_thread.h"
#include "live.h"
#include "naming.h"
#include "output/top_screen.h"

#define TOP_MAX_MESSAGES 32

struct top_config {
	struct live_config live; /* first: the parsers of its options see the config as this */
	uint64_t interval_ns;
	uint64_t cnt; /* intervals to show; 0: no end */
	bool batch;
	bool locks;
	uint64_t by, sort; /* enum top_by, enum top_sort */
	uint64_t top_cnt;
};

/* What was said while the screen was taken. */
struct top_messages {
	struct os_mutex lock;
	char texts[TOP_MAX_MESSAGES][TOP_MESSAGE_BYTES]; /* the last ones */
	uint64_t cnt;
	uint64_t last_ns; /* when the last one came */
};

/* What both threads see, under the lock. */
struct top_shared {
	struct os_mutex lock;
	struct top_rows last, all; /* of the last interval, and since the start */
	struct top_facts facts;
	uint64_t version; /* counts intervals */
};

struct top_ui {
	struct top_shared *shared;
	struct top_messages *messages;
	struct os_thread thread;
	bool stop; /* shared, atomic: the thread is to end */
	bool quit; /* shared, atomic: the user wants to */
	/* The thread's. */
	struct top_state state;
	struct top_view view;
	struct top_rows frozen_last, frozen_all; /* while paused */
	struct top_facts facts;
	struct screen screen;
	struct top_keys keys;
	uint64_t version;
	uint64_t message_cnt;
	bool away; /* another job has the terminal */
};

/* ---- top_run.c ---- */

/* Returns the exit status; everything was said. */
int top_run(const struct top_config *config, int operand_cnt, char **operands, char **command);

/* ---- top_ui.c ---- */

/* Takes the screen (os_tty_open() was called) and shows @shared as it changes. 0 or -errno. */
int top_ui__start(struct top_ui *ui);
/* Gives the screen back. Accepts one that was not started. */
void top_ui__stop(struct top_ui *ui);
bool top_ui__quit(const struct top_ui *ui);
/* There is something new. */
void top_ui__wake(void);

#endif
