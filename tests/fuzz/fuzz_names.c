/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names that a traced program chooses (its own, its threads', files', functions'; one after the other in an input, with a NUL behind each),
 * and every form of output: in what people and terminals read there is no control character but line ends and tabs.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "model/sanitise.h"
#include "output/exposition.h"
#include "output/writer.h"

#define NAMES_CNT 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is in which place. */
enum { NAME_TITLE, NAME_COMM, NAME_PROCESS, NAME_MODULE, NAME_FILE, NAME_NOTE, NAME_FUNCTION };

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static bool is_binary(const struct writer *w)
{
	return !strcmp(w->name, "pprof") || !strcmp(w->name, "perfetto") ||
	       !strcmp(w->name, "perfview");
}

static void check_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		need(c >= 0x20 || c == '\n' || c == '\t');
		need(c != 0x7f);
		/* C1: some terminals take U+009B for the beginning of a sequence. */
		need(c != 0xc2 || i + 1 == len || (uint8_t)text[i + 1] >= 0xa0);
	}
}

static uint32_t text_of(struct profile *p, const char *name)
{
	uint32_t id;

	need(!profile__text(p, name, &id));
	return id;
}

static uint32_t frame_of(struct profile *p, char *const *names, int i)
{
	struct profile_place place = {
		.module = names[NAME_MODULE], .file = names[NAME_FILE], .line = 7};
	uint32_t id;

	need(!profile__frame_at(p, names[i], FRAME_KIND_NATIVE, &place, &id));
	return id;
}

static struct profile *profile_of(char *const *names)
{
	struct profile *p = profile__new();
	struct profile_thread t = {.pid = 1, .tid = 2, .intervals = 1, .blocked_ns = 5000};
	struct profile_sample s = {.cnt = 1, .blocked_ns = 5000000, .max_ns = 5000000};
	uint32_t frames[NAMES_CNT - NAME_FUNCTION + 1];

	need(p);
	p->title = text_of(p, names[NAME_TITLE]);
	t.comm = text_of(p, names[NAME_COMM]);
	t.process = t.group = text_of(p, names[NAME_PROCESS]);
	need(!profile__add_thread(p, &t) && !profile__add_note(p, "host", names[NAME_NOTE]));
	need(!profile__frame(p, names[NAME_COMM], NULL, FRAME_KIND_PROCESS, &frames[0]));
	for (int i = NAME_FUNCTION; i < NAMES_CNT; i++)
		frames[i - NAME_FUNCTION + 1] = frame_of(p, names, i);
	need(!profile__add_sample(p, &s, frames, NAMES_CNT - NAME_FUNCTION + 1));
	p->window_ns = 1000000000;
	return p;
}

static void write_all(const struct profile *p)
{
	for (const struct writer *const *w = writers(); *w; w++) {
		struct writer_opts opts = {.width = 60};
		char *text = NULL;
		size_t len;
		FILE *to = open_memstream(&text, &len);

		int err = to ? (*w)->write(p, &opts, to) : -ENOMEM;

		/* Some show nothing but waits that have times. */
		need((!err || err == -ENODATA) && !fclose(to));
		if (!is_binary(*w))
			check_text(text, len);
		free(text);
	}
}

static void write_metrics(char *const *names)
{
	const struct metric_family family = {"x", METRIC_GAUGE, "a,b", "A thing."};
	const struct metric_labels labels = {{{"a", names[0]}, {"b", names[1]}}};

	for (int f = EXPOSITION_TEXT; f <= EXPOSITION_OPENMETRICS; f++) {
		struct exposition x;
		struct buf text;

		buf__init(&text, 1 << 20);
		exposition__init(&x, (enum exposition_format)f, &text);
		exposition__family(&x, &family);
		exposition__sample(&x, &labels, 1, 0);
		need(!exposition__finish(&x));
		check_text(text.data, text.len);
		buf__fini(&text);
	}
}

/* What error messages and the metrics' labels go through. */
static void check_sanitised(char *const *names)
{
	struct buf clean, again;

	for (int i = 0; i < NAMES_CNT; i++) {
		buf__init(&clean, 65536);
		buf__init(&again, 65536);
		need(!sanitise_frame(names[i], &clean) && clean.len && clean.len <= 4096);
		check_text(clean.data, clean.len);
		need(!strpbrk(clean.data, ";\n\t"));
		need(!sanitise_frame(clean.data, &again) && !strcmp(clean.data, again.data));
		buf__fini(&clean);
		buf__fini(&again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + NAMES_CNT), *names[NAMES_CNT], *at = text;
	struct profile *p;

	if (!text)
		return 0;
	if (len)
		memcpy(text, data, len);
	memset(text + len, 0, NAMES_CNT);
	for (int i = 0; i < NAMES_CNT; i++) {
		names[i] = at;
		at += strlen(at);
		at += at < text + len + NAMES_CNT - 1;
	}
	check_sanitised(names);
	p = profile_of(names);
	write_all(p);
	profile__free(p);
	write_metrics(names);
	free(text);
	return 0;
}
