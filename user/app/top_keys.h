/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a terminal sends when keys are pressed -> keys. */
#ifndef APP_TOP_KEYS_H
#define APP_TOP_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* A key: a character, control characters among them, or one of these. */
enum top_key {
	TOP_KEY_NONE = 0,
	TOP_KEY_BACKSPACE = 0x7f,
	TOP_KEY_ESC = 0x1b,
	TOP_KEY_UP = 0x110000, /* past all characters */
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_BACK_TAB,
	TOP_KEY_F1,			 /* to F12 = F1 + 11 */
	TOP_KEY_OTHER = TOP_KEY_F1 + 12, /* a sequence that means nothing here */
};

#define TOP_KEYS_BYTES 64

struct top_keys {
	char bytes[TOP_KEYS_BYTES];
	size_t len;
};

/* How much may be added now. */
size_t top_keys__room(const struct top_keys *k);
void top_keys__add(struct top_keys *k, const char *bytes, size_t len);
/*
 * The next key, TOP_KEY_NONE: none, or the rest of one is to come. @last: nothing more comes soon, so that an ESC is the key and not
 * the beginning of another one.
 */
uint32_t top_keys__next(struct top_keys *k, int last);

#endif
