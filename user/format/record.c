/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/record.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"

#define RECORD_BAD(...) error_set(-EBADMSG, "record: " __VA_ARGS__)

static int record_check_comm(const char *comm, const char *kind)
{
	if (!memchr(comm, 0, WIRE_COMM_LEN))
		return RECORD_BAD("%s: name without end", kind);
	return 0;
}

/* Are the @have bytes at @text @len characters and a NUL? */
static bool record_text_ok(const char *text, size_t have, size_t len)
{
	return len < have && memchr(text, 0, len + 1) == text + len;
}

static int record_check_thread(const struct event *e)
{
	return record_check_comm(e->thread->comm, "thread");
}

static int record_check_exec(const struct event *e)
{
	return record_check_comm(e->exec->comm, "exec");
}

static int record_check_summary(const struct event *e)
{
	return record_check_comm(e->summary->comm, "summary");
}

static int record_check_ips(const char *kind, const struct event *e, size_t fixed, uint32_t cnt,
			    uint32_t max)
{
	if (cnt > max)
		return RECORD_BAD("%s of %u frames, %u are the limit", kind, cnt, max);
	if (e->h->size - fixed < cnt * sizeof(__u64))
		return RECORD_BAD("%s of %u frames in %u bytes", kind, cnt, e->h->size);
	return 0;
}

static int record_check_stack(const struct event *e)
{
	if (e->stack->kind > WIRE_STACK_USER)
		return RECORD_BAD("stack of unknown kind %u", e->stack->kind);
	return record_check_ips("stack", e, sizeof(*e->stack), e->stack->frame_cnt,
				WIRE_MAX_FRAMES);
}

/* The kernel may send only as many of the ips as there are. */
static int record_check_seed(const struct event *e)
{
	const struct wire_seed *seed = (const void *)e->h;

	if (record_check_comm(seed->comm, "seed"))
		return -EBADMSG;
	return record_check_ips("seed", e, offsetof(struct wire_seed, ips), seed->frame_cnt,
				WIRE_MAX_KERNEL_FRAMES);
}

/* Whole pages, the first of which holds what sp points to. */
static int record_check_copy(const struct event *e)
{
	if ((e->h->size - sizeof(struct wire_copy)) % 4096)
		return RECORD_BAD("copy: %u bytes are no whole pages", e->h->size);
	return 0;
}

static int record_check_counters(const struct event *e)
{
	size_t have = (e->h->size - sizeof(*e->counters)) / sizeof(__u64);

	if (e->counters->cnt > have)
		return RECORD_BAD("%u counters in %u bytes", e->counters->cnt, e->h->size);
	return 0;
}

static int record_check_module(const struct event *e)
{
	const struct wire_module *m = e->module;

	if (m->kind > WIRE_MODULE_DRIVER)
		return RECORD_BAD("module of unknown kind %u", m->kind);
	if (m->build_id_len > WIRE_BUILD_ID_LEN)
		return RECORD_BAD("module: build id of %u bytes", m->build_id_len);
	if (!record_text_ok(m->path, m->h.size - offsetof(struct wire_module, path), m->path_len))
		return RECORD_BAD("module: path is not %u characters", m->path_len);
	return 0;
}

static int record_check_mapping(const struct event *e)
{
	const struct wire_mapping *m = e->mapping;

	if (m->start > m->end || (m->start == m->end && !(m->flags & WIRE_MAPPING_RESET)))
		return RECORD_BAD("mapping ends before it begins");
	return 0;
}

static int record_check_symbol(const struct event *e)
{
	const struct wire_symbol *s = e->symbol;

	if (!record_text_ok(s->name, s->h.size - offsetof(struct wire_symbol, name), s->name_len))
		return RECORD_BAD("symbol: name is not %u characters", s->name_len);
	return 0;
}

static int record_check_line(const struct event *e)
{
	const struct wire_line *l = e->line;
	size_t have = l->h.size - offsetof(struct wire_line, text), name = l->name_len;

	if (!record_text_ok(l->text, have, name))
		return RECORD_BAD("line: name is not %u characters", l->name_len);
	if (!record_text_ok(l->text + name + 1, have - name - 1, l->file_len))
		return RECORD_BAD("line: file is not %u characters", l->file_len);
	return 0;
}

static int record_check_lock(const struct event *e)
{
	const struct wire_lock *l = e->lock;

	if (!record_text_ok(l->path, l->h.size - offsetof(struct wire_lock, path), l->path_len))
		return RECORD_BAD("lock: path is not %u characters", l->path_len);
	return 0;
}

static int record_check_debug_file(const struct event *e)
{
	const struct wire_debug_file *d = e->debug_file;

	if (!record_text_ok(d->text, d->h.size - offsetof(struct wire_debug_file, text),
			    d->name_len))
		return RECORD_BAD("debug file: name is not %u characters", d->name_len);
	return 0;
}

static int record_check_long_name(const struct event *e)
{
	const struct wire_long_name *n = e->long_name;

	if (!record_text_ok(n->text, n->h.size - offsetof(struct wire_long_name, text),
			    n->name_len))
		return RECORD_BAD("long name: it is not %u characters", n->name_len);
	return 0;
}

/* Pairs of texts, each ended by a NUL. */
static int record_check_labels(const struct event *e)
{
	const struct wire_labels *l = e->labels;
	size_t have = l->h.size - offsetof(struct wire_labels, text), ends = 0;

	for (size_t i = 0; l->text_len <= have && i < l->text_len; i++)
		ends += !l->text[i];
	if (l->text_len > have || ends % 2 || (l->text_len && l->text[l->text_len - 1]))
		return RECORD_BAD("labels: %u bytes are no pairs of texts", l->text_len);
	return 0;
}

static int record_check_wait_reason(const struct event *e)
{
	const struct wire_wait_reason *r = e->wait_reason;
	size_t have = r->h.size - offsetof(struct wire_wait_reason, text), name = r->name_len;

	if (!record_text_ok(r->text, have, name))
		return RECORD_BAD("wait reason: name is not %u characters", r->name_len);
	if (!record_text_ok(r->text + name + 1, have - name - 1, r->frame_len))
		return RECORD_BAD("wait reason: frame is not %u characters", r->frame_len);
	return 0;
}

static int record_check_meta(const struct event *e)
{
	const struct wire_meta *m = e->meta;
	size_t have = m->h.size - offsetof(struct wire_meta, text);
	size_t key = m->key_len;

	if (!record_text_ok(m->text, have, key))
		return RECORD_BAD("meta: key is not %u characters", m->key_len);
	if (!record_text_ok(m->text + key + 1, have - key - 1, m->value_len))
		return RECORD_BAD("meta: value is not %u characters", m->value_len);
	return 0;
}

static int record_check_window(const struct event *e)
{
	if (e->window->edge > WIRE_WINDOW_END)
		return RECORD_BAD("window: unknown edge %u", e->window->edge);
	return 0;
}

/* A kind: the bytes that a record of it has at least, and what else must hold. */
struct record_kind {
	const char *name; /* NULL: not known */
	size_t min_bytes;
	int (*check)(const struct event *e); /* may be NULL */
};

static const struct record_kind record_kinds[] = {
	[WIRE_INTERVAL] = {"interval", sizeof(struct wire_interval), NULL},
	[WIRE_THREAD] = {"thread", sizeof(struct wire_thread), record_check_thread},
	[WIRE_STACK] = {"stack", sizeof(struct wire_stack), record_check_stack},
	[WIRE_EXEC] = {"exec", sizeof(struct wire_exec), record_check_exec},
	[WIRE_FORK] = {"fork", sizeof(struct wire_fork), NULL},
	[WIRE_SUMMARY] = {"summary", sizeof(struct wire_summary), record_check_summary},
	[WIRE_SEED] = {"seed", offsetof(struct wire_seed, ips), record_check_seed},
	[WIRE_COPY] = {"copy", sizeof(struct wire_copy) + 4096, record_check_copy},
	[WIRE_REMAP] = {"remap", sizeof(struct wire_remap), NULL},
	[WIRE_SPILL] = {"spill", sizeof(struct wire_spill), NULL},
	[WIRE_COUNTERS] = {"counters", sizeof(struct wire_counters), record_check_counters},
	[WIRE_MODULE] = {"module", sizeof(struct wire_module), record_check_module},
	[WIRE_MAPPING] = {"mapping", sizeof(struct wire_mapping), record_check_mapping},
	[WIRE_SYMBOL] = {"symbol", sizeof(struct wire_symbol), record_check_symbol},
	[WIRE_LINE] = {"line", sizeof(struct wire_line), record_check_line},
	[WIRE_CODE] = {"code", sizeof(struct wire_code), NULL},
	[WIRE_LOCK] = {"lock", sizeof(struct wire_lock), record_check_lock},
	[WIRE_WAIT_REASON] = {"wait reason", sizeof(struct wire_wait_reason),
			      record_check_wait_reason},
	[WIRE_LONG_NAME] = {"long name", sizeof(struct wire_long_name), record_check_long_name},
	[WIRE_DEBUG_FILE] = {"debug file", sizeof(struct wire_debug_file), record_check_debug_file},
	[WIRE_LABELS] = {"labels", sizeof(struct wire_labels), record_check_labels},
	[WIRE_META] = {"meta", sizeof(struct wire_meta), record_check_meta},
	[WIRE_WINDOW] = {"window", sizeof(struct wire_window), record_check_window},
	[WIRE_ROUND] = {"round", sizeof(struct wire_round), NULL},
};

static int record_check_header(const struct wire_header *h, size_t len)
{
	if (h->size < sizeof(*h) || h->size % 8)
		return RECORD_BAD("kind %u: impossible size of %u bytes", h->kind, h->size);
	if (h->size > len)
		return RECORD_BAD("kind %u: %u bytes, but only %zu are there", h->kind, h->size,
				  len);
	return 0;
}

int record_decode(const void *data, size_t len, struct event *ret_event)
{
	struct event e = {.h = data};
	const struct record_kind *k;
	int err;

	if (len < sizeof(*e.h))
		return RECORD_BAD("%zu bytes are less than a header", len);
	err = record_check_header(e.h, len);
	if (err)
		return err;
	k = e.h->kind < ARRAY_SIZE(record_kinds) ? &record_kinds[e.h->kind] : NULL;
	if (!k || !k->name) {
		*ret_event = e;
		return 1;
	}
	if (e.h->size < k->min_bytes)
		return RECORD_BAD("%s: %u bytes, at least %zu are needed", k->name, e.h->size,
				  k->min_bytes);
	err = k->check ? k->check(&e) : 0;
	if (err)
		return err;
	*ret_event = e;
	return 0;
}
