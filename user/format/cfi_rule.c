/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/cfi_rule.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

#define X86_64_RSP 7
#define X86_64_RBP 6
#define AARCH64_SP 31
#define AARCH64_FP 29

/* Four times the rules: chains stay short, unless somebody makes them long. */
#define CFI_RULE_SLOTS	    (4 * UNWIND_MAX_RULES)
#define CFI_RULE_MAX_PROBES 64

static bool cfi_is_saved(const struct cfi_reg *r)
{
	return r->how == CFI_AT_CFA || r->how == CFI_AT_REG;
}

/*
 * A rule's member for a register: zero when it has nothing to say, so that equal states give equal
 * bytes.
 */
static int16_t cfi_words(const struct cfi_reg *r)
{
	return cfi_is_saved(r) ? r->words : 0;
}

static bool cfi_set_cfa(const struct cfi_state *s, struct unwind_rule *rule)
{
	if (s->cfa_by_expr) {
		rule->cfa = s->expr.cfa;
		rule->reg = s->expr.reg;
		rule->off = s->expr.off;
		rule->add = s->expr.add;
		return rule->cfa != UNWIND_CFA_UNSUPPORTED;
	}
	if (s->cfa_reg > UINT8_MAX || s->cfa_off != (int32_t)s->cfa_off)
		return false;
	rule->cfa = UNWIND_CFA_REG;
	rule->reg = (uint8_t)s->cfa_reg;
	rule->off = (int32_t)s->cfa_off;
	return true;
}

/* Only the return address may be in another register: that of vfork, which must not use the stack. */
static bool cfi_set_ra(const struct cfi_reg *ra, enum elf_cfi_arch arch, struct unwind_rule *rule)
{
	rule->ra = cfi_words(ra);
	if (cfi_is_saved(ra))
		return true;
	rule->flags |= UNWIND_RA_IN_REG;
	if (arch != ELF_CFI_X86_64)
		return ra->how != CFI_IN_REG;
	/* On x86-64 the caller's pc is in no register by itself. */
	rule->ra = ra->base;
	return ra->how == CFI_IN_REG;
}

/*
 * Where registers are: all of them count from the CFA, or all of them from sp, or the return address from the CFA and
 * the others from the frame pointer.
 */
static bool cfi_set_regs(const struct cfi_state *s, enum elf_cfi_arch arch,
			 struct unwind_rule *rule)
{
	uint8_t sp = arch == ELF_CFI_X86_64 ? X86_64_RSP : AARCH64_SP;
	uint8_t fp = arch == ELF_CFI_X86_64 ? X86_64_RBP : AARCH64_FP;
	const struct cfi_reg *ra = &s->regs[CFI_RA];
	unsigned int at_cfa = 0, at_sp = 0, at_fp = 0;

	for (int i = CFI_RA; i <= CFI_BX; i++) {
		const struct cfi_reg *r = &s->regs[i];

		if (r->how == CFI_OTHER || (r->how == CFI_IN_REG && i != CFI_RA))
			return false;
		if (r->how == CFI_AT_REG && r->base != sp && (r->base != fp || i == CFI_RA))
			return false;
		at_cfa += r->how == CFI_AT_CFA && i != CFI_RA;
		at_sp += r->how == CFI_AT_REG && r->base == sp;
		at_fp += r->how == CFI_AT_REG && r->base == fp;
	}
	if (!cfi_set_ra(ra, arch, rule))
		return false;
	if (cfi_is_saved(&s->regs[CFI_FP]))
		rule->flags |= UNWIND_FP_SAVED;
	if (cfi_is_saved(&s->regs[CFI_BX]))
		rule->flags |= UNWIND_BX_SAVED;
	if (at_sp)
		rule->flags |= UNWIND_AT_SP;
	if (at_fp)
		rule->flags |= UNWIND_AT_FP;
	rule->fp = cfi_words(&s->regs[CFI_FP]);
	rule->bx = cfi_words(&s->regs[CFI_BX]);
	/* The return address counts from where rules without AT_SP have it: the CFA. */
	at_cfa += ra->how == CFI_AT_CFA && !at_fp;
	return !!at_cfa + !!at_sp + !!at_fp <= 1;
}

void cfi_rule_of(const struct cfi_state *s, enum elf_cfi_arch arch, bool is_signal,
		 struct unwind_rule *ret)
{
	struct unwind_rule rule = {0};

	if (s->regs[CFI_RA].how == CFI_UNDEFINED) {
		*ret = (struct unwind_rule){.cfa = UNWIND_CFA_END};
		return;
	}
	if (is_signal)
		rule.flags |= UNWIND_SIGNAL;
	if (s->ra_signed)
		rule.flags |= UNWIND_RA_SIGNED;
	if (cfi_set_cfa(s, &rule) && cfi_set_regs(s, arch, &rule))
		*ret = rule;
	else
		*ret = (struct unwind_rule){.cfa = UNWIND_CFA_UNSUPPORTED};
}

static int cfi_rule_set_add(struct cfi_rule_set *t, const struct unwind_rule *rule)
{
	void *rules = t->rules;
	int err;

	err = array__grow(&rules, &t->cap, t->cnt + 1, sizeof(*t->rules), UNWIND_MAX_RULES);
	t->rules = rules;
	if (!err)
		t->rules[t->cnt++] = *rule;
	return err;
}

bool cfi_rule_is_entry(const struct unwind_rule *rule, enum elf_cfi_arch arch)
{
	return arch == ELF_CFI_X86_64 && rule->cfa == UNWIND_CFA_REG && rule->reg == X86_64_RSP &&
	       rule->off == 8 && rule->ra == -1 && !rule->flags;
}

int cfi_rule_set__init(struct cfi_rule_set *t)
{
	const struct unwind_rule none = {0}, unsupported = {.cfa = UNWIND_CFA_UNSUPPORTED};
	int err;

	memset(t, 0, sizeof(*t));
	t->slots = calloc(CFI_RULE_SLOTS, sizeof(*t->slots));
	if (!t->slots)
		return -ENOMEM;
	/* Rule 0 is in no slot: no state gives it. */
	err = cfi_rule_set_add(t, &none);
	return err ? err : cfi_rule_set__get(t, &unsupported) < 0 ? -ENOMEM : 0;
}

void cfi_rule_set__fini(struct cfi_rule_set *t)
{
	free(t->rules);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

int cfi_rule_set__get(struct cfi_rule_set *t, const struct unwind_rule *rule)
{
	uint64_t words[2], hash;
	int err;

	_Static_assert(sizeof(words) == sizeof(*rule), "a rule is two words");
	memcpy(words, rule, sizeof(words));
	hash = hash_u64(words[0] ^ hash_u64(words[1]));
	for (size_t i = 0; i < CFI_RULE_MAX_PROBES; i++) {
		uint16_t *slot = &t->slots[(hash + i) % CFI_RULE_SLOTS];

		if (*slot && !memcmp(&t->rules[*slot], rule, sizeof(*rule)))
			return *slot;
		if (*slot)
			continue;
		if (t->cnt == UNWIND_MAX_RULES)
			break;
		err = cfi_rule_set_add(t, rule);
		if (err)
			return err;
		*slot = (uint16_t)(t->cnt - 1);
		return *slot;
	}
	return CFI_RULE_UNSUPPORTED;
}
