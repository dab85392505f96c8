/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The HTML viewer: one file with everything inside that asks nothing of any network. This file
 * writes the frame of the page and the data; viewer.js shows it and says what the arrays mean.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "functions.js.inc"
#include "live.js.inc"
#include "modules.js.inc"
#include "output/diff.h"
#include "output/frame_kind.h"
#include "output/html_timeline.h"
#include "output/json_writer.h"
#include "output/text.h"
#include "output/tree.h"
#include "output/writer.h"
#include "timeline.js.inc"
#include "viewer.css.inc"
#include "viewer.js.inc"

#define HTML_MAX_FRAMES (1u << 28)
/* The stacks of each thread apart in so many samples at most: a page of more would become too large. */
#define HTML_MAX_THREAD_SAMPLES 20000

/* As in viewer.js. */
enum html_thread_flags {
	HTML_THREAD_KTHREAD = 1,
	HTML_THREAD_EXITED = 2,
	HTML_THREAD_WAITING = 4,
	HTML_THREAD_UNKNOWN = 8,
};

/* What the nodes of the tree show, each combination once. */
struct html_frame {
	uint32_t name, module; /* string ids in the profile */
	uint8_t kind;
};

struct html {
	struct out out;
	struct json json;
	const struct profile *profile;
	struct fold fold;
	struct tree tree;
	struct timeline timeline;
	struct diff_tree diff; /* base_us is NULL when nothing is compared */
	unsigned int live_s;   /* 0: the page is of one window */
	struct html_frame *frames;
	size_t frame_cnt, frame_cap;
	struct hash_index frame_index;
	uint32_t *node_frames; /* by node */
	uint32_t *strings;     /* profile string id -> position in the file + 1; 0: not in it */
	uint32_t *string_ids;  /* the reverse */
	uint32_t string_cnt;
};

static uint32_t put_string(struct html *h, uint32_t id)
{
	if (id >= h->profile->strings.cnt)
		id = 0;
	if (!h->strings[id]) {
		h->string_ids[h->string_cnt] = id;
		h->strings[id] = ++h->string_cnt;
	}
	return h->strings[id] - 1;
}

static bool frame_eq(const void *owner, uint32_t pos, const void *key)
{
	const struct html_frame *a = &((const struct html *)owner)->frames[pos], *b = key;

	return a->name == b->name && a->module == b->module && a->kind == b->kind;
}

/* The position of a node's frame in the file; HASH_INDEX_NONE when there is no memory. */
static uint32_t put_frame(struct html *h, const struct tree_node *node)
{
	struct html_frame key = {node->name, node->module, node->kind};
	uint64_t hash = hash_mix((uint64_t)key.name << 32 | key.module, key.kind);
	uint32_t pos = hash_index__find(&h->frame_index, hash, frame_eq, h, &key);

	if (pos != HASH_INDEX_NONE)
		return pos;
	pos = (uint32_t)h->frame_cnt;
	if (array__grow((void **)&h->frames, &h->frame_cap, h->frame_cnt + 1, sizeof(*h->frames),
			HTML_MAX_FRAMES) ||
	    hash_index__add(&h->frame_index, hash, pos))
		return HASH_INDEX_NONE;
	h->frames[h->frame_cnt++] = key;
	return pos;
}

/* Numbers what the file needs in the order in which it is first used. */
static int number_frames(struct html *h)
{
	const struct tree *t = &h->tree;

	for (uint32_t i = TREE_ROOT + 1; i < t->cnt; i++) {
		h->node_frames[i] = put_frame(h, &t->nodes[i]);
		if (h->node_frames[i] == HASH_INDEX_NONE)
			return -ENOMEM;
	}
	put_string(h, 0);
	for (size_t i = 0; i < h->frame_cnt; i++) {
		put_string(h, h->frames[i].name);
		put_string(h, h->frames[i].module);
	}
	for (size_t i = 0; i < h->profile->thread_cnt; i++)
		put_string(h, h->profile->threads[i].comm);
	return 0;
}

static void html_fini(struct html *h)
{
	timeline__fini(&h->timeline);
	diff_tree__fini(&h->diff);
	fold__fini(&h->fold);
	tree__fini(&h->tree);
	hash_index__fini(&h->frame_index);
	free(h->frames);
	free(h->node_frames);
	free(h->strings);
	free(h->string_ids);
}

/* html_fini() is right whatever this returns. */
static int html_init(struct html *h, const struct profile *p, FILE *to)
{
	const struct fold_opts how = {.threads = p->thread_cnt > 1 &&
						 p->sample_cnt <= HTML_MAX_THREAD_SAMPLES};
	int err;

	memset(h, 0, sizeof(*h));
	h->profile = p;
	hash_index__init(&h->frame_index);
	err = fold__init_with(&h->fold, p, &how);
	if (!err)
		err = tree__init(&h->tree, &h->fold);
	if (err)
		return err;
	h->node_frames = calloc(h->tree.cnt, sizeof(*h->node_frames));
	h->strings = calloc(p->strings.cnt + 1, sizeof(*h->strings));
	h->string_ids = calloc(p->strings.cnt + 1, sizeof(*h->string_ids));
	if (!h->node_frames || !h->strings || !h->string_ids)
		return -ENOMEM;
	out__init(&h->out, to);
	json__init(&h->json, &h->out);
	return number_frames(h);
}

static void begin_list(struct html *h, const char *key)
{
	json__line(&h->json);
	json__key(&h->json, key);
	json__begin_array(&h->json);
}

static void write_reasons(struct html *h)
{
	struct {
		uint64_t blocked_ns, runnable_ns, cnt;
	} sums[REASON_CNT] = {0};
	struct json *j = &h->json;

	for (size_t i = 0; i < h->profile->sample_cnt; i++) {
		const struct profile_sample *s = &h->profile->samples[i];
		unsigned int reason = s->reason < REASON_CNT ? s->reason : REASON_OTHER;

		sums[reason].blocked_ns += s->blocked_ns;
		sums[reason].runnable_ns += s->runnable_ns;
		sums[reason].cnt += s->cnt;
	}
	begin_list(h, "reasons");
	for (int i = 0; i < REASON_CNT; i++) {
		json__line(j);
		json__begin_array(j);
		json__string(j, reason_name((enum reason)i));
		json__string(j, reason_help((enum reason)i));
		json__u64(j, sums[i].blocked_ns);
		json__u64(j, sums[i].runnable_ns);
		json__u64(j, sums[i].cnt);
		json__end_array(j);
	}
	json__end_array(j);
}

static void write_strings(struct html *h)
{
	struct json *j = &h->json;

	begin_list(h, "kinds");
	for (unsigned int i = 0; i < FRAME_KIND_CNT; i++)
		json__string(j, frame_kind_name(i));
	json__end_array(j);
	begin_list(h, "strings");
	for (uint32_t i = 0; i < h->string_cnt; i++)
		json__string(j, profile__str(h->profile, h->string_ids[i]));
	json__end_array(j);
	begin_list(h, "frames");
	for (size_t i = 0; i < h->frame_cnt; i++) {
		json__u64(j, put_string(h, h->frames[i].name));
		json__u64(j, put_string(h, h->frames[i].module));
		json__u64(j, h->frames[i].kind);
	}
	json__end_array(j);
}

static void write_tree(struct html *h)
{
	const struct tree *t = &h->tree;

	begin_list(h, "tree");
	for (uint32_t i = TREE_ROOT + 1; i < t->cnt; i++) {
		json__u64(&h->json, t->nodes[i - 1].depth + 1 - t->nodes[i].depth);
		json__u64(&h->json, h->node_frames[i]);
	}
	json__end_array(&h->json);
}

static void write_parts(struct html *h)
{
	const struct tree *t = &h->tree;
	const struct fold *f = &h->fold;
	uint64_t step = 0;

	begin_list(h, "parts");
	for (uint32_t i = TREE_ROOT; i < t->cnt; i++, step++) {
		uint32_t row = t->nodes[i].row;
		uint32_t at = row == TREE_NONE ? FOLD_NONE : f->rows[row].first_part;

		for (; at != FOLD_NONE; at = f->parts[at].next) {
			json__u64(&h->json, step);
			json__u64(&h->json, f->parts[at].reason);
			json__u64(&h->json, f->parts[at].us);
			json__u64(&h->json, f->parts[at].cnt);
			json__u64(&h->json, (f->parts[at].max_ns + 500) / 1000);
			step = 0;
		}
	}
	json__end_array(&h->json);
}

/* Whose the parts are, in their order; one of a sample without a thread has none. */
static void write_part_threads(struct html *h)
{
	const struct tree *t = &h->tree;
	const struct fold *f = &h->fold;

	if (!f->opts.threads)
		return;
	begin_list(h, "part_threads");
	for (uint32_t i = TREE_ROOT; i < t->cnt; i++) {
		uint32_t row = t->nodes[i].row;
		uint32_t at = row == TREE_NONE ? FOLD_NONE : f->rows[row].first_part;

		for (; at != FOLD_NONE; at = f->parts[at].next)
			json__s64(&h->json, f->parts[at].thread < h->profile->thread_cnt
						    ? (int64_t)f->parts[at].thread
						    : -1);
	}
	json__end_array(&h->json);
}

/* What the nodes were before: of all reasons together, so there is no choosing among them. */
static void write_base(struct html *h)
{
	if (!h->diff.base_us)
		return;
	begin_list(h, "base_us");
	for (uint32_t i = TREE_ROOT; i < h->tree.cnt; i++)
		json__u64(&h->json, h->diff.base_us[i]);
	json__end_array(&h->json);
}

static void write_threads(struct html *h)
{
	struct json *j = &h->json;

	begin_list(h, "threads");
	for (size_t i = 0; i < h->profile->thread_cnt; i++) {
		const struct profile_thread *t = &h->profile->threads[i];

		json__line(j);
		json__begin_array(j);
		json__u64(j, t->pid);
		json__u64(j, t->tid);
		json__u64(j, put_string(h, t->comm));
		json__u64(j, (t->kthread ? HTML_THREAD_KTHREAD : 0) |
				     (t->exited ? HTML_THREAD_EXITED : 0) |
				     (t->open ? HTML_THREAD_WAITING : 0) |
				     (t->totals_known ? 0 : HTML_THREAD_UNKNOWN));
		json__u64(j, t->on_cpu_ns);
		json__u64(j, t->blocked_ns);
		json__u64(j, t->runnable_ns);
		json__u64(j, t->intervals);
		json__u64(j, t->open_blocked_ns + t->open_runnable_ns);
		json__end_array(j);
	}
	json__end_array(j);
}

static void write_data(struct html *h)
{
	json__begin_object(&h->json);
	json__line(&h->json);
	json__member_u64(&h->json, "total_us", h->fold.total_us);
	write_reasons(h);
	write_strings(h);
	write_tree(h);
	write_parts(h);
	write_part_threads(h);
	write_base(h);
	write_threads(h);
	if (h->timeline.row_cnt)
		html_timeline__write(&h->json, &h->timeline, h->profile);
	json__line(&h->json);
	json__end_object(&h->json);
}

static void write_fact(struct html *h, const char *name, const char *id, uint64_t ns)
{
	char text[TEXT_NS_LEN];

	out__printf(&h->out, "<li><span>%s</span> <b%s>%s</b></li>\n", name, id, text_ns(text, ns));
}

static void write_lost(struct html *h)
{
	const struct ledger *l = &h->profile->ledger;
	struct ledger_term lost = ledger__lost(l);
	char ns[TEXT_NS_LEN], cnt[TEXT_CNT_LEN];

	if (lost.ns || lost.cnt)
		out__printf(&h->out,
			    "<li class=\"bad\"><span>lost</span> <b>%s</b> <span>in %s intervals, "
			    "not in this picture</span></li>\n",
			    text_ns(ns, lost.ns), text_cnt(cnt, lost.cnt));
	else
		out__printf(&h->out, "<li><span>lost</span> <b>%s</b></li>\n",
			    ledger__is_of_lossy_trace(&h->profile->ledger)
				    ? "what the trace lacks, which nobody can count"
				    : "nothing");
	if (ledger__imbalance_ns(l))
		out__puts(&h->out, "<li class=\"bad\"><span>the ledger of time does not balance"
				   "</span></li>\n");
}

static void write_diff_facts(struct html *h)
{
	write_fact(h, "before", "", h->diff.base_us[TREE_ROOT] * 1000);
	if (h->diff.gone_us)
		write_fact(h, "of it in stacks that are gone", "", h->diff.gone_us * 1000);
}

static void write_header(struct html *h)
{
	const struct profile *p = h->profile;
	const char *title = profile__str(p, p->title);
	char cnt[TEXT_CNT_LEN];

	out__puts(&h->out, "<header>\n<h1>");
	out__xml(&h->out, *title ? title : "off-CPU time");
	out__puts(&h->out, "</h1>\n<ul class=\"facts\">\n");
	write_fact(h, "off-CPU time", " id=\"total-time\"", h->fold.total_us * 1000);
	if (h->diff.base_us)
		write_diff_facts(h);
	out__printf(&h->out, "<li><span>intervals</span> <b id=\"total-cnt\">%s</b></li>\n",
		    text_cnt(cnt, h->fold.total_cnt));
	if (p->window_ns)
		write_fact(h, "window", "", p->window_ns);
	if (!h->diff.base_us) /* of two profiles there is no one ledger */
		write_lost(h);
	if (p->hidden_ns)
		write_fact(h, profile__hidden_label(p), "", p->hidden_ns);
	if (p->left_out_ns)
		write_fact(h, "not selected", "", p->left_out_ns);
	if (h->fold.left_out_ns)
		write_fact(h, "in stacks below 1 us, left out", "", h->fold.left_out_ns);
	out__puts(&h->out, "</ul>\n");
	if (p->note_cnt) {
		out__puts(&h->out, "<details><summary>About this recording</summary><dl>\n");
		for (size_t i = 0; i < p->note_cnt; i++) {
			out__puts(&h->out, "<dt>");
			out__xml(&h->out, profile__str(p, p->notes[i].key));
			out__puts(&h->out, "</dt><dd>");
			out__xml(&h->out, profile__str(p, p->notes[i].value));
			out__puts(&h->out, "</dd>\n");
		}
		out__puts(&h->out, "</dl></details>\n");
	}
	if (h->live_s)
		out__printf(&h->out,
			    "<p><button id=\"live\" type=\"button\" aria-pressed=\"true\" "
			    "data-seconds=\"%u\" title=\"new pictures as they come, or this one\">"
			    "Live</button> <output id=\"live-said\"></output></p>\n",
			    h->live_s);
	out__puts(&h->out, "</header>\n");
}

static const char head_text[] =
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'%s\">\n"
	"<link rel=\"icon\" href=\"data:,\">\n";

static const char viewer_text[] =
	"<noscript><p class=\"note\">The picture needs JavaScript; the folded and the table format "
	"show the same numbers without.</p></noscript>\n"
	"<main>\n<section id=\"viewer\" aria-label=\"flame graph\">\n"
	"<div class=\"bar\">\n"
	"<input id=\"search\" type=\"search\" placeholder=\"Search: regular expression\" "
	"aria-label=\"search frames, regular expression\" spellcheck=\"false\" "
	"autocomplete=\"off\">\n"
	"<output id=\"matched\" for=\"search\"></output>\n"
	"<button id=\"reset\" type=\"button\" disabled>Reset</button>\n"
	"<button id=\"invert\" type=\"button\" aria-pressed=\"false\">Root at bottom</button>\n"
	"<button id=\"modules\" type=\"button\" aria-pressed=\"false\" title=\"frames of one "
	"module that "
	"call each other are one\">Modules</button>\n"
	"<button id=\"copy\" type=\"button\" title=\"the stack down to the frame that has the "
	"focus, as a "
	"folded line\">Copy stack</button>\n"
	"<button id=\"thread\" type=\"button\" hidden></button>\n"
	"<span class=\"keys\"><kbd>/</kbd> search <kbd>Enter</kbd> zoom <kbd>Esc</kbd> reset "
	"<kbd>i</kbd> invert <kbd>m</kbd> modules <kbd>c</kbd> copy "
	"<kbd>\xe2\x86\x90\xe2\x86\x91\xe2\x86\x93\xe2\x86\x92</kbd> move"
	"</span>\n</div>\n"
	"<nav aria-label=\"zoomed path\"><ol id=\"path\"></ol></nav>\n"
	"<div id=\"graph\"><canvas id=\"canvas\" tabindex=\"0\" role=\"application\" "
	"aria-label=\"flame graph: arrow keys move, Enter zooms, Escape resets\" "
	"aria-describedby=\"status\"></canvas>"
	"<div id=\"space\"></div><div id=\"hover-box\" class=\"frame-box\"></div>"
	"<div id=\"focus-box\" class=\"frame-box\"></div></div>\n"
	"<div id=\"status\" role=\"status\"></div>\n"
	"<div id=\"legend\"></div>\n"
	"<h2>Reasons</h2>\n<div id=\"reasons\"></div>\n"
	"<p class=\"note\"><span class=\"swatch blocked\"></span>blocked \xc2\xa0 "
	"<span class=\"swatch runnable\"></span>runnable, waiting for a CPU. Off-CPU time adds up "
	"over threads, so it can exceed the window.</p>\n</section>\n";

static const char functions_text[] =
	"<section id=\"functions-section\" aria-label=\"functions\">\n<h2>Functions</h2>\n"
	"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"functions\">"
	"<table id=\"functions\"><thead></thead><tbody></tbody></table></div>\n"
	"<p class=\"note\" id=\"functions-note\"></p>\n</section>\n";

static void write_nothing(struct html *h)
{
	const struct profile *p = h->profile;

	out__printf(&h->out, "<p class=\"empty\">No off-CPU time was seen%s%s.</p>\n",
		    p->hidden_ns ? ": " : "", p->hidden_ns ? profile__hidden_all(p) : "");
}

static void write_script(struct html *h, const char *text)
{
	out__puts(&h->out, "</script>\n<script>\n");
	out__puts(&h->out, text);
}

static void write_page(struct html *h)
{
	const char *title = profile__str(h->profile, h->profile->title);
	char cnt[TEXT_CNT_LEN];

	out__puts(&h->out,
		  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	out__printf(&h->out, head_text, h->live_s ? "; connect-src 'self'" : "");
	out__puts(&h->out, "<title>");
	out__xml(&h->out, *title ? title : "off-CPU time");
	out__puts(&h->out, "</title>\n<style>\n");
	out__puts(&h->out, (const char *)viewer_css);
	out__puts(&h->out, "</style>\n</head>\n<body>\n");
	write_header(h);
	out__puts(&h->out, viewer_text);
	if (!h->fold.row_cnt)
		write_nothing(h);
	if (h->timeline.row_cnt)
		out__puts(&h->out, html_timeline_text);
	if (h->fold.row_cnt && !h->diff.base_us)
		out__puts(&h->out, functions_text);
	out__printf(&h->out,
		    "<section aria-label=\"threads\">\n<h2>Threads (%s)</h2>\n"
		    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"threads\">"
		    "<table id=\"threads\"><thead></thead><tbody></tbody></table></div>\n"
		    "<p class=\"note\">Each traced thread, also those that never ran. The reasons "
		    "chosen above do not change this table; a click on a name shows its stacks "
		    "only.</p>\n</section>\n</main>\n"
		    "<div id=\"tip\"></div>\n",
		    text_cnt(cnt, h->profile->thread_cnt));
	out__puts(&h->out, "<script id=\"data\" type=\"application/json\">\n");
	write_data(h);
	out__puts(&h->out, "\n");
	write_script(h, (const char *)modules_js);
	write_script(h, (const char *)viewer_js);
	if (h->fold.row_cnt && !h->diff.base_us)
		write_script(h, (const char *)functions_js);
	if (h->timeline.row_cnt)
		write_script(h, (const char *)timeline_js);
	if (h->live_s)
		write_script(h, (const char *)live_js);
	out__puts(&h->out, "</script>\n</body>\n</html>\n");
}

static int html_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	_cleanup_(html_fini) struct html h;
	int err = html_init(&h, p, to);

	h.live_s = opts ? opts->live_s : 0;
	if (!err && opts && opts->base)
		err = diff_tree__init(&h.diff, &h.tree, opts);
	else if (!err)
		err = timeline__init(&h.timeline, p);
	if (err)
		return err;
	write_page(&h);
	return out__finish(&h.out);
}

const struct writer html_writer = {
	.name = "html",
	.ext = ".html",
	.help = "a page to explore in a browser: flame graph, timeline, search, reasons, threads",
	.compares = true,
	.waits = true,
	.write = html_write,
};
