/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "source/os_go_image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SEGMENTS 64
#define PART_BYTES   (1u << 20)

/* What is at the beginning of the file, with the addresses of the process. */
struct image_head {
	Elf64_Ehdr ehdr;
	Elf64_Phdr segments[MAX_SEGMENTS];
};

static uint64_t image_auxv(const uint64_t *auxv, size_t words, uint64_t type)
{
	for (size_t i = 0; i + 1 < words && auxv[i] != AT_NULL; i += 2)
		if (auxv[i] == type)
			return auxv[i + 1];
	return 0;
}

static int image_read_head(struct image_head *h, const struct go_memory *m, uint64_t addr)
{
	if (!go_memory__read(m, addr, &h->ehdr, sizeof(h->ehdr)) ||
	    memcmp(h->ehdr.e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->ehdr.e_ident[EI_CLASS] != ELFCLASS64 || h->ehdr.e_phoff != sizeof(h->ehdr) ||
	    h->ehdr.e_phentsize != sizeof(Elf64_Phdr) || h->ehdr.e_phnum > MAX_SEGMENTS)
		return -ENOEXEC;
	return go_memory__read(m, addr + sizeof(h->ehdr), h->segments,
			       h->ehdr.e_phnum * sizeof(Elf64_Phdr))
		       ? 0
		       : -ENOEXEC;
}

/* The head is where the segment is that begins with the file. */
static bool image_find_bias(const struct image_head *h, uint64_t addr, uint64_t *ret)
{
	for (size_t i = 0; i < h->ehdr.e_phnum; i++) {
		if (h->segments[i].p_type != PT_LOAD || h->segments[i].p_offset)
			continue;
		*ret = addr - h->segments[i].p_vaddr;
		return true;
	}
	return false;
}

/* As if it had been linked to where it is: what has to be relocated has been. How many bytes the file has; 0: no such file. */
static uint64_t image_move(struct image_head *h, uint64_t bias)
{
	uint64_t bytes = sizeof(h->ehdr) + h->ehdr.e_phnum * sizeof(Elf64_Phdr);

	h->ehdr.e_type = ET_EXEC;
	h->ehdr.e_entry += bias;
	h->ehdr.e_shoff = h->ehdr.e_shnum = h->ehdr.e_shstrndx = 0;
	for (size_t i = 0; i < h->ehdr.e_phnum; i++) {
		Elf64_Phdr *p = &h->segments[i];

		p->p_vaddr += bias;
		if (p->p_type != PT_LOAD) {
			p->p_type = PT_NULL;
			continue;
		}
		if (p->p_offset > OS_GO_IMAGE_MAX_BYTES || p->p_filesz > OS_GO_IMAGE_MAX_BYTES)
			return 0;
		if (p->p_offset + p->p_filesz > bytes)
			bytes = p->p_offset + p->p_filesz;
	}
	return bytes <= OS_GO_IMAGE_MAX_BYTES ? bytes : 0;
}

/* What can't be read is left zero. */
static void image_read_segment(struct os_go_image *i, const struct go_memory *m,
			       const Elf64_Phdr *p)
{
	for (uint64_t at = 0; at < p->p_filesz; at += PART_BYTES) {
		uint64_t left = p->p_filesz - at;

		go_memory__read(m, p->p_vaddr + at, (char *)i->data + p->p_offset + at,
				left < PART_BYTES ? (size_t)left : PART_BYTES);
	}
}

int os_go_image__read(struct os_go_image *i, const struct go_memory *m, const uint64_t *auxv,
		      size_t words, bool code)
{
	uint64_t addr = image_auxv(auxv, words, AT_PHDR) - sizeof(Elf64_Ehdr), bias = 0;
	struct image_head h;
	int err = image_read_head(&h, m, addr);

	if (!err && !image_find_bias(&h, addr, &bias))
		err = -ENOEXEC;
	if (err)
		return err;
	i->len = (size_t)image_move(&h, bias);
	if (!i->len)
		return -ENOEXEC;
	i->data = calloc(1, i->len);
	if (!i->data)
		return -ENOMEM;
	for (size_t k = 0; k < h.ehdr.e_phnum; k++)
		if (h.segments[k].p_type == PT_LOAD && (code || !(h.segments[k].p_flags & PF_X)))
			image_read_segment(i, m, &h.segments[k]);
	memcpy(i->data, &h, sizeof(h.ehdr) + h.ehdr.e_phnum * sizeof(Elf64_Phdr));
	return 0;
}

void os_go_image__free(struct os_go_image *i)
{
	free(i->data);
	*i = (struct os_go_image){0};
}
