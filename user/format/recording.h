/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Recording files (.dwell): wire records in compressed, checksummed blocks.
 *
 *   "DWELLREC" u32 version u32 header_bytes u64 reserved
 *   block: u32 magic "BLK1", u32 raw_bytes, u32 packed_bytes, u32 crc32 of the packed bytes,
 *          packed_bytes of zlib data, padding to 8
 *   ...
 *   end block: u32 magic "END1", u32 0, u32 16, u32 crc, u64 blocks, u64 records
 *
 * A record never crosses a block. A file without its end block is truncated and refused.
 */
#ifndef FORMAT_RECORDING_H
#define FORMAT_RECORDING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "model/event.h"

#define RECORDING_VERSION	  1
#define RECORDING_BLOCK_MAX_BYTES (1u << 20)

struct recording_writer;

/* Writes to @to (not owned) from its current position. NULL + errno. */
struct recording_writer *recording_writer__new(FILE *to);
/* Appends one record. 0 or -errno (of the stream too). */
int recording_writer__add(struct recording_writer *w, const struct event *e);
/* Writes the last block and the end block, flushes. 0 or -errno. */
int recording_writer__finish(struct recording_writer *w);
void recording_writer__free(struct recording_writer *w);

/*
 * Is what comes next in @from text, and no recording? Reads a few bytes and gives them back. The beginning of a recording
 * that ends early is no text, nothing at all is one without lines.
 */
bool recording_is_text(FILE *from);

struct recording_reader;

/* Reads from @from (not owned). NULL + errno: EBADMSG (error_set says what), ENOMEM, ... */
struct recording_reader *recording_reader__new(FILE *from);
/*
 * The next record: 1 and *@ret_event (valid until the next call), 0 at the end block, -EBADMSG with
 * error_set ("truncated after N records: copy the file again", "block 3: checksum differs"...).
 * Kinds this version does not know are skipped.
 */
int recording_reader__next(struct recording_reader *r, struct event *ret_event);
void recording_reader__free(struct recording_reader *r);

#endif
