/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "format/go_dwarf.h"

#include <errno.h>

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <string.h>

#include "base/compiler.h"
#include "base/os_clock.h"
#include "format/dwarf_image.h"

#define TIME_EVERY 4096 /* entries between two looks at the clock */

enum go_dwarf_struct { GO_DWARF_G, GO_DWARF_GOBUF, GO_DWARF_M, GO_DWARF_STRUCT_CNT };

static const char *const go_dwarf_structs[GO_DWARF_STRUCT_CNT] = {
	[GO_DWARF_G] = "runtime.g",
	[GO_DWARF_GOBUF] = "runtime.gobuf",
	[GO_DWARF_M] = "runtime.m",
};

/* src/runtime/runtime2.go */
static const struct go_dwarf_member {
	const char *name;
	uint16_t in;	 /* enum go_dwarf_struct */
	uint16_t offset; /* in struct go_layout */
	bool optional;	 /* not in all versions */
} go_dwarf_members[] = {
#define MEMBER(struct_, name, member, optional)                                        \
	{                                                                              \
		name, GO_DWARF_##struct_, offsetof(struct go_layout, member), optional \
	}
	MEMBER(GOBUF, "bp", bp, false),
	MEMBER(G, "syscallsp", syscall_sp, false),
	MEMBER(G, "atomicstatus", status, false),
	MEMBER(G, "goid", goid, false),
	MEMBER(G, "waitsince", wait_since, false),
	MEMBER(G, "waitreason", wait_reason, false),
	MEMBER(G, "trackingSeq", seq, true),
	MEMBER(G, "lockedm", locked_m, false),
	MEMBER(G, "parentGoid", parent_goid, true),
	MEMBER(G, "gopc", gopc, false),
	MEMBER(G, "startpc", startpc, false),
	MEMBER(G, "waiting", waiting, false),
	MEMBER(G, "labels", labels, false),
	MEMBER(M, "curg", m_curg, false),
#undef MEMBER
};

struct go_dwarf {
	struct go_layout layout;
	uint32_t found; /* bits of members */
	bool has[GO_DWARF_STRUCT_CNT];
	uint64_t end_ns, entry_cnt;
};

/* Go wrote it as an expression up to some version: DW_OP_plus_uconst. */
static bool go_dwarf_offset(Dwarf_Die *member, uint16_t *ret)
{
	Dwarf_Attribute at;
	Dwarf_Word offset;
	Dwarf_Op *ops;
	size_t cnt;

	if (!dwarf_attr(member, DW_AT_data_member_location, &at))
		return false;
	if (dwarf_formudata(&at, &offset)) {
		if (dwarf_getlocation(&at, &ops, &cnt) || cnt != 1 ||
		    ops[0].atom != DW_OP_plus_uconst)
			return false;
		offset = ops[0].number;
	}
	*ret = (uint16_t)offset;
	return offset <= UINT16_MAX;
}

static void go_dwarf_take_member(struct go_dwarf *d, enum go_dwarf_struct in, Dwarf_Die *member)
{
	const char *name = dwarf_diename(member);

	for (size_t i = 0; name && i < ARRAY_SIZE(go_dwarf_members); i++) {
		const struct go_dwarf_member *m = &go_dwarf_members[i];
		uint16_t offset;

		if (m->in != in || strcmp(m->name, name) != 0 || !go_dwarf_offset(member, &offset))
			continue;
		/* The registers are within the goroutine. */
		if (in == GO_DWARF_GOBUF)
			offset += GO_G_SP;
		memcpy((char *)&d->layout + m->offset, &offset, sizeof(offset));
		d->found |= 1u << i;
	}
}

/* Entries may lead in a circle: each counts. */
static bool go_dwarf_is_late(struct go_dwarf *d)
{
	return !(++d->entry_cnt % TIME_EVERY) && os_monotonic_ns() > d->end_ns;
}

/* 0 or -ETIMEDOUT. */
static int go_dwarf_take(struct go_dwarf *d, enum go_dwarf_struct in, Dwarf_Die *type)
{
	Dwarf_Die member;
	int more = dwarf_child(type, &member);

	for (; !more; more = dwarf_siblingof(&member, &member)) {
		if (go_dwarf_is_late(d))
			return -ETIMEDOUT;
		if (dwarf_tag(&member) == DW_TAG_member)
			go_dwarf_take_member(d, in, &member);
	}
	d->has[in] = true;
	return 0;
}

/* 0 or -ETIMEDOUT. */
static int go_dwarf_read_type(struct go_dwarf *d, Dwarf_Die *type)
{
	const char *name;

	if (dwarf_tag(type) != DW_TAG_structure_type)
		return 0;
	name = dwarf_diename(type);
	for (int i = 0; name && i < GO_DWARF_STRUCT_CNT; i++)
		if (!d->has[i] && !strcmp(name, go_dwarf_structs[i]))
			return go_dwarf_take(d, (enum go_dwarf_struct)i, type);
	return 0;
}

static bool go_dwarf_is_done(const struct go_dwarf *d)
{
	return d->has[GO_DWARF_G] && d->has[GO_DWARF_GOBUF] && d->has[GO_DWARF_M];
}

/* The types of one unit. 0 or -ETIMEDOUT. */
static int go_dwarf_read_unit(struct go_dwarf *d, Dwarf_Die *unit)
{
	Dwarf_Die type;
	int more = dwarf_child(unit, &type), err = 0;

	for (; !err && !more && !go_dwarf_is_done(d); more = dwarf_siblingof(&type, &type))
		err = go_dwarf_is_late(d) ? -ETIMEDOUT : go_dwarf_read_type(d, &type);
	return err;
}

static int go_dwarf_read(struct go_dwarf *d, const struct dwarf_image *image)
{
	struct dwarf_image_unit u;
	uint64_t off = 0;
	int err = 0;

	while (!err && !go_dwarf_is_done(d) && dwarf_image__next(image, &off, &u)) {
		Dwarf_Die unit;

		if (os_monotonic_ns() > d->end_ns)
			err = -ETIMEDOUT;
		else if (dwarf_image__is_cheap(image, &u) &&
			 dwarf_offdie(image->dwarf, u.die, &unit))
			err = go_dwarf_read_unit(d, &unit);
	}
	return err;
}

static int go_dwarf_judge(const struct go_dwarf *d)
{
	if (!d->has[GO_DWARF_G])
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(go_dwarf_members); i++)
		if (!go_dwarf_members[i].optional && !(d->found & 1u << i))
			return -EBADMSG;
	return 0;
}

int go_dwarf_layout(const struct elf *e, struct go_layout *ret)
{
	struct go_dwarf d = {.end_ns = os_monotonic_ns() + GO_DWARF_TIME_NS};
	struct dwarf_image image;
	int err = dwarf_image__open(&image, e, GO_DWARF_MAX_BYTES);

	if (!err)
		err = go_dwarf_read(&d, &image);
	dwarf_image__close(&image);
	if (!err)
		err = go_dwarf_judge(&d);
	if (!err)
		*ret = d.layout;
	return err;
}

#else

int go_dwarf_layout(const struct elf *e, struct go_layout *ret)
{
	(void)e, (void)ret;
	return -ENOTSUP;
}

#endif
