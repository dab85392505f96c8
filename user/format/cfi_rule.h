/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Rows of the virtual unwinding table as rules of struct unwind_rule, each different rule once.
 */
#ifndef FORMAT_CFI_RULE_H
#define FORMAT_CFI_RULE_H

#include "format/cfi_program.h"
#include <unwind_table.h> /* of bpf/ */

/*
 * The rule that says what @s says. Equal states give equal bytes. What has no form there is
 * UNWIND_CFA_UNSUPPORTED, with zeros.
 */
void cfi_rule_of(const struct cfi_state *s, enum elf_cfi_arch arch, bool is_signal,
		 struct unwind_rule *ret);

/* Is it the rule of a function's first instruction, on x86-64? False for other architectures. */
bool cfi_rule_is_entry(const struct unwind_rule *rule, enum elf_cfi_arch arch);

/*
 * The different rules, numbered in the order of their coming. 0 is the rule of code without CFI, 1
 * the one that is unsupported. A file with too many rules, or one made to collide, gets number 1
 * for those that don't fit.
 */
struct cfi_rule_set {
	struct unwind_rule *rules;
	size_t cnt, cap;
	uint16_t *slots; /* numbers by hash; 0: free */
};

#define CFI_RULE_NONE	     0
#define CFI_RULE_UNSUPPORTED 1

/* 0 or -ENOMEM. */
int cfi_rule_set__init(struct cfi_rule_set *t);
/* Accepts a zeroed struct. */
void cfi_rule_set__fini(struct cfi_rule_set *t);
/* The number of @rule, which is added if it is new; -ENOMEM. */
int cfi_rule_set__get(struct cfi_rule_set *t, const struct unwind_rule *rule);

#endif
