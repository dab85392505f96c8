/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of functions without the arguments of templates. */
#ifndef MODEL_SHORT_NAME_H
#define MODEL_SHORT_NAME_H

#include "base/buf.h"

/*
 * Appends @name without what stands in angle brackets behind a name, as C++ and Rust write it: "std::vector<int>::push_back" ->
 * "std::vector::push_back", "call_once::<F>" -> "call_once". What only looks like it stays: operator<, <init>, <T as Trait>::f,
 * {lambda(int)#1}. A name whose brackets don't close is appended as it is. An error is in @to->err.
 */
void short_name(const char *name, struct buf *to);

#endif
