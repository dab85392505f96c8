/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * PerfView's stacks, .perfView.xml, and the same as the only entry of a zip file. Its reader wants the frames, then the stacks,
 * then the samples, and reads ids as signed numbers, the metric as a float of 32 bits.
 *
 * Waits that were added up have no time of their own, and PerfView wants one: samples lie end to end, so that each has a place
 * on its time line that no other one has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "base/zip.h"
#include "output/out.h"
#include "output/perfview_table.h"
#include "output/writer.h"

#define PERFVIEW_ENTRY "dwell.perfView.xml"

struct perfview {
	const struct profile *profile;
	struct perfview_table table;
	struct out out;	 /* the XML */
	struct out file; /* where it goes when it is packed */
	struct zip zip;
};

static void write_attribute(struct out *o, const char *name, uint64_t v)
{
	out__putc(o, ' ');
	out__puts(o, name);
	out__puts(o, "=\"");
	out__u64(o, v);
	out__putc(o, '"');
}

/* Milliseconds, all digits that there are: the sum of what is written is exact. */
static void write_ms(struct out *o, const char *name, uint64_t ns)
{
	char digits[8];
	int len = snprintf(digits, sizeof(digits), ".%06u", (unsigned int)(ns % 1000000));

	while (len > 1 && digits[len - 1] == '0')
		len--;
	out__putc(o, ' ');
	out__puts(o, name);
	out__puts(o, "=\"");
	out__u64(o, ns / 1000000);
	if (len > 1)
		out__append(o, digits, (size_t)len);
	out__putc(o, '"');
}

static void write_frame_text(struct perfview *w, const struct perfview_frame *f)
{
	const struct profile *p = w->profile;

	switch (f->type) {
	case PERFVIEW_PROCESS:
		out__puts(&w->out, "Process ");
		out__xml(&w->out, profile__str(p, f->name));
		out__puts(&w->out, " (");
		out__u64(&w->out, f->id);
		out__putc(&w->out, ')');
		break;
	case PERFVIEW_THREAD:
		out__puts(&w->out, "Thread (");
		out__u64(&w->out, f->id);
		out__puts(&w->out, ") ");
		out__xml(&w->out, profile__str(p, f->name));
		break;
	case PERFVIEW_BLOCKED:
		out__puts(&w->out, "BLOCKED_TIME");
		break;
	case PERFVIEW_RUNNABLE:
		out__puts(&w->out, "READIED_TIME (waiting for cpu)");
		break;
	case PERFVIEW_FRAME:
		if (f->id) {
			out__xml(&w->out, profile__str(p, f->id));
			out__putc(&w->out, '!');
		}
		out__xml(&w->out, f->name ? profile__str(p, f->name) : "[unknown]");
		break;
	}
}

static void write_frames(struct perfview *w)
{
	const struct perfview_table *t = &w->table;

	out__puts(&w->out, "<Frames");
	write_attribute(&w->out, "Count", t->frame_cnt);
	out__puts(&w->out, ">\n");
	for (size_t i = 0; i < t->frame_cnt; i++) {
		out__puts(&w->out, "<Frame");
		write_attribute(&w->out, "ID", i);
		out__putc(&w->out, '>');
		write_frame_text(w, &t->frames[i]);
		out__puts(&w->out, "</Frame>\n");
	}
	out__puts(&w->out, "</Frames>\n");
}

static void write_stacks(struct perfview *w)
{
	const struct perfview_table *t = &w->table;

	out__puts(&w->out, "<Stacks");
	write_attribute(&w->out, "Count", t->stack_cnt);
	out__puts(&w->out, ">\n");
	for (size_t i = 0; i < t->stack_cnt; i++) {
		const struct perfview_stack *s = &t->stacks[i];

		out__puts(&w->out, "<Stack");
		write_attribute(&w->out, "ID", i);
		if (s->caller == PERFVIEW_NO_CALLER)
			out__puts(&w->out, " CallerID=\"-1\"");
		else
			write_attribute(&w->out, "CallerID", s->caller);
		write_attribute(&w->out, "FrameID", s->frame);
		out__puts(&w->out, "/>\n");
	}
	out__puts(&w->out, "</Stacks>\n");
}

static void write_samples(struct perfview *w)
{
	const struct perfview_table *t = &w->table;
	uint64_t before_ns = 0;

	out__puts(&w->out, "<Samples");
	write_attribute(&w->out, "Count", t->sample_cnt);
	out__puts(&w->out, ">\n");
	for (size_t i = 0; i < t->sample_cnt; i++) {
		const struct perfview_sample *s = &t->samples[i];

		out__puts(&w->out, "<Sample");
		write_attribute(&w->out, "ID", i);
		write_ms(&w->out, "Time", before_ns);
		write_attribute(&w->out, "StackID", s->stack);
		write_ms(&w->out, "Metric", s->ns);
		out__puts(&w->out, "/>\n");
		before_ns += s->ns;
	}
	out__puts(&w->out, "</Samples>\n");
}

/* To w->out. 0 or -errno. */
static int perfview_write_to_out(struct perfview *w, const struct profile *p)
{
	int err = perfview_table__init(&w->table, p);

	w->profile = p;
	if (err)
		return err;
	out__puts(&w->out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
			   "<StackWindow>\n<StackSource>\n");
	write_frames(w);
	write_stacks(w);
	write_samples(w);
	out__puts(&w->out, "</StackSource>\n</StackWindow>\n");
	return out__finish(&w->out);
}

static void perfview_free(struct perfview **w)
{
	if (!*w)
		return;
	perfview_table__fini(&(*w)->table);
	zip__fini(&(*w)->zip);
	free(*w);
}

static int perfview_write_xml(const struct profile *p, const struct writer_opts *opts _unused_,
			      FILE *to)
{
	_cleanup_(perfview_free) struct perfview *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	out__init(&w->out, to);
	return perfview_write_to_out(w, p);
}

static int put_to_zip(void *arg, const void *data, size_t len)
{
	return zip__write(arg, data, len);
}

static int put_to_file(void *arg, const void *data, size_t len)
{
	struct out *file = arg;

	out__append(file, data, len);
	return file->err;
}

static int perfview_write_zip(const struct profile *p, const struct writer_opts *opts _unused_,
			      FILE *to)
{
	_cleanup_(perfview_free) struct perfview *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	out__init(&w->file, to);
	zip__init(&w->zip, PERFVIEW_ENTRY, put_to_file, &w->file);
	out__init_put(&w->out, put_to_zip, &w->zip);
	err = perfview_write_to_out(w, p);
	if (!err)
		err = zip__finish(&w->zip);
	return err ? err : out__finish(&w->file);
}

const struct writer perfview_writer = {
	.name = "perfview",
	.ext = ".perfView.xml.zip",
	.help = "stacks by process and thread, in milliseconds, for PerfView",
	.write = perfview_write_zip,
};

const struct writer perfview_xml_writer = {
	.name = "perfview-xml",
	.ext = ".perfView.xml",
	.help = "the same, not packed",
	.write = perfview_write_xml,
};
