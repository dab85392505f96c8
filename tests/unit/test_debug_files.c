/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Where debug files are looked for, which are taken, and the names that come out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_LZMA
#include <lzma.h>
#endif

#include "base/os_debuginfod.h"
#include "base/os_file.h"
#include "base/os_open.h"
#include "fixtures/mkelf.h"
#include "format/elf_debug.h"
#include "format/elf_minidebug.h"
#include "source/os_debug.h"
#include "symbol/debug_file.h"
#include "symbol/symbolizer.h"

static const uint8_t id_a[20] = {0xab, 0xcd, 0xef, 1, 2, 3}, id_b[20] = {0xab, 9, 9, 9};
#define ID_A_PATH "/usr/lib/debug/.build-id/ab/cdef0102030000000000000000000000000000.debug"

/* ---- a root of its own ---- */

static char root[64];

static int setup(void **state)
{
	(void)state;
	unsetenv("DEBUGINFOD_URLS");
	strcpy(root, "/tmp/test_debug_files.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	debug_file_set_root(root);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	debug_file_set_root(NULL);
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

/* The path, outside, of what is @path inside; its directories are made. */
static const char *in_root(const char *path)
{
	static char full[512];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	return full;
}

static void put_file(const char *path, const struct buf *content)
{
	FILE *fp = fopen(in_root(path), "wb");

	assert_non_null(fp);
	assert_int_equal(fwrite(content->data, 1, content->len, fp), content->len);
	assert_int_equal(fclose(fp), 0);
}

/* ---- files ---- */

static void put_section(struct mkelf *m, const char *name, const void *data, size_t len)
{
	uint64_t off = (m->code.len + 15) & ~15ull;

	mkelf__code(m, name, 0, off, len, 0);
	memcpy(m->code.data + off, data, len);
}

static void put_link(struct mkelf *m, const char *name, uint32_t crc)
{
	uint8_t link[512] = {0};
	size_t len = (strlen(name) + 1 + 3) & ~3ull;

	memcpy(link, name, strlen(name));
	memcpy(link + len, &crc, sizeof(crc));
	put_section(m, ".gnu_debuglink", link, len + 4);
}

static void put_alt(struct mkelf *m, const char *name, const uint8_t *id, size_t id_len)
{
	uint8_t link[512] = {0};

	memcpy(link, name, strlen(name));
	memcpy(link + strlen(name) + 1, id, id_len);
	put_section(m, ".gnu_debugaltlink", link, strlen(name) + 1 + id_len);
}

/* A program without symbols; @id may be NULL, @link too. */
static void make_stripped(struct buf *ret, const uint8_t *id, const char *link, uint32_t crc)
{
	struct mkelf m;
	uint16_t text;

	mkelf__init_usual(&m, &text);
	if (link)
		put_link(&m, link, crc);
	if (id)
		mkelf__note(&m, "GNU", NT_GNU_BUILD_ID, id, 20);
	mkelf__write(&m, ret);
	mkelf__fini(&m);
}

/* Its debug file: the addresses are the same, the offsets in the file are not. */
static void make_debug(struct buf *ret, const uint8_t *id, const char *function)
{
	struct mkelf m;
	uint16_t text;

	mkelf__init(&m, 64);
	mkelf__segment(&m, 0x400000, 0, 0x1000, PF_R);
	mkelf__segment(&m, 0x401000, 0x400, 0, PF_R | PF_X);
	text = mkelf__code(&m, ".text", 0x401000, 0x400, 0x10, SHF_ALLOC | SHF_EXECINSTR);
	mkelf__symbol(&m, MKELF_SYMTAB,
		      &(struct mkelf_symbol){function, 0x401100, 0x40, STB_LOCAL, STT_FUNC, text});
	if (id)
		mkelf__note(&m, "GNU", NT_GNU_BUILD_ID, id, 20);
	mkelf__write(&m, ret);
	mkelf__fini(&m);
}

static uint32_t crc_of(const struct buf *b)
{
	return (uint32_t)crc32(0, (const uint8_t *)b->data, (uInt)b->len);
}

static int memory_file(const struct buf *content)
{
	int fd = memfd_create("module", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content->data, content->len), content->len);
	return fd;
}

/* What the symbolizer calls 0x1100 of a module with @content; @early: looked for in the process's root too. */
static const char *name_of(const struct buf *content, bool early)
{
	static const struct resolver *const resolvers[] = {&elf_resolver, NULL};
	const struct symbolizer_opts opts = {.resolvers = resolvers};
	struct module like = {.kind = WIRE_MODULE_ELF, .path = (char *)"/opt/bin/program"};
	const struct frame f = {.module = 1, .offset = 0x1100};
	static char name[256];
	const struct symbol_line *lines;
	struct module_table modules;
	struct symbolizer *s;
	struct module *m;
	bool added;
	int dir;

	like.fd = memory_file(content);
	module_table__init(&modules);
	m = module_table__intern(&modules, &like, &added);
	assert_non_null(m);
	assert_int_equal(m->debug_fd, -1);
	if (early) {
		dir = os_open_dir(root);
		assert_true(dir >= 0);
		os_debug_open_below(dir, m);
		close(dir);
		debug_file_set_root("/nowhere");
	}
	s = symbolizer__new(&modules, &opts);
	assert_non_null(s);
	assert_int_equal(symbolizer__locate(s, &f, &lines, NULL), 1);
	snprintf(name, sizeof(name), "%s", lines[0].name);
	symbolizer__free(s);
	module_table__fini(&modules);
	debug_file_set_root(root);
	return name;
}

#define UNKNOWN "program+0x1100"

/* ---- which file is taken ---- */

static void test_by_build_id(void **state)
{
	_cleanup_buf_ struct buf program = {0}, right = {0}, wrong = {0}, nameless = {0};

	(void)state;
	make_stripped(&program, id_a, NULL, 0);
	make_debug(&right, id_a, "right");
	make_debug(&wrong, id_b, "wrong");
	make_debug(&nameless, NULL, "nameless");
	assert_string_equal(name_of(&program, false), UNKNOWN);
	put_file(ID_A_PATH, &wrong);
	assert_string_equal(name_of(&program, false), UNKNOWN);
	assert_string_equal(name_of(&program, true), UNKNOWN);
	/* Without a build id in it and without a CRC to ask for: any file could be put there. */
	put_file(ID_A_PATH, &nameless);
	assert_string_equal(name_of(&program, false), UNKNOWN);
	put_file(ID_A_PATH, &right);
	assert_string_equal(name_of(&program, false), "right");
	assert_string_equal(name_of(&program, true), "right");
}

static void test_by_link(void **state)
{
	static const char *const places[] = {"/opt/bin/p.debug", "/opt/bin/.debug/p.debug",
					     "/usr/lib/debug/opt/bin/p.debug"};
	_cleanup_buf_ struct buf program = {0}, right = {0}, wrong = {0};

	(void)state;
	make_debug(&right, NULL, "right");
	make_debug(&wrong, NULL, "other");
	make_stripped(&program, NULL, "p.debug", crc_of(&right));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		put_file(places[i], &wrong);
		assert_string_equal(name_of(&program, false), UNKNOWN);
		assert_string_equal(name_of(&program, true), UNKNOWN);
		put_file(places[i], &right);
		assert_string_equal(name_of(&program, false), "right");
		assert_string_equal(name_of(&program, true), "right");
		unlink(in_root(places[i]));
	}
	/* Later a wrong file in a better place is passed over. Early, when no CRC is read, it would be taken. */
	put_file(places[0], &wrong);
	put_file(places[2], &right);
	assert_string_equal(name_of(&program, false), "right");
}

/* Of files that are all found by CRC only so much is read in a minute. */
static void test_crcs_of_many_files(void **state)
{
	_cleanup_buf_ struct buf program = {0}, right = {0};

	(void)state;
	make_debug(&right, NULL, "right");
	make_stripped(&program, NULL, "p.debug", crc_of(&right));
	put_file("/opt/bin/p.debug", &right);
	elf_debug_set_crc_budget(0);
	assert_string_equal(name_of(&program, false), UNKNOWN);
	elf_debug_set_crc_budget(ELF_DEBUG_CRC_MINUTE_BYTES);
	assert_string_equal(name_of(&program, false), "right");
}

/* A build id decides over the CRC, in both directions. */
static void test_build_id_beats_crc(void **state)
{
	_cleanup_buf_ struct buf program = {0}, right = {0}, wrong = {0};

	(void)state;
	make_debug(&wrong, id_b, "wrong");
	make_stripped(&program, id_a, "p.debug", crc_of(&wrong));
	put_file("/opt/bin/p.debug", &wrong);
	assert_string_equal(name_of(&program, false), UNKNOWN);
	assert_string_equal(name_of(&program, true), UNKNOWN);
	make_debug(&right, id_a, "right");
	put_file("/opt/bin/p.debug", &right);
	assert_string_equal(name_of(&program, false), "right");
	assert_string_equal(name_of(&program, true), "right");
}

/* The one with a build id, the other without: the CRC is asked. */
static void test_half_a_build_id(void **state)
{
	_cleanup_buf_ struct buf program = {0}, right = {0}, wrong = {0};

	(void)state;
	make_debug(&right, NULL, "right");
	make_debug(&wrong, NULL, "other");
	make_stripped(&program, id_a, "p.debug", crc_of(&right));
	put_file("/opt/bin/p.debug", &wrong);
	assert_string_equal(name_of(&program, true), UNKNOWN);
	put_file("/opt/bin/p.debug", &right);
	assert_string_equal(name_of(&program, true), "right");
}

/* ---- hostile roots ---- */

static void test_names_of_links(void **state)
{
	static const char *const bad[] = {"/etc/passwd", "../bin/p.debug", "..", ".", "", "a/b"};
	struct elf_debug_link l;
	struct elf e;

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
		_cleanup_buf_ struct buf program = {0}, path;

		buf__init(&path, ELF_DEBUG_MAX_PATH_BYTES);
		make_stripped(&program, NULL, i < ARRAY_SIZE(bad) ? bad[i] : "..debug", 7);
		assert_int_equal(elf__open_memory(&e, program.data, program.len), 0);
		assert_int_equal(elf_debug_link(&e, &l), 0);
		elf__close(&e);
		assert_string_equal(l.name, i < ARRAY_SIZE(bad) ? "" : "..debug");
		assert_int_equal(elf_debug_path(&l, "/bin/p", 1, &path),
				 i < ARRAY_SIZE(bad) ? -ENOENT : 0);
		/* Not a path that a process can have: nothing is looked for beside it. */
		assert_int_equal(elf_debug_path(&l, "p", 1, &path), -ENOENT);
	}
}

static void test_damaged_links(void **state)
{
	char long_name[ELF_DEBUG_NAME_MAX_BYTES + 1];
	struct elf_debug_link l;
	struct elf e;

	(void)state;
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	for (int i = 0; i < 3; i++) {
		_cleanup_buf_ struct buf file = {0};
		struct mkelf m;
		uint16_t text;

		mkelf__init_usual(&m, &text);
		if (i == 0)
			put_section(&m, ".gnu_debuglink", "p.debug", 7); /* no NUL, no CRC */
		else if (i == 1)
			put_section(&m, ".gnu_debuglink", "p.debug\0\1\2\3",
				    11); /* a CRC of 3 bytes */
		else
			put_link(&m, long_name, 1);
		mkelf__write(&m, &file);
		mkelf__fini(&m);
		assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
		assert_int_equal(elf_debug_link(&e, &l), 0);
		assert_string_equal(l.name, "");
		elf__close(&e);
	}
}

/* A link that leads out of the root leads to what is inside; one to a magic link leads nowhere. */
static void test_planted_symlinks(void **state)
{
	_cleanup_buf_ struct buf program = {0}, right = {0};
	char outside[] = "/tmp/test_debug_outside.XXXXXX", link[600];
	int fd = mkstemp(outside), dir = os_open_dir(root);

	(void)state;
	assert_true(fd >= 0 && dir >= 0);
	make_debug(&right, id_a, "right");
	assert_int_equal(write(fd, right.data, right.len), right.len);
	make_stripped(&program, id_a, NULL, 0);
	assert_int_equal(symlink(outside, in_root(ID_A_PATH)), 0);
	assert_string_equal(name_of(&program, true), UNKNOWN);
	assert_string_equal(name_of(&program, false), UNKNOWN);
	snprintf(link, sizeof(link), "../../../../../../../../../..%s", outside);
	unlink(in_root(ID_A_PATH));
	assert_int_equal(symlink(link, in_root(ID_A_PATH)), 0);
	assert_string_equal(name_of(&program, true), UNKNOWN);
	/* The same name inside is what it means there. */
	put_file(outside, &right);
	assert_string_equal(name_of(&program, true), "right");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	assert_int_equal(os_open_below(dir, link), -ENOENT);
	unlink(outside);
	close(fd);
	close(dir);
	dir = os_open_root(0);
	assert_int_equal(os_open_below(dir, link), -ELOOP);
	close(dir);
}

/* Nothing waits for a writer, and no device is opened. */
static void test_special_files(void **state)
{
	_cleanup_buf_ struct buf program = {0};
	int dir = os_open_dir(root);

	(void)state;
	make_stripped(&program, id_a, "p.debug", 1);
	assert_int_equal(mkfifo(in_root(ID_A_PATH), 0600), 0);
	assert_int_equal(mkfifo(in_root("/opt/bin/p.debug"), 0600), 0);
	assert_int_equal(mkdir(in_root("/opt/bin/.debug"), 0755), 0);
	assert_int_equal(mkdir(in_root("/opt/bin/.debug/p.debug"), 0755), 0);
	alarm(20);
	assert_string_equal(name_of(&program, true), UNKNOWN);
	assert_string_equal(name_of(&program, false), UNKNOWN);
	alarm(0);
	assert_int_equal(os_open_below(dir, ID_A_PATH), -EINVAL);
	close(dir);
	dir = os_open_root(0);
	assert_int_equal(os_open_below(dir, "/dev/null"), -EINVAL);
	assert_int_equal(os_open_below(dir, "/"), -EINVAL);
	close(dir);
	assert_true(os_open_root(0x7fffffff) < 0);
}

static void test_not_an_elf_file(void **state)
{
	_cleanup_buf_ struct buf program = {0}, text;

	(void)state;
	buf__init(&text, 100);
	buf__puts(&text, "#!/bin/sh\n");
	make_stripped(&program, id_a, "p.debug", crc_of(&text));
	put_file(ID_A_PATH, &text);
	put_file("/opt/bin/p.debug", &text);
	assert_string_equal(name_of(&program, true), UNKNOWN);
	assert_string_equal(name_of(&program, false), UNKNOWN);
}

/* ---- common parts ---- */

static void test_alt(void **state)
{
	static const struct {
		const char *name, *below;
	} cases[] = {
		{"../../.dwz/x/coreutils.debug", "x/coreutils.debug"},
		{"/usr/lib/debug/.dwz/a", "a"},
		{"/usr/lib/debug/.dwz/../../../etc/passwd", ""},
		{"/x/.dwz//a", ""},
		{"/x/.dwz/a/", ""},
		{"/etc/passwd", ""},
		{"", ""},
	};
	struct elf_debug_alt a;
	struct elf e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf file = {0}, path;
		struct mkelf m;
		uint16_t text;

		mkelf__init_usual(&m, &text);
		put_alt(&m, cases[i].name, id_a, 20);
		mkelf__write(&m, &file);
		mkelf__fini(&m);
		buf__init(&path, ELF_DEBUG_MAX_PATH_BYTES);
		assert_int_equal(elf__open_memory(&e, file.data, file.len), 0);
		assert_int_equal(elf_debug_alt(&e, &a), 0);
		assert_string_equal(a.name, cases[i].below);
		assert_int_equal(a.build_id_len, 20);
		assert_int_equal(elf_debug_alt_path(&a, 0, &path), 0);
		assert_string_equal(path.data, ID_A_PATH);
		elf__close(&e);
	}
}

/* Found in a root, as the program's or its debug file's; only with the right build id. */
static void test_alt_is_opened(void **state)
{
	_cleanup_buf_ struct buf program = {0}, debug = {0}, right = {0}, wrong = {0};
	int dir = os_open_dir(root);
	struct mkelf m;
	uint16_t text;

	(void)state;
	make_stripped(&program, id_a, NULL, 0);
	mkelf__init_usual(&m, &text);
	put_alt(&m, "../../.dwz/common", id_b, 20);
	mkelf__note(&m, "GNU", NT_GNU_BUILD_ID, id_a, 20);
	mkelf__write(&m, &debug);
	mkelf__fini(&m);
	put_file(ID_A_PATH, &debug);
	make_debug(&right, id_b, "x");
	make_debug(&wrong, id_a, "x");
	for (int i = 0; i < 2; i++) {
		struct module mod = {.kind = WIRE_MODULE_ELF,
				     .path = (char *)"/p",
				     .debug_fd = -1,
				     .alt_fd = -1};

		mod.fd = memory_file(&program);
		put_file("/usr/lib/debug/.dwz/common", i ? &right : &wrong);
		os_debug_open_below(dir, &mod);
		assert_true(mod.debug_fd >= 0);
		assert_int_equal(mod.alt_fd >= 0, i);
		close(mod.fd);
		os_close(mod.debug_fd);
		os_close(mod.alt_fd);
	}
	close(dir);
}

/* ---- .gnu_debugdata ---- */

#ifdef HAVE_LZMA
static void pack(const void *data, size_t len, struct buf *ret)
{
	size_t at = 0, room = lzma_stream_buffer_bound(len);
	uint8_t *to;

	buf__init(ret, room);
	to = buf__reserve(ret, room);
	assert_non_null(to);
	assert_int_equal(
		lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, data, len, to, &at, room),
		LZMA_OK);
	buf__advance(ret, at);
}

/* A stripped program with it. */
static void make_mini(struct buf *ret, const void *packed, size_t len)
{
	struct mkelf m;
	uint16_t text;

	mkelf__init_usual(&m, &text);
	put_section(&m, ".gnu_debugdata", packed, len);
	mkelf__write(&m, ret);
	mkelf__fini(&m);
}

static void test_minidebug(void **state)
{
	_cleanup_buf_ struct buf debug = {0}, packed = {0};

	(void)state;
	make_debug(&debug, NULL, "packed");
	pack(debug.data, debug.len, &packed);
	for (size_t cut = 0; cut < packed.len; cut += packed.len / 7) {
		_cleanup_buf_ struct buf program = {0};

		make_mini(&program, packed.data, packed.len - cut);
		assert_string_equal(name_of(&program, false), cut ? UNKNOWN : "packed");
	}
	for (size_t i = 0; i < packed.len; i += 5) {
		_cleanup_buf_ struct buf program = {0};

		packed.data[i] ^= 0x10;
		make_mini(&program, packed.data, packed.len);
		assert_string_equal(name_of(&program, false), UNKNOWN);
		packed.data[i] ^= 0x10;
	}
}

/* 100 MB of zeros in 15 KB. */
static void test_minidebug_bomb(void **state)
{
	_cleanup_buf_ struct buf packed = {0}, program = {0}, out = {0};
	size_t len = 100u << 20;
	void *zeros = calloc(1, len);
	struct elf e;

	(void)state;
	assert_non_null(zeros);
	pack(zeros, len, &packed);
	free(zeros);
	make_mini(&program, packed.data, packed.len);
	assert_int_equal(elf__open_memory(&e, program.data, program.len), 0);
	assert_int_equal(elf_minidebug_unpack(&e, &out), -E2BIG);
	elf__close(&e);
	assert_string_equal(name_of(&program, false), UNKNOWN);
}
#endif

/* ---- servers ---- */

static void test_no_servers(void **state)
{
	(void)state;
	unsetenv("DEBUGINFOD_URLS");
	assert_int_equal(os_debuginfod_find(id_a, sizeof(id_a)), -ENOTSUP);
	setenv("DEBUGINFOD_URLS", "", 1);
	assert_int_equal(os_debuginfod_find(id_a, sizeof(id_a)), -ENOTSUP);
	assert_int_equal(os_debuginfod_find(id_a, 0), -ENOTSUP);
	unsetenv("DEBUGINFOD_URLS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_build_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_by_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crcs_of_many_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_build_id_beats_crc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_a_build_id, setup, teardown),
		cmocka_unit_test(test_names_of_links),
		cmocka_unit_test(test_damaged_links),
		cmocka_unit_test_setup_teardown(test_planted_symlinks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_special_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_an_elf_file, setup, teardown),
		cmocka_unit_test(test_alt),
		cmocka_unit_test_setup_teardown(test_alt_is_opened, setup, teardown),
#ifdef HAVE_LZMA
		cmocka_unit_test_setup_teardown(test_minidebug, setup, teardown),
		cmocka_unit_test_setup_teardown(test_minidebug_bomb, setup, teardown),
#endif
		cmocka_unit_test(test_no_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
