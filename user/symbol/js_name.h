/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What V8 (Node.js, Chromium) calls JavaScript functions in perf maps and jitdumps: "JS:*foo /srv/app.js:12:3". The tag
 * was "LazyCompile:" and others before ("JS:" since V8 9.9, src/logging/log.cc); '*', '^', '+' and '~' say which of its
 * compilers made the code. One function has many such names in its life, and for people it is one.
 */
#ifndef SYMBOL_JS_NAME_H
#define SYMBOL_JS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct js_name {
	const char *name; /* of the function; in the text that was parsed */
	size_t name_len;  /* 0: it has none: a script as a whole, or a function without a name */
	const char *file;
	size_t file_len; /* 0: not told */
	uint32_t line;	 /* where the function begins; 0: not told */
};

/* False: it is another kind of code ("Builtin:ArrayMap", "BytecodeHandler:Add"...), or not of V8. */
bool js_name_parse(const char *text, size_t len, struct js_name *ret);

#endif
