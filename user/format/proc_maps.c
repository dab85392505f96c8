/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/proc_maps.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

/* What is left of a line. */
struct proc_maps_line {
	const char *pos, *end;
	bool bad; /* sticky */
};

static int proc_maps_digit(char c, unsigned int base)
{
	unsigned int v = 99;

	if (c >= '0' && c <= '9')
		v = (unsigned int)(c - '0');
	else if (c >= 'a' && c <= 'f')
		v = (unsigned int)(c - 'a') + 10;
	return v < base ? (int)v : -1;
}

/* A number of at least one digit, then @after. */
static uint64_t proc_maps_number(struct proc_maps_line *l, unsigned int base, char after)
{
	const char *start = l->pos;
	uint64_t v = 0;

	while (l->pos < l->end) {
		int d = proc_maps_digit(*l->pos, base);

		if (d < 0)
			break;
		if (v > (UINT64_MAX - (unsigned int)d) / base)
			l->bad = true;
		v = v * base + (unsigned int)d;
		l->pos++;
	}
	if (l->pos == start || l->pos == l->end || *l->pos != after)
		l->bad = true;
	else
		l->pos++;
	return v;
}

/* "r-xp ": executable? And writable? */
static bool proc_maps_executable(struct proc_maps_line *l, bool *ret_writable)
{
	const char *perms = l->pos;

	if (l->end - l->pos < 5 || perms[4] != ' ') {
		l->bad = true;
		return false;
	}
	l->pos += 5;
	*ret_writable = perms[1] == 'w';
	return perms[2] == 'x';
}

/*
 * The inode ends the line when there is no path; then the kernel writes no space behind it either.
 */
static uint64_t proc_maps_inode(struct proc_maps_line *l)
{
	uint64_t v = 0;

	if (l->pos == l->end)
		l->bad = true;
	for (; l->pos < l->end && *l->pos != ' '; l->pos++) {
		int d = proc_maps_digit(*l->pos, 10);

		if (d < 0 || v > (UINT64_MAX - (unsigned int)d) / 10) {
			l->bad = true;
			return 0;
		}
		v = v * 10 + (unsigned int)d;
	}
	while (l->pos < l->end && *l->pos == ' ')
		l->pos++;
	return v;
}

/* The rest of the line, with its newlines back. */
static int proc_maps_path(struct proc_maps_line *l, struct buf *path)
{
	buf__reset(path);
	while (l->pos < l->end) {
		const char *esc = memchr(l->pos, '\\', (size_t)(l->end - l->pos));

		if (!esc)
			return buf__append(path, l->pos, (size_t)(l->end - l->pos));
		buf__append(path, l->pos, (size_t)(esc - l->pos));
		if (l->end - esc >= 4 && !memcmp(esc, "\\012", 4)) {
			buf__putc(path, '\n');
			l->pos = esc + 4;
		} else {
			buf__putc(path, '\\');
			l->pos = esc + 1;
		}
	}
	return path->err;
}

static bool proc_maps_cut_deleted(struct buf *path)
{
	static const char suffix[] = " (deleted)";
	size_t len = sizeof(suffix) - 1;

	if (path->len < len || memcmp(path->data + path->len - len, suffix, len) != 0)
		return false;
	path->len -= len;
	path->data[path->len] = '\0';
	return true;
}

static enum proc_map_kind proc_maps_kind(const char *path, bool deleted)
{
	if (!strcmp(path, "[vdso]"))
		return PROC_MAP_VDSO;
	/* Names in brackets, "anon_inode:x", "socket:x": only files have a path from the root. */
	if (path[0] != '/' || !strncmp(path, "//anon", 6))
		return PROC_MAP_ANON;
	/* Files never linked anywhere always count as deleted; a real /memfd:x may exist. */
	if (deleted && !strncmp(path, "/memfd:", 7))
		return PROC_MAP_MEMFD;
	if (deleted && (!strncmp(path, "/SYSV", 5) || !strcmp(path, "/anon_hugepage")))
		return PROC_MAP_ANON;
	/*
	 * Shared anonymous memory is called "/dev/zero (deleted)", private from it just
	 * "/dev/zero".
	 */
	return strcmp(path, "/dev/zero") ? PROC_MAP_FILE : PROC_MAP_ANON;
}

/* What a caller wants: executable mappings, or the one that holds an address. */
struct proc_maps_want {
	bool at_addr;
	uint64_t addr;
};

static bool proc_maps_wanted(const struct proc_maps_want *w, const struct proc_map *m,
			     bool executable)
{
	return w->at_addr ? w->addr >= m->start && w->addr < m->end : executable;
}

/* 1: a mapping that is wanted; 0: another; -EBADMSG: not a line of maps; -ENOMEM. */
static int proc_maps_parse_line(struct proc_maps_line *l, const struct proc_maps_want *want,
				struct buf *path, struct proc_map *m)
{
	bool executable;
	int err;

	m->start = proc_maps_number(l, 16, '-');
	m->end = proc_maps_number(l, 16, ' ');
	executable = proc_maps_executable(l, &m->writable);
	m->file_off = proc_maps_number(l, 16, ' ');
	m->dev = proc_maps_number(l, 16, ':') << 32;
	m->dev |= (uint32_t)proc_maps_number(l, 16, ' ');
	m->inode = proc_maps_inode(l);
	if (l->bad || m->start >= m->end || memchr(l->pos, 0, (size_t)(l->end - l->pos)))
		return -EBADMSG;
	if (!proc_maps_wanted(want, m, executable))
		return 0;
	err = proc_maps_path(l, path);
	if (err)
		return err == -ENOMEM ? err : -EBADMSG;
	m->deleted = proc_maps_cut_deleted(path);
	m->path = buf__str(path);
	m->kind = proc_maps_kind(m->path, m->deleted);
	return 1;
}

static int proc_maps_each(const char *text, size_t len, const struct proc_maps_want *want,
			  proc_map_fn fn, void *arg)
{
	const char *end = text + len, *nl;
	_cleanup_buf_ struct buf path;
	int ret, bad = 0;

	buf__init(&path, PROC_MAPS_PATH_MAX_BYTES);
	for (; text < end; text = nl + 1) {
		struct proc_maps_line l = {.pos = text};
		struct proc_map m;

		nl = memchr(text, '\n', (size_t)(end - text));
		if (!nl)
			return bad + 1;
		l.end = nl;
		ret = proc_maps_parse_line(&l, want, &path, &m);
		if (ret == -EBADMSG) {
			bad++;
			continue;
		}
		if (ret > 0)
			ret = fn(arg, &m);
		if (ret)
			return ret;
	}
	return bad;
}

int proc_maps_parse(const char *text, size_t len, proc_map_fn fn, void *arg)
{
	const struct proc_maps_want executable = {0};

	return proc_maps_each(text, len, &executable, fn, arg);
}

int proc_maps_find(const char *text, size_t len, uint64_t addr, proc_map_fn fn, void *arg)
{
	const struct proc_maps_want there = {.at_addr = true, .addr = addr};

	return proc_maps_each(text, len, &there, fn, arg);
}
