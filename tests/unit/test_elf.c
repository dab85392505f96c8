/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/log.h"
#include "base/os_read.h"
#include "fixtures/mkelf.h"
#include "format/elf.h"

static const uint8_t test_id[20] = {0xde, 0xad, 0xbe, 0xef, 5,	6,  7,	8,  9,	10,
				    11,	  12,	13,   14,   15, 16, 17, 18, 19, 20};

/* A file descriptor with @content, as a traced program's file is one. */
static int test_fd(const struct buf *content)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content->data, content->len), content->len);
	return fd;
}

/* The functions that a file lists, as "vaddr:size:name ". */
static int test_take(void *arg, const struct elf_function *f)
{
	return buf__printf(arg, "%llx:%llx:%.*s ", (unsigned long long)f->vaddr,
			   (unsigned long long)f->size, (int)f->name_len, f->name);
}

static void assert_functions(const struct buf *file, const char *expect)
{
	_cleanup_buf_ struct buf text;
	struct elf e;

	buf__init(&text, 1 << 20);
	assert_int_equal(elf__open_memory(&e, file->data, file->len), 0);
	assert_int_equal(elf__each_function(&e, test_take, &text), 0);
	assert_string_equal(buf__str(&text), expect);
	elf__close(&e);
}

static void test_build_id_of_notes(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	uint8_t id[20] = {0};
	struct mkelf m;
	uint16_t text;
	int fd;

	(void)state;
	mkelf__init_usual(&m, &text);
	/* Others of the same type or the same owner come first. */
	mkelf__note(&m, "Go", NT_GNU_BUILD_ID, "not this", 8);
	mkelf__note(&m, "GNU", NT_GNU_ABI_TAG, "0123456789abcde", 15);
	mkelf__note(&m, "GNU", NT_GNU_BUILD_ID, test_id, sizeof(test_id));
	mkelf__write(&m, &file);
	fd = test_fd(&file);
	assert_int_equal(elf_build_id(fd, id), 20);
	assert_memory_equal(id, test_id, 20);
	close(fd);
	mkelf__fini(&m);
}

/* The id of a file with one build id note of @len bytes, found in the ways that are set. */
static int build_id_with(bool segment, bool section, uint64_t align, size_t len, int bits,
			 uint8_t id[20])
{
	static const uint8_t zeros[64];
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	int fd, ret;

	mkelf__init(&m, bits);
	m.note_segment = segment;
	m.note_section = section;
	m.note_align = align;
	/* A 9-byte description needs padding, which differs between the alignments. */
	mkelf__note(&m, "GNU", 5, "property!", 9);
	mkelf__note(&m, "GNU", NT_GNU_BUILD_ID, len <= 20 ? test_id : zeros, len);
	mkelf__write(&m, &file);
	fd = test_fd(&file);
	ret = elf_build_id(fd, id);
	close(fd);
	mkelf__fini(&m);
	return ret;
}

static void test_build_id_forms(void **state)
{
	uint8_t id[20];

	(void)state;
	assert_int_equal(build_id_with(true, false, 4, 20, 64, id), 20);
	assert_int_equal(build_id_with(true, false, 8, 20, 64, id), 20);
	assert_memory_equal(id, test_id, 20);
	assert_int_equal(build_id_with(false, true, 4, 20, 64, id), 20);
	assert_int_equal(build_id_with(true, true, 4, 8, 32, id), 8); /* --build-id=fast */
	assert_memory_equal(id, test_id, 8);
	assert_int_equal(build_id_with(false, false, 4, 20, 64, id), -ENOENT);
	assert_int_equal(build_id_with(true, true, 4, 0, 64, id), -ENOENT);
	assert_int_equal(build_id_with(true, true, 4, 21, 64, id), -ENOENT);
}

static void test_offsets_and_addresses(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text;
	struct elf e;
	uint64_t v;

	(void)state;
	mkelf__init_usual(&m, &text);
	/*
	 * The linker maps the page at the border twice: as code and, at another address, as data.
	 */
	mkelf__segment(&m, 0x800000, 0x1000, 0x2000, PF_R | PF_W);
	mkelf__write(&m, &file);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(elf__vaddr_to_off(&e, 0x401234, &v), 0);
	assert_int_equal(v, 0x1234);
	assert_int_equal(elf__vaddr_to_off(&e, 0x401fff, &v), 0);
	assert_int_equal(elf__vaddr_to_off(&e, 0x402000, &v), -ENOENT);
	assert_int_equal(elf__vaddr_to_off(&e, 0x3fffff, &v), -ENOENT);
	assert_int_equal(elf__off_to_vaddr(&e, 0x1234, &v), 0);
	assert_int_equal(v, 0x401234);
	assert_int_equal(elf__off_to_vaddr(&e, 0x2345, &v), 0);
	assert_int_equal(v, 0x801345);
	assert_int_equal(elf__off_to_vaddr(&e, 0x3000, &v), -ENOENT);
	elf__close(&e);
	mkelf__fini(&m);
}

static void test_functions(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text, data;

	(void)state;
	mkelf__init_usual(&m, &text);
	data = mkelf__code(&m, ".data", 0x402000, 0x2000, 0x100, SHF_ALLOC | SHF_WRITE);
	const struct mkelf_symbol symbols[] = {
		{"main", 0x401000, 0x10, STB_GLOBAL, STT_FUNC, text},
		{"counter", 0x402000, 8, STB_GLOBAL, STT_OBJECT, data},
		{"memcpy", 0x401010, 0x20, STB_GLOBAL, STT_GNU_IFUNC, text},
		{"read@@GLIBC_2.2.5", 0x401040, 8, STB_WEAK, STT_FUNC, text},
		{"puts@GLIBC_2.2.5", 0x401048, 8, STB_WEAK, STT_FUNC, SHN_UNDEF},
		{"@odd", 0x401050, 8, STB_LOCAL, STT_FUNC, text},
		{"asm_routine", 0x401060, 8, STB_LOCAL, STT_NOTYPE, text},
		{"asm_label", 0x401068, 0, STB_LOCAL, STT_NOTYPE, text},
		{"table", 0x402010, 8, STB_LOCAL, STT_NOTYPE, data},
		{"$x", 0x401000, 8, STB_LOCAL, STT_NOTYPE, text},
		{"", 0x401070, 8, STB_LOCAL, STT_FUNC, text},
		{"absolute", 0x401070, 8, STB_LOCAL, STT_FUNC, SHN_ABS},
		{"sizeless", 0x401080, 0, STB_LOCAL, STT_FUNC, text},
	};
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		mkelf__symbol(&m, MKELF_SYMTAB, &symbols[i]);
	mkelf__symbol(&m, MKELF_DYNSYM, &symbols[0]);
	mkelf__write(&m, &file);
	assert_functions(&file, "401000:10:main 401010:20:memcpy 401040:8:read 401050:8:@odd "
				"401060:8:asm_routine 401080:0:sizeless 401000:10:main ");
	mkelf__fini(&m);
}

/* A 32-bit ARM program: bit 0 of a function's value says that it is Thumb code. */
static void test_functions_of_arm(void **state)
{
	struct mkelf_symbol f = {"thumb", 0x8001, 0x10, STB_GLOBAL, STT_FUNC, 0};
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;

	(void)state;
	mkelf__init(&m, 32);
	m.machine = EM_ARM;
	mkelf__segment(&m, 0x8000, 0x1000, 0x100, PF_R | PF_X);
	f.section = mkelf__code(&m, ".text", 0x8000, 0x1000, 0x100, SHF_ALLOC | SHF_EXECINSTR);
	mkelf__symbol(&m, MKELF_SYMTAB, &f);
	f = (struct mkelf_symbol){"$d", 0x8000, 4, STB_LOCAL, STT_NOTYPE, f.section};
	mkelf__symbol(&m, MKELF_SYMTAB, &f);
	mkelf__write(&m, &file);
	assert_functions(&file, "8000:10:thumb ");
	mkelf__fini(&m);
}

/* Values of object files count from their section: they are no addresses. */
static void test_object_file(void **state)
{
	struct mkelf_symbol f = {"f", 0, 0x10, STB_GLOBAL, STT_FUNC, 1};
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text;

	(void)state;
	mkelf__init_usual(&m, &text);
	m.type = ET_REL;
	mkelf__symbol(&m, MKELF_SYMTAB, &f);
	mkelf__write(&m, &file);
	assert_functions(&file, "");
	mkelf__fini(&m);
}

static void test_sections(void **state)
{
	_cleanup_buf_ struct buf file = {0}, text = {0};
	const struct elf_section *s;
	struct mkelf m;
	uint16_t idx;
	struct elf e;

	(void)state;
	mkelf__init_usual(&m, &idx);
	m.sections[mkelf__code(&m, ".zipped", 0, 0x2000, 8, 0)].sh_flags = SHF_COMPRESSED;
	m.sections[mkelf__code(&m, ".bss", 0, 0x2000, 8, 0)].sh_type = SHT_NOBITS;
	m.sections[mkelf__code(&m, ".beyond", 0, 0x2000, 8, 0)].sh_size = UINT64_MAX;
	mkelf__write(&m, &file);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	s = elf__find_section(&e, ".text");
	assert_non_null(s);
	assert_int_equal(s->addr, 0x401000);
	assert_int_equal(elf__read_section(&e, s, 0xfff, &text), -E2BIG);
	assert_int_equal(elf__read_section(&e, s, 0x1000, &text), 0);
	assert_int_equal(text.len, 0x1000);
	assert_memory_equal(text.data, file.data + 0x1000, 0x1000);
	assert_null(elf__find_section(&e, ".texts"));
	s = elf__find_section(&e, ".zipped");
	assert_int_equal(elf__read_section(&e, s, 0x1000, &text), -ENOTSUP);
	s = elf__find_section(&e, ".bss");
	assert_int_equal(elf__read_section(&e, s, 0x1000, &text), -EBADMSG);
	s = elf__find_section(&e, ".beyond");
	assert_int_equal(elf__read_section(&e, s, SIZE_MAX, &text), -EBADMSG);
	elf__close(&e);
	mkelf__fini(&m);
}

static void test_not_elf(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text;
	struct elf e;
	int fds[2];

	(void)state;
	mkelf__init_usual(&m, &text);
	mkelf__write(&m, &file);
	assert_int_equal(elf__open_memory(&e, "", 0), -ENOEXEC);
	assert_int_equal(elf__open_memory(&e, "#!/bin/sh\necho this is not an ELF file\n", 38),
			 -ENOEXEC);
	assert_string_equal(error_text(-ENOEXEC), "elf: not an ELF file");
	assert_int_equal(elf__open_memory(&e, file.data, 40), -EBADMSG);
	file.data[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(elf__open_memory(&e, file.data, file.len), -ENOEXEC);
	/* Something that is mapped, but no file: it must not be waited for. */
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(elf__open(&e, fds[0]), -EINVAL);
	close(fds[0]);
	close(fds[1]);
	mkelf__fini(&m);
}

/* A file of everything, cut at @len: whatever the outcome, no read outside (ASan watches). */
static void use_cut(const struct buf *whole, size_t len)
{
	_cleanup_buf_ struct buf text;
	uint8_t *exact = malloc(len ? len : 1);
	uint8_t id[20];
	struct elf e;

	assert_non_null(exact);
	memcpy(exact, whole->data, len);
	buf__init(&text, 1 << 20);
	if (!elf__open_memory(&e, exact, len)) {
		elf__build_id(&e, id);
		elf__find_section(&e, ".none");
		assert_int_equal(elf__each_function(&e, test_take, &text), 0);
		/* Without its end, the section table, a file has no symbols left. */
		assert_string_equal(buf__str(&text), len < whole->len ? "" : "401000:10:f ");
		elf__close(&e);
	}
	free(exact);
}

static void test_cut_anywhere(void **state)
{
	struct mkelf_symbol f = {"f", 0x401000, 0x10, STB_GLOBAL, STT_FUNC, 1};
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text;

	(void)state;
	mkelf__init_usual(&m, &text);
	mkelf__note(&m, "GNU", NT_GNU_BUILD_ID, test_id, sizeof(test_id));
	mkelf__symbol(&m, MKELF_SYMTAB, &f);
	mkelf__write(&m, &file);
	for (size_t len = 0; len < 0x300; len++)
		use_cut(&file, len);
	for (size_t len = 0x2000; len <= file.len; len++)
		use_cut(&file, len);
	mkelf__fini(&m);
}

/* The file shrinks after it was opened: an error, not a signal. */
static void test_cut_while_open(void **state)
{
	struct mkelf_symbol f = {"f", 0x401000, 0x10, STB_GLOBAL, STT_FUNC, 1};
	_cleanup_buf_ struct buf file = {0}, text = {0};
	struct mkelf m;
	uint16_t idx;
	struct elf e;
	int fd;

	(void)state;
	mkelf__init_usual(&m, &idx);
	mkelf__symbol(&m, MKELF_SYMTAB, &f);
	mkelf__write(&m, &file);
	fd = test_fd(&file);
	assert_int_equal(elf__open(&e, fd), 0);
	assert_int_equal(ftruncate(fd, 0x1800), 0);
	assert_int_equal(elf__read_section(&e, elf__find_section(&e, ".text"), 0x1000, &text),
			 -EBADMSG);
	buf__init(&text, 1 << 20);
	assert_int_equal(elf__each_function(&e, test_take, &text), 0);
	assert_string_equal(buf__str(&text), "");
	elf__close(&e);
	close(fd);
	mkelf__fini(&m);
}

/* Counts and sizes from outside cost no more memory than the file has bytes. */
static void test_absurd_counts(void **state)
{
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text;
	struct elf e;
	Elf64_Ehdr *h;
	Elf64_Shdr *first;

	(void)state;
	mkelf__init_usual(&m, &text);
	mkelf__write(&m, &file);
	h = (Elf64_Ehdr *)file.data;
	first = (Elf64_Shdr *)(file.data + m.section_table_off);
	/* The count that stands in section 0 when it doesn't fit the header. */
	h->e_shnum = 0;
	first->sh_size = 1ull << 60;
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(e.section_cnt, 0);
	assert_int_equal(e.segment_cnt, 2);
	elf__close(&e);
	first->sh_size = m.section_cnt;
	first->sh_link = (uint32_t)m.section_cnt - 1;
	h->e_shstrndx = SHN_XINDEX;
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_non_null(elf__find_section(&e, ".text"));
	elf__close(&e);
	h->e_phnum = 0xffff;
	assert_int_equal(elf__open_memory(&e, file.data, file.len), -EBADMSG);
	mkelf__fini(&m);
}

static int test_stop(void *arg, const struct elf_function *f)
{
	(void)f;
	++*(int *)arg;
	return -E2BIG;
}

static void test_callback_ends_iteration(void **state)
{
	struct mkelf_symbol f = {"f", 0x401000, 0x10, STB_GLOBAL, STT_FUNC, 1};
	_cleanup_buf_ struct buf file = {0};
	struct mkelf m;
	uint16_t text;
	struct elf e;
	int calls = 0;

	(void)state;
	mkelf__init_usual(&m, &text);
	mkelf__symbol(&m, MKELF_SYMTAB, &f);
	mkelf__symbol(&m, MKELF_SYMTAB, &f);
	mkelf__symbol(&m, MKELF_DYNSYM, &f);
	mkelf__write(&m, &file);
	assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
	assert_int_equal(elf__each_function(&e, test_stop, &calls), -E2BIG);
	assert_int_equal(calls, 1);
	elf__close(&e);
	mkelf__fini(&m);
}

static void test_os_read_file(void **state)
{
	char path[] = "/tmp/test_elf.XXXXXX";
	struct buf b = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "12345", 5), 5);
	close(fd);
	assert_int_equal(os_read_file(path, 5, &b), 0);
	assert_string_equal(buf__str(&b), "12345");
	buf__fini(&b);
	assert_int_equal(os_read_file(path, 4, &b), -E2BIG);
	unlink(path);
	assert_int_equal(os_read_file(path, 4, &b), -ENOENT);
	assert_null(b.data);
}

/* A section of 64 times "CFI!", packed as its class packs it. */
static void write_packed(int bits, struct buf *ret)
{
	uint8_t stream[256], head[24] = {ELFCOMPRESS_ZLIB};
	size_t head_len = bits == 64 ? 24 : 12;
	uLongf len = sizeof(stream);
	char plain[256];
	struct mkelf m;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = "CFI!"[i % 4];
	assert_int_equal(compress(stream, &len, (const Bytef *)plain, sizeof(plain)), Z_OK);
	head[(bits == 64 ? 8 : 4) + 1] = 1; /* 256 bytes */
	mkelf__init(&m, bits);
	mkelf__code(&m, ".packed", 0, 0x1000, head_len + len, SHF_COMPRESSED);
	memcpy(m.code.data + 0x1000, head, head_len);
	memcpy(m.code.data + 0x1000 + head_len, stream, len);
	mkelf__code(&m, ".plain", 0, 0x2000, 16, 0);
	mkelf__write(&m, ret);
	mkelf__fini(&m);
}

static void test_packed_sections(void **state)
{
	(void)state;
	for (int bits = 32; bits <= 64; bits += 32) {
		_cleanup_buf_ struct buf file = {0}, content = {0}, plain = {0};
		const struct elf_section *s;
		struct elf e;

		write_packed(bits, &file);
		assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
		s = elf__find_section(&e, ".packed");
		assert_int_equal(elf__unpack_section(&e, s, 255, &content), -E2BIG);
		assert_int_equal(elf__unpack_section(&e, s, 256, &content), 0);
		assert_int_equal(content.len, 256);
		assert_memory_equal(content.data + 252, "CFI!", 5);
		s = elf__find_section(&e, ".plain");
		assert_int_equal(elf__unpack_section(&e, s, 16, &plain), 0);
		assert_int_equal(plain.len, 16);
		elf__close(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_id_of_notes),
		cmocka_unit_test(test_build_id_forms),
		cmocka_unit_test(test_offsets_and_addresses),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_functions_of_arm),
		cmocka_unit_test(test_object_file),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_packed_sections),
		cmocka_unit_test(test_not_elf),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_cut_while_open),
		cmocka_unit_test(test_absurd_counts),
		cmocka_unit_test(test_callback_ends_iteration),
		cmocka_unit_test(test_os_read_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
