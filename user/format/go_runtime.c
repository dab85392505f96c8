/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_runtime.h"

#include <errno.h>

#include "base/log.h"
#include "format/go_dwarf.h"

static bool go_runtime_layout(struct go_runtime *r, const struct go_sample *sample,
			      enum go_layout_from from)
{
	r->from = from;
	switch (from) {
	case GO_LAYOUT_TABLE:
		return go_layout_of(r->minor, &r->layout) &&
		       go_layout__fits(&r->layout, sample, &r->code);
	case GO_LAYOUT_DWARF:
		return !go_dwarf_layout(r->code.elf, &r->layout) &&
		       go_layout__fits(&r->layout, sample, &r->code);
	case GO_LAYOUT_MEMORY:
		return go_layout_infer(sample, &r->code, &r->layout);
	}
	return false;
}

/*
 * Nobody's word is taken unless the process agrees. The table comes first: it says what the debug information of each version says, and
 * to read that takes a second of a large program.
 */
static int go_runtime_choose(struct go_runtime *r, const struct go_sample *sample,
			     enum go_layout_from from)
{
	for (int i = (int)from; i <= GO_LAYOUT_MEMORY; i++)
		if (go_runtime_layout(r, sample, (enum go_layout_from)i))
			return 0;
	return error_set(
		-ENOTSUP,
		"the goroutines of %s are laid out in a way that is not known: use a newer "
		"dwell",
		*r->version ? r->version : "this Go");
}

int go_runtime__open(struct go_runtime *r, const struct go_code *c, enum go_layout_from from)
{
	struct go_sample sample;
	int err;

	*r = (struct go_runtime){.code = *c};
	err = go_version_find(c, r->version);
	if (err == -ENOMEM)
		return err;
	r->minor = go_version_minor(r->version);
	err = go_find_allgs(c, &r->allgs, &sample);
	if (err == -ENOENT)
		return error_set(err, "no list of goroutines in its memory: it is just starting, "
				      "or its runtime is not Go's own; try again in a moment");
	if (!err)
		err = go_runtime_choose(r, &sample, from);
	if (err)
		return err;
	err = go_find_wait_reasons(c, &r->reasons);
	return err == -ENOMEM ? err : 0;
}
