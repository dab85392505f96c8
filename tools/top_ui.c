/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The screen: what was added up, as the keys want it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app/top_state.h"
#include "base/log.h"
#include "base/os_clock.h"
#include "base/os_signal.h"
#include "base/os_thread_signals.h"
#include "base/os_tty.h"
#include "terminal.h"
#include "top.h"

#define UI_MAX_BYTES  (16u << 20)
#define UI_ESC_MS     50 /* by then the rest of a key's bytes has come */
#define UI_IDLE_MS    1000
#define UI_MESSAGE_NS 15000000000ull /* how long a message stays */

/* ---- drawing ---- */

static void ui_take_message(struct top_ui *ui)
{
	struct top_messages *m = ui->messages;

	ui->facts.message[0] = '\0';
	os_mutex__lock(&m->lock);
	ui->message_cnt = m->cnt;
	if (m->cnt && os_monotonic_ns() - m->last_ns < UI_MESSAGE_NS)
		memcpy(ui->facts.message, m->texts[(m->cnt - 1) % TOP_MAX_MESSAGES],
		       TOP_MESSAGE_BYTES);
	os_mutex__unlock(&m->lock);
}

/* With the shared rows locked. */
static int ui_make(struct top_ui *ui)
{
	struct top_shared *sh = ui->shared;
	const struct top_rows *rows = ui->state.all ? &sh->all : &sh->last;
	int err;

	if (ui->state.paused)
		rows = ui->state.all ? &ui->frozen_all : &ui->frozen_last;
	else
		ui->facts = sh->facts;
	ui->version = sh->version;
	ui_take_message(ui);
	err = top_view__make(&ui->view, rows, &ui->state);
	if (err)
		return err;
	top_state__fit(&ui->state, &ui->view, top_body_rows(&ui->facts, ui->screen.rows));
	top_draw(&ui->screen, &ui->view, &ui->state, &ui->facts);
	return 0;
}

static int ui_draw(struct top_ui *ui)
{
	_cleanup_buf_ struct buf bytes;
	int err;

	os_mutex__lock(&ui->shared->lock);
	err = ui_make(ui);
	os_mutex__unlock(&ui->shared->lock);
	if (err)
		return err;
	buf__init(&bytes, UI_MAX_BYTES);
	err = screen__flush(&ui->screen, &bytes);
	if (!err)
		err = os_tty_write(buf__str(&bytes), bytes.len);
	/* How much of it arrived is not known. */
	if (err == -ETIMEDOUT) {
		screen__forget(&ui->screen);
		err = 0;
	}
	return err;
}

static int ui_resize(struct top_ui *ui)
{
	int cols, rows;

	os_tty_size(&cols, &rows);
	return screen__resize(&ui->screen, cols, rows);
}

/* ---- keys ---- */

static void ui_thaw(struct top_ui *ui)
{
	top_rows__fini(&ui->frozen_last);
	top_rows__fini(&ui->frozen_all);
}

static int ui_freeze(struct top_ui *ui)
{
	int err;

	os_mutex__lock(&ui->shared->lock);
	err = top_rows__copy(&ui->frozen_last, &ui->shared->last);
	if (!err)
		err = top_rows__copy(&ui->frozen_all, &ui->shared->all);
	os_mutex__unlock(&ui->shared->lock);
	return err;
}

/* 1: the user wants to quit. */
static int ui_key(struct top_ui *ui, uint32_t key, bool *ret_draw)
{
	bool paused = ui->state.paused;
	int err = 0;

	switch (top_state__key(&ui->state, key, &ui->view,
			       top_body_rows(&ui->facts, ui->screen.rows))) {
	case TOP_ACTION_QUIT:
		return 1;
	case TOP_ACTION_REDRAW:
		screen__forget(&ui->screen);
		break;
	case TOP_ACTION_DRAW:
		break;
	default:
		return 0;
	}
	if (ui->state.paused && !paused)
		err = ui_freeze(ui);
	else if (paused && !ui->state.paused)
		ui_thaw(ui);
	*ret_draw = true;
	/* The next key is about the lines as this one left them. */
	return err ? err : ui_draw(ui);
}

static int ui_read(struct top_ui *ui, bool last)
{
	char bytes[TOP_KEYS_BYTES];
	bool drawn = false;
	uint32_t key;
	int err = 0;

	top_keys__add(&ui->keys, bytes, os_tty_read(bytes, top_keys__room(&ui->keys)));
	while (!err && (key = top_keys__next(&ui->keys, last)) != TOP_KEY_NONE)
		err = ui_key(ui, key, &drawn);
	return err;
}

/* ---- the thread ---- */

/* Is there something to show, or has a message stood long enough? */
static bool ui_changed(struct top_ui *ui)
{
	struct top_messages *m = ui->messages;
	bool changed;

	os_mutex__lock(&ui->shared->lock);
	changed = ui->version != ui->shared->version;
	os_mutex__unlock(&ui->shared->lock);
	os_mutex__lock(&m->lock);
	changed |= ui->message_cnt != m->cnt ||
		   (ui->facts.message[0] && os_monotonic_ns() - m->last_ns >= UI_MESSAGE_NS);
	os_mutex__unlock(&m->lock);
	return changed;
}

static int ui_round(struct top_ui *ui)
{
	unsigned int events = os_tty_wait(ui->keys.len ? UI_ESC_MS : UI_IDLE_MS);
	int err = 0;

	if (events & OS_TTY_GONE) {
		os_signal_remember_stop(SIGHUP);
		return 1;
	}
	if (events & OS_TTY_SUSPEND && !ui->away)
		err = os_tty_suspend();
	else if (events & OS_TTY_RESUMED || ui->away)
		err = os_tty_resume();
	ui->away = err == -EAGAIN;
	if (ui->away)
		return 0;
	if (!err && events & (OS_TTY_SUSPEND | OS_TTY_RESUMED | OS_TTY_RESIZED))
		err = ui_resize(ui);
	if (!err && (events & OS_TTY_INPUT || ui->keys.len))
		err = ui_read(ui, !(events & OS_TTY_INPUT));
	if (!err && (events & ~(unsigned int)OS_TTY_INPUT || ui_changed(ui)))
		err = ui_draw(ui);
	return err;
}

static void *ui_run(void *arg)
{
	struct top_ui *ui = arg;
	int err = 0;

	os_tty_catch_faults();
	while (!err && !__atomic_load_n(&ui->stop, __ATOMIC_ACQUIRE))
		err = ui_round(ui);
	if (err < 0)
		log_error("the screen can't be drawn: %s", error_text(err));
	/* The last interval is still to be named: nobody has to look at this meanwhile. */
	os_tty_leave();
	/* Who traces looks at it in each of its rounds. */
	__atomic_store_n(&ui->quit, err != 0, __ATOMIC_RELEASE);
	return NULL;
}

int top_ui__start(struct top_ui *ui)
{
	sigset_t old;
	int err;

	screen__init(&ui->screen, terminal_color(stdout), !os_tty_utf8());
	err = ui_resize(ui);
	if (!err)
		err = os_tty_enter();
	if (!err)
		err = ui_draw(ui);
	if (!err) {
		os_thread_block_signals(&old);
		err = os_thread__start(&ui->thread, "dwell-screen", ui_run, ui);
		os_thread_restore_signals(&old);
	}
	if (err)
		os_tty_leave();
	return err;
}

void top_ui__stop(struct top_ui *ui)
{
	__atomic_store_n(&ui->stop, true, __ATOMIC_RELEASE);
	os_tty_wake();
	os_thread__join(&ui->thread);
	os_tty_leave();
	screen__fini(&ui->screen);
	top_view__fini(&ui->view);
	ui_thaw(ui);
}

bool top_ui__quit(const struct top_ui *ui)
{
	return __atomic_load_n(&ui->quit, __ATOMIC_ACQUIRE);
}

void top_ui__wake(void)
{
	os_tty_wake();
}
