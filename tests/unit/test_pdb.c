/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* PDBs: what they name and where, forms that are not read, and files that are cut, altered or hostile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/log.h"
#include "fixtures/mkpdb.h"
#include "fixtures/random.h"
#include "format/pdb_lines.h"
#include "format/pdb_symbols.h"

#define _mkpdb_ _cleanup_(mkpdb__fini) struct mkpdb

/* ---- a PDB as text ---- */

struct reading {
	struct pdb pdb;
	struct buf text;
	struct pdb_symbol_counts counts;
	uint32_t symbol_cnt;
};

static int print_symbol(void *arg, const struct pdb_symbol *s)
{
	static const char kinds[] = "pglt";
	struct reading *r = arg;
	uint32_t rva = 0;

	r->symbol_cnt++;
	assert_int_equal(strlen(s->name), s->name_len);
	if (pdb__rva(&r->pdb, s->segment, s->off, &rva))
		buf__printf(&r->text, "%c%x+%x %s\n", kinds[s->kind], rva, s->bytes, s->name);
	else
		buf__printf(&r->text, "%c nowhere %s\n", kinds[s->kind], s->name);
	return 0;
}

static void print_lines(struct reading *r)
{
	struct pdb_lines *l = pdb_lines__new(&r->pdb);
	struct pdb_place place, last = {.line = 0};

	if (!l)
		return;
	for (uint32_t rva = 0xf00; rva < 0x2200; rva++) {
		int found = pdb_lines__find(l, rva, &place);

		if (found != 1)
			place.line = 0;
		if (place.line != last.line)
			buf__printf(&r->text, "%x %s:%u\n", rva, place.line ? place.file : "-",
				    place.line);
		last = place;
	}
	pdb_lines__free(l);
}

/* From memory of exactly its size, so that ASan sees a read past it. 0 or the error. */
static int read_pdb(const struct buf *file, size_t len, struct reading *r)
{
	void *exact = malloc(len ? len : 1);
	struct file_input in;
	int err;

	assert_non_null(exact);
	if (len)
		memcpy(exact, file->data, len);
	memset(r, 0, sizeof(*r));
	buf__init(&r->text, 1 << 24);
	file_input__open_memory(&in, exact, len);
	err = pdb__open(&r->pdb, &in);
	if (!err) {
		assert_int_equal(pdb__each_public(&r->pdb, &r->counts, print_symbol, r), 0);
		assert_int_equal(pdb__each_procedure(&r->pdb, &r->counts, print_symbol, r), 0);
		print_lines(r);
		pdb__close(&r->pdb);
	}
	free(exact);
	return err;
}

static void reading_fini(struct reading *r)
{
	buf__fini(&r->text);
}
#define _reading_ _cleanup_(reading_fini) struct reading

static void usual(struct mkpdb *m)
{
	static const uint32_t a[][2] = {{0, 10}, {4, 11}, {9, 0xfeefee}, {12, 15}};
	static const uint32_t b[][2] = {{0, 70}, {0x10, 80}};

	mkpdb__init(m);
	mkpdb__public(m, 1, 0, 2, "?first@ns@@YAXXZ");
	mkpdb__public(m, 1, 0x100, 0, "assembly");
	mkpdb__public(m, 2, 0x10, 0, "data");
	mkpdb__public(m, 9, 0, 0, "absolute");
	mkpdb__procedure(m, 0, 1, 0, 0x20, true, "ns::first");
	mkpdb__procedure(m, 1, 1, 0x40, 0x30, false, "hidden");
	mkpdb__thunk(m, 1, 1, 0x80, 6, "jump");
	mkpdb__contribution(m, 1, 1, 0x40, 0x50);
	mkpdb__contribution(m, 0, 1, 0, 0x20);
	mkpdb__lines(m, 0, 1, 0, 0x20, "a.c", a, 4);
	mkpdb__lines(m, 1, 1, 0x40, 0x30, "c:\\src\\b.c", b, 2);
}

static const char usual_text[] = "p1000+0 ?first@ns@@YAXXZ\n"
				 "p1100+0 assembly\n"
				 "p2010+0 data\n"
				 "p nowhere absolute\n"
				 "g1000+20 ns::first\n"
				 "l1040+30 hidden\n"
				 "t1080+6 jump\n"
				 "1000 a.c:10\n"
				 "1004 a.c:11\n"
				 "1009 -:0\n"
				 "100c a.c:15\n"
				 "1020 -:0\n"
				 "1040 c:\\src\\b.c:70\n"
				 "1050 c:\\src\\b.c:80\n"
				 "1070 -:0\n";

static void write_usual(struct buf *file)
{
	_mkpdb_ m;

	usual(&m);
	buf__init(file, 1 << 24);
	mkpdb__write(&m, file);
}

/* ---- what is read ---- */

static void test_all(void **state)
{
	_cleanup_buf_ struct buf file;
	_reading_ r;
	_mkpdb_ m;

	(void)state;
	usual(&m);
	for (m.block_bytes = 512; m.block_bytes <= 65536; m.block_bytes *= 2) {
		buf__init(&file, 1 << 24);
		mkpdb__write(&m, &file);
		assert_int_equal(read_pdb(&file, file.len, &r), 0);
		assert_string_equal(buf__str(&r.text), usual_text);
		assert_int_equal(r.counts.bad_record_cnt + r.counts.bad_unit_cnt, 0);
		reading_fini(&r);
		if (m.block_bytes < 65536)
			buf__fini(&file);
	}
}

static void test_identity(void **state)
{
	_cleanup_buf_ struct buf file;
	struct file_input in;
	struct pdb p;

	(void)state;
	write_usual(&file);
	file_input__open_memory(&in, file.data, file.len);
	assert_int_equal(pdb__open(&p, &in), 0);
	assert_memory_equal(p.guid, "0123456789abcdef", 16);
	/* That of DBI, not the 1 of the stream with the GUID. */
	assert_int_equal(p.age, 2);
	assert_int_equal(p.machine, 0x8664);
	pdb__close(&p);
	pdb__close(&p);
}

/* A window holds 256 KiB. */
static void test_many_records(void **state)
{
	_cleanup_buf_ struct buf file;
	_reading_ r;
	_mkpdb_ m;
	char name[1001];

	(void)state;
	mkpdb__init(&m);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (uint32_t i = 0; i < 3000; i++) {
		mkpdb__public(&m, 1, i, 2, name + i % 999);
		mkpdb__procedure(&m, 0, 1, i, 1, true, name + i % 997);
	}
	buf__init(&file, 1 << 24);
	mkpdb__write(&m, &file);
	assert_int_equal(read_pdb(&file, file.len, &r), 0);
	assert_int_equal(r.symbol_cnt, 6000);
}

/* What has no section headers has whole pages. */
static void test_section_map(void **state)
{
	_cleanup_buf_ struct buf file;
	_reading_ r;
	_mkpdb_ m;

	(void)state;
	mkpdb__init(&m);
	m.no_sections = true;
	mkpdb__section(&m, ".third", 0x77777, 0x1001, 0x60000020);
	mkpdb__section(&m, ".fourth", 0x88888, 0x10, 0x60000020);
	mkpdb__public(&m, 1, 0x10, 2, "one");
	mkpdb__public(&m, 2, 0x10, 2, "two");
	mkpdb__public(&m, 3, 0x10, 2, "three");
	mkpdb__public(&m, 4, 0xf, 2, "four");
	mkpdb__public(&m, 4, 0x10, 2, "five");
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	assert_int_equal(read_pdb(&file, file.len, &r), 0);
	assert_string_equal(buf__str(&r.text), "p1010+0 one\np2010+0 two\np3010+0 three\n"
					       "p500f+0 four\np nowhere five\n");
}

/* Lines are found where the code is now; symbols are where it was. */
static void test_rearranged(void **state)
{
	_cleanup_buf_ struct buf file;
	_reading_ r;
	_mkpdb_ m;

	(void)state;
	usual(&m);
	mkpdb__omap(&m, 0x1000, 0x1040);
	mkpdb__omap(&m, 0x1020, 0);
	mkpdb__omap(&m, 0x1800, 0x1000);
	mkpdb__omap(&m, 0x1810, 0);
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	assert_int_equal(read_pdb(&file, file.len, &r), 0);
	assert_non_null(strstr(buf__str(&r.text), "g1000+20 ns::first\n"));
	assert_non_null(strstr(buf__str(&r.text),
			       "1000 c:\\src\\b.c:70\n1010 c:\\src\\b.c:80\n1020 -:0\n"
			       "1800 a.c:10\n1804 a.c:11\n1809 -:0\n180c a.c:15\n"
			       "1810 -:0\n"));
}

static void test_without_dbi(void **state)
{
	_cleanup_buf_ struct buf file;
	_reading_ r;
	_mkpdb_ m;

	(void)state;
	usual(&m);
	m.no_dbi = true;
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	assert_int_equal(read_pdb(&file, file.len, &r), 0);
	assert_string_equal(buf__str(&r.text), "");
}

/* ---- what is not ---- */

static void assert_refused(const struct buf *file, int err, const char *word)
{
	_reading_ r;
	const char *text;

	assert_int_equal(read_pdb(file, file->len, &r), err);
	text = error_text(err);
	if (!strstr(text, word))
		fail_msg("'%s' has no '%s'", text, word);
}

static void assert_text_refused(const char *text, int err, const char *word)
{
	_cleanup_buf_ struct buf file;

	buf__init(&file, 1 << 16);
	buf__puts(&file, text);
	for (int i = 0; i < 100; i++)
		buf__putc(&file, '\0');
	assert_refused(&file, err, word);
}

static void test_other_formats(void **state)
{
	_cleanup_buf_ struct buf file;
	_mkpdb_ m;

	(void)state;
	assert_text_refused("", -EBADMSG, "no PDB");
	assert_text_refused("MZ", -EBADMSG, "no PDB");
	assert_text_refused("Microsoft C/C++ MSF 7.0", -EBADMSG, "no PDB");
	assert_text_refused("Microsoft MSFZ Container\r\n", -ENOTSUP, "uncompressed");
	assert_text_refused("Microsoft C/C++ program database 2.00\r\n", -ENOTSUP, "newer");
	assert_text_refused("BSJB", -ENOTSUP, ".NET");
	usual(&m);
	m.fastlink = true;
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	assert_refused(&file, -ENOTSUP, "/DEBUG:FULL");
}

static void test_cut(void **state)
{
	_cleanup_buf_ struct buf file;

	(void)state;
	write_usual(&file);
	for (size_t len = 0; len < file.len; len += len < 600 ? 1 : 13) {
		_reading_ r;

		/* The last block is mostly empty. */
		if (!read_pdb(&file, len, &r))
			assert_true(len > file.len - 512);
		else
			assert_true(strlen(error_text(-EBADMSG)) > 10);
	}
}

/* The whole of a file counts once: a small one can't have more in its streams than it has bytes. */
static void test_blocks_twice(void **state)
{
	_cleanup_buf_ struct buf file;
	struct mkmsf m;

	(void)state;
	mkmsf__init(&m);
	m.stream_cnt = 4;
	for (int i = 0; i < 2000; i++)
		buf__putc(&m.streams[2], 'x');
	buf__init(&file, 1 << 20);
	mkmsf__write(&m, &file);
	/* The directory begins behind header, maps and 4 blocks; stream 2 claims to be 1 MiB long. */
	memcpy(file.data + 7 * 512 + 4 + 8, &(uint32_t){1 << 20}, 4);
	assert_refused(&file, -EBADMSG, "damaged");
	mkmsf__fini(&m);
}

/* Nor do units share a stream: else a list of them would make a small file large. */
static void test_units_twice(void **state)
{
	_cleanup_buf_ struct buf file;
	_reading_ r;
	_mkpdb_ m;

	(void)state;
	mkpdb__init(&m);
	m.unit_repeat = 100;
	for (uint32_t i = 0; i < 1000; i++)
		mkpdb__procedure(&m, 1, 1, i, 1, true, "function");
	buf__init(&file, 1 << 24);
	mkpdb__write(&m, &file);
	assert_int_equal(read_pdb(&file, file.len, &r), 0);
	assert_int_equal(r.symbol_cnt, 1000);
	assert_int_equal(r.counts.bad_unit_cnt, 1);
}

/* Each byte and each word of a file as extremes: nothing is read that isn't there, and it ends. */
static void test_altered(void **state)
{
	static const uint32_t values[] = {0, 1, 4, 0x7fffffff, 0x80000000, UINT32_MAX, 0xfffffff0};
	_cleanup_buf_ struct buf file;
	uint32_t good = 0;

	(void)state;
	write_usual(&file);
	for (size_t at = 32; at + 4 <= file.len; at += 2) {
		uint32_t before;

		memcpy(&before, file.data + at, 4);
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			_reading_ r;

			memcpy(file.data + at, &values[i], 4);
			good += !read_pdb(&file, file.len, &r);
		}
		memcpy(file.data + at, &before, 4);
	}
	assert_true(good > 1000);
}

static void test_random(void **state)
{
	_cleanup_buf_ struct buf file;

	(void)state;
	write_usual(&file);
	random_seed(1);
	for (int round = 0; round < 3000; round++) {
		char old[8];
		size_t at[8];
		_reading_ r;

		for (size_t i = 0; i < 8; i++) {
			at[i] = 32 + random_below(file.len - 32);
			old[i] = file.data[at[i]];
			file.data[at[i]] = (char)random_u64();
		}
		read_pdb(&file, file.len, &r);
		for (size_t i = 8; i--;)
			file.data[at[i]] = old[i];
	}
}

static void test_damaged_records(void **state)
{
	_cleanup_buf_ struct buf file;
	_reading_ r;
	_mkpdb_ m;

	(void)state;
	usual(&m);
	/* The last record of all publics is said to be longer, a unit is of an unknown kind. */
	memcpy(m.publics.data + m.publics.len - 24, &(uint16_t){0x7000}, 2);
	buf__init(&file, 1 << 20);
	mkpdb__write(&m, &file);
	assert_int_equal(read_pdb(&file, file.len, &r), 0);
	assert_int_equal(r.counts.bad_record_cnt, 1);
	assert_non_null(strstr(buf__str(&r.text), "p2010+0 data\n"));
	assert_non_null(strstr(buf__str(&r.text), "l1040+30 hidden\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_many_records),
		cmocka_unit_test(test_section_map),
		cmocka_unit_test(test_rearranged),
		cmocka_unit_test(test_without_dbi),
		cmocka_unit_test(test_other_formats),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_blocks_twice),
		cmocka_unit_test(test_units_twice),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_damaged_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
