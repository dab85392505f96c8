/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_runtime.h"

#include <errno.h>

#include "base/log.h"

/* The table's word is taken only if the process agrees. */
static int go_runtime_choose(struct go_runtime *r, const struct go_sample *sample, bool infer)
{
	if (!infer && go_layout_of(r->minor, &r->layout) &&
	    go_layout__fits(&r->layout, sample, &r->code))
		return 0;
	r->inferred = true;
	if (go_layout_infer(sample, &r->code, &r->layout))
		return 0;
	return error_set(
		-ENOTSUP,
		"the goroutines of %s are laid out in a way that is not known: use a newer "
		"dwell",
		*r->version ? r->version : "this Go");
}

int go_runtime__open(struct go_runtime *r, const struct go_code *c, bool infer)
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
		err = go_runtime_choose(r, &sample, infer);
	if (err)
		return err;
	err = go_find_wait_reasons(c, &r->reasons);
	return err == -ENOMEM ? err : 0;
}
