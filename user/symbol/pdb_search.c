/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/pdb_search.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/os_file.h"
#include "base/os_names.h"
#include "base/os_read.h"

#define PDB_SEARCH_PATH_BYTES 4096

/* Which PDB a module needs. */
struct pdb_id {
	char name[1024]; /* a single component */
	uint8_t guid[PE_GUID_BYTES];
	uint32_t age;
};

struct pdb_query {
	struct pdb_search *search;
	const struct pdb_id *id;
	struct pdb_found *found;
};

struct pe_query {
	struct pdb_search *search;
	const struct module *module;
	struct pe_found *found;
};

/* ---- ids ---- */

bool pdb_symbols_has(const struct module *m)
{
	return m->kind == WIRE_MODULE_PE || m->kind == WIRE_MODULE_DRIVER;
}

/* "1B72224D37B8179228200ED8994498B21": the parts of a GUID are numbers, whose bytes stand the other way round in the file. */
static void pdb_write_key(const uint8_t *guid, uint32_t age, char ret[PDB_KEY_CHARS])
{
	static const uint8_t order[PE_GUID_BYTES] = {3, 2, 1,  0,  5,  4,  7,  6,
						     8, 9, 10, 11, 12, 13, 14, 15};

	for (size_t i = 0; i < PE_GUID_BYTES; i++)
		snprintf(ret + 2 * i, 3, "%02X", guid[order[i]]);
	snprintf(ret + 32, PDB_KEY_CHARS - 32, "%X", age);
}

static uint32_t pdb_u32(const uint8_t *data)
{
	uint32_t v;

	memcpy(&v, data, sizeof(v));
	return v;
}

void pdb_symbols_key(const struct module *m, char ret[PDB_KEY_CHARS])
{
	*ret = '\0';
	if (m->build_id_len == PDB_ID_BYTES)
		pdb_write_key(m->build_id, pdb_u32(m->build_id + PE_GUID_BYTES), ret);
}

const char *pdb_symbols_name(const struct module *m)
{
	return m->debug_name ? symbol_path_base(m->debug_name) : "";
}

/* A PDB is called as its program is, mostly: so if nothing tells. */
static void pdb_guess_name(const char *binary, char *to, size_t cap)
{
	const char *dot = strrchr(binary, '.');
	int len = dot ? (int)(dot - binary) : (int)strlen(binary);

	snprintf(to, cap, "%.*s.pdb", len, binary);
}

/* ---- files ---- */

static void pdb_search__bad(struct pdb_search *s, const char *path, int err)
{
	const char *text = error_text(err);

	s->counts.bad_cnt++;
	log_debug("symbols: %s %s", path, text);
	if (!*s->warning)
		snprintf(s->warning, sizeof(s->warning), "symbols: %s %s", path, text);
}

static void pdb_search__mismatch(struct pdb_search *s, const char *path)
{
	s->counts.mismatch_cnt++;
	log_debug("symbols: %s is of another build", path);
}

static int pdb_open_file(const char *path, int *ret_fd, struct file_input *ret)
{
	int fd = os_open_regular(path), err;

	if (fd < 0)
		return fd;
	err = file_input__open_fd(ret, fd);
	if (err)
		os_close(fd);
	else
		*ret_fd = fd;
	return err;
}

void pdb_found__close(struct pdb_found *f)
{
	if (f->fd < 0)
		return;
	pdb__close(&f->pdb);
	os_close(f->fd);
	f->fd = -1;
}

void pe_found__close(struct pe_found *f)
{
	os_close(f->fd);
	f->fd = -1;
}

/* Is it the PDB of @q? */
static int pdb_query_try(void *arg, const char *path)
{
	const struct pdb_query *q = arg;
	struct file_input in;
	int fd = -1, err = pdb_open_file(path, &fd, &in);

	/* A directory of that name, or nothing. */
	if (err)
		return err == -ENOMEM ? err : 0;
	err = pdb__open(&q->found->pdb, &in);
	if (err) {
		os_close(fd);
		if (err != -ENOMEM)
			pdb_search__bad(q->search, path, err);
		return err == -ENOMEM ? err : 0;
	}
	q->found->fd = fd;
	if (!memcmp(q->found->pdb.guid, q->id->guid, PE_GUID_BYTES) &&
	    q->found->pdb.age == q->id->age) {
		log_debug("symbols: %s", path);
		return 1;
	}
	pdb_found__close(q->found);
	pdb_search__mismatch(q->search, path);
	return 0;
}

/* Is @pe the file that @m was? */
static bool pe_is_of(const struct pe *pe, const struct module *m)
{
	struct pe_pdb pdb;

	if (m->build_id_len == PDB_IMAGE_ID_BYTES)
		return pe->time_stamp == pdb_u32(m->build_id) &&
		       pe->image_bytes == pdb_u32(m->build_id + 4);
	return m->build_id_len == PDB_ID_BYTES && !pe__pdb(pe, &pdb) &&
	       !memcmp(pdb.guid, m->build_id, PE_GUID_BYTES) &&
	       pdb.age == pdb_u32(m->build_id + PE_GUID_BYTES);
}

static int pe_query_try(void *arg, const char *path)
{
	const struct pe_query *q = arg;
	struct file_input in;
	int fd = -1, err = pdb_open_file(path, &fd, &in);

	if (err)
		return err == -ENOMEM ? err : 0;
	err = pe__open(&q->found->pe, &in);
	if (!err && pe_is_of(&q->found->pe, q->module)) {
		log_debug("symbols: %s", path);
		q->found->fd = fd;
		return 1;
	}
	os_close(fd);
	if (err)
		pdb_search__bad(q->search, path, err);
	else
		pdb_search__mismatch(q->search, path);
	return 0;
}

/* ---- the search ---- */

/* The file that whoever saw the module held open. */
static bool pe_is_open(const struct module *m, struct pe *ret)
{
	struct file_input in;

	return m->fd >= 0 && !file_input__open_fd(&in, m->fd) && !pe__open(ret, &in) &&
	       pe_is_of(ret, m);
}

/*
 * Where this machine has the module's file, or with @name what is called so beside it. The kernel's own paths
 * ("\\Device\\HarddiskVolume3\\...", "\\SystemRoot\\...") are opened below GLOBALROOT.
 */
static void pdb_own_path(const struct module *m, const char *name, char to[PDB_SEARCH_PATH_BYTES])
{
	bool kernels = m->path[0] == '\\' && m->path[1] != '\\';
	int dir_len = (int)(symbol_path_base(m->path) - m->path);

	snprintf(to, PDB_SEARCH_PATH_BYTES, "%s%.*s%s", kernels ? "\\\\?\\GLOBALROOT" : "", dir_len,
		 m->path, name ? name : m->path + dir_len);
}

int pdb_search__binary(struct pdb_search *s, const struct module *m, struct pe_found *ret)
{
	struct pe_query q = {.search = s, .module = m, .found = ret};
	char key[24], own[PDB_SEARCH_PATH_BYTES];
	int got;

	ret->fd = -1;
	if (pe_is_open(m, &ret->pe))
		return 1;
	if (m->build_id_len != PDB_IMAGE_ID_BYTES && m->build_id_len != PDB_ID_BYTES)
		return 0;
	snprintf(key, sizeof(key), "%08X%x", pdb_u32(m->build_id), pdb_u32(m->build_id + 4));
	got = symbol_path__find(s->path, symbol_path_base(m->path),
				m->build_id_len == PDB_IMAGE_ID_BYTES ? key : NULL, pe_query_try,
				&q);
	if (got || !s->here)
		return got;
	pdb_own_path(m, NULL, own);
	return pe_query_try(&q, own);
}

/* What the module's binary says of its PDB. 1; 0: there is no binary, or it says nothing; -ENOMEM. */
static int pdb_search__ask_binary(struct pdb_search *s, const struct module *m, struct pdb_id *ret)
{
	/* The binary is searched for its own names too, if it comes to that: then it is counted. */
	struct pdb_symbols_counts counts = s->counts;
	struct pe_found found;
	struct pe_pdb pdb;
	int err, got = pdb_search__binary(s, m, &found);

	s->counts = counts;
	if (got != 1)
		return got;
	err = pe__pdb(&found.pe, &pdb);
	pe_found__close(&found);
	if (err)
		return 0;
	memcpy(ret->guid, pdb.guid, PE_GUID_BYTES);
	ret->age = pdb.age;
	snprintf(ret->name, sizeof(ret->name), "%s", symbol_path_base(pdb.name));
	return 1;
}

static int pdb_search__id(struct pdb_search *s, const struct module *m, struct pdb_id *ret)
{
	const char *name = pdb_symbols_name(m);

	if (m->build_id_len != PDB_ID_BYTES)
		return pdb_search__ask_binary(s, m, ret);
	memcpy(ret->guid, m->build_id, PE_GUID_BYTES);
	ret->age = pdb_u32(m->build_id + PE_GUID_BYTES);
	if (*name)
		snprintf(ret->name, sizeof(ret->name), "%s", name);
	else
		pdb_guess_name(symbol_path_base(m->path), ret->name, sizeof(ret->name));
	return 1;
}

int pdb_search__pdb(struct pdb_search *s, const struct module *m, struct pdb_found *ret)
{
	struct pdb_id id;
	struct pdb_query q = {.search = s, .id = &id, .found = ret};
	char key[PDB_KEY_CHARS], own[PDB_SEARCH_PATH_BYTES];
	int got = pdb_search__id(s, m, &id);

	ret->fd = -1;
	if (got != 1)
		return got;
	pdb_write_key(id.guid, id.age, key);
	got = symbol_path__find(s->path, id.name, key, pdb_query_try, &q);
	if (got || !s->here)
		return got;
	pdb_own_path(m, id.name, own);
	return pdb_query_try(&q, own);
}
