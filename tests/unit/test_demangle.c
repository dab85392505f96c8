/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of C++ and Rust: as c++filt says them, and what is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "symbol/demangle.h"

static void assert_demangled(const char *name, const char *expect)
{
	_cleanup_buf_ struct buf to;

	buf__init(&to, DEMANGLE_MAX_BYTES);
	assert_true(demangle(name, &to));
	assert_string_equal(buf__str(&to), expect);
}

static void assert_left_alone(const char *name)
{
	_cleanup_buf_ struct buf to;

	buf__init(&to, DEMANGLE_MAX_BYTES);
	assert_false(demangle(name, &to));
}

static void test_cpp(void **state _unused_)
{
	if (!demangle_works())
		skip();
	assert_demangled("_Z3addii", "add(int, int)");
	assert_demangled("_ZNSt6vectorIiSaIiEE9push_backERKi",
			 "std::vector<int, std::allocator<int> >::push_back(int const&)");
	assert_demangled("_ZN4node5StartEiPPc", "node::Start(int, char**)");
	/* What the compiler has cut off a function. */
	assert_demangled("_ZN1a1bEv.cold", "a::b() [clone .cold]");
}

static void test_rust(void **state _unused_)
{
	if (!demangle_works())
		skip();
	/* The older form ends in a hash. */
	assert_demangled("_ZN4core3fmt5write17h1a2b3c4d5e6f7a8bE", "core::fmt::write");
	assert_demangled("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar");
}

static void test_what_is_no_mangled_name(void **state _unused_)
{
	static const char *const names[] = {
		"",	 "_",	    "_Z",     "_R",	  "main", "__libc_start_main",
		"_ZZZZ", "Z3addii", "_start", "_Z3addiz!"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_left_alone(names[i]);
}

/* Names that mean far more than they are long, or are long for nothing. */
static void test_names_made_to_cost(void **state _unused_)
{
	enum { LONG = 20000 };
	static char name[LONG + 64];
	size_t len = 0;

	/* f(A<A, A>, ...) over and over by substitutions: doubles with each. */
	len += (size_t)sprintf(name, "_Z1fI1A1BE1CIS1_S1_E");
	for (int i = 0; i < 24; i++)
		len += (size_t)sprintf(name + len, "1DIS%c_S%c_E", '0' + i % 10, '0' + i % 10);
	_cleanup_buf_ struct buf to;
	buf__init(&to, DEMANGLE_MAX_BYTES);
	demangle(name, &to); /* whatever it says: soon, and no more than this */
	assert_true(to.len < DEMANGLE_MAX_BYTES);
	memset(name, 'P', LONG);
	memcpy(name, "_Z1f", 4);
	assert_left_alone(name);
	/* As long as is tried at all: pointers to pointers. */
	memset(name + 16000, 0, 8);
	name[15999] = 'i';
	buf__reset(&to);
	demangle(name, &to);
	assert_true(to.len < DEMANGLE_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpp),
		cmocka_unit_test(test_rust),
		cmocka_unit_test(test_what_is_no_mangled_name),
		cmocka_unit_test(test_names_made_to_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
