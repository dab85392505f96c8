/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf_left: what of BPF there is in the kernel, as "prog ID", "map ID" and "link ID", one in a line. Where only one program
 * traces, as in a guest, all of it is that one's.
 */
#include <errno.h>
#include <linux/bpf.h>

#include "work.h"

static const struct {
	const char *name;
	enum bpf_cmd next;
} kinds[] = {
	{"prog", BPF_PROG_GET_NEXT_ID},
	{"map", BPF_MAP_GET_NEXT_ID},
	{"link", BPF_LINK_GET_NEXT_ID}, /* 5.8 */
};

int main(void)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		while (!syscall(SYS_bpf, kinds[i].next, &attr, sizeof(attr))) {
			say("%s %u", kinds[i].name, attr.next_id);
			attr.start_id = attr.next_id;
		}
		if (errno != ENOENT)
			die(kinds[i].name);
	}
	return 0;
}
