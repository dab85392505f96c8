/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Jitdump files: what a just-in-time compiler writes of its code while it makes it, with times
 * (tools/perf/Documentation/jitdump-specification.txt in the kernel's tree, version 1 of the header).
 *
 *   jitdump__open -> jitdump__next until it returns 0 -> jitdump__close
 *
 * The file belongs to the program that is traced, may be hostile and grows while it is read: all is read by bounded preads,
 * the code itself not at all; a record that is cut ends the reading. Little endian only, like the machines that we run on.
 */
#ifndef FORMAT_JITDUMP_H
#define FORMAT_JITDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JITDUMP_MAX_NAME_BYTES 4096 /* of a function or file; what is beyond is cut */
#define JITDUMP_MAX_RECORDS    (1u << 23)
#define JITDUMP_MAX_DEBUG_BYTES \
	(1u << 20) /* of the lines of one function; those with more are left out */

enum jitdump_kind {
	JITDUMP_LOAD = 0,
	JITDUMP_MOVE = 1,
	JITDUMP_DEBUG = 2, /* belongs to the JITDUMP_LOAD of its address that follows */
};

/* What is known of it is said by the kind. */
struct jitdump_record {
	enum jitdump_kind kind;
	uint64_t time_ns; /* CLOCK_MONOTONIC, unless jitdump.foreign_clock */
	uint64_t addr;	  /* of the code; of a move: the new one */
	uint64_t size;	  /* bytes; may be 0 */
	uint64_t index;	  /* the piece's identity, through all moves */
	const char *name; /* load: of @name_len bytes, without a NUL; gone at the next call */
	size_t name_len;
};

/* One line of the source, of the code from @addr on. */
struct jitdump_line {
	uint64_t addr;
	uint32_t line;
	const char *file; /* NUL-terminated, gone at the next call of jitdump__next() */
};

struct jitdump {
	int fd;		     /* not owned; -1: in memory */
	const uint8_t *data; /* in memory; not owned */
	uint64_t bytes, off;
	uint32_t record_cnt;
	bool foreign_clock; /* the times are those of the CPU's own counter (JITDUMP_FLAGS_ARCH_TIMESTAMP) */
	bool cut; /* the reading ended before the file did: a bad or unfinished record, or too many */
	uint8_t *debug; /* the last JITDUMP_DEBUG; owned */
	size_t debug_len, debug_pos;
	uint64_t debug_left; /* lines that are not told yet */
	const char *debug_file;
	char name[JITDUMP_MAX_NAME_BYTES];
};

/* Opens what @fd has now. 0; -EBADMSG: no jitdump, or of the other byte order, or of another version; -errno. */
int jitdump__open(struct jitdump *j, int fd);
int jitdump__open_memory(struct jitdump *j, const void *data, size_t len);
void jitdump__close(struct jitdump *j);
/* The next record of a known kind. 1; 0: there is none; -ENOMEM, -EIO... */
int jitdump__next(struct jitdump *j, struct jitdump_record *ret);
/* The next line of the JITDUMP_DEBUG that jitdump__next() just returned. False: no more. */
bool jitdump__next_line(struct jitdump *j, struct jitdump_line *ret);

#endif
