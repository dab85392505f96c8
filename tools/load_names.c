/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "load_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/log.h"
#include "symbol/symbol_path.h"

int load_names__init(struct load_names *n, struct recorded_symbols *recorded,
		     const char *symbol_path)
{
	*n = (struct load_names){
		.pdb = pdb_symbols__new(symbol_path ? symbol_path : getenv("_NT_SYMBOL_PATH"))};
	if (!n->pdb && errno == E2BIG)
		return error_set(-E2BIG, "%s: more than %u directories: name those that are needed",
				 symbol_path ? "--symbol-path" : "_NT_SYMBOL_PATH",
				 SYMBOL_PATH_MAX_DIRS);
	if (!n->pdb)
		return -ENOMEM;
	recorded_symbols__resolver(recorded, &n->recorded);
	recorded_symbols__reader(recorded, &n->recorded_reader);
	pdb_symbols__pdb_resolver(n->pdb, &n->by_pdb);
	pdb_symbols__binary_resolver(n->pdb, &n->by_binary);
	pdb_symbols__reader(n->pdb, &n->pdb_reader);
	n->resolvers[0] = &n->by_pdb;
	n->resolvers[1] = &n->recorded;
	n->resolvers[2] = &n->by_binary;
	n->readers[0] = &n->recorded_reader;
	n->readers[1] = &n->pdb_reader;
	return 0;
}

void load_names__fini(struct load_names *n)
{
	pdb_symbols__free(n->pdb);
	*n = (struct load_names){.pdb = NULL};
}

void load_names__warn(const struct load_names *n)
{
	struct pdb_symbols_counts c;

	pdb_symbols__counts(n->pdb, &c);
	if (pdb_symbols__warning(n->pdb))
		log_warn("%s", pdb_symbols__warning(n->pdb));
	if (c.bad_cnt > 1)
		log_warn("symbols: %u more files could not be read (-v names them)", c.bad_cnt - 1);
	if (c.mismatch_cnt)
		log_warn("symbols: %u files are of another build than the modules in the trace and "
			 "were not used (-v names them)",
			 c.mismatch_cnt);
	if (c.bad_record_cnt)
		log_warn("symbols: %llu damaged parts of PDBs were left out",
			 (unsigned long long)c.bad_record_cnt);
}

/* ---- the hint ---- */

/* Time in frames without names, by module. */
struct hint_times {
	uint64_t *ns; /* by module id - 1 */
	uint32_t *
		of_frame; /* by frame of the profile: its module's id; 0: it has a name, or is not of Windows */
	uint32_t *
		last_sample; /* by module: the last sample + 1 that was counted, as a module counts once in each */
};

/* Is @f what frames of @m are called that have no name: "module+0x1234"? */
static bool hint_is_nameless(const struct profile *p, const struct profile_frame *f,
			     const struct module *m)
{
	const char *name = profile__str(p, f->name), *module = module__name(m);
	size_t len = strlen(module);

	return !strncmp(name, module, len) && !strncmp(name + len, "+0x", 3);
}

/* Are two frames' modules of one name different files, the first is named. */
static uint32_t hint_module_of(const struct module_table *modules, const struct profile *p,
			       const struct profile_frame *f)
{
	/* Most have a name. */
	if (!strstr(profile__str(p, f->name), "+0x"))
		return 0;
	for (uint32_t id = 1; id <= modules->cnt; id++) {
		const struct module *m = module_table__find(modules, id);

		if (m && pdb_symbols_has(m) && hint_is_nameless(p, f, m))
			return id;
	}
	return 0;
}

static bool hint_times__init(struct hint_times *t, const struct module_table *modules,
			     const struct profile *p)
{
	*t = (struct hint_times){
		.ns = calloc(modules->cnt + 1, sizeof(*t->ns)),
		.of_frame = calloc(p->frame_cnt + 1, sizeof(*t->of_frame)),
		.last_sample = calloc(modules->cnt + 1, sizeof(*t->last_sample)),
	};
	return t->ns && t->of_frame && t->last_sample;
}

static void hint_times__fini(struct hint_times *t)
{
	free(t->ns);
	free(t->of_frame);
	free(t->last_sample);
}

static void hint_times__add_sample(struct hint_times *t, const struct profile *p, size_t i)
{
	const struct profile_sample *s = &p->samples[i];

	for (uint32_t j = 0; j < s->frame_cnt; j++) {
		uint32_t id = t->of_frame[p->frame_ids[s->first_frame + j]];

		if (!id || t->last_sample[id - 1] == i + 1)
			continue;
		t->last_sample[id - 1] = (uint32_t)i + 1;
		t->ns[id - 1] += profile_sample__total_ns(s);
	}
}

/* The id of the module with most time; 0: none has any. */
static uint32_t hint_times__most(struct hint_times *t, const struct module_table *modules,
				 const struct profile *p, uint32_t *ret_cnt)
{
	uint32_t most = 0;

	*ret_cnt = 0;
	for (size_t i = 0; i < p->frame_cnt; i++)
		t->of_frame[i] = hint_module_of(modules, p, &p->frames[i]);
	for (size_t i = 0; i < p->sample_cnt; i++)
		hint_times__add_sample(t, p, i);
	for (uint32_t id = 1; id <= modules->cnt; id++) {
		*ret_cnt += t->ns[id - 1] != 0;
		if (t->ns[id - 1] && (!most || t->ns[id - 1] > t->ns[most - 1]))
			most = id;
	}
	return most;
}

static bool hint_has_windows(const struct module_table *modules)
{
	for (uint32_t id = 1; id <= modules->cnt; id++) {
		const struct module *m = module_table__find(modules, id);

		if (m && pdb_symbols_has(m))
			return true;
	}
	return false;
}

static void hint_write(const struct module *m, uint32_t others, char to[LOAD_HINT_BYTES])
{
	char key[PDB_KEY_CHARS], more[64] = "";
	const char *name = pdb_symbols_name(m);

	pdb_symbols_key(m, key);
	if (others)
		snprintf(more, sizeof(more), ", and %u more modules have none", others);
	if (*key)
		snprintf(to, LOAD_HINT_BYTES,
			 "symbols: most needed is %s%s, GUID and age %s%s. Give where it is: "
			 "--symbol-path "
			 "DIR",
			 *name ? name : "the PDB of ", *name ? "" : module__name(m), key, more);
	else
		snprintf(
			to, LOAD_HINT_BYTES,
			"symbols: most needed is the binary %s, or its PDB%s. Give where they are: "
			"--symbol-path DIR",
			module__name(m), more);
}

void load_names_hint(const struct module_table *modules, const struct profile *p,
		     char to[LOAD_HINT_BYTES])
{
	_cleanup_(hint_times__fini) struct hint_times t = {.ns = NULL};
	uint32_t id, cnt;

	*to = '\0';
	if (!hint_has_windows(modules) || !hint_times__init(&t, modules, p))
		return;
	id = hint_times__most(&t, modules, p, &cnt);
	if (id)
		hint_write(module_table__find(modules, id), cnt - 1, to);
}
