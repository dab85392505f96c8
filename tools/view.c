/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/os_file.h"
#include "output/hint.h"
#include "output/writer.h"
#include "output_file.h"
#include "rights.h"
#include "terminal.h"

struct view_output {
	const char *path;
	const struct writer *writer;
	struct atomic_file file;
};

struct view_outputs {
	struct view_output items[VIEW_MAX_OUTPUTS + 1];
	size_t cnt;
	int top_cnt;
	bool kinds, apart;
};

int view_parse_reasons(void *config, const char *value)
{
	struct view_config *v = config;

	while (*value) {
		size_t len = strcspn(value, ",");
		enum reason reason;
		char name[32];

		snprintf(name, sizeof(name), "%.*s",
			 (int)(len < sizeof(name) ? len : sizeof(name) - 1), value);
		if (reason_parse(name, &reason))
			return error_set(
				-EINVAL,
				"'%s' is no blocking reason: lock, poll, sleep, disk, fs, net, "
				"pipe, memory, kernel_lock, child, signal, io_uring, device, "
				"preempted, other",
				name);
		v->view.reasons |= 1u << reason;
		value += len + (value[len] == ',');
	}
	return v->view.reasons ? 0 : error_set(-EINVAL, "no reason is named");
}

const char *view_reason_word(size_t i)
{
	return i < REASON_CNT ? reason_name((enum reason)i) : NULL;
}

const char *view_format_word(size_t i)
{
	/* The table ends with NULL, and who asks stops there. */
	return writers()[i] ? writers()[i]->name : NULL;
}

int view_parse_output(void *config, const char *value)
{
	struct view_config *v = config;

	if (v->output_cnt == VIEW_MAX_OUTPUTS)
		return error_set(-EINVAL, "at most %d outputs", VIEW_MAX_OUTPUTS);
	if (!*value)
		return error_set(-EINVAL, "the file's name is empty");
	v->outputs[v->output_cnt++] = value;
	return 0;
}

/* "html, svg, ... or locks": of all writers, what @of gives for one; "" is left out. */
static void view_words(struct buf *to, const char *(*of)(const struct writer *w))
{
	const struct writer *const *w = writers(), *last = NULL;

	for (; *w; w++)
		if (*of(*w)) {
			if (last)
				buf__printf(to, "%s%s", to->len ? ", " : "", of(last));
			last = *w;
		}
	if (last)
		buf__printf(to, "%s%s", to->len ? " or " : "", of(last));
}

static const char *view_name(const struct writer *w)
{
	return w->name;
}

static const char *view_ext(const struct writer *w)
{
	return w->ext;
}

static int view_no_format(const char *format)
{
	_cleanup_buf_ struct buf names = {0};

	buf__init(&names, 4096);
	view_words(&names, view_name);
	return error_set(-EINVAL, "--format: no format '%s': give %s", format, buf__str(&names));
}

static int view_no_extension(const char *path)
{
	_cleanup_buf_ struct buf exts = {0};

	buf__init(&exts, 4096);
	view_words(&exts, view_ext);
	return error_set(-EINVAL, "-o %s: the name tells no format: end it in %s, or give --format",
			 path, buf__str(&exts));
}

int view_check(struct view_config *v)
{
	uint32_t all = (1u << REASON_CNT) - 1;

	log_set_level(v->verbose ? 2 : v->quiet ? 0 : 1);
	if (v->view.by_waker + v->view.by_lock + v->view.chains > 1)
		return error_set(
			-EINVAL,
			"--by-waker, --by-lock and --chains each order the stacks in their own "
			"way: use one of them");
	if (v->view.no_user_stacks && v->view.no_kernel_stacks)
		return error_set(-EINVAL, "-U and -K together leave no stack: use one of them");
	if (v->no_idle)
		v->view.reasons = (v->view.reasons ? v->view.reasons : all) & ~REASON_IDLE_MASK;
	if (v->no_idle && !v->view.reasons)
		return error_set(-EINVAL, "--no-idle leaves none of the reasons in --reason");
	if (v->format && !writer_find(v->format))
		return view_no_format(v->format);
	if ((v->folded && v->json) || ((v->folded || v->json) && v->format && !v->output_cnt))
		return error_set(-EINVAL, "-f, --json and --format all name the format of stdout: "
					  "use one of them");
	for (uint32_t i = 0; i < v->output_cnt; i++)
		if (!v->format && strcmp(v->outputs[i], "-") != 0 &&
		    !writer_find_for_path(v->outputs[i]))
			return view_no_extension(v->outputs[i]);
	return 0;
}

static const struct writer *view_writer(const struct view_config *v, const char *path)
{
	const char *std = v->format ? v->format : v->folded ? "folded" : v->json ? "json" : "table";

	if (!strcmp(path, "-") && v->plain && !v->format && !v->folded && !v->json)
		return v->plain;
	if (!strcmp(path, "-"))
		return writer_find(std);
	return v->format ? writer_find(v->format) : writer_find_for_path(path);
}

bool view_wants_waits(const struct view_config *v)
{
	bool to_stdout = !v->output_cnt || v->folded || v->json;

	for (uint32_t i = 0; i < v->output_cnt + to_stdout; i++)
		if (view_writer(v, i < v->output_cnt ? v->outputs[i] : "-")->waits)
			return true;
	return false;
}

int view_check_compares(const struct view_config *v)
{
	bool to_stdout = !v->output_cnt || v->folded || v->json;

	for (uint32_t i = 0; i < v->output_cnt + to_stdout; i++) {
		const char *path = i < v->output_cnt ? v->outputs[i] : "-";
		const struct writer *w = view_writer(v, path);

		if (!w->compares)
			return error_set(-EINVAL,
					 "%s shows no differences: use folded, svg, html or table",
					 w->name);
	}
	return 0;
}

static int view_add(struct view_outputs *o, const struct view_config *v, const char *path)
{
	struct view_output *out = &o->items[o->cnt];
	int err;

	out->path = path;
	out->writer = view_writer(v, path);
	err = atomic_file__open(&out->file, path, 0644);
	if (err)
		return output_refused(err, path);
	o->cnt++;
	return 0;
}

int view_open(const struct view_config *v, struct view_outputs **ret_outputs)
{
	struct view_outputs *o = calloc(1, sizeof(*o));
	bool to_stdout = false;
	int err = o ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < v->output_cnt; i++) {
		err = view_add(o, v, v->outputs[i]);
		to_stdout |= !strcmp(v->outputs[i], "-");
	}
	if (!err && !to_stdout && (!v->output_cnt || v->folded || v->json))
		err = view_add(o, v, "-");
	if (err) {
		view_close(o);
		return err;
	}
	o->top_cnt = (int)v->top_cnt;
	o->kinds = v->kinds;
	o->apart = v->view.per_thread;
	*ret_outputs = o;
	return 0;
}

void view_add_rights(const struct view_outputs *o, struct rights *to)
{
	for (size_t i = 0; o && i < o->cnt; i++)
		rights__add_file(to, &o->items[i].file);
}

int view_write(struct view_outputs *o, const struct profile *p)
{
	return view_write_difference(o, p, NULL, false);
}

int view_write_difference(struct view_outputs *o, const struct profile *p,
			  const struct profile *base, bool normalise)
{
	for (size_t i = 0; i < o->cnt; i++) {
		struct view_output *out = &o->items[i];
		bool terminal = !strcmp(out->path, "-");
		struct writer_opts opts = {
			.width = terminal ? terminal_width(stdout) : 0,
			.top_cnt = o->top_cnt,
			.color = terminal && terminal_color(stdout),
			.kinds = o->kinds,
			.apart = o->apart,
			.base = base,
			.normalise = normalise,
		};
		int err = out->writer->write(p, &opts, out->file.fp);

		err = output_commit(&out->file, out->path, err);
		if (err)
			return err;
		if (!terminal)
			log_info("wrote %s", out->path);
	}
	return 0;
}

void view_close(struct view_outputs *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->cnt; i++)
		atomic_file__abort(&o->items[i].file);
	free(o);
}

void view_print_ledger(const struct view_config *v, const struct profile *p)
{
	_cleanup_buf_ struct buf text;

	buf__init(&text, 1u << 20);
	ledger__print(&p->ledger, &text);
	hint_write(p, &text);
	/* A defect in the accounting is said even when told to be quiet. */
	if (!v->quiet || ledger__imbalance_ns(&p->ledger))
		terminal_say(&text);
	if (!p->sample_cnt)
		log_warn("no off-CPU time to show: %s",
			 p->hidden_ns ? profile__hidden_all(p)
				      : "no traced thread waited in this time (or -m, -M, --state, "
					"-u, -k "
					"left it out)");
}
