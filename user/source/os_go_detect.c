/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_go_detect.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/os_file.h"
#include "base/os_read.h"
#include "format/elf.h"

#define NOTE_MAX_BYTES 4096

/* cmd/link/internal/ld: ELF_NOTE_GO_NAME and ELF_NOTE_GOBUILDID_TAG. In segments, so it is there without sections too. */
static int go_has_note(const struct elf *e)
{
	static const char note[] = "\x04\x00\x00\x00Go\x00";

	for (size_t i = 0; i < e->segment_cnt; i++) {
		const struct elf_segment *s = &e->segments[i];
		_cleanup_buf_ struct buf text = {0};

		if (s->type != PT_NOTE ||
		    elf__read_range(e, s->off, s->file_bytes, NOTE_MAX_BYTES, &text))
			continue;
		if (text.len && memmem(text.data, text.len, note, sizeof(note)))
			return 1;
	}
	return 0;
}

static int go_is_marked(const struct elf *e)
{
	static const char *const sections[] = {".go.buildinfo", ".gopclntab", ".go.module"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (elf__find_section(e, sections[i]))
			return 1;
	return !e->section_cnt || go_has_note(e);
}

int os_go_detect(uint32_t pid)
{
	struct elf e = {0};
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	fd = os_open_regular(path);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	ret = elf__open(&e, fd);
	if (!ret)
		ret = go_is_marked(&e);
	else if (ret != -ENOMEM)
		ret = 0;
	elf__close(&e);
	os_close(fd);
	return ret;
}
