/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "select.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/log.h"
#include "pattern.h"

struct select_match {
	const struct select_config *config;
	regex_t grep;
};

static const struct {
	const char *name;
	enum profile_by by;
} select_bys[] = {
	{"comm", PROFILE_BY_COMM},     {"process", PROFILE_BY_PROCESS},
	{"thread", PROFILE_BY_THREAD}, {"reason", PROFILE_BY_REASON},
	{"none", PROFILE_BY_NONE},
};

const char *select_by_word(size_t i)
{
	return i < ARRAY_SIZE(select_bys) ? select_bys[i].name : NULL;
}

int select_parse_by(const char *value, enum profile_by *ret_by)
{
	for (size_t i = 0; i < ARRAY_SIZE(select_bys); i++) {
		if (strcmp(value, select_bys[i].name) != 0)
			continue;
		*ret_by = select_bys[i].by;
		return 0;
	}
	return error_set(-EINVAL, "--by: '%s': give comm, process, thread, reason or none", value);
}

/* ---- what the model asks ---- */

static bool select_comm(void *arg, const char *comm)
{
	const struct select_match *m = arg;

	return !fnmatch(m->config->comm, comm, 0);
}

static bool select_has_id(const struct option_ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->cnt; i++)
		if (ids->ids[i] == id)
			return true;
	return !ids->cnt;
}

static bool select_ids(void *arg, uint32_t pid, uint32_t tid)
{
	const struct select_match *m = arg;

	return select_has_id(&m->config->pids, pid) && select_has_id(&m->config->tids, tid);
}

static bool select_frame(void *arg, const char *name)
{
	const struct select_match *m = arg;

	return !regexec(&m->grep, name, 0, NULL, 0);
}

int select_check(const struct select_config *c)
{
	struct select_match match = {.config = c};
	int err = c->grep ? pattern_compile("--grep", c->grep, &match.grep) : 0;

	if (!err && c->grep)
		regfree(&match.grep);
	return err;
}

int select_apply(const struct select_config *c, struct profile *p)
{
	struct select_match match = {.config = c};
	struct profile_selection how = {
		.comm = c->comm ? select_comm : NULL,
		.ids = c->pids.cnt || c->tids.cnt ? select_ids : NULL,
		.frame = c->grep ? select_frame : NULL,
		.arg = &match,
		.min_ns = c->min_ns,
		.fold_recursion = c->fold_recursion,
		.short_names = c->short_names,
		.by = c->by,
	};
	int err = c->grep ? pattern_compile("--grep", c->grep, &match.grep) : 0;

	if (err)
		return err;
	err = profile__select(p, &how);
	if (c->grep)
		regfree(&match.grep);
	if (err == -EINVAL)
		return error_set(err, "-p, -t and --by comm, process or thread need recordings: "
				      "text knows no threads");
	return err;
}
