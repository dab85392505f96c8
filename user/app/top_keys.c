/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "app/top_keys.h"

#include <string.h>

#include "base/compiler.h"
#include "output/text.h"

/* As xterm, screen, tmux, the Linux console and their relatives send them, without the ESC. */
static const struct {
	const char *bytes;
	uint32_t key;
} sequences[] = {
	{"[A", TOP_KEY_UP},	   {"OA", TOP_KEY_UP},	     {"[B", TOP_KEY_DOWN},
	{"OB", TOP_KEY_DOWN},	   {"[C", TOP_KEY_RIGHT},    {"OC", TOP_KEY_RIGHT},
	{"[D", TOP_KEY_LEFT},	   {"OD", TOP_KEY_LEFT},     {"[H", TOP_KEY_HOME},
	{"OH", TOP_KEY_HOME},	   {"[1~", TOP_KEY_HOME},    {"[7~", TOP_KEY_HOME},
	{"[F", TOP_KEY_END},	   {"OF", TOP_KEY_END},	     {"[4~", TOP_KEY_END},
	{"[8~", TOP_KEY_END},	   {"[5~", TOP_KEY_PAGE_UP}, {"[6~", TOP_KEY_PAGE_DOWN},
	{"[Z", TOP_KEY_BACK_TAB},  {"OP", TOP_KEY_F1},	     {"OQ", TOP_KEY_F1 + 1},
	{"OR", TOP_KEY_F1 + 2},	   {"OS", TOP_KEY_F1 + 3},   {"[[A", TOP_KEY_F1},
	{"[[B", TOP_KEY_F1 + 1},   {"[[C", TOP_KEY_F1 + 2},  {"[[D", TOP_KEY_F1 + 3},
	{"[[E", TOP_KEY_F1 + 4},   {"[11~", TOP_KEY_F1},     {"[12~", TOP_KEY_F1 + 1},
	{"[13~", TOP_KEY_F1 + 2},  {"[14~", TOP_KEY_F1 + 3}, {"[15~", TOP_KEY_F1 + 4},
	{"[17~", TOP_KEY_F1 + 5},  {"[18~", TOP_KEY_F1 + 6}, {"[19~", TOP_KEY_F1 + 7},
	{"[20~", TOP_KEY_F1 + 8},  {"[21~", TOP_KEY_F1 + 9}, {"[23~", TOP_KEY_F1 + 10},
	{"[24~", TOP_KEY_F1 + 11},
};

size_t top_keys__room(const struct top_keys *k)
{
	return sizeof(k->bytes) - k->len;
}

void top_keys__add(struct top_keys *k, const char *bytes, size_t len)
{
	size_t room = top_keys__room(k);

	len = len < room ? len : room;
	memcpy(k->bytes + k->len, bytes, len);
	k->len += len;
}

static void keys_drop(struct top_keys *k, size_t len)
{
	k->len -= len;
	memmove(k->bytes, k->bytes + len, k->len);
}

/*
 * The length of the sequence behind the ESC, 0: it is not whole. "[" goes to a final byte of @ to ~, "O" and what Alt
 * puts an ESC in front of is one more.
 */
static size_t sequence_len(const char *s, size_t len)
{
	size_t i = 1;

	if (!len)
		return 0;
	if (s[0] == 'O')
		return len > 1 ? 2 : 0;
	if (s[0] != '[')
		return 1;
	/* Linux's console: "[[A". */
	if (i < len && s[i] == '[')
		i++;
	while (i < len && s[i] >= 0x20 && s[i] < 0x40)
		i++;
	return i < len ? i + 1 : 0;
}

static uint32_t keys_sequence(struct top_keys *k, int last)
{
	size_t len = sequence_len(k->bytes + 1, k->len - 1);
	uint32_t key = TOP_KEY_OTHER;

	if (!len) {
		/* What was begun and does not end: the keys that it looks like. A whole buffer of it is nothing. */
		if (!last && k->len < sizeof(k->bytes))
			return TOP_KEY_NONE;
		keys_drop(k, 1);
		return TOP_KEY_ESC;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++)
		if (strlen(sequences[i].bytes) == len &&
		    !memcmp(sequences[i].bytes, k->bytes + 1, len))
			key = sequences[i].key;
	keys_drop(k, 1 + len);
	return key;
}

/* How many bytes a character has that begins with @c. */
static size_t char_len(unsigned char c)
{
	return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

uint32_t top_keys__next(struct top_keys *k, int last)
{
	char bytes[5] = {0};
	size_t len;
	uint32_t c;

	if (!k->len)
		return TOP_KEY_NONE;
	if (k->bytes[0] == TOP_KEY_ESC)
		return keys_sequence(k, last);
	len = char_len((unsigned char)k->bytes[0]);
	if (len > k->len && !last)
		return TOP_KEY_NONE;
	memcpy(bytes, k->bytes, len < k->len ? len : k->len);
	if (!bytes[0]) {
		keys_drop(k, 1);
		return TOP_KEY_OTHER;
	}
	c = text_char(bytes, &len);
	keys_drop(k, len);
	/* What Ctrl-H is elsewhere. */
	return c == '\b' ? TOP_KEY_BACKSPACE : c;
}
