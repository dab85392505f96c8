/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The SVG flame graph: a picture that is complete without its script. svg.js adds zoom, search
 * and the rest; it reads what it needs from the frames: their data-f is "depth start_us us" and
 * the first line of their title is the name. Frames are in depth-first order.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "output/diff.h"
#include "output/frame_kind.h"
#include "output/out.h"
#include "output/text.h"
#include "output/tree.h"
#include "output/writer.h"
#include "svg.js.inc"

#define SVG_WIDTH     1200
#define SVG_MARGIN    10
#define SVG_TOP	      66 /* where the frames begin; svg.js reads it from the frames */
#define SVG_BOTTOM    54
#define SVG_ROW	      17
#define SVG_GRAPH     (SVG_WIDTH - 2 * SVG_MARGIN)
#define SVG_CENTI     100 /* coordinates are counted in hundredths of a pixel */
#define SVG_MIN_CENTI 10  /* narrower frames are left out */
/* A column of the 12 px monospace font, in hundredths of a pixel. */
#define SVG_CHAR_CENTI 725
#define SVG_SHADES     5

/* Dark text is readable on all of them; blue and orange differ for everyone. */
static const char *const shades[FRAME_KIND_CNT][SVG_SHADES] = {
	[FRAME_KIND_PROCESS] = {"#bacfc4", "#c1d4cb", "#b1c9bd", "#c7d8d0", "#b5ccc1"},
	[FRAME_KIND_NATIVE] = {"#9cc2ec", "#a7cdee", "#90b4ea", "#b0c5f0", "#96c9eb"},
	[FRAME_KIND_KERNEL] = {"#f7bd82", "#f8bc8e", "#f6be74", "#f8d598", "#f7a87b"},
	[FRAME_KIND_DELIMITER] = {"#d0d2d7", "#d7d9dd", "#c8cbd0", "#dddee2", "#cccfd4"},
	[FRAME_KIND_STATE] = {"#d6b9e4", "#dbc2e7", "#cfaee0", "#dfcaea", "#d2b4e2"},
	[FRAME_KIND_MISSING] = {"#d6d8dc", "#dddee2", "#cdd0d5", "#e2e4e6", "#d2d4d8"},
	[FRAME_KIND_INLINED] = {"#a9d6f0", "#b3dbf2", "#9fd1ee", "#bde0f4", "#a4d3ef"},
	[FRAME_KIND_JIT] = {"#a5d9a8", "#aeddb1", "#9bd59f", "#b8e2ba", "#a0d7a3"},
	[FRAME_KIND_PYTHON] = {"#efdc7a", "#f1e087", "#ecd86c", "#f3e495", "#eeda73"},
	[FRAME_KIND_GO] = {"#8ad8da", "#96dcde", "#7ed4d6", "#a2e0e2", "#84d6d8"},
	[FRAME_KIND_WAKER] = {"#eeb1c4", "#f0bbcc", "#eca5bb", "#f2c6d4", "#edabc0"},
	[FRAME_KIND_LOCK] = {"#c9c6f2", "#d0cef4", "#c0bcf0", "#d7d5f6", "#c5c1f1"},
};

/* By how much a frame changed: red more, blue less. */
static const char *const more_shades[DIFF_LEVELS] = {"#fbe0dc", "#f7c3bb", "#f3a498", "#ef8675",
						     "#ea6651"};
static const char *const less_shades[DIFF_LEVELS] = {"#dde8fb", "#bed3f7", "#9fbef3", "#80a8ee",
						     "#6093e9"};

struct svg {
	struct out out;
	const struct profile *profile;
	struct fold fold;
	struct tree tree;
	struct diff_tree diff; /* base_us is NULL when nothing is compared */
	uint32_t levels;       /* of the frames that are wide enough */
	uint64_t left_out;     /* frames that are not */
};

static uint64_t centi(const struct svg *s, uint64_t us)
{
	return text_scale(us, SVG_GRAPH * SVG_CENTI, s->fold.total_us);
}

static bool wide_enough(const struct svg *s, uint32_t node)
{
	return centi(s, s->tree.nodes[node].us) >= SVG_MIN_CENTI;
}

/* Counts what will be drawn. */
static void measure(struct svg *s)
{
	const struct tree *t = &s->tree;

	for (uint32_t i = TREE_ROOT; i < t->cnt; i++) {
		if (!wide_enough(s, i))
			s->left_out++;
		else if (t->nodes[i].depth >= s->levels)
			s->levels = t->nodes[i].depth + 1;
	}
}

static unsigned int height(const struct svg *s)
{
	return SVG_TOP + s->levels * SVG_ROW + SVG_BOTTOM;
}

static void put_centi(struct out *out, uint64_t v)
{
	out__printf(out, "%" PRIu64 ".%02u", v / SVG_CENTI, (unsigned int)(v % SVG_CENTI));
}

static void write_style(struct svg *s)
{
	out__puts(
		&s->out,
		"<style>\n"
		"text{font:12px ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;"
		"fill:#10151c}\n"
		".title{font:600 17px system-ui,\"DejaVu Sans\",sans-serif}\n"
		".sub,.legend{font:12px system-ui,\"DejaVu Sans\",sans-serif;fill:#4c5661}\n"
		".bad{fill:#b3261e;font-weight:600}\n"
		".f,.button{cursor:pointer}\n"
		".f text{pointer-events:none}\n"
		".f:hover rect{stroke:#10151c;stroke-width:1}\n"
		".f.focus rect{stroke:#10151c;stroke-width:2}\n"
		".f.up{opacity:.55}\n"
		".f.match rect{fill:#b5177f}\n"
		".f.match text{fill:#fff}\n"
		".button{display:none}\n"
		".button rect{fill:#fff;stroke:#c3c9d0}\n"
		".button:hover rect,.button:focus rect{stroke:#1858b8;stroke-width:1.5}\n"
		".button text{text-anchor:middle;font:12px system-ui,\"DejaVu Sans\",sans-serif}\n"
		".scripted .button{display:inline}\n"
		"#matched{font-weight:600;text-anchor:end}\n"
		"#frames:focus,.button:focus{outline:none}\n"
		"@media print{.button,#search{display:none!important}}\n");
	for (int kind = 0; kind < FRAME_KIND_CNT; kind++)
		for (int i = 0; i < SVG_SHADES; i++)
			out__printf(&s->out, ".%s%d{fill:%s}\n", frame_kind_name((uint8_t)kind), i,
				    shades[kind][i]);
	for (int i = 0; s->diff.base_us && i < DIFF_LEVELS; i++)
		out__printf(&s->out, ".more%d{fill:%s}\n.less%d{fill:%s}\n", i, more_shades[i], i,
			    less_shades[i]);
	out__puts(&s->out, "</style>\n");
}

static void write_title(struct svg *s)
{
	const char *title = profile__str(s->profile, s->profile->title);
	_cleanup_buf_ struct buf fit;

	if (!*title)
		title = "off-CPU time";
	buf__init(&fit, 1 << 16);
	text_fit(&fit, title, 78);
	out__puts(&s->out, "<title>");
	out__xml(&s->out, title);
	out__printf(&s->out, "</title>\n<text class=\"title\" x=\"%d\" y=\"26\">", SVG_MARGIN);
	out__xml(&s->out, buf__str(&fit));
	out__puts(&s->out, "</text>\n");
}

/* Of two profiles there is no one ledger to speak of. */
static void write_diff_subtitle(struct svg *s)
{
	char ns[TEXT_NS_LEN];

	out__printf(&s->out,
		    "<text class=\"sub\" x=\"%d\" y=\"46\">widths are off-CPU time now, %s",
		    SVG_MARGIN, text_ns(ns, s->fold.total_us * 1000));
	out__printf(&s->out, "; before %s", text_ns(ns, s->diff.base_us[TREE_ROOT] * 1000));
	if (s->diff.gone_us)
		out__printf(&s->out, ", of it %s in stacks that are gone",
			    text_ns(ns, s->diff.gone_us * 1000));
	out__puts(&s->out, "</text>\n");
}

static void write_subtitle(struct svg *s)
{
	struct ledger_term lost = ledger__lost(&s->profile->ledger);
	char ns[TEXT_NS_LEN], cnt[TEXT_CNT_LEN];

	out__printf(
		&s->out, "<text class=\"sub\" x=\"%d\" y=\"46\">off-CPU time %s in %s intervals",
		SVG_MARGIN, text_ns(ns, s->fold.total_us * 1000), text_cnt(cnt, s->fold.total_cnt));
	if (s->profile->window_ns)
		out__printf(&s->out, ", window %s", text_ns(ns, s->profile->window_ns));
	if (lost.ns || lost.cnt)
		out__printf(&s->out,
			    ", <tspan class=\"bad\">LOST %s in %s intervals, not shown</tspan>",
			    text_ns(ns, lost.ns), text_cnt(cnt, lost.cnt));
	else if (ledger__is_of_lossy_trace(&s->profile->ledger))
		out__puts(&s->out,
			  ", <tspan class=\"bad\">of a trace that lacks some events</tspan>");
	else
		out__puts(&s->out, ", nothing lost");
	if (s->profile->hidden_ns)
		out__printf(&s->out, ", %s %s", profile__hidden_label(s->profile),
			    text_ns(ns, s->profile->hidden_ns));
	if (ledger__imbalance_ns(&s->profile->ledger))
		out__puts(&s->out, ", <tspan class=\"bad\">ledger out of balance</tspan>");
	out__puts(&s->out, "</text>\n");
}

static void write_button(struct svg *s, const char *id, const char *text, int x)
{
	out__printf(&s->out,
		    "<g class=\"button\" id=\"%s\" role=\"button\" tabindex=\"0\">"
		    "<rect x=\"%d.5\" y=\"10.5\" width=\"70\" height=\"22\" rx=\"4\"/>"
		    "<text x=\"%d\" y=\"26\">%s</text></g>\n",
		    id, x, x + 35, text);
}

/*
 * Name and numbers of a frame; the browser shows it, and svg.js takes the name from its first
 * line.
 */
static void write_frame_title(struct svg *s, uint32_t node)
{
	const struct tree_node *n = &s->tree.nodes[node];
	uint64_t self_us = n->row == TREE_NONE ? 0 : s->fold.rows[n->row].us;
	char us[TEXT_CNT_LEN], pct[TEXT_PCT_LEN];

	out__puts(&s->out, "<title>");
	out__xml(&s->out, tree__name(&s->tree, node));
	out__putc(&s->out, '\n');
	if (n->module) {
		out__xml(&s->out, profile__str(s->profile, n->module));
		out__puts(&s->out, ", ");
	}
	out__printf(&s->out, "%s us, %s %%", text_cnt(us, n->us),
		    text_pct(pct, n->us, s->fold.total_us));
	if (self_us)
		out__printf(&s->out, ", self %s us", text_cnt(us, self_us));
	if (s->diff.base_us) {
		uint64_t base_us = s->diff.base_us[node];

		out__printf(&s->out, ", before %s us", text_cnt(us, base_us));
		out__printf(&s->out, ", %s%s us", n->us < base_us ? "-" : "+",
			    text_cnt(us, diff_distance(n->us, base_us)));
	}
	out__puts(&s->out, "</title>");
}

static void write_label(struct svg *s, uint32_t node, uint64_t x, uint64_t width, unsigned int y)
{
	size_t cols = width > 6 * SVG_CENTI ? (width - 6 * SVG_CENTI) / SVG_CHAR_CENTI : 0;
	_cleanup_buf_ struct buf label;

	buf__init(&label, 1 << 16);
	if (cols >= 2)
		text_fit(&label, tree__name(&s->tree, node), cols);
	out__puts(&s->out, "<text x=\"");
	put_centi(&s->out, x + 3 * SVG_CENTI);
	out__printf(&s->out, "\" y=\"%u\">", y + 12);
	out__xml(&s->out, buf__str(&label));
	out__puts(&s->out, "</text>");
}

/* The class of a frame's box. */
static void write_shade(struct svg *s, uint32_t node)
{
	const char *name = tree__name(&s->tree, node);
	int level = s->diff.base_us ? diff_tree__level(&s->diff, &s->tree, node) : 0;

	if (level)
		out__printf(&s->out, "%s%d", level > 0 ? "more" : "less", abs(level) - 1);
	else if (s->diff.base_us || node == TREE_ROOT)
		out__printf(&s->out, "%s0", frame_kind_name(FRAME_KIND_DELIMITER));
	else
		out__printf(&s->out, "%s%u", frame_kind_name(s->tree.nodes[node].kind),
			    (unsigned int)(hash_bytes(name, strlen(name)) % SVG_SHADES));
}

static void write_frame(struct svg *s, uint32_t node)
{
	const struct tree_node *n = &s->tree.nodes[node];
	uint64_t x = SVG_MARGIN * SVG_CENTI + centi(s, n->start_us), width = centi(s, n->us);
	unsigned int y = SVG_TOP + (s->levels - 1 - n->depth) * SVG_ROW;

	out__printf(&s->out, "<g class=\"f\" data-f=\"%u %" PRIu64 " %" PRIu64 "\">", n->depth,
		    n->start_us, n->us);
	write_frame_title(s, node);
	out__puts(&s->out, "<rect class=\"");
	write_shade(s, node);
	out__puts(&s->out, "\" x=\"");
	put_centi(&s->out, x);
	out__printf(&s->out, "\" y=\"%u\" width=\"", y);
	/* A gap tells neighbours apart, where there is room for one. */
	put_centi(&s->out, width > 2 * SVG_CENTI ? width - SVG_CENTI / 2 : width);
	out__printf(&s->out, "\" height=\"%d\" rx=\"1\"/>", SVG_ROW - 1);
	write_label(s, node, x, width, y);
	out__puts(&s->out, "</g>\n");
}

static void write_frames(struct svg *s)
{
	out__puts(&s->out,
		  "<g id=\"frames\" tabindex=\"0\" role=\"group\" aria-label=\"flame graph: "
		  "arrow keys move, Enter zooms, Escape resets, / searches\">\n");
	for (uint32_t i = TREE_ROOT; i < s->tree.cnt; i++)
		if (wide_enough(s, i))
			write_frame(s, i);
	out__puts(&s->out, "</g>\n");
}

/* A box in the colour of a class and what it means, at *@x, which moves on. */
static void write_legend_item(struct svg *s, const char *class, int shade, const char *text,
			      unsigned int *x)
{
	unsigned int y = height(s) - 12;

	out__printf(&s->out,
		    "<rect class=\"%s%d\" x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" "
		    "rx=\"2\"/>"
		    "<text class=\"legend\" x=\"%u\" y=\"%u\">%s</text>\n",
		    class, shade, *x, y - 10, *x + 18, y, text);
	*x += 40 + 13 * (unsigned int)strlen(text) / 2;
}

static void write_diff_legend(struct svg *s)
{
	unsigned int x = SVG_MARGIN;

	write_legend_item(s, "more", DIFF_LEVELS - 1, "more than before", &x);
	write_legend_item(s, "less", DIFF_LEVELS - 1, "less than before", &x);
	write_legend_item(s, frame_kind_name(FRAME_KIND_DELIMITER), 0, "the same", &x);
}

static void write_kind_legend(struct svg *s)
{
	static const struct {
		uint8_t kind;
		const char *text;
	} items[] = {
		{FRAME_KIND_PROCESS, "process or thread"},
		{FRAME_KIND_NATIVE, "native code"},
		{FRAME_KIND_INLINED, "inlined"},
		{FRAME_KIND_JIT, "JIT"},
		{FRAME_KIND_PYTHON, "Python"},
		{FRAME_KIND_GO, "Go"},
		{FRAME_KIND_KERNEL, "kernel"},
		{FRAME_KIND_STATE, "blocked / runnable"},
		{FRAME_KIND_WAKER, "waker"},
		{FRAME_KIND_LOCK, "lock"},
		{FRAME_KIND_MISSING, "not known"},
	};
	unsigned int x = SVG_MARGIN, kinds = 0;

	for (uint32_t i = TREE_ROOT; i < s->tree.cnt; i++)
		kinds |= 1u << s->tree.nodes[i].kind;
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (kinds & 1u << items[i].kind)
			write_legend_item(s, frame_kind_name(items[i].kind), 0, items[i].text, &x);
}

static void write_legend(struct svg *s)
{
	unsigned int y = height(s) - 12;
	char cnt[TEXT_CNT_LEN];

	out__printf(&s->out, "<text id=\"info\" role=\"status\" x=\"%d\" y=\"%u\"> </text>\n",
		    SVG_MARGIN, y - 22);
	if (s->diff.base_us)
		write_diff_legend(s);
	else
		write_kind_legend(s);
	if (s->left_out && s->fold.row_cnt)
		out__printf(&s->out,
			    "<text class=\"legend\" x=\"%d\" y=\"%u\" text-anchor=\"end\">%s %s "
			    "narrower than 0.1 px left out</text>\n",
			    SVG_WIDTH - SVG_MARGIN, y, text_cnt(cnt, s->left_out),
			    s->left_out == 1 ? "frame" : "frames");
}

static void write_picture(struct svg *s)
{
	out__printf(&s->out,
		    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		    "viewBox=\"0 0 %d %u\">\n",
		    SVG_WIDTH, height(s), SVG_WIDTH, height(s));
	write_style(s);
	out__puts(&s->out, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
	write_title(s);
	if (s->diff.base_us)
		write_diff_subtitle(s);
	else
		write_subtitle(s);
	write_button(s, "find", "Search", 960);
	write_button(s, "reset", "Reset", 1040);
	write_button(s, "invert", "Invert", 1120);
	out__printf(&s->out, "<text id=\"matched\" role=\"status\" x=\"%d\" y=\"50\"> </text>\n",
		    SVG_WIDTH - SVG_MARGIN);
	if (s->fold.row_cnt)
		write_frames(s);
	else
		out__printf(
			&s->out,
			"<text class=\"sub\" x=\"%d\" y=\"%d\">No off-CPU time was seen.</text>\n",
			SVG_MARGIN, SVG_TOP + 10);
	write_legend(s);
	out__puts(&s->out, "<script><![CDATA[\n");
	out__puts(&s->out, (const char *)svg_js);
	out__puts(&s->out, "]]></script>\n</svg>\n");
}

static void svg_fini(struct svg *s)
{
	diff_tree__fini(&s->diff);
	tree__fini(&s->tree);
	fold__fini(&s->fold);
}

static int svg_write(const struct profile *p, const struct writer_opts *opts, FILE *to)
{
	_cleanup_(svg_fini) struct svg s;
	int err;

	memset(&s, 0, sizeof(s));
	s.profile = p;
	err = fold__init(&s.fold, p);
	if (!err)
		err = tree__init(&s.tree, &s.fold);
	if (!err && opts && opts->base)
		err = diff_tree__init(&s.diff, &s.tree, opts);
	if (err)
		return err;
	out__init(&s.out, to);
	measure(&s);
	write_picture(&s);
	return out__finish(&s.out);
}

const struct writer svg_writer = {
	.name = "svg",
	.ext = ".svg",
	.help = "a flame graph: a picture that can be searched and zoomed in a browser",
	.compares = true,
	.write = svg_write,
};
