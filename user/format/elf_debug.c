/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/elf_debug.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/cursor.h"
#include "base/os_clock.h"
#include "base/os_file.h"
#include "base/os_open.h"
#include "base/os_read.h"

#define ELF_DEBUG_DIR		     "/usr/lib/debug"
#define ELF_DEBUG_DWZ		     "/.dwz/"
#define ELF_DEBUG_LINK_MAX_BYTES     8192
#define ELF_DEBUG_CRC_CHUNK_BYTES    65536
#define ELF_DEBUG_MIN_BUILD_ID_BYTES 2 /* less makes no file name */

bool elf_debug_has_info(const struct elf *e)
{
	for (size_t i = 0; i < e->section_cnt; i++) {
		const char *name = elf__section_name(e, &e->sections[i]);

		if (e->sections[i].type != SHT_NOBITS &&
		    (!strcmp(name, ".debug_info") || !strcmp(name, ".zdebug_info")))
			return true;
	}
	return false;
}

bool elf_debug_has_symbols(const struct elf *e)
{
	for (size_t i = 0; i < e->section_cnt; i++)
		if (e->sections[i].type == SHT_SYMTAB && e->sections[i].size)
			return true;
	return false;
}

/* ---- names ---- */

/* One part of a path and nothing else. */
static bool elf_debug_is_base_name(const char *name, size_t len)
{
	if (!len || len >= ELF_DEBUG_NAME_MAX_BYTES || memchr(name, '/', len))
		return false;
	return strncmp(name, ".", len) != 0 && strncmp(name, "..", len) != 0;
}

/* Parts of a path that only lead down: none is empty, "." or "..". */
static bool elf_debug_leads_down(const char *name)
{
	size_t len;

	if (strlen(name) >= ELF_DEBUG_NAME_MAX_BYTES)
		return false;
	for (; *name; name += len + (name[len] == '/' && name[len + 1])) {
		len = strcspn(name, "/");
		if (!elf_debug_is_base_name(name, len) || (name[len] == '/' && !name[len + 1]))
			return false;
	}
	return true;
}

/* ---- sections ---- */

static int elf_debug_read(const struct elf *e, const char *name, struct buf *ret)
{
	const struct elf_section *s = elf__find_section(e, name);
	int err = s ? elf__unpack_section(e, s, ELF_DEBUG_LINK_MAX_BYTES, ret) : -ENOENT;

	return err == -ENOMEM || !err ? err : -ENOENT;
}

int elf_debug_link(const struct elf *e, struct elf_debug_link *ret)
{
	struct elf_debug_link l = {.machine = e->machine};
	int len = elf__build_id(e, l.build_id), err;
	_cleanup_buf_ struct buf bytes = {0};
	const char *name;
	struct cursor c;

	if (len == -ENOMEM)
		return len;
	l.build_id_len = len >= ELF_DEBUG_MIN_BUILD_ID_BYTES ? (uint8_t)len : 0;
	err = elf_debug_read(e, ".gnu_debuglink", &bytes);
	if (!err) {
		c = cursor_over(bytes.data, bytes.len);
		name = cursor__cstr(&c);
		cursor__skip(&c, -cursor__offset(&c) & 3);
		l.crc = cursor__u32(&c);
		if (!c.err && name && elf_debug_is_base_name(name, strlen(name)))
			strcpy(l.name, name);
	}
	if (err == -ENOMEM)
		return err;
	*ret = l;
	return 0;
}

int elf_debug_alt(const struct elf *e, struct elf_debug_alt *ret)
{
	_cleanup_buf_ struct buf bytes = {0};
	struct elf_debug_alt a = {0};
	const char *name, *tail;
	struct cursor c;
	size_t len;
	int err;

	err = elf_debug_read(e, ".gnu_debugaltlink", &bytes);
	if (err)
		return err;
	c = cursor_over(bytes.data, bytes.len);
	name = cursor__cstr(&c);
	len = cursor__left(&c);
	if (!name || len < ELF_DEBUG_MIN_BUILD_ID_BYTES || len > ELF_BUILD_ID_MAX_LEN)
		return -ENOENT;
	a.build_id_len = (uint8_t)len;
	memcpy(a.build_id, cursor__bytes(&c, len), len);
	/* "../../.dwz/x86_64-linux-gnu/coreutils.debug": distributions put all of them below one directory. */
	tail = strstr(name, ELF_DEBUG_DWZ);
	if (tail && elf_debug_leads_down(tail + strlen(ELF_DEBUG_DWZ)))
		strcpy(a.name, tail + strlen(ELF_DEBUG_DWZ));
	*ret = a;
	return 0;
}

/* ---- places ---- */

static int elf_debug_build_id_path(const uint8_t *id, size_t len, struct buf *ret)
{
	if (!len)
		return -ENOENT;
	buf__printf(ret, ELF_DEBUG_DIR "/.build-id/%02x/", id[0]);
	for (size_t i = 1; i < len; i++)
		buf__printf(ret, "%02x", id[i]);
	return buf__puts(ret, ".debug");
}

int elf_debug_path(const struct elf_debug_link *l, const char *path, unsigned int i,
		   struct buf *ret)
{
	static const struct {
		const char *above, *below;
	} places[] = {{"", "/"}, {"", "/.debug/"}, {ELF_DEBUG_DIR, "/"}};
	const char *slash = strrchr(path, '/');

	if (!i)
		return elf_debug_build_id_path(l->build_id, l->build_id_len, ret);
	if (i > ARRAY_SIZE(places) || !*l->name || *path != '/')
		return -ENOENT;
	return buf__printf(ret, "%s%.*s%s%s", places[i - 1].above, (int)(slash - path), path,
			   places[i - 1].below, l->name);
}

int elf_debug_alt_path(const struct elf_debug_alt *a, unsigned int i, struct buf *ret)
{
	if (!i)
		return elf_debug_build_id_path(a->build_id, a->build_id_len, ret);
	if (i > 1 || !*a->name)
		return -ENOENT;
	return buf__printf(ret, ELF_DEBUG_DIR ELF_DEBUG_DWZ "%s", a->name);
}

/* ---- is it the one? ---- */

/* Length of the build id, 0: none; -errno: no ELF file that is of use. */
static int elf_debug_identity(int fd, uint16_t *ret_machine, uint8_t id[ELF_BUILD_ID_MAX_LEN])
{
	struct elf e;
	int len = elf__open(&e, fd);

	if (len)
		return len;
	*ret_machine = e.machine;
	len = elf__build_id(&e, id);
	elf__close(&e);
	return len == -ENOENT ? 0 : len;
}

enum elf_debug_match elf_debug_compare(const struct elf_debug_link *l, int fd)
{
	uint8_t id[ELF_BUILD_ID_MAX_LEN];
	uint16_t machine = 0;
	int len = elf_debug_identity(fd, &machine, id);

	if (len < 0 || machine != l->machine)
		return ELF_DEBUG_OTHER;
	if (!len || !l->build_id_len)
		return *l->name ? ELF_DEBUG_BY_CRC : ELF_DEBUG_OTHER;
	return len == l->build_id_len && !memcmp(id, l->build_id, (size_t)len) ? ELF_DEBUG_SAME
									       : ELF_DEBUG_OTHER;
}

bool elf_debug_compare_alt(const struct elf_debug_alt *a, int fd)
{
	uint8_t id[ELF_BUILD_ID_MAX_LEN];
	uint16_t machine;
	int len = elf_debug_identity(fd, &machine, id);

	return len == a->build_id_len && !memcmp(id, a->build_id, a->build_id_len);
}

static uint64_t elf_debug_crc_budget = ELF_DEBUG_CRC_MINUTE_BYTES;

void elf_debug_set_crc_budget(uint64_t bytes)
{
	elf_debug_crc_budget = bytes;
}

/* Whoever has programs without build ids may have very many, and large files with holes for each that cost him nothing. */
static bool elf_debug_crc_may(uint64_t bytes)
{
	static __thread struct {
		uint64_t since_ns, bytes;
	} spent;
	uint64_t now_ns = os_monotonic_ns();

	if (now_ns - spent.since_ns > 60000000000) {
		spent.since_ns = now_ns;
		spent.bytes = 0;
	}
	if (spent.bytes && spent.bytes + bytes > elf_debug_crc_budget)
		return false;
	spent.bytes += bytes;
	return true;
}

static bool elf_debug_crc_fits(const struct elf_debug_link *l, int fd)
{
	_cleanup_free_ uint8_t *chunk = malloc(ELF_DEBUG_CRC_CHUNK_BYTES);
	uint64_t bytes, off = 0;
	uLong crc = crc32(0, NULL, 0); /* zlib's is the one that is meant */

	if (!chunk || !*l->name || os_file_bytes(fd, &bytes) || bytes > ELF_DEBUG_CRC_MAX_BYTES ||
	    !elf_debug_crc_may(bytes))
		return false;
	while (off < bytes) {
		size_t len = bytes - off < ELF_DEBUG_CRC_CHUNK_BYTES ? (size_t)(bytes - off)
								     : ELF_DEBUG_CRC_CHUNK_BYTES;

		if (os_pread(fd, chunk, len, off))
			return false;
		crc = crc32(crc, chunk, (uInt)len);
		off += len;
	}
	return crc == l->crc;
}

bool elf_debug_fits(const struct elf_debug_link *l, int fd)
{
	enum elf_debug_match match = elf_debug_compare(l, fd);

	return match == ELF_DEBUG_SAME || (match == ELF_DEBUG_BY_CRC && elf_debug_crc_fits(l, fd));
}

/* ---- looking for it ---- */

int elf_debug_search(const struct elf_debug_link *l, const char *path, int root_fd, bool trust_crc)
{
	for (unsigned int i = 0; root_fd >= 0 && i < ELF_DEBUG_PATH_CNT; i++) {
		_cleanup_buf_ struct buf candidate;
		int fd;

		buf__init(&candidate, ELF_DEBUG_MAX_PATH_BYTES);
		if (elf_debug_path(l, path, i, &candidate))
			continue;
		fd = os_open_below(root_fd, candidate.data);
		if (fd >= 0 && (trust_crc ? elf_debug_compare(l, fd) != ELF_DEBUG_OTHER
					  : elf_debug_fits(l, fd)))
			return fd;
		os_close(fd);
	}
	return -ENOENT;
}

int elf_debug_search_alt(const struct elf_debug_alt *a, int root_fd)
{
	for (unsigned int i = 0; root_fd >= 0 && i < ELF_DEBUG_ALT_PATH_CNT; i++) {
		_cleanup_buf_ struct buf candidate;
		int fd;

		buf__init(&candidate, ELF_DEBUG_MAX_PATH_BYTES);
		if (elf_debug_alt_path(a, i, &candidate))
			continue;
		fd = os_open_below(root_fd, candidate.data);
		if (fd >= 0 && elf_debug_compare_alt(a, fd))
			return fd;
		os_close(fd);
	}
	return -ENOENT;
}
