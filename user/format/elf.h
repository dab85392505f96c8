/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A read-only view of an ELF file: segments, sections, function symbols, build id.
 *
 *   elf__open or elf__open_memory -> anything below -> elf__close
 *
 * Little endian, 64 and 32 bit. Files are hostile: they belong to the programs being traced and may
 * be cut while they are read. So nothing is mapped; each table is read into memory through one
 * bounds check, and every count and size has a cap. A file whose section table is damaged still
 * opens, without sections: its segments and its build id remain useful.
 */
#ifndef FORMAT_ELF_H
#define FORMAT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define ELF_MAX_SEGMENTS     256
#define ELF_MAX_SECTIONS     65535
#define ELF_MAX_TABLE_BYTES  (512u << 20) /* of a symbol or string table */
#define ELF_MAX_NAME_BYTES   16384	  /* longer symbol names are cut */
#define ELF_BUILD_ID_MAX_LEN 20

struct elf_segment {
	uint32_t type;	/* PT_* */
	uint32_t flags; /* PF_* */
	uint64_t off, vaddr;
	uint64_t file_bytes, mem_bytes;
	uint64_t align;
};

struct elf_section {
	uint32_t name_off; /* see elf__section_name() */
	uint32_t type;	   /* SHT_* */
	uint32_t link;
	uint64_t flags; /* SHF_* */
	uint64_t addr, off, size;
};

struct elf {
	int fd;		     /* -1: data */
	const uint8_t *data; /* a file in memory; not owned */
	uint64_t file_bytes; /* size when opened */
	bool is_64;
	uint16_t type;	  /* ET_* */
	uint16_t machine; /* EM_* */
	uint64_t entry;	  /* where it starts */
	struct elf_segment *segments;
	size_t segment_cnt;
	struct elf_section *sections;
	size_t section_cnt;
	struct buf section_names;
};

/* A function as a symbol table names it. */
struct elf_function {
	const char *name; /* not terminated at name_len */
	size_t name_len;  /* without a symbol version: "read", not "read@@GLIBC_2.2.5" */
	uint64_t vaddr;
	uint64_t size; /* 0: not said */
	uint8_t bind;  /* STB_* */
	uint8_t type;  /* STT_FUNC, STT_GNU_IFUNC or STT_NOTYPE */
};

/*
 * Views the file @fd, which stays the caller's and must stay open until elf__close(). 0; -ENOEXEC
 * when it is no little endian ELF file; -EBADMSG when it is a damaged one; -ENOMEM, -EINVAL (not a
 * regular file) or an error of reading. The reason is set with error_set().
 */
int elf__open(struct elf *e, int fd);
/* The same of a file in memory, which must outlive the view. */
int elf__open_memory(struct elf *e, const void *data, size_t len);
/* Frees the tables. Accepts a zeroed struct. */
void elf__close(struct elf *e);

/* Address in the file's own numbering <-> file offset, through PT_LOAD. 0 or -ENOENT. */
int elf__vaddr_to_off(const struct elf *e, uint64_t vaddr, uint64_t *ret_off);
int elf__off_to_vaddr(const struct elf *e, uint64_t off, uint64_t *ret_vaddr);

/* "" when the name is damaged. */
const char *elf__section_name(const struct elf *e, const struct elf_section *s);
/* The first section of that name; NULL if there is none. */
const struct elf_section *elf__find_section(const struct elf *e, const char *name);
/*
 * The bytes of a section. 0 and *@ret, overwritten and then owned by the caller; -EBADMSG (outside
 * of the file, or without bytes in it), -E2BIG past @max_bytes, -ENOTSUP (compressed), -ENOMEM,
 * -errno.
 */
int elf__read_section(const struct elf *e, const struct elf_section *s, size_t max_bytes,
		      struct buf *ret);
/*
 * The same, also of a compressed section (SHF_COMPRESSED, or .zdebug_* as older linkers wrote
 * them): then what it unpacks to, at most @max_bytes. -ENOTSUP: compressed otherwise than by zlib.
 */
int elf__unpack_section(const struct elf *e, const struct elf_section *s, size_t max_bytes,
			struct buf *ret);
/* @len bytes of the file from @off into memory of the caller's. 0; -EBADMSG (outside of the file), -errno. */
int elf__read(const struct elf *e, uint64_t off, size_t len, void *to);
/* @len bytes of the file from @off, as elf__read_section(). */
int elf__read_range(const struct elf *e, uint64_t off, uint64_t len, size_t max_bytes,
		    struct buf *ret);

typedef int (*elf_function_fn)(void *arg, const struct elf_function *f);
/*
 * Calls @fn for the functions that .symtab and .dynsym define, in file order; most of .dynsym comes
 * twice if there is a .symtab. Functions are STT_FUNC, STT_GNU_IFUNC and, in executable sections,
 * STT_NOTYPE with a size (assembly); never ARM's mapping symbols ($x, $d). Damaged tables are left
 * out. 0, -ENOMEM, or the first return of @fn that is not 0.
 */
int elf__each_function(const struct elf *e, elf_function_fn fn, void *arg);

/*
 * The GNU build id, from the PT_NOTE segments, else from .note.gnu.build-id. Its length (1..20);
 * -ENOENT when the file has none (or a longer one: the kernel takes no such either); errors as
 * above.
 */
int elf__build_id(const struct elf *e, uint8_t ret_id[ELF_BUILD_ID_MAX_LEN]);
/* The same of an open file; unlike elf__open() it reads no section table unless it has to. */
int elf_build_id(int fd, uint8_t ret_id[ELF_BUILD_ID_MAX_LEN]);

#endif
