/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "fixtures/mkwire.h"
#include "format/record.h"
#include "format/recording.h"
#include "source/recording.h"

/* ---- record ---- */

static void assert_bad(const struct buf *b, size_t len, const char *why)
{
	struct event e = {0};
	const char *text;

	assert_int_equal(record_decode(b->data, len, &e), -EBADMSG);
	assert_null(e.h);
	text = error_text(-EBADMSG);
	if (!strstr(text, why))
		fail_msg("'%s' does not say '%s'", text, why);
}

static void test_record_every_kind_is_decoded(void **state)
{
	_cleanup_buf_ struct buf b;
	size_t n, off = 0;
	struct event e;

	(void)state;
	mkwire_init(&b);
	for (n = mkwire_all_kinds(&b); n > 0; n--) {
		assert_int_equal(record_decode(b.data + off, b.len - off, &e), 0);
		assert_ptr_equal(e.h, b.data + off);
		off += e.h->size;
	}
	assert_int_equal(off, b.len);
}

/* No prefix of a record is one, whatever is cut; the header's size says what should be there. */
static void test_record_no_prefix_is_accepted(void **state)
{
	_cleanup_buf_ struct buf b;
	struct event e;

	(void)state;
	mkwire_init(&b);
	mkwire_all_kinds(&b);
	for (size_t off = 0; off < b.len; off += mkwire_event(&b, off).h->size) {
		size_t size = mkwire_event(&b, off).h->size;

		for (size_t len = 0; len < size; len++) {
			_cleanup_free_ uint64_t *copy = malloc(len + !len); /* ASan sees its end */

			memcpy(copy, b.data + off, len);
			assert_int_equal(record_decode(copy, len, &e), -EBADMSG);
		}
	}
}

/* A record that is shorter than its kind's members, with a size that admits it. */
static void test_record_short_ones_are_refused(void **state)
{
	_cleanup_buf_ struct buf b;
	struct event e;

	(void)state;
	mkwire_init(&b);
	mkwire_all_kinds(&b);
	for (size_t off = 0; off < b.len; off += mkwire_event(&b, off).h->size) {
		struct wire_header h = *mkwire_event(&b, off).h;

		for (uint32_t size = 0, whole = h.size; size < whole; size += 8) {
			_cleanup_free_ uint64_t *copy = calloc(1, size + 8);

			h.size = size;
			memcpy(copy, b.data + off, size);
			memcpy(copy, &h, sizeof(h));
			/* A seed's ips may be left away: it has none here. */
			if (h.kind == WIRE_SEED && size >= offsetof(struct wire_seed, ips))
				continue;
			assert_int_equal(record_decode(copy, size, &e), -EBADMSG);
		}
	}
}

static void test_record_longer_than_known_is_fine(void **state)
{
	_cleanup_buf_ struct buf b;
	struct event e;

	(void)state;
	mkwire_init(&b);
	mkwire_record(&b, WIRE_ROUND, sizeof(struct wire_round) + 64);
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	assert_int_equal(e.h->size, sizeof(struct wire_round) + 64);
}

static void test_record_unknown_kinds_are_passed_over(void **state)
{
	static const uint16_t kinds[] = {0, 10, 15, 200, 999, UINT16_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_buf_ struct buf b;
		struct event e;

		mkwire_init(&b);
		mkwire_record(&b, kinds[i], 24);
		assert_int_equal(record_decode(b.data, b.len, &e), 1);
		assert_int_equal(e.h->size, 24);
	}
}

static void test_record_header(void **state)
{
	static const uint32_t sizes[] = {0, 4, 7, 9, 12, 20, 24, UINT32_MAX, UINT32_MAX - 7};
	_cleanup_buf_ struct buf b;
	struct wire_header *h;

	(void)state;
	mkwire_init(&b);
	h = mkwire_at(&b, mkwire_record(&b, WIRE_ROUND, 16));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		h->size = sizes[i];
		assert_bad(&b, b.len, "bytes");
	}
	assert_bad(&b, 7, "less than a header");
	assert_bad(&b, 0, "less than a header");
}

static void test_record_stack_counts(void **state)
{
	static const uint64_t ips[WIRE_MAX_FRAMES + 1];
	_cleanup_buf_ struct buf b;
	struct wire_stack *s;
	struct event e;

	(void)state;
	mkwire_init(&b);
	s = mkwire_at(&b, mkwire_stack(&b, 1, 1, ips, WIRE_MAX_FRAMES + 1));
	assert_bad(&b, b.len, "stack of 257 frames, 256 are the limit");
	s->frame_cnt = WIRE_MAX_FRAMES;
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	s->kind = 2;
	assert_bad(&b, b.len, "unknown kind 2");
	buf__reset(&b);
	s = mkwire_at(&b, mkwire_stack(&b, 1, 1, ips, 3));
	s->frame_cnt = 4;
	assert_bad(&b, b.len, "stack of 4 frames in");
}

static void test_record_seed_counts(void **state)
{
	_cleanup_buf_ struct buf b;
	struct wire_seed *s;
	struct event e;

	(void)state;
	mkwire_init(&b);
	s = mkwire_at(&b, mkwire_seed(&b, 1, 2, "x"));
	s->frame_cnt = WIRE_MAX_KERNEL_FRAMES;
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	s->h.size -= 8;
	assert_bad(&b, b.len, "seed of 127 frames in");
	s->h.size += 8;
	s->frame_cnt = WIRE_MAX_KERNEL_FRAMES + 1;
	assert_bad(&b, b.len, "seed of 128 frames, 127 are the limit");
	s->frame_cnt = UINT32_MAX;
	assert_bad(&b, b.len, "are the limit");
	s->frame_cnt = 0;
	memset(s->comm, 'x', sizeof(s->comm));
	assert_bad(&b, b.len, "seed: name without end");
}

static void test_record_comm_needs_its_end(void **state)
{
	_cleanup_buf_ struct buf b;

	(void)state;
	mkwire_init(&b);
	memset(((struct wire_thread *)mkwire_at(&b, mkwire_thread(&b, 1, 1, 0, "")))->comm, 'x',
	       WIRE_COMM_LEN);
	assert_bad(&b, b.len, "thread: name without end");
	buf__reset(&b);
	memset(((struct wire_exec *)mkwire_at(&b, mkwire_exec(&b, 1, 1, "")))->comm, 'x',
	       WIRE_COMM_LEN);
	assert_bad(&b, b.len, "exec: name without end");
	buf__reset(&b);
	memset(((struct wire_summary *)mkwire_at(&b, mkwire_summary(&b, 1, 1, 0, "")))->comm, 'x',
	       WIRE_COMM_LEN);
	assert_bad(&b, b.len, "summary: name without end");
}

static void test_record_counters_count(void **state)
{
	_cleanup_buf_ struct buf b;
	struct wire_counters *c;
	uint64_t values[] = {1, 2};

	(void)state;
	mkwire_init(&b);
	c = mkwire_at(&b, mkwire_counters(&b, values, 2));
	c->cnt = 3;
	assert_bad(&b, b.len, "3 counters");
	c->cnt = UINT32_MAX; /* times 8 would wrap around in 32 bits */
	assert_bad(&b, b.len, "counters");
}

static void test_record_module_text(void **state)
{
	_cleanup_buf_ struct buf b;
	struct wire_module *m;
	struct event e;

	(void)state;
	mkwire_init(&b);
	m = mkwire_at(&b, mkwire_module(&b, 1, WIRE_MODULE_ELF, "/a/b/c"));
	m->path_len = 5; /* the NUL is not where it should be */
	assert_bad(&b, b.len, "path is not 5");
	m->path_len = 7; /* there are two: padding */
	assert_bad(&b, b.len, "path is not 7");
	m->path_len = UINT32_MAX;
	assert_bad(&b, b.len, "path is not");
	m->path_len = 6;
	m->path[2] = '\0';
	assert_bad(&b, b.len, "path is not 6");
	m->path[2] = 'x';
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	memset(m->path, 'x', 8);
	m->path_len = 8;
	assert_bad(&b, b.len, "path is not 8");
	m->path_len = 7;
	m->path[7] = '\0';
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	m->build_id_len = WIRE_BUILD_ID_LEN + 1;
	assert_bad(&b, b.len, "build id");
	m->build_id_len = 0;
	m->kind = WIRE_MODULE_DRIVER + 1;
	assert_bad(&b, b.len, "unknown kind");
}

static void test_record_mapping_edges(void **state)
{
	_cleanup_buf_ struct buf b;
	struct wire_mapping *m;
	struct event e;

	(void)state;
	mkwire_init(&b);
	m = mkwire_at(&b, mkwire_mapping(&b, 1, 8, 8, 0, 0));
	assert_bad(&b, b.len, "mapping");
	m->flags = WIRE_MAPPING_RESET;
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	m->start = 9;
	assert_bad(&b, b.len, "mapping");
}

static void test_record_symbol_and_meta_text(void **state)
{
	_cleanup_buf_ struct buf b;
	struct wire_symbol *s;
	struct wire_line *l;
	struct wire_meta *m;
	struct event e;

	(void)state;
	mkwire_init(&b);
	s = mkwire_at(&b, mkwire_symbol(&b, 1, 0, 1, "1234567"));
	s->name_len = 8;
	assert_bad(&b, b.len, "name is not 8");
	s->name_len = UINT16_MAX;
	assert_bad(&b, b.len, "name is not");
	buf__reset(&b);
	l = mkwire_at(&b, mkwire_line(&b, 1, 0, 1, "123", "567", 9));
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	l->name_len = 4;
	assert_bad(&b, b.len, "name is not 4");
	l->name_len = 3;
	l->file_len = 4;
	assert_bad(&b, b.len, "file is not 4");
	l->name_len = l->file_len = UINT16_MAX;
	assert_bad(&b, b.len, "name is not");
	buf__reset(&b);
	mkwire_copy(&b, 1, 1, 16, 2);
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
	((struct wire_header *)b.data)->size -= 8;
	assert_bad(&b, b.len, "no whole pages");
	((struct wire_header *)b.data)->size = sizeof(struct wire_copy);
	assert_bad(&b, b.len, "at least");
	buf__reset(&b);
	m = mkwire_at(&b, mkwire_meta(&b, "123", "567"));
	m->value_len = 4;
	assert_bad(&b, b.len, "value is not 4");
	m->value_len = UINT32_MAX;
	assert_bad(&b, b.len, "value is not");
	m->value_len = 3;
	m->key_len = 2;
	assert_bad(&b, b.len, "key is not 2");
	m->key_len = UINT32_MAX;
	assert_bad(&b, b.len, "key is not");
	m->key_len = 7; /* all of it, nothing is left for a value */
	m->text[3] = 'x';
	m->value_len = 0;
	assert_bad(&b, b.len, "value is not 0");
	m->key_len = 3;
	m->text[3] = '\0';
	m->value_len = 3;
	assert_int_equal(record_decode(b.data, b.len, &e), 0);
}

static void test_record_window_edge(void **state)
{
	_cleanup_buf_ struct buf b;

	(void)state;
	mkwire_init(&b);
	mkwire_window(&b, 2, 0);
	assert_bad(&b, b.len, "unknown edge 2");
}

/* ---- recording ---- */

/* A file with the records of @b. */
static FILE *written(const struct buf *b)
{
	FILE *fp = tmpfile();
	struct recording_writer *w = recording_writer__new(fp);

	assert_non_null(w);
	for (size_t off = 0; off < b->len;) {
		struct event e = mkwire_event(b, off);

		assert_int_equal(recording_writer__add(w, &e), 0);
		off += e.h->size;
	}
	assert_int_equal(recording_writer__finish(w), 0);
	recording_writer__free(w);
	rewind(fp);
	return fp;
}

/* The whole of @fp as bytes; closes it. */
static void slurp(FILE *fp, struct buf *to)
{
	int c;

	buf__init(to, 64 << 20);
	while ((c = fgetc(fp)) != EOF)
		buf__putc(to, (char)c);
	assert_int_equal(to->err, 0);
	fclose(fp);
}

/* Reads all of @data: the records that were delivered and, in @ret_err, how it ended. */
static size_t read_all(const void *data, size_t len, int *ret_err)
{
	/* fmemopen() refuses size 0. */
	FILE *fp = len ? fmemopen((void *)data, len, "rb") : fopen("/dev/null", "rb");
	struct recording_reader *r = recording_reader__new(fp);
	struct event e;
	size_t n = 0;

	*ret_err = r ? 0 : -errno;
	while (r && (*ret_err = recording_reader__next(r, &e)) == 1) {
		assert_int_equal((uintptr_t)e.h % 8, 0);
		n++;
	}
	if (r && *ret_err)
		assert_int_equal(recording_reader__next(r, &e), *ret_err);
	recording_reader__free(r);
	fclose(fp);
	return n;
}

static void assert_refused(const void *data, size_t len, const char *why)
{
	const char *text;
	int err;

	read_all(data, len, &err);
	assert_int_equal(err, -EBADMSG);
	text = error_text(-EBADMSG);
	if (!strstr(text, why))
		fail_msg("'%s' does not say '%s'", text, why);
}

static void test_recording_comes_back_byte_by_byte(void **state)
{
	_cleanup_buf_ struct buf b;
	struct recording_reader *r;
	size_t off = 0;
	struct event e;
	FILE *fp;

	(void)state;
	mkwire_init(&b);
	for (int i = 0; i < 2000; i++) /* some blocks */
		mkwire_all_kinds(&b);
	assert_true(b.len > 3 * RECORDING_BLOCK_MAX_BYTES);
	fp = written(&b);
	r = recording_reader__new(fp);
	assert_non_null(r);
	while (recording_reader__next(r, &e) == 1) {
		assert_memory_equal(e.h, b.data + off, e.h->size);
		off += e.h->size;
	}
	assert_int_equal(off, b.len);
	assert_int_equal(recording_reader__next(r, &e), 0);
	recording_reader__free(r);
	assert_true(ftell(fp) < (long)b.len / 10);
	fclose(fp);
}

static void test_recording_blocks_may_be_exactly_full(void **state)
{
	_cleanup_buf_ struct buf b, file;
	int err;

	(void)state;
	mkwire_init(&b);
	mkwire_record(&b, WIRE_ROUND, RECORDING_BLOCK_MAX_BYTES);
	mkwire_record(&b, WIRE_ROUND, RECORDING_BLOCK_MAX_BYTES - 16);
	mkwire_round(&b, 1);
	mkwire_round(&b, 2);
	slurp(written(&b), &file);
	assert_int_equal(read_all(file.data, file.len, &err), 4);
	assert_int_equal(err, 0);
}

static void test_recording_incompressible_block(void **state)
{
	_cleanup_buf_ struct buf b, file;
	uint64_t *words, x = 1;
	int err;

	(void)state;
	mkwire_init(&b);
	words = mkwire_at(&b, mkwire_record(&b, WIRE_ROUND, RECORDING_BLOCK_MAX_BYTES));
	for (size_t i = 1; i < RECORDING_BLOCK_MAX_BYTES / 8; i++)
		words[i] = x = x * 6364136223846793005u + 1442695040888963407u;
	for (size_t i = 1; i < RECORDING_BLOCK_MAX_BYTES / 8; i++)
		words[i] ^= words[i] >> 33;
	slurp(written(&b), &file);
	assert_int_equal(read_all(file.data, file.len, &err), 1);
	assert_int_equal(err, 0);
}

static void test_recording_without_records(void **state)
{
	_cleanup_buf_ struct buf b, file;
	int err;

	(void)state;
	mkwire_init(&b);
	slurp(written(&b), &file);
	assert_int_equal(file.len, 24 + 32);
	assert_int_equal(read_all(file.data, file.len, &err), 0);
	assert_int_equal(err, 0);
}

static void test_recording_writer_refuses_what_fits_no_block(void **state)
{
	_cleanup_buf_ struct buf b;
	FILE *fp = tmpfile();
	struct recording_writer *w = recording_writer__new(fp);
	struct event e;

	(void)state;
	mkwire_init(&b);
	mkwire_record(&b, WIRE_ROUND, RECORDING_BLOCK_MAX_BYTES + 8);
	e = mkwire_event(&b, 0);
	assert_int_equal(recording_writer__add(w, &e), -EINVAL);
	recording_writer__free(w);
	fclose(fp);
}

static void test_recording_writer_reports_a_full_disk(void **state)
{
	_cleanup_buf_ struct buf b;
	FILE *fp = fopen("/dev/full", "wb");
	struct recording_writer *w;
	struct event e;

	(void)state;
	if (!fp)
		skip();
	w = recording_writer__new(fp);
	mkwire_init(&b);
	mkwire_round(&b, 1);
	e = mkwire_event(&b, 0);
	assert_int_equal(recording_writer__add(w, &e), 0);
	assert_int_equal(recording_writer__finish(w), -ENOSPC);
	assert_int_equal(recording_writer__add(w, &e), -ENOSPC);
	recording_writer__free(w);
	fclose(fp);
}

static void recorded(struct buf *file)
{
	_cleanup_buf_ struct buf b;

	mkwire_init(&b);
	mkwire_all_kinds(&b);
	slurp(written(&b), file);
}

static void test_recording_every_cut_is_noticed(void **state)
{
	_cleanup_buf_ struct buf file;

	(void)state;
	recorded(&file);
	for (size_t len = 0; len < file.len; len++) {
		_cleanup_free_ char *copy = malloc(len + !len);

		memcpy(copy, file.data, len);
		assert_refused(copy, len, len < 8 ? "not a dwell recording" : "truncated after");
	}
	assert_refused(file.data, file.len - 1, "truncated after 25 records");
}

/* Except where a bit has no meaning: reserved bytes and padding. */
static void test_recording_every_bit_is_guarded(void **state)
{
	_cleanup_buf_ struct buf file;
	size_t padding;
	uint32_t packed;

	(void)state;
	recorded(&file);
	memcpy(&packed, file.data + 24 + 8, sizeof(packed));
	padding = 24 + 16 + packed;
	for (size_t i = 0; i < file.len; i++) {
		int err;

		if ((i >= 16 && i < 24) || (i >= padding && i < file.len - 32))
			continue;
		for (int bit = 0; bit < 8; bit++) {
			file.data[i] ^= (char)(1 << bit);
			read_all(file.data, file.len, &err);
			if (err != -EBADMSG)
				fail_msg("byte %zu bit %d: %d", i, bit, err);
			file.data[i] ^= (char)(1 << bit);
		}
	}
}

static void test_recording_says_what_is_wrong(void **state)
{
	_cleanup_buf_ struct buf file;
	uint32_t *block;

	(void)state;
	assert_refused("PK\3\4 something else entirely", 26, "not a dwell recording");
	recorded(&file);
	block = (uint32_t *)(file.data + 24);
	file.data[8] = 2;
	assert_refused(file.data, file.len, "recording of version 2");
	file.data[8] = 1;
	block[4] ^= 1;
	assert_refused(file.data, file.len, "block 1: checksum differs");
	block[4] ^= 1;
	block[1] += 8; /* raw_bytes */
	assert_refused(file.data, file.len, "block 1: can't be unpacked");
	block[1] -= 16;
	assert_refused(file.data, file.len, "block 1: can't be unpacked");
	block[1] = RECORDING_BLOCK_MAX_BYTES + 8;
	assert_refused(file.data, file.len, "block 1: impossible size");
	block[2] = UINT32_MAX;
	assert_refused(file.data, file.len, "block 1: impossible size");
	block[0]++;
	assert_refused(file.data, file.len, "block 1: is no block");
}

static void test_recording_joined_files_are_noticed(void **state)
{
	_cleanup_buf_ struct buf file, joined;

	(void)state;
	recorded(&file);
	buf__init(&joined, 1 << 20);
	buf__append(&joined, file.data, file.len);
	buf__append(&joined, file.data, file.len);
	assert_refused(joined.data, joined.len, "something follows");
}

/* The end block counts what was written: a block that vanished whole is missed. */
static void test_recording_missing_blocks_are_noticed(void **state)
{
	_cleanup_buf_ struct buf b, file;
	uint64_t *end;

	(void)state;
	mkwire_init(&b);
	mkwire_record(&b, WIRE_ROUND, RECORDING_BLOCK_MAX_BYTES);
	mkwire_record(&b, WIRE_ROUND, 16);
	slurp(written(&b), &file);
	end = (uint64_t *)(file.data + file.len - 16);
	assert_int_equal(end[0], 2);
	assert_int_equal(end[1], 2);
	for (int i = 0; i < 2; i++) {
		uint32_t crc;

		end[i]++;
		crc = (uint32_t)crc32(0, (const Bytef *)end, 16);
		memcpy((char *)end - 4, &crc, sizeof(crc));
		assert_refused(file.data, file.len, "parts of the file are missing");
		end[i]--;
	}
}

/* A bad record inside a sound block. */
static void test_recording_bad_record(void **state)
{
	_cleanup_buf_ struct buf b, file;
	struct wire_window *w;

	(void)state;
	mkwire_init(&b);
	mkwire_round(&b, 1);
	w = mkwire_at(&b, mkwire_window(&b, 7, 1));
	assert_int_equal(w->edge, 7);
	slurp(written(&b), &file);
	assert_refused(file.data, file.len,
		       "block 1, record 2 of the file: record: window: unknown edge 7");
}

static void test_recording_unknown_kinds_are_skipped(void **state)
{
	_cleanup_buf_ struct buf b, file;
	int err;

	(void)state;
	mkwire_init(&b);
	mkwire_record(&b, 200, 64);
	mkwire_round(&b, 1);
	mkwire_record(&b, 201, 8);
	slurp(written(&b), &file);
	assert_int_equal(read_all(file.data, file.len, &err), 1);
	assert_int_equal(err, 0);
}

/* A later version may have a longer header. */
static void test_recording_longer_header(void **state)
{
	_cleanup_buf_ struct buf file, longer;
	int err;

	(void)state;
	recorded(&file);
	buf__init(&longer, 1 << 20);
	buf__append(&longer, file.data, 24);
	longer.data[12] = 32;
	buf__append(&longer, "12345678", 8);
	buf__append(&longer, file.data + 24, file.len - 24);
	assert_int_equal(read_all(longer.data, longer.len, &err), 25);
	assert_int_equal(err, 0);
}

/* ---- the recording as a source ---- */

struct seen {
	size_t cnt;
	uint16_t last;
	int answer;
};

static int see(void *arg, const struct event *e)
{
	struct seen *s = arg;

	s->cnt++;
	s->last = e->h->kind;
	return s->answer;
}

/* Writes @file's bytes under a new name, which the caller unlinks. */
static void save(const struct buf *file, char *path)
{
	int fd;

	strcpy(path, "/tmp/test_format.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->data, file->len), (ssize_t)file->len);
	close(fd);
}

static void test_source_delivers_round_by_round(void **state)
{
	_cleanup_buf_ struct buf b, file;
	struct seen s = {0};
	struct source *src;
	char path[64];

	(void)state;
	mkwire_init(&b);
	mkwire_interval(&b, 1, 1, 2, 3, 0, 0);
	mkwire_round(&b, 1);
	mkwire_round(&b, 2);
	mkwire_interval(&b, 1, 1, 2, 3, 0, 0); /* after the last round */
	slurp(written(&b), &file);
	save(&file, path);
	src = recording_source_open(path);
	assert_non_null(src);
	assert_null(src->ops->refresh);
	assert_int_equal(source__start(src, see, &s), 0);
	assert_int_equal(s.cnt, 0);
	assert_int_equal(source__poll(src, 0, see, &s), 1);
	assert_int_equal(s.cnt, 2);
	assert_int_equal(s.last, WIRE_ROUND);
	assert_int_equal(source__poll(src, 0, see, &s), 1);
	assert_int_equal(s.cnt, 3);
	assert_int_equal(source__poll(src, 0, see, &s), 0);
	assert_int_equal(s.cnt, 4);
	assert_int_equal(source__poll(src, 0, see, &s), 0);
	assert_int_equal(source__stop(src, see, &s), 0);
	assert_int_equal(s.cnt, 4);
	source__close(src);
	unlink(path);
}

static void test_source_stops_when_the_callback_fails(void **state)
{
	_cleanup_buf_ struct buf file;
	struct seen s = {.answer = -EINTR};
	struct source *src;
	char path[64];

	(void)state;
	recorded(&file);
	save(&file, path);
	src = recording_source_open(path);
	assert_int_equal(source__poll(src, 0, see, &s), -EINTR);
	assert_int_equal(s.cnt, 1);
	source__close(src);
	unlink(path);
}

static void test_source_errors_name_the_file(void **state)
{
	_cleanup_buf_ struct buf file;
	struct seen s = {0};
	struct source *src;
	char path[64];

	(void)state;
	assert_null(recording_source_open("/nonexistent/r.dwell"));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(error_text(-ENOENT), "/nonexistent/r.dwell: No such file or directory");
	assert_null(recording_source_open("/dev/null"));
	assert_int_equal(errno, EBADMSG);
	assert_non_null(strstr(error_text(-EBADMSG), "/dev/null: not a dwell recording"));
	assert_null(recording_source_open("/"));
	assert_int_equal(errno, EISDIR);
	recorded(&file);
	file.len -= 8;
	save(&file, path);
	src = recording_source_open(path);
	assert_int_equal(source__poll(src, 0, see, &s), 1); /* up to the round: all is there */
	assert_int_equal(source__poll(src, 0, see, &s), -EBADMSG);
	assert_memory_equal(error_text(-EBADMSG), path, strlen(path));
	source__close(src);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_every_kind_is_decoded),
		cmocka_unit_test(test_record_no_prefix_is_accepted),
		cmocka_unit_test(test_record_short_ones_are_refused),
		cmocka_unit_test(test_record_longer_than_known_is_fine),
		cmocka_unit_test(test_record_unknown_kinds_are_passed_over),
		cmocka_unit_test(test_record_header),
		cmocka_unit_test(test_record_stack_counts),
		cmocka_unit_test(test_record_seed_counts),
		cmocka_unit_test(test_record_comm_needs_its_end),
		cmocka_unit_test(test_record_counters_count),
		cmocka_unit_test(test_record_module_text),
		cmocka_unit_test(test_record_mapping_edges),
		cmocka_unit_test(test_record_symbol_and_meta_text),
		cmocka_unit_test(test_record_window_edge),
		cmocka_unit_test(test_recording_comes_back_byte_by_byte),
		cmocka_unit_test(test_recording_blocks_may_be_exactly_full),
		cmocka_unit_test(test_recording_incompressible_block),
		cmocka_unit_test(test_recording_without_records),
		cmocka_unit_test(test_recording_writer_refuses_what_fits_no_block),
		cmocka_unit_test(test_recording_writer_reports_a_full_disk),
		cmocka_unit_test(test_recording_every_cut_is_noticed),
		cmocka_unit_test(test_recording_every_bit_is_guarded),
		cmocka_unit_test(test_recording_says_what_is_wrong),
		cmocka_unit_test(test_recording_joined_files_are_noticed),
		cmocka_unit_test(test_recording_missing_blocks_are_noticed),
		cmocka_unit_test(test_recording_bad_record),
		cmocka_unit_test(test_recording_unknown_kinds_are_skipped),
		cmocka_unit_test(test_recording_longer_header),
		cmocka_unit_test(test_source_delivers_round_by_round),
		cmocka_unit_test(test_source_stops_when_the_callback_fails),
		cmocka_unit_test(test_source_errors_name_the_file),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
