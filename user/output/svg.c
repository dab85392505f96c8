/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The SVG flame graph: a picture that is complete without its script. svg.js adds zoom, search
 * and the rest; it reads what it needs from the frames: their data-f is "depth start_us us" and
 * the first line of their title is the name. Frames are in depth-first order.
 */
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
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
	[FRAME_KIND_USER] = {"#9cc2ec", "#a7cdee", "#90b4ea", "#b0c5f0", "#96c9eb"},
	[FRAME_KIND_KERNEL] = {"#f7bd82", "#f8bc8e", "#f6be74", "#f8d598", "#f7a87b"},
	[FRAME_KIND_DELIMITER] = {"#d0d2d7", "#d7d9dd", "#c8cbd0", "#dddee2", "#cccfd4"},
	[FRAME_KIND_STATE] = {"#d6b9e4", "#dbc2e7", "#cfaee0", "#dfcaea", "#d2b4e2"},
	[FRAME_KIND_MISSING] = {"#d6d8dc", "#dddee2", "#cdd0d5", "#e2e4e6", "#d2d4d8"},
};

struct svg {
	struct out out;
	const struct profile *profile;
	struct fold fold;
	struct tree tree;
	uint32_t levels;   /* of the frames that are wide enough */
	uint64_t left_out; /* frames that are not */
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
	else
		out__puts(&s->out, ", nothing lost");
	if (s->profile->hidden_ns)
		out__printf(&s->out, ", hidden by --reason or --no-idle %s",
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

static void write_frame(struct svg *s, uint32_t node)
{
	const struct tree_node *n = &s->tree.nodes[node];
	const char *name = tree__name(&s->tree, node);
	uint64_t x = SVG_MARGIN * SVG_CENTI + centi(s, n->start_us), width = centi(s, n->us);
	unsigned int y = SVG_TOP + (s->levels - 1 - n->depth) * SVG_ROW;
	unsigned int shade = (unsigned int)(hash_bytes(name, strlen(name)) % SVG_SHADES);

	out__printf(&s->out, "<g class=\"f\" data-f=\"%u %" PRIu64 " %" PRIu64 "\">", n->depth,
		    n->start_us, n->us);
	write_frame_title(s, node);
	out__printf(&s->out, "<rect class=\"%s%u\" x=\"",
		    frame_kind_name(node == TREE_ROOT ? FRAME_KIND_DELIMITER : n->kind),
		    node == TREE_ROOT ? 0 : shade);
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

static void write_legend(struct svg *s)
{
	static const struct {
		uint8_t kind;
		const char *text;
	} items[] = {
		{FRAME_KIND_PROCESS, "process or thread"},
		{FRAME_KIND_USER, "user code"},
		{FRAME_KIND_KERNEL, "kernel"},
		{FRAME_KIND_STATE, "blocked / runnable"},
		{FRAME_KIND_MISSING, "not known"},
	};
	unsigned int y = height(s) - 12, x = SVG_MARGIN;
	char cnt[TEXT_CNT_LEN];

	out__printf(&s->out, "<text id=\"info\" role=\"status\" x=\"%d\" y=\"%u\"> </text>\n",
		    SVG_MARGIN, y - 22);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		out__printf(&s->out,
			    "<rect class=\"%s0\" x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" "
			    "rx=\"2\"/>"
			    "<text class=\"legend\" x=\"%u\" y=\"%u\">%s</text>\n",
			    frame_kind_name(items[i].kind), x, y - 10, x + 18, y, items[i].text);
		x += 40 + 13 * (unsigned int)strlen(items[i].text) / 2;
	}
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
	tree__fini(&s->tree);
	fold__fini(&s->fold);
}

static int svg_write(const struct profile *p, const struct writer_opts *opts _unused_, FILE *to)
{
	_cleanup_(svg_fini) struct svg s;
	int err;

	memset(&s, 0, sizeof(s));
	s.profile = p;
	err = fold__init(&s.fold, p);
	if (!err)
		err = tree__init(&s.tree, &s.fold);
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
	.write = svg_write,
};
