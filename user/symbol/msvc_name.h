/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Names of functions as Microsoft's compilers decorate them, "?get@?$Box@H@ns@@QEAAHH@Z", to what people call them, "ns::Box<>::get":
 * namespaces, classes and the function, no types.
 *
 *   - Arguments of templates are "<>": that there are some is part of the name, which ones is a type.
 *   - Constructors and destructors are Class::Class and Class::~Class, without "<>" in the last part.
 *   - A class or lambda inside of a function is function::class::member.
 *   - What the compiler made has its name in quotes: "Box::`scalar deleting destructor'", "`dynamic initializer for 'x''".
 *   - Conversions have their type, which is their name: "ns::Box<>::operator int".
 *   - C: "_name@12" (stdcall), "@name@8" (fastcall), "name@@16" (vectorcall) and "__imp_name" are "name", on 32-bit x86 also "_name".
 */
#ifndef SYMBOL_MSVC_NAME_H
#define SYMBOL_MSVC_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define MSVC_NAME_MAX_BYTES 65536

/*
 * Appends what @name (of @len bytes) means to the empty @to, which has a cap of at most MSVC_NAME_MAX_BYTES. False, and @to holds
 * nothing of use, when it isn't decorated or not understood: then it stays as it is. @i386: it is of a 32-bit x86 program.
 */
bool msvc_name(const char *name, size_t len, bool i386, struct buf *to);

#endif
