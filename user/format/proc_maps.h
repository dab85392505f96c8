/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The text of /proc/PID/maps -> executable mappings. No I/O. */
#ifndef FORMAT_PROC_MAPS_H
#define FORMAT_PROC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROC_MAPS_PATH_MAX_BYTES 65536

enum proc_map_kind {
	PROC_MAP_FILE,	/* a file of some file system */
	PROC_MAP_MEMFD, /* "/memfd:name": code a program made, or an ELF file without a place */
	PROC_MAP_VDSO,
	PROC_MAP_ANON, /* memory without a file: nothing, [heap], [stack], [anon:...], /dev/zero,
			* System V, hugepages, anon_inode:..., [uprobes], [vsyscall] */
};

struct proc_map {
	uint64_t start, end; /* addresses */
	uint64_t file_off;   /* of start, bytes */
	uint64_t dev;	     /* major << 32 | minor; compare it, no more */
	uint64_t inode;
	enum proc_map_kind kind;
	bool deleted; /* the file has lost that name */
	bool writable;
	const char *path; /* without " (deleted)"; "" if there is none. Gone after the call. */
};

/* Takes one mapping. 0 to go on, -errno to end the parse. */
typedef int (*proc_map_fn)(void *arg, const struct proc_map *m);

/*
 * Calls @fn for each executable mapping in @len bytes of @text. Lines that don't have the kernel's
 * form are left out, so is a last line without its end (it was cut). The number of lines left out;
 * -ENOMEM; or the error of @fn.
 *
 * The kernel writes a newline in a path as \012 and nothing else specially, not even '\'. So just
 * that is undone here, and a file whose name really contains "\012" or ends in " (deleted)" can't
 * be told: open mapped files through /proc/PID/map_files, not by path.
 */
int proc_maps_parse(const char *text, size_t len, proc_map_fn fn, void *arg);
/* The same for the mapping that holds @addr, executable or not. */
int proc_maps_find(const char *text, size_t len, uint64_t addr, proc_map_fn fn, void *arg);

#endif
