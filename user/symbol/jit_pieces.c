/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "symbol/jit_pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/os_read.h"
#include "format/jitdump.h"
#include "format/perf_map.h"
#include "symbol/js_name.h"

#define JIT_CHUNK_BYTES (256u << 10) /* of a perf map, read at once */
#define JIT_NAME_BYTES	4096

int jit_pieces__init(struct jit_pieces *p, struct jit_store *store)
{
	memset(p, 0, sizeof(*p));
	p->store = store;
	hash_index__init(&p->index);
	p->timeline = timeline__new();
	return p->timeline ? 0 : -ENOMEM;
}

void jit_pieces__fini(struct jit_pieces *p)
{
	timeline__free(p->timeline);
	free(p->items);
	free(p->lines);
	hash_index__fini(&p->index);
}

/* ---- pieces ---- */

static int jit_intern(struct jit_pieces *to, const char *text, size_t len, uint32_t *ret_id)
{
	char copy[JIT_NAME_BYTES];

	if (len >= sizeof(copy))
		len = sizeof(copy) - 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return strtab__intern(&to->store->texts, copy, ret_id);
}

static int jit_add_line(struct jit_pieces *to, uint64_t at, uint32_t line, uint32_t file)
{
	int err = array__grow((void **)&to->lines, &to->line_cap, to->line_cnt + 1,
			      sizeof(*to->lines), JIT_MAX_LINES);

	if (!err)
		to->lines[to->line_cnt++] = (struct jit_relative){at, line, file};
	return err;
}

/* Of a function without a name its place says most. */
static int jit_js_name(struct jit_pieces *to, const struct js_name *n, uint32_t *ret_id)
{
	_cleanup_buf_ struct buf text = {0};
	const char *base = n->file;
	int err;

	if (n->name_len)
		return jit_intern(to, n->name, n->name_len, ret_id);
	for (size_t i = 0; i < n->file_len; i++)
		if (n->file[i] == '/')
			base = n->file + i + 1;
	buf__init(&text, JIT_NAME_BYTES);
	buf__puts(&text, "(anonymous");
	if (n->file_len)
		buf__printf(&text, " %.*s:%u", (int)(n->file + n->file_len - base), base, n->line);
	buf__putc(&text, ')');
	err = text.err == -ENOMEM ? -ENOMEM : 0;
	return err ? err : jit_intern(to, buf__str(&text), text.len, ret_id);
}

/* The name for people; JavaScript names bring the function's place. */
static int jit_name(struct jit_pieces *to, const char *name, size_t len, struct jit_piece *p)
{
	struct js_name n;
	uint32_t file;
	int err;

	if (!js_name_parse(name, len, &n))
		return jit_intern(to, name, len, &p->name);
	err = jit_js_name(to, &n, &p->name);
	if (err || !n.file_len || p->line_cnt)
		return err;
	p->first_line = (uint32_t)to->line_cnt;
	p->line_cnt = 1;
	err = jit_intern(to, n.file, n.file_len, &file);
	return err ? err : jit_add_line(to, 0, n.line, file);
}

static int jit_push(struct jit_pieces *to, uint64_t start, uint64_t size, uint64_t time_ns,
		    const struct jit_piece *p)
{
	int err;

	if (to->store->piece_cnt == JIT_MAX_PIECES)
		return -E2BIG;
	err = array__grow((void **)&to->items, &to->cap, to->cnt + 1, sizeof(*to->items),
			  TIMELINE_MAX_ENTRIES);
	if (!err)
		err = timeline__add(to->timeline, start, size, time_ns, 0);
	if (!err) {
		to->items[to->cnt++] = *p;
		to->store->piece_cnt++;
	}
	/* Code in no user's memory: not to be found in any stack. */
	return err == -EINVAL ? 0 : err;
}

/* ---- perf maps ---- */

static int jit_take_map_line(void *arg, uint64_t start, uint64_t size, const char *name, size_t len)
{
	struct jit_pieces *to = arg;
	struct jit_piece p = {0};
	int err = jit_name(to, name, len, &p);

	return err ? err : jit_push(to, start, size, 0, &p);
}

int jit_pieces__read_map(struct jit_pieces *to, int fd)
{
	_cleanup_free_ char *chunk = malloc(JIT_CHUNK_BYTES);
	uint64_t bytes, off = 0;
	int err = chunk ? os_file_bytes(fd, &bytes) : -ENOMEM;

	if (!err && bytes > JIT_MAX_MAP_BYTES) {
		bytes = JIT_MAX_MAP_BYTES;
		to->store->full = true;
	}
	while (!err && off < bytes) {
		size_t len = bytes - off < JIT_CHUNK_BYTES ? bytes - off : JIT_CHUNK_BYTES,
		       used = 0;

		err = os_pread(fd, chunk, len, off);
		if (!err)
			err = perf_map_parse(chunk, len, jit_take_map_line, to, &used);
		/* A last line that is still being written; or one that no program writes. */
		off += used ? used : len;
	}
	return err;
}

/* ---- jitdumps ---- */

static bool jit_index_eq(const void *owner, uint32_t pos, const void *key)
{
	return ((const struct jit_pieces *)owner)->items[pos].index == *(const uint64_t *)key;
}

static int jit_take_load(struct jit_pieces *to, const struct jitdump_record *r, uint64_t time_ns)
{
	struct jit_piece p = {.index = r->index};
	uint64_t hash = hash_u64(r->index);
	size_t before = to->cnt;
	int err;

	if (to->debug_cnt && to->debug_addr == r->addr) {
		p.first_line = to->debug_first;
		p.line_cnt = to->debug_cnt;
	}
	to->debug_cnt = 0;
	err = jit_name(to, r->name, r->name_len, &p);
	if (!err)
		err = jit_push(to, r->addr, r->size, time_ns, &p);
	if (err || to->cnt == before ||
	    hash_index__find(&to->index, hash, jit_index_eq, to, &r->index) != HASH_INDEX_NONE)
		return err;
	return hash_index__add(&to->index, hash, (uint32_t)before);
}

static int jit_take_move(struct jit_pieces *to, const struct jitdump_record *r, uint64_t time_ns)
{
	uint32_t pos =
		hash_index__find(&to->index, hash_u64(r->index), jit_index_eq, to, &r->index);
	struct jit_piece p;

	if (pos == HASH_INDEX_NONE)
		return 0;
	p = to->items[pos];
	return jit_push(to, r->addr, r->size, time_ns, &p);
}

static int jit_take_debug(struct jit_pieces *to, struct jitdump *dump,
			  const struct jitdump_record *r)
{
	struct jitdump_line line;
	uint32_t file;
	int err = 0;

	to->debug_addr = r->addr;
	to->debug_first = (uint32_t)to->line_cnt;
	to->debug_cnt = 0;
	while (!err && jitdump__next_line(dump, &line)) {
		if (line.addr < r->addr)
			continue;
		err = jit_intern(to, line.file, strlen(line.file), &file);
		if (!err)
			err = jit_add_line(to, line.addr - r->addr, line.line, file);
		to->debug_cnt += !err;
	}
	return err;
}

int jit_pieces__read_dump(struct jit_pieces *to, int fd)
{
	struct jitdump_record r;
	struct jitdump dump;
	int err = jitdump__open(&dump, fd);

	if (err)
		return 0; /* not what its name says */
	hash_index__clear(&to->index);
	to->debug_cnt = 0;
	to->store->foreign_clock |= dump.foreign_clock;
	while (!err && (err = jitdump__next(&dump, &r)) > 0) {
		/* By a clock that is not ours: in their order, which is all that is known. */
		uint64_t time_ns = dump.foreign_clock ? 0 : r.time_ns;

		err = r.kind == JITDUMP_LOAD   ? jit_take_load(to, &r, time_ns)
		      : r.kind == JITDUMP_MOVE ? jit_take_move(to, &r, time_ns)
					       : jit_take_debug(to, &dump, &r);
	}
	jitdump__close(&dump);
	return err;
}
