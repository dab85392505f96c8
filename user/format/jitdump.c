/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/jitdump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/os_read.h"

#define JITDUMP_MAGIC	       0x4a695444 /* "JiTD" as a big-endian number */
#define JITDUMP_VERSION	       1
#define JITDUMP_HEADER_BYTES   40
#define JITDUMP_RECORD_BYTES   16
#define JITDUMP_LOAD_BYTES     40 /* behind the record's header, before the name */
#define JITDUMP_MOVE_BYTES     48
#define JITDUMP_DEBUG_BYTES    16
#define JITDUMP_ARCH_TIMESTAMP (1u << 0)

/* Exactly @len bytes at @off. 0, -ENODATA, -errno. */
static int jitdump_read(const struct jitdump *j, void *to, size_t len, uint64_t off)
{
	if (off > j->bytes || len > j->bytes - off)
		return -ENODATA;
	if (j->fd >= 0)
		return os_pread(j->fd, to, len, off);
	if (len)
		memcpy(to, j->data + off, len);
	return 0;
}

/*
 * uint32 magic, version, total size, machine, pad, pid; uint64 timestamp, flags. The header says how long it is, so that
 * later ones may be longer.
 */
static int jitdump_header(struct jitdump *j)
{
	uint8_t bytes[JITDUMP_HEADER_BYTES];
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	int err = jitdump_read(j, bytes, sizeof(bytes), 0);
	uint32_t magic, version, size;

	if (err)
		return err == -ENODATA ? -EBADMSG : err;
	magic = cursor__u32(&c);
	version = cursor__u32(&c);
	size = cursor__u32(&c);
	if (magic != JITDUMP_MAGIC || version != JITDUMP_VERSION || size < sizeof(bytes))
		return -EBADMSG;
	cursor__skip(&c, 20);
	j->foreign_clock = cursor__u64(&c) & JITDUMP_ARCH_TIMESTAMP;
	j->off = size;
	return 0;
}

int jitdump__open(struct jitdump *j, int fd)
{
	int err;

	memset(j, 0, sizeof(*j));
	j->fd = fd;
	err = os_file_bytes(fd, &j->bytes);
	return err ? err : jitdump_header(j);
}

int jitdump__open_memory(struct jitdump *j, const void *data, size_t len)
{
	memset(j, 0, sizeof(*j));
	j->fd = -1;
	j->data = data;
	j->bytes = len;
	return jitdump_header(j);
}

void jitdump__close(struct jitdump *j)
{
	free(j->debug);
	j->debug = NULL;
}

/* ---- kinds of records: 1, 0: there is nothing in it for us, -ENODATA: it is bad, -errno ---- */

/* Reads the part of a record that each of its kind has, @size bytes. 0, -ENODATA: it is shorter, -errno. */
static int jitdump_read_fixed(struct jitdump *j, void *to, size_t size, uint64_t off, uint64_t len)
{
	return len < size ? -ENODATA : jitdump_read(j, to, size, off);
}

/* What code is where. */
static void jitdump_take_code(struct cursor *c, struct jitdump_record *r)
{
	r->addr = cursor__u64(c);
	r->size = cursor__u64(c);
	r->index = cursor__u64(c);
}

/* uint32 pid, tid; uint64 vma, code_addr, code_size, code_index; the name and its NUL; the code. */
static int jitdump_load(struct jitdump *j, uint64_t off, uint64_t len, struct jitdump_record *r)
{
	uint8_t bytes[JITDUMP_LOAD_BYTES];
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	const char *nul;
	uint64_t room;
	int err;

	err = jitdump_read_fixed(j, bytes, sizeof(bytes), off, len);
	if (err)
		return err;
	cursor__skip(&c, 16);
	jitdump_take_code(&c, r);
	room = len - sizeof(bytes);
	if (r->size > room)
		return -ENODATA;
	room -= r->size;
	if (room > sizeof(j->name))
		room = sizeof(j->name);
	err = jitdump_read(j, j->name, (size_t)room, off + sizeof(bytes));
	if (err)
		return err;
	nul = room ? memchr(j->name, 0, (size_t)room) : NULL;
	r->name = j->name;
	r->name_len = nul ? (size_t)(nul - j->name) : (size_t)room;
	return 1;
}

/* uint32 pid, tid; uint64 vma, old_code_addr, new_code_addr, code_size, code_index. */
static int jitdump_move(struct jitdump *j, uint64_t off, uint64_t len, struct jitdump_record *r)
{
	uint8_t bytes[JITDUMP_MOVE_BYTES];
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	int err;

	err = jitdump_read_fixed(j, bytes, sizeof(bytes), off, len);
	if (err)
		return err;
	cursor__skip(&c, 24);
	jitdump_take_code(&c, r);
	return 1;
}

/* uint64 code_addr, nr_entry; the entries. */
static int jitdump_debug(struct jitdump *j, uint64_t off, uint64_t len, struct jitdump_record *r)
{
	struct cursor c;
	uint8_t *room;
	int err;

	if (len < JITDUMP_DEBUG_BYTES)
		return -ENODATA;
	if (len > JITDUMP_MAX_DEBUG_BYTES)
		return 0;
	room = realloc(j->debug, (size_t)len);
	if (!room)
		return -ENOMEM;
	j->debug = room;
	err = jitdump_read(j, j->debug, (size_t)len, off);
	if (err)
		return err;
	c = cursor_over(j->debug, (size_t)len);
	r->addr = cursor__u64(&c);
	j->debug_left = cursor__u64(&c);
	j->debug_len = (size_t)len;
	j->debug_pos = JITDUMP_DEBUG_BYTES;
	j->debug_file = "";
	return 1;
}

/* uint64 addr; uint32 line, discriminator; the file's name and its NUL, or "\xff": the same as before. */
bool jitdump__next_line(struct jitdump *j, struct jitdump_line *ret)
{
	struct cursor c = cursor_over(j->debug, j->debug_len);
	const char *file;

	if (!j->debug_left)
		return false;
	cursor__skip(&c, j->debug_pos);
	ret->addr = cursor__u64(&c);
	ret->line = cursor__u32(&c);
	cursor__skip(&c, 4);
	file = cursor__cstr(&c);
	if (!file) {
		j->debug_left = 0;
		return false;
	}
	if (strcmp(file, "\xff") != 0)
		j->debug_file = file;
	ret->file = j->debug_file;
	j->debug_pos = cursor__offset(&c);
	j->debug_left--;
	return true;
}

/* ---- records ---- */

static int jitdump_record(struct jitdump *j, struct jitdump_record *r)
{
	uint8_t bytes[JITDUMP_RECORD_BYTES];
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	int err = jitdump_read(j, bytes, sizeof(bytes), j->off);
	uint64_t off = j->off + sizeof(bytes), len;
	uint32_t id;

	if (err)
		return err;
	id = cursor__u32(&c);
	len = cursor__u32(&c);
	r->time_ns = cursor__u64(&c);
	/* Also what is not to be read must be there: behind a record that is cut there is none. */
	if (len < sizeof(bytes) || len > j->bytes - j->off)
		return -ENODATA;
	j->off += len;
	len -= sizeof(bytes);
	r->kind = (enum jitdump_kind)id;
	switch (id) {
	case JITDUMP_LOAD:
		return jitdump_load(j, off, len, r);
	case JITDUMP_MOVE:
		return jitdump_move(j, off, len, r);
	case JITDUMP_DEBUG:
		return jitdump_debug(j, off, len, r);
	default: /* JIT_CODE_CLOSE, JIT_CODE_UNWINDING_INFO */
		return 0;
	}
}

int jitdump__next(struct jitdump *j, struct jitdump_record *ret)
{
	struct jitdump_record r = {0};
	int err = 0;

	j->debug_left = 0;
	while (!err && j->off < j->bytes) {
		if (j->record_cnt++ >= JITDUMP_MAX_RECORDS)
			err = -ENODATA;
		else
			err = jitdump_record(j, &r);
	}
	if (err == -ENODATA) {
		j->cut = true;
		j->off = j->bytes;
		return 0;
	}
	if (err > 0)
		*ret = r;
	return err;
}
