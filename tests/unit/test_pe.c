/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* PE files: identity, PDB, exports, COFF symbols; and files that are cut, altered or hostile. */
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
#include "fixtures/mkpe.h"
#include "fixtures/random.h"
#include "format/pe.h"

#define _mkpe_ _cleanup_(mkpe__fini) struct mkpe

struct reading {
	struct pe pe;
	struct buf text;
	int exports, symbols; /* what reading them returned */
};

static int print_export(void *arg, const struct pe_symbol *s)
{
	struct reading *r = arg;

	return buf__printf(&r->text, "e%x %s\n", s->rva, s->name);
}

static int print_symbol(void *arg, const struct pe_symbol *s)
{
	struct reading *r = arg;

	return buf__printf(&r->text, "%c%x %s\n", s->is_global ? 'g' : 's', s->rva, s->name);
}

static int read_pe(const struct buf *file, size_t len, struct reading *r)
{
	void *exact = malloc(len ? len : 1);
	struct file_input in;
	struct pe_pdb pdb;
	int err;

	assert_non_null(exact);
	if (len)
		memcpy(exact, file->data, len);
	memset(r, 0, sizeof(*r));
	buf__init(&r->text, 1 << 24);
	file_input__open_memory(&in, exact, len);
	err = pe__open(&r->pe, &in);
	if (!err && !pe__pdb(&r->pe, &pdb))
		buf__printf(&r->text, "%.16s %u %s\n", (char *)pdb.guid, pdb.age, pdb.name);
	if (!err) {
		r->exports = pe__each_export(&r->pe, print_export, r);
		r->symbols = pe__each_symbol(&r->pe, print_symbol, r);
	}
	free(exact);
	return err;
}

static void reading_fini(struct reading *r)
{
	buf__fini(&r->text);
}
#define _reading_ _cleanup_(reading_fini) struct reading

static void usual(struct mkpe *m)
{
	mkpe__init(m);
	mkpe__export(m, "CreateThing", 0x1010);
	mkpe__export(m, "Data", 0x2000);
	mkpe__forward(m, "Elsewhere", "OTHER.Function");
	mkpe__export(m, "Thing", 0x1fff);
	mkpe__symbol(m, "main", 0x20, true, 1);
	mkpe__symbol(m, "eightchr", 0x30, false, 0);
	mkpe__symbol(m, "a_name_that_is_longer", 0x40, true, 0);
	mkpe__symbol(m, "beyond", 0x1000, true, 0);
}

static const char usual_text[] = "0123456789abcdef 2 C:\\build\\app.pdb\n"
				 "e1010 CreateThing\n"
				 "e1fff Thing\n"
				 "g1020 main\n"
				 "s1030 eightchr\n"
				 "g1040 a_name_that_is_longer\n";

static void write_usual(struct buf *file)
{
	_mkpe_ m;

	usual(&m);
	buf__init(file, 1 << 20);
	mkpe__write(&m, file);
}

static void test_all(void **state)
{
	(void)state;
	for (int bits = 0; bits < 2; bits++) {
		_cleanup_buf_ struct buf file;
		_reading_ r;
		_mkpe_ m;

		usual(&m);
		m.is_32bit = bits;
		m.machine = bits ? PE_MACHINE_I386 : PE_MACHINE_AMD64;
		buf__init(&file, 1 << 20);
		mkpe__write(&m, &file);
		assert_int_equal(read_pe(&file, file.len, &r), 0);
		assert_string_equal(buf__str(&r.text), usual_text);
		assert_int_equal(r.pe.time_stamp, 0x5f3a2b1c);
		assert_int_equal(r.pe.image_bytes, 0x9000);
		assert_int_equal(r.pe.is_64bit, !bits);
		assert_int_equal(r.pe.machine, m.machine);
		assert_int_equal(r.pe.section_cnt, 2);
		assert_string_equal(r.pe.sections[1].name, ".rdata");
	}
}

static void test_nothing_in_it(void **state)
{
	_cleanup_buf_ struct buf file;
	struct pe_pdb pdb;
	_reading_ r;
	_mkpe_ m;

	(void)state;
	mkpe__init(&m);
	m.pdb = NULL;
	buf__init(&file, 1 << 20);
	mkpe__write(&m, &file);
	assert_int_equal(read_pe(&file, file.len, &r), 0);
	assert_string_equal(buf__str(&r.text), "");
	assert_int_equal(r.exports, 0);
	assert_int_equal(r.symbols, 0);
	assert_int_equal(pe__pdb(&r.pe, &pdb), -ENOENT);
}

static void test_no_pe(void **state)
{
	static const char *const texts[] = {"", "M", "MZ", "\177ELF"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_buf_ struct buf file;
		_reading_ r;

		buf__init(&file, 4096);
		buf__puts(&file, texts[i]);
		for (int n = 0; n < (int)i * 100; n++)
			buf__putc(&file, '\0');
		assert_int_equal(read_pe(&file, file.len, &r), -EBADMSG);
		assert_non_null(strstr(error_text(-EBADMSG), "no program"));
	}
}

/* Names and lists of any length, cut: never read past, always an end. */
static void test_cut(void **state)
{
	_cleanup_buf_ struct buf file;
	size_t good = 0;

	(void)state;
	write_usual(&file);
	for (size_t len = 0; len < file.len; len++) {
		_reading_ r;

		good += !read_pe(&file, len, &r);
	}
	assert_in_range(good, 100, file.len - 0x180);
}

static void test_altered(void **state)
{
	static const uint32_t values[] = {0,	      1,	  0x7fffffff, 0x80000000,
					  UINT32_MAX, 0xfffffff0, 0x2000};
	_cleanup_buf_ struct buf file;
	uint32_t good = 0;

	(void)state;
	write_usual(&file);
	for (size_t at = 0; at + 4 <= file.len; at++) {
		uint32_t before;

		memcpy(&before, file.data + at, 4);
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			_reading_ r;

			memcpy(file.data + at, &values[i], 4);
			good += !read_pe(&file, file.len, &r);
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
	random_seed(7);
	for (int round = 0; round < 5000; round++) {
		char old[6];
		size_t at[6];
		_reading_ r;

		for (size_t i = 0; i < 6; i++) {
			at[i] = random_below(file.len);
			old[i] = file.data[at[i]];
			file.data[at[i]] = (char)random_u64();
		}
		read_pe(&file, file.len, &r);
		for (size_t i = 6; i--;)
			file.data[at[i]] = old[i];
	}
}

/* A name of which there is no end is cut where it is longest. */
static void test_long_name(void **state)
{
	_cleanup_buf_ struct buf file;
	char name[6001];
	_reading_ r;
	_mkpe_ m;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	mkpe__init(&m);
	m.pdb = NULL;
	mkpe__export(&m, name, 0x1000);
	mkpe__symbol(&m, name, 0, true, 0);
	buf__init(&file, 1 << 20);
	mkpe__write(&m, &file);
	assert_int_equal(read_pe(&file, file.len, &r), 0);
	assert_int_equal(r.text.len, 2 * (strlen("e1000 \n") + PE_MAX_NAME_BYTES - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),	  cmocka_unit_test(test_nothing_in_it),
		cmocka_unit_test(test_no_pe),	  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_altered),	  cmocka_unit_test(test_random),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
