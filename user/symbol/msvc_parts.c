/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Parts of decorated names that are codes: operators, constructors, what the compiler made; and how parts are written. */
#include <string.h>

#include "base/compiler.h"
#include "symbol/msvc_parse.h"

static const struct {
	const char *code, *name;
} msvc_operators[] = {
	{"__A", "`managed vector constructor iterator'"},
	{"__B", "`managed vector destructor iterator'"},
	{"__C", "`EH vector copy constructor iterator'"},
	{"__D", "`EH vector vbase copy constructor iterator'"},
	{"__G", "`vector copy constructor iterator'"},
	{"__H", "`vector vbase copy constructor iterator'"},
	{"__I", "`managed vector vbase copy constructor iterator'"},
	{"__L", "operator co_await"},
	{"__M", "operator<=>"},
	{"_0", "operator/="},
	{"_1", "operator%="},
	{"_2", "operator>>="},
	{"_3", "operator<<="},
	{"_4", "operator&="},
	{"_5", "operator|="},
	{"_6", "operator^="},
	{"_7", "`vftable'"},
	{"_8", "`vbtable'"},
	{"_9", "`vcall'"},
	{"_D", "`vbase destructor'"},
	{"_E", "`vector deleting destructor'"},
	{"_F", "`default constructor closure'"},
	{"_G", "`scalar deleting destructor'"},
	{"_H", "`vector constructor iterator'"},
	{"_I", "`vector destructor iterator'"},
	{"_J", "`vector vbase constructor iterator'"},
	{"_K", "`virtual displacement map'"},
	{"_L", "`EH vector constructor iterator'"},
	{"_M", "`EH vector destructor iterator'"},
	{"_N", "`EH vector vbase constructor iterator'"},
	{"_O", "`copy constructor closure'"},
	{"_S", "`local vftable'"},
	{"_T", "`local vftable constructor closure'"},
	{"_U", "operator new[]"},
	{"_V", "operator delete[]"},
	{"_X", "`placement delete closure'"},
	{"_Y", "`placement delete[] closure'"},
	{"2", "operator new"},
	{"3", "operator delete"},
	{"4", "operator="},
	{"5", "operator>>"},
	{"6", "operator<<"},
	{"7", "operator!"},
	{"8", "operator=="},
	{"9", "operator!="},
	{"A", "operator[]"},
	{"C", "operator->"},
	{"D", "operator*"},
	{"E", "operator++"},
	{"F", "operator--"},
	{"G", "operator-"},
	{"H", "operator+"},
	{"I", "operator&"},
	{"J", "operator->*"},
	{"K", "operator/"},
	{"L", "operator%"},
	{"M", "operator<"},
	{"N", "operator<="},
	{"O", "operator>"},
	{"P", "operator>="},
	{"Q", "operator,"},
	{"R", "operator()"},
	{"S", "operator~"},
	{"T", "operator^"},
	{"U", "operator|"},
	{"V", "operator&&"},
	{"W", "operator||"},
	{"X", "operator*="},
	{"Y", "operator+="},
	{"Z", "operator-="},
};

/* ---- reading ---- */

void msvc_parse_operator(struct msvc_parser *p, struct msvc_part *ret)
{
	if (msvc_take(p, "0")) {
		*ret = (struct msvc_part){.kind = MSVC_CONSTRUCTOR, .text = "", .len = 0};
	} else if (msvc_take(p, "1")) {
		*ret = (struct msvc_part){.kind = MSVC_DESTRUCTOR, .text = "~", .len = 1};
	} else if (msvc_take(p, "B")) {
		*ret = (struct msvc_part){
			.kind = MSVC_CONVERSION, .text = "operator ", .len = strlen("operator ")};
		p->failed |= p->has_conversion;
		p->has_conversion = true;
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(msvc_operators); i++)
			if (msvc_take(p, msvc_operators[i].code)) {
				*ret = (struct msvc_part){.text = msvc_operators[i].name,
							  .len = strlen(msvc_operators[i].name)};
				return;
			}
		p->failed = true;
	}
}

/* ---- writing ---- */

static bool msvc_part_write(const struct msvc_parts *parts, size_t i, const struct buf *convert,
			    struct buf *to)
{
	const struct msvc_part *part = &parts->all[i];

	if (part->kind == MSVC_LITERAL)
		buf__puts(to, "operator \"\"");
	buf__append(to, part->text, part->len);
	if (part->kind == MSVC_CONVERSION) {
		if (!convert || !convert->len || convert->err)
			return false;
		buf__append(to, convert->data, convert->len);
	} else if (part->kind == MSVC_CONSTRUCTOR || part->kind == MSVC_DESTRUCTOR) {
		/* It is called as its class is. */
		if (i + 1 == parts->cnt || part[1].kind != MSVC_TEXT)
			return false;
		buf__append(to, part[1].text, part[1].len);
	}
	if (part->has_args)
		buf__puts(to, part->len && part->text[part->len - 1] == '<' ? " <>" : "<>");
	return true;
}

bool msvc_parts__write(const struct msvc_parts *parts, const struct buf *convert, struct buf *to)
{
	for (size_t i = parts->cnt; i--;) {
		if (!msvc_part_write(parts, i, convert, to))
			return false;
		if (i)
			buf__puts(to, "::");
	}
	return !to->err && parts->cnt;
}
