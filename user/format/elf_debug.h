/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What an ELF file says about the files that hold the rest of its debug information, where those are looked for, and
 * whether a file is the one that was meant.
 *
 *   .gnu_debuglink     name and CRC-32 of the separate debug file (GDB manual, "Separate Debug Files")
 *   .gnu_debugaltlink  name and build id of the file that dwz moved common parts to
 *
 * The file's owner may be hostile: of a name only what stays below the directory it belongs to is taken, and no file is used
 * whose build id (or, where one of them has none, CRC) is another one.
 */
#ifndef FORMAT_ELF_DEBUG_H
#define FORMAT_ELF_DEBUG_H

#include "format/elf.h"

#define ELF_DEBUG_NAME_MAX_BYTES 256
#define ELF_DEBUG_MAX_PATH_BYTES 8192
#define ELF_DEBUG_PATH_CNT	 4 /* places where a debug file may be */
#define ELF_DEBUG_ALT_PATH_CNT	 2
#define ELF_DEBUG_CRC_MAX_BYTES	 (4ull << 30) /* larger files are not compared by CRC */
#define ELF_DEBUG_CRC_MINUTE_BYTES \
	(1ull                      \
	 << 30) /* nor any that would make it more than that in a minute, but for the first one */

struct elf_debug_link {
	uint8_t build_id[ELF_BUILD_ID_MAX_LEN];
	uint8_t build_id_len; /* 0: it has none */
	uint16_t machine;
	char name[ELF_DEBUG_NAME_MAX_BYTES]; /* the last part of a path; "": no .gnu_debuglink */
	uint32_t crc;			     /* of that file */
};

struct elf_debug_alt {
	uint8_t build_id[ELF_BUILD_ID_MAX_LEN];
	uint8_t build_id_len; /* never 0 */
	char name
		[ELF_DEBUG_NAME_MAX_BYTES]; /* relative to DEBUG_DIR/.dwz; "": only the build id can tell */
};

enum elf_debug_match {
	ELF_DEBUG_OTHER,  /* not the file that is looked for */
	ELF_DEBUG_SAME,	  /* by its build id */
	ELF_DEBUG_BY_CRC, /* one of them has no build id: the CRC decides */
};

/* What @e knows of its debug file. 0 or -ENOMEM; what it doesn't know, or not in a form that is taken, is empty. */
int elf_debug_link(const struct elf *e, struct elf_debug_link *ret);
/* And of the file with its common parts. 0; -ENOENT when there is none; -ENOMEM. */
int elf_debug_alt(const struct elf *e, struct elf_debug_alt *ret);

/* Has it .debug_info? */
bool elf_debug_has_info(const struct elf *e);
/* Has it a full symbol table? */
bool elf_debug_has_symbols(const struct elf *e);

/*
 * The @i-th place (< ELF_DEBUG_PATH_CNT), best first, of the debug file of @l, whose own path is @path: by build id below
 * /usr/lib/debug; by name beside the file, in .debug/, below /usr/lib/debug. *@ret, an empty buffer, begins with '/'. 0;
 * -ENOENT when @l has no such place; -ENOMEM, -E2BIG.
 */
int elf_debug_path(const struct elf_debug_link *l, const char *path, unsigned int i,
		   struct buf *ret);
/* The same for the common parts; @i < ELF_DEBUG_ALT_PATH_CNT. */
int elf_debug_alt_path(const struct elf_debug_alt *a, unsigned int i, struct buf *ret);

/* Is the open file @fd the debug file of @l? Reads headers only. */
enum elf_debug_match elf_debug_compare(const struct elf_debug_link *l, int fd);
bool elf_debug_compare_alt(const struct elf_debug_alt *a, int fd);
/* The same, certain: where a CRC decides, the whole file is read. */
bool elf_debug_fits(const struct elf_debug_link *l, int fd);
/* Instead of ELF_DEBUG_CRC_MINUTE_BYTES. For tests. */
void elf_debug_set_crc_budget(uint64_t bytes);

/*
 * Opens the first of those places below the directory @root_fd (base/os_open.h) that has the right file; with @trust_crc also
 * one that is right if its CRC is. The open file, the caller's, or -ENOENT.
 */
int elf_debug_search(const struct elf_debug_link *l, const char *path, int root_fd, bool trust_crc);
int elf_debug_search_alt(const struct elf_debug_alt *a, int root_fd);

#endif
